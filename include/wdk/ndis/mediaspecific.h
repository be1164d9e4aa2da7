/* Media-specific information on NET_BUFFER_LISTs ("NDIS_NBL_MEDIA_SPECIFIC_INFORMATION_EX"), and
 * other slots. */
#ifndef __NDIS_MEDIASPECIFIC_H
#define __NDIS_MEDIASPECIFIC_H

#include "types.h"
#include "objectheader.h"
#include "nblaccessors.h"

EXTERN_C_START

typedef struct _NDIS_NBL_MEDIA_MEDIA_SPECIFIC_INFORMATION NDIS_NBL_MEDIA_SPECIFIC_INFORMATION,
    *PNDIS_NBL_MEDIA_SPECIFIC_INFORMATION;

typedef struct _NDIS_NET_BUFFER_LIST_MEDIA_SPECIFIC_INFO {
    union {
        PVOID MediaSpecificInfo;
        PVOID NativeWifiSpecificInfo;
        PVOID Value;
    };
} NDIS_NET_BUFFER_LIST_MEDIA_SPECIFIC_INFO, *PNDIS_NET_BUFFER_LIST_MEDIA_SPECIFIC_INFO;

typedef struct _NDIS_NBL_MEDIA_MEDIA_SPECIFIC_INFORMATION {
    PNDIS_NBL_MEDIA_SPECIFIC_INFORMATION NextEntry;
    ULONG Tag;
    DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) UCHAR Data[1];
} NDIS_NBL_MEDIA_SPECIFIC_INFORMATION, *PNDIS_NBL_MEDIA_SPECIFIC_INFORMATION;

#if (NDIS_SUPPORT_NDIS620)
typedef struct _NDIS_NBL_MEDIA_SPECIFIC_INFORMATION_EX NDIS_NBL_MEDIA_SPECIFIC_INFORMATION_EX,
    *PNDIS_NBL_MEDIA_SPECIFIC_INFORMATION_EX;

#define NDIS_NBL_MEDIA_SPECIFIC_INFO_REVISION_1 1

typedef struct _NDIS_NBL_MEDIA_SPECIFIC_INFORMATION_EX {
    NDIS_OBJECT_HEADER Header;
    struct _NDIS_NBL_MEDIA_SPECIFIC_INFORMATION_EX *NextEntry;
    ULONG Tag;
    PVOID Data;
} NDIS_NBL_MEDIA_SPECIFIC_INFORMATION_EX, *PNDIS_NBL_MEDIA_SPECIFIC_INFORMATION_EX;

#define NDIS_SIZEOF_NBL_MEDIA_SPECIFIC_INFO_REVISION_1                                             \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_NBL_MEDIA_SPECIFIC_INFORMATION_EX, Data)

#endif

#if (NDIS_SUPPORT_NDIS630)

typedef struct _NDIS_NET_BUFFER_LIST_VIRTUAL_SUBNET_INFO {
    union {
        struct {
            UINT32 VirtualSubnetId : 24;
            UINT32 ReservedVsidBits : 8;
            UINT32 Reserved;
        };
        PVOID Value;
    };
} NDIS_NET_BUFFER_LIST_VIRTUAL_SUBNET_INFO, *PNDIS_NET_BUFFER_LIST_VIRTUAL_SUBNET_INFO;

typedef struct _NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO {
    union {
        struct {
            ULONG IsEncapsulatedPacket : 1;
            ULONG EncapsulatedPacketOffsetsValid : 1;
            ULONG InnerFrameOffset : 8;
            ULONG TransportIpHeaderRelativeOffset : 6;
            ULONG TcpHeaderRelativeOffset : 10;
            ULONG IsInnerIPv6 : 1;
            ULONG TcpOptionsPresent : 1;
            ULONG Reserved : 4;
        } EncapsulatedPacketOffsets;
        PVOID Value;
    };
} NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO,
    *PNDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO;

#endif

