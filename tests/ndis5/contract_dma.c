/*
 * The contract of bus-master DMA in NDIS 5: scatter/gather lists that come with packets
 * (NdisMInitializeScatterGatherDma), buffers that are mapped by hand
 * (NdisMStartBufferPhysicalMapping), and shared memory (NdisMAllocateSharedMemoryAsync).
 */
#include "miniport51.h"

#include "support/buffers.h"
#include "support/data_path.h"

enum { ELEMENTS = 16, LARGE = 3 * 4096, LENGTH = 4096 };

static void
given(uint64_t seed)
{
    miniport51_reset();
    if (seed % 2 != 0) {
        miniport51.attributes &= ~(ULONG)NDIS_ATTRIBUTE_DESERIALIZE;
    }
}

static UCHAR *
device_memory(NDIS_PHYSICAL_ADDRESS address, ULONG bytes)
{
    return pndis_device_memory(card.device, (uint64_t)address.QuadPart, bytes);
}

/* --- scatter/gather lists --- */

static SCATTER_GATHER_ELEMENT elements[ELEMENTS];
static ULONG element_count;
static UCHAR gathered[256];
static ULONG gathered_bytes;

/* As the NIC would: from the addresses, not from the buffers. */
static void
gather(struct nic *nic, NDIS_PACKET *packet)
{
    const SCATTER_GATHER_LIST *list =
        NDIS_PER_PACKET_INFO_FROM_PACKET(packet, ScatterGatherListPacketInfo);

    (void)nic;
    element_count = gathered_bytes = 0;
    for (ULONG i = 0; list != NULL && i < list->NumberOfElements && i < ELEMENTS; i++) {
        const UCHAR *memory = device_memory(list->Elements[i].Address, list->Elements[i].Length);

        elements[element_count++] = list->Elements[i];
        if (memory != NULL && gathered_bytes + list->Elements[i].Length <= sizeof(gathered)) {
            memcpy(gathered + gathered_bytes, memory, list->Elements[i].Length);
            gathered_bytes += list->Elements[i].Length;
        }
    }
}

static NET_BUFFER_LIST *list;
static NDIS_HANDLE pool;
static MDL *chain;
static ULONG offset;
static ULONG length;

static void
send_list(void *argument)
{
    (void)argument;
    pool = list_pool(TRUE, 0, 0);
    chain = MDLS(1, 40, 50, 60);
    list = NdisAllocateNetBufferAndNetBufferList(pool, 0, 0, chain, offset, length);
    list->SourceHandle = opening_latest()->handle;
    NdisSendNetBufferLists(list->SourceHandle, list, NDIS_DEFAULT_PORT_NUMBER, 0);
}

static void
free_list(void *argument)
{
    (void)argument;
    NdisFreeNetBufferList(list);
    NdisFreeNetBufferListPool(pool);
    mdl_chain_free(chain);
}

static void
complete_one(void *argument)
{
    (void)argument;
    nic_complete(nic_latest(), 1, NDIS_STATUS_SUCCESS);
}

static void
given_protocol(struct world *w, uint64_t seed)
{
    data_path_reset();
    data_path.keep_completed = true;
    given(seed);
    miniport51.scatter_gather = true;
    miniport51.acquire &= ~(1u << ACQUIRE_MAP_REGISTERS | 1u << ACQUIRE_BUFFER_MAPPING);
    miniport51.single_send = seed % 4 < 2;
    miniport51.sending = SEND5_HOLD;
    miniport51.on_send = gather;
    world5_open(w, seed);
    world_load_protocol(w);
    world5_add(w);
    expect_state(w, "Running");
}

