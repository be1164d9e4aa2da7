/* MiniportInitialize, and MiniportHalt, which undoes each of its steps. */
#include "adapter.h"

enum {
    RESOURCE_LIMIT = 16,
    CHECK_FOR_HANG_SECONDS = 2,
    MAP_REGISTERS = 1,
    HALT_LOOK_MICROSECONDS = 1000
};

/* --- what the adapter was given --- */

static NDIS_STATUS
FindResources(VN51_ADAPTER *Adapter, NDIS_HANDLE Configuration)
{
    UCHAR Storage[sizeof(NDIS_RESOURCE_LIST) +
                  RESOURCE_LIMIT * sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR)];
    NDIS_RESOURCE_LIST *List = (NDIS_RESOURCE_LIST *)Storage;
    UINT Bytes = sizeof(Storage);
    BOOLEAN HasPorts = FALSE;
    NDIS_STATUS Status;

    NdisMQueryAdapterResources(&Status, Configuration, List, &Bytes);
    if (Status != NDIS_STATUS_SUCCESS) {
        return Status;
    }
    for (ULONG i = 0; i < List->Count; i++) {
        const CM_PARTIAL_RESOURCE_DESCRIPTOR *Resource = &List->PartialDescriptors[i];

        if (Resource->Type == CmResourceTypePort && !HasPorts &&
            Resource->u.Port.Length >= VIRTIO_PORT_COUNT) {
            Adapter->FirstPort = (UINT)Resource->u.Port.Start.QuadPart;
            HasPorts = TRUE;
        } else if (Resource->Type == CmResourceTypeInterrupt) {
            Adapter->InterruptVector = Resource->u.Interrupt.Vector;
            Adapter->InterruptLevel = Resource->u.Interrupt.Level;
            Adapter->HasInterruptResource = TRUE;
        }
    }
    return HasPorts && Adapter->HasInterruptResource ? NDIS_STATUS_SUCCESS
                                                     : NDIS_STATUS_RESOURCE_CONFLICT;
}

static NDIS_STATUS
CheckIdentity(VN51_ADAPTER *Adapter)
{
    ULONG Identity = 0;
    UCHAR Revision = 0;

    if (NdisReadPciSlotInformation(Adapter->Handle, 0, FIELD_OFFSET(PCI_COMMON_CONFIG, VendorID),
                                   &Identity, sizeof(Identity)) != sizeof(Identity) ||
        NdisReadPciSlotInformation(Adapter->Handle, 0, FIELD_OFFSET(PCI_COMMON_CONFIG, RevisionID),
                                   &Revision, sizeof(Revision)) != sizeof(Revision)) {
        return NDIS_STATUS_ADAPTER_NOT_FOUND;
    }
    return Identity == VIRTIO_PCI_IDENTITY && Revision == VIRTIO_PCI_LEGACY_REVISION
               ? NDIS_STATUS_SUCCESS
               : NDIS_STATUS_ADAPTER_NOT_FOUND;
}

/* What the administrator has set: an address, which is no group address, and the longest frame. */
static VOID
ReadConfiguration(VN51_ADAPTER *Adapter, NDIS_HANDLE Context)
{
    NDIS_STRING JumboPacket = NDIS_STRING_CONST("*JumboPacket");
    PNDIS_CONFIGURATION_PARAMETER Parameter;
    NDIS_HANDLE Configuration;
    NDIS_STATUS Status;
    UCHAR *Address;
    UINT Bytes;

    NdisOpenConfiguration(&Status, &Configuration, Context);
    if (Status != NDIS_STATUS_SUCCESS) {
        return;
    }
    NdisReadNetworkAddress(&Status, (PVOID *)&Address, &Bytes, Configuration);
    if (Status == NDIS_STATUS_SUCCESS && Bytes == VN51_MAC_BYTES && (Address[0] & 1) == 0) {
        NdisMoveMemory(Adapter->CurrentAddress, Address, VN51_MAC_BYTES);
    }
    NdisReadConfiguration(&Status, &Parameter, Configuration, &JumboPacket, NdisParameterInteger);
    if (Status == NDIS_STATUS_SUCCESS && Parameter->ParameterData.IntegerData >= VN51_JUMBO_MIN &&
        Parameter->ParameterData.IntegerData <= VN51_JUMBO_MAX) {
        Adapter->FrameMax = Parameter->ParameterData.IntegerData;
    }
    NdisCloseConfiguration(Configuration);
}

