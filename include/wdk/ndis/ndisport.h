/* NDIS ports by number ("Default NDIS Port"). */
#ifndef __NDIS_NDISPORT_H
#define __NDIS_NDISPORT_H

#include "types.h"

EXTERN_C_START

typedef ULONG NDIS_PORT_NUMBER, *PNDIS_PORT_NUMBER;

#define NDIS_DEFAULT_PORT_NUMBER ((NDIS_PORT_NUMBER)0)
#define NDIS_MAXIMUM_PORTS       0x1000000

typedef enum _NDIS_PORT_TYPE {
    NdisPortTypeUndefined,
    NdisPortTypeBridge,
    NdisPortTypeRasConnection,
    NdisPortType8021xSupplicant,
#if (NDIS_SUPPORT_NDIS630)
    NdisPortTypeNdisImPlatform,
#endif
    NdisPortTypeMax
} NDIS_PORT_TYPE;
typedef NDIS_PORT_TYPE *PNDIS_PORT_TYPE;

EXTERN_C_END

#endif
