/* The registry key of an adapter: what installing it leaves for its driver to read. */
#include "ndis/config.h"

#include <pndis/error.h>
#include <stdio.h>

static NTSTATUS
write_identity(struct pndis_adapter *adapter, struct key *key)
{
    struct pndis_machine *machine = adapter->machine;
    char guid[64];
    UNICODE_STRING name;
    NTSTATUS status;

    RtlInitUnicodeString(&name, adapter->device_name + sizeof("\\DEVICE\\") - 1);
    pndis__utf8_of(&name, guid, sizeof(guid));
    status = pndis__value_set_string(machine, key, "NetCfgInstanceId", guid);
    if (NT_SUCCESS(status)) {
        status = pndis__value_set_string(machine, key, "DriverDesc", adapter->owner.name);
    }
    if (NT_SUCCESS(status)) {
        status = pndis__value_set_dword(machine, key, "NetLuidIndex",
                                        (uint32_t)adapter->luid.Info.NetLuidIndex);
    }
    return status;
}

static NTSTATUS
write_options(struct pndis_machine *machine, struct key *key,
              const struct pndis_adapter_options *options)
{
    NTSTATUS status = STATUS_SUCCESS;

    for (size_t i = 0; i < options->parameter_count && NT_SUCCESS(status); i++) {
        status = pndis__value_set_string(machine, key, options->parameters[i].name,
                                         options->parameters[i].value);
    }
    if (options->network_address != NULL && NT_SUCCESS(status)) {
        status = pndis__value_set_string(machine, key, "NetworkAddress", options->network_address);
    }
    return status;
}

int
pndis__configuration_install(struct pndis_adapter *adapter,
                             const struct pndis_adapter_options *options)
{
    struct pndis_machine *machine = adapter->machine;
    const char *inf = adapter->driver->driver->inf;
    struct key *key;
    NTSTATUS status = pndis__key_create_utf8(machine, NULL, adapter->key, &key);
    int result = 0;

    if (!NT_SUCCESS(status)) {
        return pndis__fail(PNDIS_ENOMEM, "the registry key of %s: 0x%08x", adapter->owner.name,
                           (unsigned)status);
    }
    status = write_identity(adapter, key);
    if (NT_SUCCESS(status) && inf != NULL) {
        result = pndis__inf_apply(machine, inf, options->inf_section, key);
    }
    if (NT_SUCCESS(status) && result == 0) {
        status = write_options(machine, key, options);
    }
    pndis__key_put(machine, key);
    if (result == 0 && !NT_SUCCESS(status)) {
        result = pndis__fail(PNDIS_ENOMEM, "the registry values of %s: 0x%08x", adapter->owner.name,
                             (unsigned)status);
    }
    return result;
}

void
pndis__configuration_uninstall(struct pndis_adapter *adapter)
{
    struct key *key;

    if (NT_SUCCESS(pndis__key_open_utf8(adapter->machine, NULL, adapter->key, &key))) {
        pndis__key_delete_tree(adapter->machine, key);
        pndis__key_put(adapter->machine, key);
    }
}
