/*
 * Frames at full rate through bridges of virtio_net adapters, for as long as PNDIS_SOAK_SECONDS
 * says (10 unless told), with lifecycle operations in between: in the end every NET_BUFFER_LIST is
 * back, which the machine reports otherwise, and memory is what it was after the warm-up.
 */
#define _GNU_SOURCE
#include "bridge/soak_memory.h"
#include "support/dice.h"

#include <pndis/pndis.h>

#include <errno.h>
#include <linux/if_packet.h>
#include <malloc.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    SIDES = 2,
    MACHINES = 2,
    FRAME_BYTES = 60,
    FLOOD_BATCH = 64,
    DEFAULT_SECONDS = 10,
    REST_MS = 20,
    SKIPPED = 77,
};

static bool skipped;

/* What sanitizers keep of freed memory, to find who uses it, is memory that grows until it is full:
 * let it be full early. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
    return "quarantine_size_mb=8:thread_local_quarantine_size_kb=64";
}

static uint64_t
run_ns(void)
{
    const char *seconds = getenv("PNDIS_SOAK_SECONDS");

    return (seconds == NULL ? DEFAULT_SECONDS : strtoull(seconds, NULL, 10)) * 1000000000u;
}

/* A frame from @side's host to the other one's. */
static void
make_frame(uint8_t frame[FRAME_BYTES], unsigned side)
{
    memset(frame, 0, FRAME_BYTES);
    memcpy(frame, "\x02\0\0\0\x50\0\x02\0\0\0\x50\0\x88\xb5", 14);
    frame[5] = (uint8_t)(1 + !side);
    frame[11] = (uint8_t)(1 + side);
}

/* --- machines with a bridge of two ports each --- */

struct soak;

struct soak_port {
    struct pndis_backend *(*plug)(struct soak *soak, unsigned machine, unsigned side);
    struct pndis_nic *nic;
    struct pndis_adapter *adapter;
    uint64_t sent_before; /* By nics that were there before this one. */
    bool can_be_replaced;
};

struct soak {
    unsigned machine_count;
    struct pndis_machine *machines[MACHINES];
    struct pndis_driver *miniports[MACHINES];
    struct soak_port ports[MACHINES][SIDES];
    struct pndis_backend *cable[SIDES];
    struct dice dice;
    uint64_t operations;
};

static struct pndis_backend *
plug_null(struct soak *soak, unsigned machine, unsigned side)
{
    uint8_t frame[FRAME_BYTES];
    struct pndis_backend *backend;

    (void)soak;
    (void)machine;
    make_frame(frame, side);
    assert_int_equal(
        pndis_backend_null(&(struct pndis_null_options){.frame_bytes = FRAME_BYTES, .frame = frame},
                           &backend),
        0);
    return backend;
}

static struct pndis_backend *
plug_cable(struct soak *soak, unsigned machine, unsigned side)
{
    (void)side;
    if (machine == 0) {
        assert_int_equal(pndis_backend_loopback(NULL, &soak->cable[0], &soak->cable[1]), 0);
    }
    return soak->cable[machine];
}

static const char *const tap_names[SIDES] = {"soak0", "soak1"};

static struct pndis_backend *
plug_tap(struct soak *soak, unsigned machine, unsigned side)
{
    struct pndis_backend *backend;

    (void)soak;
    (void)machine;
    if (pndis_backend_tap(&(struct pndis_tap_options){.name = tap_names[side], .persistent = true},
                          &backend) != 0) {
        fail_msg("%s", pndis_last_error());
    }
    return backend;
}

static void
start_port(struct soak *soak, unsigned machine, unsigned side)
{
    struct soak_port *port = &soak->ports[machine][side];

    if (pndis_virtio_net_create(soak->machines[machine], NULL, port->plug(soak, machine, side),
                                &port->nic) != 0) {
        fail_msg("%s", pndis_last_error());
    }
    port->adapter =
        pndis_adapter_add(soak->machines[machine], soak->miniports[machine],
                          &(struct pndis_adapter_options){.device = pndis_nic_device(port->nic)});
    if (port->adapter == NULL || pndis_adapter_state(port->adapter) != PNDIS_RUNNING) {
        fail_msg("%s", pndis_last_error());
    }
}

