/* Wide strings of 16-bit characters. The host's functions take 32-bit ones, so the standard names
 * bind to the kernel runtime here. Everything else is the host's <wchar.h>. */
#ifndef __WDK_WCHAR_H
#define __WDK_WCHAR_H

#include_next <wchar.h>

#include "compiler/keywords.h"
#include <stdarg.h>
#include <stddef.h>
#include <wctype.h>

EXTERN_C_START

__wdk_export size_t __nt_wcslen(const wchar_t *string);
__wdk_export size_t __nt_wcsnlen(const wchar_t *string, size_t limit);
__wdk_export wchar_t *__nt_wcscpy(wchar_t *to, const wchar_t *from);
__wdk_export wchar_t *__nt_wcsncpy(wchar_t *to, const wchar_t *from, size_t count);
__wdk_export wchar_t *__nt_wcscat(wchar_t *to, const wchar_t *from);
__wdk_export wchar_t *__nt_wcsncat(wchar_t *to, const wchar_t *from, size_t count);
__wdk_export int __nt_wcscmp(const wchar_t *a, const wchar_t *b);
__wdk_export int __nt_wcsncmp(const wchar_t *a, const wchar_t *b, size_t count);
__wdk_export wchar_t *__nt_wcschr(const wchar_t *string, wchar_t character);
__wdk_export wchar_t *__nt_wcsrchr(const wchar_t *string, wchar_t character);
__wdk_export wchar_t *__nt_wcsstr(const wchar_t *string, const wchar_t *part);
__wdk_export size_t __nt_wcsspn(const wchar_t *string, const wchar_t *set);
__wdk_export size_t __nt_wcscspn(const wchar_t *string, const wchar_t *set);
__wdk_export wchar_t *__nt_wcspbrk(const wchar_t *string, const wchar_t *set);
__wdk_export wchar_t *__nt_wmemcpy(wchar_t *to, const wchar_t *from, size_t count);
__wdk_export wchar_t *__nt_wmemmove(wchar_t *to, const wchar_t *from, size_t count);
__wdk_export wchar_t *__nt_wmemset(wchar_t *to, wchar_t character, size_t count);
__wdk_export int __nt_wmemcmp(const wchar_t *a, const wchar_t *b, size_t count);
__wdk_export wchar_t *__nt_wmemchr(const wchar_t *string, wchar_t character, size_t count);
__wdk_export int __nt_wcstol(const wchar_t *string, wchar_t **end, int radix);
__wdk_export unsigned int __nt_wcstoul(const wchar_t *string, wchar_t **end, int radix);
__wdk_export wint_t __nt_towlower(wint_t character);
__wdk_export wint_t __nt_towupper(wint_t character);
__wdk_export int __nt_iswalpha(wint_t character);
__wdk_export int __nt_iswdigit(wint_t character);
__wdk_export int __nt_iswxdigit(wint_t character);
__wdk_export int __nt_iswspace(wint_t character);
__wdk_export int __nt_swprintf(wchar_t *buffer, size_t size, const wchar_t *format, ...);
__wdk_export int __nt_vswprintf(wchar_t *buffer, size_t size, const wchar_t *format,
                                va_list arguments);
__wdk_export int _wcsicmp(const wchar_t *a, const wchar_t *b);
__wdk_export int _wcsnicmp(const wchar_t *a, const wchar_t *b, size_t count);
__wdk_export wchar_t *_wcslwr(wchar_t *string);
__wdk_export wchar_t *_wcsupr(wchar_t *string);
__wdk_export wchar_t *_wcsrev(wchar_t *string);
__wdk_export wchar_t *_wcsset(wchar_t *string, wchar_t character);
__wdk_export wchar_t *_wcsnset(wchar_t *string, wchar_t character, size_t count);
__wdk_export int wcscpy_s(wchar_t *to, size_t size, const wchar_t *from);
__wdk_export int wcsncpy_s(wchar_t *to, size_t size, const wchar_t *from, size_t count);
__wdk_export int wcscat_s(wchar_t *to, size_t size, const wchar_t *from);
__wdk_export int wcsncat_s(wchar_t *to, size_t size, const wchar_t *from, size_t count);
__wdk_export wchar_t *wcstok_s(wchar_t *string, const wchar_t *delimiters, wchar_t **context);

EXTERN_C_END

#undef wcslen
#define wcslen __nt_wcslen
#undef wcsnlen
#define wcsnlen __nt_wcsnlen
#undef wcscpy
#define wcscpy __nt_wcscpy
#undef wcsncpy
#define wcsncpy __nt_wcsncpy
#undef wcscat
#define wcscat __nt_wcscat
#undef wcsncat
#define wcsncat __nt_wcsncat
#undef wcscmp
#define wcscmp __nt_wcscmp
#undef wcsncmp
#define wcsncmp __nt_wcsncmp
#undef wcschr
#define wcschr __nt_wcschr
#undef wcsrchr
#define wcsrchr __nt_wcsrchr
#undef wcsstr
#define wcsstr __nt_wcsstr
#undef wcsspn
#define wcsspn __nt_wcsspn
#undef wcscspn
#define wcscspn __nt_wcscspn
#undef wcspbrk
#define wcspbrk __nt_wcspbrk
#undef wmemcpy
#define wmemcpy __nt_wmemcpy
#undef wmemmove
#define wmemmove __nt_wmemmove
#undef wmemset
#define wmemset __nt_wmemset
#undef wmemcmp
#define wmemcmp __nt_wmemcmp
#undef wmemchr
#define wmemchr __nt_wmemchr
#undef wcstol
#define wcstol __nt_wcstol
#undef wcstoul
#define wcstoul __nt_wcstoul
#undef towlower
#define towlower __nt_towlower
#undef towupper
#define towupper __nt_towupper
#undef iswalpha
#define iswalpha __nt_iswalpha
#undef iswdigit
#define iswdigit __nt_iswdigit
#undef iswxdigit
#define iswxdigit __nt_iswxdigit
#undef iswspace
#define iswspace __nt_iswspace
#undef swprintf
#define swprintf __nt_swprintf
#undef vswprintf
#define vswprintf __nt_vswprintf

#endif
