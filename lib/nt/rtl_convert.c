/*
 * Between UNICODE_STRINGs and counted bytes: the ANSI and OEM code pages, which are one here, and
 * UTF-8 ("RtlUnicodeStringToAnsiString function", "RtlUnicodeToUTF8N function").
 */
#include "nt/nt.h"

#include "nt/pool.h"
#include "nt/unicode.h"

/* --- code page: one byte for each character --- */

ULONG
RtlxUnicodeStringToAnsiSize(PCUNICODE_STRING UnicodeString)
{
    return UnicodeString->Length / sizeof(WCHAR) + 1;
}

ULONG
RtlxAnsiStringToUnicodeSize(PCANSI_STRING AnsiString)
{
    return (AnsiString->Length + 1u) * sizeof(WCHAR);
}

NTSTATUS
RtlUnicodeToMultiByteSize(PULONG BytesInMultiByteString, PCWCH UnicodeString,
                          ULONG BytesInUnicodeString)
{
    (void)UnicodeString;
    *BytesInMultiByteString = BytesInUnicodeString / sizeof(WCHAR);
    return STATUS_SUCCESS;
}

NTSTATUS
RtlMultiByteToUnicodeSize(PULONG BytesInUnicodeString, const CHAR *MultiByteString,
                          ULONG BytesInMultiByteString)
{
    (void)MultiByteString;
    *BytesInUnicodeString = BytesInMultiByteString * (ULONG)sizeof(WCHAR);
    return STATUS_SUCCESS;
}

