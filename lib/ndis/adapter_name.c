/* What an adapter is called: by the host, by drivers, in the registry and among the interfaces. */
#include "ndis/adapter.h"

#include "ndis/ndis_machine.h"

#include <stdio.h>

static bool
claim(struct context *context, struct pndis_adapter *adapter)
{
    struct ndis *ndis = adapter->ndis;
    struct pndis_adapter *other;

    pndis__list_lock(context, ndis);
    HASH_FIND(by_name, ndis->adapters_by_name, adapter->owner.name, strlen(adapter->owner.name),
              other);
    if (other == NULL) {
        HASH_ADD_KEYPTR(by_name, ndis->adapters_by_name, adapter->owner.name,
                        strlen(adapter->owner.name), adapter);
        adapter->named = true;
    }
    pndis__list_unlock(ndis);
    return other == NULL;
}

static int
choose_name(struct context *context, struct pndis_adapter *adapter, const char *wanted)
{
    char *name = adapter->owner.name;
    size_t bytes = sizeof(adapter->owner.name);

    if (wanted != NULL) {
        snprintf(name, bytes, "%s", wanted);
        return claim(context, adapter)
                   ? 0
                   : pndis__fail(PNDIS_EEXIST, "there is an adapter named %s already", name);
    }
    for (unsigned number = adapter->index - 1;; number++) {
        snprintf(name, bytes, "eth%u", number);
        if (claim(context, adapter)) {
            return 0;
        }
    }
}

static void
set_string(UNICODE_STRING *string, WCHAR *buffer, const char *text)
{
    size_t length = 0;

    for (; text[length] != 0 && length + 1 < NAME_CHARACTERS; length++) {
        buffer[length] = (UCHAR)text[length];
    }
    buffer[length] = 0;
    string->Buffer = buffer;
    string->Length = (USHORT)(length * sizeof(WCHAR));
    string->MaximumLength = (USHORT)((length + 1) * sizeof(WCHAR));
}

/* Windows names network devices by a GUID; here it counts, so that every run has the same names. */
static void
give_identity(struct pndis_adapter *adapter)
{
    char text[NAME_CHARACTERS];

    snprintf(text, sizeof(text), "\\DEVICE\\{504E4449-5300-4000-8000-%012X}", adapter->index);
    set_string(&adapter->device_string, adapter->device_name, text);
    snprintf(text, sizeof(text), "%s", adapter->owner.name);
    set_string(&adapter->instance_string, adapter->instance_name, text);
    snprintf(adapter->key, sizeof(adapter->key),
             "\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Class\\"
             "{4D36E972-E325-11CE-BFC1-08002BE10318}\\%04u",
             adapter->index);
    adapter->interface_index = adapter->index;
    adapter->luid.Value = 0;
    adapter->luid.Info.IfType = IF_TYPE_ETHERNET_CSMACD;
    adapter->luid.Info.NetLuidIndex = adapter->index;
}

int
pndis__adapter_name(struct context *context, struct pndis_adapter *adapter, const char *wanted)
{
    int result = choose_name(context, adapter, wanted);

    if (result == 0) {
        give_identity(adapter);
    }
    return result;
}

void
pndis__adapter_unname(struct context *context, struct pndis_adapter *adapter)
{
    if (adapter->named) {
        pndis__list_lock(context, adapter->ndis);
        HASH_DELETE(by_name, adapter->ndis->adapters_by_name, adapter);
        pndis__list_unlock(adapter->ndis);
        adapter->named = false;
    }
}
