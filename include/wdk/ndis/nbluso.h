/* UDP segmentation offload, per NET_BUFFER_LIST ("UDP Segmentation Offload (USO)"). */
#ifndef __NDIS_NBLUSO_H
#define __NDIS_NBLUSO_H

#include "types.h"
#include "nbl.h"
#include "nblaccessors.h"

EXTERN_C_START

#if (NDIS_SUPPORT_NDIS683)
#define NDIS_UDP_SEGMENTATION_OFFLOAD_IPV4 0
#define NDIS_UDP_SEGMENTATION_OFFLOAD_IPV6 1

typedef struct _NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO {
    union {
        struct {
            ULONG MSS : 20;
            ULONG UdpHeaderOffset : 10;
            ULONG Reserved : 1;
            ULONG IPVersion : 1;
        } Transmit;
        PVOID Value;
    };
} NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO,
    *PNDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO;

#endif

EXTERN_C_END

#endif
