/*
 * NDIS_OBJECT_HEADERs that drivers hand over: type, revision and size against one table, so that
 * nothing behind the structure a driver really has is ever read.
 */
#ifndef PNDIS_LIB_NDIS_HEADER_H
#define PNDIS_LIB_NDIS_HEADER_H

#include "ndis/ndis_core.h"

enum header_structure {
    HEADER_MINIPORT_CHARACTERISTICS,
    HEADER_PROTOCOL_CHARACTERISTICS,
    HEADER_MINIPORT_PNP_CHARACTERISTICS,
    HEADER_REGISTRATION_ATTRIBUTES,
    HEADER_GENERAL_ATTRIBUTES,
    HEADER_OFFLOAD_ATTRIBUTES,
    HEADER_HARDWARE_ASSIST_ATTRIBUTES,
    HEADER_ADD_DEVICE_ATTRIBUTES,
    HEADER_NBL_POOL_PARAMETERS,
    HEADER_NB_POOL_PARAMETERS,
    HEADER_OPEN_PARAMETERS,
    HEADER_CONFIGURATION_OBJECT,
    HEADER_OID_REQUEST,
    HEADER_STATUS_INDICATION,
    HEADER_NET_PNP_EVENT_NOTIFICATION,
    HEADER_INTERRUPT_CHARACTERISTICS,
    HEADER_SG_DMA_DESCRIPTION,
    HEADER_TIMER_CHARACTERISTICS,
    HEADER_LINK_STATE,
    HEADER_DEVICE_OBJECT_ATTRIBUTES,
    HEADER_PORT_CHARACTERISTICS,
    HEADER_SHARED_MEMORY_PARAMETERS,
    HEADER_PM_CAPABILITIES,
    HEADER_RSS_CAPABILITIES,
    HEADER_COUNT
};

/*
 * Whether @structure (any pointer to memory of at least a header; NULL is recognized) begins with a
 * correct header for @kind. Reports under OBJECT_HEADER if not.
 */
bool pndis__object_header_check(struct context *context, const void *structure,
                                enum header_structure kind, const char *call, const void *caller);

/*
 * Whether a driver of NDIS @version may hand over @structure, whose header is correct: "NDIS fails
 * the function call if a driver uses an incorrect structure revision". REG_REVISION for one that
 * came later. One that came earlier is taken as what it is, as the same page says and as drivers of
 * later versions do.
 */
bool pndis__revision_check(struct context *context, const void *structure,
                           enum header_structure kind, ULONG version, const char *call,
                           const void *caller);

/* The bytes of @structure that may be read: what its revision has, at most what pndis knows. */
size_t pndis__object_header_bytes(const void *structure, enum header_structure kind);

/* Copy what @from has into @to, which is of the latest revision, and zero the rest. */
void pndis__object_header_copy(void *to, size_t to_bytes, const void *from,
                               enum header_structure kind);
/*
 * Copy a structure as long as its header says, at most @from_bytes, and zero the rest. The copy's
 * header says how much of it there is.
 */
void pndis__headed_copy(void *to, size_t to_bytes, const void *from, size_t from_bytes);

#endif
