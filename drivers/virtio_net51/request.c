/* MiniportQueryInformation and MiniportSetInformation: one table each. */
#include "adapter.h"

enum {
    VENDOR_ID = 0x525400, /* The address block of virtual adapters. */
    DRIVER_VERSION = 0x0501,
    VENDOR_VERSION = 0x00010000,
    LINK_SPEED = 100000000, /* 10 Gbit/s, in units of 100 bit/s; the legacy interface has none. */
    SEND_ARRAY = 32,
    FILTERS = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST |
              NDIS_PACKET_TYPE_ALL_MULTICAST | NDIS_PACKET_TYPE_BROADCAST |
              NDIS_PACKET_TYPE_PROMISCUOUS,
};

static const CHAR VendorDescription[] = "VirtIO network adapter (legacy interface)";

/* An answer: a pointer to it, or the answer itself. */
typedef struct _ANSWER {
    const VOID *Data;
    ULONG Bytes;
    BOOLEAN IsCounter; /* 64 bits, or the lower 32 for those who have no more room. */
    union {
        ULONG Number;
        ULONG64 Counter;
        USHORT Short;
        NDIS_PNP_CAPABILITIES Power;
    } Storage;
} ANSWER;

typedef VOID QUERY(VN51_ADAPTER *Adapter, ANSWER *Answer);
typedef NDIS_STATUS SET(VN51_ADAPTER *Adapter, const VOID *Data, ULONG Bytes);

/* --- queries --- */

static VOID
AnswerNumber(ANSWER *Answer, ULONG Value)
{
    Answer->Storage.Number = Value;
    Answer->Data = &Answer->Storage;
    Answer->Bytes = sizeof(ULONG);
}

static VOID
AnswerCounter(ANSWER *Answer, ULONG64 Value)
{
    Answer->Storage.Counter = Value;
    Answer->Data = &Answer->Storage;
    Answer->Bytes = sizeof(ULONG64);
    Answer->IsCounter = TRUE;
}

static VOID
AnswerBytes(ANSWER *Answer, const VOID *Data, ULONG Bytes)
{
    Answer->Data = Data;
    Answer->Bytes = Bytes;
}

static VOID
HardwareStatus(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    AnswerNumber(Answer, ReadNoFence(&Adapter->NeedsReset) ? NdisHardwareStatusNotReady
                                                           : NdisHardwareStatusReady);
}

static VOID
PacketFilter(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    AnswerNumber(Answer, Adapter->PacketFilter);
}

static VOID
Lookahead(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    AnswerNumber(Answer, Adapter->Lookahead);
}

static VOID
Mtu(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    AnswerNumber(Answer, Vn51Mtu(Adapter));
}

static VOID
FrameMax(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    AnswerNumber(Answer, Adapter->FrameMax);
}

static VOID
ConnectStatus(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    AnswerNumber(Answer, ReadNoFence(&Adapter->Connected) ? NdisMediaStateConnected
                                                          : NdisMediaStateDisconnected);
}

static VOID
SendSpace(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    AnswerNumber(Answer, Adapter->SendQueue.Buffers * Adapter->FrameMax);
}

static VOID
ReceiveSpace(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    AnswerNumber(Answer, Adapter->ReceiveQueue.Buffers * Adapter->FrameMax);
}

static VOID
DriverVersion(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    UNREFERENCED_PARAMETER(Adapter);
    Answer->Storage.Short = DRIVER_VERSION;
    AnswerBytes(Answer, &Answer->Storage, sizeof(USHORT));
}

static VOID
VendorText(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    UNREFERENCED_PARAMETER(Adapter);
    AnswerBytes(Answer, VendorDescription, sizeof(VendorDescription));
}

static VOID
PermanentAddress(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    AnswerBytes(Answer, Adapter->PermanentAddress, VN51_MAC_BYTES);
}

static VOID
CurrentAddress(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    AnswerBytes(Answer, Adapter->CurrentAddress, VN51_MAC_BYTES);
}

static VOID
MulticastList(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    AnswerBytes(Answer, Adapter->Multicast, Adapter->MulticastCount * VN51_MAC_BYTES);
}

