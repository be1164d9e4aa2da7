/* The public functions with sizes in characters, over functions.inl and for the same kind
 * of character: no guard. */

EXTERN_C_START

__wdk_inline NTSTATUS
STRSAFE_CCH(Copy)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cchDest, _In_ const STRSAFE_CHAR *pszSrc)
{
    if (cchDest > NTSTRSAFE_MAX_CCH) {
        return STATUS_INVALID_PARAMETER;
    }
    return STRSAFE_NAME(copy)(pszDest, cchDest * sizeof(STRSAFE_CHAR), pszSrc, NTSTRSAFE_MAX_CCH,
                              NULL, NULL, 0);
}

__wdk_inline NTSTATUS
STRSAFE_CCH(CopyEx)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cchDest,
                    _In_ const STRSAFE_CHAR *pszSrc, _Out_opt_ STRSAFE_CHAR **ppszDestEnd,
                    _Out_opt_ SIZE_T *pcchRemaining, _In_ ULONG dwFlags)
{
    if (cchDest > NTSTRSAFE_MAX_CCH) {
        return STATUS_INVALID_PARAMETER;
    }
    return STRSAFE_NAME(copy)(pszDest, cchDest * sizeof(STRSAFE_CHAR), pszSrc, NTSTRSAFE_MAX_CCH,
                              ppszDestEnd, pcchRemaining, dwFlags);
}

__wdk_inline NTSTATUS
STRSAFE_CCH(CopyN)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cchDest,
                   _In_ const STRSAFE_CHAR *pszSrc, _In_ SIZE_T cchToCopy)
{
    if (cchDest > NTSTRSAFE_MAX_CCH) {
        return STATUS_INVALID_PARAMETER;
    }
    return STRSAFE_NAME(copy)(pszDest, cchDest * sizeof(STRSAFE_CHAR), pszSrc, cchToCopy, NULL,
                              NULL, 0);
}

__wdk_inline NTSTATUS
STRSAFE_CCH(CopyNEx)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cchDest,
                     _In_ const STRSAFE_CHAR *pszSrc, _In_ SIZE_T cchToCopy,
                     _Out_opt_ STRSAFE_CHAR **ppszDestEnd, _Out_opt_ SIZE_T *pcchRemaining,
                     _In_ ULONG dwFlags)
{
    if (cchDest > NTSTRSAFE_MAX_CCH) {
        return STATUS_INVALID_PARAMETER;
    }
    return STRSAFE_NAME(copy)(pszDest, cchDest * sizeof(STRSAFE_CHAR), pszSrc, cchToCopy,
                              ppszDestEnd, pcchRemaining, dwFlags);
}

__wdk_inline NTSTATUS
STRSAFE_CCH(Cat)(_Inout_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cchDest,
                 _In_ const STRSAFE_CHAR *pszSrc)
{
    if (cchDest > NTSTRSAFE_MAX_CCH) {
        return STATUS_INVALID_PARAMETER;
    }
    return STRSAFE_NAME(cat)(pszDest, cchDest * sizeof(STRSAFE_CHAR), pszSrc, NTSTRSAFE_MAX_CCH,
                             NULL, NULL, 0);
}

__wdk_inline NTSTATUS
STRSAFE_CCH(CatEx)(_Inout_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cchDest,
                   _In_ const STRSAFE_CHAR *pszSrc, _Out_opt_ STRSAFE_CHAR **ppszDestEnd,
                   _Out_opt_ SIZE_T *pcchRemaining, _In_ ULONG dwFlags)
{
    if (cchDest > NTSTRSAFE_MAX_CCH) {
        return STATUS_INVALID_PARAMETER;
    }
    return STRSAFE_NAME(cat)(pszDest, cchDest * sizeof(STRSAFE_CHAR), pszSrc, NTSTRSAFE_MAX_CCH,
                             ppszDestEnd, pcchRemaining, dwFlags);
}

