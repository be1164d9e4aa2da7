/* What MiniportInitializeEx says about an adapter: "NdisMSetMiniportAttributes". */
#include "support/world.h"

enum { SEEDS = 10 };

enum kind { REGISTRATION, GENERAL, OFFLOAD, ASSIST, KIND_COUNT };

static const struct {
    const char *name;
    NDIS_OBJECT_HEADER header;
} kinds[KIND_COUNT] = {
    [REGISTRATION] = {"registration",
                      {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES, 1,
                       NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1}},
    [GENERAL] = {"general",
                 {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES, 1,
                  NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1}},
    [OFFLOAD] = {"offload",
                 {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES, 1,
                  NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1}},
    [ASSIST] = {"hardware assist",
                {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES, 1,
                 NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_1}},
};

/* --- a driver that sets what a script says --- */

enum { SCRIPT_LIMIT = 4 };

static struct {
    const enum kind *steps;
    unsigned step_count;
    NDIS_STATUS statuses[SCRIPT_LIMIT];
    unsigned halts;
    NDIS_HANDLE context; /* Given to MiniportHaltEx. */
} script;

static int context_of_script;

static NDIS_STATUS
set(NDIS_HANDLE handle, enum kind kind)
{
    static NDIS_OID oids[] = {OID_GEN_STATISTICS};
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes;

    memset(&attributes, 0, sizeof(attributes));
    if (kind == REGISTRATION) {
        attributes.RegistrationAttributes.MiniportAdapterContext = &context_of_script;
        attributes.RegistrationAttributes.InterfaceType = NdisInterfaceInternal;
    }
    if (kind == GENERAL) {
        attributes.GeneralAttributes.MediaType = NdisMedium802_3;
        attributes.GeneralAttributes.MtuSize = PORT_MTU;
        attributes.GeneralAttributes.MacAddressLength = 6;
        attributes.GeneralAttributes.PermanentMacAddress[0] = 2;
        attributes.GeneralAttributes.CurrentMacAddress[0] = 2;
        attributes.GeneralAttributes.SupportedOidList = oids;
        attributes.GeneralAttributes.SupportedOidListLength = sizeof(oids);
    }
    attributes.GeneralAttributes.Header = kinds[kind].header;
    return NdisMSetMiniportAttributes(handle, &attributes);
}

static NDIS_STATUS
follow_script(NDIS_HANDLE handle, NDIS_HANDLE context, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    (void)context;
    (void)parameters;
    for (unsigned i = 0; i < script.step_count; i++) {
        script.statuses[i] = set(handle, script.steps[i]);
        if (script.statuses[i] != NDIS_STATUS_SUCCESS) {
            status = script.statuses[i];
        }
    }
    return status;
}

static VOID
halt_script(NDIS_HANDLE context, NDIS_HALT_ACTION action)
{
    (void)action;
    script.halts++;
    script.context = context;
}

static VOID
ignore_event(NDIS_HANDLE context, PNET_DEVICE_PNP_EVENT event)
{
    (void)context;
    (void)event;
}

static void
run_script(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->DevicePnPEventNotifyHandler = ignore_event;
    characteristics->InitializeHandlerEx = follow_script;
    characteristics->HaltHandlerEx = halt_script;
}

/* A second driver, a correct one, on the same machine. */
static void
machine_is_usable(struct world *w)
{
    miniport_reset();
    w->driver = NULL;
    world_add_adapter(w);
    world_add_client(w);
    expect_state(w, "Running");
    world_close(w);
}

static void
remove_scripted(struct world *w)
{
    expect(w, pndis_adapter_remove(w->adapter) == 0);
    expect(w, pndis_driver_unload(w->driver) == 0);
}

static void
start_with_script(struct world *w, uint64_t seed, const enum kind *steps, unsigned count)
{
    memset(&script, 0, sizeof(script));
    script.steps = steps;
    script.step_count = count;
    miniport_reset();
    miniport.edit_characteristics = run_script;
    world_open(w, seed);
    world_add_adapter(w);
}

#define SCRIPT(...)                                                                                \
    (const enum kind[]){__VA_ARGS__}, sizeof((const enum kind[]){__VA_ARGS__}) / sizeof(enum kind)

/* --- order --- */

