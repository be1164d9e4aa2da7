/* What the NDIS declarations of this build contain ("Overview of NDIS Support for Header
 * Versions").
 *
 * NDIS_SUPPORT_NDISxxx is 1 for every level up to the highest that the build names, for whatever
 * kind of driver, and 0 above. The other headers shape their structures by it. */
#ifndef __NDIS_VERSION_H
#define __NDIS_VERSION_H

#include "../sdkddkver.h"
#include "driver_version.h"

/* UM_NDISxxx is the selection for applications. */
#if defined(NDIS689) || defined(NDIS689_MINIPORT) || defined(UM_NDIS689)
#define NDIS_SUPPORT_NDIS689 1
#else
#define NDIS_SUPPORT_NDIS689 0
#endif
#if defined(NDIS688) || defined(NDIS688_MINIPORT) || defined(UM_NDIS688) || NDIS_SUPPORT_NDIS689
#define NDIS_SUPPORT_NDIS688 1
#else
#define NDIS_SUPPORT_NDIS688 0
#endif
#if defined(NDIS687) || defined(NDIS687_MINIPORT) || defined(UM_NDIS687) || NDIS_SUPPORT_NDIS688
#define NDIS_SUPPORT_NDIS687 1
#else
#define NDIS_SUPPORT_NDIS687 0
#endif
#if defined(NDIS686) || defined(NDIS686_MINIPORT) || defined(UM_NDIS686) || NDIS_SUPPORT_NDIS687
#define NDIS_SUPPORT_NDIS686 1
#else
#define NDIS_SUPPORT_NDIS686 0
#endif
#if defined(NDIS685) || defined(NDIS685_MINIPORT) || defined(UM_NDIS685) || NDIS_SUPPORT_NDIS686
#define NDIS_SUPPORT_NDIS685 1
#else
#define NDIS_SUPPORT_NDIS685 0
#endif
#if defined(NDIS684) || defined(NDIS684_MINIPORT) || defined(UM_NDIS684) || NDIS_SUPPORT_NDIS685
#define NDIS_SUPPORT_NDIS684 1
#else
#define NDIS_SUPPORT_NDIS684 0
#endif
#if defined(NDIS683) || defined(NDIS683_MINIPORT) || defined(UM_NDIS683) || NDIS_SUPPORT_NDIS684
#define NDIS_SUPPORT_NDIS683 1
#else
#define NDIS_SUPPORT_NDIS683 0
#endif
#if defined(NDIS682) || defined(NDIS682_MINIPORT) || defined(UM_NDIS682) || NDIS_SUPPORT_NDIS683
#define NDIS_SUPPORT_NDIS682 1
#else
#define NDIS_SUPPORT_NDIS682 0
#endif
#if defined(NDIS681) || defined(NDIS681_MINIPORT) || defined(UM_NDIS681) || NDIS_SUPPORT_NDIS682
#define NDIS_SUPPORT_NDIS681 1
#else
#define NDIS_SUPPORT_NDIS681 0
#endif
#if defined(NDIS680) || defined(NDIS680_MINIPORT) || defined(UM_NDIS680) || NDIS_SUPPORT_NDIS681
#define NDIS_SUPPORT_NDIS680 1
#else
#define NDIS_SUPPORT_NDIS680 0
#endif
#if defined(NDIS670) || defined(NDIS670_MINIPORT) || defined(UM_NDIS670) || NDIS_SUPPORT_NDIS680
#define NDIS_SUPPORT_NDIS670 1
#else
#define NDIS_SUPPORT_NDIS670 0
#endif
#if defined(NDIS660) || defined(NDIS660_MINIPORT) || defined(UM_NDIS660) || NDIS_SUPPORT_NDIS670
#define NDIS_SUPPORT_NDIS660 1
#else
#define NDIS_SUPPORT_NDIS660 0
#endif
#if defined(NDIS651) || defined(NDIS651_MINIPORT) || defined(UM_NDIS651) || NDIS_SUPPORT_NDIS660
#define NDIS_SUPPORT_NDIS651 1
#else
#define NDIS_SUPPORT_NDIS651 0
#endif
#if defined(NDIS650) || defined(NDIS650_MINIPORT) || defined(UM_NDIS650) || NDIS_SUPPORT_NDIS651
#define NDIS_SUPPORT_NDIS650 1
#else
#define NDIS_SUPPORT_NDIS650 0
#endif
#if defined(NDIS640) || defined(NDIS640_MINIPORT) || defined(UM_NDIS640) || NDIS_SUPPORT_NDIS650
#define NDIS_SUPPORT_NDIS640 1
#else
#define NDIS_SUPPORT_NDIS640 0
#endif
#if defined(NDIS630) || defined(NDIS630_MINIPORT) || defined(UM_NDIS630) || NDIS_SUPPORT_NDIS640
#define NDIS_SUPPORT_NDIS630 1
#else
#define NDIS_SUPPORT_NDIS630 0
#endif
#if defined(NDIS620) || defined(NDIS620_MINIPORT) || defined(UM_NDIS620) || NDIS_SUPPORT_NDIS630
#define NDIS_SUPPORT_NDIS620 1
#else
#define NDIS_SUPPORT_NDIS620 0
#endif
#if defined(NDIS61) || defined(NDIS61_MINIPORT) || defined(UM_NDIS61) || NDIS_SUPPORT_NDIS620
#define NDIS_SUPPORT_NDIS61 1
#else
#define NDIS_SUPPORT_NDIS61 0
#endif
#if defined(NDIS60) || defined(NDIS60_MINIPORT) || defined(UM_NDIS60) || NDIS_SUPPORT_NDIS61
#define NDIS_SUPPORT_NDIS6 1
#else
#define NDIS_SUPPORT_NDIS6 0
#endif

