/* Packets of NDIS 5 and the pools they come from ("NDIS_PACKET", "NDIS Packet Pool Functions"). */
#ifndef __NDIS_NDIS5_PACKET_H
#define __NDIS_NDIS5_PACKET_H

#include "types.h"
#include "ndis5_buffer.h"

EXTERN_C_START

typedef struct _NDIS_PACKET_POOL *PNDIS_PACKET_POOL;

/* The counts describe the buffer chain while ValidCounts is set. The out-of-band block lies
 * NdisPacketOobOffset bytes behind the packet. */
typedef struct _NDIS_PACKET_PRIVATE {
    UINT PhysicalCount;
    UINT TotalLength;
    PNDIS_BUFFER Head;
    PNDIS_BUFFER Tail;
    PNDIS_PACKET_POOL Pool;
    UINT Count;
    ULONG Flags;
    BOOLEAN ValidCounts;
    UCHAR NdisPacketFlags;
    USHORT NdisPacketOobOffset;
} NDIS_PACKET_PRIVATE, *PNDIS_PACKET_PRIVATE;

/* The reserved area belongs to the driver that has the packet: a miniport may use more of it for a
 * packet that it indicates (MiniportReservedEx) than for one that it sends. */
typedef struct _NDIS_PACKET {
    NDIS_PACKET_PRIVATE Private;
    union {
        struct {
            UCHAR MiniportReserved[2 * sizeof(PVOID)];
            UCHAR WrapperReserved[2 * sizeof(PVOID)];
        };
        struct {
            UCHAR MiniportReservedEx[3 * sizeof(PVOID)];
            UCHAR WrapperReservedEx[sizeof(PVOID)];
        };
        struct {
            UCHAR MacReserved[4 * sizeof(PVOID)];
        };
    };
    ULONG_PTR Reserved[2];
    UCHAR ProtocolReserved[1];
} NDIS_PACKET, *PNDIS_PACKET, **PPNDIS_PACKET;

#define PROTOCOL_RESERVED_SIZE_IN_PACKET (4 * sizeof(PVOID))

/* Bits of Private.NdisPacketFlags. */
#define fPACKET_WRAPPER_RESERVED             0x3F
#define fPACKET_CONTAINS_MEDIA_SPECIFIC_INFO 0x40
#define fPACKET_ALLOCATED_BY_NDIS            0x80

/* Bits of Private.Flags. */
#define NDIS_FLAGS_PROTOCOL_ID_MASK     0x0000000F
#define NDIS_FLAGS_MULTICAST_PACKET     0x00000010
#define NDIS_FLAGS_RESERVED2            0x00000020
#define NDIS_FLAGS_RESERVED3            0x00000040
#define NDIS_FLAGS_DONT_LOOPBACK        0x00000080
#define NDIS_FLAGS_IS_LOOPBACK_PACKET   0x00000100
#define NDIS_FLAGS_LOOPBACK_ONLY        0x00000200
#define NDIS_FLAGS_RESERVED4            0x00000400
#define NDIS_FLAGS_DOUBLE_BUFFERED      0x00000800
#define NDIS_FLAGS_SENT_AT_DPC          0x00001000
#define NDIS_FLAGS_USES_SG_BUFFER_LIST  0x00002000
#define NDIS_FLAGS_USES_ORIGINAL_PACKET 0x00004000
#define NDIS_FLAGS_PADDED               0x00010000
#define NDIS_FLAGS_XLATE_AT_TOP         0x00020000

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisAllocatePacketPool(_Out_ PNDIS_STATUS Status, _Out_ PNDIS_HANDLE PoolHandle,
                           _In_ UINT NumberOfDescriptors, _In_ UINT ProtocolReservedLength);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisAllocatePacketPoolEx(_Out_ PNDIS_STATUS Status, _Out_ PNDIS_HANDLE PoolHandle,
                             _In_ UINT NumberOfDescriptors, _In_ UINT NumberOfOverflowDescriptors,
                             _In_ UINT ProtocolReservedLength);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID NdisFreePacketPool(_In_ NDIS_HANDLE PoolHandle);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI UINT NdisPacketPoolUsage(_In_ NDIS_HANDLE PoolHandle);
