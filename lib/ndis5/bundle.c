/*
 * Bundles of adapters, for load balancing and failover ("About LBFO"). Protocols are bound to the
 * primary only; the others are its secondaries, until the primary goes and the driver promotes one
 * of them. Whose packets go where is the driver's business: it completes and indicates what the
 * secondaries do with the handle of the primary.
 */
#include "ndis5/ndis5.h"

#include "ndis/config.h"
#include "ndis/hardware.h"

#include <stdlib.h>

/* Goes with its last member. */
struct bundle {
    struct miniport5 *primary; /* NULL: it has gone, and no other was promoted. */
    struct miniport5 *members;
};

static bool
is_secondary(const struct miniport5 *miniport)
{
    return miniport->bundle != NULL && miniport->bundle->primary != miniport;
}

static bool
has_secondaries(const struct miniport5 *miniport)
{
    return miniport->bundle != NULL && miniport->bundle->primary == miniport &&
           (miniport->bundle->members != miniport || miniport->next_member != NULL);
}

static bool
is_initialized(const struct miniport5 *miniport)
{
    enum mp_state state = state_of(&miniport->adapter->at);

    return state != MP_INITIALIZING && state != MP_HALTED && state != MP_SHUTDOWN;
}

/* It has failed or was pulled out, or it is being halted. */
static bool
is_leaving(const struct miniport5 *miniport)
{
    return !is_initialized(miniport) ||
           __atomic_load_n(&miniport->adapter->leaving, __ATOMIC_SEQ_CST);
}

/* --- members; the wrapper's lock is held --- */

static void
set_secondary(struct miniport5 *miniport, bool secondary)
{
    __atomic_store_n(&miniport->adapter->secondary, secondary, __ATOMIC_SEQ_CST);
}

/* What NDIS maps for the primary's device is for any of the bundle's: who sends with a secondary
 * has the scatter/gather list that came with the packet. */
static void
share_mappings(const struct bundle *bundle)
{
    const struct pndis_device *shared =
        bundle->primary == NULL ? NULL : bundle->primary->adapter->device;

    for (struct miniport5 *member = bundle->members; member != NULL; member = member->next_member) {
        if (member->adapter->device != NULL) {
            __atomic_store_n(&member->adapter->device->reaches_too,
                             shared == NULL ? 0 : shared->number, __ATOMIC_RELAXED);
        }
    }
}

static void
join(struct miniport5 *miniport, struct bundle *bundle)
{
    miniport->bundle = bundle;
    miniport->next_member = bundle->members;
    bundle->members = miniport;
}

/* True: that was the last member, and the bundle is gone. */
static bool
unlink_member(struct bundle *bundle, struct miniport5 *miniport)
{
    struct miniport5 **link = &bundle->members;

    while (*link != miniport) {
        link = &(*link)->next_member;
    }
    *link = miniport->next_member;
    miniport->bundle = NULL;
    if (bundle->primary == miniport) {
        bundle->primary = NULL;
    }
    if (bundle->members != NULL) {
        return false;
    }
    free(bundle);
    return true;
}

static void
part(struct miniport5 *miniport)
{
    struct bundle *bundle = miniport->bundle;

    if (miniport->adapter->device != NULL) {
        __atomic_store_n(&miniport->adapter->device->reaches_too, 0, __ATOMIC_RELAXED);
    }
    if (!unlink_member(bundle, miniport)) {
        share_mappings(bundle);
    }
}

/* Whoever comes back after a sleep may find that it is the primary now. */
void
pndis__bundle_leave(struct miniport5 *miniport)
{
    brief_lock(&miniport->wrapper->bundles);
    if (is_secondary(miniport)) {
        set_secondary(miniport, false);
        miniport->adapter->wanted_asleep = true;
    }
    if (miniport->bundle != NULL) {
        part(miniport);
    }
    brief_unlock(&miniport->wrapper->bundles);
}

/* Adapters and devices have gone by then. */
void
pndis__bundle_forget(struct miniport5 *miniport)
{
    if (miniport->bundle != NULL) {
        unlink_member(miniport->bundle, miniport);
    }
}

/* --- bindings follow the role, on a system thread --- */

struct change {
    struct work work;
    struct pndis_adapter *adapter; /* Held. */
};

