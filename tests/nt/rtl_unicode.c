/* UNICODE_STRINGs: "UNICODE_STRING structure" and the pages of the functions. */
#include "nt/nt_support.h"

static void
initialising_points_at_the_text(void **state)
{
    static WCHAR text[] = L"abc";
    UNICODE_STRING string;

    (void)state;
    RtlInitUnicodeString(&string, text);
    assert_ptr_equal(string.Buffer, text);
    assert_int_equal(string.Length, 6);
    assert_int_equal(string.MaximumLength, 8);
    RtlInitUnicodeString(&string, NULL);
    assert_null(string.Buffer);
    assert_int_equal(string.Length, 0);
    assert_int_equal(string.MaximumLength, 0);
}

static void
a_text_that_is_too_long_is_cut_or_refused(void **state)
{
    WCHAR *text = calloc(0x9000, sizeof(WCHAR));
    UNICODE_STRING string;

    (void)state;
    for (unsigned i = 0; i < 0x8fff; i++) {
        text[i] = L'x';
    }
    RtlInitUnicodeString(&string, text);
    assert_int_equal(string.Length, 0xfffc);
    assert_int_equal(string.MaximumLength, 0xfffe);
    assert_int_equal(RtlInitUnicodeStringEx(&string, text), STATUS_NAME_TOO_LONG);
    text[0x7ffe] = 0;
    assert_int_equal(RtlInitUnicodeStringEx(&string, text), STATUS_SUCCESS);
    assert_int_equal(string.Length, 0xfffc);
    free(text);
}

static void
copying_cuts_what_does_not_fit(void **state)
{
    UNICODE_STRING source = RTL_CONSTANT_STRING(L"abcdef");
    WCHAR room[8] = {0};
    UNICODE_STRING target = {.MaximumLength = 6, .Buffer = room};

    (void)state;
    room[3] = L'#';
    RtlCopyUnicodeString(&target, &source);
    assert_int_equal(target.Length, 6);
    assert_memory_equal(room, L"abc#", 8);
    target.MaximumLength = sizeof(room);
    RtlCopyUnicodeString(&target, &source);
    assert_int_equal(target.Length, 12);
    assert_int_equal(room[6], 0);
    RtlCopyUnicodeString(&target, NULL);
    assert_int_equal(target.Length, 0);
}

