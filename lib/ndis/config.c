/* Configuration handles. What they read is kept until they are closed. */
#include "ndis/config.h"

#include "ndis/adapter.h"
#include "ndis/binding.h"
#include "ndis/header.h"
#include "ndis/ndis_machine.h"

#include <stdio.h>
#include <stdlib.h>

struct configuration {
    struct handle handle;
    struct possession possession;
    struct pndis_machine *machine;
    struct key *key;
    struct brief_lock lock; /* Guards what is stored. */
    struct stored_parameter *stored;
};

/* --- opening and closing --- */

static void
free_memory(struct handle *handle)
{
    struct configuration *configuration = CONTAINING_RECORD(handle, struct configuration, handle);

    while (configuration->stored != NULL) {
        struct stored_parameter *stored = configuration->stored;

        configuration->stored = stored->next;
        free(stored);
    }
    free(configuration);
}

static void
end(struct context *context, struct configuration *configuration)
{
    pndis__possession_remove(&configuration->possession);
    pndis__key_put(context->machine, configuration->key);
    pndis__handle_retire(pndis__handles_of(context->machine), &configuration->handle);
}

static void
reclaim(struct context *context, struct possession *possession)
{
    end(context, CONTAINING_RECORD(possession, struct configuration, possession));
}

static struct configuration *
configuration_of(struct context *context, NDIS_HANDLE handle, const char *call, const void *caller)
{
    return (struct configuration *)pndis__handle(context, handle, HANDLE_BIT(CONFIGURATION), call,
                                                 caller);
}

/* Takes the caller's reference of @key, also on failure. */
static struct configuration *
begin(struct context *context, struct key *key, struct owner *owner, const char *call,
      const void *caller)
{
    struct configuration *configuration =
        pndis__fault(context) ? NULL : calloc(1, sizeof(*configuration));

    if (configuration == NULL) {
        pndis__key_put(context->machine, key);
        return NULL;
    }
    configuration->machine = context->machine;
    configuration->key = key;
    pndis__handle_add(pndis__handles_of(context->machine), &configuration->handle,
                      HANDLE_CONFIGURATION, owner, context->machine, free_memory);
    pndis__acquired(context, RESOURCE_CONFIGURATION, configuration, 0, 0, owner, call, caller);
    return configuration;
}

/* --- where a handle's parameters are stored --- */

enum { PATH_BYTES = 320 };

static void
driver_path(const struct pndis_driver *driver, char *path)
{
    pndis__driver_key(driver, path, PATH_BYTES - sizeof("\\Parameters"));
    strcat(path, "\\Parameters");
}

/* A protocol that the host itself is has no driver, only a name. */
static void
protocol_path(const struct protocol *protocol, char *path)
{
    if (protocol->driver != NULL) {
        driver_path(protocol->driver, path);
        return;
    }
    snprintf(path, PATH_BYTES,
             "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\%s\\Parameters",
             protocol->owner.name);
}

static void
binding_path(const struct binding *binding, char *path)
{
    char guid[64];
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, binding->adapter->device_name + sizeof("\\DEVICE\\") - 1);
    pndis__utf8_of(&name, guid, sizeof(guid));
    snprintf(
        path, PATH_BYTES,
        "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\%s\\Parameters\\Adapters\\%s",
        binding->protocol->owner.name, guid);
}

static struct binding *
binding_with(struct pndis_adapter *adapter, NDIS_HANDLE parameters)
{
    struct binding *binding = NULL;

    do {
        binding = pndis__binding_next(adapter, binding);
    } while (binding != NULL &&
             __atomic_load_n(&binding->parameters, __ATOMIC_ACQUIRE) != parameters);
    return binding;
}

