/* The out-of-band slots of a NET_BUFFER_LIST ("NDIS_NET_BUFFER_LIST_INFO"). Slots that a send and a
 * receive use for different things have two names and one number; how many there are depends on the
 * NDIS version. */
#ifndef __NDIS_NBLINFO_H
#define __NDIS_NBLINFO_H

#include "types.h"

EXTERN_C_START

typedef enum _NDIS_NET_BUFFER_LIST_INFO {
    TcpIpChecksumNetBufferListInfo,
    TcpOffloadBytesTransferred = TcpIpChecksumNetBufferListInfo,
    IPsecOffloadV1NetBufferListInfo,
#if (NDIS_SUPPORT_NDIS61)
    IPsecOffloadV2NetBufferListInfo = IPsecOffloadV1NetBufferListInfo,
#endif
    TcpLargeSendNetBufferListInfo,
    TcpReceiveNoPush = TcpLargeSendNetBufferListInfo,
    ClassificationHandleNetBufferListInfo,
    Ieee8021QNetBufferListInfo,
    NetBufferListCancelId,
    MediaSpecificInformation,
    NetBufferListFrameType,
    NetBufferListProtocolId = NetBufferListFrameType,
    NetBufferListHashValue,
    NetBufferListHashInfo,
    WfpNetBufferListInfo,
#if (NDIS_SUPPORT_NDIS61)
    IPsecOffloadV2TunnelNetBufferListInfo,
    IPsecOffloadV2HeaderNetBufferListInfo,
#endif
#if (NDIS_SUPPORT_NDIS620)
    NetBufferListCorrelationId,
    NetBufferListFilteringInfo,
    MediaSpecificInformationEx,
    NblOriginalInterfaceIfIndex,
    NblReAuthWfpFlowContext = NblOriginalInterfaceIfIndex,
    TcpReceiveBytesTransferred,
    NrtNameResolutionId = TcpReceiveBytesTransferred,
#endif
#if (NDIS_SUPPORT_NDIS684)
    UdpRecvSegCoalesceOffloadInfo = TcpReceiveBytesTransferred,
#endif
#if (NDIS_SUPPORT_NDIS630)
    SwitchForwardingReserved,
    SwitchForwardingDetail,
    VirtualSubnetInfo,
    IMReserved,
    TcpRecvSegCoalesceInfo,
#endif
#if (NDIS_SUPPORT_NDIS683)
    UdpSegmentationOffloadInfo = TcpRecvSegCoalesceInfo,
#endif
#if (NDIS_SUPPORT_NDIS630)
    RscTcpTimestampDelta,
    TcpSendOffloadsSupplementalNetBufferListInfo = RscTcpTimestampDelta,
#endif
#if (NDIS_SUPPORT_NDIS650)
    GftOffloadInformation,
    GftFlowEntryId,
#endif
#if (NDIS_SUPPORT_NDIS680)
    NetBufferListInfoReserved3,
#endif
    MaxNetBufferListInfo
} NDIS_NET_BUFFER_LIST_INFO;
typedef NDIS_NET_BUFFER_LIST_INFO *PNDIS_NET_BUFFER_LIST_INFO;

EXTERN_C_END

#endif
