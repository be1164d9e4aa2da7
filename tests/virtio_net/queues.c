/* Several queues: frames over all of them, receive-side scaling, and lifecycle operations
 * meanwhile. */
#include "virtio_net/net_world.h"
#include "virtio_net/packets.h"

enum { PAIRS = 4, PROCESSORS = 4, FLOWS = 64, TABLE = 16 };

/* The key and the results that "Verifying the RSS Hash Calculation" gives. */
static const uint8_t key[40] = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
    0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
    0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

/* What arrived at side 1. */
static struct {
    uint64_t count;
    uint64_t by_processor[PROCESSORS];
    uint64_t misplaced;
    uint32_t hash;
    uint32_t hash_type;
    bool spread; /* The table is in use. */
} seen;

static unsigned
processor_of(uint32_t hash)
{
    return (hash & (TABLE - 1)) % PROCESSORS;
}

static void
on_receive(struct pndis_client *client, const struct pndis_received *frame, void *user)
{
    NET_BUFFER_LIST *list = frame->nbl;
    uint32_t hash = NET_BUFFER_LIST_GET_HASH_VALUE(list);
    uint32_t hash_type = NET_BUFFER_LIST_GET_HASH_TYPE(list);
    unsigned processor = NdisCurrentProcessorIndex();

    (void)user;
    if (memcmp(frame->data, "\x02\0\0\0\0\x02", 6) != 0) {
        return;
    }
    __atomic_store_n(&seen.hash, hash, __ATOMIC_RELAXED);
    __atomic_store_n(&seen.hash_type, hash_type, __ATOMIC_RELAXED);
    __atomic_fetch_add(&seen.by_processor[processor], 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&seen.spread, __ATOMIC_SEQ_CST) && hash_type != 0 &&
        processor != processor_of(hash)) {
        __atomic_fetch_add(&seen.misplaced, 1, __ATOMIC_SEQ_CST);
    }
    (void)client;
    __atomic_fetch_add(&seen.count, 1, __ATOMIC_SEQ_CST);
}

static const struct pndis_client_events events = {.on_receive = on_receive};

static struct net_options
options(uint64_t seed)
{
    memset(&seen, 0, sizeof(seen));
    return (struct net_options){.seed = seed,
                                .processors = PROCESSORS,
                                .nic = {.queue_pairs = PAIRS},
                                .packet_filter = NDIS_PACKET_TYPE_PROMISCUOUS,
                                .events = &events};
}

/* The table sends everything to @processor; PROCESSORS: in turn to all. */
static void
set_rss_to(struct net_world *n, bool on, unsigned processor)
{
    struct {
        NDIS_RECEIVE_SCALE_PARAMETERS parameters;
        PROCESSOR_NUMBER table[TABLE];
        uint8_t key[sizeof(key)];
    } rss;
    int status;

    memset(&rss, 0, sizeof(rss));
    rss.parameters.Header.Type = NDIS_OBJECT_TYPE_RSS_PARAMETERS;
    rss.parameters.Header.Revision = NDIS_RECEIVE_SCALE_PARAMETERS_REVISION_2;
    rss.parameters.Header.Size = NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2;
    rss.parameters.Flags = on ? 0 : NDIS_RSS_PARAM_FLAG_DISABLE_RSS;
    rss.parameters.HashInformation = NDIS_RSS_HASH_INFO_FROM_TYPE_AND_FUNC(
        NDIS_HASH_IPV4 | NDIS_HASH_TCP_IPV4 | NDIS_HASH_IPV6 | NDIS_HASH_TCP_IPV6,
        NdisHashFunctionToeplitz);
    rss.parameters.IndirectionTableSize = sizeof(rss.table);
    rss.parameters.IndirectionTableOffset = (ULONG)((uint8_t *)rss.table - (uint8_t *)&rss);
    rss.parameters.HashSecretKeySize = sizeof(rss.key);
    rss.parameters.HashSecretKeyOffset = (ULONG)((uint8_t *)rss.key - (uint8_t *)&rss);
    for (unsigned i = 0; i < TABLE; i++) {
        rss.table[i].Number = (UCHAR)(processor == PROCESSORS ? i % PROCESSORS : processor);
    }
    memcpy(rss.key, key, sizeof(key));
    pndis_client_set(n->clients[1], OID_GEN_RECEIVE_SCALE_PARAMETERS, &rss, sizeof(rss), &status);
    expect_net(n, status == 0);
    __atomic_store_n(&seen.spread, on && processor == PROCESSORS, __ATOMIC_SEQ_CST);
}

