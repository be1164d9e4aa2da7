/*
 * Pauses of a stack with sends and receives under way on all processors, under ten thousand seeds:
 * every NET_BUFFER_LIST comes back once, and a paused stack has none out. "Pausing an Adapter",
 * "Pausing a Binding", NDIS_STATUS_PAUSED.
 */
#include "support/dice.h"
#include "support/protocol.h"
#include "support/worker.h"

enum {
    SEEDS = 10000,
    SENDS = 8,    /* Chains that each sender sends. */
    RECEIVES = 8, /* Chains that are indicated. */
    CHAIN = 3,    /* Lists in a chain, at most. */
    PAUSES = 2,
    LISTS = 2 * SENDS * CHAIN,
};

/* How often each list has come back. */
struct race {
    struct world *world;
    struct dice dice;
    LONG completed[LISTS];
    LONG received[LISTS];
    LONG returned[LISTS];
    LONG rejected; /* Sent when the binding had not quite restarted. */
    LONG strays;
    LONG done; /* The returner may end. */
    unsigned sends_at_pause;
    bool quiet;
};

static struct race race;
static uint8_t frame[60];

/* What the pauses of all seeds have met: a race that nobody runs shows nothing. */
static struct {
    unsigned pauses;
    unsigned with_sends;
    unsigned with_receives;
} met;

static void
mark(LONG *marks, unsigned number)
{
    InterlockedIncrement(number < LISTS ? &marks[number] : &race.strays);
}

static void
mark_completed(struct opening *opening, NET_BUFFER_LIST *nbl)
{
    (void)opening;
    if (NET_BUFFER_LIST_STATUS(nbl) == NDIS_STATUS_PAUSED) {
        InterlockedIncrement(&race.rejected);
    }
    mark(race.completed, opening_number(nbl));
}

static void
mark_received(struct opening *opening, NET_BUFFER_LIST *nbl)
{
    (void)opening;
    mark(race.received, frame_number(nbl));
}

static void
mark_returned(struct port *port, NET_BUFFER_LIST *nbl)
{
    (void)port;
    mark(race.returned, frame_number(nbl));
}

/* --- what runs beside the pauses --- */

struct lengths {
    unsigned chain[SENDS];
    ULONG flags;
};

static void
roll_lengths(struct lengths *lengths)
{
    for (unsigned i = 0; i < SENDS; i++) {
        lengths->chain[i] = 1 + dice_roll(&race.dice, CHAIN);
    }
}

static void
send_all(void *argument)
{
    struct lengths *lengths = argument;

    for (unsigned i = 0; i < SENDS; i++) {
        opening_send(opening_latest(), frame, sizeof(frame), lengths->chain[i]);
    }
}

static void
indicate_all(void *argument)
{
    struct lengths *lengths = argument;

    for (unsigned i = 0; i < RECEIVES; i++) {
        port_try_indicate(port_latest(), frame, sizeof(frame), lengths->chain[i], lengths->flags);
    }
}

static void
return_all(void *argument)
{
    LARGE_INTEGER rest = {.QuadPart = -1000};

    (void)argument;
    while (!InterlockedCompareExchange(&race.done, 0, 0)) {
        opening_return(opening_latest(), 1);
        port_complete_sends(port_latest(), 1, NDIS_STATUS_SUCCESS);
        KeDelayExecutionThread(KernelMode, FALSE, &rest);
    }
    opening_return(opening_latest(), ~0u);
    port_complete_sends(port_latest(), ~0u, NDIS_STATUS_SUCCESS);
}

static struct lengths first_sends, second_sends, receives;
static struct worker first_sender, second_sender, indicator, returner;

static void
begin(void *argument)
{
    (void)argument;
    worker_start(&first_sender, send_all, &first_sends);
    worker_start(&second_sender, send_all, &second_sends);
    worker_start(&indicator, indicate_all, &receives);
    worker_start(&returner, return_all, NULL);
}

static void
end(void *argument)
{
    (void)argument;
    worker_join(&first_sender);
    worker_join(&second_sender);
    worker_join(&indicator);
    InterlockedExchange(&race.done, 1);
    worker_join(&returner);
}

/* --- the checks --- */

static void
look_at_paused(void *argument)
{
    struct port *port = port_latest();
    struct opening *opening = opening_latest();
    KIRQL irql;

    (void)argument;
    KeAcquireSpinLock(&opening->lock, &irql);
    race.quiet = opening->sends_out == 0;
    KeReleaseSpinLock(&opening->lock, irql);
    KeAcquireSpinLock(&port->lock, &irql);
    race.quiet = race.quiet && port->sends_in_hand == 0 && port->receives_out == 0;
    race.sends_at_pause = port->sends;
    KeReleaseSpinLock(&port->lock, irql);
}