static void
appending_is_all_or_nothing(void **state)
{
    UNICODE_STRING more = RTL_CONSTANT_STRING(L"cd");
    WCHAR room[5] = L"ab";
    UNICODE_STRING target = {.Length = 4, .MaximumLength = sizeof(room), .Buffer = room};

    (void)state;
    assert_int_equal(RtlAppendUnicodeStringToString(&target, &more), STATUS_SUCCESS);
    assert_int_equal(target.Length, 8);
    assert_memory_equal(room, L"abcd", 10);
    assert_int_equal(RtlAppendUnicodeToString(&target, L"ef"), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(target.Length, 8);
    assert_int_equal(RtlAppendUnicodeToString(&target, L"e"), STATUS_SUCCESS);
    assert_int_equal(RtlAppendUnicodeToString(&target, NULL), STATUS_SUCCESS);
    assert_int_equal(target.Length, 10);
    assert_memory_equal(room, L"abcde", 10);
}

static void
strings_are_compared_with_and_without_case(void **state)
{
    UNICODE_STRING lower = RTL_CONSTANT_STRING(L"eth0");
    UNICODE_STRING upper = RTL_CONSTANT_STRING(L"ETH0");
    UNICODE_STRING longer = RTL_CONSTANT_STRING(L"eth01");

    (void)state;
    assert_true(RtlCompareUnicodeString(&lower, &upper, FALSE) > 0);
    assert_int_equal(RtlCompareUnicodeString(&lower, &upper, TRUE), 0);
    assert_true(RtlCompareUnicodeString(&lower, &longer, TRUE) < 0);
    assert_true(RtlCompareUnicodeStrings(longer.Buffer, 5, lower.Buffer, 4, FALSE) > 0);
    assert_true(RtlEqualUnicodeString(&lower, &upper, TRUE));
    assert_false(RtlEqualUnicodeString(&lower, &upper, FALSE));
    assert_false(RtlEqualUnicodeString(&lower, &longer, TRUE));
}

static void
prefixes_and_suffixes_are_found(void **state)
{
    UNICODE_STRING all = RTL_CONSTANT_STRING(L"\\Device\\Eth0");
    UNICODE_STRING prefix = RTL_CONSTANT_STRING(L"\\DEVICE\\");
    UNICODE_STRING suffix = RTL_CONSTANT_STRING(L"ETH0");
    UNICODE_STRING none = {0};

    (void)state;
    assert_true(RtlPrefixUnicodeString(&prefix, &all, TRUE));
    assert_false(RtlPrefixUnicodeString(&prefix, &all, FALSE));
    assert_false(RtlPrefixUnicodeString(&all, &prefix, TRUE));
    assert_true(RtlPrefixUnicodeString(&none, &all, FALSE));
    assert_true(RtlSuffixUnicodeString(&suffix, &all, TRUE));
    assert_false(RtlSuffixUnicodeString(&suffix, &all, FALSE));
    assert_false(RtlSuffixUnicodeString(&all, &suffix, TRUE));
}

static void
hashes_ignore_case_when_told_to(void **state)
{
    UNICODE_STRING lower = RTL_CONSTANT_STRING(L"ab");
    UNICODE_STRING upper = RTL_CONSTANT_STRING(L"AB");
    ULONG a, b;

    (void)state;
    assert_int_equal(RtlHashUnicodeString(&upper, FALSE, HASH_STRING_ALGORITHM_X65599, &a), 0);
    assert_int_equal(a, 'A' * 65599 + 'B');
    assert_int_equal(RtlHashUnicodeString(&lower, TRUE, HASH_STRING_ALGORITHM_DEFAULT, &b), 0);
    assert_int_equal(a, b);
    assert_int_equal(RtlHashUnicodeString(&lower, FALSE, HASH_STRING_ALGORITHM_DEFAULT, &b), 0);
    assert_int_not_equal(a, b);
    assert_int_equal(RtlHashUnicodeString(&lower, FALSE, 7, &b), STATUS_INVALID_PARAMETER);
    assert_int_equal(RtlHashUnicodeString(NULL, FALSE, 0, &b), STATUS_INVALID_PARAMETER);
}

static void
case_is_changed_in_place_or_in_fresh_memory(void **state)
{
    UNICODE_STRING source = RTL_CONSTANT_STRING(L"Eth0\x00e9");
    UNICODE_STRING result;
    WCHAR room[5];
    struct world w;

    (void)state;
    world_start(&w, 0);
    assert_int_equal(RtlUpcaseUnicodeString(&result, &source, TRUE), STATUS_SUCCESS);
    assert_int_equal(result.Length, 10);
    assert_memory_equal(result.Buffer, L"ETH0\x00c9", 10);
    RtlFreeUnicodeString(&result);
    assert_null(result.Buffer);
    result = (UNICODE_STRING){.MaximumLength = sizeof(room), .Buffer = room};
    assert_int_equal(RtlDowncaseUnicodeString(&result, &source, FALSE), STATUS_SUCCESS);
    assert_memory_equal(room, L"eth0\x00e9", 10);
    result.MaximumLength = 8;
    assert_int_equal(RtlDowncaseUnicodeString(&result, &source, FALSE), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(RtlUpcaseUnicodeChar(L'q'), L'Q');
    assert_int_equal(RtlDowncaseUnicodeChar(L'Q'), L'q');
    close_clean(&w);
}

static void
duplicates_are_the_drivers_to_free(void **state)
{
    UNICODE_STRING source = RTL_CONSTANT_STRING(L"abc");
    UNICODE_STRING empty = RTL_CONSTANT_STRING(L"");
    UNICODE_STRING copy;
    struct world w;

    (void)state;
    world_start(&w, 0);
    assert_int_equal(RtlDuplicateUnicodeString(0, &source, &copy), STATUS_SUCCESS);
    assert_int_equal(copy.MaximumLength, 6);
    assert_memory_equal(copy.Buffer, L"abc", 6);
    RtlFreeUnicodeString(&copy);
    assert_int_equal(
        RtlDuplicateUnicodeString(RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE, &source, &copy), 0);
    assert_int_equal(copy.MaximumLength, 8);
    assert_int_equal(copy.Buffer[3], 0);
    RtlFreeUnicodeString(&copy);
    assert_int_equal(RtlDuplicateUnicodeString(1, &empty, &copy), STATUS_SUCCESS);
    assert_null(copy.Buffer);
    assert_int_equal(
        RtlDuplicateUnicodeString(RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE |
                                      RTL_DUPLICATE_UNICODE_STRING_ALLOCATE_NULL_STRING,
                                  &empty, &copy),
        0);
    assert_non_null(copy.Buffer);
    RtlFreeUnicodeString(&copy);
    assert_true(RtlCreateUnicodeString(&copy, L"xyz"));
    assert_memory_equal(copy.Buffer, L"xyz", 8);
    RtlFreeUnicodeString(&copy);
    RtlFreeUnicodeString(&copy);
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initialising_points_at_the_text),
        cmocka_unit_test(a_text_that_is_too_long_is_cut_or_refused),
        cmocka_unit_test(copying_cuts_what_does_not_fit),
        cmocka_unit_test(appending_is_all_or_nothing),
        cmocka_unit_test(strings_are_compared_with_and_without_case),
        cmocka_unit_test(prefixes_and_suffixes_are_found),
        cmocka_unit_test(hashes_ignore_case_when_told_to),
        cmocka_unit_test(case_is_changed_in_place_or_in_fresh_memory),
        cmocka_unit_test(duplicates_are_the_drivers_to_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
