/* IP packets for tests of offloads, and the checks of a receiver that trusts nobody. */
#ifndef PNDIS_TESTS_PACKETS_H
#define PNDIS_TESTS_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum packet_sums {
    SUMS_COMPLETE, /* Every checksum is in the frame. */
    SUMS_PARTIAL,  /* The transport's field has the sum of the pseudo header, length included. */
    SUMS_LARGE,    /* The same without the length, and no lengths in the IP header, for LSO. */
};

struct packet {
    bool ipv6;
    bool udp;
    size_t payload;
    enum packet_sums sums;
    bool bad_ip_sum; /* IPv4's header checksum is left at zero. */
};

/* Returns the frame's length. */
size_t packet_make(uint8_t *frame, const struct packet *packet);
/* Give a complete IPv4 packet the identification @id. */
void packet_number(uint8_t *frame, unsigned id);
/* Bytes of all headers. */
size_t packet_headers(const struct packet *packet);
/* IP and transport checksums and lengths of a frame are right. */
bool packet_is_right(const uint8_t *frame, size_t bytes);
/* Payload byte @at. */
uint8_t packet_byte(size_t at);

#endif
