/*
 * Every function that takes a handle, given handles that are none: NULL, memory that is no object,
 * an address where nothing is, an object of another kind, and one that is gone. Each is named as
 * what it is, the function fails if it can, and the machine goes on.
 */
#include "support/protocol.h"
#include "support/world.h"

static NDIS_STATUS answer;
static NDIS_HANDLE bad;
static PVOID unwritten;
static char buffer[64];
static NDIS_PHYSICAL_ADDRESS nowhere;
static NDIS_OID_REQUEST request;
static NDIS_STRING name;

#define CALL(function, ...)                                                                        \
    static void call_##function(void)                                                              \
    {                                                                                              \
        answer = (NDIS_STATUS)function(__VA_ARGS__);                                               \
    }
#define CALL_VOID(function, ...)                                                                   \
    static void call_##function(void)                                                              \
    {                                                                                              \
        function(__VA_ARGS__);                                                                     \
    }

/* --- what takes the handle of an adapter --- */

static NDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes;
static NDIS_PORT_CHARACTERISTICS port_characteristics;
static NDIS_MSIX_CONFIG_PARAMETERS message;
static NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS interrupt_characteristics;
static NDIS_SG_DMA_DESCRIPTION dma_description;
static NDIS_STATUS_INDICATION indication;
static NET_PNP_EVENT_NOTIFICATION event;
static NDIS_HANDLE dma;
static NDIS_HANDLE log_handle;
static PVOID address;
static PDEVICE_OBJECT device;

CALL(NdisMSetMiniportAttributes, bad, &attributes)
CALL_VOID(NdisMPauseComplete, bad)
CALL_VOID(NdisMRestartComplete, bad, NDIS_STATUS_SUCCESS)
CALL_VOID(NdisMResetComplete, bad, NDIS_STATUS_SUCCESS, FALSE)
CALL_VOID(NdisMResetMiniport, bad)
CALL(NdisMRemoveMiniport, bad)
CALL_VOID(NdisMIndicateReceiveNetBufferLists, bad, NULL, 0, 1, 0)
CALL_VOID(NdisMSendNetBufferListsComplete, bad, NULL, 0)
CALL_VOID(NdisMIndicateStatusEx, bad, &indication)
CALL_VOID(NdisMOidRequestComplete, bad, &request, NDIS_STATUS_SUCCESS)
CALL_VOID(NdisMDirectOidRequestComplete, bad, &request, NDIS_STATUS_SUCCESS)
CALL(NdisMAllocatePort, bad, &port_characteristics)
CALL(NdisMFreePort, bad, 1)
CALL(NdisMNetPnPEvent, bad, &event)
CALL_VOID(NdisMAllocateSharedMemory, bad, 64, FALSE, &unwritten, &nowhere)
CALL_VOID(NdisMFreeSharedMemory, bad, 64, FALSE, buffer, nowhere)
CALL(NdisMConfigMSIXTableEntry, bad, &message)
CALL(NdisMCreateLog, bad, 1024, &log_handle)
CALL_VOID(NdisMDeregisterIoPortRange, bad, 0, 4, buffer)
CALL_VOID(NdisMGetDeviceProperty, bad, &device, NULL, NULL, NULL, NULL)
CALL(NdisMMapIoSpace, &address, bad, nowhere, 64)
CALL(NdisMRegisterIoPortRange, &address, bad, 0, 4)
CALL_VOID(NdisMUnmapIoSpace, bad, buffer, 64)
CALL(NdisMQueryAdapterInstanceName, &name, bad)
CALL(NdisMRegisterInterruptEx, bad, NULL, &interrupt_characteristics, &dma)
CALL(NdisMRegisterScatterGatherDma, bad, &dma_description, &dma)

static void
call_NdisMGetBusData(void)
{
    ULONG bytes = NdisMGetBusData(bad, PCI_WHICHSPACE_CONFIG, 0, buffer, 4);

    answer = bytes == 0 ? NDIS_STATUS_FAILURE : NDIS_STATUS_SUCCESS;
}

static void
call_NdisMSetBusData(void)
{
    ULONG bytes = NdisMSetBusData(bad, PCI_WHICHSPACE_CONFIG, 0, buffer, 4);

    answer = bytes == 0 ? NDIS_STATUS_FAILURE : NDIS_STATUS_SUCCESS;
}

