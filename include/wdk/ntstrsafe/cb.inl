/* The public functions with sizes in bytes, over functions.inl and for the same kind of
 * character: no guard. */

EXTERN_C_START

__wdk_inline NTSTATUS
STRSAFE_CB(Copy)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cbDest, _In_ const STRSAFE_CHAR *pszSrc)
{
    return STRSAFE_NAME(copy)(pszDest, cbDest, pszSrc, NTSTRSAFE_MAX_CCH, NULL, NULL, 0);
}

__wdk_inline NTSTATUS
STRSAFE_CB(CopyEx)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cbDest, _In_ const STRSAFE_CHAR *pszSrc,
                   _Out_opt_ STRSAFE_CHAR **ppszDestEnd, _Out_opt_ SIZE_T *pcbRemaining,
                   _In_ ULONG dwFlags)
{
    SIZE_T remaining = 0;
    NTSTATUS status = STRSAFE_NAME(copy)(pszDest, cbDest, pszSrc, NTSTRSAFE_MAX_CCH, ppszDestEnd,
                                         &remaining, dwFlags);

    if (pcbRemaining != NULL) {
        *pcbRemaining = remaining * sizeof(STRSAFE_CHAR) + cbDest % sizeof(STRSAFE_CHAR);
    }
    return status;
}

__wdk_inline NTSTATUS
STRSAFE_CB(CopyN)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cbDest, _In_ const STRSAFE_CHAR *pszSrc,
                  _In_ SIZE_T cbToCopy)
{
    return STRSAFE_NAME(copy)(pszDest, cbDest, pszSrc, cbToCopy / sizeof(STRSAFE_CHAR), NULL, NULL,
                              0);
}

__wdk_inline NTSTATUS
STRSAFE_CB(CopyNEx)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cbDest,
                    _In_ const STRSAFE_CHAR *pszSrc, _In_ SIZE_T cbToCopy,
                    _Out_opt_ STRSAFE_CHAR **ppszDestEnd, _Out_opt_ SIZE_T *pcbRemaining,
                    _In_ ULONG dwFlags)
{
    SIZE_T remaining = 0;
    NTSTATUS status = STRSAFE_NAME(copy)(pszDest, cbDest, pszSrc, cbToCopy / sizeof(STRSAFE_CHAR),
                                         ppszDestEnd, &remaining, dwFlags);

    if (pcbRemaining != NULL) {
        *pcbRemaining = remaining * sizeof(STRSAFE_CHAR) + cbDest % sizeof(STRSAFE_CHAR);
    }
    return status;
}

__wdk_inline NTSTATUS
STRSAFE_CB(Cat)(_Inout_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cbDest, _In_ const STRSAFE_CHAR *pszSrc)
{
    return STRSAFE_NAME(cat)(pszDest, cbDest, pszSrc, NTSTRSAFE_MAX_CCH, NULL, NULL, 0);
}

__wdk_inline NTSTATUS
STRSAFE_CB(CatEx)(_Inout_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cbDest,
                  _In_ const STRSAFE_CHAR *pszSrc, _Out_opt_ STRSAFE_CHAR **ppszDestEnd,
                  _Out_opt_ SIZE_T *pcbRemaining, _In_ ULONG dwFlags)
{
    SIZE_T remaining = 0;
    NTSTATUS status = STRSAFE_NAME(cat)(pszDest, cbDest, pszSrc, NTSTRSAFE_MAX_CCH, ppszDestEnd,
                                        &remaining, dwFlags);

    if (pcbRemaining != NULL) {
        *pcbRemaining = remaining * sizeof(STRSAFE_CHAR) + cbDest % sizeof(STRSAFE_CHAR);
    }
    return status;
}

