/*
 * Lists derived from others: "NdisAllocateCloneNetBufferList", "NdisAllocateFragmentNetBufferList",
 * "NdisAllocateReassembledNetBufferList", their frees, "Derived NET_BUFFER_LIST Structures".
 */
#include "support/buffers.h"
#include "support/dice.h"

enum { ORIGINAL_LIMIT = 5, FLAT_LIMIT = 4096 };

/* A list of some buffers over chains of their own, and the pools that what it spawns comes from. */
struct original {
    NDIS_HANDLE lists;
    NDIS_HANDLE list_and_buffers;
    NDIS_HANDLE buffers;
    NET_BUFFER_LIST *list;
    MDL *chains[ORIGINAL_LIMIT];
    unsigned count;
    UCHAR flat[ORIGINAL_LIMIT][FLAT_LIMIT]; /* What each buffer holds. */
    ULONG bytes[ORIGINAL_LIMIT];
};

static MDL *
random_chain(struct dice *dice, UCHAR first)
{
    ULONG lengths[6];
    unsigned count = 1 + dice_roll(dice, 6);

    for (unsigned i = 0; i < count; i++) {
        lengths[i] = 1 + dice_roll(dice, 120);
    }
    return mdl_chain(lengths, count, first);
}

static bool
original_make(struct original *o, struct dice *dice, unsigned count)
{
    NET_BUFFER **end;

    o->lists = list_pool(FALSE, 0, 0);
    o->list_and_buffers = list_pool(TRUE, 0, 0);
    o->buffers = buffer_pool(0);
    o->list = NdisAllocateNetBufferList(o->lists, 0, 0);
    o->count = count;
    if (!guest_check(o->list != NULL)) {
        return false;
    }
    end = &NET_BUFFER_LIST_FIRST_NB(o->list);
    for (unsigned i = 0; i < count; i++, end = &NET_BUFFER_NEXT_NB(*end)) {
        ULONG all;
        ULONG offset;

        o->chains[i] = random_chain(dice, (UCHAR)dice_roll(dice, 256));
        all = mdl_chain_bytes(o->chains[i]);
        offset = dice_roll(dice, all);
        o->bytes[i] = 1 + dice_roll(dice, all - offset);
        *end = NdisAllocateNetBuffer(o->buffers, o->chains[i], offset, o->bytes[i]);
        if (!guest_check(*end != NULL)) {
            return false;
        }
        guest_check(buffer_read(*end, o->flat[i], FLAT_LIMIT) == o->bytes[i]);
    }
    return true;
}

/* Nothing that was derived from it has left a trace. */
static void
original_check(const struct original *o)
{
    NET_BUFFER *buffer = NET_BUFFER_LIST_FIRST_NB(o->list);
    UCHAR flat[FLAT_LIMIT];

    for (unsigned i = 0; i < o->count; i++, buffer = NET_BUFFER_NEXT_NB(buffer)) {
        guest_check(buffer_is_sound(buffer) && NET_BUFFER_FIRST_MDL(buffer) == o->chains[i]);
        guest_check(buffer_read(buffer, flat, FLAT_LIMIT) == o->bytes[i]);
        guest_check(memcmp(flat, o->flat[i], o->bytes[i]) == 0);
    }
    guest_check(buffer == NULL);
}

static void
original_free(struct original *o)
{
    NET_BUFFER *next;

    original_check(o);
    for (NET_BUFFER *buffer = NET_BUFFER_LIST_FIRST_NB(o->list); buffer != NULL; buffer = next) {
        next = NET_BUFFER_NEXT_NB(buffer);
        NdisFreeNetBuffer(buffer);
    }
    for (unsigned i = 0; i < o->count; i++) {
        mdl_chain_free(o->chains[i]);
    }
    NET_BUFFER_LIST_FIRST_NB(o->list) = NULL;
    NdisFreeNetBufferList(o->list);
    NdisFreeNetBufferPool(o->buffers);
    NdisFreeNetBufferListPool(o->list_and_buffers);
    NdisFreeNetBufferListPool(o->lists);
}

