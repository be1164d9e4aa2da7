/*
 * Functions of the Windows C runtime that the host's does not have, for narrow strings and memory.
 * Letters are ASCII here, as in the runtime's "C" locale.
 */
#include <ntdef.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What the runtime answers when _TRUNCATE has cut a string. */
enum { STRUNCATE_ERROR = 80 };

static int
lower(int character)
{
    return character >= 'A' && character <= 'Z' ? character + 32 : character;
}

static int
upper(int character)
{
    return character >= 'a' && character <= 'z' ? character - 32 : character;
}

/* --- comparing --- */

int
_strnicmp(const char *a, const char *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int left = lower((unsigned char)a[i]);
        int right = lower((unsigned char)b[i]);

        if (left != right || left == 0) {
            return left - right;
        }
    }
    return 0;
}

int
_stricmp(const char *a, const char *b)
{
    return _strnicmp(a, b, SIZE_MAX);
}

int
_memicmp(const void *a, const void *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int left = lower(((const unsigned char *)a)[i]);
        int right = lower(((const unsigned char *)b)[i]);

        if (left != right) {
            return left - right;
        }
    }
    return 0;
}

/* --- changing in place --- */

char *
_strlwr(char *string)
{
    for (char *at = string; *at != 0; at++) {
        *at = (char)lower((unsigned char)*at);
    }
    return string;
}

char *
_strupr(char *string)
{
    for (char *at = string; *at != 0; at++) {
        *at = (char)upper((unsigned char)*at);
    }
    return string;
}

char *
_strrev(char *string)
{
    size_t length = strlen(string);

    for (size_t i = 0; i < length / 2; i++) {
        char swapped = string[i];

        string[i] = string[length - 1 - i];
        string[length - 1 - i] = swapped;
    }
    return string;
}

char *
_strnset(char *string, int character, size_t count)
{
    for (size_t i = 0; i < count && string[i] != 0; i++) {
        string[i] = (char)character;
    }
    return string;
}

char *
_strset(char *string, int character)
{
    return _strnset(string, character, SIZE_MAX);
}

/* --- copying with the size of the destination --- */

/* Append at most @count characters of @from at to[used], which the caller knows to be inside. */
static errno_t
append(char *to, rsize_t size, rsize_t used, const char *from, rsize_t count)
{
    bool truncate = count == _TRUNCATE;
    size_t room = size - used;
    size_t length = strnlen(from, count < room ? count : room);

    if (length < room) {
        memcpy(to + used, from, length);
        to[used + length] = 0;
        return 0;
    }
    if (truncate) {
        memcpy(to + used, from, room - 1);
        to[size - 1] = 0;
        return STRUNCATE_ERROR;
    }
    to[0] = 0;
    return ERANGE;
}

errno_t
strncpy_s(char *to, rsize_t size, const char *from, rsize_t count)
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
    return append(to, size, 0, count == 0 ? "" : from, count);
}

errno_t
strcpy_s(char *to, rsize_t size, const char *from)
{
    return strncpy_s(to, size, from, _TRUNCATE - 1);
}

errno_t
strncat_s(char *to, rsize_t size, const char *from, rsize_t count)
{
    size_t used;

    if (to == NULL && size == 0 && count == 0) {
        return 0;
    }
    if (to == NULL || size == 0) {
        return EINVAL;
    }
    used = strnlen(to, size);
    if (used == size || (from == NULL && count != 0)) {
        to[0] = 0;
        return EINVAL;
    }
    return append(to, size, used, count == 0 ? "" : from, count);
}

errno_t
strcat_s(char *to, rsize_t size, const char *from)
{
    return strncat_s(to, size, from, _TRUNCATE - 1);
}

errno_t
memcpy_s(void *to, rsize_t size, const void *from, rsize_t count)
{
    if (count == 0) {
        return 0;
    }
    if (to == NULL) {
        return EINVAL;
    }
    if (from == NULL || size < count) {
        memset(to, 0, size);
        return from == NULL ? EINVAL : ERANGE;
    }
    memcpy(to, from, count);
    return 0;
}

errno_t
memmove_s(void *to, rsize_t size, const void *from, rsize_t count)
{
    if (count == 0) {
        return 0;
    }
    if (to == NULL || from == NULL) {
        return EINVAL;
    }
    if (size < count) {
        return ERANGE;
    }
    memmove(to, from, count);
    return 0;
}

char *
strtok_s(char *string, const char *delimiters, char **context)
{
    char *start = string == NULL ? *context : string;
    size_t length;

    start += strspn(start, delimiters);
    length = strcspn(start, delimiters);
    *context = start + length;
    if (length == 0) {
        return NULL;
    }
    if (**context != 0) {
        *(*context)++ = 0;
    }
    return start;
}

/* --- numbers --- */

static char *
text_of(unsigned value, bool negative, char *buffer, int radix)
{
    char *at = buffer;

    do {
        unsigned digit = value % (unsigned)radix;

        *at++ = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
        value /= (unsigned)radix;
    } while (value != 0);
    if (negative) {
        *at++ = '-';
    }
    *at = 0;
    return _strrev(buffer);
}

char *
_itoa(int value, char *buffer, int radix)
{
    /* Only decimal numbers have a sign; in other bases it is the bits that count. */
    bool negative = radix == 10 && value < 0;

    return text_of(negative ? 0u - (unsigned)value : (unsigned)value, negative, buffer, radix);
}

char *
_ultoa(unsigned value, char *buffer, int radix)
{
    return text_of(value, false, buffer, radix);
}

errno_t
_itoa_s(int value, char *buffer, size_t size, int radix)
{
    char text[sizeof(value) * CHAR_BIT + 2];

    if (buffer == NULL || size == 0) {
        return EINVAL;
    }
    buffer[0] = 0;
    if (radix < 2 || radix > 36) {
        return EINVAL;
    }
    return strcpy_s(buffer, size, _itoa(value, text, radix));
}

LONGLONG
_atoi64(const char *string)
{
    ULONGLONG value = 0;
    bool negative;

    while (*string == ' ' || (*string >= '\t' && *string <= '\r')) {
        string++;
    }
    negative = *string == '-';
    if (*string == '-' || *string == '+') {
        string++;
    }
    for (; *string >= '0' && *string <= '9'; string++) {
        value = value * 10 + (ULONGLONG)(*string - '0');
    }
    return (LONGLONG)(negative ? 0 - value : value);
}
