/*
 * The contract of interrupts ("Handling an Interrupt (NDIS 5.1)", "DPC Handler (NDIS 5.1)",
 * "Registering Handlers for Interrupt Support (NDIS 5.1)", NdisMRegisterInterrupt).
 */
#include "miniport51.h"

enum { TRIES = 1000, SLEEP_US = 50 };

static W_INITIALIZE_HANDLER initialize;
static W_HALT_HANDLER halt;
static W_HANDLE_INTERRUPT_HANDLER handle_interrupt;
static W_DISABLE_INTERRUPT_HANDLER disable_interrupt;
static W_ENABLE_INTERRUPT_HANDLER enable_interrupt;

/* D, H, E: the functions around an interrupt, as they were called. */
static char calls_made[64];
static unsigned call_count;
static unsigned isrs_at_end;
static unsigned dpcs_at_end;
static bool came;

static void
note_call(char name)
{
    calls_made[__atomic_fetch_add(&call_count, 1, __ATOMIC_SEQ_CST) % sizeof(calls_made)] = name;
}

/* The card raises its interrupt when a register is written. */
static void
ring(struct card *this, unsigned range, uint64_t offset, uint64_t value)
{
    (void)range;
    (void)offset;
    (void)value;
    pndis_device_interrupt(this->device, 0);
}

static void
ring_card(struct nic *nic)
{
    NdisWriteRegisterUlong((PULONG)nic->io_space, 1);
}

static void
given(uint64_t seed)
{
    miniport51_reset();
    if (seed % 2 != 0) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    card.on_write = ring;
    call_count = isrs_at_end = dpcs_at_end = 0;
    came = false;
}

static bool
wait_for_isr(struct nic *nic)
{
    unsigned before = SEEN(nic->isrs);

    ring_card(nic);
    for (unsigned i = 0; i < TRIES && SEEN(nic->isrs) == before; i++) {
        NdisMSleep(SLEEP_US);
    }
    return SEEN(nic->isrs) == before + 1;
}

/* --- while initializing and halting --- */

static NDIS_STATUS
initialize_and_ring(PNDIS_STATUS open_error, PUINT selected, PNDIS_MEDIUM array, UINT count,
                    NDIS_HANDLE handle, NDIS_HANDLE wrapper_context)
{
    NDIS_STATUS status = initialize(open_error, selected, array, count, handle, wrapper_context);

    if (status == NDIS_STATUS_SUCCESS) {
        came = wait_for_isr(nic_latest());
    }
    return status;
}

static void
own_initialize(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    initialize = calls->InitializeHandler;
    calls->InitializeHandler = initialize_and_ring;
}

/* MiniportISR is for a NIC "that can interrupt during miniport driver initialization". */
static void
the_isr_is_called_at_dirql_while_initializing(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(seed);
        miniport51.edit = own_initialize;
        world5_open(&w, seed);
        world5_add(&w);
        expect_state(&w, "Paused");
        expect(&w, came && !SEEN(nic_latest()->wrong_level));
        world_close(&w);
    }
}

static void
ring_in_halt(struct nic *nic)
{
    came = wait_for_isr(nic);
}

/* "... or during a miniport driver halt operation", until it is deregistered. */
static void
the_isr_is_called_while_halting_until_the_interrupt_is_deregistered(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(seed);
        miniport51.on_halt = ring_in_halt;
        world5_running(&w, seed);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        expect(&w, came && SEEN(nic_latest()->isrs) == 1);
        pndis_device_interrupt(card.device, 0);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->isrs) == 1);
        world_close(&w);
    }
}

static void
ring_and_go_on(struct nic *nic)
{
    ring_card(nic);
}

static VOID
note_at_end(NDIS_HANDLE context)
{
    struct nic *nic = context;

    halt(context);
    isrs_at_end = SEEN(nic->isrs);
    dpcs_at_end = SEEN(nic->dpcs);
}

static void
own_halt(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    halt = calls->HaltHandler;
    calls->HaltHandler = note_at_end;
}

/* After NdisMDeregisterInterrupt neither is called, and what was queued has run. */
static void
deregistering_waits_for_the_dpc_that_is_queued(void **state)
{
    unsigned interrupts = 0;

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(100); seed++) {
        struct world w;

        given(seed);
        miniport51.edit = own_halt;
        miniport51.on_halt = ring_and_go_on;
        world5_running(&w, seed);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->isrs) == isrs_at_end);
        expect(&w, SEEN(nic_latest()->dpcs) == dpcs_at_end);
        expect(&w, dpcs_at_end == isrs_at_end);
        interrupts += isrs_at_end;
        world_close(&w);
    }
    assert_true(interrupts > 0);
}

/* --- what MiniportISR answers --- */

static BOOLEAN asks_dpc;

static VOID
answering_isr(PBOOLEAN recognized, PBOOLEAN queue, NDIS_HANDLE context)
{
    saw(&((struct nic *)context)->isrs);
    pndis_device_interrupt_clear(card.device);
    *recognized = TRUE;
    *queue = asks_dpc;
}