/* --- of a binding, and of what leads to one --- */

static NDIS_OPEN_PARAMETERS open_parameters;
static NDIS_HANDLE binding;

CALL_VOID(NdisSendNetBufferLists, bad, NULL, 0, 0)
CALL_VOID(NdisReturnNetBufferLists, bad, NULL, 0)
CALL_VOID(NdisCancelSendNetBufferLists, bad, NULL)
CALL(NdisOidRequest, bad, &request)
CALL_VOID(NdisCancelOidRequest, bad, NULL)
CALL(NdisDirectOidRequest, bad, &request)
CALL_VOID(NdisCancelDirectOidRequest, bad, NULL)
CALL(NdisSynchronousOidRequest, bad, &request)
CALL_VOID(NdisCompleteNetPnPEvent, bad, &event, NDIS_STATUS_SUCCESS)
CALL(NdisQueryAdapterInstanceName, &name, bad)
CALL(NdisUnbindAdapter, bad)
CALL_VOID(NdisCompleteBindAdapterEx, bad, NDIS_STATUS_SUCCESS)
CALL_VOID(NdisCompleteUnbindAdapterEx, bad)
CALL(NdisQueryBindInstanceName, &name, bad)
CALL_VOID(NdisReEnumerateProtocolBindings, bad)
CALL_VOID(NdisDeregisterProtocolDriver, bad)
CALL(NdisOpenAdapterEx, bad, NULL, &open_parameters, NULL, &binding)

static void
call_NdisCloseAdapterEx(void)
{
    NdisCloseAdapterEx(bad);
}

/* --- of other things --- */

static LARGE_INTEGER due;
static UCHAR context_area[16];

static VOID
work(PVOID context, NDIS_HANDLE item)
{
    (void)context;
    (void)item;
}

static BOOLEAN
synchronized(NDIS_HANDLE context)
{
    (void)context;
    return TRUE;
}

CALL_VOID(NdisMDeregisterInterruptEx, bad)
CALL_VOID(NdisMDeregisterScatterGatherDma, bad)
CALL_VOID(NdisMCloseLog, bad)
CALL(NdisMWriteLogData, bad, buffer, sizeof(buffer))
CALL_VOID(NdisMFlushLog, bad)
CALL(NdisMAllocateSharedMemoryAsyncEx, bad, 64, FALSE, NULL)

static void
call_NdisMAllocateNetBufferSGList(void)
{
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    answer = NdisMAllocateNetBufferSGList(bad, NULL, NULL, 0, NULL, 0);
    KeLowerIrql(irql);
}

static void
call_NdisMFreeNetBufferSGList(void)
{
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    NdisMFreeNetBufferSGList(bad, NULL, NULL);
    KeLowerIrql(irql);
}

CALL_VOID(NdisFreeTimerObject, bad)
CALL_VOID(NdisFreeIoWorkItem, bad)
CALL_VOID(NdisQueueIoWorkItem, bad, work, context_area)
CALL_VOID(NdisCloseConfiguration, bad)
CALL_VOID(NdisDeregisterDeviceEx, bad)
CALL_VOID(NdisMDeregisterMiniportDriver, bad)

static LOCK_STATE_EX lock_state;

CALL_VOID(NdisAcquireRWLockRead, bad, &lock_state, 0)
CALL_VOID(NdisAcquireRWLockWrite, bad, &lock_state, 0)
CALL_VOID(NdisReleaseRWLock, bad, &lock_state)
CALL_VOID(NdisFreeRWLock, bad)
CALL_VOID(NdisMDeregisterDmaChannel, bad)

static void
call_NdisMQueueDpc(void)
{
    NdisMQueueDpc(bad, 0, 1, NULL);
}

static void
call_NdisMSynchronizeWithInterruptEx(void)
{
    NdisMSynchronizeWithInterruptEx(bad, 0, synchronized, NULL);
}

static void
call_NdisSetTimerObject(void)
{
    NdisSetTimerObject(bad, due, 0, NULL);
}

static void
call_NdisCancelTimerObject(void)
{
    NdisCancelTimerObject(bad);
}