#define NDIS_MEDIA_SPECIFIC_INFO_TUNDL    0x00010001
#define NDIS_MEDIA_SPECIFIC_INFO_FCOE     0x80010000
#define NDIS_MEDIA_SPECIFIC_INFO_EAPOL    0x80010001
#define NDIS_MEDIA_SPECIFIC_INFO_LLDP     0x80010002
#define NDIS_MEDIA_SPECIFIC_INFO_TIMESYNC 0x80010003
#if (NDIS_SUPPORT_NDIS630)
#define NDIS_GET_NET_BUFFER_LIST_VIRTUAL_SUBNET_ID(_NBL)                                           \
    (((NDIS_NET_BUFFER_LIST_VIRTUAL_SUBNET_INFO *)&NET_BUFFER_LIST_INFO(_NBL, VirtualSubnetInfo))  \
         ->VirtualSubnetId)
#define NDIS_SET_NET_BUFFER_LIST_VIRTUAL_SUBNET_ID(_NBL, _VirtualSubnetId)                         \
    (NDIS_GET_NET_BUFFER_LIST_VIRTUAL_SUBNET_ID(_NBL) = (_VirtualSubnetId))
#define NDIS_GET_NET_BUFFER_LIST_IM_RESERVED(_NBL) NET_BUFFER_LIST_INFO((_NBL), IMReserved)
#define NDIS_SET_NET_BUFFER_LIST_IM_RESERVED(_NBL, _Reserved)                                      \
    (NET_BUFFER_LIST_INFO((_NBL), IMReserved) = (_Reserved))

#endif

/* IPsec offload, per list. */
typedef struct _NDIS_IPSEC_OFFLOAD_V1_NET_BUFFER_LIST_INFO {
    union {
        struct {
            NDIS_HANDLE OffloadHandle;
        } Transmit;
        struct {
            USHORT SaDeleteReq : 1;
            USHORT CryptoDone : 1;
            USHORT NextCryptoDone : 1;
            USHORT Pad : 13;
            USHORT CryptoStatus;
        } Receive;
    };
} NDIS_IPSEC_OFFLOAD_V1_NET_BUFFER_LIST_INFO, *PNDIS_IPSEC_OFFLOAD_V1_NET_BUFFER_LIST_INFO;

#if (NDIS_SUPPORT_NDIS61)

typedef struct _NDIS_IPSEC_OFFLOAD_V2_NET_BUFFER_LIST_INFO {
    union {
        struct {
            PVOID OffloadHandle;
        } Transmit;
        struct {
            ULONG SaDeleteReq : 1;
            ULONG CryptoDone : 1;
            ULONG NextCryptoDone : 1;
            ULONG Reserved : 13;
            ULONG CryptoStatus : 16;
        } Receive;
    };
} NDIS_IPSEC_OFFLOAD_V2_NET_BUFFER_LIST_INFO, *PNDIS_IPSEC_OFFLOAD_V2_NET_BUFFER_LIST_INFO;

typedef struct _NDIS_IPSEC_OFFLOAD_V2_TUNNEL_NET_BUFFER_LIST_INFO {
    struct {
        NDIS_HANDLE TunnelHandle;
    } Transmit;
} NDIS_IPSEC_OFFLOAD_V2_TUNNEL_NET_BUFFER_LIST_INFO,
    *PNDIS_IPSEC_OFFLOAD_V2_TUNNEL_NET_BUFFER_LIST_INFO;

typedef struct _NDIS_IPSEC_OFFLOAD_V2_HEADER_NET_BUFFER_LIST_INFO {
    union {
        struct {
            ULONG NextHeader : 8;
            ULONG PadLength : 8;
            ULONG AhHeaderOffset : 8;
            ULONG EspHeaderOffset : 8;
        } Transmit;
        struct {
            ULONG NextHeader : 8;
            ULONG PadLength : 8;
            ULONG HeaderInfoSet : 1;
        } Receive;
    };
} NDIS_IPSEC_OFFLOAD_V2_HEADER_NET_BUFFER_LIST_INFO,
    *PNDIS_IPSEC_OFFLOAD_V2_HEADER_NET_BUFFER_LIST_INFO;

