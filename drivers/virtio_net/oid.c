/* OID requests. NDIS answers most queries itself from the attributes; the rest is in two tables. */
#include "adapter.h"

enum { VENDOR_ID = 0x525400 }; /* The address block of virtual adapters. */

static const CHAR VendorDescription[] = "VirtIO network adapter";

/* An answer: a pointer to it, or the answer itself. */
typedef struct _VNET_ANSWER {
    const VOID *Data;
    ULONG Bytes;
    BOOLEAN IsCounter; /* 64 bits, or the lower 32 for those who have no more room. */
    union {
        ULONG Number;
        ULONG64 Counter;
        NDIS_STATISTICS_INFO Statistics;
        NDIS_INTERRUPT_MODERATION_PARAMETERS Moderation;
        NDIS_RSC_STATISTICS_INFO Rsc;
    } Storage;
} VNET_ANSWER;

typedef VOID VNET_QUERY(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer);
typedef NDIS_STATUS VNET_SET(VNET_ADAPTER *Adapter, const VOID *Data, ULONG Bytes,
                             ULONG *BytesRead);

/* --- queries --- */

static VOID
AnswerNumber(VNET_ANSWER *Answer, ULONG Value)
{
    Answer->Storage.Number = Value;
    Answer->Data = &Answer->Storage.Number;
    Answer->Bytes = sizeof(ULONG);
}

static VOID
AnswerBytes(VNET_ANSWER *Answer, const VOID *Data, ULONG Bytes)
{
    Answer->Data = Data;
    Answer->Bytes = Bytes;
}

static VOID
HardwareStatus(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    AnswerNumber(Answer, ReadNoFence(&Adapter->NeedsReset) ? NdisHardwareStatusNotReady
                                                           : NdisHardwareStatusReady);
}

static VOID
VendorId(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    UNREFERENCED_PARAMETER(Adapter);
    AnswerNumber(Answer, VENDOR_ID);
}

static VOID
VendorText(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    UNREFERENCED_PARAMETER(Adapter);
    AnswerBytes(Answer, VendorDescription, sizeof(VendorDescription));
}

static VOID
VendorVersion(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    UNREFERENCED_PARAMETER(Adapter);
    AnswerNumber(Answer, VNET_VERSION_MAJOR << 16 | VNET_VERSION_MINOR);
}

static VOID
TotalSize(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    AnswerNumber(Answer, Adapter->Mtu + VNET_ETHERNET_BYTES);
}

static VOID
TransmitSpace(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    AnswerNumber(Answer, (Adapter->Mtu + VNET_ETHERNET_BYTES) * Adapter->Pairs[0].Send.Ring.Size *
                             Adapter->PairCount);
}

static VOID
ReceiveBlock(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    AnswerNumber(Answer, Adapter->ReceiveBufferBytes);
}

static VOID
ReceiveSpace(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    AnswerNumber(Answer, Adapter->ReceiveBufferBytes * Adapter->Pairs[0].Receive.BufferCount *
                             Adapter->PairCount);
}

static VOID
VlanId(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    AnswerNumber(Answer, Adapter->Config.VlanId);
}

static VOID
PermanentAddress(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    AnswerBytes(Answer, Adapter->PermanentAddress, VNET_ADDRESS_BYTES);
}

static VOID
CurrentAddress(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    AnswerBytes(Answer, Adapter->CurrentAddress, VNET_ADDRESS_BYTES);
}

/* What a virtual wire does not have, or its device does not count. */
static VOID
Never(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    UNREFERENCED_PARAMETER(Adapter);
    AnswerNumber(Answer, 0);
}

static VOID
TransmitQueueLength(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    LONG Length = 0;

    for (ULONG i = 0; i < Adapter->PairCount; i++) {
        Length += ReadNoFence(&Adapter->Pairs[i].Send.Outstanding);
    }
    AnswerNumber(Answer, (ULONG)Length);
}

static VOID
Statistics(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    VnetFillStatistics(Adapter, &Answer->Storage.Statistics);
    AnswerBytes(Answer, &Answer->Storage, NDIS_SIZEOF_STATISTICS_INFO_REVISION_1);
}

static VOID
RscStatistics(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    NDIS_RSC_STATISTICS_INFO *Rsc = &Answer->Storage.Rsc;
    VNET_COUNTERS Receive;
    VNET_COUNTERS Send;

    VnetSumCounters(Adapter, &Receive, &Send);
    Rsc->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Rsc->Header.Revision = NDIS_RSC_STATISTICS_REVISION_1;
    Rsc->Header.Size = NDIS_SIZEOF_RSC_STATISTICS_REVISION_1;
    Rsc->CoalescedPkts = Receive.CoalescedFrames;
    Rsc->CoalescedOctets = Receive.CoalescedBytes;
    Rsc->CoalesceEvents = Receive.CoalesceEvents;
    AnswerBytes(Answer, Rsc, NDIS_SIZEOF_RSC_STATISTICS_REVISION_1);
}

