/*
 * Registers, ports and configuration space of a card: "NdisMMapIoSpace", "NdisMUnmapIoSpace",
 * "NdisMRegisterIoPortRange", "NdisReadRegisterUlong" and its relatives, "NdisRawReadPortUlong" and
 * its, "NdisMGetBusData", "NdisMSetBusData", NDIS_MINIPORT_INIT_PARAMETERS.
 */
#include "support/card.h"

enum { SEEDS = 40 };

/* What the miniport found and claimed. */
static struct {
    struct card_resources found;
    NDIS_STATUS map_status;
    NDIS_STATUS port_status;
    UCHAR *registers;
    UCHAR *ports;
} driver;

static NDIS_STATUS
claim(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    driver.found = card_find(parameters->AllocatedResources);
    driver.map_status = NdisMMapIoSpace((PVOID *)&driver.registers, port->handle,
                                        driver.found.memory, driver.found.memory_bytes);
    driver.port_status = NdisMRegisterIoPortRange((PVOID *)&driver.ports, port->handle,
                                                  driver.found.port, driver.found.port_count);
    return NDIS_STATUS_SUCCESS;
}

static void
give_back(struct port *port, NDIS_HALT_ACTION action)
{
    (void)action;
    NdisMUnmapIoSpace(port->handle, driver.registers, driver.found.memory_bytes);
    NdisMDeregisterIoPortRange(port->handle, driver.found.port, driver.found.port_count,
                               driver.ports);
}

static void
start(struct world *w, uint64_t seed)
{
    card_reset();
    memset(&driver, 0, sizeof(driver));
    miniport.on_initialize = claim;
    miniport.on_halt = give_back;
    world_open(w, seed);
    card_add(w, NULL);
    expect_state(w, "Paused");
    expect(w, driver.map_status == NDIS_STATUS_SUCCESS && driver.registers != NULL);
    expect(w, driver.port_status == NDIS_STATUS_SUCCESS);
}

static void
for_each_seed(void (*test)(struct world *w))
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        start(&w, seed);
        test(&w);
        world_close(&w);
    }
}

/* --- resources --- */

static void
resources(struct world *w)
{
    expect(w, driver.found.memories == 1 && driver.found.memory_bytes == CARD_MEMORY_BYTES);
    expect(w, driver.found.ports == 1 && driver.found.port_count == CARD_PORTS);
    expect(w, driver.found.lines == 1 && driver.found.messages == 0);
}

static void
a_miniport_is_told_the_resources_of_its_card(void **state)
{
    (void)state;
    for_each_seed(resources);
}

/* --- registers and ports --- */

static void
use_registers(void *argument)
{
    bool *good = argument;
    UCHAR byte = 0;
    USHORT two = 0;
    ULONG four = 0;

    NdisWriteRegisterUlong((PULONG)(driver.registers + 0x10), 0x11223344);
    *good = card.width == 4 && card.offset == 0x10 && card.range == CARD_MEMORY_RANGE;
    NdisReadRegisterUchar(driver.registers + 0x11, &byte);
    *good = *good && byte == 0x33 && card.width == 1 && card.offset == 0x11;
    NdisWriteRegisterUshort((PUSHORT)(driver.registers + 0x12), 0xabcd);
    NdisReadRegisterUlong((PULONG)(driver.registers + 0x10), &four);
    *good = *good && four == 0xabcd3344;
    NdisWriteRegisterUchar(driver.registers + CARD_MEMORY_BYTES - 1, 0x7f);
    NdisReadRegisterUshort((PUSHORT)(driver.registers + CARD_MEMORY_BYTES - 2), &two);
    *good = *good && two == 0x7f00 && card.reads == 3 && card.writes == 3;
}

static void
registers(struct world *w)
{
    bool good = false;

    world_as_driver(w, use_registers, &good);
    expect(w, good);
    expect(w, card.memory[0x12] == 0xcd && card.memory[CARD_MEMORY_BYTES - 1] == 0x7f);
}

