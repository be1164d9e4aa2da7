/* NDIS for drivers: everything below ndis/, by topic, and the kernel it stands on.
 *
 * A build chooses the NDIS version by macros; ndis/version.h explains them. Declarations that an
 * older version does not have are absent there, as on Windows. */
#ifndef _NDIS_
#define _NDIS_

#ifndef NDIS_WDM
#define NDIS_WDM 0
#endif
#ifndef BINARY_COMPATIBLE
#define BINARY_COMPATIBLE 0
#endif
#define NDIS_NT 1

#include "ntddk.h"
#include "minwindef.h"
#include "ntstatus.h"
#include "netevent.h"
#include "netpnp.h"
#include "ndis/version.h"
#include "ntddndis.h"

/* Sections of an image, named inside `#pragma`. */
#define NDIS_INIT_FUNCTION(_F)     alloc_text(INIT, _F)
#define NDIS_PAGABLE_FUNCTION(_F)  alloc_text(PAGE, _F)
#define NDIS_PAGEABLE_FUNCTION(_F) alloc_text(PAGE, _F)

#define DECLARE_NDIS_HANDLE(handle) typedef PVOID handle
#define NDIS_INCLUDE_LEGACY_NAMES

#include "ndis/string.h"
#include "ndis/memory.h"
#include "ndis/lock.h"
#include "ndis/timer.h"
#include "ndis/config.h"
#include "ndis/log.h"
#include "ndis/processor.h"

#include "ndis/mdlapi.h"
#include "ndis/nblinfo.h"
#include "ndis/nbl.h"
#include "ndis/nblaccessors.h"
#include "ndis/nblapi.h"
#include "ndis/nblsend.h"
#include "ndis/nblreceive.h"
#include "ndis/nbl8021q.h"
#include "ndis/nblchecksum.h"
#include "ndis/nblhash.h"
#include "ndis/nbllso.h"
#include "ndis/nblrsc.h"
#include "ndis/nbltimestamp.h"
#include "ndis/nbluro.h"
#include "ndis/nbluso.h"
#include "ndis/mediaspecific.h"

#include "ndis/driver.h"
#include "ndis/pnp.h"
#include "ndis/indicate.h"
#if __NDIS_HAS_NDIS6
#include "ndis/restart.h"
#include "ndis/attributes.h"
#include "ndis/miniport.h"
#include "ndis/filter.h"
#include "ndis/protocol.h"
#include "ndis/intermediate.h"
#include "ndis/interface.h"
#endif

#include "ndis/io.h"
#include "ndis/interrupt.h"
#include "ndis/dma.h"
#if __NDIS_HAS_NDIS6
#include "ndis/sriov.h"
#include "ndis/poll.h"
#endif

#if NDIS_LEGACY_DRIVER
#include "ndis/ndis5_buffer.h"
#include "ndis/ndis5_packet.h"
#include "ndis/ndis5_packetinfo.h"
#include "ndis/ndis5_task.h"
#include "ndis/ndis5_handlers.h"
#include "ndis/ndis5_miniport.h"
#include "ndis/ndis5_timer.h"
#include "ndis/ndis5_interrupt.h"
#include "ndis/ndis5_dma.h"
#include "ndis/ndis5_io.h"
#endif

#include "xfilter.h"

#endif