static VOID
Moderation(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    NDIS_INTERRUPT_MODERATION_PARAMETERS *Parameters = &Answer->Storage.Moderation;

    Parameters->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Parameters->Header.Revision = NDIS_INTERRUPT_MODERATION_PARAMETERS_REVISION_1;
    Parameters->Header.Size = NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1;
    Parameters->InterruptModeration =
        Adapter->Moderation ? NdisInterruptModerationEnabled : NdisInterruptModerationDisabled;
    AnswerBytes(Answer, Parameters, NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1);
}

#define COUNTER(Function, Sum)                                                                     \
    static VOID Function(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)                               \
    {                                                                                              \
        VNET_COUNTERS Receive;                                                                     \
        VNET_COUNTERS Send;                                                                        \
                                                                                                   \
        VnetSumCounters(Adapter, &Receive, &Send);                                                 \
        Answer->Storage.Counter = (Sum);                                                           \
        Answer->IsCounter = TRUE;                                                                  \
        AnswerBytes(Answer, &Answer->Storage, sizeof(ULONG64));                                    \
    }
COUNTER(TransmitOk, Send.UnicastFrames + Send.MulticastFrames + Send.BroadcastFrames)
COUNTER(ReceiveOk, Receive.UnicastFrames + Receive.MulticastFrames + Receive.BroadcastFrames)
COUNTER(TransmitError, Send.Errors)
COUNTER(ReceiveError, Receive.Errors)
#undef COUNTER

static VOID
PowerQuery(VNET_ADAPTER *Adapter, VNET_ANSWER *Answer)
{
    UNREFERENCED_PARAMETER(Adapter);
    AnswerBytes(Answer, Answer, 0);
}

static const struct {
    NDIS_OID Oid;
    VNET_QUERY *Query;
} Queries[] = {
    {OID_GEN_HARDWARE_STATUS, HardwareStatus},
    {OID_GEN_VENDOR_ID, VendorId},
    {OID_GEN_VENDOR_DESCRIPTION, VendorText},
    {OID_GEN_VENDOR_DRIVER_VERSION, VendorVersion},
    {OID_GEN_MAXIMUM_TOTAL_SIZE, TotalSize},
    {OID_GEN_TRANSMIT_BLOCK_SIZE, TotalSize},
    {OID_GEN_TRANSMIT_BUFFER_SPACE, TransmitSpace},
    {OID_GEN_RECEIVE_BLOCK_SIZE, ReceiveBlock},
    {OID_GEN_RECEIVE_BUFFER_SPACE, ReceiveSpace},
    {OID_GEN_TRANSMIT_QUEUE_LENGTH, TransmitQueueLength},
    {OID_GEN_VLAN_ID, VlanId},
    {OID_GEN_STATISTICS, Statistics},
    {OID_GEN_XMIT_OK, TransmitOk},
    {OID_GEN_RCV_OK, ReceiveOk},
    {OID_GEN_XMIT_ERROR, TransmitError},
    {OID_GEN_RCV_ERROR, ReceiveError},
    {OID_GEN_RCV_NO_BUFFER, Never},
    {OID_GEN_INTERRUPT_MODERATION, Moderation},
    {OID_802_3_PERMANENT_ADDRESS, PermanentAddress},
    {OID_802_3_CURRENT_ADDRESS, CurrentAddress},
    {OID_802_3_RCV_ERROR_ALIGNMENT, Never},
    {OID_802_3_XMIT_ONE_COLLISION, Never},
    {OID_802_3_XMIT_MORE_COLLISIONS, Never},
    {OID_TCP_RSC_STATISTICS, RscStatistics},
    {OID_PNP_QUERY_POWER, PowerQuery},
};

/* --- sets --- */

static NDIS_STATUS
PacketFilter(VNET_ADAPTER *Adapter, const VOID *Data, ULONG Bytes, ULONG *BytesRead)
{
    UNREFERENCED_PARAMETER(Bytes);
    *BytesRead = sizeof(ULONG);
    return VnetSetPacketFilter(Adapter, *(const ULONG *)Data);
}

static NDIS_STATUS
MulticastList(VNET_ADAPTER *Adapter, const VOID *Data, ULONG Bytes, ULONG *BytesRead)
{
    if (Bytes % VNET_ADDRESS_BYTES != 0) {
        return NDIS_STATUS_INVALID_LENGTH;
    }
    *BytesRead = Bytes;
    return VnetSetMulticastList(Adapter, Data, Bytes / VNET_ADDRESS_BYTES);
}

