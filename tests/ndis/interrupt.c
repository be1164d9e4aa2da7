/*
 * Interrupts of a card: "NdisMRegisterInterruptEx", "MiniportInterrupt", "MiniportInterruptDPC",
 * "MiniportMessageInterrupt", "NdisMQueueDpcEx", "NdisMSynchronizeWithInterruptEx",
 * "NdisMDeregisterInterruptEx".
 */
#include "support/card.h"

enum { SEEDS = 40, NOBODY = 99 };

/* How the driver answers, and what it saw. */
static struct {
    bool msi;
    BOOLEAN queue_default;
    ULONG targets;
    bool deaf;     /* Its ISR leaves the line alone. */
    bool unplug;   /* The device is pulled out while its ISR runs. */
    bool forget;   /* To deregister. */
    bool own_dpcs; /* That it queues itself, without an ISR before. */

    NDIS_HANDLE handle;
    NDIS_STATUS status;
    NDIS_INTERRUPT_TYPE type;
    ULONG message_count;
    unsigned isrs;
    unsigned dpcs;
    KIRQL isr_irql;
    ULONG isr_processor;
    ULONG message;
    ULONG dpc_message;
    PVOID dpc_context;
    ULONG dpc_processors; /* One bit each. */
    bool wrong_level;
    bool wrong_order; /* A DPC before any ISR. */
    bool wrong_context;
} irq;

static bool sync_with_all;
static KSPIN_LOCK irq_lock; /* DPCs of several processors count. */

/* What comes before it on one thread is seen by what comes after it on another. */
static void
meet(void)
{
    static unsigned meetings;

    __atomic_fetch_add(&meetings, 1, __ATOMIC_ACQ_REL);
}

/* --- the driver --- */

static BOOLEAN
serve(ULONG message, PBOOLEAN queue_default, PULONG targets)
{
    meet();
    __atomic_fetch_add(&irq.isrs, 1, __ATOMIC_ACQ_REL);
    irq.isr_irql = KeGetCurrentIrql();
    irq.isr_processor = KeGetCurrentProcessorNumberEx(NULL);
    irq.message = message;
    irq.wrong_level = irq.wrong_level || irq.isr_irql <= DISPATCH_LEVEL;
    if (!irq.deaf) {
        pndis_device_interrupt_clear(card.device);
    }
    if (irq.unplug) {
        pndis_device_unplug(card.device);
    }
    *queue_default = irq.queue_default;
    *targets = irq.targets;
    meet();
    return TRUE;
}

static void
process(NDIS_HANDLE context, ULONG message, PVOID dpc_context)
{
    KIRQL irql = KeGetCurrentIrql();

    meet();
    KeAcquireSpinLockAtDpcLevel(&irq_lock);
    irq.dpcs++;
    irq.dpc_message = message;
    irq.dpc_context = dpc_context;
    irq.dpc_processors |= 1u << KeGetCurrentProcessorNumberEx(NULL);
    irq.wrong_level = irq.wrong_level || irql != DISPATCH_LEVEL;
    irq.wrong_order = irq.wrong_order || (irq.isrs == 0 && !irq.own_dpcs);
    irq.wrong_context = irq.wrong_context || context != &irq;
    KeReleaseSpinLockFromDpcLevel(&irq_lock);
    meet();
}

static BOOLEAN
isr(NDIS_HANDLE context, PBOOLEAN queue_default, PULONG targets)
{
    return context == &irq && serve(NOBODY, queue_default, targets);
}

static VOID
dpc(NDIS_HANDLE context, PVOID dpc_context, PVOID throttle, PVOID reserved)
{
    (void)throttle;
    (void)reserved;
    process(context, NOBODY, dpc_context);
}

static BOOLEAN
message_isr(NDIS_HANDLE context, ULONG message, PBOOLEAN queue_default, PULONG targets)
{
    return context == &irq && serve(message, queue_default, targets);
}

static VOID
message_dpc(NDIS_HANDLE context, ULONG message, PVOID dpc_context, PVOID throttle, PVOID reserved)
{
    (void)throttle;
    (void)reserved;
    process(context, message, dpc_context);
}

