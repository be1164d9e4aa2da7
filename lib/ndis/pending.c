/* Operations that a driver may complete later. See struct pending in ndis_core.h. */
#include "ndis/ndis_core.h"

enum { IDLE, ASKED, CLAIMED };

void
pndis__pending_init(struct pending *pending)
{
    pending->state = IDLE;
    pending->status = NDIS_STATUS_SUCCESS;
    KeInitializeEvent(&pending->done, NotificationEvent, FALSE);
}

void
pndis__pending_ask(struct pending *pending)
{
    KeClearEvent(&pending->done);
    __atomic_store_n(&pending->state, ASKED, __ATOMIC_SEQ_CST);
}

bool
pndis__pending_claim(struct pending *pending)
{
    uint32_t expected = ASKED;

    return __atomic_compare_exchange_n(&pending->state, &expected, CLAIMED, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

void
pndis__pending_complete(struct pending *pending, NDIS_STATUS status)
{
    pending->status = status;
    KeSetEvent(&pending->done, IO_NO_INCREMENT, FALSE);
}

bool
pndis__pending_returned(struct pending *pending, NDIS_STATUS status, NDIS_STATUS *out_status,
                        bool *out_twice)
{
    uint32_t expected = ASKED;

    *out_twice = false;
    if (status == NDIS_STATUS_PENDING) {
        return false;
    }
    *out_status = status;
    *out_twice = !__atomic_compare_exchange_n(&pending->state, &expected, IDLE, false,
                                              __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return true;
}

enum sleep_result
pndis__pending_wait(struct context *context, struct pending *pending, uint64_t deadline_ns,
                    bool for_host, NDIS_STATUS *out_status)
{
    enum sleep_result result = pndis__wait(context, &pending->done, deadline_ns, for_host);

    if (result == SLEEP_WOKEN) {
        *out_status = pending->status;
        __atomic_store_n(&pending->state, IDLE, __ATOMIC_SEQ_CST);
    }
    return result;
}
