/*
 * NBL_POOL_KIND: which of the allocating functions a pool is for, by fAllocateNetBuffer and
 * DataSize of its parameters. "NET_BUFFER_LIST_POOL_PARAMETERS", "NET_BUFFER_POOL_PARAMETERS",
 * "NdisAllocateNetBufferAndNetBufferList", "NdisAllocateNetBufferMdlAndData".
 */
#include "support/buffers.h"

static void
list_with_buffer_from(BOOLEAN with_buffer, ULONG data)
{
    NDIS_HANDLE pool = list_pool(with_buffer, 0, data);
    MDL *chain = MDLS(1, 60);

    guest_check(NdisAllocateNetBufferAndNetBufferList(pool, 0, 0, chain, 0, 60) == NULL);
    mdl_chain_free(chain);
    NdisFreeNetBufferListPool(pool);
}

static void
from_a_pool_without_buffers(void *argument)
{
    (void)argument;
    list_with_buffer_from(FALSE, 0);
}

static void
from_a_pool_with_data(void *argument)
{
    (void)argument;
    list_with_buffer_from(TRUE, 200);
}

static void
data_from_a_pool_without_data(void *argument)
{
    NDIS_HANDLE pool = buffer_pool(0);

    (void)argument;
    guest_check(NdisAllocateNetBufferMdlAndData(pool) == NULL);
    NdisFreeNetBufferPool(pool);
}

static void
a_chain_with_a_pool_that_has_data(void *argument)
{
    NDIS_HANDLE pool = buffer_pool(200);
    MDL *chain = MDLS(1, 60);

    (void)argument;
    guest_check(NdisAllocateNetBuffer(pool, chain, 0, 60) == NULL);
    mdl_chain_free(chain);
    NdisFreeNetBufferPool(pool);
}

static void
an_allocation_fits_the_parameters_of_its_pool(void **state)
{
    static guest_routine *const wrong[] = {from_a_pool_without_buffers, from_a_pool_with_data,
                                           data_from_a_pool_without_data,
                                           a_chain_with_a_pool_that_has_data};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct world w;

        world_open(&w, i);
        guest_run(&w, wrong[i], NULL);
        world_expect_violation(&w, "NBL_POOL_KIND");
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_allocation_fits_the_parameters_of_its_pool),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
