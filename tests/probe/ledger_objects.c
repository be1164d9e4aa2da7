/* What the leak ledger knows of objects: timers, devices, registrations, IRPs, handles, locks. */
#include "probe/ledger_pair.h"

#include <ndis.h>

enum { EXTENSION_BYTES = 16 };

struct things {
    struct world *w;
    PEX_TIMER ex_timer;
    KTIMER timer;
    PVOID thread;
    PDEVICE_OBJECT device;
    PDEVICE_OBJECT found_device;
    PFILE_OBJECT file;
    PIO_WORKITEM work_item;
    ERESOURCE resource;
    PCALLBACK_OBJECT callback;
    PVOID registration;
    KBUGCHECK_CALLBACK_RECORD bug_check;
    KBUGCHECK_REASON_CALLBACK_RECORD bug_check_reason;
    HANDLE handle;
    PIRP irp;
    NDIS_SPIN_LOCK ndis_lock;
};

/* --- time and threads --- */

static VOID
ex_timer_expires(PEX_TIMER timer, PVOID context)
{
    (void)timer;
    (void)context;
}

static void
take_ex_timer(struct things *t)
{
    t->ex_timer = ExAllocateTimer(ex_timer_expires, NULL, 0);
}

static void
give_ex_timer(struct things *t)
{
    ExDeleteTimer(t->ex_timer, TRUE, TRUE, NULL);
}

static void
prepare_timer(struct things *t)
{
    KeInitializeTimer(&t->timer);
}

static void
set_timer(struct things *t)
{
    KeSetTimer(&t->timer, relative_ms(1000), NULL);
}

static void
cancel_timer(struct things *t)
{
    KeCancelTimer(&t->timer);
}

/* --- objects --- */

static void
take_device(struct things *t)
{
    assert_int_equal(IoCreateDevice(t->w->object, EXTENSION_BYTES, NULL, FILE_DEVICE_UNKNOWN, 0,
                                    FALSE, &t->device),
                     STATUS_SUCCESS);
}

static void
give_device(struct things *t)
{
    IoDeleteDevice(t->device);
}

static UNICODE_STRING device_name = RTL_CONSTANT_STRING(L"\\Device\\Ledger");
static UNICODE_STRING link_name = RTL_CONSTANT_STRING(L"\\DosDevices\\Ledger");

static void
take_link(struct things *t)
{
    (void)t;
    assert_int_equal(IoCreateSymbolicLink(&link_name, &device_name), STATUS_SUCCESS);
}

static void
give_link(struct things *t)
{
    (void)t;
    assert_int_equal(IoDeleteSymbolicLink(&link_name), STATUS_SUCCESS);
}

static NTSTATUS
succeed(PDEVICE_OBJECT device, PIRP irp)
{
    (void)device;
    irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static void
prepare_named_device(struct things *t)
{
    t->w->object->MajorFunction[IRP_MJ_CREATE] = succeed;
    t->w->object->MajorFunction[IRP_MJ_CLEANUP] = succeed;
    t->w->object->MajorFunction[IRP_MJ_CLOSE] = succeed;
    assert_int_equal(
        IoCreateDevice(t->w->object, 0, &device_name, FILE_DEVICE_UNKNOWN, 0, FALSE, &t->device),
        STATUS_SUCCESS);
    t->device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
}

static void
take_device_pointer(struct things *t)
{
    assert_int_equal(
        IoGetDeviceObjectPointer(&device_name, FILE_READ_DATA, &t->file, &t->found_device),
        STATUS_SUCCESS);
}

static void
give_device_pointer(struct things *t)
{
    ObDereferenceObject(t->file);
}

static void
take_work_item(struct things *t)
{
    t->work_item = IoAllocateWorkItem(t->device);
}

static void
give_work_item(struct things *t)
{
    IoFreeWorkItem(t->work_item);
}

static void
take_resource(struct things *t)
{
    ExInitializeResourceLite(&t->resource);
}

static void
give_resource(struct things *t)
{
    ExDeleteResourceLite(&t->resource);
}

static void
take_callback(struct things *t)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Callback\\Ledger");
    OBJECT_ATTRIBUTES attributes;

    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    assert_int_equal(ExCreateCallback(&t->callback, &attributes, TRUE, TRUE), STATUS_SUCCESS);
}

