/* Intrinsics that drivers use without any kernel header: bits, bytes, barriers, traps. */
#ifndef __INTRIN_H_
#define __INTRIN_H_

#include "compiler/keywords.h"
#include "compiler/interlocked.h"

EXTERN_C_START

__wdk_inline unsigned short
_byteswap_ushort(unsigned short value)
{
    return __builtin_bswap16(value);
}

__wdk_inline unsigned int
_byteswap_ulong(unsigned int value)
{
    return __builtin_bswap32(value);
}

__wdk_inline __wdk_uint64
_byteswap_uint64(__wdk_uint64 value)
{
    return __builtin_bswap64(value);
}

__wdk_inline unsigned char
BitScanForward(unsigned int *index, unsigned int mask)
{
    if (mask == 0) {
        return 0;
    }
    *index = (unsigned int)(__builtin_ctz(mask));
    return 1;
}

__wdk_inline unsigned char
BitScanReverse(unsigned int *index, unsigned int mask)
{
    if (mask == 0) {
        return 0;
    }
    *index = (unsigned int)(31 - __builtin_clz(mask));
    return 1;
}

__wdk_inline unsigned char
BitScanForward64(unsigned int *index, __wdk_uint64 mask)
{
    if (mask == 0) {
        return 0;
    }
    *index = (unsigned int)(__builtin_ctzll(mask));
    return 1;
}

__wdk_inline unsigned char
BitScanReverse64(unsigned int *index, __wdk_uint64 mask)
{
    if (mask == 0) {
        return 0;
    }
    *index = (unsigned int)(63 - __builtin_clzll(mask));
    return 1;
}

__wdk_inline unsigned char
RotateLeft8(unsigned char value, unsigned char shift)
{
    return (unsigned char)((value << (shift & 7)) | (value >> (-shift & 7)));
}

__wdk_inline unsigned char
RotateRight8(unsigned char value, unsigned char shift)
{
    return (unsigned char)((value >> (shift & 7)) | (value << (-shift & 7)));
}

__wdk_inline unsigned short
RotateLeft16(unsigned short value, unsigned char shift)
{
    return (unsigned short)((value << (shift & 15)) | (value >> (-shift & 15)));
}

__wdk_inline unsigned short
RotateRight16(unsigned short value, unsigned char shift)
{
    return (unsigned short)((value >> (shift & 15)) | (value << (-shift & 15)));
}

__wdk_inline unsigned int
RotateLeft32(unsigned int value, int shift)
{
    return (unsigned int)((value << (shift & 31)) | (value >> (-shift & 31)));
}

__wdk_inline unsigned int
RotateRight32(unsigned int value, int shift)
{
    return (unsigned int)((value >> (shift & 31)) | (value << (-shift & 31)));
}

__wdk_inline __wdk_uint64
RotateLeft64(__wdk_uint64 value, int shift)
{
    return (__wdk_uint64)((value << (shift & 63)) | (value >> (-shift & 63)));
}

__wdk_inline __wdk_uint64
RotateRight64(__wdk_uint64 value, int shift)
{
    return (__wdk_uint64)((value >> (shift & 63)) | (value << (-shift & 63)));
}

__wdk_inline unsigned char
BitTest(int const *target, int offset)
{
    return (unsigned char)((target[offset >> 5] >> (offset & 31)) & 1);
}

__wdk_inline unsigned char
BitTest64(__wdk_int64 const *target, __wdk_int64 offset)
{
    return (unsigned char)((target[offset >> 6] >> (offset & 63)) & 1);
}

/* Set, clear or flip one bit of a bit map; answers what it was. */
__wdk_inline unsigned char
BitTestAndSet(int *target, int offset)
{
    unsigned int word = (unsigned int)target[offset >> 5];
    unsigned int bit = (unsigned int)1 << (offset & 31);

    target[offset >> 5] = (int)(word | bit);
    return (word & bit) != 0;
}

__wdk_inline unsigned char
BitTestAndSet64(__wdk_int64 *target, __wdk_int64 offset)
{
    __wdk_uint64 word = (__wdk_uint64)target[offset >> 6];
    __wdk_uint64 bit = (__wdk_uint64)1 << (offset & 63);

    target[offset >> 6] = (__wdk_int64)(word | bit);
    return (word & bit) != 0;
}

__wdk_inline unsigned char
BitTestAndReset(int *target, int offset)
{
    unsigned int word = (unsigned int)target[offset >> 5];
    unsigned int bit = (unsigned int)1 << (offset & 31);

    target[offset >> 5] = (int)(word & ~bit);
    return (word & bit) != 0;
}

__wdk_inline unsigned char
BitTestAndReset64(__wdk_int64 *target, __wdk_int64 offset)
{
    __wdk_uint64 word = (__wdk_uint64)target[offset >> 6];
    __wdk_uint64 bit = (__wdk_uint64)1 << (offset & 63);

    target[offset >> 6] = (__wdk_int64)(word & ~bit);
    return (word & bit) != 0;
}

__wdk_inline unsigned char
BitTestAndComplement(int *target, int offset)
{
    unsigned int word = (unsigned int)target[offset >> 5];
    unsigned int bit = (unsigned int)1 << (offset & 31);

    target[offset >> 5] = (int)(word ^ bit);
    return (word & bit) != 0;
}

__wdk_inline unsigned char
BitTestAndComplement64(__wdk_int64 *target, __wdk_int64 offset)
{
    __wdk_uint64 word = (__wdk_uint64)target[offset >> 6];
    __wdk_uint64 bit = (__wdk_uint64)1 << (offset & 63);

    target[offset >> 6] = (__wdk_int64)(word ^ bit);
    return (word & bit) != 0;
}

