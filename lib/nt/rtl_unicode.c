/* UNICODE_STRINGs: making, copying, comparing, changing case ("UNICODE_STRING structure"). */
#include "nt/nt.h"

#include "nt/pool.h"
#include "nt/unicode.h"

/* --- pointing at text --- */

VOID
RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    size_t bytes = 0;

    DestinationString->Buffer = (PWSTR)SourceString;
    DestinationString->Length = 0;
    DestinationString->MaximumLength = 0;
    if (SourceString != NULL) {
        bytes = wcslen(SourceString) * sizeof(WCHAR);
        /* A counted string cannot say more; the kernel cuts as well. */
        if (bytes > UNICODE_STRING_MAX_BYTES - sizeof(WCHAR)) {
            bytes = UNICODE_STRING_MAX_BYTES - sizeof(WCHAR);
        }
        DestinationString->Length = (USHORT)bytes;
        DestinationString->MaximumLength = (USHORT)(bytes + sizeof(WCHAR));
    }
}

NTSTATUS
RtlInitUnicodeStringEx(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    if (SourceString != NULL && wcsnlen(SourceString, UNICODE_STRING_MAX_CHARS) >=
                                    UNICODE_STRING_MAX_BYTES / sizeof(WCHAR)) {
        return STATUS_NAME_TOO_LONG;
    }
    RtlInitUnicodeString(DestinationString, SourceString);
    return STATUS_SUCCESS;
}

/* --- copying and appending: what does not fit is cut or refused, as each page says --- */

/* Add a NUL where there is room for one; it does not count. */
static void
terminate(PUNICODE_STRING string)
{
    if (string->Length + sizeof(WCHAR) <= string->MaximumLength) {
        string->Buffer[string->Length / sizeof(WCHAR)] = 0;
    }
}

VOID
RtlCopyUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString)
{
    USHORT bytes;

    if (SourceString == NULL) {
        DestinationString->Length = 0;
        return;
    }
    bytes = SourceString->Length < DestinationString->MaximumLength
                ? SourceString->Length
                : DestinationString->MaximumLength;
    memmove(DestinationString->Buffer, SourceString->Buffer, bytes);
    DestinationString->Length = bytes;
    terminate(DestinationString);
}

static NTSTATUS
append(PUNICODE_STRING destination, const WCHAR *text, size_t bytes)
{
    if (destination->Length + bytes > destination->MaximumLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memmove((PCHAR)destination->Buffer + destination->Length, text, bytes);
    destination->Length = (USHORT)(destination->Length + bytes);
    terminate(destination);
    return STATUS_SUCCESS;
}

NTSTATUS
RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
    return append(Destination, Source->Buffer, Source->Length);
}

NTSTATUS
RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source)
{
    return Source == NULL ? STATUS_SUCCESS
                          : append(Destination, Source, wcslen(Source) * sizeof(WCHAR));
}

/* --- comparing --- */

LONG
RtlCompareUnicodeStrings(PCWCH String1, SIZE_T String1Length, PCWCH String2, SIZE_T String2Length,
                         BOOLEAN CaseInSensitive)
{
    return pndis__wide_compare(String1, String1Length, String2, String2Length, CaseInSensitive);
}

LONG
RtlCompareUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive)
{
    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return pndis__wide_compare(String1->Buffer, String1->Length / sizeof(WCHAR), String2->Buffer,
                               String2->Length / sizeof(WCHAR), CaseInSensitive);
}

BOOLEAN
RtlEqualUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive)
{
    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return pndis__unicode_equal(String1, String2, CaseInSensitive);
}

BOOLEAN
RtlPrefixUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive)
{
    size_t count = String1->Length / sizeof(WCHAR);

    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return String1->Length <= String2->Length &&
           pndis__wide_compare(String1->Buffer, count, String2->Buffer, count, CaseInSensitive) ==
               0;
}

BOOLEAN
RtlSuffixUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive)
{
    size_t count = String1->Length / sizeof(WCHAR);
    size_t all = String2->Length / sizeof(WCHAR);

    return count <= all &&
           pndis__wide_compare(String1->Buffer, count, String2->Buffer + all - count, count,
                               CaseInSensitive) == 0;
}

