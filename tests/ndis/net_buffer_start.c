/*
 * Moving the start of the data: "NdisRetreatNetBufferDataStart", "NdisAdvanceNetBufferDataStart",
 * the same for lists, "NET_BUFFER_ALLOCATE_MDL", "NET_BUFFER_FREE_MDL".
 */
#include "support/buffers.h"

/* --- advance and retreat --- */

/* "attempts to satisfy the request by reducing the value of the DataOffset member" */
static void
retreat_within(void *argument)
{
    struct chain_buffer f;

    (void)argument;
    if (!chain_buffer_make(&f, MDLS(10, 20, 30, 40), 55, 20)) {
        return;
    }
    for (ULONG offset = 55; offset > 0; offset -= 5) {
        ULONG bytes = 20 + 55 - offset;

        guest_check(buffer_holds(f.buffer, bytes, (UCHAR)(10 + offset)));
        guest_check(NdisRetreatNetBufferDataStart(f.buffer, 5, 0, NULL) == NDIS_STATUS_SUCCESS);
        guest_check(NET_BUFFER_FIRST_MDL(f.buffer) == f.chain && buffer_is_sound(f.buffer));
        guest_check(NET_BUFFER_DATA_OFFSET(f.buffer) == offset - 5);
        guest_check(NET_BUFFER_DATA_LENGTH(f.buffer) == bytes + 5);
    }
    guest_check(buffer_holds(f.buffer, 75, 10));
    chain_buffer_free(&f);
}

static void
a_retreat_uses_the_unused_space_first(void **state)
{
    (void)state;
    guest_run_alone(retreat_within);
}

static void
advance_across(void *argument)
{
    struct chain_buffer f;

    (void)argument;
    if (!chain_buffer_make(&f, MDLS(0, 1, 2, 3, 4, 5), 0, 15)) {
        return;
    }
    for (ULONG offset = 1; offset <= 15; offset++) {
        NdisAdvanceNetBufferDataStart(f.buffer, 1, (offset & 1) != 0, NULL);
        guest_check(NET_BUFFER_FIRST_MDL(f.buffer) == f.chain && buffer_is_sound(f.buffer));
        guest_check(NET_BUFFER_DATA_OFFSET(f.buffer) == offset);
        guest_check(buffer_holds(f.buffer, 15 - offset, (UCHAR)offset));
    }
    guest_check(NdisRetreatNetBufferDataStart(f.buffer, 15, 0, NULL) == NDIS_STATUS_SUCCESS);
    guest_check(buffer_holds(f.buffer, 15, 0) && buffer_is_sound(f.buffer));
    chain_buffer_free(&f);
}

/* Whatever FreeMdl says: the driver's own MDLs stay. */
static void
an_advance_leaves_the_mdls_of_the_driver(void **state)
{
    (void)state;
    guest_run_alone(advance_across);
}

static void
retreat_beyond(void *argument)
{
    struct chain_buffer f;
    UCHAR *data;

    (void)argument;
    if (!chain_buffer_make(&f, MDLS(10, 20, 30), 5, 45)) {
        return;
    }
    guest_check(NdisRetreatNetBufferDataStart(f.buffer, 14, 6, NULL) == NDIS_STATUS_SUCCESS);
    guest_check(NET_BUFFER_FIRST_MDL(f.buffer) != f.chain);
    guest_check(NET_BUFFER_FIRST_MDL(f.buffer)->Next == f.chain);
    guest_check(buffer_is_sound(f.buffer) && NET_BUFFER_DATA_LENGTH(f.buffer) == 59);
    guest_check(NET_BUFFER_DATA_OFFSET(f.buffer) >= 6);
    data = NdisGetDataBuffer(f.buffer, 9, NULL, 1, 0);
    if (guest_check(data != NULL)) {
        memset(data, 0xee, 9);
    }
    NdisAdvanceNetBufferDataStart(f.buffer, 9, FALSE, NULL);
    guest_check(buffer_holds(f.buffer, 50, 10));
    guest_check(NdisRetreatNetBufferDataStart(f.buffer, 9, 0, NULL) == NDIS_STATUS_SUCCESS);
    NdisAdvanceNetBufferDataStart(f.buffer, 14, TRUE, NULL);
    guest_check(buffer_holds(f.buffer, 45, 15) && NET_BUFFER_DATA_OFFSET(f.buffer) == 5);
    chain_buffer_free(&f);
}

static void
a_retreat_beyond_the_chain_puts_an_mdl_in_front(void **state)
{
    (void)state;
    guest_run_alone(retreat_beyond);
}

