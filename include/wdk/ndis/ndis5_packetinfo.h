/* What travels behind an NDIS 5 packet: the out-of-band block, and one pointer for each kind of
 * per-packet information ("NDIS_PACKET_OOB_DATA", "NDIS_PER_PACKET_INFO_FROM_PACKET"). */
#ifndef __NDIS_NDIS5_PACKETINFO_H
#define __NDIS_NDIS5_PACKETINFO_H

#include "types.h"
#include "ndis5_packet.h"

EXTERN_C_START

typedef struct _NDIS_PACKET_OOB_DATA {
    union {
        ULONGLONG TimeToSend;
        ULONGLONG TimeSent;
    };
    ULONGLONG TimeReceived;
    UINT HeaderSize;
    UINT SizeMediaSpecificInfo;
    PVOID MediaSpecificInformation;
    NDIS_STATUS Status;
} NDIS_PACKET_OOB_DATA, *PNDIS_PACKET_OOB_DATA;

typedef enum _NDIS_PER_PACKET_INFO {
    TcpIpChecksumPacketInfo,
    IpSecPacketInfo,
    TcpLargeSendPacketInfo,
    ClassificationHandlePacketInfo,
    NdisReserved,
    ScatterGatherListPacketInfo,
    Ieee8021QInfo,
    OriginalPacketInfo,
    PacketCancelId,
    OriginalNetBufferList,
    CachedNetBufferList,
    ShortPacketPaddingInfo,
    MaxPerPacketInfo
} NDIS_PER_PACKET_INFO;
typedef NDIS_PER_PACKET_INFO *PNDIS_PER_PACKET_INFO;

typedef struct _NDIS_PACKET_EXTENSION {
    PVOID NdisPacketInfo[MaxPerPacketInfo];
} NDIS_PACKET_EXTENSION, *PNDIS_PACKET_EXTENSION;

typedef struct _NDIS_PACKET_STACK {
    ULONG_PTR IMReserved[2];
    ULONG_PTR NdisReserved[4];
} NDIS_PACKET_STACK, *PNDIS_PACKET_STACK;

#define NDIS_OOB_DATA_FROM_PACKET(_Packet)                                                         \
    ((PNDIS_PACKET_OOB_DATA)((PUCHAR)(_Packet) + (_Packet)->Private.NdisPacketOobOffset))
#define NDIS_PACKET_EXTENSION_FROM_PACKET(_Packet)                                                 \
    ((PNDIS_PACKET_EXTENSION)((PUCHAR)NDIS_OOB_DATA_FROM_PACKET(_Packet) +                         \
                              sizeof(NDIS_PACKET_OOB_DATA)))
#define NDIS_PER_PACKET_INFO_FROM_PACKET(_Packet, _Id)                                             \
    (NDIS_PACKET_EXTENSION_FROM_PACKET(_Packet)->NdisPacketInfo[(_Id)])

#define NDIS_GET_ORIGINAL_PACKET(_Packet)                                                          \
    ((PNDIS_PACKET)NDIS_PER_PACKET_INFO_FROM_PACKET(_Packet, OriginalPacketInfo))
#define NDIS_SET_ORIGINAL_PACKET(_Packet, _Original)                                               \
    (NDIS_PER_PACKET_INFO_FROM_PACKET(_Packet, OriginalPacketInfo) = (_Original))
#define NDIS_GET_PACKET_CANCEL_ID(_Packet) NDIS_PER_PACKET_INFO_FROM_PACKET(_Packet, PacketCancelId)
#define NDIS_SET_PACKET_CANCEL_ID(_Packet, _CancelId)                                              \
    (NDIS_PER_PACKET_INFO_FROM_PACKET(_Packet, PacketCancelId) = (_CancelId))
#define NdisGetPacketCancelId(_Packet)            NDIS_GET_PACKET_CANCEL_ID(_Packet)
#define NdisSetPacketCancelId(_Packet, _CancelId) NDIS_SET_PACKET_CANCEL_ID(_Packet, _CancelId)

#define NDIS_GET_PACKET_HEADER_SIZE(_Packet) (NDIS_OOB_DATA_FROM_PACKET(_Packet)->HeaderSize)
#define NDIS_SET_PACKET_HEADER_SIZE(_Packet, _Size)                                                \
    (NDIS_OOB_DATA_FROM_PACKET(_Packet)->HeaderSize = (_Size))
