/* Large send offload, per NET_BUFFER_LIST ("NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO"). */
#ifndef __NDIS_NBLLSO_H
#define __NDIS_NBLLSO_H

#include "types.h"
#include "nbl.h"
#include "nblaccessors.h"

EXTERN_C_START

#define NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE       0
#define NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE       1
#define NDIS_TCP_LARGE_SEND_OFFLOAD_IPv4          0
#define NDIS_TCP_LARGE_SEND_OFFLOAD_IPv6          1
#define NDIS_LARGE_SEND_OFFLOAD_MAX_HEADER_LENGTH 128

typedef struct _NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO {
    union {
        struct {
            ULONG Unused : 30;
            ULONG Type : 1;
            ULONG Reserved2 : 1;
        } Transmit;
        struct {
            ULONG MSS : 20;
            ULONG TcpHeaderOffset : 10;
            ULONG Type : 1;
            ULONG Reserved2 : 1;
        } LsoV1Transmit;
        struct {
            ULONG TcpPayload : 30;
            ULONG Type : 1;
            ULONG Reserved2 : 1;
        } LsoV1TransmitComplete;
        struct {
            ULONG MSS : 20;
            ULONG TcpHeaderOffset : 10;
            ULONG Type : 1;
            ULONG IPVersion : 1;
        } LsoV2Transmit;
        struct {
            ULONG Reserved : 30;
            ULONG Type : 1;
            ULONG Reserved2 : 1;
        } LsoV2TransmitComplete;
        PVOID Value;
    };
} NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO,
    *PNDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO;

EXTERN_C_END

#endif
