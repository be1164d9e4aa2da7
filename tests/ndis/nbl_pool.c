/*
 * Pools of NET_BUFFER_LISTs and NET_BUFFERs, and what is allocated from them:
 * "NdisAllocateNetBufferListPool", "NET_BUFFER_LIST_POOL_PARAMETERS", "NdisAllocateNetBufferList",
 * "NdisAllocateNetBufferAndNetBufferList", "NdisAllocateNetBufferPool", "NdisAllocateNetBuffer",
 * "NdisAllocateNetBufferMdlAndData", their frees, and the two NdisGetPoolFrom functions.
 */
#include "support/buffers.h"

/* --- lists --- */

static void
plain_lists(void *argument)
{
    NDIS_HANDLE pool = list_pool(FALSE, 0, 0);
    NET_BUFFER_LIST *list;

    (void)argument;
    if (!guest_check(pool != NULL)) {
        return;
    }
    list = NdisAllocateNetBufferList(pool, 0, 0);
    if (!guest_check(list != NULL)) {
        return;
    }
    guest_check(NET_BUFFER_LIST_NEXT_NBL(list) == NULL);
    guest_check(NET_BUFFER_LIST_FIRST_NB(list) == NULL);
    guest_check(list->ParentNetBufferList == NULL && list->ChildRefCount == 0);
    guest_check(list->Scratch == NULL);
    guest_check(list->NdisPoolHandle == pool && NdisGetPoolFromNetBufferList(list) == pool);
    guest_check(list->NblFlags == 0);
    NdisFreeNetBufferList(list);
    NdisFreeNetBufferListPool(pool);
}

static void
a_plain_pool_gives_lists_without_buffers(void **state)
{
    (void)state;
    guest_run_alone(plain_lists);
}

static void
lists_with_buffers(void *argument)
{
    NDIS_HANDLE pool = list_pool(TRUE, 0, 0);
    MDL *chain = MDLS(10, 20, 30, 40);
    NET_BUFFER_LIST *list = NdisAllocateNetBufferAndNetBufferList(pool, 0, 0, chain, 25, 50);
    NET_BUFFER *buffer;

    (void)argument;
    if (!guest_check(list != NULL && NET_BUFFER_LIST_FIRST_NB(list) != NULL)) {
        return;
    }
    buffer = NET_BUFFER_LIST_FIRST_NB(list);
    guest_check(NET_BUFFER_NEXT_NB(buffer) == NULL);
    guest_check(NET_BUFFER_FIRST_MDL(buffer) == chain);
    guest_check(NET_BUFFER_DATA_OFFSET(buffer) == 25 && NET_BUFFER_DATA_LENGTH(buffer) == 50);
    guest_check(NET_BUFFER_CURRENT_MDL(buffer) == chain->Next);
    guest_check(NET_BUFFER_CURRENT_MDL_OFFSET(buffer) == 5);
    guest_check(NET_BUFFER_CHECKSUM_BIAS(buffer) == 0);
    guest_check(buffer_holds(buffer, 50, 35));
    NdisFreeNetBufferList(list);

    list = NdisAllocateNetBufferAndNetBufferList(pool, 0, 0, NULL, 0, 0);
    guest_check(list != NULL && buffer_is_sound(NET_BUFFER_LIST_FIRST_NB(list)));
    NdisFreeNetBufferList(list);
    mdl_chain_free(chain);
    NdisFreeNetBufferListPool(pool);
}

static void
a_list_describes_the_chain_it_was_given(void **state)
{
    (void)state;
    guest_run_alone(lists_with_buffers);
}

/* "a NET_BUFFER structure, MDL, and data are preallocated": a retreat needs no memory then. */
static void
lists_with_data(void *argument)
{
    enum { DATA = 200 };
    NDIS_HANDLE pool = list_pool(TRUE, 0, DATA);
    NET_BUFFER_LIST *list = NdisAllocateNetBufferList(pool, 0, 0);
    NET_BUFFER *buffer = list == NULL ? NULL : NET_BUFFER_LIST_FIRST_NB(list);
    MDL *chain;
    UCHAR *data;

    (void)argument;
    if (!guest_check(buffer != NULL && NET_BUFFER_FIRST_MDL(buffer) != NULL)) {
        return;
    }
    chain = NET_BUFFER_FIRST_MDL(buffer);
    guest_check(mdl_chain_bytes(chain) >= DATA);
    guest_check(NET_BUFFER_DATA_LENGTH(buffer) == 0 && buffer_is_sound(buffer));
    guest_check(NdisRetreatNetBufferDataStart(buffer, DATA, 0, NULL) == NDIS_STATUS_SUCCESS);
    guest_check(NET_BUFFER_FIRST_MDL(buffer) == chain);
    guest_check(NET_BUFFER_DATA_LENGTH(buffer) == DATA && buffer_is_sound(buffer));
    data = NdisGetDataBuffer(buffer, DATA, NULL, 1, 0);
    if (guest_check(data != NULL)) {
        memset(data, 7, DATA);
    }
    NdisAdvanceNetBufferDataStart(buffer, DATA, TRUE, NULL);
    guest_check(NET_BUFFER_FIRST_MDL(buffer) == chain && buffer_is_sound(buffer));
    NdisFreeNetBufferList(list);
    NdisFreeNetBufferListPool(pool);
}

