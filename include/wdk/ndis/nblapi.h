/* Pools, allocation and data of NET_BUFFERs and NET_BUFFER_LISTs ("Managing NET_BUFFER_LISTs and
 * NET_BUFFERs"). */
#ifndef __NDIS_NBLAPI_H
#define __NDIS_NBLAPI_H

#include "types.h"
#include "objectheader.h"
#include "nbl.h"
#include "mdlapi.h"

EXTERN_C_START

#define NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 1
#if (NDIS_SUPPORT_NDIS687)
#define NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_2 2
#endif

typedef struct _NET_BUFFER_LIST_POOL_PARAMETERS {
    NDIS_OBJECT_HEADER Header;
    UCHAR ProtocolId;
    BOOLEAN fAllocateNetBuffer;
    USHORT ContextSize;
    ULONG PoolTag;
    ULONG DataSize;
#if (NDIS_SUPPORT_NDIS687)
    ULONG Flags;
#endif
} NET_BUFFER_LIST_POOL_PARAMETERS, *PNET_BUFFER_LIST_POOL_PARAMETERS;

#define NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1                                     \
    RTL_SIZEOF_THROUGH_FIELD(NET_BUFFER_LIST_POOL_PARAMETERS, DataSize)
#if (NDIS_SUPPORT_NDIS687)
#define NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_2                                     \
    RTL_SIZEOF_THROUGH_FIELD(NET_BUFFER_LIST_POOL_PARAMETERS, Flags)
#endif

#define NET_BUFFER_POOL_PARAMETERS_REVISION_1 1
#if (NDIS_SUPPORT_NDIS687)
#define NET_BUFFER_POOL_PARAMETERS_REVISION_2 2
#endif

typedef struct _NET_BUFFER_POOL_PARAMETERS {
    NDIS_OBJECT_HEADER Header;
    ULONG PoolTag;
    ULONG DataSize;
#if (NDIS_SUPPORT_NDIS687)
    ULONG Flags;
#endif
} NET_BUFFER_POOL_PARAMETERS, *PNET_BUFFER_POOL_PARAMETERS;

#define NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1                                          \
    RTL_SIZEOF_THROUGH_FIELD(NET_BUFFER_POOL_PARAMETERS, DataSize)
#if (NDIS_SUPPORT_NDIS687)
#define NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_2                                          \
    RTL_SIZEOF_THROUGH_FIELD(NET_BUFFER_POOL_PARAMETERS, Flags)
#endif

#if (NDIS_SUPPORT_NDIS687)
#define NET_BUFFER_LIST_POOL_FLAG_VERIFY 0x00000001
#define NET_BUFFER_POOL_FLAG_VERIFY      0x00000001
#endif

#define NDIS_CLONE_FLAGS_RESERVED          0x00000001
#define NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS 0x00000002
#define NDIS_TEST_CLONE_FLAG(_Flags, _Fl)  (((_Flags) & (_Fl)) == (_Fl))
#define NDIS_SET_CLONE_FLAG(_Flags, _Fl)   ((_Flags) |= (_Fl))
#define NDIS_CLEAR_CLONE_FLAG(_Flags, _Fl) ((_Flags) &= ~(_Fl))

/* A driver may supply the MDLs of its pools itself. */
typedef _Function_class_(NET_BUFFER_ALLOCATE_MDL)
    _IRQL_requires_max_(DISPATCH_LEVEL) MDL *NET_BUFFER_ALLOCATE_MDL(_In_ ULONG *BufferSize);
typedef NET_BUFFER_ALLOCATE_MDL *NET_BUFFER_ALLOCATE_MDL_HANDLER;
typedef _Function_class_(NET_BUFFER_FREE_MDL) _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    NET_BUFFER_FREE_MDL(_In_ MDL *Mdl);
typedef NET_BUFFER_FREE_MDL *NET_BUFFER_FREE_MDL_HANDLER;

/* Pools. */
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_HANDLE
    NdisAllocateNetBufferListPool(_In_opt_ NDIS_HANDLE NdisHandle,
                                  _In_ const NET_BUFFER_LIST_POOL_PARAMETERS *Parameters);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFreeNetBufferListPool(_In_ NDIS_HANDLE PoolHandle);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_HANDLE
    NdisAllocateNetBufferPool(_In_opt_ NDIS_HANDLE NdisHandle,
                              _In_ const NET_BUFFER_POOL_PARAMETERS *Parameters);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID NdisFreeNetBufferPool(_In_ NDIS_HANDLE PoolHandle);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_HANDLE
    NdisGetPoolFromNetBufferList(_In_ const NET_BUFFER_LIST *NetBufferList);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_HANDLE
    NdisGetPoolFromNetBuffer(_In_ const NET_BUFFER *NetBuffer);

