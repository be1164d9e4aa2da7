/* Restart attributes. See restart.h. */
#include "ndis/restart.h"

#include <stdlib.h>

/* Longer lists than this are a loop. */
enum { ENTRY_LIMIT = 256 };

/* What one entry looked like before a driver had it. */
struct snapshot_entry {
    NDIS_RESTART_ATTRIBUTES *at;
    NDIS_OID oid;
    ULONG bytes;
    uint8_t *data;
};

struct snapshot {
    size_t count;
    NDIS_RESTART_ATTRIBUTES *first;
    struct snapshot_entry entries[];
};

/* --- building --- */

/* "From NDIS 6.20 revision 2, with MaxLookaheadSizeAccessed": by the version of the driver below.
 */
static void
fill_header(NDIS_RESTART_GENERAL_ATTRIBUTES *general, ULONG version)
{
    general->Header.Type = NDIS_OBJECT_TYPE_RESTART_GENERAL_ATTRIBUTES;
    if (version >= ndis_version(6, 20)) {
        general->Header.Revision = NDIS_RESTART_GENERAL_ATTRIBUTES_REVISION_2;
        general->Header.Size = NDIS_SIZEOF_RESTART_GENERAL_ATTRIBUTES_REVISION_2;
    } else {
        general->Header.Revision = NDIS_RESTART_GENERAL_ATTRIBUTES_REVISION_1;
        general->Header.Size = NDIS_SIZEOF_RESTART_GENERAL_ATTRIBUTES_REVISION_1;
    }
}

static void
fill_general(struct pndis_adapter *adapter, NDIS_RESTART_GENERAL_ATTRIBUTES *general)
{
    struct attributes *attributes = &adapter->attributes;
    const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *from = &attributes->general;

    fill_header(general, adapter->driver->version);
    general->MtuSize = from->MtuSize;
    general->MaxXmitLinkSpeed = from->MaxXmitLinkSpeed;
    general->MaxRcvLinkSpeed = from->MaxRcvLinkSpeed;
    general->LookaheadSize = from->LookaheadSize;
    general->MacOptions = from->MacOptions;
    general->SupportedPacketFilters = from->SupportedPacketFilters;
    general->MaxMulticastListSize = from->MaxMulticastListSize;
    /* Never NULL: all zero where the adapter has no RSS. */
    general->RecvScaleCapabilities = &attributes->rss;
    general->AccessType = from->AccessType;
    general->ConnectionType = from->ConnectionType;
    general->SupportedStatistics = from->SupportedStatistics;
    general->DataBackFillSize = from->DataBackFillSize;
    general->ContextBackFillSize = from->ContextBackFillSize;
    general->SupportedOidList = attributes->oids;
    general->SupportedOidListLength = from->SupportedOidListLength;
}

static bool
build(struct context *context, struct restart_list *list)
{
    struct pndis_adapter *adapter = list->adapter;
    bool revision_2 = adapter->driver->version >= ndis_version(6, 20);
    ULONG bytes = revision_2 ? NDIS_SIZEOF_RESTART_GENERAL_ATTRIBUTES_REVISION_2
                             : NDIS_SIZEOF_RESTART_GENERAL_ATTRIBUTES_REVISION_1;
    NDIS_RESTART_GENERAL_ATTRIBUTES general;
    NDIS_RESTART_ATTRIBUTES *entry;

    if (pndis__fault(context)) {
        return false;
    }
    /* No byte more than the revision has: a driver that writes behind it hits the block's redzone.
     */
    entry =
        pndis__pool_allocate(adapter->machine, FIELD_OFFSET(NDIS_RESTART_ATTRIBUTES, Data) + bytes);
    if (entry == NULL) {
        return false;
    }
    memset(&general, 0, sizeof(general));
    fill_general(adapter, &general);
    entry->Next = NULL;
    entry->Oid = OID_GEN_MINIPORT_RESTART_ATTRIBUTES;
    entry->DataLength = bytes;
    memcpy(entry->Data, &general, bytes);
    list->first = entry;
    return true;
}

struct restart_list *
pndis__restart_list_new(struct context *context, struct pndis_adapter *adapter)
{
    struct restart_list *list = calloc(1, sizeof(*list));

    if (list != NULL) {
        list->adapter = adapter;
        if (!build(context, list)) {
            free(list);
            return NULL;
        }
    }
    return list;
}

NDIS_RESTART_GENERAL_ATTRIBUTES *
pndis__restart_general(NDIS_RESTART_ATTRIBUTES *list)
{
    for (; list != NULL; list = list->Next) {
        if (list->Oid == OID_GEN_MINIPORT_RESTART_ATTRIBUTES) {
            return (NDIS_RESTART_GENERAL_ATTRIBUTES *)list->Data;
        }
    }
    return NULL;
}

