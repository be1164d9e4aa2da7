/*
 * Locks and waiting of NDIS: "NdisAllocateRWLock", "NdisAcquireRWLockRead",
 * "NdisAcquireRWLockWrite", "NdisReleaseRWLock", "NdisInitializeReadWriteLock" and its functions,
 * "NdisAllocateSpinLock", "NdisMSleep", "NdisStallExecution".
 */
#include "support/dice.h"
#include "support/guest.h"
#include "support/later.h"

/* --- both kinds of lock --- */

union held {
    LOCK_STATE_EX now;
    LOCK_STATE before;
};

struct lock_kind {
    const char *name;
    void (*acquire)(bool write, union held *held);
    void (*release)(union held *held);
};

static NDIS_RW_LOCK_EX *lock;
static NDIS_RW_LOCK embedded;

static void
acquire_now(bool write, union held *held)
{
    (write ? NdisAcquireRWLockWrite : NdisAcquireRWLockRead)(lock, &held->now, 0);
}

static void
release_now(union held *held)
{
    NdisReleaseRWLock(lock, &held->now);
}

static void
acquire_before(bool write, union held *held)
{
    NdisAcquireReadWriteLock(&embedded, write, &held->before);
}

static void
release_before(union held *held)
{
    NdisReleaseReadWriteLock(&embedded, &held->before);
}

static const struct lock_kind kinds[] = {
    {"NDIS_RW_LOCK_EX", acquire_now, release_now},
    {"NDIS_RW_LOCK", acquire_before, release_before},
};

/* A routine's argument. */
struct trial {
    const struct lock_kind *kind;
    uint64_t seed;
};

static void
run_kinds(guest_routine *routine)
{
    for (size_t i = 0; i < RTL_NUMBER_OF(kinds); i++) {
        for (uint64_t seed = 0; seed < world_seeds(GUEST_SEEDS); seed++) {
            struct trial trial = {&kinds[i], seed};
            struct world w;

            world_open(&w, seed);
            guest_run(&w, routine, &trial);
            world_close(&w);
        }
    }
}

static bool
set_up(void)
{
    lock = NdisAllocateRWLock(guest_handle());
    NdisInitializeReadWriteLock(&embedded);
    return guest_check(lock != NULL);
}

/* --- levels --- */

static void
levels(void *argument)
{
    const struct trial *trial = argument;
    union held held;
    KIRQL irql;

    if (!set_up()) {
        return;
    }
    for (int write = 0; write < 2; write++) {
        trial->kind->acquire(write != 0, &held);
        guest_check(KeGetCurrentIrql() == DISPATCH_LEVEL);
        trial->kind->release(&held);
        guest_check(KeGetCurrentIrql() == PASSIVE_LEVEL);

        irql = KeRaiseIrqlToDpcLevel();
        trial->kind->acquire(write != 0, &held);
        trial->kind->release(&held);
        guest_check(KeGetCurrentIrql() == DISPATCH_LEVEL);
        KeLowerIrql(irql);
    }
    NdisFreeRWLock(lock);
}

static void
a_lock_raises_to_dispatch_level_and_its_release_lowers(void **state)
{
    (void)state;
    run_kinds(levels);
}

static void
with_flag(void *argument)
{
    LOCK_STATE_EX held;
    KIRQL irql;

    (void)argument;
    if (!set_up()) {
        return;
    }
    irql = KeRaiseIrqlToDpcLevel();
    NdisAcquireRWLockRead(lock, &held, NDIS_RWL_AT_DISPATCH_LEVEL);
    NdisReleaseRWLock(lock, &held);
    NdisAcquireRWLockWrite(lock, &held, NDIS_RWL_AT_DISPATCH_LEVEL);
    NdisReleaseRWLock(lock, &held);
    guest_check(KeGetCurrentIrql() == DISPATCH_LEVEL);
    KeLowerIrql(irql);
    NdisFreeRWLock(lock);
}

static void
at_dispatch_level_the_level_need_not_be_asked(void **state)
{
    (void)state;
    guest_run_alone(with_flag);
}

static void
lie(void *argument)
{
    LOCK_STATE_EX held;

    (void)argument;
    if (set_up()) {
        NdisAcquireRWLockRead(lock, &held, NDIS_RWL_AT_DISPATCH_LEVEL);
        NdisReleaseRWLock(lock, &held);
        NdisFreeRWLock(lock);
    }
}

static void
an_acquisition_that_lies_about_its_level_is_reported(void **state)
{
    (void)state;
    guest_break_alone(lie, "DISPATCH_FLAG");
}

/* --- who excludes whom --- */

static struct {
    const struct lock_kind *kind;
    bool write;
    LONG inside; /* The other has the lock. */
    LONG done;
    struct later later;
} other;

static void
take_other(void *argument)
{
    union held held;

    (void)argument;
    other.kind->acquire(other.write, &held);
    InterlockedExchange(&other.inside, 1);
    NdisStallExecution(1);
    InterlockedExchange(&other.inside, 0);
    other.kind->release(&held);
    InterlockedExchange(&other.done, 1);
}

