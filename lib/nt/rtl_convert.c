/*
 * Between UNICODE_STRINGs and counted bytes: the ANSI and OEM code pages, which are one here, and
 * UTF-8 ("RtlUnicodeStringToAnsiString function", "RtlUnicodeToUTF8N function").
 */
#include "nt/nt.h"

#include "nt/pool.h"
#include "nt/unicode.h"

/* --- code page: one byte for each character --- */

static ULONG
ansi_size(PCUNICODE_STRING source)
{
    return source->Length / sizeof(WCHAR) + 1;
}

ULONG
RtlxUnicodeStringToAnsiSize(PCUNICODE_STRING UnicodeString)
{
    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return ansi_size(UnicodeString);
}

static ULONG
unicode_size(PCANSI_STRING source)
{
    return (source->Length + 1u) * sizeof(WCHAR);
}

ULONG
RtlxAnsiStringToUnicodeSize(PCANSI_STRING AnsiString)
{
    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return unicode_size(AnsiString);
}

NTSTATUS
RtlUnicodeToMultiByteSize(PULONG BytesInMultiByteString, PCWCH UnicodeString,
                          ULONG BytesInUnicodeString)
{
    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    (void)UnicodeString;
    *BytesInMultiByteString = BytesInUnicodeString / sizeof(WCHAR);
    return STATUS_SUCCESS;
}

NTSTATUS
RtlMultiByteToUnicodeSize(PULONG BytesInUnicodeString, const CHAR *MultiByteString,
                          ULONG BytesInMultiByteString)
{
    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    (void)MultiByteString;
    *BytesInUnicodeString = BytesInMultiByteString * (ULONG)sizeof(WCHAR);
    return STATUS_SUCCESS;
}

/* @change is applied to each character on the way; NULL: none. */
static NTSTATUS
wide_to_bytes(PCHAR destination, ULONG room, PULONG out_bytes, PCWCH source, ULONG source_bytes,
              WCHAR (*change)(WCHAR character))
{
    ULONG wanted = source_bytes / sizeof(WCHAR);
    ULONG count = wanted < room ? wanted : room;

    for (ULONG i = 0; i < count; i++) {
        destination[i] = pndis__ansi_of(change == NULL ? source[i] : change(source[i]));
    }
    if (out_bytes != NULL) {
        *out_bytes = count;
    }
    return count < wanted ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS
RtlUnicodeToMultiByteN(PCHAR MultiByteString, ULONG MaxBytesInMultiByteString,
                       PULONG BytesInMultiByteString, PCWCH UnicodeString,
                       ULONG BytesInUnicodeString)
{
    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return wide_to_bytes(MultiByteString, MaxBytesInMultiByteString, BytesInMultiByteString,
                         UnicodeString, BytesInUnicodeString, NULL);
}

NTSTATUS
RtlUpcaseUnicodeToMultiByteN(PCHAR MultiByteString, ULONG MaxBytesInMultiByteString,
                             PULONG BytesInMultiByteString, PCWCH UnicodeString,
                             ULONG BytesInUnicodeString)
{
    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return wide_to_bytes(MultiByteString, MaxBytesInMultiByteString, BytesInMultiByteString,
                         UnicodeString, BytesInUnicodeString, pndis__upcase);
}

static NTSTATUS
bytes_to_wide(PWCH destination, ULONG room_bytes, PULONG out_bytes, const CHAR *source,
              ULONG source_bytes)
{
    ULONG room = room_bytes / sizeof(WCHAR);
    ULONG count = source_bytes < room ? source_bytes : room;

    for (ULONG i = 0; i < count; i++) {
        destination[i] = pndis__wide_of(source[i]);
    }
    if (out_bytes != NULL) {
        *out_bytes = count * (ULONG)sizeof(WCHAR);
    }
    return count < source_bytes ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS
RtlMultiByteToUnicodeN(PWCH UnicodeString, ULONG MaxBytesInUnicodeString,
                       PULONG BytesInUnicodeString, const CHAR *MultiByteString,
                       ULONG BytesInMultiByteString)
{
    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return bytes_to_wide(UnicodeString, MaxBytesInUnicodeString, BytesInUnicodeString,
                         MultiByteString, BytesInMultiByteString);
}

/* --- whole strings --- */

/* Give @destination room for @bytes (terminator included) or say why not. */
static NTSTATUS
make_room(struct context *context, PSTRING destination, ULONG bytes, BOOLEAN allocate,
          const char *call, const void *caller)
{
    if (bytes > 0xffff) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (!allocate) {
        return bytes <= destination->MaximumLength ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
    }
    destination->Buffer = pndis__string_allocate(context, bytes, call, caller);
    if (destination->Buffer == NULL) {
        return STATUS_NO_MEMORY;
    }
    destination->MaximumLength = (USHORT)bytes;
    return STATUS_SUCCESS;
}

static NTSTATUS
to_ansi(struct context *context, PANSI_STRING destination, PCUNICODE_STRING source,
        BOOLEAN allocate, const char *call, const void *caller)
{
    ULONG bytes = ansi_size(source);
    NTSTATUS status = make_room(context, destination, bytes, allocate, call, caller);

    if (NT_SUCCESS(status)) {
        wide_to_bytes(destination->Buffer, bytes - 1, NULL, source->Buffer, source->Length, NULL);
        destination->Buffer[bytes - 1] = 0;
        destination->Length = (USHORT)(bytes - 1);
    }
    return status;
}

NTSTATUS
RtlUnicodeStringToAnsiString(PANSI_STRING DestinationString, PCUNICODE_STRING SourceString,
                             BOOLEAN AllocateDestinationString)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    return to_ansi(context, DestinationString, SourceString, AllocateDestinationString, __func__,
                   NT_CALLER());
}

NTSTATUS
RtlUnicodeStringToOemString(POEM_STRING DestinationString, PCUNICODE_STRING SourceString,
                            BOOLEAN AllocateDestinationString)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    return to_ansi(context, DestinationString, SourceString, AllocateDestinationString, __func__,
                   NT_CALLER());
}

