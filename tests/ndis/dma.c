/*
 * Memory that a card reaches: "NdisMRegisterScatterGatherDma", "NdisMAllocateNetBufferSGList",
 * "MiniportProcessSGList", "NdisMAllocateSharedMemory", "NdisMAllocateSharedMemoryAsyncEx",
 * "NdisMFreeSharedMemory", "NdisMGetDmaAlignment".
 */
#include "support/buffers.h"
#include "support/card.h"
#include "support/data_path.h"
#include "support/dice.h"

enum { SEEDS = 40, SHARED_BYTES = 6000, LIST_BYTES = 2048 };

/* What the driver claimed, and what its callbacks saw. */
static struct {
    bool early; /* Shared memory before DMA is registered. */
    bool forget_memory;
    bool forget_dma;

    NDIS_HANDLE dma;
    NDIS_STATUS dma_status;
    ULONG list_bytes;
    ULONG alignment;
    UCHAR *shared;
    NDIS_PHYSICAL_ADDRESS shared_address;

    /* MiniportSharedMemoryAllocateComplete. */
    unsigned completes;
    UCHAR *memory;
    NDIS_PHYSICAL_ADDRESS memory_address;
    ULONG memory_bytes;
    PVOID memory_context;
    KIRQL complete_irql;

    /* MiniportProcessSGList. */
    unsigned processed;
    SCATTER_GATHER_LIST *list;
    PVOID list_context;
    KIRQL process_irql;
} dma;

/* --- the driver --- */

static VOID
process_list(PDEVICE_OBJECT device, PVOID reserved, PSCATTER_GATHER_LIST list, PVOID context)
{
    (void)device;
    (void)reserved;
    dma.list = list;
    dma.list_context = context;
    dma.process_irql = KeGetCurrentIrql();
    InterlockedIncrement((LONG *)&dma.processed);
}

static VOID
memory_complete(NDIS_HANDLE adapter, PVOID memory, PNDIS_PHYSICAL_ADDRESS address, ULONG bytes,
                PVOID context)
{
    dma.complete_irql = KeGetCurrentIrql();
    dma.memory = memory;
    dma.memory_address = memory == NULL ? (NDIS_PHYSICAL_ADDRESS){.QuadPart = 0} : *address;
    dma.memory_bytes = bytes;
    dma.memory_context = adapter == port_latest() ? context : NULL;
    InterlockedIncrement((LONG *)&dma.completes);
}

static void
allocate_shared(struct port *port)
{
    NdisMAllocateSharedMemory(port->handle, SHARED_BYTES, TRUE, (PVOID *)&dma.shared,
                              &dma.shared_address);
}

static NDIS_STATUS
initialize(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    NDIS_SG_DMA_DESCRIPTION description = {
        .Header = {NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION, NDIS_SG_DMA_DESCRIPTION_REVISION_1,
                   NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1},
        .Flags = NDIS_SG_DMA_64_BIT_ADDRESS,
        .MaximumPhysicalMapping = 64 * 1024,
        .ProcessSGListHandler = process_list,
        .SharedMemAllocateCompleteHandler = memory_complete,
    };

    (void)parameters;
    if (dma.early) {
        allocate_shared(port);
    }
    dma.dma_status = NdisMRegisterScatterGatherDma(port->handle, &description, &dma.dma);
    dma.list_bytes = description.ScatterGatherListSize;
    dma.alignment = NdisMGetDmaAlignment(port->handle);
    if (!dma.early) {
        allocate_shared(port);
    }
    return NDIS_STATUS_SUCCESS;
}

static void
halt(struct port *port, NDIS_HALT_ACTION action)
{
    (void)action;
    if (dma.shared != NULL && !dma.forget_memory) {
        NdisMFreeSharedMemory(port->handle, SHARED_BYTES, TRUE, dma.shared, dma.shared_address);
    }
    if (!dma.forget_dma) {
        NdisMDeregisterScatterGatherDma(dma.dma);
    }
}

/* --- the world --- */

static void
reset(void)
{
    card_reset();
    memset(&dma, 0, sizeof(dma));
    miniport.on_initialize = initialize;
    miniport.on_halt = halt;
}

static void
start(struct world *w, uint64_t seed, const struct pndis_device_options *options)
{
    world_open(w, seed);
    card_add(w, options);
    expect_state(w, "Paused");
    expect(w, dma.dma_status == NDIS_STATUS_SUCCESS);
}

static void
for_each_seed(void (*test)(struct world *w))
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        reset();
        start(&w, seed, NULL);
        test(&w);
        world_close(&w);
    }
}

/* --- shared memory --- */

