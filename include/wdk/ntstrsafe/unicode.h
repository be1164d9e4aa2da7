/* Safe string functions on counted Unicode strings. Included by ntstrsafe.h. A counted string has
 * no terminator: all of MaximumLength may be used. */
#ifndef __WDK_NTSTRSAFE_UNICODE_H
#define __WDK_NTSTRSAFE_UNICODE_H

#include "../ntstrsafe.h"

EXTERN_C_START

__wdk_inline NTSTATUS
RtlUnicodeStringValidateEx(_In_ PCUNICODE_STRING SourceString, _In_ ULONG dwFlags)
{
    if ((dwFlags & ~STRSAFE_IGNORE_NULLS) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (SourceString == NULL) {
        return dwFlags & STRSAFE_IGNORE_NULLS ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    }
    if (SourceString->Length % sizeof(WCHAR) != 0 ||
        SourceString->MaximumLength % sizeof(WCHAR) != 0 ||
        SourceString->Length > SourceString->MaximumLength ||
        (SourceString->Buffer == NULL && SourceString->MaximumLength != 0)) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

__wdk_inline NTSTATUS
RtlUnicodeStringValidate(_In_ PCUNICODE_STRING SourceString)
{
    return RtlUnicodeStringValidateEx(SourceString, 0);
}

__wdk_inline NTSTATUS
RtlUnicodeStringInitEx(_Out_ PUNICODE_STRING DestinationString, _In_opt_ const WCHAR *pszSrc,
                       _In_ ULONG dwFlags)
{
    SIZE_T length = 0;
    NTSTATUS status;

    if ((dwFlags & ~STRSAFE_IGNORE_NULLS) != 0 ||
        (DestinationString == NULL && !(dwFlags & STRSAFE_IGNORE_NULLS))) {
        return STATUS_INVALID_PARAMETER;
    }
    if (DestinationString == NULL) {
        return STATUS_SUCCESS;
    }
    DestinationString->Length = 0;
    DestinationString->MaximumLength = 0;
    DestinationString->Buffer = NULL;
    if (pszSrc == NULL) {
        return STATUS_SUCCESS;
    }
    status = __strsafe_measure_w(pszSrc, NTSTRSAFE_UNICODE_STRING_MAX_CCH, &length);
    if (NT_SUCCESS(status)) {
        DestinationString->Length = (USHORT)(length * sizeof(WCHAR));
        DestinationString->MaximumLength = (USHORT)((length + 1) * sizeof(WCHAR));
        DestinationString->Buffer = (PWCH)pszSrc;
    }
    return status;
}

__wdk_inline NTSTATUS
RtlUnicodeStringInit(_Out_ PUNICODE_STRING DestinationString, _In_opt_ const WCHAR *pszSrc)
{
    return RtlUnicodeStringInitEx(DestinationString, pszSrc, 0);
}

/* The promises of the ...Ex functions. @used and @kept count characters, as in functions.h. */
__wdk_inline VOID
__strsafe_unicode_finish(NTSTATUS status, PUNICODE_STRING to, SIZE_T used, SIZE_T kept,
                         PUNICODE_STRING remaining, ULONG flags)
{
    SIZE_T size = to->MaximumLength / sizeof(WCHAR);

    if (!NT_SUCCESS(status)) {
        if (flags & STRSAFE_NO_TRUNCATION) {
            used = kept;
        }
        if (flags & STRSAFE_FILL_ON_FAILURE) {
            memset(to->Buffer, (int)(flags & 0xff), to->MaximumLength);
            used = 0;
        }
        if (flags & STRSAFE_ZERO_LENGTH_ON_FAILURE) {
            used = 0;
        }
    } else if (flags & STRSAFE_FILL_BEHIND) {
        memset(to->Buffer + used, (int)(flags & 0xff), (size - used) * sizeof(WCHAR));
    }
    to->Length = (USHORT)(used * sizeof(WCHAR));
    if (remaining != NULL) {
        remaining->Length = 0;
        remaining->MaximumLength = (USHORT)(to->MaximumLength - to->Length);
        remaining->Buffer = to->Buffer + used;
    }
}

/* Copies up to @limit of @count characters behind @kept characters of @to. */
__wdk_inline NTSTATUS
__strsafe_unicode_append(PUNICODE_STRING to, BOOLEAN behind, const WCHAR *from, SIZE_T count,
                         SIZE_T limit, PUNICODE_STRING remaining, ULONG flags)
{
    NTSTATUS status = RtlUnicodeStringValidate(to);
    SIZE_T size;
    SIZE_T kept;

    if (!NT_SUCCESS(status) || (flags & ~STRSAFE_VALID_FLAGS) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (count > limit) {
        count = limit;
    }
    size = to->MaximumLength / sizeof(WCHAR);
    kept = behind ? to->Length / sizeof(WCHAR) : 0;
    if (count > size - kept) {
        count = size - kept;
        status = STATUS_BUFFER_OVERFLOW;
    }
    if (count != 0) {
        memmove(to->Buffer + kept, from, count * sizeof(WCHAR));
    }
    __strsafe_unicode_finish(status, to, kept + count, kept, remaining, flags);
    return status;
}

__wdk_inline NTSTATUS
__strsafe_unicode_from_unicode(PUNICODE_STRING to, BOOLEAN behind, PCUNICODE_STRING from,
                               SIZE_T limit, PUNICODE_STRING remaining, ULONG flags)
{
    NTSTATUS status = RtlUnicodeStringValidateEx(from, flags & STRSAFE_IGNORE_NULLS);

    if (!NT_SUCCESS(status)) {
        return status;
    }
    return __strsafe_unicode_append(to, behind, from == NULL ? NULL : from->Buffer,
                                    from == NULL ? 0 : from->Length / sizeof(WCHAR), limit,
                                    remaining, flags);
}

__wdk_inline NTSTATUS
__strsafe_unicode_from_string(PUNICODE_STRING to, BOOLEAN behind, const WCHAR *from, SIZE_T limit,
                              PUNICODE_STRING remaining, ULONG flags)
{
    SIZE_T count = 0;

    if (from == NULL && !(flags & STRSAFE_IGNORE_NULLS)) {
        return STATUS_INVALID_PARAMETER;
    }
    while (from != NULL && count < limit && count <= NTSTRSAFE_UNICODE_STRING_MAX_CCH &&
           from[count] != 0) {
        count++;
    }
    return __strsafe_unicode_append(to, behind, from, count, limit, remaining, flags);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCopy(_Inout_ PUNICODE_STRING DestinationString, _In_ PCUNICODE_STRING SourceString)
{
    return __strsafe_unicode_from_unicode(DestinationString, FALSE, SourceString, NTSTRSAFE_MAX_CCH,
                                          NULL, 0);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCopyEx(_Inout_ PUNICODE_STRING DestinationString,
                       _In_ PCUNICODE_STRING SourceString,
                       _Out_opt_ PUNICODE_STRING RemainingString, _In_ ULONG dwFlags)
{
    return __strsafe_unicode_from_unicode(DestinationString, FALSE, SourceString, NTSTRSAFE_MAX_CCH,
                                          RemainingString, dwFlags);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCchCopyN(_Inout_ PUNICODE_STRING DestinationString,
                         _In_ PCUNICODE_STRING SourceString, _In_ SIZE_T cchToCopy)
{
    return __strsafe_unicode_from_unicode(DestinationString, FALSE, SourceString, cchToCopy, NULL,
                                          0);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCchCopyNEx(_Inout_ PUNICODE_STRING DestinationString,
                           _In_ PCUNICODE_STRING SourceString, _In_ SIZE_T cchToCopy,
                           _Out_opt_ PUNICODE_STRING RemainingString, _In_ ULONG dwFlags)
{
    return __strsafe_unicode_from_unicode(DestinationString, FALSE, SourceString, cchToCopy,
                                          RemainingString, dwFlags);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCbCopyN(_Inout_ PUNICODE_STRING DestinationString,
                        _In_ PCUNICODE_STRING SourceString, _In_ SIZE_T cbToCopy)
{
    return __strsafe_unicode_from_unicode(DestinationString, FALSE, SourceString,
                                          cbToCopy / sizeof(WCHAR), NULL, 0);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCbCopyNEx(_Inout_ PUNICODE_STRING DestinationString,
                          _In_ PCUNICODE_STRING SourceString, _In_ SIZE_T cbToCopy,
                          _Out_opt_ PUNICODE_STRING RemainingString, _In_ ULONG dwFlags)
{
    return __strsafe_unicode_from_unicode(DestinationString, FALSE, SourceString,
                                          cbToCopy / sizeof(WCHAR), RemainingString, dwFlags);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCopyString(_Inout_ PUNICODE_STRING DestinationString, _In_ const WCHAR *pszSrc)
{
    return __strsafe_unicode_from_string(DestinationString, FALSE, pszSrc, NTSTRSAFE_MAX_CCH, NULL,
                                         0);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCopyStringEx(_Inout_ PUNICODE_STRING DestinationString, _In_ const WCHAR *pszSrc,
                             _Out_opt_ PUNICODE_STRING RemainingString, _In_ ULONG dwFlags)
{
    return __strsafe_unicode_from_string(DestinationString, FALSE, pszSrc, NTSTRSAFE_MAX_CCH,
                                         RemainingString, dwFlags);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCchCopyStringN(_Inout_ PUNICODE_STRING DestinationString, _In_ const WCHAR *pszSrc,
                               _In_ SIZE_T cchToCopy)
{
    return __strsafe_unicode_from_string(DestinationString, FALSE, pszSrc, cchToCopy, NULL, 0);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCchCopyStringNEx(_Inout_ PUNICODE_STRING DestinationString,
                                 _In_ const WCHAR *pszSrc, _In_ SIZE_T cchToCopy,
                                 _Out_opt_ PUNICODE_STRING RemainingString, _In_ ULONG dwFlags)
{
    return __strsafe_unicode_from_string(DestinationString, FALSE, pszSrc, cchToCopy,
                                         RemainingString, dwFlags);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCbCopyStringN(_Inout_ PUNICODE_STRING DestinationString, _In_ const WCHAR *pszSrc,
                              _In_ SIZE_T cbToCopy)
{
    return __strsafe_unicode_from_string(DestinationString, FALSE, pszSrc, cbToCopy / sizeof(WCHAR),
                                         NULL, 0);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCbCopyStringNEx(_Inout_ PUNICODE_STRING DestinationString, _In_ const WCHAR *pszSrc,
                                _In_ SIZE_T cbToCopy, _Out_opt_ PUNICODE_STRING RemainingString,
                                _In_ ULONG dwFlags)
{
    return __strsafe_unicode_from_string(DestinationString, FALSE, pszSrc, cbToCopy / sizeof(WCHAR),
                                         RemainingString, dwFlags);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCat(_Inout_ PUNICODE_STRING DestinationString, _In_ PCUNICODE_STRING SourceString)
{
    return __strsafe_unicode_from_unicode(DestinationString, TRUE, SourceString, NTSTRSAFE_MAX_CCH,
                                          NULL, 0);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCatEx(_Inout_ PUNICODE_STRING DestinationString, _In_ PCUNICODE_STRING SourceString,
                      _Out_opt_ PUNICODE_STRING RemainingString, _In_ ULONG dwFlags)
{
    return __strsafe_unicode_from_unicode(DestinationString, TRUE, SourceString, NTSTRSAFE_MAX_CCH,
                                          RemainingString, dwFlags);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCchCatN(_Inout_ PUNICODE_STRING DestinationString,
                        _In_ PCUNICODE_STRING SourceString, _In_ SIZE_T cchToAppend)
{
    return __strsafe_unicode_from_unicode(DestinationString, TRUE, SourceString, cchToAppend, NULL,
                                          0);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCchCatNEx(_Inout_ PUNICODE_STRING DestinationString,
                          _In_ PCUNICODE_STRING SourceString, _In_ SIZE_T cchToAppend,
                          _Out_opt_ PUNICODE_STRING RemainingString, _In_ ULONG dwFlags)
{
    return __strsafe_unicode_from_unicode(DestinationString, TRUE, SourceString, cchToAppend,
                                          RemainingString, dwFlags);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCbCatN(_Inout_ PUNICODE_STRING DestinationString,
                       _In_ PCUNICODE_STRING SourceString, _In_ SIZE_T cbToAppend)
{
    return __strsafe_unicode_from_unicode(DestinationString, TRUE, SourceString,
                                          cbToAppend / sizeof(WCHAR), NULL, 0);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCbCatNEx(_Inout_ PUNICODE_STRING DestinationString,
                         _In_ PCUNICODE_STRING SourceString, _In_ SIZE_T cbToAppend,
                         _Out_opt_ PUNICODE_STRING RemainingString, _In_ ULONG dwFlags)
{
    return __strsafe_unicode_from_unicode(DestinationString, TRUE, SourceString,
                                          cbToAppend / sizeof(WCHAR), RemainingString, dwFlags);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCatString(_Inout_ PUNICODE_STRING DestinationString, _In_ const WCHAR *pszSrc)
{
    return __strsafe_unicode_from_string(DestinationString, TRUE, pszSrc, NTSTRSAFE_MAX_CCH, NULL,
                                         0);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCatStringEx(_Inout_ PUNICODE_STRING DestinationString, _In_ const WCHAR *pszSrc,
                            _Out_opt_ PUNICODE_STRING RemainingString, _In_ ULONG dwFlags)
{
    return __strsafe_unicode_from_string(DestinationString, TRUE, pszSrc, NTSTRSAFE_MAX_CCH,
                                         RemainingString, dwFlags);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCchCatStringN(_Inout_ PUNICODE_STRING DestinationString, _In_ const WCHAR *pszSrc,
                              _In_ SIZE_T cchToAppend)
{
    return __strsafe_unicode_from_string(DestinationString, TRUE, pszSrc, cchToAppend, NULL, 0);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCchCatStringNEx(_Inout_ PUNICODE_STRING DestinationString, _In_ const WCHAR *pszSrc,
                                _In_ SIZE_T cchToAppend, _Out_opt_ PUNICODE_STRING RemainingString,
                                _In_ ULONG dwFlags)
{
    return __strsafe_unicode_from_string(DestinationString, TRUE, pszSrc, cchToAppend,
                                         RemainingString, dwFlags);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCbCatStringN(_Inout_ PUNICODE_STRING DestinationString, _In_ const WCHAR *pszSrc,
                             _In_ SIZE_T cbToAppend)
{
    return __strsafe_unicode_from_string(DestinationString, TRUE, pszSrc,
                                         cbToAppend / sizeof(WCHAR), NULL, 0);
}

__wdk_inline NTSTATUS
RtlUnicodeStringCbCatStringNEx(_Inout_ PUNICODE_STRING DestinationString, _In_ const WCHAR *pszSrc,
                               _In_ SIZE_T cbToAppend, _Out_opt_ PUNICODE_STRING RemainingString,
                               _In_ ULONG dwFlags)
{
    return __strsafe_unicode_from_string(DestinationString, TRUE, pszSrc,
                                         cbToAppend / sizeof(WCHAR), RemainingString, dwFlags);
}

__wdk_inline NTSTATUS
RtlUnicodeStringVPrintfEx(_Inout_ PUNICODE_STRING DestinationString,
                          _Out_opt_ PUNICODE_STRING RemainingString, _In_ ULONG dwFlags,
                          _In_ const WCHAR *pszFormat, _In_ va_list argList)
{
    NTSTATUS status = RtlUnicodeStringValidate(DestinationString);
    SIZE_T size;
    int written;

    if (!NT_SUCCESS(status) || (dwFlags & ~STRSAFE_VALID_FLAGS) != 0 ||
        (pszFormat == NULL && !(dwFlags & STRSAFE_IGNORE_NULLS))) {
        return STATUS_INVALID_PARAMETER;
    }
    size = DestinationString->MaximumLength / sizeof(WCHAR);
    written =
        pszFormat == NULL ? 0 : _vsnwprintf(DestinationString->Buffer, size, pszFormat, argList);
    if (written < 0 || (SIZE_T)written > size) {
        written = (int)size;
        status = STATUS_BUFFER_OVERFLOW;
    }
    __strsafe_unicode_finish(status, DestinationString, (SIZE_T)written, 0, RemainingString,
                             dwFlags);
    return status;
}

__wdk_inline NTSTATUS
RtlUnicodeStringVPrintf(_Inout_ PUNICODE_STRING DestinationString, _In_ const WCHAR *pszFormat,
                        _In_ va_list argList)
{
    return RtlUnicodeStringVPrintfEx(DestinationString, NULL, 0, pszFormat, argList);
}

__wdk_inline NTSTATUS
RtlUnicodeStringPrintf(_Inout_ PUNICODE_STRING DestinationString, _In_ const WCHAR *pszFormat, ...)
{
    va_list arguments;
    NTSTATUS status;

    va_start(arguments, pszFormat);
    status = RtlUnicodeStringVPrintfEx(DestinationString, NULL, 0, pszFormat, arguments);
    va_end(arguments);
    return status;
}

__wdk_inline NTSTATUS
RtlUnicodeStringPrintfEx(_Inout_ PUNICODE_STRING DestinationString,
                         _Out_opt_ PUNICODE_STRING RemainingString, _In_ ULONG dwFlags,
                         _In_ const WCHAR *pszFormat, ...)
{
    va_list arguments;
    NTSTATUS status;

    va_start(arguments, pszFormat);
    status = RtlUnicodeStringVPrintfEx(DestinationString, RemainingString, dwFlags, pszFormat,
                                       arguments);
    va_end(arguments);
    return status;
}

__wdk_inline NTSTATUS
RtlStringCchCopyUnicodeString(_Out_ WCHAR *pszDest, _In_ SIZE_T cchDest,
                              _In_ PCUNICODE_STRING SourceString)
{
    NTSTATUS status = RtlUnicodeStringValidateEx(SourceString, 0);

    if (!NT_SUCCESS(status)) {
        return status;
    }
    return __strsafe_copy_w(
        pszDest, cchDest * sizeof(WCHAR),
        SourceString == NULL || SourceString->Buffer == NULL ? L"" : SourceString->Buffer,
        SourceString == NULL ? 0 : SourceString->Length / sizeof(WCHAR), NULL, NULL, 0);
}

__wdk_inline NTSTATUS
RtlStringCchCopyUnicodeStringEx(_Out_ WCHAR *pszDest, _In_ SIZE_T cchDest,
                                _In_ PCUNICODE_STRING SourceString, _Out_opt_ WCHAR **ppszDestEnd,
                                _Out_opt_ SIZE_T *pcchRemaining, _In_ ULONG dwFlags)
{
    NTSTATUS status = RtlUnicodeStringValidateEx(SourceString, dwFlags & STRSAFE_IGNORE_NULLS);
    SIZE_T remaining = 0;

    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = __strsafe_copy_w(
        pszDest, cchDest * sizeof(WCHAR),
        SourceString == NULL || SourceString->Buffer == NULL ? L"" : SourceString->Buffer,
        SourceString == NULL ? 0 : SourceString->Length / sizeof(WCHAR), ppszDestEnd, &remaining,
        dwFlags);
    if (pcchRemaining != NULL) {
        *pcchRemaining = remaining;
    }
    return status;
}

__wdk_inline NTSTATUS
RtlStringCbCopyUnicodeString(_Out_ WCHAR *pszDest, _In_ SIZE_T cbDest,
                             _In_ PCUNICODE_STRING SourceString)
{
    NTSTATUS status = RtlUnicodeStringValidateEx(SourceString, 0);

    if (!NT_SUCCESS(status)) {
        return status;
    }
    return __strsafe_copy_w(
        pszDest, cbDest,
        SourceString == NULL || SourceString->Buffer == NULL ? L"" : SourceString->Buffer,
        SourceString == NULL ? 0 : SourceString->Length / sizeof(WCHAR), NULL, NULL, 0);
}

__wdk_inline NTSTATUS
RtlStringCbCopyUnicodeStringEx(_Out_ WCHAR *pszDest, _In_ SIZE_T cbDest,
                               _In_ PCUNICODE_STRING SourceString, _Out_opt_ WCHAR **ppszDestEnd,
                               _Out_opt_ SIZE_T *pcbRemaining, _In_ ULONG dwFlags)
{
    NTSTATUS status = RtlUnicodeStringValidateEx(SourceString, dwFlags & STRSAFE_IGNORE_NULLS);
    SIZE_T remaining = 0;

    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = __strsafe_copy_w(
        pszDest, cbDest,
        SourceString == NULL || SourceString->Buffer == NULL ? L"" : SourceString->Buffer,
        SourceString == NULL ? 0 : SourceString->Length / sizeof(WCHAR), ppszDestEnd, &remaining,
        dwFlags);
    if (pcbRemaining != NULL) {
        *pcbRemaining = remaining * sizeof(WCHAR);
    }
    return status;
}

EXTERN_C_END

#define RtlUnalignedStringCchLengthW(psz, cchMax, pcchLength)                                      \
    RtlStringCchLengthW((psz), (cchMax), (pcchLength))
#define RtlUnalignedStringCbLengthW(psz, cbMax, pcbLength)                                         \
    RtlStringCbLengthW((psz), (cbMax), (pcbLength))

#endif