static void
follow(struct context *context, struct pndis_adapter *adapter)
{
    if (adapter_is_secondary(adapter)) {
        pndis__stack_unbind(context, adapter);
    } else if (adapter->power != NdisDeviceStateD0) {
        adapter->wanted_asleep = true;
    } else {
        pndis__stack_bind(context, adapter);
    }
}

static void
follow_work(struct context *context, struct work *work)
{
    struct change *change = CONTAINING_RECORD(work, struct change, work);
    struct pndis_adapter *adapter = change->adapter;

    free(change);
    if (pndis__stack_lock(context, adapter) == 0) {
        if (stack_is_up(adapter)) {
            follow(context, adapter);
        }
        pndis__stack_unlock(adapter);
    }
    pndis__adapter_let_go(adapter);
}

static void
begin(struct context *context, struct change *change, struct pndis_adapter *adapter)
{
    change->adapter = adapter;
    pndis__adapter_hold(adapter);
    work_later(context->machine, &change->work, follow_work);
}

/* --- what may become what --- */

struct reason {
    bool wrong;
    const char *what;
};

static const char *
first_of(const struct reason *reasons, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (reasons[i].wrong) {
            return reasons[i].what;
        }
    }
    return NULL;
}

/* The value of BundleId, without the NUL that ends it; empty: there is none. */
static UNICODE_STRING
bundle_id(const struct pndis_adapter *adapter, struct value *value)
{
    UNICODE_STRING id = {.Length = 0};
    struct key *key;

    memset(value, 0, sizeof(*value));
    if (!NT_SUCCESS(pndis__key_open_utf8(adapter->machine, NULL, adapter->key, &key))) {
        return id;
    }
    if (NT_SUCCESS(pndis__value_get_utf8(adapter->machine, key, "BundleId", value)) &&
        value->type == REG_SZ && value->bytes >= sizeof(WCHAR) && value->bytes <= MAXUSHORT) {
        id.Buffer = value->data;
        id.Length = id.MaximumLength = (USHORT)(value->bytes - sizeof(WCHAR));
    }
    pndis__key_put(adapter->machine, key);
    return id;
}

/* "Specifying Bundle Membership": both have a BundleId, and but for the case it is the same. */
static bool
are_installed_together(const struct pndis_adapter *one, const struct pndis_adapter *other)
{
    struct value values[2];
    UNICODE_STRING ids[] = {bundle_id(one, &values[0]), bundle_id(other, &values[1])};
    bool same = ids[0].Length != 0 && RtlEqualUnicodeString(&ids[0], &ids[1], TRUE);

    pndis__value_fini(&values[0]);
    pndis__value_fini(&values[1]);
    return same;
}

/* Why they cannot be in one bundle, whatever their roles; NULL: they can. */
static const char *
why_not_together(const struct miniport5 *miniport, const struct miniport5 *primary)
{
    const struct reason reasons[] = {
        {miniport == primary, "is the same adapter"},
        {miniport->wrapper != primary->wrapper, "has another driver"},
    };
    const char *why = first_of(reasons, RTL_NUMBER_OF(reasons));

    return why != NULL || are_installed_together(miniport->adapter, primary->adapter)
               ? why
               : "was not installed with the same BundleId";
}

/* Why their roles do not allow it; NULL: they do. The lock is held. */
static const char *
why_not_secondary(const struct miniport5 *miniport, const struct miniport5 *primary)
{
    enum mp_state state = state_of(&miniport->adapter->at);
    const struct reason reasons[] = {
        {is_secondary(primary), "is a secondary itself"},
        {!is_initialized(primary), "is not initialized"},
        {has_secondaries(miniport), "cannot be it for one that has secondaries"},
        {state == MP_HALTED || state == MP_SHUTDOWN, "cannot be it for one that is halted"},
    };

    return first_of(reasons, RTL_NUMBER_OF(reasons));
}

static const char *
why_not_primary(const struct miniport5 *miniport)
{
    enum mp_state state = state_of(&miniport->adapter->at);
    const struct reason reasons[] = {
        {!is_secondary(miniport), "it is no secondary"},
        {is_secondary(miniport) && miniport->bundle->primary != NULL &&
             !is_leaving(miniport->bundle->primary),
         "the primary has not been removed"},
        {state == MP_HALTED || state == MP_SHUTDOWN, "it is halted"},
    };

    return first_of(reasons, RTL_NUMBER_OF(reasons));
}

