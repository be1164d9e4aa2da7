/* Allocations that fail, one after the other: MiniportInitialize undoes all it did. */
#include "virtio_net/failing.h"
#include "virtio_net51/world51.h"

static void
nothing_is_left_of_an_initialization_that_fails(void **state)
{
    const struct net_options options = with_51((struct net_options){.nic = {.queue_size = 16}});

    (void)state;
    assert_true(net_fail_each_allocation(&options) > 40);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_of_an_initialization_that_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
