/*
 * The C runtime's functions for wide strings. A Windows wide character has 16 bits, so the host's
 * own functions of these names cannot be used; include/wdk binds the names to these.
 */
#include <ntdef.h>

#include "nt/unicode.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

enum { STRUNCATE_ERROR = 80 };

/* --- length, search --- */

size_t
__nt_wcsnlen(const wchar_t *string, size_t limit)
{
    size_t length = 0;

    while (length < limit && string[length] != 0) {
        length++;
    }
    return length;
}

size_t
__nt_wcslen(const wchar_t *string)
{
    return __nt_wcsnlen(string, SIZE_MAX);
}

wchar_t *
__nt_wcschr(const wchar_t *string, wchar_t character)
{
    for (;; string++) {
        if (*string == character) {
            return (wchar_t *)string;
        }
        if (*string == 0) {
            return NULL;
        }
    }
}

wchar_t *
__nt_wcsrchr(const wchar_t *string, wchar_t character)
{
    const wchar_t *found = NULL;

    for (;; string++) {
        if (*string == character) {
            found = string;
        }
        if (*string == 0) {
            return (wchar_t *)found;
        }
    }
}

wchar_t *
__nt_wcsstr(const wchar_t *string, const wchar_t *part)
{
    size_t length = __nt_wcslen(part);

    for (;; string++) {
        if (__nt_wcsncmp(string, part, length) == 0) {
            return (wchar_t *)string;
        }
        if (*string == 0) {
            return NULL;
        }
    }
}

static bool
is_in(wchar_t character, const wchar_t *set)
{
    return character != 0 && __nt_wcschr(set, character) != NULL;
}

size_t
__nt_wcsspn(const wchar_t *string, const wchar_t *set)
{
    size_t length = 0;

    while (is_in(string[length], set)) {
        length++;
    }
    return length;
}

size_t
__nt_wcscspn(const wchar_t *string, const wchar_t *set)
{
    size_t length = 0;

    while (string[length] != 0 && !is_in(string[length], set)) {
        length++;
    }
    return length;
}

wchar_t *
__nt_wcspbrk(const wchar_t *string, const wchar_t *set)
{
    string += __nt_wcscspn(string, set);
    return *string == 0 ? NULL : (wchar_t *)string;
}

wchar_t *
wcstok_s(wchar_t *string, const wchar_t *delimiters, wchar_t **context)
{
    wchar_t *start = string == NULL ? *context : string;
    size_t length;

    start += __nt_wcsspn(start, delimiters);
    length = __nt_wcscspn(start, delimiters);
    *context = start + length;
    if (length == 0) {
        return NULL;
    }
    if (**context != 0) {
        *(*context)++ = 0;
    }
    return start;
}

/* --- comparing --- */

int
__nt_wcsncmp(const wchar_t *a, const wchar_t *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (a[i] != b[i] || a[i] == 0) {
            return a[i] < b[i] ? -1 : a[i] > b[i];
        }
    }
    return 0;
}

int
__nt_wcscmp(const wchar_t *a, const wchar_t *b)
{
    return __nt_wcsncmp(a, b, SIZE_MAX);
}

int
_wcsnicmp(const wchar_t *a, const wchar_t *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int left = pndis__downcase(a[i]);
        int right = pndis__downcase(b[i]);

        if (left != right || left == 0) {
            return left - right;
        }
    }
    return 0;
}

int
_wcsicmp(const wchar_t *a, const wchar_t *b)
{
    return _wcsnicmp(a, b, SIZE_MAX);
}

/* --- copying --- */

wchar_t *
__nt_wmemmove(wchar_t *to, const wchar_t *from, size_t count)
{
    return memmove(to, from, count * sizeof(wchar_t));
}

wchar_t *
__nt_wmemcpy(wchar_t *to, const wchar_t *from, size_t count)
{
    return memcpy(to, from, count * sizeof(wchar_t));
}

wchar_t *
__nt_wmemset(wchar_t *to, wchar_t character, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = character;
    }
    return to;
}

int
__nt_wmemcmp(const wchar_t *a, const wchar_t *b, size_t count)
{
    return pndis__wide_compare(a, count, b, count, false);
}

