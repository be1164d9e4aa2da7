#include "hw/steer.h"

#include "hw/nic.h"
#include "hw/room.h"

#include <endian.h>
#include <stdlib.h>

enum { MAIL_LIMIT = 256 };

/* --- mail --- */

struct letter {
    uint8_t *bytes; /* Header and frame. */
    uint32_t size;
    uint32_t capacity;
};

struct mail {
    struct brief_lock lock;
    uint32_t count; /* Read without the lock to see whether to look. */
    unsigned first;
    struct letter letters[MAIL_LIMIT];
};

struct mail *
pndis__mail_create(void)
{
    return calloc(1, sizeof(struct mail));
}

void
pndis__mail_destroy(struct mail *mail)
{
    for (unsigned i = 0; mail != NULL && i < MAIL_LIMIT; i++) {
        free(mail->letters[i].bytes);
    }
    free(mail);
}

static void
throw_away(struct mail *mail)
{
    brief_lock(&mail->lock);
    __atomic_store_n(&mail->count, 0, __ATOMIC_RELAXED);
    brief_unlock(&mail->lock);
}

static bool
has_room(struct letter *letter, uint32_t bytes)
{
    uint8_t *grown;

    if (letter->capacity >= bytes) {
        return true;
    }
    grown = realloc(letter->bytes, bytes);
    if (grown != NULL) {
        letter->bytes = grown;
        letter->capacity = bytes;
    }
    return grown != NULL;
}

static bool
post(struct mail *mail, const struct pndis_slice *slices, unsigned count, uint32_t bytes)
{
    bool posted = false;

    brief_lock(&mail->lock);
    if (mail->count < MAIL_LIMIT) {
        struct letter *letter = &mail->letters[(mail->first + mail->count) % MAIL_LIMIT];

        posted = has_room(letter, bytes);
        if (posted) {
            letter->size = (uint32_t)pndis__slices_read(slices, count, 0, letter->bytes, bytes);
            __atomic_store_n(&mail->count, mail->count + 1, __ATOMIC_RELAXED);
        }
    }
    brief_unlock(&mail->lock);
    return posted;
}

/* --- commands --- */

/* What is left of a command's data. */
struct reader {
    const uint8_t *at;
    size_t left;
    bool failed;
};

static uint32_t
read_number(struct reader *reader, size_t bytes)
{
    uint32_t value = 0;

    if (reader->left < bytes) {
        reader->failed = true;
        return 0;
    }
    memcpy(&value, reader->at, bytes);
    reader->at += bytes;
    reader->left -= bytes;
    return le32toh(value);
}

/* The last field: its length, and nothing behind it. */
static bool
read_key(struct reader *reader, uint32_t types, struct hash *hash)
{
    uint32_t bytes = read_number(reader, 1);

    if (reader->failed || bytes > HASH_KEY_BYTES || bytes != reader->left ||
        (types & ~(uint32_t)HASH_TYPES) != 0) {
        return false;
    }
    pndis__hash_set(hash, types, reader->at, bytes);
    return true;
}

static void
use(struct pndis_nic *nic, const struct steering *steering)
{
    pndis__nic_lock_receive(nic);
    *nic->steering = *steering;
    pndis__nic_unlock_receive(nic);
}

static bool
read_table(struct reader *reader, const struct pndis_nic *nic, struct steering *steering,
           unsigned *last)
{
    uint32_t mask = read_number(reader, 2);

    steering->unclassified = (uint16_t)read_number(reader, 2);
    if (reader->failed || mask >= STEER_TABLE_LIMIT || (mask & (mask + 1)) != 0) {
        return false;
    }
    steering->mask = (uint16_t)mask;
    *last = steering->unclassified;
    for (unsigned i = 0; i <= mask; i++) {
        steering->table[i] = (uint16_t)read_number(reader, 2);
        *last = max(*last, (unsigned)steering->table[i]);
    }
    return !reader->failed && *last < nic->pair_count;
}

bool
pndis__steer_set_rss(struct pndis_nic *nic, const uint8_t *data, size_t bytes)
{
    struct reader reader = {data, bytes, false};
    struct steering steering = {.spreads = true};
    uint32_t types = read_number(&reader, 4);
    unsigned last;
    uint32_t send;

    if (!read_table(&reader, nic, &steering, &last)) {
        return false;
    }
    send = read_number(&reader, 2);
    if (send == 0 || send > nic->pair_count || !read_key(&reader, types, &steering.hash)) {
        return false;
    }
    use(nic, &steering);
    pndis__nic_set_pairs(nic, max(send, last + 1));
    return true;
}

