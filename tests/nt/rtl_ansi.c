/* STRINGs of the ANSI code page: "ANSI_STRING structure" and the pages of the functions. */
#include "nt/nt_support.h"

static void
initialising_points_at_the_text(void **state)
{
    static char text[] = "abc";
    ANSI_STRING string;
    UTF8_STRING utf8;

    (void)state;
    RtlInitAnsiString(&string, text);
    assert_ptr_equal(string.Buffer, text);
    assert_int_equal(string.Length, 3);
    assert_int_equal(string.MaximumLength, 4);
    RtlInitString(&string, NULL);
    assert_null(string.Buffer);
    assert_int_equal(string.MaximumLength, 0);
    RtlInitUTF8String(&utf8, "\xc3\xa9");
    assert_int_equal(utf8.Length, 2);
}

static void
copying_cuts_and_appending_refuses(void **state)
{
    STRING source = RTL_CONSTANT_STRING("abcd");
    CHAR room[6] = "#####";
    STRING target = {.MaximumLength = 3, .Buffer = room};

    (void)state;
    RtlCopyString(&target, &source);
    assert_int_equal(target.Length, 3);
    assert_memory_equal(room, "abc#", 4);
    assert_int_equal(RtlAppendStringToString(&target, &source), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(target.Length, 3);
    target.MaximumLength = 5;
    source.Length = 2;
    assert_int_equal(RtlAppendStringToString(&target, &source), STATUS_SUCCESS);
    assert_int_equal(target.Length, 5);
    assert_memory_equal(room, "abcab", 5);
    RtlCopyString(&target, NULL);
    assert_int_equal(target.Length, 0);
}

static void
characters_are_capitalised_within_the_code_page(void **state)
{
    STRING source = RTL_CONSTANT_STRING("a\xe9z");
    CHAR room[3];
    STRING target = {.MaximumLength = 3, .Buffer = room};

    (void)state;
    RtlUpperString(&target, &source);
    assert_memory_equal(room, "A\xc9Z", 3);
    assert_int_equal((UCHAR)RtlUpperChar('\xff'), 0x9f);
    /* The capital of the micro sign is Greek, so it has none here. */
    assert_int_equal((UCHAR)RtlUpperChar('\xb5'), 0xb5);
}

static void
strings_are_compared_with_and_without_case(void **state)
{
    STRING lower = RTL_CONSTANT_STRING("eth0");
    STRING upper = RTL_CONSTANT_STRING("ETH0");
    STRING longer = RTL_CONSTANT_STRING("Eth0x");

    (void)state;
    assert_true(RtlCompareString(&lower, &upper, FALSE) > 0);
    assert_int_equal(RtlCompareString(&lower, &upper, TRUE), 0);
    assert_true(RtlCompareString(&lower, &longer, TRUE) < 0);
    assert_true(RtlEqualString(&lower, &upper, TRUE));
    assert_false(RtlEqualString(&lower, &upper, FALSE));
    assert_true(RtlPrefixString(&lower, &longer, TRUE));
    assert_false(RtlPrefixString(&lower, &longer, FALSE));
    assert_false(RtlPrefixString(&longer, &lower, TRUE));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initialising_points_at_the_text),
        cmocka_unit_test(copying_cuts_and_appending_refuses),
        cmocka_unit_test(characters_are_capitalised_within_the_code_page),
        cmocka_unit_test(strings_are_compared_with_and_without_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
