/*
 * The contract of MiniportInitialize and of what comes before and after it ("MiniportInitialize",
 * NdisMSetAttributesEx, NdisMRegisterMiniport): what may be called when, and what must be said
 * first.
 */
#include "miniport51.h"

static void
given(uint64_t seed)
{
    miniport51_reset();
    if (seed % 2 != 0) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
}

/* An adapter of the test's own: nothing is acquired but by `before` and `after`. */
static void (*before)(struct nic *nic); /* Attributes are set. */
static void (*after)(struct nic *nic);
static bool old_attributes;
static bool bus_master;

static struct {
    bool error_pointer;
    bool passive;
    UINT count;
    UINT ethernets;
} arguments;

static NDIS_STATUS
initialize_bare(PNDIS_STATUS open_error, PUINT selected, PNDIS_MEDIUM array, UINT count,
                NDIS_HANDLE handle, NDIS_HANDLE wrapper_context)
{
    struct nic *nic = calloc(1, sizeof(*nic));

    nic->handle = handle;
    nic->wrapper_context = wrapper_context;
    nic->next = miniport51.nics;
    miniport51.nics = nic;
    arguments.error_pointer = open_error != NULL;
    arguments.passive = KeGetCurrentIrql() == PASSIVE_LEVEL;
    arguments.count = count;
    arguments.ethernets = 0;
    for (UINT i = 0; i < count; i++) {
        if (array[i] == NdisMedium802_3) {
            arguments.ethernets++;
            *selected = i;
        }
    }
    if (before != NULL) {
        before(nic);
    }
    if (old_attributes) {
        NdisMSetAttributes(handle, nic, bus_master, NdisInterfacePci);
    } else {
        NdisMSetAttributesEx(handle, nic, 0, miniport51.attributes, NdisInterfacePci);
    }
    if (after != NULL) {
        after(nic);
    }
    return NDIS_STATUS_SUCCESS;
}

static void
own_initialize(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    calls->InitializeHandler = initialize_bare;
}

static void
given_bare(uint64_t seed)
{
    given(seed);
    miniport51.edit = own_initialize;
    before = after = NULL;
    old_attributes = bus_master = false;
}

/* --- what it is given --- */

static void
it_is_given_media_among_which_is_ethernet(void **state)
{
    struct world w;

    (void)state;
    given_bare(0);
    world5_running(&w, 1);
    expect(&w, arguments.error_pointer && arguments.passive);
    expect(&w, arguments.count >= 1 && arguments.ethernets == 1);
    world_close(&w);
}

static NDIS_STATUS resources_status;
static struct card_resources found;
static UCHAR config_byte;

static void
look_around(struct nic *nic)
{
    UCHAR buffer[512];
    UINT bytes = sizeof(buffer);
    NDIS_HANDLE configuration;

    NdisOpenConfiguration(&resources_status, &configuration, nic->wrapper_context);
    if (resources_status != NDIS_STATUS_SUCCESS) {
        return;
    }
    NdisCloseConfiguration(configuration);
    NdisMQueryAdapterResources(&resources_status, nic->wrapper_context, (PNDIS_RESOURCE_LIST)buffer,
                               &bytes);
    found = card_find((PNDIS_RESOURCE_LIST)buffer);
    NdisReadPciSlotInformation(nic->handle, 0, 0x41, &config_byte, 1);
}

/* Configuration and bus data may be read before the attributes are set. */
static void
configuration_and_slot_are_read_before_the_attributes_are_set(void **state)
{
    struct world w;

    (void)state;
    given_bare(0);
    before = look_around;
    config_byte = 0;
    world5_running(&w, 1);
    expect(&w, resources_status == NDIS_STATUS_SUCCESS);
    expect(&w, found.ports == 1 && found.memories == 1 && found.lines == 1);
    expect(&w, config_byte == (0x41 ^ 0x5a));
    world_close(&w);
}

/* --- what needs attributes --- */

static NDIS_STATUS claim_status;

static void
claim_ports(struct nic *nic)
{
    look_around(nic);
    claim_status =
        NdisMRegisterIoPortRange(&nic->io_ports, nic->handle, found.port, found.port_count);
}

static void
claim_memory(struct nic *nic)
{
    look_around(nic);
    claim_status = NdisMMapIoSpace(&nic->io_space, nic->handle, found.memory, found.memory_bytes);
}

