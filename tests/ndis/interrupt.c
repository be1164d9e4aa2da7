/*
 * Interrupts of a card: "NdisMRegisterInterruptEx", "MiniportInterrupt", "MiniportInterruptDPC",
 * "NdisMQueueDpcEx", "NdisMSynchronizeWithInterruptEx", "NdisMDeregisterInterruptEx".
 */
#include "ndis/irq_driver.h"

/* --- routine and DPC --- */

static void
one_each(struct world *w)
{
    expect(w, irq.type == NDIS_CONNECT_LINE_BASED);
    irq_raise(w, 0);
    expect(w, irq.isrs == 1 && irq.dpcs == 1 && irq.dpc_context == NULL);
    expect(w, irq.dpc_processors == 1u << irq.isr_processor);
    irq_raise(w, 0);
    expect(w, irq.isrs == 2 && irq.dpcs == 2);
}

static void
an_interrupt_calls_the_service_routine_and_then_its_dpc(void **state)
{
    (void)state;
    irq_for_each_seed(one_each, 0);
}

static void
chosen(struct world *w)
{
    irq.queue_default = FALSE;
    irq.targets = 3;
    irq_raise(w, 0);
    expect(w, irq.dpcs == 2 && irq.dpc_processors == 3 && irq.dpc_context == NULL);
    irq.targets = 2;
    irq.dpc_processors = 0;
    irq_raise(w, 0);
    expect(w, irq.dpcs == 3 && irq.dpc_processors == 2);
    irq.targets = 0;
    irq_raise(w, 0);
    expect(w, irq.isrs == 3 && irq.dpcs == 3);
    /* "If this value is TRUE, NDIS ignores the value of TargetProcessors." */
    irq.queue_default = TRUE;
    irq.targets = 3;
    irq.dpc_processors = 0;
    irq_raise(w, 0);
    expect(w, irq.dpcs == 4 && irq.dpc_processors == 1u << irq.isr_processor);
}

static void
a_service_routine_chooses_the_processors_of_its_dpcs(void **state)
{
    (void)state;
    irq_for_each_seed(chosen, 0);
}

/* --- DPCs that the driver queues --- */

struct queued {
    KAFFINITY first;
    KAFFINITY second;
    KAFFINITY own;
};

static void
queue_twice(void *argument)
{
    struct queued *queued = argument;
    GROUP_AFFINITY all = {.Mask = 3};
    KIRQL irql = KeRaiseIrqlToDpcLevel();

    irq.own_dpcs = true;
    queued->own = (KAFFINITY)1 << KeGetCurrentProcessorNumberEx(NULL);
    queued->first = NdisMQueueDpcEx(irq.handle, 0, &all, queued);
    queued->second = NdisMQueueDpcEx(irq.handle, 0, &all, queued);
    KeLowerIrql(irql);
}

/* "... the DPC was not scheduled because [it] was already scheduled for that CPU" */
static void
by_hand(struct world *w)
{
    struct queued queued = {.first = 0};

    world_as_driver(w, queue_twice, &queued);
    world_settle(w);
    irq_meet();
    expect(w, queued.first == 3 && (queued.second & queued.own) == 0);
    expect(w, irq.dpcs == (queued.second == 0 ? 2u : 3u) && irq.dpc_processors == 3);
    expect(w, irq.dpc_context == &queued);
}

static void
a_dpc_that_is_queued_is_not_queued_again(void **state)
{
    (void)state;
    irq_for_each_seed(by_hand, 0);
}

/* --- synchronisation --- */

struct synchronised {
    KIRQL irql;
    KIRQL after;
    unsigned isrs_inside;
    BOOLEAN answer;
    BOOLEAN result;
};

static BOOLEAN
at_device_level(NDIS_HANDLE context)
{
    struct synchronised *this = context;

    this->irql = KeGetCurrentIrql();
    pndis_device_interrupt(card.device, 0);
    this->isrs_inside = __atomic_load_n(&irq.isrs, __ATOMIC_ACQUIRE);
    return this->answer;
}

static void
synchronise(void *argument)
{
    struct synchronised *this = argument;

    /* "If NDIS did not grant message signaled interrupts, NDIS ignores" the message. */
    this->result = NdisMSynchronizeWithInterruptEx(irq.handle, NOBODY, at_device_level, this);
    this->after = KeGetCurrentIrql();
}

static void
synchronised(struct world *w)
{
    struct synchronised this = {.answer = FALSE, .result = TRUE};

    world_as_driver(w, synchronise, &this);
    world_settle(w);
    irq_meet();
    expect(w, this.result == FALSE && this.isrs_inside == 0 && this.after == PASSIVE_LEVEL);
    expect(w, irq.isrs == 1 && irq.dpcs == 1 && this.irql == irq.isr_irql);
    this.answer = TRUE;
    irq.isrs = 0;
    world_as_driver(w, synchronise, &this);
    expect(w, this.result == TRUE && this.isrs_inside == 0);
    world_settle(w);
    irq_meet();
    expect(w, irq.isrs == 1);
}