/* "DataBackFill ... the amount of data space, in addition to DataOffsetDelta, to allocate" */
static void
back_fill(void *argument)
{
    struct chain_buffer f;
    MDL *front;

    (void)argument;
    if (!chain_buffer_make(&f, MDLS(10, 20), 0, 20)) {
        return;
    }
    guest_check(NdisRetreatNetBufferDataStart(f.buffer, 4, 100, NULL) == NDIS_STATUS_SUCCESS);
    front = NET_BUFFER_FIRST_MDL(f.buffer);
    guest_check(MmGetMdlByteCount(front) >= 104);
    for (unsigned i = 0; i < 10; i++) {
        guest_check(NdisRetreatNetBufferDataStart(f.buffer, 10, 0, NULL) == NDIS_STATUS_SUCCESS);
        guest_check(NET_BUFFER_FIRST_MDL(f.buffer) == front && buffer_is_sound(f.buffer));
    }
    NdisAdvanceNetBufferDataStart(f.buffer, 100, TRUE, NULL);
    guest_check(NET_BUFFER_FIRST_MDL(f.buffer) == front && buffer_is_sound(f.buffer));
    NdisAdvanceNetBufferDataStart(f.buffer, 4, TRUE, NULL);
    guest_check(buffer_holds(f.buffer, 20, 10));
    chain_buffer_free(&f);
}

static void
back_fill_serves_later_retreats(void **state)
{
    (void)state;
    guest_run_alone(back_fill);
}

/* "If FreeMdl is FALSE, NDIS retains unused MDLs for use in subsequent retreat operations." */
static void
retain(void *argument)
{
    struct chain_buffer f;
    MDL *front;

    (void)argument;
    if (!chain_buffer_make(&f, MDLS(10, 20), 0, 20)) {
        return;
    }
    guest_check(NdisRetreatNetBufferDataStart(f.buffer, 16, 0, NULL) == NDIS_STATUS_SUCCESS);
    front = NET_BUFFER_FIRST_MDL(f.buffer);
    NdisAdvanceNetBufferDataStart(f.buffer, 16, FALSE, NULL);
    guest_check(NET_BUFFER_FIRST_MDL(f.buffer) == front && buffer_is_sound(f.buffer));
    guest_check(buffer_holds(f.buffer, 20, 10));
    guest_check(NdisRetreatNetBufferDataStart(f.buffer, 16, 0, NULL) == NDIS_STATUS_SUCCESS);
    guest_check(NET_BUFFER_FIRST_MDL(f.buffer) == front);
    NdisAdvanceNetBufferDataStart(f.buffer, 16, TRUE, NULL);
    chain_buffer_free(&f);
}

static void
an_mdl_that_was_retained_is_used_again(void **state)
{
    (void)state;
    guest_run_alone(retain);
}

static void
too_far(void *argument)
{
    struct chain_buffer f;

    (void)argument;
    if (!chain_buffer_make(&f, MDLS(10, 20), 4, 10)) {
        return;
    }
    NdisAdvanceNetBufferDataStart(f.buffer, 11, FALSE, NULL);
    guest_check(buffer_holds(f.buffer, 10, 14) && buffer_is_sound(f.buffer));
    chain_buffer_free(&f);
}

static void
an_advance_beyond_the_data_is_reported(void **state)
{
    (void)state;
    guest_break_alone(too_far, "NB_LENGTH");
}

/* --- MDLs of the driver's own making --- */

struct handlers {
    unsigned allocated;
    unsigned freed;
    unsigned fail_at; /* The allocation that fails, from 1. */
    ULONG asked;
};

static struct handlers handlers;

static MDL *
allocate_mdl(ULONG *bytes)
{
    handlers.allocated++;
    handlers.asked = *bytes;
    return handlers.allocated == handlers.fail_at ? NULL : MDLS(0, *bytes);
}

static VOID
free_mdl(MDL *mdl)
{
    handlers.freed++;
    mdl->Next = NULL;
    mdl_chain_free(mdl);
}

static void
own_handlers(void *argument)
{
    struct chain_buffer f;

    (void)argument;
    memset(&handlers, 0, sizeof(handlers));
    if (!chain_buffer_make(&f, MDLS(10, 20), 4, 16)) {
        return;
    }
    guest_check(NdisRetreatNetBufferDataStart(f.buffer, 4, 8, allocate_mdl) == NDIS_STATUS_SUCCESS);
    guest_check(handlers.allocated == 0);
    guest_check(NdisRetreatNetBufferDataStart(f.buffer, 14, 8, allocate_mdl) ==
                NDIS_STATUS_SUCCESS);
    guest_check(handlers.allocated == 1 && handlers.asked >= 22 && buffer_is_sound(f.buffer));
    NdisAdvanceNetBufferDataStart(f.buffer, 14, FALSE, free_mdl);
    guest_check(handlers.freed == 0);
    guest_check(NdisRetreatNetBufferDataStart(f.buffer, 22, 0, allocate_mdl) ==
                NDIS_STATUS_SUCCESS);
    guest_check(handlers.allocated == 1);
    NdisAdvanceNetBufferDataStart(f.buffer, 26, TRUE, free_mdl);
    guest_check(handlers.freed == 1 && buffer_holds(f.buffer, 16, 14));
    chain_buffer_free(&f);
}