static void
claim_interrupt(struct nic *nic)
{
    claim_status = NdisMRegisterInterrupt(&nic->interrupt, nic->handle, 0, 0, TRUE, FALSE,
                                          NdisInterruptLevelSensitive);
}

static void
claim_shared_memory(struct nic *nic)
{
    NdisMAllocateSharedMemory(nic->handle, 4096, FALSE, &nic->shared, &nic->shared_address);
    claim_status = nic->shared == NULL ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
}

static void
claim_map_registers(struct nic *nic)
{
    claim_status = NdisMAllocateMapRegisters(nic->handle, 0, NDIS_DMA_32BITS, 4, 4096);
}

static void
claim_dma_channel(struct nic *nic)
{
    NDIS_DMA_DESCRIPTION description = {.DmaChannelSpecified = TRUE, .DmaChannel = 3};

    claim_status =
        NdisMRegisterDmaChannel(&nic->dma_channel, nic->handle, 3, FALSE, &description, 4096);
}

/* "... cannot call the following NdisXxx before it calls NdisMSetAttributesEx." */
static void
hardware_is_claimed_after_the_attributes_are_set(void **state)
{
    static void (*const claims[])(struct nic * nic) = {
        claim_ports,         claim_memory,        claim_interrupt,
        claim_shared_memory, claim_map_registers, claim_dma_channel,
    };

    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(claims); i++) {
        struct world w;

        given_bare(i);
        before = claims[i];
        claim_status = NDIS_STATUS_SUCCESS;
        world5_open(&w, i);
        world5_add(&w);
        if (claim_status == NDIS_STATUS_SUCCESS || pndis_violation_at(w.machine, 0) == NULL) {
            fail_msg("claim %u before the attributes: status 0x%08x, %zu violations", i,
                     (unsigned)claim_status, pndis_violation_count(w.machine));
        }
        pndis_violations_clear(w.machine);
        world_close(&w);
    }
}

static void
free_map_registers(void *argument)
{
    (void)argument;
    NdisMFreeMapRegisters(nic_latest()->handle);
}

/* "... will fail if MiniportInitialize has not yet" said NDIS_ATTRIBUTE_BUS_MASTER. */
static void
map_registers_are_for_bus_masters(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct world w;

        given_bare(0);
        after = claim_map_registers;
        if (i != 0) {
            miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_BUS_MASTER;
        }
        world5_running(&w, i);
        expect(&w, (claim_status == NDIS_STATUS_SUCCESS) == (i == 0));
        pndis_violations_clear(w.machine);
        if (i == 0) {
            world_as_driver(&w, free_map_registers, NULL);
        }
        world_close(&w);
    }
}

/* --- the older function --- */

static UINT sends_inside;

static NDIS_STATUS
send_at_once(NDIS_HANDLE context, PNDIS_PACKET packet, UINT flags)
{
    (void)packet;
    (void)flags;
    saw(&((struct nic *)context)->sends);
    sends_inside += KeGetCurrentIrql() == DISPATCH_LEVEL;
    return NDIS_STATUS_SUCCESS;
}

static void
own_send(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    own_initialize(calls);
    calls->SendPacketsHandler = NULL;
    calls->SendHandler = send_at_once;
}

/* NdisMSetAttributes: a serialized driver, that answers a send by its status. */
static void
with_the_older_attributes_a_driver_is_serialized(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct pndis_client_counts counts;
        uint8_t frame[64];
        struct world w;

        given_bare(0);
        miniport51.edit = own_send;
        old_attributes = true;
        bus_master = i != 0;
        after = bus_master ? claim_map_registers : NULL;
        sends_inside = 0;
        world5_running(&w, i);
        make_frame_bytes(frame, sizeof(frame), 1);
        for (unsigned count = 0; count < 4; count++) {
            expect(&w, pndis_client_send(w.client, frame, sizeof(frame)) == 0);
        }
        world_settle(&w);
        pndis_client_get_counts(w.client, &counts);
        expect(&w, counts.completed_ok == 4 && sends_inside == 4);
        if (bus_master) {
            expect(&w, claim_status == NDIS_STATUS_SUCCESS);
            world_as_driver(&w, free_map_registers, NULL);
        }
        world_close(&w);
    }
}

