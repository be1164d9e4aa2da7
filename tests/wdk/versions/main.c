/* Every NDIS version a build can name: which numbers it stands for, and which revisions of
 * structures it shows. The documentation says of every revision which version it came with. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "level.h"
#include "levels.h"

/* A member of struct level, and what it is from which version on: 601 is NDIS 6.1, 620 NDIS 6.20.
 */
struct growth {
    const char *what;
    size_t offset;
    struct step {
        int since;
        int value;
    } steps[8];
};

#define GROWTH(member, ...)                                                                        \
    {                                                                                              \
#member, offsetof(struct level, member),                                                   \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define REVISIONS_1(a)                                                                             \
    {                                                                                              \
        a, 1                                                                                       \
    }
#define REVISIONS_2(a, b)                                                                          \
    REVISIONS_1(a),                                                                                \
    {                                                                                              \
        b, 2                                                                                       \
    }
#define REVISIONS_3(a, b, c)                                                                       \
    REVISIONS_2(a, b),                                                                             \
    {                                                                                              \
        c, 3                                                                                       \
    }
#define REVISIONS_4(a, b, c, d)                                                                    \
    REVISIONS_3(a, b, c),                                                                          \
    {                                                                                              \
        d, 4                                                                                       \
    }

static const struct growth growths[] = {
    GROWTH(miniport_characteristics, REVISIONS_3(600, 601, 680)),
    GROWTH(filter_characteristics, REVISIONS_3(600, 601, 680)),
    GROWTH(protocol_characteristics, REVISIONS_2(600, 601)),
    GROWTH(registration_attributes, REVISIONS_2(600, 630)),
    GROWTH(general_attributes, REVISIONS_2(600, 620)),
    GROWTH(hardware_assist, REVISIONS_4(601, 620, 630, 650)),
    GROWTH(bind_parameters, REVISIONS_4(600, 601, 620, 630)),
    GROWTH(restart_attributes, REVISIONS_2(600, 620)),
    GROWTH(oid_request, REVISIONS_2(600, 650)),
    GROWTH(offload, REVISIONS_4(600, 601, 630, 650), {670, 5}, {683, 6}),
    GROWTH(offload_parameters, REVISIONS_3(600, 601, 630)),
    GROWTH(rss_capabilities, REVISIONS_3(600, 630, 660)),
    GROWTH(rss_parameters, REVISIONS_3(600, 620, 660)),
    GROWTH(pm_capabilities, REVISIONS_2(620, 630)),
    GROWTH(receive_filter, REVISIONS_2(620, 630)),
    GROWTH(net_buffer_list_bytes, {600, 240}, {601, 256}, {620, 288}, {630, 336}, {650, 352},
           {680, 368}),
    GROWTH(miniport_characteristics_bytes, {600, 136}, {601, 152}, {680, 160}),
    GROWTH(general_attributes_bytes, {600, 216}, {620, 224}),
    GROWTH(oid_request_bytes, {600, 240}, {650, 248}),
};

static int
documented(const struct growth *growth, int version)
{
    int value = 0;

    for (size_t i = 0; i < sizeof(growth->steps) / sizeof(growth->steps[0]); i++) {
        if (growth->steps[i].since != 0 && growth->steps[i].since <= version) {
            value = growth->steps[i].value;
        }
    }
    return value;
}

static void
a_version_macro_stands_for_its_numbers(void **state)
{
    const struct named_level *row = *state;

    assert_int_equal(row->level->major, row->major);
    assert_int_equal(row->level->minor, row->minor);
    assert_int_equal(row->level->minimum_major, row->major);
    assert_int_equal(row->level->minimum_minor, row->minor);
}

static void
a_version_shows_the_revisions_of_its_time(void **state)
{
    const struct named_level *row = *state;
    int version = row->major * 100 + row->minor;
    int wrong = 0;

    for (size_t i = 0; row->major >= 6 && i < sizeof(growths) / sizeof(growths[0]); i++) {
        int seen;
        memcpy(&seen, (const char *)row->level + growths[i].offset, sizeof(seen));
        if (seen != documented(&growths[i], version)) {
            print_error("%s: %s is %d, documented is %d\n", row->level->name, growths[i].what, seen,
                        documented(&growths[i], version));
            wrong++;
        }
    }

    assert_int_equal(wrong, 0);
}

int
main(void)
{
    struct CMUnitTest tests[2 * LEVEL_COUNT];

    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        tests[2 * i] = (struct CMUnitTest){
            .name = levels[i].level->name,
            .test_func = a_version_macro_stands_for_its_numbers,
            .initial_state = (void *)&levels[i],
        };
        tests[2 * i + 1] = tests[2 * i];
        tests[2 * i + 1].test_func = a_version_shows_the_revisions_of_its_time;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