/* Bind parameters serve as a handle, as long as the bind takes. The binding is held. */
static struct binding *
binding_of_parameters(struct context *context, NDIS_HANDLE given)
{
    struct ndis *ndis = pndis__ndis_of(context->machine);
    struct pndis_adapter *adapter = NULL;
    struct binding *binding = NULL;

    while (given != NULL && binding == NULL &&
           (adapter = pndis__adapter_next(context, ndis, adapter)) != NULL) {
        binding = binding_with(adapter, given);
    }
    if (binding != NULL) {
        pndis__adapter_let_go(adapter);
    }
    return binding;
}

/* The path for @given, and whom the configuration belongs to. False after a report. */
static bool
locate(struct context *context, NDIS_HANDLE given, char *path, struct owner **out_owner,
       const char *call, const void *caller)
{
    const unsigned kinds = HANDLE_BIT(ADAPTER) | HANDLE_BIT(MINIPORT_DRIVER) |
                           HANDLE_BIT(PROTOCOL) | HANDLE_BIT(BINDING);
    struct binding *binding = pndis__handle_known(context->machine, given, kinds)
                                  ? NULL
                                  : binding_of_parameters(context, given);
    struct handle *handle;

    if (binding != NULL) {
        binding_path(binding, path);
        *out_owner = &binding->owner;
        pndis__binding_let_go(binding); /* The bind that is under way has it. */
        return true;
    }
    handle = pndis__handle(context, given, kinds, call, caller);
    if (handle == NULL) {
        return false;
    }
    *out_owner = handle->owner;
    switch ((enum handle_kind)handle->kind) {
    case HANDLE_ADAPTER:
        snprintf(path, PATH_BYTES, "%s", ((struct pndis_adapter *)handle)->key);
        break;
    case HANDLE_MINIPORT_DRIVER:
        driver_path(((struct miniport_driver *)handle)->driver, path);
        break;
    case HANDLE_PROTOCOL:
        protocol_path((struct protocol *)handle, path);
        break;
    default:
        binding_path((struct binding *)handle, path);
        break;
    }
    return true;
}

/*
 * "NdisOpenConfigurationEx function". IRQL: PASSIVE_LEVEL.
 * NDIS_STATUS_RESOURCES, NDIS_STATUS_FAILURE. Closed with NdisCloseConfiguration before the object
 * behind NdisHandle goes.
 */
