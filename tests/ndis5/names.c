/* The log calls each function of an NDIS 5 miniport by the name that its page has. */
#include "miniport51.h"

#include "support/story.h"

static void
send_one(struct world *w)
{
    static const UCHAR frame[60] = {2, 0, 0, 0, 0, 9};

    expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == 0);
    world_settle(w);
}

static void
a_send_has_the_name_of_the_function_that_takes_it(void **state)
{
    (void)state;
    for (unsigned single = 0; single < 2; single++) {
        struct story story;
        struct world w;

        miniport51_reset();
        miniport51.single_send = single != 0;
        world5_running(&w, single);
        story = story_open(&w, PNDIS_LOG_CALLBACKS);
        send_one(&w);
        STORY_HAS_IN_ORDER(&story, single ? "eth0: > MiniportSend" : "eth0: > MiniportSendPackets");
        story_has_not(&story, single ? "MiniportSendPackets\n" : "MiniportSend\n");
        world_close(&w);
    }
}

static BOOLEAN
synchronized(PVOID argument)
{
    return argument != NULL;
}

static void
synchronize(struct nic *nic)
{
    NdisMSynchronizeWithInterrupt(&nic->interrupt, (PVOID)(ULONG_PTR)synchronized, nic);
}

static void
what_belongs_to_an_interrupt_has_its_own_name(void **state)
{
    struct story story;
    struct world w;

    (void)state;
    miniport51_reset();
    miniport51.asks_no_isr = true;
    miniport51.on_dpc = synchronize;
    world5_running(&w, 0);
    story = story_open(&w, PNDIS_LOG_CALLBACKS);
    pndis_device_interrupt(card.device, 0);
    world_settle(&w);
    STORY_HAS_IN_ORDER(&story, "eth0: > MiniportDisableInterrupt",
                       "eth0: > MiniportHandleInterrupt", "eth0: > MiniportSynchronizeISR",
                       "eth0: > MiniportEnableInterrupt");
    world_close(&w);
}

/* MiniportHaltEx is no function of an NDIS 5 miniport, nor MiniportHalt one of an NDIS 6 one. */
static void
what_is_asked_of_a_halt_is_said_for_both_versions(void **state)
{
    const struct pndis_violation *violation;
    struct world w;

    (void)state;
    miniport51_reset();
    miniport51.forget = ACQUIRE_MEMORY;
    world5_running(&w, 0);
    expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
    violation = pndis_violation_of(w.machine, "LEAK_HALT");
    assert_non_null(violation);
    assert_string_equal(violation->requirement,
                        "a halt releases everything that was acquired for the adapter");
    assert_string_equal(violation->call, "MiniportHalt");
    pndis_violations_clear(w.machine);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_send_has_the_name_of_the_function_that_takes_it),
        cmocka_unit_test(what_belongs_to_an_interrupt_has_its_own_name),
        cmocka_unit_test(what_is_asked_of_a_halt_is_said_for_both_versions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
