#include "hardware.h"

#include <pndis/virtio_net.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 512 };

static const struct {
    const char *word;
    unsigned flags;
} hardwares[] = {
#define X(name, word, flags) [name] = {word, flags},
    HARDWARES(X)
#undef X
};

enum { HARDWARE_COUNT = sizeof(hardwares) / sizeof(hardwares[0]) };

const char *
hardware_word(enum hardware hardware)
{
    return hardwares[hardware].word;
}

bool
hardware_of_word(const char *word, enum hardware *out_hardware)
{
    for (unsigned i = 0; i < HARDWARE_COUNT; i++) {
        if (strcmp(hardwares[i].word, word) == 0) {
            *out_hardware = (enum hardware)i;
            return true;
        }
    }
    return false;
}

unsigned
hardware_flags(enum hardware hardware)
{
    return hardwares[hardware].flags;
}

/* The next line without its comment, in capitals. INF files are often UTF-16: bytes that are zero
 * say nothing of a hardware ID. */
static bool
read_line(FILE *file, char line[LINE_BYTES])
{
    size_t used = 0;
    bool in_comment = false;
    int byte;

    while ((byte = getc(file)) != EOF && byte != '\n') {
        in_comment |= byte == ';';
        if (byte != 0 && !in_comment && used < LINE_BYTES - 1) {
            line[used++] = (char)(byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte);
        }
    }
    line[used] = '\0';
    return byte != EOF || used != 0;
}

enum hardware
hardware_of_inf(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[LINE_BYTES];
    bool is_old = false;
    bool is_new = false;

    if (file == NULL) {
        return HARDWARE_MODERN;
    }
    while (read_line(file, line)) {
        is_old |= strstr(line, "PCI\\VEN_1AF4&DEV_1000") != NULL;
        is_new |= strstr(line, "PCI\\VEN_1AF4&DEV_1041") != NULL;
    }
    fclose(file);
    return is_old && !is_new ? HARDWARE_TRANSITIONAL : HARDWARE_MODERN;
}
