/*
 * A miniport driver that acquires one of everything in MiniportInitializeEx and gives it back in
 * reverse order, in MiniportHaltEx or when it fails. FailAt in its configuration makes it fail
 * after so many acquisitions. Built with FORGET=<a step> it never gives that one back.
 */
#include <ndis.h>

#define TAG 'iucA'

enum { MEMORY_BYTES = 100, LIST_DATA_BYTES = 256, MDL_BYTES = 64, SHARED_BYTES = 512 };

enum step_number {
    NO_STEP,
    MEMORY,
    LIST_POOL,
    LIST,
    BUFFER_POOL,
    MDL_,
    TIMER,
    RW_LOCK,
    WORK_ITEM,
    CONFIGURATION,
    LOOKASIDE,
    IO_SPACE,
    SCATTER_GATHER,
    SHARED_MEMORY,
    INTERRUPT,
    DEVICE,
    STEP_END,
};

#ifndef FORGET
#define FORGET NO_STEP
#endif

typedef struct _ADAPTER {
    NDIS_HANDLE Handle;
    ULONG Acquired; /* Steps done. */
    NDIS_PHYSICAL_ADDRESS Registers;
    ULONG RegistersLength;
    BOOLEAN HasMemory;
    BOOLEAN HasInterrupt;

    PVOID Memory;
    NDIS_HANDLE ListPool;
    PNET_BUFFER_LIST List;
    NDIS_HANDLE BufferPool;
    UCHAR MdlData[MDL_BYTES];
    PMDL Mdl;
    NDIS_HANDLE Timer;
    PNDIS_RW_LOCK_EX RWLock;
    NDIS_HANDLE WorkItem;
    NDIS_HANDLE Configuration;
    NPAGED_LOOKASIDE_LIST Lookaside;
    PVOID IoSpace;
    NDIS_HANDLE Dma;
    PVOID Shared;
    NDIS_PHYSICAL_ADDRESS SharedAddress;
    NDIS_HANDLE Interrupt;
    PDEVICE_OBJECT DeviceObject;
    NDIS_HANDLE Device;
} ADAPTER, *PADAPTER;

static NDIS_HANDLE DriverHandle;

MINIPORT_INITIALIZE MpInitialize;
MINIPORT_HALT MpHalt;
MINIPORT_PAUSE MpPause;
MINIPORT_RESTART MpRestart;
MINIPORT_OID_REQUEST MpOidRequest;
MINIPORT_CANCEL_OID_REQUEST MpCancelOidRequest;
MINIPORT_SEND_NET_BUFFER_LISTS MpSend;
MINIPORT_CANCEL_SEND MpCancelSend;
MINIPORT_RETURN_NET_BUFFER_LISTS MpReturn;
MINIPORT_DEVICE_PNP_EVENT_NOTIFY MpDevicePnPEvent;
MINIPORT_SHUTDOWN MpShutdown;
MINIPORT_UNLOAD MpUnload;
MINIPORT_ISR MpIsr;
MINIPORT_INTERRUPT_DPC MpInterruptDpc;
MINIPORT_PROCESS_SG_LIST MpProcessList;
NDIS_TIMER_FUNCTION MpTimer;
DRIVER_DISPATCH MpDispatch;
DRIVER_INITIALIZE DriverEntry;

/* --- the steps --- */

static VOID
SetHeader(PNDIS_OBJECT_HEADER Header, UCHAR Type, UCHAR Revision, USHORT Size)
{
    Header->Type = Type;
    Header->Revision = Revision;
    Header->Size = Size;
}

static NDIS_STATUS
StatusOf(const VOID *Acquired)
{
    return Acquired == NULL ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
AcquireMemory(PADAPTER Adapter)
{
    Adapter->Memory = NdisAllocateMemoryWithTagPriority(Adapter->Handle, MEMORY_BYTES, TAG,
                                                        NormalPoolPriority); /* MEMORY */
    return StatusOf(Adapter->Memory);
}

static VOID
ReleaseMemory(PADAPTER Adapter)
{
    NdisFreeMemory(Adapter->Memory, 0, 0);
}

static NDIS_STATUS
AcquireListPool(PADAPTER Adapter)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters = {0};

    SetHeader(&Parameters.Header, NDIS_OBJECT_TYPE_DEFAULT,
              NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
              NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1);
    Parameters.fAllocateNetBuffer = TRUE;
    Parameters.DataSize = LIST_DATA_BYTES;
    Parameters.PoolTag = TAG;
    Adapter->ListPool = NdisAllocateNetBufferListPool(Adapter->Handle, &Parameters); /* LIST_POOL */
    return StatusOf(Adapter->ListPool);
}