static void
shared(struct world *w)
{
    uint64_t address = (uint64_t)dma.shared_address.QuadPart;
    uint8_t *seen = pndis_device_memory(card.device, address, SHARED_BYTES);

    expect(w, dma.shared != NULL && address != 0 && seen != NULL);
    expect(w, dma.alignment != 0 && (dma.alignment & (dma.alignment - 1)) == 0);
    memset(dma.shared, 0x11, SHARED_BYTES);
    dma.shared[SHARED_BYTES - 1] = 0x22;
    expect(w, seen[0] == 0x11 && seen[SHARED_BYTES - 1] == 0x22);
    seen[7] = 0x33;
    expect(w, dma.shared[7] == 0x33);
    expect(w, pndis_device_memory(card.device, address + 100, SHARED_BYTES - 100) == seen + 100);
    expect(w, pndis_adapter_stop(w->adapter, PNDIS_HALT_DISABLED) == 0);
    expect(w, pndis_device_memory(card.device, address, 1) == NULL);
}

static void
card_and_driver_see_the_same_shared_memory(void **state)
{
    (void)state;
    for_each_seed(shared);
}

static void
a_card_of_32_bits_gets_addresses_below_4_gib(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        reset();
        start(&w, seed, &(struct pndis_device_options){.dma_32_bits = true});
        expect(&w, dma.shared != NULL && dma.shared_address.QuadPart != 0);
        expect(&w, (uint64_t)dma.shared_address.QuadPart + SHARED_BYTES <= UINT64_C(1) << 32);
        world_close(&w);
    }
}

static void
allocate_later(void *argument)
{
    *(NDIS_STATUS *)argument = NdisMAllocateSharedMemoryAsyncEx(dma.dma, 3000, TRUE, argument);
}

static void
free_later_memory(void *argument)
{
    (void)argument;
    NdisMFreeSharedMemory(port_latest()->handle, dma.memory_bytes, TRUE, dma.memory,
                          dma.memory_address);
}

static bool
has_completed(void *user)
{
    (void)user;
    return __atomic_load_n(&dma.completes, __ATOMIC_ACQUIRE) != 0;
}

static void
later(struct world *w)
{
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;
    uint8_t *seen;

    world_at_dispatch(w, allocate_later, &status);
    expect(w, status == NDIS_STATUS_PENDING);
    expect(w, pndis_machine_run_until(w->machine, has_completed, NULL, 0) == 0);
    expect(w, dma.completes == 1 && dma.complete_irql == PASSIVE_LEVEL);
    expect(w, dma.memory != NULL && dma.memory_bytes == 3000 && dma.memory_context == &status);
    seen = pndis_device_memory(card.device, (uint64_t)dma.memory_address.QuadPart, 3000);
    expect(w, seen != NULL);
    dma.memory[2999] = 0x44;
    expect(w, seen[2999] == 0x44);
    world_as_driver(w, free_later_memory, NULL);
    expect(w, pndis_device_memory(card.device, (uint64_t)dma.memory_address.QuadPart, 1) == NULL);
}

static void
shared_memory_may_come_later(void **state)
{
    (void)state;
    for_each_seed(later);
}

/* --- scatter/gather lists --- */

static bool
has_processed(void *user)
{
    (void)user;
    return __atomic_load_n(&dma.processed, __ATOMIC_ACQUIRE) != 0;
}

struct gather {
    struct dice dice;
    struct chain_buffer buffer;
    SCATTER_GATHER_LIST *own; /* Room for a list, of the driver's ... */
    bool direct;              /* ... which it offers ... */
    bool small;               /* ... as if it were too small. */
    NDIS_STATUS status;
    bool same;    /* The card read what the buffer holds. */
    bool reached; /* And still could after the list was freed. */
};

/* What the card reads by the list; how many bytes. */
static ULONG
read_by_list(const SCATTER_GATHER_LIST *list, UCHAR *to, ULONG room)
{
    ULONG done = 0;

    for (ULONG i = 0; i < list->NumberOfElements; i++) {
        ULONG bytes = list->Elements[i].Length;
        void *memory =
            pndis_device_memory(card.device, (uint64_t)list->Elements[i].Address.QuadPart, bytes);

        if (memory == NULL || done + bytes > room) {
            return ~0u;
        }
        memcpy(to + done, memory, bytes);
        done += bytes;
    }
    return done;
}

/* "generated from the data starting at the beginning of the MDL that is specified at CurrentMdl" */
static bool
list_describes(const SCATTER_GATHER_LIST *list, const NET_BUFFER *buffer, UCHAR *seen, ULONG room)
{
    static UCHAR wanted[8192];
    ULONG skip = NET_BUFFER_CURRENT_MDL_OFFSET(buffer);
    ULONG bytes = buffer_read(buffer, wanted, sizeof(wanted));
    ULONG got = read_by_list(list, seen, room);

    return got != ~0u && got >= skip + bytes && memcmp(seen + skip, wanted, bytes) == 0;
}

