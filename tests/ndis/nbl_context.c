/*
 * Context space and out-of-band data of lists: "NdisAllocateNetBufferListContext",
 * "NdisFreeNetBufferListContext", "NET_BUFFER_LIST_CONTEXT", "NdisCopySendNetBufferListInfo",
 * "NdisCopyReceiveNetBufferListInfo".
 */
#include "support/buffers.h"
#include "support/dice.h"

/* --- context --- */

static void
initial(void *argument)
{
    NDIS_HANDLE pool = list_pool(FALSE, 4 * POINTER_BYTES, 0);
    NET_BUFFER_LIST *list = NdisAllocateNetBufferList(pool, 2 * POINTER_BYTES, 2 * POINTER_BYTES);
    NET_BUFFER_LIST_CONTEXT *context;

    (void)argument;
    if (!guest_check(list != NULL && list->Context != NULL)) {
        return;
    }
    context = list->Context;
    guest_check(context->Size - context->Offset == 2 * POINTER_BYTES);
    guest_check(context->Size >= 4 * POINTER_BYTES);
    guest_check((ULONG_PTR)NET_BUFFER_LIST_CONTEXT_DATA_START(list) % POINTER_BYTES == 0);
    memset(NET_BUFFER_LIST_CONTEXT_DATA_START(list), 0x77, 2 * POINTER_BYTES);

    /* The rest of what the pool keeps is enough. */
    guest_check(NdisAllocateNetBufferListContext(list, 2 * POINTER_BYTES, 0, BUFFERS_TAG) ==
                NDIS_STATUS_SUCCESS);
    guest_check(list->Context == context && context->Next == NULL);
    NdisFreeNetBufferListContext(list, 2 * POINTER_BYTES);
    guest_check(*NET_BUFFER_LIST_CONTEXT_DATA_START(list) == 0x77);
    NdisFreeNetBufferListContext(list, 2 * POINTER_BYTES);
    NdisFreeNetBufferList(list);
    NdisFreeNetBufferListPool(pool);
}

static void
a_list_has_the_context_its_pool_promises(void **state)
{
    (void)state;
    guest_run_alone(initial);
}

/* "ContextBackFill ... so that the next call does not have to allocate memory" */
static void
back_fill(void *argument)
{
    NDIS_HANDLE pool = list_pool(FALSE, 0, 0);
    NET_BUFFER_LIST *list = NdisAllocateNetBufferList(pool, 0, 0);
    NET_BUFFER_LIST_CONTEXT *context;

    (void)argument;
    if (!guest_check(list != NULL)) {
        return;
    }
    guest_check(NdisAllocateNetBufferListContext(list, 256, 64, BUFFERS_TAG) ==
                NDIS_STATUS_SUCCESS);
    context = list->Context;
    guest_check(context != NULL && context->Offset >= 64);
    for (unsigned i = 0; i < 8; i++) {
        guest_check(NdisAllocateNetBufferListContext(list, 8, 0, BUFFERS_TAG) ==
                    NDIS_STATUS_SUCCESS);
        guest_check(list->Context == context);
    }
    for (unsigned i = 0; i < 8; i++) {
        NdisFreeNetBufferListContext(list, 8);
    }
    NdisFreeNetBufferListContext(list, 256);
    NdisFreeNetBufferList(list);
    NdisFreeNetBufferListPool(pool);
}

static void
context_back_fill_serves_later_calls(void **state)
{
    (void)state;
    guest_run_alone(back_fill);
}

