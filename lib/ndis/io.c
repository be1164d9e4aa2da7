/* I/O space and ports: claiming them, and the accesses themselves. */
#include "ndis/hardware.h"

#include <stdlib.h>

/* --- claiming --- */

/* A claim of a window or port range: one driver call's worth. */
struct io_claim {
    struct possession possession;
    struct ndis *ndis;
    bool port;
    const void *address;
    uint64_t bytes;
};

static void
reclaim(struct context *context, struct possession *possession)
{
    struct io_claim *record = CONTAINING_RECORD(possession, struct io_claim, possession);

    (void)context;
    pndis__range_claimed(record->ndis, record->port, record->address, -1);
    free(record);
}

static bool
claim(struct context *context, struct pndis_adapter *adapter, bool port, const void *address,
      uint64_t bytes, const char *call, const void *caller)
{
    struct io_claim *record = pndis__fault(context) ? NULL : calloc(1, sizeof(*record));

    if (record == NULL) {
        return false;
    }
    record->ndis = adapter->ndis;
    record->port = port;
    record->address = address;
    record->bytes = bytes;
    pndis__range_claimed(adapter->ndis, port, address, 1);
    pndis__possession_add(adapter, &record->possession, reclaim);
    pndis__acquired(context, port ? RESOURCE_IO_PORTS : RESOURCE_IO_SPACE, record, bytes, 0,
                    &adapter->owner, call, caller);
    return true;
}

static void
release(struct context *context, struct pndis_adapter *adapter, bool port, const void *address,
        uint64_t bytes, const char *call, const void *caller)
{
    struct io_claim *record = NULL;
    struct possession *at;

    brief_lock(&adapter->possession_lock);
    for (at = adapter->possessions; at != NULL; at = at->next) {
        record = CONTAINING_RECORD(at, struct io_claim, possession);
        if (at->reclaim == reclaim && record->port == port && record->address == address) {
            break;
        }
    }
    brief_unlock(&adapter->possession_lock);
    if (at == NULL || record->bytes != bytes) {
        pndis__report(context, RULE_IO_RELEASE, &adapter->owner, call, caller,
                      "%s gives %llu bytes at %p back, %s", adapter->owner.name,
                      (unsigned long long)bytes, address,
                      at == NULL ? "which it does not have" : "not what it claimed there");
    }
    if (at != NULL) {
        pndis__released(context, port ? RESOURCE_IO_PORTS : RESOURCE_IO_SPACE, record, call);
        pndis__possession_remove(at);
        reclaim(context, at);
    }
}

/*
 * "NdisMMapIoSpace function". IRQL: PASSIVE_LEVEL, from MiniportInitializeEx.
 * The address is for the register functions only; undone with NdisMUnmapIoSpace and the same
 * length. NDIS_STATUS_RESOURCE_CONFLICT: the adapter has no such range.
 */
NDIS_STATUS
NdisMMapIoSpace(PVOID *VirtualAddress, NDIS_HANDLE MiniportAdapterHandle,
                NDIS_PHYSICAL_ADDRESS PhysicalAddress, UINT Length)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__claim(context, MiniportAdapterHandle, true, __func__, caller);
    void *address;

    *VirtualAddress = NULL;
    if (adapter == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    address = adapter->device == NULL
                  ? NULL
                  : pndis__window_map(adapter->ndis, adapter->device,
                                      (uint64_t)PhysicalAddress.QuadPart, Length);
    if (address == NULL) {
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    if (!claim(context, adapter, false, address, Length, __func__, caller)) {
        return NDIS_STATUS_RESOURCES;
    }
    *VirtualAddress = address;
    return NDIS_STATUS_SUCCESS;
}

/* "NdisMUnmapIoSpace function". IRQL: PASSIVE_LEVEL, in initialize or halt. */
VOID
NdisMUnmapIoSpace(NDIS_HANDLE MiniportAdapterHandle, PVOID VirtualAddress, UINT Length)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__adapter_of(context, MiniportAdapterHandle, __func__, caller);

    if (adapter != NULL) {
        release(context, adapter, false, VirtualAddress, Length, __func__, caller);
    }
}

static bool
has_ports(const struct pndis_device *device, uint64_t first, uint64_t count)
{
    for (unsigned i = 0; device != NULL && i < device->options.range_count; i++) {
        uint64_t begin = pndis__range_address(device, i);

        if (device->ranges[i].public.kind == PNDIS_RANGE_PORT && first >= begin &&
            first - begin < device->ranges[i].public.bytes &&
            count <= device->ranges[i].public.bytes - (first - begin)) {
            return true;
        }
    }
    return false;
}

/*
 * "NdisMRegisterIoPortRange function". IRQL: PASSIVE_LEVEL, from MiniportInitializeEx (or
 * MiniportAddDevice). @PortOffset is what the port functions take; undone with
 * NdisMDeregisterIoPortRange.
 */
