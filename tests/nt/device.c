/* Device objects, and the IRPs that the I/O manager sends to them ("Handling IRPs"). */
#include "nt/nt_support.h"

#include "nt/device.h"

enum {
    CODE_BUFFERED = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS),
    CODE_DIRECT = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_OUT_DIRECT, FILE_ANY_ACCESS),
    CODE_NEITHER = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_NEITHER, FILE_ANY_ACCESS),
    CODE_PEND = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x803, METHOD_BUFFERED, FILE_ANY_ACCESS),
    CODE_FORGET_MARK = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x804, METHOD_BUFFERED, FILE_ANY_ACCESS),
    CODE_FORGET_STATUS = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x805, METHOD_BUFFERED, FILE_ANY_ACCESS),
    CODE_TWICE = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x806, METHOD_BUFFERED, FILE_ANY_ACCESS),
    CODE_STILL_PENDING = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x807, METHOD_BUFFERED, FILE_ANY_ACCESS),
    CODE_KEEP_CANCEL = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x808, METHOD_BUFFERED, FILE_ANY_ACCESS),
};

static UNICODE_STRING device_name = RTL_CONSTANT_STRING(L"\\Device\\Echo");
static UNICODE_STRING link_name = RTL_CONSTANT_STRING(L"\\DosDevices\\Echo");

/* --- a driver that answers with what it was given, every byte plus one --- */

struct echo {
    LONG creates;
    LONG cleanups;
    LONG closes;
    LONG cancels;
    PIRP pended;
};

