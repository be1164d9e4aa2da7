#include "support/guest.h"

struct guest {
    guest_routine *routine;
    void *argument;
    bool registers;
    struct pndis_machine *failing; /* Arm a fault here ... */
    uint64_t skip;                 /* ... after so many allocations. */
    NDIS_HANDLE handle;
    char failure[256]; /* Of the first check that did not hold. */
    KSPIN_LOCK lock;
};

enum { FAILING_SEEDS = 20 };

static struct guest guest;

NDIS_HANDLE
guest_handle(void)
{
    return guest.handle;
}

bool
guest_note(bool holds, const char *condition, const char *file, int line)
{
    KIRQL irql;

    if (holds) {
        return true;
    }
    KeAcquireSpinLock(&guest.lock, &irql);
    if (guest.failure[0] == 0) {
        snprintf(guest.failure, sizeof(guest.failure), "%s:%d: %s", file, line, condition);
    }
    KeReleaseSpinLock(&guest.lock, irql);
    return false;
}

/* --- a protocol driver that binds to nothing --- */

static NDIS_STATUS
bind_adapter(NDIS_HANDLE context, NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    (void)context;
    (void)bind_context;
    (void)parameters;
    return NDIS_STATUS_NOT_ACCEPTED;
}

static NDIS_STATUS
unbind_adapter(NDIS_HANDLE unbind_context, NDIS_HANDLE context)
{
    (void)unbind_context;
    (void)context;
    return NDIS_STATUS_SUCCESS;
}

static VOID
open_complete(NDIS_HANDLE context, NDIS_STATUS status)
{
    (void)context;
    (void)status;
}

static VOID
close_complete(NDIS_HANDLE context)
{
    (void)context;
}

static NDIS_STATUS
pnp_event(NDIS_HANDLE context, PNET_PNP_EVENT_NOTIFICATION event)
{
    (void)context;
    (void)event;
    return NDIS_STATUS_SUCCESS;
}

static VOID
oid_complete(NDIS_HANDLE context, PNDIS_OID_REQUEST request, NDIS_STATUS status)
{
    (void)context;
    (void)request;
    (void)status;
}

static VOID
receive(NDIS_HANDLE context, PNET_BUFFER_LIST chain, NDIS_PORT_NUMBER port, ULONG count,
        ULONG flags)
{
    (void)context;
    (void)chain;
    (void)port;
    (void)count;
    (void)flags;
}

static VOID
send_complete(NDIS_HANDLE context, PNET_BUFFER_LIST chain, ULONG flags)
{
    (void)context;
    (void)chain;
    (void)flags;
}

static NDIS_STATUS
register_protocol(void)
{
    NDIS_PROTOCOL_DRIVER_CHARACTERISTICS characteristics = {
        .Header = {NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS,
                   NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2,
                   NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2},
        .MajorNdisVersion = 6,
        .MinorNdisVersion = 30,
        .Name = RTL_CONSTANT_STRING(L"GUEST"),
        .BindAdapterHandlerEx = bind_adapter,
        .UnbindAdapterHandlerEx = unbind_adapter,
        .OpenAdapterCompleteHandlerEx = open_complete,
        .CloseAdapterCompleteHandlerEx = close_complete,
        .NetPnPEventHandler = pnp_event,
        .OidRequestCompleteHandler = oid_complete,
        .ReceiveNetBufferListsHandler = receive,
        .SendNetBufferListsCompleteHandler = send_complete,
    };

    return NdisRegisterProtocolDriver(&guest, &characteristics, &guest.handle);
}

/* --- the driver --- */

static VOID
unload(PDRIVER_OBJECT object)
{
    (void)object;
    if (guest.handle != NULL) {
        NdisDeregisterProtocolDriver(guest.handle);
    }
}

static int
entry(void *driver_object, void *registry_path)
{
    DRIVER_OBJECT *object = driver_object;
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    (void)registry_path;
    object->DriverUnload = unload;
    KeInitializeSpinLock(&guest.lock);
    if (guest.registers) {
        status = register_protocol();
    }
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    if (guest.failing != NULL) {
        pndis_fault_arm(guest.failing, guest.skip);
    }
    guest.routine(guest.argument);
    if (guest.failing != NULL) {
        guest.skip = pndis_fault_fired(guest.failing) ? guest.skip + 1 : UINT64_MAX;
        pndis_fault_disarm(guest.failing);
    }
    return status;
}

static void
run(struct world *w)
{
    struct pndis_driver *driver;

    guest.registers = w->adapter == NULL;
    driver = pndis_driver_load(w->machine, NULL,
                               &(struct pndis_driver_options){.name = "guest", .entry = entry});
    expect(w, driver != NULL);
    if (guest.failure[0] != 0) {
        world_print_violations(w);
        fail_msg("%s (seed %llu)", guest.failure, (unsigned long long)w->seed);
    }
    expect(w, pndis_driver_unload(driver) == 0);
}

void
guest_run(struct world *w, guest_routine *routine, void *argument)
{
    memset(&guest, 0, sizeof(guest));
    guest.routine = routine;
    guest.argument = argument;
    run(w);
}

void
guest_run_alone(guest_routine *routine)
{
    for (unsigned seed = 0; seed < world_seeds(GUEST_SEEDS); seed++) {
        struct world w;

        world_open(&w, seed);
        guest_run(&w, routine, NULL);
        world_close(&w);
    }
}

void
guest_break_alone(guest_routine *routine, const char *rule)
{
    for (unsigned seed = 0; seed < world_seeds(GUEST_SEEDS); seed++) {
        const struct pndis_violation *first;
        struct world w;

        world_open(&w, seed);
        guest_run(&w, routine, NULL);
        first = pndis_violation_at(w.machine, 0);
        if (first == NULL || strcmp(first->rule, rule) != 0) {
            world_print_violations(&w);
            fail_msg("%s was not reported first (seed %u)", rule, seed);
        }
        world_discard(&w);
    }
}

void
guest_fail_alone(guest_routine *routine)
{
    for (unsigned seed = 0; seed < world_seeds(FAILING_SEEDS); seed++) {
        uint64_t runs = 0;

        for (uint64_t skip = 0; skip != UINT64_MAX; skip = guest.skip, runs++) {
            struct world w;

            world_open(&w, seed);
            memset(&guest, 0, sizeof(guest));
            guest.routine = routine;
            guest.failing = w.machine;
            guest.skip = skip;
            run(&w);
            world_close(&w);
        }
        assert_true(runs > 1);
    }
}
