/*
 * Every callback that may pend, completed in each of the ways a driver can: at once, by a call from
 * inside the callback, later from a DPC, from another processor, from a timer, from a thread.
 */
#include "support/protocol.h"
#include "support/world.h"

enum { SEEDS = 60 };

/* Set up one pend variant, then walk the whole life of an adapter with both drivers on it. */
static void
whole_life(struct world *w, uint64_t seed)
{
    uint8_t frame[64];

    make_frame_bytes(frame, sizeof(frame), 7);
    world_open(w, seed);
    world_add_adapter(w);
    world_load_protocol(w);
    world_settle(w);
    expect_state(w, "Running");
    expect(w, opening_latest()->running);
    world_add_client(w);
    expect_state(w, "Running");
    for (unsigned i = 0; i < 3; i++) {
        expect(w, pndis_client_send(w->client, frame, sizeof(frame)) == 0);
    }
    expect(w, pndis_adapter_pause(w->adapter) == 0);
    expect_state(w, "Paused");
    expect(w, !opening_latest()->running);
    expect(w, pndis_adapter_restart(w->adapter) == 0);
    expect_state(w, "Running");
    expect(w, opening_latest()->running);
    world_settle(w);
    expect(w, opening_latest()->received == 3);
    world_close(w);
    expect(w, miniport.unloads == 1);
    expect(w, protocol.binds == protocol.unbinds);
    expect(w, protocol.openings == NULL && miniport.ports == NULL);
}

static void
for_each_variant(enum when *answer, const char *what)
{
    for (enum when when = AT_ONCE; when < WHEN_COUNT; when++) {
        for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
            struct world w;

            miniport_reset();
            protocol_reset();
            protocol.packet_filter |= NDIS_PACKET_TYPE_ALL_LOCAL;
            *answer = when;
            if (seed == 0) {
                print_message("%s: %s\n", what, when_names[when]);
            }
            whole_life(&w, seed);
        }
    }
}

static void
miniport_pause(void **state)
{
    (void)state;
    for_each_variant(&miniport.pause, "MiniportPause");
}

static void
miniport_restart(void **state)
{
    (void)state;
    for_each_variant(&miniport.restart, "MiniportRestart");
}

static void
miniport_oid_request(void **state)
{
    (void)state;
    for_each_variant(&miniport.oid, "MiniportOidRequest");
}

static void
miniport_send(void **state)
{
    (void)state;
    for_each_variant(&miniport.send_when, "MiniportSendNetBufferLists");
}

static void
protocol_bind(void **state)
{
    (void)state;
    for_each_variant(&protocol.bind, "ProtocolBindAdapterEx");
}

static void
protocol_unbind(void **state)
{
    (void)state;
    for_each_variant(&protocol.unbind, "ProtocolUnbindAdapterEx");
}

static void
protocol_pause(void **state)
{
    (void)state;
    for_each_variant(&protocol.pause, "NetEventPause");
}

static void
protocol_restart(void **state)
{
    (void)state;
    for_each_variant(&protocol.restart, "NetEventRestart");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(miniport_pause),       cmocka_unit_test(miniport_restart),
        cmocka_unit_test(miniport_oid_request), cmocka_unit_test(miniport_send),
        cmocka_unit_test(protocol_bind),        cmocka_unit_test(protocol_unbind),
        cmocka_unit_test(protocol_pause),       cmocka_unit_test(protocol_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
