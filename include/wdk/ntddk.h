/* wdm.h, and what only drivers that are not pure WDM use. */
#ifndef _NTDDK_
#define _NTDDK_

#include "wdm.h"
#include "ntiologc.h"
#include "ntddk/bus.h"
#include "ntddk/process.h"

#endif
