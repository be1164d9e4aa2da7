/* What protocols have set. See oid_memory.h; what RSS parameters amount to is in oid_rss.c. */
#include "ndis/oid_memory.h"

#include "ndis/oid_rss.h"

#include <stdlib.h>

/* A value, or one entry of a list, as it was set. */
struct oid_item {
    struct oid_item *next;
    ULONG id;
    ULONG bytes;
    UCHAR data[];
};

static struct oid_item *
item_new(const void *data, ULONG bytes)
{
    struct oid_item *item = malloc(sizeof(*item) + bytes);

    if (item != NULL) {
        item->next = NULL;
        item->id = 0;
        item->bytes = bytes;
        if (bytes != 0) {
            memcpy(item->data, data, bytes);
        }
    }
    return item;
}

static void
items_free(struct oid_item *item)
{
    while (item != NULL) {
        struct oid_item *next = item->next;

        free(item);
        item = next;
    }
}

static struct oid_item *
cut(struct oid_item **link)
{
    struct oid_item *item = *link;

    if (item != NULL) {
        *link = item->next;
        item->next = NULL;
    }
    return item;
}

/* --- values: the last one counts --- */

enum { VALUE_RSS, VALUE_HASH, VALUE_ENCAPSULATION, VALUE_RECEIVE_FILTERS, VALUE_COUNT };

C_ASSERT((int)VALUE_COUNT == (int)OID_VALUE_LIMIT);

static const struct {
    NDIS_OID oid;
    NDIS_STATUS unset; /* The answer while nothing was set; 0: it is made. */
} values[VALUE_COUNT] = {
    [VALUE_RSS] = {OID_GEN_RECEIVE_SCALE_PARAMETERS, NDIS_STATUS_SUCCESS},
    [VALUE_HASH] = {OID_GEN_RECEIVE_HASH, NDIS_STATUS_SUCCESS},
    /* "A protocol driver can issue a query only after setting [it]." */
    [VALUE_ENCAPSULATION] = {OID_OFFLOAD_ENCAPSULATION, NDIS_STATUS_FAILURE},
    [VALUE_RECEIVE_FILTERS] = {OID_RECEIVE_FILTER_GLOBAL_PARAMETERS, NDIS_STATUS_NOT_SUPPORTED},
};

static int
value_of(NDIS_OID oid)
{
    for (int i = 0; i < VALUE_COUNT; i++) {
        if (values[i].oid == oid) {
            return i;
        }
    }
    return -1;
}

/* RSS parameters are seen with those before them; without memory for that, as they were set. */
static struct oid_item *
with_what_was(struct oid_item *item, const struct oid_item *old)
{
    struct oid_item *merged = NULL;
    ULONG bytes;
    UCHAR *data = pndis__rss_merge(item->data, item->bytes, old == NULL ? NULL : old->data,
                                   old == NULL ? 0 : old->bytes, &bytes);

    if (data != NULL) {
        merged = item_new(data, bytes);
        free(data);
    }
    if (merged == NULL) {
        return item;
    }
    free(item);
    return merged;
}

static NDIS_STATUS
value_answered(struct oid_work *work, NDIS_STATUS status)
{
    struct oid_memory *memory = &work->adapter->memory;
    int value = value_of(work->request->DATA.SET_INFORMATION.Oid);
    struct oid_item *item = work->buffer;
    struct oid_item *old = item;

    work->buffer = NULL;
    if (status == NDIS_STATUS_SUCCESS) {
        brief_lock(&memory->lock);
        old = memory->values[value];
        memory->values[value] = value == VALUE_RSS ? with_what_was(item, old) : item;
        brief_unlock(&memory->lock);
    }
    free(old);
    return status;
}

/* Without RSS or hashing there is a structure that says so, where the adapter could do it. */
static NDIS_STATUS
answer_unset(const struct pndis_adapter *adapter, int value, NDIS_OID_REQUEST *request)
{
    NDIS_RECEIVE_SCALE_PARAMETERS off;

    if (values[value].unset != NDIS_STATUS_SUCCESS) {
        return values[value].unset;
    }
    if (adapter->attributes.rss.Header.Size == 0) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    memset(&off, 0, sizeof(off));
    if (value == VALUE_RSS) {
        off.Header.Type = NDIS_OBJECT_TYPE_RSS_PARAMETERS;
        off.Header.Revision = NDIS_RECEIVE_SCALE_PARAMETERS_REVISION_1;
        off.Header.Size = NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_1;
    } else {
        off.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
        off.Header.Revision = NDIS_RECEIVE_HASH_PARAMETERS_REVISION_1;
        off.Header.Size = NDIS_SIZEOF_RECEIVE_HASH_PARAMETERS_REVISION_1;
    }
    return pndis__oid_reply(request, &off, off.Header.Size);
}