static void
set_rss(struct net_world *n, bool on)
{
    set_rss_to(n, on, PROCESSORS);
}

static bool
has_arrived(void *user)
{
    return __atomic_load_n(&seen.count, __ATOMIC_SEQ_CST) >= *(uint64_t *)user;
}

static void
wait_for(struct net_world *n, uint64_t count)
{
    if (pndis_machine_run_until(n->w.machine, has_arrived, &count, 0) != 0) {
        fail_msg("%llu frames arrived of %llu (seed %llu)", (unsigned long long)seen.count,
                 (unsigned long long)count, (unsigned long long)n->w.seed);
    }
}

static size_t
make_flow(uint8_t *frame, unsigned flow, bool udp)
{
    const struct packet packet = {.ipv6 = flow % 2 != 0, .udp = udp, .payload = 50 + flow};
    size_t bytes = packet_make(frame, &packet);

    frame[14 + (packet.ipv6 ? 40 : 20)] ^= (uint8_t)(flow * 7);
    frame[14 + (packet.ipv6 ? 8 : 12)] ^= (uint8_t)flow;
    return bytes;
}

static unsigned
send_flows(struct net_world *n, unsigned rounds)
{
    uint8_t frame[400];

    for (unsigned i = 0; i < rounds * FLOWS; i++) {
        size_t bytes = make_flow(frame, i % FLOWS, i % 5 == 0);

        expect_net(n, pndis_client_send(n->clients[0], frame, bytes) == 0);
    }
    return rounds * FLOWS;
}

static void
all_pairs_are_used(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct net_options o = options(seed);
        struct pndis_nic_info info;
        struct net_world n;
        unsigned used = 0;

        net_running(&n, &o);
        wait_for(&n, send_flows(&n, 4));
        net_wait_completed(&n, 0);
        info = net_info(&n, 0);
        expect_net(&n, info.queue_pairs_used == PAIRS);
        for (unsigned i = 0; i < PAIRS; i++) {
            used += info.send_queues[i].size != 0 && info.receive_queues[i].size != 0;
        }
        expect_net(&n, used == PAIRS);
        net_close(&n);
    }
}

static void
the_number_of_queues_can_be_set(void **state)
{
    static const struct pndis_parameter queues = {"*NumRssQueues", "2"};
    static const struct pndis_parameter off = {"*RSS", "0"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct net_options o = options(0);
        struct net_world n;

        o.parameters[0] = i == 0 ? &queues : &off;
        o.parameter_count[0] = 1;
        net_running(&n, &o);
        expect_net(&n, net_info(&n, 0).queue_pairs_used == (i == 0 ? 2 : 1));
        expect_net(&n, net_info(&n, 1).queue_pairs_used == PAIRS);
        wait_for(&n, send_flows(&n, 1));
        net_close(&n);
    }
}

static void
send_vector(struct net_world *n, bool udp, bool ipv6)
{
    const struct packet packet = {.ipv6 = ipv6, .udp = udp, .payload = 10};
    uint8_t frame[200];
    size_t bytes = packet_make(frame, &packet);
    uint8_t *ip = frame + 14;

    if (ipv6) {
        memcpy(ip + 8, "\x3f\xfe\x25\x01\x02\x00\x1f\xff\0\0\0\0\0\0\0\x07", 16);
        memcpy(ip + 24, "\x3f\xfe\x25\x01\x02\x00\x00\x03\0\0\0\0\0\0\0\x01", 16);
        memcpy(ip + 40, "\x0a\xea\x06\xe6", 4);
    } else {
        memcpy(ip + 12, "\x42\x09\x95\xbb\xa1\x8e\x64\x50", 8);
        memcpy(ip + 20, "\x0a\xea\x06\xe6", 4);
    }
    expect_net(n, pndis_client_send(n->clients[0], frame, bytes) == 0);
}

/* "Verifying the RSS Hash Calculation". */
static void
hashes_are_as_documented(void **state)
{
    static const struct {
        bool udp;
        bool ipv6;
        uint32_t hash;
        uint32_t type;
    } vectors[] = {
        {false, false, 0x51ccc178, NDIS_HASH_TCP_IPV4},
        {true, false, 0x323e8fc2, NDIS_HASH_IPV4},
        {false, true, 0x40207d3d, NDIS_HASH_TCP_IPV6},
        {true, true, 0x2cc18cd5, NDIS_HASH_IPV6},
    };
    struct net_options o = options(0);
    struct net_world n;

    (void)state;
    net_running(&n, &o);
    set_rss(&n, true);
    for (unsigned i = 0; i < RTL_NUMBER_OF(vectors); i++) {
        send_vector(&n, vectors[i].udp, vectors[i].ipv6);
        wait_for(&n, i + 1);
        assert_int_equal(seen.hash, vectors[i].hash);
        assert_int_equal(seen.hash_type, vectors[i].type);
    }
    set_rss(&n, false);
    send_vector(&n, false, false);
    wait_for(&n, RTL_NUMBER_OF(vectors) + 1);
    assert_int_equal(seen.hash_type, 0);
    net_close(&n);
}