NDISAPI VOID NdisSetPacketPoolProtocolId(_In_ NDIS_HANDLE PacketPoolHandle, _In_ UINT ProtocolId);
NDISAPI UINT NdisPacketSize(_In_ UINT ProtocolReservedSize);
NDISAPI NDIS_HANDLE NdisGetPoolFromPacket(_In_ PNDIS_PACKET Packet);

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisAllocatePacket(_Out_ PNDIS_STATUS Status, _Out_ PNDIS_PACKET *Packet,
                       _In_ NDIS_HANDLE PoolHandle);
_IRQL_requires_(DISPATCH_LEVEL) NDISAPI VOID
    NdisDprAllocatePacket(_Out_ PNDIS_STATUS Status, _Out_ PNDIS_PACKET *Packet,
                          _In_ NDIS_HANDLE PoolHandle);
_IRQL_requires_(DISPATCH_LEVEL) NDISAPI VOID
    NdisDprAllocatePacketNonInterlocked(_Out_ PNDIS_STATUS Status, _Out_ PNDIS_PACKET *Packet,
                                        _In_ NDIS_HANDLE PoolHandle);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID NdisFreePacket(_In_ PNDIS_PACKET Packet);
_IRQL_requires_(DISPATCH_LEVEL) NDISAPI VOID NdisDprFreePacket(_In_ PNDIS_PACKET Packet);
_IRQL_requires_(DISPATCH_LEVEL) NDISAPI VOID
    NdisDprFreePacketNonInterlocked(_In_ PNDIS_PACKET Packet);

_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisUnchainBufferAtFront(_Inout_ PNDIS_PACKET Packet, _Out_ PNDIS_BUFFER *Buffer);
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI VOID
    NdisUnchainBufferAtBack(_Inout_ PNDIS_PACKET Packet, _Out_ PNDIS_BUFFER *Buffer);
NDISAPI VOID NdisCopyFromPacketToPacket(_In_ PNDIS_PACKET Destination, _In_ UINT DestinationOffset,
                                        _In_ UINT BytesToCopy, _In_ PNDIS_PACKET Source,
                                        _In_ UINT SourceOffset, _Out_ PUINT BytesCopied);
NDISAPI VOID NdisCopyFromPacketToPacketSafe(_In_ PNDIS_PACKET Destination,
                                            _In_ UINT DestinationOffset, _In_ UINT BytesToCopy,
                                            _In_ PNDIS_PACKET Source, _In_ UINT SourceOffset,
                                            _Out_ PUINT BytesCopied,
                                            _In_ MM_PAGE_PRIORITY Priority);

#define NDIS_PACKET_FIRST_NDIS_BUFFER(_Packet) ((_Packet)->Private.Head)
#define NDIS_PACKET_LAST_NDIS_BUFFER(_Packet)  ((_Packet)->Private.Tail)
#define NDIS_PACKET_VALID_COUNTS(_Packet)      ((_Packet)->Private.ValidCounts)
#define NdisGetPacketFlags(_Packet)            ((_Packet)->Private.Flags)
#define NdisSetPacketFlags(_Packet, _Flags)    ((_Packet)->Private.Flags |= (_Flags))
#define NdisClearPacketFlags(_Packet, _Flags)  ((_Packet)->Private.Flags &= ~(_Flags))
#define NDIS_GET_PACKET_PROTOCOL_TYPE(_Packet)                                                     \
    ((_Packet)->Private.Flags & NDIS_FLAGS_PROTOCOL_ID_MASK)
#define NdisQuerySendFlags(_Packet, _Flags) (*(_Flags) = (_Packet)->Private.Flags)
#define NdisSetSendFlags(_Packet, _Flags)   ((_Packet)->Private.Flags = (_Flags))

/* Forget the buffers; they stay with their owner. */
__wdk_inline VOID
NdisReinitializePacket(_Inout_ PNDIS_PACKET Packet)
{
    Packet->Private.Head = NULL;
    Packet->Private.ValidCounts = FALSE;
}

/* @Buffer may be the first of a chain, as it is of that of @Packet. */
__wdk_inline VOID
NdisChainBufferAtFront(_Inout_ PNDIS_PACKET Packet, _Inout_ PNDIS_BUFFER Buffer)
{
    PNDIS_BUFFER last = Buffer;

    while (last->Next != NULL) {
        last = last->Next;
    }
    if (Packet->Private.Head == NULL) {
        Packet->Private.Tail = last;
    }
    last->Next = Packet->Private.Head;
    Packet->Private.Head = Buffer;
    Packet->Private.ValidCounts = FALSE;
}

