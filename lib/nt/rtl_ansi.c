/* STRINGs: counted text of the ANSI code page ("ANSI_STRING structure"), and UTF8_STRINGs. */
#include "nt/nt.h"

#include "nt/unicode.h"

enum { STRING_MAX_BYTES = 0xffff };

/* --- pointing at text --- */

VOID
RtlInitAnsiString(PANSI_STRING DestinationString, PCSZ SourceString)
{
    size_t bytes = SourceString == NULL ? 0 : strlen(SourceString);

    bytes = bytes >= STRING_MAX_BYTES ? STRING_MAX_BYTES - 1 : bytes;
    DestinationString->Buffer = (PCHAR)SourceString;
    DestinationString->Length = (USHORT)bytes;
    DestinationString->MaximumLength = (USHORT)(SourceString == NULL ? 0 : bytes + 1);
}

NTSTATUS
RtlInitAnsiStringEx(PANSI_STRING DestinationString, PCSZ SourceString)
{
    if (SourceString != NULL && strnlen(SourceString, STRING_MAX_BYTES) == STRING_MAX_BYTES) {
        return STATUS_NAME_TOO_LONG;
    }
    RtlInitAnsiString(DestinationString, SourceString);
    return STATUS_SUCCESS;
}

VOID
RtlInitString(PSTRING DestinationString, PCSZ SourceString)
{
    RtlInitAnsiString(DestinationString, SourceString);
}

NTSTATUS
RtlInitStringEx(PSTRING DestinationString, PCSZ SourceString)
{
    return RtlInitAnsiStringEx(DestinationString, SourceString);
}

VOID
RtlInitUTF8String(PUTF8_STRING DestinationString, PCSZ SourceString)
{
    RtlInitAnsiString(DestinationString, SourceString);
}

NTSTATUS
RtlInitUTF8StringEx(PUTF8_STRING DestinationString, PCSZ SourceString)
{
    return RtlInitAnsiStringEx(DestinationString, SourceString);
}

/* --- copying and appending --- */

VOID
RtlCopyString(PSTRING DestinationString, const STRING *SourceString)
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
}

static NTSTATUS
append(PSTRING destination, const CHAR *text, size_t bytes)
{
    if (destination->Length + bytes > destination->MaximumLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memmove(destination->Buffer + destination->Length, text, bytes);
    destination->Length = (USHORT)(destination->Length + bytes);
    return STATUS_SUCCESS;
}

NTSTATUS
RtlAppendStringToString(PSTRING Destination, const STRING *Source)
{
    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return append(Destination, Source->Buffer, Source->Length);
}

NTSTATUS
RtlAppendAsciizToString(PSTRING Destination, PCSZ Source)
{
    return Source == NULL ? STATUS_SUCCESS : append(Destination, Source, strlen(Source));
}

/* --- case and comparing --- */

/* Up-casing goes through Unicode; what has no capital in the code page stays as it is. */
static CHAR
upper_of(CHAR character)
{
    WCHAR upper = pndis__upcase(pndis__wide_of(character));
    CHAR result = pndis__ansi_of(upper);

    return result == '?' && upper != '?' ? character : result;
}

CHAR
RtlUpperChar(CHAR Character)
{
    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return upper_of(Character);
}

VOID
RtlUpperString(PSTRING DestinationString, const STRING *SourceString)
{
    USHORT bytes = SourceString->Length < DestinationString->MaximumLength
                       ? SourceString->Length
                       : DestinationString->MaximumLength;

    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    for (USHORT i = 0; i < bytes; i++) {
        DestinationString->Buffer[i] = upper_of(SourceString->Buffer[i]);
    }
    DestinationString->Length = bytes;
}

static LONG
compare(const STRING *a, const STRING *b, bool ignore_case)
{
    USHORT common = a->Length < b->Length ? a->Length : b->Length;

    for (USHORT i = 0; i < common; i++) {
        UCHAR left = (UCHAR)a->Buffer[i];
        UCHAR right = (UCHAR)b->Buffer[i];

        if (ignore_case) {
            left = (UCHAR)upper_of((CHAR)left);
            right = (UCHAR)upper_of((CHAR)right);
        }
        if (left != right) {
            return left - right;
        }
    }
    return a->Length - b->Length;
}

LONG
RtlCompareString(const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive)
{
    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return compare(String1, String2, CaseInSensitive);
}

BOOLEAN
RtlEqualString(const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive)
{
    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return String1->Length == String2->Length && compare(String1, String2, CaseInSensitive) == 0;
}

BOOLEAN
RtlPrefixString(const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive)
{
    STRING beginning = *String2;

    if (String1->Length > String2->Length) {
        return FALSE;
    }
    beginning.Length = String1->Length;
    return compare(String1, &beginning, CaseInSensitive) == 0;
}
