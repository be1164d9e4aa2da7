/* Which device a miniport gets: the one its INF file names, as Plug and Play has it on Windows. */
#ifndef TAP_BRIDGE_HARDWARE_H
#define TAP_BRIDGE_HARDWARE_H

#include <stdbool.h>

/* Names on the command line, flags of the nic. */
#define HARDWARES(X)                                                                               \
    X(HARDWARE_BY_INF, "inf", 0)                                                                   \
    X(HARDWARE_MODERN, "modern", 0)                                                                \
    X(HARDWARE_TRANSITIONAL, "transitional", PNDIS_NIC_TRANSITIONAL)                               \
    X(HARDWARE_LEGACY, "legacy", PNDIS_NIC_LEGACY)

enum hardware {
#define X(name, word, flags) name,
    HARDWARES(X)
#undef X
};

const char *hardware_word(enum hardware hardware);
bool hardware_of_word(const char *word, enum hardware *out_hardware);

/*
 * What the INF file at @path is for: transitional when it names the virtio-net device from before
 * virtio 1.0 (PCI\VEN_1AF4&DEV_1000) and not that of 1.0 (DEV_1041), else modern; so also without
 * a file.
 */
enum hardware hardware_of_inf(const char *path);

/* PNDIS_NIC_* */
unsigned hardware_flags(enum hardware hardware);

#endif
