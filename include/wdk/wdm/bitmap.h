/* Bit maps and bits ("RtlInitializeBitMap", "RtlFindClearBitsAndSet"). */
#ifndef __WDK_WDM_BITMAP_H
#define __WDK_WDM_BITMAP_H

#include "types.h"

EXTERN_C_START

typedef struct _RTL_BITMAP {
    ULONG SizeOfBitMap;
    PULONG Buffer;
} RTL_BITMAP, *PRTL_BITMAP;

typedef struct _RTL_BITMAP_RUN {
    ULONG StartingIndex;
    ULONG NumberOfBits;
} RTL_BITMAP_RUN, *PRTL_BITMAP_RUN;

NTSYSAPI VOID RtlInitializeBitMap(_Out_ PRTL_BITMAP BitMapHeader, _In_ PULONG BitMapBuffer,
                                  _In_ ULONG SizeOfBitMap);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI VOID
    RtlClearBit(_In_ PRTL_BITMAP BitMapHeader, _In_ ULONG BitNumber);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI VOID
    RtlSetBit(_In_ PRTL_BITMAP BitMapHeader, _In_ ULONG BitNumber);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI BOOLEAN
    RtlTestBit(_In_ PRTL_BITMAP BitMapHeader, _In_ ULONG BitNumber);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI VOID RtlClearAllBits(_In_ PRTL_BITMAP BitMapHeader);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI VOID RtlSetAllBits(_In_ PRTL_BITMAP BitMapHeader);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI ULONG
    RtlFindClearBits(_In_ PRTL_BITMAP BitMapHeader, _In_ ULONG NumberToFind, _In_ ULONG HintIndex);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI ULONG
    RtlFindSetBits(_In_ PRTL_BITMAP BitMapHeader, _In_ ULONG NumberToFind, _In_ ULONG HintIndex);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI ULONG
    RtlFindClearBitsAndSet(_In_ PRTL_BITMAP BitMapHeader, _In_ ULONG NumberToFind,
                           _In_ ULONG HintIndex);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI ULONG
    RtlFindSetBitsAndClear(_In_ PRTL_BITMAP BitMapHeader, _In_ ULONG NumberToFind,
                           _In_ ULONG HintIndex);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI VOID
    RtlClearBits(_In_ PRTL_BITMAP BitMapHeader, _In_ ULONG StartingIndex, _In_ ULONG NumberToClear);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI VOID
    RtlSetBits(_In_ PRTL_BITMAP BitMapHeader, _In_ ULONG StartingIndex, _In_ ULONG NumberToSet);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI ULONG
    RtlFindClearRuns(_In_ PRTL_BITMAP BitMapHeader, _Out_ PRTL_BITMAP_RUN RunArray,
                     _In_ ULONG SizeOfRunArray, _In_ BOOLEAN LocateLongestRuns);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI ULONG
    RtlFindLongestRunClear(_In_ PRTL_BITMAP BitMapHeader, _Out_ PULONG StartingIndex);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI ULONG
    RtlFindFirstRunClear(_In_ PRTL_BITMAP BitMapHeader, _Out_ PULONG StartingIndex);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI ULONG RtlNumberOfClearBits(_In_ PRTL_BITMAP BitMapHeader);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI ULONG RtlNumberOfSetBits(_In_ PRTL_BITMAP BitMapHeader);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI BOOLEAN
    RtlAreBitsClear(_In_ PRTL_BITMAP BitMapHeader, _In_ ULONG StartingIndex, _In_ ULONG Length);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI BOOLEAN
    RtlAreBitsSet(_In_ PRTL_BITMAP BitMapHeader, _In_ ULONG StartingIndex, _In_ ULONG Length);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI ULONG
    RtlFindNextForwardRunClear(_In_ PRTL_BITMAP BitMapHeader, _In_ ULONG FromIndex,
                               _Out_ PULONG StartingRunIndex);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI ULONG
    RtlFindLastBackwardRunClear(_In_ PRTL_BITMAP BitMapHeader, _In_ ULONG FromIndex,
                                _Out_ PULONG StartingRunIndex);
NTSYSAPI CCHAR RtlFindLeastSignificantBit(_In_ ULONGLONG Set);
NTSYSAPI CCHAR RtlFindMostSignificantBit(_In_ ULONGLONG Set);
NTSYSAPI ULONG RtlNumberOfSetBitsUlongPtr(_In_ ULONG_PTR Target);
NTSYSAPI ULONG RtlNumberOfClearBitsInRange(_In_ PRTL_BITMAP BitMapHeader, _In_ ULONG StartingIndex,
                                           _In_ ULONG Length);
NTSYSAPI ULONG RtlNumberOfSetBitsInRange(_In_ PRTL_BITMAP BitMapHeader, _In_ ULONG StartingIndex,
                                         _In_ ULONG Length);
NTSYSAPI VOID RtlCopyBitMap(_In_ PRTL_BITMAP Source, _In_ PRTL_BITMAP Destination,
                            _In_ ULONG TargetBit);

EXTERN_C_END

#endif