static VOID
SentFrames(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    AnswerCounter(Answer, Adapter->Sent.Frames);
}

static VOID
SendErrors(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    AnswerCounter(Answer, Adapter->Sent.Errors);
}

static VOID
ReceivedFrames(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    AnswerCounter(Answer, Adapter->Received.Frames);
}

static VOID
ReceiveErrors(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    AnswerCounter(Answer, Adapter->Received.Errors);
}

/* No wake-up: every state but D0 is off. */
static VOID
Power(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    UNREFERENCED_PARAMETER(Adapter);
    NdisZeroMemory(&Answer->Storage.Power, sizeof(Answer->Storage.Power));
    Answer->Storage.Power.WakeUpCapabilities.MinMagicPacketWakeUp = NdisDeviceStateUnspecified;
    Answer->Storage.Power.WakeUpCapabilities.MinPatternWakeUp = NdisDeviceStateUnspecified;
    Answer->Storage.Power.WakeUpCapabilities.MinLinkChangeWakeUp = NdisDeviceStateUnspecified;
    AnswerBytes(Answer, &Answer->Storage, sizeof(Answer->Storage.Power));
}

static QUERY SupportedList;

/* With a function, or a number that never changes. */
static const struct {
    NDIS_OID Oid;
    QUERY *Query;
    ULONG Number;
} Queries[] = {
    {OID_GEN_SUPPORTED_LIST, SupportedList, 0},
    {OID_GEN_HARDWARE_STATUS, HardwareStatus, 0},
    {OID_GEN_MEDIA_SUPPORTED, NULL, NdisMedium802_3},
    {OID_GEN_MEDIA_IN_USE, NULL, NdisMedium802_3},
    {OID_GEN_MAXIMUM_LOOKAHEAD, Mtu, 0},
    {OID_GEN_MAXIMUM_FRAME_SIZE, Mtu, 0},
    {OID_GEN_LINK_SPEED, NULL, LINK_SPEED},
    {OID_GEN_TRANSMIT_BUFFER_SPACE, SendSpace, 0},
    {OID_GEN_RECEIVE_BUFFER_SPACE, ReceiveSpace, 0},
    {OID_GEN_TRANSMIT_BLOCK_SIZE, FrameMax, 0},
    {OID_GEN_RECEIVE_BLOCK_SIZE, FrameMax, 0},
    {OID_GEN_VENDOR_ID, NULL, VENDOR_ID},
    {OID_GEN_VENDOR_DESCRIPTION, VendorText, 0},
    {OID_GEN_CURRENT_PACKET_FILTER, PacketFilter, 0},
    {OID_GEN_CURRENT_LOOKAHEAD, Lookahead, 0},
    {OID_GEN_DRIVER_VERSION, DriverVersion, 0},
    {OID_GEN_MAXIMUM_TOTAL_SIZE, FrameMax, 0},
    {OID_GEN_MAC_OPTIONS, NULL,
     NDIS_MAC_OPTION_COPY_LOOKAHEAD_DATA | NDIS_MAC_OPTION_TRANSFERS_NOT_PEND |
         NDIS_MAC_OPTION_NO_LOOPBACK},
    {OID_GEN_MEDIA_CONNECT_STATUS, ConnectStatus, 0},
    {OID_GEN_MAXIMUM_SEND_PACKETS, NULL, SEND_ARRAY},
    {OID_GEN_VENDOR_DRIVER_VERSION, NULL, VENDOR_VERSION},
    {OID_GEN_PHYSICAL_MEDIUM, NULL, NdisPhysicalMediumUnspecified},
    {OID_GEN_XMIT_OK, SentFrames, 0},
    {OID_GEN_RCV_OK, ReceivedFrames, 0},
    {OID_GEN_XMIT_ERROR, SendErrors, 0},
    {OID_GEN_RCV_ERROR, ReceiveErrors, 0},
    {OID_GEN_RCV_NO_BUFFER, NULL, 0},
    {OID_802_3_PERMANENT_ADDRESS, PermanentAddress, 0},
    {OID_802_3_CURRENT_ADDRESS, CurrentAddress, 0},
    {OID_802_3_MULTICAST_LIST, MulticastList, 0},
    {OID_802_3_MAXIMUM_LIST_SIZE, NULL, VN51_MULTICAST_LIMIT},
    {OID_802_3_RCV_ERROR_ALIGNMENT, NULL, 0},
    {OID_802_3_XMIT_ONE_COLLISION, NULL, 0},
    {OID_802_3_XMIT_MORE_COLLISIONS, NULL, 0},
    {OID_PNP_CAPABILITIES, Power, 0},
};

