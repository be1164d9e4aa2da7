/* NDIS events and sleeping. */
#include "ndis/ndis_core.h"

/* "NdisInitializeEvent function". Any IRQL. Not signalled. */
VOID
NdisInitializeEvent(PNDIS_EVENT Event)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    KeInitializeEvent(&Event->Event, NotificationEvent, FALSE);
}

/* "NdisSetEvent function". IRQL <= DISPATCH_LEVEL. */
VOID
NdisSetEvent(PNDIS_EVENT Event)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    KeSetEvent(&Event->Event, IO_NO_INCREMENT, FALSE);
}

/* "NdisResetEvent function". IRQL <= DISPATCH_LEVEL. */
VOID
NdisResetEvent(PNDIS_EVENT Event)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    KeClearEvent(&Event->Event);
}

/*
 * "NdisWaitEvent function". IRQL: PASSIVE_LEVEL.
 * @MsToWait in milliseconds, 0 for ever. TRUE: the event is signalled, and stays so.
 */
BOOLEAN
NdisWaitEvent(PNDIS_EVENT Event, UINT MsToWait)
{
    LARGE_INTEGER timeout;

    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    timeout.QuadPart = -(LONGLONG)MsToWait * 10000;
    return KeWaitForSingleObject(&Event->Event, Executive, KernelMode, FALSE,
                                 MsToWait == 0 ? NULL : &timeout) == STATUS_SUCCESS;
}

/* "NdisMSleep function". IRQL < DISPATCH_LEVEL. In microseconds. */
VOID
NdisMSleep(ULONG MicrosecondsToSleep)
{
    LARGE_INTEGER interval;

    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    interval.QuadPart = -(LONGLONG)MicrosecondsToSleep * 10;
    KeDelayExecutionThread(KernelMode, FALSE, &interval);
}
