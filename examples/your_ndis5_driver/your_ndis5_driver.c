// A deserialized NDIS 5.1 miniport as they were written: what it sends it receives a millisecond later.
#include <ndis.h>

#define TAG 'ruoY'
#define COUNT 16
#define FRAME_BYTES 1514
#define TRACE DbgPrint("your_ndis5_driver: " __FUNCTION__ "\n")

typedef struct _RECEIVE {
    LIST_ENTRY Link;
    PNDIS_PACKET Packet;
    PNDIS_BUFFER Buffer;
    UINT Bytes;
    UCHAR Frame[FRAME_BYTES];
} RECEIVE, *PRECEIVE;

typedef struct _ADAPTER {
    NDIS_HANDLE Handle;
    NDIS_SPIN_LOCK Lock;
    NDIS_MINIPORT_TIMER Timer;
    NDIS_HANDLE Packets, Buffers;
    LIST_ENTRY Free, Full;
    ULONG Sent;
    RECEIVE Receives[COUNT];
} ADAPTER, *PADAPTER;

static VOID Indicate(PVOID S1, PVOID Context, PVOID S2, PVOID S3)
{
    PADAPTER Adapter = Context;
    PNDIS_PACKET Packets[COUNT];
    UINT Count = 0;

    NdisDprAcquireSpinLock(&Adapter->Lock);
    while (!IsListEmpty(&Adapter->Full)) {
        PRECEIVE Receive = CONTAINING_RECORD(RemoveHeadList(&Adapter->Full), RECEIVE, Link);

        NdisAdjustBufferLength(Receive->Buffer, Receive->Bytes);
        NdisRecalculatePacketCounts(Receive->Packet);
        NDIS_SET_PACKET_HEADER_SIZE(Receive->Packet, 14);
        NDIS_SET_PACKET_STATUS(Receive->Packet, NDIS_STATUS_SUCCESS);
        Packets[Count++] = Receive->Packet;
    }
    NdisDprReleaseSpinLock(&Adapter->Lock);
    if (Count != 0) NdisMIndicateReceivePacket(Adapter->Handle, Packets, Count);
}

static VOID ReturnPacket(NDIS_HANDLE Context, PNDIS_PACKET Packet)
{
    PADAPTER Adapter = Context;
    PRECEIVE Receive = *(PRECEIVE *)Packet->MiniportReserved;

    NdisAcquireSpinLock(&Adapter->Lock);
    InsertTailList(&Adapter->Free, &Receive->Link);
    NdisReleaseSpinLock(&Adapter->Lock);
}

// A frame that finds no room is lost, as on a wire.
static VOID Copy(PADAPTER Adapter, PNDIS_PACKET Packet)
{
    PRECEIVE Receive;
    PNDIS_BUFFER Buffer;
    UINT Total, Bytes;
    PVOID Data;

    NdisQueryPacket(Packet, NULL, NULL, &Buffer, &Total);
    if (Total > FRAME_BYTES || IsListEmpty(&Adapter->Free)) return;
    Receive = CONTAINING_RECORD(RemoveHeadList(&Adapter->Free), RECEIVE, Link);
    for (Receive->Bytes = 0; Buffer != NULL; Receive->Bytes += Bytes) {
        NdisQueryBufferSafe(Buffer, &Data, &Bytes, NormalPagePriority);
        if (Data == NULL) break;
        NdisMoveMemory(Receive->Frame + Receive->Bytes, Data, Bytes);
        NdisGetNextBuffer(Buffer, &Buffer);
    }
    InsertTailList(&Adapter->Full, &Receive->Link);
}

static VOID SendPackets(NDIS_HANDLE Context, PPNDIS_PACKET Packets, UINT Count)
{
    PADAPTER Adapter = Context;
    UINT i;

    for (i = 0; i < Count; i++) {
        NdisAcquireSpinLock(&Adapter->Lock);
        Adapter->Sent++;
        Copy(Adapter, Packets[i]);
        NdisReleaseSpinLock(&Adapter->Lock);
        NdisMSendComplete(Adapter->Handle, Packets[i], NDIS_STATUS_SUCCESS);
    }
    NdisMSetTimer(&Adapter->Timer, 1);
}

static VOID FreeAll(PADAPTER Adapter)
{
    UINT i;

    for (i = 0; i < COUNT; i++) {
        if (Adapter->Receives[i].Packet != NULL) NdisFreePacket(Adapter->Receives[i].Packet);
        if (Adapter->Receives[i].Buffer != NULL) NdisFreeBuffer(Adapter->Receives[i].Buffer);
    }
#ifndef FORGETFUL
    if (Adapter->Packets != NULL) NdisFreePacketPool(Adapter->Packets);
#endif
    if (Adapter->Buffers != NULL) NdisFreeBufferPool(Adapter->Buffers);
    NdisFreeSpinLock(&Adapter->Lock);
    NdisFreeMemory(Adapter, sizeof(*Adapter), 0);
}

static NDIS_STATUS AllocateReceives(PADAPTER Adapter)
{
    NDIS_STATUS Status;
    UINT i;

    NdisAllocatePacketPool(&Status, &Adapter->Packets, COUNT, sizeof(PRECEIVE));
    if (Status != NDIS_STATUS_SUCCESS) return Status;
    NdisAllocateBufferPool(&Status, &Adapter->Buffers, COUNT);
    for (i = 0; i < COUNT && Status == NDIS_STATUS_SUCCESS; i++) {
        PRECEIVE Receive = &Adapter->Receives[i];

        NdisAllocatePacket(&Status, &Receive->Packet, Adapter->Packets);
        if (Status != NDIS_STATUS_SUCCESS) break;
        NdisAllocateBuffer(&Status, &Receive->Buffer, Adapter->Buffers, Receive->Frame, FRAME_BYTES);
        if (Status != NDIS_STATUS_SUCCESS) break;
        NdisChainBufferAtFront(Receive->Packet, Receive->Buffer);
        *(PRECEIVE *)Receive->Packet->MiniportReserved = Receive;
        InsertTailList(&Adapter->Free, &Receive->Link);
    }
    return Status;
}

