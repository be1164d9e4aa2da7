/* Registering as a miniport driver: "NdisMRegisterMiniportDriver". */
#include "ndis/registering.h"

/* A correct driver goes through a whole life afterwards. */
static void
machine_is_usable(struct world *w)
{
    miniport_reset();
    world_add_adapter(w);
    world_add_client(w);
    expect_state(w, "Running");
    world_close(w);
    assert_int_equal(miniport.unloads, 1);
}

static NDIS_MINIPORT_DRIVER_CHARACTERISTICS wanted;

static void
registers_with(const char *what, void (*edit)(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *),
               NDIS_STATUS status, const char *rule)
{
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        if (seed == 0) {
            print_message("%s\n", what);
        }
        miniport_reset();
        miniport.edit_characteristics = edit;
        world_open(&w, seed);
        driver_registers(&w, miniport_entry, status, rule);
        machine_is_usable(&w);
    }
}

/* --- headers --- */

static void
edit_header(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
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
    enum { TYPE = NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS };
    static const NDIS_OBJECT_HEADER headers[] = {
        {0, 2, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2},
        {NDIS_OBJECT_TYPE_DEFAULT, 2, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2},
        {NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS, 2,
         NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2},
        {TYPE, 0, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2},
        {TYPE, 1, 0},
        {TYPE, 1, sizeof(NDIS_OBJECT_HEADER)},
        {TYPE, 1, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1 - 1},
        {TYPE, 2, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1},
        {TYPE, 2, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2 - 1},
        {TYPE, 3, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2},
        {TYPE, 255, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2},
    };

    (void)state;
    headers_are_refused(headers, RTL_NUMBER_OF(headers), header_is_refused);
}

/* "Size must be equal to or greater than"; "NDIS handles structures with lower revisions". */
static void
a_sound_header_is_taken(void **state)
{
    enum { TYPE = NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS };
    static const NDIS_OBJECT_HEADER headers[] = {
        {TYPE, 1, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1},
        {TYPE, 1, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2},
        {TYPE, 2, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2},
        {TYPE, 2, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        wanted.Header = headers[i];
        registers_with("a sound header", edit_header, NDIS_STATUS_SUCCESS, NULL);
    }
}

/* --- revisions --- */

static void
edit_revision(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->Header = wanted.Header;
    characteristics->MajorNdisVersion = 6;
    characteristics->MinorNdisVersion = wanted.MinorNdisVersion;
}

/* "Added the [...] members for NDIS 6.1", "[...] for NDIS 6.80"; "NDIS fails the function call if a
 * driver uses an incorrect structure revision." */
static void
a_revision_of_a_later_ndis_is_refused(void **state)
{
    static const struct {
        UCHAR minor;
        UCHAR revision;
        USHORT bytes;
        bool taken;
    } cases[] = {
        {0, 1, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1, true},
        {0, 2, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2, false},
        {1, 2, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2, true},
        {30, 3, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3, false},
        {70, 3, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3, false},
        {80, 3, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3, true},
        {89, 4, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char what[64];

        wanted.Header = (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
                                             cases[i].revision, cases[i].bytes};
        wanted.MinorNdisVersion = cases[i].minor;
        snprintf(what, sizeof(what), "revision %u of NDIS 6.%u", cases[i].revision, cases[i].minor);
        registers_with(what, edit_revision,
                       cases[i].taken ? NDIS_STATUS_SUCCESS : NDIS_STATUS_BAD_CHARACTERISTICS,
                       cases[i].taken ? NULL : "REG_REVISION");
    }
}

/* --- versions --- */

static void
edit_version(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->MajorNdisVersion = wanted.MajorNdisVersion;
    characteristics->MinorNdisVersion = wanted.MinorNdisVersion;
    if (wanted.MinorNdisVersion == 0) {
        characteristics->Header.Revision = NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1;
        characteristics->Header.Size = NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1;
    }
}

static void
a_version_that_does_not_exist_is_refused(void **state)
{
    static const UCHAR versions[][2] = {{0, 0},  {3, 0},  {4, 0},   {5, 0}, {5, 1},    {6, 2},
                                        {6, 19}, {6, 99}, {6, 255}, {7, 0}, {255, 255}};

    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        char what[32];

        wanted.MajorNdisVersion = versions[i][0];
        wanted.MinorNdisVersion = versions[i][1];
        snprintf(what, sizeof(what), "version %u.%u", versions[i][0], versions[i][1]);
        registers_with(what, edit_version, NDIS_STATUS_BAD_VERSION, "REG_VERSION");
    }
}

static void
every_version_of_ndis_6_is_taken(void **state)
{
    static const UCHAR minors[] = {0,  1,  20, 30, 40, 50, 51, 60, 70, 80,
                                   81, 82, 83, 84, 85, 86, 87, 88, 89};

    (void)state;
    for (size_t i = 0; i < sizeof(minors); i++) {
        wanted.MajorNdisVersion = 6;
        wanted.MinorNdisVersion = minors[i];
        registers_with("a version of NDIS 6", edit_version, NDIS_STATUS_SUCCESS, NULL);
    }
}

/* A driver asks NdisGetVersion and registers for what is there. */
static void
a_version_newer_than_the_machines_is_refused(void **state)
{
    enum { NDIS_6_20 = 0x00060014 };
    struct world w;

    (void)state;
    miniport_reset();
    world_open_with(&w, &(struct pndis_machine_options){.ndis_version = NDIS_6_20});
    driver_registers(&w, miniport_entry, NDIS_STATUS_BAD_VERSION, "REG_VERSION");
    miniport.version = NDIS_6_20;
    driver_registers(&w, miniport_entry, NDIS_STATUS_SUCCESS, NULL);
    world_close(&w);
}

/* --- handlers --- */

#define HANDLERS(X)                                                                                \
    X(InitializeHandlerEx)                                                                         \
    X(HaltHandlerEx)                                                                               \
    X(UnloadHandler)                                                                               \
    X(PauseHandler)                                                                                \
    X(RestartHandler)                                                                              \
    X(OidRequestHandler)                                                                           \
    X(SendNetBufferListsHandler)                                                                   \
    X(ReturnNetBufferListsHandler)                                                                 \
    X(CancelSendHandler)                                                                           \
    X(DevicePnPEventNotifyHandler)                                                                 \
    X(ShutdownHandlerEx)                                                                           \
    X(CancelOidRequestHandler)

#define X(name)                                                                                    \
    static void without_##name(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)              \
    {                                                                                              \
        characteristics->name = NULL;                                                              \
    }
HANDLERS(X)
#undef X

static void
a_required_handler_that_is_null_is_refused(void **state)
{
    static const struct {
        const char *what;
        void (*edit)(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics);
    } missing[] = {
#define X(name) {"without " #name, without_##name},
        HANDLERS(X)
#undef X
    };

    (void)state;
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        registers_with(missing[i].what, missing[i].edit, NDIS_STATUS_BAD_CHARACTERISTICS,
                       "REG_HANDLERS");
    }
}