static void
the_handlers_of_a_driver_supply_its_mdls(void **state)
{
    (void)state;
    guest_run_alone(own_handlers);
}

static void
failing_handler(void *argument)
{
    struct chain_buffer f;

    (void)argument;
    memset(&handlers, 0, sizeof(handlers));
    handlers.fail_at = 1;
    if (!chain_buffer_make(&f, MDLS(10, 20), 4, 16)) {
        return;
    }
    guest_check(NdisRetreatNetBufferDataStart(f.buffer, 9, 8, allocate_mdl) ==
                NDIS_STATUS_RESOURCES);
    guest_check(NET_BUFFER_DATA_OFFSET(f.buffer) == 4 && buffer_is_sound(f.buffer));
    guest_check(buffer_holds(f.buffer, 16, 14));
    chain_buffer_free(&f);
}

static void
a_retreat_without_memory_changes_nothing(void **state)
{
    (void)state;
    guest_run_alone(failing_handler);
}

static void
wrong_handler(void *argument)
{
    struct chain_buffer f;
    MDL *front;

    (void)argument;
    memset(&handlers, 0, sizeof(handlers));
    if (!chain_buffer_make(&f, MDLS(10, 20), 0, 20)) {
        return;
    }
    guest_check(NdisRetreatNetBufferDataStart(f.buffer, 9, 0, allocate_mdl) == NDIS_STATUS_SUCCESS);
    front = NET_BUFFER_FIRST_MDL(f.buffer);
    NdisAdvanceNetBufferDataStart(f.buffer, 9, TRUE, NULL);
    guest_check(buffer_holds(f.buffer, 20, 10) && buffer_is_sound(f.buffer));
    if (NET_BUFFER_FIRST_MDL(f.buffer) == front) {
        NET_BUFFER_FIRST_MDL(f.buffer) = front->Next;
        NET_BUFFER_DATA_OFFSET(f.buffer) = 0;
    }
    free_mdl(front);
    chain_buffer_free(&f);
}

static void
an_mdl_of_the_driver_is_not_freed_by_ndis(void **state)
{
    (void)state;
    guest_break_alone(wrong_handler, "NBL_RETREAT");
}

/* --- whole lists --- */

enum { LIST_BUFFERS = 4 };

struct list_fixture {
    NDIS_HANDLE lists;
    NDIS_HANDLE buffers;
    NET_BUFFER_LIST *list;
    MDL *chains[LIST_BUFFERS];
};

/* Buffer i has i * 4 bytes of unused space, and 30 of data from 10 * i + 4 * i on. */
static bool
list_setup(struct list_fixture *f)
{
    NET_BUFFER **end;

    f->lists = list_pool(FALSE, 0, 0);
    f->buffers = buffer_pool(0);
    f->list = NdisAllocateNetBufferList(f->lists, 0, 0);
    if (!guest_check(f->list != NULL)) {
        return false;
    }
    end = &NET_BUFFER_LIST_FIRST_NB(f->list);
    for (unsigned i = 0; i < LIST_BUFFERS; i++, end = &NET_BUFFER_NEXT_NB(*end)) {
        f->chains[i] = MDLS((UCHAR)(10 * i), 25, 25);
        *end = NdisAllocateNetBuffer(f->buffers, f->chains[i], 4 * i, 30);
        guest_check(*end != NULL);
    }
    return true;
}

static bool
list_is_as_set_up(const struct list_fixture *f)
{
    NET_BUFFER *buffer = NET_BUFFER_LIST_FIRST_NB(f->list);
    bool same = true;

    for (unsigned i = 0; i < LIST_BUFFERS; i++, buffer = NET_BUFFER_NEXT_NB(buffer)) {
        same = same && buffer_is_sound(buffer) && buffer_holds(buffer, 30, (UCHAR)(14 * i)) &&
               NET_BUFFER_FIRST_MDL(buffer) == f->chains[i];
    }
    return same && buffer == NULL;
}

