/*
 * Devices of NDIS drivers, with requests from a host program, and the error log:
 * "NdisRegisterDeviceEx", "NdisWriteErrorLogEntry".
 */
#include "support/protocol.h"
#include "support/world.h"

enum {
    SEEDS = 20,
    REVERSE = CTL_CODE(FILE_DEVICE_NETWORK, 0x801, METHOD_BUFFERED, FILE_ANY_ACCESS)
};

static struct {
    NDIS_DEVICE_OBJECT_ATTRIBUTES attributes;
    PDRIVER_DISPATCH functions[IRP_MJ_MAXIMUM_FUNCTION + 1];
    NDIS_HANDLE of;
    NDIS_HANDLE handle;
    PDEVICE_OBJECT object;
    NDIS_STATUS status;
    PVOID extension;
    unsigned opens;
    unsigned closes;
    unsigned controls;
    bool pends;
    PIRP pending;
} d;

static NTSTATUS
complete(PIRP irp, NTSTATUS status, ULONG_PTR information)
{
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static NTSTATUS
on_create(PDEVICE_OBJECT device, PIRP irp)
{
    (void)device;
    d.opens++;
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS
on_close(PDEVICE_OBJECT device, PIRP irp)
{
    (void)device;
    d.closes++;
    return complete(irp, STATUS_SUCCESS, 0);
}

static ULONG
reverse(PIRP irp)
{
    ULONG bytes = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.InputBufferLength;
    char *text = irp->AssociatedIrp.SystemBuffer;

    for (ULONG i = 0; i < bytes / 2; i++) {
        char swap = text[i];

        text[i] = text[bytes - 1 - i];
        text[bytes - 1 - i] = swap;
    }
    return bytes;
}

static VOID
complete_later(PVOID context, NDIS_HANDLE item)
{
    (void)context;
    complete(d.pending, STATUS_SUCCESS, reverse(d.pending));
    NdisFreeIoWorkItem(item);
}

static NTSTATUS
on_control(PDEVICE_OBJECT device, PIRP irp)
{
    (void)device;
    d.controls++;
    if (IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.IoControlCode !=
        (ULONG)REVERSE) {
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
    if (d.pends) {
        IoMarkIrpPending(irp);
        d.pending = irp;
        NdisQueueIoWorkItem(NdisAllocateIoWorkItem(d.handle), complete_later, NULL);
        return STATUS_PENDING;
    }
    return complete(irp, STATUS_SUCCESS, reverse(irp));
}

static void
attributes_init(void)
{
    static NDIS_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Programmable");
    static NDIS_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\Programmable");

    memset(&d, 0, sizeof(d));
    d.functions[IRP_MJ_CREATE] = on_create;
    d.functions[IRP_MJ_CLEANUP] = on_close;
    d.functions[IRP_MJ_CLOSE] = on_close;
    d.functions[IRP_MJ_DEVICE_CONTROL] = on_control;
    d.attributes.Header = (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES,
                                               NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1,
                                               NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1};
    d.attributes.DeviceName = &name;
    d.attributes.SymbolicName = &link;
    d.attributes.MajorFunctions = d.functions;
    d.attributes.ExtensionSize = 64;
    d.of = miniport.handle;
    d.object = (PDEVICE_OBJECT)&d;
}

static void
call_register(void *argument)
{
    (void)argument;
    d.status = NdisRegisterDeviceEx(d.of, &d.attributes, &d.object, &d.handle);
    if (d.status == NDIS_STATUS_SUCCESS) {
        d.extension = NdisGetDeviceReservedExtension(d.object);
    }
}

static void
call_deregister(void *argument)
{
    (void)argument;
    NdisDeregisterDeviceEx(d.handle);
}

static void
given_adapter(struct world *w, uint64_t seed)
{
    miniport_reset();
    world_open(w, seed);
    world_add_adapter(w);
    attributes_init();
}

static int
ask(struct world *w, const char *device, uint32_t code, char *text, size_t bytes, int *out_status)
{
    struct pndis_control control = {
        .device = device,
        .code = code,
        .input = text,
        .input_bytes = bytes,
        .output = text,
        .output_bytes = bytes,
    };
    int result = pndis_control_send(w->machine, &control);

    *out_status = control.status;
    return result;
}

/* --- requests --- */

static void
a_host_program_reaches_the_driver(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        char text[] = "abcd";
        int status;
        struct world w;

        given_adapter(&w, seed);
        world_as_driver(&w, call_register, NULL);
        expect(&w, d.status == NDIS_STATUS_SUCCESS && d.extension != NULL);
        for (unsigned i = 0; i < 2; i++) {
            d.pends = i == 1;
            expect(&w, ask(&w, "\\Device\\Programmable", REVERSE, text, 4, &status) == 0);
            expect(&w, status == STATUS_SUCCESS);
            expect(&w, strcmp(text, i == 0 ? "dcba" : "abcd") == 0);
        }
        expect(&w, ask(&w, "\\DosDevices\\Programmable", REVERSE, text, 4, &status) == 0);
        expect(&w, ask(&w, "\\Device\\Programmable", 0x1234, text, 4, &status) == PNDIS_EDRIVER);
        expect(&w, status == STATUS_INVALID_DEVICE_REQUEST);
        expect(&w, d.opens == 4 && d.controls == 4 && d.closes == 8);
        world_as_driver(&w, call_deregister, NULL);
        expect(&w, ask(&w, "\\Device\\Programmable", REVERSE, text, 4, &status) == PNDIS_ENOTFOUND);
        expect(&w,
               ask(&w, "\\DosDevices\\Programmable", REVERSE, text, 4, &status) == PNDIS_ENOTFOUND);
        world_close(&w);
    }
}

/* --- registrations that fail --- */

static void
fails(struct world *w, const char *rule)
{
    world_as_driver(w, call_register, NULL);
    expect(w, d.status != NDIS_STATUS_SUCCESS);
    expect(w, d.object == NULL); /* "If the call fails, [it] is set to point to NULL." */
    if (rule == NULL) {
        world_expect_clean(w);
    } else {
        world_expect_violation(w, rule);
    }
}

static void
a_registration_that_fails_leaves_nothing(void **state)
{
    static const NDIS_OBJECT_HEADER headers[] = {
        {0, 1, NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1},
        {NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES, 0,
         NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1},
        {NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES, 1,
         NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1 - 1},
    };
    NDIS_HANDLE first;
    PDEVICE_OBJECT first_object;
    struct world w;

    (void)state;
    given_adapter(&w, 0);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        attributes_init();
        d.attributes.Header = headers[i];
        fails(&w, "OBJECT_HEADER");
    }
    attributes_init();
    d.of = NULL;
    fails(&w, "OBJECT_HANDLE");
    attributes_init();
    d.of = (NDIS_HANDLE)&d;
    fails(&w, "OBJECT_HANDLE");
    attributes_init();
    pndis_fault_arm(w.machine, 0);
    fails(&w, NULL);
    pndis_fault_disarm(w.machine);
    attributes_init();
    world_as_driver(&w, call_register, NULL);
    assert_int_equal(d.status, NDIS_STATUS_SUCCESS);
    first = d.handle;
    first_object = d.object;
    fails(&w, NULL); /* The name is taken. */
    d.handle = first;
    d.object = first_object;
    world_as_driver(&w, call_deregister, NULL);
    world_expect_clean(&w);
    world_as_driver(&w, call_deregister, NULL);
    world_expect_violation(&w, "OBJECT_HANDLE");
    world_close(&w);
}

/* "The caller is not an NDIS driver": a miniport or filter driver. */
static void
protocols_register_no_devices(void **state)
{
    struct world w;

    (void)state;
    protocol_reset();
    given_adapter(&w, 0);
    world_load_protocol(&w);
    world_settle(&w);
    d.of = protocol.handle;
    world_as_driver(&w, call_register, NULL);
    assert_int_not_equal(d.status, NDIS_STATUS_SUCCESS);
    assert_null(d.object);
    world_expect_violation(&w, "OBJECT_HANDLE");
    world_close(&w);
}

static void
a_device_that_is_never_deregistered_is_reported(void **state)
{
    struct world w;

    (void)state;
    given_adapter(&w, 0);
    world_as_driver(&w, call_register, NULL);
    expect(&w, pndis_adapter_remove(w.adapter) == 0);
    world_expect_clean(&w);
    expect(&w, pndis_driver_unload(w.driver) == 0);
    world_expect_violation(&w, "LEAK_UNLOAD");
    world_close(&w);
}

/* --- the error log --- */

static void
write_error(void *argument)
{
    NdisWriteErrorLogEntry(argument, NDIS_ERROR_CODE_HARDWARE_FAILURE, 2, 0x1234u, 0x5678u);
}

static void
an_error_is_a_line_of_the_log(void **state)
{
    struct pndis_log *log;
    struct world w;

    (void)state;
    given_adapter(&w, 0);
    log = pndis_log_open(w.machine, PNDIS_LOG_NOTES);
    assert_non_null(log);
    world_as_driver(&w, write_error, port_latest()->handle);
    assert_non_null(strstr(pndis_log_text(log), "1234"));
    assert_non_null(strstr(pndis_log_text(log), "5678"));
    pndis_log_clear(log);
    world_as_driver(&w, write_error, &d);
    world_expect_violation(&w, "OBJECT_HANDLE");
    assert_null(strstr(pndis_log_text(log), "1234"));
    pndis_log_close(log);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_program_reaches_the_driver),
        cmocka_unit_test(a_registration_that_fails_leaves_nothing),
        cmocka_unit_test(protocols_register_no_devices),
        cmocka_unit_test(a_device_that_is_never_deregistered_is_reported),
        cmocka_unit_test(an_error_is_a_line_of_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
