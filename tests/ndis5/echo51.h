/* What the files of echo51 share. */
#ifndef PNDIS_TESTS_ECHO51_H
#define PNDIS_TESTS_ECHO51_H

#include <ndis.h>

#define ECHO_TAG 'ohcE'

enum { HEADER_BYTES = 14, MTU = 1500, SPEED_IN_HUNDREDS = 100000 };

typedef struct _ECHO {
    NDIS_HANDLE Handle;
    NDIS_MINIPORT_TIMER Timer;
    NDIS_SPIN_LOCK Lock;
    ULONG Sent;
    UCHAR Frame[HEADER_BYTES + MTU];
} ECHO, *PECHO;

NDIS_STATUS EchoSend(NDIS_HANDLE MiniportAdapterContext, PNDIS_PACKET Packet, UINT Flags);

/* As driver headers have them: not static, and every file that includes it has its own. */
__inline BOOLEAN
EchoHasRoom(PECHO Echo, UINT Used, UINT More)
{
    return Used + More <= sizeof(Echo->Frame);
}

#endif
