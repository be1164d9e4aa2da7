/* What NDIS 4 and 5 miniports include beside <ndis.h> for Ethernet addresses. */
#ifndef _ETH_FILTER_DEFS_
#define _ETH_FILTER_DEFS_

#include "xfilter.h"

#endif
