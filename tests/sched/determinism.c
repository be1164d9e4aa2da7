/*
 * On sim the seed decides: one seed is one event log, byte for byte, whatever the addresses are;
 * other seeds are other orders.
 */
#include "nt/nt_support.h"

enum { PROCESSORS = 3, THREADS = 3, TURNS = 6, PERIODS = 4 };

/* --- a driver that does a bit of everything --- */

struct story {
    KSPIN_LOCK lock;
    KMUTEX mutex;
    KEVENT kept_going;
    KDPC dpc;
    KTIMER timer;
    KDPC timer_dpc;
    WORK_QUEUE_ITEM work;
    KEVENT worked;
    LONG turns;
    LONG ticks;
    LONG runs;
};

static VOID
add_a_turn(struct story *story)
{
    KIRQL irql;

    KeAcquireSpinLock(&story->lock, &irql);
    story->turns++;
    KeReleaseSpinLock(&story->lock, irql);
}

static VOID
run_in_dpc(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    struct story *story = deferred_context;

    (void)dpc;
    (void)argument1;
    (void)argument2;
    KeAcquireSpinLockAtDpcLevel(&story->lock);
    story->runs++;
    KeReleaseSpinLockFromDpcLevel(&story->lock);
}

static VOID
tick(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    struct story *story = deferred_context;

    (void)dpc;
    (void)argument1;
    (void)argument2;
    if (InterlockedIncrement(&story->ticks) == PERIODS) {
        KeCancelTimer(&story->timer);
        KeSetEvent(&story->kept_going, IO_NO_INCREMENT, FALSE);
    }
}

static VOID
work(PVOID user)
{
    struct story *story = user;

    add_a_turn(story);
    KeSetEvent(&story->worked, IO_NO_INCREMENT, FALSE);
}

static VOID
take_turns(PVOID user)
{
    struct story *story = user;

    for (unsigned i = 0; i < TURNS; i++) {
        PVOID memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, TEST_TAG);

        wait_for(&story->mutex);
        add_a_turn(story);
        KeInsertQueueDpc(&story->dpc, NULL, NULL);
        KeReleaseMutex(&story->mutex, FALSE);
        if (i % 2 == 1) {
            delay_ms(1);
        }
        ExFreePoolWithTag(memory, TEST_TAG);
    }
}

static void
play(struct story *story)
{
    struct runner runners[THREADS];

    memset(story, 0, sizeof(*story));
    KeInitializeSpinLock(&story->lock);
    KeInitializeMutex(&story->mutex, 0);
    KeInitializeEvent(&story->kept_going, NotificationEvent, FALSE);
    KeInitializeEvent(&story->worked, NotificationEvent, FALSE);
    KeInitializeDpc(&story->dpc, run_in_dpc, story);
    KeSetTargetProcessorDpc(&story->dpc, 1);
    KeInitializeDpc(&story->timer_dpc, tick, story);
    KeInitializeTimerEx(&story->timer, SynchronizationTimer);
    ExInitializeWorkItem(&story->work, work, story);
    KeSetTimerEx(&story->timer, relative_ms(1), 1, &story->timer_dpc);
    ExQueueWorkItem(&story->work, DelayedWorkQueue);
    for (unsigned i = 0; i < THREADS; i++) {
        runner_start(&runners[i], take_turns, story);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        runner_join(&runners[i]);
    }
    wait_for(&story->worked);
    wait_for(&story->kept_going);
    KeFlushQueuedDpcs();
}

/* The whole log of @seed; the caller frees it. */
static char *
log_of(uint64_t seed)
{
    struct pndis_log *log;
    struct story *story = malloc(sizeof(*story));
    struct world w;
    char *text;

    world_open(&w, &(struct pndis_machine_options){.seed = seed, .processors = PROCESSORS});
    log = pndis_log_open(w.machine, PNDIS_LOG_EVERYTHING);
    assert_non_null(log);
    play(story);
    expect(&w, story->turns == THREADS * TURNS + 1);
    expect(&w, story->ticks == PERIODS);
    world_end(&w);
    expect_clean(&w);
    text = strdup(pndis_log_text(log));
    pndis_log_close(log);
    pndis_machine_destroy(w.machine);
    free(story);
    return text;
}

/* --- the same --- */

/* Where two texts part, so that a failure shows it. */
static void
expect_same(const char *first, const char *second, uint64_t seed)
{
    size_t line = 0;

    if (strcmp(first, second) == 0) {
        return;
    }
    for (size_t i = 0; first[i] != 0 && first[i] == second[i]; i++) {
        line = first[i] == '\n' ? i + 1 : line;
    }
    fail_msg("seed %llu gave \"%.120s\" and then \"%.120s\"", (unsigned long long)seed,
             first + line, second + line);
}

