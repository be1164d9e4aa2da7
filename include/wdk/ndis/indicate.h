/* Status indications ("NDIS_STATUS_INDICATION"). */
#ifndef __NDIS_INDICATE_H
#define __NDIS_INDICATE_H

#include "types.h"
#include "objectheader.h"
#include "ndisport.h"
#include "statusindication.h"

EXTERN_C_START

#define NDIS_STATUS_INDICATION_FLAGS_NDIS_RESERVED            0xFFF
#define NDIS_STATUS_INDICATION_FLAGS_MEDIA_CONNECT_TO_CONNECT 0x1000

#define NDIS_STATUS_INDICATION_REVISION_1 1

typedef struct _NDIS_STATUS_INDICATION {
    NDIS_OBJECT_HEADER Header;
    NDIS_HANDLE SourceHandle;
    NDIS_PORT_NUMBER PortNumber;
    NDIS_STATUS StatusCode;
    ULONG Flags;
    NDIS_HANDLE DestinationHandle;
    PVOID RequestId;
    PVOID StatusBuffer;
    ULONG StatusBufferSize;
    GUID Guid;
    PVOID NdisReserved[4];
} NDIS_STATUS_INDICATION, *PNDIS_STATUS_INDICATION;

#define NDIS_SIZEOF_STATUS_INDICATION_REVISION_1                                                   \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_STATUS_INDICATION, NdisReserved)

#define NDIS_STATUS_INDICATION_SET_FLAG(_StatusIndication, _Flag)                                  \
    ((_StatusIndication)->Flags |= (_Flag))
#define NDIS_STATUS_INDICATION_TEST_FLAG(_StatusIndication, _Flag)                                 \
    (((_StatusIndication)->Flags & (_Flag)) != 0)
#define NDIS_STATUS_INDICATION_CLEAR_FLAG(_StatusIndication, _Flag)                                \
    ((_StatusIndication)->Flags &= ~(_Flag))

EXTERN_C_END

#endif
