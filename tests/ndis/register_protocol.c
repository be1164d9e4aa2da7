/* Registering as a protocol driver: "NdisRegisterProtocolDriver". */
#include "ndis/registering.h"
#include "support/protocol.h"

/* A correct driver binds afterwards. */
static void
machine_is_usable(struct world *w)
{
    protocol_reset();
    world_load_protocol(w);
    world_settle(w);
    expect_state(w, "Running");
    expect(w, opening_latest()->running);
    world_close(w);
    assert_int_equal(protocol.binds, protocol.unbinds);
}

static NDIS_PROTOCOL_DRIVER_CHARACTERISTICS wanted;

static void
registers_with(const char *what, void (*edit)(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *),
               NDIS_STATUS status, const char *rule)
{
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        if (seed == 0) {
            print_message("%s\n", what);
        }
        miniport_reset();
        protocol_reset();
        protocol.edit_characteristics = edit;
        world_open(&w, seed);
        world_add_adapter(&w);
        driver_registers(&w, protocol_entry, status, rule);
        machine_is_usable(&w);
    }
}

/* --- headers --- */

static void
edit_header(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->Header = wanted.Header;
}

static void
header_is_refused(const char *what, const NDIS_OBJECT_HEADER *header)
{
    wanted.Header = *header;
    registers_with(what, edit_header, NDIS_STATUS_BAD_CHARACTERISTICS, "OBJECT_HEADER");
}

static void
a_malformed_header_is_refused(void **state)
{
    enum { TYPE = NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS };
    static const NDIS_OBJECT_HEADER headers[] = {
        {0, 2, NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2},
        {NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS, 2,
         NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2},
        {TYPE, 0, NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2},
        {TYPE, 1, 0},
        {TYPE, 1, NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_1 - 1},
        {TYPE, 2, NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_1},
        {TYPE, 255, NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_1},
    };

    (void)state;
    headers_are_refused(headers, RTL_NUMBER_OF(headers), header_is_refused);
}

static void
an_older_revision_is_taken(void **state)
{
    (void)state;
    wanted.Header = (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS, 1,
                                         NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_1};
    registers_with("revision 1", edit_header, NDIS_STATUS_SUCCESS, NULL);
}

static void
of_ndis_60(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->MajorNdisVersion = 6;
    characteristics->MinorNdisVersion = 0;
}

static void
of_no_revision(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->Header.Revision = 3;
}

/* "Added the DirectOidRequestCompleteHandler member for NDIS 6.1." */
static void
a_revision_of_a_later_ndis_is_refused(void **state)
{
    (void)state;
    registers_with("revision 2 of NDIS 6.0", of_ndis_60, NDIS_STATUS_BAD_CHARACTERISTICS,
                   "REG_REVISION");
    registers_with("revision 3", of_no_revision, NDIS_STATUS_BAD_CHARACTERISTICS, "REG_REVISION");
}

/* --- versions --- */

static void
a_version_that_does_not_exist_is_refused(void **state)
{
    static const ULONG versions[] = {0,          0x00040000, 0x00050000, 0x00050001, 0x00060002,
                                     0x00060013, 0x00060063, 0x000600ff, 0x00070000, 0x00ff00ff};

    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
            struct world w;

            miniport_reset();
            protocol_reset();
            protocol.version = versions[i];
            world_open(&w, seed);
            world_add_adapter(&w);
            driver_registers(&w, protocol_entry, NDIS_STATUS_BAD_VERSION, "REG_VERSION");
            machine_is_usable(&w);
        }
    }
}

/* --- handlers --- */

#define REQUIRED(X)                                                                                \
    X(BindAdapterHandlerEx)                                                                        \
    X(UnbindAdapterHandlerEx)                                                                      \
    X(OpenAdapterCompleteHandlerEx)                                                                \
    X(CloseAdapterCompleteHandlerEx)                                                               \
    X(NetPnPEventHandler)                                                                          \
    X(OidRequestCompleteHandler)                                                                   \
    X(ReceiveNetBufferListsHandler)                                                                \
    X(SendNetBufferListsCompleteHandler)

