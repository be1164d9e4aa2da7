/*
 * Calls at levels at which their pages do not allow them, with an adapter at hand; the rule is
 * CALL_IRQL. The calls themselves are tested elsewhere.
 */
#include "support/data_path.h"

enum { SEEDS = 20 };

static void
sleeps(void *argument)
{
    (void)argument;
    NdisMSleep(1);
}

static void
maps(void *argument)
{
    PVOID address = NULL;

    (void)argument;
    NdisMMapIoSpace(&address, port_latest()->handle, (NDIS_PHYSICAL_ADDRESS){.QuadPart = 0}, 1);
}

static void
registers_ports(void *argument)
{
    PVOID offset = NULL;

    (void)argument;
    NdisMRegisterIoPortRange(&offset, port_latest()->handle, 0, 1);
}

static void
allocates_shared_memory(void *argument)
{
    PVOID memory = NULL;
    NDIS_PHYSICAL_ADDRESS address;

    (void)argument;
    NdisMAllocateSharedMemory(port_latest()->handle, 64, TRUE, &memory, &address);
}

static void
asks_for_alignment(void *argument)
{
    (void)argument;
    NdisMGetDmaAlignment(port_latest()->handle);
}

static void
enumerates(void *argument)
{
    (void)argument;
    NdisReEnumerateProtocolBindings(protocol.handle);
}

static void
acquires_dpr(void *argument)
{
    NDIS_SPIN_LOCK lock;

    (void)argument;
    NdisAllocateSpinLock(&lock);
    NdisDprAcquireSpinLock(&lock);
    NdisDprReleaseSpinLock(&lock);
    NdisFreeSpinLock(&lock);
}

static void
sends_high(void *argument)
{
    struct opening *opening = opening_latest();
    NET_BUFFER_LIST *chain = path_chain(opening, 1);
    KIRQL irql;

    (void)argument;
    KeRaiseIrql(DISPATCH_LEVEL + 1, &irql);
    NdisSendNetBufferLists(opening->handle, chain, NDIS_DEFAULT_PORT_NUMBER, 0);
    KeLowerIrql(irql);
}

static const struct {
    const char *name;
    void (*routine)(void *argument);
    bool at_dispatch;
} calls[] = {
    {"NdisMSleep", sleeps, true},
    {"NdisMMapIoSpace", maps, true},
    {"NdisMRegisterIoPortRange", registers_ports, true},
    {"NdisMAllocateSharedMemory", allocates_shared_memory, true},
    {"NdisMGetDmaAlignment", asks_for_alignment, true},
    {"NdisReEnumerateProtocolBindings", enumerates, true},
    {"KeAcquireSpinLockAtDpcLevel", acquires_dpr, false},
    {"NdisSendNetBufferLists", sends_high, false},
};

static void
a_call_at_a_wrong_level_is_reported_by_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < RTL_NUMBER_OF(calls); i++) {
        for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
            const struct pndis_violation *first;
            struct world w;

            data_path_reset();
            data_path_up(&w, seed);
            (calls[i].at_dispatch ? world_at_dispatch : world_as_driver)(&w, calls[i].routine,
                                                                         NULL);
            first = pndis_violation_at(w.machine, 0);
            if (first == NULL || strcmp(first->rule, "CALL_IRQL") != 0 ||
                strcmp(first->call, calls[i].name) != 0) {
                world_print_violations(&w);
                fail_msg("%s was not reported (seed %llu)", calls[i].name,
                         (unsigned long long)seed);
            }
            world_settle(&w);
            expect(&w, pndis_machine_stop(w.machine) == 0);
            world_discard(&w);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_at_a_wrong_level_is_reported_by_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
