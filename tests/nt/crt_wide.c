/* Strings of 16-bit characters: the standard's functions and those that only Windows has. */
#include "nt/nt_support.h"

#include <errno.h>

#define assert_wide_equal(wide, expected) assert_int_equal(wcscmp(wide, expected), 0)

static void
lengths_are_counted_in_characters(void **state)
{
    (void)state;
    assert_int_equal(wcslen(L""), 0);
    assert_int_equal(wcslen(L"abc"), 3);
    assert_int_equal(wcsnlen(L"abc", 2), 2);
    assert_int_equal(wcsnlen(L"abc", 9), 3);
}

static void
comparison_is_by_unsigned_character(void **state)
{
    (void)state;
    assert_int_equal(wcscmp(L"abc", L"abc"), 0);
    assert_true(wcscmp(L"abc", L"abd") < 0);
    assert_true(wcscmp(L"\xffff", L"a") > 0);
    assert_true(wcscmp(L"ab", L"a") > 0);
    assert_int_equal(wcsncmp(L"abx", L"aby", 2), 0);
    assert_true(wcsncmp(L"abx", L"aby", 3) < 0);
    assert_int_equal(_wcsicmp(L"Eth\x00e9", L"eTH\x00e9"), 0);
    assert_true(_wcsicmp(L"a", L"B") < 0);
    assert_int_equal(_wcsnicmp(L"ABx", L"aby", 2), 0);
    assert_int_equal(wmemcmp(L"a\0b", L"a\0b", 3), 0);
    assert_true(wmemcmp(L"a\0b", L"a\0c", 3) < 0);
}

static void
characters_and_parts_are_found(void **state)
{
    static const wchar_t text[] = L"abcabc";

    (void)state;
    assert_ptr_equal(wcschr(text, L'b'), text + 1);
    assert_ptr_equal(wcschr(text, 0), text + 6);
    assert_null(wcschr(text, L'x'));
    assert_ptr_equal(wcsrchr(text, L'b'), text + 4);
    assert_ptr_equal(wcsrchr(text, 0), text + 6);
    assert_null(wcsrchr(text, L'x'));
    assert_ptr_equal(wcsstr(text, L"ca"), text + 2);
    assert_ptr_equal(wcsstr(text, L""), text);
    assert_null(wcsstr(text, L"cb"));
    assert_int_equal(wcsspn(text, L"ab"), 2);
    assert_int_equal(wcscspn(text, L"c"), 2);
    assert_ptr_equal(wcspbrk(text, L"xc"), text + 2);
    assert_null(wcspbrk(text, L"xy"));
    assert_ptr_equal(wmemchr(text, L'c', 6), text + 2);
    assert_null(wmemchr(text, L'c', 2));
}

static void
copying_and_appending_follow_the_standard(void **state)
{
    wchar_t room[8];

    (void)state;
    assert_wide_equal(wcscpy(room, L"ab"), L"ab");
    assert_wide_equal(wcscat(room, L"cd"), L"abcd");
    assert_wide_equal(wcsncat(room, L"efgh", 2), L"abcdef");
    wmemset(room, L'#', 8);
    wcsncpy(room, L"ab", 4);
    assert_memory_equal(room, L"ab\0\0#", 10);
    wmemcpy(room, L"xyz", 3);
    wmemmove(room + 1, room, 3);
    assert_memory_equal(room, L"xxyz", 8);
}

static void
the_checked_functions_know_the_size(void **state)
{
    wchar_t room[6];

    (void)state;
    assert_int_equal(wcscpy_s(room, 6, L"12345"), 0);
    assert_wide_equal(room, L"12345");
    assert_int_equal(wcscpy_s(room, 5, L"12345"), ERANGE);
    assert_wide_equal(room, L"");
    assert_int_equal(wcscpy_s(room, 6, NULL), EINVAL);
    assert_int_equal(wcsncpy_s(room, 4, L"12345", _TRUNCATE), 80);
    assert_wide_equal(room, L"123");
    assert_int_equal(wcscat_s(room, 6, L"ab"), 0);
    assert_wide_equal(room, L"123ab");
    assert_int_equal(wcscat_s(room, 6, L"c"), ERANGE);
    wcscpy_s(room, 6, L"1");
    assert_int_equal(wcsncat_s(room, 6, L"234567", 3), 0);
    assert_wide_equal(room, L"1234");
    assert_int_equal(wcsncat_s(room, 6, L"567", _TRUNCATE), 80);
    assert_wide_equal(room, L"12345");
}

