/*
 * Property test of what moves and copies the data of a NET_BUFFER: random operations over random
 * MDL chains, each followed by a comparison with a plain array of bytes.
 */
#include "support/buffers.h"
#include "support/dice.h"

enum { MODEL_ROOM = 16384, STEPS = 120, CHAIN_MDLS = 8 };

/* A buffer, and what its used data should be: @bytes of @flat from @start on. */
struct model {
    struct chain_buffer real;
    struct dice *dice;
    UCHAR flat[MODEL_ROOM];
    ULONG start;
    ULONG bytes;
};

static MDL *
random_chain(struct dice *dice)
{
    ULONG lengths[CHAIN_MDLS];
    unsigned count = 1 + dice_roll(dice, CHAIN_MDLS);

    for (unsigned i = 0; i < count; i++) {
        lengths[i] = dice_roll(dice, 4) == 0 ? 1 + dice_roll(dice, 3) : 1 + dice_roll(dice, 90);
    }
    return mdl_chain(lengths, count, (UCHAR)dice_roll(dice, 256));
}

static bool
model_make(struct model *m, struct dice *dice)
{
    MDL *chain = random_chain(dice);
    ULONG all = mdl_chain_bytes(chain);
    ULONG offset = dice_roll(dice, all + 1);

    m->dice = dice;
    m->start = MODEL_ROOM / 2;
    m->bytes = dice_roll(dice, all - offset + 1);
    return chain_buffer_make(&m->real, chain, offset, m->bytes) &&
           guest_check(buffer_read(m->real.buffer, m->flat + m->start, m->bytes) == m->bytes);
}

static void
model_check(struct model *m)
{
    UCHAR seen[MODEL_ROOM];

    guest_check(buffer_is_sound(m->real.buffer));
    guest_check(NET_BUFFER_DATA_LENGTH(m->real.buffer) == m->bytes);
    guest_check(buffer_read(m->real.buffer, seen, sizeof(seen)) == m->bytes);
    guest_check(memcmp(seen, m->flat + m->start, m->bytes) == 0);
}

/* --- the operations --- */

static void
advance(struct model *m)
{
    ULONG bytes = dice_roll(m->dice, m->bytes + 1);

    NdisAdvanceNetBufferDataStart(m->real.buffer, bytes, dice_roll(m->dice, 2) == 0, NULL);
    m->start += bytes;
    m->bytes -= bytes;
}

/* The space that a retreat claims holds anything: it is written, byte by byte. */
static void
write_front(struct model *m, ULONG bytes)
{
    const MDL *mdl = NET_BUFFER_CURRENT_MDL(m->real.buffer);
    ULONG at = NET_BUFFER_CURRENT_MDL_OFFSET(m->real.buffer);

    for (ULONG i = 0; i < bytes; i++, at++) {
        while (mdl != NULL && at == MmGetMdlByteCount(mdl)) {
            mdl = mdl->Next;
            at = 0;
        }
        if (!guest_check(mdl != NULL)) {
            return;
        }
        m->flat[m->start + i] = (UCHAR)dice_roll(m->dice, 256);
        mdl_memory(mdl)[at] = m->flat[m->start + i];
    }
}

static void
retreat(struct model *m)
{
    ULONG bytes = dice_roll(m->dice, 70);

    if (m->start < bytes) {
        return;
    }
    guest_check(NdisRetreatNetBufferDataStart(m->real.buffer, bytes, dice_roll(m->dice, 40),
                                              NULL) == NDIS_STATUS_SUCCESS);
    m->start -= bytes;
    m->bytes += bytes;
    guest_check(buffer_is_sound(m->real.buffer));
    write_front(m, bytes);
}

static void
look(struct model *m)
{
    DECLSPEC_ALIGN(64) UCHAR storage[MODEL_ROOM + 64];
    ULONG multiple = 1u << dice_roll(m->dice, 5);
    ULONG offset = dice_roll(m->dice, multiple);
    ULONG bytes = 1 + dice_roll(m->dice, m->bytes + 8);
    UCHAR *room = dice_roll(m->dice, 4) == 0 ? NULL : storage + offset;
    UCHAR *data = NdisGetDataBuffer(m->real.buffer, bytes, room, multiple, offset);

    if (bytes > m->bytes) {
        guest_check(data == NULL);
        return;
    }
    guest_check(data != NULL || room == NULL);
    if (data != NULL) {
        guest_check(((ULONG_PTR)data - offset) % multiple == 0);
        guest_check(memcmp(data, m->flat + m->start, bytes) == 0);
    }
}

