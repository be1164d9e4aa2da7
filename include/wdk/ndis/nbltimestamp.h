/* Packet timestamps ("NET_BUFFER_LIST_TIMESTAMP"). */
#ifndef __NDIS_NBLTIMESTAMP_H
#define __NDIS_NBLTIMESTAMP_H

#include "types.h"
#include "nbl.h"

EXTERN_C_START

#if (NDIS_SUPPORT_NDIS682)

typedef struct _NET_BUFFER_LIST_TIMESTAMP {
    ULONG64 Timestamp;
} NET_BUFFER_LIST_TIMESTAMP, *PNET_BUFFER_LIST_TIMESTAMP;

/* The timestamp fills one slot of the list; zero means that there is none. */
__wdk_inline VOID
NdisSetNblTimestampInfo(_Inout_ NET_BUFFER_LIST *Nbl,
                        _In_ const NET_BUFFER_LIST_TIMESTAMP *NblTimestamp)
{
    Nbl->NetBufferListInfo[NetBufferListInfoReserved3] = (PVOID)NblTimestamp->Timestamp;
}

__wdk_inline VOID
NdisGetNblTimestampInfo(_In_ const NET_BUFFER_LIST *Nbl,
                        _Out_ NET_BUFFER_LIST_TIMESTAMP *NblTimestamp)
{
    NblTimestamp->Timestamp = (ULONG64)Nbl->NetBufferListInfo[NetBufferListInfoReserved3];
}

__wdk_inline VOID
NdisCopyNblTimestampInfo(_Inout_ NET_BUFFER_LIST *NblDest, _In_ const NET_BUFFER_LIST *NblSrc)
{
    NblDest->NetBufferListInfo[NetBufferListInfoReserved3] =
        NblSrc->NetBufferListInfo[NetBufferListInfoReserved3];
}

#endif

EXTERN_C_END

#endif