/* Whether @flag is set within a while. */
static bool
comes(LONG *flag)
{
    enum { TURNS = 20000 };

    for (unsigned i = 0; i < TURNS; i++) {
        if (InterlockedCompareExchange(flag, 0, 0) != 0) {
            return true;
        }
        NdisStallExecution(1);
    }
    return false;
}

/* Hold the lock one way, have another processor take it the other way. */
static void
meet(const struct lock_kind *kind, bool write, bool other_write)
{
    union held held;
    bool together = !write && !other_write;

    memset(&other, 0, sizeof(other));
    other.kind = kind;
    other.write = other_write;
    kind->acquire(write, &held);
    do_later(&other.later, FROM_OTHER, take_other, NULL);
    if (together) {
        guest_check(comes(&other.done));
    } else {
        for (unsigned i = 0; i < 20; i++) {
            guest_check(InterlockedCompareExchange(&other.inside, 0, 0) == 0);
            NdisStallExecution(1);
        }
        guest_check(InterlockedCompareExchange(&other.done, 0, 0) == 0);
    }
    kind->release(&held);
    guest_check(comes(&other.done));
}

static void
exclusion(void *argument)
{
    const struct trial *trial = argument;

    if (!set_up()) {
        return;
    }
    meet(trial->kind, false, false);
    meet(trial->kind, false, true);
    meet(trial->kind, true, false);
    meet(trial->kind, true, true);
    KeFlushQueuedDpcs();
    NdisFreeRWLock(lock);
}

static void
readers_share_a_lock_and_writers_do_not(void **state)
{
    (void)state;
    run_kinds(exclusion);
}

/* --- a crowd --- */

enum { CROWD = 4, ROUNDS = 40 };

static struct {
    const struct lock_kind *kind;
    LONG readers;
    LONG writers;
    ULONG value; /* Written under the lock; reads of it are of one write. */
    ULONG copy;
    ULONG writes;
} crowd;

