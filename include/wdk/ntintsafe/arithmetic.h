/* Sums, differences and products that tell when they overflow. Types of one size share a function.
 */
#ifndef __WDK_NTINTSAFE_ARITHMETIC_H
#define __WDK_NTINTSAFE_ARITHMETIC_H

#include "errors.h"

EXTERN_C_START

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlInt8Add(_In_ INT8 Augend, _In_ INT8 Addend, _Out_ INT8 *Result)
{
    if (__builtin_add_overflow(Augend, Addend, Result)) {
        *Result = INT8_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlInt8Mult(_In_ INT8 Multiplicand, _In_ INT8 Multiplier, _Out_ INT8 *Result)
{
    if (__builtin_mul_overflow(Multiplicand, Multiplier, Result)) {
        *Result = INT8_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlInt8Sub(_In_ INT8 Minuend, _In_ INT8 Subtrahend, _Out_ INT8 *Result)
{
    if (__builtin_sub_overflow(Minuend, Subtrahend, Result)) {
        *Result = INT8_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlUInt8Add(_In_ UCHAR Augend, _In_ UCHAR Addend, _Out_ UCHAR *Result)
{
    if (__builtin_add_overflow(Augend, Addend, Result)) {
        *Result = UCHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlUInt8Mult(_In_ UCHAR Multiplicand, _In_ UCHAR Multiplier, _Out_ UCHAR *Result)
{
    if (__builtin_mul_overflow(Multiplicand, Multiplier, Result)) {
        *Result = UCHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlUInt8Sub(_In_ UCHAR Minuend, _In_ UCHAR Subtrahend, _Out_ UCHAR *Result)
{
    if (__builtin_sub_overflow(Minuend, Subtrahend, Result)) {
        *Result = UCHAR_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlShortAdd(_In_ SHORT Augend, _In_ SHORT Addend, _Out_ SHORT *Result)
{
    if (__builtin_add_overflow(Augend, Addend, Result)) {
        *Result = SHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlShortMult(_In_ SHORT Multiplicand, _In_ SHORT Multiplier, _Out_ SHORT *Result)
{
    if (__builtin_mul_overflow(Multiplicand, Multiplier, Result)) {
        *Result = SHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlShortSub(_In_ SHORT Minuend, _In_ SHORT Subtrahend, _Out_ SHORT *Result)
{
    if (__builtin_sub_overflow(Minuend, Subtrahend, Result)) {
        *Result = SHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlUShortAdd(_In_ USHORT Augend, _In_ USHORT Addend, _Out_ USHORT *Result)
{
    if (__builtin_add_overflow(Augend, Addend, Result)) {
        *Result = USHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlUShortMult(_In_ USHORT Multiplicand, _In_ USHORT Multiplier, _Out_ USHORT *Result)
{
    if (__builtin_mul_overflow(Multiplicand, Multiplier, Result)) {
        *Result = USHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlUShortSub(_In_ USHORT Minuend, _In_ USHORT Subtrahend, _Out_ USHORT *Result)
{
    if (__builtin_sub_overflow(Minuend, Subtrahend, Result)) {
        *Result = USHORT_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongAdd(_In_ LONG Augend, _In_ LONG Addend, _Out_ LONG *Result)
{
    if (__builtin_add_overflow(Augend, Addend, Result)) {
        *Result = LONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongMult(_In_ LONG Multiplicand, _In_ LONG Multiplier, _Out_ LONG *Result)
{
    if (__builtin_mul_overflow(Multiplicand, Multiplier, Result)) {
        *Result = LONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongSub(_In_ LONG Minuend, _In_ LONG Subtrahend, _Out_ LONG *Result)
{
    if (__builtin_sub_overflow(Minuend, Subtrahend, Result)) {
        *Result = LONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongAdd(_In_ ULONG Augend, _In_ ULONG Addend, _Out_ ULONG *Result)
{
    if (__builtin_add_overflow(Augend, Addend, Result)) {
        *Result = ULONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongMult(_In_ ULONG Multiplicand, _In_ ULONG Multiplier, _Out_ ULONG *Result)
{
    if (__builtin_mul_overflow(Multiplicand, Multiplier, Result)) {
        *Result = ULONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongSub(_In_ ULONG Minuend, _In_ ULONG Subtrahend, _Out_ ULONG *Result)
{
    if (__builtin_sub_overflow(Minuend, Subtrahend, Result)) {
        *Result = ULONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongLongAdd(_In_ LONGLONG Augend, _In_ LONGLONG Addend, _Out_ LONGLONG *Result)
{
    if (__builtin_add_overflow(Augend, Addend, Result)) {
        *Result = LONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongLongMult(_In_ LONGLONG Multiplicand, _In_ LONGLONG Multiplier, _Out_ LONGLONG *Result)
{
    if (__builtin_mul_overflow(Multiplicand, Multiplier, Result)) {
        *Result = LONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlLongLongSub(_In_ LONGLONG Minuend, _In_ LONGLONG Subtrahend, _Out_ LONGLONG *Result)
{
    if (__builtin_sub_overflow(Minuend, Subtrahend, Result)) {
        *Result = LONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongLongAdd(_In_ ULONGLONG Augend, _In_ ULONGLONG Addend, _Out_ ULONGLONG *Result)
{
    if (__builtin_add_overflow(Augend, Addend, Result)) {
        *Result = ULONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongLongMult(_In_ ULONGLONG Multiplicand, _In_ ULONGLONG Multiplier, _Out_ ULONGLONG *Result)
{
    if (__builtin_mul_overflow(Multiplicand, Multiplier, Result)) {
        *Result = ULONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

_Must_inspect_result_ __wdk_inline NTSTATUS
RtlULongLongSub(_In_ ULONGLONG Minuend, _In_ ULONGLONG Subtrahend, _Out_ ULONGLONG *Result)
{
    if (__builtin_sub_overflow(Minuend, Subtrahend, Result)) {
        *Result = ULONGLONG_ERROR;
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_SUCCESS;
}

EXTERN_C_END

#define RtlDWord64Add    RtlULongLongAdd
#define RtlDWord64Mult   RtlULongLongMult
#define RtlDWord64Sub    RtlULongLongSub
#define RtlDWordAdd      RtlULongAdd
#define RtlDWordLongAdd  RtlULongLongAdd
#define RtlDWordLongMult RtlULongLongMult
#define RtlDWordLongSub  RtlULongLongSub
#define RtlDWordMult     RtlULongMult
#define RtlDWordPtrAdd   RtlULongLongAdd
#define RtlDWordPtrMult  RtlULongLongMult
#define RtlDWordPtrSub   RtlULongLongSub
#define RtlDWordSub      RtlULongSub
#define RtlIntAdd        RtlLongAdd
#define RtlIntMult       RtlLongMult
#define RtlIntPtrAdd     RtlLongLongAdd
#define RtlIntPtrMult    RtlLongLongMult
#define RtlIntPtrSub     RtlLongLongSub
#define RtlIntSub        RtlLongSub
#define RtlLongPtrAdd    RtlLongLongAdd
#define RtlLongPtrMult   RtlLongLongMult
#define RtlLongPtrSub    RtlLongLongSub
#define RtlPtrdiffTAdd   RtlLongLongAdd
#define RtlPtrdiffTMult  RtlLongLongMult
#define RtlPtrdiffTSub   RtlLongLongSub
#define RtlSIZETAdd      RtlULongLongAdd
#define RtlSIZETMult     RtlULongLongMult
#define RtlSIZETSub      RtlULongLongSub
#define RtlSSIZETAdd     RtlLongLongAdd
#define RtlSSIZETMult    RtlLongLongMult
#define RtlSSIZETSub     RtlLongLongSub
#define RtlSizeTAdd      RtlULongLongAdd
#define RtlSizeTMult     RtlULongLongMult
#define RtlSizeTSub      RtlULongLongSub
#define RtlUInt16Add     RtlUShortAdd
#define RtlUInt16Mult    RtlUShortMult
#define RtlUInt16Sub     RtlUShortSub
#define RtlUInt32Add     RtlULongAdd
#define RtlUInt32Mult    RtlULongMult
#define RtlUInt32Sub     RtlULongSub
#define RtlUInt64Add     RtlULongLongAdd
#define RtlUInt64Mult    RtlULongLongMult
#define RtlUInt64Sub     RtlULongLongSub
#define RtlUIntAdd       RtlULongAdd
#define RtlUIntMult      RtlULongMult
#define RtlUIntPtrAdd    RtlULongLongAdd
#define RtlUIntPtrMult   RtlULongLongMult
#define RtlUIntPtrSub    RtlULongLongSub
#define RtlUIntSub       RtlULongSub
#define RtlULong64Add    RtlULongLongAdd
#define RtlULong64Mult   RtlULongLongMult
#define RtlULong64Sub    RtlULongLongSub
#define RtlULongPtrAdd   RtlULongLongAdd
#define RtlULongPtrMult  RtlULongLongMult
#define RtlULongPtrSub   RtlULongLongSub
#define RtlWordAdd       RtlUShortAdd
#define RtlWordMult      RtlUShortMult
#define RtlWordSub       RtlUShortSub

#endif
