/* The functions on terminated strings, for one kind of character. ntstrsafe.h includes this twice,
 * with STRSAFE_CHAR, STRSAFE_NAME, STRSAFE_CCH, STRSAFE_CB and STRSAFE_VSNPRINTF set for it: no
 * guard.
 *
 * Sizes named Cch count characters, sizes named Cb bytes; both include the terminator. What does
 * not fit is cut off, and the answer is STATUS_BUFFER_OVERFLOW ("Using Safe String Functions"). */

EXTERN_C_START

/* Length of @string, which has its terminator within @limit characters. */
__wdk_inline NTSTATUS
STRSAFE_NAME(measure)(const STRSAFE_CHAR *string, SIZE_T limit, SIZE_T *length)
{
    SIZE_T count = 0;

    *length = 0;
    if (string == NULL || limit > NTSTRSAFE_MAX_CCH) {
        return STATUS_INVALID_PARAMETER;
    }
    while (count < limit && string[count] != 0) {
        count++;
    }
    if (count == limit) {
        return STATUS_INVALID_PARAMETER;
    }
    *length = count;
    return STATUS_SUCCESS;
}

/* Copies up to @limit characters of @from behind @used characters of @to; terminates. */
__wdk_inline NTSTATUS
STRSAFE_NAME(append)(STRSAFE_CHAR *to, SIZE_T size, SIZE_T *used, const STRSAFE_CHAR *from,
                     SIZE_T limit)
{
    SIZE_T at = *used;

    while (at + 1 < size && limit != 0 && *from != 0) {
        to[at++] = *from++;
        limit--;
    }
    to[at] = 0;
    *used = at;
    return limit != 0 && *from != 0 ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

__wdk_inline NTSTATUS
STRSAFE_NAME(format)(STRSAFE_CHAR *to, SIZE_T size, SIZE_T *used, const STRSAFE_CHAR *format,
                     va_list arguments)
{
    int written = STRSAFE_VSNPRINTF(to, size - 1, format, arguments);

    if (written < 0 || (SIZE_T)written > size - 1) {
        to[size - 1] = 0;
        *used = size - 1;
        return STATUS_BUFFER_OVERFLOW;
    }
    to[written] = 0;
    *used = (SIZE_T)written;
    return STATUS_SUCCESS;
}

/* What the ...Ex functions promise after the work: fills, and where the string ends. @kept is how
 * many characters stay when a failure is to leave no truncated string. */
__wdk_inline VOID
STRSAFE_NAME(finish)(NTSTATUS status, STRSAFE_CHAR *to, SIZE_T bytes, SIZE_T used, SIZE_T kept,
                     STRSAFE_CHAR **end, SIZE_T *remaining, ULONG flags)
{
    SIZE_T size = bytes / sizeof(STRSAFE_CHAR);

    if (size != 0 && to != NULL) {
        if (!NT_SUCCESS(status)) {
            if (flags & STRSAFE_NO_TRUNCATION) {
                used = kept;
                to[used] = 0;
            }
            if (flags & STRSAFE_FILL_ON_FAILURE) {
                memset(to, (int)(flags & 0xff), bytes);
                used = (flags & 0xff) == 0 ? 0 : size - 1;
                to[used] = 0;
            }
            if (flags & STRSAFE_NULL_ON_FAILURE) {
                used = 0;
                to[used] = 0;
            }
        } else if (flags & STRSAFE_FILL_BEHIND_NULL) {
            memset(to + used + 1, (int)(flags & 0xff), bytes - (used + 1) * sizeof(STRSAFE_CHAR));
        }
    }
    if (end != NULL) {
        *end = to == NULL ? NULL : to + used;
    }
    if (remaining != NULL) {
        *remaining = size - used;
    }
}

/* NULL means the empty string where the caller says so. */
__wdk_inline NTSTATUS
STRSAFE_NAME(check)(const STRSAFE_CHAR *to, SIZE_T size, const STRSAFE_CHAR **from, ULONG flags)
{
    static const STRSAFE_CHAR nothing[1] = {0};

    if ((flags & ~STRSAFE_VALID_FLAGS) != 0 || size > NTSTRSAFE_MAX_CCH) {
        return STATUS_INVALID_PARAMETER;
    }
    if (flags & STRSAFE_IGNORE_NULLS) {
        if (*from == NULL) {
            *from = nothing;
        }
        if (to == NULL && size != 0) {
            return STATUS_INVALID_PARAMETER;
        }
    } else if (size == 0 || to == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

__wdk_inline NTSTATUS
STRSAFE_NAME(copy)(STRSAFE_CHAR *to, SIZE_T bytes, const STRSAFE_CHAR *from, SIZE_T limit,
                   STRSAFE_CHAR **end, SIZE_T *remaining, ULONG flags)
{
    SIZE_T size = bytes / sizeof(STRSAFE_CHAR);
    SIZE_T used = 0;
    NTSTATUS status = STRSAFE_NAME(check)(to, size, &from, flags);

    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (size == 0) {
        status = limit != 0 && *from != 0 ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
    } else {
        status = STRSAFE_NAME(append)(to, size, &used, from, limit);
    }
    STRSAFE_NAME(finish)(status, to, bytes, used, 0, end, remaining, flags);
    return status;
}

__wdk_inline NTSTATUS
STRSAFE_NAME(cat)(STRSAFE_CHAR *to, SIZE_T bytes, const STRSAFE_CHAR *from, SIZE_T limit,
                  STRSAFE_CHAR **end, SIZE_T *remaining, ULONG flags)
{
    SIZE_T size = bytes / sizeof(STRSAFE_CHAR);
    SIZE_T kept = 0;
    SIZE_T used = 0;
    NTSTATUS status = STRSAFE_NAME(check)(to, size, &from, flags);

    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (size == 0) {
        status = limit != 0 && *from != 0 ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
    } else {
        status = STRSAFE_NAME(measure)(to, size, &kept);
        if (!NT_SUCCESS(status)) {
            return status;
        }
        used = kept;
        status = STRSAFE_NAME(append)(to, size, &used, from, limit);
    }
    STRSAFE_NAME(finish)(status, to, bytes, used, kept, end, remaining, flags);
    return status;
}

__wdk_inline NTSTATUS
STRSAFE_NAME(vprintf)(STRSAFE_CHAR *to, SIZE_T bytes, STRSAFE_CHAR **end, SIZE_T *remaining,
                      ULONG flags, const STRSAFE_CHAR *format, va_list arguments)
{
    SIZE_T size = bytes / sizeof(STRSAFE_CHAR);
    SIZE_T used = 0;
    NTSTATUS status = STRSAFE_NAME(check)(to, size, &format, flags);

    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (size == 0) {
        status = *format != 0 ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
    } else {
        status = STRSAFE_NAME(format)(to, size, &used, format, arguments);
    }
    STRSAFE_NAME(finish)(status, to, bytes, used, 0, end, remaining, flags);
    return status;
}

EXTERN_C_END