static VOID
nothing(NDIS_HANDLE context)
{
    (void)context;
}

static VOID
nothing_for_message(NDIS_HANDLE context, ULONG message)
{
    (void)context;
    (void)message;
}

static void
connect_to(NDIS_HANDLE adapter)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS characteristics = {
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT, NDIS_MINIPORT_INTERRUPT_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1},
        .InterruptHandler = isr,
        .InterruptDpcHandler = dpc,
        .DisableInterruptHandler = nothing,
        .EnableInterruptHandler = nothing,
    };

    if (irq.msi) {
        characteristics.MsiSupported = TRUE;
        characteristics.MsiSyncWithAllMessages = sync_with_all;
        characteristics.MessageInterruptHandler = message_isr;
        characteristics.MessageInterruptDpcHandler = message_dpc;
        characteristics.DisableMessageInterruptHandler = nothing_for_message;
        characteristics.EnableMessageInterruptHandler = nothing_for_message;
    }
    irq.status = NdisMRegisterInterruptEx(adapter, &irq, &characteristics, &irq.handle);
    irq.type = characteristics.InterruptType;
    irq.message_count = characteristics.MessageInfoTable == NULL
                            ? 0
                            : characteristics.MessageInfoTable->MessageCount;
}

static NDIS_STATUS
initialize(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    (void)parameters;
    connect_to(port->handle);
    return NDIS_STATUS_SUCCESS;
}

static void
disconnect(struct port *port, NDIS_HALT_ACTION action)
{
    (void)port;
    (void)action;
    if (irq.status == NDIS_STATUS_SUCCESS && !irq.forget) {
        NdisMDeregisterInterruptEx(irq.handle);
    }
}

/* --- the world --- */

static void
reset(void)
{
    card_reset();
    memset(&irq, 0, sizeof(irq));
    KeInitializeSpinLock(&irq_lock);
    irq.queue_default = TRUE;
    miniport.on_initialize = initialize;
    miniport.on_halt = disconnect;
}

static void
check(struct world *w)
{
    expect(w, !irq.wrong_level && !irq.wrong_order && !irq.wrong_context);
}

static void
for_each_seed(void (*test)(struct world *w), unsigned messages)
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        reset();
        irq.msi = messages != 0;
        world_open(&w, seed);
        card_add(&w, &(struct pndis_device_options){.messages = messages});
        expect(&w, irq.status == NDIS_STATUS_SUCCESS);
        test(&w);
        check(&w);
        world_close(&w);
    }
}

static void
raise(struct world *w, unsigned message)
{
    meet();
    pndis_device_interrupt(card.device, message);
    world_settle(w);
    meet();
}

/* --- routine and DPC --- */

static void
one_each(struct world *w)
{
    expect(w, irq.type == NDIS_CONNECT_LINE_BASED);
    raise(w, 0);
    expect(w, irq.isrs == 1 && irq.dpcs == 1 && irq.dpc_context == NULL);
    expect(w, irq.dpc_processors == 1u << irq.isr_processor);
    raise(w, 0);
    expect(w, irq.isrs == 2 && irq.dpcs == 2);
}

static void
an_interrupt_calls_the_service_routine_and_then_its_dpc(void **state)
{
    (void)state;
    for_each_seed(one_each, 0);
}

static void
chosen(struct world *w)
{
    irq.queue_default = FALSE;
    irq.targets = 3;
    raise(w, 0);
    expect(w, irq.dpcs == 2 && irq.dpc_processors == 3 && irq.dpc_context == NULL);
    irq.targets = 2;
    irq.dpc_processors = 0;
    raise(w, 0);
    expect(w, irq.dpcs == 3 && irq.dpc_processors == 2);
    irq.targets = 0;
    raise(w, 0);
    expect(w, irq.isrs == 3 && irq.dpcs == 3);
    /* "If this value is TRUE, NDIS ignores the value of TargetProcessors." */
    irq.queue_default = TRUE;
    irq.targets = 3;
    irq.dpc_processors = 0;
    raise(w, 0);
    expect(w, irq.dpcs == 4 && irq.dpc_processors == 1u << irq.isr_processor);
}