static VOID
ReleaseListPool(PADAPTER Adapter)
{
    NdisFreeNetBufferListPool(Adapter->ListPool);
}

static NDIS_STATUS
AcquireList(PADAPTER Adapter)
{
    Adapter->List = NdisAllocateNetBufferList(Adapter->ListPool, 0, 0); /* LIST */
    return StatusOf(Adapter->List);
}

static VOID
ReleaseList(PADAPTER Adapter)
{
    NdisFreeNetBufferList(Adapter->List);
}

static NDIS_STATUS
AcquireBufferPool(PADAPTER Adapter)
{
    NET_BUFFER_POOL_PARAMETERS Parameters = {0};

    SetHeader(&Parameters.Header, NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_POOL_PARAMETERS_REVISION_1,
              NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1);
    Parameters.PoolTag = TAG;
    Adapter->BufferPool = NdisAllocateNetBufferPool(Adapter->Handle, &Parameters); /* BUFFER_POOL */
    return StatusOf(Adapter->BufferPool);
}

static VOID
ReleaseBufferPool(PADAPTER Adapter)
{
    NdisFreeNetBufferPool(Adapter->BufferPool);
}

static NDIS_STATUS
AcquireMdl(PADAPTER Adapter)
{
    Adapter->Mdl = NdisAllocateMdl(Adapter->Handle, Adapter->MdlData, MDL_BYTES); /* MDL_ */
    return StatusOf(Adapter->Mdl);
}

static VOID
ReleaseMdl(PADAPTER Adapter)
{
    NdisFreeMdl(Adapter->Mdl);
}

VOID
MpTimer(PVOID SystemSpecific1, PVOID FunctionContext, PVOID SystemSpecific2, PVOID SystemSpecific3)
{
    UNREFERENCED_PARAMETER(SystemSpecific1);
    UNREFERENCED_PARAMETER(FunctionContext);
    UNREFERENCED_PARAMETER(SystemSpecific2);
    UNREFERENCED_PARAMETER(SystemSpecific3);
}

static NDIS_STATUS
AcquireTimer(PADAPTER Adapter)
{
    NDIS_TIMER_CHARACTERISTICS Characteristics = {0};

    SetHeader(&Characteristics.Header, NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS,
              NDIS_TIMER_CHARACTERISTICS_REVISION_1, NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1);
    Characteristics.AllocationTag = TAG;
    Characteristics.TimerFunction = MpTimer;
    return NdisAllocateTimerObject(Adapter->Handle, &Characteristics, &Adapter->Timer); /* TIMER */
}

static VOID
ReleaseTimer(PADAPTER Adapter)
{
    NdisFreeTimerObject(Adapter->Timer);
}

static NDIS_STATUS
AcquireRWLock(PADAPTER Adapter)
{
    Adapter->RWLock = NdisAllocateRWLock(Adapter->Handle); /* RW_LOCK */
    return StatusOf(Adapter->RWLock);
}

static VOID
ReleaseRWLock(PADAPTER Adapter)
{
    NdisFreeRWLock(Adapter->RWLock);
}

static NDIS_STATUS
AcquireWorkItem(PADAPTER Adapter)
{
    Adapter->WorkItem = NdisAllocateIoWorkItem(Adapter->Handle); /* WORK_ITEM */
    return StatusOf(Adapter->WorkItem);
}

static VOID
ReleaseWorkItem(PADAPTER Adapter)
{
    NdisFreeIoWorkItem(Adapter->WorkItem);
}

static NDIS_STATUS
OpenConfiguration(NDIS_HANDLE Handle, PNDIS_HANDLE Configuration)
{
    NDIS_CONFIGURATION_OBJECT Object = {0};

    SetHeader(&Object.Header, NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT,
              NDIS_CONFIGURATION_OBJECT_REVISION_1, NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1);
    Object.NdisHandle = Handle;
    return NdisOpenConfigurationEx(&Object, Configuration); /* CONFIGURATION */
}

