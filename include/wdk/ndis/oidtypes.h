/* Object identifiers and the kinds of requests ("NDIS_OID_REQUEST"). */
#ifndef __NDIS_OIDTYPES_H
#define __NDIS_OIDTYPES_H

#include "types.h"

EXTERN_C_START

typedef ULONG NDIS_OID, *PNDIS_OID;

typedef enum _NDIS_REQUEST_TYPE {
    NdisRequestQueryInformation,
    NdisRequestSetInformation,
    NdisRequestQueryStatistics,
    NdisRequestOpen,
    NdisRequestClose,
    NdisRequestSend,
    NdisRequestTransferData,
    NdisRequestReset,
    NdisRequestGeneric1,
    NdisRequestGeneric2,
    NdisRequestGeneric3,
    NdisRequestGeneric4,
    NdisRequestMethod
} NDIS_REQUEST_TYPE;
typedef NDIS_REQUEST_TYPE *PNDIS_REQUEST_TYPE;

EXTERN_C_END

#endif
