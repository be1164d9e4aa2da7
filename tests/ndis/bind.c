/*
 * Binding, opening, closing and unbinding: "NdisOpenAdapterEx", "NdisCloseAdapterEx",
 * "NdisCompleteBindAdapterEx", "NdisUnbindAdapter", "NdisReEnumerateProtocolBindings".
 *
 * The protocol driver here does in ProtocolBindAdapterEx and ProtocolUnbindAdapterEx what a test
 * says; the programmable one shows afterwards that the adapter can still be bound.
 */
#include "support/protocol.h"
#include "support/world.h"

enum { SEEDS = 20, STATUS_LIMIT = 4 };

static struct binder {
    NDIS_STATUS (*bind)(NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters);
    NDIS_STATUS (*unbind)(NDIS_HANDLE unbind_context);
    NDIS_STATUS (*event)(NDIS_HANDLE context, PNET_PNP_EVENT_NOTIFICATION event);
    NDIS_HANDLE bind_context;
    NDIS_HANDLE unbind_context;
    NDIS_HANDLE handle;
    NDIS_STATUS statuses[STATUS_LIMIT]; /* Of calls under test. */
    UINT medium;
    KEVENT done;
    NDIS_STATUS open_status;
    unsigned binds;
    unsigned unbinds;
    unsigned opens_completed;
} binder;

static NDIS_OPEN_PARAMETERS open_parameters;
static NDIS_MEDIUM media[] = {NdisMediumWan, NdisMedium802_3};

static NDIS_STATUS
open_with(NDIS_HANDLE bind_context, const NDIS_OPEN_PARAMETERS *parameters)
{
    NDIS_STATUS status = NdisOpenAdapterEx(
        protocol.handle, &binder, (NDIS_OPEN_PARAMETERS *)parameters, bind_context, &binder.handle);

    if (status == NDIS_STATUS_PENDING) {
        KeWaitForSingleObject(&binder.done, Executive, KernelMode, FALSE, NULL);
        status = binder.open_status;
    }
    return status;
}

static const NDIS_OPEN_PARAMETERS *
good_parameters(PNDIS_BIND_PARAMETERS parameters)
{
    open_parameters = (NDIS_OPEN_PARAMETERS){
        .Header = {NDIS_OBJECT_TYPE_OPEN_PARAMETERS, NDIS_OPEN_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1},
        .AdapterName = parameters->AdapterName,
        .MediumArray = media,
        .MediumArraySize = sizeof(media) / sizeof(media[0]),
        .SelectedMediumIndex = &binder.medium,
    };
    return &open_parameters;
}

static void
close_it(void)
{
    if (NdisCloseAdapterEx(binder.handle) == NDIS_STATUS_PENDING) {
        KeWaitForSingleObject(&binder.done, Executive, KernelMode, FALSE, NULL);
    }
    binder.handle = NULL;
}

static NDIS_STATUS
open_and_succeed(NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    return open_with(bind_context, good_parameters(parameters));
}

static NDIS_STATUS
close_and_succeed(NDIS_HANDLE unbind_context)
{
    (void)unbind_context;
    close_it();
    return NDIS_STATUS_SUCCESS;
}

/* --- its entry points --- */

static NDIS_STATUS
bind_adapter(NDIS_HANDLE context, NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    (void)context;
    binder.binds++;
    binder.bind_context = bind_context;
    return binder.bind(bind_context, parameters);
}

static NDIS_STATUS
unbind_adapter(NDIS_HANDLE unbind_context, NDIS_HANDLE context)
{
    (void)context;
    binder.unbinds++;
    binder.unbind_context = unbind_context;
    return binder.unbind(unbind_context);
}

static VOID
open_complete(NDIS_HANDLE context, NDIS_STATUS status)
{
    (void)context;
    binder.opens_completed++;
    binder.open_status = status;
    KeSetEvent(&binder.done, IO_NO_INCREMENT, FALSE);
}

static VOID
close_complete(NDIS_HANDLE context)
{
    (void)context;
    KeSetEvent(&binder.done, IO_NO_INCREMENT, FALSE);
}

