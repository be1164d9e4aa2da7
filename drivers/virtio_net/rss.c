/*
 * Receive-side scaling. A device without it (see rss_device.c) spreads flows over its queues as it
 * likes; the hash and the
 * indirection table are evaluated here, in the DPC, and frames for another processor are handed
 * over to a DPC there ("RSS Types", NDIS_RSS_CAPS_CLASSIFICATION_AT_DPC).
 */
#include "adapter.h"
#include "packet.h"

enum {
    SUPPORTED_HASHES = NDIS_HASH_IPV4 | NDIS_HASH_TCP_IPV4 | NDIS_HASH_IPV6 | NDIS_HASH_TCP_IPV6,
    HASH_BITS = 32,
};

NDIS_STATUS
VnetRssStart(VNET_ADAPTER *Adapter)
{
    VNET_RSS *Rss = &Adapter->Rss;

    Rss->ProcessorCount = NdisSystemActiveProcessorCount(NULL);
    Rss->ProcessorCount = min(Rss->ProcessorCount, VNET_PROCESSOR_LIMIT);
    Rss->Backlogs = VnetAllocate(Adapter, Rss->ProcessorCount * sizeof(VNET_BACKLOG));
    if (Rss->Backlogs == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    for (ULONG i = 0; i < Rss->ProcessorCount; i++) {
        NdisAllocateSpinLock(&Rss->Backlogs[i].Lock);
    }
    return NDIS_STATUS_SUCCESS;
}

VOID
VnetRssStop(VNET_ADAPTER *Adapter)
{
    VNET_RSS *Rss = &Adapter->Rss;

    if (Rss->Backlogs == NULL) {
        return;
    }
    for (ULONG i = 0; i < Rss->ProcessorCount; i++) {
        NdisFreeSpinLock(&Rss->Backlogs[i].Lock);
    }
    VnetFree(Rss->Backlogs);
    Rss->Backlogs = NULL;
}

static BOOLEAN
IsSupported(const VNET_ADAPTER *Adapter)
{
    return Adapter->Config.Rss != 0 && Adapter->HasMessages && Adapter->MessageCount > 1;
}

VOID
VnetRssFillCapabilities(VNET_ADAPTER *Adapter, NDIS_RECEIVE_SCALE_CAPABILITIES *Capabilities)
{
    NdisZeroMemory(Capabilities, sizeof(*Capabilities));
    if (!IsSupported(Adapter)) {
        return;
    }
    Capabilities->Header.Type = NDIS_OBJECT_TYPE_RSS_CAPABILITIES;
    Capabilities->Header.Revision = NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_2;
    Capabilities->Header.Size = NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_2;
    Capabilities->CapabilitiesFlags =
        NDIS_RSS_CAPS_MESSAGE_SIGNALED_INTERRUPTS | NDIS_RSS_CAPS_CLASSIFICATION_AT_DPC |
        NDIS_RSS_CAPS_USING_MSI_X | NDIS_RSS_CAPS_SUPPORTS_MSI_X | NdisHashFunctionToeplitz |
        NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV4 | NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6;
    Capabilities->NumberOfInterruptMessages = Adapter->PairCount;
    Capabilities->NumberOfReceiveQueues = Adapter->PairCount;
    Capabilities->NumberOfIndirectionTableEntries = VNET_RSS_TABLE_ENTRIES;
}

/* --- OID_GEN_RECEIVE_SCALE_PARAMETERS --- */

/* The 32 bits of the key that begin at bit @Bit; the key ends with zeros. */
static ULONG
KeyAt(const UCHAR *Key, ULONG Bit)
{
    ULONG64 Window = 0;

    for (ULONG i = 0; i < 5; i++) {
        ULONG Byte = Bit / 8 + i;

        Window = Window << 8 | (Byte < VNET_RSS_KEY_BYTES ? Key[Byte] : 0);
    }
    return (ULONG)(Window >> (8 - Bit % 8));
}

static VOID
BuildNibbles(VNET_RSS *Rss)
{
    for (ULONG Place = 0; Place < RTL_NUMBER_OF(Rss->Nibbles); Place++) {
        for (ULONG Value = 0; Value < 16; Value++) {
            ULONG Hash = 0;

            for (ULONG Bit = 0; Bit < 4; Bit++) {
                if ((Value >> (3 - Bit) & 1) != 0) {
                    Hash ^= KeyAt(Rss->Key, 4 * Place + Bit);
                }
            }
            Rss->Nibbles[Place][Value] = Hash;
        }
    }
}

/* A range that a member says lies within the request's @Bytes. */
static BOOLEAN
Lies(ULONG Offset, ULONG Length, ULONG Bytes)
{
    return Offset <= Bytes && Length <= Bytes - Offset;
}

static NDIS_STATUS
CheckParameters(const NDIS_RECEIVE_SCALE_PARAMETERS *Parameters, ULONG Bytes)
{
    ULONG Entries = Parameters->IndirectionTableSize / sizeof(PROCESSOR_NUMBER);

    if ((Parameters->Flags & NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED) == 0 &&
        (NDIS_RSS_HASH_FUNC_FROM_HASH_INFO(Parameters->HashInformation) !=
             NdisHashFunctionToeplitz ||
         (NDIS_RSS_HASH_TYPE_FROM_HASH_INFO(Parameters->HashInformation) &
          ~(ULONG)SUPPORTED_HASHES) != 0)) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    if ((Parameters->Flags & NDIS_RSS_PARAM_FLAG_HASH_KEY_UNCHANGED) == 0 &&
        (Parameters->HashSecretKeySize > VNET_RSS_KEY_BYTES ||
         !Lies(Parameters->HashSecretKeyOffset, Parameters->HashSecretKeySize, Bytes))) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    if ((Parameters->Flags & NDIS_RSS_PARAM_FLAG_ITABLE_UNCHANGED) == 0 &&
        (Entries == 0 || Entries > VNET_RSS_TABLE_ENTRIES || (Entries & (Entries - 1)) != 0 ||
         !Lies(Parameters->IndirectionTableOffset, Parameters->IndirectionTableSize, Bytes))) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    return NDIS_STATUS_SUCCESS;
}

static BOOLEAN
TakeTable(VNET_RSS *Rss, const NDIS_RECEIVE_SCALE_PARAMETERS *Parameters)
{
    const PROCESSOR_NUMBER *From =
        (const PROCESSOR_NUMBER *)((const UCHAR *)Parameters + Parameters->IndirectionTableOffset);
    ULONG Entries = Parameters->IndirectionTableSize / sizeof(PROCESSOR_NUMBER);

    for (ULONG i = 0; i < Entries; i++) {
        ULONG Processor = NdisProcessorNumberToIndex(From[i]);

        if (Processor >= Rss->ProcessorCount) {
            return FALSE;
        }
        Rss->Table[i] = (UCHAR)Processor;
    }
    Rss->TableMask = Entries - 1;
    return TRUE;
}

static NDIS_STATUS
Enable(VNET_RSS *Rss, const NDIS_RECEIVE_SCALE_PARAMETERS *Parameters)
{
    if ((Parameters->Flags & NDIS_RSS_PARAM_FLAG_ITABLE_UNCHANGED) == 0 &&
        !TakeTable(Rss, Parameters)) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    if ((Parameters->Flags & NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED) == 0) {
        Rss->HashTypes = NDIS_RSS_HASH_TYPE_FROM_HASH_INFO(Parameters->HashInformation);
    }
    if ((Parameters->Flags & NDIS_RSS_PARAM_FLAG_HASH_KEY_UNCHANGED) == 0) {
        NdisZeroMemory(Rss->Key, sizeof(Rss->Key));
        NdisMoveMemory(Rss->Key, (const UCHAR *)Parameters + Parameters->HashSecretKeyOffset,
                       Parameters->HashSecretKeySize);
        BuildNibbles(Rss);
    }
    Rss->IsEnabled = TRUE;
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS
VnetSetRssParameters(VNET_ADAPTER *Adapter, const NDIS_RECEIVE_SCALE_PARAMETERS *Parameters,
                     ULONG Bytes)
{
    NDIS_STATUS Status = NDIS_STATUS_SUCCESS;
    LOCK_STATE_EX LockState;
    BOOLEAN Off;

    if (!IsSupported(Adapter)) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    /* "Zero in the hash information's hash type: RSS is off." */
    Off = (Parameters->Flags & NDIS_RSS_PARAM_FLAG_DISABLE_RSS) != 0 ||
          ((Parameters->Flags & NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED) == 0 &&
           Parameters->HashInformation == 0);
    if (!Off) {
        Status = CheckParameters(Parameters, Bytes);
    }
    if (Status != NDIS_STATUS_SUCCESS) {
        return Status;
    }
    NdisAcquireRWLockWrite(Adapter->SettingsLock, &LockState, 0);
    if (Off) {
        Adapter->Rss.IsEnabled = FALSE;
    } else {
        Status = Enable(&Adapter->Rss, Parameters);
    }
    NdisReleaseRWLock(Adapter->SettingsLock, &LockState);
    /* A device that does not take it is none the worse: frames are handed over here. */
    if (Status == NDIS_STATUS_SUCCESS && VnetHas(Adapter, VIRTIO_NET_F_RSS)) {
        VnetApplyRss(Adapter);
    }
    return Status;
}

/* --- hashing --- */

static ULONG
Hash(const VNET_RSS *Rss, const UCHAR *Input, ULONG Bytes)
{
    ULONG Value = 0;

    for (ULONG i = 0; i < Bytes; i++) {
        Value ^= Rss->Nibbles[2 * i][Input[i] >> 4] ^ Rss->Nibbles[2 * i + 1][Input[i] & 0x0F];
    }
    return Value;
}

/* Which hash the frame gets: NDIS_HASH_* or 0; its input goes to @Input. */
static ULONG
HashInput(ULONG Types, const UCHAR *Frame, ULONG Bytes, UCHAR *Input, ULONG *InputBytes)
{
    VNET_PACKET Packet;
    BOOLEAN IsIpv4;
    ULONG Type;

    if (!VnetParsePacket(Frame, Bytes, &Packet)) {
        return 0;
    }
    IsIpv4 = Packet.IpVersion == 4;
    *InputBytes = IsIpv4 ? 8 : 32;
    NdisMoveMemory(Input, Frame + Packet.IpOffset + (IsIpv4 ? 12 : 8), *InputBytes);
    Type = IsIpv4 ? NDIS_HASH_TCP_IPV4 : NDIS_HASH_TCP_IPV6;
    if (Packet.Protocol == VNET_PROTOCOL_TCP && !Packet.IsFragment && (Types & Type) != 0) {
        NdisMoveMemory(Input + *InputBytes, Frame + Packet.TransportOffset, 4);
        *InputBytes += 4;
        return Type;
    }
    return Types & (IsIpv4 ? NDIS_HASH_IPV4 : NDIS_HASH_IPV6);
}

/* The processor that the frame is for. */
static ULONG
Classify(const VNET_RSS *Rss, NET_BUFFER_LIST *NetBufferList, ULONG Here)
{
    NET_BUFFER *NetBuffer = NET_BUFFER_LIST_FIRST_NB(NetBufferList);
    MDL *Mdl = NET_BUFFER_CURRENT_MDL(NetBuffer);
    ULONG Offset = NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer);
    ULONG Bytes = min(NET_BUFFER_DATA_LENGTH(NetBuffer), MmGetMdlByteCount(Mdl) - Offset);
    const UCHAR *Frame = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
    UCHAR Input[VNET_RSS_INPUT_BYTES];
    ULONG InputBytes;
    ULONG Type = HashInput(Rss->HashTypes, Frame + Offset, Bytes, Input, &InputBytes);
    ULONG Value;

    if (Type == 0) {
        return Here;
    }
    Value = Hash(Rss, Input, InputBytes);
    NET_BUFFER_LIST_SET_HASH_VALUE(NetBufferList, Value);
    NET_BUFFER_LIST_SET_HASH_TYPE(NetBufferList, Type);
    NET_BUFFER_LIST_SET_HASH_FUNCTION(NetBufferList, NdisHashFunctionToeplitz);
    return Rss->Table[Value & Rss->TableMask];
}

/* --- handing over --- */

static VOID
HandOver(VNET_ADAPTER *Adapter, NET_BUFFER_LIST *NetBufferList, ULONG Processor)
{
    VNET_BACKLOG *Backlog = &Adapter->Rss.Backlogs[Processor];
    BOOLEAN WasEmpty;

    NET_BUFFER_LIST_NEXT_NBL(NetBufferList) = NULL;
    NdisDprAcquireSpinLock(&Backlog->Lock);
    WasEmpty = Backlog->First == NULL;
    if (WasEmpty) {
        Backlog->First = NetBufferList;
    } else {
        NET_BUFFER_LIST_NEXT_NBL(Backlog->Last) = NetBufferList;
    }
    Backlog->Last = NetBufferList;
    Backlog->Count++;
    NdisDprReleaseSpinLock(&Backlog->Lock);
    if (WasEmpty) {
        VnetQueueDpc(Adapter, 0, Processor);
    }
}

VOID
VnetRssDistribute(VNET_ADAPTER *Adapter, NET_BUFFER_LIST **NetBufferLists, ULONG *Count)
{
    ULONG Here = NdisCurrentProcessorIndex();
    NET_BUFFER_LIST **Link = NetBufferLists;

    while (*Link != NULL) {
        NET_BUFFER_LIST *NetBufferList = *Link;
        ULONG Processor = Classify(&Adapter->Rss, NetBufferList, Here);

        if (Processor == Here) {
            Link = &NET_BUFFER_LIST_NEXT_NBL(NetBufferList);
        } else {
            *Link = NET_BUFFER_LIST_NEXT_NBL(NetBufferList);
            (*Count)--;
            HandOver(Adapter, NetBufferList, Processor);
        }
    }
}

VOID
VnetRssIndicateBacklog(VNET_ADAPTER *Adapter)
{
    ULONG Here = NdisCurrentProcessorIndex();
    VNET_BACKLOG *Backlog;
    NET_BUFFER_LIST *First;
    ULONG Count;

    if (Adapter->Rss.Backlogs == NULL || Here >= Adapter->Rss.ProcessorCount) {
        return;
    }
    Backlog = &Adapter->Rss.Backlogs[Here];
    NdisDprAcquireSpinLock(&Backlog->Lock);
    First = Backlog->First;
    Count = Backlog->Count;
    Backlog->First = NULL;
    Backlog->Last = NULL;
    Backlog->Count = 0;
    NdisDprReleaseSpinLock(&Backlog->Lock);
    if (First == NULL) {
        return;
    }
    /* A pause waits for the frames, and so can not complete before this reference is taken. */
    InterlockedIncrement(&Adapter->PauseReferences);
    if (ReadNoFence(&Adapter->IsPaused)) {
        VnetReceiveGiveBack(First);
    } else {
        VnetReceiveIndicate(Adapter, First, Count);
    }
    VnetReleasePause(Adapter);
}