static void
start_machine(struct soak *soak, unsigned index)
{
    struct pndis_machine *machine = pndis_machine_create(
        &(struct pndis_machine_options){.scheduler = PNDIS_LIVE, .policy = PNDIS_POLICY_RECORD});

    assert_non_null(machine);
    soak->machines[index] = machine;
    /* Modules: each machine has a bridge of its own. */
    soak->miniports[index] = pndis_driver_load(machine, VIRTIO_NET_MODULE, NULL);
    if (soak->miniports[index] == NULL || pndis_driver_load(machine, BRIDGE_MODULE, NULL) == NULL) {
        fail_msg("%s", pndis_last_error());
    }
    for (unsigned side = 0; side < SIDES; side++) {
        start_port(soak, index, side);
    }
}

static uint64_t
sent_by(const struct soak_port *port)
{
    struct pndis_nic_info info;

    pndis_nic_get_info(port->nic, &info);
    return info.send.frames;
}

/* Everything that bridges have forwarded. */
static uint64_t
frames_of(const struct soak *soak)
{
    uint64_t frames = 0;

    for (unsigned m = 0; m < soak->machine_count; m++) {
        for (unsigned side = 0; side < SIDES; side++) {
            frames += soak->ports[m][side].sent_before + sent_by(&soak->ports[m][side]);
        }
    }
    return frames;
}

/* --- operations --- */

static int
pause_and_restart(struct soak_port *port)
{
    int result = pndis_adapter_pause(port->adapter);

    return result == 0 ? pndis_adapter_restart(port->adapter) : result;
}

static int
halt_and_initialize(struct soak_port *port)
{
    int result = pndis_adapter_stop(port->adapter, PNDIS_HALT_DISABLED);

    return result == 0 ? pndis_adapter_start(port->adapter) : result;
}

static int
sleep_and_wake(struct soak_port *port)
{
    int result = pndis_adapter_set_power(port->adapter, 3);

    return result == 0 ? pndis_adapter_set_power(port->adapter, 0) : result;
}

static int
reset(struct soak_port *port)
{
    return pndis_adapter_reset(port->adapter);
}

static int
flap(struct soak_port *port)
{
    pndis_nic_set_link(port->nic, false);
    pndis_nic_set_link(port->nic, true);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(struct soak_port *port);
} operations[] = {
    {"pause and restart", pause_and_restart},
    {"halt and initialize", halt_and_initialize},
    {"sleep and wake", sleep_and_wake},
    {"reset", reset},
    {"link down and up", flap},
};

enum { OPERATIONS = sizeof(operations) / sizeof(operations[0]) };

/* Pulled out, and another one in its place. */
static void
replace(struct soak *soak, unsigned machine, unsigned side)
{
    struct soak_port *port = &soak->ports[machine][side];

    assert_int_equal(pndis_adapter_surprise_remove(port->adapter), 0);
    assert_int_equal(pndis_adapter_remove(port->adapter), 0);
    port->sent_before += sent_by(port);
    assert_int_equal(pndis_nic_destroy(port->nic), 0);
    start_port(soak, machine, side);
}

static void
disturb(struct soak *soak)
{
    unsigned machine = dice_roll(&soak->dice, soak->machine_count);
    unsigned side = dice_roll(&soak->dice, SIDES);
    unsigned chosen = dice_roll(&soak->dice, OPERATIONS + 1);
    struct soak_port *port = &soak->ports[machine][side];

    soak->operations++;
    if (chosen < OPERATIONS) {
        if (operations[chosen].run(port) != 0) {
            fail_msg("%s: %s", operations[chosen].name, pndis_last_error());
        }
    } else if (port->can_be_replaced) {
        replace(soak, machine, side);
    }
}

/* --- a soak --- */

static void
rest(unsigned ms)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)ms * 1000000}, NULL);
}

static void
stop_machine(struct pndis_machine *machine)
{
    const struct pndis_violation *first;

    assert_int_equal(pndis_machine_stop(machine), 0);
    first = pndis_violation_at(machine, 0);
    if (first != NULL) {
        fail_msg("%s: %s", first->rule, first->message);
    }
    pndis_machine_destroy(machine);
}

static void
run(struct soak *soak)
{
    struct soak_memory memory;
    uint64_t start;
    uint64_t frames;
    uint64_t past;
    bool flat;

    for (unsigned i = 0; i < soak->machine_count; i++) {
        start_machine(soak, i);
    }
    start = soak_now_ns();
    soak_memory_start(&memory, run_ns());
    while ((past = soak_now_ns() - start) < run_ns()) {
        rest(REST_MS);
        disturb(soak);
        soak_memory_sample(&memory);
    }
    frames = frames_of(soak);
    printf("  %llu frames in %.1f s, %.0f a second, %llu operations\n", (unsigned long long)frames,
           (double)past / 1e9, (double)frames * 1e9 / (double)past,
           (unsigned long long)soak->operations);
    flat = soak_memory_is_flat(&memory);
    for (unsigned i = 0; i < soak->machine_count; i++) {
        stop_machine(soak->machines[i]);
    }
    assert_true(frames > 0);
    assert_true(flat);
}