static void
call_NdisReadConfiguration(void)
{
    NDIS_CONFIGURATION_PARAMETER *value;
    NDIS_STRING keyword = RTL_CONSTANT_STRING(L"Keyword");

    NdisReadConfiguration(&answer, &value, bad, &keyword, NdisParameterInteger);
}

static void
call_NdisWriteConfiguration(void)
{
    NDIS_CONFIGURATION_PARAMETER value = {.ParameterType = NdisParameterInteger};
    NDIS_STRING keyword = RTL_CONSTANT_STRING(L"Keyword");

    NdisWriteConfiguration(&answer, bad, &keyword, &value);
}

static void
call_NdisReadNetworkAddress(void)
{
    UINT bytes;

    NdisReadNetworkAddress(&answer, &address, &bytes, bad);
}

static void
call_NdisOpenConfigurationKeyByName(void)
{
    NDIS_STRING key = RTL_CONSTANT_STRING(L"Key");

    NdisOpenConfigurationKeyByName(&answer, bad, &key, &binding);
}

static void
call_NdisOpenConfigurationKeyByIndex(void)
{
    NdisOpenConfigurationKeyByIndex(&answer, bad, 0, &name, &binding);
}

enum kind { OF_ADAPTER, OF_BINDING, OF_OTHER };

#define FUNCTION(kind, name)                                                                       \
    {                                                                                              \
        kind, #name, call_##name                                                                   \
    }
