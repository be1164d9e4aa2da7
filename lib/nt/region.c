/*
 * Critical and guarded regions ("Critical Regions and Guarded Regions"). No APCs are delivered
 * here, so all there is to a region is whether it was entered.
 */
#include "nt/wait.h"

static bool
apcs_are_disabled(struct context *context)
{
    const struct thread *thread = pndis__thread_of(context);

    return thread->critical_regions != 0 || thread->guarded_regions != 0;
}

void
pndis__region_check(struct context *context, const char *call, const void *caller)
{
    if (context->irql < APC_LEVEL && !apcs_are_disabled(context)) {
        pndis__report(context, RULE_RESOURCE_REGION, NULL, call, caller,
                      "acquires it outside of a critical region");
    }
}

static void
leave(struct context *context, LONG *regions, const char *call, const void *caller)
{
    if (*regions <= 0) {
        pndis__report(context, RULE_REGION_BALANCE, NULL, call, caller,
                      "leaves a region that it is not in");
        return;
    }
    --*regions;
}

VOID
KeEnterCriticalRegion(VOID)
{
    pndis__thread_of(NT_CALL(PASSIVE_LEVEL, APC_LEVEL))->critical_regions++;
}

VOID
KeLeaveCriticalRegion(VOID)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    leave(context, &pndis__thread_of(context)->critical_regions, __func__, NT_CALLER());
}

VOID
KeEnterGuardedRegion(VOID)
{
    pndis__thread_of(NT_CALL(PASSIVE_LEVEL, APC_LEVEL))->guarded_regions++;
}

VOID
KeLeaveGuardedRegion(VOID)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    leave(context, &pndis__thread_of(context)->guarded_regions, __func__, NT_CALLER());
}

BOOLEAN
KeAreApcsDisabled(VOID)
{
    return apcs_are_disabled(NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL));
}

BOOLEAN
KeAreAllApcsDisabled(VOID)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return context->irql >= APC_LEVEL || pndis__thread_of(context)->guarded_regions != 0;
}