#define X(name)                                                                                    \
    static void without_##name(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)              \
    {                                                                                              \
        characteristics->name = NULL;                                                              \
    }
REQUIRED(X)
X(StatusHandlerEx)
#undef X

static void
a_required_handler_that_is_null_is_refused(void **state)
{
    static const struct {
        const char *what;
        void (*edit)(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics);
    } missing[] = {
#define X(name) {"without " #name, without_##name},
        REQUIRED(X)
#undef X
    };

    (void)state;
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        registers_with(missing[i].what, missing[i].edit, NDIS_STATUS_BAD_CHARACTERISTICS,
                       "REG_HANDLERS");
    }
}

/* "ProtocolStatusEx function, if any, or NULL": and then indications find nobody. */
static void
the_status_handler_is_optional(void **state)
{
    struct world w;

    (void)state;
    registers_with("without a status handler", without_StatusHandlerEx, NDIS_STATUS_SUCCESS, NULL);
    miniport_reset();
    protocol_reset();
    protocol.edit_characteristics = without_StatusHandlerEx;
    world_open(&w, 0);
    world_add_adapter(&w);
    world_load_protocol(&w);
    world_settle(&w);
    expect(&w, pndis_adapter_reset(w.adapter) == 0); /* Indicated as RESET_START, RESET_END. */
    world_close(&w);
    assert_int_equal(protocol.binds, 1);
}

/* --- arguments --- */

static struct {
    NDIS_STATUS (*body)(DRIVER_OBJECT *object, UNICODE_STRING *path);
    NDIS_STATUS status;
} other;

static NDIS_PROTOCOL_DRIVER_CHARACTERISTICS captured;

static void
capture(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    captured = *characteristics;
}

static int
other_entry(void *object, void *path)
{
    return other.body(object, path);
}

static struct pndis_driver *
load_other(struct world *w, NDIS_STATUS (*body)(DRIVER_OBJECT *object, UNICODE_STRING *path))
{
    miniport_reset();
    protocol_reset();
    protocol.edit_characteristics = capture;
    other.body = body;
    world_open(w, 0);
    world_add_adapter(w);
    return pndis_driver_load(w->machine, NULL,
                             &(struct pndis_driver_options){.name = "other", .entry = other_entry});
}

static NDIS_STATUS
register_with_nulls(DRIVER_OBJECT *object, UNICODE_STRING *path)
{
    NDIS_HANDLE handle = NULL;

    if (protocol_entry(object, path) == NDIS_STATUS_SUCCESS) {
        NdisDeregisterProtocolDriver(protocol.handle);
    }
    if (NdisRegisterProtocolDriver(NULL, NULL, &handle) == NDIS_STATUS_SUCCESS ||
        NdisRegisterProtocolDriver(NULL, &captured, NULL) == NDIS_STATUS_SUCCESS) {
        return NDIS_STATUS_SUCCESS;
    }
    return NDIS_STATUS_FAILURE;
}

static void
null_arguments_are_refused(void **state)
{
    struct world w;

    (void)state;
    expect(&w, load_other(&w, register_with_nulls) == NULL);
    expect(&w, pndis_violation_count(w.machine) == 2);
    expect(&w, pndis_violation_of(w.machine, "REG_NULL_ARGUMENT") != NULL);
    pndis_violations_clear(w.machine);
    machine_is_usable(&w);
}

static VOID
unload_and_forget(PDRIVER_OBJECT object)
{
    (void)object;
}

static NDIS_STATUS
never_deregister(DRIVER_OBJECT *object, UNICODE_STRING *path)
{
    NDIS_STATUS status = protocol_entry(object, path);

    object->DriverUnload = unload_and_forget;
    return status;
}