/* The list has the packet's data, all of them and no others, while the driver has the packet. */
static void
a_list_describes_its_packet_until_that_is_completed(void **state)
{
    static const struct {
        ULONG offset;
        ULONG length;
    } parts[] = {{0, 150}, {10, 140}, {0, 60}, {45, 30}, {45, 100}, {95, 55}};

    (void)state;
    for (unsigned i = 0; i < RTL_NUMBER_OF(parts); i++) {
        for (unsigned seed = 0; seed < world_seeds(8); seed++) {
            struct world w;

            given_protocol(&w, seed);
            offset = parts[i].offset;
            length = parts[i].length;
            world_as_driver(&w, send_list, NULL);
            world_settle(&w);
            expect(&w, element_count > 0 && gathered_bytes == length);
            for (ULONG at = 0; at < length; at++) {
                expect(&w, gathered[at] == (UCHAR)(1 + offset + at));
            }
            for (ULONG at = 0; at < element_count; at++) {
                expect(&w, device_memory(elements[at].Address, elements[at].Length) != NULL);
            }
            world_at_dispatch(&w, complete_one, NULL);
            world_settle(&w);
            expect(&w, data_path.completed.lists == 1);
            for (ULONG at = 0; at < element_count; at++) {
                expect(&w, device_memory(elements[at].Address, elements[at].Length) == NULL);
            }
            world_as_driver(&w, free_list, NULL);
            world_close(&w);
        }
    }
}

/* --- buffers mapped by hand --- */

static UCHAR large[LARGE];
static ULONG mapped_bytes;
static bool mapped_in_order;
static bool unmapped;

static void
map_large(void *argument)
{
    NDIS_PHYSICAL_ADDRESS_UNIT units[ELEMENTS];
    struct nic *nic = nic_latest();
    NDIS_BUFFER *buffer;
    NDIS_STATUS status;
    UINT count = 0;

    (void)argument;
    mapped_bytes = 0;
    mapped_in_order = unmapped = true;
    NdisAllocateBuffer(&status, &buffer, nic->buffer_pool, large, LARGE);
    NdisMStartBufferPhysicalMapping(nic->handle, buffer, 2, TRUE, units, &count);
    for (UINT i = 0; i < count && i < ELEMENTS; i++) {
        mapped_in_order &=
            device_memory(units[i].PhysicalAddress, units[i].Length) == large + mapped_bytes;
        mapped_bytes += units[i].Length;
    }
    NdisMCompleteBufferPhysicalMapping(nic->handle, buffer, 2);
    for (UINT i = 0; i < count && i < ELEMENTS; i++) {
        unmapped &= device_memory(units[i].PhysicalAddress, units[i].Length) == NULL;
    }
    NdisFreeBuffer(buffer);
}

/* "PhysicalAddressArray": the ranges of the whole buffer, in its order. */
static void
a_mapped_buffer_is_all_of_its_ranges_in_order(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < world_seeds(10); seed++) {
        struct world w;

        given(seed);
        world5_running(&w, seed);
        world_at_dispatch(&w, map_large, NULL);
        expect(&w, mapped_bytes == LARGE && mapped_in_order && unmapped);
        world_close(&w);
    }
}

/* --- shared memory that there is not --- */

static NDIS_STATUS allocate_status;

static void
allocate(void *argument)
{
    (void)argument;
    allocate_status =
        NdisMAllocateSharedMemoryAsync(nic_latest()->handle, LENGTH, FALSE, nic_latest());
}

static void
free_memory(void *argument)
{
    struct nic *nic = argument;

    NdisMFreeSharedMemory(nic->handle, LENGTH, FALSE, nic->shared_later, nic->shared_later_address);
}

/* NDIS_STATUS_FAILURE and no more, or MiniportAllocateComplete with NULL. */
static void
an_allocation_that_fails_later_completes_without_memory(void **state)
{
    unsigned failures = 0;
    bool fired = true;

    (void)state;
    for (uint64_t skip = 0; fired; skip++) {
        struct nic *nic;
        struct world w;

        given(0);
        miniport51.acquire &= ~(1u << ACQUIRE_ASYNC_MEMORY);
        world5_running(&w, skip);
        nic = nic_latest();
        pndis_fault_arm(w.machine, skip);
        world_as_driver(&w, allocate, NULL);
        world_settle(&w);
        fired = pndis_fault_fired(w.machine);
        pndis_fault_disarm(w.machine);
        expect(&w, SEEN(nic->allocations) == (allocate_status == NDIS_STATUS_PENDING ? 1 : 0));
        expect(&w, fired == (nic->shared_later == NULL));
        failures += fired;
        if (nic->shared_later != NULL) {
            world_as_driver(&w, free_memory, nic);
        }
        world_close(&w);
    }
    assert_true(failures >= 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_describes_its_packet_until_that_is_completed),
        cmocka_unit_test(a_mapped_buffer_is_all_of_its_ranges_in_order),
        cmocka_unit_test(an_allocation_that_fails_later_completes_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