/* --- becoming secondary --- */

/* @fresh is taken if a bundle begins. NULL, or why not. */
static const char *
become_secondary(struct miniport5 *miniport, struct miniport5 *primary, struct bundle **fresh)
{
    const char *why;

    brief_lock(&primary->wrapper->bundles);
    why = why_not_secondary(miniport, primary);
    if (why == NULL) {
        if (primary->bundle == NULL) {
            (*fresh)->primary = primary;
            join(primary, *fresh);
            *fresh = NULL;
        }
        if (miniport->bundle != NULL) {
            part(miniport);
        }
        join(miniport, primary->bundle);
        share_mappings(primary->bundle);
        set_secondary(miniport, true);
    }
    brief_unlock(&primary->wrapper->bundles);
    return why;
}

/*
 * NdisMSetMiniportSecondary. IRQL: PASSIVE_LEVEL, from MiniportInitialize of the secondary or
 * later. Nothing is bound to it from here on; what is bound is unbound on a system thread.
 * NDIS_STATUS_FAILURE, with N5_BUNDLE: one of the two is not what it has to be. The primary is
 * another adapter of the driver, installed with the same BundleId, initialized, and no secondary.
 */
NDIS_STATUS
NdisMSetMiniportSecondary(NDIS_HANDLE MiniportAdapterHandle,
                          NDIS_HANDLE PrimaryMiniportAdapterHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, caller);
    struct miniport5 *primary =
        pndis__miniport5_of(context, PrimaryMiniportAdapterHandle, __func__, caller);
    struct bundle *fresh;
    struct change *change;
    const char *why;

    if (miniport == NULL || primary == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    fresh = pndis__fault(context) ? NULL : calloc(1, sizeof(*fresh));
    change = fresh == NULL ? NULL : calloc(1, sizeof(*change));
    if (change == NULL) {
        free(fresh);
        return NDIS_STATUS_FAILURE;
    }
    why = why_not_together(miniport, primary);
    if (why == NULL) {
        why = become_secondary(miniport, primary, &fresh);
    }
    free(fresh);
    if (why != NULL) {
        free(change);
        pndis__report(context, RULE_N5_BUNDLE, &miniport->adapter->owner, __func__, caller,
                      "%s cannot be a secondary of %s, which %s", miniport->adapter->owner.name,
                      primary->adapter->owner.name, why);
        return NDIS_STATUS_FAILURE;
    }
    begin(context, change, miniport->adapter);
    return NDIS_STATUS_SUCCESS;
}

/* --- becoming primary --- */

static const char *
become_primary(struct miniport5 *miniport)
{
    const char *why;

    brief_lock(&miniport->wrapper->bundles);
    why = why_not_primary(miniport);
    if (why == NULL) {
        miniport->bundle->primary = miniport;
        share_mappings(miniport->bundle);
        set_secondary(miniport, false);
    }
    brief_unlock(&miniport->wrapper->bundles);
    return why;
}

/*
 * NdisMPromoteMiniport. IRQL: PASSIVE_LEVEL, when the primary is removed: after
 * NdisMRemoveMiniport, from its MiniportHalt, or later. The other secondaries are the new
 * primary's. Protocols are bound to it on a system thread. NDIS_STATUS_FAILURE, with N5_BUNDLE: it
 * is no secondary, or its primary is there still.
 */
NDIS_STATUS
NdisMPromoteMiniport(NDIS_HANDLE MiniportAdapterHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct miniport5 *miniport =
        pndis__miniport5_of(context, MiniportAdapterHandle, __func__, caller);
    struct change *change;
    const char *why;

    if (miniport == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    change = pndis__fault(context) ? NULL : calloc(1, sizeof(*change));
    if (change == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    why = become_primary(miniport);
    if (why != NULL) {
        free(change);
        pndis__report(context, RULE_N5_BUNDLE, &miniport->adapter->owner, __func__, caller,
                      "%s cannot be promoted: %s", miniport->adapter->owner.name, why);
        return NDIS_STATUS_FAILURE;
    }
    begin(context, change, miniport->adapter);
    return NDIS_STATUS_SUCCESS;
}