static void
pause_and_restart(struct world *w)
{
    struct pndis_adapter_info info;
    unsigned sends;

    expect(w, pndis_adapter_get_info(w->adapter, &info) == 0);
    met.pauses++;
    met.with_sends += info.sends_outstanding != 0;
    met.with_receives += info.receives_outstanding != 0;
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    expect_state(w, "Paused");
    expect(w, pndis_adapter_get_info(w->adapter, &info) == 0);
    expect(w, info.sends_outstanding == 0 && info.receives_outstanding == 0);
    world_as_driver(w, look_at_paused, NULL);
    expect(w, race.quiet);
    sends = race.sends_at_pause;
    expect(w, pndis_machine_run(w->machine, 20000) == 0);
    world_as_driver(w, look_at_paused, NULL);
    expect(w, race.quiet && race.sends_at_pause == sends);
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    expect_state(w, "Running");
}

static void
all_once(struct world *w, const LONG *marks, unsigned count)
{
    for (unsigned i = 0; i < LISTS; i++) {
        if (marks[i] != (i < count)) {
            fail_msg("list %u of %u came back %d times (seed %llu)", i, count, (int)marks[i],
                     (unsigned long long)w->seed);
        }
    }
}

/* What is indicated before the bindings have restarted reaches nobody. */
static unsigned
none_twice(struct world *w, const LONG *marks, unsigned count)
{
    unsigned seen = 0;

    for (unsigned i = 0; i < LISTS; i++) {
        expect(w, marks[i] <= (i < count));
        seen += (unsigned)marks[i];
    }
    return seen;
}

static void
count_all(struct world *w)
{
    struct opening *opening = opening_latest();
    struct port *port = port_latest();

    expect(w, race.strays == 0);
    all_once(w, race.completed, opening->sent);
    expect(w, none_twice(w, race.received, port->indicated) == opening->received);
    if ((receives.flags & NDIS_RECEIVE_FLAGS_RESOURCES) == 0) {
        all_once(w, race.returned, port->indicated);
    } else {
        all_once(w, race.returned, 0);
    }
    expect(w, opening->completed == opening->sent);
    expect(w, port->completes == port->sends);
    expect(w, port->sends + (unsigned)race.rejected == opening->sent);
}

/* --- the races --- */

static enum when
roll_when(void)
{
    return (enum when)dice_roll(&race.dice, WHEN_COUNT);
}

static void
program(uint64_t seed)
{
    static const enum sending sendings[] = {SEND_COMPLETE, SEND_COMPLETE, SEND_HOLD};

    memset(&race, 0, sizeof(race));
    race.dice = dice_of(seed);
    miniport_reset();
    protocol_reset();
    miniport.sending = sendings[dice_roll(&race.dice, 3)];
    miniport.send_when = roll_when();
    miniport.pause = roll_when();
    miniport.restart = roll_when();
    miniport.on_returned = mark_returned;
    protocol.pause = roll_when();
    protocol.restart = roll_when();
    protocol.keep_receives = dice_roll(&race.dice, 2) == 0;
    protocol.on_completed = mark_completed;
    protocol.on_received = mark_received;
    roll_lengths(&first_sends);
    roll_lengths(&second_sends);
    roll_lengths(&receives);
    receives.flags = dice_roll(&race.dice, 4) == 0 ? NDIS_RECEIVE_FLAGS_RESOURCES : 0;
}

static void
run_race(uint64_t seed)
{
    struct world w;

    program(seed);
    world_open_with(&w, &(struct pndis_machine_options){.seed = seed, .processors = 3});
    race.world = &w;
    world_add_adapter(&w);
    world_load_protocol(&w);
    world_settle(&w);
    expect_state(&w, "Running");
    world_as_driver(&w, begin, NULL);
    for (unsigned i = 0; i < PAUSES; i++) {
        expect(&w, pndis_machine_run(w.machine, dice_roll(&race.dice, 3) * 1000) == 0);
        pause_and_restart(&w);
    }
    world_as_driver(&w, end, NULL);
    expect(&w, pndis_adapter_pause(w.adapter) == 0);
    count_all(&w);
    world_close(&w);
}

static void
every_list_comes_back_once(void **state)
{
    unsigned seeds = world_seeds(SEEDS);

    (void)state;
    memset(frame, 0xff, sizeof(frame));
    memset(&met, 0, sizeof(met));
    for (unsigned seed = 0; seed < seeds; seed++) {
        run_race(seed);
    }
    print_message("%u pauses, %u with sends out, %u with receives out\n", met.pauses,
                  met.with_sends, met.with_receives);
    if (!world_is_live()) {
        assert_true(met.with_sends > met.pauses / 20);
        assert_true(met.with_receives > met.pauses / 20);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_list_comes_back_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