static NDIS_STATUS Initialize(PNDIS_STATUS OpenErrorStatus, PUINT SelectedMedium, PNDIS_MEDIUM Media, UINT MediaCount,
                              NDIS_HANDLE Handle, NDIS_HANDLE ConfigurationContext)
{
    PADAPTER Adapter;
    NDIS_STATUS Status;
    UINT i;

    TRACE;
    for (i = 0; i < MediaCount && Media[i] != NdisMedium802_3; i++);
    if (i == MediaCount) return NDIS_STATUS_UNSUPPORTED_MEDIA;
    *SelectedMedium = i;
    Status = NdisAllocateMemoryWithTag((PVOID *)&Adapter, sizeof(*Adapter), TAG);
    if (Status != NDIS_STATUS_SUCCESS) return Status;
    NdisZeroMemory(Adapter, sizeof(*Adapter));
    Adapter->Handle = Handle;
    NdisMSetAttributesEx(Handle, Adapter, 0, NDIS_ATTRIBUTE_DESERIALIZE, NdisInterfaceInternal);
    NdisAllocateSpinLock(&Adapter->Lock);
    InitializeListHead(&Adapter->Free);
    InitializeListHead(&Adapter->Full);
    NdisMInitializeTimer(&Adapter->Timer, Handle, Indicate, Adapter);
    Status = AllocateReceives(Adapter);
    if (Status != NDIS_STATUS_SUCCESS) FreeAll(Adapter);
    return Status;
}

static VOID Halt(NDIS_HANDLE Context)
{
    PADAPTER Adapter = Context;
    BOOLEAN Cancelled;

    TRACE;
    NdisMCancelTimer(&Adapter->Timer, &Cancelled);
    if (!Cancelled) KeFlushQueuedDpcs(); // Its function may be running.
    FreeAll(Adapter);
}

static NDIS_STATUS Reset(PBOOLEAN AddressingReset, NDIS_HANDLE Context)
{
    TRACE;
    *AddressingReset = TRUE;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Query(NDIS_HANDLE Context, NDIS_OID Oid, PVOID Buffer, ULONG Bytes, PULONG Written, PULONG Needed)
{
    static const UCHAR Address[6] = {0x02, 0, 0, 0, 0, 0x51};
    PADAPTER Adapter = Context;
    ULONG Number = 0;
    const VOID *Answer = &Number;
    ULONG AnswerBytes = sizeof(Number);

    switch (Oid) {
    case OID_802_3_PERMANENT_ADDRESS:
    case OID_802_3_CURRENT_ADDRESS: Answer = Address; AnswerBytes = sizeof(Address); break;
    case OID_GEN_MAXIMUM_LOOKAHEAD:
    case OID_GEN_CURRENT_LOOKAHEAD:
    case OID_GEN_MAXIMUM_FRAME_SIZE: Number = FRAME_BYTES - 14; break;
    case OID_GEN_MAXIMUM_TOTAL_SIZE: Number = FRAME_BYTES; break;
    case OID_GEN_LINK_SPEED: Number = 1000000; break;
    case OID_GEN_MAC_OPTIONS: Number = NDIS_MAC_OPTION_NO_LOOPBACK; break;
    case OID_GEN_MEDIA_CONNECT_STATUS: Number = NdisMediaStateConnected; break;
    case OID_GEN_XMIT_OK: Number = Adapter->Sent; break;
    default: return NDIS_STATUS_NOT_SUPPORTED;
    }
    *Needed = AnswerBytes;
    if (Bytes < AnswerBytes) return NDIS_STATUS_INVALID_LENGTH;
    NdisMoveMemory(Buffer, Answer, AnswerBytes);
    *Written = AnswerBytes;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Set(NDIS_HANDLE Context, NDIS_OID Oid, PVOID Buffer, ULONG Bytes, PULONG Read, PULONG Needed)
{
    *Read = Bytes;
    return Oid == OID_GEN_CURRENT_PACKET_FILTER || Oid == OID_GEN_CURRENT_LOOKAHEAD || Oid == OID_802_3_MULTICAST_LIST
               ? NDIS_STATUS_SUCCESS : NDIS_STATUS_NOT_SUPPORTED;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_CHARACTERISTICS Driver;
    NDIS_HANDLE Wrapper;
    NDIS_STATUS Status;

    NdisMInitializeWrapper(&Wrapper, DriverObject, RegistryPath, NULL);
    NdisZeroMemory(&Driver, sizeof(Driver));
    Driver.MajorNdisVersion = NDIS_MINIPORT_MAJOR_VERSION;
    Driver.MinorNdisVersion = NDIS_MINIPORT_MINOR_VERSION;
    Driver.InitializeHandler = Initialize;
    Driver.HaltHandler = Halt;
    Driver.ResetHandler = Reset;
    Driver.QueryInformationHandler = Query;
    Driver.SetInformationHandler = Set;
    Driver.SendPacketsHandler = SendPackets;
    Driver.ReturnPacketHandler = ReturnPacket;
    Status = NdisMRegisterMiniport(Wrapper, &Driver, sizeof(Driver));
    if (Status != NDIS_STATUS_SUCCESS) NdisTerminateWrapper(Wrapper, NULL);
    return Status;
}