static NDIS_STATUS
pnp_event(NDIS_HANDLE context, PNET_PNP_EVENT_NOTIFICATION event)
{
    return binder.event == NULL ? NDIS_STATUS_SUCCESS : binder.event(context, event);
}

static void
as_binder(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->BindAdapterHandlerEx = bind_adapter;
    characteristics->UnbindAdapterHandlerEx = unbind_adapter;
    characteristics->OpenAdapterCompleteHandlerEx = open_complete;
    characteristics->CloseAdapterCompleteHandlerEx = close_complete;
    characteristics->NetPnPEventHandler = pnp_event;
}

static int
binder_entry(void *object, void *path)
{
    protocol_reset();
    protocol.edit_characteristics = as_binder;
    KeInitializeEvent(&binder.done, SynchronizationEvent, FALSE);
    return protocol_entry(object, path);
}

/* --- stories --- */

/* An adapter, and then the binder, whose answers have been set. */
static struct pndis_driver *
given_binder(struct world *w, uint64_t seed)
{
    struct pndis_driver *driver;

    miniport_reset();
    world_open(w, seed);
    world_add_adapter(w);
    driver = pndis_driver_load(
        w->machine, NULL, &(struct pndis_driver_options){.name = "binder", .entry = binder_entry});
    expect(w, driver != NULL);
    world_settle(w);
    return driver;
}

static void
binder_init(void)
{
    memset(&binder, 0, sizeof(binder));
    binder.bind = open_and_succeed;
    binder.unbind = close_and_succeed;
}

/* Without the binder, the adapter can be bound and runs. */
static void
others_can_bind(struct world *w, struct pndis_driver *driver)
{
    expect(w, pndis_driver_unload(driver) == 0);
    protocol_reset();
    world_load_protocol(w);
    world_settle(w);
    expect_state(w, "Running");
    expect(w, opening_latest()->running);
    world_close(w);
}

static void
a_correct_binder_binds(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct pndis_driver *driver;
        struct world w;

        binder_init();
        driver = given_binder(&w, seed);
        expect(&w, binder.binds == 1 && binder.handle != NULL);
        expect(&w, binder.medium == 1);
        expect_state(&w, "Running");
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        expect(&w, binder.unbinds == 1 && binder.handle == NULL);
        expect(&w, pndis_adapter_start(w.adapter) == 0);
        expect(&w, binder.binds == 2);
        others_can_bind(&w, driver);
    }
}

/* --- opening --- */

static NDIS_OBJECT_HEADER header;

static NDIS_STATUS
open_with_header(NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    good_parameters(parameters);
    open_parameters.Header = header;
    binder.statuses[0] = open_with(bind_context, &open_parameters);
    return binder.statuses[0];
}

