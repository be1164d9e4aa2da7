/* Memory and byte order: the Rtl names over the C library's ("Run-Time Library (RTL) Routines"). */
#ifndef __WDK_WDM_MEMORY_H
#define __WDK_WDM_MEMORY_H

#include "types.h"
#include "interlocked.h"

EXTERN_C_START

#define RtlZeroMemory(Destination, Length)          memset((Destination), 0, (Length))
#define RtlCopyMemory(Destination, Source, Length)  memcpy((Destination), (Source), (Length))
#define RtlMoveMemory(Destination, Source, Length)  memmove((Destination), (Source), (Length))
#define RtlFillMemory(Destination, Length, Fill)    memset((Destination), (Fill), (Length))
#define RtlEqualMemory(Destination, Source, Length) (memcmp((Destination), (Source), (Length)) == 0)
#define RtlCopyBytes                                RtlCopyMemory
#define RtlZeroBytes                                RtlZeroMemory
#define RtlFillBytes                                RtlFillMemory
#define RtlCopyMemoryNonTemporal                    RtlCopyMemory

NTSYSAPI SIZE_T RtlCompareMemory(_In_ const VOID *Source1, _In_ const VOID *Source2,
                                 _In_ SIZE_T Length);

/* Not optimized away, even where the memory is not read again. */
__wdk_inline PVOID
RtlSecureZeroMemory(_Out_writes_bytes_all_(Length) PVOID Destination, _In_ SIZE_T Length)
{
    volatile char *byte = (volatile char *)Destination;

    while (Length-- != 0) {
        *byte++ = 0;
    }
    return Destination;
}

/* Offset of the first byte that is not zero plus one, or zero. */
NTSYSAPI BOOLEAN RtlIsZeroMemory(_In_reads_bytes_(Length) PVOID Buffer, _In_ SIZE_T Length);

#define RtlUshortByteSwap(_x)    _byteswap_ushort((USHORT)(_x))
#define RtlUlongByteSwap(_x)     _byteswap_ulong((ULONG)(_x))
#define RtlUlonglongByteSwap(_x) _byteswap_uint64((ULONGLONG)(_x))

#define RtlInterlockedSetBits(Flags, Flag)              InterlockedOr((PLONG)(Flags), Flag)
#define RtlInterlockedAndBits(Flags, Flag)              InterlockedAnd((PLONG)(Flags), Flag)
#define RtlInterlockedClearBits(Flags, Flag)            RtlInterlockedAndBits(Flags, ~(Flag))
#define RtlInterlockedXorBits(Flags, Flag)              InterlockedXor((PLONG)(Flags), Flag)
#define RtlInterlockedSetBitsDiscardReturn(Flags, Flag) ((VOID)RtlInterlockedSetBits(Flags, Flag))
#define RtlInterlockedAndBitsDiscardReturn(Flags, Flag) ((VOID)RtlInterlockedAndBits(Flags, Flag))
#define RtlInterlockedClearBitsDiscardReturn(Flags, Flag)                                          \
    RtlInterlockedAndBitsDiscardReturn(Flags, ~(Flag))
#define RtlCheckBit(BitMapHeader, BitPosition)                                                     \
    (((((PLONG)(BitMapHeader)->Buffer)[(BitPosition) / 32]) >> ((BitPosition) % 32)) & 0x1)

/* Halves, for values that may lie at any address. */
#define SHORT_SIZE (sizeof(USHORT))
#define LONG_SIZE  (sizeof(LONG))
#define RtlStoreUshort(ADDRESS, VALUE)                                                             \
    do {                                                                                           \
        USHORT __v = (USHORT)(VALUE);                                                              \
        memcpy((ADDRESS), &__v, sizeof(__v));                                                      \
    } while (0)
#define RtlStoreUlong(ADDRESS, VALUE)                                                              \
    do {                                                                                           \
        ULONG __v = (ULONG)(VALUE);                                                                \
        memcpy((ADDRESS), &__v, sizeof(__v));                                                      \
    } while (0)
#define RtlRetrieveUshort(DEST, SRC) memcpy((DEST), (SRC), sizeof(USHORT))
#define RtlRetrieveUlong(DEST, SRC)  memcpy((DEST), (SRC), sizeof(ULONG))
#define FIRSTBYTE(VALUE)             ((VALUE)&0x000000FF)
#define SECONDBYTE(VALUE)            (((VALUE) >> 8) & 0x000000FF)
#define THIRDBYTE(VALUE)             (((VALUE) >> 16) & 0x000000FF)
#define FOURTHBYTE(VALUE)            (((VALUE) >> 24) & 0x000000FF)

EXTERN_C_END

#endif
