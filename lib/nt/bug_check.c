/*
 * Bug checks ("KeBugCheckEx function"): the callbacks that drivers registered for this moment run,
 * the driver that brings the system down is reported, and the process ends.
 */
#include "nt/bug_check.h"

#include <stdlib.h>

/* One registered record, of either kind. */
struct bug_check_callback {
    struct bug_check_callback *next;
    const struct owner *driver;
    PKBUGCHECK_CALLBACK_RECORD record; /* Exactly one of these two is set. */
    PKBUGCHECK_REASON_CALLBACK_RECORD reason_record;
};

static struct owner *
driver_of(struct owner *owner)
{
    while (owner->parent != NULL) {
        owner = owner->parent;
    }
    return owner;
}

static bool
is_record(const struct bug_check_callback *callback, const void *record)
{
    return callback->record == record || callback->reason_record == record;
}

/* --- registering; the list is under the dispatcher lock --- */

static bool
add(struct context *context, PKBUGCHECK_CALLBACK_RECORD record,
    PKBUGCHECK_REASON_CALLBACK_RECORD reason_record, const char *call, const void *caller)
{
    struct pndis_machine *machine = context->machine;
    struct bug_check_callback *callback = pndis__fault(context) ? NULL : malloc(sizeof(*callback));
    const void *which = record != NULL ? (const void *)record : (const void *)reason_record;

    if (callback == NULL) {
        return false;
    }
    callback->driver = driver_of(pndis__running_owner(context));
    callback->record = record;
    callback->reason_record = reason_record;
    pndis__lock(machine->sched);
    callback->next = machine->bug_check_callbacks;
    machine->bug_check_callbacks = callback;
    pndis__unlock(machine->sched);
    pndis__acquired(context, RESOURCE_CALLBACK_REGISTRATION, which, 0, 0, NULL, call, caller);
    return true;
}

static bool
take_off(struct context *context, const void *record, const char *call)
{
    struct pndis_machine *machine = context->machine;
    struct bug_check_callback **link = &machine->bug_check_callbacks;
    struct bug_check_callback *found;

    pndis__lock(machine->sched);
    while (*link != NULL && !is_record(*link, record)) {
        link = &(*link)->next;
    }
    found = *link;
    if (found != NULL) {
        *link = found->next;
    }
    pndis__unlock(machine->sched);
    if (found == NULL) {
        return false;
    }
    free(found);
    pndis__released(context, RESOURCE_CALLBACK_REGISTRATION, record, call);
    return true;
}

void
pndis__bug_checks_forget(struct pndis_machine *machine, const struct owner *driver)
{
    struct bug_check_callback **link = &machine->bug_check_callbacks;

    pndis__lock(machine->sched);
    while (*link != NULL) {
        struct bug_check_callback *callback = *link;

        if (driver == NULL || callback->driver == driver) {
            *link = callback->next;
            free(callback);
        } else {
            link = &callback->next;
        }
    }
    pndis__unlock(machine->sched);
}

BOOLEAN
KeRegisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD CallbackRecord,
                           PKBUGCHECK_CALLBACK_ROUTINE CallbackRoutine, PVOID Buffer, ULONG Length,
                           PUCHAR Component)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    if (CallbackRecord->State != BufferEmpty ||
        !add(context, CallbackRecord, NULL, __func__, NT_CALLER())) {
        return FALSE;
    }
    CallbackRecord->CallbackRoutine = CallbackRoutine;
    CallbackRecord->Buffer = Buffer;
    CallbackRecord->Length = Length;
    CallbackRecord->Component = Component;
    CallbackRecord->State = BufferInserted;
    return TRUE;
}

BOOLEAN
KeDeregisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD CallbackRecord)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    if (!take_off(context, CallbackRecord, __func__)) {
        return FALSE;
    }
    CallbackRecord->State = BufferEmpty;
    return TRUE;
}

BOOLEAN
KeRegisterBugCheckReasonCallback(PKBUGCHECK_REASON_CALLBACK_RECORD CallbackRecord,
                                 PKBUGCHECK_REASON_CALLBACK_ROUTINE CallbackRoutine,
                                 KBUGCHECK_CALLBACK_REASON Reason, PUCHAR Component)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    if (CallbackRecord->State != BufferEmpty ||
        !add(context, NULL, CallbackRecord, __func__, NT_CALLER())) {
        return FALSE;
    }
    CallbackRecord->CallbackRoutine = CallbackRoutine;
    CallbackRecord->Component = Component;
    CallbackRecord->Reason = Reason;
    CallbackRecord->State = BufferInserted;
    return TRUE;
}

BOOLEAN
KeDeregisterBugCheckReasonCallback(PKBUGCHECK_REASON_CALLBACK_RECORD CallbackRecord)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    if (!take_off(context, CallbackRecord, __func__)) {
        return FALSE;
    }
    CallbackRecord->State = BufferEmpty;
    return TRUE;
}

/* --- the end --- */

/* Callbacks with a reason add to a crash dump; there is none, so only the plain ones are called. */
static void
run_callbacks(struct context *context)
{
    pndis__irql_raise(context, HIGH_LEVEL);
    for (struct bug_check_callback *at = context->machine->bug_check_callbacks; at != NULL;
         at = at->next) {
        if (at->record != NULL && at->record->State == BufferInserted) {
            at->record->State = BufferStarted;
            at->record->CallbackRoutine(at->record->Buffer, at->record->Length);
            at->record->State = BufferFinished;
        }
    }
}

static void __attribute__((noreturn))
bug_check(struct context *context, ULONG code, const ULONG_PTR parameters[4], const char *call,
          const void *caller)
{
    /* First: with PNDIS_POLICY_STOP a report does not return. */
    run_callbacks(context);
    pndis__report(context, RULE_BUG_CHECK, NULL, call, caller,
                  "bug check 0x%08x (0x%llx, 0x%llx, 0x%llx, 0x%llx)", code,
                  (unsigned long long)parameters[0], (unsigned long long)parameters[1],
                  (unsigned long long)parameters[2], (unsigned long long)parameters[3]);
    pndis__os_die();
}

VOID
KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR BugCheckParameter1, ULONG_PTR BugCheckParameter2,
             ULONG_PTR BugCheckParameter3, ULONG_PTR BugCheckParameter4)
{
    const ULONG_PTR parameters[] = {BugCheckParameter1, BugCheckParameter2, BugCheckParameter3,
                                    BugCheckParameter4};

    bug_check(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL), BugCheckCode, parameters, __func__, NT_CALLER());
}

VOID
KeBugCheck(ULONG BugCheckCode)
{
    const ULONG_PTR parameters[4] = {0};

    bug_check(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL), BugCheckCode, parameters, __func__, NT_CALLER());
}

/* "__fastfail": bug check 0x139, KERNEL_SECURITY_CHECK_FAILURE, with the reason. */
void
__nt_fastfail(unsigned int code)
{
    const ULONG_PTR parameters[4] = {code};

    bug_check(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL), 0x139, parameters, "__fastfail", NT_CALLER());
}
