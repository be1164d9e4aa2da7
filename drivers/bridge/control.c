/*
 * The control device: counters of the ports, learned addresses, ageing. NdisRegisterDeviceEx takes
 * a miniport's or a filter's handle; a protocol driver makes its device itself.
 */
#include "bridge.h"

/* --- answers --- */

static void
add_counters(const struct port *port, struct bridge_port_counters *total)
{
    enum { NUMBERS = sizeof(*total) / sizeof(uint64_t) };

    for (ULONG i = 0; i < bridge.processor_count; i++) {
        const volatile LONG64 *part =
            (const volatile LONG64 *)&bridge.processors[i].counters[port->number];

        for (ULONG n = 0; n < NUMBERS; n++) {
            ((uint64_t *)total)[n] += (uint64_t)ReadNoFence64(&part[n]);
        }
    }
}

static void
describe(const struct port *port, struct bridge_port_info *info)
{
    RtlZeroMemory(info, sizeof(*info));
    info->bytes = sizeof(*info);
    info->port = port->number;
    info->interface_index = port->interface_index;
    info->mtu = (uint32_t)ReadNoFence(&port->mtu);
    info->running = ReadNoFence(&port->running) != 0;
    info->connected = ReadNoFence(&port->connected) != 0;
    RtlCopyMemory(info->address, port->address, ADDRESS_BYTES);
    add_counters(port, &info->counters);
}

static NTSTATUS
query_ports(void *buffer, ULONG input, ULONG output, ULONG_PTR *out_bytes)
{
    struct bridge_port_info *infos = buffer;
    ULONG addresses[BRIDGE_PORT_LIMIT] = {0};
    ULONG room = output / sizeof(*infos);
    ULONG ports = 0;

    UNREFERENCED_PARAMETER(input);
    table_count(addresses);
    for (ULONG i = 0; i < bridge.port_count; i++) {
        if (!ReadNoFence(&bridge.ports[i].used)) {
            continue;
        }
        if (ports < room) {
            describe(&bridge.ports[i], &infos[ports]);
            infos[ports].addresses = addresses[i];
        }
        ports++;
    }
    *out_bytes = min(ports, room) * sizeof(*infos);
    return ports > room ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static NTSTATUS
query_addresses(void *buffer, ULONG input, ULONG output, ULONG_PTR *out_bytes)
{
    ULONG room = output / sizeof(struct bridge_address_info);
    ULONG entries = table_list(buffer, room);

    UNREFERENCED_PARAMETER(input);
    *out_bytes = min(entries, room) * sizeof(struct bridge_address_info);
    return entries > room ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static NTSTATUS
set_ageing(void *buffer, ULONG input, ULONG output, ULONG_PTR *out_bytes)
{
    UNREFERENCED_PARAMETER(output);
    UNREFERENCED_PARAMETER(out_bytes);
    if (input < sizeof(uint32_t)) {
        return STATUS_INVALID_PARAMETER;
    }
    table_set_ageing(*(uint32_t *)buffer);
    return STATUS_SUCCESS;
}

static NTSTATUS
flush(void *buffer, ULONG input, ULONG output, ULONG_PTR *out_bytes)
{
    UNREFERENCED_PARAMETER(buffer);
    UNREFERENCED_PARAMETER(input);
    UNREFERENCED_PARAMETER(output);
    UNREFERENCED_PARAMETER(out_bytes);
    table_flush(BRIDGE_PORT_LIMIT);
    return STATUS_SUCCESS;
}

static const struct {
    ULONG code;
    NTSTATUS (*answer)(void *buffer, ULONG input, ULONG output, ULONG_PTR *out_bytes);
} controls[] = {
    {BRIDGE_IOCTL_QUERY_PORTS, query_ports},
    {BRIDGE_IOCTL_QUERY_ADDRESSES, query_addresses},
    {BRIDGE_IOCTL_SET_AGEING, set_ageing},
    {BRIDGE_IOCTL_FLUSH, flush},
};

/* --- requests --- */

static NTSTATUS
complete(PIRP irp, NTSTATUS status, ULONG_PTR information)
{
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static DRIVER_DISPATCH agree;
static DRIVER_DISPATCH control;

static NTSTATUS
agree(PDEVICE_OBJECT device, PIRP irp)
{
    UNREFERENCED_PARAMETER(device);
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS
control(PDEVICE_OBJECT device, PIRP irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(irp);
    ULONG code = location->Parameters.DeviceIoControl.IoControlCode;

    UNREFERENCED_PARAMETER(device);
    for (ULONG i = 0; i < RTL_NUMBER_OF(controls); i++) {
        if (controls[i].code == code) {
            ULONG_PTR bytes = 0;
            NTSTATUS status =
                controls[i].answer(irp->AssociatedIrp.SystemBuffer,
                                   location->Parameters.DeviceIoControl.InputBufferLength,
                                   location->Parameters.DeviceIoControl.OutputBufferLength, &bytes);

            return complete(irp, status, bytes);
        }
    }
    return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

/* --- life --- */

NTSTATUS
control_init(PDRIVER_OBJECT driver)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"" BRIDGE_DEVICE_NAME);
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"" BRIDGE_DOS_NAME);
    NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_NETWORK, FILE_DEVICE_SECURE_OPEN,
                                     FALSE, &bridge.device);

    if (!NT_SUCCESS(status)) {
        bridge.device = NULL;
        return status;
    }
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(bridge.device);
        bridge.device = NULL;
        return status;
    }
    driver->MajorFunction[IRP_MJ_CREATE] = agree;
    driver->MajorFunction[IRP_MJ_CLEANUP] = agree;
    driver->MajorFunction[IRP_MJ_CLOSE] = agree;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = control;
    return STATUS_SUCCESS;
}

void
control_fini(void)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"" BRIDGE_DOS_NAME);

    if (bridge.device != NULL) {
        IoDeleteSymbolicLink(&link);
        IoDeleteDevice(bridge.device);
        bridge.device = NULL;
    }
}
