/* Interlocked operations with a memory order, ordered reads and writes, and barriers ("Introduction
 * to Interlocked Operations"). On x64 Windows an interlocked operation is a full barrier whatever
 * order its name asks for, so the suffixed names are aliases; the functions are in
 * compiler/interlocked.h. */
#ifndef __WDK_WDM_INTERLOCKED_H
#define __WDK_WDM_INTERLOCKED_H

#include "../ntdef.h"
#include "../intrin.h"

EXTERN_C_START

#define InterlockedAddAcquire                    InterlockedAdd
#define InterlockedAddAcquire64                  InterlockedAdd64
#define InterlockedAddNoFence                    InterlockedAdd
#define InterlockedAddNoFence64                  InterlockedAdd64
#define InterlockedAddRelease                    InterlockedAdd
#define InterlockedAddRelease64                  InterlockedAdd64
#define InterlockedAnd64Acquire                  InterlockedAnd64
#define InterlockedAnd64NoFence                  InterlockedAnd64
#define InterlockedAnd64Release                  InterlockedAnd64
#define InterlockedAndAcquire                    InterlockedAnd
#define InterlockedAndAcquire8                   InterlockedAnd8
#define InterlockedAndNoFence                    InterlockedAnd
#define InterlockedAndNoFence8                   InterlockedAnd8
#define InterlockedAndRelease                    InterlockedAnd
#define InterlockedAndRelease8                   InterlockedAnd8
#define InterlockedBitTestAndReset64Acquire      InterlockedBitTestAndReset64
#define InterlockedBitTestAndReset64NoFence      InterlockedBitTestAndReset64
#define InterlockedBitTestAndReset64Release      InterlockedBitTestAndReset64
#define InterlockedBitTestAndResetAcquire        InterlockedBitTestAndReset
#define InterlockedBitTestAndResetNoFence        InterlockedBitTestAndReset
#define InterlockedBitTestAndResetRelease        InterlockedBitTestAndReset
#define InterlockedBitTestAndSet64Acquire        InterlockedBitTestAndSet64
#define InterlockedBitTestAndSet64NoFence        InterlockedBitTestAndSet64
#define InterlockedBitTestAndSet64Release        InterlockedBitTestAndSet64
#define InterlockedBitTestAndSetAcquire          InterlockedBitTestAndSet
#define InterlockedBitTestAndSetNoFence          InterlockedBitTestAndSet
#define InterlockedBitTestAndSetRelease          InterlockedBitTestAndSet
#define InterlockedCompareExchangeAcquire        InterlockedCompareExchange
#define InterlockedCompareExchangeAcquire16      InterlockedCompareExchange16
#define InterlockedCompareExchangeAcquire64      InterlockedCompareExchange64
#define InterlockedCompareExchangeNoFence        InterlockedCompareExchange
#define InterlockedCompareExchangeNoFence16      InterlockedCompareExchange16
#define InterlockedCompareExchangeNoFence64      InterlockedCompareExchange64
#define InterlockedCompareExchangePointerAcquire InterlockedCompareExchangePointer
#define InterlockedCompareExchangePointerNoFence InterlockedCompareExchangePointer
#define InterlockedCompareExchangePointerRelease InterlockedCompareExchangePointer
#define InterlockedCompareExchangeRelease        InterlockedCompareExchange
#define InterlockedCompareExchangeRelease16      InterlockedCompareExchange16
#define InterlockedCompareExchangeRelease64      InterlockedCompareExchange64
#define InterlockedDecrementAcquire              InterlockedDecrement
#define InterlockedDecrementAcquire16            InterlockedDecrement16
#define InterlockedDecrementAcquire64            InterlockedDecrement64
#define InterlockedDecrementNoFence              InterlockedDecrement
#define InterlockedDecrementNoFence16            InterlockedDecrement16
#define InterlockedDecrementNoFence64            InterlockedDecrement64
#define InterlockedDecrementRelease              InterlockedDecrement
#define InterlockedDecrementRelease16            InterlockedDecrement16
#define InterlockedDecrementRelease64            InterlockedDecrement64
#define InterlockedExchangeAcquire               InterlockedExchange
#define InterlockedExchangeAcquire64             InterlockedExchange64
#define InterlockedExchangeAcquire8              InterlockedExchange8
#define InterlockedExchangeAddAcquire            InterlockedExchangeAdd
#define InterlockedExchangeAddAcquire64          InterlockedExchangeAdd64
#define InterlockedExchangeAddNoFence            InterlockedExchangeAdd
#define InterlockedExchangeAddNoFence64          InterlockedExchangeAdd64
#define InterlockedExchangeAddRelease            InterlockedExchangeAdd
#define InterlockedExchangeAddRelease64          InterlockedExchangeAdd64
#define InterlockedExchangeNoFence               InterlockedExchange
#define InterlockedExchangeNoFence64             InterlockedExchange64
#define InterlockedExchangeNoFence8              InterlockedExchange8
#define InterlockedExchangePointerAcquire        InterlockedExchangePointer
#define InterlockedExchangePointerNoFence        InterlockedExchangePointer
#define InterlockedIncrementAcquire              InterlockedIncrement
#define InterlockedIncrementAcquire16            InterlockedIncrement16
#define InterlockedIncrementAcquire64            InterlockedIncrement64
#define InterlockedIncrementNoFence              InterlockedIncrement
#define InterlockedIncrementNoFence16            InterlockedIncrement16
#define InterlockedIncrementNoFence64            InterlockedIncrement64
#define InterlockedIncrementRelease              InterlockedIncrement
#define InterlockedIncrementRelease16            InterlockedIncrement16
#define InterlockedIncrementRelease64            InterlockedIncrement64
#define InterlockedOr64Acquire                   InterlockedOr64
#define InterlockedOr64NoFence                   InterlockedOr64
#define InterlockedOr64Release                   InterlockedOr64
#define InterlockedOrAcquire                     InterlockedOr
#define InterlockedOrAcquire8                    InterlockedOr8
#define InterlockedOrNoFence                     InterlockedOr
#define InterlockedOrNoFence8                    InterlockedOr8
#define InterlockedOrRelease                     InterlockedOr
#define InterlockedOrRelease8                    InterlockedOr8
#define InterlockedXor64Acquire                  InterlockedXor64
#define InterlockedXor64NoFence                  InterlockedXor64
#define InterlockedXor64Release                  InterlockedXor64
#define InterlockedXorAcquire                    InterlockedXor
#define InterlockedXorAcquire8                   InterlockedXor8
#define InterlockedXorNoFence                    InterlockedXor
#define InterlockedXorNoFence8                   InterlockedXor8
#define InterlockedXorRelease                    InterlockedXor
#define InterlockedXorRelease8                   InterlockedXor8

