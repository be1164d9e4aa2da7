/*
 * What the driver sends: chains of a transmit queue become frames, a batch at a time, and go to the
 * backend straight out of the driver's memory. Runs inside the driver's doorbell.
 */
#include "hw/legacy.h"

#include <endian.h>

/* A batch being made. The arrays are the pair's; the lock is held. */
struct batch {
    struct pair *pair;
    struct virtqueue *queue;
    unsigned count;
    unsigned slices_used;
    unsigned slice_limit;
    uint32_t header_bytes; /* In the memory of the driver; backends get full ones. */
    bool blocked;          /* The backend takes no more. */
};

/* The header in one piece: a slice of its own, and the pieces in the chain skipped. */
static unsigned
join_header(struct batch *batch, struct pndis_slice *slices, unsigned count)
{
    struct virtio_net_hdr_v1 *header = &batch->pair->headers[batch->count];
    size_t skip = batch->header_bytes;
    unsigned first = 0;

    *header = (struct virtio_net_hdr_v1){0};
    /* Of a longer one the rest says nothing on its way out. */
    pndis__slices_read(slices, count, 0, header, min(skip, sizeof(*header)));
    while (skip >= slices[first].bytes) {
        skip -= slices[first++].bytes;
    }
    slices[first].data = (uint8_t *)slices[first].data + skip;
    slices[first].bytes -= skip;
    memmove(slices + 1, slices + first, (count - first) * sizeof(*slices));
    slices[0] = (struct pndis_slice){header, sizeof(*header)};
    return count - first + 1;
}

static bool
check_chain(struct pndis_nic *nic, const struct chain *chain, uint32_t header_bytes)
{
    if (chain->writable != 0) {
        return pndis__nic_break(nic, "a transmit buffer is to be written");
    }
    if (chain->readable_bytes <= header_bytes ||
        chain->readable_bytes - header_bytes > PNDIS_FRAME_BYTES_LIMIT - PNDIS_FRAME_HEADER_BYTES) {
        return pndis__nic_break(nic, "a frame to be sent is %llu bytes long, with its header",
                                (unsigned long long)chain->readable_bytes);
    }
    return true;
}

/* Take one more chain. Returns as pndis__queue_take(). */
static int
take_frame(struct batch *batch)
{
    struct pndis_slice *slices = batch->pair->send_slices + batch->slices_used;
    struct chain chain;
    unsigned count;
    int taken = pndis__queue_take(batch->queue, slices, &chain);

    if (taken <= 0) {
        return taken;
    }
    if (!check_chain(batch->pair->nic, &chain, batch->header_bytes)) {
        return -1;
    }
    count = chain.readable;
    if (__builtin_expect(slices[0].bytes < sizeof(struct virtio_net_hdr_v1) ||
                             batch->header_bytes != sizeof(struct virtio_net_hdr_v1),
                         0)) {
        count = join_header(batch, slices, count);
    }
    batch->pair->heads[batch->count] = chain.head;
    batch->pair->frames[batch->count++] = (struct pndis_frame){
        slices, count,
        (uint32_t)chain.readable_bytes - batch->header_bytes + PNDIS_FRAME_HEADER_BYTES};
    batch->slices_used += count;
    return 1;
}

/* Fill the batch from the ring. False: the device is broken now. */
static bool
fill(struct batch *batch)
{
    int taken = 1;

    batch->count = 0;
    batch->slices_used = 0;
    while (taken > 0 && batch->count < TRANSMIT_BATCH &&
           batch->slice_limit - batch->slices_used > batch->queue->size) {
        taken = take_frame(batch);
    }
    return taken >= 0;
}

static unsigned
hand_over(struct batch *batch)
{
    struct pair *pair = batch->pair;
    struct pndis_nic *nic = pair->nic;
    unsigned lost = 0;
    unsigned done;

    if (__atomic_load_n(&nic->link, __ATOMIC_RELAXED) == 0) {
        count_add(&pair->sent.drops[PNDIS_DROP_LINK], batch->count);
        return batch->count;
    }
    done = nic->backend->ops->send(nic->backend, pair->index, pair->frames, batch->count, &lost);
    count_add(&pair->sent.frames, done - lost);
    count_add(&pair->sent.drops[PNDIS_DROP_BACKEND], lost);
    for (unsigned i = 0; is_recorded(nic) && i < done; i++) {
        const struct pndis_frame *frame = &pair->frames[i];

        pndis__nic_record(nic, DIRECTION_OUT, frame->slices, frame->slice_count, frame->bytes);
    }
    return done;
}

/* Send what is in the ring; returns how many frames. The lock is held. */
static unsigned
send_all(struct batch *batch)
{
    struct pair *pair = batch->pair;
    unsigned total = 0;

    do {
        unsigned done;
        uint64_t bytes = 0;

        if (!fill(batch) || batch->count == 0) {
            break;
        }
        done = hand_over(batch);
        for (unsigned i = 0; i < done; i++) {
            bytes += pair->frames[i].bytes - sizeof(struct virtio_net_hdr_v1);
            queue_give(batch->queue, pair->heads[i], 0);
        }
        count_add(&pair->sent.bytes, bytes);
        count_add(&pair->sent.batches, 1);
        total += done;
        if (done < batch->count) {
            batch->queue->next_avail -= (uint16_t)(batch->count - done);
            batch->blocked = true;
            break;
        }
    } while (batch->queue->next_avail != batch->queue->avail_seen ||
             pndis__queue_listen(batch->queue));
    return total;
}

unsigned
pndis__nic_transmit(struct pair *pair)
{
    struct virtqueue *queue = pair->send;
    struct batch batch = {
        .pair = pair, .queue = queue, .slice_limit = TRANSMIT_SLICES * queue->size_limit};
    bool was_blocked;
    bool interrupt = false;
    unsigned total = 0;

    brief_lock(&queue->lock);
    if (pndis__queue_begin(queue)) {
        batch.header_bytes = pndis__header_bytes(pair->nic);
        was_blocked = __atomic_load_n(&pair->blocked, __ATOMIC_RELAXED) != 0;
        total = send_all(&batch);
        __atomic_store_n(&pair->blocked, batch.blocked, __ATOMIC_RELEASE);
        /* Once: whoever waits for the backend knows from then on what it waits for. */
        if (batch.blocked && !was_blocked) {
            pndis__worker_wake(pair);
        }
        interrupt = pndis__queue_publish(queue);
        count_add(&pair->sent.interrupts, interrupt);
    }
    brief_unlock(&queue->lock);
    if (interrupt) {
        pndis__nic_interrupt(pair->nic, queue);
    }
    pndis__nic_flush(pair->nic);
    return total;
}
