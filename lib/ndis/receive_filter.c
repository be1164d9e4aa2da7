/* Packet filters and multicast lists. See receive_filter.h; the OIDs themselves are in
 * oid_binding.c. */
#include "ndis/receive_filter.h"

#include "ndis/adapter.h"
#include "ndis/oid.h"

#include <stdlib.h>

enum { ADDRESS_BYTES = 6 };

/* --- one binding --- */

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
    ULONG filter = __atomic_load_n(&binding->filter.packet_filter, __ATOMIC_RELAXED);
    const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general = &binding->adapter->attributes.general;

    if ((filter & NDIS_PACKET_TYPE_PROMISCUOUS) != 0) {
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

static bool
takes(const struct binding *binding, const UCHAR *address, ULONG receive_flags)
{
    /* A filter of zero receives nothing, whatever the miniport says about its own filtering. */
    if (binding->closing || binding->filter.packet_filter == 0) {
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
    ULONG filter = binding->filter.packet_filter;

    return !binding->closing && ((filter & NDIS_PACKET_TYPE_ALL_LOCAL) != 0 ||
                                 ((filter & NDIS_PACKET_TYPE_PROMISCUOUS) != 0 &&
                                  (filter & NDIS_PACKET_TYPE_NO_LOCAL) == 0));
}

void
pndis__receive_paths_changed(struct pndis_adapter *adapter)
{
    struct binding *only = adapter->binding_count == 1 ? adapter->bindings : NULL;
    bool promiscuous = only != NULL && !only->closing &&
                       (only->filter.packet_filter & NDIS_PACKET_TYPE_PROMISCUOUS) != 0;
    bool no_loopback = (adapter->attributes.general.MacOptions & NDIS_MAC_OPTION_NO_LOOPBACK) != 0;
    unsigned listeners = 0;

    for (struct binding *binding = adapter->bindings; binding != NULL; binding = binding->next) {
        listeners += wants_what_others_send(binding);
    }
    adapter->only = only;
    /* A miniport without NDIS_MAC_OPTION_NO_LOOPBACK loops back itself. */
    adapter->loops_back = no_loopback && adapter->binding_count > 1 && listeners > 0;
    __atomic_store_n(&adapter->takes_all, promiscuous ? only : NULL, __ATOMIC_RELEASE);
}

/* --- all bindings together --- */

ULONG
pndis__packet_filter_combined(const struct pndis_adapter *adapter)
{
    ULONG filter = 0;

    for (const struct binding *binding = adapter->bindings; binding != NULL;
         binding = binding->next) {
        filter |= binding->closing ? 0 : binding->filter.packet_filter;
    }
    return filter;
}

ULONG
pndis__packet_filter_of_all(const struct pndis_adapter *adapter)
{
    /* Looping back is NDIS' own work, so the miniport never hears of these. */
    return pndis__packet_filter_combined(adapter) &
           ~(ULONG)(NDIS_PACKET_TYPE_ALL_LOCAL | NDIS_PACKET_TYPE_NO_LOCAL);
}

ULONG
pndis__lookahead_of_all(const struct pndis_adapter *adapter)
{
    ULONG lookahead = 0;

    for (const struct binding *binding = adapter->bindings; binding != NULL;
         binding = binding->next) {
        lookahead = max(lookahead, binding->filter.lookahead);
    }
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
pndis__multicast_of_all(const struct pndis_adapter *adapter, UCHAR *addresses, ULONG bytes)
{
    ULONG used = 0;

    for (const struct binding *binding = adapter->bindings; binding != NULL;
         binding = binding->next) {
        if (!binding->closing) {
            used = add_unique(addresses, used, bytes, binding->filter.multicast);
        }
    }
    return used;
}

/* --- telling the miniport --- */

static void
tell_packet_filter(struct context *context, struct pndis_adapter *adapter)
{
    ULONG filter = pndis__packet_filter_of_all(adapter);

    if (pndis__oid_set_internal(context, adapter, OID_GEN_CURRENT_PACKET_FILTER, &filter,
                                sizeof(filter)) == NDIS_STATUS_SUCCESS) {
        adapter->filter.packet_filter = filter;
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
    if (adapter->multicast_stale) {
        adapter->multicast_stale = false;
        tell_multicast(context, adapter);
    }
    if (pndis__packet_filter_of_all(adapter) != adapter->filter.packet_filter) {
        tell_packet_filter(context, adapter);
    }
}

void
pndis__receive_filter_again(struct context *context, struct pndis_adapter *adapter)
{
    tell_packet_filter(context, adapter);
    tell_multicast(context, adapter);
}

/* --- what bindings ask for --- */

void
pndis__packet_filter_set(struct binding *binding, ULONG packet_filter)
{
    __atomic_store_n(&binding->filter.packet_filter, packet_filter, __ATOMIC_RELAXED);
    pndis__receive_paths_changed(binding->adapter);
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
    const struct pndis_adapter *adapter = binding->adapter;
    ULONG limit = adapter->attributes.general.MaxMulticastListSize;
    ULONG bytes = (limit + 1) * ADDRESS_BYTES;
    UCHAR *all = malloc(bytes);
    ULONG used = 0;

    if (all == NULL) {
        return false;
    }
    used = add_unique(all, used, bytes, list);
    for (const struct binding *other = adapter->bindings; other != NULL; other = other->next) {
        if (other != binding && !other->closing) {
            used = add_unique(all, used, bytes, other->filter.multicast);
        }
    }
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
                     ULONG bytes, bool once)
{
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
    list->older = binding->filter.lists;
    binding->filter.lists = list;
    __atomic_store_n(&binding->filter.multicast, list, __ATOMIC_RELEASE);
    binding->adapter->multicast_stale = true;
    return NDIS_STATUS_SUCCESS;
}

void
pndis__multicast_restore(struct binding *binding, struct multicast_list *list,
                         struct multicast_list *previous)
{
    __atomic_compare_exchange_n(&binding->filter.multicast, &list, previous, false,
                                __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    binding->adapter->multicast_stale = false;
}

void
pndis__receive_filter_forget(struct binding *binding)
{
    if (binding->filter.multicast != NULL) {
        binding->adapter->multicast_stale = true;
    }
    pndis__packet_filter_set(binding, 0);
}