/* With those that can only be set. */
static const NDIS_OID SupportedOids[] = {
    OID_GEN_SUPPORTED_LIST,
    OID_GEN_HARDWARE_STATUS,
    OID_GEN_MEDIA_SUPPORTED,
    OID_GEN_MEDIA_IN_USE,
    OID_GEN_MAXIMUM_LOOKAHEAD,
    OID_GEN_MAXIMUM_FRAME_SIZE,
    OID_GEN_LINK_SPEED,
    OID_GEN_TRANSMIT_BUFFER_SPACE,
    OID_GEN_RECEIVE_BUFFER_SPACE,
    OID_GEN_TRANSMIT_BLOCK_SIZE,
    OID_GEN_RECEIVE_BLOCK_SIZE,
    OID_GEN_VENDOR_ID,
    OID_GEN_VENDOR_DESCRIPTION,
    OID_GEN_CURRENT_PACKET_FILTER,
    OID_GEN_CURRENT_LOOKAHEAD,
    OID_GEN_DRIVER_VERSION,
    OID_GEN_MAXIMUM_TOTAL_SIZE,
    OID_GEN_MAC_OPTIONS,
    OID_GEN_MEDIA_CONNECT_STATUS,
    OID_GEN_MAXIMUM_SEND_PACKETS,
    OID_GEN_VENDOR_DRIVER_VERSION,
    OID_GEN_PHYSICAL_MEDIUM,
    OID_GEN_XMIT_OK,
    OID_GEN_RCV_OK,
    OID_GEN_XMIT_ERROR,
    OID_GEN_RCV_ERROR,
    OID_GEN_RCV_NO_BUFFER,
    OID_802_3_PERMANENT_ADDRESS,
    OID_802_3_CURRENT_ADDRESS,
    OID_802_3_MULTICAST_LIST,
    OID_802_3_MAXIMUM_LIST_SIZE,
    OID_802_3_RCV_ERROR_ALIGNMENT,
    OID_802_3_XMIT_ONE_COLLISION,
    OID_802_3_XMIT_MORE_COLLISIONS,
    OID_PNP_CAPABILITIES,
    OID_PNP_SET_POWER,
    OID_PNP_QUERY_POWER,
};

static VOID
SupportedList(VN51_ADAPTER *Adapter, ANSWER *Answer)
{
    UNREFERENCED_PARAMETER(Adapter);
    AnswerBytes(Answer, SupportedOids, sizeof(SupportedOids));
}