bool
pndis__steer_set_hash(struct pndis_nic *nic, const uint8_t *data, size_t bytes)
{
    enum { RESERVED = 4 };
    struct reader reader = {data, bytes, false};
    struct steering steering = {0};
    uint32_t types = read_number(&reader, 4);

    for (unsigned i = 0; i < RESERVED; i++) {
        read_number(&reader, 2);
    }
    if (!read_key(&reader, types, &steering.hash)) {
        return false;
    }
    use(nic, &steering);
    return true;
}

static void
throw_all_away(struct pndis_nic *nic)
{
    for (unsigned i = 0; i < nic->pair_count; i++) {
        throw_away(nic->pairs[i].mail);
    }
}

void
pndis__steer_reset(struct pndis_nic *nic)
{
    pndis__nic_lock_receive(nic);
    nic->steering->spreads = false;
    nic->steering->hash.types = 0;
    throw_all_away(nic);
    pndis__nic_unlock_receive(nic);
}

void
pndis__steer_stop(struct pndis_nic *nic)
{
    pndis__nic_lock_receive(nic);
    nic->steering->spreads = false;
    throw_all_away(nic);
    pndis__nic_unlock_receive(nic);
}

/* --- frames; the queue of the room is locked --- */

static unsigned
queue_of(const struct steering *steering, const struct pndis_room *room)
{
    return room->hash_report == 0 ? steering->unclassified
                                  : steering->table[room->hash & steering->mask];
}

bool
pndis__steer(struct pndis_room *room, const struct pndis_slice *slices, unsigned count,
             uint32_t bytes)
{
    struct pair *pair = room->pair;
    struct pndis_nic *nic = pair->nic;
    uint8_t start[HASH_FRAME_BYTES];
    size_t known =
        pndis__slices_read(slices, count, PNDIS_FRAME_HEADER_BYTES, start,
                           min(bytes - PNDIS_FRAME_HEADER_BYTES, (uint32_t)HASH_FRAME_BYTES));
    struct pair *to;

    room->hash = pndis__hash_frame(&nic->steering->hash, start, known, &room->hash_report);
    if (!nic->steering->spreads || room->is_mail) {
        return false;
    }
    to = &nic->pairs[queue_of(nic->steering, room)];
    if (to == pair) {
        return false;
    }
    if (!post(to->mail, slices, count, bytes)) {
        count_add(&pair->received.drops[PNDIS_DROP_STEERED], 1);
    }
    pndis__worker_wake(to);
    return true;
}

void
pndis__steer_deliver(struct pndis_room *room)
{
    struct mail *mail = room->pair->mail;
    bool fits = true;

    if (__builtin_expect(__atomic_load_n(&mail->count, __ATOMIC_RELAXED) == 0, 1)) {
        return;
    }
    room->is_mail = true;
    brief_lock(&mail->lock);
    while (fits && mail->count > 0) {
        const struct letter *letter = &mail->letters[mail->first];

        fits = pndis_room_put(room, letter->bytes, letter->bytes + PNDIS_FRAME_HEADER_BYTES,
                              letter->size - PNDIS_FRAME_HEADER_BYTES);
        if (fits) {
            mail->first = (mail->first + 1) % MAIL_LIMIT;
            __atomic_store_n(&mail->count, mail->count - 1, __ATOMIC_RELAXED);
        }
    }
    brief_unlock(&mail->lock);
    room->is_mail = false;
}

void
pndis__steer_header(const struct pndis_room *room, const struct pndis_slice *slices, unsigned count,
                    uint16_t used)
{
    struct virtio_net_hdr_v1_hash header = {
        .hash_value = htole32(room->hash),
        .hash_report = htole16(room->hash_report),
    };

    pndis__slices_read(slices, count, HASH_HEADER_MORE, &header.hdr, sizeof(header.hdr));
    header.hdr.num_buffers = htole16(used);
    pndis__slices_write(slices, count, 0, &header, sizeof(header));
}
