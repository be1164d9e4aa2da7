/*
 * Message-signalled interrupts of a card: "MiniportMessageInterrupt",
 * "MiniportMessageInterruptDPC", "NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS",
 * "NdisMConfigMSIXTableEntry".
 */
#include "ndis/irq_driver.h"

enum { MESSAGES = 4 };

/* --- messages that there are --- */

static void
messages(struct world *w)
{
    expect(w, irq.type == NDIS_CONNECT_MESSAGE_BASED && irq.message_count == MESSAGES);
    for (unsigned message = 0; message < MESSAGES; message++) {
        irq_raise(w, message);
        expect(w, irq.isrs == message + 1 && irq.dpcs == message + 1);
        expect(w, irq.message == message && irq.dpc_message == message);
    }
}

static void
each_message_has_its_number(void **state)
{
    (void)state;
    irq_for_each_seed(messages, MESSAGES);
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
    irq_for_each_seed(stray_message, MESSAGES);
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
    irq_for_each_seed(any_message_of_a_line, 0);
}

/* --- synchronised with one message --- */

struct beside {
    unsigned isrs_inside;
};

/* Another message than the one it is synchronised with, on another processor. */
static BOOLEAN
beside_a_message(NDIS_HANDLE context)
{
    struct beside *this = context;

    pndis_device_interrupt(card.device, 1);
    for (unsigned i = 0; i < 200; i++) {
        KeStallExecutionProcessor(10);
    }
    irq_meet();
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
    struct beside this = {0};

    world_as_driver(w, synchronise_with_message, &this);
    world_settle(w);
    irq_meet();
    expect(w, irq.isrs == 1 && irq.message == 1);
    beside += this.isrs_inside;
}

/* "Set this member to TRUE if the miniport driver must serialize all MSI service functions." */
static void
messages_are_serialized_if_the_driver_says_so(void **state)
{
    (void)state;
    beside = 0;
    irq_for_each_seed(synchronised_with_message, MESSAGES);
    assert_true(beside > 0 || world_is_live());
    irq_sync_with_all = true;
    beside = 0;
    irq_for_each_seed(synchronised_with_message, MESSAGES);
    irq_sync_with_all = false;
    assert_int_equal(beside, 0);
}

/* --- the table --- */

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
    irq_raise(w, 1);
    expect(w, irq.isrs == 0);
    irq_raise(w, 2);
    expect(w, irq.isrs == 1 && irq.message == 2);
    masking.operation = NdisMSIXTableConfigUnmaskTableEntry;
    world_as_driver(w, configure, &masking);
    world_settle(w);
    irq_meet();
    expect(w, irq.isrs == 2 && irq.message == 1 && irq.dpcs == 2);
    masking.entry = MESSAGES;
    world_as_driver(w, configure, &masking);
    expect(w, masking.status != NDIS_STATUS_SUCCESS);
}

static void
a_masked_message_waits_until_it_is_unmasked(void **state)
{
    (void)state;
    irq_for_each_seed(masked, MESSAGES);
}

/* --- a line instead --- */

static void
gets_the_line(struct world *w)
{
    expect(w, irq.status == NDIS_STATUS_SUCCESS && irq.type == NDIS_CONNECT_LINE_BASED);
    irq_raise(w, 0);
    expect(w, irq.isrs == 1 && irq.message == NOBODY && irq.dpc_message == NOBODY);
}

/* "If NDIS cannot grant MSI support, it will grant support for line based interrupts." */
static void
a_card_without_messages_interrupts_by_its_line(void **state)
{
    (void)state;
    irq_with_device(NULL, true, gets_the_line);
    irq_with_device(&(struct pndis_device_options){.messages = MESSAGES}, false, gets_the_line);
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
    irq_with_device(&(struct pndis_device_options){.no_line = true}, true, gets_none);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_has_its_number),
        cmocka_unit_test(a_message_that_does_not_exist_is_reported),
        cmocka_unit_test(a_line_has_no_messages_to_mistake),
        cmocka_unit_test(messages_are_serialized_if_the_driver_says_so),
        cmocka_unit_test(a_masked_message_waits_until_it_is_unmasked),
        cmocka_unit_test(a_card_without_messages_interrupts_by_its_line),
        cmocka_unit_test(a_card_without_any_interrupt_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