static void
open_parameters_with_a_malformed_header_are_refused(void **state)
{
    static const NDIS_OBJECT_HEADER headers[] = {
        {0, 1, NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1},
        {NDIS_OBJECT_TYPE_BIND_PARAMETERS, 1, NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1},
        {NDIS_OBJECT_TYPE_OPEN_PARAMETERS, 0, NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1},
        {NDIS_OBJECT_TYPE_OPEN_PARAMETERS, 1, NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1 - 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct pndis_driver *driver;
        struct world w;

        binder_init();
        header = headers[i];
        binder.bind = open_with_header;
        driver = given_binder(&w, i);
        expect(&w, binder.binds == 1 && binder.statuses[0] != NDIS_STATUS_SUCCESS);
        world_expect_violation(&w, "OBJECT_HEADER");
        others_can_bind(&w, driver);
    }
}

static NDIS_STATUS
open_other_medium(NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    good_parameters(parameters);
    open_parameters.MediumArraySize = 1;
    binder.statuses[0] = open_with(bind_context, &open_parameters);
    return binder.statuses[0];
}

static NDIS_STATUS
open_other_name(NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    static NDIS_STRING nowhere = RTL_CONSTANT_STRING(L"\\DEVICE\\{nowhere}");

    good_parameters(parameters);
    open_parameters.AdapterName = &nowhere;
    binder.statuses[0] = open_with(bind_context, &open_parameters);
    return binder.statuses[0];
}

static void
an_open_that_fails_says_why(void **state)
{
    struct pndis_driver *driver;
    struct world w;

    (void)state;
    binder_init();
    binder.bind = open_other_medium;
    driver = given_binder(&w, 0);
    assert_int_equal(binder.statuses[0], NDIS_STATUS_UNSUPPORTED_MEDIA);
    world_expect_clean(&w);
    others_can_bind(&w, driver);

    binder_init();
    binder.bind = open_other_name;
    driver = given_binder(&w, 0);
    assert_int_equal(binder.statuses[0], NDIS_STATUS_ADAPTER_NOT_FOUND);
    world_expect_clean(&w);
    others_can_bind(&w, driver);
}

static NDIS_STRING own_name;
static WCHAR own_name_text[128];

static NDIS_STATUS
open_twice(NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    NDIS_STATUS status = open_with(bind_context, good_parameters(parameters));
    NDIS_HANDLE first = binder.handle;

    binder.statuses[0] = open_with(bind_context, &open_parameters);
    binder.handle = first;
    return status;
}

static NDIS_STATUS
note_and_open(NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    own_name = (NDIS_STRING){0, sizeof(own_name_text), own_name_text};
    RtlCopyUnicodeString(&own_name, parameters->AdapterName);
    return open_and_succeed(bind_context, parameters);
}

static void
open_late(void *argument)
{
    NDIS_HANDLE first = binder.handle;
    NDIS_BIND_PARAMETERS parameters = {.AdapterName = &own_name};

    (void)argument;
    binder.statuses[0] = open_with(binder.bind_context, good_parameters(&parameters));
    binder.handle = first;
}

/* "NDIS fails any attempt to call NdisOpenAdapterEx outside the context of ProtocolBindAdapterEx."
 */
static void
an_adapter_is_opened_once_and_while_it_is_bound(void **state)
{
    struct pndis_driver *driver;
    struct world w;

    (void)state;
    binder_init();
    binder.bind = open_twice;
    driver = given_binder(&w, 0);
    assert_int_not_equal(binder.statuses[0], NDIS_STATUS_SUCCESS);
    world_expect_violation(&w, "BD_OPEN_PLACE");
    expect_state(&w, "Running");
    others_can_bind(&w, driver);

    binder_init();
    binder.bind = note_and_open;
    driver = given_binder(&w, 0);
    world_as_driver(&w, open_late, NULL);
    assert_int_not_equal(binder.statuses[0], NDIS_STATUS_SUCCESS);
    world_expect_violation(&w, "BD_OPEN_PLACE");
    expect_state(&w, "Running");
    others_can_bind(&w, driver);
}

/* --- what a bind leaves --- */

static NDIS_STATUS
succeed_without_opening(NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    (void)bind_context;
    (void)parameters;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
open_and_fail(NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    open_and_succeed(bind_context, parameters);
    return NDIS_STATUS_RESOURCES;
}

/* On one seed in four the open pends; then nobody waits for it. */
static NDIS_STATUS
begin_to_open_and_fail(NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    NdisOpenAdapterEx(protocol.handle, &binder, (NDIS_OPEN_PARAMETERS *)good_parameters(parameters),
                      bind_context, &binder.handle);
    return NDIS_STATUS_RESOURCES;
}

static NDIS_STATUS
open_close_and_fail(NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    open_and_succeed(bind_context, parameters);
    close_it();
    return NDIS_STATUS_RESOURCES;
}

static void
a_bind_succeeds_with_an_open_adapter_and_fails_without(void **state)
{
    static NDIS_STATUS (*const wrong[])(NDIS_HANDLE, PNDIS_BIND_PARAMETERS) = {
        succeed_without_opening, open_and_fail, begin_to_open_and_fail};

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct pndis_driver *driver;
        struct world w;

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
            binder_init();
            binder.bind = wrong[i];
            driver = given_binder(&w, seed);
            world_expect_violation(&w, "BD_BIND_1");
            others_can_bind(&w, driver);
        }
        binder_init();
        binder.bind = open_close_and_fail;
        driver = given_binder(&w, seed);
        world_expect_clean(&w);
        expect(&w, binder.unbinds == 0);
        others_can_bind(&w, driver);
    }
}