__wdk_inline unsigned short
PopulationCount16(unsigned short value)
{
    return (unsigned short)__builtin_popcount(value);
}

__wdk_inline unsigned int
PopulationCount32(unsigned int value)
{
    return (unsigned int)__builtin_popcount(value);
}

__wdk_inline __wdk_uint64
PopulationCount64(__wdk_uint64 value)
{
    return (__wdk_uint64)__builtin_popcountll(value);
}

__wdk_inline unsigned int
CountLeadingZeros32(unsigned int value)
{
    return value ? (unsigned int)__builtin_clz(value) : 32;
}

__wdk_inline __wdk_uint64
CountLeadingZeros64(__wdk_uint64 value)
{
    return value ? (__wdk_uint64)__builtin_clzll(value) : 64;
}

__wdk_inline __wdk_uint64
UnsignedMultiplyHigh(__wdk_uint64 a, __wdk_uint64 b)
{
    return (__wdk_uint64)(((unsigned __int128)a * b) >> 64);
}

__wdk_inline __wdk_uint64
UnsignedMultiply128(__wdk_uint64 a, __wdk_uint64 b, __wdk_uint64 *high)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    *high = (__wdk_uint64)(product >> 64);
    return (__wdk_uint64)product;
}

__wdk_inline __wdk_int64
MultiplyHigh(__wdk_int64 a, __wdk_int64 b)
{
    return (__wdk_int64)(((__int128)a * b) >> 64);
}

__wdk_inline __wdk_int64
Multiply128(__wdk_int64 a, __wdk_int64 b, __wdk_int64 *high)
{
    __int128 product = (__int128)a * b;

    *high = (__wdk_int64)(product >> 64);
    return (__wdk_int64)product;
}

__wdk_inline __wdk_uint64
ShiftLeft128(__wdk_uint64 low, __wdk_uint64 high, unsigned char shift)
{
    unsigned __int128 value = ((unsigned __int128)high << 64) | low;

    return (__wdk_uint64)((value << (shift & 63)) >> 64);
}

__wdk_inline __wdk_uint64
ShiftRight128(__wdk_uint64 low, __wdk_uint64 high, unsigned char shift)
{
    unsigned __int128 value = ((unsigned __int128)high << 64) | low;

    return (__wdk_uint64)(value >> (shift & 63));
}

/* Ends the process at once; the runtime reports the code ("__fastfail"). */
__wdk_export __attribute__((__noreturn__)) void __nt_fastfail(unsigned int code);

EXTERN_C_END

/* Macros, because clang with Microsoft extensions takes these names for builtins of its own. */
#define _BitScanForward         BitScanForward
#define _BitScanReverse         BitScanReverse
#define _BitScanForward64       BitScanForward64
#define _BitScanReverse64       BitScanReverse64
#define _bittest                BitTest
#define _bittest64              BitTest64
#define _bittestandset          BitTestAndSet
#define _bittestandset64        BitTestAndSet64
#define _bittestandreset        BitTestAndReset
#define _bittestandreset64      BitTestAndReset64
#define _bittestandcomplement   BitTestAndComplement
#define _bittestandcomplement64 BitTestAndComplement64
#define _rotl8                  RotateLeft8
#define _rotl16                 RotateLeft16
#define _rotl                   RotateLeft32
#define _rotl64                 RotateLeft64
#define _rotr8                  RotateRight8
#define _rotr16                 RotateRight16
#define _rotr                   RotateRight32
#define _rotr64                 RotateRight64
#define _lrotl                  RotateLeft32
#define _lrotr                  RotateRight32
#define __popcnt16              PopulationCount16
#define __popcnt                PopulationCount32
#define __popcnt64              PopulationCount64
#define __lzcnt                 CountLeadingZeros32
#define __lzcnt64               CountLeadingZeros64
#define __umulh                 UnsignedMultiplyHigh
#define __mulh                  MultiplyHigh
#define _mul128                 Multiply128
#define __shiftleft128          ShiftLeft128
#define __shiftright128         ShiftRight128
#define _umul128                UnsignedMultiply128

#define _alloca(size) __builtin_alloca(size)

/* Compiler barriers; memory barriers are in wdm.h. */
#define _ReadWriteBarrier() __asm__ volatile("" ::: "memory")
#define _ReadBarrier()      _ReadWriteBarrier()
#define _WriteBarrier()     _ReadWriteBarrier()

#define __faststorefence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define _ReturnAddress()   __builtin_return_address(0)

#ifdef __x86_64__
#define __debugbreak() __asm__ volatile("int3")
#define __nop()        __asm__ volatile("nop")
#else
#define __debugbreak() __builtin_trap()
#define __nop()        _ReadWriteBarrier()
#endif
#define __fastfail(code) __nt_fastfail(code)

#define FAST_FAIL_LEGACY_GS_VIOLATION        0
#define FAST_FAIL_STACK_COOKIE_CHECK_FAILURE 2
#define FAST_FAIL_CORRUPT_LIST_ENTRY         3
#define FAST_FAIL_INCORRECT_STACK            4
#define FAST_FAIL_INVALID_ARG                5
#define FAST_FAIL_GS_COOKIE_INIT             6
#define FAST_FAIL_FATAL_APP_EXIT             7
#define FAST_FAIL_RANGE_CHECK_FAILURE        8
#define FAST_FAIL_UNSAFE_REGISTRY_ACCESS     9
#define FAST_FAIL_INVALID_REFERENCE_COUNT    14
#define FAST_FAIL_INVALID_BALANCED_TREE      29

#endif