/* Allocation. */
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NET_BUFFER_LIST *NdisAllocateNetBufferList(
    _In_ NDIS_HANDLE PoolHandle, _In_ USHORT ContextSize, _In_ USHORT ContextBackFill);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFreeNetBufferList(_In_ NET_BUFFER_LIST *NetBufferList);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NET_BUFFER_LIST *NdisAllocateNetBufferAndNetBufferList(
    _In_ NDIS_HANDLE PoolHandle, _In_ USHORT ContextSize, _In_ USHORT ContextBackFill,
    _In_opt_ MDL *MdlChain, _In_ ULONG DataOffset, _In_ SIZE_T DataLength);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NET_BUFFER *NdisAllocateNetBuffer(
    _In_ NDIS_HANDLE PoolHandle, _In_opt_ MDL *MdlChain, _In_ ULONG DataOffset,
    _In_ SIZE_T DataLength);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NET_BUFFER *NdisAllocateNetBufferMdlAndData(
    _In_ NDIS_HANDLE PoolHandle);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID NdisFreeNetBuffer(_In_ NET_BUFFER *NetBuffer);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisAllocateNetBufferListContext(_In_ NET_BUFFER_LIST *NetBufferList, _In_ USHORT ContextSize,
                                     _In_ USHORT ContextBackFill, _In_ ULONG PoolTag);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFreeNetBufferListContext(_In_ NET_BUFFER_LIST *NetBufferList, _In_ USHORT ContextSize);

/* Derived lists. */
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NET_BUFFER_LIST *NdisAllocateCloneNetBufferList(
    _In_ NET_BUFFER_LIST *OriginalNetBufferList, _In_opt_ NDIS_HANDLE NetBufferListPoolHandle,
    _In_opt_ NDIS_HANDLE NetBufferPoolHandle, _In_ ULONG AllocateCloneFlags);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFreeCloneNetBufferList(_In_ NET_BUFFER_LIST *CloneNetBufferList, _In_ ULONG FreeCloneFlags);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NET_BUFFER_LIST *NdisAllocateFragmentNetBufferList(
    _In_ NET_BUFFER_LIST *OriginalNetBufferList, _In_ NDIS_HANDLE NetBufferListPool,
    _In_ NDIS_HANDLE NetBufferPool, _In_ ULONG StartOffset, _In_ ULONG MaximumLength,
    _In_ ULONG DataOffsetDelta, _In_ ULONG DataBackFill, _In_ ULONG AllocateFragmentFlags);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFreeFragmentNetBufferList(_In_ NET_BUFFER_LIST *FragmentNetBufferList,
                                  _In_ ULONG DataOffsetDelta, _In_ ULONG FreeFragmentFlags);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NET_BUFFER_LIST *NdisAllocateReassembledNetBufferList(
    _Inout_ NET_BUFFER_LIST *FragmentNetBufferList,
    _In_opt_ NDIS_HANDLE NetBufferAndNetBufferListPoolHandle, _In_ ULONG StartOffset,
    _In_ ULONG DataOffsetDelta, _In_ ULONG DataBackFill, _In_ ULONG AllocateReassembleFlags);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisFreeReassembledNetBufferList(_In_ NET_BUFFER_LIST *ReassembledNetBufferList,
                                     _In_ ULONG DataOffsetDelta, _In_ ULONG FreeReassembleFlags);

/* The data. */
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI PVOID
    NdisGetDataBuffer(_In_ NET_BUFFER *NetBuffer, _In_ ULONG BytesNeeded, _In_opt_ PVOID Storage,
                      _In_ ULONG AlignMultiple, _In_ ULONG AlignOffset);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisAdvanceNetBufferDataStart(_In_ NET_BUFFER *NetBuffer, _In_ ULONG DataOffsetDelta,
                                  _In_ BOOLEAN FreeMdl,
                                  _In_opt_ NET_BUFFER_FREE_MDL *FreeMdlHandler);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisRetreatNetBufferDataStart(_In_ NET_BUFFER *NetBuffer, _In_ ULONG DataOffsetDelta,
                                  _In_ ULONG DataBackFill,
                                  _In_opt_ NET_BUFFER_ALLOCATE_MDL *AllocateMdlHandler);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisAdvanceNetBufferListDataStart(_In_ NET_BUFFER_LIST *NetBufferList,
                                      _In_ ULONG DataOffsetDelta, _In_ BOOLEAN FreeMdl,
                                      _Inout_ NET_BUFFER_FREE_MDL *FreeMdlMdlHandler);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisRetreatNetBufferListDataStart(_In_ NET_BUFFER_LIST *NetBufferList,
                                      _In_ ULONG DataOffsetDelta, _In_ ULONG DataBackFill,
                                      _In_opt_ NET_BUFFER_ALLOCATE_MDL *AllocateMdlHandler,
                                      _In_opt_ NET_BUFFER_FREE_MDL *FreeMdlHandler);
NDISAPI VOID NdisAdjustNetBufferCurrentMdl(_In_ NET_BUFFER *NetBuffer);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI NDIS_STATUS
    NdisCopyFromNetBufferToNetBuffer(_In_ NET_BUFFER *Destination, _In_ ULONG DestinationOffset,
                                     _In_ ULONG BytesToCopy, _In_ const NET_BUFFER *Source,
                                     _In_ ULONG SourceOffset, _Out_ ULONG *BytesCopied);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI ULONG
    NdisQueryNetBufferPhysicalCount(_In_ NET_BUFFER *NetBuffer);

/* Out-of-band data. */
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisCopySendNetBufferListInfo(_In_ NET_BUFFER_LIST *DestNetBufferList,
                                  _In_ const NET_BUFFER_LIST *SrcNetBufferList);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisCopyReceiveNetBufferListInfo(_In_ NET_BUFFER_LIST *DestNetBufferList,
                                     _In_ const NET_BUFFER_LIST *SrcNetBufferList);
NDISAPI UCHAR NdisGetNetBufferListProtocolId(_In_ const NET_BUFFER_LIST *NetBufferList);

EXTERN_C_END

#endif