__wdk_inline NTSTATUS
STRSAFE_CCH(CatN)(_Inout_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cchDest,
                  _In_ const STRSAFE_CHAR *pszSrc, _In_ SIZE_T cchToAppend)
{
    if (cchDest > NTSTRSAFE_MAX_CCH) {
        return STATUS_INVALID_PARAMETER;
    }
    return STRSAFE_NAME(cat)(pszDest, cchDest * sizeof(STRSAFE_CHAR), pszSrc, cchToAppend, NULL,
                             NULL, 0);
}

__wdk_inline NTSTATUS
STRSAFE_CCH(CatNEx)(_Inout_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cchDest,
                    _In_ const STRSAFE_CHAR *pszSrc, _In_ SIZE_T cchToAppend,
                    _Out_opt_ STRSAFE_CHAR **ppszDestEnd, _Out_opt_ SIZE_T *pcchRemaining,
                    _In_ ULONG dwFlags)
{
    if (cchDest > NTSTRSAFE_MAX_CCH) {
        return STATUS_INVALID_PARAMETER;
    }
    return STRSAFE_NAME(cat)(pszDest, cchDest * sizeof(STRSAFE_CHAR), pszSrc, cchToAppend,
                             ppszDestEnd, pcchRemaining, dwFlags);
}

__wdk_inline NTSTATUS
STRSAFE_CCH(VPrintf)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cchDest,
                     _In_ const STRSAFE_CHAR *pszFormat, _In_ va_list argList)
{
    if (cchDest > NTSTRSAFE_MAX_CCH) {
        return STATUS_INVALID_PARAMETER;
    }
    return STRSAFE_NAME(vprintf)(pszDest, cchDest * sizeof(STRSAFE_CHAR), NULL, NULL, 0, pszFormat,
                                 argList);
}

__wdk_inline NTSTATUS
STRSAFE_CCH(VPrintfEx)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cchDest,
                       _Out_opt_ STRSAFE_CHAR **ppszDestEnd, _Out_opt_ SIZE_T *pcchRemaining,
                       _In_ ULONG dwFlags, _In_ const STRSAFE_CHAR *pszFormat, _In_ va_list argList)
{
    return STRSAFE_NAME(vprintf)(pszDest, cchDest * sizeof(STRSAFE_CHAR), ppszDestEnd,
                                 pcchRemaining, dwFlags, pszFormat, argList);
}

__wdk_inline NTSTATUS
STRSAFE_CCH(Printf)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cchDest,
                    _In_ const STRSAFE_CHAR *pszFormat, ...)
{
    va_list arguments;
    NTSTATUS status;

    va_start(arguments, pszFormat);
    status = STRSAFE_CCH(VPrintf)(pszDest, cchDest, pszFormat, arguments);
    va_end(arguments);
    return status;
}

__wdk_inline NTSTATUS
STRSAFE_CCH(PrintfEx)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cchDest,
                      _Out_opt_ STRSAFE_CHAR **ppszDestEnd, _Out_opt_ SIZE_T *pcchRemaining,
                      _In_ ULONG dwFlags, _In_ const STRSAFE_CHAR *pszFormat, ...)
{
    va_list arguments;
    NTSTATUS status;

    va_start(arguments, pszFormat);
    status = STRSAFE_CCH(VPrintfEx)(pszDest, cchDest, ppszDestEnd, pcchRemaining, dwFlags,
                                    pszFormat, arguments);
    va_end(arguments);
    return status;
}

__wdk_inline NTSTATUS
STRSAFE_CCH(Length)(_In_ const STRSAFE_CHAR *psz, _In_ SIZE_T cchMax, _Out_opt_ SIZE_T *pcchLength)
{
    SIZE_T length;
    NTSTATUS status = STRSAFE_NAME(measure)(psz, cchMax, &length);

    if (pcchLength != NULL) {
        *pcchLength = length;
    }
    return status;
}

EXTERN_C_END
