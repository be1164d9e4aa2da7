/*
 * Subordinate DMA: "NdisMRegisterDmaChannel", "NdisMSetupDmaTransfer", "NdisMCompleteDmaTransfer".
 * The card asks the system's controller for bytes; what it gets is what the driver set up.
 */
#include "support/card.h"

enum { CHANNEL = 2, MAXIMUM = 256, BYTES = 64, OFFSET = 8, WANTED = 32 };

static struct {
    NDIS_HANDLE channel;
    UCHAR memory[BYTES];
    MDL *mdl;
    MDL *other_mdl;
    NDIS_STATUS status;
    ULONG counter;
} dma;

static NDIS_STATUS
register_channel(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    NDIS_DMA_DESCRIPTION description = {.DmaChannelSpecified = TRUE, .DmaChannel = CHANNEL};

    (void)parameters;
    dma.mdl = NdisAllocateMdl(port->handle, dma.memory, BYTES);
    dma.other_mdl = NdisAllocateMdl(port->handle, dma.memory, BYTES);
    return NdisMRegisterDmaChannel(&dma.channel, port->handle, 0, FALSE, &description, MAXIMUM);
}

static void
deregister_channel(struct port *port, NDIS_HALT_ACTION action)
{
    (void)port;
    (void)action;
    NdisMDeregisterDmaChannel(dma.channel);
    NdisFreeMdl(dma.mdl);
    NdisFreeMdl(dma.other_mdl);
}

/* What a setup and a completion are given. */
struct transfer {
    bool other_mdl;
    ULONG offset;
    ULONG length;
    BOOLEAN to_device;
};

static const struct transfer to_card = {.offset = OFFSET, .length = WANTED, .to_device = TRUE};
static const struct transfer from_card = {.offset = OFFSET, .length = WANTED};

static void
set_up(void *argument)
{
    const struct transfer *t = argument;

    NdisMSetupDmaTransfer(&dma.status, dma.channel, t->other_mdl ? dma.other_mdl : dma.mdl,
                          t->offset, t->length, t->to_device);
    dma.counter = NdisMReadDmaCounter(dma.channel);
}

static void
complete(void *argument)
{
    const struct transfer *t = argument;

    dma.counter = NdisMReadDmaCounter(dma.channel);
    NdisMCompleteDmaTransfer(&dma.status, dma.channel, t->other_mdl ? dma.other_mdl : dma.mdl,
                             t->offset, t->length, t->to_device);
}

static NDIS_STATUS
answer_to(struct world *w, void (*routine)(void *argument), const struct transfer *transfer)
{
    world_as_driver(w, routine, (void *)transfer);
    return dma.status;
}

static void
given_channel(struct world *w)
{
    memset(&dma, 0, sizeof(dma));
    for (unsigned i = 0; i < BYTES; i++) {
        dma.memory[i] = (UCHAR)i;
    }
    card_reset();
    miniport.on_initialize = register_channel;
    miniport.on_halt = deregister_channel;
    world_open(w, 0);
    card_add(w, NULL);
    expect_state(w, "Paused");
}

static void
the_card_gets_what_was_set_up_piece_by_piece(void **state)
{
    uint8_t got[WANTED + 8] = {0};
    struct world w;

    (void)state;
    given_channel(&w);
    assert_int_equal(pndis_device_transfer(card.device, CHANNEL, got, sizeof(got)), 0);
    assert_int_equal(answer_to(&w, set_up, &to_card), NDIS_STATUS_SUCCESS);
    assert_int_equal(dma.counter, WANTED);
    assert_int_equal(pndis_device_transfer(card.device, CHANNEL, got, 10), 10);
    assert_int_equal(pndis_device_transfer(card.device, CHANNEL, got + 10, sizeof(got) - 10),
                     WANTED - 10);
    assert_memory_equal(got, dma.memory + OFFSET, WANTED);
    assert_int_equal(answer_to(&w, complete, &to_card), NDIS_STATUS_SUCCESS);
    assert_int_equal(dma.counter, 0);
    world_close(&w);
}

static void
what_the_card_gives_lands_where_it_was_set_up(void **state)
{
    uint8_t given[WANTED];
    struct world w;

    (void)state;
    memset(given, 0xee, sizeof(given));
    given_channel(&w);
    assert_int_equal(answer_to(&w, set_up, &from_card), NDIS_STATUS_SUCCESS);
    assert_int_equal(pndis_device_transfer(card.device, CHANNEL, given, sizeof(given)), WANTED);
    assert_int_equal(answer_to(&w, complete, &from_card), NDIS_STATUS_SUCCESS);
    assert_memory_equal(dma.memory + OFFSET, given, WANTED);
    assert_int_equal(dma.memory[OFFSET - 1], OFFSET - 1);
    assert_int_equal(dma.memory[OFFSET + WANTED], OFFSET + WANTED);
    world_close(&w);
}

static void
a_channel_does_one_transfer_at_a_time_and_none_too_long(void **state)
{
    const struct transfer too_long = {.offset = OFFSET, .length = BYTES - OFFSET + 1};
    struct world w;

    (void)state;
    given_channel(&w);
    assert_int_equal(answer_to(&w, set_up, &too_long), NDIS_STATUS_RESOURCES);
    assert_int_equal(answer_to(&w, set_up, &to_card), NDIS_STATUS_SUCCESS);
    assert_int_equal(answer_to(&w, set_up, &to_card), NDIS_STATUS_RESOURCES);
    assert_int_equal(answer_to(&w, complete, &to_card), NDIS_STATUS_SUCCESS);
    assert_int_equal(answer_to(&w, set_up, &to_card), NDIS_STATUS_SUCCESS);
    assert_int_equal(answer_to(&w, complete, &to_card), NDIS_STATUS_SUCCESS);
    world_close(&w);
}

/* "The DMA controller was released but the data transfer might be incoherent." */
static void
a_transfer_is_completed_as_it_was_set_up(void **state)
{
    static const struct transfer others[] = {
        {.offset = OFFSET, .length = WANTED, .to_device = FALSE},
        {.offset = OFFSET, .length = WANTED - 1, .to_device = TRUE},
        {.offset = OFFSET + 1, .length = WANTED, .to_device = TRUE},
        {.other_mdl = true, .offset = OFFSET, .length = WANTED, .to_device = TRUE},
    };
    struct world w;

    (void)state;
    given_channel(&w);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(answer_to(&w, set_up, &to_card), NDIS_STATUS_SUCCESS);
        assert_int_equal(answer_to(&w, complete, &others[i]), NDIS_STATUS_RESOURCES);
        world_expect_violation_of(&w, "DMA_TRANSFER", "another DMA transfer", "");
    }
    assert_int_equal(answer_to(&w, complete, &to_card), NDIS_STATUS_RESOURCES);
    world_expect_violation_of(&w, "DMA_TRANSFER", "not set up", "");
    assert_int_equal(answer_to(&w, set_up, &to_card), NDIS_STATUS_SUCCESS);
    assert_int_equal(answer_to(&w, complete, &to_card), NDIS_STATUS_SUCCESS);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_card_gets_what_was_set_up_piece_by_piece),
        cmocka_unit_test(what_the_card_gives_lands_where_it_was_set_up),
        cmocka_unit_test(a_channel_does_one_transfer_at_a_time_and_none_too_long),
        cmocka_unit_test(a_transfer_is_completed_as_it_was_set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