static NDIS_STATUS
direct_request(NDIS_HANDLE context, PNDIS_OID_REQUEST request)
{
    (void)context;
    (void)request;
    return NDIS_STATUS_NOT_SUPPORTED;
}

static VOID
cancel_direct_request(NDIS_HANDLE context, PVOID id)
{
    (void)context;
    (void)id;
}

static void
hang_check_without_reset(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->ResetHandlerEx = NULL;
}

static void
direct_without_cancel(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->DirectOidRequestHandler = direct_request;
}

static void
cancel_without_direct(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->CancelDirectOidRequestHandler = cancel_direct_request;
}

static void
both_direct(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->DirectOidRequestHandler = direct_request;
    characteristics->CancelDirectOidRequestHandler = cancel_direct_request;
}

static void
no_optional_handlers(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->CheckForHangHandlerEx = NULL;
    characteristics->ResetHandlerEx = NULL;
}

static void
handlers_come_in_pairs(void **state)
{
    (void)state;
    registers_with("check-for-hang without reset", hang_check_without_reset,
                   NDIS_STATUS_BAD_CHARACTERISTICS, "REG_HANDLERS");
    registers_with("direct OIDs without their cancel handler", direct_without_cancel,
                   NDIS_STATUS_BAD_CHARACTERISTICS, "REG_HANDLERS");
    registers_with("a cancel handler of direct OIDs alone", cancel_without_direct,
                   NDIS_STATUS_BAD_CHARACTERISTICS, "REG_HANDLERS");
    registers_with("both handlers of direct OIDs", both_direct, NDIS_STATUS_SUCCESS, NULL);
    registers_with("neither check-for-hang nor reset", no_optional_handlers, NDIS_STATUS_SUCCESS,
                   NULL);
}

/* --- arguments and places --- */

/* What another DriverEntry does around or instead of the programmable one. */
static struct {
    NDIS_STATUS (*body)(DRIVER_OBJECT *object, UNICODE_STRING *path);
    NDIS_STATUS status; /* Of the call under test. */
    DRIVER_OBJECT *object;
    UNICODE_STRING *path;
} other;