/* A UNICODE_STRING has the fields of a STRING, and room is counted in bytes in both. */
static NTSTATUS
make_wide_room(struct context *context, PUNICODE_STRING destination, ULONG bytes, BOOLEAN allocate,
               const char *call, const void *caller)
{
    STRING room = {.MaximumLength = destination->MaximumLength};
    NTSTATUS status = make_room(context, &room, bytes, allocate, call, caller);

    if (NT_SUCCESS(status) && allocate) {
        destination->Buffer = (PWSTR)(void *)room.Buffer;
        destination->MaximumLength = room.MaximumLength;
    }
    return status;
}

static NTSTATUS
from_ansi(struct context *context, PUNICODE_STRING destination, PCANSI_STRING source,
          BOOLEAN allocate, const char *call, const void *caller)
{
    ULONG bytes = unicode_size(source);
    NTSTATUS status = make_wide_room(context, destination, bytes, allocate, call, caller);

    if (NT_SUCCESS(status)) {
        bytes_to_wide(destination->Buffer, bytes, NULL, source->Buffer, source->Length);
        destination->Buffer[source->Length] = 0;
        destination->Length = (USHORT)(bytes - sizeof(WCHAR));
    }
    return status;
}

NTSTATUS
RtlAnsiStringToUnicodeString(PUNICODE_STRING DestinationString, PCANSI_STRING SourceString,
                             BOOLEAN AllocateDestinationString)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    return from_ansi(context, DestinationString, SourceString, AllocateDestinationString, __func__,
                     NT_CALLER());
}

NTSTATUS
RtlOemStringToUnicodeString(PUNICODE_STRING DestinationString, PCOEM_STRING SourceString,
                            BOOLEAN AllocateDestinationString)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    return from_ansi(context, DestinationString, SourceString, AllocateDestinationString, __func__,
                     NT_CALLER());
}

WCHAR
RtlAnsiCharToUnicodeChar(PUCHAR *SourceCharacter)
{
    return pndis__wide_of((CHAR) * (*SourceCharacter)++);
}

static void
free_string(struct context *context, PSTRING string, const char *call, const void *caller)
{
    if (string->Buffer != NULL) {
        pndis__pool_give(context, string->Buffer, 0, call, caller);
        memset(string, 0, sizeof(*string));
    }
}

VOID
RtlFreeAnsiString(PANSI_STRING AnsiString)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    free_string(context, AnsiString, __func__, NT_CALLER());
}

VOID
RtlFreeOemString(POEM_STRING OemString)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    free_string(context, OemString, __func__, NT_CALLER());
}

VOID
RtlFreeUTF8String(PUTF8_STRING Utf8String)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);

    free_string(context, Utf8String, __func__, NT_CALLER());
}

/* --- UTF-8 --- */

/* Status of a conversion that wrote @written of @needed bytes. */
static NTSTATUS
conversion_status(bool fits, bool all_valid)
{
    if (!fits) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    return all_valid ? STATUS_SUCCESS : STATUS_SOME_NOT_MAPPED;
}