/* --- while it runs --- */

static unsigned called_early;

static void
sleep_long(struct nic *nic)
{
    for (unsigned i = 0; i < 100; i++) {
        NdisMSleep(100000);
    }
    called_early = SEEN(nic->queries) + SEEN(nic->sets) + SEEN(nic->resets) + SEEN(nic->sends);
}

/* "No OID, send or other request reaches the adapter before the call returns." */
static void
nothing_is_asked_of_an_adapter_that_is_initializing(void **state)
{
    (void)state;
    if (world_is_live()) {
        skip(); /* Ten seconds of virtual time. */
    }
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        struct world w;

        given_bare(seed);
        after = sleep_long;
        called_early = ~0u;
        world5_running(&w, seed);
        expect(&w, called_early == 0 && SEEN(nic_latest()->queries) > 0);
        world_close(&w);
    }
}

/* --- its configuration --- */

static ULONG number_read;
static WCHAR text_read[16];
static UCHAR address_read[6];
static UINT address_bytes;

static void
read_configuration(struct nic *nic)
{
    NDIS_STRING speed = RTL_CONSTANT_STRING(L"LineSpeed");
    NDIS_STRING mode = RTL_CONSTANT_STRING(L"Mode");
    PNDIS_CONFIGURATION_PARAMETER value;
    NDIS_HANDLE configuration;
    NDIS_STATUS status;
    PVOID address;

    NdisOpenConfiguration(&status, &configuration, nic->wrapper_context);
    if (status != NDIS_STATUS_SUCCESS) {
        return;
    }
    NdisReadConfiguration(&status, &value, configuration, &speed, NdisParameterInteger);
    number_read = status == NDIS_STATUS_SUCCESS ? value->ParameterData.IntegerData : 0;
    NdisReadConfiguration(&status, &value, configuration, &mode, NdisParameterString);
    if (status == NDIS_STATUS_SUCCESS &&
        value->ParameterData.StringData.Length < sizeof(text_read)) {
        memcpy(text_read, value->ParameterData.StringData.Buffer,
               value->ParameterData.StringData.Length);
    }
    NdisReadNetworkAddress(&status, &address, &address_bytes, configuration);
    if (status == NDIS_STATUS_SUCCESS && address_bytes == sizeof(address_read)) {
        memcpy(address_read, address, address_bytes);
    }
    NdisCloseConfiguration(configuration);
}

static void
it_reads_what_was_configured(void **state)
{
    static const struct pndis_parameter parameters[] = {{"LineSpeed", "42"}, {"Mode", "fast"}};
    const uint8_t address[6] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};
    const struct pndis_adapter_options options = {
        .network_address = "02-11-22-33-44-55", .parameters = parameters, .parameter_count = 2};
    struct pndis_adapter_options with_device = options;
    struct world w;

    (void)state;
    given_bare(0);
    before = read_configuration;
    number_read = address_bytes = 0;
    memset(text_read, 0, sizeof(text_read));
    world5_open(&w, 1);
    card_plug(&w, NULL);
    with_device.device = card.device;
    w.adapter = pndis_adapter_add(w.machine, w.driver, &with_device);
    expect(&w, w.adapter != NULL);
    expect(&w, number_read == 42);
    expect(&w, memcmp(text_read, L"fast", sizeof(L"fast")) == 0);
    expect(&w, address_bytes == 6 && memcmp(address_read, address, 6) == 0);
    world_close(&w);
}

/* --- two adapters --- */

static void
each_adapter_has_its_own_context(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct pndis_adapter *second;
        struct pndis_client *other;
        struct nic *one;
        struct nic *two;
        uint8_t frame[64];
        struct world w;

        given_bare(seed);
        world5_running(&w, seed);
        one = nic_latest();
        card_plug(&w, NULL);
        second = pndis_adapter_add(w.machine, w.driver,
                                   &(struct pndis_adapter_options){.device = card.device});
        expect(&w, second != NULL);
        two = nic_latest();
        other = pndis_client_open(second, NULL);
        make_frame_bytes(frame, sizeof(frame), 1);
        expect(&w, one != two && other != NULL);
        for (unsigned i = 0; i < 3; i++) {
            expect(&w, pndis_client_send(w.client, frame, sizeof(frame)) == 0);
        }
        expect(&w, pndis_client_send(other, frame, sizeof(frame)) == 0);
        world_settle(&w);
        expect(&w, SEEN(one->sends) == 3 && SEEN(two->sends) == 1);
        expect(&w, pndis_adapter_stop(second, PNDIS_HALT_DISABLED) == 0);
        expect(&w, SEEN(two->halts) == 1 && SEEN(one->halts) == 0);
        expect(&w, pndis_client_send(w.client, frame, sizeof(frame)) == 0);
        world_settle(&w);
        expect(&w, SEEN(one->sends) == 4);
        world_close(&w);
    }
}

