/* Arithmetic on LARGE_INTEGER, from before compilers had 64-bit integers ("RtlLargeIntegerAdd",
 * "RtlExtendedLargeIntegerDivide"). */
#ifndef __WDK_WDM_LARGE_INTEGER_H
#define __WDK_WDM_LARGE_INTEGER_H

#include "types.h"

EXTERN_C_START

__wdk_inline LARGE_INTEGER
RtlConvertLongToLargeInteger(_In_ LONG SignedInteger)
{
    LARGE_INTEGER result;

    result.QuadPart = SignedInteger;
    return result;
}

__wdk_inline LARGE_INTEGER
RtlConvertUlongToLargeInteger(_In_ ULONG UnsignedInteger)
{
    LARGE_INTEGER result;

    result.QuadPart = UnsignedInteger;
    return result;
}

__wdk_inline LARGE_INTEGER
RtlLargeIntegerAdd(_In_ LARGE_INTEGER Addend1, _In_ LARGE_INTEGER Addend2)
{
    LARGE_INTEGER result;

    result.QuadPart = Addend1.QuadPart + Addend2.QuadPart;
    return result;
}

__wdk_inline LARGE_INTEGER
RtlLargeIntegerSubtract(_In_ LARGE_INTEGER Minuend, _In_ LARGE_INTEGER Subtrahend)
{
    LARGE_INTEGER result;

    result.QuadPart = Minuend.QuadPart - Subtrahend.QuadPart;
    return result;
}

__wdk_inline LARGE_INTEGER
RtlLargeIntegerNegate(_In_ LARGE_INTEGER Subtrahend)
{
    LARGE_INTEGER result;

    result.QuadPart = -Subtrahend.QuadPart;
    return result;
}

__wdk_inline LARGE_INTEGER
RtlLargeIntegerShiftLeft(_In_ LARGE_INTEGER LargeInteger, _In_ CCHAR ShiftCount)
{
    LARGE_INTEGER result;

    result.QuadPart = (LONGLONG)((ULONGLONG)LargeInteger.QuadPart << (ShiftCount & 63));
    return result;
}

__wdk_inline LARGE_INTEGER
RtlLargeIntegerShiftRight(_In_ LARGE_INTEGER LargeInteger, _In_ CCHAR ShiftCount)
{
    LARGE_INTEGER result;

    result.QuadPart = (LONGLONG)((ULONGLONG)LargeInteger.QuadPart >> (ShiftCount & 63));
    return result;
}

__wdk_inline LARGE_INTEGER
RtlLargeIntegerArithmeticShift(_In_ LARGE_INTEGER LargeInteger, _In_ CCHAR ShiftCount)
{
    LARGE_INTEGER result;

    result.QuadPart = LargeInteger.QuadPart >> (ShiftCount & 63);
    return result;
}

__wdk_inline LARGE_INTEGER
RtlEnlargedIntegerMultiply(_In_ LONG Multiplicand, _In_ LONG Multiplier)
{
    LARGE_INTEGER result;

    result.QuadPart = (LONGLONG)Multiplicand * Multiplier;
    return result;
}

__wdk_inline LARGE_INTEGER
RtlEnlargedUnsignedMultiply(_In_ ULONG Multiplicand, _In_ ULONG Multiplier)
{
    LARGE_INTEGER result;

    result.QuadPart = (LONGLONG)((ULONGLONG)Multiplicand * Multiplier);
    return result;
}

__wdk_inline LARGE_INTEGER
RtlExtendedIntegerMultiply(_In_ LARGE_INTEGER Multiplicand, _In_ LONG Multiplier)
{
    LARGE_INTEGER result;

    result.QuadPart = Multiplicand.QuadPart * Multiplier;
    return result;
}

/* Divisions take the dividend as unsigned, except the one by a LARGE_INTEGER. */
__wdk_inline ULONG
RtlEnlargedUnsignedDivide(_In_ ULARGE_INTEGER Dividend, _In_ ULONG Divisor,
                          _Out_opt_ PULONG Remainder)
{
    if (Remainder != NULL) {
        *Remainder = (ULONG)(Dividend.QuadPart % Divisor);
    }
    return (ULONG)(Dividend.QuadPart / Divisor);
}

__wdk_inline LARGE_INTEGER
RtlExtendedLargeIntegerDivide(_In_ LARGE_INTEGER Dividend, _In_ ULONG Divisor,
                              _Out_opt_ PULONG Remainder)
{
    ULONGLONG value = (ULONGLONG)Dividend.QuadPart;

    Dividend.QuadPart = (LONGLONG)(value / Divisor);
    if (Remainder != NULL) {
        *Remainder = (ULONG)(value % Divisor);
    }
    return Dividend;
}

__wdk_inline LARGE_INTEGER
RtlLargeIntegerDivide(_In_ LARGE_INTEGER Dividend, _In_ LARGE_INTEGER Divisor,
                      _Out_opt_ PLARGE_INTEGER Remainder)
{
    if (Remainder != NULL) {
        Remainder->QuadPart = Dividend.QuadPart % Divisor.QuadPart;
    }
    Dividend.QuadPart /= Divisor.QuadPart;
    return Dividend;
}

#define RtlLargeIntegerGreaterThan(X, Y)          ((X).QuadPart > (Y).QuadPart)
#define RtlLargeIntegerGreaterThanOrEqualTo(X, Y) ((X).QuadPart >= (Y).QuadPart)
#define RtlLargeIntegerEqualTo(X, Y)              ((X).QuadPart == (Y).QuadPart)
#define RtlLargeIntegerNotEqualTo(X, Y)           ((X).QuadPart != (Y).QuadPart)
#define RtlLargeIntegerLessThan(X, Y)             ((X).QuadPart < (Y).QuadPart)
#define RtlLargeIntegerLessThanOrEqualTo(X, Y)    ((X).QuadPart <= (Y).QuadPart)
#define RtlLargeIntegerGreaterThanZero(X)         ((X).QuadPart > 0)
#define RtlLargeIntegerGreaterOrEqualToZero(X)    ((X).QuadPart >= 0)
#define RtlLargeIntegerEqualToZero(X)             ((X).QuadPart == 0)
#define RtlLargeIntegerNotEqualToZero(X)          ((X).QuadPart != 0)
#define RtlLargeIntegerLessThanZero(X)            ((X).QuadPart < 0)
#define RtlLargeIntegerLessOrEqualToZero(X)       ((X).QuadPart <= 0)
#define RtlLargeIntegerAnd(Result, Source, Mask)                                                   \
    ((Result).QuadPart = (Source).QuadPart & (Mask).QuadPart)

EXTERN_C_END

#endif
