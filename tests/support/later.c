#include "support/later.h"

const char *const when_names[WHEN_COUNT] = {
    [AT_ONCE] = "at once",         [INSIDE] = "inside the callback",
    [FROM_DPC] = "from a DPC",     [FROM_OTHER] = "from another processor",
    [FROM_TIMER] = "from a timer", [FROM_THREAD] = "from a thread",
};

enum { TIMER_DELAY_MS = 3 };

static VOID
run_in_dpc(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
    struct later *later = context;

    (void)dpc;
    (void)argument1;
    (void)argument2;
    later->routine(later->argument);
}

static VOID
run_in_thread(PVOID context)
{
    struct later *later = context;

    later->routine(later->argument);
}

void
do_later(struct later *later, enum when when, void (*routine)(void *argument), void *argument)
{
    LARGE_INTEGER due = {.QuadPart = -10000LL * TIMER_DELAY_MS};

    later->routine = routine;
    later->argument = argument;
    switch (when) {
    case AT_ONCE:
    case INSIDE:
        routine(argument);
        break;
    case FROM_DPC:
    case FROM_OTHER:
        KeInitializeDpc(&later->dpc, run_in_dpc, later);
        if (when == FROM_OTHER) {
            KeSetTargetProcessorDpc(&later->dpc, (CCHAR)((KeGetCurrentProcessorNumber() + 1) %
                                                         KeQueryActiveProcessorCount(NULL)));
        }
        KeInsertQueueDpc(&later->dpc, NULL, NULL);
        break;
    case FROM_TIMER:
        KeInitializeDpc(&later->dpc, run_in_dpc, later);
        KeInitializeTimer(&later->timer);
        KeSetTimer(&later->timer, due, &later->dpc);
        break;
    case FROM_THREAD:
        ExInitializeWorkItem(&later->work, run_in_thread, later);
        ExQueueWorkItem(&later->work, DelayedWorkQueue);
        break;
    case BY_HAND:
        break;
    }
}
