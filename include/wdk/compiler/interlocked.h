/* Compiler intrinsics of the Windows compiler, as functions over those of gcc and clang ("Compiler
 * intrinsics"). All interlocked operations without a suffix are full barriers. */
#ifndef __WDK_COMPILER_INTERLOCKED_H
#define __WDK_COMPILER_INTERLOCKED_H

#include "keywords.h"

EXTERN_C_START

__wdk_inline char
InterlockedAnd8(char volatile *target, char value)
{
    return __atomic_fetch_and(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline char
InterlockedOr8(char volatile *target, char value)
{
    return __atomic_fetch_or(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline char
InterlockedXor8(char volatile *target, char value)
{
    return __atomic_fetch_xor(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline char
InterlockedExchange8(char volatile *target, char value)
{
    return __atomic_exchange_n(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline char
InterlockedExchangeAdd8(char volatile *target, char value)
{
    return __atomic_fetch_add(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline char
InterlockedCompareExchange8(char volatile *target, char value, char comparand)
{
    __atomic_compare_exchange_n(target, &comparand, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return comparand;
}

__wdk_inline short
InterlockedAnd16(short volatile *target, short value)
{
    return __atomic_fetch_and(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline short
InterlockedOr16(short volatile *target, short value)
{
    return __atomic_fetch_or(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline short
InterlockedXor16(short volatile *target, short value)
{
    return __atomic_fetch_xor(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline short
InterlockedExchange16(short volatile *target, short value)
{
    return __atomic_exchange_n(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline short
InterlockedExchangeAdd16(short volatile *target, short value)
{
    return __atomic_fetch_add(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline short
InterlockedCompareExchange16(short volatile *target, short value, short comparand)
{
    __atomic_compare_exchange_n(target, &comparand, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return comparand;
}

__wdk_inline short
InterlockedIncrement16(short volatile *target)
{
    return __atomic_add_fetch(target, 1, __ATOMIC_SEQ_CST);
}

__wdk_inline short
InterlockedDecrement16(short volatile *target)
{
    return __atomic_sub_fetch(target, 1, __ATOMIC_SEQ_CST);
}

__wdk_inline int
InterlockedAnd(int volatile *target, int value)
{
    return __atomic_fetch_and(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline int
InterlockedOr(int volatile *target, int value)
{
    return __atomic_fetch_or(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline int
InterlockedXor(int volatile *target, int value)
{
    return __atomic_fetch_xor(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline int
InterlockedExchange(int volatile *target, int value)
{
    return __atomic_exchange_n(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline int
InterlockedExchangeAdd(int volatile *target, int value)
{
    return __atomic_fetch_add(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline int
InterlockedCompareExchange(int volatile *target, int value, int comparand)
{
    __atomic_compare_exchange_n(target, &comparand, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return comparand;
}

__wdk_inline int
InterlockedIncrement(int volatile *target)
{
    return __atomic_add_fetch(target, 1, __ATOMIC_SEQ_CST);
}

__wdk_inline int
InterlockedDecrement(int volatile *target)
{
    return __atomic_sub_fetch(target, 1, __ATOMIC_SEQ_CST);
}

__wdk_inline __wdk_int64
InterlockedAnd64(__wdk_int64 volatile *target, __wdk_int64 value)
{
    return __atomic_fetch_and(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline __wdk_int64
InterlockedOr64(__wdk_int64 volatile *target, __wdk_int64 value)
{
    return __atomic_fetch_or(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline __wdk_int64
InterlockedXor64(__wdk_int64 volatile *target, __wdk_int64 value)
{
    return __atomic_fetch_xor(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline __wdk_int64
InterlockedExchange64(__wdk_int64 volatile *target, __wdk_int64 value)
{
    return __atomic_exchange_n(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline __wdk_int64
InterlockedExchangeAdd64(__wdk_int64 volatile *target, __wdk_int64 value)
{
    return __atomic_fetch_add(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline __wdk_int64
InterlockedCompareExchange64(__wdk_int64 volatile *target, __wdk_int64 value, __wdk_int64 comparand)
{
    __atomic_compare_exchange_n(target, &comparand, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return comparand;
}

__wdk_inline __wdk_int64
InterlockedIncrement64(__wdk_int64 volatile *target)
{
    return __atomic_add_fetch(target, 1, __ATOMIC_SEQ_CST);
}

__wdk_inline __wdk_int64
InterlockedDecrement64(__wdk_int64 volatile *target)
{
    return __atomic_sub_fetch(target, 1, __ATOMIC_SEQ_CST);
}

__wdk_inline int
InterlockedAdd(int volatile *target, int value)
{
    return __atomic_add_fetch(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline unsigned char
InterlockedBitTestAndSet(int volatile *target, int offset)
{
    int bit = (int)((unsigned int)1 << (offset & 31));

    return (__atomic_fetch_or(target + (offset >> 5), bit, __ATOMIC_SEQ_CST) & bit) != 0;
}

__wdk_inline unsigned char
InterlockedBitTestAndReset(int volatile *target, int offset)
{
    int bit = (int)((unsigned int)1 << (offset & 31));

    return (__atomic_fetch_and(target + (offset >> 5), ~bit, __ATOMIC_SEQ_CST) & bit) != 0;
}

__wdk_inline __wdk_int64
InterlockedAdd64(__wdk_int64 volatile *target, __wdk_int64 value)
{
    return __atomic_add_fetch(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline unsigned char
InterlockedBitTestAndSet64(__wdk_int64 volatile *target, __wdk_int64 offset)
{
    __wdk_int64 bit = (__wdk_int64)((__wdk_uint64)1 << (offset & 63));

    return (__atomic_fetch_or(target + (offset >> 6), bit, __ATOMIC_SEQ_CST) & bit) != 0;
}

__wdk_inline unsigned char
InterlockedBitTestAndReset64(__wdk_int64 volatile *target, __wdk_int64 offset)
{
    __wdk_int64 bit = (__wdk_int64)((__wdk_uint64)1 << (offset & 63));

    return (__atomic_fetch_and(target + (offset >> 6), ~bit, __ATOMIC_SEQ_CST) & bit) != 0;
}

__wdk_inline void *
InterlockedExchangePointer(void *volatile *target, void *value)
{
    return __atomic_exchange_n(target, value, __ATOMIC_SEQ_CST);
}

__wdk_inline void *
InterlockedCompareExchangePointer(void *volatile *target, void *value, void *comparand)
{
    __atomic_compare_exchange_n(target, &comparand, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return comparand;
}

/* 16 bytes, aligned: stores high:low when the target equals comparand, which receives the old
 * value. */
__wdk_inline unsigned char
InterlockedCompareExchange128(__wdk_int64 volatile *target, __wdk_int64 high, __wdk_int64 low,
                              __wdk_int64 *comparand)
{
#if defined(__x86_64__)
    unsigned char equal;

    __asm__ volatile("lock cmpxchg16b %1"
                     : "=@ccz"(equal), "+m"(*(__int128 volatile *)target), "+a"(comparand[0]),
                       "+d"(comparand[1])
                     : "b"(low), "c"(high)
                     : "memory");
    return equal;
#else
    unsigned __int128 value = ((unsigned __int128)(__wdk_uint64)high << 64) | (__wdk_uint64)low;

    return __atomic_compare_exchange((unsigned __int128 volatile *)target,
                                     (unsigned __int128 *)comparand, &value, 0, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST);
#endif
}

EXTERN_C_END

/* The intrinsics' own names. They are macros because clang, with Microsoft extensions, takes the
 * names for builtins whose 64-bit type differs. */
#define _InterlockedAnd8                   InterlockedAnd8
#define _InterlockedOr8                    InterlockedOr8
#define _InterlockedXor8                   InterlockedXor8
#define _InterlockedExchange8              InterlockedExchange8
#define _InterlockedExchangeAdd8           InterlockedExchangeAdd8
#define _InterlockedCompareExchange8       InterlockedCompareExchange8
#define _InterlockedAnd16                  InterlockedAnd16
#define _InterlockedOr16                   InterlockedOr16
#define _InterlockedXor16                  InterlockedXor16
#define _InterlockedExchange16             InterlockedExchange16
#define _InterlockedExchangeAdd16          InterlockedExchangeAdd16
#define _InterlockedCompareExchange16      InterlockedCompareExchange16
#define _InterlockedIncrement16            InterlockedIncrement16
#define _InterlockedDecrement16            InterlockedDecrement16
#define _InterlockedAnd                    InterlockedAnd
#define _InterlockedOr                     InterlockedOr
#define _InterlockedXor                    InterlockedXor
#define _InterlockedExchange               InterlockedExchange
#define _InterlockedExchangeAdd            InterlockedExchangeAdd
#define _InterlockedCompareExchange        InterlockedCompareExchange
#define _InterlockedIncrement              InterlockedIncrement
#define _InterlockedDecrement              InterlockedDecrement
#define _InterlockedAnd64                  InterlockedAnd64
#define _InterlockedOr64                   InterlockedOr64
#define _InterlockedXor64                  InterlockedXor64
#define _InterlockedExchange64             InterlockedExchange64
#define _InterlockedExchangeAdd64          InterlockedExchangeAdd64
#define _InterlockedCompareExchange64      InterlockedCompareExchange64
#define _InterlockedIncrement64            InterlockedIncrement64
#define _InterlockedDecrement64            InterlockedDecrement64
#define _InterlockedAdd                    InterlockedAdd
#define _interlockedbittestandset          InterlockedBitTestAndSet
#define _interlockedbittestandreset        InterlockedBitTestAndReset
#define _InterlockedAdd64                  InterlockedAdd64
#define _interlockedbittestandset64        InterlockedBitTestAndSet64
#define _interlockedbittestandreset64      InterlockedBitTestAndReset64
#define _InterlockedExchangePointer        InterlockedExchangePointer
#define _InterlockedCompareExchangePointer InterlockedCompareExchangePointer
#define _InterlockedCompareExchange128     InterlockedCompareExchange128

#endif
