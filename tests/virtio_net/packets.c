#include "virtio_net/packets.h"

#include <string.h>

enum { ETHERNET = 14, IPV4 = 20, IPV6 = 40, TCP = 20, UDP = 8 };

static void
put16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static size_t
get16(const uint8_t *at)
{
    return (size_t)at[0] << 8 | at[1];
}

static uint32_t
sum(const uint8_t *data, size_t bytes, uint32_t start)
{
    for (size_t i = 0; i < bytes; i++) {
        start += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
        start = (start & 0xffff) + (start >> 16);
    }
    return start;
}

uint8_t
packet_byte(size_t at)
{
    return (uint8_t)(at * 13 + (at >> 8) * 5 + 1);
}

size_t
packet_headers(const struct packet *packet)
{
    return ETHERNET + (packet->ipv6 ? IPV6 : IPV4) + (packet->udp ? UDP : TCP);
}

static uint32_t
pseudo(const uint8_t *ip, bool ipv6, unsigned protocol, size_t bytes)
{
    uint32_t start = protocol + (uint32_t)(bytes >> 16) + (uint32_t)(bytes & 0xffff);

    return ipv6 ? sum(ip + 8, 32, start) : sum(ip + 12, 8, start);
}

static void
make_ip(uint8_t *ip, const struct packet *packet, size_t transport)
{
    size_t stated = packet->sums == SUMS_LARGE ? 0 : transport;

    if (packet->ipv6) {
        ip[0] = 0x60;
        put16(ip + 4, stated);
        ip[6] = packet->udp ? 17 : 6;
        ip[7] = 64;
        memcpy(ip + 8, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
        memcpy(ip + 24, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
        return;
    }
    ip[0] = 0x45;
    put16(ip + 2, stated == 0 ? 0 : stated + IPV4);
    put16(ip + 6, 0x4000);
    ip[8] = 64;
    ip[9] = packet->udp ? 17 : 6;
    memcpy(ip + 12, "\x0a\0\0\x01\x0a\0\0\x02", 8);
    if (!packet->bad_ip_sum && stated != 0) {
        put16(ip + 10, ~sum(ip, IPV4, 0));
    }
}

size_t
packet_make(uint8_t *frame, const struct packet *packet)
{
    size_t headers = packet_headers(packet);
    uint8_t *ip = frame + ETHERNET;
    uint8_t *transport = ip + (packet->ipv6 ? IPV6 : IPV4);
    size_t bytes = (packet->udp ? UDP : TCP) + packet->payload;
    uint8_t *field = transport + (packet->udp ? 6 : 16);
    uint32_t partial;

    memset(frame, 0, headers);
    memcpy(frame, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
    put16(frame + 12, packet->ipv6 ? 0x86dd : 0x0800);
    make_ip(ip, packet, bytes);
    put16(transport, 1000);
    put16(transport + 2, 2000);
    if (packet->udp) {
        put16(transport + 4, bytes);
    } else {
        put16(transport + 6, 77);
        transport[12] = 0x50;
        transport[13] = 0x10;
    }
    for (size_t i = 0; i < packet->payload; i++) {
        frame[headers + i] = packet_byte(i);
    }
    partial =
        pseudo(ip, packet->ipv6, packet->udp ? 17 : 6, packet->sums == SUMS_LARGE ? 0 : bytes);
    put16(field, partial);
    if (packet->sums == SUMS_COMPLETE) {
        put16(field, ~sum(transport, bytes, 0));
    }
    return headers + packet->payload;
}

void
packet_number(uint8_t *frame, unsigned id)
{
    uint8_t *ip = frame + ETHERNET;

    put16(ip + 4, id);
    put16(ip + 10, 0);
    put16(ip + 10, ~sum(ip, IPV4, 0));
}

bool
packet_is_right(const uint8_t *frame, size_t bytes)
{
    const uint8_t *ip = frame + ETHERNET;
    bool ipv6 = get16(frame + 12) == 0x86dd;
    size_t header = ipv6 ? IPV6 : IPV4;
    size_t transport = bytes - ETHERNET - header;

    if (get16(ip + (ipv6 ? 4 : 2)) != transport + (ipv6 ? 0 : IPV4)) {
        return false;
    }
    if (!ipv6 && sum(ip, IPV4, 0) != 0xffff) {
        return false;
    }
    return sum(ip + header, transport, pseudo(ip, ipv6, ip[ipv6 ? 6 : 9], transport)) == 0xffff;
}
