/* What NDIS drivers and applications share: OIDs, and the structures that travel with them. */
#ifndef _NTDDNDIS_
#define _NTDDNDIS_

#include "ntdef.h"
#include "ifdef.h"
#include "devioctl.h"
#include "ndis/version.h"
#include "ndis/types.h"
#include "ndis/objectheader.h"
#include "ndis/status.h"
#include "ndis/statusindication.h"
#include "ndis/oidtypes.h"
#include "ndis/oid_general.h"
#include "ndis/oid_media.h"
#include "ndis/oid_features.h"
#include "ndis/oidrequest.h"
#include "ndis/ndisport.h"
#include "ndis/port.h"
#include "ndis/medium.h"
#include "ndis/statistics.h"
#include "ndis/hashtypes.h"
#include "ndis/rss.h"
#include "ndis/offloadtypes.h"
#if __NDIS_HAS_NDIS6
#include "ndis/offload.h"
#include "ndis/offload_wmi.h"
#include "ndis/encapsulationconfig.h"
#endif
#include "ndis/pm.h"
#include "ndis/receivefilter.h"
#include "ndis/receivequeue.h"
#include "ndis/nicswitchtypes.h"
#include "ndis/nicswitch.h"
#include "ndis/qos.h"
#include "ndis/isolation.h"
#include "ndis/timestamp.h"

#define DD_NDIS_DEVICE_NAME "\\Device\\NDIS"

#endif