static void
a_service_routine_chooses_the_processors_of_its_dpcs(void **state)
{
    (void)state;
    for_each_seed(chosen, 0);
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
    meet();
    expect(w, queued.first == 3 && (queued.second & queued.own) == 0);
    expect(w, irq.dpcs == (queued.second == 0 ? 2u : 3u) && irq.dpc_processors == 3);
    expect(w, irq.dpc_context == &queued);
}

static void
a_dpc_that_is_queued_is_not_queued_again(void **state)
{
    (void)state;
    for_each_seed(by_hand, 0);
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
    meet();
    expect(w, this.result == FALSE && this.isrs_inside == 0 && this.after == PASSIVE_LEVEL);
    expect(w, irq.isrs == 1 && irq.dpcs == 1 && this.irql == irq.isr_irql);
    this.answer = TRUE;
    irq.isrs = 0;
    world_as_driver(w, synchronise, &this);
    expect(w, this.result == TRUE && this.isrs_inside == 0);
    world_settle(w);
    meet();
    expect(w, irq.isrs == 1);
}

static void
no_service_routine_runs_beside_a_synchronised_one(void **state)
{
    (void)state;
    for_each_seed(synchronised, 0);
}

/* --- messages --- */

enum { MESSAGES = 4 };

static void
messages(struct world *w)
{
    expect(w, irq.type == NDIS_CONNECT_MESSAGE_BASED && irq.message_count == MESSAGES);
    for (unsigned message = 0; message < MESSAGES; message++) {
        raise(w, message);
        expect(w, irq.isrs == message + 1 && irq.dpcs == message + 1);
        expect(w, irq.message == message && irq.dpc_message == message);
    }
}

static void
each_message_has_its_number(void **state)
{
    (void)state;
    for_each_seed(messages, MESSAGES);
}

/* --- messages that are none --- */

static struct {
    ULONG message;
    unsigned synchronised;
    KAFFINITY queued;
} stray;

static BOOLEAN
count_synchronised(NDIS_HANDLE context)
{
    (void)context;
    stray.synchronised++;
    return TRUE;
}

static void
synchronise_with_stray(void *argument)
{
    (void)argument;
    NdisMSynchronizeWithInterruptEx(irq.handle, stray.message, count_synchronised, NULL);
}

static void
queue_for_stray(void *argument)
{
    (void)argument;
    stray.queued = NdisMQueueDpc(irq.handle, stray.message, 1, NULL);
}

static void
queue_ex_for_stray(void *argument)
{
    GROUP_AFFINITY first = {.Mask = 1};

    (void)argument;
    stray.queued = NdisMQueueDpcEx(irq.handle, stray.message, &first, NULL);
}

static void
stray_message(struct world *w)
{
    void (*const calls[])(void *argument) = {synchronise_with_stray, queue_for_stray,
                                             queue_ex_for_stray};

    irq.own_dpcs = true;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        memset(&stray, 0, sizeof(stray));
        stray.message = MESSAGES - 1;
        world_as_driver(w, calls[i], NULL);
        world_expect_clean(w);
        expect(w, stray.synchronised == 1 || stray.queued == 1);
        memset(&stray, 0, sizeof(stray));
        stray.message = MESSAGES;
        world_as_driver(w, calls[i], NULL);
        world_expect_violation(w, "INTERRUPT_MESSAGE");
        expect(w, stray.synchronised == 0 && stray.queued == 0);
        world_settle(w);
    }
}

static void
a_message_that_does_not_exist_is_reported(void **state)
{
    (void)state;
    for_each_seed(stray_message, MESSAGES);
}

/* "If NDIS did not grant message signaled interrupts, NDIS ignores this parameter." */
static void
any_message_of_a_line(struct world *w)
{
    memset(&stray, 0, sizeof(stray));
    stray.message = MESSAGES;
    world_as_driver(w, synchronise_with_stray, NULL);
    expect(w, stray.synchronised == 1);
}

