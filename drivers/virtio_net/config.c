/* The adapter's advanced properties, from the registry ("Standardized INF Keywords for Network
 * Devices"). Whatever is missing or makes no sense gets its default. */
#include "adapter.h"

typedef struct _VNET_KEYWORD {
    NDIS_STRING Name;
    ULONG Offset; /* In VNET_CONFIG. */
    ULONG Default;
    ULONG Minimum;
    ULONG Maximum;
} VNET_KEYWORD;

#define KEYWORD(Name, Member, Default, Minimum, Maximum)                                           \
    {                                                                                              \
        NDIS_STRING_CONST(Name), FIELD_OFFSET(VNET_CONFIG, Member), Default, Minimum, Maximum      \
    }

enum {
    JUMBO_MINIMUM = VNET_MTU_MINIMUM + VNET_ETHERNET_BYTES,
    JUMBO_MAXIMUM = VNET_IP_BYTES_LIMIT,
};

static const VNET_KEYWORD Keywords[] = {
    KEYWORD("*JumboPacket", JumboPacket, 0, JUMBO_MINIMUM, JUMBO_MAXIMUM),
    KEYWORD("*ReceiveBuffers", ReceiveBuffers, 1024, VNET_RING_MINIMUM, VNET_RING_LIMIT),
    KEYWORD("*TransmitBuffers", TransmitBuffers, 1024, VNET_RING_MINIMUM, VNET_RING_LIMIT),
    KEYWORD("*RSS", Rss, 1, 0, 1),
    KEYWORD("*NumRssQueues", RssQueues, VNET_PAIR_LIMIT, 1, VNET_PAIR_LIMIT),
    KEYWORD("*PriorityVLANTag", PriorityVlanTag, 3, 0, 3),
    KEYWORD("VlanID", VlanId, 0, 0, 4094),
    KEYWORD("*InterruptModeration", InterruptModeration, 1, 0, 1),
    KEYWORD("*IPChecksumOffloadIPv4", IpChecksumIPv4, 3, 0, 3),
    KEYWORD("*TCPChecksumOffloadIPv4", TcpChecksumIPv4, 3, 0, 3),
    KEYWORD("*TCPChecksumOffloadIPv6", TcpChecksumIPv6, 3, 0, 3),
    KEYWORD("*UDPChecksumOffloadIPv4", UdpChecksumIPv4, 3, 0, 3),
    KEYWORD("*UDPChecksumOffloadIPv6", UdpChecksumIPv6, 3, 0, 3),
    KEYWORD("*LsoV2IPv4", LsoV2IPv4, 1, 0, 1),
    KEYWORD("*LsoV2IPv6", LsoV2IPv6, 1, 0, 1),
    KEYWORD("*RscIPv4", RscIPv4, 1, 0, 1),
    KEYWORD("*RscIPv6", RscIPv6, 1, 0, 1),
    KEYWORD("*UsoIPv4", UsoIPv4, 1, 0, 1),
    KEYWORD("*UsoIPv6", UsoIPv6, 1, 0, 1),
    KEYWORD("*UdpRsc", UdpRsc, 1, 0, 1),
};

static VOID
ReadKeyword(NDIS_HANDLE Configuration, const VNET_KEYWORD *Keyword, VNET_CONFIG *Config)
{
    ULONG *Value = (ULONG *)((UCHAR *)Config + Keyword->Offset);
    NDIS_CONFIGURATION_PARAMETER *Parameter;
    NDIS_STRING Name = Keyword->Name;
    NDIS_STATUS Status;

    *Value = Keyword->Default;
    NdisReadConfiguration(&Status, &Parameter, Configuration, &Name, NdisParameterInteger);
    if (Status == NDIS_STATUS_SUCCESS && Parameter->ParameterData.IntegerData >= Keyword->Minimum &&
        Parameter->ParameterData.IntegerData <= Keyword->Maximum) {
        *Value = Parameter->ParameterData.IntegerData;
    }
}

static BOOLEAN
IsUsableAddress(const UCHAR *Address, UINT Bytes)
{
    static const UCHAR Zero[VNET_ADDRESS_BYTES];

    return Bytes == VNET_ADDRESS_BYTES && !ETH_IS_MULTICAST(Address) &&
           !NdisEqualMemory(Address, Zero, VNET_ADDRESS_BYTES);
}

static VOID
ReadAddress(NDIS_HANDLE Configuration, VNET_CONFIG *Config)
{
    NDIS_STATUS Status;
    PVOID Address;
    UINT Bytes;

    NdisReadNetworkAddress(&Status, &Address, &Bytes, Configuration);
    if (Status == NDIS_STATUS_SUCCESS && IsUsableAddress(Address, Bytes)) {
        NdisMoveMemory(Config->Address, Address, VNET_ADDRESS_BYTES);
        Config->HasAddress = TRUE;
    }
}

NDIS_STATUS
VnetReadConfiguration(VNET_ADAPTER *Adapter)
{
    NDIS_CONFIGURATION_OBJECT Object = {
        .Header = {NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT, NDIS_CONFIGURATION_OBJECT_REVISION_1,
                   NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1},
        .NdisHandle = Adapter->Handle,
    };
    NDIS_HANDLE Configuration;
    NDIS_STATUS Status = NdisOpenConfigurationEx(&Object, &Configuration);

    if (Status != NDIS_STATUS_SUCCESS) {
        return Status;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Keywords); i++) {
        ReadKeyword(Configuration, &Keywords[i], &Adapter->Config);
    }
    ReadAddress(Configuration, &Adapter->Config);
    NdisCloseConfiguration(Configuration);
    Adapter->Moderation = Adapter->Config.InterruptModeration != 0;
    return NDIS_STATUS_SUCCESS;
}
