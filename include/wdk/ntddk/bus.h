/* Configuration of buses, and what ntddk.h adds to wdm.h for hardware ("BUS_INTERFACE_STANDARD").
 */
#ifndef __WDK_NTDDK_BUS_H
#define __WDK_NTDDK_BUS_H

#include "../wdm/types.h"

EXTERN_C_START

typedef enum _BUS_DATA_TYPE {
    ConfigurationSpaceUndefined = -1,
    Cmos,
    EisaConfiguration,
    Pos,
    CbusConfiguration,
    PCIConfiguration,
    VMEConfiguration,
    NuBusConfiguration,
    PCMCIAConfiguration,
    MPIConfiguration,
    MPSAConfiguration,
    PNPISAConfiguration,
    SgiInternalConfiguration,
    MaximumBusDataType
} BUS_DATA_TYPE;
typedef BUS_DATA_TYPE *PBUS_DATA_TYPE;

NTHALAPI ULONG HalGetBusDataByOffset(_In_ BUS_DATA_TYPE BusDataType, _In_ ULONG BusNumber,
                                     _In_ ULONG SlotNumber, _In_ PVOID Buffer, _In_ ULONG Offset,
                                     _In_ ULONG Length);
NTHALAPI ULONG HalSetBusDataByOffset(_In_ BUS_DATA_TYPE BusDataType, _In_ ULONG BusNumber,
                                     _In_ ULONG SlotNumber, _In_ PVOID Buffer, _In_ ULONG Offset,
                                     _In_ ULONG Length);
NTHALAPI BOOLEAN HalTranslateBusAddress(_In_ INTERFACE_TYPE InterfaceType, _In_ ULONG BusNumber,
                                        _In_ PHYSICAL_ADDRESS BusAddress, _In_ PULONG AddressSpace,
                                        _In_ PPHYSICAL_ADDRESS TranslatedAddress);

EXTERN_C_END

#endif