static void
a_line_has_no_messages_to_mistake(void **state)
{
    (void)state;
    for_each_seed(any_message_of_a_line, 0);
}

/* Another message than the one it is synchronised with, on another processor. */
static BOOLEAN
beside_a_message(NDIS_HANDLE context)
{
    struct synchronised *this = context;

    pndis_device_interrupt(card.device, 1);
    for (unsigned i = 0; i < 200; i++) {
        KeStallExecutionProcessor(10);
    }
    meet();
    this->isrs_inside = __atomic_load_n(&irq.isrs, __ATOMIC_ACQUIRE);
    return TRUE;
}

static void
synchronise_with_message(void *argument)
{
    NdisMSynchronizeWithInterruptEx(irq.handle, 0, beside_a_message, argument);
}

static unsigned beside;

static void
synchronised_with_message(struct world *w)
{
    struct synchronised this = {.answer = FALSE};

    world_as_driver(w, synchronise_with_message, &this);
    world_settle(w);
    meet();
    expect(w, irq.isrs == 1 && irq.message == 1);
    beside += this.isrs_inside;
}

/* "Set this member to TRUE if the miniport driver must serialize all MSI service functions." */
static void
messages_are_serialized_if_the_driver_says_so(void **state)
{
    (void)state;
    beside = 0;
    for_each_seed(synchronised_with_message, MESSAGES);
    assert_true(beside > 0 || world_is_live());
    sync_with_all = true;
    beside = 0;
    for_each_seed(synchronised_with_message, MESSAGES);
    sync_with_all = false;
    assert_int_equal(beside, 0);
}

struct masking {
    NDIS_MSIX_TABLE_OPERATION operation;
    ULONG entry;
    NDIS_STATUS status;
};

static void
configure(void *argument)
{
    struct masking *masking = argument;
    NDIS_MSIX_CONFIG_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NDIS_MSIX_CONFIG_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_MSIX_CONFIG_PARAMETERS_REVISION_1},
        .ConfigOperation = masking->operation,
        .TableEntry = masking->entry,
    };

    masking->status = NdisMConfigMSIXTableEntry(port_latest()->handle, &parameters);
}

static void
masked(struct world *w)
{
    struct masking masking = {NdisMSIXTableConfigMaskTableEntry, 1, NDIS_STATUS_FAILURE};

    world_as_driver(w, configure, &masking);
    expect(w, masking.status == NDIS_STATUS_SUCCESS);
    raise(w, 1);
    expect(w, irq.isrs == 0);
    raise(w, 2);
    expect(w, irq.isrs == 1 && irq.message == 2);
    masking.operation = NdisMSIXTableConfigUnmaskTableEntry;
    world_as_driver(w, configure, &masking);
    world_settle(w);
    meet();
    expect(w, irq.isrs == 2 && irq.message == 1 && irq.dpcs == 2);
    masking.entry = MESSAGES;
    world_as_driver(w, configure, &masking);
    expect(w, masking.status != NDIS_STATUS_SUCCESS);
}

static void
a_masked_message_waits_until_it_is_unmasked(void **state)
{
    (void)state;
    for_each_seed(masked, MESSAGES);
}

static void
with_device(const struct pndis_device_options *options, bool msi, void (*test)(struct world *w))
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        reset();
        irq.msi = msi;
        world_open(&w, seed);
        card_add(&w, options);
        test(&w);
        check(&w);
        world_close(&w);
    }
}

static void
gets_the_line(struct world *w)
{
    expect(w, irq.status == NDIS_STATUS_SUCCESS && irq.type == NDIS_CONNECT_LINE_BASED);
    raise(w, 0);
    expect(w, irq.isrs == 1 && irq.message == NOBODY && irq.dpc_message == NOBODY);
}

/* "If NDIS cannot grant MSI support, it will grant support for line based interrupts." */
static void
a_card_without_messages_interrupts_by_its_line(void **state)
{
    (void)state;
    with_device(NULL, true, gets_the_line);
    with_device(&(struct pndis_device_options){.messages = MESSAGES}, false, gets_the_line);
}

