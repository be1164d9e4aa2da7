/* Text for those who may not call snprintf. */
#include "os/text.h"

struct os_text
pndis__os_text(char *bytes, size_t capacity)
{
    bytes[0] = 0;
    return (struct os_text){.bytes = bytes, .capacity = capacity};
}

static void
add_char(struct os_text *text, char one)
{
    if (text->used + 1 < text->capacity) {
        text->bytes[text->used++] = one;
        text->bytes[text->used] = 0;
    }
}

void
pndis__os_text_add(struct os_text *text, const char *more)
{
    while (*more != 0) {
        add_char(text, *more++);
    }
}

static void
add_number(struct os_text *text, uint64_t number, unsigned base)
{
    char digits[20]; /* As many as the longest number has, which is a decimal one. */
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    while (count > 0) {
        add_char(text, digits[--count]);
    }
}

void
pndis__os_text_decimal(struct os_text *text, uint64_t number)
{
    add_number(text, number, 10);
}

void
pndis__os_text_hex(struct os_text *text, uint64_t number)
{
    pndis__os_text_add(text, "0x");
    add_number(text, number, 16);
}
