/* The level of the running processor ("Managing Hardware Priorities"). */
#include "nt/nt.h"

#include "nt/irql.h"

void
pndis__irql_lower_checked(struct context *context, KIRQL level, const char *call,
                          const void *caller)
{
    if (level > context->irql) {
        pndis__report(context, RULE_IRQL_LOWER, NULL, call, caller,
                      "asks to lower IRQL %u to %u, which is higher", context->irql, level);
        return;
    }
    if (level < DISPATCH_LEVEL && context->irql >= DISPATCH_LEVEL && context->locks_held > 0) {
        pndis__report(context, RULE_SPIN_LOCK_LEVEL, NULL, call, caller,
                      "lowers to IRQL %u with %u spin locks held", level, context->locks_held);
    }
    pndis__irql_lower(context, level);
}

KIRQL
pndis__irql_raise_checked(struct context *context, KIRQL level, const char *call,
                          const void *caller)
{
    KIRQL before = context->irql;

    if (level < before) {
        pndis__report(context, RULE_IRQL_RAISE, NULL, call, caller,
                      "asks to raise IRQL %u to %u, which is lower", before, level);
    } else {
        pndis__irql_raise(context, level);
    }
    return before;
}

KIRQL
KeGetCurrentIrql(VOID)
{
    return NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL)->irql;
}

KIRQL
KfRaiseIrql(KIRQL NewIrql)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    return pndis__irql_raise_checked(context, NewIrql, __func__, NT_CALLER());
}

KIRQL
KeRaiseIrqlToDpcLevel(VOID)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    return pndis__irql_raise_checked(context, DISPATCH_LEVEL, __func__, NT_CALLER());
}

/* What an x64 processor synchronizes at: below the interrupts between processors. */
KIRQL
KeRaiseIrqlToSynchLevel(VOID)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, SYNCHRONIZE_LEVEL);

    return pndis__irql_raise_checked(context, SYNCHRONIZE_LEVEL, __func__, NT_CALLER());
}

VOID
KeLowerIrql(KIRQL NewIrql)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    pndis__irql_lower_checked(context, NewIrql, __func__, NT_CALLER());
}