static NDIS_STATUS
AcquireConfiguration(PADAPTER Adapter)
{
    return OpenConfiguration(Adapter->Handle, &Adapter->Configuration);
}

static VOID
ReleaseConfiguration(PADAPTER Adapter)
{
    NdisCloseConfiguration(Adapter->Configuration);
}

static NDIS_STATUS
AcquireLookaside(PADAPTER Adapter)
{
    NdisInitializeNPagedLookasideList(&Adapter->Lookaside, NULL, NULL, 0, MEMORY_BYTES, TAG,
                                      0); /* LOOKASIDE */
    return NDIS_STATUS_SUCCESS;
}

static VOID
ReleaseLookaside(PADAPTER Adapter)
{
    NdisDeleteNPagedLookasideList(&Adapter->Lookaside);
}

static NDIS_STATUS
AcquireIoSpace(PADAPTER Adapter)
{
    if (!Adapter->HasMemory) {
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    return NdisMMapIoSpace(&Adapter->IoSpace, Adapter->Handle, Adapter->Registers,
                           Adapter->RegistersLength); /* IO_SPACE */
}

static VOID
ReleaseIoSpace(PADAPTER Adapter)
{
    NdisMUnmapIoSpace(Adapter->Handle, Adapter->IoSpace, Adapter->RegistersLength);
}

VOID
MpProcessList(PDEVICE_OBJECT DeviceObject, PVOID Reserved, PSCATTER_GATHER_LIST List, PVOID Context)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    UNREFERENCED_PARAMETER(Reserved);
    UNREFERENCED_PARAMETER(List);
    UNREFERENCED_PARAMETER(Context);
}

static NDIS_STATUS
AcquireScatterGather(PADAPTER Adapter)
{
    NDIS_SG_DMA_DESCRIPTION Description = {0};

    SetHeader(&Description.Header, NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION,
              NDIS_SG_DMA_DESCRIPTION_REVISION_1, NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1);
    Description.Flags = NDIS_SG_DMA_64_BIT_ADDRESS;
    Description.MaximumPhysicalMapping = 2048;
    Description.ProcessSGListHandler = MpProcessList;
    return NdisMRegisterScatterGatherDma(Adapter->Handle, &Description,
                                         &Adapter->Dma); /* SCATTER_GATHER */
}

static VOID
ReleaseScatterGather(PADAPTER Adapter)
{
    NdisMDeregisterScatterGatherDma(Adapter->Dma);
}

static NDIS_STATUS
AcquireSharedMemory(PADAPTER Adapter)
{
    NdisMAllocateSharedMemory(Adapter->Handle, SHARED_BYTES, TRUE, &Adapter->Shared,
                              &Adapter->SharedAddress); /* SHARED_MEMORY */
    return StatusOf(Adapter->Shared);
}

static VOID
ReleaseSharedMemory(PADAPTER Adapter)
{
    NdisMFreeSharedMemory(Adapter->Handle, SHARED_BYTES, TRUE, Adapter->Shared,
                          Adapter->SharedAddress);
}

BOOLEAN
MpIsr(NDIS_HANDLE MiniportInterruptContext, PBOOLEAN QueueDefaultInterruptDpc,
      PULONG TargetProcessors)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    *QueueDefaultInterruptDpc = FALSE;
    *TargetProcessors = 0;
    return FALSE;
}

VOID
MpInterruptDpc(NDIS_HANDLE MiniportInterruptContext, PVOID MiniportDpcContext,
               PVOID ReceiveThrottleParameters, PVOID NdisReserved2)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    UNREFERENCED_PARAMETER(MiniportDpcContext);
    UNREFERENCED_PARAMETER(ReceiveThrottleParameters);
    UNREFERENCED_PARAMETER(NdisReserved2);
}

static NDIS_STATUS
AcquireInterrupt(PADAPTER Adapter)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Characteristics = {0};

    if (!Adapter->HasInterrupt) {
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    SetHeader(&Characteristics.Header, NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT,
              NDIS_MINIPORT_INTERRUPT_REVISION_1,
              NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1);
    Characteristics.InterruptHandler = MpIsr;
    Characteristics.InterruptDpcHandler = MpInterruptDpc;
    return NdisMRegisterInterruptEx(Adapter->Handle, Adapter, &Characteristics,
                                    &Adapter->Interrupt); /* INTERRUPT */
}