/* Drivers above each other add and take away context: each finds its own as it left it. */
static void
stacked(void *argument)
{
    enum { DEPTH = 12, STEPS = 200 };
    struct dice dice = dice_of(*(uint64_t *)argument);
    NDIS_HANDLE pool = list_pool(FALSE, (USHORT)(dice_roll(&dice, 4) * POINTER_BYTES), 0);
    NET_BUFFER_LIST *list = NdisAllocateNetBufferList(pool, 0, 0);
    USHORT sizes[DEPTH];
    unsigned depth = 0;

    if (!guest_check(list != NULL)) {
        return;
    }
    for (unsigned step = 0; step < STEPS || depth > 0; step++) {
        if (step < STEPS && depth < DEPTH && dice_roll(&dice, 2) == 0) {
            USHORT bytes = (USHORT)((1 + dice_roll(&dice, 30)) * POINTER_BYTES);
            USHORT fill = (USHORT)(dice_roll(&dice, 4) * POINTER_BYTES);

            guest_check(NdisAllocateNetBufferListContext(list, bytes, fill, BUFFERS_TAG) ==
                        NDIS_STATUS_SUCCESS);
            guest_check((ULONG_PTR)NET_BUFFER_LIST_CONTEXT_DATA_START(list) % POINTER_BYTES == 0);
            memset(NET_BUFFER_LIST_CONTEXT_DATA_START(list), (int)depth + 1, bytes);
            sizes[depth++] = bytes;
        } else if (depth > 0) {
            const UCHAR *data = NET_BUFFER_LIST_CONTEXT_DATA_START(list);

            depth--;
            for (USHORT i = 0; i < sizes[depth]; i++) {
                guest_check(data[i] == depth + 1);
            }
            NdisFreeNetBufferListContext(list, sizes[depth]);
        }
    }
    NdisFreeNetBufferList(list);
    NdisFreeNetBufferListPool(pool);
}

static void
contexts_are_a_stack(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(GUEST_SEEDS); seed++) {
        struct world w;

        world_open(&w, seed);
        guest_run(&w, stacked, &seed);
        world_close(&w);
    }
}

static void
odd_size(void *argument)
{
    NDIS_HANDLE pool = list_pool(FALSE, 0, 0);
    NET_BUFFER_LIST *list = NdisAllocateNetBufferList(pool, 0, 0);

    (void)argument;
    if (NdisAllocateNetBufferListContext(list, 13, 0, BUFFERS_TAG) == NDIS_STATUS_SUCCESS) {
        NdisFreeNetBufferListContext(list, 13);
    }
    NdisFreeNetBufferList(list);
    NdisFreeNetBufferListPool(pool);
}

static void
a_context_size_is_a_multiple_of_a_pointer(void **state)
{
    (void)state;
    guest_break_alone(odd_size, "NBL_CONTEXT");
}

static void
too_much_freed(void *argument)
{
    NDIS_HANDLE pool = list_pool(FALSE, 0, 0);
    NET_BUFFER_LIST *list = NdisAllocateNetBufferList(pool, 0, 0);

    (void)argument;
    guest_check(NdisAllocateNetBufferListContext(list, 16, 0, BUFFERS_TAG) == NDIS_STATUS_SUCCESS);
    NdisFreeNetBufferListContext(list, 64);
    NdisFreeNetBufferListContext(list, 16);
    NdisFreeNetBufferList(list);
    NdisFreeNetBufferListPool(pool);
}

static void
freeing_more_context_than_there_is_is_reported(void **state)
{
    (void)state;
    guest_break_alone(too_much_freed, "NBL_CONTEXT");
}

static void
contexts_may_fail(void *argument)
{
    NDIS_HANDLE pool = list_pool(FALSE, POINTER_BYTES, 0);
    NET_BUFFER_LIST *list = pool == NULL ? NULL : NdisAllocateNetBufferList(pool, 0, 0);

    (void)argument;
    if (list != NULL) {
        NDIS_STATUS status = NdisAllocateNetBufferListContext(list, 512, 8, BUFFERS_TAG);

        guest_check(status == NDIS_STATUS_SUCCESS || status == NDIS_STATUS_RESOURCES);
        if (status == NDIS_STATUS_SUCCESS) {
            NdisFreeNetBufferListContext(list, 512);
        }
        NdisFreeNetBufferList(list);
    }
    if (pool != NULL) {
        NdisFreeNetBufferListPool(pool);
    }
}

static void
a_context_may_find_no_memory(void **state)
{
    (void)state;
    guest_fail_alone(contexts_may_fail);
}

/* --- out-of-band data --- */