static void
a_pool_with_data_gives_lists_with_room(void **state)
{
    (void)state;
    guest_run_alone(lists_with_data);
}

static void
protocol_ids(void *argument)
{
    NET_BUFFER_LIST_POOL_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1},
        .ProtocolId = NDIS_PROTOCOL_ID_TCP_IP,
        .PoolTag = BUFFERS_TAG,
    };
    NDIS_HANDLE pool = NdisAllocateNetBufferListPool(guest_handle(), &parameters);
    NET_BUFFER_LIST *list = NdisAllocateNetBufferList(pool, 0, 0);

    (void)argument;
    if (!guest_check(list != NULL)) {
        return;
    }
    guest_check(NdisGetNetBufferListProtocolId(list) == NDIS_PROTOCOL_ID_TCP_IP);
    NdisSetNetBufferListProtocolId(list, NDIS_PROTOCOL_ID_NBF);
    guest_check(NdisGetNetBufferListProtocolId(list) == NDIS_PROTOCOL_ID_NBF);
    NdisFreeNetBufferList(list);
    list = NdisAllocateNetBufferList(pool, 0, 0);
    guest_check(NdisGetNetBufferListProtocolId(list) == NDIS_PROTOCOL_ID_TCP_IP);
    NdisFreeNetBufferList(list);
    NdisFreeNetBufferListPool(pool);
}

static void
lists_carry_the_protocol_id_of_their_pool(void **state)
{
    (void)state;
    guest_run_alone(protocol_ids);
}

/* What the last user of a list left in it is not seen by the next. */
static void
fresh_lists(void *argument)
{
    NDIS_HANDLE pool = list_pool(TRUE, 0, 0);
    MDL *chain = MDLS(0, 64);

    (void)argument;
    for (unsigned turn = 0; turn < 3; turn++) {
        NET_BUFFER_LIST *list = NdisAllocateNetBufferAndNetBufferList(pool, 0, 0, chain, 4, 60);
        NET_BUFFER *buffer;

        if (!guest_check(list != NULL)) {
            return;
        }
        buffer = NET_BUFFER_LIST_FIRST_NB(list);
        for (int id = 0; id < MaxNetBufferListInfo; id++) {
            guest_check(id == NetBufferListProtocolId || NET_BUFFER_LIST_INFO(list, id) == NULL);
            NET_BUFFER_LIST_INFO(list, id) = (PVOID)(ULONG_PTR)0x1234;
        }
        guest_check(list->ParentNetBufferList == NULL && list->ChildRefCount == 0);
        guest_check(list->Scratch == NULL && list->NblFlags == 0);
        guest_check(NET_BUFFER_DATA_OFFSET(buffer) == 4 && NET_BUFFER_DATA_LENGTH(buffer) == 60);
        guest_check(NET_BUFFER_NEXT_NB(buffer) == NULL && buffer_is_sound(buffer));
        list->Scratch = chain;
        list->NblFlags = NDIS_NBL_FLAGS_IS_IPV4;
        list->ParentNetBufferList = list;
        list->ChildRefCount = 3;
        NdisAdvanceNetBufferDataStart(buffer, 7, FALSE, NULL);
        list->ParentNetBufferList = NULL;
        list->ChildRefCount = 0;
        NdisFreeNetBufferList(list);
    }
    mdl_chain_free(chain);
    NdisFreeNetBufferListPool(pool);
}

static void
a_list_is_fresh_each_time(void **state)
{
    (void)state;
    guest_run_alone(fresh_lists);
}

/* --- NET_BUFFERs --- */