static VOID
ReleaseInterrupt(PADAPTER Adapter)
{
    NdisMDeregisterInterruptEx(Adapter->Interrupt);
}

NTSTATUS
MpDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static NDIS_STATUS
AcquireDevice(PADAPTER Adapter)
{
    PDRIVER_DISPATCH Dispatch[IRP_MJ_MAXIMUM_FUNCTION + 1] = {0};
    NDIS_DEVICE_OBJECT_ATTRIBUTES Attributes = {0};
    NDIS_STRING Name = NDIS_STRING_CONST("\\Device\\Acquirer");
    NDIS_STRING Link = NDIS_STRING_CONST("\\DosDevices\\Acquirer");

    Dispatch[IRP_MJ_CREATE] = MpDispatch;
    Dispatch[IRP_MJ_CLOSE] = MpDispatch;
    SetHeader(&Attributes.Header, NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES,
              NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1,
              NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1);
    Attributes.DeviceName = &Name;
    Attributes.SymbolicName = &Link;
    Attributes.MajorFunctions = Dispatch;
    return NdisRegisterDeviceEx(DriverHandle, &Attributes, &Adapter->DeviceObject,
                                &Adapter->Device); /* DEVICE */
}

static VOID
ReleaseDevice(PADAPTER Adapter)
{
    NdisDeregisterDeviceEx(Adapter->Device);
}

static const struct {
    NDIS_STATUS (*Acquire)(PADAPTER Adapter);
    VOID (*Release)(PADAPTER Adapter);
} Steps[STEP_END] = {
    [MEMORY] = {AcquireMemory, ReleaseMemory},
    [LIST_POOL] = {AcquireListPool, ReleaseListPool},
    [LIST] = {AcquireList, ReleaseList},
    [BUFFER_POOL] = {AcquireBufferPool, ReleaseBufferPool},
    [MDL_] = {AcquireMdl, ReleaseMdl},
    [TIMER] = {AcquireTimer, ReleaseTimer},
    [RW_LOCK] = {AcquireRWLock, ReleaseRWLock},
    [WORK_ITEM] = {AcquireWorkItem, ReleaseWorkItem},
    [CONFIGURATION] = {AcquireConfiguration, ReleaseConfiguration},
    [LOOKASIDE] = {AcquireLookaside, ReleaseLookaside},
    [IO_SPACE] = {AcquireIoSpace, ReleaseIoSpace},
    [SCATTER_GATHER] = {AcquireScatterGather, ReleaseScatterGather},
    [SHARED_MEMORY] = {AcquireSharedMemory, ReleaseSharedMemory},
    [INTERRUPT] = {AcquireInterrupt, ReleaseInterrupt},
    [DEVICE] = {AcquireDevice, ReleaseDevice},
};

/* --- the adapter --- */

static VOID
FreeAdapter(PADAPTER Adapter)
{
    for (; Adapter->Acquired > NO_STEP; Adapter->Acquired--) {
        if (Adapter->Acquired != FORGET) {
            Steps[Adapter->Acquired].Release(Adapter);
        }
    }
    NdisFreeMemory(Adapter, 0, 0);
}

static NDIS_STATUS
AcquireAll(PADAPTER Adapter, ULONG FailAt)
{
    NDIS_STATUS Status = NDIS_STATUS_SUCCESS;

    while (Adapter->Acquired != FailAt && Adapter->Acquired + 1 < STEP_END) {
        Status = Steps[Adapter->Acquired + 1].Acquire(Adapter);
        if (Status != NDIS_STATUS_SUCCESS) {
            return Status;
        }
        Adapter->Acquired++;
    }
    return Adapter->Acquired == FailAt ? NDIS_STATUS_ADAPTER_NOT_FOUND : Status;
}

