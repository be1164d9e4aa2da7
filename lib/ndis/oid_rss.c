/* RSS parameters from one set to the next. See oid_rss.h. */
#include "ndis/oid_rss.h"

#include <stdlib.h>

enum {
    HEAD_BYTES = NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_1,
    PART_ALIGNMENT = 8,
};

/* A set with what lies behind the structure. */
struct parameters {
    const UCHAR *data;
    ULONG bytes;
    NDIS_RECEIVE_SCALE_PARAMETERS head;
};

static bool
read_head(struct parameters *parameters, const UCHAR *data, ULONG bytes)
{
    if (data == NULL || bytes < HEAD_BYTES) {
        return false;
    }
    memset(&parameters->head, 0, sizeof(parameters->head));
    memcpy(&parameters->head, data, HEAD_BYTES);
    parameters->data = data;
    parameters->bytes = bytes;
    return true;
}

/* What @parameters has at @offset goes behind @used bytes of @to; nothing that is not there. */
static ULONG
append(UCHAR *to, ULONG used, const struct parameters *parameters, ULONG offset, USHORT bytes,
       ULONG *out_offset)
{
    if (bytes == 0 || offset > parameters->bytes || bytes > parameters->bytes - offset) {
        *out_offset = 0;
        return used;
    }
    used = (used + PART_ALIGNMENT - 1) & ~(ULONG)(PART_ALIGNMENT - 1);
    memcpy(to + used, parameters->data + offset, bytes);
    *out_offset = used;
    return used + bytes;
}

static bool
is_disabled(const NDIS_RECEIVE_SCALE_PARAMETERS *head)
{
    return (head->Flags & NDIS_RSS_PARAM_FLAG_DISABLE_RSS) != 0;
}

UCHAR *
pndis__rss_merge(const UCHAR *set, ULONG set_bytes, const UCHAR *before, ULONG before_bytes,
                 ULONG *out_bytes)
{
    struct parameters now;
    struct parameters old;
    const struct parameters *table = &now;
    const struct parameters *key = &now;
    NDIS_RECEIVE_SCALE_PARAMETERS merged;
    UCHAR *to;

    if (!read_head(&now, set, set_bytes)) {
        return NULL;
    }
    if (!read_head(&old, before, before_bytes)) {
        old = now;
    }
    to = calloc(1, (size_t)set_bytes + before_bytes + HEAD_BYTES + PART_ALIGNMENT);
    if (to == NULL) {
        return NULL;
    }
    memset(&merged, 0, sizeof(merged));
    merged.Header.Type = NDIS_OBJECT_TYPE_RSS_PARAMETERS;
    merged.Header.Revision = NDIS_RECEIVE_SCALE_PARAMETERS_REVISION_1;
    merged.Header.Size = HEAD_BYTES;
    *out_bytes = HEAD_BYTES;
    if (!is_disabled(&now.head)) {
        bool same_hash = (now.head.Flags & NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED) != 0;
        bool same_base = (now.head.Flags & NDIS_RSS_PARAM_FLAG_BASE_CPU_UNCHANGED) != 0;

        table = (now.head.Flags & NDIS_RSS_PARAM_FLAG_ITABLE_UNCHANGED) != 0 ? &old : &now;
        key = (now.head.Flags & NDIS_RSS_PARAM_FLAG_HASH_KEY_UNCHANGED) != 0 ? &old : &now;
        merged.HashInformation = (same_hash ? &old : &now)->head.HashInformation;
        merged.BaseCpuNumber = (same_base ? &old : &now)->head.BaseCpuNumber;
        merged.IndirectionTableSize = table->head.IndirectionTableSize;
        merged.HashSecretKeySize = key->head.HashSecretKeySize;
        *out_bytes = append(to, *out_bytes, table, table->head.IndirectionTableOffset,
                            merged.IndirectionTableSize, &merged.IndirectionTableOffset);
        *out_bytes = append(to, *out_bytes, key, key->head.HashSecretKeyOffset,
                            merged.HashSecretKeySize, &merged.HashSecretKeyOffset);
    }
    memcpy(to, &merged, HEAD_BYTES);
    return to;
}
