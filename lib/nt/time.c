/*
 * Clocks ("Acquiring High-Resolution Time Stamps"). The clocks of a driver are the machine's: those
 * that Windows advances at each tick stand still between two ticks here as well, and the precise
 * ones do not.
 */
#include "nt/nt.h"

static const uint64_t tick_ns = 15625000;              /* 15.625 ms. */
static const uint64_t counter_ns = 100;                /* The performance counter has 10 MHz. */
static const uint64_t unix_epoch = 116444736000000000; /* 1970 in units of 100 ns since 1601. */

static uint64_t
now(struct context *context)
{
    return pndis__now_ns(context->sched);
}

static uint64_t
at_last_tick(struct context *context)
{
    return now(context) / tick_ns * tick_ns;
}

static LONGLONG
system_time(const struct context *context, uint64_t ns)
{
    return (LONGLONG)(unix_epoch + (context->machine->wall_ns_at_zero + ns) / 100);
}

VOID
KeQuerySystemTime(PLARGE_INTEGER CurrentTime)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    CurrentTime->QuadPart = system_time(context, at_last_tick(context));
}

VOID
KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    CurrentTime->QuadPart = system_time(context, now(context));
}

VOID
KeQueryTickCount(PLARGE_INTEGER CurrentCount)
{
    CurrentCount->QuadPart = (LONGLONG)(now(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL)) / tick_ns);
}

ULONG
KeQueryTimeIncrement(VOID)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return (ULONG)(tick_ns / 100);
}

ULONGLONG
KeQueryInterruptTime(VOID)
{
    return at_last_tick(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL)) / 100;
}

ULONG64
KeQueryInterruptTimePrecise(PULONG64 QpcTimeStamp)
{
    uint64_t ns = now(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL));

    *QpcTimeStamp = ns / counter_ns;
    return ns / 100;
}

/* The machine never sleeps, so no time has to be left out. */
ULONGLONG
KeQueryUnbiasedInterruptTime(VOID)
{
    return at_last_tick(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL)) / 100;
}

ULONG64
KeQueryUnbiasedInterruptTimePrecise(PULONG64 QpcTimeStamp)
{
    uint64_t ns = now(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL));

    *QpcTimeStamp = ns / counter_ns;
    return ns / 100;
}

LARGE_INTEGER
KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency)
{
    uint64_t ns = now(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL));

    if (PerformanceFrequency != NULL) {
        PerformanceFrequency->QuadPart = (LONGLONG)(1000000000 / counter_ns);
    }
    return (LARGE_INTEGER){.QuadPart = (LONGLONG)(ns / counter_ns)};
}

VOID
KeStallExecutionProcessor(ULONG MicroSeconds)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    context->sched->ops->stall(context, (uint64_t)MicroSeconds * 1000);
}

/* The resolution cannot be changed: timers are precise, and ticks always of the same length. */
ULONG
ExSetTimerResolution(ULONG DesiredTime, BOOLEAN SetResolution)
{
    (void)DesiredTime;
    (void)SetResolution;
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return (ULONG)(tick_ns / 100);
}

VOID
ExQueryTimerResolution(PULONG MaximumTime, PULONG MinimumTime, PULONG CurrentTime)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    *MaximumTime = *MinimumTime = *CurrentTime = (ULONG)(tick_ns / 100);
}
