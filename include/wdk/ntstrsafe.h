/* Safe string functions of the kernel ("Using Safe String Functions"). Inline, as on Windows. */
#ifndef _NTSTRSAFE_H_INCLUDED_
#define _NTSTRSAFE_H_INCLUDED_

#include <stdarg.h>
#include <string.h>
#include "ntdef.h"
#include "ntstatus.h"
#include "compiler/crt.h"

#define NTSTRSAFEDDI
#define NTSTRSAFEAPI                     __wdk_inline NTSTATUS
#define NTSTRSAFE_MAX_CCH                2147483647
#define NTSTRSAFE_MAX_LENGTH             (NTSTRSAFE_MAX_CCH - 1)
#define NTSTRSAFE_UNICODE_STRING_MAX_CCH (0xffff / sizeof(wchar_t))

typedef CHAR *NTSTRSAFE_PSTR;
typedef const CHAR *NTSTRSAFE_PCSTR;
typedef WCHAR *NTSTRSAFE_PWSTR;
typedef const WCHAR *NTSTRSAFE_PCWSTR;

/* The low byte of the flags is the one that fills. */
#define STRSAFE_IGNORE_NULLS     0x00000100
#define STRSAFE_FILL_BEHIND_NULL 0x00000200
#define STRSAFE_FILL_ON_FAILURE  0x00000400
#define STRSAFE_NULL_ON_FAILURE  0x00000800
#define STRSAFE_NO_TRUNCATION    0x00001000
#define STRSAFE_VALID_FLAGS                                                                        \
    (0x000000FF | STRSAFE_IGNORE_NULLS | STRSAFE_FILL_BEHIND_NULL | STRSAFE_FILL_ON_FAILURE |      \
     STRSAFE_NULL_ON_FAILURE | STRSAFE_NO_TRUNCATION)
#define STRSAFE_FILL_BYTE(x)              ((ULONG)((x & 0x000000FF) | STRSAFE_FILL_BEHIND_NULL))
#define STRSAFE_FAILURE_BYTE(x)           ((ULONG)((x & 0x000000FF) | STRSAFE_FILL_ON_FAILURE))
#define STRSAFE_GET_FILL_PATTERN(dwFlags) ((int)(dwFlags & 0x000000FF))
#define STRSAFE_ZERO_LENGTH_ON_FAILURE    STRSAFE_NULL_ON_FAILURE
#define STRSAFE_FILL_BEHIND               STRSAFE_FILL_BEHIND_NULL

#define STRSAFE_CHAR       CHAR
#define STRSAFE_NAME(name) __strsafe_##name##_a
#define STRSAFE_CCH(name)  RtlStringCch##name##A
#define STRSAFE_CB(name)   RtlStringCb##name##A
#define STRSAFE_VSNPRINTF  _vsnprintf
#include "ntstrsafe/functions.inl"
#include "ntstrsafe/cch.inl"
#include "ntstrsafe/cb.inl"
#undef STRSAFE_CHAR
#undef STRSAFE_NAME
#undef STRSAFE_CCH
#undef STRSAFE_CB
#undef STRSAFE_VSNPRINTF

#define STRSAFE_CHAR       WCHAR
#define STRSAFE_NAME(name) __strsafe_##name##_w
#define STRSAFE_CCH(name)  RtlStringCch##name##W
#define STRSAFE_CB(name)   RtlStringCb##name##W
#define STRSAFE_VSNPRINTF  _vsnwprintf
#include "ntstrsafe/functions.inl"
#include "ntstrsafe/cch.inl"
#include "ntstrsafe/cb.inl"
#undef STRSAFE_CHAR
#undef STRSAFE_NAME
#undef STRSAFE_CCH
#undef STRSAFE_CB
#undef STRSAFE_VSNPRINTF

#include "ntstrsafe/unicode.h"

#endif
