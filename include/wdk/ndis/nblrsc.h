/* Receive segment coalescing, per NET_BUFFER_LIST ("Receive Segment Coalescing (RSC)"). */
#ifndef __NDIS_NBLRSC_H
#define __NDIS_NBLRSC_H

#include "types.h"
#include "nbl.h"
#include "nblaccessors.h"

EXTERN_C_START

#if (NDIS_SUPPORT_NDIS630)

typedef union _NDIS_RSC_NBL_INFO {
    struct {
        USHORT CoalescedSegCount;
        USHORT DupAckCount;
    } Info;
    PVOID Value;
} NDIS_RSC_NBL_INFO, *PNDIS_RSC_NBL_INFO;

#define NET_BUFFER_LIST_COALESCED_SEG_COUNT(_NBL)                                                  \
    (((NDIS_RSC_NBL_INFO *)&NET_BUFFER_LIST_INFO(_NBL, TcpRecvSegCoalesceInfo))                    \
         ->Info.CoalescedSegCount)
#define NET_BUFFER_LIST_DUP_ACK_COUNT(_NBL)                                                        \
    (((NDIS_RSC_NBL_INFO *)&NET_BUFFER_LIST_INFO(_NBL, TcpRecvSegCoalesceInfo))->Info.DupAckCount)
#endif

EXTERN_C_END

#endif
