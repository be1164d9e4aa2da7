/* An adapter's beginning and end, and the memory it uses. */
#include "adapter.h"

/* --- memory --- */

PVOID
VnetAllocate(VNET_ADAPTER *Adapter, ULONG Bytes)
{
    PVOID Memory =
        NdisAllocateMemoryWithTagPriority(Adapter->Handle, Bytes, VNET_TAG, NormalPoolPriority);

    if (Memory != NULL) {
        NdisZeroMemory(Memory, Bytes);
    }
    return Memory;
}

VOID
VnetFree(PVOID Memory)
{
    NdisFreeMemory(Memory, 0, 0);
}

BOOLEAN
VnetAllocateShared(VNET_ADAPTER *Adapter, VNET_SHARED_MEMORY *Memory, ULONG Bytes)
{
    NdisMAllocateSharedMemory(Adapter->Handle, Bytes, TRUE, (PVOID *)&Memory->Address,
                              &Memory->DeviceAddress);
    if (Memory->Address == NULL) {
        NdisWriteErrorLogEntry(Adapter->Handle, NDIS_ERROR_CODE_OUT_OF_RESOURCES, 0);
        return FALSE;
    }
    Memory->Bytes = Bytes;
    return TRUE;
}

VOID
VnetFreeShared(VNET_ADAPTER *Adapter, VNET_SHARED_MEMORY *Memory)
{
    if (Memory->Address != NULL) {
        NdisMFreeSharedMemory(Adapter->Handle, Memory->Bytes, TRUE, Memory->Address,
                              Memory->DeviceAddress);
        Memory->Address = NULL;
    }
}

static NDIS_STATUS
RegisterDma(VNET_ADAPTER *Adapter)
{
    NDIS_SG_DMA_DESCRIPTION Description = {
        .Header = {NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION, NDIS_SG_DMA_DESCRIPTION_REVISION_1,
                   NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1},
        .Flags = NDIS_SG_DMA_64_BIT_ADDRESS,
        .MaximumPhysicalMapping = VNET_IP_BYTES_LIMIT + VNET_ETHERNET_BYTES + VNET_VLAN_TAG_BYTES,
        .ProcessSGListHandler = VnetProcessSgList,
    };
    NDIS_STATUS Status =
        NdisMRegisterScatterGatherDma(Adapter->Handle, &Description, &Adapter->Dma);

    if (Status != NDIS_STATUS_SUCCESS) {
        Adapter->Dma = NULL;
    }
    return Status;
}

/* --- the end --- */

static VOID
StopDevice(VNET_ADAPTER *Adapter)
{
    if (Adapter->Pairs != NULL) {
        VnetStopQueues(Adapter, NDIS_STATUS_PAUSED);
    }
    if (Adapter->Common != NULL && !VnetResetDevice(Adapter)) {
        NdisWriteErrorLogEntry(Adapter->Handle, NDIS_ERROR_CODE_HARDWARE_FAILURE, 0);
    }
}

/* In the reverse order of Initialize(), as far as that came. */
static VOID
Destroy(VNET_ADAPTER *Adapter)
{
    StopDevice(Adapter);
    VnetDeregisterInterrupt(Adapter);
    VnetWorkerStop(Adapter);
    VnetFreeQueues(Adapter);
    if (Adapter->Pool != NULL) {
        NdisFreeNetBufferListPool(Adapter->Pool);
    }
    if (Adapter->Dma != NULL) {
        NdisMDeregisterScatterGatherDma(Adapter->Dma);
    }
    VnetRssStop(Adapter);
    if (Adapter->SettingsLock != NULL) {
        NdisFreeRWLock(Adapter->SettingsLock);
    }
    VnetUnmapDevice(Adapter);
    VnetFree(Adapter);
}

VOID
VnetHalt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
    VNET_ADAPTER *Adapter = MiniportAdapterContext;

    if (HaltAction == NdisHaltDeviceSurpriseRemoved) {
        InterlockedExchange(&Adapter->IsGone, TRUE);
    }
    Destroy(Adapter);
}

