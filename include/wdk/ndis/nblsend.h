/* Flags of send and send-complete calls ("Send and Receive Operations"). */
#ifndef __NDIS_NBLSEND_H
#define __NDIS_NBLSEND_H

#include "types.h"

EXTERN_C_START

#define NDIS_SEND_FLAGS_DISPATCH_LEVEL     0x00000001
#define NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK 0x00000002
#if (NDIS_SUPPORT_NDIS620)
#define NDIS_SEND_FLAGS_SINGLE_QUEUE 0x00000004
#endif

#if (NDIS_SUPPORT_NDIS630)
#define NDIS_SEND_FLAGS_SWITCH_DESTINATION_GROUP 0x00000010
#define NDIS_SEND_FLAGS_SWITCH_SINGLE_SOURCE     0x00000020
#endif

#define NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL 0x00000001
#if (NDIS_SUPPORT_NDIS620)
#define NDIS_SEND_COMPLETE_FLAGS_SINGLE_QUEUE 0x00000002
#endif

#if (NDIS_SUPPORT_NDIS630)
#define NDIS_SEND_COMPLETE_FLAGS_SWITCH_SINGLE_SOURCE 0x00000004
#endif

#define NDIS_TEST_SEND_FLAG(_Flags, _Fl)  (((_Flags) & (_Fl)) == (_Fl))
#define NDIS_SET_SEND_FLAG(_Flags, _Fl)   ((_Flags) |= (_Fl))
#define NDIS_CLEAR_SEND_FLAG(_Flags, _Fl) ((_Flags) &= ~(_Fl))
#define NDIS_TEST_SEND_AT_DISPATCH_LEVEL(_Flags)                                                   \
    NDIS_TEST_SEND_FLAG((_Flags), NDIS_SEND_FLAGS_DISPATCH_LEVEL)

#define NDIS_TEST_SEND_COMPLETE_FLAG(_Flags, _Fl) (((_Flags) & (_Fl)) == (_Fl))
#define NDIS_SET_SEND_COMPLETE_FLAG(_Flags, _Fl)  ((_Flags) |= (_Fl))
#define NDIS_TEST_SEND_COMPLETE_AT_DISPATCH_LEVEL(_Flags)                                          \
    NDIS_TEST_SEND_COMPLETE_FLAG((_Flags), NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL)

EXTERN_C_END

#endif
