/* The queue of timers: earliest first, equal times in the order of arming, any of them removable.
 */
#include "sched/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TIMERS = 64, ROUNDS = 20000 };

static uint64_t
next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static void
an_empty_queue_has_nothing_due(void **state)
{
    struct timer_queue queue = {0};
    struct sched_timer timer = {0};

    (void)state;
    assert_true(pndis__timer_queue_next(&queue) == UINT64_MAX);
    assert_null(pndis__timer_queue_due(&queue, UINT64_MAX));
    assert_false(pndis__timer_queue_remove(&queue, &timer));
}

static void
equal_times_come_in_the_order_of_arming(void **state)
{
    struct sched_timer timers[TIMERS];
    struct timer_queue queue = {0};

    (void)state;
    memset(timers, 0, sizeof(timers));
    for (unsigned i = 0; i < TIMERS; i++) {
        pndis__timer_queue_add(&queue, &timers[i], 7);
    }
    assert_null(pndis__timer_queue_due(&queue, 6));
    for (unsigned i = 0; i < TIMERS; i++) {
        assert_ptr_equal(pndis__timer_queue_due(&queue, 7), &timers[i]);
        assert_false(timers[i].armed);
    }
    assert_null(pndis__timer_queue_due(&queue, UINT64_MAX));
}

/* What the queue would be if it were a plain array. */
static struct sched_timer *
first_of(struct sched_timer *timers)
{
    struct sched_timer *first = NULL;

    for (unsigned i = 0; i < TIMERS; i++) {
        if (timers[i].armed &&
            (first == NULL || timers[i].due_ns < first->due_ns ||
             (timers[i].due_ns == first->due_ns && timers[i].order < first->order))) {
            first = &timers[i];
        }
    }
    return first;
}

static void
it_agrees_with_a_plain_array_whatever_is_done(void **state)
{
    struct sched_timer timers[TIMERS];
    struct timer_queue queue = {0};
    uint64_t random = 1;

    (void)state;
    memset(timers, 0, sizeof(timers));
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct sched_timer *timer = &timers[next_random(&random) % TIMERS];
        struct sched_timer *expected;

        if (timer->armed) {
            assert_true(pndis__timer_queue_remove(&queue, timer));
        } else {
            pndis__timer_queue_add(&queue, timer, next_random(&random) % 32);
        }
        expected = first_of(timers);
        assert_true(pndis__timer_queue_next(&queue) ==
                    (expected == NULL ? UINT64_MAX : expected->due_ns));
        if (round % 5 == 0 && expected != NULL) {
            assert_ptr_equal(pndis__timer_queue_due(&queue, 32), expected);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_queue_has_nothing_due),
        cmocka_unit_test(equal_times_come_in_the_order_of_arming),
        cmocka_unit_test(it_agrees_with_a_plain_array_whatever_is_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
