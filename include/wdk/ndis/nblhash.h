/* The receive hash of a NET_BUFFER_LIST ("RSS Hashing Types"). */
#ifndef __NDIS_NBLHASH_H
#define __NDIS_NBLHASH_H

#include "types.h"
#include "nbl.h"
#include "nblaccessors.h"
#include "hashtypes.h"

EXTERN_C_START

#define NET_BUFFER_LIST_SET_HASH_VALUE(_NBL, _HashValue)                                           \
    (NET_BUFFER_LIST_INFO(_NBL, NetBufferListHashValue) = (PVOID)(ULONG_PTR)(ULONG)(_HashValue))
#define NET_BUFFER_LIST_GET_HASH_VALUE(_NBL)                                                       \
    ((ULONG)(ULONG_PTR)NET_BUFFER_LIST_INFO(_NBL, NetBufferListHashValue))
#define NET_BUFFER_LIST_GET_HASH_TYPE(_NBL)                                                        \
    ((ULONG)(ULONG_PTR)NET_BUFFER_LIST_INFO(_NBL, NetBufferListHashInfo) & NDIS_HASH_TYPE_MASK)
#define NET_BUFFER_LIST_GET_HASH_FUNCTION(_NBL)                                                    \
    ((ULONG)(ULONG_PTR)NET_BUFFER_LIST_INFO(_NBL, NetBufferListHashInfo) & NDIS_HASH_FUNCTION_MASK)

/* Type and function share a slot: setting one keeps the other. */
__wdk_inline VOID
NET_BUFFER_LIST_SET_HASH_TYPE(_In_ NET_BUFFER_LIST *Nbl, _In_ UINT32 HashType)
{
    ULONG_PTR info = (ULONG_PTR)NET_BUFFER_LIST_INFO(Nbl, NetBufferListHashInfo);

    info &= ~(ULONG_PTR)NDIS_HASH_TYPE_MASK;
    NET_BUFFER_LIST_INFO(Nbl, NetBufferListHashInfo) =
        (PVOID)(info | (HashType & NDIS_HASH_TYPE_MASK));
}

__wdk_inline VOID
NET_BUFFER_LIST_SET_HASH_FUNCTION(_In_ NET_BUFFER_LIST *Nbl, _In_ UINT32 HashFunction)
{
    ULONG_PTR info = (ULONG_PTR)NET_BUFFER_LIST_INFO(Nbl, NetBufferListHashInfo);

    info &= ~(ULONG_PTR)NDIS_HASH_FUNCTION_MASK;
    NET_BUFFER_LIST_INFO(Nbl, NetBufferListHashInfo) =
        (PVOID)(info | (HashFunction & NDIS_HASH_FUNCTION_MASK));
}

EXTERN_C_END

#endif
