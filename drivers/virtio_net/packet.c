/* Parsing frames, and checksums. See packet.h. */
#include "packet.h"

enum {
    ETHERNET_BYTES = 14,
    TYPE_OFFSET = 12,
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86DD,
    TYPE_VLAN = 0x8100,
    IPV4_BYTES = 20,
    IPV6_BYTES = 40,
    TCP_BYTES = 20,
    UDP_BYTES = 8,
    IPV6_HOP_BY_HOP = 0,
    IPV6_ROUTING = 43,
    IPV6_FRAGMENT = 44,
    IPV6_DESTINATION = 60,
    EXTENSION_LIMIT = 8,
};

/* --- headers --- */

static BOOLEAN
ParseTransport(const UCHAR *Frame, ULONG Bytes, VNET_PACKET *Packet)
{
    const UCHAR *Header = Frame + Packet->TransportOffset;
    ULONG Room = Bytes - Packet->TransportOffset;

    Packet->TransportBytes = 0;
    if (Packet->IsFragment) {
        return TRUE;
    }
    if (Packet->Protocol == VNET_PROTOCOL_TCP && Room >= TCP_BYTES) {
        Packet->TransportBytes = (Header[12] >> 4) * 4;
    } else if (Packet->Protocol == VNET_PROTOCOL_UDP) {
        Packet->TransportBytes = UDP_BYTES;
    }
    return Packet->TransportBytes <= Room &&
           (Packet->Protocol != VNET_PROTOCOL_TCP || Packet->TransportBytes >= TCP_BYTES);
}

static BOOLEAN
ParseIpv4(const UCHAR *Frame, ULONG Bytes, VNET_PACKET *Packet)
{
    const UCHAR *Ip = Frame + Packet->IpOffset;
    ULONG HeaderBytes;

    if (Bytes < Packet->IpOffset + (ULONG)IPV4_BYTES || Ip[0] >> 4 != 4) {
        return FALSE;
    }
    HeaderBytes = (Ip[0] & 0x0F) * 4;
    if (HeaderBytes < IPV4_BYTES || Bytes < Packet->IpOffset + HeaderBytes) {
        return FALSE;
    }
    Packet->IpVersion = 4;
    Packet->Protocol = Ip[9];
    Packet->IsFragment = (VnetReadBig16(Ip + 6) & 0x3FFF) != 0;
    Packet->TransportOffset = (USHORT)(Packet->IpOffset + HeaderBytes);
    return ParseTransport(Frame, Bytes, Packet);
}

static BOOLEAN
ParseIpv6(const UCHAR *Frame, ULONG Bytes, VNET_PACKET *Packet)
{
    ULONG At = Packet->IpOffset + (ULONG)IPV6_BYTES;
    UCHAR Following;
    UCHAR Next;

    if (Bytes < At || Frame[Packet->IpOffset] >> 4 != 6) {
        return FALSE;
    }
    Next = Frame[Packet->IpOffset + 6];
    for (ULONG i = 0; i < EXTENSION_LIMIT && (Next == IPV6_HOP_BY_HOP || Next == IPV6_ROUTING ||
                                              Next == IPV6_DESTINATION || Next == IPV6_FRAGMENT);
         i++) {
        if (Bytes < At + 8) {
            return FALSE;
        }
        /* The first byte of each says what follows it. */
        Following = Frame[At];
        Packet->IsFragment |= Next == IPV6_FRAGMENT;
        At += Next == IPV6_FRAGMENT ? 8 : (Frame[At + 1] + 1) * 8u;
        Next = Following;
    }
    if (Bytes < At) {
        return FALSE;
    }
    Packet->IpVersion = 6;
    Packet->Protocol = Next;
    Packet->TransportOffset = (USHORT)At;
    return ParseTransport(Frame, Bytes, Packet);
}

BOOLEAN
VnetParsePacket(const UCHAR *Frame, ULONG Bytes, VNET_PACKET *Packet)
{
    ULONG At = TYPE_OFFSET;

    NdisZeroMemory(Packet, sizeof(*Packet));
    if (Bytes < ETHERNET_BYTES) {
        return FALSE;
    }
    if (VnetReadBig16(Frame + At) == TYPE_VLAN) {
        At += 4;
        if (Bytes < At + 2) {
            return FALSE;
        }
    }
    Packet->IpOffset = (USHORT)(At + 2);
    switch (VnetReadBig16(Frame + At)) {
    case TYPE_IPV4:
        return ParseIpv4(Frame, Bytes, Packet);
    case TYPE_IPV6:
        return ParseIpv6(Frame, Bytes, Packet);
    default:
        return FALSE;
    }
}

