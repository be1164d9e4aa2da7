/* Runs every topic of facts as a test of its own, and counts them. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include "facts.h"
#include <cmocka.h>

/* The house asks for 300; there are far more, and none may get lost unnoticed. */
#define LEAST_FACTS 2050

static const struct topic *const topics[] = {
    &topic_nbl,      &topic_miniport, &topic_edges,   &topic_objects,   &topic_oids,
    &topic_media,    &topic_requests, &topic_offload, &topic_rss,       &topic_power,
    &topic_statuses, &topic_nt_base,  &topic_nt_io,   &topic_nt_values, &topic_ndis5,
};
#define TOPIC_COUNT (sizeof(topics) / sizeof(topics[0]))

static void
headers_agree_with_the_facts(void **state)
{
    const struct topic *topic = *state;
    size_t wrong = 0;

    for (size_t i = 0; i < topic->count; i++) {
        const struct fact *fact = &topic->facts[i];
        if (fact->seen != fact->expected) {
            print_error("%s is %llu (%#llx), documented is %llu (%#llx)\n", fact->text,
                        (unsigned long long)fact->seen, (unsigned long long)fact->seen,
                        (unsigned long long)fact->expected, (unsigned long long)fact->expected);
            wrong++;
        }
    }

    assert_int_equal(wrong, 0);
}

static void
no_fact_got_lost(void **state)
{
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        count += topics[i]->count;
    }

    print_message("%zu facts in %zu topics\n", count, TOPIC_COUNT);
    assert_true(count >= LEAST_FACTS);
}

int
main(void)
{
    struct CMUnitTest tests[TOPIC_COUNT + 1] = {cmocka_unit_test(no_fact_got_lost)};

    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        tests[i + 1] = (struct CMUnitTest){
            .name = topics[i]->name,
            .test_func = headers_agree_with_the_facts,
            .initial_state = (void *)topics[i],
        };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