static void
every_access_to_a_register_reaches_the_card(void **state)
{
    (void)state;
    for_each_seed(registers);
}

static void
use_ports(void *argument)
{
    bool *good = argument;
    UCHAR in[3] = {0};
    UCHAR out[3] = {1, 2, 3};
    USHORT two = 0;
    ULONG four = 0;

    NdisRawWritePortUlong(driver.ports + 8, 0x55667788);
    *good = card.range == CARD_PORT_RANGE && card.offset == 8 && card.width == 4;
    NdisRawReadPortUshort(driver.ports + 10, &two);
    NdisRawWritePortUchar(driver.ports + 8, 0x99);
    NdisRawReadPortUlong(driver.ports + 8, &four);
    *good = *good && two == 0x5566 && four == 0x55667799;
    NdisRawWritePortBufferUchar(driver.ports + 4, out, 3);
    *good = *good && card.ports[4] == 3 && card.ports[5] == 0 && card.writes == 5;
    NdisRawReadPortBufferUchar(driver.ports + 4, in, 3);
    *good = *good && in[0] == 3 && in[2] == 3 && card.reads == 5 && card.offset == 4;
}

static void
ports(struct world *w)
{
    bool good = false;

    world_as_driver(w, use_ports, &good);
    expect(w, good);
}

static void
every_access_to_a_port_reaches_the_card(void **state)
{
    (void)state;
    for_each_seed(ports);
}

/* --- configuration space --- */

struct bus_access {
    ULONG offset;
    ULONG bytes;
    ULONG done;
    UCHAR data[CARD_CONFIG_BYTES];
};

static void
get_bus_data(void *argument)
{
    struct bus_access *access = argument;

    access->done = NdisMGetBusData(port_latest()->handle, PCI_WHICHSPACE_CONFIG, access->offset,
                                   access->data, access->bytes);
}

static void
set_bus_data(void *argument)
{
    struct bus_access *access = argument;

    access->done = NdisMSetBusData(port_latest()->handle, PCI_WHICHSPACE_CONFIG, access->offset,
                                   access->data, access->bytes);
}

static void
bus_data(struct world *w)
{
    struct bus_access read = {.offset = 4, .bytes = 60};
    struct bus_access write = {.offset = 0x40, .bytes = 4, .data = {1, 2, 3, 4}};

    world_as_driver(w, get_bus_data, &read);
    expect(w, read.done == 60 && memcmp(read.data, card.config + 4, 60) == 0);
    world_as_driver(w, set_bus_data, &write);
    expect(w, write.done == 4 && memcmp(card.config + 0x40, write.data, 4) == 0);
    read.offset = CARD_CONFIG_BYTES - 2;
    read.bytes = 8;
    world_as_driver(w, get_bus_data, &read);
    expect(w, read.done == 2);
}

static void
the_configuration_space_is_that_of_the_card(void **state)
{
    (void)state;
    for_each_seed(bus_data);
}

/* --- a card that is gone --- */

static void
read_all_ones(void *argument)
{
    bool *good = argument;
    UCHAR byte = 0;
    USHORT two = 0;
    ULONG four = 0;

    NdisReadRegisterUlong((PULONG)driver.registers, &four);
    NdisReadRegisterUchar(driver.registers + 1, &byte);
    NdisRawReadPortUshort(driver.ports + 2, &two);
    *good = four == 0xffffffff && byte == 0xff && two == 0xffff;
    NdisWriteRegisterUlong((PULONG)driver.registers, 0);
}

static void
unplugged(struct world *w)
{
    struct bus_access read = {.bytes = 4};
    bool good = false;

    pndis_device_unplug(card.device);
    world_as_driver(w, read_all_ones, &good);
    expect(w, good && card.reads == 0 && card.writes == 0);
    expect(w, pndis_device_lost_accesses(card.device) == 4);
    world_as_driver(w, get_bus_data, &read);
    expect(w, read.done == 0 || memcmp(read.data, "\xff\xff\xff\xff", 4) == 0);
}

