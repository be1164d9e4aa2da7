/* The printf dialect of Windows: "Format specification syntax: printf and wprintf functions". */
#include "nt/nt_support.h"

#include "nt/format.h"

struct text {
    CHAR narrow[600];
    WCHAR wide[600];
    size_t narrow_length;
    size_t wide_length;
};

/* The same arguments for both, each with its own format. */
static void
format_both(struct text *out, const CHAR *narrow, const WCHAR *wide, ...)
{
    va_list arguments;

    memset(out, 0, sizeof(*out));
    va_start(arguments, wide);
    out->narrow_length = pndis__format(out->narrow, 599, narrow, arguments);
    va_end(arguments);
    va_start(arguments, wide);
    out->wide_length = pndis__format_wide(out->wide, 599, wide, arguments);
    va_end(arguments);
}

static bool
wide_is(const WCHAR *wide, const CHAR *expected)
{
    size_t i = 0;

    for (; expected[i] != 0; i++) {
        if (wide[i] != (WCHAR)expected[i]) {
            return false;
        }
    }
    return wide[i] == 0;
}

/* @format gives @expected, in narrow and in wide text. */
#define check(expected, format, ...)                                                               \
    do {                                                                                           \
        struct text text_;                                                                         \
                                                                                                   \
        format_both(&text_, format, L"" format, ##__VA_ARGS__);                                    \
        if (strcmp(text_.narrow, expected) != 0 || !wide_is(text_.wide, expected) ||               \
            text_.narrow_length != strlen(expected) || text_.wide_length != strlen(expected)) {    \
            fail_msg("\"%s\" gave \"%s\", not \"%s\"", format, text_.narrow, expected);            \
        }                                                                                          \
    } while (0)

static void
plain_text_and_percent_signs_are_copied(void **state)
{
    (void)state;
    check("", "");
    check("plain", "plain");
    check("100%", "100%%");
    check("y", "%y");
    check("a", "a%");
}

static void
integers_are_formatted_in_every_base(void **state)
{
    (void)state;
    check("0", "%d", 0);
    check("-2147483648", "%d", INT32_MIN);
    check("-1 4294967295", "%i %u", -1, -1);
    check("37777777777", "%o", -1);
    check("deadbeef DEADBEEF", "%x %X", 0xdeadbeef, 0xdeadbeef);
    check("0xff 0XFF 0377", "%#x %#X %#o", 255, 255, 255);
    check("0 0 0", "%#x %#X %#o", 0, 0, 0);
}

static void
flags_width_and_precision_shape_integers(void **state)
{
    (void)state;
    check("   42|42   |00042", "%5d|%-5d|%05d", 42, 42, 42);
    check("+42| 42|-0042", "%+d|% d|%05d", 42, 42, -42);
    check("  042|042  ", "%5.3d|%-5.3d", 42, 42);
    check("  042", "%05.3d", 42);
    check("", "%.0d", 0);
    check("0x00002a|  0x2a", "%#08x|%#6x", 42, 42);
    check("   42|42   ", "%*d|%*d", 5, 42, -5, 42);
    check("007|7", "%.*d|%.*d", 3, 7, -3, 7);
}

static void
lengths_are_those_of_windows(void **state)
{
    (void)state;
    /* A long has 32 bits: the rest of the argument means nothing. */
    check("-1 4294967295 ffffffff", "%ld %lu %lx", -1LL, 0x7ffffffffLL, 0x7ffffffffLL);
    check("-1 18446744073709551615", "%lld %llu", -1LL, -1LL);
    check("9223372036854775807 ffffffffffffffff", "%I64d %I64x", INT64_MAX, -1LL);
    check("-5 5", "%I32d %I32u", -5, 5);
    check("18446744073709551615 -1", "%Iu %Id", -1LL, -1LL);
    check("18446744073709551615 -1", "%zu %td", -1LL, -1LL);
    check("-1 65535 ffff", "%hd %hu %hx", -1, -1, -1);
    check("-1 255", "%hhd %hhu", -1, -1);
}

static void
pointers_have_sixteen_capital_digits(void **state)
{
    (void)state;
    check("00000000DEADBEEF", "%p", (void *)0xdeadbeef);
    check("0000000000000000", "%p", NULL);
    check("    00000000000000FF", "%20p", (void *)0xff);
    check("00000000000000FF", "%08p", (void *)0xff);
}

static void
strings_are_as_wide_as_the_format_unless_told_otherwise(void **state)
{
    struct text text;

    (void)state;
    format_both(&text, "%s %S", L"%S %s", "narrow", L"wide");
    assert_string_equal(text.narrow, "narrow wide");
    assert_true(wide_is(text.wide, "narrow wide"));
    check("narrow wide wide", "%hs %ls %ws", "narrow", L"wide", L"wide");
    check("narrow wide", "%hS %lS", "narrow", L"wide");
    check("n w", "%hc %lc", 'n', L'w');
    format_both(&text, "%c %C", L"%C %c", 'n', L'w');
    assert_string_equal(text.narrow, "n w");
    assert_true(wide_is(text.wide, "n w"));
}

static void
strings_are_padded_and_cut(void **state)
{
    static const CHAR unterminated[3] = {'a', 'b', 'c'};

    (void)state;
    check("   ab|ab   |a", "%5hs|%-5hs|%.1hs", "ab", "ab", "ab");
    check("abc", "%.3hs", unterminated);
    check("   ab", "%*.*hs", 5, 2, "abcdef");
    check("(null) (null)", "%hs %ws", NULL, NULL);
    check("(nu", "%.3hs", NULL);
    check("  x|x  ", "%3hc|%-3hc", 'x', 'x');
}

static void
counted_strings_need_no_terminator(void **state)
{
    static CHAR narrow[3] = {'a', 'b', 'c'};
    static WCHAR wide[3] = {'x', 'y', 'z'};
    ANSI_STRING ansi = {.Length = 3, .MaximumLength = 3, .Buffer = narrow};
    UNICODE_STRING unicode = {.Length = 6, .MaximumLength = 6, .Buffer = wide};
    UNICODE_STRING none = {0};

    (void)state;
    check("abc abc xyz", "%Z %hZ %wZ", &ansi, &ansi, &unicode);
    check("xyz", "%lZ", &unicode);
    check("(null) (null) (null)", "%Z %wZ %wZ", NULL, NULL, &none);
    check("    xyz|xy", "%7wZ|%.2wZ", &unicode, &unicode);
}

static void
characters_pass_through_the_code_page(void **state)
{
    struct text text;

    (void)state;
    /* The euro sign is 0x80 in code page 1252; an ideograph is not in it. */
    format_both(&text, "%ws", L"%ws", L"\x20ac\x4e00");
    assert_string_equal(text.narrow, "\x80?");
    assert_int_equal(text.wide[0], 0x20ac);
    assert_int_equal(text.wide[1], 0x4e00);
    format_both(&text, "%hs", L"%hs", "\x80");
    assert_int_equal((UCHAR)text.narrow[0], 0x80);
    assert_int_equal(text.wide[0], 0x20ac);
}

static void
floating_point_is_formatted(void **state)
{
    (void)state;
    check("1.500000 2.50 3e+00", "%f %.2f %.0e", 1.5, 2.5, 3.0);
    check("    1.5|1.5    |+1.5", "%7.1f|%-7.1f|%+.1f", 1.5, 1.5, 1.5);
    check("0.001 1E+10", "%g %G", 0.001, 1e10);
}

static void
capital_conversions_write_capital_exponents(void **state)
{
    (void)state;
    check("1.0E+00 INF", "%.1E %F", 1.0, __builtin_inf());
}

static void
nothing_is_written_through_an_argument(void **state)
{
    int untouched = 17;

    (void)state;
    check("ab", "a%nb", &untouched);
    assert_int_equal(untouched, 17);
}

static void
the_length_counts_what_did_not_fit(void **state)
{
    CHAR buffer[4] = {'x', 'x', 'x', 'x'};

    (void)state;
    assert_int_equal(_snprintf(NULL, 0, "%d", 12345), 5);
    assert_int_equal(_snprintf(buffer, 2, "%s", "abc"), -1);
    assert_memory_equal(buffer, "abxx", 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_and_percent_signs_are_copied),
        cmocka_unit_test(integers_are_formatted_in_every_base),
        cmocka_unit_test(flags_width_and_precision_shape_integers),
        cmocka_unit_test(lengths_are_those_of_windows),
        cmocka_unit_test(pointers_have_sixteen_capital_digits),
        cmocka_unit_test(strings_are_as_wide_as_the_format_unless_told_otherwise),
        cmocka_unit_test(strings_are_padded_and_cut),
        cmocka_unit_test(counted_strings_need_no_terminator),
        cmocka_unit_test(characters_pass_through_the_code_page),
        cmocka_unit_test(floating_point_is_formatted),
        cmocka_unit_test(capital_conversions_write_capital_exponents),
        cmocka_unit_test(nothing_is_written_through_an_argument),
        cmocka_unit_test(the_length_counts_what_did_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