static void
complete_bind(void *argument)
{
    NdisCompleteBindAdapterEx(binder.bind_context, *(NDIS_STATUS *)argument);
}

static NDIS_STATUS
open_and_pend(NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    open_and_succeed(bind_context, parameters);
    return NDIS_STATUS_PENDING;
}

static void
a_bind_is_completed_once(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        NDIS_STATUS success = NDIS_STATUS_SUCCESS;
        struct pndis_driver *driver;
        struct world w;

        binder_init();
        binder.bind = open_and_pend;
        driver = given_binder(&w, seed);
        expect_state(&w, "Paused"); /* The stack waits for the bind. */
        world_as_driver(&w, complete_bind, &success);
        world_settle(&w);
        expect_state(&w, "Running");
        world_expect_clean(&w);
        world_as_driver(&w, complete_bind, &success);
        world_expect_violation(&w, "BD_BIND_3");
        others_can_bind(&w, driver);

        binder_init();
        driver = given_binder(&w, seed);
        world_as_driver(&w, complete_bind, &success); /* It did not pend. */
        world_expect_violation(&w, "BD_BIND_3");
        others_can_bind(&w, driver);
    }
}

/* --- unbinding --- */

static NDIS_STATUS
unbind_fails(NDIS_HANDLE unbind_context)
{
    (void)unbind_context;
    close_it();
    return NDIS_STATUS_FAILURE;
}

static NDIS_STATUS
unbind_without_closing(NDIS_HANDLE unbind_context)
{
    (void)unbind_context;
    return NDIS_STATUS_SUCCESS;
}

static void
an_unbind_closes_and_does_not_fail(void **state)
{
    static NDIS_STATUS (*const wrong[])(NDIS_HANDLE) = {unbind_fails, unbind_without_closing};

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
            struct pndis_driver *driver;
            struct world w;

            binder_init();
            binder.unbind = wrong[i];
            driver = given_binder(&w, seed);
            expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
            world_expect_violation(&w, "BD_UNBIND_1");
            expect_state(&w, "Halted");
            binder.unbind = close_and_succeed;
            expect(&w, pndis_adapter_start(w.adapter) == 0);
            others_can_bind(&w, driver);
        }
    }
}

static void
complete_unbind(void *argument)
{
    (void)argument;
    NdisCompleteUnbindAdapterEx(binder.unbind_context);
}

static void
an_unbind_that_did_not_pend_is_not_completed(void **state)
{
    struct pndis_driver *driver;
    struct world w;

    (void)state;
    binder_init();
    driver = given_binder(&w, 0);
    expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
    world_as_driver(&w, complete_unbind, NULL);
    expect(&w, pndis_violation_count(w.machine) == 1); /* BD_UNBIND_4, or a dead handle. */
    pndis_violations_clear(w.machine);
    expect(&w, pndis_adapter_start(w.adapter) == 0);
    others_can_bind(&w, driver);
}

static void
ask_to_unbind(void *argument)
{
    (void)argument;
    binder.statuses[0] = NdisUnbindAdapter(binder.handle);
}

/* "NdisUnbindAdapter": outside of bind and unbind; ProtocolUnbindAdapterEx is called for it. */
static void
a_protocol_may_ask_to_be_unbound(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct pndis_driver *driver;
        struct world w;

        binder_init();
        driver = given_binder(&w, seed);
        world_as_driver(&w, ask_to_unbind, NULL);
        world_settle(&w);
        expect(&w, binder.statuses[0] == NDIS_STATUS_SUCCESS ||
                       binder.statuses[0] == NDIS_STATUS_PENDING);
        expect(&w, binder.unbinds == 1 && binder.handle == NULL);
        expect_state(&w, "Paused");
        others_can_bind(&w, driver);
    }
}

/* --- enumerating again --- */

static void
enumerate(void *argument)
{
    (void)argument;
    NdisReEnumerateProtocolBindings(protocol.handle);
}