static void
frames_reach_the_processor_of_their_hash(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(20); seed++) {
        struct net_options o = options(seed);
        struct net_world n;

        net_running(&n, &o);
        set_rss(&n, true);
        wait_for(&n, send_flows(&n, 5));
        expect_net(&n, seen.misplaced == 0);
        for (unsigned i = 0; i < PROCESSORS; i++) {
            expect_net(&n, seen.by_processor[i] != 0);
        }
        net_wait_completed(&n, 0);
        net_close(&n);
    }
}

/* The only queue of side 1 that frames have come on, which are held. */
static unsigned
queue_in_use(struct net_world *n)
{
    struct pndis_nic_info info = net_info(n, 1);
    unsigned queue = PAIRS;

    for (unsigned i = 0; i < PAIRS; i++) {
        if (info.receive_queues[i].waiting < info.receive_queues[i].size) {
            expect_net(n, queue == PAIRS);
            queue = i;
        }
    }
    expect_net(n, queue != PAIRS);
    return queue;
}

/* VIRTIO_NET_F_RSS: the frames of a flow come on the queue of the processor that the table names. A
 * device without it leaves them where they came, and the driver hands them over. */
static void
the_device_knows_the_table(void **state)
{
    enum { FRAMES = 5, RSS_BIT = 60 };

    (void)state;
    for (unsigned has = 0; has < 2; has++) {
        struct net_options o = options(has);
        struct net_world n;
        unsigned used = 0;

        o.events = NULL;
        o.nic.features_off = has != 0 ? 0 : 1ull << RSS_BIT;
        net_running(&n, &o);
        for (unsigned processor = 0; processor < PROCESSORS; processor++) {
            set_rss_to(&n, true, processor);
            pndis_client_hold(n.clients[1], true);
            for (unsigned i = 0; i < FRAMES; i++) {
                send_vector(&n, false, false);
            }
            net_wait_received(&n, 1, (processor + 1) * FRAMES);
            world_settle(&n.w);
            used |= 1u << queue_in_use(&n);
            pndis_client_hold(n.clients[1], false);
            world_settle(&n.w);
        }
        expect_net(&n, has != 0 ? used == (1u << PAIRS) - 1 : (used & (used - 1)) == 0);
        net_close(&n);
    }
}

/* Nothing is left behind on a processor's backlog, whatever happens to the adapter. */
static void
lifecycle_while_frames_change_processors(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(30); seed++) {
        struct net_options o = options(seed);
        struct net_world n;

        net_running(&n, &o);
        set_rss(&n, true);
        for (unsigned i = 0; i < 3; i++) {
            send_flows(&n, 1);
            expect_net(&n, pndis_adapter_pause(n.adapters[1]) == 0);
            expect_net(&n, pndis_adapter_restart(n.adapters[1]) == 0);
            send_flows(&n, 1);
            expect_net(&n, pndis_adapter_reset(n.adapters[1]) == 0);
        }
        __atomic_store_n(&seen.spread, true, __ATOMIC_SEQ_CST);
        world_settle(&n.w);
        __atomic_store_n(&seen.count, 0, __ATOMIC_SEQ_CST);
        wait_for(&n, send_flows(&n, 2));
        send_flows(&n, 1);
        if (seed % 2 == 0) {
            expect_net(&n, pndis_adapter_surprise_remove(n.adapters[1]) == 0);
        } else {
            expect_net(&n, pndis_adapter_stop(n.adapters[1], PNDIS_HALT_DISABLED) == 0);
        }
        net_wait_completed(&n, 0);
        net_close(&n);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_pairs_are_used),
        cmocka_unit_test(the_number_of_queues_can_be_set),
        cmocka_unit_test(hashes_are_as_documented),
        cmocka_unit_test(frames_reach_the_processor_of_their_hash),
        cmocka_unit_test(the_device_knows_the_table),
        cmocka_unit_test(lifecycle_while_frames_change_processors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