static void
give_callback(struct things *t)
{
    ObDereferenceObject(t->callback);
}

static VOID
on_callback(PVOID context, PVOID argument1, PVOID argument2)
{
    (void)context;
    (void)argument1;
    (void)argument2;
}

static void
take_registration(struct things *t)
{
    t->registration = ExRegisterCallback(t->callback, on_callback, NULL);
}

static void
give_registration(struct things *t)
{
    ExUnregisterCallback(t->registration);
}

static VOID
on_bug_check(PVOID memory, ULONG length)
{
    (void)memory;
    (void)length;
}

static void
prepare_bug_check(struct things *t)
{
    KeInitializeCallbackRecord(&t->bug_check);
    KeInitializeCallbackRecord(&t->bug_check_reason);
}

static void
take_bug_check(struct things *t)
{
    assert_true(
        KeRegisterBugCheckCallback(&t->bug_check, on_bug_check, NULL, 0, (PUCHAR) "ledger"));
}

static void
give_bug_check(struct things *t)
{
    assert_true(KeDeregisterBugCheckCallback(&t->bug_check));
}

static VOID
on_bug_check_reason(KBUGCHECK_CALLBACK_REASON reason, PKBUGCHECK_REASON_CALLBACK_RECORD record,
                    PVOID data, ULONG length)
{
    (void)reason;
    (void)record;
    (void)data;
    (void)length;
}

static void
take_bug_check_reason(struct things *t)
{
    assert_true(KeRegisterBugCheckReasonCallback(&t->bug_check_reason, on_bug_check_reason,
                                                 KbCallbackSecondaryDumpData, (PUCHAR) "ledger"));
}

static void
give_bug_check_reason(struct things *t)
{
    assert_true(KeDeregisterBugCheckReasonCallback(&t->bug_check_reason));
}

static void
take_irp(struct things *t)
{
    t->irp = IoAllocateIrp(1, FALSE);
}

static void
give_irp(struct things *t)
{
    IoFreeIrp(t->irp);
}

/* --- handles and references --- */

static void
take_key(struct things *t)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\System");
    OBJECT_ATTRIBUTES attributes;

    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    assert_int_equal(ZwOpenKey(&t->handle, KEY_READ, &attributes), STATUS_SUCCESS);
}

static void
create_key(struct things *t)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\Software");
    OBJECT_ATTRIBUTES attributes;

    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    assert_int_equal(ZwCreateKey(&t->handle, KEY_READ, &attributes, 0, NULL, 0, NULL),
                     STATUS_SUCCESS);
}

static void
close_handle(struct things *t)
{
    assert_int_equal(ZwClose(t->handle), STATUS_SUCCESS);
}

static void
create_event(struct things *t)
{
    assert_int_equal(ZwCreateEvent(&t->handle, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE),
                     STATUS_SUCCESS);
}

static void
create_named_event(struct things *t)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\Ledger");

    assert_non_null(IoCreateNotificationEvent(&name, &t->handle));
}

static VOID
end_at_once(PVOID user)
{
    (void)user;
}

static void
take_thread_handle(struct things *t)
{
    PVOID thread;

    assert_int_equal(
        PsCreateSystemThread(&t->handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, end_at_once, NULL),
        STATUS_SUCCESS);
    ObReferenceObjectByHandle(t->handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, &thread,
                              NULL);
    wait_for(thread);
    ObDereferenceObject(thread);
}

