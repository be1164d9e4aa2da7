/* Between UNICODE_STRINGs, the code page and UTF-8. */
#include "nt/nt_support.h"

static void
unicode_becomes_ansi_and_back(void **state)
{
    UNICODE_STRING source = RTL_CONSTANT_STRING(L"a\x20ac\x4e00");
    UNICODE_STRING back;
    ANSI_STRING ansi;
    struct world w;

    (void)state;
    world_start(&w, 0);
    assert_int_equal(RtlUnicodeStringToAnsiSize(&source), 4);
    assert_int_equal(RtlUnicodeStringToAnsiString(&ansi, &source, TRUE), STATUS_SUCCESS);
    assert_int_equal(ansi.Length, 3);
    assert_string_equal(ansi.Buffer, "a\x80?");
    assert_int_equal(RtlAnsiStringToUnicodeSize(&ansi), 8);
    assert_int_equal(RtlAnsiStringToUnicodeString(&back, &ansi, TRUE), STATUS_SUCCESS);
    assert_int_equal(back.Length, 6);
    assert_memory_equal(back.Buffer, L"a\x20ac?", 8);
    RtlFreeUnicodeString(&back);
    RtlFreeAnsiString(&ansi);
    assert_null(ansi.Buffer);
    close_clean(&w);
}

static void
a_conversion_needs_room_for_the_terminator(void **state)
{
    UNICODE_STRING source = RTL_CONSTANT_STRING(L"abc");
    CHAR room[4];
    ANSI_STRING ansi = {.MaximumLength = 3, .Buffer = room};
    WCHAR wide_room[4];
    UNICODE_STRING wide = {.MaximumLength = 6, .Buffer = wide_room};
    struct world w;

    (void)state;
    world_start(&w, 0);
    assert_int_equal(RtlUnicodeStringToAnsiString(&ansi, &source, FALSE), STATUS_BUFFER_OVERFLOW);
    ansi.MaximumLength = 4;
    assert_int_equal(RtlUnicodeStringToAnsiString(&ansi, &source, FALSE), STATUS_SUCCESS);
    assert_string_equal(room, "abc");
    assert_int_equal(RtlAnsiStringToUnicodeString(&wide, &ansi, FALSE), STATUS_BUFFER_OVERFLOW);
    wide.MaximumLength = 8;
    assert_int_equal(RtlAnsiStringToUnicodeString(&wide, &ansi, FALSE), STATUS_SUCCESS);
    assert_memory_equal(wide_room, L"abc", 8);
    close_clean(&w);
}