static void
own_isr(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    calls->ISRHandler = answering_isr;
}

static void
the_isr_says_whether_a_dpc_is_queued(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct world w;

        given(seed);
        miniport51.edit = own_isr;
        asks_dpc = FALSE;
        world5_running(&w, seed);
        for (unsigned i = 1; i <= 3; i++) {
            pndis_device_interrupt(card.device, 0);
            world_settle(&w);
            expect(&w, SEEN(nic_latest()->isrs) == i && SEEN(nic_latest()->dpcs) == 0);
        }
        asks_dpc = TRUE;
        pndis_device_interrupt(card.device, 0);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->isrs) == 4 && SEEN(nic_latest()->dpcs) == 1);
        world_close(&w);
    }
}

static void
ring_once_more(struct nic *nic)
{
    if (SEEN(nic->dpcs) == 1) {
        ring_card(nic);
    }
}

/* Nothing that comes while MiniportHandleInterrupt runs is lost. */
static void
an_interrupt_during_the_dpc_leads_to_another(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct world w;

        given(seed);
        miniport51.on_dpc = ring_once_more;
        miniport51.enables = seed % 4 < 2;
        world5_running(&w, seed);
        pndis_device_interrupt(card.device, 0);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->isrs) == 2 && SEEN(nic_latest()->dpcs) == 2);
        expect(&w, SEEN(nic_latest()->enables) == (miniport51.enables ? 2 : 0));
        world_close(&w);
    }
}

/* --- without an MiniportISR --- */

static VOID
note_disable(NDIS_HANDLE context)
{
    note_level(context, KeGetCurrentIrql() <= DISPATCH_LEVEL);
    note_call('D');
    disable_interrupt(context);
}

static VOID
note_handle(NDIS_HANDLE context)
{
    note_call('H');
    handle_interrupt(context);
}

static VOID
note_enable(NDIS_HANDLE context)
{
    note_call('E');
    enable_interrupt(context);
}

static void
own_interrupt_functions(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    disable_interrupt = calls->DisableInterruptHandler;
    calls->DisableInterruptHandler = note_disable;
    handle_interrupt = calls->HandleInterruptHandler;
    calls->HandleInterruptHandler = note_handle;
    enable_interrupt = calls->EnableInterruptHandler;
    calls->EnableInterruptHandler = note_enable;
}

static void
ring_three_times(struct nic *nic)
{
    if (SEEN(nic->dpcs) < 3) {
        ring_card(nic);
    }
}

/* NDIS disables, queues the DPC, and enables when that has returned: never two of one kind. */
static void
disable_handle_and_enable_come_in_turn(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct world w;

        given(seed);
        miniport51.asks_no_isr = true;
        miniport51.edit = own_interrupt_functions;
        world5_running(&w, seed);
        for (unsigned i = 0; i < 3; i++) {
            pndis_device_interrupt(card.device, 0);
            world_settle(&w);
        }
        expect(&w, call_count == 9 && memcmp(calls_made, "DHEDHEDHE", 9) == 0);
        expect(&w, SEEN(nic_latest()->isrs) == 0 && !SEEN(nic_latest()->wrong_level));
        world_close(&w);
    }
}

static void
with_an_isr_it_is_enabled_after_each_dpc(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(40); seed++) {
        struct world w;

        given(seed);
        miniport51.enables = true;
        miniport51.edit = own_interrupt_functions;
        miniport51.on_dpc = ring_three_times;
        world5_running(&w, seed);
        pndis_device_interrupt(card.device, 0);
        world_settle(&w);
        expect(&w, call_count == 6 && memcmp(calls_made, "HEHEHE", 6) == 0);
        expect(&w, SEEN(nic_latest()->isrs) == 3);
        world_close(&w);
    }
}

/* --- NdisMSynchronizeWithInterrupt --- */

static bool isr_came_between;

static BOOLEAN
ring_and_look(PVOID context)
{
    struct nic *nic = context;
    unsigned before = SEEN(nic->isrs);

    ring_card(nic);
    KeStallExecutionProcessor(20);
    isr_came_between |= SEEN(nic->isrs) != before;
    return FALSE;
}

static void
synchronize(void *argument)
{
    struct nic *nic = nic_latest();

    *(BOOLEAN *)argument =
        NdisMSynchronizeWithInterrupt(&nic->interrupt, (PVOID)ring_and_look, nic);
}

static void
the_isr_does_not_run_beside_a_function_that_synchronizes_with_it(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        BOOLEAN answer = TRUE;
        struct world w;

        given(seed);
        isr_came_between = false;
        world5_running(&w, seed);
        world_as_driver(&w, synchronize, &answer);
        world_settle(&w);
        expect(&w, !isr_came_between && SEEN(nic_latest()->isrs) == 1);
        expect(&w, answer == FALSE);
        world_close(&w);
    }
}

/* --- NdisMRegisterInterrupt --- */

static NDIS_MINIPORT_INTERRUPT second;
static NDIS_STATUS register_status;