static void
reference_by_handle(struct things *t)
{
    assert_int_equal(ObReferenceObjectByHandle(t->handle, EVENT_ALL_ACCESS, *ExEventObjectType,
                                               KernelMode, &t->thread, NULL),
                     STATUS_SUCCESS);
}

static void
dereference(struct things *t)
{
    ObDereferenceObject(t->thread);
}

/* The first of two references is given back; the second is what is left. */
static void
reference_twice(struct things *t)
{
    reference_by_handle(t);
    ObReferenceObject(t->thread);
    ObDereferenceObject(t->thread);
}

/* --- NDIS, where a spin lock is advice --- */

static void
take_ndis_lock(struct things *t)
{
    NdisAllocateSpinLock(&t->ndis_lock);
}

static void
give_ndis_lock(struct things *t)
{
    NdisFreeSpinLock(&t->ndis_lock);
}

/* --- the table --- */

static const struct pair pairs[] = {
    {"ExAllocateTimer", "a timer", take_ex_timer, give_ex_timer, NULL, NULL, NULL},
    {"KeSetTimer", "a timer that is still set", set_timer, cancel_timer, prepare_timer, NULL, NULL},
    {"IoCreateDevice", "a device object", take_device, give_device, NULL, NULL, NULL},
    {"IoCreateSymbolicLink", "a symbolic link", take_link, give_link, NULL, NULL, NULL},
    {"IoGetDeviceObjectPointer", "a reference to an object", take_device_pointer,
     give_device_pointer, prepare_named_device, give_device, NULL},
    {"IoAllocateWorkItem", "a work item", take_work_item, give_work_item, take_device, give_device,
     NULL},
    {"ExInitializeResourceLite", "an ERESOURCE", take_resource, give_resource, NULL, NULL, NULL},
    {"ExCreateCallback", "a reference to an object", take_callback, give_callback, NULL, NULL,
     NULL},
    {"ExRegisterCallback", "a callback registration", take_registration, give_registration,
     take_callback, give_callback, NULL},
    {"KeRegisterBugCheckCallback", "a callback registration", take_bug_check, give_bug_check,
     prepare_bug_check, NULL, NULL},
    {"KeRegisterBugCheckReasonCallback", "a callback registration", take_bug_check_reason,
     give_bug_check_reason, prepare_bug_check, NULL, NULL},
    {"IoAllocateIrp", "an IRP", take_irp, give_irp, NULL, NULL, NULL},
    {"ZwOpenKey", "an open registry key", take_key, close_handle, NULL, NULL, NULL},
    {"ZwCreateKey", "an open registry key", create_key, close_handle, NULL, NULL, NULL},
    {"ZwCreateEvent", "an open handle", create_event, close_handle, NULL, NULL, NULL},
    {"IoCreateNotificationEvent", "an open handle", create_named_event, close_handle, NULL, NULL,
     NULL},
    {"PsCreateSystemThread", "an open handle", take_thread_handle, close_handle, NULL, NULL, NULL},
    {"ObReferenceObjectByHandle", "a reference to an object", reference_by_handle, dereference,
     create_event, close_handle, NULL},
    {"ObReferenceObjectByHandle", "a reference to an object", reference_twice, dereference,
     create_event, close_handle, NULL},
    {"NdisAllocateSpinLock", "a spin lock", take_ndis_lock, give_ndis_lock, NULL, NULL,
     "LEAK_SPIN_LOCK"},
};

static void
what_is_forgotten_is_told_at_unload_with_what_and_where(void **state)
{
    (void)state;
    pairs_forgotten(pairs, RTL_NUMBER_OF(pairs), sizeof(struct things));
}

static void
what_is_given_back_is_not_told(void **state)
{
    (void)state;
    pairs_given_back(pairs, RTL_NUMBER_OF(pairs), sizeof(struct things));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_forgotten_is_told_at_unload_with_what_and_where),
        cmocka_unit_test(what_is_given_back_is_not_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
