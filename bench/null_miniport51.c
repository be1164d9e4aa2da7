#include "null_miniport51.h"

#include <ndis/ndis5_miniport.h>

static NDIS_HANDLE adapter_handle;
static NDIS_HANDLE packet_pool;
static NDIS_HANDLE buffer_pool;
static ULONG64 returned_count;

static NDIS_STATUS
initialize(PNDIS_STATUS open_error, PUINT selected, PNDIS_MEDIUM media, UINT count,
           NDIS_HANDLE handle, NDIS_HANDLE configuration)
{
    NDIS_STATUS status;

    (void)open_error;
    (void)configuration;
    for (*selected = 0; *selected < count && media[*selected] != NdisMedium802_3; ++*selected) {
    }
    NdisMSetAttributesEx(handle, &adapter_handle, 0, NDIS_ATTRIBUTE_DESERIALIZE,
                         NdisInterfaceInternal);
    NdisAllocatePacketPool(&status, &packet_pool, NULL_BATCH_LIMIT, 0);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    NdisAllocateBufferPool(&status, &buffer_pool, NULL_BATCH_LIMIT);
    if (status != NDIS_STATUS_SUCCESS) {
        NdisFreePacketPool(packet_pool);
        return status;
    }
    adapter_handle = handle;
    return NDIS_STATUS_SUCCESS;
}

static VOID
halt(NDIS_HANDLE context)
{
    (void)context;
    NdisFreeBufferPool(buffer_pool);
    NdisFreePacketPool(packet_pool);
}

static NDIS_STATUS
query(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG room, PULONG written, PULONG needed)
{
    static const UCHAR address[] = {0x02, 0, 0, 0, 0, 1};
    ULONG value = 0;

    (void)context;
    if (oid == OID_802_3_CURRENT_ADDRESS || oid == OID_802_3_PERMANENT_ADDRESS) {
        NdisMoveMemory(buffer, address, sizeof(address));
        *written = sizeof(address);
        return NDIS_STATUS_SUCCESS;
    }
    switch (oid) {
    case OID_GEN_MAXIMUM_FRAME_SIZE:
    case OID_GEN_MAXIMUM_LOOKAHEAD:
        value = NULL_MTU;
        break;
    case OID_GEN_MAC_OPTIONS:
        value = NDIS_MAC_OPTION_NO_LOOPBACK;
        break;
    case OID_GEN_LINK_SPEED:
        value = 10000000;
        break;
    case OID_802_3_MAXIMUM_LIST_SIZE:
        value = 32;
        break;
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    if (room < sizeof(value)) {
        *needed = sizeof(value);
        return NDIS_STATUS_INVALID_LENGTH;
    }
    NdisMoveMemory(buffer, &value, sizeof(value));
    *written = sizeof(value);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
set(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG read, PULONG needed)
{
    (void)context;
    (void)buffer;
    (void)needed;
    *read = bytes;
    return oid == OID_GEN_CURRENT_PACKET_FILTER ? NDIS_STATUS_SUCCESS : NDIS_STATUS_NOT_SUPPORTED;
}

static NDIS_STATUS
reset(PBOOLEAN addressing, NDIS_HANDLE context)
{
    (void)context;
    *addressing = FALSE;
    return NDIS_STATUS_SUCCESS;
}

static VOID
send_packets(NDIS_HANDLE context, PPNDIS_PACKET packets, UINT count)
{
    (void)context;
    for (UINT i = 0; i < count; i++) {
        NdisMSendComplete(adapter_handle, packets[i], NDIS_STATUS_SUCCESS);
    }
}

static VOID
return_packet(NDIS_HANDLE context, PNDIS_PACKET packet)
{
    (void)context;
    (void)packet;
    returned_count++;
}

ULONG64
null_miniport51_indicate(ULONG batch, ULONG64 rounds)
{
    NDIS_PACKET *packets[NULL_BATCH_LIMIT];
    NDIS_STATUS status;

    returned_count = 0;
    for (ULONG i = 0; i < batch; i++) {
        NDIS_BUFFER *buffer;

        NdisAllocatePacket(&status, &packets[i], packet_pool);
        NdisAllocateBuffer(&status, &buffer, buffer_pool, null_frame, sizeof(null_frame));
        NdisChainBufferAtFront(packets[i], buffer);
        NDIS_SET_PACKET_STATUS(packets[i], NDIS_STATUS_SUCCESS);
    }
    while (rounds-- != 0) {
        NdisMIndicateReceivePacket(adapter_handle, packets, batch);
    }
    for (ULONG i = 0; i < batch; i++) {
        NdisFreeBuffer(packets[i]->Private.Head);
        NdisFreePacket(packets[i]);
    }
    return returned_count;
}

int
null_miniport51_entry(void *driver_object, void *registry_path)
{
    NDIS51_MINIPORT_CHARACTERISTICS calls = {
        .MajorNdisVersion = 5,
        .MinorNdisVersion = 1,
        .InitializeHandler = initialize,
        .HaltHandler = halt,
        .QueryInformationHandler = query,
        .SetInformationHandler = set,
        .ResetHandler = reset,
        .SendPacketsHandler = send_packets,
        .ReturnPacketHandler = return_packet,
    };
    NDIS_HANDLE wrapper;
    NDIS_STATUS status;

    NdisMInitializeWrapper(&wrapper, driver_object, registry_path, NULL);
    status = NdisMRegisterMiniport(wrapper, (PNDIS_MINIPORT_CHARACTERISTICS)&calls, sizeof(calls));
    if (status != NDIS_STATUS_SUCCESS) {
        NdisTerminateWrapper(wrapper, NULL);
    }
    return status;
}
