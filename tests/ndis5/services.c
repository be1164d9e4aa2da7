/* Registration of NDIS 5 miniports, and the services that they find: ports and memory before they
 * are claimed, configuration space, map registers, buffers, devices. */
#include "miniport51.h"

static struct world *world;
static void (*in_initialize)(struct nic *nic, NDIS_HANDLE wrapper_context);

static void
given(struct world *w)
{
    miniport51_reset();
    world = w;
    in_initialize = NULL;
}

/* --- registration --- */

static struct pndis_driver *
load(struct world *w)
{
    return pndis_driver_load(
        w->machine, NULL,
        &(struct pndis_driver_options){.name = "legacy", .entry = miniport51_entry});
}

static void
ndis_5_0_is_known_too(void **state)
{
    struct world w;

    (void)state;
    given(&w);
    miniport51.minor = 0;
    world5_running(&w, 1);
    expect(&w, pndis_adapter_surprise_remove(w.adapter) == 0);
    expect(&w, SEEN(nic_latest()->events) == 0 && SEEN(nic_latest()->halts) == 1);
    world_close(&w);
}

static void
no_reset(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    calls->ResetHandler = NULL;
}

static void
no_send(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    calls->SendPacketsHandler = NULL;
}

static void
wrong_version(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    calls->MinorNdisVersion = 7;
}

static void
characteristics_are_checked(void **state)
{
    static const struct {
        void (*edit)(NDIS51_MINIPORT_CHARACTERISTICS *calls);
        const char *rule;
    } cases[] = {
        {no_reset, "REG_HANDLERS"}, {no_send, "REG_HANDLERS"}, {wrong_version, "REG_VERSION"}};

    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(cases); i++) {
        struct world w;

        given(&w);
        world_open(&w, i);
        miniport51.edit = cases[i].edit;
        expect(&w, load(&w) == NULL);
        world_expect_violation(&w, cases[i].rule);
        world_close(&w); /* NdisTerminateWrapper undid the rest. */
    }
}

static int
entry_that_forgets(void *driver_object, void *registry_path)
{
    NDIS_HANDLE wrapper;

    NdisMInitializeWrapper(&wrapper, driver_object, registry_path, NULL);
    return NDIS_STATUS_FAILURE;
}

static void
a_wrapper_that_is_not_terminated_is_told(void **state)
{
    const struct pndis_violation *violation;
    struct world w;

    (void)state;
    given(&w);
    world_open(&w, 1);
    expect(&w, pndis_driver_load(w.machine, NULL,
                                 &(struct pndis_driver_options){
                                     .name = "forgets", .entry = entry_that_forgets}) == NULL);
    violation = pndis_violation_at(w.machine, 0);
    expect(&w, violation != NULL && strstr(violation->message, "an NDIS wrapper handle") != NULL);
    pndis_violations_clear(w.machine);
    world_close(&w);
}

/* --- in MiniportInitialize --- */

static void
call_in_initialize(void (*routine)(struct nic *nic, NDIS_HANDLE wrapper_context), struct world *w)
{
    given(w);
    miniport51.on_initialize = routine;
    world5_open(w, 1);
    world5_add(w);
    expect_state(w, "Paused");
}

static ULONG
port_of(NDIS_HANDLE wrapper_context)
{
    UCHAR buffer[512];
    UINT bytes = 0;
    NDIS_STATUS status;

    NdisMQueryAdapterResources(&status, wrapper_context, (PNDIS_RESOURCE_LIST)buffer, &bytes);
    expect(world, status == NDIS_STATUS_RESOURCES && bytes > 0 && bytes < sizeof(buffer));
    NdisMQueryAdapterResources(&status, wrapper_context, (PNDIS_RESOURCE_LIST)buffer, &bytes);
    expect(world, status == NDIS_STATUS_SUCCESS);
    return card_find((PNDIS_RESOURCE_LIST)buffer).port;
}

static void
use_ports_at_once(struct nic *nic, NDIS_HANDLE wrapper_context)
{
    ULONG port = port_of(wrapper_context);
    PNDIS_RESOURCE_LIST list;
    UCHAR byte = 0;
    USHORT word = 0;
    ULONG number = 0;

    NdisImmediateWritePortUlong(wrapper_context, port + 4, 0x11223344);
    NdisImmediateReadPortUlong(wrapper_context, port + 4, &number);
    expect(world, number == 0x11223344 && card.width == 4 && card.offset == 4);
    NdisImmediateWritePortUshort(wrapper_context, port + 8, 0x5566);
    NdisImmediateReadPortUshort(wrapper_context, port + 8, &word);
    expect(world, word == 0x5566 && card.width == 2);
    NdisImmediateWritePortUchar(wrapper_context, port + 9, 0x77);
    NdisImmediateReadPortUchar(wrapper_context, port + 9, &byte);
    expect(world, byte == 0x77 && card.width == 1);
    expect(world, NdisMPciAssignResources(nic->handle, 0, &list) == NDIS_STATUS_SUCCESS);
    expect(world, card_find(list).port == port);
    world_expect_clean(world);
    NdisImmediateReadPortUchar(wrapper_context, port + CARD_PORTS, &byte);
    world_expect_violation(world, "IO_ADDRESS");
}