/* Shorten the data at their end, as a driver does that strips a trailer. */
static void
shorten(struct model *m)
{
    m->bytes -= dice_roll(m->dice, m->bytes / 4 + 1);
    NET_BUFFER_DATA_LENGTH(m->real.buffer) = m->bytes;
}

static void
copy_in(struct model *m)
{
    static struct model source;
    ULONG to = dice_roll(m->dice, m->bytes + 1);
    ULONG from;
    ULONG bytes;
    ULONG copied = ~0u;

    if (!model_make(&source, m->dice)) {
        return;
    }
    from = dice_roll(m->dice, source.bytes + 1);
    bytes = dice_roll(m->dice, m->bytes - to + 1);
    guest_check(NdisCopyFromNetBufferToNetBuffer(m->real.buffer, to, bytes, source.real.buffer,
                                                 from, &copied) == NDIS_STATUS_SUCCESS);
    guest_check(copied == (bytes < source.bytes - from ? bytes : source.bytes - from));
    memcpy(m->flat + m->start + to, source.flat + source.start + from, copied);
    model_check(&source);
    chain_buffer_free(&source.real);
}

static void
set_by_hand(struct model *m)
{
    ULONG bytes = dice_roll(m->dice, m->bytes + 1);

    NET_BUFFER_DATA_OFFSET(m->real.buffer) += bytes;
    NET_BUFFER_DATA_LENGTH(m->real.buffer) -= bytes;
    NdisAdjustNetBufferCurrentMdl(m->real.buffer);
    m->start += bytes;
    m->bytes -= bytes;
}

static void
clone(struct model *m)
{
    NDIS_HANDLE pool = list_pool(FALSE, 0, 0);
    NET_BUFFER_LIST *list = NdisAllocateNetBufferList(pool, 0, 0);
    ULONG flags = dice_roll(m->dice, 2) == 0 ? 0 : NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS;
    NET_BUFFER_LIST *copy;
    struct model same = *m;

    NET_BUFFER_LIST_FIRST_NB(list) = m->real.buffer;
    copy = NdisAllocateCloneNetBufferList(list, NULL, NULL, flags);
    if (guest_check(copy != NULL)) {
        same.real.buffer = NET_BUFFER_LIST_FIRST_NB(copy);
        model_check(&same);
        NdisFreeCloneNetBufferList(copy, flags);
    }
    NET_BUFFER_LIST_FIRST_NB(list) = NULL;
    NdisFreeNetBufferList(list);
    NdisFreeNetBufferListPool(pool);
}

/* --- the walk --- */

static void (*const operations[])(struct model *) = {
    advance, retreat, retreat, look, look, shorten, copy_in, set_by_hand, clone,
};

/* All that retreats have put in front goes, whatever was used of it. */
static void
drop_front(struct model *m)
{
    NET_BUFFER *buffer = m->real.buffer;
    ULONG front = 0;

    for (MDL *mdl = NET_BUFFER_FIRST_MDL(buffer); mdl != m->real.chain; mdl = mdl->Next) {
        front += MmGetMdlByteCount(mdl);
    }
    guest_check(NdisRetreatNetBufferDataStart(buffer, NET_BUFFER_DATA_OFFSET(buffer), 0, NULL) ==
                NDIS_STATUS_SUCCESS);
    if (NET_BUFFER_DATA_LENGTH(buffer) < front) {
        NET_BUFFER_DATA_LENGTH(buffer) = front;
    }
    NdisAdvanceNetBufferDataStart(buffer, front, TRUE, NULL);
}

static void
walk(void *argument)
{
    static struct model model;
    struct dice dice = dice_of(*(uint64_t *)argument);

    if (!model_make(&model, &dice)) {
        return;
    }
    model_check(&model);
    for (unsigned step = 0; step < STEPS; step++) {
        operations[dice_roll(&dice, RTL_NUMBER_OF(operations))](&model);
        model_check(&model);
    }
    drop_front(&model);
    chain_buffer_free(&model.real);
}

static void
a_buffer_behaves_as_an_array_of_bytes(void **state)
{
    enum { WALKS = 600 };

    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(WALKS); seed++) {
        struct world w;

        world_open(&w, seed);
        guest_run(&w, walk, &seed);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_behaves_as_an_array_of_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
