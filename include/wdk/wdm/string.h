/* Counted strings and conversions ("Using Strings in Kernel-Mode Drivers"). Formatting is in
 * ntstrsafe.h. */
#ifndef __WDK_WDM_STRING_H
#define __WDK_WDM_STRING_H

#include "types.h"

EXTERN_C_START

NTSYSAPI VOID RtlInitUnicodeString(_Out_ PUNICODE_STRING DestinationString,
                                   _In_opt_ PCWSTR SourceString);
NTSYSAPI VOID RtlInitAnsiString(_Out_ PANSI_STRING DestinationString, _In_opt_ PCSZ SourceString);
NTSYSAPI VOID RtlInitString(_Out_ PSTRING DestinationString, _In_opt_ PCSZ SourceString);
NTSYSAPI NTSTATUS RtlInitStringEx(_Out_ PSTRING DestinationString, _In_opt_ PCSZ SourceString);
NTSYSAPI NTSTATUS RtlInitAnsiStringEx(_Out_ PANSI_STRING DestinationString,
                                      _In_opt_ PCSZ SourceString);
NTSYSAPI VOID RtlInitUTF8String(_In_ PUTF8_STRING DestinationString, _In_ PCSZ SourceString);
_IRQL_requires_max_(DISPATCH_LEVEL) NTSYSAPI NTSTATUS
    RtlInitUTF8StringEx(_Out_ PUTF8_STRING DestinationString, _In_opt_ PCSZ SourceString);
NTSYSAPI VOID RtlCopyUnicodeString(_Inout_ PUNICODE_STRING DestinationString,
                                   _In_opt_ PCUNICODE_STRING SourceString);
NTSYSAPI VOID RtlCopyString(_Out_ PSTRING DestinationString, _In_opt_ const STRING *SourceString);
NTSYSAPI NTSTATUS RtlAppendUnicodeStringToString(_Inout_ PUNICODE_STRING Destination,
                                                 _In_ PCUNICODE_STRING Source);
NTSYSAPI NTSTATUS RtlAppendUnicodeToString(_Inout_ PUNICODE_STRING Destination,
                                           _In_opt_ PCWSTR Source);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI NTSTATUS
    RtlAppendStringToString(_Inout_ PSTRING Destination, _In_ const STRING *Source);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI LONG
    RtlCompareUnicodeString(_In_ PCUNICODE_STRING String1, _In_ PCUNICODE_STRING String2,
                            _In_ BOOLEAN CaseInSensitive);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI BOOLEAN
    RtlEqualUnicodeString(_In_ PCUNICODE_STRING String1, _In_ PCUNICODE_STRING String2,
                          _In_ BOOLEAN CaseInSensitive);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI LONG
    RtlCompareUnicodeStrings(_In_ PCWCH String1, _In_ SIZE_T String1Length, _In_ PCWCH String2,
                             _In_ SIZE_T String2Length, _In_ BOOLEAN CaseInSensitive);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI BOOLEAN
    RtlSuffixUnicodeString(_In_ PCUNICODE_STRING String1, _In_ PCUNICODE_STRING String2,
                           _In_ BOOLEAN CaseInSensitive);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI LONG
    RtlCompareString(_In_ const STRING *String1, _In_ const STRING *String2,
                     _In_ BOOLEAN CaseInSensitive);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI BOOLEAN
    RtlEqualString(_In_ const STRING *String1, _In_ const STRING *String2,
                   _In_ BOOLEAN CaseInSensitive);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI BOOLEAN
    RtlPrefixUnicodeString(_In_ PCUNICODE_STRING String1, _In_ PCUNICODE_STRING String2,
                           _In_ BOOLEAN CaseInSensitive);
