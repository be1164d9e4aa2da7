/* UDP receive segment coalescing, per NET_BUFFER_LIST ("UDP Receive Segment Coalescing Offload
 * (URO)"). */
#ifndef __NDIS_NBLURO_H
#define __NDIS_NBLURO_H

#include "types.h"
#include "nbl.h"
#include "nblaccessors.h"

EXTERN_C_START

#if (NDIS_SUPPORT_NDIS684)

typedef struct _NDIS_UDP_RSC_OFFLOAD_NET_BUFFER_LIST_INFO {
    union {
        struct {
            USHORT SegCount;
            USHORT SegSize;
        } Receive;
        PVOID Value;
    };
} NDIS_UDP_RSC_OFFLOAD_NET_BUFFER_LIST_INFO, *PNDIS_UDP_RSC_OFFLOAD_NET_BUFFER_LIST_INFO;

#define NET_BUFFER_LIST_UDP_COALESCED_SEG_COUNT(_NBL)                                              \
    (((NDIS_UDP_RSC_OFFLOAD_NET_BUFFER_LIST_INFO *)&NET_BUFFER_LIST_INFO(                          \
          _NBL, UdpRecvSegCoalesceOffloadInfo))                                                    \
         ->Receive.SegCount)
#define NET_BUFFER_LIST_UDP_COALESCED_SEG_SIZE(_NBL)                                               \
    (((NDIS_UDP_RSC_OFFLOAD_NET_BUFFER_LIST_INFO *)&NET_BUFFER_LIST_INFO(                          \
          _NBL, UdpRecvSegCoalesceOffloadInfo))                                                    \
         ->Receive.SegSize)

#endif

#if (NDIS_SUPPORT_NDIS689)
/* Both halves live in the low 32 bits of the slot. */
#define NET_BUFFER_LIST_IS_URO_SET(_NBL)                                                           \
    (((ULONG_PTR)NET_BUFFER_LIST_INFO(_NBL, UdpRecvSegCoalesceOffloadInfo) & 0xFFFFFFFF) != 0)

#define NDIS_OFFLOAD_PARAMETERS_UDP_RSC_NO_CHANGE 0
#define NDIS_OFFLOAD_PARAMETERS_UDP_RSC_DISABLED  1
#define NDIS_OFFLOAD_PARAMETERS_UDP_RSC_ENABLED   2

typedef struct _NDIS_UDP_RSC_OFFLOAD {
    BOOLEAN Enabled;
} NDIS_UDP_RSC_OFFLOAD;
#endif

EXTERN_C_END

#endif