NDIS_STATUS
NdisMRegisterIoPortRange(PVOID *PortOffset, NDIS_HANDLE MiniportAdapterHandle, UINT InitialPort,
                         UINT NumberOfPorts)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__claim(context, MiniportAdapterHandle, true, __func__, caller);

    if (adapter == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    if (!has_ports(adapter->device, InitialPort, NumberOfPorts)) {
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    if (!claim(context, adapter, true, (void *)(uintptr_t)InitialPort, NumberOfPorts, __func__,
               caller)) {
        return NDIS_STATUS_RESOURCES;
    }
    *PortOffset = (void *)(uintptr_t)InitialPort;
    return NDIS_STATUS_SUCCESS;
}

/* "NdisMDeregisterIoPortRange function". IRQL: PASSIVE_LEVEL. With the range that was registered.
 */
VOID
NdisMDeregisterIoPortRange(NDIS_HANDLE MiniportAdapterHandle, UINT InitialPort, UINT NumberOfPorts,
                           PVOID PortOffset)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__adapter_of(context, MiniportAdapterHandle, __func__, caller);

    (void)InitialPort;
    if (adapter != NULL) {
        release(context, adapter, true, PortOffset, NumberOfPorts, __func__, caller);
    }
}

/* --- accesses --- */

/* Any IRQL. "READ_REGISTER_UCHAR function" and its relatives, "READ_PORT_UCHAR function" and its.
 */
#define ACCESSORS(SPACE, is_port, WIDTH, TYPE, POINTER)                                            \
    TYPE READ_##SPACE##_##WIDTH(POINTER Address)                                                   \
    {                                                                                              \
        struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);                              \
                                                                                                   \
        return (TYPE)pndis__io_read(context, is_port, Address, sizeof(TYPE), __func__,             \
                                    NT_CALLER());                                                  \
    }                                                                                              \
    VOID WRITE_##SPACE##_##WIDTH(POINTER Address, TYPE Value)                                      \
    {                                                                                              \
        struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);                              \
                                                                                                   \
        pndis__io_write(context, is_port, Address, sizeof(TYPE), Value, __func__, NT_CALLER());    \
    }

/* A buffer form reads or writes one port again and again, or registers one after the other. */
#define BUFFER_ACCESSORS(SPACE, is_port, WIDTH, TYPE, POINTER)                                     \
    VOID READ_##SPACE##_BUFFER_##WIDTH(POINTER Address, TYPE *Buffer, ULONG Count)                 \
    {                                                                                              \
        struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);                              \
                                                                                                   \
        for (ULONG i = 0; i < Count; i++) {                                                        \
            Buffer[i] = (TYPE)pndis__io_read(context, is_port, Address + (is_port ? 0 : i),        \
                                             sizeof(TYPE), __func__, NT_CALLER());                 \
        }                                                                                          \
    }                                                                                              \
    VOID WRITE_##SPACE##_BUFFER_##WIDTH(POINTER Address, TYPE *Buffer, ULONG Count)                \
    {                                                                                              \
        struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);                              \
                                                                                                   \
        for (ULONG i = 0; i < Count; i++) {                                                        \
            pndis__io_write(context, is_port, Address + (is_port ? 0 : i), sizeof(TYPE),           \
                            Buffer[i], __func__, NT_CALLER());                                     \
        }                                                                                          \
    }

ACCESSORS(REGISTER, false, UCHAR, UCHAR, volatile UCHAR *)
ACCESSORS(REGISTER, false, USHORT, USHORT, volatile USHORT *)
ACCESSORS(REGISTER, false, ULONG, ULONG, volatile ULONG *)
ACCESSORS(REGISTER, false, ULONG64, ULONG64, volatile ULONG64 *)
BUFFER_ACCESSORS(REGISTER, false, UCHAR, UCHAR, volatile UCHAR *)
BUFFER_ACCESSORS(REGISTER, false, USHORT, USHORT, volatile USHORT *)
BUFFER_ACCESSORS(REGISTER, false, ULONG, ULONG, volatile ULONG *)
BUFFER_ACCESSORS(REGISTER, false, ULONG64, ULONG64, volatile ULONG64 *)
ACCESSORS(PORT, true, UCHAR, UCHAR, PUCHAR)
ACCESSORS(PORT, true, USHORT, USHORT, PUSHORT)
ACCESSORS(PORT, true, ULONG, ULONG, PULONG)
BUFFER_ACCESSORS(PORT, true, UCHAR, UCHAR, PUCHAR)
BUFFER_ACCESSORS(PORT, true, USHORT, USHORT, PUSHORT)
BUFFER_ACCESSORS(PORT, true, ULONG, ULONG, PULONG)
