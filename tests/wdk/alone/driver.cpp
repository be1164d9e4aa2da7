// A miniport in C++: its routines are declared by their role types, as code analysis asks, and
// annotated.
extern "C" {
#include <ndis.h>
}

extern "C" DRIVER_INITIALIZE DriverEntry;

static DRIVER_UNLOAD MyUnload;
static MINIPORT_INITIALIZE MyInitialize;
static MINIPORT_HALT MyHalt;
static MINIPORT_PAUSE MyPause;
static MINIPORT_RESTART MyRestart;
static MINIPORT_SEND_NET_BUFFER_LISTS MySend;
static MINIPORT_RETURN_NET_BUFFER_LISTS MyReturn;
static MINIPORT_OID_REQUEST MyRequest;
static NDIS_TIMER_FUNCTION MyTimer;

#pragma NDIS_INIT_FUNCTION(DriverEntry)
#pragma NDIS_PAGEABLE_FUNCTION(MyHalt)

namespace
{

constexpr ULONG pool_tag = 'xxCt';

struct adapter {
    NDIS_HANDLE handle;
    NDIS_SPIN_LOCK lock;
    LIST_ENTRY waiting;
    volatile LONG references;
    NET_BUFFER_LIST *sent;
};

class guard
{
  public:
    _IRQL_raises_(DISPATCH_LEVEL) explicit guard(_In_ NDIS_SPIN_LOCK &lock) : lock_(lock)
    {
        NdisAcquireSpinLock(&lock_);
    }
    ~guard()
    {
        NdisReleaseSpinLock(&lock_);
    }
    guard(const guard &) = delete;
    guard &operator=(const guard &) = delete;

  private:
    NDIS_SPIN_LOCK &lock_;
};

NDIS_HANDLE driver;

} // namespace

_Must_inspect_result_ static __drv_allocatesMem(Mem) adapter *new_adapter(_In_ NDIS_HANDLE handle)
{
    auto *made = static_cast<adapter *>(
        NdisAllocateMemoryWithTagPriority(handle, sizeof(adapter), pool_tag, NormalPoolPriority));

    if (made != nullptr) {
        NdisZeroMemory(made, sizeof(*made));
        made->handle = handle;
        NdisAllocateSpinLock(&made->lock);
        InitializeListHead(&made->waiting);
        InterlockedIncrement(&made->references);
    }
    return made;
}

_Use_decl_annotations_ static NDIS_STATUS
MyInitialize(NDIS_HANDLE handle, NDIS_HANDLE, PNDIS_MINIPORT_INIT_PARAMETERS)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes = {};
    adapter *made = new_adapter(handle);

    if (made == nullptr) {
        return NDIS_STATUS_RESOURCES;
    }
    attributes.RegistrationAttributes.Header = {
        NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
        NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
        NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1};
    attributes.RegistrationAttributes.MiniportAdapterContext = made;
    return NdisMSetMiniportAttributes(handle, &attributes);
}

_Use_decl_annotations_ static VOID
MyHalt(NDIS_HANDLE context, NDIS_HALT_ACTION)
{
    auto *mine = static_cast<adapter *>(context);

    PAGED_CODE();
    NdisFreeSpinLock(&mine->lock);
    NdisFreeMemory(mine, 0, 0);
}

_Use_decl_annotations_ static NDIS_STATUS
MyPause(NDIS_HANDLE, PNDIS_MINIPORT_PAUSE_PARAMETERS)
{
    return NDIS_STATUS_SUCCESS;
}

_Use_decl_annotations_ static NDIS_STATUS
MyRestart(NDIS_HANDLE, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    for (auto *entry = parameters->RestartAttributes; entry != nullptr; entry = entry->Next) {
        if (entry->Oid == OID_GEN_MINIPORT_RESTART_ATTRIBUTES) {
            return NDIS_STATUS_SUCCESS;
        }
    }
    return NDIS_STATUS_FAILURE;
}

_Use_decl_annotations_ static VOID
MySend(NDIS_HANDLE context, PNET_BUFFER_LIST lists, NDIS_PORT_NUMBER, ULONG)
{
    auto *mine = static_cast<adapter *>(context);

    {
        guard held(mine->lock);
        mine->sent = lists;
    }
    for (auto *list = lists; list != nullptr; list = NET_BUFFER_LIST_NEXT_NBL(list)) {
        NET_BUFFER_LIST_STATUS(list) = NDIS_STATUS_SUCCESS;
    }
    NdisMSendNetBufferListsComplete(mine->handle, lists, 0);
}

_Use_decl_annotations_ static VOID
MyReturn(NDIS_HANDLE, PNET_BUFFER_LIST, ULONG)
{
}

_Use_decl_annotations_ static NDIS_STATUS
MyRequest(NDIS_HANDLE, PNDIS_OID_REQUEST request)
{
    switch (request->RequestType) {
    case NdisRequestQueryInformation:
        request->DATA.QUERY_INFORMATION.BytesWritten = 0;
        __fallthrough;
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

_Use_decl_annotations_ static VOID
MyTimer(PVOID, PVOID context, PVOID, PVOID)
{
    auto *mine = CONTAINING_RECORD(static_cast<LIST_ENTRY *>(context), adapter, waiting);

    InterlockedDecrement(&mine->references);
}

_Use_decl_annotations_ static VOID
MyUnload(PDRIVER_OBJECT)
{
    NdisMDeregisterMiniportDriver(driver);
}

_Use_decl_annotations_ extern "C" NTSTATUS
DriverEntry(PDRIVER_OBJECT object, PUNICODE_STRING path)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS characteristics = {};
    NDIS_TIMER_CHARACTERISTICS timer = {};

    C_ASSERT(sizeof(long) == sizeof(LONG));
    C_ASSERT(sizeof(L"") == sizeof(WCHAR));
    timer.TimerFunction = MyTimer;
    UNREFERENCED_PARAMETER(timer);
    characteristics.Header = {NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
                              NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
                              NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2};
    characteristics.MajorNdisVersion = NDIS_MINIPORT_MAJOR_VERSION;
    characteristics.MinorNdisVersion = NDIS_MINIPORT_MINOR_VERSION;
    characteristics.InitializeHandlerEx = MyInitialize;
    characteristics.HaltHandlerEx = MyHalt;
    characteristics.UnloadHandler = MyUnload;
    characteristics.PauseHandler = MyPause;
    characteristics.RestartHandler = MyRestart;
    characteristics.OidRequestHandler = MyRequest;
    characteristics.SendNetBufferListsHandler = MySend;
    characteristics.ReturnNetBufferListsHandler = MyReturn;
    return NdisMRegisterMiniportDriver(object, path, nullptr, &characteristics, &driver);
}