/* --- registration --- */

static NDIS_STATUS register_status;
static UINT register_length;
static UCHAR register_major;
static UCHAR register_minor;

static int
entry_with_length(void *driver_object, void *registry_path)
{
    NDIS51_MINIPORT_CHARACTERISTICS calls;
    NDIS_HANDLE wrapper;

    memset(&calls, 0, sizeof(calls));
    calls.MajorNdisVersion = register_major;
    calls.MinorNdisVersion = register_minor;
    NdisMInitializeWrapper(&wrapper, driver_object, registry_path, NULL);
    calls.InitializeHandler = initialize_bare;
    calls.QueryInformationHandler = (W_QUERY_INFORMATION_HANDLER)(PVOID)initialize_bare;
    calls.SetInformationHandler = (W_SET_INFORMATION_HANDLER)(PVOID)initialize_bare;
    calls.ResetHandler = (W_RESET_HANDLER)(PVOID)initialize_bare;
    calls.SendHandler = send_at_once;
    calls.HaltHandler = (W_HALT_HANDLER)(PVOID)initialize_bare;
    register_status =
        NdisMRegisterMiniport(wrapper, (PNDIS_MINIPORT_CHARACTERISTICS)&calls, register_length);
    if (register_status != NDIS_STATUS_SUCCESS) {
        NdisTerminateWrapper(wrapper, NULL);
    }
    return register_status;
}

/* "NdisMRegisterMiniport": the length is that of the version's structure. */
static void
characteristics_that_are_too_short_for_their_version_are_refused(void **state)
{
    static const struct {
        UCHAR major;
        UCHAR minor;
        UINT length;
        bool good;
    } cases[] = {
        {5, 1, sizeof(NDIS51_MINIPORT_CHARACTERISTICS), true},
        {5, 1, sizeof(NDIS50_MINIPORT_CHARACTERISTICS), false},
        {5, 0, sizeof(NDIS50_MINIPORT_CHARACTERISTICS), true},
        {5, 0, sizeof(NDIS40_MINIPORT_CHARACTERISTICS), false},
        {4, 0, sizeof(NDIS40_MINIPORT_CHARACTERISTICS), true},
        {4, 0, sizeof(NDIS30_MINIPORT_CHARACTERISTICS), false},
        {5, 1, 8, false},
    };

    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(cases); i++) {
        struct pndis_driver *driver;
        struct world w;

        given_bare(0);
        world_open(&w, i);
        register_major = cases[i].major;
        register_minor = cases[i].minor;
        register_length = cases[i].length;
        driver = pndis_driver_load(
            w.machine, NULL,
            &(struct pndis_driver_options){.name = "lengths", .entry = entry_with_length});
        if ((driver != NULL) != cases[i].good ||
            (register_status == NDIS_STATUS_SUCCESS) != cases[i].good) {
            fail_msg("%u.%u of %u bytes: status 0x%08x", cases[i].major, cases[i].minor,
                     cases[i].length, (unsigned)register_status);
        }
        pndis_violations_clear(w.machine);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_given_media_among_which_is_ethernet),
        cmocka_unit_test(configuration_and_slot_are_read_before_the_attributes_are_set),
        cmocka_unit_test(hardware_is_claimed_after_the_attributes_are_set),
        cmocka_unit_test(map_registers_are_for_bus_masters),
        cmocka_unit_test(with_the_older_attributes_a_driver_is_serialized),
        cmocka_unit_test(nothing_is_asked_of_an_adapter_that_is_initializing),
        cmocka_unit_test(it_reads_what_was_configured),
        cmocka_unit_test(each_adapter_has_its_own_context),
        cmocka_unit_test(characteristics_that_are_too_short_for_their_version_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