static UCHAR *
data_start(NET_BUFFER *buffer)
{
    return mdl_memory(NET_BUFFER_CURRENT_MDL(buffer)) + NET_BUFFER_CURRENT_MDL_OFFSET(buffer);
}

/* @buffer's data from @skip on are @bytes bytes of @flat. */
static bool
holds_flat(NET_BUFFER *buffer, ULONG skip, const UCHAR *flat, ULONG bytes)
{
    UCHAR seen[ORIGINAL_LIMIT * FLAT_LIMIT];

    return buffer_is_sound(buffer) && NET_BUFFER_DATA_LENGTH(buffer) == skip + bytes &&
           buffer_read(buffer, seen, sizeof(seen)) == skip + bytes &&
           memcmp(seen + skip, flat, bytes) == 0;
}

/* --- clones --- */

static void
clone_once(struct original *o, NDIS_HANDLE lists, NDIS_HANDLE buffers, ULONG flags)
{
    NET_BUFFER_LIST *clone = NdisAllocateCloneNetBufferList(o->list, lists, buffers, flags);
    NET_BUFFER *original = NET_BUFFER_LIST_FIRST_NB(o->list);
    NET_BUFFER *buffer;

    if (!guest_check(clone != NULL)) {
        return;
    }
    guest_check(clone != o->list && NET_BUFFER_LIST_NEXT_NBL(clone) == NULL);
    guest_check(clone->Context == NULL);
    guest_check(lists == NULL || clone->NdisPoolHandle == lists);
    buffer = NET_BUFFER_LIST_FIRST_NB(clone);
    for (unsigned i = 0; i < o->count; i++) {
        guest_check(buffer != original && holds_flat(buffer, 0, o->flat[i], o->bytes[i]));
        guest_check(data_start(buffer) == data_start(original));
        guest_check((NET_BUFFER_CURRENT_MDL(buffer) == NET_BUFFER_CURRENT_MDL(original)) ==
                    ((flags & NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS) != 0));
        guest_check(buffers == NULL || buffer->NdisPoolHandle == buffers);
        buffer = NET_BUFFER_NEXT_NB(buffer);
        original = NET_BUFFER_NEXT_NB(original);
    }
    guest_check(buffer == NULL);
    NdisFreeCloneNetBufferList(clone, flags);
    original_check(o);
}

static void
clones(void *argument)
{
    static struct original original;
    struct dice dice = dice_of(*(uint64_t *)argument);

    if (!original_make(&original, &dice, 1 + dice_roll(&dice, ORIGINAL_LIMIT))) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        ULONG flags = i == 0 ? 0 : NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS;

        clone_once(&original, NULL, NULL, flags);
        clone_once(&original, original.lists, original.buffers, flags);
        clone_once(&original, original.lists, NULL, flags);
        clone_once(&original, NULL, original.buffers, flags);
    }
    original_free(&original);
}

static void
run_seeded(guest_routine *routine)
{
    for (uint64_t seed = 0; seed < world_seeds(GUEST_SEEDS); seed++) {
        struct world w;

        world_open(&w, seed);
        guest_run(&w, routine, &seed);
        world_close(&w);
    }
}

static void
a_clone_describes_the_same_memory(void **state)
{
    (void)state;
    run_seeded(clones);
}

static void
clone_of_clone(void *argument)
{
    static struct original original;
    struct dice dice = dice_of(*(uint64_t *)argument);
    NET_BUFFER_LIST *first;
    NET_BUFFER_LIST *second;
    NET_BUFFER *buffer;

    if (!original_make(&original, &dice, 2)) {
        return;
    }
    first = NdisAllocateCloneNetBufferList(original.list, NULL, NULL, 0);
    second = NdisAllocateCloneNetBufferList(first, NULL, NULL, 0);
    guest_check(first != NULL && second != NULL);
    buffer = NET_BUFFER_LIST_FIRST_NB(second);
    guest_check(holds_flat(buffer, 0, original.flat[0], original.bytes[0]));
    guest_check(holds_flat(NET_BUFFER_NEXT_NB(buffer), 0, original.flat[1], original.bytes[1]));
    NdisAdvanceNetBufferDataStart(buffer, 1, FALSE, NULL);
    guest_check(
        holds_flat(NET_BUFFER_LIST_FIRST_NB(first), 0, original.flat[0], original.bytes[0]));
    NdisFreeCloneNetBufferList(second, 0);
    NdisFreeCloneNetBufferList(first, 0);
    original_free(&original);
}

