/* Between the UTF-8 of hosts and the UTF-16 of drivers. */
#include "nt/nt.h"

#include "nt/unicode.h"

#include <stdlib.h>

void
pndis__utf8_of(const UNICODE_STRING *text, char *utf8, size_t bytes)
{
    size_t count = text->Length / sizeof(WCHAR);
    size_t written = 0;
    size_t used;

    for (size_t at = 0; at < count; at += used) {
        char units[4];
        uint32_t code = pndis__utf16_decode(text->Buffer + at, count - at, &used, NULL);
        size_t length = pndis__utf8_encode(code, units);

        if (written + length >= bytes) {
            break;
        }
        memcpy(utf8 + written, units, length);
        written += length;
    }
    if (bytes > 0) {
        utf8[written] = 0;
    }
}

bool
pndis__unicode_of(const char *utf8, UNICODE_STRING *out_text)
{
    size_t bytes = strlen(utf8);
    size_t count = 0;
    size_t used;
    /* No character has more units in UTF-16 than in UTF-8. */
    WCHAR *buffer = bytes < UNICODE_STRING_MAX_CHARS ? malloc((bytes + 1) * sizeof(WCHAR)) : NULL;

    if (buffer == NULL) {
        return false;
    }
    for (size_t at = 0; at < bytes; at += used) {
        count += pndis__utf16_encode(pndis__utf8_decode(utf8 + at, bytes - at, &used, NULL),
                                     buffer + count);
    }
    buffer[count] = 0;
    out_text->Buffer = buffer;
    out_text->Length = (USHORT)(count * sizeof(WCHAR));
    out_text->MaximumLength = (USHORT)(out_text->Length + sizeof(WCHAR));
    return true;
}

bool
pndis__unicode_equal(const UNICODE_STRING *a, const UNICODE_STRING *b, bool ignore_case)
{
    size_t count = a->Length / sizeof(WCHAR);

    return a->Length == b->Length &&
           pndis__wide_compare(a->Buffer, count, b->Buffer, count, ignore_case) == 0;
}