static void
what_is_unbound_is_bound_again(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct pndis_driver *driver;
        struct world w;

        binder_init();
        driver = given_binder(&w, seed);
        world_as_driver(&w, enumerate, NULL);
        world_settle(&w);
        expect(&w, binder.binds == 1); /* It is bound. */
        world_as_driver(&w, ask_to_unbind, NULL);
        world_settle(&w);
        world_as_driver(&w, enumerate, NULL);
        world_settle(&w);
        expect(&w, binder.binds == 2 && binder.handle != NULL);
        expect_state(&w, "Running");
        others_can_bind(&w, driver);
    }
}

static NDIS_STATUS
enumerate_and_open(NDIS_HANDLE bind_context, PNDIS_BIND_PARAMETERS parameters)
{
    enumerate(NULL);
    return open_and_succeed(bind_context, parameters);
}

static NDIS_STATUS
enumerate_and_close(NDIS_HANDLE unbind_context)
{
    enumerate(NULL);
    return close_and_succeed(unbind_context);
}

static NDIS_STATUS
enumerate_in_event(NDIS_HANDLE context, PNET_PNP_EVENT_NOTIFICATION event)
{
    if (context != NULL && event->NetPnPEvent.NetEvent == NetEventRestart) {
        enumerate(NULL);
    }
    return NDIS_STATUS_SUCCESS;
}

static void
bindings_are_not_enumerated_from_within_a_binding(void **state)
{
    struct pndis_driver *driver;
    struct world w;

    (void)state;
    binder_init();
    binder.bind = enumerate_and_open;
    driver = given_binder(&w, 0);
    expect(&w, binder.binds == 1);
    world_expect_violation(&w, "BD_ENUMERATE");
    others_can_bind(&w, driver);

    binder_init();
    binder.unbind = enumerate_and_close;
    driver = given_binder(&w, 0);
    expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
    world_expect_violation(&w, "BD_ENUMERATE");
    binder.unbind = close_and_succeed;
    expect(&w, pndis_adapter_start(w.adapter) == 0);
    others_can_bind(&w, driver);

    binder_init();
    binder.event = enumerate_in_event;
    driver = given_binder(&w, 0);
    world_expect_violation(&w, "BD_ENUMERATE");
    binder.event = NULL;
    others_can_bind(&w, driver);
}

/* --- deregistering --- */

static NDIS_STATUS
deregister_in_event(NDIS_HANDLE context, PNET_PNP_EVENT_NOTIFICATION event)
{
    if (context != NULL && event->NetPnPEvent.NetEvent == NetEventPause) {
        NdisDeregisterProtocolDriver(protocol.handle);
    }
    return NDIS_STATUS_SUCCESS;
}

static void
a_protocol_does_not_deregister_from_its_entry_points(void **state)
{
    struct pndis_driver *driver;
    struct world w;

    (void)state;
    binder_init();
    binder.event = deregister_in_event;
    driver = given_binder(&w, 0);
    expect(&w, pndis_adapter_pause(w.adapter) == 0);
    world_expect_violation(&w, "REG_DEREGISTER");
    binder.event = NULL;
    expect(&w, pndis_adapter_restart(w.adapter) == 0);
    others_can_bind(&w, driver);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_correct_binder_binds),
        cmocka_unit_test(open_parameters_with_a_malformed_header_are_refused),
        cmocka_unit_test(an_open_that_fails_says_why),
        cmocka_unit_test(an_adapter_is_opened_once_and_while_it_is_bound),
        cmocka_unit_test(a_bind_succeeds_with_an_open_adapter_and_fails_without),
        cmocka_unit_test(a_bind_is_completed_once),
        cmocka_unit_test(an_unbind_closes_and_does_not_fail),
        cmocka_unit_test(an_unbind_that_did_not_pend_is_not_completed),
        cmocka_unit_test(a_protocol_may_ask_to_be_unbound),
        cmocka_unit_test(what_is_unbound_is_bound_again),
        cmocka_unit_test(bindings_are_not_enumerated_from_within_a_binding),
        cmocka_unit_test(a_protocol_does_not_deregister_from_its_entry_points),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