/* --- lists: added one by one under a number of NDIS', and removed by it --- */

enum { NO_NUMBER = 0xffff };

static const struct {
    NDIS_OID oid;
    NDIS_OID add;
    NDIS_OID remove;
    ULONG least; /* Bytes of an entry. */
    ULONG id_offset;
    ULONG next_offset;
    ULONG version; /* Of miniports that have it. */
} lists[] = {
    {OID_PM_WOL_PATTERN_LIST, OID_PM_ADD_WOL_PATTERN, OID_PM_REMOVE_WOL_PATTERN,
     FIELD_OFFSET(NDIS_PM_WOL_PATTERN, WoLPattern), FIELD_OFFSET(NDIS_PM_WOL_PATTERN, PatternId),
     FIELD_OFFSET(NDIS_PM_WOL_PATTERN, NextWoLPatternOffset), 0x00060014},
    {OID_PM_PROTOCOL_OFFLOAD_LIST, OID_PM_ADD_PROTOCOL_OFFLOAD, OID_PM_REMOVE_PROTOCOL_OFFLOAD,
     FIELD_OFFSET(NDIS_PM_PROTOCOL_OFFLOAD, ProtocolOffloadParameters),
     FIELD_OFFSET(NDIS_PM_PROTOCOL_OFFLOAD, ProtocolOffloadId),
     FIELD_OFFSET(NDIS_PM_PROTOCOL_OFFLOAD, NextProtocolOffloadOffset), 0x00060014},
    /* Of NDIS 6.0 and 6.1: a pattern is removed by another that is the same. */
    {OID_PNP_WAKE_UP_PATTERN_LIST, OID_PNP_ADD_WAKE_UP_PATTERN, OID_PNP_REMOVE_WAKE_UP_PATTERN,
     sizeof(NDIS_PM_PACKET_PATTERN), NO_NUMBER, NO_NUMBER, 0},
};

enum { LIST_COUNT = sizeof(lists) / sizeof(lists[0]), ENTRY_ALIGNMENT = 8 };

C_ASSERT((int)LIST_COUNT == (int)OID_LIST_LIMIT);

static int
list_of(NDIS_OID oid)
{
    for (int i = 0; i < LIST_COUNT; i++) {
        if (lists[i].oid == oid || lists[i].add == oid || lists[i].remove == oid) {
            return i;
        }
    }
    return -1;
}

/* Where the entry is that @item names, in its list. */
static struct oid_item **
find(struct oid_memory *memory, int list, const struct oid_item *item)
{
    struct oid_item **link = &memory->lists[list];

    while (*link != NULL && (lists[list].id_offset != NO_NUMBER
                                 ? (*link)->id != item->id
                                 : (*link)->bytes != item->bytes ||
                                       memcmp((*link)->data, item->data, item->bytes) != 0)) {
        link = &(*link)->next;
    }
    return link;
}

static NDIS_STATUS
added(struct oid_work *work, NDIS_STATUS status)
{
    struct oid_memory *memory = &work->adapter->memory;
    struct oid_item **end;

    if (status == NDIS_STATUS_SUCCESS) {
        brief_lock(&memory->lock);
        end = &memory->lists[list_of(work->request->DATA.SET_INFORMATION.Oid)];
        while (*end != NULL) {
            end = &(*end)->next;
        }
        *end = work->buffer;
        brief_unlock(&memory->lock);
        work->buffer = NULL;
    }
    return status;
}

static NDIS_STATUS
removed(struct oid_work *work, NDIS_STATUS status)
{
    struct oid_memory *memory = &work->adapter->memory;
    struct oid_item *item = NULL;

    if (status == NDIS_STATUS_SUCCESS) {
        brief_lock(&memory->lock);
        item = cut(find(memory, list_of(work->request->DATA.SET_INFORMATION.Oid), work->buffer));
        brief_unlock(&memory->lock);
    }
    free(item);
    return status;
}

static bool
too_short(NDIS_OID_REQUEST *request, ULONG bytes, NDIS_STATUS status, NDIS_STATUS *out_status)
{
    if (request->DATA.SET_INFORMATION.InformationBufferLength >= bytes) {
        return false;
    }
    request->DATA.SET_INFORMATION.BytesNeeded = bytes;
    *out_status = status;
    return true;
}