static const struct soak_port null_port = {.plug = plug_null, .can_be_replaced = true};
static const struct soak_port cable_port = {.plug = plug_cable};
static const struct soak_port tap_port = {.plug = plug_tap, .can_be_replaced = true};

static void
between_two_sources(void **state)
{
    struct soak soak = {.machine_count = 1, .ports = {{null_port, null_port}}};

    (void)state;
    run(&soak);
}

/* Two machines, a bridge in each, and a cable between them. */
static void
over_a_cable(void **state)
{
    struct soak soak = {.machine_count = 2,
                        .ports = {{null_port, cable_port}, {cable_port, null_port}}};

    (void)state;
    run(&soak);
}

/* --- TAPs: the host sends as fast as it can, from both sides --- */

struct flood {
    pthread_t thread;
    unsigned side;
    uint32_t stopping;
};

static int
open_socket(unsigned side)
{
    struct sockaddr_ll to = {.sll_family = AF_PACKET};
    int descriptor = -1;

    to.sll_ifindex = (int)if_nametoindex(tap_names[side]);
    if (to.sll_ifindex != 0) {
        descriptor = socket(AF_PACKET, SOCK_RAW, 0);
    }
    if (descriptor >= 0 && bind(descriptor, (struct sockaddr *)&to, sizeof(to)) != 0) {
        close(descriptor);
        descriptor = -1;
    }
    return descriptor;
}

static void *
run_flood(void *user)
{
    struct flood *flood = user;
    uint8_t frame[FRAME_BYTES];
    struct iovec vector = {frame, sizeof(frame)};
    struct mmsghdr messages[FLOOD_BATCH] = {{{0}, 0}};
    int descriptor = -1;

    make_frame(frame, flood->side);
    for (unsigned i = 0; i < FLOOD_BATCH; i++) {
        messages[i].msg_hdr.msg_iov = &vector;
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    while (__atomic_load_n(&flood->stopping, __ATOMIC_ACQUIRE) == 0) {
        if (descriptor < 0) {
            descriptor = open_socket(flood->side);
        }
        /* ENETDOWN while the interface has no reader, ENOBUFS while its queue is full. */
        if (descriptor < 0 || sendmmsg(descriptor, messages, FLOOD_BATCH, 0) <= 0) {
            rest(1);
        }
    }
    close(descriptor);
    return NULL;
}

/* In a network of our own, which goes with the program. */
static bool
may_make_taps(void)
{
    struct pndis_backend *backend;

    if (unshare(CLONE_NEWNET) != 0) {
        print_message("skipped: no network namespace: %s\n", strerror(errno));
        return false;
    }
    if (pndis_backend_tap(NULL, &backend) != 0) {
        print_message("skipped: %s\n", pndis_last_error());
        return false;
    }
    pndis_backend_destroy(backend);
    return true;
}

static void
between_two_taps(void **state)
{
    struct soak soak = {.machine_count = 1, .ports = {{tap_port, tap_port}}};
    struct flood floods[SIDES] = {{.side = 0}, {.side = 1}};

    (void)state;
    if (!may_make_taps()) {
        skipped = true;
        skip();
    }
    for (unsigned i = 0; i < SIDES; i++) {
        assert_int_equal(pthread_create(&floods[i].thread, NULL, run_flood, &floods[i]), 0);
    }
    run(&soak);
    for (unsigned i = 0; i < SIDES; i++) {
        __atomic_store_n(&floods[i].stopping, 1, __ATOMIC_RELEASE);
        pthread_join(floods[i].thread, NULL);
    }
}

/* One of the tests by its name, or all. */
int
main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(between_two_sources),
        cmocka_unit_test(over_a_cable),
        cmocka_unit_test(between_two_taps),
    };
    int failed;

    /* Threads come and go with the nics: an arena for each new one is no leak. */
    mallopt(M_ARENA_MAX, 2);
    if (count > 1) {
        cmocka_set_test_filter(arguments[1]);
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed == 0 && count > 1 && skipped ? SKIPPED : failed;
}
