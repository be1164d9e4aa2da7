/*
 * Bundles of adapters: who is bound to what, and what secondaries do for their primary
 * (NdisMSetMiniportSecondary, "About LBFO", "Balancing a Miniport Driver's Workload").
 */
#include "lbfo51.h"

/* --- becoming secondary --- */

/* "Protocol drivers can only bind to a miniport driver's primary adapter." */
static void
protocols_bind_to_the_primary_only(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        bool protocol_first = seed / 2 % 2 != 0;
        struct bundle b;

        lbfo_given(seed);
        world5_open(&b.w, seed);
        if (protocol_first) {
            world_load_protocol(&b.w);
        }
        b.adapters[0] = lbfo_add(&b.w, "Bundle1");
        b.adapters[1] = lbfo_add(&b.w, "Bundle1");
        if (!protocol_first) {
            world_load_protocol(&b.w);
        }
        world_settle(&b.w);
        expect(&b.w, lbfo.set_status == NDIS_STATUS_SUCCESS);
        expect_role(&b.w, b.adapters[0], true);
        expect_role(&b.w, b.adapters[1], false);
        expect(&b.w, pndis_client_open(b.adapters[1], NULL) == NULL);
        expect(&b.w, strstr(pndis_last_error(), "secondary") != NULL);
        expect(&b.w, SEEN(lbfo.members[1]->halts) == 0);
        world_close(&b.w);
    }
}

/* "All bindings to the miniport driver's secondary adapters are torn down": and it is not halted
 * for having none. */
static void
a_later_secondary_loses_its_bindings_and_lives_on(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct pndis_client *client;
        struct bundle b;

        lbfo_given(seed);
        miniport51.on_initialize = NULL;
        world5_open(&b.w, seed);
        world_load_protocol(&b.w);
        for (unsigned i = 0; i < 2; i++) {
            b.adapters[i] = lbfo_add(&b.w, "Bundle1");
            b.nics[i] = nic_latest();
        }
        world_settle(&b.w);
        client = pndis_client_open(b.adapters[1], NULL);
        expect(&b.w, client != NULL && lbfo_bindings(b.adapters[1]) == 2);
        expect(&b.w, pndis_client_send(client, lbfo.frame, LBFO_FRAME) == 0);
        world_as_driver(&b.w, lbfo_set_secondary, b.nics);
        world_settle(&b.w);
        expect(&b.w, lbfo.set_status == NDIS_STATUS_SUCCESS);
        expect_role(&b.w, b.adapters[0], true);
        expect_role(&b.w, b.adapters[1], false);
        expect(&b.w, pndis_client_send(client, lbfo.frame, LBFO_FRAME) != 0);
        expect(&b.w, SEEN(b.nics[1]->halts) == 0);
        world_as_driver(&b.w, lbfo_set_secondary, b.nics); /* It is that already. */
        expect(&b.w, lbfo.set_status == NDIS_STATUS_SUCCESS);
        expect(&b.w, pndis_client_close(client) == 0);
        expect(&b.w, SEEN(b.nics[1]->halts) == 0);
        world_close(&b.w);
    }
}

/* Nor when the last protocol unbinds before it is asked to. */
static void
a_secondary_that_is_unbound_is_not_halted(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct pndis_client *client;
        struct bundle b;

        lbfo_given(seed);
        miniport51.on_initialize = NULL;
        lbfo_open(&b, seed, 2);
        client = pndis_client_open(b.adapters[1], NULL);
        expect(&b.w, client != NULL);
        world_as_driver(&b.w, lbfo_set_secondary, b.nics);
        expect(&b.w, pndis_client_close(client) == 0);
        world_settle(&b.w);
        expect(&b.w, lbfo.set_status == NDIS_STATUS_SUCCESS);
        expect_role(&b.w, b.adapters[1], false);
        expect(&b.w, SEEN(b.nics[1]->halts) == 0);
        world_close(&b.w);
    }
}

