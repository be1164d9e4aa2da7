/* Polling instead of indicating ("Introduction to NDIS Polling"). */
#ifndef __NDIS_POLL_H
#define __NDIS_POLL_H

#include "types.h"
#include "objectheader.h"
#include "nbl.h"

EXTERN_C_START

#if (NDIS_SUPPORT_NDIS685)
#define NDIS_ANY_NUMBER_OF_NBLS 0xFFFFFFFF

typedef struct NDIS_POLL_HANDLE__ *NDIS_POLL_HANDLE;
typedef struct _NDIS_POLL_TRANSMIT_DATA NDIS_POLL_TRANSMIT_DATA;
typedef struct _NDIS_POLL_RECEIVE_DATA NDIS_POLL_RECEIVE_DATA;
typedef struct _NDIS_POLL_DATA NDIS_POLL_DATA;
typedef struct _NDIS_POLL_NOTIFICATION NDIS_POLL_NOTIFICATION;
typedef struct _NDIS_POLL_CHARACTERISTICS NDIS_POLL_CHARACTERISTICS;

typedef struct _NDIS_POLL_TRANSMIT_DATA {
    ULONG MaxNblsToComplete;
    ULONG Reserved1[3];
    NET_BUFFER_LIST *CompletedNblChain;
    ULONG NumberOfCompletedNbls;
    ULONG NumberOfRemainingNbls;
    ULONG SendCompleteFlags;
    ULONG Reserved2;
    VOID *Reserved3[4];
} NDIS_POLL_TRANSMIT_DATA;

typedef struct _NDIS_POLL_RECEIVE_DATA {
    ULONG MaxNblsToIndicate;
    ULONG Reserved1[3];
    NET_BUFFER_LIST *IndicatedNblChain;
    ULONG NumberOfIndicatedNbls;
    ULONG NumberOfRemainingNbls;
    ULONG Flags;
    ULONG Reserved2;
    VOID *Reserved3[4];
} NDIS_POLL_RECEIVE_DATA;

#define NDIS_POLL_DATA_REVISION_1 1

typedef struct _NDIS_POLL_DATA {
    NDIS_OBJECT_HEADER Header;
    NDIS_POLL_TRANSMIT_DATA Transmit;
    NDIS_POLL_RECEIVE_DATA Receive;
} NDIS_POLL_DATA;

#define NDIS_SIZEOF_NDIS_POLL_DATA_REVISION_1 RTL_SIZEOF_THROUGH_FIELD(NDIS_POLL_DATA, Receive)

#define NDIS_POLL_NOTIFICATION_REVISION_1 1

typedef struct _NDIS_POLL_NOTIFICATION {
    NDIS_OBJECT_HEADER Header;
    BOOLEAN Enabled;
} NDIS_POLL_NOTIFICATION;

#define NDIS_SIZEOF_NDIS_POLL_NOTIFICATION_REVISION_1                                              \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_POLL_NOTIFICATION, Enabled)

typedef _Function_class_(NDIS_POLL) _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    NDIS_POLL(_In_ VOID *Context, _Inout_ NDIS_POLL_DATA *PollData);
typedef NDIS_POLL *NDIS_POLL_HANDLER;
typedef _Function_class_(NDIS_SET_POLL_NOTIFICATION) _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    NDIS_SET_POLL_NOTIFICATION(_In_ VOID *Context, _Inout_ NDIS_POLL_NOTIFICATION *Notification);
typedef NDIS_SET_POLL_NOTIFICATION *NDIS_SET_POLL_NOTIFICATION_HANDLER;

#define NDIS_POLL_CHARACTERISTICS_REVISION_1 1

typedef struct _NDIS_POLL_CHARACTERISTICS {
    NDIS_OBJECT_HEADER Header;
    NDIS_SET_POLL_NOTIFICATION_HANDLER SetPollNotificationHandler;
    NDIS_POLL_HANDLER PollHandler;
} NDIS_POLL_CHARACTERISTICS;

#define NDIS_SIZEOF_NDIS_POLL_CHARACTERISTICS_REVISION_1                                           \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_POLL_CHARACTERISTICS, PollHandler)

_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisRegisterPoll(_In_ NDIS_HANDLE NdisHandle, _In_opt_ VOID *Context,
                     _In_ const NDIS_POLL_CHARACTERISTICS *Characteristics,
                     _Out_ NDIS_POLL_HANDLE *PollHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisDeregisterPoll(_In_ NDIS_POLL_HANDLE PollHandle);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisSetPollAffinity(_In_ NDIS_POLL_HANDLE PollHandle,
                        _In_ const PROCESSOR_NUMBER *PollAffinity);
_IRQL_requires_max_(HIGH_LEVEL) NDISAPI VOID
    NdisRequestPoll(_In_ NDIS_POLL_HANDLE PollHandle, _Inout_ VOID *Reserved);
#endif

EXTERN_C_END

#endif
