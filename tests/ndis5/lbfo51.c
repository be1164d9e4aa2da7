/* A driver with load balancing and failover. See lbfo51.h. */
#include "lbfo51.h"

struct lbfo lbfo;

/* --- the driver --- */

void
lbfo_leave(struct nic *nic)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < lbfo.member_count; i++) {
        if (lbfo.members[i] != nic) {
            lbfo.members[kept++] = lbfo.members[i];
        }
    }
    lbfo.member_count = kept;
}

static void
join(struct nic *nic, NDIS_HANDLE wrapper_context)
{
    (void)wrapper_context;
    if (lbfo.member_count != 0) {
        lbfo.set_status = NdisMSetMiniportSecondary(nic->handle, lbfo.members[0]->handle);
    }
    lbfo.members[lbfo.member_count++] = nic;
}

void
lbfo_promote_next(struct nic *leaving)
{
    bool was_primary = lbfo.member_count != 0 && lbfo.members[0] == leaving;

    lbfo_leave(leaving);
    if (was_primary && lbfo.member_count != 0 && !lbfo.forgets_to_promote) {
        lbfo.promote_status = NdisMPromoteMiniport(lbfo.members[0]->handle);
        saw(&lbfo.promotions);
    }
}

void
lbfo_set_secondary(void *argument)
{
    struct nic **nics = argument;

    lbfo.set_status = NdisMSetMiniportSecondary(nics[1]->handle, nics[0]->handle);
}

void
lbfo_promote(void *argument)
{
    lbfo.promote_status = NdisMPromoteMiniport(((struct nic *)argument)->handle);
}

/* --- the machine --- */

void
lbfo_given(uint64_t seed)
{
    miniport51_reset();
    protocol_reset();
    protocol.packet_filter = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_BROADCAST;
    if (seed % 2 != 0) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
    miniport51.acquire &= ~(1u << ACQUIRE_DMA_CHANNEL); /* The system has one of that number. */
    miniport51.on_initialize = join;
    miniport51.on_halt = lbfo_promote_next;
    memset(&lbfo, 0, sizeof(lbfo));
    lbfo.set_status = lbfo.promote_status = NDIS_STATUS_PENDING;
    make_frame_bytes(lbfo.frame, LBFO_FRAME, 1);
}

struct pndis_adapter *
lbfo_add(struct world *w, const char *bundle_id)
{
    const struct pndis_parameter parameter = {"BundleId", bundle_id};
    struct pndis_adapter *adapter;

    card_plug(w, NULL);
    adapter = pndis_adapter_add(w->machine, w->driver,
                                &(struct pndis_adapter_options){
                                    .device = card.device,
                                    .parameters = &parameter,
                                    .parameter_count = bundle_id == NULL ? 0 : 1,
                                });
    expect(w, adapter != NULL);
    return adapter;
}

void
lbfo_open(struct bundle *b, uint64_t seed, unsigned count)
{
    world5_open(&b->w, seed);
    for (unsigned i = 0; i < count; i++) {
        b->adapters[i] = lbfo_add(&b->w, "Bundle1");
        b->devices[i] = card.device;
        b->nics[i] = nic_latest();
        expect(&b->w, miniport51.on_initialize == NULL || i == 0 ||
                          lbfo.set_status == NDIS_STATUS_SUCCESS);
    }
    b->w.adapter = b->adapters[0];
}

int
lbfo_disable(struct pndis_adapter *adapter)
{
    return pndis_adapter_stop(adapter, PNDIS_HALT_DISABLED);
}

size_t
lbfo_bindings(struct pndis_adapter *adapter)
{
    struct pndis_adapter_info info;

    pndis_adapter_get_info(adapter, &info);
    return info.binding_count;
}

static void
protocol_sends(void *argument)
{
    *(bool *)argument = opening_send(opening_latest(), lbfo.frame, LBFO_FRAME, 1);
}

void
lbfo_expect_sends_reach(struct world *w, struct nic *nic)
{
    unsigned before = SEEN(nic->sends);
    bool sent = false;

    world_as_driver(w, protocol_sends, &sent);
    world_settle(w);
    expect(w, sent && SEEN(nic->sends) == before + 1);
}