static void
gets_none(struct world *w)
{
    expect(w, irq.status != NDIS_STATUS_SUCCESS);
}

static void
a_card_without_any_interrupt_has_none(void **state)
{
    (void)state;
    with_device(&(struct pndis_device_options){.no_line = true}, true, gets_none);
}

/* --- before and after --- */

static void
while_halted(struct world *w)
{
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    raise(w, 0);
    expect(w, irq.isrs == 0 && irq.dpcs == 0);
    expect(w, pndis_adapter_start(w->adapter) == 0);
    world_settle(w);
    meet();
    expect(w, irq.isrs == 1 && irq.dpcs == 1);
}

static void
an_interrupt_waits_until_somebody_serves_it(void **state)
{
    (void)state;
    for_each_seed(while_halted, 0);
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
    disconnect(port, action);
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
    raise(w, 0);
    expect(w, irq.isrs == isrs_at_end && irq.dpcs == dpcs_at_end);
    miniport.on_halt = disconnect;
}

static void
nothing_is_called_after_deregistration(void **state)
{
    (void)state;
    for_each_seed(busy_end, 0);
}

/* --- broken rules --- */

static void
storm(struct world *w)
{
    irq.deaf = true;
    raise(w, 0);
    world_expect_violation(w, "INTERRUPT_STORM");
    irq.deaf = false;
    pndis_device_interrupt_clear(card.device);
    world_settle(w);
    meet();
    irq.isrs = 0;
    raise(w, 0);
    expect(w, irq.isrs == 1);
}

static void
a_service_routine_that_does_not_quiet_its_device_is_reported(void **state)
{
    (void)state;
    for_each_seed(storm, 0);
}

static void
pulled_out(struct world *w)
{
    irq.deaf = true;
    irq.unplug = true;
    raise(w, 0);
    world_settle(w);
    meet();
    expect(w, irq.isrs == 1);
    raise(w, 0);
    expect(w, irq.isrs == 1);
}

/* Its service routine cannot quiet it any more, and does not have to. */
static void
a_device_that_was_pulled_out_holds_no_line_up(void **state)
{
    (void)state;
    for_each_seed(pulled_out, 0);
}

static void
forgotten(struct world *w)
{
    irq.forget = true;
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    world_expect_violation(w, "LEAK_HALT");
    raise(w, 0);
    expect(w, irq.isrs == 0);
    irq.forget = false;
}

static void
an_interrupt_that_is_kept_over_halt_is_reported(void **state)
{
    (void)state;
    for_each_seed(forgotten, 0);
}

static void
connect_now(void *argument)
{
    NDIS_HANDLE handle = irq.handle;
    NDIS_STATUS status = irq.status;

    connect_to(port_latest()->handle);
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
    for_each_seed(late, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interrupt_calls_the_service_routine_and_then_its_dpc),
        cmocka_unit_test(a_service_routine_chooses_the_processors_of_its_dpcs),
        cmocka_unit_test(a_dpc_that_is_queued_is_not_queued_again),
        cmocka_unit_test(no_service_routine_runs_beside_a_synchronised_one),
        cmocka_unit_test(each_message_has_its_number),
        cmocka_unit_test(a_message_that_does_not_exist_is_reported),
        cmocka_unit_test(a_line_has_no_messages_to_mistake),
        cmocka_unit_test(messages_are_serialized_if_the_driver_says_so),
        cmocka_unit_test(a_masked_message_waits_until_it_is_unmasked),
        cmocka_unit_test(a_card_without_messages_interrupts_by_its_line),
        cmocka_unit_test(a_card_without_any_interrupt_has_none),
        cmocka_unit_test(an_interrupt_waits_until_somebody_serves_it),
        cmocka_unit_test(nothing_is_called_after_deregistration),
        cmocka_unit_test(a_service_routine_that_does_not_quiet_its_device_is_reported),
        cmocka_unit_test(a_device_that_was_pulled_out_holds_no_line_up),
        cmocka_unit_test(an_interrupt_that_is_kept_over_halt_is_reported),
        cmocka_unit_test(interrupts_are_registered_in_initialize_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
