/* The interrupt of an NDIS 5 miniport ("NdisMRegisterInterrupt"). */
#ifndef __NDIS_NDIS5_INTERRUPT_H
#define __NDIS_NDIS5_INTERRUPT_H

#include "types.h"
#include "interrupt.h"
#include "ndis5_handlers.h"
#include "../wdm/dpc.h"

EXTERN_C_START

/* Memory of the driver, contents of NDIS. */
typedef struct _NDIS_MINIPORT_INTERRUPT {
    PKINTERRUPT InterruptObject;
    KSPIN_LOCK DpcCountLock;
    PVOID Reserved;
    W_ISR_HANDLER MiniportIsr;
    W_HANDLE_INTERRUPT_HANDLER MiniportDpc;
    KDPC InterruptDpc;
    PNDIS_MINIPORT_BLOCK Miniport;
    UCHAR DpcCount;
    BOOLEAN Filler1;
    KEVENT DpcsCompletedEvent;
    BOOLEAN SharedInterrupt;
    BOOLEAN IsrRequested;
} NDIS_MINIPORT_INTERRUPT, *PNDIS_MINIPORT_INTERRUPT;

_IRQL_requires_(PASSIVE_LEVEL) NDISAPI NDIS_STATUS
    NdisMRegisterInterrupt(_Out_ PNDIS_MINIPORT_INTERRUPT Interrupt,
                           _In_ NDIS_HANDLE MiniportAdapterHandle, _In_ UINT InterruptVector,
                           _In_ UINT InterruptLevel, _In_ BOOLEAN RequestIsr,
                           _In_ BOOLEAN SharedInterrupt, _In_ NDIS_INTERRUPT_MODE InterruptMode);
_IRQL_requires_(PASSIVE_LEVEL) NDISAPI VOID
    NdisMDeregisterInterrupt(_In_ PNDIS_MINIPORT_INTERRUPT Interrupt);
/* @SynchronizeFunction is a BOOLEAN function of one PVOID. */
_IRQL_requires_max_(DISPATCH_LEVEL) NDISAPI BOOLEAN
    NdisMSynchronizeWithInterrupt(_In_ PNDIS_MINIPORT_INTERRUPT Interrupt,
                                  _In_ PVOID SynchronizeFunction, _In_ PVOID SynchronizeContext);

EXTERN_C_END

#endif