static VOID
member(PVOID argument)
{
    struct dice dice = dice_of((uint64_t)(ULONG_PTR)argument);

    for (unsigned i = 0; i < ROUNDS; i++) {
        bool write = dice_roll(&dice, 4) == 0;
        union held held;

        crowd.kind->acquire(write, &held);
        if (write) {
            guest_check(InterlockedIncrement(&crowd.writers) == 1);
            guest_check(InterlockedCompareExchange(&crowd.readers, 0, 0) == 0);
            crowd.value++;
            NdisStallExecution(1);
            crowd.copy++;
            crowd.writes++;
            InterlockedDecrement(&crowd.writers);
        } else {
            InterlockedIncrement(&crowd.readers);
            guest_check(InterlockedCompareExchange(&crowd.writers, 0, 0) == 0);
            guest_check(crowd.value == crowd.copy);
            InterlockedDecrement(&crowd.readers);
        }
        crowd.kind->release(&held);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static void
crowded(void *argument)
{
    const struct trial *trial = argument;
    PVOID threads[CROWD];

    if (!set_up()) {
        return;
    }
    memset(&crowd, 0, sizeof(crowd));
    crowd.kind = trial->kind;
    for (ULONG_PTR i = 0; i < CROWD; i++) {
        HANDLE handle;

        guest_check(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, member,
                                         (PVOID)(trial->seed * CROWD + i)) == STATUS_SUCCESS);
        guest_check(ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, NULL, KernelMode,
                                              &threads[i], NULL) == STATUS_SUCCESS);
        ZwClose(handle);
    }
    for (unsigned i = 0; i < CROWD; i++) {
        KeWaitForSingleObject(threads[i], Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(threads[i]);
    }
    guest_check(crowd.value == crowd.writes && crowd.copy == crowd.writes);
    NdisFreeRWLock(lock);
}

static void
no_reader_sees_half_a_write(void **state)
{
    (void)state;
    run_kinds(crowded);
}

/* --- broken rules --- */

static void
forget_lock(void *argument)
{
    (void)argument;
    set_up();
}

static void
a_lock_that_is_never_freed_is_reported(void **state)
{
    (void)state;
    guest_break_alone(forget_lock, "LEAK_UNLOAD");
}

static void
release_twice(void *argument)
{
    LOCK_STATE_EX held;
    KIRQL irql;

    (void)argument;
    if (!set_up()) {
        return;
    }
    irql = KeRaiseIrqlToDpcLevel();
    NdisAcquireRWLockRead(lock, &held, 0);
    NdisReleaseRWLock(lock, &held);
    NdisReleaseRWLock(lock, &held);
    KeLowerIrql(irql);
    NdisFreeRWLock(lock);
}

static void
a_lock_that_is_not_held_is_not_released(void **state)
{
    (void)state;
    guest_break_alone(release_twice, "RW_LOCK_RELEASE");
}

static void
upgrade(void *argument)
{
    LOCK_STATE_EX reading;
    LOCK_STATE_EX writing;

    (void)argument;
    if (!set_up()) {
        return;
    }
    NdisAcquireRWLockRead(lock, &reading, 0);
    NdisAcquireRWLockWrite(lock, &writing, 0);
    NdisReleaseRWLock(lock, &writing);
    NdisReleaseRWLock(lock, &reading);
    guest_check(KeGetCurrentIrql() == PASSIVE_LEVEL);
    NdisFreeRWLock(lock);
}

/* --- and one that is gone --- */

static void
free_while_held(void *argument)
{
    PNDIS_RW_LOCK_EX lock = NdisAllocateRWLock(guest_handle());
    LOCK_STATE_EX held;
    LOCK_STATE_EX none;

    (void)argument;
    NdisAcquireRWLockRead(lock, &held, 0);
    NdisFreeRWLock(lock);
    NdisAcquireRWLockWrite(lock, &none, 0);
    guest_check(none.LockState == 0);
    NdisReleaseRWLock(lock, &none);
    guest_check(KeGetCurrentIrql() == DISPATCH_LEVEL);
    NdisReleaseRWLock(lock, &held);
    guest_check(KeGetCurrentIrql() == PASSIVE_LEVEL);
}

/* Whatever is done with it is reported, and leaves the level as a lock would. */
static void
a_lock_that_was_freed_while_held_does_no_harm(void **state)
{
    (void)state;
    guest_break_alone(free_while_held, "RW_LOCK_RELEASE");
}

static void
a_reader_does_not_become_a_writer(void **state)
{
    (void)state;
    guest_break_alone(upgrade, "RW_LOCK_UPGRADE");
}

/* --- spin locks --- */

static void
spin_levels(void *argument)
{
    NDIS_SPIN_LOCK spin;
    KIRQL irql;

    (void)argument;
    NdisAllocateSpinLock(&spin);
    NdisAcquireSpinLock(&spin);
    guest_check(KeGetCurrentIrql() == DISPATCH_LEVEL);
    NdisReleaseSpinLock(&spin);
    guest_check(KeGetCurrentIrql() == PASSIVE_LEVEL);
    irql = KeRaiseIrqlToDpcLevel();
    NdisDprAcquireSpinLock(&spin);
    NdisDprReleaseSpinLock(&spin);
    guest_check(KeGetCurrentIrql() == DISPATCH_LEVEL);
    KeLowerIrql(irql);
    NdisFreeSpinLock(&spin);
}

static void
a_spin_lock_raises_to_dispatch_level_and_its_release_lowers(void **state)
{
    (void)state;
    guest_run_alone(spin_levels);
}

/* --- waiting --- */

static void
sleep_and_stall(void *argument)
{
    LARGE_INTEGER begin;
    LARGE_INTEGER end;
    KIRQL irql;

    (void)argument;
    begin = KeQueryPerformanceCounter(NULL);
    NdisMSleep(2000);
    KeQueryPerformanceCounter(&end); /* The frequency. */
    guest_check((KeQueryPerformanceCounter(NULL).QuadPart - begin.QuadPart) * 1000000 >=
                2000 * end.QuadPart);
    irql = KeRaiseIrqlToDpcLevel();
    begin = KeQueryPerformanceCounter(NULL);
    NdisStallExecution(40);
    guest_check((KeQueryPerformanceCounter(NULL).QuadPart - begin.QuadPart) * 1000000 >=
                40 * end.QuadPart);
    KeLowerIrql(irql);
}

static void
sleeps_and_stalls_last_as_long_as_they_say(void **state)
{
    (void)state;
    guest_run_alone(sleep_and_stall);
}

static void
sleep_at_dispatch(void *argument)
{
    KIRQL irql = KeRaiseIrqlToDpcLevel();

    (void)argument;
    NdisMSleep(100);
    guest_check(KeGetCurrentIrql() == DISPATCH_LEVEL);
    KeLowerIrql(irql);
}

static void
nobody_sleeps_at_dispatch_level(void **state)
{
    (void)state;
    guest_break_alone(sleep_at_dispatch, "CALL_IRQL");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_raises_to_dispatch_level_and_its_release_lowers),
        cmocka_unit_test(at_dispatch_level_the_level_need_not_be_asked),
        cmocka_unit_test(an_acquisition_that_lies_about_its_level_is_reported),
        cmocka_unit_test(readers_share_a_lock_and_writers_do_not),
        cmocka_unit_test(no_reader_sees_half_a_write),
        cmocka_unit_test(a_lock_that_is_never_freed_is_reported),
        cmocka_unit_test(a_lock_that_is_not_held_is_not_released),
        cmocka_unit_test(a_lock_that_was_freed_while_held_does_no_harm),
        cmocka_unit_test(a_reader_does_not_become_a_writer),
        cmocka_unit_test(a_spin_lock_raises_to_dispatch_level_and_its_release_lowers),
        cmocka_unit_test(sleeps_and_stalls_last_as_long_as_they_say),
        cmocka_unit_test(nobody_sleeps_at_dispatch_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