static void
the_counted_functions_say_how_much_they_wrote(void **state)
{
    CHAR narrow[3];
    WCHAR wide[3];
    ULONG bytes;

    (void)state;
    assert_int_equal(RtlUnicodeToMultiByteN(narrow, 3, &bytes, L"ab", 4), STATUS_SUCCESS);
    assert_int_equal(bytes, 2);
    assert_int_equal(RtlUnicodeToMultiByteN(narrow, 3, &bytes, L"abcd", 8), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(bytes, 3);
    assert_memory_equal(narrow, "abc", 3);
    assert_int_equal(RtlMultiByteToUnicodeN(wide, 6, &bytes, "abcd", 4), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(bytes, 6);
    assert_memory_equal(wide, L"abc", 6);
    assert_int_equal(RtlMultiByteToUnicodeN(wide, 6, NULL, "x", 1), STATUS_SUCCESS);
    assert_int_equal(wide[0], L'x');
}

static void
utf8_is_converted_both_ways(void **state)
{
    static const WCHAR wide[] = {L'a', 0x00e9, 0x20ac, 0xd83d, 0xde00};
    static const char narrow[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    WCHAR wide_room[8];
    char room[16];
    ULONG bytes;

    (void)state;
    assert_int_equal(RtlUnicodeToUTF8N(room, sizeof(room), &bytes, wide, sizeof(wide)), 0);
    assert_int_equal(bytes, 10);
    assert_memory_equal(room, narrow, 10);
    assert_int_equal(RtlUTF8ToUnicodeN(wide_room, sizeof(wide_room), &bytes, narrow, 10), 0);
    assert_int_equal(bytes, sizeof(wide));
    assert_memory_equal(wide_room, wide, sizeof(wide));
}

static void
utf8_conversions_measure_cut_and_replace(void **state)
{
    static const WCHAR lone[] = {L'a', 0xd800, L'b'};
    WCHAR wide_room[4];
    char room[8];
    ULONG bytes;

    (void)state;
    assert_int_equal(RtlUnicodeToUTF8N(NULL, 0, &bytes, L"\x20ac\x20ac", 4), STATUS_SUCCESS);
    assert_int_equal(bytes, 6);
    assert_int_equal(RtlUnicodeToUTF8N(room, 5, &bytes, L"\x20ac\x20ac", 4),
                     STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(bytes, 3);
    assert_int_equal(RtlUnicodeToUTF8N(room, 8, &bytes, lone, 6), STATUS_SOME_NOT_MAPPED);
    assert_memory_equal(room,
                        "a\xef\xbf\xbd"
                        "b",
                        5);
    assert_int_equal(RtlUTF8ToUnicodeN(NULL, 0, &bytes, "\xe2\x82\xac", 3), STATUS_SUCCESS);
    assert_int_equal(bytes, 2);
    assert_int_equal(RtlUTF8ToUnicodeN(wide_room, 8, &bytes,
                                       "a\xff"
                                       "b",
                                       3),
                     STATUS_SOME_NOT_MAPPED);
    assert_memory_equal(wide_room,
                        L"a\xfffd"
                        L"b",
                        6);
    assert_int_equal(RtlUTF8ToUnicodeN(wide_room, 2, &bytes, "\xf0\x9f\x98\x80", 4),
                     STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(bytes, 0);
    assert_int_equal(RtlUnicodeToUTF8N(room, 8, &bytes, L"ab", 3), STATUS_INVALID_PARAMETER_5);
    assert_int_equal(RtlUnicodeToUTF8N(room, 8, &bytes, NULL, 2), STATUS_INVALID_PARAMETER_4);
    assert_int_equal(RtlUnicodeToUTF8N(NULL, 0, NULL, L"a", 2), STATUS_INVALID_PARAMETER);
    assert_int_equal(RtlUTF8ToUnicodeN(wide_room, 8, &bytes, NULL, 2), STATUS_INVALID_PARAMETER_4);
    assert_int_equal(RtlUTF8ToUnicodeN(NULL, 0, NULL, "a", 1), STATUS_INVALID_PARAMETER);
}

static void
utf8_strings_are_allocated_and_freed(void **state)
{
    UNICODE_STRING source = RTL_CONSTANT_STRING(L"caf\x00e9");
    UNICODE_STRING empty = RTL_CONSTANT_STRING(L"");
    UNICODE_STRING back;
    UTF8_STRING utf8;
    struct world w;

    (void)state;
    world_start(&w, 0);
    assert_int_equal(RtlUnicodeStringToUTF8String(&utf8, &source, TRUE), STATUS_SUCCESS);
    assert_string_equal(utf8.Buffer, "caf\xc3\xa9");
    assert_int_equal(RtlUTF8StringToUnicodeString(&back, &utf8, TRUE), STATUS_SUCCESS);
    assert_true(RtlEqualUnicodeString(&back, &source, FALSE));
    RtlFreeUnicodeString(&back);
    RtlFreeUTF8String(&utf8);
    assert_int_equal(RtlUnicodeStringToUTF8String(&utf8, &empty, TRUE), STATUS_SUCCESS);
    assert_int_equal(utf8.Length, 0);
    assert_string_equal(utf8.Buffer, "");
    RtlFreeUTF8String(&utf8);
    close_clean(&w);
}

static void
an_allocation_that_fails_is_told(void **state)
{
    UNICODE_STRING source = RTL_CONSTANT_STRING(L"abc");
    ANSI_STRING ansi;
    UTF8_STRING utf8;
    UNICODE_STRING upper;
    struct world w;

    (void)state;
    world_start(&w, 0);
    pndis_fault_arm(w.machine, 0);
    assert_int_equal(RtlUnicodeStringToAnsiString(&ansi, &source, TRUE), STATUS_NO_MEMORY);
    pndis_fault_arm(w.machine, 0);
    assert_int_equal(RtlUnicodeStringToUTF8String(&utf8, &source, TRUE), STATUS_NO_MEMORY);
    pndis_fault_arm(w.machine, 0);
    assert_int_equal(RtlUpcaseUnicodeString(&upper, &source, TRUE), STATUS_NO_MEMORY);
    pndis_fault_disarm(w.machine);
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unicode_becomes_ansi_and_back),
        cmocka_unit_test(a_conversion_needs_room_for_the_terminator),
        cmocka_unit_test(the_counted_functions_say_how_much_they_wrote),
        cmocka_unit_test(utf8_is_converted_both_ways),
        cmocka_unit_test(utf8_conversions_measure_cut_and_replace),
        cmocka_unit_test(utf8_strings_are_allocated_and_freed),
        cmocka_unit_test(an_allocation_that_fails_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
