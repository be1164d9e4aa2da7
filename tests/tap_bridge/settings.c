/* The command line of tap_bridge: which driver and which device each TAP gets. */
#include "../../examples/tap_bridge/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { WORD_LIMIT = 16 };

static enum outcome
read_words(struct settings *settings, const char *const *words)
{
    char *arguments[WORD_LIMIT] = {(char *)"tap_bridge"};
    int count = 1;

    for (; words[count - 1] != NULL; count++) {
        arguments[count] = (char *)words[count - 1];
    }
    return settings_read(settings, count, arguments);
}

static void
assert_port(const struct port_settings *port, const char *driver, enum hardware nic)
{
    assert_string_equal(port->driver, driver);
    assert_int_equal(port->nic, nic);
}

static void
a_driver_is_that_of_the_taps_that_follow(void **state)
{
    static const char *const words[] = {"a",        "--driver", "old.so", "b",
                                        "--driver", "new.so",   "c",      NULL};
    struct settings settings;

    (void)state;
    assert_int_equal(read_words(&settings, words), OUTCOME_RUN);
    assert_int_equal(settings.port_count, 3);
    assert_port(&settings.ports[0], "virtio_net", HARDWARE_BY_INF);
    assert_port(&settings.ports[1], "old.so", HARDWARE_BY_INF);
    assert_port(&settings.ports[2], "new.so", HARDWARE_BY_INF);
}

/* Its file may be called anything. */
static void
a_device_is_that_of_the_driver_before_it(void **state)
{
    static const char *const words[] = {"--driver", "old.so",   "--nic", "legacy", "a",
                                        "--driver", "other.so", "b",     NULL};
    struct settings settings;

    (void)state;
    assert_int_equal(read_words(&settings, words), OUTCOME_RUN);
    assert_port(&settings.ports[0], "old.so", HARDWARE_LEGACY);
    assert_port(&settings.ports[1], "other.so", HARDWARE_BY_INF);
}

static void
a_device_may_be_asked_for_without_a_driver(void **state)
{
    static const char *const words[] = {"--nic", "transitional", "a", "b", NULL};
    struct settings settings;

    (void)state;
    assert_int_equal(read_words(&settings, words), OUTCOME_RUN);
    assert_port(&settings.ports[1], "virtio_net", HARDWARE_TRANSITIONAL);
}

static void
the_sides_of_the_demo_have_the_first_and_the_last_driver(void **state)
{
    static const struct {
        const char *words[WORD_LIMIT];
        struct port_settings sides[DEMO_SIDES];
    } cases[] = {
        {{"--demo"}, {{.driver = "virtio_net"}, {.driver = "virtio_net"}}},
        {{"--demo", "--driver", "x"}, {{.driver = "x"}, {.driver = "x"}}},
        {{"--demo", "--driver", "x", "--nic", "legacy", "--driver", "y"},
         {{.driver = "x", .nic = HARDWARE_LEGACY}, {.driver = "y"}}},
        {{"--demo", "--driver", "x", "--driver", "y", "--nic", "transitional"},
         {{.driver = "x"}, {.driver = "y", .nic = HARDWARE_TRANSITIONAL}}},
    };
    struct settings settings;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(read_words(&settings, cases[i].words), OUTCOME_RUN);
        for (unsigned side = 0; side < DEMO_SIDES; side++) {
            assert_port(&settings.sides[side], cases[i].sides[side].driver,
                        cases[i].sides[side].nic);
        }
    }
}

static void
a_device_that_does_not_exist_is_a_usage_error(void **state)
{
    static const char *const words[] = {"--nic", "nonesuch", "a", "b", NULL};
    struct settings settings;

    (void)state;
    assert_int_equal(read_words(&settings, words), OUTCOME_USAGE);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_driver_is_that_of_the_taps_that_follow),
        cmocka_unit_test(a_device_is_that_of_the_driver_before_it),
        cmocka_unit_test(a_device_may_be_asked_for_without_a_driver),
        cmocka_unit_test(the_sides_of_the_demo_have_the_first_and_the_last_driver),
        cmocka_unit_test(a_device_that_does_not_exist_is_a_usage_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