static void
a_clone_moves_independently_of_its_original(void **state)
{
    (void)state;
    run_seeded(clone_of_clone);
}

/* "cloned from the start of the used data space": what is in front is not the clone's to use. */
static void
clone_headroom(void *argument)
{
    static struct original original;
    struct dice dice = dice_of(*(uint64_t *)argument);
    NET_BUFFER_LIST *clone;
    NET_BUFFER *buffer;

    if (!original_make(&original, &dice, 1)) {
        return;
    }
    clone = NdisAllocateCloneNetBufferList(original.list, NULL, NULL, 0);
    buffer = NET_BUFFER_LIST_FIRST_NB(clone);
    guest_check(NdisRetreatNetBufferDataStart(buffer, 8, 0, NULL) == NDIS_STATUS_SUCCESS);
    memset(data_start(buffer), 0xaa, 8);
    guest_check(holds_flat(buffer, 8, original.flat[0], original.bytes[0]));
    for (MDL *mdl = original.chains[0]; mdl != NULL; mdl = mdl->Next) {
        guest_check(data_start(buffer) < mdl_memory(mdl) ||
                    data_start(buffer) >= mdl_memory(mdl) + MmGetMdlByteCount(mdl));
    }
    NdisAdvanceNetBufferDataStart(buffer, 8, TRUE, NULL);
    NdisFreeCloneNetBufferList(clone, 0);
    original_free(&original);
}

static void
a_retreat_of_a_clone_leaves_the_space_in_front_of_its_original(void **state)
{
    (void)state;
    run_seeded(clone_headroom);
}

/* --- fragments --- */

static void
fragment_once(struct original *o, struct dice *dice)
{
    ULONG start = dice_roll(dice, 40);
    ULONG most = 1 + dice_roll(dice, 100);
    ULONG delta = dice_roll(dice, 3) * 14;
    ULONG back_fill = dice_roll(dice, 3) * 20;
    NET_BUFFER_LIST *fragments = NdisAllocateFragmentNetBufferList(
        o->list, o->lists, o->buffers, start, most, delta, back_fill, 0);
    NET_BUFFER *buffer;

    if (!guest_check(fragments != NULL)) {
        return;
    }
    guest_check(fragments->Context == NULL && fragments->NdisPoolHandle == o->lists);
    buffer = NET_BUFFER_LIST_FIRST_NB(fragments);
    for (unsigned i = 0; i < o->count; i++) {
        for (ULONG done = start; done < o->bytes[i]; done += most) {
            ULONG bytes = o->bytes[i] - done < most ? o->bytes[i] - done : most;

            if (!guest_check(buffer != NULL)) {
                return;
            }
            guest_check(holds_flat(buffer, delta, o->flat[i] + done, bytes));
            if (delta > 0) {
                *data_start(buffer) = 0x55;
            }
            guest_check(buffer->NdisPoolHandle == o->buffers);
            buffer = NET_BUFFER_NEXT_NB(buffer);
        }
    }
    guest_check(buffer == NULL);
    NdisFreeFragmentNetBufferList(fragments, delta, 0);
    original_check(o);
}