static void
a_card_that_was_pulled_out_reads_all_ones(void **state)
{
    (void)state;
    for_each_seed(unplugged);
}

/* --- broken rules --- */

static void
read_beyond(void *argument)
{
    ULONG four = 0;

    (void)argument;
    NdisReadRegisterUlong((PULONG)(driver.registers + CARD_MEMORY_BYTES - 2), &four);
}

static void
read_after_unmap(struct port *port, NDIS_HALT_ACTION action)
{
    ULONG four = 0;

    give_back(port, action);
    NdisReadRegisterUlong((PULONG)driver.registers, &four);
}

static void
an_access_beyond_the_range_is_reported(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        start(&w, seed);
        world_as_driver(&w, read_beyond, NULL);
        world_expect_violation(&w, "IO_ADDRESS");
        world_close(&w);
    }
}

/* Breaks a rule in halt: stop the adapter, and see @rule. */
static void
break_in_halt(void (*on_halt)(struct port *port, NDIS_HALT_ACTION action), const char *rule)
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        start(&w, seed);
        miniport.on_halt = on_halt;
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        world_expect_violation(&w, rule);
        miniport.on_halt = give_back;
        expect(&w, pndis_adapter_start(w.adapter) == 0);
        world_close(&w);
    }
}

static void
an_access_to_what_was_unmapped_is_reported(void **state)
{
    (void)state;
    break_in_halt(read_after_unmap, "IO_ADDRESS");
}

static void
unmap_less(struct port *port, NDIS_HALT_ACTION action)
{
    (void)action;
    NdisMUnmapIoSpace(port->handle, driver.registers, driver.found.memory_bytes / 2);
    NdisMDeregisterIoPortRange(port->handle, driver.found.port, driver.found.port_count,
                               driver.ports);
}

static void
a_range_is_unmapped_with_its_length(void **state)
{
    (void)state;
    break_in_halt(unmap_less, "IO_RELEASE");
}

static void
unmap_twice(struct port *port, NDIS_HALT_ACTION action)
{
    give_back(port, action);
    NdisMUnmapIoSpace(port->handle, driver.registers, driver.found.memory_bytes);
}

static void
a_range_is_unmapped_once(void **state)
{
    (void)state;
    break_in_halt(unmap_twice, "IO_RELEASE");
}

static void
forget(struct port *port, NDIS_HALT_ACTION action)
{
    (void)port;
    (void)action;
}

static void
ranges_that_are_kept_over_halt_are_reported(void **state)
{
    (void)state;
    break_in_halt(forget, "LEAK_HALT");
}

static NDIS_STATUS
claim_and_fail(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    claim(port, parameters);
    return NDIS_STATUS_FAILURE;
}

static void
ranges_that_a_failed_initialize_keeps_are_reported(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        card_reset();
        miniport.on_initialize = claim_and_fail;
        world_open(&w, seed);
        card_add(&w, NULL);
        expect_state(&w, "Halted");
        world_expect_violation(&w, "LEAK_INITIALIZE");
        world_close(&w);
    }
}

static void
map_now(void *argument)
{
    PVOID address = argument;

    NdisMMapIoSpace(&address, port_latest()->handle, driver.found.memory, 16);
}

static void
ranges_are_mapped_in_initialize_only(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        start(&w, seed);
        world_as_driver(&w, map_now, NULL);
        world_expect_violation(&w, "MP_INIT_FRAME");
        world_close(&w);
    }
}

static void
map_early(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *attributes)
{
    PVOID address = NULL;

    (void)attributes;
    driver.map_status =
        NdisMMapIoSpace(&address, port_latest()->handle, (NDIS_PHYSICAL_ADDRESS){.QuadPart = 0}, 1);
}

static void
ranges_are_mapped_after_the_registration_attributes(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        card_reset();
        miniport.edit_registration = map_early;
        world_open(&w, seed);
        card_add(&w, NULL);
        world_expect_violation(&w, "MP_ATTR_FIRST");
        world_close(&w);
    }
}