static void
an_unload_that_does_not_deregister_leaks(void **state)
{
    struct pndis_driver *driver;
    struct world w;

    (void)state;
    driver = load_other(&w, never_deregister);
    expect(&w, driver != NULL);
    world_settle(&w);
    expect(&w, opening_latest() != NULL);
    expect(&w, pndis_driver_unload(driver) == 0);
    world_expect_violation(&w, "LEAK_UNLOAD");
    machine_is_usable(&w);
}

static NDIS_STATUS
register_and_fail(DRIVER_OBJECT *object, UNICODE_STRING *path)
{
    protocol_entry(object, path);
    return NDIS_STATUS_RESOURCES;
}

static void
an_entry_that_fails_and_stays_registered_leaks(void **state)
{
    struct world w;

    (void)state;
    expect(&w, load_other(&w, register_and_fail) == NULL);
    world_expect_violation(&w, "LEAK_UNLOAD");
    machine_is_usable(&w);
}

static struct protocol_driver second;

static NDIS_STATUS
register_two(DRIVER_OBJECT *object, UNICODE_STRING *path)
{
    NDIS_STATUS status = protocol_entry(object, path);

    if (status == NDIS_STATUS_SUCCESS) {
        second = protocol;
        second.openings = NULL;
        status = NdisRegisterProtocolDriver(&second, &captured, &second.handle);
    }
    return status;
}

static void
deregister_first(void *argument)
{
    (void)argument;
    NdisDeregisterProtocolDriver(protocol.handle);
    protocol.handle = second.handle; /* For the unload routine. */
}

/* A driver may carry several protocols; each binds and deregisters on its own. */
static void
a_driver_may_register_several_protocols(void **state)
{
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct pndis_driver *driver;
        struct world w;

        (void)state;
        driver = load_other(&w, register_two);
        expect(&w, driver != NULL);
        world_settle(&w);
        expect(&w, protocol.openings != NULL && protocol.openings->running);
        expect(&w, second.openings != NULL && second.openings->running);
        world_as_driver(&w, deregister_first, NULL);
        world_settle(&w);
        expect(&w, protocol.openings == NULL);
        expect(&w, second.openings != NULL && second.openings->running);
        expect(&w, pndis_driver_unload(driver) == 0);
        expect(&w, second.openings == NULL);
        world_close(&w);
    }
}

/* --- options --- */

static NDIS_STATUS options_status;
static unsigned options_calls;
static NDIS_HANDLE options_handle;

static NDIS_STATUS
set_options(NDIS_HANDLE driver, NDIS_HANDLE context)
{
    options_calls++;
    options_handle = context == &protocol ? driver : NULL;
    return options_status;
}

static void
with_options(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->SetOptionsHandler = set_options;
}

static void
set_options_is_called_within_the_registration(void **state)
{
    (void)state;
    options_calls = 0;
    options_status = NDIS_STATUS_SUCCESS;
    registers_with("options", with_options, NDIS_STATUS_SUCCESS, NULL);
    assert_int_equal(options_calls, world_seeds(SEEDS));
    assert_non_null(options_handle);
    options_status = NDIS_STATUS_RESOURCES;
    registers_with("options that fail", with_options, NDIS_STATUS_RESOURCES, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_malformed_header_is_refused),
        cmocka_unit_test(an_older_revision_is_taken),
        cmocka_unit_test(a_revision_of_a_later_ndis_is_refused),
        cmocka_unit_test(a_version_that_does_not_exist_is_refused),
        cmocka_unit_test(a_required_handler_that_is_null_is_refused),
        cmocka_unit_test(the_status_handler_is_optional),
        cmocka_unit_test(null_arguments_are_refused),
        cmocka_unit_test(an_unload_that_does_not_deregister_leaks),
        cmocka_unit_test(an_entry_that_fails_and_stays_registered_leaks),
        cmocka_unit_test(a_driver_may_register_several_protocols),
        cmocka_unit_test(set_options_is_called_within_the_registration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
