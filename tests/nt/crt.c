/* The C runtime's functions that only Windows has, narrow ("strncpy_s", "_stricmp" ...). */
#include "nt/nt_support.h"

#include <errno.h>

static void
comparison_ignores_case(void **state)
{
    (void)state;
    assert_int_equal(_stricmp("Eth0", "eTH0"), 0);
    assert_true(_stricmp("a", "B") < 0);
    assert_true(_stricmp("ab", "A") > 0);
    /* As lower case, an underscore comes before the letters. */
    assert_true(_stricmp("_", "A") < 0);
    assert_int_equal(_strnicmp("ETHx", "ethy", 3), 0);
    assert_true(_strnicmp("ETHx", "ethy", 4) < 0);
    assert_int_equal(_strnicmp("a", "b", 0), 0);
    assert_int_equal(_memicmp("A\0b", "a\0B", 3), 0);
    assert_true(_memicmp("A\0b", "a\0c", 3) < 0);
}

static void
strings_are_changed_in_place(void **state)
{
    char text[] = "Abc1";

    (void)state;
    assert_string_equal(_strupr(text), "ABC1");
    assert_string_equal(_strlwr(text), "abc1");
    assert_string_equal(_strrev(text), "1cba");
    assert_string_equal(_strnset(text, 'x', 2), "xxba");
    assert_string_equal(_strnset(text, 'y', 9), "yyyy");
    assert_string_equal(_strset(text, 'z'), "zzzz");
}

static void
copies_are_checked_against_the_size(void **state)
{
    char room[6] = "#####";

    (void)state;
    assert_int_equal(strcpy_s(room, 6, "12345"), 0);
    assert_string_equal(room, "12345");
    assert_int_equal(strcpy_s(room, 5, "12345"), ERANGE);
    assert_string_equal(room, "");
    assert_int_equal(strcpy_s(room, 6, NULL), EINVAL);
    assert_int_equal(strcpy_s(NULL, 6, "x"), EINVAL);
    assert_int_equal(strcpy_s(room, 0, "x"), EINVAL);
    assert_int_equal(strncpy_s(room, 6, "12345", 3), 0);
    assert_string_equal(room, "123");
    assert_int_equal(strncpy_s(room, 4, "12345", _TRUNCATE), 80);
    assert_string_equal(room, "123");
    assert_int_equal(strncpy_s(room, 3, "12345", 3), ERANGE);
    assert_int_equal(strncpy_s(NULL, 0, NULL, 0), 0);
}

static void
appending_is_checked_against_the_size(void **state)
{
    char room[6] = "ab";

    (void)state;
    assert_int_equal(strcat_s(room, 6, "cde"), 0);
    assert_string_equal(room, "abcde");
    assert_int_equal(strcat_s(room, 6, "f"), ERANGE);
    assert_string_equal(room, "");
    strcpy_s(room, 6, "ab");
    assert_int_equal(strncat_s(room, 6, "cdefgh", 2), 0);
    assert_string_equal(room, "abcd");
    assert_int_equal(strncat_s(room, 6, "efgh", _TRUNCATE), 80);
    assert_string_equal(room, "abcde");
    memset(room, 'x', 6);
    assert_int_equal(strcat_s(room, 6, "y"), EINVAL);
    assert_string_equal(room, "");
}

static void
memory_is_copied_whole_or_cleared(void **state)
{
    char room[4] = "abc";

    (void)state;
    assert_int_equal(memcpy_s(room, 4, "xyz", 4), 0);
    assert_string_equal(room, "xyz");
    assert_int_equal(memcpy_s(room, 4, "12345", 5), ERANGE);
    assert_memory_equal(room, "\0\0\0\0", 4);
    assert_int_equal(memcpy_s(room, 4, NULL, 1), EINVAL);
    assert_int_equal(memcpy_s(NULL, 4, "x", 1), EINVAL);
    assert_int_equal(memcpy_s(NULL, 0, NULL, 0), 0);
    memcpy(room, "abc", 4);
    assert_int_equal(memmove_s(room + 1, 3, room, 3), 0);
    assert_memory_equal(room, "aabc", 4);
    assert_int_equal(memmove_s(room, 4, "12345", 5), ERANGE);
    assert_memory_equal(room, "aabc", 4);
    assert_int_equal(memmove_s(room, 4, NULL, 1), EINVAL);
}

static void
tokens_are_cut_out_one_by_one(void **state)
{
    char text[] = ",,a,bc;,d";
    char *context;

    (void)state;
    assert_string_equal(strtok_s(text, ",;", &context), "a");
    assert_string_equal(strtok_s(NULL, ",;", &context), "bc");
    assert_string_equal(strtok_s(NULL, ",;", &context), "d");
    assert_null(strtok_s(NULL, ",;", &context));
    assert_null(strtok_s(NULL, ",;", &context));
}

static void
numbers_become_text_and_back(void **state)
{
    char room[40];

    (void)state;
    assert_string_equal(_itoa(-42, room, 10), "-42");
    assert_string_equal(_itoa(INT32_MIN, room, 10), "-2147483648");
    assert_string_equal(_itoa(-1, room, 16), "ffffffff");
    assert_string_equal(_itoa(35, room, 36), "z");
    assert_string_equal(_ultoa(4294967295u, room, 10), "4294967295");
    assert_int_equal(_itoa_s(-5, room, 3, 10), 0);
    assert_string_equal(room, "-5");
    assert_int_equal(_itoa_s(-55, room, 3, 10), ERANGE);
    assert_string_equal(room, "");
    assert_int_equal(_itoa_s(5, room, 3, 1), EINVAL);
    assert_int_equal(_itoa_s(5, NULL, 3, 10), EINVAL);
    assert_int_equal(_atoi64(" \t-9223372036854775807x"), -INT64_MAX);
    assert_int_equal(_atoi64("+12"), 12);
    assert_int_equal(_atoi64("x"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparison_ignores_case),
        cmocka_unit_test(strings_are_changed_in_place),
        cmocka_unit_test(copies_are_checked_against_the_size),
        cmocka_unit_test(appending_is_checked_against_the_size),
        cmocka_unit_test(memory_is_copied_whole_or_cleared),
        cmocka_unit_test(tokens_are_cut_out_one_by_one),
        cmocka_unit_test(numbers_become_text_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