static void
ports_can_be_used_before_they_are_registered(void **state)
{
    struct world w;

    (void)state;
    call_in_initialize(use_ports_at_once, &w);
    world_close(&w);
}

static void
use_configuration_space(struct nic *nic, NDIS_HANDLE wrapper_context)
{
    UCHAR bytes[4] = {0};
    UCHAR more[4] = {0};

    expect(world, NdisImmediateReadPciSlotInformation(wrapper_context, 0, 0x40, bytes, 4) == 4);
    expect(world, bytes[0] == (0x40 ^ 0x5a));
    expect(world, NdisReadPciSlotInformation(nic->handle, 0, 0x40, more, 4) == 4);
    expect(world, memcmp(bytes, more, 4) == 0);
    bytes[0] = 0x99;
    expect(world, NdisImmediateWritePciSlotInformation(wrapper_context, 0, 0x40, bytes, 1) == 1);
    expect(world, NdisWritePciSlotInformation(nic->handle, 0, 0x41, bytes, 1) == 1);
    expect(world, card.config[0x40] == 0x99 && card.config[0x41] == 0x99);
}

static void
configuration_space_is_the_cards(void **state)
{
    struct world w;

    (void)state;
    call_in_initialize(use_configuration_space, &w);
    world_close(&w);
}

static void
keep_context(void *argument)
{
    NDIS_HANDLE configuration;
    NDIS_STATUS status;

    (void)argument;
    NdisOpenConfiguration(&status, &configuration, nic_latest()->wrapper_context);
    expect(world, status == NDIS_STATUS_FAILURE);
}

static void
the_configuration_context_is_for_initialize(void **state)
{
    struct world w;

    (void)state;
    given(&w);
    world5_running(&w, 1);
    world_as_driver(&w, keep_context, NULL);
    world_expect_violation(&w, "N5_INIT_CONTEXT");
    world_close(&w);
}

/* --- map registers, shutdown handlers --- */

static void
misuse_map_registers(void *argument)
{
    NDIS_PHYSICAL_ADDRESS_UNIT unit;
    struct nic *nic = nic_latest();
    UINT count;

    (void)argument;
    NdisMStartBufferPhysicalMapping(nic->handle, nic->buffer, 4, TRUE, &unit, &count);
    expect(world, count == 0);
    world_expect_violation(world, "N5_MAP_REGISTER"); /* There are four, from 0. */
    NdisMStartBufferPhysicalMapping(nic->handle, nic->buffer, 1, TRUE, &unit, &count);
    world_expect_violation(world, "N5_MAP_REGISTER"); /* In use. */
    NdisMCompleteBufferPhysicalMapping(nic->handle, nic->buffer, 1);
    world_expect_violation(world, "N5_MAP_REGISTER"); /* By another buffer. */
    NdisMStartBufferPhysicalMapping(nic->handle, nic->buffer, 2, TRUE, &unit, &count);
    expect(world, count == 1);
    expect(world, pndis_device_memory(card.device, (uint64_t)unit.PhysicalAddress.QuadPart,
                                      unit.Length) == (void *)nic->buffer_memory);
    NdisMCompleteBufferPhysicalMapping(nic->handle, nic->buffer, 2);
    expect(world, pndis_device_memory(card.device, (uint64_t)unit.PhysicalAddress.QuadPart,
                                      unit.Length) == NULL);
    NdisMRegisterAdapterShutdownHandler(nic->handle, nic, (ADAPTER_SHUTDOWN_HANDLER)(PVOID)nic);
    world_expect_violation(world, "N5_SHUTDOWN_HANDLER"); /* It has one. */
}

static void
map_registers_map_one_buffer_each(void **state)
{
    struct world w;

    (void)state;
    given(&w);
    world5_running(&w, 1);
    world_as_driver(&w, misuse_map_registers, NULL);
    pndis_violations_clear(w.machine);
    world_close(&w);
}

/* --- buffers and packets --- */