/* "NDIS can send specific requests to the secondary ... Secondary miniport instances must process
 * and respond", with their own handle. */
static void
a_secondary_answers_what_ndis_asks_it(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct pndis_adapter_info info;
        unsigned queries;
        struct bundle b;

        lbfo_given(seed);
        lbfo_open(&b, seed, 1);
        queries = SEEN(b.nics[0]->queries);
        miniport51.pended_oid = OID_GEN_MEDIA_CONNECT_STATUS;
        miniport51.answer_when = (enum when)(INSIDE + seed % (WHEN_COUNT - INSIDE));
        b.adapters[1] = lbfo_add(&b.w, "Bundle1");
        expect(&b.w, nic_latest()->answer_oid == OID_GEN_MEDIA_CONNECT_STATUS);
        expect(&b.w, pndis_adapter_get_info(b.adapters[1], &info) == 0 && info.connected);
        expect(&b.w, SEEN(b.nics[0]->queries) == queries);
        world_close(&b.w);
    }
}

/* --- working for the primary --- */

/* "A secondary miniport instance should only use the handle to the primary miniport instance to
 * indicate packets", and to complete what the primary was given. */
static void
work_for_the_primary(struct nic *nic)
{
    NDIS_HANDLE own = nic->handle;

    if (nic == lbfo.members[0]) {
        return;
    }
    nic_complete(lbfo.members[0], 2, NDIS_STATUS_SUCCESS);
    nic->handle = lbfo.members[0]->handle;
    nic_indicate(nic, lbfo.frame, LBFO_FRAME, 3, NDIS_STATUS_SUCCESS);
    nic_indicate(nic, lbfo.frame, LBFO_FRAME, 1, NDIS_STATUS_RESOURCES);
    NdisMIndicateStatus(nic->handle, NDIS_STATUS_MEDIA_DISCONNECT, NULL, 0);
    NdisMIndicateStatusComplete(nic->handle);
    nic->handle = own;
}

static void
secondaries_send_and_receive_with_the_handle_of_the_primary(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        bool serialized = seed % 2 != 0;
        struct pndis_client_counts counts;
        struct pndis_adapter_info info;
        struct bundle b;

        lbfo_given(seed);
        miniport51.sending = SEND5_HOLD;
        miniport51.on_dpc = work_for_the_primary;
        lbfo_open(&b, seed, 2);
        world_add_client(&b.w);
        for (unsigned i = 0; i < 2; i++) {
            expect(&b.w, pndis_client_send(b.w.client, lbfo.frame, LBFO_FRAME) == 0);
        }
        world_settle(&b.w);
        expect(&b.w, SEEN(b.nics[0]->sends) == 2 && SEEN(b.nics[1]->sends) == 0);
        pndis_device_interrupt(b.devices[1], 0);
        world_settle(&b.w);
        pndis_client_get_counts(b.w.client, &counts);
        expect(&b.w, SEEN(b.nics[1]->dpcs) == 1);
        expect(&b.w, counts.completed_ok == 2 && counts.received == 4);
        expect(&b.w, counts.received_bytes == 4 * LBFO_FRAME);
        expect(&b.w, serialized || SEEN(b.nics[0]->returns) == 3);
        expect(&b.w, SEEN(b.nics[1]->returns) == 0);
        expect(&b.w, pndis_adapter_get_info(b.adapters[0], &info) == 0 && !info.connected);
        expect(&b.w, pndis_adapter_get_info(b.adapters[1], &info) == 0 && info.connected);
        world_close(&b.w);
    }
}

/* --- offloading, from doorbell to completion --- */

static W_QUERY_INFORMATION_HANDLER query_of_driver;

/* The primary leaves a request to the hardware of the secondary ... */
static NDIS_STATUS
query_and_ring(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG written,
               PULONG needed)
{
    NDIS_STATUS status = query_of_driver(context, oid, buffer, bytes, written, needed);

    if (status == NDIS_STATUS_PENDING) {
        NdisWriteRegisterUlong((PULONG)lbfo.members[1]->io_space, oid);
    }
    return status;
}