static const NDIS_NET_BUFFER_LIST_INFO send_items[] = {
    TcpIpChecksumNetBufferListInfo,
    IPsecOffloadV1NetBufferListInfo,
    TcpLargeSendNetBufferListInfo,
    Ieee8021QNetBufferListInfo,
    MediaSpecificInformation,
    NetBufferListCancelId,
    NetBufferListProtocolId,
    IPsecOffloadV2TunnelNetBufferListInfo,
    IPsecOffloadV2HeaderNetBufferListInfo,
    VirtualSubnetInfo,
    NetBufferListFilteringInfo,
};

static const NDIS_NET_BUFFER_LIST_INFO receive_items[] = {
    TcpIpChecksumNetBufferListInfo,
    IPsecOffloadV1NetBufferListInfo,
    TcpReceiveNoPush,
    Ieee8021QNetBufferListInfo,
    MediaSpecificInformation,
    NetBufferListFrameType,
    NetBufferListHashValue,
    NetBufferListHashInfo,
    IPsecOffloadV2TunnelNetBufferListInfo,
    IPsecOffloadV2HeaderNetBufferListInfo,
    VirtualSubnetInfo,
    NetBufferListFilteringInfo,
};

struct copying {
    VOID (*copy)(NET_BUFFER_LIST *to, const NET_BUFFER_LIST *from);
    const NDIS_NET_BUFFER_LIST_INFO *items;
    size_t count;
};

static PVOID
slot_value(int id)
{
    return (PVOID)(ULONG_PTR)(0x1000 + 16 * id);
}

static void
copy_info(void *argument)
{
    const struct copying *copying = argument;
    NDIS_HANDLE pool = list_pool(TRUE, 0, 0);
    MDL *chain = MDLS(0, 64);
    NET_BUFFER_LIST *from = NdisAllocateNetBufferAndNetBufferList(pool, 0, 0, chain, 0, 64);
    NET_BUFFER_LIST *to = NdisAllocateNetBufferAndNetBufferList(pool, 0, 0, chain, 8, 8);

    if (!guest_check(from != NULL && to != NULL)) {
        return;
    }
    for (int id = 0; id < MaxNetBufferListInfo; id++) {
        NET_BUFFER_LIST_INFO(from, id) = slot_value(id);
    }
    copying->copy(to, from);
    for (size_t i = 0; i < copying->count; i++) {
        guest_check(NET_BUFFER_LIST_INFO(to, copying->items[i]) == slot_value(copying->items[i]));
    }
    for (int id = 0; id < MaxNetBufferListInfo; id++) {
        guest_check(NET_BUFFER_LIST_INFO(from, id) == slot_value(id));
        NET_BUFFER_LIST_INFO(from, id) = NULL;
        NET_BUFFER_LIST_INFO(to, id) = NULL;
    }
    guest_check(buffer_holds(NET_BUFFER_LIST_FIRST_NB(to), 8, 8));
    NdisFreeNetBufferList(from);
    NdisFreeNetBufferList(to);
    mdl_chain_free(chain);
    NdisFreeNetBufferListPool(pool);
}

static void
copy_in_a_world(struct copying copying)
{
    for (uint64_t seed = 0; seed < world_seeds(GUEST_SEEDS); seed++) {
        struct world w;

        world_open(&w, seed);
        guest_run(&w, copy_info, &copying);
        world_close(&w);
    }
}

static void
a_send_takes_its_out_of_band_data_along(void **state)
{
    (void)state;
    copy_in_a_world(
        (struct copying){NdisCopySendNetBufferListInfo, send_items, RTL_NUMBER_OF(send_items)});
}

static void
a_receive_takes_its_out_of_band_data_along(void **state)
{
    (void)state;
    copy_in_a_world((struct copying){NdisCopyReceiveNetBufferListInfo, receive_items,
                                     RTL_NUMBER_OF(receive_items)});
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_has_the_context_its_pool_promises),
        cmocka_unit_test(context_back_fill_serves_later_calls),
        cmocka_unit_test(contexts_are_a_stack),
        cmocka_unit_test(a_context_size_is_a_multiple_of_a_pointer),
        cmocka_unit_test(freeing_more_context_than_there_is_is_reported),
        cmocka_unit_test(a_context_may_find_no_memory),
        cmocka_unit_test(a_send_takes_its_out_of_band_data_along),
        cmocka_unit_test(a_receive_takes_its_out_of_band_data_along),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
