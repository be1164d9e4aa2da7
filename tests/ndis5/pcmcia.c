/*
 * A PC Card: the driver walks its card information structure at initialize, as far as it needs the
 * station address, and chooses a configuration (NdisReadPcmciaAttributeMemory,
 * NdisWritePcmciaAttributeMemory).
 */
#include "miniport51.h"

enum {
    TUPLE_DEVICE = 0x01,
    TUPLE_CONFIG = 0x1a,
    TUPLE_FUNCTION = 0x21,
    TUPLE_EXTENSION = 0x22,
    TUPLE_END = 0xff,
    LAN_NODE_ID = 4,
    OPTION_REGISTER = 0x30, /* In memory without the odd bytes; the card says twice that. */
    CONFIGURATION = 0x41,
    ATTRIBUTE_BYTES = 0x40,
};

/* Each tuple: its code, how much follows, and that. */
static const uint8_t device[] = {TUPLE_DEVICE, 2, 0xd9, 0x01};
static const uint8_t config[] = {TUPLE_CONFIG, 3, 0x00, 0x01, 2 * OPTION_REGISTER};
static const uint8_t function[] = {TUPLE_FUNCTION, 2, 6, 0};
static const uint8_t node[] = {TUPLE_EXTENSION, 8, LAN_NODE_ID, 6, 0x02, 0, 0, 0x50, 0x43, 0x01};
static const uint8_t end[] = {TUPLE_END};

static uint8_t memory[ATTRIBUTE_BYTES];

/* What the driver found and was told. */
static struct {
    uint8_t address[6];
    unsigned tuples;
    ULONG option_register;
    ULONG written;
    ULONG beyond;
    ULONG across;
    uint8_t buffer[ATTRIBUTE_BYTES];
} found;

static void
look_at(const uint8_t *tuple, const uint8_t *body)
{
    if (tuple[0] == TUPLE_CONFIG) {
        found.option_register = body[2] / 2;
    } else if (tuple[0] == TUPLE_EXTENSION && body[0] == LAN_NODE_ID) {
        memcpy(found.address, body + 2, sizeof(found.address));
    }
}

static void
walk(struct nic *nic)
{
    ULONG at = 0;
    uint8_t tuple[2];
    uint8_t body[16];

    while (NdisReadPcmciaAttributeMemory(nic->handle, at, tuple, 2) != 0 && tuple[0] != TUPLE_END) {
        ULONG bytes = tuple[1];

        if (NdisReadPcmciaAttributeMemory(nic->handle, at + 2, body, bytes) != bytes) {
            return;
        }
        look_at(tuple, body);
        found.tuples++;
        at += 2 + bytes;
    }
}

static void
configure(struct nic *nic, NDIS_HANDLE wrapper_context)
{
    uint8_t configuration = CONFIGURATION;

    (void)wrapper_context;
    walk(nic);
    found.written = NdisWritePcmciaAttributeMemory(nic->handle, found.option_register,
                                                   &configuration, sizeof(configuration));
    found.beyond =
        NdisReadPcmciaAttributeMemory(nic->handle, ATTRIBUTE_BYTES, found.buffer, sizeof(ULONG));
    found.across =
        NdisReadPcmciaAttributeMemory(nic->handle, ATTRIBUTE_BYTES - 3, found.buffer, 16);
}

static void
fill_memory(void)
{
    const struct {
        const uint8_t *tuple;
        size_t bytes;
    } chain[] = {
        {device, sizeof(device)}, {config, sizeof(config)}, {function, sizeof(function)},
        {node, sizeof(node)},     {end, sizeof(end)},
    };
    size_t used = 0;

    memset(memory, 0xee, sizeof(memory));
    for (size_t i = 0; i < RTL_NUMBER_OF(chain); i++) {
        memcpy(memory + used, chain[i].tuple, chain[i].bytes);
        used += chain[i].bytes;
    }
}

static void
open_with(struct world *w, const struct pndis_device_options *options)
{
    miniport51_reset();
    miniport51.on_initialize = configure;
    memset(&found, 0, sizeof(found));
    fill_memory();
    world5_open(w, 1);
    card_plug(w, options);
    w->adapter = pndis_adapter_add(w->machine, w->driver,
                                   &(struct pndis_adapter_options){.device = card.device});
    expect(w, w->adapter != NULL);
}

