/* Quality of service of data center bridging, and scheduler queues ("NDIS_QOS_PARAMETERS"). */
#ifndef __NDIS_QOS_H
#define __NDIS_QOS_H

#include "types.h"
#include "objectheader.h"
#include "nicswitchtypes.h"

EXTERN_C_START

#if (NDIS_SUPPORT_NDIS630)
#define NDIS_QOS_MAXIMUM_PRIORITIES                   8
#define NDIS_QOS_MAXIMUM_TRAFFIC_CLASSES              8
#define NDIS_QOS_CAPABILITIES_STRICT_TSA_SUPPORTED    0x00000001
#define NDIS_QOS_CAPABILITIES_MACSEC_BYPASS_SUPPORTED 0x00000002
#define NDIS_QOS_CAPABILITIES_CEE_DCBX_SUPPORTED      0x00000004
#define NDIS_QOS_CAPABILITIES_IEEE_DCBX_SUPPORTED     0x00000008
#define NDIS_QOS_CLASSIFICATION_SET_BY_MINIPORT_MASK  0xFF000000
#define NDIS_QOS_CLASSIFICATION_ENFORCED_BY_MINIPORT  0x01000000
#define NDIS_QOS_CONDITION_RESERVED                   0x0
#define NDIS_QOS_CONDITION_DEFAULT                    0x1
#define NDIS_QOS_CONDITION_TCP_PORT                   0x2
#define NDIS_QOS_CONDITION_UDP_PORT                   0x3
#define NDIS_QOS_CONDITION_TCP_OR_UDP_PORT            0x4
#define NDIS_QOS_CONDITION_ETHERTYPE                  0x5
#define NDIS_QOS_CONDITION_NETDIRECT_PORT             0x6
#define NDIS_QOS_CONDITION_MAXIMUM                    0x7
#define NDIS_QOS_ACTION_PRIORITY                      0x0
#define NDIS_QOS_ACTION_MAXIMUM                       0x1
#define NDIS_QOS_PARAMETERS_ETS_CHANGED               0x00000001
#define NDIS_QOS_PARAMETERS_ETS_CONFIGURED            0x00000002
#define NDIS_QOS_PARAMETERS_PFC_CHANGED               0x00000100
#define NDIS_QOS_PARAMETERS_PFC_CONFIGURED            0x00000200
#define NDIS_QOS_PARAMETERS_CLASSIFICATION_CHANGED    0x00010000
#define NDIS_QOS_PARAMETERS_CLASSIFICATION_CONFIGURED 0x00020000
#define NDIS_QOS_PARAMETERS_WILLING                   0x80000000
#define NDIS_QOS_TSA_STRICT                           0x0
#define NDIS_QOS_TSA_CBS                              0x1
#define NDIS_QOS_TSA_ETS                              0x2
#define NDIS_QOS_TSA_MAXIMUM                          0x3
#endif

#if (NDIS_SUPPORT_NDIS650)
#define NDIS_QOS_DEFAULT_SQ_ID 0
#endif

#if (NDIS_SUPPORT_NDIS630)

#define NDIS_QOS_CAPABILITIES_REVISION_1 1

typedef struct _NDIS_QOS_CAPABILITIES {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    ULONG MaxNumTrafficClasses;
    ULONG MaxNumEtsCapableTrafficClasses;
    ULONG MaxNumPfcEnabledTrafficClasses;
} NDIS_QOS_CAPABILITIES, *PNDIS_QOS_CAPABILITIES;

#define NDIS_SIZEOF_QOS_CAPABILITIES_REVISION_1                                                    \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_QOS_CAPABILITIES, MaxNumPfcEnabledTrafficClasses)

#define NDIS_QOS_CLASSIFICATION_ELEMENT_REVISION_1 1

typedef struct _NDIS_QOS_CLASSIFICATION_ELEMENT {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    USHORT ConditionSelector;
    USHORT ConditionField;
    USHORT ActionSelector;
    USHORT ActionField;
} NDIS_QOS_CLASSIFICATION_ELEMENT, *PNDIS_QOS_CLASSIFICATION_ELEMENT;

#define NDIS_SIZEOF_QOS_CLASSIFICATION_ELEMENT_REVISION_1                                          \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_QOS_CLASSIFICATION_ELEMENT, ActionField)

#define NDIS_QOS_PARAMETERS_REVISION_1 1

typedef struct _NDIS_QOS_PARAMETERS {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    ULONG NumTrafficClasses;
    UCHAR PriorityAssignmentTable[8];
    UCHAR TcBandwidthAssignmentTable[8];
    UCHAR TsaAssignmentTable[8];
    ULONG PfcEnable;
    ULONG NumClassificationElements;
    ULONG ClassificationElementSize;
    ULONG FirstClassificationElementOffset;
} NDIS_QOS_PARAMETERS, *PNDIS_QOS_PARAMETERS;

#define NDIS_SIZEOF_QOS_PARAMETERS_REVISION_1                                                      \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_QOS_PARAMETERS, FirstClassificationElementOffset)

#endif

/* Scheduler queues. */
#if (NDIS_SUPPORT_NDIS650)
#define NDIS_QOS_SQ_TRANSMIT_CAP_ENABLED         0x00000001
#define NDIS_QOS_SQ_TRANSMIT_RESERVATION_ENABLED 0x00000002
#define NDIS_QOS_SQ_RECEIVE_CAP_ENABLED          0x00000004
#define NDIS_QOS_OFFLOAD_CAPS_STANDARD_SQ        0x00000001
#define NDIS_QOS_OFFLOAD_CAPS_GFT_SQ             0x00000002

