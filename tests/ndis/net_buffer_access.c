/*
 * Looking at and copying the data: "NdisGetDataBuffer", "NdisCopyFromNetBufferToNetBuffer",
 * "NdisAdjustNetBufferCurrentMdl", "NdisQueryNetBufferPhysicalCount".
 */
#include "support/buffers.h"

/* --- NdisGetDataBuffer --- */

static void
contiguous(void *argument)
{
    struct chain_buffer f;
    UCHAR storage[64];

    (void)argument;
    if (!chain_buffer_make(&f, MDLS(10, 20, 30), 5, 40)) {
        return;
    }
    guest_check(NdisGetDataBuffer(f.buffer, 15, NULL, 1, 0) == mdl_memory(f.chain) + 5);
    guest_check(NdisGetDataBuffer(f.buffer, 15, storage, 1, 0) == mdl_memory(f.chain) + 5);
    guest_check(NdisGetDataBuffer(f.buffer, 16, NULL, 1, 0) == NULL);
    memset(storage, 0, sizeof(storage));
    guest_check(NdisGetDataBuffer(f.buffer, 40, storage, 1, 0) == storage);
    for (unsigned i = 0; i < sizeof(storage); i++) {
        guest_check(storage[i] == (i < 40 ? 15 + i : 0));
    }
    guest_check(NdisGetDataBuffer(f.buffer, 41, storage, 1, 0) == NULL);
    NdisAdvanceNetBufferDataStart(f.buffer, 15, FALSE, NULL);
    guest_check(NdisGetDataBuffer(f.buffer, 25, NULL, 1, 0) == mdl_memory(f.chain->Next));
    NdisAdvanceNetBufferDataStart(f.buffer, 20, FALSE, NULL);
    guest_check(NdisGetDataBuffer(f.buffer, 5, NULL, 1, 0) == mdl_memory(f.chain->Next) + 20);
    guest_check(NdisGetDataBuffer(f.buffer, 6, storage, 1, 0) == NULL);
    chain_buffer_free(&f);
}

static void
contiguous_data_are_used_where_they_are(void **state)
{
    (void)state;
    guest_run_alone(contiguous);
}

/* "AlignMultiple is 4 and AlignOffset is 3: the address should be a multiple of 4 plus 3" */
static void
alignment(void *argument)
{
    enum { ROOM = 64 };
    struct chain_buffer f;
    DECLSPEC_ALIGN(64) UCHAR storage[2 * ROOM];

    (void)argument;
    if (!chain_buffer_make(&f, MDLS(0, 64), 0, 64)) {
        return;
    }
    for (ULONG start = 0; start < 16; start++) {
        for (ULONG multiple = 1; multiple <= 16; multiple *= 2) {
            for (ULONG offset = 0; offset < multiple; offset++) {
                UCHAR *room = storage + offset;
                UCHAR *data = NdisGetDataBuffer(f.buffer, 8, room, multiple, offset);
                UCHAR *here = mdl_memory(f.chain) + start;
                bool aligned = ((ULONG_PTR)here - offset) % multiple == 0;

                guest_check(data == (aligned ? here : room));
                guest_check(data != NULL && data[0] == start && data[7] == start + 7);
                data = NdisGetDataBuffer(f.buffer, 8, NULL, multiple, offset);
                guest_check(data == (aligned ? here : NULL));
            }
        }
        NdisAdvanceNetBufferDataStart(f.buffer, 1, FALSE, NULL);
    }
    chain_buffer_free(&f);
}

static void
misaligned_data_are_copied(void **state)
{
    (void)state;
    guest_run_alone(alignment);
}

/* MDLs of no length may lie anywhere in a chain. */
static void
empty_mdls(void *argument)
{
    struct chain_buffer f;
    MDL *chain = MDLS(0, 4, 4, 4);
    MDL *hollow = NdisAllocateMdl(guest_handle(), mdl_memory(chain), 4);
    UCHAR storage[12];

    (void)argument;
    hollow->ByteCount = 0;
    hollow->Next = chain->Next;
    chain->Next = hollow;
    if (!chain_buffer_make(&f, chain, 0, 12)) {
        return;
    }
    guest_check(NdisGetDataBuffer(f.buffer, 12, storage, 1, 0) == storage && storage[11] == 11);
    for (ULONG done = 0; done < 12; done++) {
        guest_check(buffer_is_sound(f.buffer));
        guest_check(buffer_holds(f.buffer, 12 - done, (UCHAR)done));
        guest_check(*(UCHAR *)NdisGetDataBuffer(f.buffer, 1, NULL, 1, 0) == done);
        NdisAdvanceNetBufferDataStart(f.buffer, 1, FALSE, NULL);
    }
    chain->Next = hollow->Next;
    NdisFreeMdl(hollow);
    chain_buffer_free(&f);
}

static void
empty_mdls_are_passed_over(void **state)
{
    (void)state;
    guest_run_alone(empty_mdls);
}

/* --- copies --- */

static bool
filled(const NET_BUFFER *buffer, ULONG from, ULONG bytes, UCHAR first)
{
    UCHAR flat[256];
    ULONG all = buffer_read(buffer, flat, sizeof(flat));

    for (ULONG i = 0; i < bytes; i++) {
        if (from + i >= all || flat[from + i] != (UCHAR)(first + i)) {
            return false;
        }
    }
    return true;
}