static NTSTATUS
wide_to_utf8(PCHAR destination, ULONG room, PULONG out_bytes, PCWCH source, ULONG source_bytes)
{
    size_t count = source_bytes / sizeof(WCHAR);
    size_t limit = destination == NULL ? SIZE_MAX : room;
    size_t written = 0;
    bool all_valid = true;
    bool fits = true;

    if (source == NULL) {
        return STATUS_INVALID_PARAMETER_4;
    }
    if (destination == NULL && out_bytes == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (source_bytes % sizeof(WCHAR) != 0) {
        return STATUS_INVALID_PARAMETER_5;
    }
    for (size_t at = 0, used; at < count && fits; at += used) {
        char units[4];
        bool valid;
        uint32_t code = pndis__utf16_decode(source + at, count - at, &used, &valid);
        size_t length = pndis__utf8_encode(code, units);

        fits = written + length <= limit;
        all_valid = all_valid && valid;
        if (fits && destination != NULL) {
            memcpy(destination + written, units, length);
        }
        written += fits ? length : 0;
    }
    if (out_bytes != NULL) {
        *out_bytes = (ULONG)written;
    }
    return conversion_status(fits, all_valid);
}

NTSTATUS
RtlUnicodeToUTF8N(PCHAR UTF8StringDestination, ULONG UTF8StringMaxByteCount,
                  PULONG UTF8StringActualByteCount, PCWCH UnicodeStringSource,
                  ULONG UnicodeStringByteCount)
{
    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return wide_to_utf8(UTF8StringDestination, UTF8StringMaxByteCount, UTF8StringActualByteCount,
                        UnicodeStringSource, UnicodeStringByteCount);
}

static NTSTATUS
utf8_to_wide(PWSTR destination, ULONG room, PULONG out_bytes, PCCH source, ULONG source_bytes)
{
    size_t limit = destination == NULL ? SIZE_MAX : room / sizeof(WCHAR);
    size_t written = 0;
    bool all_valid = true;
    bool fits = true;

    if (source == NULL) {
        return STATUS_INVALID_PARAMETER_4;
    }
    if (destination == NULL && out_bytes == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    for (size_t at = 0, used; at < source_bytes && fits; at += used) {
        WCHAR units[2];
        bool valid;
        uint32_t code = pndis__utf8_decode(source + at, source_bytes - at, &used, &valid);
        size_t length = pndis__utf16_encode(code, units);

        fits = written + length <= limit;
        all_valid = all_valid && valid;
        if (fits && destination != NULL) {
            memcpy(destination + written, units, length * sizeof(WCHAR));
        }
        written += fits ? length : 0;
    }
    if (out_bytes != NULL) {
        *out_bytes = (ULONG)(written * sizeof(WCHAR));
    }
    return conversion_status(fits, all_valid);
}

NTSTATUS
RtlUTF8ToUnicodeN(PWSTR UnicodeStringDestination, ULONG UnicodeStringMaxByteCount,
                  PULONG UnicodeStringActualByteCount, PCCH UTF8StringSource,
                  ULONG UTF8StringByteCount)
{
    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return utf8_to_wide(UnicodeStringDestination, UnicodeStringMaxByteCount,
                        UnicodeStringActualByteCount, UTF8StringSource, UTF8StringByteCount);
}

NTSTATUS
RtlUnicodeStringToUTF8String(PUTF8_STRING DestinationString, PCUNICODE_STRING SourceString,
                             BOOLEAN AllocateDestinationString)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    ULONG bytes = 0;
    NTSTATUS status;

    if (SourceString->Length != 0) {
        wide_to_utf8(NULL, 0, &bytes, SourceString->Buffer, SourceString->Length);
    }
    status = make_room(context, DestinationString, bytes + 1, AllocateDestinationString, __func__,
                       NT_CALLER());
    if (NT_SUCCESS(status)) {
        if (bytes != 0) {
            status = wide_to_utf8(DestinationString->Buffer, bytes, NULL, SourceString->Buffer,
                                  SourceString->Length);
        }
        DestinationString->Buffer[bytes] = 0;
        DestinationString->Length = (USHORT)bytes;
    }
    return status;
}

NTSTATUS
RtlUTF8StringToUnicodeString(PUNICODE_STRING DestinationString, PUTF8_STRING SourceString,
                             BOOLEAN AllocateDestinationString)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    ULONG bytes = 0;
    NTSTATUS status;

    if (SourceString->Length != 0) {
        utf8_to_wide(NULL, 0, &bytes, SourceString->Buffer, SourceString->Length);
    }
    status = make_wide_room(context, DestinationString, bytes + sizeof(WCHAR),
                            AllocateDestinationString, __func__, NT_CALLER());
    if (NT_SUCCESS(status)) {
        if (bytes != 0) {
            status = utf8_to_wide(DestinationString->Buffer, bytes, NULL, SourceString->Buffer,
                                  SourceString->Length);
        }
        DestinationString->Buffer[bytes / sizeof(WCHAR)] = 0;
        DestinationString->Length = (USHORT)bytes;
    }
    return status;
}