#endif

/* Lists of entries by tag, in a slot of the list; the same for both generations. */
#define NDIS_NBL_ADD_MEDIA_SPECIFIC_INFO(_NBL, _MediaSpecificInfo)                                 \
    __NDIS_NBL_ADD_INFO(NDIS_NBL_MEDIA_SPECIFIC_INFORMATION, _NBL, MediaSpecificInformation,       \
                        _MediaSpecificInfo)
#define NDIS_NBL_GET_MEDIA_SPECIFIC_INFO(_NBL, _Tag, _MediaSpecificInfo)                           \
    __NDIS_NBL_GET_INFO(NDIS_NBL_MEDIA_SPECIFIC_INFORMATION, _NBL, MediaSpecificInformation, _Tag, \
                        _MediaSpecificInfo)
#define NDIS_NBL_REMOVE_MEDIA_SPECIFIC_INFO(_NBL, _MediaSpecificInfo)                              \
    __NDIS_NBL_REMOVE_INFO(NDIS_NBL_MEDIA_SPECIFIC_INFORMATION, _NBL, MediaSpecificInformation,    \
                           _MediaSpecificInfo)
#if (NDIS_SUPPORT_NDIS620)
#define NDIS_NBL_ADD_MEDIA_SPECIFIC_INFO_EX(_NBL, _MediaSpecificInfo)                              \
    __NDIS_NBL_ADD_INFO(NDIS_NBL_MEDIA_SPECIFIC_INFORMATION_EX, _NBL, MediaSpecificInformationEx,  \
                        _MediaSpecificInfo)
#define NDIS_NBL_GET_MEDIA_SPECIFIC_INFO_EX(_NBL, _Tag, _MediaSpecificInfo)                        \
    __NDIS_NBL_GET_INFO(NDIS_NBL_MEDIA_SPECIFIC_INFORMATION_EX, _NBL, MediaSpecificInformationEx,  \
                        _Tag, _MediaSpecificInfo)
#define NDIS_NBL_REMOVE_MEDIA_SPECIFIC_INFO_EX(_NBL, _MediaSpecificInfo)                           \
    __NDIS_NBL_REMOVE_INFO(NDIS_NBL_MEDIA_SPECIFIC_INFORMATION_EX, _NBL,                           \
                           MediaSpecificInformationEx, _MediaSpecificInfo)
#endif

#define __NDIS_NBL_ADD_INFO(_Type, _NBL, _Slot, _Info)                                             \
    do {                                                                                           \
        (_Info)->NextEntry = (_Type *)NET_BUFFER_LIST_INFO((_NBL), _Slot);                         \
        NET_BUFFER_LIST_INFO((_NBL), _Slot) = (_Info);                                             \
    } while (0)
#define __NDIS_NBL_GET_INFO(_Type, _NBL, _Slot, _Tag, _Info)                                       \
    do {                                                                                           \
        (_Info) = (_Type *)NET_BUFFER_LIST_INFO((_NBL), _Slot);                                    \
        while ((_Info) != NULL && (_Info)->Tag != (_Tag)) {                                        \
            (_Info) = (_Info)->NextEntry;                                                          \
        }                                                                                          \
    } while (0)
#define __NDIS_NBL_REMOVE_INFO(_Type, _NBL, _Slot, _Info)                                          \
    do {                                                                                           \
        _Type **__link = (_Type **)&NET_BUFFER_LIST_INFO((_NBL), _Slot);                           \
        while (*__link != NULL && (*__link)->Tag != (_Info)->Tag) {                                \
            __link = &(*__link)->NextEntry;                                                        \
        }                                                                                          \
        if (*__link != NULL) {                                                                     \
            *__link = (*__link)->NextEntry;                                                        \
        }                                                                                          \
    } while (0)

EXTERN_C_END

#endif