static const struct {
    enum kind kind;
    const char *name;
    void (*call)(void);
} functions[] = {
    FUNCTION(OF_ADAPTER, NdisMSetMiniportAttributes),
    FUNCTION(OF_ADAPTER, NdisMPauseComplete),
    FUNCTION(OF_ADAPTER, NdisMRestartComplete),
    FUNCTION(OF_ADAPTER, NdisMResetComplete),
    FUNCTION(OF_ADAPTER, NdisMResetMiniport),
    FUNCTION(OF_ADAPTER, NdisMRemoveMiniport),
    FUNCTION(OF_ADAPTER, NdisMIndicateReceiveNetBufferLists),
    FUNCTION(OF_ADAPTER, NdisMSendNetBufferListsComplete),
    FUNCTION(OF_ADAPTER, NdisMIndicateStatusEx),
    FUNCTION(OF_ADAPTER, NdisMOidRequestComplete),
    FUNCTION(OF_ADAPTER, NdisMDirectOidRequestComplete),
    FUNCTION(OF_ADAPTER, NdisMAllocatePort),
    FUNCTION(OF_ADAPTER, NdisMFreePort),
    FUNCTION(OF_ADAPTER, NdisMNetPnPEvent),
    FUNCTION(OF_ADAPTER, NdisMAllocateSharedMemory),
    FUNCTION(OF_ADAPTER, NdisMFreeSharedMemory),
    FUNCTION(OF_ADAPTER, NdisMConfigMSIXTableEntry),
    FUNCTION(OF_ADAPTER, NdisMCreateLog),
    FUNCTION(OF_ADAPTER, NdisMDeregisterIoPortRange),
    FUNCTION(OF_ADAPTER, NdisMGetDeviceProperty),
    FUNCTION(OF_ADAPTER, NdisMMapIoSpace),
    FUNCTION(OF_ADAPTER, NdisMRegisterIoPortRange),
    FUNCTION(OF_ADAPTER, NdisMUnmapIoSpace),
    FUNCTION(OF_ADAPTER, NdisMQueryAdapterInstanceName),
    FUNCTION(OF_ADAPTER, NdisMRegisterInterruptEx),
    FUNCTION(OF_ADAPTER, NdisMRegisterScatterGatherDma),
    FUNCTION(OF_ADAPTER, NdisMGetBusData),
    FUNCTION(OF_ADAPTER, NdisMSetBusData),
    FUNCTION(OF_BINDING, NdisSendNetBufferLists),
    FUNCTION(OF_BINDING, NdisReturnNetBufferLists),
    FUNCTION(OF_BINDING, NdisCancelSendNetBufferLists),
    FUNCTION(OF_BINDING, NdisOidRequest),
    FUNCTION(OF_BINDING, NdisCancelOidRequest),
    FUNCTION(OF_BINDING, NdisDirectOidRequest),
    FUNCTION(OF_BINDING, NdisCancelDirectOidRequest),
    FUNCTION(OF_BINDING, NdisSynchronousOidRequest),
    FUNCTION(OF_BINDING, NdisCompleteNetPnPEvent),
    FUNCTION(OF_BINDING, NdisQueryAdapterInstanceName),
    FUNCTION(OF_BINDING, NdisUnbindAdapter),
    FUNCTION(OF_BINDING, NdisCloseAdapterEx),
    FUNCTION(OF_OTHER, NdisCompleteBindAdapterEx),
    FUNCTION(OF_OTHER, NdisCompleteUnbindAdapterEx),
    FUNCTION(OF_OTHER, NdisQueryBindInstanceName),
    FUNCTION(OF_OTHER, NdisReEnumerateProtocolBindings),
    FUNCTION(OF_OTHER, NdisDeregisterProtocolDriver),
    FUNCTION(OF_OTHER, NdisOpenAdapterEx),
    FUNCTION(OF_OTHER, NdisMDeregisterInterruptEx),
    FUNCTION(OF_OTHER, NdisMDeregisterScatterGatherDma),
    FUNCTION(OF_OTHER, NdisMCloseLog),
    FUNCTION(OF_OTHER, NdisMWriteLogData),
    FUNCTION(OF_OTHER, NdisMFlushLog),
    FUNCTION(OF_OTHER, NdisMAllocateSharedMemoryAsyncEx),
    FUNCTION(OF_OTHER, NdisMAllocateNetBufferSGList),
    FUNCTION(OF_OTHER, NdisMFreeNetBufferSGList),
    FUNCTION(OF_OTHER, NdisFreeTimerObject),
    FUNCTION(OF_OTHER, NdisFreeIoWorkItem),
    FUNCTION(OF_OTHER, NdisQueueIoWorkItem),
    FUNCTION(OF_OTHER, NdisCloseConfiguration),
    FUNCTION(OF_OTHER, NdisDeregisterDeviceEx),
    FUNCTION(OF_OTHER, NdisMDeregisterMiniportDriver),
    FUNCTION(OF_OTHER, NdisMDeregisterDmaChannel),
    FUNCTION(OF_OTHER, NdisAcquireRWLockRead),
    FUNCTION(OF_OTHER, NdisAcquireRWLockWrite),
    FUNCTION(OF_OTHER, NdisReleaseRWLock),
    FUNCTION(OF_OTHER, NdisFreeRWLock),
    FUNCTION(OF_OTHER, NdisMQueueDpc),
    FUNCTION(OF_OTHER, NdisMSynchronizeWithInterruptEx),
    FUNCTION(OF_OTHER, NdisSetTimerObject),
    FUNCTION(OF_OTHER, NdisCancelTimerObject),
    FUNCTION(OF_OTHER, NdisReadConfiguration),
    FUNCTION(OF_OTHER, NdisWriteConfiguration),
    FUNCTION(OF_OTHER, NdisReadNetworkAddress),
    FUNCTION(OF_OTHER, NdisOpenConfigurationKeyByName),
    FUNCTION(OF_OTHER, NdisOpenConfigurationKeyByIndex),
};

enum { FUNCTION_COUNT = sizeof(functions) / sizeof(functions[0]) };

static void
call_it(void *argument)
{
    void (*call)(void) = *(void (*const *)(void))argument;

    answer = NDIS_STATUS_FAILURE;
    unwritten = NULL;
    call();
}

/* One violation, of @rule and of the function; the function failed if it could. */
static void
is_named(struct world *w, size_t i, NDIS_HANDLE handle, const char *rule)
{
    const struct pndis_violation *first;

    bad = handle;
    world_as_driver(w, call_it, (void *)&functions[i].call);
    first = pndis_violation_at(w->machine, 0);
    if (first == NULL || strcmp(first->rule, rule) != 0 ||
        strcmp(first->call, functions[i].name) != 0) {
        world_print_violations(w);
        fail_msg("%s with handle %p: no %s of it", functions[i].name, handle, rule);
    }
    if (pndis_violation_at(w->machine, 1) != NULL) {
        world_print_violations(w);
        fail_msg("%s with handle %p is reported twice", functions[i].name, handle);
    }
    if (answer == NDIS_STATUS_SUCCESS || answer == NDIS_STATUS_PENDING || unwritten != NULL) {
        fail_msg("%s with handle %p: %#x", functions[i].name, handle, answer);
    }
    pndis_violations_clear(w->machine);
}