NDIS_STATUS
NdisOpenConfigurationEx(PNDIS_CONFIGURATION_OBJECT ConfigObject, PNDIS_HANDLE ConfigurationHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct configuration *configuration;
    struct owner *owner;
    struct key *key;
    char path[PATH_BYTES];

    if (!pndis__object_header_check(context, ConfigObject, HEADER_CONFIGURATION_OBJECT, __func__,
                                    caller) ||
        !locate(context, ConfigObject->NdisHandle, path, &owner, __func__, caller) ||
        (ConfigObject->Flags & NDIS_CONFIG_FLAG_FILTER_INSTANCE_CONFIGURATION) != 0) {
        return NDIS_STATUS_FAILURE;
    }
    if (!NT_SUCCESS(pndis__key_create_utf8(context->machine, NULL, path, &key))) {
        return NDIS_STATUS_RESOURCES;
    }
    configuration = begin(context, key, owner, __func__, caller);
    if (configuration == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    pndis__possession_of_handle(context, ConfigObject->NdisHandle, &configuration->possession,
                                reclaim);
    *ConfigurationHandle = configuration;
    return NDIS_STATUS_SUCCESS;
}

/* A subkey's handle belongs to whom its parent's does. Takes the reference of @key. */
static NDIS_STATUS
open_subkey(struct context *context, struct configuration *parent, struct key *key,
            NDIS_HANDLE *out_handle, const char *call, const void *caller)
{
    struct configuration *configuration = begin(context, key, parent->handle.owner, call, caller);

    if (configuration == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    if (parent->possession.adapter != NULL) {
        pndis__possession_add(parent->possession.adapter, &configuration->possession, reclaim);
    }
    *out_handle = configuration;
    return NDIS_STATUS_SUCCESS;
}

/*
 * "NdisOpenConfigurationKeyByName function". IRQL < DISPATCH_LEVEL.
 * NDIS_STATUS_FAILURE when there is no such subkey. Closed with NdisCloseConfiguration.
 */
VOID
NdisOpenConfigurationKeyByName(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
                               PNDIS_STRING SubKeyName, PNDIS_HANDLE SubKeyHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    struct configuration *parent =
        configuration_of(context, ConfigurationHandle, __func__, NT_CALLER());
    struct key *key;

    *Status = NDIS_STATUS_FAILURE;
    if (parent != NULL &&
        NT_SUCCESS(pndis__key_open(context->machine, parent->key, SubKeyName, &key))) {
        *Status = open_subkey(context, parent, key, SubKeyHandle, __func__, NT_CALLER());
    }
}

/*
 * "NdisOpenConfigurationKeyByIndex function". IRQL < DISPATCH_LEVEL.
 * The name is written to the caller's buffer; NDIS_STATUS_FAILURE when it does not fit, or when
 * there are no more subkeys.
 */
VOID
NdisOpenConfigurationKeyByIndex(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle, ULONG Index,
                                PNDIS_STRING KeyName, PNDIS_HANDLE KeyHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    struct configuration *parent =
        configuration_of(context, ConfigurationHandle, __func__, NT_CALLER());
    struct key_information information;
    UNICODE_STRING name;
    struct key *key;

    *Status = NDIS_STATUS_FAILURE;
    if (parent == NULL || !NT_SUCCESS(pndis__key_subkey_at(context->machine, parent->key, Index,
                                                           &name, &information))) {
        return;
    }
    if (KeyName->Buffer != NULL && KeyName->MaximumLength >= name.Length &&
        NT_SUCCESS(pndis__key_open(context->machine, parent->key, &name, &key))) {
        RtlCopyUnicodeString(KeyName, &name);
        *Status = open_subkey(context, parent, key, KeyHandle, __func__, NT_CALLER());
    }
    free(name.Buffer);
}

/* "NdisCloseConfiguration function". IRQL: PASSIVE_LEVEL. What was read with the handle goes too.
 */
VOID
NdisCloseConfiguration(NDIS_HANDLE ConfigurationHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct configuration *configuration =
        configuration_of(context, ConfigurationHandle, __func__, NT_CALLER());

    if (configuration != NULL) {
        pndis__released(context, RESOURCE_CONFIGURATION, configuration, __func__);
        end(context, configuration);
    }
}

/* --- reading and writing --- */

static void
keep(struct configuration *configuration, struct stored_parameter *stored)
{
    brief_lock(&configuration->lock);
    stored->next = configuration->stored;
    configuration->stored = stored;
    brief_unlock(&configuration->lock);
}

/* Keywords that every configuration answers. */
static bool
predefined(struct context *context, PCUNICODE_STRING keyword, struct value *out_value)
{
    const struct {
        NDIS_STRING name;
        ULONG number;
    } answers[] = {
        {RTL_CONSTANT_STRING(L"ProcessorType"), NdisProcessorAmd64},
        {RTL_CONSTANT_STRING(L"NdisVersion"), pndis__ndis_of(context->machine)->version},
        {RTL_CONSTANT_STRING(L"Environment"), NdisEnvironmentWindowsNt},
    };

    for (size_t i = 0; i < RTL_NUMBER_OF(answers); i++) {
        if (pndis__unicode_equal(keyword, &answers[i].name, true)) {
            out_value->type = REG_DWORD;
            out_value->bytes = sizeof(ULONG);
            out_value->data = malloc(sizeof(ULONG));
            if (out_value->data != NULL) {
                memcpy(out_value->data, &answers[i].number, sizeof(ULONG));
            }
            return out_value->data != NULL;
        }
    }
    return false;
}

static NDIS_STATUS
read_parameter(struct context *context, struct configuration *configuration,
               PCUNICODE_STRING keyword, NDIS_PARAMETER_TYPE wanted,
               struct stored_parameter **out_stored)
{
    struct value value = {0};
    NDIS_STATUS status;

    if (!predefined(context, keyword, &value) &&
        !NT_SUCCESS(pndis__value_get(context->machine, configuration->key, keyword, &value))) {
        return NDIS_STATUS_FAILURE;
    }
    status = pndis__fault(context) ? NDIS_STATUS_RESOURCES
                                   : pndis__parameter_of_value(&value, wanted, out_stored);
    pndis__value_fini(&value);
    return status;
}

/*
 * "NdisReadConfiguration function". IRQL: PASSIVE_LEVEL.
 * The parameter stays with NDIS until NdisCloseConfiguration. Text that spells a number becomes one
 * when ParameterType asks for one. NDIS_STATUS_FAILURE: there is no such value.
 */
VOID
NdisReadConfiguration(PNDIS_STATUS Status, PNDIS_CONFIGURATION_PARAMETER *ParameterValue,
                      NDIS_HANDLE ConfigurationHandle, PNDIS_STRING Keyword,
                      NDIS_PARAMETER_TYPE ParameterType)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct configuration *configuration =
        configuration_of(context, ConfigurationHandle, __func__, NT_CALLER());
    struct stored_parameter *stored;

    *ParameterValue = NULL;
    if (configuration == NULL) {
        *Status = NDIS_STATUS_FAILURE;
        return;
    }
    *Status = read_parameter(context, configuration, Keyword, ParameterType, &stored);
    if (*Status == NDIS_STATUS_SUCCESS) {
        keep(configuration, stored);
        *ParameterValue = &stored->parameter;
    }
}

/*
 * "NdisWriteConfiguration function". IRQL: PASSIVE_LEVEL. Everything is copied.
 * NDIS_STATUS_NOT_SUPPORTED: an invalid ParameterType. NDIS_STATUS_RESOURCES, NDIS_STATUS_FAILURE.
 */
VOID
NdisWriteConfiguration(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle, PNDIS_STRING Keyword,
                       PNDIS_CONFIGURATION_PARAMETER ParameterValue)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct configuration *configuration =
        configuration_of(context, ConfigurationHandle, __func__, NT_CALLER());

    if (configuration == NULL) {
        *Status = NDIS_STATUS_FAILURE;
    } else if (pndis__fault(context)) {
        *Status = NDIS_STATUS_RESOURCES;
    } else {
        *Status =
            pndis__parameter_write(context->machine, configuration->key, Keyword, ParameterValue);
    }
}