/* Original buffers that have less than the start offset give no fragment. */
static void
fragments(void *argument)
{
    static struct original original;
    struct dice dice = dice_of(*(uint64_t *)argument);

    do {
        unsigned longest = 0;

        if (!original_make(&original, &dice, 1 + dice_roll(&dice, ORIGINAL_LIMIT))) {
            return;
        }
        for (unsigned i = 0; i < original.count; i++) {
            longest = original.bytes[i] > longest ? original.bytes[i] : longest;
        }
        if (longest > 40) {
            for (unsigned i = 0; i < 10; i++) {
                fragment_once(&original, &dice);
            }
        }
        original_free(&original);
        if (longest > 40) {
            return;
        }
    } while (true);
}

static void
fragments_cut_each_buffer_into_pieces(void **state)
{
    (void)state;
    run_seeded(fragments);
}

/* --- reassembled lists --- */

static void
reassemble_once(struct original *o, struct dice *dice)
{
    static UCHAR flat[ORIGINAL_LIMIT * FLAT_LIMIT];
    ULONG start = ~0u;
    ULONG delta = dice_roll(dice, 3) * 10;
    ULONG bytes = 0;
    NDIS_HANDLE pool = dice_roll(dice, 2) == 0 ? NULL : o->list_and_buffers;
    NET_BUFFER_LIST *whole;
    NET_BUFFER *buffer;

    for (unsigned i = 0; i < o->count; i++) {
        start = o->bytes[i] < start ? o->bytes[i] : start;
    }
    start = dice_roll(dice, start);
    for (unsigned i = 0; i < o->count; i++) {
        memcpy(flat + bytes, o->flat[i] + start, o->bytes[i] - start);
        bytes += o->bytes[i] - start;
    }
    whole = NdisAllocateReassembledNetBufferList(o->list, pool, start, delta,
                                                 dice_roll(dice, 3) * 20, 0);
    if (!guest_check(whole != NULL)) {
        return;
    }
    buffer = NET_BUFFER_LIST_FIRST_NB(whole);
    guest_check(whole->Context == NULL && (pool == NULL || whole->NdisPoolHandle == pool));
    guest_check(NET_BUFFER_NEXT_NB(buffer) == NULL && holds_flat(buffer, delta, flat, bytes));
    NdisFreeReassembledNetBufferList(whole, delta, 0);
    original_check(o);
}

static void
reassembled(void *argument)
{
    static struct original original;
    struct dice dice = dice_of(*(uint64_t *)argument);

    if (!original_make(&original, &dice, 1 + dice_roll(&dice, ORIGINAL_LIMIT))) {
        return;
    }
    for (unsigned i = 0; i < 10; i++) {
        reassemble_once(&original, &dice);
    }
    original_free(&original);
}

static void
a_reassembled_list_joins_all_buffers_in_one(void **state)
{
    (void)state;
    run_seeded(reassembled);
}

/* --- misuse --- */

static void
foreign_flags(void *argument)
{
    static struct original original;
    struct dice dice = dice_of(1);
    NET_BUFFER_LIST *clone;

    (void)argument;
    if (!original_make(&original, &dice, 1)) {
        return;
    }
    clone = NdisAllocateCloneNetBufferList(original.list, NULL, NULL, 0);
    NdisFreeCloneNetBufferList(clone, NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS);
    original_free(&original);
}

static void
a_clone_freed_with_other_flags_is_reported(void **state)
{
    (void)state;
    guest_break_alone(foreign_flags, "NBL_DERIVED_FREE");
}

static void
foreign_delta(void *argument)
{
    static struct original original;
    struct dice dice = dice_of(1);
    NET_BUFFER_LIST *fragments_of;

    (void)argument;
    if (!original_make(&original, &dice, 1)) {
        return;
    }
    fragments_of = NdisAllocateFragmentNetBufferList(original.list, original.lists,
                                                     original.buffers, 0, 50, 14, 0, 0);
    NdisFreeFragmentNetBufferList(fragments_of, 4, 0);
    original_free(&original);
}

static void
fragments_freed_with_another_delta_are_reported(void **state)
{
    (void)state;
    guest_break_alone(foreign_delta, "NBL_DERIVED_FREE");
}

