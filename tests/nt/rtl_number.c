/* Numbers and GUIDs as text. */
#include "nt/nt_support.h"

static void
integers_become_text(void **state)
{
    static const struct {
        ULONGLONG value;
        ULONG base;
        const WCHAR *text;
    } cases[] = {
        {0, 10, L"0"}, {42, 0, L"42"}, {255, 16, L"FF"},
        {8, 8, L"10"}, {5, 2, L"101"}, {0xffffffff, 10, L"4294967295"},
    };
    WCHAR room[40];
    UNICODE_STRING string = {.MaximumLength = sizeof(room), .Buffer = room};

    (void)state;
    for (size_t i = 0; i < ARRAYSIZE(cases); i++) {
        assert_int_equal(RtlIntegerToUnicodeString((ULONG)cases[i].value, cases[i].base, &string),
                         0);
        assert_int_equal(wcscmp(room, cases[i].text), 0);
        assert_int_equal(string.Length, wcslen(cases[i].text) * 2);
    }
    assert_int_equal(RtlInt64ToUnicodeString(0xfedcba9876543210, 16, &string), STATUS_SUCCESS);
    assert_int_equal(wcscmp(room, L"FEDCBA9876543210"), 0);
    assert_int_equal(RtlIntegerToUnicodeString(1, 3, &string), STATUS_INVALID_PARAMETER);
    string.MaximumLength = 2;
    assert_int_equal(RtlIntegerToUnicodeString(10, 10, &string), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(RtlIntegerToUnicodeString(7, 10, &string), STATUS_SUCCESS);
}

static void
text_becomes_integers(void **state)
{
    static const struct {
        const char *text;
        ULONG base;
        ULONG value;
    } cases[] = {
        {"42", 10, 42},   {"  -1", 10, 0xffffffff}, {"+7", 0, 7},    {"0x1F", 0, 31},
        {"0o17", 0, 15},  {"0b101", 0, 5},          {"ff", 16, 255}, {"12abc", 10, 12},
        {"zebra", 10, 0}, {"777", 8, 511},          {"129", 2, 1},   {"-0x10", 0, 0xfffffff0},
        {"017", 0, 17},
    };
    ULONG value;

    (void)state;
    for (size_t i = 0; i < ARRAYSIZE(cases); i++) {
        WCHAR wide[16];
        UNICODE_STRING string = {.Buffer = wide};

        for (size_t c = 0; cases[i].text[c] != 0; c++) {
            wide[c] = (WCHAR)cases[i].text[c];
            string.Length += sizeof(WCHAR);
        }
        assert_int_equal(RtlCharToInteger(cases[i].text, cases[i].base, &value), STATUS_SUCCESS);
        assert_int_equal(value, cases[i].value);
        assert_int_equal(RtlUnicodeStringToInteger(&string, cases[i].base, &value), 0);
        assert_int_equal(value, cases[i].value);
    }
    assert_int_equal(RtlCharToInteger("1", 3, &value), STATUS_INVALID_PARAMETER);
    assert_int_equal(RtlUnicodeStringToInteger(&(UNICODE_STRING){0}, 0, &value),
                     STATUS_INVALID_PARAMETER);
}

static void
guids_become_text_and_back(void **state)
{
    static const GUID guid = {
        0x12345678, 0x9abc, 0xdef0, {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0}};
    UNICODE_STRING text;
    GUID back;
    struct world w;

    (void)state;
    world_start(&w, 0);
    assert_int_equal(RtlStringFromGUID(&guid, &text), STATUS_SUCCESS);
    assert_int_equal(wcscmp(text.Buffer, L"{12345678-9ABC-DEF0-1234-56789ABCDEF0}"), 0);
    assert_int_equal(RtlGUIDFromString(&text, &back), STATUS_SUCCESS);
    assert_memory_equal(&back, &guid, sizeof(guid));
    text.Buffer[9] = L'x';
    assert_int_equal(RtlGUIDFromString(&text, &back), STATUS_INVALID_PARAMETER);
    text.Length -= 2;
    assert_int_equal(RtlGUIDFromString(&text, &back), STATUS_INVALID_PARAMETER);
    RtlFreeUnicodeString(&text);
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_become_text),
        cmocka_unit_test(text_becomes_integers),
        cmocka_unit_test(guids_become_text_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