/* --- acquiring --- */

static NDIS_STATUS
ClaimHardware(VN51_ADAPTER *Adapter, NDIS_HANDLE Configuration)
{
    NDIS_STATUS Status = FindResources(Adapter, Configuration);

    if (Status == NDIS_STATUS_SUCCESS) {
        Status = CheckIdentity(Adapter);
    }
    if (Status == NDIS_STATUS_SUCCESS) {
        Status = NdisMRegisterIoPortRange(&Adapter->Ports, Adapter->Handle, Adapter->FirstPort,
                                          VIRTIO_PORT_COUNT);
        Adapter->HasPort = Status == NDIS_STATUS_SUCCESS;
    }
    if (Status == NDIS_STATUS_SUCCESS) {
        Status = Vn51DeviceIdentify(Adapter);
    }
    return Status;
}

static NDIS_STATUS
PrepareMemory(VN51_ADAPTER *Adapter)
{
    NDIS_STATUS Status = NdisMAllocateMapRegisters(Adapter->Handle, 0, NDIS_DMA_64BITS,
                                                   MAP_REGISTERS, Adapter->FrameMax);

    Adapter->HasMapRegisters = Status == NDIS_STATUS_SUCCESS;
    return Adapter->HasMapRegisters ? Vn51AllocateMemory(Adapter) : Status;
}

static NDIS_STATUS
ConnectInterrupt(VN51_ADAPTER *Adapter)
{
    NDIS_STATUS Status =
        NdisMRegisterInterrupt(&Adapter->Interrupt, Adapter->Handle, Adapter->InterruptVector,
                               Adapter->InterruptLevel, TRUE, TRUE, NdisInterruptLevelSensitive);

    Adapter->HasInterrupt = Status == NDIS_STATUS_SUCCESS;
    return Status;
}

static NDIS_STATUS
Start(VN51_ADAPTER *Adapter)
{
    BOOLEAN Started;

    NdisMRegisterAdapterShutdownHandler(Adapter->Handle, Adapter, Vn51Shutdown);
    Adapter->HasShutdownHandler = TRUE;
    Vn51Lock(Adapter);
    Started = Vn51DeviceStart(Adapter);
    Vn51Unlock(Adapter);
    if (!Started) {
        return NDIS_STATUS_HARD_ERRORS;
    }
    Vn51CheckLink(Adapter, FALSE);
    NdisInitializeEvent(&Adapter->TimerEnded);
    NdisMInitializeTimer(&Adapter->Timer, Adapter->Handle, Vn51Timer, Adapter);
    NdisMSetTimer(&Adapter->Timer, VN51_TIMER_MILLISECONDS);
    Adapter->HasTimer = TRUE;
    return NDIS_STATUS_SUCCESS;
}

/* --- undoing; what was not done is skipped --- */

static VOID
StopTimer(VN51_ADAPTER *Adapter)
{
    BOOLEAN Cancelled;

    if (!Adapter->HasTimer) {
        return;
    }
    WriteRelease(&Adapter->IsHalting, TRUE);
    NdisMCancelTimer(&Adapter->Timer, &Cancelled);
    if (!Cancelled) {
        NdisWaitEvent(&Adapter->TimerEnded, 0);
    }
}

static VOID
ReleaseHardware(VN51_ADAPTER *Adapter)
{
    if (Adapter->HasMapRegisters) {
        NdisMFreeMapRegisters(Adapter->Handle);
    }
    if (Adapter->HasPort) {
        NdisMDeregisterIoPortRange(Adapter->Handle, Adapter->FirstPort, VIRTIO_PORT_COUNT,
                                   Adapter->Ports);
    }
}

static BOOLEAN
IsOut(VN51_ADAPTER *Adapter)
{
    BOOLEAN Out;

    NdisAcquireSpinLock(&Adapter->ReceiveLock);
    Out = Adapter->Indicated != 0;
    NdisReleaseSpinLock(&Adapter->ReceiveLock);
    return Out;
}

