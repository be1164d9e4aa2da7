/* Lists that several processors may use at once: those behind a spin lock, and the sequenced list
 * (SLIST), whose head changes atomically ("Singly and Doubly Linked Lists"). */
#ifndef __WDK_WDM_INTERLOCKED_LIST_H
#define __WDK_WDM_INTERLOCKED_LIST_H

#include "types.h"
#include "list.h"
#include "interlocked.h"

EXTERN_C_START

typedef struct DECLSPEC_ALIGN(16) _SLIST_ENTRY {
    struct _SLIST_ENTRY *Next;
} SLIST_ENTRY, *PSLIST_ENTRY;

typedef struct _SLIST_ENTRY32 {
    ULONG Next;
} SLIST_ENTRY32, *PSLIST_ENTRY32;

/* Depth and Sequence share the first half; the address of the first entry, shifted, the second. */
typedef union DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) _SLIST_HEADER {
    struct {
        ULONGLONG Alignment;
        ULONGLONG Region;
    };
    struct {
        ULONGLONG Depth : 16;
        ULONGLONG Sequence : 48;
        ULONGLONG Reserved : 4;
        ULONGLONG NextEntry : 60;
    } HeaderX64;
} SLIST_HEADER, *PSLIST_HEADER;

#define QUERY_DEPTH_SLIST(SListHead) ExQueryDepthSList(SListHead)

NTKERNELAPI VOID InitializeSListHead(_In_ PSLIST_HEADER SListHead);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI USHORT
    ExQueryDepthSList(_In_ PSLIST_HEADER SListHead);
NTKERNELAPI PSLIST_ENTRY ExpInterlockedPopEntrySList(_In_ PSLIST_HEADER ListHead);
NTKERNELAPI PSLIST_ENTRY ExpInterlockedPushEntrySList(_In_ PSLIST_HEADER ListHead,
                                                      _In_ PSLIST_ENTRY ListEntry);
NTKERNELAPI PSLIST_ENTRY ExpInterlockedFlushSList(_In_ PSLIST_HEADER ListHead);

/* x64 has these three as macros; the lock of the older form is not used. */
#define ExInitializeSListHead(SListHead)               InitializeSListHead(SListHead)
#define ExInterlockedPopEntrySList(Head, Lock)         ExpInterlockedPopEntrySList(Head)
#define ExInterlockedPushEntrySList(Head, Entry, Lock) ExpInterlockedPushEntrySList(Head, Entry)
#define ExInterlockedFlushSList(Head)                  ExpInterlockedFlushSList(Head)
#define InterlockedPopEntrySList(Head)                 ExpInterlockedPopEntrySList(Head)
#define InterlockedPushEntrySList(Head, Entry)         ExpInterlockedPushEntrySList(Head, Entry)
#define InterlockedFlushSList(Head)                    ExpInterlockedFlushSList(Head)

/* Pushes a chain of @Count entries from @List to @ListEnd; returns the former first entry. */
NTKERNELAPI PSLIST_ENTRY InterlockedPushListSList(_Inout_ PSLIST_HEADER ListHead,
                                                  _Inout_ PSLIST_ENTRY List,
                                                  _Inout_ PSLIST_ENTRY ListEnd, _In_ ULONG Count);

NTKERNELAPI PLIST_ENTRY ExInterlockedInsertHeadList(_Inout_ PLIST_ENTRY ListHead,
                                                    _Inout_ PLIST_ENTRY ListEntry,
                                                    _Inout_ PKSPIN_LOCK Lock);
NTKERNELAPI PLIST_ENTRY ExInterlockedInsertTailList(_Inout_ PLIST_ENTRY ListHead,
                                                    _Inout_ PLIST_ENTRY ListEntry,
                                                    _Inout_ PKSPIN_LOCK Lock);
NTKERNELAPI PLIST_ENTRY ExInterlockedRemoveHeadList(_Inout_ PLIST_ENTRY ListHead,
                                                    _Inout_ PKSPIN_LOCK Lock);
NTKERNELAPI PSINGLE_LIST_ENTRY ExInterlockedPopEntryList(_Inout_ PSINGLE_LIST_ENTRY ListHead,
                                                         _Inout_ PKSPIN_LOCK Lock);
NTKERNELAPI PSINGLE_LIST_ENTRY ExInterlockedPushEntryList(_Inout_ PSINGLE_LIST_ENTRY ListHead,
                                                          _Inout_ PSINGLE_LIST_ENTRY ListEntry,
                                                          _Inout_ PKSPIN_LOCK Lock);
NTKERNELAPI LARGE_INTEGER ExInterlockedAddLargeInteger(_Inout_ PLARGE_INTEGER Addend,
                                                       _In_ LARGE_INTEGER Increment,
                                                       _Inout_ PKSPIN_LOCK Lock);
NTKERNELAPI ULONG ExInterlockedAddUlong(_Inout_ PULONG Addend, _In_ ULONG Increment,
                                        _Inout_ PKSPIN_LOCK Lock);

#define ExInterlockedAddLargeStatistic(Addend, Increment)                                          \
    ((VOID)InterlockedAdd64(&(Addend)->QuadPart, (LONG64)(ULONG)(Increment)))
#define ExInterlockedCompareExchange64(Destination, Exchange, Comperand, Lock)                     \
    InterlockedCompareExchange64(Destination, *(Exchange), *(Comperand))

EXTERN_C_END

#endif