/* A number up to NDIS_PM_MAX_PATTERN_ID that no entry of @list has. The lock is held. */
static ULONG
next_number(struct oid_memory *memory, int list)
{
    struct oid_item wanted = {.bytes = 0};

    do {
        memory->last_id = memory->last_id % NDIS_PM_MAX_PATTERN_ID + 1;
        wanted.id = memory->last_id;
    } while (lists[list].id_offset != NO_NUMBER && *find(memory, list, &wanted) != NULL);
    return wanted.id;
}

/* "Before NDIS sends this request down, it sets PatternId to a unique value." */
static bool
prepare_add(struct oid_work *work, int list, NDIS_STATUS *out_status)
{
    NDIS_OID_REQUEST *request = work->request;
    UCHAR *entry = request->DATA.SET_INFORMATION.InformationBuffer;
    ULONG id;

    if (too_short(request, lists[list].least, NDIS_STATUS_BUFFER_TOO_SHORT, out_status)) {
        return true;
    }
    brief_lock(&work->adapter->memory.lock);
    id = next_number(&work->adapter->memory, list);
    brief_unlock(&work->adapter->memory.lock);
    if (lists[list].id_offset != NO_NUMBER) {
        memcpy(entry + lists[list].id_offset, &id, sizeof(id));
    }
    work->buffer = item_new(entry, request->DATA.SET_INFORMATION.InformationBufferLength);
    work->answered = added;
    if (work->buffer != NULL) {
        ((struct oid_item *)work->buffer)->id = id;
        return false;
    }
    *out_status = NDIS_STATUS_RESOURCES;
    return true;
}

/* "NDIS_STATUS_FILE_NOT_FOUND: the pattern identifier in the OID request is invalid." */
static bool
prepare_remove(struct oid_work *work, int list, NDIS_STATUS *out_status)
{
    struct oid_memory *memory = &work->adapter->memory;
    NDIS_OID_REQUEST *request = work->request;
    const void *given = request->DATA.SET_INFORMATION.InformationBuffer;
    bool numbered = lists[list].id_offset != NO_NUMBER;
    struct oid_item *item;
    bool found;

    if (numbered && too_short(request, sizeof(ULONG), NDIS_STATUS_INVALID_LENGTH, out_status)) {
        return true;
    }
    item = item_new(given, request->DATA.SET_INFORMATION.InformationBufferLength);
    if (item == NULL) {
        *out_status = NDIS_STATUS_RESOURCES;
        return true;
    }
    if (numbered) {
        memcpy(&item->id, given, sizeof(ULONG));
    }
    work->buffer = item;
    work->answered = removed;
    brief_lock(&memory->lock);
    found = *find(memory, list, item) != NULL;
    brief_unlock(&memory->lock);
    *out_status = NDIS_STATUS_FILE_NOT_FOUND;
    return numbered && !found;
}

static bool
prepare_value(struct oid_work *work, NDIS_STATUS *out_status)
{
    const NDIS_OID_REQUEST *request = work->request;

    work->buffer = item_new(request->DATA.SET_INFORMATION.InformationBuffer,
                            request->DATA.SET_INFORMATION.InformationBufferLength);
    work->answered = value_answered;
    *out_status = NDIS_STATUS_RESOURCES;
    return work->buffer == NULL;
}

static ULONG
room_of(const struct oid_item *item)
{
    return (item->bytes + ENTRY_ALIGNMENT - 1) & ~(ULONG)(ENTRY_ALIGNMENT - 1);
}

/* Each entry tells where the next one begins, counted from the begin of the buffer. */
static UCHAR *
lay_out(const struct oid_memory *memory, int list, ULONG *out_bytes)
{
    ULONG bytes = 0;
    ULONG at = 0;
    UCHAR *all;

    for (const struct oid_item *item = memory->lists[list]; item != NULL; item = item->next) {
        bytes += room_of(item);
    }
    *out_bytes = bytes;
    all = calloc(1, bytes + 1);
    for (const struct oid_item *item = memory->lists[list]; all != NULL && item != NULL;
         item = item->next) {
        ULONG next = item->next == NULL ? 0 : at + room_of(item);

        memcpy(all + at, item->data, item->bytes);
        if (lists[list].next_offset != NO_NUMBER) {
            memcpy(all + at + lists[list].next_offset, &next, sizeof(next));
        }
        at += room_of(item);
    }
    return all;
}

