/* Strings that ntifs.h adds: duplicates, and the OEM code page, which is the ANSI one here
 * ("RtlDuplicateUnicodeString", "RtlUnicodeStringToOemString"). */
#ifndef __WDK_NTIFS_STRING_H
#define __WDK_NTIFS_STRING_H

#include "../wdm/string.h"

EXTERN_C_START

#define RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE       (0x00000001)
#define RTL_DUPLICATE_UNICODE_STRING_ALLOCATE_NULL_STRING (0x00000002)

_Must_inspect_result_ NTSYSAPI NTSTATUS
RtlInitUnicodeStringEx(_Out_ PUNICODE_STRING DestinationString, _In_opt_ PCWSTR SourceString);
_Must_inspect_result_
_IRQL_requires_max_(PASSIVE_LEVEL)
NTSYSAPI BOOLEAN RtlCreateUnicodeString(_Out_ PUNICODE_STRING DestinationString,
                                        _In_ PCWSTR SourceString);
_Must_inspect_result_
_IRQL_requires_max_(PASSIVE_LEVEL)
NTSYSAPI NTSTATUS RtlDuplicateUnicodeString(_In_ ULONG Flags, _In_ PCUNICODE_STRING StringIn,
                                            _Out_ PUNICODE_STRING StringOut);
NTSYSAPI NTSTATUS RtlAppendAsciizToString(_Inout_ PSTRING Destination, _In_opt_ PCSZ Source);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI NTSTATUS
    RtlUnicodeStringToOemString(_Inout_ POEM_STRING DestinationString,
                                _In_ PCUNICODE_STRING SourceString,
                                _In_ BOOLEAN AllocateDestinationString);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI NTSTATUS
    RtlOemStringToUnicodeString(_Inout_ PUNICODE_STRING DestinationString,
                                _In_ PCOEM_STRING SourceString,
                                _In_ BOOLEAN AllocateDestinationString);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI VOID RtlFreeOemString(_Inout_ POEM_STRING OemString);
NTSYSAPI WCHAR RtlAnsiCharToUnicodeChar(_Inout_ PUCHAR *SourceCharacter);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI NTSTATUS
    RtlUnicodeToMultiByteSize(_Out_ PULONG BytesInMultiByteString, _In_ PCWCH UnicodeString,
                              _In_ ULONG BytesInUnicodeString);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI NTSTATUS
    RtlMultiByteToUnicodeSize(_Out_ PULONG BytesInUnicodeString, _In_ const CHAR *MultiByteString,
                              _In_ ULONG BytesInMultiByteString);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI NTSTATUS
    RtlUpcaseUnicodeToMultiByteN(_Out_ PCHAR MultiByteString, _In_ ULONG MaxBytesInMultiByteString,
                                 _Out_opt_ PULONG BytesInMultiByteString, _In_ PCWCH UnicodeString,
                                 _In_ ULONG BytesInUnicodeString);

EXTERN_C_END

#endif