NTSTATUS
RtlUnicodeToMultiByteN(PCHAR MultiByteString, ULONG MaxBytesInMultiByteString,
                       PULONG BytesInMultiByteString, PCWCH UnicodeString,
                       ULONG BytesInUnicodeString)
{
    ULONG wanted = BytesInUnicodeString / sizeof(WCHAR);
    ULONG count = wanted < MaxBytesInMultiByteString ? wanted : MaxBytesInMultiByteString;

    for (ULONG i = 0; i < count; i++) {
        MultiByteString[i] = pndis__ansi_of(UnicodeString[i]);
    }
    if (BytesInMultiByteString != NULL) {
        *BytesInMultiByteString = count;
    }
    return count < wanted ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS
RtlUpcaseUnicodeToMultiByteN(PCHAR MultiByteString, ULONG MaxBytesInMultiByteString,
                             PULONG BytesInMultiByteString, PCWCH UnicodeString,
                             ULONG BytesInUnicodeString)
{
    ULONG wanted = BytesInUnicodeString / sizeof(WCHAR);
    ULONG count = wanted < MaxBytesInMultiByteString ? wanted : MaxBytesInMultiByteString;

    for (ULONG i = 0; i < count; i++) {
        MultiByteString[i] = pndis__ansi_of(pndis__upcase(UnicodeString[i]));
    }
    if (BytesInMultiByteString != NULL) {
        *BytesInMultiByteString = count;
    }
    return count < wanted ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS
RtlMultiByteToUnicodeN(PWCH UnicodeString, ULONG MaxBytesInUnicodeString,
                       PULONG BytesInUnicodeString, const CHAR *MultiByteString,
                       ULONG BytesInMultiByteString)
{
    ULONG room = MaxBytesInUnicodeString / sizeof(WCHAR);
    ULONG count = BytesInMultiByteString < room ? BytesInMultiByteString : room;

    for (ULONG i = 0; i < count; i++) {
        UnicodeString[i] = pndis__wide_of(MultiByteString[i]);
    }
    if (BytesInUnicodeString != NULL) {
        *BytesInUnicodeString = count * (ULONG)sizeof(WCHAR);
    }
    return count < BytesInMultiByteString ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
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
    ULONG bytes = RtlxUnicodeStringToAnsiSize(source);
    NTSTATUS status = make_room(context, destination, bytes, allocate, call, caller);

    if (NT_SUCCESS(status)) {
        RtlUnicodeToMultiByteN(destination->Buffer, bytes - 1, NULL, source->Buffer,
                               source->Length);
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
    ULONG bytes = RtlxAnsiStringToUnicodeSize(source);
    NTSTATUS status = make_wide_room(context, destination, bytes, allocate, call, caller);

    if (NT_SUCCESS(status)) {
        RtlMultiByteToUnicodeN(destination->Buffer, bytes, NULL, source->Buffer, source->Length);
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

NTSTATUS
RtlUnicodeToUTF8N(PCHAR UTF8StringDestination, ULONG UTF8StringMaxByteCount,
                  PULONG UTF8StringActualByteCount, PCWCH UnicodeStringSource,
                  ULONG UnicodeStringByteCount)
{
    size_t count = UnicodeStringByteCount / sizeof(WCHAR);
    size_t limit = UTF8StringDestination == NULL ? SIZE_MAX : UTF8StringMaxByteCount;
    size_t written = 0;
    bool all_valid = true;
    bool fits = true;

    if (UnicodeStringSource == NULL) {
        return STATUS_INVALID_PARAMETER_4;
    }
    if (UTF8StringDestination == NULL && UTF8StringActualByteCount == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (UnicodeStringByteCount % sizeof(WCHAR) != 0) {
        return STATUS_INVALID_PARAMETER_5;
    }
    for (size_t at = 0, used; at < count && fits; at += used) {
        char units[4];
        bool valid;
        uint32_t code = pndis__utf16_decode(UnicodeStringSource + at, count - at, &used, &valid);
        size_t length = pndis__utf8_encode(code, units);

        fits = written + length <= limit;
        all_valid = all_valid && valid;
        if (fits && UTF8StringDestination != NULL) {
            memcpy(UTF8StringDestination + written, units, length);
        }
        written += fits ? length : 0;
    }
    if (UTF8StringActualByteCount != NULL) {
        *UTF8StringActualByteCount = (ULONG)written;
    }
    return conversion_status(fits, all_valid);
}

NTSTATUS
RtlUTF8ToUnicodeN(PWSTR UnicodeStringDestination, ULONG UnicodeStringMaxByteCount,
                  PULONG UnicodeStringActualByteCount, PCCH UTF8StringSource,
                  ULONG UTF8StringByteCount)
{
    size_t limit =
        UnicodeStringDestination == NULL ? SIZE_MAX : UnicodeStringMaxByteCount / sizeof(WCHAR);
    size_t written = 0;
    bool all_valid = true;
    bool fits = true;

    if (UTF8StringSource == NULL) {
        return STATUS_INVALID_PARAMETER_4;
    }
    if (UnicodeStringDestination == NULL && UnicodeStringActualByteCount == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    for (size_t at = 0, used; at < UTF8StringByteCount && fits; at += used) {
        WCHAR units[2];
        bool valid;
        uint32_t code =
            pndis__utf8_decode(UTF8StringSource + at, UTF8StringByteCount - at, &used, &valid);
        size_t length = pndis__utf16_encode(code, units);

        fits = written + length <= limit;
        all_valid = all_valid && valid;
        if (fits && UnicodeStringDestination != NULL) {
            memcpy(UnicodeStringDestination + written, units, length * sizeof(WCHAR));
        }
        written += fits ? length : 0;
    }
    if (UnicodeStringActualByteCount != NULL) {
        *UnicodeStringActualByteCount = (ULONG)(written * sizeof(WCHAR));
    }
    return conversion_status(fits, all_valid);
}

NTSTATUS
RtlUnicodeStringToUTF8String(PUTF8_STRING DestinationString, PCUNICODE_STRING SourceString,
                             BOOLEAN AllocateDestinationString)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    ULONG bytes = 0;
    NTSTATUS status;

    if (SourceString->Length != 0) {
        RtlUnicodeToUTF8N(NULL, 0, &bytes, SourceString->Buffer, SourceString->Length);
    }
    status = make_room(context, DestinationString, bytes + 1, AllocateDestinationString, __func__,
                       NT_CALLER());
    if (NT_SUCCESS(status)) {
        if (bytes != 0) {
            status = RtlUnicodeToUTF8N(DestinationString->Buffer, bytes, NULL, SourceString->Buffer,
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
        RtlUTF8ToUnicodeN(NULL, 0, &bytes, SourceString->Buffer, SourceString->Length);
    }
    status = make_wide_room(context, DestinationString, bytes + sizeof(WCHAR),
                            AllocateDestinationString, __func__, NT_CALLER());
    if (NT_SUCCESS(status)) {
        if (bytes != 0) {
            status = RtlUTF8ToUnicodeN(DestinationString->Buffer, bytes, NULL, SourceString->Buffer,
                                       SourceString->Length);
        }
        DestinationString->Buffer[bytes / sizeof(WCHAR)] = 0;
        DestinationString->Length = (USHORT)bytes;
    }
    return status;
}
