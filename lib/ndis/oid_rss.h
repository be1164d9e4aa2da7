/* RSS parameters as NDIS remembers them: "NDIS_RECEIVE_SCALE_PARAMETERS structure". */
#ifndef PNDIS_LIB_NDIS_OID_RSS_H
#define PNDIS_LIB_NDIS_OID_RSS_H

#include "ndis/ndis_core.h"

/*
 * What a query answers after @set was accepted, in memory of its own, at most @set_bytes and
 * @before_bytes together: Flags is 0; with RSS disabled nothing else is left; what the set left
 * unchanged is as in @before (NULL: nothing was set). NULL for want of memory, or when @set is too
 * short to be RSS parameters.
 */
UCHAR *pndis__rss_merge(const UCHAR *set, ULONG set_bytes, const UCHAR *before, ULONG before_bytes,
                        ULONG *out_bytes);

#endif