static void
in_order(const enum kind *steps, unsigned count)
{
    struct world w;

    start_with_script(&w, 0, steps, count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(script.statuses[i], NDIS_STATUS_SUCCESS);
    }
    expect_state(&w, "Paused");
    assert_int_equal(script.halts, 0);
    world_expect_clean(&w);
    remove_scripted(&w);
    assert_int_equal(script.halts, 1);
    assert_ptr_equal(script.context, &context_of_script);
    machine_is_usable(&w);
}

static void
attributes_are_taken_in_their_order(void **state)
{
    (void)state;
    in_order(SCRIPT(REGISTRATION, GENERAL));
    in_order(SCRIPT(REGISTRATION, GENERAL, OFFLOAD));
    in_order(SCRIPT(REGISTRATION, GENERAL, ASSIST));
    in_order(SCRIPT(REGISTRATION, GENERAL, ASSIST, OFFLOAD));
}

/* The last step is the one that comes too early. */
static void
out_of_order(const enum kind *steps, unsigned count)
{
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        start_with_script(&w, seed, steps, count);
        assert_int_not_equal(script.statuses[count - 1], NDIS_STATUS_SUCCESS);
        expect_state(&w, "Halted");
        assert_int_equal(script.halts, 0);
        world_expect_violation(&w, "MP_ATTR_ORDER");
        remove_scripted(&w);
        machine_is_usable(&w);
    }
}

static void
attributes_that_come_too_early_are_refused(void **state)
{
    (void)state;
    out_of_order(SCRIPT(GENERAL));
    out_of_order(SCRIPT(OFFLOAD));
    out_of_order(SCRIPT(ASSIST));
    out_of_order(SCRIPT(REGISTRATION, OFFLOAD));
    out_of_order(SCRIPT(REGISTRATION, ASSIST));
}

/* What initialize acquired is only given back by a halt. */
static void
an_initialize_that_forgot_attributes_does_not_succeed(void **state)
{
    static const enum kind registration = REGISTRATION;

    (void)state;
    for (unsigned count = 0; count < 2; count++) {
        struct world w;

        start_with_script(&w, 0, &registration, count);
        expect_state(&w, "Halted");
        world_expect_violation(&w, "MP_ATTR_MISSING");
        assert_int_equal(script.halts, count);
        remove_scripted(&w);
        machine_is_usable(&w);
    }
}

/* --- headers --- */

static NDIS_OBJECT_HEADER header;

static void
edit_registration_header(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *attributes)
{
    attributes->Header = header;
}

static void
edit_general_header(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    attributes->Header = header;
}

static NDIS_STATUS
set_third(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes;

    (void)parameters;
    memset(&attributes, 0, sizeof(attributes));
    attributes.OffloadAttributes.Header = header;
    return NdisMSetMiniportAttributes(port->handle, &attributes);
}

/* The adapter stays Halted, with @status where it is not 0. */
static void
initialize_fails(NDIS_STATUS status, const char *rule)
{
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct miniport wrong = miniport;
        struct world w;

        world_open(&w, seed);
        world_add_adapter(&w);
        expect_state(&w, "Halted");
        expect(&w, pndis_adapter_status(w.adapter) != 0);
        expect(&w, status == 0 || pndis_adapter_status(w.adapter) == status);
        world_expect_violation(&w, rule);
        expect(&w, pndis_violation_count(w.machine) == 0);
        /* The same driver, corrected, starts the same adapter. */
        miniport.edit_registration = NULL;
        miniport.edit_general = NULL;
        miniport.on_initialize = NULL;
        expect(&w, pndis_adapter_start(w.adapter) == 0);
        world_add_client(&w);
        expect_state(&w, "Running");
        world_close(&w);
        miniport = wrong;
    }
}

static void
a_revision_that_does_not_exist_is_a_bad_version(void **state)
{
    (void)state;
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        print_message("%s attributes\n", kinds[kind].name);
        header = kinds[kind].header;
        header.Revision = 0;
        miniport_reset();
        if (kind == REGISTRATION) {
            miniport.edit_registration = edit_registration_header;
        } else if (kind == GENERAL) {
            miniport.edit_general = edit_general_header;
        } else {
            miniport.on_initialize = set_third;
        }
        initialize_fails(NDIS_STATUS_BAD_VERSION, "OBJECT_HEADER");
    }
}