static void
copies(void *argument)
{
    struct chain_buffer to;
    struct chain_buffer from;
    ULONG copied = 99;

    (void)argument;
    if (!chain_buffer_make(&to, MDLS(0, 7, 9, 60), 3, 73) ||
        !chain_buffer_make(&from, MDLS(100, 10, 10, 40), 12, 30)) {
        return;
    }
    guest_check(NdisCopyFromNetBufferToNetBuffer(to.buffer, 5, 20, from.buffer, 3, &copied) ==
                NDIS_STATUS_SUCCESS);
    guest_check(copied == 20);
    guest_check(filled(to.buffer, 0, 5, 3) && filled(to.buffer, 5, 20, 115));
    guest_check(filled(to.buffer, 25, 48, 28) && buffer_holds(from.buffer, 30, 112));
    guest_check(NET_BUFFER_DATA_LENGTH(to.buffer) == 73 && NET_BUFFER_DATA_OFFSET(to.buffer) == 3);
    guest_check(buffer_is_sound(to.buffer) && buffer_is_sound(from.buffer));

    /* The source runs out of data. */
    guest_check(NdisCopyFromNetBufferToNetBuffer(to.buffer, 0, 60, from.buffer, 10, &copied) ==
                NDIS_STATUS_SUCCESS);
    guest_check(copied == 20 && filled(to.buffer, 0, 20, 122) && filled(to.buffer, 20, 5, 130));
    /* The destination runs out of space. */
    guest_check(NdisCopyFromNetBufferToNetBuffer(to.buffer, 60, 30, from.buffer, 0, &copied) ==
                NDIS_STATUS_SUCCESS);
    guest_check(copied == 13 && filled(to.buffer, 60, 13, 112));
    guest_check(NdisCopyFromNetBufferToNetBuffer(to.buffer, 0, 10, from.buffer, 30, &copied) ==
                NDIS_STATUS_SUCCESS);
    guest_check(copied == 0);
    chain_buffer_free(&to);
    chain_buffer_free(&from);
}

static void
a_copy_ends_with_the_data_or_the_space(void **state)
{
    (void)state;
    guest_run_alone(copies);
}

/* "The caller must update DataLength": what counts is the room of the MDLs behind the data offset.
 */
static void
copy_into_space(void *argument)
{
    struct chain_buffer to;
    struct chain_buffer from;
    ULONG copied = 0;

    (void)argument;
    if (!chain_buffer_make(&to, MDLS(0, 8, 8, 8), 6, 0) ||
        !chain_buffer_make(&from, MDLS(50, 32), 0, 32)) {
        return;
    }
    guest_check(NdisCopyFromNetBufferToNetBuffer(to.buffer, 0, 32, from.buffer, 0, &copied) ==
                NDIS_STATUS_SUCCESS);
    guest_check(copied == 18 && NET_BUFFER_DATA_LENGTH(to.buffer) == 0);
    NET_BUFFER_DATA_LENGTH(to.buffer) = 18;
    guest_check(buffer_holds(to.buffer, 18, 50));
    chain_buffer_free(&to);
    chain_buffer_free(&from);
}

static void
a_copy_fills_space_that_is_not_used_yet(void **state)
{
    (void)state;
    guest_run_alone(copy_into_space);
}

/* --- the current MDL, physical pages --- */

static void
adjust(void *argument)
{
    struct chain_buffer f;

    (void)argument;
    if (!chain_buffer_make(&f, MDLS(0, 3, 5, 7), 0, 15)) {
        return;
    }
    for (ULONG offset = 0; offset <= 15; offset++) {
        NET_BUFFER_DATA_OFFSET(f.buffer) = offset;
        NET_BUFFER_DATA_LENGTH(f.buffer) = 15 - offset;
        NdisAdjustNetBufferCurrentMdl(f.buffer);
        guest_check(buffer_is_sound(f.buffer));
        guest_check(offset == 15 || *(mdl_memory(NET_BUFFER_CURRENT_MDL(f.buffer)) +
                                      NET_BUFFER_CURRENT_MDL_OFFSET(f.buffer)) == offset);
    }
    chain_buffer_free(&f);
}

static void
the_current_mdl_follows_the_data_offset(void **state)
{
    (void)state;
    guest_run_alone(adjust);
}

/* No less than the pages the data touch, no more than those the whole chain does. */
static void
physical_count(void *argument)
{
    struct chain_buffer f;

    (void)argument;
    if (!chain_buffer_make(&f, MDLS(0, 100, 3 * PAGE_SIZE, 50), 0, 3 * PAGE_SIZE + 150)) {
        return;
    }
    for (ULONG step = 0; step < 12; step++) {
        ULONG most = 0;
        ULONG least = 0;
        ULONG skip = NET_BUFFER_DATA_OFFSET(f.buffer);
        ULONG count = NdisQueryNetBufferPhysicalCount(f.buffer);

        for (MDL *mdl = f.chain; mdl != NULL; mdl = mdl->Next) {
            ULONG bytes = MmGetMdlByteCount(mdl);
            ULONG unused = skip < bytes ? skip : bytes;

            most += ADDRESS_AND_SIZE_TO_SPAN_PAGES(mdl_memory(mdl), bytes);
            if (bytes > unused) {
                least += ADDRESS_AND_SIZE_TO_SPAN_PAGES(mdl_memory(mdl) + unused, bytes - unused);
            }
            skip -= unused;
        }
        guest_check(count >= least && count <= most);
        NdisAdvanceNetBufferDataStart(f.buffer, 1000, FALSE, NULL);
    }
    chain_buffer_free(&f);
}

static void
the_physical_count_is_that_of_the_pages(void **state)
{
    (void)state;
    guest_run_alone(physical_count);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contiguous_data_are_used_where_they_are),
        cmocka_unit_test(misaligned_data_are_copied),
        cmocka_unit_test(empty_mdls_are_passed_over),
        cmocka_unit_test(a_copy_ends_with_the_data_or_the_space),
        cmocka_unit_test(a_copy_fills_space_that_is_not_used_yet),
        cmocka_unit_test(the_current_mdl_follows_the_data_offset),
        cmocka_unit_test(the_physical_count_is_that_of_the_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