static void
ask_for_list(void *argument)
{
    struct gather *g = argument;
    ULONG lengths[5];
    unsigned count = 1 + dice_roll(&g->dice, 5);
    MDL *chain;
    ULONG all;
    ULONG offset;

    for (unsigned i = 0; i < count; i++) {
        lengths[i] = 1 + dice_roll(&g->dice, 1500);
    }
    chain = mdl_chain(lengths, count, (UCHAR)dice_roll(&g->dice, 256));
    all = mdl_chain_bytes(chain);
    offset = dice_roll(&g->dice, all);
    chain_buffer_make(&g->buffer, chain, offset, 1 + dice_roll(&g->dice, all - offset));
    g->own = NdisAllocateMemoryWithTagPriority(port_latest()->handle, LIST_BYTES, BUFFERS_TAG,
                                               NormalPoolPriority);
    dma.processed = 0;
    g->status =
        NdisMAllocateNetBufferSGList(dma.dma, g->buffer.buffer, g, NDIS_SG_LIST_WRITE_TO_DEVICE,
                                     g->direct ? g->own : NULL, g->small ? 16 : LIST_BYTES);
}

static void
use_list(void *argument)
{
    struct gather *g = argument;
    uint64_t first = (uint64_t)dma.list->Elements[0].Address.QuadPart;
    static UCHAR flat[8192];

    g->same = list_describes(dma.list, g->buffer.buffer, flat, sizeof(flat));
    NdisMFreeNetBufferSGList(dma.dma, dma.list, g->buffer.buffer);
    g->reached = pndis_device_memory(card.device, first, 1) != NULL;
    chain_buffer_free(&g->buffer);
    NdisFreeMemory(g->own, 0, 0);
}

/* "HAL can call MiniportProcessSGList before or after NDIS returns." */
static void
gather_lists(struct world *w)
{
    static struct gather g;

    memset(&g, 0, sizeof(g));
    g.dice = dice_of(w->seed);
    expect(w, dma.list_bytes >= sizeof(SCATTER_GATHER_LIST));
    for (unsigned turn = 0; turn < 12; turn++) {
        g.direct = turn % 3 != 0;
        g.small = turn % 3 == 2;
        world_at_dispatch(w, ask_for_list, &g);
        expect(w, g.status == NDIS_STATUS_SUCCESS);
        expect(w, pndis_machine_run_until(w->machine, has_processed, NULL, 0) == 0);
        expect(w, dma.processed == 1 && dma.list_context == &g);
        expect(w, dma.process_irql == DISPATCH_LEVEL);
        expect(w, (dma.list == g.own) == (turn % 3 == 1));
        world_at_dispatch(w, use_list, &g);
        expect(w, g.same && !g.reached);
    }
}

static void
a_list_describes_the_data_of_a_buffer_to_the_card(void **state)
{
    (void)state;
    for_each_seed(gather_lists);
}

/* --- broken rules --- */

/* @routine breaks @rule at DISPATCH_LEVEL or below, after which a list can still be had. */
static void
break_for_each_seed(void (*before)(struct world *w), void (*routine)(void *argument),
                    bool at_dispatch, const char *rule)
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        reset();
        start(&w, seed, NULL);
        if (before != NULL) {
            before(&w);
        }
        (at_dispatch ? world_at_dispatch : world_as_driver)(&w, routine, NULL);
        world_expect_violation(&w, rule);
        gather_lists(&w);
        world_close(&w);
    }
}

static struct gather one;

static void
free_one(void *argument)
{
    (void)argument;
    NdisMFreeNetBufferSGList(dma.dma, dma.list, one.buffer.buffer);
}

static void
put_one_away(void *argument)
{
    free_one(argument);
    chain_buffer_free(&one.buffer);
    NdisFreeMemory(one.own, 0, 0);
}

/* @ask and @put away a list, each at a level of its own. */
static void
one_life(struct world *w, void (*ask)(struct world *w, void (*routine)(void *argument), void *one),
         void (*put)(struct world *w, void (*routine)(void *argument), void *one))
{
    memset(&one, 0, sizeof(one));
    ask(w, ask_for_list, &one);
    expect(w, pndis_machine_run_until(w->machine, has_processed, NULL, 0) == 0);
    put(w, put_one_away, NULL);
}