/* Whole frames are indicated, whatever lookahead is asked for. */
static NDIS_STATUS
CurrentLookahead(VNET_ADAPTER *Adapter, const VOID *Data, ULONG Bytes, ULONG *BytesRead)
{
    ULONG Lookahead = *(const ULONG *)Data;

    UNREFERENCED_PARAMETER(Bytes);
    *BytesRead = sizeof(ULONG);
    return Lookahead > Adapter->Mtu ? NDIS_STATUS_INVALID_DATA : NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
SetVlan(VNET_ADAPTER *Adapter, const VOID *Data, ULONG Bytes, ULONG *BytesRead)
{
    UNREFERENCED_PARAMETER(Bytes);
    *BytesRead = sizeof(ULONG);
    return VnetSetVlanId(Adapter, *(const ULONG *)Data);
}

static NDIS_STATUS
SetModeration(VNET_ADAPTER *Adapter, const VOID *Data, ULONG Bytes, ULONG *BytesRead)
{
    const NDIS_INTERRUPT_MODERATION_PARAMETERS *Parameters = Data;

    *BytesRead = Bytes;
    if (Parameters->InterruptModeration != NdisInterruptModerationEnabled &&
        Parameters->InterruptModeration != NdisInterruptModerationDisabled) {
        return NDIS_STATUS_INVALID_DATA;
    }
    InterlockedExchange(&Adapter->Moderation,
                        Parameters->InterruptModeration == NdisInterruptModerationEnabled);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
SetRss(VNET_ADAPTER *Adapter, const VOID *Data, ULONG Bytes, ULONG *BytesRead)
{
    *BytesRead = Bytes;
    return VnetSetRssParameters(Adapter, Data, Bytes);
}

static NDIS_STATUS
SetOffload(VNET_ADAPTER *Adapter, const VOID *Data, ULONG Bytes, ULONG *BytesRead)
{
    *BytesRead = Bytes;
    return VnetSetOffloadParameters(Adapter, Data, Bytes);
}

static NDIS_STATUS
SetEncapsulation(VNET_ADAPTER *Adapter, const VOID *Data, ULONG Bytes, ULONG *BytesRead)
{
    *BytesRead = Bytes;
    return VnetSetEncapsulation(Adapter, Data);
}

static NDIS_STATUS
SetPower(VNET_ADAPTER *Adapter, const VOID *Data, ULONG Bytes, ULONG *BytesRead)
{
    UNREFERENCED_PARAMETER(Bytes);
    *BytesRead = sizeof(NDIS_DEVICE_POWER_STATE);
    return VnetSetPower(Adapter, *(const NDIS_DEVICE_POWER_STATE *)Data);
}

/* Nothing can wake this adapter, so there is nothing to enable. */
static NDIS_STATUS
PowerParameters(VNET_ADAPTER *Adapter, const VOID *Data, ULONG Bytes, ULONG *BytesRead)
{
    const NDIS_PM_PARAMETERS *Parameters = Data;

    UNREFERENCED_PARAMETER(Adapter);
    *BytesRead = Bytes;
    return Parameters->EnabledWoLPacketPatterns == 0 && Parameters->EnabledProtocolOffloads == 0 &&
                   Parameters->WakeUpFlags == 0
               ? NDIS_STATUS_SUCCESS
               : NDIS_STATUS_NOT_SUPPORTED;
}

static const struct {
    NDIS_OID Oid;
    ULONG BytesNeeded;
    VNET_SET *Set;
} Sets[] = {
    {OID_GEN_CURRENT_PACKET_FILTER, sizeof(ULONG), PacketFilter},
    {OID_GEN_CURRENT_LOOKAHEAD, sizeof(ULONG), CurrentLookahead},
    {OID_802_3_MULTICAST_LIST, 0, MulticastList},
    {OID_GEN_VLAN_ID, sizeof(ULONG), SetVlan},
    {OID_GEN_INTERRUPT_MODERATION, NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1,
     SetModeration},
    {OID_GEN_RECEIVE_SCALE_PARAMETERS, NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2, SetRss},
    {OID_TCP_OFFLOAD_PARAMETERS, NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_1, SetOffload},
    {OID_OFFLOAD_ENCAPSULATION, NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1, SetEncapsulation},
    {OID_PNP_SET_POWER, sizeof(NDIS_DEVICE_POWER_STATE), SetPower},
    {OID_PM_PARAMETERS, NDIS_SIZEOF_NDIS_PM_PARAMETERS_REVISION_1, PowerParameters},
};

/* What NDIS answers for the driver is in the list too. */
static const NDIS_OID SupportedOids[] = {
    OID_GEN_SUPPORTED_LIST,
    OID_GEN_HARDWARE_STATUS,
    OID_GEN_VENDOR_ID,
    OID_GEN_VENDOR_DESCRIPTION,
    OID_GEN_VENDOR_DRIVER_VERSION,
    OID_GEN_MAXIMUM_TOTAL_SIZE,
    OID_GEN_TRANSMIT_BLOCK_SIZE,
    OID_GEN_TRANSMIT_BUFFER_SPACE,
    OID_GEN_RECEIVE_BLOCK_SIZE,
    OID_GEN_RECEIVE_BUFFER_SPACE,
    OID_GEN_TRANSMIT_QUEUE_LENGTH,
    OID_GEN_CURRENT_PACKET_FILTER,
    OID_GEN_CURRENT_LOOKAHEAD,
    OID_GEN_VLAN_ID,
    OID_GEN_STATISTICS,
    OID_GEN_XMIT_OK,
    OID_GEN_RCV_OK,
    OID_GEN_XMIT_ERROR,
    OID_GEN_RCV_ERROR,
    OID_GEN_RCV_NO_BUFFER,
    OID_GEN_INTERRUPT_MODERATION,
    OID_GEN_RECEIVE_SCALE_PARAMETERS,
    OID_802_3_PERMANENT_ADDRESS,
    OID_802_3_CURRENT_ADDRESS,
    OID_802_3_MULTICAST_LIST,
    OID_802_3_MAXIMUM_LIST_SIZE,
    OID_802_3_RCV_ERROR_ALIGNMENT,
    OID_802_3_XMIT_ONE_COLLISION,
    OID_802_3_XMIT_MORE_COLLISIONS,
    OID_TCP_OFFLOAD_PARAMETERS,
    OID_TCP_OFFLOAD_CURRENT_CONFIG,
    OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES,
    OID_OFFLOAD_ENCAPSULATION,
    OID_TCP_RSC_STATISTICS,
    OID_PNP_QUERY_POWER,
    OID_PNP_SET_POWER,
    OID_PM_PARAMETERS,
};

const NDIS_OID *
VnetSupportedOids(ULONG *Bytes)
{
    *Bytes = sizeof(SupportedOids);
    return SupportedOids;
}

/* --- requests --- */

static NDIS_STATUS
Reply(NDIS_OID_REQUEST *Request, const VNET_ANSWER *Answer)
{
    ULONG Room = Request->DATA.QUERY_INFORMATION.InformationBufferLength;
    ULONG Bytes = Answer->Bytes;

    if (Answer->IsCounter && Room < Bytes && Room >= sizeof(ULONG)) {
        Bytes = sizeof(ULONG);
    }
    Request->DATA.QUERY_INFORMATION.BytesNeeded = Answer->Bytes;
    if (Room < Bytes) {
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    if (Bytes != 0) {
        NdisMoveMemory(Request->DATA.QUERY_INFORMATION.InformationBuffer, Answer->Data, Bytes);
    }
    Request->DATA.QUERY_INFORMATION.BytesWritten = Bytes;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
Query(VNET_ADAPTER *Adapter, NDIS_OID_REQUEST *Request)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(Queries); i++) {
        if (Queries[i].Oid == Request->DATA.QUERY_INFORMATION.Oid) {
            VNET_ANSWER Answer;

            NdisZeroMemory(&Answer, sizeof(Answer));
            Queries[i].Query(Adapter, &Answer);
            return Reply(Request, &Answer);
        }
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}

static NDIS_STATUS
Set(VNET_ADAPTER *Adapter, NDIS_OID_REQUEST *Request)
{
    ULONG Bytes = Request->DATA.SET_INFORMATION.InformationBufferLength;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Sets); i++) {
        if (Sets[i].Oid != Request->DATA.SET_INFORMATION.Oid) {
            continue;
        }
        if (Bytes < Sets[i].BytesNeeded) {
            Request->DATA.SET_INFORMATION.BytesNeeded = Sets[i].BytesNeeded;
            return NDIS_STATUS_INVALID_LENGTH;
        }
        return Sets[i].Set(Adapter, Request->DATA.SET_INFORMATION.InformationBuffer, Bytes,
                           &Request->DATA.SET_INFORMATION.BytesRead);
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}

NDIS_STATUS
VnetOidRequest(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    switch (OidRequest->RequestType) {
    case NdisRequestQueryInformation:
    case NdisRequestQueryStatistics:
        return Query(MiniportAdapterContext, OidRequest);
    case NdisRequestSetInformation:
        return Set(MiniportAdapterContext, OidRequest);
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

/* No request pends. */
VOID
VnetCancelOidRequest(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(RequestId);
}
