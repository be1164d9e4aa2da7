/* One work item, for what is asked for at DISPATCH_LEVEL and needs PASSIVE_LEVEL. */
#include "adapter.h"

static NDIS_IO_WORKITEM_FUNCTION Work;

static VOID
Dereference(VNET_ADAPTER *Adapter)
{
    if (InterlockedDecrement(&Adapter->WorkReferences) == 0) {
        NdisSetEvent(&Adapter->WorkDone);
    }
}

static VOID
Work(PVOID WorkItemContext, NDIS_HANDLE NdisIoWorkItemHandle)
{
    VNET_ADAPTER *Adapter = WorkItemContext;

    UNREFERENCED_PARAMETER(NdisIoWorkItemHandle);
    do {
        LONG Asked = InterlockedAnd(&Adapter->Work, VNET_WORK_QUEUED);

        if ((Asked & VNET_WORK_RESET) != 0) {
            VnetResetWork(Adapter);
        }
        if ((Asked & VNET_WORK_ANNOUNCE) != 0) {
            VnetAnnounce(Adapter);
        }
    } while (InterlockedCompareExchange(&Adapter->Work, 0, VNET_WORK_QUEUED) != VNET_WORK_QUEUED);
    Dereference(Adapter);
}

VOID
VnetWorkLater(VNET_ADAPTER *Adapter, LONG Asked)
{
    if ((InterlockedOr(&Adapter->Work, Asked | VNET_WORK_QUEUED) & VNET_WORK_QUEUED) == 0) {
        InterlockedIncrement(&Adapter->WorkReferences);
        NdisQueueIoWorkItem(Adapter->WorkItem, Work, Adapter);
    }
}

NDIS_STATUS
VnetWorkerStart(VNET_ADAPTER *Adapter)
{
    NdisInitializeEvent(&Adapter->WorkDone);
    Adapter->WorkReferences = 1;
    Adapter->WorkItem = NdisAllocateIoWorkItem(Adapter->Handle);
    return Adapter->WorkItem == NULL ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
}

/* When nobody is left who could ask for work. */
VOID
VnetWorkerStop(VNET_ADAPTER *Adapter)
{
    if (Adapter->WorkItem == NULL) {
        return;
    }
    Dereference(Adapter);
    NdisWaitEvent(&Adapter->WorkDone, 0);
    NdisFreeIoWorkItem(Adapter->WorkItem);
    Adapter->WorkItem = NULL;
}