typedef enum _NDIS_QOS_SQ_TYPE {
    NdisQosSqTypeUndefined,
    NdisQosSqTypeStandard,
    NdisQosSqTypeGFT,
    NdisQosSqTypeMax
} NDIS_QOS_SQ_TYPE;
typedef NDIS_QOS_SQ_TYPE *PNDIS_QOS_SQ_TYPE;

#define NDIS_QOS_SQ_PARAMETERS_REVISION_1 1
#if (NDIS_SUPPORT_NDIS684)
#define NDIS_QOS_SQ_PARAMETERS_REVISION_2 2
#endif

typedef struct _NDIS_QOS_SQ_PARAMETERS {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    NDIS_QOS_SQ_ID SqId;
    NDIS_QOS_SQ_TYPE SqType;
    BOOLEAN TcEnabledTable[8];
    ULONG TcTransmitBandwidthCapTable[8];
    ULONG TcTransmitBandwidthReservationTable[8];
    ULONG TcReceiveBandwidthCapTable[8];
#if (NDIS_SUPPORT_NDIS684)
    ULONG CrossTcTransmitBandwidthCap;
    ULONG MaxNumSqInputs;
#endif
} NDIS_QOS_SQ_PARAMETERS, *PNDIS_QOS_SQ_PARAMETERS;

#define NDIS_SIZEOF_QOS_SQ_PARAMETERS_REVISION_1                                                   \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_QOS_SQ_PARAMETERS, TcReceiveBandwidthCapTable)
#if (NDIS_SUPPORT_NDIS684)
#define NDIS_SIZEOF_QOS_SQ_PARAMETERS_REVISION_2                                                   \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_QOS_SQ_PARAMETERS, MaxNumSqInputs)
#endif

typedef struct _NDIS_QOS_SQ_PARAMETERS_ENUM_ARRAY {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    NDIS_QOS_SQ_TYPE SqType;
    NDIS_QOS_SQ_ID FirstSqId;
    ULONG MaxSqsToReturn;
#if (NDIS_SUPPORT_NDIS684)
    union {
        ULONG SqArrayOffset;
#endif
        ULONG SqParamsArrayOffset;
#if (NDIS_SUPPORT_NDIS684)
    };
    union {
        ULONG SqArrayNumElements;
#endif
        ULONG SqParamsArrayNumElements;
#if (NDIS_SUPPORT_NDIS684)
    };
    union {
        ULONG SqArrayElementSize;
#endif
        ULONG SqParamsArrayElementSize;
#if (NDIS_SUPPORT_NDIS684)
    };
#endif
} NDIS_QOS_SQ_PARAMETERS_ENUM_ARRAY, NDIS_QOS_SQ_ARRAY, *PNDIS_QOS_SQ_ARRAY,
    *PNDIS_QOS_SQ_PARAMETERS_ENUM_ARRAY;

#define NDIS_SIZEOF_QOS_SQ_PARAMETERS_ENUM_ARRAY_REVISION_1                                        \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_QOS_SQ_PARAMETERS_ENUM_ARRAY, SqParamsArrayElementSize)

#define NDIS_QOS_OFFLOAD_CAPABILITIES_REVISION_1 1
#if (NDIS_SUPPORT_NDIS684)
#define NDIS_QOS_OFFLOAD_CAPABILITIES_REVISION_2 2
#endif

typedef struct _NDIS_QOS_OFFLOAD_CAPABILITIES {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    ULONG SupportedSqTypes;
    BOOLEAN TransmitCapSupported[8];
    BOOLEAN TransmitReservationSupported[8];
    BOOLEAN ReceiveCapSupported[8];
    BOOLEAN TransmitGftCapSupported[8];
    BOOLEAN ReceiveGftCapSupported[8];
    BOOLEAN TcSupportedTable[8];
    ULONG NumStandardSqsSupported;
    ULONG NumGftSqsSupported;
    ULONG ReservationGranularitySupported;
    ULONG MaxNumSqInputs;
#if (NDIS_SUPPORT_NDIS684)
    BOOLEAN CrossTcTransmitMaxCapSupported;
#endif
} NDIS_QOS_OFFLOAD_CAPABILITIES, *PNDIS_QOS_OFFLOAD_CAPABILITIES;

#define NDIS_SIZEOF_QOS_OFFLOAD_CAPABILITIES_REVISION_1                                            \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_QOS_OFFLOAD_CAPABILITIES, MaxNumSqInputs)
#if (NDIS_SUPPORT_NDIS684)
#define NDIS_SIZEOF_QOS_OFFLOAD_CAPABILITIES_REVISION_2                                            \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_QOS_OFFLOAD_CAPABILITIES, CrossTcTransmitMaxCapSupported)
#endif

#endif

#if (NDIS_SUPPORT_NDIS685)

#define NDIS_QOS_SQ_STATS_REVISION_1 1

typedef struct _NDIS_QOS_SQ_STATS {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    NDIS_QOS_SQ_ID SqId;
    NDIS_QOS_SQ_TYPE SqType;
    UINT64 BytesTransmitted[8];
    UINT64 PktsTransmitted[8];
} NDIS_QOS_SQ_STATS, *PNDIS_QOS_SQ_STATS;

#define NDIS_SIZEOF_QOS_SQ_STATS_REVISION_1                                                        \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_QOS_SQ_STATS, PktsTransmitted)

#endif

EXTERN_C_END

#endif