wchar_t *
__nt_wmemchr(const wchar_t *string, wchar_t character, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (string[i] == character) {
            return (wchar_t *)&string[i];
        }
    }
    return NULL;
}

wchar_t *
__nt_wcscpy(wchar_t *to, const wchar_t *from)
{
    return __nt_wmemcpy(to, from, __nt_wcslen(from) + 1);
}

/* As strncpy: the rest is filled with zeros, and there may be no terminator. */
wchar_t *
__nt_wcsncpy(wchar_t *to, const wchar_t *from, size_t count)
{
    size_t length = __nt_wcsnlen(from, count);

    __nt_wmemcpy(to, from, length);
    __nt_wmemset(to + length, 0, count - length);
    return to;
}

wchar_t *
__nt_wcscat(wchar_t *to, const wchar_t *from)
{
    __nt_wcscpy(to + __nt_wcslen(to), from);
    return to;
}

wchar_t *
__nt_wcsncat(wchar_t *to, const wchar_t *from, size_t count)
{
    size_t length = __nt_wcsnlen(from, count);
    wchar_t *end = to + __nt_wcslen(to);

    __nt_wmemcpy(end, from, length);
    end[length] = 0;
    return to;
}

/* Append at most @count characters of @from at to[used], which the caller knows to be inside. */
static int
append(wchar_t *to, size_t size, size_t used, const wchar_t *from, size_t count)
{
    size_t room = size - used;
    size_t length = __nt_wcsnlen(from, count < room ? count : room);

    if (length < room) {
        __nt_wmemcpy(to + used, from, length);
        to[used + length] = 0;
        return 0;
    }
    if (count == _TRUNCATE) {
        __nt_wmemcpy(to + used, from, room - 1);
        to[size - 1] = 0;
        return STRUNCATE_ERROR;
    }
    to[0] = 0;
    return ERANGE;
}

int
wcsncpy_s(wchar_t *to, size_t size, const wchar_t *from, size_t count)
{
    if (to == NULL && size == 0 && count == 0) {
        return 0;
    }
    if (to == NULL || size == 0) {
        return EINVAL;
    }
    if (from == NULL && count != 0) {
        to[0] = 0;
        return EINVAL;
    }
    return append(to, size, 0, count == 0 ? L"" : from, count);
}

int
wcscpy_s(wchar_t *to, size_t size, const wchar_t *from)
{
    return wcsncpy_s(to, size, from, _TRUNCATE - 1);
}

int
wcsncat_s(wchar_t *to, size_t size, const wchar_t *from, size_t count)
{
    size_t used;

    if (to == NULL && size == 0 && count == 0) {
        return 0;
    }
    if (to == NULL || size == 0) {
        return EINVAL;
    }
    used = __nt_wcsnlen(to, size);
    if (used == size || (from == NULL && count != 0)) {
        to[0] = 0;
        return EINVAL;
    }
    return append(to, size, used, count == 0 ? L"" : from, count);
}

int
wcscat_s(wchar_t *to, size_t size, const wchar_t *from)
{
    return wcsncat_s(to, size, from, _TRUNCATE - 1);
}

/* --- changing in place --- */

wchar_t *
_wcslwr(wchar_t *string)
{
    for (wchar_t *at = string; *at != 0; at++) {
        *at = pndis__downcase(*at);
    }
    return string;
}

wchar_t *
_wcsupr(wchar_t *string)
{
    for (wchar_t *at = string; *at != 0; at++) {
        *at = pndis__upcase(*at);
    }
    return string;
}

wchar_t *
_wcsrev(wchar_t *string)
{
    size_t length = __nt_wcslen(string);

    for (size_t i = 0; i < length / 2; i++) {
        wchar_t swapped = string[i];

        string[i] = string[length - 1 - i];
        string[length - 1 - i] = swapped;
    }
    return string;
}

wchar_t *
_wcsnset(wchar_t *string, wchar_t character, size_t count)
{
    __nt_wmemset(string, character, __nt_wcsnlen(string, count));
    return string;
}

wchar_t *
_wcsset(wchar_t *string, wchar_t character)
{
    return _wcsnset(string, character, SIZE_MAX);
}

/* --- classes of characters --- */

wint_t
__nt_towlower(wint_t character)
{
    return pndis__downcase((WCHAR)character);
}