static void
the_same_seed_gives_the_same_log_byte_for_byte(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < seed_count() / 4; seed++) {
        char *first = log_of(seed);
        /* So that not one object is where it was the first time. */
        void *shift = malloc(8192 + seed * 48);
        char *second = log_of(seed);

        assert_true(strlen(first) > 10000);
        expect_same(first, second, seed);
        free(shift);
        free(first);
        free(second);
    }
}

static const char *program;

/* The same from a process of its own, with its own random addresses. */
static char *
log_of_process(uint64_t seed)
{
    char *text = NULL;
    size_t bytes = 0;
    char command[512];
    FILE *pipe;

    snprintf(command, sizeof(command), "%s %llu", program, (unsigned long long)seed);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    if (getdelim(&text, &bytes, 0, pipe) < 0) {
        fail_msg("%s wrote nothing", command);
    }
    assert_int_equal(pclose(pipe), 0);
    return text;
}

static void
another_process_gives_the_same_log_too(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed < 104; seed++) {
        char *here = log_of(seed);
        char *there = log_of_process(seed);

        expect_same(here, there, seed);
        free(here);
        free(there);
    }
}

static void
different_seeds_give_different_logs(void **state)
{
    enum { LOGS = 20 };
    char *logs[LOGS];

    (void)state;
    for (unsigned i = 0; i < LOGS; i++) {
        logs[i] = log_of(i);
        for (unsigned j = 0; j < i; j++) {
            assert_string_not_equal(logs[i], logs[j]);
        }
    }
    for (unsigned i = 0; i < LOGS; i++) {
        free(logs[i]);
    }
}

/* --- the order of a DPC, a timer and a thread on another processor --- */

struct race {
    KDPC dpc;
    KTIMER timer;
    KDPC timer_dpc;
    char order[4];
    LONG arrived;
};

static VOID
arrive(struct race *race, char who)
{
    race->order[InterlockedIncrement(&race->arrived) - 1] = who;
}

static VOID
dpc_arrives(PKDPC dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    struct race *race = deferred_context;

    (void)argument1;
    (void)argument2;
    arrive(race, dpc == &race->dpc ? 'D' : 'T');
}

static VOID
thread_arrives(PVOID user)
{
    KIRQL irql;

    KeSetSystemAffinityThread((KAFFINITY)1 << 1);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    arrive(user, 'P');
    KeLowerIrql(irql);
}

static void
run_race(uint64_t seed, char order[4])
{
    struct race race = {.arrived = 0};
    struct runner runner;
    struct world w;

    world_open(&w, &(struct pndis_machine_options){.seed = seed, .processors = PROCESSORS});
    KeInitializeDpc(&race.dpc, dpc_arrives, &race);
    KeSetTargetProcessorDpc(&race.dpc, 2);
    KeInitializeDpc(&race.timer_dpc, dpc_arrives, &race);
    KeInitializeTimer(&race.timer);
    KeSetTimer(&race.timer, (LARGE_INTEGER){.QuadPart = -1}, &race.timer_dpc);
    runner_start(&runner, thread_arrives, &race);
    KeInsertQueueDpc(&race.dpc, NULL, NULL);
    runner_join(&runner);
    delay_ms(1);
    KeFlushQueuedDpcs();
    expect(&w, race.arrived == 3);
    memcpy(order, race.order, sizeof(race.order));
    close_clean(&w);
}

static void
every_order_of_dpc_timer_and_thread_has_a_seed(void **state)
{
    static const char *const orders[] = {"DTP", "DPT", "TDP", "TPD", "PDT", "PTD"};
    unsigned missing = sizeof(orders) / sizeof(orders[0]);
    bool seen[sizeof(orders) / sizeof(orders[0])] = {false};

    (void)state;
    for (uint64_t seed = 0; seed < 10000 && missing > 0; seed++) {
        char order[4];

        run_race(seed, order);
        for (unsigned i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
            if (!seen[i] && strcmp(order, orders[i]) == 0) {
                seen[i] = true;
                missing--;
            }
        }
    }
    for (unsigned i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        if (!seen[i]) {
            fail_msg("no seed gives %s", orders[i]);
        }
    }
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_log_byte_for_byte),
        cmocka_unit_test(another_process_gives_the_same_log_too),
        cmocka_unit_test(different_seeds_give_different_logs),
        cmocka_unit_test(every_order_of_dpc_timer_and_thread_has_a_seed),
    };

    program = argv[0];
    if (argc == 2) {
        char *text = log_of(strtoull(argv[1], NULL, 10));

        fputs(text, stdout);
        free(text);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
