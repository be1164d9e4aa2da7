/* Registry values as NDIS_CONFIGURATION_PARAMETERs, and back. */
#include "ndis/config.h"

#include <stdlib.h>

static struct stored_parameter *
store(const struct value *value)
{
    struct stored_parameter *stored = malloc(sizeof(*stored) + value->bytes + sizeof(WCHAR));

    if (stored != NULL) {
        stored->next = NULL;
        memset(&stored->parameter, 0, sizeof(stored->parameter));
        if (value->bytes != 0) {
            memcpy(stored->data, value->data, value->bytes);
        }
        memset(stored->data + value->bytes, 0, sizeof(WCHAR));
    }
    return stored;
}

/* Text counts without the NUL that ends it; there always is one behind it. */
static void
refer_to_text(struct stored_parameter *stored, ULONG bytes)
{
    NDIS_STRING *string = &stored->parameter.ParameterData.StringData;
    const WCHAR *text = (const WCHAR *)stored->data;
    ULONG length = bytes / sizeof(WCHAR);

    if (length != 0 && text[length - 1] == 0) {
        length--;
    }
    if (length > MAXUSHORT / sizeof(WCHAR) - 1) {
        length = MAXUSHORT / sizeof(WCHAR) - 1;
    }
    string->Buffer = (PWSTR)stored->data;
    string->Length = (USHORT)(length * sizeof(WCHAR));
    string->MaximumLength = (USHORT)((length + 1) * sizeof(WCHAR));
}

/* Installers write numbers as text; who asks for a number gets one. "When the ParameterType
 * parameter is NdisParameterHexInteger, the resulting ParameterType member value is
 * NdisParameterInteger." */
static void
read_text(struct stored_parameter *stored, ULONG bytes, NDIS_PARAMETER_TYPE wanted)
{
    NDIS_CONFIGURATION_PARAMETER *parameter = &stored->parameter;
    ULONG number;

    refer_to_text(stored, bytes);
    parameter->ParameterType = NdisParameterString;
    if ((wanted == NdisParameterInteger || wanted == NdisParameterHexInteger) &&
        NT_SUCCESS(pndis__number_of(&parameter->ParameterData.StringData,
                                    wanted == NdisParameterInteger ? 10 : 16, &number))) {
        parameter->ParameterType = NdisParameterInteger;
        parameter->ParameterData.IntegerData = number;
    }
}

NDIS_STATUS
pndis__parameter_of_value(const struct value *value, NDIS_PARAMETER_TYPE wanted,
                          struct stored_parameter **out_stored)
{
    struct stored_parameter *stored = store(value);
    NDIS_CONFIGURATION_PARAMETER *parameter;

    if (stored == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    parameter = &stored->parameter;
    switch (value->type) {
    case REG_DWORD:
        parameter->ParameterType = NdisParameterInteger;
        if (value->bytes >= sizeof(ULONG)) {
            memcpy(&parameter->ParameterData.IntegerData, stored->data, sizeof(ULONG));
        }
        break;
    case REG_SZ:
    case REG_EXPAND_SZ:
        read_text(stored, value->bytes, wanted);
        break;
    case REG_MULTI_SZ:
        parameter->ParameterType = NdisParameterMultiString;
        refer_to_text(stored, value->bytes);
        break;
    case REG_BINARY:
        parameter->ParameterType = NdisParameterBinary;
        parameter->ParameterData.BinaryData.Buffer = stored->data;
        parameter->ParameterData.BinaryData.Length = value->bytes;
        break;
    default:
        free(stored);
        return NDIS_STATUS_FAILURE;
    }
    *out_stored = stored;
    return NDIS_STATUS_SUCCESS;
}

/* A registry string ends in a NUL, a driver's counted string need not. */
static NTSTATUS
write_text(struct pndis_machine *machine, struct key *key, PCUNICODE_STRING keyword, ULONG type,
           const NDIS_STRING *text)
{
    WCHAR *copy = malloc(text->Length + sizeof(WCHAR));
    NTSTATUS status;

    if (copy == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memcpy(copy, text->Buffer, text->Length);
    copy[text->Length / sizeof(WCHAR)] = 0;
    status =
        pndis__value_set(machine, key, keyword, type, copy, text->Length + (ULONG)sizeof(WCHAR));
    free(copy);
    return status;
}

NDIS_STATUS
pndis__parameter_write(struct pndis_machine *machine, struct key *key, PCUNICODE_STRING keyword,
                       const NDIS_CONFIGURATION_PARAMETER *parameter)
{
    NTSTATUS status;

    switch (parameter->ParameterType) {
    case NdisParameterInteger:
    case NdisParameterHexInteger:
        status = pndis__value_set(machine, key, keyword, REG_DWORD,
                                  &parameter->ParameterData.IntegerData, sizeof(ULONG));
        break;
    case NdisParameterString:
        status = write_text(machine, key, keyword, REG_SZ, &parameter->ParameterData.StringData);
        break;
    case NdisParameterMultiString:
        status =
            write_text(machine, key, keyword, REG_MULTI_SZ, &parameter->ParameterData.StringData);
        break;
    case NdisParameterBinary:
        status = pndis__value_set(machine, key, keyword, REG_BINARY,
                                  parameter->ParameterData.BinaryData.Buffer,
                                  parameter->ParameterData.BinaryData.Length);
        break;
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    if (status == STATUS_INSUFFICIENT_RESOURCES) {
        return NDIS_STATUS_RESOURCES;
    }
    return NT_SUCCESS(status) ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
}

static int
digit_of(WCHAR character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    character |= 0x20;
    return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

UINT
pndis__network_address_of_value(const struct value *value, uint8_t *bytes)
{
    const WCHAR *text = value->data;
    UINT digits = 0;

    if (value->type != REG_SZ) {
        return 0;
    }
    for (ULONG i = 0; i < value->bytes / sizeof(WCHAR) && text[i] != 0; i++) {
        int digit = digit_of(text[i]);

        if (text[i] == '-') {
            continue;
        }
        if (digit < 0) {
            return 0;
        }
        bytes[digits / 2] = (uint8_t)(digits % 2 == 0 ? digit : bytes[digits / 2] << 4 | digit);
        digits++;
    }
    return (digits + 1) / 2;
}