/* --- checksums --- */

ULONG
VnetSum(const UCHAR *Data, ULONG Bytes, ULONG Sum)
{
    ULONG64 Wide = Sum;

    for (; Bytes > 1; Data += 2, Bytes -= 2) {
        Wide += VnetReadBig16(Data);
    }
    if (Bytes != 0) {
        Wide += (ULONG)Data[0] << 8;
    }
    Wide = (Wide & MAXULONG) + (Wide >> 32);
    return (ULONG)((Wide & MAXULONG) + (Wide >> 32));
}

USHORT
VnetFold(ULONG Sum)
{
    Sum = (Sum & 0xFFFF) + (Sum >> 16);
    return (USHORT)(Sum + (Sum >> 16));
}

ULONG
VnetSumPseudoHeader(const UCHAR *Frame, const VNET_PACKET *Packet, ULONG TransportBytes)
{
    const UCHAR *Ip = Frame + Packet->IpOffset;
    ULONG Sum = Packet->Protocol + (TransportBytes >> 16) + (TransportBytes & 0xFFFF);

    return Packet->IpVersion == 4 ? VnetSum(Ip + 12, 8, Sum) : VnetSum(Ip + 8, 32, Sum);
}

USHORT
VnetIpChecksum(const UCHAR *IpHeader)
{
    ULONG Bytes = (IpHeader[0] & 0x0F) * 4;
    ULONG Sum = VnetSum(IpHeader, 10, 0);

    return (USHORT)~VnetFold(VnetSum(IpHeader + 12, Bytes - 12, Sum));
}

static USHORT
SwapBytes(USHORT Word)
{
    return (USHORT)(Word << 8 | Word >> 8);
}

/* The sum of @Bytes from @Offset on, in the chain that begins with @Mdl. FALSE: it ends before. */
static BOOLEAN
SumChain(MDL *Mdl, ULONG Offset, ULONG Bytes, ULONG *Sum)
{
    BOOLEAN Odd = FALSE;

    for (*Sum = 0; Mdl != NULL && Bytes > 0; Mdl = Mdl->Next) {
        ULONG Length = MmGetMdlByteCount(Mdl);
        const UCHAR *Data = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
        USHORT Part;

        if (Offset >= Length) {
            Offset -= Length;
            continue;
        }
        if (Data == NULL) {
            return FALSE;
        }
        Length = min(Length - Offset, Bytes);
        Part = VnetFold(VnetSum(Data + Offset, Length, 0));
        /* A piece that begins at an odd place of the data has its bytes the other way round. */
        *Sum += Odd ? SwapBytes(Part) : Part;
        Odd ^= Length & 1;
        Bytes -= Length;
        Offset = 0;
    }
    return Bytes == 0;
}

static UCHAR *
ByteAt(MDL *Mdl, ULONG Offset)
{
    while (Mdl != NULL && Offset >= MmGetMdlByteCount(Mdl)) {
        Offset -= MmGetMdlByteCount(Mdl);
        Mdl = Mdl->Next;
    }
    return Mdl == NULL ? NULL
                       : (UCHAR *)MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority) + Offset;
}

BOOLEAN
VnetFinishChecksum(NET_BUFFER *NetBuffer, ULONG Start, ULONG Offset)
{
    MDL *Mdl = NET_BUFFER_CURRENT_MDL(NetBuffer);
    ULONG Base = NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer);
    ULONG Bytes = NET_BUFFER_DATA_LENGTH(NetBuffer);
    USHORT Checksum;
    UCHAR *High;
    UCHAR *Low;
    ULONG Sum;

    if (Start >= Bytes || Offset + sizeof(USHORT) > Bytes - Start ||
        !SumChain(Mdl, Base + Start, Bytes - Start, &Sum)) {
        return FALSE;
    }
    Checksum = (USHORT)~VnetFold(Sum);
    High = ByteAt(Mdl, Base + Start + Offset);
    Low = ByteAt(Mdl, Base + Start + Offset + 1);
    if (High == NULL || Low == NULL) {
        return FALSE;
    }
    /* Zero means that there is none, for UDP; all ones is the same number. */
    Checksum = Checksum == 0 ? 0xFFFF : Checksum;
    *High = (UCHAR)(Checksum >> 8);
    *Low = (UCHAR)Checksum;
    return TRUE;
}