__wdk_inline NTSTATUS
STRSAFE_CB(CatN)(_Inout_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cbDest, _In_ const STRSAFE_CHAR *pszSrc,
                 _In_ SIZE_T cbToAppend)
{
    return STRSAFE_NAME(cat)(pszDest, cbDest, pszSrc, cbToAppend / sizeof(STRSAFE_CHAR), NULL, NULL,
                             0);
}

__wdk_inline NTSTATUS
STRSAFE_CB(CatNEx)(_Inout_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cbDest,
                   _In_ const STRSAFE_CHAR *pszSrc, _In_ SIZE_T cbToAppend,
                   _Out_opt_ STRSAFE_CHAR **ppszDestEnd, _Out_opt_ SIZE_T *pcbRemaining,
                   _In_ ULONG dwFlags)
{
    SIZE_T remaining = 0;
    NTSTATUS status = STRSAFE_NAME(cat)(pszDest, cbDest, pszSrc, cbToAppend / sizeof(STRSAFE_CHAR),
                                        ppszDestEnd, &remaining, dwFlags);

    if (pcbRemaining != NULL) {
        *pcbRemaining = remaining * sizeof(STRSAFE_CHAR) + cbDest % sizeof(STRSAFE_CHAR);
    }
    return status;
}

__wdk_inline NTSTATUS
STRSAFE_CB(VPrintf)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cbDest,
                    _In_ const STRSAFE_CHAR *pszFormat, _In_ va_list argList)
{
    return STRSAFE_NAME(vprintf)(pszDest, cbDest, NULL, NULL, 0, pszFormat, argList);
}

__wdk_inline NTSTATUS
STRSAFE_CB(VPrintfEx)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cbDest,
                      _Out_opt_ STRSAFE_CHAR **ppszDestEnd, _Out_opt_ SIZE_T *pcbRemaining,
                      _In_ ULONG dwFlags, _In_ const STRSAFE_CHAR *pszFormat, _In_ va_list argList)
{
    SIZE_T remaining = 0;
    NTSTATUS status = STRSAFE_NAME(vprintf)(pszDest, cbDest, ppszDestEnd, &remaining, dwFlags,
                                            pszFormat, argList);

    if (pcbRemaining != NULL) {
        *pcbRemaining = remaining * sizeof(STRSAFE_CHAR) + cbDest % sizeof(STRSAFE_CHAR);
    }
    return status;
}

__wdk_inline NTSTATUS
STRSAFE_CB(Printf)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cbDest,
                   _In_ const STRSAFE_CHAR *pszFormat, ...)
{
    va_list arguments;
    NTSTATUS status;

    va_start(arguments, pszFormat);
    status = STRSAFE_CB(VPrintf)(pszDest, cbDest, pszFormat, arguments);
    va_end(arguments);
    return status;
}

__wdk_inline NTSTATUS
STRSAFE_CB(PrintfEx)(_Out_ STRSAFE_CHAR *pszDest, _In_ SIZE_T cbDest,
                     _Out_opt_ STRSAFE_CHAR **ppszDestEnd, _Out_opt_ SIZE_T *pcbRemaining,
                     _In_ ULONG dwFlags, _In_ const STRSAFE_CHAR *pszFormat, ...)
{
    va_list arguments;
    NTSTATUS status;

    va_start(arguments, pszFormat);
    status = STRSAFE_CB(VPrintfEx)(pszDest, cbDest, ppszDestEnd, pcbRemaining, dwFlags, pszFormat,
                                   arguments);
    va_end(arguments);
    return status;
}

__wdk_inline NTSTATUS
STRSAFE_CB(Length)(_In_ const STRSAFE_CHAR *psz, _In_ SIZE_T cbMax, _Out_opt_ SIZE_T *pcbLength)
{
    SIZE_T length;
    NTSTATUS status = STRSAFE_NAME(measure)(psz, cbMax / sizeof(STRSAFE_CHAR), &length);

    if (pcbLength != NULL) {
        *pcbLength = length * sizeof(STRSAFE_CHAR);
    }
    return status;
}

EXTERN_C_END