/* Any IRQL on a bug check: one register, and nothing is waited for. */
VOID
VnetShutdown(NDIS_HANDLE MiniportAdapterContext, NDIS_SHUTDOWN_ACTION ShutdownAction)
{
    VNET_ADAPTER *Adapter = MiniportAdapterContext;

    UNREFERENCED_PARAMETER(ShutdownAction);
    if (!VnetIsGone(Adapter)) {
        WRITE_REGISTER_UCHAR(&Adapter->Common->DeviceStatus, 0);
    }
}

/* --- the beginning --- */

static NDIS_STATUS
PrepareSoftware(VNET_ADAPTER *Adapter)
{
    NDIS_STATUS Status = VnetReadConfiguration(Adapter);

    if (Status == NDIS_STATUS_SUCCESS) {
        Adapter->SettingsLock = NdisAllocateRWLock(Adapter->Handle);
        Status = Adapter->SettingsLock == NULL ? NDIS_STATUS_RESOURCES : VnetRssStart(Adapter);
    }
    return Status == NDIS_STATUS_SUCCESS ? VnetWorkerStart(Adapter) : Status;
}

static NDIS_STATUS
FindDevice(VNET_ADAPTER *Adapter, PNDIS_RESOURCE_LIST Resources)
{
    NDIS_STATUS Status = VnetMapDevice(Adapter, Resources);

    if (Status == NDIS_STATUS_SUCCESS) {
        Status = VnetNegotiate(Adapter);
    }
    if (Status == NDIS_STATUS_SUCCESS) {
        VnetReadDeviceConfiguration(Adapter);
        VnetCheckLink(Adapter, FALSE);
        Status = VnetRegisterInterrupt(Adapter);
    }
    return Status;
}

/* How many queues there are, which RSS reports, depends on the interrupts. */
static NDIS_STATUS
Describe(VNET_ADAPTER *Adapter)
{
    NDIS_STATUS Status;

    VnetDecidePairs(Adapter);
    VnetDecideOffloads(Adapter);
    Status = VnetSetGeneralAttributes(Adapter);
    return Status == NDIS_STATUS_SUCCESS ? VnetSetOffloadAttributes(Adapter) : Status;
}

static NDIS_STATUS
Start(VNET_ADAPTER *Adapter)
{
    NDIS_STATUS Status = RegisterDma(Adapter);

    if (Status == NDIS_STATUS_SUCCESS) {
        Status = VnetAllocateQueues(Adapter);
    }
    return Status == NDIS_STATUS_SUCCESS ? VnetStartDevice(Adapter) : Status;
}

static NDIS_STATUS
Initialize(VNET_ADAPTER *Adapter, PNDIS_RESOURCE_LIST Resources)
{
    NDIS_STATUS Status = VnetSetRegistrationAttributes(Adapter);

    if (Status == NDIS_STATUS_SUCCESS) {
        Status = PrepareSoftware(Adapter);
    }
    if (Status == NDIS_STATUS_SUCCESS) {
        Status = FindDevice(Adapter, Resources);
    }
    if (Status == NDIS_STATUS_SUCCESS) {
        Status = Describe(Adapter);
    }
    return Status == NDIS_STATUS_SUCCESS ? Start(Adapter) : Status;
}

NDIS_STATUS
VnetInitialize(NDIS_HANDLE NdisMiniportHandle, NDIS_HANDLE MiniportDriverContext,
               PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
    VNET_ADAPTER *Adapter = NdisAllocateMemoryWithTagPriority(NdisMiniportHandle, sizeof(*Adapter),
                                                              VNET_TAG, NormalPoolPriority);
    NDIS_STATUS Status;

    UNREFERENCED_PARAMETER(MiniportDriverContext);
    if (Adapter == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    NdisZeroMemory(Adapter, sizeof(*Adapter));
    Adapter->Handle = NdisMiniportHandle;
    Adapter->IsPaused = TRUE;
    Status = Initialize(Adapter, MiniportInitParameters->AllocatedResources);
    if (Status != NDIS_STATUS_SUCCESS) {
        Destroy(Adapter);
    }
    return Status;
}
