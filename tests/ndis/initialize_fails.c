/*
 * MiniportInitializeEx failing at each of its acquisitions in turn leaves nothing, and what it
 * acquires MiniportHaltEx gives back: the fixture tests/drivers/acquirer.c, linked in.
 */
#include "support/world.h"

pndis_driver_entry acquirer_linked_DriverEntry;

enum { STEPS = 15, SEEDS = 20 };

/* The driver maps registers and never touches them. */
static uint64_t
read_zero(void *user, unsigned range, uint64_t offset, unsigned width)
{
    (void)user;
    (void)range;
    (void)offset;
    (void)width;
    return 0;
}

static void
write_nothing(void *user, unsigned range, uint64_t offset, unsigned width, uint64_t value)
{
    (void)user;
    (void)range;
    (void)offset;
    (void)width;
    (void)value;
}

static const struct pndis_device_ops quiet = {.read = read_zero, .write = write_nothing};

static void
load(struct world *w)
{
    w->driver = pndis_driver_load(
        w->machine, NULL,
        &(struct pndis_driver_options){.name = "acquirer", .entry = acquirer_linked_DriverEntry});
    expect(w, w->driver != NULL);
}

/* @fail_at NULL: not of its own accord. */
static void
add(struct world *w, const char *fail_at, unsigned flags)
{
    const struct pndis_parameter parameter = {"FailAt", fail_at};
    const struct pndis_device_options device = {
        .name = "card", .ranges = {{PNDIS_RANGE_MEMORY, 4096}}, .range_count = 1};
    struct pndis_adapter_options options = {
        .device = pndis_device_create(w->machine, &device, &quiet, NULL),
        .parameters = &parameter,
        .parameter_count = fail_at != NULL,
        .flags = flags,
    };

    expect(w, options.device != NULL);
    w->adapter = pndis_adapter_add(w->machine, w->driver, &options);
    expect(w, w->adapter != NULL);
}

static void
a_failure_after_each_acquisition_leaves_nothing(void **state)
{
    (void)state;
    for (unsigned fail_at = 0; fail_at <= STEPS; fail_at++) {
        for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
            char text[8];
            struct world w;

            snprintf(text, sizeof(text), "%u", fail_at);
            world_open(&w, seed);
            load(&w);
            add(&w, text, 0);
            expect_state(&w, "Halted");
            expect(&w, pndis_adapter_status(w.adapter) == (int)NDIS_STATUS_ADAPTER_NOT_FOUND);
            expect(&w, pndis_adapter_holdings(w.adapter) == 0);
            world_expect_clean(&w);
            expect(&w, pndis_adapter_start(w.adapter) == PNDIS_EDRIVER);
            world_close(&w);
        }
    }
}

static void
an_allocation_that_fails_leaves_nothing(void **state)
{
    uint64_t failures = 0;
    bool fired = true;

    (void)state;
    for (uint64_t skip = 0; fired; skip++) {
        struct world w;

        world_open(&w, 0);
        load(&w);
        add(&w, NULL, PNDIS_ADAPTER_HALTED);
        pndis_fault_arm(w.machine, skip);
        pndis_adapter_start(w.adapter);
        fired = pndis_fault_fired(w.machine);
        pndis_fault_disarm(w.machine);
        world_expect_clean(&w);
        if (pndis_adapter_state(w.adapter) == PNDIS_HALTED) {
            failures++;
            expect(&w, pndis_adapter_holdings(w.adapter) == 0);
            expect(&w, pndis_adapter_start(w.adapter) == 0);
        }
        expect_state(&w, "Paused");
        world_close(&w);
    }
    /* Memory for the adapter and for at least one step in two. */
    assert_true(failures > STEPS / 2);
}

static void
a_halt_gives_back_what_initialize_acquired(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        world_open(&w, seed);
        load(&w);
        add(&w, NULL, 0);
        for (unsigned i = 0; i < 3; i++) {
            expect_state(&w, "Paused");
            expect(&w, pndis_adapter_holdings(w.adapter) >= STEPS - 1);
            expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
            expect(&w, pndis_adapter_holdings(w.adapter) == 0);
            world_expect_clean(&w);
            expect(&w, pndis_adapter_start(w.adapter) == 0);
        }
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_after_each_acquisition_leaves_nothing),
        cmocka_unit_test(an_allocation_that_fails_leaves_nothing),
        cmocka_unit_test(a_halt_gives_back_what_initialize_acquired),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
