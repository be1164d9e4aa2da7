/* Counted strings under NDIS names, and the conversions ("NDIS_STRING_CONST"). */
#ifndef __NDIS_STRING_H
#define __NDIS_STRING_H

#include "types.h"
#include "../wdm/string.h"
#include "../wdm/debug.h"

EXTERN_C_START

typedef UNICODE_STRING NDIS_STRING, *PNDIS_STRING;
typedef PCUNICODE_STRING PCNDIS_STRING;

/* Takes a narrow literal and makes it wide. */
#define NDIS_STRING_CONST(x)                                                                       \
    {                                                                                              \
        sizeof(L##x) - sizeof(WCHAR), sizeof(L##x), __wdk_string_buffer(L##x)                      \
    }

#define NdisInitAnsiString(_as, s)    RtlInitAnsiString((_as), (s))
#define NdisInitUnicodeString(_us, s) RtlInitUnicodeString((_us), (s))
#define NdisAnsiStringToUnicodeString(_us, _as)                                                    \
    RtlAnsiStringToUnicodeString((PUNICODE_STRING)(_us), (PANSI_STRING)(_as), FALSE)
#define NdisUnicodeStringToAnsiString(_as, _us)                                                    \
    RtlUnicodeStringToAnsiString((PANSI_STRING)(_as), (PUNICODE_STRING)(_us), FALSE)
#define NdisUpcaseUnicodeString(_d, _s) RtlUpcaseUnicodeString((_d), (_s), FALSE)
#define NdisEqualString(_String1, _String2, CaseInsensitive)                                       \
    RtlEqualUnicodeString((_String1), (_String2), (CaseInsensitive))
#define NdisEqualUnicodeString(s1, s2, cis) RtlEqualUnicodeString((s1), (s2), (cis))
#define NdisPrintString(String)             DbgPrint("%wZ", &(String))

/* Allocates the buffer of @Destination; NdisFreeString frees it. */
_IRQL_requires_max_(PASSIVE_LEVEL) NDISAPI VOID
    NdisInitializeString(_In_ PNDIS_STRING Destination, _In_ PUCHAR Source);
#define NdisFreeString(String) NdisFreeMemory((String).Buffer, (String).MaximumLength, 0)

EXTERN_C_END

#endif
