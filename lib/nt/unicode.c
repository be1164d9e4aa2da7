/* Case, code page and encodings of single characters. See unicode.h. */
#include "nt/unicode.h"

/* --- case --- */

/* Lower-case letters @first to @last, every @stride-th of them, are @offset from their capitals. */
struct case_range {
    uint16_t first;
    uint16_t last;
    uint16_t stride;
    int32_t offset;
};

/* The simple upper-case mappings of the Unicode Character Database, without those that fold a
 * letter into one of another alphabet (micro sign, long s, the symbol forms of Greek letters). */
/* clang-format off */
static const struct case_range case_ranges[] = {
    {0x0061, 0x007a, 1, -32}, {0x00e0, 0x00f6, 1, -32}, {0x00f8, 0x00fe, 1, -32},
    {0x00ff, 0x00ff, 1, 121}, {0x0101, 0x012f, 2, -1}, {0x0133, 0x0137, 2, -1},
    {0x013a, 0x0148, 2, -1}, {0x014b, 0x0177, 2, -1}, {0x017a, 0x017e, 2, -1},
    {0x0180, 0x0180, 1, 195}, {0x0183, 0x0185, 2, -1}, {0x0188, 0x0188, 1, -1},
    {0x018c, 0x018c, 1, -1}, {0x0192, 0x0192, 1, -1}, {0x0195, 0x0195, 1, 97},
    {0x0199, 0x0199, 1, -1}, {0x019a, 0x019a, 1, 163}, {0x019e, 0x019e, 1, 130},
    {0x01a1, 0x01a5, 2, -1}, {0x01a8, 0x01a8, 1, -1}, {0x01ad, 0x01ad, 1, -1},
    {0x01b0, 0x01b0, 1, -1}, {0x01b4, 0x01b6, 2, -1}, {0x01b9, 0x01b9, 1, -1},
    {0x01bd, 0x01bd, 1, -1}, {0x01bf, 0x01bf, 1, 56}, {0x01c5, 0x01c5, 1, -1},
    {0x01c6, 0x01c6, 1, -2}, {0x01c8, 0x01c8, 1, -1}, {0x01c9, 0x01c9, 1, -2},
    {0x01cb, 0x01cb, 1, -1}, {0x01cc, 0x01cc, 1, -2}, {0x01ce, 0x01dc, 2, -1},
    {0x01dd, 0x01dd, 1, -79}, {0x01df, 0x01ef, 2, -1}, {0x01f2, 0x01f2, 1, -1},
    {0x01f3, 0x01f3, 1, -2}, {0x01f5, 0x01f5, 1, -1}, {0x01f9, 0x021f, 2, -1},
    {0x0223, 0x0233, 2, -1}, {0x023c, 0x023c, 1, -1}, {0x023f, 0x0240, 1, 10815},
    {0x0242, 0x0242, 1, -1}, {0x0247, 0x024f, 2, -1}, {0x0250, 0x0250, 1, 10783},
    {0x0251, 0x0251, 1, 10780}, {0x0252, 0x0252, 1, 10782}, {0x0253, 0x0253, 1, -210},
    {0x0254, 0x0254, 1, -206}, {0x0256, 0x0257, 1, -205}, {0x0259, 0x0259, 1, -202},
    {0x025b, 0x025b, 1, -203}, {0x025c, 0x025c, 1, 42319}, {0x0260, 0x0260, 1, -205},
    {0x0261, 0x0261, 1, 42315}, {0x0263, 0x0263, 1, -207}, {0x0265, 0x0265, 1, 42280},
    {0x0266, 0x0266, 1, 42308}, {0x0268, 0x0268, 1, -209}, {0x0269, 0x0269, 1, -211},
    {0x026a, 0x026a, 1, 42308}, {0x026b, 0x026b, 1, 10743}, {0x026c, 0x026c, 1, 42305},
    {0x026f, 0x026f, 1, -211}, {0x0271, 0x0271, 1, 10749}, {0x0272, 0x0272, 1, -213},
    {0x0275, 0x0275, 1, -214}, {0x027d, 0x027d, 1, 10727}, {0x0280, 0x0280, 1, -218},
    {0x0282, 0x0282, 1, 42307}, {0x0283, 0x0283, 1, -218}, {0x0287, 0x0287, 1, 42282},
    {0x0288, 0x0288, 1, -218}, {0x0289, 0x0289, 1, -69}, {0x028a, 0x028b, 1, -217},
    {0x028c, 0x028c, 1, -71}, {0x0292, 0x0292, 1, -219}, {0x029d, 0x029d, 1, 42261},
    {0x029e, 0x029e, 1, 42258}, {0x0371, 0x0373, 2, -1}, {0x0377, 0x0377, 1, -1},
    {0x037b, 0x037d, 1, 130}, {0x03ac, 0x03ac, 1, -38}, {0x03ad, 0x03af, 1, -37},
    {0x03b1, 0x03c1, 1, -32}, {0x03c2, 0x03c2, 1, -31}, {0x03c3, 0x03cb, 1, -32},
    {0x03cc, 0x03cc, 1, -64}, {0x03cd, 0x03ce, 1, -63}, {0x03d7, 0x03d7, 1, -8},
    {0x03d9, 0x03ef, 2, -1}, {0x03f2, 0x03f2, 1, 7}, {0x03f3, 0x03f3, 1, -116},
    {0x03f8, 0x03f8, 1, -1}, {0x03fb, 0x03fb, 1, -1}, {0x0430, 0x044f, 1, -32},
    {0x0450, 0x045f, 1, -80}, {0x0461, 0x0481, 2, -1}, {0x048b, 0x04bf, 2, -1},
    {0x04c2, 0x04ce, 2, -1}, {0x04cf, 0x04cf, 1, -15}, {0x04d1, 0x052f, 2, -1},
    {0x0561, 0x0586, 1, -48}, {0x1d79, 0x1d79, 1, 35332}, {0x1d7d, 0x1d7d, 1, 3814},
    {0x1d8e, 0x1d8e, 1, 35384}, {0x1e01, 0x1e95, 2, -1}, {0x1ea1, 0x1eff, 2, -1},
    {0x1f00, 0x1f07, 1, 8}, {0x1f10, 0x1f15, 1, 8}, {0x1f20, 0x1f27, 1, 8},
    {0x1f30, 0x1f37, 1, 8}, {0x1f40, 0x1f45, 1, 8}, {0x1f51, 0x1f57, 2, 8},
    {0x1f60, 0x1f67, 1, 8}, {0x1f70, 0x1f71, 1, 74}, {0x1f72, 0x1f75, 1, 86},
    {0x1f76, 0x1f77, 1, 100}, {0x1f78, 0x1f79, 1, 128}, {0x1f7a, 0x1f7b, 1, 112},
    {0x1f7c, 0x1f7d, 1, 126}, {0x1f80, 0x1f87, 1, 8}, {0x1f90, 0x1f97, 1, 8},
    {0x1fa0, 0x1fa7, 1, 8}, {0x1fb0, 0x1fb1, 1, 8}, {0x1fb3, 0x1fb3, 1, 9},
    {0x1fc3, 0x1fc3, 1, 9}, {0x1fd0, 0x1fd1, 1, 8}, {0x1fe0, 0x1fe1, 1, 8},
    {0x1fe5, 0x1fe5, 1, 7}, {0x1ff3, 0x1ff3, 1, 9}, {0x214e, 0x214e, 1, -28},
    {0x2170, 0x217f, 1, -16}, {0x2184, 0x2184, 1, -1}, {0x24d0, 0x24e9, 1, -26},
    {0x2c30, 0x2c5f, 1, -48}, {0x2c61, 0x2c61, 1, -1}, {0x2c65, 0x2c65, 1, -10795},
    {0x2c66, 0x2c66, 1, -10792}, {0x2c68, 0x2c6c, 2, -1}, {0x2c73, 0x2c73, 1, -1},
    {0x2c76, 0x2c76, 1, -1}, {0x2c81, 0x2ce3, 2, -1}, {0x2cec, 0x2cee, 2, -1},
    {0x2cf3, 0x2cf3, 1, -1}, {0x2d00, 0x2d25, 1, -7264}, {0x2d27, 0x2d27, 1, -7264},
    {0x2d2d, 0x2d2d, 1, -7264}, {0xa641, 0xa66d, 2, -1}, {0xa681, 0xa69b, 2, -1},
    {0xa723, 0xa72f, 2, -1}, {0xa733, 0xa76f, 2, -1}, {0xa77a, 0xa77c, 2, -1},
    {0xa77f, 0xa787, 2, -1}, {0xa78c, 0xa78c, 1, -1}, {0xa791, 0xa793, 2, -1},
    {0xa794, 0xa794, 1, 48}, {0xa797, 0xa7a9, 2, -1}, {0xa7b5, 0xa7c3, 2, -1},
    {0xa7c8, 0xa7ca, 2, -1}, {0xa7d1, 0xa7d1, 1, -1}, {0xa7d7, 0xa7d9, 2, -1},
    {0xa7f6, 0xa7f6, 1, -1}, {0xff41, 0xff5a, 1, -32},
};
/* clang-format on */