static void
register_late(void *argument)
{
    (void)argument;
    register_status = NdisMRegisterInterrupt(&second, nic_latest()->handle, 0, 0, TRUE, TRUE,
                                             NdisInterruptLevelSensitive);
}

static void
an_interrupt_is_registered_in_initialize_only(void **state)
{
    struct world w;

    (void)state;
    given(0);
    miniport51.acquire &= ~(1u << ACQUIRE_INTERRUPT);
    world5_running(&w, 1);
    world_as_driver(&w, register_late, NULL);
    expect(&w, register_status != NDIS_STATUS_SUCCESS);
    world_expect_violation(&w, "MP_INIT_FRAME");
    world_close(&w);
}

static struct {
    BOOLEAN without_isr;
    BOOLEAN shared;
    NDIS_INTERRUPT_MODE mode;
} registration;

/* The vector and level are in the resources. */
static NDIS_STATUS
register_as_told(PNDIS_STATUS open_error, PUINT selected, PNDIS_MEDIUM array, UINT count,
                 NDIS_HANDLE handle, NDIS_HANDLE wrapper_context)
{
    NDIS_STATUS status = initialize(open_error, selected, array, count, handle, wrapper_context);
    UCHAR buffer[512];
    UINT bytes = sizeof(buffer);
    PNDIS_RESOURCE_LIST list = (PNDIS_RESOURCE_LIST)buffer;
    UINT vector = 0;
    UINT level = 0;

    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    NdisMQueryAdapterResources(&status, wrapper_context, list, &bytes);
    for (ULONG i = 0; status == NDIS_STATUS_SUCCESS && i < list->Count; i++) {
        if (list->PartialDescriptors[i].Type == CmResourceTypeInterrupt) {
            vector = list->PartialDescriptors[i].u.Interrupt.Vector;
            level = list->PartialDescriptors[i].u.Interrupt.Level;
        }
    }
    register_status =
        NdisMRegisterInterrupt(&nic_latest()->interrupt, handle, vector, level,
                               !registration.without_isr, registration.shared, registration.mode);
    nic_latest()->acquired |= 1u << ACQUIRE_INTERRUPT;
    return register_status;
}

static void
own_registration(NDIS51_MINIPORT_CHARACTERISTICS *calls)
{
    initialize = calls->InitializeHandler;
    calls->InitializeHandler = register_as_told;
}

static void
shared_or_not_level_sensitive_or_latched_it_reaches_the_isr(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct world w;

        given(i);
        miniport51.edit = own_registration;
        miniport51.acquire &= ~(1u << ACQUIRE_INTERRUPT);
        registration.without_isr = FALSE;
        registration.shared = i % 2 != 0;
        registration.mode = i / 2 != 0 ? NdisInterruptLatched : NdisInterruptLevelSensitive;
        world5_running(&w, i);
        expect(&w, register_status == NDIS_STATUS_SUCCESS);
        for (unsigned count = 1; count <= 3; count++) {
            pndis_device_interrupt(card.device, 0);
            world_settle(&w);
            expect(&w, SEEN(nic_latest()->isrs) == count && SEEN(nic_latest()->dpcs) == count);
        }
        world_close(&w);
    }
}

/* "If the interrupt is shared" MiniportISR is called, also of a driver that did not request it. */
static void
a_shared_interrupt_is_always_the_isr_s(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        struct world w;

        given(seed);
        miniport51.edit = own_registration;
        miniport51.enables = true;
        miniport51.acquire &= ~(1u << ACQUIRE_INTERRUPT);
        registration.without_isr = TRUE;
        registration.shared = TRUE;
        registration.mode = NdisInterruptLevelSensitive;
        world5_running(&w, seed);
        pndis_device_interrupt(card.device, 0);
        world_settle(&w);
        expect(&w, SEEN(nic_latest()->isrs) == 1 && SEEN(nic_latest()->disables) == 0);
        expect(&w, SEEN(nic_latest()->dpcs) == 1 && SEEN(nic_latest()->enables) == 1);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_isr_is_called_at_dirql_while_initializing),
        cmocka_unit_test(the_isr_is_called_while_halting_until_the_interrupt_is_deregistered),
        cmocka_unit_test(deregistering_waits_for_the_dpc_that_is_queued),
        cmocka_unit_test(the_isr_says_whether_a_dpc_is_queued),
        cmocka_unit_test(an_interrupt_during_the_dpc_leads_to_another),
        cmocka_unit_test(disable_handle_and_enable_come_in_turn),
        cmocka_unit_test(with_an_isr_it_is_enabled_after_each_dpc),
        cmocka_unit_test(the_isr_does_not_run_beside_a_function_that_synchronizes_with_it),
        cmocka_unit_test(an_interrupt_is_registered_in_initialize_only),
        cmocka_unit_test(shared_or_not_level_sensitive_or_latched_it_reaches_the_isr),
        cmocka_unit_test(a_shared_interrupt_is_always_the_isr_s),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
