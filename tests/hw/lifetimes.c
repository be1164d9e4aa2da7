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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_of_the_host_make_nics_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
