/*
 * Check-for-hang and reset. A reset changes no state of the lifecycle and may overlap a pause.
 * While it is under way new sends and OID requests are refused with NDIS_STATUS_RESET_IN_PROGRESS.
 */
#include "ndis/reset.h"

#include "ndis/adapter.h"
#include "ndis/oid_memory.h"
#include "ndis/receive_filter.h"
#include "ndis/status.h"

/* Where a reset is. Whoever waits may give up; then the completion call has the end made. */
enum { NO_RESET, RESET_AWAITED, RESET_GIVEN_UP, RESET_ANSWERED };

static const LONGLONG unit_100ns_per_second = 10000000;

void
pndis__reset_init(struct pndis_adapter *adapter)
{
    pndis__pending_init(&adapter->reset.operation);
    KeInitializeEvent(&adapter->reset.finished, NotificationEvent, TRUE);
}

/* --- reset --- */

/* "Starting with NDIS 6.30 the miniport completes pending OIDs and sends before the reset
 * completes." */
static void
check_nothing_left(struct context *context, struct pndis_adapter *adapter, const char *call)
{
    uint64_t sends = pndis__tally_outstanding(adapter->sends);
    bool oid = __atomic_load_n(&adapter->oids.current, __ATOMIC_SEQ_CST) != NULL;

    if (adapter->driver->version >= ndis_version(6, 30) && (sends != 0 || oid)) {
        pndis__report(context, RULE_RESET_2, &adapter->owner, call, NULL,
                      "%s completed its reset with %llu sends and %d OID requests pending",
                      adapter->owner.name, (unsigned long long)sends, oid);
    }
}

static void
end_reset(struct context *context, struct pndis_adapter *adapter, NDIS_STATUS status)
{
    check_nothing_left(context, adapter, "MiniportResetEx");
    pndis__oid_queue_hold(context, adapter, false);
    if (adapter->reset.addressing && adapter->started) {
        pndis__receive_filter_again(context, adapter);
        pndis__oid_memory_again(context, adapter);
    }
    __atomic_store_n(&adapter->reset.under_way, NO_RESET, __ATOMIC_SEQ_CST);
    pndis__adapter_gates(adapter);
    adapter->reset_status = status;
    pndis__status_indicate(context, adapter, NDIS_STATUS_RESET_END, &status, sizeof(status));
    KeSetEvent(&adapter->reset.finished, IO_NO_INCREMENT, FALSE);
}