static NDIS_MINIPORT_DRIVER_CHARACTERISTICS captured;

static void
capture(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    captured = *characteristics;
}

static int
other_entry(void *object, void *path)
{
    other.object = object;
    other.path = path;
    return other.body(object, path);
}

static void
load_other(struct world *w, NDIS_STATUS (*body)(DRIVER_OBJECT *object, UNICODE_STRING *path))
{
    miniport_reset();
    miniport.edit_characteristics = capture;
    other.body = body;
    world_open(w, 0);
    w->driver = pndis_driver_load(
        w->machine, NULL, &(struct pndis_driver_options){.name = "other", .entry = other_entry});
}

static NDIS_STATUS
register_and_undo(DRIVER_OBJECT *object, UNICODE_STRING *path)
{
    NDIS_STATUS status = miniport_entry(object, path);

    if (status == NDIS_STATUS_SUCCESS) {
        NdisMDeregisterMiniportDriver(miniport.handle);
        status = NDIS_STATUS_FAILURE;
    }
    return status;
}

static void
an_entry_that_fails_deregisters_first(void **state)
{
    struct world w;

    (void)state;
    load_other(&w, register_and_undo);
    expect(&w, w.driver == NULL);
    expect(&w, pndis_machine_driver_status(w.machine) == (int)NDIS_STATUS_FAILURE);
    machine_is_usable(&w);
}

static NDIS_STATUS
register_and_fail(DRIVER_OBJECT *object, UNICODE_STRING *path)
{
    NDIS_STATUS status = miniport_entry(object, path);

    return status == NDIS_STATUS_SUCCESS ? NDIS_STATUS_RESOURCES : status;
}

static void
an_entry_that_fails_and_stays_registered_leaks(void **state)
{
    struct world w;

    (void)state;
    load_other(&w, register_and_fail);
    expect(&w, w.driver == NULL);
    world_expect_violation(&w, "LEAK_UNLOAD");
    machine_is_usable(&w);
}

static VOID
unload_and_forget(PDRIVER_OBJECT object)
{
    (void)object;
    miniport.unloads++;
}

static void
forgets_to_deregister(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->UnloadHandler = unload_and_forget;
}

static void
an_unload_that_does_not_deregister_leaks(void **state)
{
    struct world w;

    (void)state;
    miniport_reset();
    miniport.edit_characteristics = forgets_to_deregister;
    world_open(&w, 0);
    world_add_adapter(&w);
    expect(&w, pndis_adapter_remove(w.adapter) == 0);
    expect(&w, pndis_driver_unload(w.driver) == 0);
    assert_int_equal(miniport.unloads, 1);
    world_expect_violation(&w, "LEAK_UNLOAD");
    w.driver = NULL;
    machine_is_usable(&w);
}

static NDIS_STATUS
register_twice(DRIVER_OBJECT *object, UNICODE_STRING *path)
{
    NDIS_HANDLE second = NULL;
    NDIS_STATUS status = miniport_entry(object, path);

    other.status = NdisMRegisterMiniportDriver(object, path, NULL, &captured, &second);
    return status;
}

static void
a_driver_registers_once(void **state)
{
    struct world w;

    (void)state;
    load_other(&w, register_twice);
    expect(&w, w.driver != NULL);
    assert_int_not_equal(other.status, NDIS_STATUS_SUCCESS);
    world_expect_violation(&w, "REG_TWICE");
    world_add_adapter(&w);
    world_add_client(&w);
    expect_state(&w, "Running");
    world_close(&w);
}

static NDIS_STATUS
register_with_nulls(DRIVER_OBJECT *object, UNICODE_STRING *path)
{
    NDIS_STATUS status = register_and_undo(object, path);
    NDIS_HANDLE handle = NULL;

    (void)status;
    if (NdisMRegisterMiniportDriver(NULL, path, NULL, &captured, &handle) == 0 ||
        NdisMRegisterMiniportDriver(object, NULL, NULL, &captured, &handle) == 0 ||
        NdisMRegisterMiniportDriver(object, path, NULL, NULL, &handle) == 0 ||
        NdisMRegisterMiniportDriver(object, path, NULL, &captured, NULL) == 0) {
        return NDIS_STATUS_SUCCESS;
    }
    return NDIS_STATUS_FAILURE;
}