#define NDIS_GET_PACKET_STATUS(_Packet) (NDIS_OOB_DATA_FROM_PACKET(_Packet)->Status)
#define NDIS_SET_PACKET_STATUS(_Packet, _Status)                                                   \
    (NDIS_OOB_DATA_FROM_PACKET(_Packet)->Status = (_Status))
#define NDIS_GET_PACKET_TIME_TO_SEND(_Packet) (NDIS_OOB_DATA_FROM_PACKET(_Packet)->TimeToSend)
#define NDIS_SET_PACKET_TIME_TO_SEND(_Packet, _Time)                                               \
    (NDIS_OOB_DATA_FROM_PACKET(_Packet)->TimeToSend = (_Time))
#define NDIS_GET_PACKET_TIME_SENT(_Packet) (NDIS_OOB_DATA_FROM_PACKET(_Packet)->TimeSent)
#define NDIS_SET_PACKET_TIME_SENT(_Packet, _Time)                                                  \
    (NDIS_OOB_DATA_FROM_PACKET(_Packet)->TimeSent = (_Time))
#define NDIS_GET_PACKET_TIME_RECEIVED(_Packet) (NDIS_OOB_DATA_FROM_PACKET(_Packet)->TimeReceived)
#define NDIS_SET_PACKET_TIME_RECEIVED(_Packet, _Time)                                              \
    (NDIS_OOB_DATA_FROM_PACKET(_Packet)->TimeReceived = (_Time))

/* The information counts only while the packet says that there is some. */
#define NDIS_GET_PACKET_MEDIA_SPECIFIC_INFO(_Packet, _Information, _Size)                          \
    do {                                                                                           \
        if ((_Packet)->Private.NdisPacketFlags & fPACKET_CONTAINS_MEDIA_SPECIFIC_INFO) {           \
            *(_Information) = NDIS_OOB_DATA_FROM_PACKET(_Packet)->MediaSpecificInformation;        \
            *(_Size) = NDIS_OOB_DATA_FROM_PACKET(_Packet)->SizeMediaSpecificInfo;                  \
        } else {                                                                                   \
            *(_Information) = NULL;                                                                \
            *(_Size) = 0;                                                                          \
        }                                                                                          \
    } while (0)
#define NDIS_SET_PACKET_MEDIA_SPECIFIC_INFO(_Packet, _Information, _Size)                          \
    do {                                                                                           \
        if ((_Information) != NULL) {                                                              \
            (_Packet)->Private.NdisPacketFlags |= fPACKET_CONTAINS_MEDIA_SPECIFIC_INFO;            \
            NDIS_OOB_DATA_FROM_PACKET(_Packet)->MediaSpecificInformation = (_Information);         \
            NDIS_OOB_DATA_FROM_PACKET(_Packet)->SizeMediaSpecificInfo = (_Size);                   \
        }                                                                                          \
    } while (0)

NDISAPI PNDIS_PACKET_STACK NdisIMGetCurrentPacketStack(_In_ PNDIS_PACKET Packet,
                                                       _Out_ BOOLEAN *StacksRemaining);

/* What the slots for checksums and 802.1Q tags hold, in place of a pointer. */
typedef struct _NDIS_TCP_IP_CHECKSUM_PACKET_INFO {
    union {
        struct {
            ULONG NdisPacketChecksumV4 : 1;
            ULONG NdisPacketChecksumV6 : 1;
            ULONG NdisPacketTcpChecksum : 1;
            ULONG NdisPacketUdpChecksum : 1;
            ULONG NdisPacketIpChecksum : 1;
        } Transmit;
        struct {
            ULONG NdisPacketTcpChecksumFailed : 1;
            ULONG NdisPacketUdpChecksumFailed : 1;
            ULONG NdisPacketIpChecksumFailed : 1;
            ULONG NdisPacketTcpChecksumSucceeded : 1;
            ULONG NdisPacketUdpChecksumSucceeded : 1;
            ULONG NdisPacketIpChecksumSucceeded : 1;
            ULONG NdisPacketLoopback : 1;
        } Receive;
        ULONG Value;
    };
} NDIS_TCP_IP_CHECKSUM_PACKET_INFO, *PNDIS_TCP_IP_CHECKSUM_PACKET_INFO;

typedef struct _NDIS_PACKET_8021Q_INFO {
    union {
        struct {
            UINT32 UserPriority : 3;
            UINT32 CanonicalFormatId : 1;
            UINT32 VlanId : 12;
            UINT32 Reserved : 16;
        } TagHeader;
        PVOID Value;
    };
} NDIS_PACKET_8021Q_INFO, *PNDIS_PACKET_8021Q_INFO;

EXTERN_C_END

#endif