wint_t
__nt_towupper(wint_t character)
{
    return pndis__upcase((WCHAR)character);
}

/* A letter, as far as it has two cases or is one of Latin-1's that has none. */
int
__nt_iswalpha(wint_t character)
{
    WCHAR letter = (WCHAR)character;

    return pndis__upcase(letter) != letter || pndis__downcase(letter) != letter || letter == 0xaa ||
           letter == 0xba || letter == 0xdf;
}

int
__nt_iswdigit(wint_t character)
{
    return character >= '0' && character <= '9';
}

int
__nt_iswxdigit(wint_t character)
{
    return __nt_iswdigit(character) || (character >= 'a' && character <= 'f') ||
           (character >= 'A' && character <= 'F');
}

int
__nt_iswspace(wint_t character)
{
    return character == ' ' || (character >= '\t' && character <= '\r') || character == 0xa0;
}

/* --- numbers --- */

static unsigned
digit_of(wchar_t character)
{
    if (__nt_iswdigit(character)) {
        return (unsigned)(character - '0');
    }
    if (character >= 'a' && character <= 'z') {
        return (unsigned)(character - 'a' + 10);
    }
    if (character >= 'A' && character <= 'Z') {
        return (unsigned)(character - 'A' + 10);
    }
    return UINT_MAX;
}

/* What wcstol and wcstoul have in common: *@out_negative tells of a minus sign. */
static ULONGLONG
parse(const wchar_t *string, wchar_t **end, int radix, bool *out_negative)
{
    const wchar_t *at = string;
    ULONGLONG value = 0;
    bool any = false;

    while (__nt_iswspace(*at)) {
        at++;
    }
    *out_negative = *at == '-';
    if (*at == '-' || *at == '+') {
        at++;
    }
    if ((radix == 0 || radix == 16) && at[0] == '0' && (at[1] == 'x' || at[1] == 'X') &&
        digit_of(at[2]) < 16) {
        at += 2;
        radix = 16;
    }
    radix = radix != 0 ? radix : at[0] == '0' ? 8 : 10;
    for (; digit_of(*at) < (unsigned)radix; at++) {
        value = value > UINT_MAX ? value : value * (unsigned)radix + digit_of(*at);
        any = true;
    }
    if (end != NULL) {
        *end = (wchar_t *)(any ? at : string);
    }
    return value;
}

int
__nt_wcstol(const wchar_t *string, wchar_t **end, int radix)
{
    bool negative;
    ULONGLONG value = parse(string, end, radix, &negative);

    if (negative) {
        return value > (ULONGLONG)INT_MAX ? INT_MIN : -(int)value;
    }
    return value > INT_MAX ? INT_MAX : (int)value;
}

unsigned
__nt_wcstoul(const wchar_t *string, wchar_t **end, int radix)
{
    bool negative;
    ULONGLONG value = parse(string, end, radix, &negative);

    if (value > UINT_MAX) {
        return UINT_MAX;
    }
    return negative ? 0u - (unsigned)value : (unsigned)value;
}

LONGLONG
_wtoi64(const wchar_t *string)
{
    ULONGLONG value = 0;
    bool negative;

    while (__nt_iswspace(*string)) {
        string++;
    }
    negative = *string == '-';
    if (*string == '-' || *string == '+') {
        string++;
    }
    for (; __nt_iswdigit(*string); string++) {
        value = value * 10 + digit_of(*string);
    }
    return (LONGLONG)(negative ? 0 - value : value);
}

int
_wtoi(const wchar_t *string)
{
    return __nt_wcstol(string, NULL, 10);
}

wchar_t *
_itow(int value, wchar_t *buffer, int radix)
{
    char text[sizeof(value) * CHAR_BIT + 2];
    size_t i = 0;

    _itoa(value, text, radix);
    do {
        buffer[i] = (UCHAR)text[i];
    } while (text[i++] != 0);
    return buffer;
}

errno_t
_itow_s(int value, wchar_t *buffer, size_t size, int radix)
{
    wchar_t text[sizeof(value) * CHAR_BIT + 2];

    if (buffer == NULL || size == 0) {
        return EINVAL;
    }
    buffer[0] = 0;
    if (radix < 2 || radix > 36) {
        return EINVAL;
    }
    return wcscpy_s(buffer, size, _itow(value, text, radix));
}