static void
no_service_routine_runs_beside_a_synchronised_one(void **state)
{
    (void)state;
    irq_for_each_seed(synchronised, 0);
}

/* --- before and after --- */

static void
while_halted(struct world *w)
{
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    irq_raise(w, 0);
    expect(w, irq.isrs == 0 && irq.dpcs == 0);
    expect(w, pndis_adapter_start(w->adapter) == 0);
    world_settle(w);
    irq_meet();
    expect(w, irq.isrs == 1 && irq.dpcs == 1);
}

static void
an_interrupt_waits_until_somebody_serves_it(void **state)
{
    (void)state;
    irq_for_each_seed(while_halted, 0);
}

static unsigned isrs_at_end;
static unsigned dpcs_at_end;

static void
disconnect_busy(struct port *port, NDIS_HALT_ACTION action)
{
    GROUP_AFFINITY all = {.Mask = 3};
    KIRQL irql = KeRaiseIrqlToDpcLevel();

    irq.own_dpcs = true;
    pndis_device_interrupt(card.device, 0);
    NdisMQueueDpcEx(irq.handle, 0, &all, NULL);
    KeLowerIrql(irql);
    irq_disconnect(port, action);
    isrs_at_end = irq.isrs;
    dpcs_at_end = irq.dpcs;
    memset(&irq.handle, 0xdd, sizeof(irq.handle));
}

/* "After it returns, NDIS will not call MiniportInterrupt or MiniportInterruptDPC." */
static void
busy_end(struct world *w)
{
    miniport.on_halt = disconnect_busy;
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    irq_raise(w, 0);
    expect(w, irq.isrs == isrs_at_end && irq.dpcs == dpcs_at_end);
    miniport.on_halt = irq_disconnect;
}

static void
nothing_is_called_after_deregistration(void **state)
{
    (void)state;
    irq_for_each_seed(busy_end, 0);
}

/* --- broken rules --- */

static void
storm(struct world *w)
{
    irq.deaf = true;
    irq_raise(w, 0);
    world_expect_violation(w, "INTERRUPT_STORM");
    irq.deaf = false;
    pndis_device_interrupt_clear(card.device);
    world_settle(w);
    irq_meet();
    irq.isrs = 0;
    irq_raise(w, 0);
    expect(w, irq.isrs == 1);
}

static void
a_service_routine_that_does_not_quiet_its_device_is_reported(void **state)
{
    (void)state;
    irq_for_each_seed(storm, 0);
}

static void
pulled_out(struct world *w)
{
    irq.deaf = true;
    irq.unplug = true;
    irq_raise(w, 0);
    world_settle(w);
    irq_meet();
    expect(w, irq.isrs == 1);
    irq_raise(w, 0);
    expect(w, irq.isrs == 1);
}

/* Its service routine cannot quiet it any more, and does not have to. */
static void
a_device_that_was_pulled_out_holds_no_line_up(void **state)
{
    (void)state;
    irq_for_each_seed(pulled_out, 0);
}

static void
forgotten(struct world *w)
{
    irq.forget = true;
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    world_expect_violation(w, "LEAK_HALT");
    irq_raise(w, 0);
    expect(w, irq.isrs == 0);
    irq.forget = false;
}

static void
an_interrupt_that_is_kept_over_halt_is_reported(void **state)
{
    (void)state;
    irq_for_each_seed(forgotten, 0);
}

static void
connect_now(void *argument)
{
    NDIS_HANDLE handle = irq.handle;
    NDIS_STATUS status = irq.status;

    irq_connect(port_latest()->handle);
    *(NDIS_STATUS *)argument = irq.status;
    irq.handle = handle;
    irq.status = status;
}

static void
late(struct world *w)
{
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    world_as_driver(w, connect_now, &status);
    expect(w, status != NDIS_STATUS_SUCCESS);
    world_expect_violation(w, "MP_INIT_FRAME");
}

static void
interrupts_are_registered_in_initialize_only(void **state)
{
    (void)state;
    irq_for_each_seed(late, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interrupt_calls_the_service_routine_and_then_its_dpc),
        cmocka_unit_test(a_service_routine_chooses_the_processors_of_its_dpcs),
        cmocka_unit_test(a_dpc_that_is_queued_is_not_queued_again),
        cmocka_unit_test(no_service_routine_runs_beside_a_synchronised_one),
        cmocka_unit_test(an_interrupt_waits_until_somebody_serves_it),
        cmocka_unit_test(nothing_is_called_after_deregistration),
        cmocka_unit_test(a_service_routine_that_does_not_quiet_its_device_is_reported),
        cmocka_unit_test(a_device_that_was_pulled_out_holds_no_line_up),
        cmocka_unit_test(an_interrupt_that_is_kept_over_halt_is_reported),
        cmocka_unit_test(interrupts_are_registered_in_initialize_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
