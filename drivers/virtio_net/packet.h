/* What is in a frame: its IP and transport headers, and checksums over it. */
#ifndef VNET_PACKET_H
#define VNET_PACKET_H

#include <ndis.h>

enum { VNET_PROTOCOL_TCP = 6, VNET_PROTOCOL_UDP = 17 };

typedef struct _VNET_PACKET {
    UCHAR IpVersion;    /* 4, 6 or 0. */
    UCHAR Protocol;     /* Of the transport; 0 where none was found. */
    BOOLEAN IsFragment; /* Then there is no transport header, or not all of its data. */
    USHORT IpOffset;    /* From the beginning of the frame. */
    USHORT TransportOffset;
    USHORT TransportBytes; /* Of its header. */
} VNET_PACKET;

FORCEINLINE USHORT
VnetReadBig16(const UCHAR *At)
{
    return (USHORT)(At[0] << 8 | At[1]);
}

FORCEINLINE VOID
VnetWriteBig16(UCHAR *At, USHORT Value)
{
    At[0] = (UCHAR)(Value >> 8);
    At[1] = (UCHAR)Value;
}

/* @Bytes at @Frame are the beginning of a frame. FALSE: it is not IP, or its headers are not whole.
 */
BOOLEAN VnetParsePacket(const UCHAR *Frame, ULONG Bytes, VNET_PACKET *Packet);

/* One's complement sum of big endian words, not folded. An odd last byte counts as a word's high
 * one. */
ULONG VnetSum(const UCHAR *Data, ULONG Bytes, ULONG Sum);
USHORT VnetFold(ULONG Sum);
/* Over the pseudo header of @Packet's IP header, with @TransportBytes as its length. */
ULONG VnetSumPseudoHeader(const UCHAR *Frame, const VNET_PACKET *Packet, ULONG TransportBytes);
/* The IPv4 header's checksum as it should be. */
USHORT VnetIpChecksum(const UCHAR *IpHeader);

/*
 * Finish a checksum: over the data of @NetBuffer from @Start on, into the two bytes at @Start +
 * @Offset, which hold the sum of the pseudo header. FALSE: the data are not that long.
 */
BOOLEAN VnetFinishChecksum(NET_BUFFER *NetBuffer, ULONG Start, ULONG Offset);

#endif
