/* The error log of the I/O manager ("Logging Errors"): an entry becomes a note in the event log. */
#include "nt/nt.h"

#include "nt/unicode.h"

#include <stdio.h>

enum { ENTRY_LIMIT = 240 }; /* ERROR_LOG_MAXIMUM_SIZE. */

/* What a driver fills in is the packet; its strings follow it, where StringOffset says. */
struct entry {
    ULONG bytes; /* Of the packet. */
    ULONG reserved[3];
    UCHAR packet[] __attribute__((aligned(16)));
};

static struct entry *
entry_of(PVOID packet)
{
    return (struct entry *)((char *)packet - offsetof(struct entry, packet));
}

PVOID
IoAllocateErrorLogEntry(PVOID IoObject, UCHAR EntrySize)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct entry *entry = NULL;

    if (IoObject != NULL && EntrySize <= ENTRY_LIMIT && !pndis__fault(context)) {
        entry = pndis__pool_allocate(context->machine, sizeof(*entry) + EntrySize);
    }
    if (entry == NULL) {
        return NULL;
    }
    entry->bytes = EntrySize;
    return entry->packet;
}

/* The first string of the packet, in UTF-8. */
static void
first_string(const struct entry *entry, char *text, size_t bytes)
{
    const IO_ERROR_LOG_PACKET *packet = (const void *)entry->packet;
    UNICODE_STRING string = {0};

    if (packet->NumberOfStrings != 0 && packet->StringOffset < entry->bytes) {
        size_t left = (entry->bytes - packet->StringOffset) / sizeof(WCHAR);

        string.Buffer = (PWSTR)(void *)((char *)(uintptr_t)packet + packet->StringOffset);
        string.Length = (USHORT)(wcsnlen(string.Buffer, left) * sizeof(WCHAR));
    }
    pndis__utf8_of(&string, text, bytes);
}

VOID
IoWriteErrorLogEntry(PVOID ElEntry)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const IO_ERROR_LOG_PACKET *packet = ElEntry;
    char string[256];
    char text[320];

    first_string(entry_of(ElEntry), string, sizeof(string));
    snprintf(text, sizeof(text), "error log: 0x%08x, final status 0x%08x%s%s",
             (unsigned)packet->ErrorCode, (unsigned)packet->FinalStatus, string[0] == 0 ? "" : ", ",
             string);
    PROBE(context, NOTE, .owner = pndis__running_owner(context), .detail = text);
    pndis__pool_free(context->machine, entry_of(ElEntry));
}

VOID
IoFreeErrorLogEntry(PVOID ElEntry)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);

    pndis__pool_free(context->machine, entry_of(ElEntry));
}
