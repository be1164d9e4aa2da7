/* Which device tap_bridge gives a driver: the one that its INF file names. */
#include "../../examples/tap_bridge/hardware.h"

#include <pndis/virtio_net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define OLD "PCI\\VEN_1AF4&DEV_1000"
#define NEW "PCI\\VEN_1AF4&DEV_1041"

static enum hardware
hardware_of_text(const char *text, size_t bytes)
{
    char path[] = "/tmp/pndis-inf-XXXXXX";
    int file = mkstemp(path);
    enum hardware hardware;

    assert_true(file >= 0);
    assert_int_equal(write(file, text, bytes), (ssize_t)bytes);
    close(file);
    hardware = hardware_of_inf(path);
    unlink(path);
    return hardware;
}

static void
an_inf_file_says_which_device_its_driver_is_for(void **state)
{
    static const struct {
        const char *text;
        enum hardware hardware;
    } cases[] = {
        {"[Models]\nx = y, " OLD "\n", HARDWARE_TRANSITIONAL},
        {"[Models]\nx = y, " OLD "&SUBSYS_00011AF4&REV_00", HARDWARE_TRANSITIONAL},
        {"[Models]\nx = y, pci\\ven_1af4&dev_1000\n", HARDWARE_TRANSITIONAL},
        {"[Models]\nx = y, " NEW "\n", HARDWARE_MODERN},
        {"[Models]\nx = y, " OLD "\nx = y, " NEW "\n", HARDWARE_MODERN},
        {"[Models]\n; x = y, " OLD "\n", HARDWARE_MODERN},
        {"[Models]\nx = y, " OLD " ; and not " NEW "\n", HARDWARE_TRANSITIONAL},
        {"[Models]\nx = y, PCI\\VEN_8086&DEV_1000\n", HARDWARE_MODERN},
        {"", HARDWARE_MODERN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(hardware_of_text(cases[i].text, strlen(cases[i].text)), cases[i].hardware);
    }
}

static void
an_inf_file_may_be_utf_16(void **state)
{
    static const char text[] = "x = y, " OLD "\r\n";
    char wide[2 + 2 * sizeof(text)] = {'\xff', '\xfe'};

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        wide[2 + 2 * i] = text[i];
    }
    assert_int_equal(hardware_of_text(wide, 2 * sizeof(text)), HARDWARE_TRANSITIONAL);
}

static void
without_an_inf_file_the_device_is_modern(void **state)
{
    (void)state;
    assert_int_equal(hardware_of_inf("/nonesuch.inf"), HARDWARE_MODERN);
}

static void
our_own_drivers_get_theirs(void **state)
{
    (void)state;
    assert_int_equal(hardware_of_inf(TEST_DRIVERS "/virtio_net/virtio_net.inf"), HARDWARE_MODERN);
    assert_int_equal(hardware_of_inf(TEST_DRIVERS "/virtio_net51/virtio_net51.inf"),
                     HARDWARE_TRANSITIONAL);
}

static void
each_kind_of_device_has_a_word_and_its_flags(void **state)
{
    static const struct {
        const char *word;
        unsigned flags;
    } cases[] = {
        {"modern", 0}, {"transitional", PNDIS_NIC_TRANSITIONAL}, {"legacy", PNDIS_NIC_LEGACY}};
    enum hardware hardware = HARDWARE_MODERN;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(hardware_of_word(cases[i].word, &hardware));
        assert_int_equal(hardware_flags(hardware), cases[i].flags);
    }
    assert_true(hardware_of_word("inf", &hardware));
    assert_int_equal(hardware, HARDWARE_BY_INF);
    assert_false(hardware_of_word("nonesuch", &hardware));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inf_file_says_which_device_its_driver_is_for),
        cmocka_unit_test(an_inf_file_may_be_utf_16),
        cmocka_unit_test(without_an_inf_file_the_device_is_modern),
        cmocka_unit_test(our_own_drivers_get_theirs),
        cmocka_unit_test(each_kind_of_device_has_a_word_and_its_flags),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
