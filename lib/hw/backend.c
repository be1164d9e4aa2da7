/* What all backends share. */
#include "hw/queue.h"

#include <pndis/backend.h>

void
pndis_backend_destroy(struct pndis_backend *backend)
{
    if (backend != NULL) {
        backend->ops->destroy(backend);
    }
}

size_t
pndis_frame_copy(const struct pndis_frame *frame, void *buffer, size_t limit)
{
    return pndis__slices_read(frame->slices, frame->slice_count, 0, buffer, limit);
}
