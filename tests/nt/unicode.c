/* Single characters: case, the ANSI code page, UTF-8 and UTF-16. */
#include "nt/nt_support.h"

#include "nt/unicode.h"

static void
case_is_mapped_one_to_one(void **state)
{
    static const struct {
        WCHAR lower;
        WCHAR upper;
    } pairs[] = {
        {L'a', L'A'},     {L'z', L'Z'},     {0x00e9, 0x00c9}, {0x00ff, 0x0178},
        {0x03b1, 0x0391}, {0x0431, 0x0411}, {0x0101, 0x0100}, {0xff41, 0xff21},
    };

    (void)state;
    for (size_t i = 0; i < ARRAYSIZE(pairs); i++) {
        assert_int_equal(pndis__upcase(pairs[i].lower), pairs[i].upper);
        assert_int_equal(pndis__upcase(pairs[i].upper), pairs[i].upper);
        assert_int_equal(pndis__downcase(pairs[i].upper), pairs[i].lower);
        assert_int_equal(pndis__downcase(pairs[i].lower), pairs[i].lower);
    }
}

static void
what_has_no_case_stays(void **state)
{
    static const WCHAR characters[] = {0, L'0', L'[', L'{', 0x00d7, 0x00f7, 0x00df, 0x4e00, 0xd800};

    (void)state;
    for (size_t i = 0; i < ARRAYSIZE(characters); i++) {
        assert_int_equal(pndis__upcase(characters[i]), characters[i]);
        assert_int_equal(pndis__downcase(characters[i]), characters[i]);
    }
}

static void
upcasing_twice_changes_nothing_more(void **state)
{
    (void)state;
    for (unsigned c = 0; c <= 0xffff; c++) {
        WCHAR upper = pndis__upcase((WCHAR)c);

        assert_int_equal(pndis__upcase(upper), upper);
    }
}

static void
the_code_page_maps_both_ways(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        assert_int_equal((UCHAR)pndis__ansi_of(pndis__wide_of((CHAR)c)), c);
    }
    assert_int_equal(pndis__wide_of((CHAR)0x80), 0x20ac);
    assert_int_equal(pndis__wide_of((CHAR)0x99), 0x2122);
    assert_int_equal(pndis__ansi_of(0x4e00), '?');
}

static void
comparison_orders_by_code_or_by_capital(void **state)
{
    (void)state;
    assert_true(pndis__wide_compare(L"abc", 3, L"abd", 3, false) < 0);
    assert_true(pndis__wide_compare(L"abc", 3, L"ab", 2, false) > 0);
    assert_true(pndis__wide_compare(L"", 0, L"a", 1, false) < 0);
    assert_true(pndis__wide_compare(L"a", 1, L"B", 1, false) > 0);
    assert_true(pndis__wide_compare(L"a", 1, L"B", 1, true) < 0);
    assert_int_equal(pndis__wide_compare(L"\x00e9T\x00e9", 3, L"\x00c9t\x00c9", 3, true), 0);
}

static void
every_code_point_survives_both_encodings(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        char narrow[4];
        WCHAR wide[2];
        size_t used;
        bool valid;

        if (code >= 0xd800 && code <= 0xdfff) {
            continue;
        }
        assert_int_equal(
            pndis__utf8_decode(narrow, pndis__utf8_encode(code, narrow), &used, &valid), code);
        assert_true(valid);
        assert_int_equal(pndis__utf16_decode(wide, pndis__utf16_encode(code, wide), &used, &valid),
                         code);
        assert_true(valid);
    }
}

static void
malformed_text_gives_the_replacement_character(void **state)
{
    static const char *const bad[] = {
        "\x80",         "\xc0\x80",         "\xc1\xbf",
        "\xc3",         "\xe2\x82",         "\xe0\x80\x80",
        "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
        "\xff",         "\xf0\x9f\x98",
    };
    static const WCHAR lone[] = {0xdc00, 0xd800, L'x'};
    size_t used;
    bool valid;

    (void)state;
    for (size_t i = 0; i < ARRAYSIZE(bad); i++) {
        assert_int_equal(pndis__utf8_decode(bad[i], strlen(bad[i]), &used, &valid), 0xfffd);
        assert_false(valid);
        assert_int_equal(used, 1);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pndis__utf16_decode(lone + i, 3 - i, &used, &valid), 0xfffd);
        assert_false(valid);
        assert_int_equal(used, 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_is_mapped_one_to_one),
        cmocka_unit_test(what_has_no_case_stays),
        cmocka_unit_test(upcasing_twice_changes_nothing_more),
        cmocka_unit_test(the_code_page_maps_both_ways),
        cmocka_unit_test(comparison_orders_by_code_or_by_capital),
        cmocka_unit_test(every_code_point_survives_both_encodings),
        cmocka_unit_test(malformed_text_gives_the_replacement_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
