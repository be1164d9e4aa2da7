/* The C runtime as a Windows driver expects it, where the host's differs: wide characters of 16
 * bits, Microsoft's format strings (%I64u, %ws, %wZ, a 32-bit %lu), and functions the host does not
 * have.
 *
 * Wide functions, and those that take a format, keep their Windows name in driver text and bind to
 * names of the kernel runtime (__nt_...). The host's headers are read first, so that they meet
 * their own names. */
#ifndef __WDK_COMPILER_CRT_H
#define __WDK_COMPILER_CRT_H

#include "keywords.h"

#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <wctype.h>
#include "../wchar.h"

#ifndef _ERRNO_T_DEFINED
#define _ERRNO_T_DEFINED
typedef int errno_t;
#endif
#ifndef _RSIZE_T_DEFINED
#define _RSIZE_T_DEFINED
typedef size_t rsize_t;
#endif

#define _TRUNCATE       ((size_t)-1)
#define _countof(array) (sizeof(array) / sizeof((array)[0]))

EXTERN_C_START

__wdk_export int __nt_sprintf(char *buffer, const char *format, ...);
__wdk_export int __nt_vsprintf(char *buffer, const char *format, va_list arguments);
__wdk_export int _snprintf(char *buffer, size_t count, const char *format, ...);
__wdk_export int _vsnprintf(char *buffer, size_t count, const char *format, va_list arguments);
__wdk_export int _snwprintf(wchar_t *buffer, size_t count, const wchar_t *format, ...);
__wdk_export int _vsnwprintf(wchar_t *buffer, size_t count, const wchar_t *format,
                             va_list arguments);
__wdk_export int _vscprintf(const char *format, va_list arguments);
__wdk_export int _vscwprintf(const wchar_t *format, va_list arguments);
__wdk_export int sprintf_s(char *buffer, size_t size, const char *format, ...);
__wdk_export int vsprintf_s(char *buffer, size_t size, const char *format, va_list arguments);
__wdk_export int swprintf_s(wchar_t *buffer, size_t size, const wchar_t *format, ...);
__wdk_export int vswprintf_s(wchar_t *buffer, size_t size, const wchar_t *format,
                             va_list arguments);
__wdk_export int _snprintf_s(char *buffer, size_t size, size_t count, const char *format, ...);
__wdk_export int _vsnprintf_s(char *buffer, size_t size, size_t count, const char *format,
                              va_list arguments);
__wdk_export int _snwprintf_s(wchar_t *buffer, size_t size, size_t count, const wchar_t *format,
                              ...);
__wdk_export int _vsnwprintf_s(wchar_t *buffer, size_t size, size_t count, const wchar_t *format,
                               va_list arguments);

__wdk_export int _stricmp(const char *a, const char *b);
__wdk_export int _strnicmp(const char *a, const char *b, size_t count);
__wdk_export int _memicmp(const void *a, const void *b, size_t count);
__wdk_export char *_strlwr(char *string);
__wdk_export char *_strupr(char *string);
__wdk_export char *_strrev(char *string);
__wdk_export char *_strset(char *string, int character);
__wdk_export char *_strnset(char *string, int character, size_t count);
__wdk_export errno_t strcpy_s(char *to, rsize_t size, const char *from);
__wdk_export errno_t strncpy_s(char *to, rsize_t size, const char *from, rsize_t count);
__wdk_export errno_t strcat_s(char *to, rsize_t size, const char *from);
__wdk_export errno_t strncat_s(char *to, rsize_t size, const char *from, rsize_t count);
__wdk_export char *strtok_s(char *string, const char *delimiters, char **context);
__wdk_export errno_t memcpy_s(void *to, rsize_t size, const void *from, rsize_t count);
__wdk_export errno_t memmove_s(void *to, rsize_t size, const void *from, rsize_t count);
__wdk_export char *_itoa(int value, char *buffer, int radix);
__wdk_export char *_ultoa(unsigned int value, char *buffer, int radix);
__wdk_export errno_t _itoa_s(int value, char *buffer, size_t size, int radix);
__wdk_export __wdk_int64 _atoi64(const char *string);
__wdk_export wchar_t *_itow(int value, wchar_t *buffer, int radix);
__wdk_export errno_t _itow_s(int value, wchar_t *buffer, size_t size, int radix);
__wdk_export int _wtoi(const wchar_t *string);
__wdk_export __wdk_int64 _wtoi64(const wchar_t *string);

EXTERN_C_END

#define sprintf  __nt_sprintf
#define vsprintf __nt_vsprintf

#endif