NTSYSAPI BOOLEAN RtlPrefixString(_In_ const STRING *String1, _In_ const STRING *String2,
                                 _In_ BOOLEAN CaseInSensitive);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI NTSTATUS
    RtlHashUnicodeString(_In_ PCUNICODE_STRING String, _In_ BOOLEAN CaseInSensitive,
                         _In_ ULONG HashAlgorithm, _Out_ PULONG HashValue);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI NTSTATUS
    RtlUpcaseUnicodeString(_Inout_ PUNICODE_STRING DestinationString,
                           _In_ PCUNICODE_STRING SourceString,
                           _In_ BOOLEAN AllocateDestinationString);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI NTSTATUS
    RtlDowncaseUnicodeString(_In_ PUNICODE_STRING DestinationString,
                             _In_ PCUNICODE_STRING SourceString,
                             _In_ BOOLEAN AllocateDestinationString);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI WCHAR RtlUpcaseUnicodeChar(_In_ WCHAR SourceCharacter);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI WCHAR
    RtlDowncaseUnicodeChar(_In_ WCHAR SourceCharacter);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI CHAR RtlUpperChar(_In_ CHAR Character);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI VOID
    RtlUpperString(_Inout_ PSTRING DestinationString, _In_ const STRING *SourceString);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI VOID
    RtlFreeUnicodeString(_Inout_ PUNICODE_STRING UnicodeString);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI VOID RtlFreeAnsiString(_Inout_ PANSI_STRING AnsiString);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI VOID RtlFreeUTF8String(_In_ PUTF8_STRING utf8String);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    RtlAnsiStringToUnicodeString(_Inout_ PUNICODE_STRING DestinationString,
                                 _In_ PCANSI_STRING SourceString,
                                 _In_ BOOLEAN AllocateDestinationString);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    RtlUnicodeStringToAnsiString(_Inout_ PANSI_STRING DestinationString,
                                 _In_ PCUNICODE_STRING SourceString,
                                 _In_ BOOLEAN AllocateDestinationString);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    RtlUTF8StringToUnicodeString(_In_ PUNICODE_STRING DestinationString,
                                 _In_ PUTF8_STRING SourceString,
                                 _In_ BOOLEAN AllocateDestinationString);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    RtlUnicodeStringToUTF8String(_In_ PUTF8_STRING DestinationString,
                                 _In_ PCUNICODE_STRING SourceString,
                                 _In_ BOOLEAN AllocateDestinationString);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    RtlUnicodeStringToInteger(_In_ PCUNICODE_STRING String, _In_opt_ ULONG Base,
                              _Out_ PULONG Value);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    RtlIntegerToUnicodeString(_In_ ULONG Value, _In_opt_ ULONG Base,
                              _Inout_ PUNICODE_STRING String);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    RtlInt64ToUnicodeString(_In_ ULONGLONG Value, _In_opt_ ULONG Base,
                            _Inout_ PUNICODE_STRING String);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    RtlCharToInteger(_In_ PCSZ String, _In_opt_ ULONG Base, _Out_ PULONG Value);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    RtlUnicodeToUTF8N(_Out_ PCHAR UTF8StringDestination, _In_ ULONG UTF8StringMaxByteCount,
                      _Out_ PULONG UTF8StringActualByteCount, _In_ PCWCH UnicodeStringSource,
                      _In_ ULONG UnicodeStringByteCount);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    RtlUTF8ToUnicodeN(_Out_opt_ PWSTR UnicodeStringDestination,
                      _In_ ULONG UnicodeStringMaxByteCount,
                      _Out_ PULONG UnicodeStringActualByteCount, _In_ PCCH UTF8StringSource,
                      _In_ ULONG UTF8StringByteCount);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI NTSTATUS
    RtlUnicodeToMultiByteN(_Out_ PCHAR MultiByteString, _In_ ULONG MaxBytesInMultiByteString,
                           _Out_opt_ PULONG BytesInMultiByteString, _In_ PCWCH UnicodeString,
                           _In_ ULONG BytesInUnicodeString);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI NTSTATUS
    RtlMultiByteToUnicodeN(_Out_ PWCH UnicodeString, _In_ ULONG MaxBytesInUnicodeString,
                           _Out_opt_ PULONG BytesInUnicodeString, _In_ const CHAR *MultiByteString,
                           _In_ ULONG BytesInMultiByteString);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI ULONG
    RtlxUnicodeStringToAnsiSize(_In_ PCUNICODE_STRING UnicodeString);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI ULONG
    RtlxAnsiStringToUnicodeSize(_In_ PCANSI_STRING AnsiString);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    RtlStringFromGUID(_In_ const GUID *const Guid, _Out_ PUNICODE_STRING GuidString);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    RtlGUIDFromString(_In_ PCUNICODE_STRING GuidString, _Out_ GUID *Guid);

/* Size in bytes of a conversion's result, terminator included. */
#define RtlUnicodeStringToAnsiSize(String) RtlxUnicodeStringToAnsiSize(String)
#define RtlAnsiStringToUnicodeSize(String) RtlxAnsiStringToUnicodeSize(String)

#define HASH_STRING_ALGORITHM_DEFAULT 0
#define HASH_STRING_ALGORITHM_X65599  1
#define HASH_STRING_ALGORITHM_INVALID 0xffffffff

__wdk_inline VOID
RtlInitEmptyUnicodeString(_Out_ PUNICODE_STRING UnicodeString, _In_ PWCHAR Buffer,
                          _In_ USHORT BufferSize)
{
    UnicodeString->Length = 0;
    UnicodeString->MaximumLength = BufferSize;
    UnicodeString->Buffer = Buffer;
}

__wdk_inline VOID
RtlInitEmptyAnsiString(_Out_ PANSI_STRING AnsiString, _In_ PCHAR Buffer, _In_ USHORT BufferSize)
{
    AnsiString->Length = 0;
    AnsiString->MaximumLength = BufferSize;
    AnsiString->Buffer = Buffer;
}

EXTERN_C_END

#endif