static void
buffers_alone(void *argument)
{
    NDIS_HANDLE pool = buffer_pool(0);
    MDL *chain = MDLS(0, 16, 16);
    NET_BUFFER *buffer = NdisAllocateNetBuffer(pool, chain, 16, 16);

    (void)argument;
    if (!guest_check(buffer != NULL)) {
        return;
    }
    guest_check(NdisGetPoolFromNetBuffer(buffer) == pool && buffer->NdisPoolHandle == pool);
    guest_check(NET_BUFFER_NEXT_NB(buffer) == NULL && NET_BUFFER_FIRST_MDL(buffer) == chain);
    guest_check(NET_BUFFER_CURRENT_MDL(buffer) == chain->Next);
    guest_check(NET_BUFFER_CURRENT_MDL_OFFSET(buffer) == 0);
    guest_check(buffer_holds(buffer, 16, 16));
    NdisFreeNetBuffer(buffer);
    buffer = NdisAllocateNetBuffer(pool, NULL, 0, 0);
    guest_check(buffer != NULL && buffer_is_sound(buffer));
    NdisFreeNetBuffer(buffer);
    mdl_chain_free(chain);
    NdisFreeNetBufferPool(pool);
}

static void
a_buffer_describes_the_chain_it_was_given(void **state)
{
    (void)state;
    guest_run_alone(buffers_alone);
}

static void
buffers_with_data(void *argument)
{
    enum { DATA = 100, COUNT = 64 };
    NDIS_HANDLE pool = buffer_pool(DATA);
    NET_BUFFER *buffers[COUNT];

    (void)argument;
    for (unsigned i = 0; i < COUNT; i++) {
        UCHAR *data;

        buffers[i] = NdisAllocateNetBufferMdlAndData(pool);
        if (!guest_check(buffers[i] != NULL)) {
            return;
        }
        guest_check(NdisRetreatNetBufferDataStart(buffers[i], DATA, 0, NULL) ==
                    NDIS_STATUS_SUCCESS);
        guest_check(buffers[i]->NdisPoolHandle == pool && buffer_is_sound(buffers[i]));
        data = NdisGetDataBuffer(buffers[i], DATA, NULL, 1, 0);
        for (unsigned j = 0; data != NULL && j < DATA; j++) {
            data[j] = (UCHAR)(i + j);
        }
        guest_check(data != NULL);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        guest_check(buffer_holds(buffers[i], DATA, (UCHAR)i));
        NdisAdvanceNetBufferDataStart(buffers[i], DATA, FALSE, NULL);
        NdisFreeNetBuffer(buffers[i]);
    }
    NdisFreeNetBufferPool(pool);
}

static void
buffers_of_a_pool_with_data_do_not_overlap(void **state)
{
    (void)state;
    guest_run_alone(buffers_with_data);
}

/* "The NET_BUFFER structures ... are not freed unless they were preallocated with the list." */
static void
buffers_outlive_lists(void *argument)
{
    NDIS_HANDLE lists = list_pool(FALSE, 0, 0);
    NDIS_HANDLE buffers = buffer_pool(0);
    MDL *chain = MDLS(1, 32);
    NET_BUFFER_LIST *list = NdisAllocateNetBufferList(lists, 0, 0);
    NET_BUFFER *buffer = NdisAllocateNetBuffer(buffers, chain, 0, 32);

    (void)argument;
    if (!guest_check(list != NULL && buffer != NULL)) {
        return;
    }
    NET_BUFFER_LIST_FIRST_NB(list) = buffer;
    NdisFreeNetBufferList(list);
    guest_check(buffer_holds(buffer, 32, 1));
    NdisFreeNetBuffer(buffer);
    mdl_chain_free(chain);
    NdisFreeNetBufferPool(buffers);
    NdisFreeNetBufferListPool(lists);
}

static void
buffers_that_a_driver_attached_outlive_the_list(void **state)
{
    (void)state;
    guest_run_alone(buffers_outlive_lists);
}

/* --- levels and want of memory --- */

static void
everything(void *argument)
{
    NDIS_HANDLE lists = list_pool(TRUE, 2 * MEMORY_ALLOCATION_ALIGNMENT, 0);
    NDIS_HANDLE data_lists = list_pool(TRUE, 0, 64);
    NDIS_HANDLE buffers = buffer_pool(0);
    NDIS_HANDLE data_buffers = buffer_pool(64);
    MDL *chain = MDLS(3, 48, 16);
    NET_BUFFER_LIST *list = NULL;
    NET_BUFFER_LIST *data_list = NULL;
    NET_BUFFER *buffer = NULL;
    NET_BUFFER *data_buffer = NULL;

    (void)argument;
    if (lists != NULL && chain != NULL) {
        list = NdisAllocateNetBufferAndNetBufferList(lists, MEMORY_ALLOCATION_ALIGNMENT,
                                                     4 * MEMORY_ALLOCATION_ALIGNMENT, chain, 8, 8);
    }
    if (data_lists != NULL) {
        data_list = NdisAllocateNetBufferList(data_lists, 0, 0);
    }
    if (buffers != NULL && chain != NULL) {
        buffer = NdisAllocateNetBuffer(buffers, chain, 8, 56);
    }
    if (data_buffers != NULL) {
        data_buffer = NdisAllocateNetBufferMdlAndData(data_buffers);
    }
    if (data_buffer != NULL) {
        NdisFreeNetBuffer(data_buffer);
    }
    if (buffer != NULL) {
        guest_check(buffer_holds(buffer, 56, 11));
        NdisFreeNetBuffer(buffer);
    }
    if (data_list != NULL) {
        NdisFreeNetBufferList(data_list);
    }
    if (list != NULL) {
        guest_check(buffer_holds(NET_BUFFER_LIST_FIRST_NB(list), 8, 11));
        NdisFreeNetBufferList(list);
    }
    mdl_chain_free(chain);
    if (data_buffers != NULL) {
        NdisFreeNetBufferPool(data_buffers);
    }
    if (buffers != NULL) {
        NdisFreeNetBufferPool(buffers);
    }
    if (data_lists != NULL) {
        NdisFreeNetBufferListPool(data_lists);
    }
    if (lists != NULL) {
        NdisFreeNetBufferListPool(lists);
    }
}