static void
a_size_that_is_too_small_is_refused(void **state)
{
    static const struct {
        enum kind kind;
        UCHAR revision;
        USHORT size;
    } sizes[] = {
        {REGISTRATION, 1, 0},
        {REGISTRATION, 1, sizeof(NDIS_OBJECT_HEADER)},
        {REGISTRATION, 1, NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1 - 1},
        {REGISTRATION, 2, NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_2 - 1},
        {GENERAL, 1, 0},
        {GENERAL, 1, NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1 - 1},
        {GENERAL, 2, NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1},
        {OFFLOAD, 1, NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1 - 1},
        {ASSIST, 1, NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_1 - 1},
        {ASSIST, 2, NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        header = kinds[sizes[i].kind].header;
        header.Revision = sizes[i].revision;
        header.Size = sizes[i].size;
        print_message("%s attributes: revision %u, %u bytes\n", kinds[sizes[i].kind].name,
                      header.Revision, header.Size);
        miniport_reset();
        if (sizes[i].kind == REGISTRATION) {
            miniport.edit_registration = edit_registration_header;
        } else if (sizes[i].kind == GENERAL) {
            miniport.edit_general = edit_general_header;
        } else {
            miniport.on_initialize = set_third;
        }
        initialize_fails(0, "OBJECT_HEADER");
    }
}

/* "Added AttributeFlags flags for NDIS 6.30", "Added the PowerManagementCapabilitiesEx member for
 * NDIS 6.2", "Original version for NDIS 6.1", "[...] for NDIS 6.20", "[...] for NDIS 6.30". */
static void
a_revision_of_a_later_ndis_is_refused(void **state)
{
    static const struct {
        enum kind kind;
        ULONG version;
        UCHAR revision;
        USHORT size;
    } revisions[] = {
        {REGISTRATION, 0x00060014, 2,
         NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_2},
        {GENERAL, 0x00060001, 2, NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2},
        {OFFLOAD, 0x0006001E, 2, NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1},
        {ASSIST, 0x00060000, 1, NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_1},
        {ASSIST, 0x00060001, 2, NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_2},
        {ASSIST, 0x0006001E, 4, NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_4},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(revisions) / sizeof(revisions[0]); i++) {
        header = kinds[revisions[i].kind].header;
        header.Revision = revisions[i].revision;
        header.Size = revisions[i].size;
        print_message("%s attributes: revision %u of NDIS %x\n", kinds[revisions[i].kind].name,
                      header.Revision, revisions[i].version);
        miniport_reset();
        miniport.version = revisions[i].version;
        if (revisions[i].kind == REGISTRATION) {
            miniport.edit_registration = edit_registration_header;
        } else if (revisions[i].kind == GENERAL) {
            miniport.edit_general = edit_general_header;
        } else {
            miniport.on_initialize = set_third;
        }
        initialize_fails(NDIS_STATUS_BAD_VERSION, "REG_REVISION");
    }
}

static void
a_type_that_is_none_is_refused(void **state)
{
    static const UCHAR types[] = {0, NDIS_OBJECT_TYPE_DEFAULT, NDIS_OBJECT_TYPE_OID_REQUEST,
                                  NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS, 0xff};

    (void)state;
    for (size_t i = 0; i < sizeof(types); i++) {
        miniport_reset();
        header = kinds[OFFLOAD].header;
        header.Type = types[i];
        miniport.on_initialize = set_third;
        initialize_fails(0, "OBJECT_HEADER");
    }
}

static NDIS_STATUS
set_null(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    (void)parameters;
    return NdisMSetMiniportAttributes(port->handle, NULL);
}

static void
attributes_that_are_null_are_refused(void **state)
{
    (void)state;
    miniport_reset();
    miniport.on_initialize = set_null;
    initialize_fails(0, "OBJECT_HEADER");
}

/* --- values --- */

static void
long_address(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    attributes->MacAddressLength = sizeof(attributes->CurrentMacAddress) + 1;
}

static void
short_address(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    attributes->MacAddressLength = 5; /* Of an Ethernet adapter. */
}

static void
torn_list(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    attributes->SupportedOidListLength = sizeof(NDIS_OID) + 1;
}

static void
missing_list(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    attributes->SupportedOidList = NULL;
}

static void
no_mtu(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    attributes->MtuSize = 0;
}

static void
values_that_cannot_be_are_refused(void **state)
{
    static void (*const edits[])(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *) = {
        long_address, short_address, torn_list, missing_list, no_mtu,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        print_message("edit %zu\n", i);
        miniport_reset();
        miniport.edit_general = edits[i];
        initialize_fails(0, "MP_ATTR_VALUES");
    }
}

static NDIS_RECEIVE_SCALE_CAPABILITIES rss;

static void
bad_rss(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    rss.Header.Type = NDIS_OBJECT_TYPE_RSS_CAPABILITIES;
    rss.Header.Revision = NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_2;
    rss.Header.Size = NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_2 - 1;
    attributes->RecvScaleCapabilities = &rss;
}

static NDIS_PM_CAPABILITIES power;

static void
bad_power(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    power.Header.Type = NDIS_OBJECT_TYPE_RSS_CAPABILITIES;
    power.Header.Revision = NDIS_PM_CAPABILITIES_REVISION_1;
    power.Header.Size = NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_1;
    attributes->Header.Revision = NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    attributes->Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    attributes->PowerManagementCapabilitiesEx = &power;
}

static void
malformed_headers_inside_are_refused(void **state)
{
    (void)state;
    miniport_reset();
    miniport.edit_general = bad_rss;
    initialize_fails(NDIS_STATUS_BAD_VERSION, "OBJECT_HEADER");
    miniport_reset();
    miniport.edit_general = bad_power;
    initialize_fails(NDIS_STATUS_BAD_VERSION, "OBJECT_HEADER");
}

/* --- places --- */

static void
set_late(void *argument)
{
    struct port *port = argument;

    script.statuses[0] = set(port->handle, GENERAL);
}

static NDIS_STATUS
set_on_restart(struct port *port, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    (void)parameters;
    set_late(port);
    return NDIS_STATUS_SUCCESS;
}

static void
attributes_are_set_in_initialize_only(void **state)
{
    struct world w;

    (void)state;
    miniport_reset();
    miniport.on_restart = set_on_restart;
    world_open(&w, 0);
    world_add_adapter(&w);
    world_add_client(&w);
    assert_int_not_equal(script.statuses[0], NDIS_STATUS_SUCCESS);
    world_expect_violation(&w, "MP_ATTR_PLACE");
    world_as_driver(&w, set_late, port_latest());
    assert_int_not_equal(script.statuses[0], NDIS_STATUS_SUCCESS);
    world_expect_violation(&w, "MP_ATTR_PLACE");
    expect_state(&w, "Running");
    world_close(&w);
}

/* --- what becomes of them --- */

static void
speeds(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    attributes->MtuSize = 9000;
    attributes->XmitLinkSpeed = 100000000;
    attributes->RcvLinkSpeed = 10000000;
    attributes->MediaConnectState = MediaConnectStateDisconnected;
    memcpy(attributes->CurrentMacAddress, "\x02\x11\x22\x33\x44\x55", 6);
}

static void
the_host_sees_what_was_set(void **state)
{
    struct pndis_adapter_info info;
    struct world w;

    (void)state;
    miniport_reset();
    miniport.edit_general = speeds;
    world_open(&w, 0);
    world_add_adapter(&w);
    expect(&w, pndis_adapter_get_info(w.adapter, &info) == 0);
    assert_int_equal(info.mtu, 9000);
    assert_true(info.transmit_speed == 100000000 && info.receive_speed == 10000000);
    assert_false(info.connected);
    assert_int_equal(info.address_bytes, 6);
    assert_memory_equal(info.address, "\x02\x11\x22\x33\x44\x55", 6);
    assert_memory_equal(info.permanent_address, "\x02\x50\x4e\x44\x49\x53", 6);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_are_taken_in_their_order),
        cmocka_unit_test(attributes_that_come_too_early_are_refused),
        cmocka_unit_test(an_initialize_that_forgot_attributes_does_not_succeed),
        cmocka_unit_test(a_revision_that_does_not_exist_is_a_bad_version),
        cmocka_unit_test(a_size_that_is_too_small_is_refused),
        cmocka_unit_test(a_revision_of_a_later_ndis_is_refused),
        cmocka_unit_test(a_type_that_is_none_is_refused),
        cmocka_unit_test(attributes_that_are_null_are_refused),
        cmocka_unit_test(values_that_cannot_be_are_refused),
        cmocka_unit_test(malformed_headers_inside_are_refused),
        cmocka_unit_test(attributes_are_set_in_initialize_only),
        cmocka_unit_test(the_host_sees_what_was_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
