/* Memory compared and searched ("RtlCompareMemory function"), and dates ("TIME_FIELDS structure").
 */
#include "nt/nt.h"

SIZE_T
RtlCompareMemory(const VOID *Source1, const VOID *Source2, SIZE_T Length)
{
    const UCHAR *left = Source1;
    const UCHAR *right = Source2;
    SIZE_T at = 0;

    while (at < Length && left[at] == right[at]) {
        at++;
    }
    return at;
}

BOOLEAN
RtlIsZeroMemory(PVOID Buffer, SIZE_T Length)
{
    const UCHAR *bytes = Buffer;

    for (SIZE_T i = 0; i < Length; i++) {
        if (bytes[i] != 0) {
            return FALSE;
        }
    }
    return TRUE;
}