static void
use_buffers(void *argument)
{
    UCHAR memory[100];
    NDIS_BUFFER *whole;
    NDIS_BUFFER *part;
    NDIS_BUFFER *out;
    NDIS_PACKET *packets[2];
    NDIS_STATUS status;
    NDIS_HANDLE pool;
    UINT bytes;

    (void)argument;
    for (unsigned i = 0; i < sizeof(memory); i++) {
        memory[i] = (UCHAR)i;
    }
    NdisAllocateBufferPool(&status, &pool, 4);
    NdisAllocateBuffer(&status, &whole, pool, memory, 60);
    NdisCopyBuffer(&status, &part, pool, whole, 10, 20);
    expect(world, status == NDIS_STATUS_SUCCESS && NdisBufferLength(part) == 20);
    expect(world, NdisBufferVirtualAddress(part) == memory + 10);
    NdisFreeBufferPool(pool);
    world_expect_violation(world, "BUFFER_POOL_FREE");
    NdisAllocatePacket(&status, &packets[0], nic_latest()->packet_pool);
    NdisAllocatePacket(&status, &packets[1], nic_latest()->packet_pool);
    expect(world, NdisPacketPoolUsage(nic_latest()->packet_pool) == 3);
    NdisChainBufferAtBack(packets[0], part);
    NdisChainBufferAtBack(packets[1], whole);
    NdisCopyFromPacketToPacket(packets[1], 50, 100, packets[0], 5, &bytes);
    expect(world, bytes == 10 && memory[50] == 15 && memory[59] == 24);
    NdisUnchainBufferAtBack(packets[1], &out);
    expect(world, out == whole && packets[1]->Private.Head == NULL);
    NdisChainBufferAtFront(packets[0], whole);
    NdisUnchainBufferAtBack(packets[0], &out);
    expect(world, out == part);
    NdisUnchainBufferAtFront(packets[0], &out);
    expect(world, out == whole);
    NdisUnchainBufferAtFront(packets[0], &out);
    expect(world, out == NULL);
    NdisFreePacket(packets[0]);
    NdisFreePacket(packets[1]);
    NdisFreeBuffer(part);
    NdisFreeBuffer(whole);
}

static void
buffers_describe_parts_and_packets_are_copied(void **state)
{
    struct world w;

    (void)state;
    given(&w);
    world5_running(&w, 1);
    world_as_driver(&w, use_buffers, NULL);
    world_expect_clean(&w);
    world_close(&w);
}

static void
free_with_other_flags(void *argument)
{
    const NDIS_PHYSICAL_ADDRESS anywhere = {.QuadPart = -1};
    PVOID memory;

    (void)argument;
    NdisAllocateMemory(&memory, 10, NDIS_MEMORY_CONTIGUOUS, anywhere);
    NdisFreeMemory(memory, 10, 0);
    world_expect_violation(world, "POOL_FREE");
}

static void
memory_is_freed_with_its_flags(void **state)
{
    struct world w;

    (void)state;
    given(&w);
    world5_running(&w, 1);
    world_as_driver(&w, free_with_other_flags, NULL);
    world_close(&w);
}

/* --- a device for applications --- */

static void
use_device(void *argument)
{
    PDRIVER_DISPATCH routines[IRP_MJ_MAXIMUM_FUNCTION + 1] = {NULL};
    NDIS_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Legacy");
    NDIS_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\Legacy");
    NDIS_HANDLE device;
    PDEVICE_OBJECT object;

    (void)argument;
    expect(world, NdisMRegisterDevice(miniport51.wrapper, &name, &link, routines, &object,
                                      &device) == NDIS_STATUS_SUCCESS);
    expect(world, object != NULL);
    expect(world, NdisMDeregisterDevice(device) == NDIS_STATUS_SUCCESS);
}

static void
a_driver_may_have_a_device_of_its_own(void **state)
{
    struct world w;

    (void)state;
    given(&w);
    world5_running(&w, 1);
    world_as_driver(&w, use_device, NULL);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ndis_5_0_is_known_too),
        cmocka_unit_test(characteristics_are_checked),
        cmocka_unit_test(a_wrapper_that_is_not_terminated_is_told),
        cmocka_unit_test(ports_can_be_used_before_they_are_registered),
        cmocka_unit_test(configuration_space_is_the_cards),
        cmocka_unit_test(the_configuration_context_is_for_initialize),
        cmocka_unit_test(map_registers_map_one_buffer_each),
        cmocka_unit_test(buffers_describe_parts_and_packets_are_copied),
        cmocka_unit_test(memory_is_freed_with_its_flags),
        cmocka_unit_test(a_driver_may_have_a_device_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