static void
offloads_queries(NDIS51_MINIPORT_CHARACTERISTICS *characteristics)
{
    query_of_driver = characteristics->QueryInformationHandler;
    characteristics->QueryInformationHandler = query_and_ring;
}

/* ... and its packets ... */
static void
ring_for_packet(struct nic *nic, NDIS_PACKET *packet)
{
    (void)packet;
    if (nic == lbfo.members[0]) {
        NdisWriteRegisterUlong((PULONG)lbfo.members[1]->io_space, 1);
    }
}

static void
raise(struct card *this, unsigned range, uint64_t offset, uint64_t value)
{
    (void)range;
    (void)offset;
    (void)value;
    pndis_device_interrupt(this->device, 0);
}

/* ... and what that has done is completed for the primary. */
static void
complete_for_the_primary(struct nic *nic)
{
    struct nic *primary = lbfo.members[0];

    if (nic != primary && __atomic_exchange_n(&primary->answer_oid, 0, __ATOMIC_SEQ_CST) != 0) {
        ULONG vendor = 0x515151;

        memcpy(primary->answer_buffer, &vendor, sizeof(vendor));
        *primary->answer_written = sizeof(vendor);
        NdisMQueryInformationComplete(primary->handle, NDIS_STATUS_SUCCESS);
    }
    nic_complete(primary, 8, NDIS_STATUS_SUCCESS);
}

/* "The miniport driver should use the handle to the primary miniport instance to subsequently
 * complete those requests, regardless of whether the primary or a secondary ... executes" them. */
static void
a_secondary_does_the_work_of_the_primary(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(60); seed++) {
        struct pndis_client_counts counts;
        uint32_t vendor = 0;
        unsigned queries;
        struct bundle b;

        lbfo_given(seed);
        miniport51.edit = offloads_queries;
        miniport51.sending = SEND5_HOLD;
        miniport51.on_send = ring_for_packet;
        miniport51.on_dpc = complete_for_the_primary;
        lbfo_open(&b, seed, 2);
        card.on_write = raise;
        queries = SEEN(b.nics[1]->queries);
        world_add_client(&b.w);
        miniport51.pended_oid = OID_GEN_VENDOR_ID;
        miniport51.answer_when = BY_HAND;
        expect(&b.w, pndis_client_query(b.w.client, OID_GEN_VENDOR_ID, &vendor, sizeof(vendor),
                                        NULL, NULL) == 0);
        expect(&b.w, vendor == 0x515151 && SEEN(b.nics[1]->queries) == queries);
        for (unsigned i = 0; i < 8; i++) {
            expect(&b.w, pndis_client_send(b.w.client, lbfo.frame, LBFO_FRAME) == 0);
        }
        world_settle(&b.w);
        pndis_device_interrupt(b.devices[1], 0); /* For what came later than its doorbell. */
        world_settle(&b.w);
        pndis_client_get_counts(b.w.client, &counts);
        expect(&b.w, counts.completed_ok == 8 && SEEN(b.nics[1]->sends) == 0);
        expect(&b.w, SEEN(b.nics[0]->dpcs) == 0 && SEEN(b.nics[1]->dpcs) != 0);
        world_close(&b.w);
    }
}

static void
indicate_for_itself(struct nic *nic)
{
    nic_indicate(nic, lbfo.frame, LBFO_FRAME, 3, NDIS_STATUS_SUCCESS);
}

/* There is nobody above it: its packets come back. */
static void
what_a_secondary_indicates_for_itself_goes_nowhere(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct pndis_client_counts counts;
        struct bundle b;

        lbfo_given(seed);
        miniport51.on_dpc = indicate_for_itself;
        lbfo_open(&b, seed, 2);
        world_add_client(&b.w);
        pndis_device_interrupt(b.devices[1], 0);
        world_settle(&b.w);
        pndis_client_get_counts(b.w.client, &counts);
        expect(&b.w, SEEN(b.nics[1]->dpcs) == 1 && counts.received == 0);
        expect(&b.w, seed % 2 != 0 || SEEN(b.nics[1]->returns) == 3);
        world_close(&b.w);
    }
}

