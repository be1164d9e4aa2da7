/* Conversions that tell when the value does not fit. Types of one size share a function. */
#ifndef __WDK_NTINTSAFE_CONVERT_H
#define __WDK_NTINTSAFE_CONVERT_H

#include "errors.h"

EXTERN_C_START

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlInt8ToUChar(_In_ INT8 Operand, _Out_ UCHAR *Result)
{
    if (__builtin_add_overflow(Operand, (INT8)0, Result)) {
        *Result = UCHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlInt8ToUShort(_In_ INT8 Operand, _Out_ USHORT *Result)
{
    if (__builtin_add_overflow(Operand, (INT8)0, Result)) {
        *Result = USHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlInt8ToULong(_In_ INT8 Operand, _Out_ ULONG *Result)
{
    if (__builtin_add_overflow(Operand, (INT8)0, Result)) {
        *Result = ULONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlInt8ToULongLong(_In_ INT8 Operand, _Out_ ULONGLONG *Result)
{
    if (__builtin_add_overflow(Operand, (INT8)0, Result)) {
        *Result = ULONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlByteToChar(_In_ UCHAR Operand, _Out_ CHAR *Result)
{
    if (__builtin_add_overflow(Operand, (UCHAR)0, Result)) {
        *Result = CHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlByteToInt8(_In_ UCHAR Operand, _Out_ INT8 *Result)
{
    if (__builtin_add_overflow(Operand, (UCHAR)0, Result)) {
        *Result = INT8_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlShortToChar(_In_ SHORT Operand, _Out_ CHAR *Result)
{
    if (__builtin_add_overflow(Operand, (SHORT)0, Result)) {
        *Result = CHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlShortToInt8(_In_ SHORT Operand, _Out_ INT8 *Result)
{
    if (__builtin_add_overflow(Operand, (SHORT)0, Result)) {
        *Result = INT8_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlShortToUChar(_In_ SHORT Operand, _Out_ UCHAR *Result)
{
    if (__builtin_add_overflow(Operand, (SHORT)0, Result)) {
        *Result = UCHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlShortToUShort(_In_ SHORT Operand, _Out_ USHORT *Result)
{
    if (__builtin_add_overflow(Operand, (SHORT)0, Result)) {
        *Result = USHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlShortToULong(_In_ SHORT Operand, _Out_ ULONG *Result)
{
    if (__builtin_add_overflow(Operand, (SHORT)0, Result)) {
        *Result = ULONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlShortToULongLong(_In_ SHORT Operand, _Out_ ULONGLONG *Result)
{
    if (__builtin_add_overflow(Operand, (SHORT)0, Result)) {
        *Result = ULONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlUShortToChar(_In_ USHORT Operand, _Out_ CHAR *Result)
{
    if (__builtin_add_overflow(Operand, (USHORT)0, Result)) {
        *Result = CHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlUShortToInt8(_In_ USHORT Operand, _Out_ INT8 *Result)
{
    if (__builtin_add_overflow(Operand, (USHORT)0, Result)) {
        *Result = INT8_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlUShortToUChar(_In_ USHORT Operand, _Out_ UCHAR *Result)
{
    if (__builtin_add_overflow(Operand, (USHORT)0, Result)) {
        *Result = UCHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlUShortToShort(_In_ USHORT Operand, _Out_ SHORT *Result)
{
    if (__builtin_add_overflow(Operand, (USHORT)0, Result)) {
        *Result = SHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongToChar(_In_ LONG Operand, _Out_ CHAR *Result)
{
    if (__builtin_add_overflow(Operand, (LONG)0, Result)) {
        *Result = CHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongToInt8(_In_ LONG Operand, _Out_ INT8 *Result)
{
    if (__builtin_add_overflow(Operand, (LONG)0, Result)) {
        *Result = INT8_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongToUChar(_In_ LONG Operand, _Out_ UCHAR *Result)
{
    if (__builtin_add_overflow(Operand, (LONG)0, Result)) {
        *Result = UCHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongToShort(_In_ LONG Operand, _Out_ SHORT *Result)
{
    if (__builtin_add_overflow(Operand, (LONG)0, Result)) {
        *Result = SHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongToUShort(_In_ LONG Operand, _Out_ USHORT *Result)
{
    if (__builtin_add_overflow(Operand, (LONG)0, Result)) {
        *Result = USHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongToInt(_In_ LONG Operand, _Out_ LONG *Result)
{
    if (__builtin_add_overflow(Operand, (LONG)0, Result)) {
        *Result = LONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongToULong(_In_ LONG Operand, _Out_ ULONG *Result)
{
    if (__builtin_add_overflow(Operand, (LONG)0, Result)) {
        *Result = ULONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongToIntPtr(_In_ LONG Operand, _Out_ LONGLONG *Result)
{
    if (__builtin_add_overflow(Operand, (LONG)0, Result)) {
        *Result = LONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongToULongLong(_In_ LONG Operand, _Out_ ULONGLONG *Result)
{
    if (__builtin_add_overflow(Operand, (LONG)0, Result)) {
        *Result = ULONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongToChar(_In_ ULONG Operand, _Out_ CHAR *Result)
{
    if (__builtin_add_overflow(Operand, (ULONG)0, Result)) {
        *Result = CHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongToInt8(_In_ ULONG Operand, _Out_ INT8 *Result)
{
    if (__builtin_add_overflow(Operand, (ULONG)0, Result)) {
        *Result = INT8_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongToUChar(_In_ ULONG Operand, _Out_ UCHAR *Result)
{
    if (__builtin_add_overflow(Operand, (ULONG)0, Result)) {
        *Result = UCHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongToShort(_In_ ULONG Operand, _Out_ SHORT *Result)
{
    if (__builtin_add_overflow(Operand, (ULONG)0, Result)) {
        *Result = SHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongToUShort(_In_ ULONG Operand, _Out_ USHORT *Result)
{
    if (__builtin_add_overflow(Operand, (ULONG)0, Result)) {
        *Result = USHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongToLong(_In_ ULONG Operand, _Out_ LONG *Result)
{
    if (__builtin_add_overflow(Operand, (ULONG)0, Result)) {
        *Result = LONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlDWordToUInt(_In_ ULONG Operand, _Out_ ULONG *Result)
{
    if (__builtin_add_overflow(Operand, (ULONG)0, Result)) {
        *Result = ULONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlDWordToIntPtr(_In_ ULONG Operand, _Out_ LONGLONG *Result)
{
    if (__builtin_add_overflow(Operand, (ULONG)0, Result)) {
        *Result = LONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlDWordToUIntPtr(_In_ ULONG Operand, _Out_ ULONGLONG *Result)
{
    if (__builtin_add_overflow(Operand, (ULONG)0, Result)) {
        *Result = ULONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongLongToChar(_In_ LONGLONG Operand, _Out_ CHAR *Result)
{
    if (__builtin_add_overflow(Operand, (LONGLONG)0, Result)) {
        *Result = CHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongLongToInt8(_In_ LONGLONG Operand, _Out_ INT8 *Result)
{
    if (__builtin_add_overflow(Operand, (LONGLONG)0, Result)) {
        *Result = INT8_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongLongToUChar(_In_ LONGLONG Operand, _Out_ UCHAR *Result)
{
    if (__builtin_add_overflow(Operand, (LONGLONG)0, Result)) {
        *Result = UCHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongLongToShort(_In_ LONGLONG Operand, _Out_ SHORT *Result)
{
    if (__builtin_add_overflow(Operand, (LONGLONG)0, Result)) {
        *Result = SHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongLongToUShort(_In_ LONGLONG Operand, _Out_ USHORT *Result)
{
    if (__builtin_add_overflow(Operand, (LONGLONG)0, Result)) {
        *Result = USHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongLongToLong(_In_ LONGLONG Operand, _Out_ LONG *Result)
{
    if (__builtin_add_overflow(Operand, (LONGLONG)0, Result)) {
        *Result = LONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongLongToULong(_In_ LONGLONG Operand, _Out_ ULONG *Result)
{
    if (__builtin_add_overflow(Operand, (LONGLONG)0, Result)) {
        *Result = ULONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlInt64ToIntPtr(_In_ LONGLONG Operand, _Out_ LONGLONG *Result)
{
    if (__builtin_add_overflow(Operand, (LONGLONG)0, Result)) {
        *Result = LONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongLongToULongLong(_In_ LONGLONG Operand, _Out_ ULONGLONG *Result)
{
    if (__builtin_add_overflow(Operand, (LONGLONG)0, Result)) {
        *Result = ULONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongLongToChar(_In_ ULONGLONG Operand, _Out_ CHAR *Result)
{
    if (__builtin_add_overflow(Operand, (ULONGLONG)0, Result)) {
        *Result = CHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongLongToInt8(_In_ ULONGLONG Operand, _Out_ INT8 *Result)
{
    if (__builtin_add_overflow(Operand, (ULONGLONG)0, Result)) {
        *Result = INT8_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongLongToUChar(_In_ ULONGLONG Operand, _Out_ UCHAR *Result)
{
    if (__builtin_add_overflow(Operand, (ULONGLONG)0, Result)) {
        *Result = UCHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongLongToShort(_In_ ULONGLONG Operand, _Out_ SHORT *Result)
{
    if (__builtin_add_overflow(Operand, (ULONGLONG)0, Result)) {
        *Result = SHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongLongToUShort(_In_ ULONGLONG Operand, _Out_ USHORT *Result)
{
    if (__builtin_add_overflow(Operand, (ULONGLONG)0, Result)) {
        *Result = USHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongLongToLong(_In_ ULONGLONG Operand, _Out_ LONG *Result)
{
    if (__builtin_add_overflow(Operand, (ULONGLONG)0, Result)) {
        *Result = LONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongLongToULong(_In_ ULONGLONG Operand, _Out_ ULONG *Result)
{
    if (__builtin_add_overflow(Operand, (ULONGLONG)0, Result)) {
        *Result = ULONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongLongToLongLong(_In_ ULONGLONG Operand, _Out_ LONGLONG *Result)
{
    if (__builtin_add_overflow(Operand, (ULONGLONG)0, Result)) {
        *Result = LONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlDWord64ToDWordPtr(_In_ ULONGLONG Operand, _Out_ ULONGLONG *Result)
{
    if (__builtin_add_overflow(Operand, (ULONGLONG)0, Result)) {
        *Result = ULONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

EXTERN_C_END

#endif