static const struct pndis_device_options pc_card = {
    .attribute_memory = memory,
    .attribute_bytes = sizeof(memory),
};

static void
a_driver_reads_the_tuples_of_its_card(void **state)
{
    const uint8_t address[6] = {0x02, 0, 0, 0x50, 0x43, 0x01};
    struct world w;

    (void)state;
    open_with(&w, &pc_card);
    expect_state(&w, "Paused");
    expect(&w, found.tuples == 4 && memcmp(found.address, address, sizeof(address)) == 0);
    world_close(&w);
}

static void
what_it_writes_is_in_the_card(void **state)
{
    struct world w;

    (void)state;
    open_with(&w, &pc_card);
    expect(&w, found.option_register == OPTION_REGISTER && found.written == 1);
    expect(&w, memory[OPTION_REGISTER] == CONFIGURATION);
    expect(&w, memory[OPTION_REGISTER - 1] == 0xee && memory[OPTION_REGISTER + 1] == 0xee);
    world_close(&w);
}

/* "Returns how many bytes it read." */
static void
the_memory_ends_where_it_ends(void **state)
{
    struct world w;

    (void)state;
    open_with(&w, &pc_card);
    expect(&w, found.beyond == 0 && found.across == 3);
    expect(&w, found.buffer[2] == 0xee && found.buffer[3] == 0);
    world_close(&w);
}

/* "A return value of zero indicates that the read operation failed." */
static void
other_adapters_have_no_attribute_memory(void **state)
{
    struct world w;

    (void)state;
    open_with(&w, NULL);
    expect_state(&w, "Paused");
    expect(&w, found.tuples == 0 && found.written == 0 && found.across == 0);
    w.adapter = pndis_adapter_add(w.machine, w.driver, NULL);
    expect(&w, w.adapter != NULL && found.tuples == 0 && found.written == 0);
    world_close(&w);
}

static void
read_and_write(void *argument)
{
    struct nic *nic = argument;

    found.across = NdisReadPcmciaAttributeMemory(nic->handle, 0, found.buffer, 4);
    found.written = NdisWritePcmciaAttributeMemory(nic->handle, 0, found.buffer, 4);
}

/* As of any read of a card that was pulled out. */
static void
a_card_that_was_pulled_out_reads_as_all_ones(void **state)
{
    struct world w;

    (void)state;
    open_with(&w, &pc_card);
    pndis_device_unplug(card.device);
    world_as_driver(&w, read_and_write, nic_latest());
    expect(&w, found.across == 4 && memcmp(found.buffer, "\xff\xff\xff\xff", 4) == 0);
    expect(&w, memcmp(memory, device, sizeof(device)) == 0);
    expect(&w, pndis_device_lost_accesses(card.device) == 2);
    world_close(&w);
}

static void
a_handle_of_nothing_is_reported(void **state)
{
    struct nic nobody = {.handle = &nobody};
    struct world w;

    (void)state;
    open_with(&w, &pc_card);
    world_as_driver(&w, read_and_write, &nobody);
    expect(&w, found.across == 0 && found.written == 0);
    world_expect_violation(&w, "OBJECT_HANDLE");
    world_close(&w);
}

static void
attribute_memory_is_somewhere(void **state)
{
    static const struct pndis_device_ops ops = {.read = NULL};
    const struct pndis_device_options options = {.attribute_bytes = 1};
    struct world w;

    (void)state;
    world_open(&w, 1);
    expect(&w, pndis_device_create(w.machine, &options, &ops, NULL) == NULL);
    expect(&w, strstr(pndis_last_error(), "attribute memory") != NULL);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_driver_reads_the_tuples_of_its_card),
        cmocka_unit_test(what_it_writes_is_in_the_card),
        cmocka_unit_test(the_memory_ends_where_it_ends),
        cmocka_unit_test(other_adapters_have_no_attribute_memory),
        cmocka_unit_test(a_card_that_was_pulled_out_reads_as_all_ones),
        cmocka_unit_test(a_handle_of_nothing_is_reported),
        cmocka_unit_test(attribute_memory_is_somewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