/* "RtlHashUnicodeString function": x65599 is the only algorithm, and the default one. */
NTSTATUS
RtlHashUnicodeString(PCUNICODE_STRING String, BOOLEAN CaseInSensitive, ULONG HashAlgorithm,
                     PULONG HashValue)
{
    ULONG hash = 0;

    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    if (String == NULL || HashValue == NULL ||
        (HashAlgorithm != HASH_STRING_ALGORITHM_DEFAULT &&
         HashAlgorithm != HASH_STRING_ALGORITHM_X65599)) {
        return STATUS_INVALID_PARAMETER;
    }
    for (size_t i = 0; i < String->Length / sizeof(WCHAR); i++) {
        WCHAR character = String->Buffer[i];

        hash = hash * 65599 + (CaseInSensitive ? pndis__upcase(character) : character);
    }
    *HashValue = hash;
    return STATUS_SUCCESS;
}

/* --- case --- */

WCHAR
RtlUpcaseUnicodeChar(WCHAR SourceCharacter)
{
    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return pndis__upcase(SourceCharacter);
}

WCHAR
RtlDowncaseUnicodeChar(WCHAR SourceCharacter)
{
    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return pndis__downcase(SourceCharacter);
}

static NTSTATUS
change_case(struct context *context, PUNICODE_STRING destination, PCUNICODE_STRING source,
            BOOLEAN allocate, WCHAR (*change)(WCHAR character), const char *call,
            const void *caller)
{
    if (allocate) {
        destination->Buffer = pndis__string_allocate(context, source->Length, call, caller);
        if (destination->Buffer == NULL) {
            return STATUS_NO_MEMORY;
        }
        destination->MaximumLength = source->Length;
    } else if (destination->MaximumLength < source->Length) {
        return STATUS_BUFFER_OVERFLOW;
    }
    for (size_t i = 0; i < source->Length / sizeof(WCHAR); i++) {
        destination->Buffer[i] = change(source->Buffer[i]);
    }
    destination->Length = source->Length;
    return STATUS_SUCCESS;
}

NTSTATUS
RtlUpcaseUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString,
                       BOOLEAN AllocateDestinationString)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    return change_case(context, DestinationString, SourceString, AllocateDestinationString,
                       pndis__upcase, __func__, NT_CALLER());
}

NTSTATUS
RtlDowncaseUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString,
                         BOOLEAN AllocateDestinationString)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    return change_case(context, DestinationString, SourceString, AllocateDestinationString,
                       pndis__downcase, __func__, NT_CALLER());
}

/* --- strings in pool memory --- */

static NTSTATUS
duplicate(struct context *context, PUNICODE_STRING destination, const WCHAR *text, size_t bytes,
          size_t maximum, const char *call, const void *caller)
{
    destination->Buffer = pndis__string_allocate(context, maximum, call, caller);
    if (destination->Buffer == NULL) {
        return STATUS_NO_MEMORY;
    }
    memcpy(destination->Buffer, text, bytes);
    destination->Length = (USHORT)bytes;
    destination->MaximumLength = (USHORT)maximum;
    terminate(destination);
    return STATUS_SUCCESS;
}

BOOLEAN
RtlCreateUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    size_t bytes = wcslen(SourceString) * sizeof(WCHAR);

    if (bytes + sizeof(WCHAR) > UNICODE_STRING_MAX_BYTES) {
        return FALSE;
    }
    return duplicate(context, DestinationString, SourceString, bytes, bytes + sizeof(WCHAR),
                     __func__, NT_CALLER()) == STATUS_SUCCESS;
}

NTSTATUS
RtlDuplicateUnicodeString(ULONG Flags, PCUNICODE_STRING StringIn, PUNICODE_STRING StringOut)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    bool terminated = (Flags & RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE) != 0;
    size_t bytes = StringIn->Length;

    if (terminated && bytes > UNICODE_STRING_MAX_BYTES - sizeof(WCHAR)) {
        return STATUS_NAME_TOO_LONG;
    }
    if (bytes == 0 && (Flags & RTL_DUPLICATE_UNICODE_STRING_ALLOCATE_NULL_STRING) == 0) {
        memset(StringOut, 0, sizeof(*StringOut));
        return STATUS_SUCCESS;
    }
    return duplicate(context, StringOut, StringIn->Buffer, bytes,
                     bytes + (terminated ? sizeof(WCHAR) : 0), __func__, NT_CALLER());
}

VOID
RtlFreeUnicodeString(PUNICODE_STRING UnicodeString)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, APC_LEVEL);

    if (UnicodeString->Buffer != NULL) {
        pndis__pool_give(context, UnicodeString->Buffer, 0, __func__, NT_CALLER());
        memset(UnicodeString, 0, sizeof(*UnicodeString));
    }
}