static VOID
Undo(VN51_ADAPTER *Adapter)
{
    if (Adapter->HasShutdownHandler) {
        NdisMDeregisterAdapterShutdownHandler(Adapter->Handle);
    }
    if (Adapter->HasPort) {
        Vn51DeviceStop(Adapter);
    }
    StopTimer(Adapter);
    if (Adapter->HasInterrupt) {
        NdisMDeregisterInterrupt(&Adapter->Interrupt);
    }
    Vn51SendAbort(Adapter, NDIS_STATUS_REQUEST_ABORTED);
    while (IsOut(Adapter)) {
        NdisMSleep(HALT_LOOK_MICROSECONDS);
    }
    Vn51FreeMemory(Adapter);
    ReleaseHardware(Adapter);
    NdisFreeSpinLock(&Adapter->ReceiveLock);
    NdisFreeSpinLock(&Adapter->SendLock);
    NdisFreeMemory(Adapter, sizeof(*Adapter), 0);
}

/* --- entry points --- */

static VN51_ADAPTER *
Create(NDIS_HANDLE Handle)
{
    VN51_ADAPTER *Adapter;

    if (NdisAllocateMemoryWithTag((PVOID *)&Adapter, sizeof(*Adapter), VN51_TAG) !=
        NDIS_STATUS_SUCCESS) {
        return NULL;
    }
    NdisZeroMemory(Adapter, sizeof(*Adapter));
    Adapter->Handle = Handle;
    Adapter->FrameMax = VN51_JUMBO_DEFAULT;
    NdisAllocateSpinLock(&Adapter->SendLock);
    NdisAllocateSpinLock(&Adapter->ReceiveLock);
    NdisMSetAttributesEx(Handle, Adapter, CHECK_FOR_HANG_SECONDS,
                         NDIS_ATTRIBUTE_DESERIALIZE | NDIS_ATTRIBUTE_BUS_MASTER |
                             NDIS_ATTRIBUTE_SURPRISE_REMOVE_OK |
                             NDIS_ATTRIBUTE_USES_SAFE_BUFFER_APIS,
                         NdisInterfacePci);
    return Adapter;
}

static NDIS_STATUS
SelectMedium(PNDIS_MEDIUM Media, UINT Count, PUINT Selected)
{
    for (UINT i = 0; i < Count; i++) {
        if (Media[i] == NdisMedium802_3) {
            *Selected = i;
            return NDIS_STATUS_SUCCESS;
        }
    }
    return NDIS_STATUS_UNSUPPORTED_MEDIA;
}

NDIS_STATUS
Vn51Initialize(PNDIS_STATUS OpenErrorStatus, PUINT SelectedMediumIndex, PNDIS_MEDIUM MediumArray,
               UINT MediumArraySize, NDIS_HANDLE MiniportAdapterHandle,
               NDIS_HANDLE WrapperConfigurationContext)
{
    NDIS_STATUS Status = SelectMedium(MediumArray, MediumArraySize, SelectedMediumIndex);
    VN51_ADAPTER *Adapter;

    *OpenErrorStatus = NDIS_STATUS_SUCCESS;
    if (Status != NDIS_STATUS_SUCCESS) {
        return Status;
    }
    Adapter = Create(MiniportAdapterHandle);
    if (Adapter == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    Status = ClaimHardware(Adapter, WrapperConfigurationContext);
    if (Status == NDIS_STATUS_SUCCESS) {
        ReadConfiguration(Adapter, WrapperConfigurationContext);
        Adapter->Lookahead = Vn51Mtu(Adapter);
        Status = PrepareMemory(Adapter);
    }
    if (Status == NDIS_STATUS_SUCCESS) {
        Status = ConnectInterrupt(Adapter);
    }
    if (Status == NDIS_STATUS_SUCCESS) {
        Status = Start(Adapter);
    }
    if (Status != NDIS_STATUS_SUCCESS) {
        Undo(Adapter);
    }
    return Status;
}

VOID
Vn51Halt(NDIS_HANDLE MiniportAdapterContext)
{
    Undo(MiniportAdapterContext);
}

VOID
Vn51Shutdown(PVOID ShutdownContext)
{
    Vn51DeviceLeaveAlone(ShutdownContext);
}