static NDIS_STATUS
answer_list(struct pndis_adapter *adapter, int list, NDIS_OID_REQUEST *request)
{
    NDIS_STATUS status = NDIS_STATUS_RESOURCES;
    ULONG bytes;
    UCHAR *all;

    brief_lock(&adapter->memory.lock);
    all = lay_out(&adapter->memory, list, &bytes);
    brief_unlock(&adapter->memory.lock);
    if (all != NULL) {
        status = pndis__oid_reply(request, all, bytes);
    }
    free(all);
    return status;
}

/* --- all of them --- */

bool
pndis__oid_remember(struct oid_work *work, NDIS_STATUS *out_status)
{
    NDIS_OID oid = work->request->DATA.SET_INFORMATION.Oid;
    int list = list_of(oid);

    if (work->request->RequestType != NdisRequestSetInformation) {
        return false;
    }
    if (value_of(oid) >= 0) {
        return prepare_value(work, out_status);
    }
    if (list < 0 || lists[list].oid == oid) {
        return false;
    }
    if (work->adapter->driver->version < lists[list].version) {
        *out_status = NDIS_STATUS_NOT_SUPPORTED;
        return true;
    }
    return lists[list].add == oid ? prepare_add(work, list, out_status)
                                  : prepare_remove(work, list, out_status);
}

static NDIS_STATUS
answer_value(struct pndis_adapter *adapter, int value, NDIS_OID_REQUEST *request)
{
    const struct oid_item *item;
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    brief_lock(&adapter->memory.lock);
    item = adapter->memory.values[value];
    if (item != NULL) {
        status = pndis__oid_reply(request, item->data, item->bytes);
    }
    brief_unlock(&adapter->memory.lock);
    return item != NULL ? status : answer_unset(adapter, value, request);
}

bool
pndis__oid_recall(struct pndis_adapter *adapter, NDIS_OID_REQUEST *request, NDIS_STATUS *out_status)
{
    NDIS_OID oid = request->DATA.QUERY_INFORMATION.Oid;
    int value = value_of(oid);
    int list = list_of(oid);

    if (value >= 0) {
        *out_status = answer_value(adapter, value, request);
        return true;
    }
    if (list >= 0 && lists[list].oid == oid) {
        *out_status = answer_list(adapter, list, request);
        return true;
    }
    return false;
}

void
pndis__oid_memory_rejected(struct pndis_adapter *adapter, NDIS_OID list, ULONG id)
{
    const struct oid_item wanted = {.id = id};
    struct oid_item *item;

    brief_lock(&adapter->memory.lock);
    item = cut(find(&adapter->memory, list_of(list), &wanted));
    brief_unlock(&adapter->memory.lock);
    free(item);
}

void
pndis__oid_memory_forget(struct pndis_adapter *adapter)
{
    struct oid_memory *memory = &adapter->memory;

    for (int i = 0; i < VALUE_COUNT; i++) {
        items_free(memory->values[i]);
        memory->values[i] = NULL;
    }
    for (int i = 0; i < LIST_COUNT; i++) {
        items_free(memory->lists[i]);
        memory->lists[i] = NULL;
    }
}

/* --- after a reset --- */

/* A copy of the entry of @list with number @index, counted from 0; NULL: there is none. */
static struct oid_item *
copy_of(struct oid_memory *memory, const struct oid_item *const *list, unsigned index)
{
    const struct oid_item *item;
    struct oid_item *copy = NULL;

    brief_lock(&memory->lock);
    item = *list;
    while (item != NULL && index-- != 0) {
        item = item->next;
    }
    if (item != NULL) {
        copy = item_new(item->data, item->bytes);
    }
    brief_unlock(&memory->lock);
    return copy;
}

static bool
set_again(struct context *context, struct pndis_adapter *adapter, NDIS_OID oid,
          struct oid_item *item)
{
    if (item == NULL) {
        return false;
    }
    pndis__oid_set_internal(context, adapter, oid, item->data, item->bytes);
    free(item);
    return true;
}

void
pndis__oid_memory_again(struct context *context, struct pndis_adapter *adapter)
{
    struct oid_memory *memory = &adapter->memory;
    int list = list_of(OID_PNP_ADD_WAKE_UP_PATTERN);
    unsigned index = 0;

    set_again(
        context, adapter, OID_OFFLOAD_ENCAPSULATION,
        copy_of(memory, (const struct oid_item *const *)&memory->values[VALUE_ENCAPSULATION], 0));
    while (
        adapter->driver->version < ndis_version(6, 20) &&
        set_again(context, adapter, OID_PNP_ADD_WAKE_UP_PATTERN,
                  copy_of(memory, (const struct oid_item *const *)&memory->lists[list], index++))) {
    }
}