static bool
begin_reset(struct context *context, struct pndis_adapter *adapter)
{
    uint32_t none = NO_RESET;

    if (!__atomic_compare_exchange_n(&adapter->reset.under_way, &none, RESET_AWAITED, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        return false;
    }
    KeClearEvent(&adapter->reset.finished);
    adapter->reset.addressing = false;
    __atomic_store_n(&adapter->reset.overdue, false, __ATOMIC_SEQ_CST);
    pndis__adapter_gates(adapter);
    pndis__processors_pass(context);
    pndis__status_indicate(context, adapter, NDIS_STATUS_RESET_START, NULL, 0);
    pndis__oid_queue_hold(context, adapter, true);
    return true;
}

/* From RESET_AWAITED to @where; false when the other side was first. */
static bool
part(struct pndis_adapter *adapter, uint32_t where)
{
    uint32_t awaited = RESET_AWAITED;

    return __atomic_compare_exchange_n(&adapter->reset.under_way, &awaited, where, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* False: it takes too long, and is ended by end_work(). */
static bool
await_reset(struct context *context, struct pndis_adapter *adapter, NDIS_STATUS *out_status)
{
    while (pndis__pending_wait(context, &adapter->reset.operation, pndis__deadline(context), true,
                               out_status) != SLEEP_WOKEN) {
        if (part(adapter, RESET_GIVEN_UP)) {
            return false;
        }
    }
    return true;
}

static void
end_work(struct context *context, struct work *item)
{
    struct pndis_adapter *adapter = CONTAINING_RECORD(item, struct pndis_adapter, reset.end_work);
    NDIS_STATUS status;

    pndis__pending_wait(context, &adapter->reset.operation, pndis__deadline(context), false,
                        &status);
    end_reset(context, adapter, status);
}

NDIS_STATUS
pndis__reset_adapter(struct context *context, struct pndis_adapter *adapter)
{
    BOOLEAN addressing = FALSE;
    struct frame frame;
    NDIS_STATUS status;
    bool twice;

    if (adapter->driver->calls.ResetHandlerEx == NULL) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    if (__atomic_load_n(&adapter->power, __ATOMIC_RELAXED) != NdisDeviceStateD0) {
        return NDIS_STATUS_LOW_POWER_STATE;
    }
    if (!begin_reset(context, adapter)) {
        return NDIS_STATUS_RESET_IN_PROGRESS;
    }
    pndis__pending_ask(&adapter->reset.operation);
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportResetEx");
    status = adapter->driver->calls.ResetHandlerEx(adapter->context, &addressing);
    pndis__guest_leave_status(context, &frame, status);
    if (pndis__pending_returned(&adapter->reset.operation, status, &status, &twice)) {
        if (twice) {
            pndis__report(context, RULE_RESET_1, &adapter->owner, "MiniportResetEx", NULL,
                          "%s completed a reset by a call and by the return value 0x%08x",
                          adapter->owner.name, (unsigned)status);
        }
        adapter->reset.addressing |= addressing != FALSE;
    } else if (!await_reset(context, adapter, &status)) {
        return NDIS_STATUS_PENDING;
    }
    end_reset(context, adapter, status);
    return status;
}

/*
 * "NdisMResetComplete function". IRQL <= DISPATCH_LEVEL.
 * Valid once after MiniportResetEx returned NDIS_STATUS_PENDING; else RESET_1 (bug check 0x7C,
 * RESET_COMPLETE_UNEXPECTED). With @AddressingReset NDIS sets again what "Miniport Driver
 * Hardware Reset" lists.
 */
VOID
NdisMResetComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status, BOOLEAN AddressingReset)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__adapter_of(context, MiniportAdapterHandle, __func__, caller);
    bool awaited;

    if (adapter == NULL) {
        return;
    }
    if (context->locks_held != 0) {
        pndis__report(context, RULE_RESET_4, &adapter->owner, __func__, caller,
                      "%s calls it with %u spin locks held", adapter->owner.name,
                      context->locks_held);
    }
    if (!pndis__pending_claim(&adapter->reset.operation)) {
        pndis__report(context, RULE_RESET_1, &adapter->owner, __func__, caller,
                      "%s completes a reset that is not pending", adapter->owner.name);
        return;
    }
    adapter->reset.addressing = AddressingReset != FALSE;
    awaited = part(adapter, RESET_ANSWERED);
    pndis__pending_complete(&adapter->reset.operation, Status);
    if (!awaited) {
        work_later(adapter->machine, &adapter->reset.end_work, end_work);
    }
}

/* --- check for hang --- */

/* "If a miniport driver does not complete an OID request within two successive calls ..." */
static bool
oid_is_overdue(struct pndis_adapter *adapter)
{
    return __atomic_load_n(&adapter->oids.current, __ATOMIC_SEQ_CST) != NULL &&
           __atomic_add_fetch(&adapter->reset.hang_checks_since_oid, 1, __ATOMIC_SEQ_CST) >
               CHECKS_BEFORE_RESET;
}

static bool
driver_says_hung(struct context *context, struct pndis_adapter *adapter)
{
    struct frame frame;
    BOOLEAN hung;

    if (adapter->driver->calls.CheckForHangHandlerEx == NULL) {
        return false;
    }
    pndis__guest_enter(context, &frame, &adapter->owner, "MiniportCheckForHangEx");
    hung = adapter->driver->calls.CheckForHangHandlerEx(adapter->context);
    pndis__guest_leave_status(context, &frame, hung);
    return hung != FALSE;
}

static void
check_work(struct context *context, struct work *item)
{
    struct pndis_adapter *adapter = CONTAINING_RECORD(item, struct pndis_adapter, reset.work);
    bool requested = __atomic_exchange_n(&adapter->reset.requested, false, __ATOMIC_SEQ_CST);

    /* From here on the next tick may queue it again. */
    __atomic_store_n(&adapter->reset.work_queued, false, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&adapter->reset.running, __ATOMIC_SEQ_CST) &&
        !__atomic_load_n(&adapter->reset.under_way, __ATOMIC_SEQ_CST) &&
        __atomic_load_n(&adapter->power, __ATOMIC_RELAXED) == NdisDeviceStateD0 &&
        (requested || driver_says_hung(context, adapter) || oid_is_overdue(adapter))) {
        __atomic_store_n(&adapter->reset.hang_checks_since_oid, 0, __ATOMIC_SEQ_CST);
        pndis__reset_adapter(context, adapter);
    }
    if (__atomic_sub_fetch(&adapter->reset.works, 1, __ATOMIC_SEQ_CST) == 0) {
        KeSetEvent(&adapter->reset.idle, IO_NO_INCREMENT, FALSE);
    }
}