static void
given_both_drivers(struct world *w)
{
    miniport_reset();
    protocol_reset();
    memset(&request, 0, sizeof(request));
    request.Header = (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                                          NDIS_SIZEOF_OID_REQUEST_REVISION_1};
    request.DATA.Oid = OID_GEN_VENDOR_ID;
    world_open(w, 0);
    world_add_adapter(w);
    world_load_protocol(w);
    world_settle(w);
    expect_state(w, "Running");
}

static void
machine_is_usable(struct world *w)
{
    uint8_t frame[64];

    make_frame_bytes(frame, sizeof(frame), 1);
    world_add_client(w);
    expect_state(w, "Running");
    expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == 0);
    world_settle(w);
    expect(w, port_latest()->sends == 1);
    world_close(w);
}

static void
a_handle_that_is_none_is_named(void **state)
{
    static ULONG_PTR zeros[64];
    static ULONG_PTR ones[64];
    NDIS_HANDLE handles[] = {NULL,
                             zeros,
                             ones,
                             (char *)zeros + 1,
                             (NDIS_HANDLE)(ULONG_PTR)0xdeadbeef1,
                             (NDIS_HANDLE)(LONG_PTR)-1};
    struct world w;

    (void)state;
    memset(ones, 0xff, sizeof(ones));
    given_both_drivers(&w);
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        for (size_t j = 0; j < sizeof(handles) / sizeof(handles[0]); j++) {
            is_named(&w, i, handles[j], "OBJECT_HANDLE");
        }
    }
    machine_is_usable(&w);
}

static void
a_handle_of_another_kind_is_named(void **state)
{
    struct world w;

    (void)state;
    given_both_drivers(&w);
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        NDIS_HANDLE adapter = port_latest()->handle;
        NDIS_HANDLE opened = opening_latest()->handle;

        is_named(&w, i, port_latest()->pool, "OBJECT_HANDLE");
        is_named(&w, i, functions[i].kind == OF_ADAPTER ? opened : adapter, "OBJECT_HANDLE");
    }
    machine_is_usable(&w);
}

static void
the_handle_of_a_halted_adapter_is_named(void **state)
{
    struct world w;
    NDIS_HANDLE handle;

    (void)state;
    given_both_drivers(&w);
    handle = port_latest()->handle;
    expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        if (functions[i].kind == OF_ADAPTER) {
            is_named(&w, i, handle, "MP_HALT_6");
        }
    }
    expect(&w, pndis_adapter_start(w.adapter) == 0);
    machine_is_usable(&w);
}

static void
the_handle_of_a_removed_adapter_is_named(void **state)
{
    struct world w;
    NDIS_HANDLE handle;

    (void)state;
    given_both_drivers(&w);
    handle = port_latest()->handle;
    expect(&w, pndis_adapter_remove(w.adapter) == 0);
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        if (functions[i].kind == OF_ADAPTER) {
            is_named(&w, i, handle, "OBJECT_HANDLE");
        }
    }
    world_add_adapter(&w);
    machine_is_usable(&w);
}

static void
the_handle_of_a_closed_binding_is_named(void **state)
{
    struct world w;
    NDIS_HANDLE handle;

    (void)state;
    given_both_drivers(&w);
    handle = opening_latest()->handle;
    expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
    expect(&w, pndis_adapter_start(w.adapter) == 0);
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        if (functions[i].kind == OF_BINDING) {
            is_named(&w, i, handle, "OBJECT_HANDLE");
        }
    }
    machine_is_usable(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handle_that_is_none_is_named),
        cmocka_unit_test(a_handle_of_another_kind_is_named),
        cmocka_unit_test(the_handle_of_a_halted_adapter_is_named),
        cmocka_unit_test(the_handle_of_a_removed_adapter_is_named),
        cmocka_unit_test(the_handle_of_a_closed_binding_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
