/* Out-of-band information and bookkeeping of NET_BUFFER_LISTs that are functions on Windows. */
#include "ndis/nbl.h"

/* "NdisCopySendNetBufferListInfo function" lists these. */
static const NDIS_NET_BUFFER_LIST_INFO send_info[] = {
    TcpIpChecksumNetBufferListInfo,
    IPsecOffloadV1NetBufferListInfo,
    TcpLargeSendNetBufferListInfo,
    Ieee8021QNetBufferListInfo,
    MediaSpecificInformation,
    NetBufferListCancelId,
    NetBufferListProtocolId,
    IPsecOffloadV2TunnelNetBufferListInfo,
    IPsecOffloadV2HeaderNetBufferListInfo,
    VirtualSubnetInfo,
    NetBufferListFilteringInfo,
};

/* "NdisCopyReceiveNetBufferListInfo function" lists these. */
static const NDIS_NET_BUFFER_LIST_INFO receive_info[] = {
    TcpIpChecksumNetBufferListInfo,
    IPsecOffloadV1NetBufferListInfo,
    TcpReceiveNoPush,
    Ieee8021QNetBufferListInfo,
    MediaSpecificInformation,
    NetBufferListFrameType,
    NetBufferListHashValue,
    NetBufferListHashInfo,
    IPsecOffloadV2TunnelNetBufferListInfo,
    IPsecOffloadV2HeaderNetBufferListInfo,
    VirtualSubnetInfo,
    NetBufferListFilteringInfo,
};

static void
copy_info(NET_BUFFER_LIST *to, const NET_BUFFER_LIST *from, const NDIS_NET_BUFFER_LIST_INFO *which,
          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        NET_BUFFER_LIST_INFO(to, which[i]) = NET_BUFFER_LIST_INFO(from, which[i]);
    }
}

/* "NdisCopySendNetBufferListInfo function". IRQL <= DISPATCH_LEVEL. */
VOID
NdisCopySendNetBufferListInfo(PNET_BUFFER_LIST DestNetBufferList,
                              const NET_BUFFER_LIST *SrcNetBufferList)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    copy_info(DestNetBufferList, SrcNetBufferList, send_info, RTL_NUMBER_OF(send_info));
}

/* "NdisCopyReceiveNetBufferListInfo function". IRQL <= DISPATCH_LEVEL. */
VOID
NdisCopyReceiveNetBufferListInfo(PNET_BUFFER_LIST DestNetBufferList,
                                 const NET_BUFFER_LIST *SrcNetBufferList)
{
    NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    copy_info(DestNetBufferList, SrcNetBufferList, receive_info, RTL_NUMBER_OF(receive_info));
}

/*
 * "NdisGetNetBufferListProtocolId function". Any IRQL.
 * The protocol type that the list's pool was created with, unless the list carries one of its own.
 */
UCHAR
NdisGetNetBufferListProtocolId(const NET_BUFFER_LIST *NetBufferList)
{
    ULONG_PTR own = (ULONG_PTR)NET_BUFFER_LIST_INFO(NetBufferList, NetBufferListProtocolId);
    const struct nbl_pool *pool = NetBufferList->NdisPoolHandle;

    return own != 0 ? (UCHAR)own : pool->parameters.ProtocolId;
}