__wdk_inline VOID
NdisChainBufferAtBack(_Inout_ PNDIS_PACKET Packet, _Inout_ PNDIS_BUFFER Buffer)
{
    PNDIS_BUFFER last = Buffer;

    while (last->Next != NULL) {
        last = last->Next;
    }
    if (Packet->Private.Head == NULL) {
        Packet->Private.Head = Buffer;
    } else {
        Packet->Private.Tail->Next = Buffer;
    }
    Packet->Private.Tail = last;
    Packet->Private.ValidCounts = FALSE;
}

/* Count buffers, pages and bytes of the chain. */
__wdk_inline VOID
NdisRecalculatePacketCounts(_Inout_ PNDIS_PACKET Packet)
{
    UINT count = 0;
    UINT pages = 0;
    UINT bytes = 0;

    for (PNDIS_BUFFER buffer = Packet->Private.Head; buffer != NULL; buffer = buffer->Next) {
        pages += (UINT)NDIS_BUFFER_TO_SPAN_PAGES(buffer);
        bytes += MmGetMdlByteCount(buffer);
        Packet->Private.Tail = buffer;
        count++;
    }
    Packet->Private.Count = count;
    Packet->Private.PhysicalCount = pages;
    Packet->Private.TotalLength = bytes;
    Packet->Private.ValidCounts = TRUE;
}

/* Any of the results may be NULL. */
__wdk_inline VOID
NdisQueryPacket(_In_ PNDIS_PACKET Packet, _Out_opt_ PUINT PhysicalBufferCount,
                _Out_opt_ PUINT BufferCount, _Out_opt_ PNDIS_BUFFER *FirstBuffer,
                _Out_opt_ PUINT TotalPacketLength)
{
    if (FirstBuffer != NULL) {
        *FirstBuffer = Packet->Private.Head;
    }
    if (!Packet->Private.ValidCounts) {
        NdisRecalculatePacketCounts(Packet);
    }
    if (PhysicalBufferCount != NULL) {
        *PhysicalBufferCount = Packet->Private.PhysicalCount;
    }
    if (BufferCount != NULL) {
        *BufferCount = Packet->Private.Count;
    }
    if (TotalPacketLength != NULL) {
        *TotalPacketLength = Packet->Private.TotalLength;
    }
}

__wdk_inline VOID
NdisQueryPacketLength(_In_ PNDIS_PACKET Packet, _Out_ PUINT PacketLength)
{
    NdisQueryPacket(Packet, NULL, NULL, NULL, PacketLength);
}

/* The first buffer with its address, and the length of the whole chain. */
__wdk_inline VOID
NdisGetFirstBufferFromPacketSafe(_In_ PNDIS_PACKET Packet, _Out_ PNDIS_BUFFER *FirstBuffer,
                                 _Out_ PVOID *FirstBufferVA, _Out_ PUINT FirstBufferLength,
                                 _Out_ PUINT TotalBufferLength, _In_ MM_PAGE_PRIORITY Priority)
{
    PNDIS_BUFFER first = Packet->Private.Head;

    *FirstBuffer = first;
    *FirstBufferVA = first != NULL ? MmGetSystemAddressForMdlSafe(first, Priority) : NULL;
    *FirstBufferLength = first != NULL ? MmGetMdlByteCount(first) : 0;
    *TotalBufferLength = *FirstBufferLength;
    for (PNDIS_BUFFER next = first != NULL ? first->Next : NULL; next != NULL; next = next->Next) {
        *TotalBufferLength += MmGetMdlByteCount(next);
    }
}

__wdk_inline VOID
NdisGetFirstBufferFromPacket(_In_ PNDIS_PACKET Packet, _Out_ PNDIS_BUFFER *FirstBuffer,
                             _Out_ PVOID *FirstBufferVA, _Out_ PUINT FirstBufferLength,
                             _Out_ PUINT TotalBufferLength)
{
    NdisGetFirstBufferFromPacketSafe(Packet, FirstBuffer, FirstBufferVA, FirstBufferLength,
                                     TotalBufferLength, HighPagePriority);
}

EXTERN_C_END

#endif
