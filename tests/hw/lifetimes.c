/* Nics that come and go, from several threads of the host at once. */
#include "hw/rig.h"

#include <pthread.h>

enum { THREADS = 4, ROUNDS = 8, NICS = 3 };

/* A thread of the host: makes nics of a machine and takes them away again. */
struct host_thread {
    pthread_t thread;
    pthread_barrier_t *barrier;
    struct pndis_machine *machine;
    struct pndis_nic *kept;
    unsigned failures;
};

static struct pndis_nic *
make_nic(struct host_thread *self)
{
    struct pndis_backend *backend;
    struct pndis_nic *nic = NULL;

    if (pndis_backend_null(NULL, &backend) != 0 ||
        pndis_virtio_net_create(self->machine, NULL, backend, &nic) != 0) {
        self->failures++;
    }
    return nic;
}

static void *
come_and_go(void *user)
{
    struct host_thread *self = user;
    struct pndis_nic *nics[NICS];

    pthread_barrier_wait(self->barrier);
    for (unsigned i = 0; i < NICS; i++) {
        nics[i] = make_nic(self);
    }
    for (unsigned i = 1; i < NICS; i++) {
        self->failures += nics[i] == NULL || pndis_nic_destroy(nics[i]) != 0;
    }
    self->kept = nics[0];
    return NULL;
}

static void
run_threads(struct host_thread *threads, struct pndis_machine *machine)
{
    pthread_barrier_t barrier;

    pthread_barrier_init(&barrier, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] = (struct host_thread){.barrier = &barrier, .machine = machine};
        assert_int_equal(pthread_create(&threads[i].thread, NULL, come_and_go, &threads[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i].thread, NULL);
    }
    pthread_barrier_destroy(&barrier);
}

static uint64_t
registers_of(const struct host_thread *thread)
{
    return pndis_device_range_address(pndis_nic_device(thread->kept), 0);
}

/* The machine's first devices among them: NDIS is built by whoever needs it first. */
static void
threads_of_the_host_make_nics_at_once(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct host_thread threads[THREADS];
        struct pndis_machine *machine = pndis_machine_create(&(struct pndis_machine_options){
            .scheduler = PNDIS_LIVE, .policy = PNDIS_POLICY_RECORD});

        assert_non_null(machine);
        run_threads(threads, machine);
        for (unsigned i = 0; i < THREADS; i++) {
            assert_int_equal(threads[i].failures, 0);
            for (unsigned j = 0; j < i; j++) {
                assert_true(registers_of(&threads[i]) != registers_of(&threads[j]));
            }
        }
        assert_int_equal(pndis_nic_destroy(threads[0].kept), 0);
        pndis_machine_destroy(machine);
    }
}

/* --- nics on which others are at work --- */

/* A thread of the host that does the same again and again. */
struct busy {
    pthread_t thread;
    struct rig *rig;
    uint32_t done;
};

static void
busy_start(struct busy *busy, struct rig *rig, void *(*main)(void *busy))
{
    *busy = (struct busy){.rig = rig};
    assert_int_equal(pthread_create(&busy->thread, NULL, main, busy), 0);
}

static void
busy_end(struct busy *busy)
{
    __atomic_store_n(&busy->done, 1, __ATOMIC_RELEASE);
    pthread_join(busy->thread, NULL);
}

static bool
is_busy(const struct busy *busy)
{
    return __atomic_load_n(&busy->done, __ATOMIC_ACQUIRE) == 0;
}

static void *
send_on(void *user)
{
    struct busy *busy = user;
    struct rig_queue *queue = &busy->rig->queues[1];

    while (is_busy(busy)) {
        rig_make_available(queue, 0);
        rig_ring(queue);
    }
    return NULL;
}

/* <pndis/backend.h>: a backend may call its nic from open() on, until close() returns. */
static void
a_nic_comes_and_goes_while_the_other_end_sends(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 4 * ROUNDS; round++) {
        struct rig_part part = {.bytes = RIG_HEADER + 60, .flags = RIG_OUT};
        struct rig *rigs = calloc(2, sizeof(*rigs));
        struct pndis_backend *ends[2];
        struct busy busy;

        assert_int_equal(pndis_backend_loopback(NULL, &ends[0], &ends[1]), 0);
        rig_open(&rigs[0], &(struct rig_options){.backend = ends[0], .live = true});
        rig_start_plain(&rigs[0]);
        rig_memory(&rigs[0], part.bytes, &part.address);
        assert_int_equal(rig_chain(&rigs[0].queues[1], &part, 1), 0);
        busy_start(&busy, &rigs[0], send_on);
        while (rig_info(&rigs[0]).send.frames == 0) {
        }
        rig_open(&rigs[1], &(struct rig_options){.backend = ends[1], .machine = rigs[0].machine});
        rig_detach(&rigs[1]);
        busy_end(&busy);
        rig_close(&rigs[0]);
        free(rigs);
    }
}

static void *
ring_for_commands(void *user)
{
    struct busy *busy = user;

    while (is_busy(busy)) {
        rig_write(busy->rig, BAR_NOTIFY + 2 * NOTIFY_MULTIPLIER, 2, 2);
    }
    return NULL;
}

/* A card that is pulled out is reset whatever its driver does at that moment. */
static void
a_reset_beside_doorbells_of_the_control_queue(void **state)
{
    enum { RESETS = 500 };
    struct rig *rig = calloc(1, sizeof(*rig));
    struct busy busy;

    (void)state;
    rig_open(rig, &(struct rig_options){.live = true});
    busy_start(&busy, rig, ring_for_commands);
    for (unsigned i = 0; i < RESETS; i++) {
        assert_true(
            rig_negotiate(rig, FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_NET_F_CTRL_VQ)));
        rig_set_common(rig, device_status, rig_status(rig) | VIRTIO_CONFIG_S_DRIVER_OK);
    }
    busy_end(&busy);
    assert_false(rig_is_broken(rig));
    rig_close(rig);
    free(rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_of_the_host_make_nics_at_once),
        cmocka_unit_test(a_nic_comes_and_goes_while_the_other_end_sends),
        cmocka_unit_test(a_reset_beside_doorbells_of_the_control_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