static void
list_teardown(struct list_fixture *f)
{
    NET_BUFFER *next;

    for (NET_BUFFER *buffer = NET_BUFFER_LIST_FIRST_NB(f->list); buffer != NULL; buffer = next) {
        next = NET_BUFFER_NEXT_NB(buffer);
        NdisFreeNetBuffer(buffer);
    }
    for (unsigned i = 0; i < LIST_BUFFERS; i++) {
        mdl_chain_free(f->chains[i]);
    }
    NET_BUFFER_LIST_FIRST_NB(f->list) = NULL;
    NdisFreeNetBufferList(f->list);
    NdisFreeNetBufferPool(f->buffers);
    NdisFreeNetBufferListPool(f->lists);
}

static void
retreat_lists(void *argument)
{
    struct list_fixture f;
    NET_BUFFER_ALLOCATE_MDL *const allocates[] = {NULL, allocate_mdl};
    NET_BUFFER_FREE_MDL *const frees[] = {NULL, free_mdl};

    (void)argument;
    if (!list_setup(&f)) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        memset(&handlers, 0, sizeof(handlers));
        guest_check(NdisRetreatNetBufferListDataStart(f.list, 6, 2, allocates[i], frees[i]) ==
                    NDIS_STATUS_SUCCESS);
        guest_check(handlers.allocated == (i == 0 ? 0 : 2));
        for (NET_BUFFER *buffer = NET_BUFFER_LIST_FIRST_NB(f.list); buffer != NULL;
             buffer = NET_BUFFER_NEXT_NB(buffer)) {
            guest_check(NET_BUFFER_DATA_LENGTH(buffer) == 36 && buffer_is_sound(buffer));
        }
        NdisAdvanceNetBufferListDataStart(f.list, 6, TRUE, frees[i]);
        guest_check(handlers.freed == handlers.allocated);
        guest_check(list_is_as_set_up(&f));
    }
    list_teardown(&f);
}

static void
a_retreat_of_a_list_is_one_of_each_buffer(void **state)
{
    (void)state;
    guest_run_alone(retreat_lists);
}

/* Buffers that had been retreated already go back: the list is as long as it was. */
static void
failing_lists(void *argument)
{
    struct list_fixture f;

    (void)argument;
    if (!list_setup(&f)) {
        return;
    }
    for (unsigned fail_at = 1; fail_at <= LIST_BUFFERS; fail_at++) {
        memset(&handlers, 0, sizeof(handlers));
        handlers.fail_at = fail_at;
        guest_check(NdisRetreatNetBufferListDataStart(f.list, 20, 2, allocate_mdl, free_mdl) ==
                    NDIS_STATUS_RESOURCES);
        guest_check(handlers.allocated == fail_at && handlers.freed == fail_at - 1);
        guest_check(list_is_as_set_up(&f));
    }
    list_teardown(&f);
}

static void
a_retreat_of_a_list_that_fails_is_undone(void **state)
{
    (void)state;
    guest_run_alone(failing_lists);
}

/* --- want of memory --- */

static void
retreats_may_fail(void *argument)
{
    NDIS_HANDLE pool = buffer_pool(0);
    MDL *chain = MDLS(0, 16);
    NET_BUFFER *buffer =
        pool == NULL || chain == NULL ? NULL : NdisAllocateNetBuffer(pool, chain, 8, 8);

    (void)argument;
    if (buffer != NULL) {
        if (NdisRetreatNetBufferDataStart(buffer, 20, 0, NULL) == NDIS_STATUS_SUCCESS) {
            NdisAdvanceNetBufferDataStart(buffer, 20, TRUE, NULL);
        }
        guest_check(buffer_holds(buffer, 8, 8) && NET_BUFFER_FIRST_MDL(buffer) == chain);
        NdisFreeNetBuffer(buffer);
    }
    mdl_chain_free(chain);
    if (pool != NULL) {
        NdisFreeNetBufferPool(pool);
    }
}

static void
a_retreat_may_find_no_memory(void **state)
{
    (void)state;
    guest_fail_alone(retreats_may_fail);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retreat_uses_the_unused_space_first),
        cmocka_unit_test(an_advance_leaves_the_mdls_of_the_driver),
        cmocka_unit_test(a_retreat_beyond_the_chain_puts_an_mdl_in_front),
        cmocka_unit_test(back_fill_serves_later_retreats),
        cmocka_unit_test(an_mdl_that_was_retained_is_used_again),
        cmocka_unit_test(an_advance_beyond_the_data_is_reported),
        cmocka_unit_test(the_handlers_of_a_driver_supply_its_mdls),
        cmocka_unit_test(a_retreat_without_memory_changes_nothing),
        cmocka_unit_test(an_mdl_of_the_driver_is_not_freed_by_ndis),
        cmocka_unit_test(a_retreat_of_a_list_is_one_of_each_buffer),
        cmocka_unit_test(a_retreat_of_a_list_that_fails_is_undone),
        cmocka_unit_test(a_retreat_may_find_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