/* "sets the variable at VirtualAddress to NULL if it does not return NDIS_STATUS_SUCCESS" */
static struct {
    PDEVICE_OBJECT physical;
    PDEVICE_OBJECT functional;
    PDEVICE_OBJECT next;
    PCM_RESOURCE_LIST raw;
    PCM_RESOURCE_LIST translated;
} properties;

static void
ask_for_properties(void *argument)
{
    (void)argument;
    NdisMGetDeviceProperty(port_latest()->handle, &properties.physical, &properties.functional,
                           &properties.next, &properties.raw, &properties.translated);
    NdisMGetDeviceProperty(port_latest()->handle, NULL, NULL, NULL, NULL, NULL);
}

/* "A pointer to a CM_RESOURCE_LIST": the same resources that MiniportInitializeEx was given. */
static void
a_driver_may_ask_for_its_resources_again(void **state)
{
    struct card_resources found;
    struct world w;

    (void)state;
    start(&w, 0);
    world_as_driver(&w, ask_for_properties, NULL);
    expect(&w, properties.physical != NULL && properties.functional != NULL);
    expect(&w, properties.next == properties.physical);
    expect(&w, properties.raw != NULL && properties.raw->Count == 1);
    expect(&w, properties.translated != NULL && properties.translated->Count == 1);
    found = card_find(&properties.translated->List[0].PartialResourceList);
    expect(&w, found.memory.QuadPart == driver.found.memory.QuadPart);
    expect(&w, found.port == driver.found.port && found.port_count == driver.found.port_count);
    world_close(&w);
    miniport_reset();
    world_open(&w, 0);
    world_add_adapter(&w);
    world_as_driver(&w, ask_for_properties, NULL);
    expect(&w, properties.physical != NULL && properties.raw == NULL);
    world_close(&w);
}

static NDIS_STATUS
claim_foreign(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    NDIS_PHYSICAL_ADDRESS address = card_find(parameters->AllocatedResources).memory;

    driver.registers = (UCHAR *)1;
    address.QuadPart += CARD_MEMORY_BYTES / 2;
    driver.map_status =
        NdisMMapIoSpace((PVOID *)&driver.registers, port->handle, address, CARD_MEMORY_BYTES);
    return NDIS_STATUS_SUCCESS;
}

static void
a_range_that_is_not_the_cards_is_not_mapped(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        card_reset();
        memset(&driver, 0, sizeof(driver));
        miniport.on_initialize = claim_foreign;
        world_open(&w, seed);
        card_add(&w, NULL);
        expect(&w, driver.map_status == NDIS_STATUS_RESOURCE_CONFLICT);
        expect(&w, driver.registers == NULL);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_miniport_is_told_the_resources_of_its_card),
        cmocka_unit_test(every_access_to_a_register_reaches_the_card),
        cmocka_unit_test(every_access_to_a_port_reaches_the_card),
        cmocka_unit_test(the_configuration_space_is_that_of_the_card),
        cmocka_unit_test(a_card_that_was_pulled_out_reads_all_ones),
        cmocka_unit_test(an_access_beyond_the_range_is_reported),
        cmocka_unit_test(an_access_to_what_was_unmapped_is_reported),
        cmocka_unit_test(a_range_is_unmapped_with_its_length),
        cmocka_unit_test(a_range_is_unmapped_once),
        cmocka_unit_test(ranges_that_are_kept_over_halt_are_reported),
        cmocka_unit_test(ranges_that_a_failed_initialize_keeps_are_reported),
        cmocka_unit_test(ranges_are_mapped_in_initialize_only),
        cmocka_unit_test(ranges_are_mapped_after_the_registration_attributes),
        cmocka_unit_test(a_driver_may_ask_for_its_resources_again),
        cmocka_unit_test(a_range_that_is_not_the_cards_is_not_mapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
