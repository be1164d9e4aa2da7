/* What a result holds after an overflow. */
#ifndef __WDK_NTINTSAFE_ERRORS_H
#define __WDK_NTINTSAFE_ERRORS_H

#include "../ntdef.h"
#include "../ntstatus.h"

#define INT8_ERROR      (-1)
#define CHAR_ERROR      ((CHAR)-1)
#define UINT8_ERROR     0xff
#define BYTE_ERROR      0xff
#define UCHAR_ERROR     0xff
#define SHORT_ERROR     (-1)
#define INT16_ERROR     (-1)
#define USHORT_ERROR    0xffff
#define UINT16_ERROR    0xffff
#define WORD_ERROR      0xffff
#define INT_ERROR       (-1)
#define INT32_ERROR     (-1)
#define LONG_ERROR      (-1)
#define UINT_ERROR      0xffffffffU
#define UINT32_ERROR    0xffffffffU
#define ULONG_ERROR     0xffffffffU
#define DWORD_ERROR     0xffffffffU
#define LONGLONG_ERROR  (-1)
#define LONG64_ERROR    (-1)
#define INT64_ERROR     (-1)
#define INT_PTR_ERROR   (-1)
#define LONG_PTR_ERROR  (-1)
#define SSIZE_T_ERROR   (-1)
#define PTRDIFF_T_ERROR (-1)
#define ULONGLONG_ERROR MAXUINT64
#define DWORDLONG_ERROR MAXUINT64
#define ULONG64_ERROR   MAXUINT64
#define DWORD64_ERROR   MAXUINT64
#define UINT64_ERROR    MAXUINT64
#define UINT_PTR_ERROR  MAXUINT64
#define ULONG_PTR_ERROR MAXUINT64
#define DWORD_PTR_ERROR MAXUINT64
#define SIZE_T_ERROR    MAXUINT64

#endif
