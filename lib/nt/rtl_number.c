/* Numbers and GUIDs as text ("RtlUnicodeStringToInteger function", "RtlStringFromGUID function").
 */
#include "nt/nt.h"

#include "nt/pool.h"

#include <stdio.h>

/* --- integers to text --- */

static NTSTATUS
write_number(ULONGLONG value, ULONG base, PUNICODE_STRING string)
{
    WCHAR digits[64];
    size_t count = 0;
    size_t at = 0;

    base = base == 0 ? 10 : base;
    if (base != 2 && base != 8 && base != 10 && base != 16) {
        return STATUS_INVALID_PARAMETER;
    }
    do {
        digits[count++] = (WCHAR) "0123456789ABCDEF"[value % base];
        value /= base;
    } while (value != 0);
    if (count * sizeof(WCHAR) > string->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    string->Length = (USHORT)(count * sizeof(WCHAR));
    while (count > 0) {
        string->Buffer[at++] = digits[--count];
    }
    if ((at + 1) * sizeof(WCHAR) <= string->MaximumLength) {
        string->Buffer[at] = 0;
    }
    return STATUS_SUCCESS;
}

NTSTATUS
RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String)
{
    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return write_number(Value, Base, String);
}

NTSTATUS
RtlInt64ToUnicodeString(ULONGLONG Value, ULONG Base, PUNICODE_STRING String)
{
    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return write_number(Value, Base, String);
}

/* --- text to integers --- */

/* A reader over either kind of text; it gives 0 at the end. */
struct text {
    const WCHAR *wide;
    const CHAR *narrow;
    size_t left;
};

static WCHAR
peek(const struct text *text)
{
    if (text->left == 0) {
        return 0;
    }
    return text->wide != NULL ? *text->wide : (UCHAR)*text->narrow;
}

static void
skip(struct text *text)
{
    text->left--;
    text->wide += text->wide != NULL;
    text->narrow += text->narrow != NULL;
}

static ULONG
digit_of(WCHAR character)
{
    if (character >= '0' && character <= '9') {
        return character - (ULONG)'0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - (ULONG)'a' + 10;
    }
    if (character >= 'A' && character <= 'F') {
        return character - (ULONG)'A' + 10;
    }
    return MAXULONG;
}

/* Without a base, a prefix of 0x, 0o or 0b tells it. */
static ULONG
base_of_prefix(struct text *text)
{
    struct text ahead = *text;
    ULONG base = 10;

    if (peek(&ahead) != '0') {
        return base;
    }
    skip(&ahead);
    base = peek(&ahead) == 'x' ? 16 : peek(&ahead) == 'o' ? 8 : peek(&ahead) == 'b' ? 2 : 10;
    if (base != 10) {
        skip(&ahead);
        *text = ahead;
    }
    return base;
}

static NTSTATUS
read_number(struct text *text, ULONG base, ULONGLONG *out_value)
{
    ULONGLONG value = 0;
    bool negative;

    while (peek(text) != 0 && peek(text) <= ' ') {
        skip(text);
    }
    negative = peek(text) == '-';
    if (peek(text) == '-' || peek(text) == '+') {
        skip(text);
    }
    if (base == 0) {
        base = base_of_prefix(text);
    } else if (base != 2 && base != 8 && base != 10 && base != 16) {
        return STATUS_INVALID_PARAMETER;
    }
    while (digit_of(peek(text)) < base) {
        value = value * base + digit_of(peek(text));
        skip(text);
    }
    *out_value = negative ? 0 - value : value;
    return STATUS_SUCCESS;
}

static NTSTATUS
read_ulong(struct text text, ULONG base, ULONG *out_value)
{
    ULONGLONG value;
    NTSTATUS status = read_number(&text, base, &value);

    if (NT_SUCCESS(status)) {
        *out_value = (ULONG)value;
    }
    return status;
}

NTSTATUS
pndis__number_of(const UNICODE_STRING *text, ULONG base, ULONG *out_value)
{
    struct text digits = {.wide = text->Buffer, .left = text->Length / sizeof(WCHAR)};

    return digits.left == 0 ? STATUS_INVALID_PARAMETER : read_ulong(digits, base, out_value);
}

NTSTATUS
RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value)
{
    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return pndis__number_of(String, Base, Value);
}

NTSTATUS
RtlCharToInteger(PCSZ String, ULONG Base, PULONG Value)
{
    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return read_ulong((struct text){.narrow = String, .left = strlen(String)}, Base, Value);
}

/* --- GUIDs --- */

/* "{00000000-0000-0000-0000-000000000000}" */
enum { GUID_CHARACTERS = 38 };

static const char guid_shape[] = "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}";

NTSTATUS
RtlStringFromGUID(const GUID *const Guid, PUNICODE_STRING GuidString)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const UCHAR *tail = Guid->Data4;
    char text[GUID_CHARACTERS + 1];

    GuidString->Buffer = pndis__string_allocate(context, (GUID_CHARACTERS + 1) * sizeof(WCHAR),
                                                __func__, NT_CALLER());
    if (GuidString->Buffer == NULL) {
        return STATUS_NO_MEMORY;
    }
    snprintf(text, sizeof(text), "{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}", Guid->Data1,
             Guid->Data2, Guid->Data3, tail[0], tail[1], tail[2], tail[3], tail[4], tail[5],
             tail[6], tail[7]);
    for (unsigned i = 0; i <= GUID_CHARACTERS; i++) {
        GuidString->Buffer[i] = (WCHAR)text[i];
    }
    GuidString->Length = GUID_CHARACTERS * sizeof(WCHAR);
    GuidString->MaximumLength = (GUID_CHARACTERS + 1) * sizeof(WCHAR);
    return STATUS_SUCCESS;
}

NTSTATUS
RtlGUIDFromString(PCUNICODE_STRING GuidString, GUID *Guid)
{
    ULONG digits[32];
    unsigned count = 0;

    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    if (GuidString->Length != GUID_CHARACTERS * sizeof(WCHAR)) {
        return STATUS_INVALID_PARAMETER;
    }
    for (unsigned i = 0; i < GUID_CHARACTERS; i++) {
        WCHAR character = GuidString->Buffer[i];
        ULONG digit = digit_of(character);

        if (guid_shape[i] == 'x' ? digit > 15 : character != (WCHAR)guid_shape[i]) {
            return STATUS_INVALID_PARAMETER;
        }
        if (guid_shape[i] == 'x') {
            digits[count++] = digit;
        }
    }
    memset(Guid, 0, sizeof(*Guid));
    for (unsigned i = 0; i < 8; i++) {
        Guid->Data1 = Guid->Data1 << 4 | digits[i];
    }
    for (unsigned i = 0; i < 4; i++) {
        Guid->Data2 = (USHORT)(Guid->Data2 << 4 | digits[8 + i]);
        Guid->Data3 = (USHORT)(Guid->Data3 << 4 | digits[12 + i]);
    }
    for (unsigned i = 0; i < 8; i++) {
        Guid->Data4[i] = (UCHAR)(digits[16 + 2 * i] << 4 | digits[17 + 2 * i]);
    }
    return STATUS_SUCCESS;
}