static ULONG
ReadFailAt(NDIS_HANDLE Handle)
{
    NDIS_STRING Name = NDIS_STRING_CONST("FailAt");
    PNDIS_CONFIGURATION_PARAMETER Parameter;
    NDIS_HANDLE Configuration;
    NDIS_STATUS Status;
    ULONG FailAt = MAXULONG;

    if (OpenConfiguration(Handle, &Configuration) != NDIS_STATUS_SUCCESS) {
        return FailAt;
    }
    NdisReadConfiguration(&Status, &Parameter, Configuration, &Name, NdisParameterInteger);
    if (Status == NDIS_STATUS_SUCCESS) {
        FailAt = Parameter->ParameterData.IntegerData;
    }
    NdisCloseConfiguration(Configuration);
    return FailAt;
}

static VOID
FindResources(PADAPTER Adapter, PNDIS_RESOURCE_LIST Resources)
{
    for (ULONG i = 0; Resources != NULL && i < Resources->Count; i++) {
        PCM_PARTIAL_RESOURCE_DESCRIPTOR Descriptor = &Resources->PartialDescriptors[i];

        if (Descriptor->Type == CmResourceTypeMemory) {
            Adapter->HasMemory = TRUE;
            Adapter->Registers = Descriptor->u.Memory.Start;
            Adapter->RegistersLength = Descriptor->u.Memory.Length;
        } else if (Descriptor->Type == CmResourceTypeInterrupt) {
            Adapter->HasInterrupt = TRUE;
        }
    }
}

static VOID
Describe(PNDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES General)
{
    static const UCHAR Address[6] = {0x02, 0x41, 0x43, 0x51, 0x00, 0x01};
    static NDIS_OID Oids[] = {OID_GEN_CURRENT_PACKET_FILTER, OID_GEN_VENDOR_DESCRIPTION};

    SetHeader(&General->Header, NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
              NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1,
              NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1);
    General->MediaType = NdisMedium802_3;
    General->PhysicalMediumType = NdisPhysicalMedium802_3;
    General->MtuSize = 1500;
    General->LookaheadSize = 1500;
    General->MediaConnectState = MediaConnectStateConnected;
    General->MediaDuplexState = MediaDuplexStateFull;
    General->MaxXmitLinkSpeed = 1000000000;
    General->XmitLinkSpeed = 1000000000;
    General->MaxRcvLinkSpeed = 1000000000;
    General->RcvLinkSpeed = 1000000000;
    General->SupportedPacketFilters =
        NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST | NDIS_PACKET_TYPE_BROADCAST;
    General->MaxMulticastListSize = 8;
    General->MacAddressLength = sizeof(Address);
    NdisMoveMemory(General->PermanentMacAddress, Address, sizeof(Address));
    NdisMoveMemory(General->CurrentMacAddress, Address, sizeof(Address));
    General->AccessType = NET_IF_ACCESS_BROADCAST;
    General->DirectionType = NET_IF_DIRECTION_SENDRECEIVE;
    General->ConnectionType = NET_IF_CONNECTION_DEDICATED;
    General->IfType = IF_TYPE_ETHERNET_CSMACD;
    General->IfConnectorPresent = TRUE;
    General->SupportedOidList = Oids;
    General->SupportedOidListLength = sizeof(Oids);
}

static NDIS_STATUS
SetAttributes(PADAPTER Adapter)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES Attributes;
    PNDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES Registration =
        &Attributes.RegistrationAttributes;
    NDIS_STATUS Status;

    NdisZeroMemory(&Attributes, sizeof(Attributes));
    SetHeader(&Registration->Header, NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
              NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
              NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1);
    Registration->MiniportAdapterContext = Adapter;
    Registration->AttributeFlags =
        NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE | NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER;
    Registration->InterfaceType = NdisInterfacePci;
    Status = NdisMSetMiniportAttributes(Adapter->Handle, &Attributes);
    if (Status != NDIS_STATUS_SUCCESS) {
        return Status;
    }
    NdisZeroMemory(&Attributes, sizeof(Attributes));
    Describe(&Attributes.GeneralAttributes);
    return NdisMSetMiniportAttributes(Adapter->Handle, &Attributes);
}

