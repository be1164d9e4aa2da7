/* printf functions that differ in what they do when the text does not fit. */
#include "nt/nt_support.h"

enum { SIZE = 8 };

/* Every function in this file is tried with the texts of no, few, exactly as many and too many
 * characters, into a buffer full of '#'. */
struct tried {
    CHAR narrow[SIZE + 1];
    WCHAR wide[SIZE + 1];
};

static void
prepare(struct tried *tried)
{
    memset(tried->narrow, '#', SIZE);
    tried->narrow[SIZE] = 0;
    for (unsigned i = 0; i < SIZE; i++) {
        tried->wide[i] = L'#';
    }
    tried->wide[SIZE] = 0;
}

/* The wide buffer holds the same as the narrow one, zeros included. */
static void
check(const struct tried *tried, const CHAR *expected, size_t bytes)
{
    assert_memory_equal(tried->narrow, expected, bytes);
    for (size_t i = 0; i < bytes; i++) {
        assert_int_equal(tried->wide[i], (WCHAR)expected[i]);
    }
}

static void
snprintf_terminates_only_when_there_is_room(void **state)
{
    struct tried t;

    (void)state;
    prepare(&t);
    assert_int_equal(_snprintf(t.narrow, 4, "%s", "ab"), 2);
    assert_int_equal(_snwprintf(t.wide, 4, L"%s", L"ab"), 2);
    check(&t, "ab\0#", 4);
    prepare(&t);
    assert_int_equal(_snprintf(t.narrow, 4, "%s", "abcd"), 4);
    assert_int_equal(_snwprintf(t.wide, 4, L"%s", L"abcd"), 4);
    check(&t, "abcd#", 5);
    prepare(&t);
    assert_int_equal(_snprintf(t.narrow, 4, "%s", "abcde"), -1);
    assert_int_equal(_snwprintf(t.wide, 4, L"%s", L"abcde"), -1);
    check(&t, "abcd#", 5);
}

static void
sprintf_s_gives_all_or_an_empty_text(void **state)
{
    struct tried t;

    (void)state;
    prepare(&t);
    assert_int_equal(sprintf_s(t.narrow, 4, "%d", 123), 3);
    assert_int_equal(swprintf_s(t.wide, 4, L"%d", 123), 3);
    check(&t, "123\0#", 5);
    prepare(&t);
    assert_int_equal(sprintf_s(t.narrow, 4, "%d", 1234), -1);
    assert_int_equal(swprintf_s(t.wide, 4, L"%d", 1234), -1);
    assert_int_equal(t.narrow[0], 0);
    assert_int_equal(t.wide[0], 0);
    assert_int_equal(t.narrow[4], '#');
    assert_int_equal(t.wide[4], L'#');
    assert_int_equal(sprintf_s(NULL, 4, "x"), -1);
    assert_int_equal(swprintf_s(t.wide, 0, L"x"), -1);
}

static void
snprintf_s_truncates_when_asked_to(void **state)
{
    struct tried t;

    (void)state;
    prepare(&t);
    assert_int_equal(_snprintf_s(t.narrow, SIZE, 3, "%s", "abc"), 3);
    assert_int_equal(_snwprintf_s(t.wide, SIZE, 3, L"%s", L"abc"), 3);
    check(&t, "abc", 4);
    prepare(&t);
    assert_int_equal(_snprintf_s(t.narrow, SIZE, 3, "%s", "abcdef"), -1);
    assert_int_equal(_snwprintf_s(t.wide, SIZE, 3, L"%s", L"abcdef"), -1);
    check(&t, "abc", 4);
    prepare(&t);
    assert_int_equal(_snprintf_s(t.narrow, 4, _TRUNCATE, "%s", "abcdef"), -1);
    assert_int_equal(_snwprintf_s(t.wide, 4, _TRUNCATE, L"%s", L"abcdef"), -1);
    check(&t, "abc\0#", 5);
    prepare(&t);
    assert_int_equal(_snprintf_s(t.narrow, 4, 6, "%s", "abcdef"), -1);
    assert_int_equal(t.narrow[0], 0);
}

static void
sprintf_and_swprintf_terminate(void **state)
{
    struct tried t;

    (void)state;
    prepare(&t);
    assert_int_equal(sprintf(t.narrow, "%s", "abc"), 3);
    assert_int_equal(swprintf(t.wide, SIZE, L"%s", L"abc"), 3);
    check(&t, "abc\0#", 5);
    prepare(&t);
    assert_int_equal(swprintf(t.wide, 3, L"%s", L"abc"), -1);
    assert_int_equal(t.wide[2], 0);
    assert_int_equal(t.wide[3], L'#');
}

static int
length_of(const CHAR *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = _vscprintf(format, arguments);
    va_end(arguments);
    return length;
}

static int
wide_length_of(const WCHAR *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = _vscwprintf(format, arguments);
    va_end(arguments);
    return length;
}

static void
scprintf_only_counts(void **state)
{
    (void)state;
    assert_int_equal(length_of("%5d and %s", 3, "four"), 14);
    assert_int_equal(wide_length_of(L"%5d and %s", 3, L"four"), 14);
    assert_int_equal(length_of(""), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snprintf_terminates_only_when_there_is_room),
        cmocka_unit_test(sprintf_s_gives_all_or_an_empty_text),
        cmocka_unit_test(snprintf_s_truncates_when_asked_to),
        cmocka_unit_test(sprintf_and_swprintf_terminate),
        cmocka_unit_test(scprintf_only_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