static struct bundle *mapped;
static bool reached[LBFO_ADAPTERS];

/* The scatter/gather list that came with the packet is what a secondary's hardware gets. */
static void
look_at_list(struct nic *nic, NDIS_PACKET *packet)
{
    SCATTER_GATHER_LIST *list =
        NDIS_PER_PACKET_INFO_FROM_PACKET(packet, ScatterGatherListPacketInfo);
    uint64_t address = (uint64_t)list->Elements[0].Address.QuadPart;

    for (unsigned i = 0; i < LBFO_ADAPTERS; i++) {
        const void *seen =
            pndis_device_memory(mapped->devices[i], address, list->Elements[0].Length);

        reached[i] = seen != NULL && memcmp(seen, nic->last_frame, 14) == 0;
    }
}

/* Whose devices reach a packet that is sent on @adapter: 'y' or 'n' for each. */
static void
expect_reached(struct bundle *b, struct pndis_adapter *adapter, const char *expected)
{
    struct pndis_client *client = pndis_client_open(adapter, NULL);

    memset(reached, 0, sizeof(reached));
    expect(&b->w, client != NULL);
    expect(&b->w, pndis_client_send(client, lbfo.frame, LBFO_FRAME) == 0);
    world_settle(&b->w);
    for (unsigned i = 0; i < LBFO_ADAPTERS; i++) {
        expect(&b->w, reached[i] == (expected[i] == 'y'));
    }
}

static void
given_mapped(struct bundle *b, uint64_t seed)
{
    lbfo_given(seed);
    miniport51.scatter_gather = true;
    miniport51.acquire &= ~((1u << ACQUIRE_MAP_REGISTERS) | (1u << ACQUIRE_BUFFER_MAPPING));
    miniport51.on_send = look_at_list;
    mapped = b;
    lbfo_open(b, seed, 3);
    miniport51.on_initialize = NULL;
    lbfo_add(&b->w, NULL);
    b->devices[3] = card.device;
}

static void
secondaries_reach_the_packets_of_their_primary(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct bundle b;

        given_mapped(&b, seed);
        expect_reached(&b, b.adapters[0], "yyyn");
        lbfo.forgets_to_promote = seed / 2 % 2 != 0;
        expect(&b.w, lbfo_disable(b.adapters[0]) == 0);
        if (lbfo.forgets_to_promote) {
            world_as_driver(&b.w, lbfo_promote, b.nics[1]);
        }
        expect_reached(&b, b.adapters[1], "nyyn");
        world_close(&b.w);
    }
}

static void
secondaries_reach_nothing_of_who_is_their_primary_no_more(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct bundle b;

        given_mapped(&b, seed);
        lbfo.forgets_to_promote = true;
        expect(&b.w, lbfo_disable(b.adapters[0]) == 0);
        expect(&b.w, pndis_adapter_start(b.adapters[0]) == 0);
        expect_reached(&b, b.adapters[0], "ynnn");
        world_close(&b.w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protocols_bind_to_the_primary_only),
        cmocka_unit_test(a_later_secondary_loses_its_bindings_and_lives_on),
        cmocka_unit_test(a_secondary_that_is_unbound_is_not_halted),
        cmocka_unit_test(a_secondary_answers_what_ndis_asks_it),
        cmocka_unit_test(secondaries_send_and_receive_with_the_handle_of_the_primary),
        cmocka_unit_test(a_secondary_does_the_work_of_the_primary),
        cmocka_unit_test(what_a_secondary_indicates_for_itself_goes_nowhere),
        cmocka_unit_test(secondaries_reach_the_packets_of_their_primary),
        cmocka_unit_test(secondaries_reach_nothing_of_who_is_their_primary_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
