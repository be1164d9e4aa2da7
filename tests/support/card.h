/*
 * A model of a card for the tests of the hardware services, and the part of its miniport that finds
 * the resources. A test programs miniport.on_initialize and on_halt, and calls these from there.
 */
#ifndef PNDIS_TESTS_CARD_H
#define PNDIS_TESTS_CARD_H

#include "support/world.h"

#include <pndis/device.h>

enum {
    CARD_MEMORY_BYTES = 4096,
    CARD_PORTS = 64,
    CARD_VENDOR = 0x1af4,
    CARD_DEVICE = 0x1041,
    CARD_CONFIG_BYTES = 256,
};

enum { CARD_MEMORY_RANGE, CARD_PORT_RANGE };

/* The hardware: memory and ports remember what is written, whatever the width. */
struct card {
    struct pndis_device *device;
    uint8_t memory[CARD_MEMORY_BYTES];
    uint8_t ports[CARD_PORTS];
    uint8_t config[CARD_CONFIG_BYTES];
    unsigned reads;
    unsigned writes;
    uint64_t offset; /* Of the last access ... */
    unsigned width;
    unsigned range;
    /* Asked after the access; may be NULL. */
    void (*on_write)(struct card *card, unsigned range, uint64_t offset, uint64_t value);
};

/* What the driver found. */
struct card_resources {
    unsigned memories;
    unsigned ports;
    unsigned lines;
    unsigned messages;
    NDIS_PHYSICAL_ADDRESS memory;
    ULONG memory_bytes;
    ULONG port;
    ULONG port_count;
};

extern struct card card;

/* Reset the card and the miniport. */
void card_reset(void);
/* Plug it in. @options NULL: a line interrupt. */
void card_plug(struct world *w, const struct pndis_device_options *options);
/* Plug it in, and start an adapter with it. @options NULL: a line interrupt. */
void card_add(struct world *w, const struct pndis_device_options *options);
/* What the list describes. */
struct card_resources card_find(const NDIS_RESOURCE_LIST *list);

#endif
