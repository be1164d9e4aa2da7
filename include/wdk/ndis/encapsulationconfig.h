/* How a protocol encapsulates its packets ("OID_OFFLOAD_ENCAPSULATION"). */
#ifndef __NDIS_ENCAPSULATIONCONFIG_H
#define __NDIS_ENCAPSULATIONCONFIG_H

#include "objectheader.h"
#include "offloadtypes.h"

EXTERN_C_START

#define NDIS_OFFLOAD_ENCAPSULATION_REVISION_1 1

typedef struct _NDIS_OFFLOAD_ENCAPSULATION {
    NDIS_OBJECT_HEADER Header;
    struct {
        ULONG Enabled;
        ULONG EncapsulationType;
        ULONG HeaderSize;
    } IPv4;
    struct {
        ULONG Enabled;
        ULONG EncapsulationType;
        ULONG HeaderSize;
    } IPv6;
} NDIS_OFFLOAD_ENCAPSULATION, *PNDIS_OFFLOAD_ENCAPSULATION;

#define NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1                                               \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_OFFLOAD_ENCAPSULATION, IPv6.HeaderSize)

EXTERN_C_END

#endif