static void
queue_check(struct pndis_adapter *adapter)
{
    if (__atomic_exchange_n(&adapter->reset.work_queued, true, __ATOMIC_SEQ_CST)) {
        return;
    }
    __atomic_fetch_add(&adapter->reset.works, 1, __ATOMIC_SEQ_CST);
    KeClearEvent(&adapter->reset.idle);
    work_later(adapter->machine, &adapter->reset.work, check_work);
}

static VOID
tick(struct _KDPC *dpc, PVOID deferred_context, PVOID argument1, PVOID argument2)
{
    (void)dpc;
    (void)argument1;
    (void)argument2;
    queue_check(deferred_context);
}

/* "Always a multiple of 2 seconds. If you specify 5 seconds, the interval will be 4; 0 means 2." */
static LONG
interval_ms(const struct pndis_adapter *adapter)
{
    UINT seconds = adapter->attributes.check_for_hang_seconds / 2 * 2;

    return (LONG)(seconds == 0 ? 2 : seconds) * 1000;
}

void
pndis__reset_start(struct context *context, struct pndis_adapter *adapter)
{
    LARGE_INTEGER due;
    LONG period = interval_ms(adapter);

    (void)context;
    KeInitializeEvent(&adapter->reset.idle, NotificationEvent, TRUE);
    if (adapter->driver->calls.ResetHandlerEx == NULL) {
        return;
    }
    adapter->reset.running = true;
    if (adapter->driver->calls.CheckForHangHandlerEx == NULL) {
        return; /* Only resets that the driver asks for. */
    }
    KeInitializeTimer(&adapter->reset.timer);
    KeInitializeDpc(&adapter->reset.dpc, tick, adapter);
    due.QuadPart = -(LONGLONG)period * unit_100ns_per_second / 1000;
    KeSetTimerEx(&adapter->reset.timer, due, period, &adapter->reset.dpc);
    adapter->reset.ticking = true;
}

void
pndis__reset_stop(struct context *context, struct pndis_adapter *adapter)
{
    __atomic_store_n(&adapter->reset.running, false, __ATOMIC_SEQ_CST);
    if (adapter->reset.ticking) {
        adapter->reset.ticking = false;
        KeCancelTimer(&adapter->reset.timer);
        pndis__dpc_flush(context);
    }
    while (__atomic_load_n(&adapter->reset.works, __ATOMIC_SEQ_CST) != 0 &&
           pndis__wait(context, &adapter->reset.idle, pndis__deadline(context), true) ==
               SLEEP_WOKEN) {
    }
    if (pndis__wait(context, &adapter->reset.finished, pndis__deadline(context), true) !=
        SLEEP_WOKEN) {
        pndis__reset_overdue(context, adapter);
    }
}

void
pndis__reset_overdue(struct context *context, struct pndis_adapter *adapter)
{
    if (!__atomic_exchange_n(&adapter->reset.overdue, true, __ATOMIC_SEQ_CST)) {
        pndis__report(context, RULE_RESET_1, &adapter->owner, "MiniportResetEx", NULL,
                      "%s has not completed its reset", adapter->owner.name);
    }
}

/*
 * "NdisMResetMiniport function". IRQL <= DISPATCH_LEVEL.
 * Asks for a reset, which NDIS starts later from a system thread; nothing happens without a
 * MiniportResetEx, nor in a low-power state.
 */
VOID
NdisMResetMiniport(NDIS_HANDLE MiniportAdapterHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct pndis_adapter *adapter =
        pndis__adapter_of(context, MiniportAdapterHandle, __func__, NT_CALLER());

    if (adapter != NULL && __atomic_load_n(&adapter->reset.running, __ATOMIC_SEQ_CST)) {
        __atomic_store_n(&adapter->reset.requested, true, __ATOMIC_SEQ_CST);
        queue_check(adapter);
    }
}