static void
null_arguments_are_refused(void **state)
{
    struct world w;
    unsigned reports = 0;

    (void)state;
    load_other(&w, register_with_nulls);
    expect(&w, w.driver == NULL);
    for (const struct pndis_violation *at; (at = pndis_violation_at(w.machine, reports)) != NULL;) {
        /* NULL characteristics have no header either. */
        expect(&w, strcmp(at->rule, "REG_NULL_ARGUMENT") == 0 ||
                       strcmp(at->rule, "OBJECT_HEADER") == 0 ||
                       strcmp(at->rule, "OBJECT_HANDLE") == 0);
        reports++;
    }
    assert_int_equal(reports, 4);
    pndis_violations_clear(w.machine);
    machine_is_usable(&w);
}

static void
register_late(void *argument)
{
    NDIS_HANDLE handle = NULL;

    (void)argument;
    other.status = NdisMRegisterMiniportDriver(other.object, other.path, NULL, &captured, &handle);
}

static NDIS_STATUS
stay_unregistered(DRIVER_OBJECT *object, UNICODE_STRING *path)
{
    register_and_undo(object, path);
    return NDIS_STATUS_SUCCESS;
}

static void
registration_happens_in_driver_entry(void **state)
{
    struct world w;

    (void)state;
    load_other(&w, stay_unregistered);
    expect(&w, w.driver != NULL);
    world_as_driver(&w, register_late, NULL);
    assert_int_not_equal(other.status, NDIS_STATUS_SUCCESS);
    world_expect_violation(&w, "REG_PLACE");
    world_close(&w);
}

/* --- optional handlers --- */

static NDIS_STATUS options_status;
static unsigned options_calls;
static NDIS_HANDLE options_handle;
static NDIS_HANDLE options_context;

static NDIS_STATUS
set_options(NDIS_HANDLE driver, NDIS_HANDLE context)
{
    options_calls++;
    options_handle = driver;
    options_context = context;
    return options_status;
}

static void
with_options(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->SetOptionsHandler = set_options;
}

static void
set_options_is_called_within_the_registration(void **state)
{
    struct world w;

    (void)state;
    options_calls = 0;
    options_status = NDIS_STATUS_SUCCESS;
    miniport_reset();
    miniport.edit_characteristics = with_options;
    world_open(&w, 0);
    world_add_adapter(&w);
    assert_int_equal(options_calls, 1);
    assert_ptr_equal(options_handle, miniport.handle);
    assert_ptr_equal(options_context, &miniport);
    world_close(&w);
}

static void
set_options_that_fails_fails_the_registration(void **state)
{
    (void)state;
    options_status = NDIS_STATUS_RESOURCES;
    registers_with("options that fail", with_options, NDIS_STATUS_RESOURCES, NULL);
}

/* --- deregistration of what is none --- */

static int garbage[64];
static NDIS_HANDLE bad_handle;

static void
deregister(void *argument)
{
    NdisMDeregisterMiniportDriver(*(NDIS_HANDLE *)argument);
}

static void
a_handle_that_is_none_is_not_deregistered(void **state)
{
    NDIS_HANDLE handles[] = {NULL, garbage, (NDIS_HANDLE)(ULONG_PTR)0xdeadbeef1};

    (void)state;
    for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
        struct world w;

        miniport_reset();
        world_open(&w, 0);
        world_add_adapter(&w);
        bad_handle = handles[i];
        world_as_driver(&w, deregister, &bad_handle);
        world_expect_violation(&w, "OBJECT_HANDLE");
        bad_handle = port_latest()->handle; /* Of the wrong kind. */
        world_as_driver(&w, deregister, &bad_handle);
        world_expect_violation(&w, "OBJECT_HANDLE");
        world_add_client(&w);
        expect_state(&w, "Running");
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_malformed_header_is_refused),
        cmocka_unit_test(a_sound_header_is_taken),
        cmocka_unit_test(a_revision_of_a_later_ndis_is_refused),
        cmocka_unit_test(a_version_that_does_not_exist_is_refused),
        cmocka_unit_test(every_version_of_ndis_6_is_taken),
        cmocka_unit_test(a_version_newer_than_the_machines_is_refused),
        cmocka_unit_test(a_required_handler_that_is_null_is_refused),
        cmocka_unit_test(handlers_come_in_pairs),
        cmocka_unit_test(an_entry_that_fails_deregisters_first),
        cmocka_unit_test(an_entry_that_fails_and_stays_registered_leaks),
        cmocka_unit_test(an_unload_that_does_not_deregister_leaks),
        cmocka_unit_test(a_driver_registers_once),
        cmocka_unit_test(null_arguments_are_refused),
        cmocka_unit_test(registration_happens_in_driver_entry),
        cmocka_unit_test(set_options_is_called_within_the_registration),
        cmocka_unit_test(set_options_that_fails_fails_the_registration),
        cmocka_unit_test(a_handle_that_is_none_is_not_deregistered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