static NDIS_STATUS
Give(const ANSWER *Answer, PVOID Buffer, ULONG BufferBytes, PULONG BytesWritten, PULONG BytesNeeded)
{
    ULONG Bytes = Answer->Bytes;

    if (Answer->IsCounter && BufferBytes < sizeof(ULONG64)) {
        Bytes = sizeof(ULONG);
    }
    if (BufferBytes < Bytes) {
        *BytesNeeded = Bytes;
        return NDIS_STATUS_INVALID_LENGTH;
    }
    NdisMoveMemory(Buffer, Answer->Data, Bytes);
    *BytesWritten = Bytes;
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS
Vn51QueryInformation(NDIS_HANDLE MiniportAdapterContext, NDIS_OID Oid, PVOID InformationBuffer,
                     ULONG InformationBufferLength, PULONG BytesWritten, PULONG BytesNeeded)
{
    VN51_ADAPTER *Adapter = MiniportAdapterContext;

    *BytesWritten = 0;
    *BytesNeeded = 0;
    if (Oid == OID_PNP_QUERY_POWER) {
        return NDIS_STATUS_SUCCESS;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Queries); i++) {
        ANSWER Answer = {.IsCounter = FALSE};

        if (Queries[i].Oid != Oid) {
            continue;
        }
        if (Queries[i].Query != NULL) {
            Queries[i].Query(Adapter, &Answer);
        } else {
            AnswerNumber(&Answer, Queries[i].Number);
        }
        return Give(&Answer, InformationBuffer, InformationBufferLength, BytesWritten, BytesNeeded);
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}

/* --- sets --- */

static NDIS_STATUS
SetPacketFilter(VN51_ADAPTER *Adapter, const VOID *Data, ULONG Bytes)
{
    ULONG Filter = *(const ULONG UNALIGNED *)Data;

    UNREFERENCED_PARAMETER(Bytes);
    if ((Filter & ~(ULONG)FILTERS) != 0) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    NdisAcquireSpinLock(&Adapter->ReceiveLock);
    Adapter->PacketFilter = Filter;
    NdisReleaseSpinLock(&Adapter->ReceiveLock);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
SetLookahead(VN51_ADAPTER *Adapter, const VOID *Data, ULONG Bytes)
{
    ULONG Lookahead = *(const ULONG UNALIGNED *)Data;

    UNREFERENCED_PARAMETER(Bytes);
    if (Lookahead > Vn51Mtu(Adapter)) {
        return NDIS_STATUS_INVALID_DATA;
    }
    Adapter->Lookahead = Lookahead;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
SetMulticastList(VN51_ADAPTER *Adapter, const VOID *Data, ULONG Bytes)
{
    if (Bytes % VN51_MAC_BYTES != 0) {
        return NDIS_STATUS_INVALID_LENGTH;
    }
    if (Bytes > sizeof(Adapter->Multicast)) {
        return NDIS_STATUS_MULTICAST_FULL;
    }
    NdisAcquireSpinLock(&Adapter->ReceiveLock);
    NdisMoveMemory(Adapter->Multicast, Data, Bytes);
    Adapter->MulticastCount = Bytes / VN51_MAC_BYTES;
    NdisReleaseSpinLock(&Adapter->ReceiveLock);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
SetPower(VN51_ADAPTER *Adapter, const VOID *Data, ULONG Bytes)
{
    NDIS_DEVICE_POWER_STATE State = *(const NDIS_DEVICE_POWER_STATE UNALIGNED *)Data;

    UNREFERENCED_PARAMETER(Bytes);
    return Vn51Restart(Adapter, State == NdisDeviceStateD0, NDIS_STATUS_REQUEST_ABORTED)
               ? NDIS_STATUS_SUCCESS
               : NDIS_STATUS_FAILURE;
}

static const struct {
    NDIS_OID Oid;
    SET *Set;
    ULONG LeastBytes;
} Sets[] = {
    {OID_GEN_CURRENT_PACKET_FILTER, SetPacketFilter, sizeof(ULONG)},
    {OID_GEN_CURRENT_LOOKAHEAD, SetLookahead, sizeof(ULONG)},
    {OID_802_3_MULTICAST_LIST, SetMulticastList, 0},
    {OID_PNP_SET_POWER, SetPower, sizeof(NDIS_DEVICE_POWER_STATE)},
};

NDIS_STATUS
Vn51SetInformation(NDIS_HANDLE MiniportAdapterContext, NDIS_OID Oid, PVOID InformationBuffer,
                   ULONG InformationBufferLength, PULONG BytesRead, PULONG BytesNeeded)
{
    *BytesRead = 0;
    *BytesNeeded = 0;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Sets); i++) {
        NDIS_STATUS Status;

        if (Sets[i].Oid != Oid) {
            continue;
        }
        if (InformationBufferLength < Sets[i].LeastBytes) {
            *BytesNeeded = Sets[i].LeastBytes;
            return NDIS_STATUS_INVALID_LENGTH;
        }
        Status = Sets[i].Set(MiniportAdapterContext, InformationBuffer, InformationBufferLength);
        *BytesRead = Status == NDIS_STATUS_SUCCESS ? InformationBufferLength : 0;
        return Status;
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}
