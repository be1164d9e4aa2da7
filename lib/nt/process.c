/*
 * Processes and security. There is one process, the system's, all threads are its threads, and all
 * code runs in kernel mode, for which no access is checked ("SeAccessCheck function").
 */
#include "nt/nt.h"

#include "nt/object.h"
#include "nt/thread.h"

enum { SYSTEM_PROCESS_ID = 4 };

/* --- processes --- */

HANDLE
PsGetProcessId(PEPROCESS Process)
{
    (void)Process;
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return ULongToHandle(SYSTEM_PROCESS_ID);
}

HANDLE
PsGetThreadId(PETHREAD Thread)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    return ULongToHandle(((struct thread *)Thread)->id);
}

HANDLE
PsGetThreadProcessId(PETHREAD Thread)
{
    (void)Thread;
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return ULongToHandle(SYSTEM_PROCESS_ID);
}

BOOLEAN
PsIsSystemThread(PETHREAD Thread)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    return ((struct thread *)Thread)->exit_place != NULL;
}

NTSTATUS
PsLookupProcessByProcessId(HANDLE ProcessId, PEPROCESS *Process)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    void *process = pndis__system_process(context->machine);

    if (ProcessId != ULongToHandle(SYSTEM_PROCESS_ID)) {
        return STATUS_INVALID_CID;
    }
    pndis__object_reference(context->machine, process);
    pndis__acquired(context, RESOURCE_OBJECT_REFERENCE, process, 0, 0, NULL, __func__, NT_CALLER());
    *Process = process;
    return STATUS_SUCCESS;
}

/* Attaching to the process that one is in already. */
VOID
KeStackAttachProcess(PRKPROCESS PROCESS, PRKAPC_STATE ApcState)
{
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    memset(ApcState, 0, sizeof(*ApcState));
    ApcState->Process = PROCESS;
}

VOID
KeUnstackDetachProcess(PRKAPC_STATE ApcState)
{
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    ApcState->Process = NULL;
}

/* Others may run now, as they may at every call. */
NTSTATUS
ZwYieldExecution(VOID)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    if (context->sched->ops->settle == NULL) {
        pndis__os_yield();
    }
    return STATUS_SUCCESS;
}

/* --- security --- */

VOID
SeCaptureSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    memset(SubjectContext, 0, sizeof(*SubjectContext));
}

VOID
SeReleaseSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    memset(SubjectContext, 0, sizeof(*SubjectContext));
}

/* A caller in kernel mode is granted what it asks for; the mode that a driver passes on from a
 * request may be the host's, whose process is the system's as well. */
BOOLEAN
SeAccessCheck(PSECURITY_DESCRIPTOR SecurityDescriptor,
              PSECURITY_SUBJECT_CONTEXT SubjectSecurityContext, BOOLEAN SubjectContextLocked,
              ACCESS_MASK DesiredAccess, ACCESS_MASK PreviouslyGrantedAccess,
              PPRIVILEGE_SET *Privileges, PGENERIC_MAPPING GenericMapping,
              KPROCESSOR_MODE AccessMode, PACCESS_MASK GrantedAccess, PNTSTATUS AccessStatus)
{
    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    (void)SecurityDescriptor;
    (void)SubjectSecurityContext;
    (void)SubjectContextLocked;
    (void)AccessMode;
    if (Privileges != NULL) {
        *Privileges = NULL;
    }
    *GrantedAccess = DesiredAccess | PreviouslyGrantedAccess;
    if ((DesiredAccess & MAXIMUM_ALLOWED) != 0) {
        *GrantedAccess =
            (*GrantedAccess & ~(ACCESS_MASK)MAXIMUM_ALLOWED) | GenericMapping->GenericAll;
    }
    *AccessStatus = STATUS_SUCCESS;
    return TRUE;
}

PGENERIC_MAPPING
IoGetFileObjectGenericMapping(VOID)
{
    static const GENERIC_MAPPING mapping = {
        .GenericRead = FILE_GENERIC_READ,
        .GenericWrite = FILE_GENERIC_WRITE,
        .GenericExecute = FILE_GENERIC_EXECUTE,
        .GenericAll = FILE_ALL_ACCESS,
    };

    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return (PGENERIC_MAPPING)(uintptr_t)&mapping;
}

/* --- the version of WDM, which has not changed since Windows Vista --- */

BOOLEAN
IoIsWdmVersionAvailable(UCHAR MajorVersion, UCHAR MinorVersion)
{
    enum { WDM_MAJOR = 6, WDM_MINOR = 0 };

    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return MajorVersion < WDM_MAJOR || (MajorVersion == WDM_MAJOR && MinorVersion <= WDM_MINOR);
}