NDIS_STATUS
MpInitialize(NDIS_HANDLE NdisMiniportHandle, NDIS_HANDLE MiniportDriverContext,
             PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
    PADAPTER Adapter = NdisAllocateMemoryWithTagPriority(NdisMiniportHandle, sizeof(*Adapter), TAG,
                                                         NormalPoolPriority);
    NDIS_STATUS Status;

    UNREFERENCED_PARAMETER(MiniportDriverContext);
    if (Adapter == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    NdisZeroMemory(Adapter, sizeof(*Adapter));
    Adapter->Handle = NdisMiniportHandle;
    FindResources(Adapter, MiniportInitParameters->AllocatedResources);
    Status = SetAttributes(Adapter);
    if (Status == NDIS_STATUS_SUCCESS) {
        Status = AcquireAll(Adapter, ReadFailAt(NdisMiniportHandle));
    }
    if (Status != NDIS_STATUS_SUCCESS) {
        FreeAdapter(Adapter);
    }
    return Status;
}

VOID
MpHalt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
    UNREFERENCED_PARAMETER(HaltAction);
    FreeAdapter(MiniportAdapterContext);
}

NDIS_STATUS
MpPause(NDIS_HANDLE MiniportAdapterContext, PNDIS_MINIPORT_PAUSE_PARAMETERS PauseParameters)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(PauseParameters);
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS
MpRestart(NDIS_HANDLE MiniportAdapterContext, PNDIS_MINIPORT_RESTART_PARAMETERS RestartParameters)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(RestartParameters);
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS
MpOidRequest(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    if (OidRequest->RequestType == NdisRequestSetInformation &&
        OidRequest->DATA.SET_INFORMATION.Oid == OID_GEN_CURRENT_PACKET_FILTER) {
        OidRequest->DATA.SET_INFORMATION.BytesRead = sizeof(ULONG);
        return NDIS_STATUS_SUCCESS;
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}

VOID
MpCancelOidRequest(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(RequestId);
}

/* A cable with nobody at its other end. */
VOID
MpSend(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
       NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    PADAPTER Adapter = MiniportAdapterContext;
    PNET_BUFFER_LIST List;

    UNREFERENCED_PARAMETER(PortNumber);
    for (List = NetBufferList; List != NULL; List = NET_BUFFER_LIST_NEXT_NBL(List)) {
        NET_BUFFER_LIST_STATUS(List) = NDIS_STATUS_SUCCESS;
    }
    NdisMSendNetBufferListsComplete(
        Adapter->Handle, NetBufferList,
        NDIS_TEST_SEND_AT_DISPATCH_LEVEL(SendFlags) ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
}

VOID
MpCancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(CancelId);
}

VOID
MpReturn(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists, ULONG ReturnFlags)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(NetBufferLists);
    UNREFERENCED_PARAMETER(ReturnFlags);
}

VOID
MpDevicePnPEvent(NDIS_HANDLE MiniportAdapterContext, PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(NetDevicePnPEvent);
}

VOID
MpShutdown(NDIS_HANDLE MiniportAdapterContext, NDIS_SHUTDOWN_ACTION ShutdownAction)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(ShutdownAction);
}

/* --- the driver --- */

VOID
MpUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    NdisMDeregisterMiniportDriver(DriverHandle);
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics = {0};

    SetHeader(&Characteristics.Header, NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
              NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
              NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2);
    Characteristics.MajorNdisVersion = NDIS_MINIPORT_MAJOR_VERSION;
    Characteristics.MinorNdisVersion = NDIS_MINIPORT_MINOR_VERSION;
    Characteristics.MajorDriverVersion = 1;
    Characteristics.InitializeHandlerEx = MpInitialize;
    Characteristics.HaltHandlerEx = MpHalt;
    Characteristics.UnloadHandler = MpUnload;
    Characteristics.PauseHandler = MpPause;
    Characteristics.RestartHandler = MpRestart;
    Characteristics.OidRequestHandler = MpOidRequest;
    Characteristics.CancelOidRequestHandler = MpCancelOidRequest;
    Characteristics.SendNetBufferListsHandler = MpSend;
    Characteristics.CancelSendHandler = MpCancelSend;
    Characteristics.ReturnNetBufferListsHandler = MpReturn;
    Characteristics.DevicePnPEventNotifyHandler = MpDevicePnPEvent;
    Characteristics.ShutdownHandlerEx = MpShutdown;
    return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &Characteristics,
                                       &DriverHandle);
}
