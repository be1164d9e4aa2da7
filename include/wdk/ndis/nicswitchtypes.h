/* Identifiers in a NIC switch ("Overview of Single Root I/O Virtualization"). */
#ifndef __NDIS_NICSWITCHTYPES_H
#define __NDIS_NICSWITCHTYPES_H

#include "types.h"

EXTERN_C_START

typedef ULONG NDIS_NIC_SWITCH_ID, *PNDIS_NIC_SWITCH_ID;
typedef ULONG NDIS_NIC_SWITCH_VPORT_ID, *PNDIS_NIC_SWITCH_VPORT_ID;
typedef USHORT NDIS_SRIOV_FUNCTION_ID, *PNDIS_SRIOV_FUNCTION_ID;
typedef ULONG NDIS_VF_RID, *PNDIS_VF_RID;
typedef ULONG NDIS_QOS_SQ_ID, *PNDIS_QOS_SQ_ID;

/* Features without declarations here; other structures point to them. */
typedef struct _NDIS_NDK_CAPABILITIES *PNDIS_NDK_CAPABILITIES;
typedef struct _NDIS_GFT_OFFLOAD_CAPABILITIES *PNDIS_GFT_OFFLOAD_CAPABILITIES;

EXTERN_C_END

#endif