/* --- watching --- */

static void
snapshot_free(struct snapshot *snapshot)
{
    for (size_t i = 0; snapshot != NULL && i < snapshot->count; i++) {
        free(snapshot->entries[i].data);
    }
    free(snapshot);
}

static size_t
count_entries(const NDIS_RESTART_ATTRIBUTES *entry)
{
    size_t count = 0;

    for (; entry != NULL; entry = entry->Next) {
        count++;
    }
    return count;
}

bool
pndis__restart_list_watch(struct context *context, struct restart_list *list)
{
    size_t count = count_entries(list->first);
    struct snapshot *snapshot;

    (void)context;
    snapshot_free(list->before);
    list->before = NULL;
    snapshot = calloc(1, sizeof(*snapshot) + count * sizeof(snapshot->entries[0]));
    if (snapshot == NULL) {
        return false;
    }
    snapshot->first = list->first;
    for (NDIS_RESTART_ATTRIBUTES *entry = list->first; entry != NULL; entry = entry->Next) {
        struct snapshot_entry *saved = &snapshot->entries[snapshot->count++];

        saved->at = entry;
        saved->oid = entry->Oid;
        saved->bytes = entry->DataLength;
        saved->data = malloc(entry->DataLength + 1);
        if (saved->data == NULL) {
            snapshot_free(snapshot);
            return false;
        }
        memcpy(saved->data, entry->Data, entry->DataLength);
    }
    list->before = snapshot;
    return true;
}

/* --- checking --- */

/* Why @entry cannot stay in the list, or NULL. */
static const char *
fault_of(struct pndis_machine *machine, const NDIS_RESTART_ATTRIBUTES *entry)
{
    size_t bytes;

    if (!pndis__pool_owns(machine, entry, &bytes)) {
        return "an entry that is not allocated memory";
    }
    if (bytes < FIELD_OFFSET(NDIS_RESTART_ATTRIBUTES, Data)) {
        return "an entry that is too small";
    }
    return NULL;
}

static void
check_length(struct context *context, NDIS_RESTART_ATTRIBUTES *entry, struct owner *owner,
             const char *call)
{
    size_t bytes = 0;

    pndis__pool_owns(context->machine, entry, &bytes);
    bytes -= FIELD_OFFSET(NDIS_RESTART_ATTRIBUTES, Data);
    if (entry->DataLength > bytes) {
        pndis__report(context, RULE_RATTR_LENGTH, owner, call, NULL,
                      "%s left an entry with %u bytes of data in memory for %zu", owner->name,
                      (unsigned)entry->DataLength, bytes);
        entry->DataLength = (ULONG)bytes;
    }
}

static bool
seen_before(NDIS_RESTART_ATTRIBUTES *const *seen, unsigned count,
            const NDIS_RESTART_ATTRIBUTES *entry)
{
    while (count > 0 && seen[count - 1] != entry) {
        count--;
    }
    return count > 0;
}

/* Walk the list and cut it where it is not sound. */
static void
check_links(struct context *context, struct restart_list *list, struct owner *owner,
            const char *call)
{
    NDIS_RESTART_ATTRIBUTES *seen[ENTRY_LIMIT];
    NDIS_RESTART_ATTRIBUTES **link = &list->first;

    for (unsigned count = 0; *link != NULL; link = &(*link)->Next) {
        const char *fault = count == ENTRY_LIMIT || seen_before(seen, count, *link)
                                ? "a loop"
                                : fault_of(context->machine, *link);

        if (fault != NULL) {
            pndis__report(context, RULE_RATTR_MEMORY, owner, call, NULL,
                          "%s left %s in the restart attributes", owner->name, fault);
            *link = NULL;
            return;
        }
        check_length(context, *link, owner, call);
        seen[count++] = *link;
    }
}

static void
entries_free(struct context *context, struct restart_list *list)
{
    while (list->first != NULL) {
        NDIS_RESTART_ATTRIBUTES *entry = list->first;

        list->first = entry->Next;
        /* It may be a driver's: then it goes off that driver's account here. */
        pndis__released(context, RESOURCE_MEMORY, entry, "NDIS");
        pndis__pool_free(context->machine, entry);
    }
    snapshot_free(list->before);
    list->before = NULL;
}

void
pndis__restart_list_refuse(struct context *context, struct restart_list *list, struct owner *owner,
                           const char *call)
{
    pndis__report(context, RULE_RATTR_NULL, owner, call, NULL,
                  "%s made restart attributes where NDIS gave it none", owner->name);
    check_links(context, list, owner, call);
    entries_free(context, list);
}

