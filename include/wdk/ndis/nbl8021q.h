/* Priority and VLAN of a NET_BUFFER_LIST ("NDIS_NET_BUFFER_LIST_8021Q_INFO"). */
#ifndef __NDIS_NBL8021Q_H
#define __NDIS_NBL8021Q_H

#include "types.h"
#include "nbl.h"
#include "nblaccessors.h"

EXTERN_C_START

typedef struct _NDIS_NET_BUFFER_LIST_8021Q_INFO {
    union {
        struct {
            UINT32 UserPriority : 3;
            UINT32 CanonicalFormatId : 1;
            UINT32 VlanId : 12;
            UINT32 Reserved : 16;
        } TagHeader;
        struct {
            UINT32 UserPriority : 3;
            UINT32 CanonicalFormatId : 1;
            UINT32 VlanId : 12;
            UINT32 WMMInfo : 4;
            UINT32 Reserved : 12;
        } WLanTagHeader;
        PVOID Value;
    };
} NDIS_NET_BUFFER_LIST_8021Q_INFO, *PNDIS_NET_BUFFER_LIST_8021Q_INFO;

#define NDIS_GET_NET_BUFFER_LIST_VLAN_ID(_NBL)                                                     \
    (((NDIS_NET_BUFFER_LIST_8021Q_INFO *)&NET_BUFFER_LIST_INFO(_NBL, Ieee8021QNetBufferListInfo))  \
         ->TagHeader.VlanId)
#define NDIS_SET_NET_BUFFER_LIST_VLAN_ID(_NBL, _VlanId)                                            \
    (NDIS_GET_NET_BUFFER_LIST_VLAN_ID(_NBL) = (_VlanId))

EXTERN_C_END

#endif
