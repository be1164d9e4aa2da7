/*
 * The C runtime's printf functions, on the formatter. They differ only in what they do when the
 * text does not fit, which is the documented part of each ("_snprintf", "sprintf_s",
 * "_snprintf_s").
 */
#include <ntdef.h>

#include "nt/format.h"

#include <limits.h>

enum { FAILED = -1 };

/* --- as much as fits; a terminator only when there is room for it: _snprintf --- */

int
_vsnprintf(char *buffer, size_t count, const char *format, va_list arguments)
{
    size_t length = pndis__format(buffer, count, format, arguments);

    if (length < count) {
        buffer[length] = 0;
    }
    return length > count && buffer != NULL ? FAILED : (int)length;
}

int
_snprintf(char *buffer, size_t count, const char *format, ...)
{
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = _vsnprintf(buffer, count, format, arguments);
    va_end(arguments);
    return result;
}

int
_vsnwprintf(wchar_t *buffer, size_t count, const wchar_t *format, va_list arguments)
{
    size_t length = pndis__format_wide(buffer, count, format, arguments);

    if (length < count) {
        buffer[length] = 0;
    }
    return length > count && buffer != NULL ? FAILED : (int)length;
}

int
_snwprintf(wchar_t *buffer, size_t count, const wchar_t *format, ...)
{
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = _vsnwprintf(buffer, count, format, arguments);
    va_end(arguments);
    return result;
}

/* --- a buffer that the caller knows to be large enough: sprintf --- */

int
__nt_vsprintf(char *buffer, const char *format, va_list arguments)
{
    return _vsnprintf(buffer, INT_MAX, format, arguments);
}

int
__nt_sprintf(char *buffer, const char *format, ...)
{
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = __nt_vsprintf(buffer, format, arguments);
    va_end(arguments);
    return result;
}

/* --- no buffer: the length --- */

int
_vscprintf(const char *format, va_list arguments)
{
    return (int)pndis__format(NULL, 0, format, arguments);
}

int
_vscwprintf(const wchar_t *format, va_list arguments)
{
    return (int)pndis__format_wide(NULL, 0, format, arguments);
}

/* --- cut, but always terminated: the standard's swprintf --- */

int
__nt_vswprintf(wchar_t *buffer, size_t size, const wchar_t *format, va_list arguments)
{
    size_t length;

    if (buffer == NULL || size == 0) {
        return FAILED;
    }
    length = pndis__format_wide(buffer, size - 1, format, arguments);
    buffer[length < size ? length : size - 1] = 0;
    return length < size ? (int)length : FAILED;
}

int
__nt_swprintf(wchar_t *buffer, size_t size, const wchar_t *format, ...)
{
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = __nt_vswprintf(buffer, size, format, arguments);
    va_end(arguments);
    return result;
}

/* --- all or nothing: sprintf_s --- */

int
vsprintf_s(char *buffer, size_t size, const char *format, va_list arguments)
{
    size_t length;

    if (buffer == NULL || size == 0) {
        return FAILED;
    }
    length = pndis__format(buffer, size - 1, format, arguments);
    buffer[length < size ? length : 0] = 0;
    return length < size ? (int)length : FAILED;
}

int
sprintf_s(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = vsprintf_s(buffer, size, format, arguments);
    va_end(arguments);
    return result;
}

int
vswprintf_s(wchar_t *buffer, size_t size, const wchar_t *format, va_list arguments)
{
    size_t length;

    if (buffer == NULL || size == 0) {
        return FAILED;
    }
    length = pndis__format_wide(buffer, size - 1, format, arguments);
    buffer[length < size ? length : 0] = 0;
    return length < size ? (int)length : FAILED;
}

int
swprintf_s(wchar_t *buffer, size_t size, const wchar_t *format, ...)
{
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = vswprintf_s(buffer, size, format, arguments);
    va_end(arguments);
    return result;
}

/* --- at most @count characters, and they have to fit unless truncation is asked for --- */

/* Where the terminator goes for a text of @length. */
static size_t
terminator(size_t length, size_t size, size_t count)
{
    if (length <= count && length < size) {
        return length;
    }
    if (count < size) {
        return count;
    }
    return count == _TRUNCATE ? size - 1 : 0;
}

int
_vsnprintf_s(char *buffer, size_t size, size_t count, const char *format, va_list arguments)
{
    size_t length;

    if (buffer == NULL || size == 0) {
        return FAILED;
    }
    length = pndis__format(buffer, size - 1, format, arguments);
    buffer[terminator(length, size, count)] = 0;
    return length <= count && length < size ? (int)length : FAILED;
}

int
_snprintf_s(char *buffer, size_t size, size_t count, const char *format, ...)
{
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = _vsnprintf_s(buffer, size, count, format, arguments);
    va_end(arguments);
    return result;
}

int
_vsnwprintf_s(wchar_t *buffer, size_t size, size_t count, const wchar_t *format, va_list arguments)
{
    size_t length;

    if (buffer == NULL || size == 0) {
        return FAILED;
    }
    length = pndis__format_wide(buffer, size - 1, format, arguments);
    buffer[terminator(length, size, count)] = 0;
    return length <= count && length < size ? (int)length : FAILED;
}

int
_snwprintf_s(wchar_t *buffer, size_t size, size_t count, const wchar_t *format, ...)
{
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = _vsnwprintf_s(buffer, size, count, format, arguments);
    va_end(arguments);
    return result;
}