static void
check_general(struct context *context, struct restart_list *list, struct owner *owner,
              const char *call)
{
    NDIS_RESTART_GENERAL_ATTRIBUTES expected;
    const NDIS_RESTART_GENERAL_ATTRIBUTES *general = pndis__restart_general(list->first);

    if (general == NULL) {
        pndis__report(context, RULE_RATTR_GENERAL, owner, call, NULL,
                      "%s removed the general attributes from the restart attributes", owner->name);
        return;
    }
    fill_header(&expected, list->adapter->driver->version);
    if (general->Header.Type != expected.Header.Type ||
        general->Header.Revision != expected.Header.Revision ||
        general->Header.Size != expected.Header.Size) {
        pndis__report(context, RULE_RATTR_HEADER, owner, call, NULL,
                      "%s made the general attributes type 0x%02x revision %u size %u", owner->name,
                      general->Header.Type, general->Header.Revision, general->Header.Size);
    }
}

static const NDIS_RESTART_ATTRIBUTES *
still_linked(const struct restart_list *list, const struct snapshot_entry *saved)
{
    const NDIS_RESTART_ATTRIBUTES *entry = list->first;

    while (entry != NULL && entry != saved->at) {
        entry = entry->Next;
    }
    return entry;
}

static bool
unchanged(const struct restart_list *list)
{
    const struct snapshot *before = list->before;
    const NDIS_RESTART_ATTRIBUTES *entry = list->first;

    for (size_t i = 0; i < before->count; i++, entry = entry->Next) {
        const struct snapshot_entry *saved = &before->entries[i];

        if (entry != saved->at || entry->Oid != saved->oid || entry->DataLength != saved->bytes ||
            memcmp(entry->Data, saved->data, saved->bytes) != 0) {
            return false;
        }
    }
    return entry == NULL;
}

/* A driver knows the general attributes and what it added itself; the rest is none of its business.
 */
static void
check_foreign(struct context *context, const struct restart_list *list, struct owner *owner,
              const char *call)
{
    for (size_t i = 0; i < list->before->count; i++) {
        const struct snapshot_entry *saved = &list->before->entries[i];
        const NDIS_RESTART_ATTRIBUTES *entry = still_linked(list, saved);

        if (saved->oid == OID_GEN_MINIPORT_RESTART_ATTRIBUTES) {
            continue;
        }
        if (entry == NULL || entry->Oid != saved->oid || entry->DataLength != saved->bytes ||
            memcmp(entry->Data, saved->data, saved->bytes) != 0) {
            pndis__report(context, RULE_RATTR_FOREIGN, owner, call, NULL,
                          "%s changed the entry with OID 0x%08x that another driver added",
                          owner->name, saved->oid);
        }
    }
}

void
pndis__restart_list_check(struct context *context, struct restart_list *list, struct owner *owner,
                          const char *call, NDIS_STATUS status)
{
    if (list->before == NULL) {
        return;
    }
    check_links(context, list, owner, call);
    if (status != NDIS_STATUS_SUCCESS) {
        if (!unchanged(list)) {
            pndis__report(context, RULE_RATTR_FAILED, owner, call, NULL,
                          "%s failed its restart with 0x%08x and changed the restart attributes",
                          owner->name, (unsigned)status);
        }
    } else {
        check_general(context, list, owner, call);
        check_foreign(context, list, owner, call);
    }
}

/* --- the end --- */

void
pndis__restart_list_adopt(struct restart_list *list)
{
    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *into = &list->adapter->attributes.general;
    const NDIS_RESTART_GENERAL_ATTRIBUTES *general = pndis__restart_general(list->first);

    if (general == NULL) {
        return;
    }
    into->MtuSize = general->MtuSize;
    into->MaxXmitLinkSpeed = general->MaxXmitLinkSpeed;
    into->MaxRcvLinkSpeed = general->MaxRcvLinkSpeed;
    into->LookaheadSize = general->LookaheadSize;
    into->MacOptions = general->MacOptions;
    into->SupportedPacketFilters = general->SupportedPacketFilters;
    into->MaxMulticastListSize = general->MaxMulticastListSize;
    into->AccessType = general->AccessType;
    into->ConnectionType = general->ConnectionType;
    into->SupportedStatistics = general->SupportedStatistics;
    into->DataBackFillSize = general->DataBackFillSize;
    into->ContextBackFillSize = general->ContextBackFillSize;
}

void
pndis__restart_list_free(struct context *context, struct restart_list *list)
{
    entries_free(context, list);
    free(list);
}

void
pndis__restart_list_give_up(struct restart_list *list)
{
    list->next = list->adapter->given_up;
    list->adapter->given_up = list;
}

void
pndis__restart_lists_free(struct context *context, struct pndis_adapter *adapter)
{
    while (adapter->given_up != NULL) {
        struct restart_list *list = adapter->given_up;

        adapter->given_up = list->next;
        pndis__restart_list_free(context, list);
    }
}