/* The types of NDIS 6 are there for who asks for it, and for anyone on a Windows that has it. */
#define __NDIS_HAS_NDIS6 (NDIS_SUPPORT_NDIS6 || NTDDI_VERSION >= NTDDI_VISTA)

/* Drivers of NDIS 5 and earlier. */
#ifndef NDIS_LEGACY_MINIPORT
#if defined(NDIS_MINIPORT_DRIVER) && NDIS_MINIPORT_MINIMUM_MAJOR_VERSION < 6
#define NDIS_LEGACY_MINIPORT 1
#else
#define NDIS_LEGACY_MINIPORT 0
#endif
#endif
#ifndef NDIS_LEGACY_PROTOCOL
#if defined(NDIS_PROTOCOL_MAJOR_VERSION) &&                                                        \
    (NDIS_PROTOCOL_MAJOR_VERSION < 6 || defined(NDIS50) || defined(NDIS51))
#define NDIS_LEGACY_PROTOCOL 1
#else
#define NDIS_LEGACY_PROTOCOL 0
#endif
#endif
#ifndef NDIS_LEGACY_DRIVER
#define NDIS_LEGACY_DRIVER (NDIS_LEGACY_MINIPORT || NDIS_LEGACY_PROTOCOL)
#endif

/* What NdisGetVersion answers. */
#define NDIS_RUNTIME_VERSION_60  (6 << 16)
#define NDIS_RUNTIME_VERSION_61  ((6 << 16) | 1)
#define NDIS_RUNTIME_VERSION_620 ((6 << 16) | 20)
#define NDIS_RUNTIME_VERSION_630 ((6 << 16) | 30)
#define NDIS_RUNTIME_VERSION_640 ((6 << 16) | 40)
#define NDIS_RUNTIME_VERSION_650 ((6 << 16) | 50)
#define NDIS_RUNTIME_VERSION_651 ((6 << 16) | 51)
#define NDIS_RUNTIME_VERSION_660 ((6 << 16) | 60)
#define NDIS_RUNTIME_VERSION_670 ((6 << 16) | 70)
#define NDIS_RUNTIME_VERSION_680 ((6 << 16) | 80)
#define NDIS_RUNTIME_VERSION_681 ((6 << 16) | 81)
#define NDIS_RUNTIME_VERSION_682 ((6 << 16) | 82)
#define NDIS_RUNTIME_VERSION_683 ((6 << 16) | 83)
#define NDIS_RUNTIME_VERSION_684 ((6 << 16) | 84)
#define NDIS_RUNTIME_VERSION_685 ((6 << 16) | 85)
#define NDIS_RUNTIME_VERSION_686 ((6 << 16) | 86)
#define NDIS_RUNTIME_VERSION_687 ((6 << 16) | 87)
#define NDIS_RUNTIME_VERSION_688 ((6 << 16) | 88)
#define NDIS_RUNTIME_VERSION_689 ((6 << 16) | 89)

#endif