#define InterlockedExchangeAddSizeT(Target, Value)                                                 \
    InterlockedExchangeAdd64((LONG64 volatile *)(Target), (LONG64)(Value))
#define InterlockedExchangeAddSizeTAcquire InterlockedExchangeAddSizeT
#define InterlockedExchangeAddSizeTNoFence InterlockedExchangeAddSizeT
#define InterlockedIncrementSizeT(Target)  InterlockedIncrement64((LONG64 volatile *)(Target))
#define InterlockedIncrementSizeTNoFence   InterlockedIncrementSizeT
#define InterlockedDecrementSizeT(Target)  InterlockedDecrement64((LONG64 volatile *)(Target))
#define InterlockedDecrementSizeTNoFence   InterlockedDecrementSizeT
#define InterlockedAndAffinity             InterlockedAnd64
#define InterlockedOrAffinity              InterlockedOr64

__wdk_inline CHAR
ReadAcquire8(_In_ _Interlocked_operand_ CHAR const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

__wdk_inline CHAR
ReadNoFence8(_In_ _Interlocked_operand_ CHAR const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

__wdk_inline VOID
WriteRelease8(_Out_ _Interlocked_operand_ CHAR volatile *Destination, _In_ CHAR Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

__wdk_inline VOID
WriteNoFence8(_Out_ _Interlocked_operand_ CHAR volatile *Destination, _In_ CHAR Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

__wdk_inline SHORT
ReadAcquire16(_In_ _Interlocked_operand_ SHORT const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

__wdk_inline SHORT
ReadNoFence16(_In_ _Interlocked_operand_ SHORT const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

__wdk_inline VOID
WriteRelease16(_Out_ _Interlocked_operand_ SHORT volatile *Destination, _In_ SHORT Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

__wdk_inline VOID
WriteNoFence16(_Out_ _Interlocked_operand_ SHORT volatile *Destination, _In_ SHORT Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

__wdk_inline LONG
ReadAcquire(_In_ _Interlocked_operand_ LONG const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

__wdk_inline LONG
ReadNoFence(_In_ _Interlocked_operand_ LONG const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

__wdk_inline VOID
WriteRelease(_Out_ _Interlocked_operand_ LONG volatile *Destination, _In_ LONG Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

__wdk_inline VOID
WriteNoFence(_Out_ _Interlocked_operand_ LONG volatile *Destination, _In_ LONG Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

__wdk_inline LONG64
ReadAcquire64(_In_ _Interlocked_operand_ LONG64 const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

__wdk_inline LONG64
ReadNoFence64(_In_ _Interlocked_operand_ LONG64 const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

__wdk_inline VOID
WriteRelease64(_Out_ _Interlocked_operand_ LONG64 volatile *Destination, _In_ LONG64 Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

__wdk_inline VOID
WriteNoFence64(_Out_ _Interlocked_operand_ LONG64 volatile *Destination, _In_ LONG64 Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

__wdk_inline UCHAR
ReadUCharAcquire(_In_ _Interlocked_operand_ UCHAR const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

__wdk_inline UCHAR
ReadUCharNoFence(_In_ _Interlocked_operand_ UCHAR const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

__wdk_inline VOID
WriteUCharRelease(_Out_ _Interlocked_operand_ UCHAR volatile *Destination, _In_ UCHAR Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

__wdk_inline VOID
WriteUCharNoFence(_Out_ _Interlocked_operand_ UCHAR volatile *Destination, _In_ UCHAR Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

__wdk_inline BOOLEAN
ReadBooleanAcquire(_In_ _Interlocked_operand_ BOOLEAN const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

__wdk_inline BOOLEAN
ReadBooleanNoFence(_In_ _Interlocked_operand_ BOOLEAN const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

__wdk_inline VOID
WriteBooleanRelease(_Out_ _Interlocked_operand_ BOOLEAN volatile *Destination, _In_ BOOLEAN Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

__wdk_inline VOID
WriteBooleanNoFence(_Out_ _Interlocked_operand_ BOOLEAN volatile *Destination, _In_ BOOLEAN Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

__wdk_inline USHORT
ReadUShortAcquire(_In_ _Interlocked_operand_ USHORT const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

__wdk_inline USHORT
ReadUShortNoFence(_In_ _Interlocked_operand_ USHORT const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

__wdk_inline VOID
WriteUShortRelease(_Out_ _Interlocked_operand_ USHORT volatile *Destination, _In_ USHORT Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

__wdk_inline VOID
WriteUShortNoFence(_Out_ _Interlocked_operand_ USHORT volatile *Destination, _In_ USHORT Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

__wdk_inline INT32
ReadInt32Acquire(_In_ _Interlocked_operand_ INT32 const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

__wdk_inline INT32
ReadInt32NoFence(_In_ _Interlocked_operand_ INT32 const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

__wdk_inline VOID
WriteInt32Release(_Out_ _Interlocked_operand_ INT32 volatile *Destination, _In_ INT32 Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

__wdk_inline VOID
WriteInt32NoFence(_Out_ _Interlocked_operand_ INT32 volatile *Destination, _In_ INT32 Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

__wdk_inline UINT32
ReadUInt32Acquire(_In_ _Interlocked_operand_ UINT32 const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

__wdk_inline UINT32
ReadUInt32NoFence(_In_ _Interlocked_operand_ UINT32 const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

__wdk_inline VOID
WriteUInt32Release(_Out_ _Interlocked_operand_ UINT32 volatile *Destination, _In_ UINT32 Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

__wdk_inline VOID
WriteUInt32NoFence(_Out_ _Interlocked_operand_ UINT32 volatile *Destination, _In_ UINT32 Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

__wdk_inline ULONG
ReadULongAcquire(_In_ _Interlocked_operand_ ULONG const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

__wdk_inline ULONG
ReadULongNoFence(_In_ _Interlocked_operand_ ULONG const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

__wdk_inline VOID
WriteULongRelease(_Out_ _Interlocked_operand_ ULONG volatile *Destination, _In_ ULONG Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

__wdk_inline VOID
WriteULongNoFence(_Out_ _Interlocked_operand_ ULONG volatile *Destination, _In_ ULONG Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

__wdk_inline ULONG64
ReadULong64Acquire(_In_ _Interlocked_operand_ ULONG64 const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

__wdk_inline ULONG64
ReadULong64NoFence(_In_ _Interlocked_operand_ ULONG64 const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

__wdk_inline VOID
WriteULong64Release(_Out_ _Interlocked_operand_ ULONG64 volatile *Destination, _In_ ULONG64 Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

__wdk_inline VOID
WriteULong64NoFence(_Out_ _Interlocked_operand_ ULONG64 volatile *Destination, _In_ ULONG64 Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

__wdk_inline PVOID
ReadPointerAcquire(_In_ _Interlocked_operand_ PVOID const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

__wdk_inline PVOID
ReadPointerNoFence(_In_ _Interlocked_operand_ PVOID const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

__wdk_inline VOID
WritePointerRelease(_Out_ _Interlocked_operand_ PVOID volatile *Destination, _In_ PVOID Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

__wdk_inline VOID
WritePointerNoFence(_Out_ _Interlocked_operand_ PVOID volatile *Destination, _In_ PVOID Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

/* Raw means that not even the size of the access is promised; nothing is gained by less. */
#define ReadRaw8             ReadNoFence8
#define WriteRaw8            WriteNoFence8
#define ReadRaw16            ReadNoFence16
#define WriteRaw16           WriteNoFence16
#define ReadRaw              ReadNoFence
#define WriteRaw             WriteNoFence
#define ReadRaw64            ReadNoFence64
#define WriteRaw64           WriteNoFence64
#define ReadUCharRaw         ReadUCharNoFence
#define WriteUCharRaw        WriteUCharNoFence
#define ReadBooleanRaw       ReadBooleanNoFence
#define WriteBooleanRaw      WriteBooleanNoFence
#define ReadUShortRaw        ReadUShortNoFence
#define WriteUShortRaw       WriteUShortNoFence
#define ReadInt32Raw         ReadInt32NoFence
#define WriteInt32Raw        WriteInt32NoFence
#define ReadUInt32Raw        ReadUInt32NoFence
#define WriteUInt32Raw       WriteUInt32NoFence
#define ReadULongRaw         ReadULongNoFence
#define WriteULongRaw        WriteULongNoFence
#define ReadULong64Raw       ReadULong64NoFence
#define WriteULong64Raw      WriteULong64NoFence
#define ReadPointerRaw       ReadPointerNoFence
#define WritePointerRaw      WritePointerNoFence
#define ReadSizeTAcquire     ReadULong64Acquire
#define ReadSizeTNoFence     ReadULong64NoFence
#define ReadSizeTRaw         ReadULong64Raw
#define WriteSizeTRelease    WriteULong64Release
#define WriteSizeTNoFence    WriteULong64NoFence
#define WriteSizeTRaw        WriteULong64Raw
#define ReadULongPtrAcquire  ReadULong64Acquire
#define ReadULongPtrNoFence  ReadULong64NoFence
#define ReadULongPtrRaw      ReadULong64Raw
#define WriteULongPtrRelease WriteULong64Release
#define WriteULongPtrNoFence WriteULong64NoFence
#define WriteULongPtrRaw     WriteULong64Raw
#define ReadLongPtrAcquire   ReadAcquire64
#define ReadLongPtrNoFence   ReadNoFence64
#define ReadLongPtrRaw       ReadRaw64
#define WriteLongPtrRelease  WriteRelease64
#define WriteLongPtrNoFence  WriteNoFence64
#define WriteLongPtrRaw      WriteRaw64

/* Barriers. */
#if defined(__SANITIZE_THREAD__)
/* gcc's ThreadSanitizer knows no fences; an exchange orders what is around it just as well. */
__wdk_inline VOID
KeMemoryBarrier(VOID)
{
    LONG Anything = 0;

    (void)__atomic_exchange_n(&Anything, 1, __ATOMIC_SEQ_CST);
}
#define LoadFence()  KeMemoryBarrier()
#define StoreFence() KeMemoryBarrier()
#else
#define KeMemoryBarrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define LoadFence()       __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define StoreFence()      __atomic_thread_fence(__ATOMIC_RELEASE)
#endif
#define MemoryBarrier()               KeMemoryBarrier()
#define KeMemoryBarrierWithoutFence() _ReadWriteBarrier()
#define FastFence()                   KeMemoryBarrier()
#define MemoryFence()                 KeMemoryBarrier()
#define BarrierAfterRead()            _ReadWriteBarrier()
#ifdef __x86_64__
#define YieldProcessor() __builtin_ia32_pause()
#else
#define YieldProcessor() __asm__ volatile("yield")
#endif

EXTERN_C_END

#endif
