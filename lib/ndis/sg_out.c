#include "ndis/sg_out.h"

#include <stdlib.h>
#include <uthash.h>

struct sg_out {
    SCATTER_GATHER_LIST *list;
    bool own;
    UT_hash_handle hh;
};

bool
pndis__sg_out_add(struct pndis_device *device, SCATTER_GATHER_LIST *list, bool own)
{
    struct sg_out *out = malloc(sizeof(*out));

    if (out == NULL) {
        return false;
    }
    out->list = list;
    out->own = own;
    brief_lock(&device->lists_lock);
    HASH_ADD_PTR(device->lists_out, list, out);
    brief_unlock(&device->lists_lock);
    return true;
}

bool
pndis__sg_out_is(struct pndis_device *device, const SCATTER_GATHER_LIST *list)
{
    struct sg_out *out;

    brief_lock(&device->lists_lock);
    HASH_FIND_PTR(device->lists_out, &list, out);
    brief_unlock(&device->lists_lock);
    return out != NULL;
}

void
pndis__sg_out_remove(struct pndis_device *device, const SCATTER_GATHER_LIST *list)
{
    struct sg_out *out;

    brief_lock(&device->lists_lock);
    HASH_FIND_PTR(device->lists_out, &list, out);
    if (out != NULL) {
        HASH_DEL(device->lists_out, out);
    }
    brief_unlock(&device->lists_lock);
    free(out);
}

void
pndis__sg_out_fini(struct pndis_device *device)
{
    struct sg_out *out;
    struct sg_out *next;

    HASH_ITER (hh, device->lists_out, out, next) {
        HASH_DEL(device->lists_out, out);
        if (out->own) {
            free(out->list);
        }
        free(out);
    }
}