static void
strings_are_changed_in_place(void **state)
{
    wchar_t text[] = L"Abc1";

    (void)state;
    assert_wide_equal(_wcsupr(text), L"ABC1");
    assert_wide_equal(_wcslwr(text), L"abc1");
    assert_wide_equal(_wcsrev(text), L"1cba");
    assert_wide_equal(_wcsnset(text, L'x', 2), L"xxba");
    assert_wide_equal(_wcsset(text, L'z'), L"zzzz");
}

static void
tokens_are_cut_out_one_by_one(void **state)
{
    wchar_t text[] = L",,a,bc;,d";
    wchar_t *context;

    (void)state;
    assert_wide_equal(wcstok_s(text, L",;", &context), L"a");
    assert_wide_equal(wcstok_s(NULL, L",;", &context), L"bc");
    assert_wide_equal(wcstok_s(NULL, L",;", &context), L"d");
    assert_null(wcstok_s(NULL, L",;", &context));
}

static void
numbers_are_read_and_written(void **state)
{
    static const wchar_t text[] = L" \t0x7fz";
    wchar_t room[40];
    wchar_t *end;

    (void)state;
    assert_int_equal(wcstol(text, &end, 0), 127);
    assert_ptr_equal(end, text + 6);
    assert_int_equal(wcstol(L"-017", NULL, 0), -15);
    assert_int_equal(wcstol(L"99999999999", NULL, 10), INT32_MAX);
    assert_int_equal(wcstol(L"-99999999999", NULL, 10), INT32_MIN);
    assert_true(wcstoul(L"4294967295", NULL, 10) == 4294967295u);
    assert_true(wcstoul(L"99999999999", NULL, 10) == 4294967295u);
    assert_true(wcstoul(L"-1", NULL, 10) == 4294967295u);
    assert_int_equal(wcstol(L"zz", NULL, 36), 35 * 36 + 35);
    assert_int_equal(_wtoi(L" -12x"), -12);
    assert_int_equal(_wtoi64(L"9223372036854775807"), INT64_MAX);
    assert_wide_equal(_itow(-42, room, 10), L"-42");
    assert_wide_equal(_itow(255, room, 2), L"11111111");
    assert_int_equal(_itow_s(-42, room, 3, 10), ERANGE);
    assert_int_equal(_itow_s(-42, room, 4, 10), 0);
    assert_wide_equal(room, L"-42");
    assert_int_equal(_itow_s(1, room, 4, 99), EINVAL);
}

static void
characters_are_classified(void **state)
{
    (void)state;
    assert_true(iswdigit(L'7') && !iswdigit(L'a') && !iswdigit(0x0660));
    assert_true(iswxdigit(L'f') && iswxdigit(L'F') && !iswxdigit(L'g'));
    assert_true(iswspace(L' ') && iswspace(L'\t') && !iswspace(L'x'));
    assert_true(iswalpha(L'q') && iswalpha(L'Q') && !iswalpha(L'1'));
    assert_int_equal(towupper(L'q'), L'Q');
    assert_int_equal(towlower(L'Q'), L'q');
    assert_int_equal(towlower(L'1'), L'1');
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_counted_in_characters),
        cmocka_unit_test(comparison_is_by_unsigned_character),
        cmocka_unit_test(characters_and_parts_are_found),
        cmocka_unit_test(copying_and_appending_follow_the_standard),
        cmocka_unit_test(the_checked_functions_know_the_size),
        cmocka_unit_test(strings_are_changed_in_place),
        cmocka_unit_test(tokens_are_cut_out_one_by_one),
        cmocka_unit_test(numbers_are_read_and_written),
        cmocka_unit_test(characters_are_classified),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