static void
everything_at_dispatch(void *argument)
{
    KIRQL irql = KeRaiseIrqlToDpcLevel();

    everything(argument);
    guest_check(KeGetCurrentIrql() == DISPATCH_LEVEL);
    KeLowerIrql(irql);
}

static void
all_of_it_works_at_dispatch_level(void **state)
{
    (void)state;
    guest_run_alone(everything_at_dispatch);
}

static void
every_allocation_may_fail(void **state)
{
    (void)state;
    guest_fail_alone(everything);
}

/* --- a pool that goes before what was allocated from it --- */

static NET_BUFFER_LIST *kept_list;
static NET_BUFFER *kept_buffer;

static void
free_list_pool_early(void *argument)
{
    NDIS_HANDLE pool = list_pool(FALSE, 0, 0);

    (void)argument;
    NdisFreeNetBufferList(NdisAllocateNetBufferList(pool, 0, 0));
    kept_list = NdisAllocateNetBufferList(pool, 0, 0);
    NdisFreeNetBufferListPool(pool);
    NdisFreeNetBufferList(kept_list);
}

static void
free_buffer_pool_early(void *argument)
{
    NDIS_HANDLE pool = buffer_pool(0);

    (void)argument;
    kept_buffer = NdisAllocateNetBuffer(pool, NULL, 0, 0);
    NdisFreeNetBufferPool(pool);
    NdisFreeNetBuffer(kept_buffer);
}

static void
clone_from_pool(void *argument)
{
    NDIS_HANDLE pool = list_pool(FALSE, 0, 0);
    NET_BUFFER_LIST *list = NdisAllocateNetBufferList(pool, 0, 0);

    (void)argument;
    kept_list = NdisAllocateCloneNetBufferList(list, pool, NULL, 0);
    NdisFreeNetBufferList(list);
    NdisFreeNetBufferListPool(pool);
    NdisFreeCloneNetBufferList(kept_list, 0);
}

static void
expect_named(guest_routine *routine, const char *words, const char *place)
{
    struct world w;

    world_open(&w, 0);
    guest_run(&w, routine, NULL);
    world_expect_violation_of(&w, "NBL_POOL_FREE", words, place);
    world_close(&w);
}

/* As LEAK_* reports do. */
static void
a_pool_that_is_freed_early_names_what_is_left_and_where_it_was_allocated(void **state)
{
    (void)state;
    expect_named(free_list_pool_early,
                 "1 of its structures are still allocated, the first with "
                 "NdisAllocateNetBufferList in DriverEntry",
                 "free_list_pool_early");
    expect_named(free_buffer_pool_early, "the first with NdisAllocateNetBuffer in DriverEntry",
                 "free_buffer_pool_early");
    expect_named(clone_from_pool, "the first with NdisAllocateCloneNetBufferList in DriverEntry",
                 "clone_from_pool");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_pool_gives_lists_without_buffers),
        cmocka_unit_test(a_list_describes_the_chain_it_was_given),
        cmocka_unit_test(a_pool_with_data_gives_lists_with_room),
        cmocka_unit_test(lists_carry_the_protocol_id_of_their_pool),
        cmocka_unit_test(a_list_is_fresh_each_time),
        cmocka_unit_test(a_buffer_describes_the_chain_it_was_given),
        cmocka_unit_test(buffers_of_a_pool_with_data_do_not_overlap),
        cmocka_unit_test(a_pool_that_is_freed_early_names_what_is_left_and_where_it_was_allocated),
        cmocka_unit_test(buffers_that_a_driver_attached_outlive_the_list),
        cmocka_unit_test(all_of_it_works_at_dispatch_level),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
