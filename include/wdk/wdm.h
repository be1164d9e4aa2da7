/* The kernel for drivers of every kind: everything below wdm/, by topic. */
#ifndef _WDMDDK_
#define _WDMDDK_

#define NT_INCLUDED

#include "excpt.h"
#include "ntdef.h"
#include "ntstatus.h"
#include "devioctl.h"
#include "intrin.h"
#include "bugcodes.h"

#include "wdm/types.h"
#include "wdm/list.h"
#include "wdm/interlocked.h"
#include "wdm/interlocked_list.h"
#include "wdm/memory.h"
#include "wdm/large_integer.h"
#include "wdm/string.h"
#include "wdm/bitmap.h"
#include "wdm/version.h"

#include "wdm/irql.h"
#include "wdm/spinlock.h"
#include "wdm/dpc.h"
#include "wdm/dispatcher.h"
#include "wdm/time.h"
#include "wdm/thread.h"
#include "wdm/processor.h"
#include "wdm/pool.h"
#include "wdm/lookaside.h"
#include "wdm/exlock.h"
#include "wdm/workitem.h"
#include "wdm/callback.h"
#include "wdm/mdl.h"
#include "wdm/debug.h"

#include "wdm/object.h"
#include "wdm/file.h"
#include "wdm/registry.h"
#include "wdm/security.h"
#include "wdm/device.h"
#include "wdm/power.h"
#include "wdm/resource.h"
#include "wdm/pci.h"
#include "wdm/dma.h"
#include "wdm/interrupt.h"
#include "wdm/port.h"
#include "wdm/pnp.h"
#include "wdm/irp.h"
#include "wdm/irp_calls.h"
#include "wdm/fast_io.h"
#include "wdm/wmi.h"

#endif