/*
 * "NdisReadNetworkAddress function". IRQL: PASSIVE_LEVEL.
 * The address stays with NDIS until NdisCloseConfiguration. NDIS_STATUS_FAILURE: there is none, or
 * it is no text of hexadecimal digits. Its value is not checked, as on Windows.
 */
VOID
NdisReadNetworkAddress(PNDIS_STATUS Status, PVOID *NetworkAddress, PUINT NetworkAddressLength,
                       NDIS_HANDLE ConfigurationHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct configuration *configuration =
        configuration_of(context, ConfigurationHandle, __func__, NT_CALLER());
    struct stored_parameter *stored;
    struct value value;

    *Status = NDIS_STATUS_FAILURE;
    *NetworkAddressLength = 0;
    if (configuration == NULL ||
        !NT_SUCCESS(pndis__value_get_utf8(context->machine, configuration->key, "NetworkAddress",
                                          &value))) {
        return;
    }
    stored = pndis__fault(context) ? NULL : malloc(sizeof(*stored) + value.bytes);
    if (stored != NULL) {
        *NetworkAddressLength = pndis__network_address_of_value(&value, stored->data);
        keep(configuration, stored);
    }
    pndis__value_fini(&value);
    if (*NetworkAddressLength != 0) {
        *NetworkAddress = stored->data;
        *Status = NDIS_STATUS_SUCCESS;
    }
}