static void
foreign_kind(void *argument)
{
    static struct original original;
    struct dice dice = dice_of(1);

    (void)argument;
    if (!original_make(&original, &dice, 1)) {
        return;
    }
    NdisFreeReassembledNetBufferList(NdisAllocateCloneNetBufferList(original.list, NULL, NULL, 0),
                                     0, 0);
    original_free(&original);
}

static void
a_clone_freed_as_something_else_is_reported(void **state)
{
    (void)state;
    guest_break_alone(foreign_kind, "NBL_ORIGIN");
}

static void
clone_kept(void *argument)
{
    static struct original original;
    struct dice dice = dice_of(1);

    (void)argument;
    if (!original_make(&original, &dice, 1)) {
        return;
    }
    guest_check(NdisAllocateCloneNetBufferList(original.list, NULL, NULL, 0) != NULL);
    original_free(&original);
}

static void
a_clone_that_is_never_freed_is_reported(void **state)
{
    (void)state;
    guest_break_alone(clone_kept, "LEAK_UNLOAD");
}

/* --- levels and want of memory --- */

static void
derive(void *argument)
{
    NDIS_HANDLE lists = list_pool(TRUE, 0, 0);
    NDIS_HANDLE buffers = buffer_pool(0);
    MDL *chain = MDLS(0, 40, 50, 60);
    NET_BUFFER_LIST *list = NULL;
    NET_BUFFER_LIST *derived;

    (void)argument;
    if (lists != NULL && chain != NULL) {
        list = NdisAllocateNetBufferAndNetBufferList(lists, 0, 0, chain, 10, 130);
    }
    if (list != NULL) {
        derived = NdisAllocateCloneNetBufferList(list, NULL, NULL, 0);
        if (derived != NULL) {
            NdisFreeCloneNetBufferList(derived, 0);
        }
        derived = buffers == NULL
                      ? NULL
                      : NdisAllocateFragmentNetBufferList(list, lists, buffers, 20, 40, 14, 6, 0);
        if (derived != NULL) {
            NdisFreeFragmentNetBufferList(derived, 14, 0);
        }
        derived = NdisAllocateReassembledNetBufferList(list, NULL, 20, 14, 6, 0);
        if (derived != NULL) {
            NdisFreeReassembledNetBufferList(derived, 14, 0);
        }
        guest_check(buffer_holds(NET_BUFFER_LIST_FIRST_NB(list), 130, 10));
        guest_check(NET_BUFFER_FIRST_MDL(NET_BUFFER_LIST_FIRST_NB(list)) == chain);
        NdisFreeNetBufferList(list);
    }
    mdl_chain_free(chain);
    if (buffers != NULL) {
        NdisFreeNetBufferPool(buffers);
    }
    if (lists != NULL) {
        NdisFreeNetBufferListPool(lists);
    }
}

static void
derive_at_dispatch(void *argument)
{
    KIRQL irql = KeRaiseIrqlToDpcLevel();

    derive(argument);
    KeLowerIrql(irql);
}

static void
lists_are_derived_at_dispatch_level(void **state)
{
    (void)state;
    guest_run_alone(derive_at_dispatch);
}

static void
each_step_of_a_derivation_may_fail(void **state)
{
    (void)state;
    guest_fail_alone(derive);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clone_describes_the_same_memory),
        cmocka_unit_test(a_clone_moves_independently_of_its_original),
        cmocka_unit_test(a_retreat_of_a_clone_leaves_the_space_in_front_of_its_original),
        cmocka_unit_test(fragments_cut_each_buffer_into_pieces),
        cmocka_unit_test(a_reassembled_list_joins_all_buffers_in_one),
        cmocka_unit_test(a_clone_freed_with_other_flags_is_reported),
        cmocka_unit_test(fragments_freed_with_another_delta_are_reported),
        cmocka_unit_test(a_clone_freed_as_something_else_is_reported),
        cmocka_unit_test(a_clone_that_is_never_freed_is_reported),
        cmocka_unit_test(lists_are_derived_at_dispatch_level),
        cmocka_unit_test(each_step_of_a_derivation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