enum { CASE_RANGE_COUNT = sizeof(case_ranges) / sizeof(case_ranges[0]) };

static bool
in_range(const struct case_range *range, int32_t letter)
{
    return letter >= range->first && letter <= range->last &&
           (letter - range->first) % range->stride == 0;
}

WCHAR
pndis__upcase(WCHAR character)
{
    unsigned low = 0;
    unsigned high = CASE_RANGE_COUNT;

    if (character < 0x80) {
        return character >= 'a' && character <= 'z' ? (WCHAR)(character - 32) : character;
    }
    /* Ranges of stride 2 may interleave, so go to the first that ends here or later and look on. */
    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (case_ranges[middle].last < character) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < CASE_RANGE_COUNT && case_ranges[low].first <= character; low++) {
        if (in_range(&case_ranges[low], character)) {
            return (WCHAR)(character + case_ranges[low].offset);
        }
    }
    return character;
}

WCHAR
pndis__downcase(WCHAR character)
{
    if (character < 0x80) {
        return character >= 'A' && character <= 'Z' ? (WCHAR)(character + 32) : character;
    }
    /* From the end: of two letters with one capital (the sigmas) the later is the usual one. */
    for (unsigned i = CASE_RANGE_COUNT; i-- > 0;) {
        int32_t letter = character - case_ranges[i].offset;

        if (in_range(&case_ranges[i], letter)) {
            return (WCHAR)letter;
        }
    }
    return character;
}

