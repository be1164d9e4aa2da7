/* Packet filters and multicast lists. See receive_filter.h; the OIDs themselves are in
 * oid_binding.c. */
#include "ndis/receive_filter.h"

#include "ndis/adapter.h"
#include "ndis/binding.h"
#include "ndis/oid.h"

#include <stdlib.h>

enum { ADDRESS_BYTES = 6 };

/* --- one binding --- */

static ULONG
packet_filter_of(const struct binding *binding)
{
    return __atomic_load_n(&binding->filter.packet_filter, __ATOMIC_RELAXED);
}

static bool
in_list(const struct multicast_list *list, const UCHAR *address)
{
    for (ULONG i = 0; list != NULL && i < list->count; i++) {
        if (memcmp(list->addresses[i], address, ADDRESS_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

bool
pndis__filter_passes(const struct binding *binding, const UCHAR *address)
{
    ULONG filter = packet_filter_of(binding);
    const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general = &binding->adapter->attributes.general;

    /* "ALL_LOCAL: All packets sent by installed protocols and all packets indicated by the NIC". */
    if ((filter & (NDIS_PACKET_TYPE_PROMISCUOUS | NDIS_PACKET_TYPE_ALL_LOCAL)) != 0) {
        return true;
    }
    if (ETH_IS_BROADCAST(address)) {
        return (filter & NDIS_PACKET_TYPE_BROADCAST) != 0;
    }
    if (ETH_IS_MULTICAST(address)) {
        return (filter & NDIS_PACKET_TYPE_ALL_MULTICAST) != 0 ||
               ((filter & NDIS_PACKET_TYPE_MULTICAST) != 0 &&
                in_list(__atomic_load_n(&binding->filter.multicast, __ATOMIC_ACQUIRE), address));
    }
    return (filter & NDIS_PACKET_TYPE_DIRECTED) != 0 &&
           memcmp(address, general->CurrentMacAddress, ADDRESS_BYTES) == 0;
}

/* The destination address of the list's first frame; NULL when there is none in one piece. */
static const UCHAR *
destination_of(NET_BUFFER_LIST *nbl, UCHAR storage[ADDRESS_BYTES])
{
    NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl);

    return nb == NULL ? NULL : NdisGetDataBuffer(nb, ADDRESS_BYTES, storage, 1, 0);
}

/* "For miniport adapters with all other media types, NDIS does not check the packet type." */
bool
pndis__packet_type_is_checked(const struct pndis_adapter *adapter)
{
    NDIS_MEDIUM medium = adapter->attributes.general.MediaType;

    return medium == NdisMedium802_3 || medium == NdisMedium802_5;
}

static bool
takes(const struct binding *binding, const UCHAR *address, ULONG receive_flags)
{
    if (!pndis__packet_type_is_checked(binding->adapter)) {
        return !binding_is_closing(binding);
    }
    /* A filter of zero receives nothing, whatever the miniport says about its own filtering. */
    if (binding_is_closing(binding) || packet_filter_of(binding) == 0) {
        return false;
    }
    /* "Perfect filtered" is about the combined filter, which with one binding is that binding's. */
    if ((receive_flags & NDIS_RECEIVE_FLAGS_PERFECT_FILTERED) != 0 &&
        binding->adapter->only == binding) {
        return true;
    }
    return address != NULL && pndis__filter_passes(binding, address);
}

unsigned
pndis__takers_of(struct pndis_adapter *adapter, NET_BUFFER_LIST *nbl, ULONG receive_flags,
                 struct binding *takers[TAKER_LIMIT])
{
    UCHAR storage[ADDRESS_BYTES];
    const UCHAR *address = destination_of(nbl, storage);
    unsigned count = 0;

    for (struct binding *binding = adapter->bindings; binding != NULL && count < TAKER_LIMIT;
         binding = binding->next) {
        if (takes(binding, address, receive_flags)) {
            takers[count++] = binding;
        }
    }
    return count;
}

bool
pndis__takers_are(struct pndis_adapter *adapter, NET_BUFFER_LIST *nbl, ULONG receive_flags,
                  struct binding *const *takers, unsigned count)
{
    struct binding *these[TAKER_LIMIT];

    return pndis__takers_of(adapter, nbl, receive_flags, these) == count &&
           memcmp(these, takers, count * sizeof(*takers)) == 0;
}

/* --- shortcuts of the data path --- */

static bool
wants_what_others_send(const struct binding *binding)
{
    ULONG filter = packet_filter_of(binding);

    return !binding_is_closing(binding) && ((filter & NDIS_PACKET_TYPE_ALL_LOCAL) != 0 ||
                                            ((filter & NDIS_PACKET_TYPE_PROMISCUOUS) != 0 &&
                                             (filter & NDIS_PACKET_TYPE_NO_LOCAL) == 0));
}

/* The lock is held. */
static void
recompute(struct pndis_adapter *adapter)
{
    struct binding *only = adapter->binding_count == 1 ? adapter->bindings : NULL;
    bool promiscuous = only != NULL && !binding_is_closing(only) &&
                       (packet_filter_of(only) & NDIS_PACKET_TYPE_PROMISCUOUS) != 0;
    bool no_loopback = (adapter->attributes.general.MacOptions & NDIS_MAC_OPTION_NO_LOOPBACK) != 0;
    unsigned listeners = 0;

    for (struct binding *binding = adapter->bindings; binding != NULL; binding = binding->next) {
        listeners += wants_what_others_send(binding);
    }
    adapter->only = only;
    /* A miniport without NDIS_MAC_OPTION_NO_LOOPBACK loops back itself. */
    adapter->loops_back = no_loopback && pndis__packet_type_is_checked(adapter) &&
                          adapter->binding_count > 1 && listeners > 0;
    __atomic_store_n(&adapter->takes_all, promiscuous ? only : NULL, __ATOMIC_RELEASE);
}

void
pndis__receive_paths_changed(struct pndis_adapter *adapter)
{
    brief_lock(&adapter->bindings_lock);
    recompute(adapter);
    brief_unlock(&adapter->bindings_lock);
}

/* --- all bindings together --- */

/* The lock is held. */
static ULONG
combine(const struct pndis_adapter *adapter)
{
    ULONG filter = 0;

    for (const struct binding *binding = adapter->bindings; binding != NULL;
         binding = binding->next) {
        filter |= binding_is_closing(binding) ? 0 : packet_filter_of(binding);
    }
    return filter;
}

/* Looping back is NDIS' own work, so the miniport never hears of these. */
static ULONG
for_miniport(ULONG filter)
{
    return filter & ~(ULONG)(NDIS_PACKET_TYPE_ALL_LOCAL | NDIS_PACKET_TYPE_NO_LOCAL);
}

ULONG
pndis__packet_filter_combined(struct pndis_adapter *adapter)
{
    ULONG filter;

    brief_lock(&adapter->bindings_lock);
    filter = combine(adapter);
    brief_unlock(&adapter->bindings_lock);
    return filter;
}

ULONG
pndis__packet_filter_of_all(struct pndis_adapter *adapter)
{
    return for_miniport(pndis__packet_filter_combined(adapter));
}

ULONG
pndis__lookahead_of_all(struct pndis_adapter *adapter)
{
    ULONG lookahead = 0;

    brief_lock(&adapter->bindings_lock);
    for (const struct binding *binding = adapter->bindings; binding != NULL;
         binding = binding->next) {
        lookahead = max(lookahead, binding->filter.lookahead);
    }
    brief_unlock(&adapter->bindings_lock);
    return lookahead;
}

static bool
among(const UCHAR *addresses, ULONG bytes, const UCHAR *address)
{
    for (ULONG at = 0; at < bytes; at += ADDRESS_BYTES) {
        if (memcmp(addresses + at, address, ADDRESS_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

/* Append what is not there yet, as far as there is room. Returns bytes used. */
static ULONG
add_unique(UCHAR *addresses, ULONG used, ULONG bytes, const struct multicast_list *list)
{
    for (ULONG i = 0; list != NULL && i < list->count; i++) {
        if (used + ADDRESS_BYTES <= bytes && !among(addresses, used, list->addresses[i])) {
            memcpy(addresses + used, list->addresses[i], ADDRESS_BYTES);
            used += ADDRESS_BYTES;
        }
    }
    return used;
}

ULONG
pndis__multicast_of_all(struct pndis_adapter *adapter, UCHAR *addresses, ULONG bytes)
{
    ULONG used = 0;

    brief_lock(&adapter->bindings_lock);
    for (const struct binding *binding = adapter->bindings; binding != NULL;
         binding = binding->next) {
        if (!binding_is_closing(binding)) {
            used = add_unique(addresses, used, bytes, binding->filter.multicast);
        }
    }
    brief_unlock(&adapter->bindings_lock);
    return used;
}

/* --- telling the miniport --- */

/* Whether the miniport has to be asked for what it would get now; then it is counted. */
static bool
begin_telling(struct pndis_adapter *adapter, bool again, ULONG *out_filter)
{
    bool needed;

    *out_filter = for_miniport(combine(adapter));
    needed =
        again || adapter->packet_filter_asked != 0 || *out_filter != adapter->told_packet_filter;
    adapter->packet_filter_asked += needed;
    return needed;
}

static void
end_telling(struct pndis_adapter *adapter, bool accepted, ULONG filter)
{
    adapter->packet_filter_asked--;
    if (accepted) {
        adapter->told_packet_filter = filter;
    }
}

static void
tell_packet_filter(struct context *context, struct pndis_adapter *adapter, bool again)
{
    NDIS_STATUS status;
    ULONG filter;
    bool needed;

    brief_lock(&adapter->bindings_lock);
    needed = begin_telling(adapter, again, &filter);
    brief_unlock(&adapter->bindings_lock);
    if (needed) {
        status = pndis__oid_set_internal(context, adapter, OID_GEN_CURRENT_PACKET_FILTER, &filter,
                                         sizeof(filter));
        brief_lock(&adapter->bindings_lock);
        end_telling(adapter, status == NDIS_STATUS_SUCCESS, filter);
        brief_unlock(&adapter->bindings_lock);
    }
}

static void
tell_multicast(struct context *context, struct pndis_adapter *adapter)
{
    ULONG bytes = adapter->attributes.general.MaxMulticastListSize * ADDRESS_BYTES;
    UCHAR *addresses = malloc(bytes + 1);

    if (addresses != NULL) {
        bytes = pndis__multicast_of_all(adapter, addresses, bytes);
        pndis__oid_set_internal(context, adapter, OID_802_3_MULTICAST_LIST, addresses, bytes);
        free(addresses);
    }
}

void
pndis__receive_filter_changed(struct context *context, struct pndis_adapter *adapter)
{
    pndis__receive_paths_changed(adapter);
    if (adapter->power != NdisDeviceStateD0) {
        return;
    }
    if (adapter->multicast_stale) {
        adapter->multicast_stale = false;
        tell_multicast(context, adapter);
    }
    tell_packet_filter(context, adapter, false);
}

void
pndis__receive_filter_again(struct context *context, struct pndis_adapter *adapter)
{
    tell_packet_filter(context, adapter, true);
    tell_multicast(context, adapter);
}

/* --- what bindings ask for --- */

/* The lock is held in all of these. */
static uint32_t
set(ULONG *value, struct setting *setting, ULONG wanted)
{
    __atomic_store_n(value, wanted, __ATOMIC_RELAXED);
    return ++setting->number;
}

static void
answered(ULONG *value, struct setting *setting, uint32_t number, ULONG asked, bool accepted)
{
    if (accepted) {
        setting->accepted = asked;
    } else if (setting->number == number) {
        __atomic_store_n(value, setting->accepted, __ATOMIC_RELAXED);
    }
}

bool
pndis__packet_filter_ask(struct binding *binding, ULONG packet_filter, uint32_t *out_setting,
                         ULONG *out_combined)
{
    struct pndis_adapter *adapter = binding->adapter;
    struct receive_filter *filter = &binding->filter;
    bool needed;

    brief_lock(&adapter->bindings_lock);
    *out_setting = set(&filter->packet_filter, &filter->packet_filter_setting, packet_filter);
    recompute(adapter);
    needed = begin_telling(adapter, false, out_combined);
    if (!needed) {
        filter->packet_filter_setting.accepted = packet_filter;
    }
    brief_unlock(&adapter->bindings_lock);
    return needed;
}

void
pndis__packet_filter_answered(struct binding *binding, uint32_t setting, ULONG asked, bool accepted,
                              ULONG combined)
{
    struct pndis_adapter *adapter = binding->adapter;
    struct receive_filter *filter = &binding->filter;

    brief_lock(&adapter->bindings_lock);
    end_telling(adapter, accepted, combined);
    answered(&filter->packet_filter, &filter->packet_filter_setting, setting, asked, accepted);
    recompute(adapter);
    brief_unlock(&adapter->bindings_lock);
}

uint32_t
pndis__lookahead_set(struct binding *binding, ULONG lookahead)
{
    struct brief_lock *lock = &binding->adapter->bindings_lock;
    uint32_t number;

    brief_lock(lock);
    number = set(&binding->filter.lookahead, &binding->filter.lookahead_setting, lookahead);
    brief_unlock(lock);
    return number;
}

void
pndis__lookahead_answered(struct binding *binding, uint32_t setting, ULONG asked, bool accepted)
{
    struct brief_lock *lock = &binding->adapter->bindings_lock;

    brief_lock(lock);
    answered(&binding->filter.lookahead, &binding->filter.lookahead_setting, setting, asked,
             accepted);
    brief_unlock(lock);
}

void
pndis__multicast_free(struct multicast_list *list)
{
    while (list != NULL) {
        struct multicast_list *older = list->older;

        free(list);
        list = older;
    }
}

/* Whether the adapter has room for @list instead of what @binding has now. */
static bool
has_room(const struct binding *binding, const struct multicast_list *list)
{
    struct pndis_adapter *adapter = binding->adapter;
    ULONG limit = adapter->attributes.general.MaxMulticastListSize;
    ULONG bytes = (limit + 1) * ADDRESS_BYTES;
    UCHAR *all = malloc(bytes);
    ULONG used = 0;

    if (all == NULL) {
        return false;
    }
    used = add_unique(all, used, bytes, list);
    brief_lock(&adapter->bindings_lock);
    for (const struct binding *other = adapter->bindings; other != NULL; other = other->next) {
        if (other != binding && !binding_is_closing(other)) {
            used = add_unique(all, used, bytes, other->filter.multicast);
        }
    }
    brief_unlock(&adapter->bindings_lock);
    free(all);
    return used <= limit * ADDRESS_BYTES;
}

/* "NDIS_STATUS_MULTICAST_FULL [...] if it specifies an invalid multicast address." */
static NDIS_STATUS
fill(struct multicast_list *list, const UCHAR *addresses, ULONG count, bool once)
{
    for (ULONG i = 0; i < count; i++) {
        const UCHAR *address = addresses + (size_t)i * ADDRESS_BYTES;

        if ((address[0] & 1) == 0) {
            return NDIS_STATUS_MULTICAST_FULL;
        }
        if (!once || !among(list->addresses[0], list->count * ADDRESS_BYTES, address)) {
            memcpy(list->addresses[list->count++], address, ADDRESS_BYTES);
        }
    }
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS
pndis__multicast_set(struct context *context, struct binding *binding, const void *addresses,
                     ULONG bytes, bool once, struct multicast_list **out_list)
{
    struct brief_lock *lock = &binding->adapter->bindings_lock;
    struct multicast_list *list;
    NDIS_STATUS status;

    if (bytes % ADDRESS_BYTES != 0) {
        return NDIS_STATUS_INVALID_LENGTH;
    }
    list = pndis__fault(context) ? NULL : malloc(sizeof(*list) + bytes);
    if (list == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    list->count = 0;
    status = fill(list, addresses, bytes / ADDRESS_BYTES, once);
    if (status == NDIS_STATUS_SUCCESS && !has_room(binding, list)) {
        status = NDIS_STATUS_MULTICAST_FULL;
    }
    if (status != NDIS_STATUS_SUCCESS) {
        free(list);
        return status;
    }
    brief_lock(lock);
    list->older = binding->filter.lists;
    binding->filter.lists = list;
    __atomic_store_n(&binding->filter.multicast, list, __ATOMIC_RELEASE);
    binding->adapter->multicast_stale = true;
    brief_unlock(lock);
    *out_list = list;
    return NDIS_STATUS_SUCCESS;
}

void
pndis__multicast_answered(struct binding *binding, struct multicast_list *list, bool accepted)
{
    struct receive_filter *filter = &binding->filter;

    brief_lock(&binding->adapter->bindings_lock);
    if (accepted) {
        filter->accepted_multicast = list;
    } else if (filter->multicast == list) {
        __atomic_store_n(&filter->multicast, filter->accepted_multicast, __ATOMIC_RELEASE);
    }
    binding->adapter->multicast_stale = false;
    brief_unlock(&binding->adapter->bindings_lock);
}

void
pndis__receive_filter_forget(struct binding *binding)
{
    struct pndis_adapter *adapter = binding->adapter;

    brief_lock(&adapter->bindings_lock);
    if (binding->filter.multicast != NULL) {
        adapter->multicast_stale = true;
    }
    set(&binding->filter.packet_filter, &binding->filter.packet_filter_setting, 0);
    recompute(adapter);
    brief_unlock(&adapter->bindings_lock);
}
