/*
 * Text that is put together by async-signal-safe means: what a handler of faults writes. It is cut
 * where its memory ends, and always ends in NUL.
 */
#ifndef PNDIS_LIB_OS_TEXT_H
#define PNDIS_LIB_OS_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct os_text {
    char *bytes;
    size_t capacity; /* With the NUL; not 0. */
    size_t used;
};

/* Begin an empty text in @bytes. */
struct os_text pndis__os_text(char *bytes, size_t capacity);
void pndis__os_text_add(struct os_text *text, const char *more);
void pndis__os_text_decimal(struct os_text *text, uint64_t number);
/* With "0x" in front. */
void pndis__os_text_hex(struct os_text *text, uint64_t number);

#endif