LONG
pndis__wide_compare(const WCHAR *a, size_t a_count, const WCHAR *b, size_t b_count,
                    bool ignore_case)
{
    size_t common = a_count < b_count ? a_count : b_count;

    for (size_t i = 0; i < common; i++) {
        WCHAR left = ignore_case ? pndis__upcase(a[i]) : a[i];
        WCHAR right = ignore_case ? pndis__upcase(b[i]) : b[i];

        if (left != right) {
            return (LONG)left - (LONG)right;
        }
    }
    return a_count == b_count ? 0 : a_count < b_count ? -1 : 1;
}

/* --- code page 1252 --- */

/* What 0x80 to 0x9f stand for; the five without a character of their own are control codes. */
static const WCHAR code_page_high[32] = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

CHAR
pndis__ansi_of(WCHAR character)
{
    if (character < 0x80 || (character >= 0xa0 && character <= 0xff)) {
        return (CHAR)character;
    }
    for (unsigned i = 0; i < 32; i++) {
        if (code_page_high[i] == character) {
            return (CHAR)(0x80 + i);
        }
    }
    return '?';
}

WCHAR
pndis__wide_of(CHAR character)
{
    UCHAR byte = (UCHAR)character;

    return byte >= 0x80 && byte < 0xa0 ? code_page_high[byte - 0x80] : byte;
}

/* --- encodings --- */

enum { REPLACEMENT = 0xfffd };

static uint32_t
malformed(size_t *out_used, bool *out_valid)
{
    *out_used = 1;
    if (out_valid != NULL) {
        *out_valid = false;
    }
    return REPLACEMENT;
}

uint32_t
pndis__utf8_decode(const char *text, size_t bytes, size_t *out_used, bool *out_valid)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = (uint8_t)text[0];
    size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t code = length == 1 ? lead : lead & (0x7fu >> length);

    if (length == 0 || length > bytes || lead > 0xf4) {
        return malformed(out_used, out_valid);
    }
    for (size_t i = 1; i < length; i++) {
        if (((uint8_t)text[i] & 0xc0) != 0x80) {
            return malformed(out_used, out_valid);
        }
        code = code << 6 | ((uint8_t)text[i] & 0x3f);
    }
    if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
        return malformed(out_used, out_valid);
    }
    *out_used = length;
    if (out_valid != NULL) {
        *out_valid = true;
    }
    return code;
}

uint32_t
pndis__utf16_decode(const WCHAR *text, size_t count, size_t *out_used, bool *out_valid)
{
    uint32_t code = text[0];
    bool paired =
        code >= 0xd800 && code < 0xdc00 && count > 1 && text[1] >= 0xdc00 && text[1] < 0xe000;

    if (code >= 0xd800 && code < 0xe000 && !paired) {
        return malformed(out_used, out_valid);
    }
    *out_used = paired ? 2 : 1;
    if (out_valid != NULL) {
        *out_valid = true;
    }
    return paired ? 0x10000 + ((code - 0xd800) << 10) + (text[1] - 0xdc00u) : code;
}

size_t
pndis__utf8_encode(uint32_t code, char units[4])
{
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = length; i-- > 1;) {
        units[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    units[0] = (char)(leads[length] | code);
    return length;
}

size_t
pndis__utf16_encode(uint32_t code, WCHAR units[2])
{
    if (code < 0x10000) {
        units[0] = (WCHAR)code;
        return 1;
    }
    units[0] = (WCHAR)(0xd800 + ((code - 0x10000) >> 10));
    units[1] = (WCHAR)(0xdc00 + ((code - 0x10000) & 0x3ff));
    return 2;
}