static NTSTATUS
complete(PIRP irp, NTSTATUS status, ULONG_PTR information)
{
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static NTSTATUS
echo_file(PDEVICE_OBJECT device, PIRP irp)
{
    struct echo *echo = device->DeviceExtension;

    switch (IoGetCurrentIrpStackLocation(irp)->MajorFunction) {
    case IRP_MJ_CREATE:
        InterlockedIncrement(&echo->creates);
        break;
    case IRP_MJ_CLEANUP:
        InterlockedIncrement(&echo->cleanups);
        break;
    default:
        InterlockedIncrement(&echo->closes);
        break;
    }
    return complete(irp, STATUS_SUCCESS, 0);
}

static ULONG
answer(UINT8 *to, ULONG room, const UINT8 *from, ULONG bytes)
{
    ULONG count = bytes < room ? bytes : room;

    for (ULONG i = 0; i < count; i++) {
        to[i] = (UINT8)(from[i] + 1);
    }
    return count;
}

static VOID
cancel(PDEVICE_OBJECT device, PIRP irp)
{
    struct echo *echo = device->DeviceExtension;

    echo->pended = NULL;
    IoReleaseCancelSpinLock(irp->CancelIrql);
    InterlockedIncrement(&echo->cancels);
    complete(irp, STATUS_CANCELLED, 0);
}

static NTSTATUS
pend(struct echo *echo, PIRP irp)
{
    KIRQL irql;

    IoMarkIrpPending(irp);
    IoAcquireCancelSpinLock(&irql);
    echo->pended = irp;
    IoSetCancelRoutine(irp, cancel);
    IoReleaseCancelSpinLock(irql);
    return STATUS_PENDING;
}

/* Every way to get it wrong, by code. */
static NTSTATUS
misbehave(ULONG code, PIRP irp)
{
    switch (code) {
    case CODE_FORGET_MARK:
        complete(irp, STATUS_SUCCESS, 0);
        return STATUS_PENDING;
    case CODE_FORGET_STATUS:
        IoMarkIrpPending(irp);
        return complete(irp, STATUS_SUCCESS, 0);
    case CODE_TWICE:
        complete(irp, STATUS_SUCCESS, 0);
        return complete(irp, STATUS_SUCCESS, 0);
    case CODE_STILL_PENDING:
        complete(irp, STATUS_PENDING, 0);
        return STATUS_UNSUCCESSFUL;
    case CODE_KEEP_CANCEL:
        IoSetCancelRoutine(irp, cancel);
        return complete(irp, STATUS_SUCCESS, 0);
    default:
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static NTSTATUS
echo_control(PDEVICE_OBJECT device, PIRP irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(irp);
    ULONG input = location->Parameters.DeviceIoControl.InputBufferLength;
    ULONG output = location->Parameters.DeviceIoControl.OutputBufferLength;
    ULONG code = location->Parameters.DeviceIoControl.IoControlCode;

    switch (code) {
    case CODE_BUFFERED:
        return complete(irp, STATUS_SUCCESS,
                        answer(irp->AssociatedIrp.SystemBuffer, output,
                               irp->AssociatedIrp.SystemBuffer, input));
    case CODE_DIRECT:
        return complete(irp, STATUS_SUCCESS,
                        answer(MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority),
                               MmGetMdlByteCount(irp->MdlAddress), irp->AssociatedIrp.SystemBuffer,
                               input));
    case CODE_NEITHER:
        return complete(irp, STATUS_SUCCESS,
                        answer(irp->UserBuffer, output,
                               location->Parameters.DeviceIoControl.Type3InputBuffer, input));
    case CODE_PEND:
        return pend(device->DeviceExtension, irp);
    default:
        return misbehave(code, irp);
    }
}

/* The device of the world's driver, open. */
struct opened {
    PDEVICE_OBJECT device;
    struct echo *echo;
    PFILE_OBJECT file;
};

static void
create_device(struct world *w, struct opened *opened)
{
    w->object->MajorFunction[IRP_MJ_CREATE] = echo_file;
    w->object->MajorFunction[IRP_MJ_CLEANUP] = echo_file;
    w->object->MajorFunction[IRP_MJ_CLOSE] = echo_file;
    w->object->MajorFunction[IRP_MJ_DEVICE_CONTROL] = echo_control;
    assert_int_equal(IoCreateDevice(w->object, sizeof(struct echo), &device_name,
                                    FILE_DEVICE_UNKNOWN, 0, FALSE, &opened->device),
                     STATUS_SUCCESS);
    opened->echo = opened->device->DeviceExtension;
    opened->device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
}

static void
open_device(struct world *w, struct opened *opened)
{
    create_device(w, opened);
    assert_int_equal(pndis__file_open(w->context, &device_name, FILE_READ_DATA, &opened->file),
                     STATUS_SUCCESS);
}

static void
close_device(struct world *w, struct opened *opened)
{
    pndis__file_close(w->context, opened->file);
    IoDeleteDevice(opened->device);
}

static NTSTATUS
control(struct world *w, struct opened *opened, ULONG code, ULONG_PTR *out_information)
{
    UINT8 input[] = {1, 2, 3};
    UINT8 output[8] = {0};
    struct device_request request = {
        .device = opened->device,
        .file = opened->file,
        .major = IRP_MJ_DEVICE_CONTROL,
        .code = code,
        .input = input,
        .input_bytes = sizeof(input),
        .output = output,
        .output_bytes = sizeof(output),
    };
    NTSTATUS status = pndis__device_request(w->context, &request);

    *out_information = request.information;
    if (NT_SUCCESS(status) && request.information != 0) {
        assert_memory_equal(output, "\2\3\4\0", 4);
    }
    return status;
}

/* --- devices --- */

static void
a_device_has_its_extension_and_its_place_in_the_drivers_list(void **state)
{
    PDEVICE_OBJECT second;
    struct opened opened;
    struct world w;

    (void)state;
    world_start(&w, 0);
    create_device(&w, &opened);
    for (size_t i = 0; i < sizeof(struct echo); i++) {
        assert_int_equal(((UINT8 *)opened.echo)[i], 0);
    }
    assert_ptr_equal(opened.device->DriverObject, w.object);
    assert_ptr_equal(w.object->DeviceObject, opened.device);
    assert_int_equal(
        IoCreateDevice(w.object, 0, &device_name, FILE_DEVICE_UNKNOWN, 0, FALSE, &second),
        STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(IoCreateDevice(w.object, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &second),
                     STATUS_SUCCESS);
    assert_ptr_equal(w.object->DeviceObject, second);
    assert_ptr_equal(second->NextDevice, opened.device);
    assert_null(second->DeviceExtension);
    IoDeleteDevice(opened.device);
    assert_ptr_equal(w.object->DeviceObject, second);
    assert_null(second->NextDevice);
    IoDeleteDevice(second);
    IoDeleteDevice(second);
    expect_broken(&w, "OBJECT_HANDLE");
    close_clean(&w);
}

static void
a_link_leads_to_its_device(void **state)
{
    struct opened opened;
    struct world w;

    (void)state;
    world_start(&w, 0);
    create_device(&w, &opened);
    assert_int_equal(IoCreateSymbolicLink(&link_name, &device_name), STATUS_SUCCESS);
    assert_int_equal(IoCreateSymbolicLink(&link_name, &device_name), STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(pndis__file_open(w.context, &link_name, FILE_READ_DATA, &opened.file),
                     STATUS_SUCCESS);
    assert_ptr_equal(opened.file->DeviceObject, opened.device);
    pndis__file_close(w.context, opened.file);
    assert_int_equal(IoDeleteSymbolicLink(&link_name), STATUS_SUCCESS);
    assert_int_equal(IoDeleteSymbolicLink(&link_name), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(pndis__file_open(w.context, &link_name, FILE_READ_DATA, &opened.file),
                     STATUS_OBJECT_NAME_NOT_FOUND);
    IoDeleteDevice(opened.device);
    close_clean(&w);
}

static void
opening_and_closing_reach_the_driver(void **state)
{
    PFILE_OBJECT second;
    struct opened opened;
    struct world w;

    (void)state;
    world_start(&w, 0);
    open_device(&w, &opened);
    assert_int_equal(opened.echo->creates, 1);
    assert_int_equal(opened.device->ReferenceCount, 1);
    assert_int_equal(pndis__file_open(w.context, &device_name, FILE_READ_DATA, &second),
                     STATUS_SUCCESS);
    assert_int_equal(opened.echo->creates, 2);
    /* A reference of the driver's own keeps the file from being closed. */
    ObReferenceObject(second);
    pndis__file_close(w.context, second);
    assert_int_equal(opened.echo->cleanups, 1);
    assert_int_equal(opened.echo->closes, 0);
    ObDereferenceObject(second);
    assert_int_equal(opened.echo->closes, 1);
    close_device(&w, &opened);
    close_clean(&w);
}

static void
an_exclusive_device_is_opened_once(void **state)
{
    PFILE_OBJECT second;
    struct opened opened;
    struct world w;

    (void)state;
    world_start(&w, 0);
    create_device(&w, &opened);
    opened.device->Flags |= DO_EXCLUSIVE;
    assert_int_equal(pndis__file_open(w.context, &device_name, FILE_READ_DATA, &opened.file),
                     STATUS_SUCCESS);
    assert_int_equal(pndis__file_open(w.context, &device_name, FILE_READ_DATA, &second),
                     STATUS_ACCESS_DENIED);
    close_device(&w, &opened);
    close_clean(&w);
}

/* --- requests --- */

static void
data_travels_as_the_control_code_says(void **state)
{
    static const ULONG codes[] = {CODE_BUFFERED, CODE_DIRECT, CODE_NEITHER};
    struct opened opened;
    ULONG_PTR information;
    struct world w;

    (void)state;
    world_start(&w, 0);
    open_device(&w, &opened);
    for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        assert_int_equal(control(&w, &opened, codes[i], &information), STATUS_SUCCESS);
        assert_int_equal(information, 3);
    }
    close_device(&w, &opened);
    close_clean(&w);
}

static void
what_a_driver_does_not_handle_is_an_invalid_request(void **state)
{
    struct opened opened;
    struct world w;

    (void)state;
    world_start(&w, 0);
    open_device(&w, &opened);
    for (UCHAR major = 0; major <= IRP_MJ_MAXIMUM_FUNCTION; major++) {
        struct device_request request = {
            .device = opened.device, .file = opened.file, .major = major};

        if (w.object->MajorFunction[major] != echo_file &&
            w.object->MajorFunction[major] != echo_control) {
            assert_int_equal(pndis__device_request(w.context, &request),
                             STATUS_INVALID_DEVICE_REQUEST);
        }
    }
    close_device(&w, &opened);
    close_clean(&w);
}

/* --- pending and cancelling --- */

static VOID
complete_later(PVOID user)
{
    struct echo *echo = user;
    PIRP irp = NULL;
    KIRQL irql;

    delay_ms(1);
    IoAcquireCancelSpinLock(&irql);
    if (echo->pended != NULL && IoSetCancelRoutine(echo->pended, NULL) != NULL) {
        irp = echo->pended;
        echo->pended = NULL;
    }
    IoReleaseCancelSpinLock(irql);
    if (irp != NULL) {
        complete(irp, STATUS_SUCCESS, 0);
    }
}

static void
run_pended_request(struct world *w)
{
    struct device_request request = {.major = IRP_MJ_DEVICE_CONTROL, .code = CODE_PEND};
    struct runner runner;
    struct opened opened;

    open_device(w, &opened);
    request.device = opened.device;
    request.file = opened.file;
    expect(w, pndis__device_begin(w->context, &request) == STATUS_PENDING);
    runner_start(&runner, complete_later, opened.echo);
    expect(w, pndis__device_finish(w->context, &request, SCHED_FOREVER) == SLEEP_WOKEN);
    expect(w, request.status == STATUS_SUCCESS);
    runner_join(&runner);
    close_device(w, &opened);
    close_clean(w);
}

static void
a_pended_request_is_waited_for(void **state)
{
    (void)state;
    under_many_seeds(run_pended_request);
}

/* Completed or cancelled, whoever comes first; never both, never neither. */
static void
run_cancel_races(struct world *w)
{
    struct device_request request = {.major = IRP_MJ_DEVICE_CONTROL, .code = CODE_PEND};
    struct runner runner;
    struct opened opened;

    open_device(w, &opened);
    request.device = opened.device;
    request.file = opened.file;
    expect(w, pndis__device_begin(w->context, &request) == STATUS_PENDING);
    runner_start(&runner, complete_later, opened.echo);
    delay_ms(w->seed % 3);
    pndis__device_cancel(w->context, &request);
    expect(w, pndis__device_finish(w->context, &request, SCHED_FOREVER) == SLEEP_WOKEN);
    runner_join(&runner);
    expect(w, request.status == (opened.echo->cancels == 1 ? STATUS_CANCELLED : STATUS_SUCCESS));
    expect(w, opened.echo->pended == NULL);
    close_device(w, &opened);
    close_clean(w);
}

static void
a_request_is_completed_or_cancelled(void **state)
{
    (void)state;
    under_many_seeds(run_cancel_races);
}

/* --- misuse --- */

static void
each_wrong_way_to_complete_is_reported(void **state)
{
    static const struct {
        ULONG code;
        const char *rule;
    } rows[] = {
        {CODE_FORGET_MARK, "IRP_PENDING"},  {CODE_FORGET_STATUS, "IRP_PENDING"},
        {CODE_TWICE, "IRP_COMPLETE"},       {CODE_STILL_PENDING, "IRP_COMPLETE"},
        {CODE_KEEP_CANCEL, "IRP_COMPLETE"},
    };
    struct opened opened;
    ULONG_PTR information;
    struct world w;

    (void)state;
    world_start(&w, 0);
    open_device(&w, &opened);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        control(&w, &opened, rows[i].code, &information);
        expect_broken(&w, rows[i].rule);
    }
    close_device(&w, &opened);
    close_clean(&w);
}

static void
an_irp_without_a_location_left_is_not_sent(void **state)
{
    struct opened opened;
    struct world w;
    PIRP irp;

    (void)state;
    world_start(&w, 0);
    open_device(&w, &opened);
    irp = IoAllocateIrp(1, FALSE);
    IoSetNextIrpStackLocation(irp);
    assert_int_equal(IoCallDriver(opened.device, irp), STATUS_INVALID_DEVICE_REQUEST);
    expect_broken(&w, "IRP_STACK");
    IoFreeIrp(irp);
    IoFreeIrp(irp);
    expect_broken(&w, "OBJECT_HANDLE");
    close_device(&w, &opened);
    close_clean(&w);
}

/* --- completion routines --- */

static NTSTATUS
take_back(PDEVICE_OBJECT device, PIRP irp, PVOID user)
{
    (void)device;
    *(NTSTATUS *)user = irp->IoStatus.Status;
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static void
a_drivers_own_irp_comes_back_to_its_completion_routine(void **state)
{
    NTSTATUS seen = STATUS_PENDING;
    struct opened opened;
    struct world w;
    PIRP irp;

    (void)state;
    world_start(&w, 0);
    open_device(&w, &opened);
    irp = IoAllocateIrp(opened.device->StackSize, FALSE);
    for (unsigned i = 0; i < 3; i++) {
        PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(irp);

        next->MajorFunction = IRP_MJ_DEVICE_CONTROL;
        next->Parameters.DeviceIoControl.IoControlCode = 0x1234;
        IoSetCompletionRoutine(irp, take_back, &seen, TRUE, TRUE, TRUE);
        assert_int_equal(IoCallDriver(opened.device, irp), STATUS_INVALID_DEVICE_REQUEST);
        assert_int_equal(seen, STATUS_INVALID_DEVICE_REQUEST);
        IoReuseIrp(irp, STATUS_SUCCESS);
        seen = STATUS_PENDING;
    }
    IoFreeIrp(irp);
    close_device(&w, &opened);
    close_clean(&w);
}

/* --- remove locks --- */

static VOID
hold_for_a_while(PVOID user)
{
    delay_ms(5);
    IoReleaseRemoveLock((PIO_REMOVE_LOCK)user, NULL);
}

static void
run_remove_lock(struct world *w)
{
    struct runner runner;
    IO_REMOVE_LOCK lock;

    IoInitializeRemoveLock(&lock, TEST_TAG, 0, 0);
    expect(w, IoAcquireRemoveLock(&lock, NULL) == STATUS_SUCCESS);
    expect(w, IoAcquireRemoveLock(&lock, &lock) == STATUS_SUCCESS);
    runner_start(&runner, hold_for_a_while, &lock);
    IoReleaseRemoveLockAndWait(&lock, &lock);
    expect(w, IoAcquireRemoveLock(&lock, NULL) == STATUS_DELETE_PENDING);
    runner_join(&runner);
    close_clean(w);
}

static void
removal_waits_for_who_holds_the_lock(void **state)
{
    (void)state;
    under_many_seeds(run_remove_lock);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_has_its_extension_and_its_place_in_the_drivers_list),
        cmocka_unit_test(a_link_leads_to_its_device),
        cmocka_unit_test(opening_and_closing_reach_the_driver),
        cmocka_unit_test(an_exclusive_device_is_opened_once),
        cmocka_unit_test(data_travels_as_the_control_code_says),
        cmocka_unit_test(what_a_driver_does_not_handle_is_an_invalid_request),
        cmocka_unit_test(a_pended_request_is_waited_for),
        cmocka_unit_test(a_request_is_completed_or_cancelled),
        cmocka_unit_test(each_wrong_way_to_complete_is_reported),
        cmocka_unit_test(an_irp_without_a_location_left_is_not_sent),
        cmocka_unit_test(a_drivers_own_irp_comes_back_to_its_completion_routine),
        cmocka_unit_test(removal_waits_for_who_holds_the_lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