static void
lists_are_asked_for_and_freed_at_dispatch_level(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        reset();
        start(&w, seed, NULL);
        one_life(&w, world_as_driver, world_at_dispatch);
        expect(&w, pndis_violation_count(w.machine) == 1);
        world_expect_violation(&w, "DMA_LEVEL");
        one_life(&w, world_at_dispatch, world_as_driver);
        expect(&w, pndis_violation_count(w.machine) == 1);
        world_expect_violation(&w, "DMA_LEVEL");
        one_life(&w, world_at_dispatch, world_at_dispatch);
        world_close(&w);
    }
}

static void
one_list(struct world *w)
{
    memset(&one, 0, sizeof(one));
    world_at_dispatch(w, ask_for_list, &one);
    expect(w, pndis_machine_run_until(w->machine, has_processed, NULL, 0) == 0);
}

static void
foreign_buffer(void *argument)
{
    struct chain_buffer other;

    chain_buffer_make(&other, MDLS(9, 50), 0, 50);
    NdisMFreeNetBufferSGList(dma.dma, dma.list, other.buffer);
    put_one_away(argument);
    chain_buffer_free(&other);
}

static void
a_list_is_freed_with_its_buffer(void **state)
{
    (void)state;
    break_for_each_seed(one_list, foreign_buffer, true, "DMA_LIST");
}

static void
list_freed_twice(void *argument)
{
    free_one(argument);
    put_one_away(argument);
}

static void
one_direct_list(struct world *w)
{
    memset(&one, 0, sizeof(one));
    one.direct = true;
    world_at_dispatch(w, ask_for_list, &one);
    expect(w, pndis_machine_run_until(w->machine, has_processed, NULL, 0) == 0);
    expect(w, dma.list == one.own);
}

static void
a_list_is_freed_once(void **state)
{
    (void)state;
    break_for_each_seed(one_list, list_freed_twice, true, "DMA_LIST");
    break_for_each_seed(one_direct_list, list_freed_twice, true, "DMA_LIST");
}

static void
wrong_length(void *argument)
{
    (void)argument;
    NdisMFreeSharedMemory(port_latest()->handle, SHARED_BYTES - 1, TRUE, dma.shared,
                          dma.shared_address);
    dma.shared = NULL;
}

static void
shared_memory_is_freed_with_its_length(void **state)
{
    (void)state;
    break_for_each_seed(NULL, wrong_length, false, "SHARED_MEMORY_FREE");
}

static void
free_twice(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < 2; i++) {
        NdisMFreeSharedMemory(port_latest()->handle, SHARED_BYTES, TRUE, dma.shared,
                              dma.shared_address);
    }
    dma.shared = NULL;
}

static void
shared_memory_is_freed_once(void **state)
{
    (void)state;
    break_for_each_seed(NULL, free_twice, false, "SHARED_MEMORY_FREE");
}

static void
dma_is_registered_before_shared_memory_is_allocated(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        reset();
        dma.early = true;
        start(&w, seed, NULL);
        world_expect_violation(&w, "SHARED_MEMORY_ORDER");
        world_close(&w);
    }
}

static void
leak(bool *what)
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        reset();
        *what = true;
        start(&w, seed, NULL);
        expect(&w, pndis_adapter_stop(w.adapter, PNDIS_HALT_DISABLED) == 0);
        world_expect_violation(&w, "LEAK_HALT");
        expect(&w,
               pndis_device_memory(card.device, (uint64_t)dma.shared_address.QuadPart, 1) == NULL);
        *what = false;
        expect(&w, pndis_adapter_start(w.adapter) == 0);
        world_close(&w);
    }
}

static void
shared_memory_that_is_kept_over_halt_is_reported(void **state)
{
    (void)state;
    leak(&dma.forget_memory);
}

static void
a_dma_registration_that_is_kept_over_halt_is_reported(void **state)
{
    (void)state;
    leak(&dma.forget_dma);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(card_and_driver_see_the_same_shared_memory),
        cmocka_unit_test(a_card_of_32_bits_gets_addresses_below_4_gib),
        cmocka_unit_test(shared_memory_may_come_later),
        cmocka_unit_test(a_list_describes_the_data_of_a_buffer_to_the_card),
        cmocka_unit_test(lists_are_asked_for_and_freed_at_dispatch_level),
        cmocka_unit_test(a_list_is_freed_with_its_buffer),
        cmocka_unit_test(a_list_is_freed_once),
        cmocka_unit_test(shared_memory_is_freed_with_its_length),
        cmocka_unit_test(shared_memory_is_freed_once),
        cmocka_unit_test(dma_is_registered_before_shared_memory_is_allocated),
        cmocka_unit_test(shared_memory_that_is_kept_over_halt_is_reported),
        cmocka_unit_test(a_dma_registration_that_is_kept_over_halt_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
