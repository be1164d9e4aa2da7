#include "support/card.h"

struct card card;

/* --- the hardware --- */

static uint8_t *
place(struct card *this, unsigned range, uint64_t offset, unsigned width)
{
    size_t bytes = range == CARD_MEMORY_RANGE ? CARD_MEMORY_BYTES : CARD_PORTS;

    this->range = range;
    this->offset = offset;
    this->width = width;
    if (offset + width > bytes) {
        return NULL;
    }
    return (range == CARD_MEMORY_RANGE ? this->memory : this->ports) + offset;
}

static uint64_t
read_card(void *user, unsigned range, uint64_t offset, unsigned width)
{
    struct card *this = user;
    uint8_t *at = place(this, range, offset, width);
    uint64_t value = 0;

    this->reads++;
    if (at != NULL) {
        memcpy(&value, at, width);
    }
    return value;
}

static void
write_card(void *user, unsigned range, uint64_t offset, unsigned width, uint64_t value)
{
    struct card *this = user;
    uint8_t *at = place(this, range, offset, width);

    this->writes++;
    if (at != NULL) {
        memcpy(at, &value, width);
    }
    if (this->on_write != NULL) {
        this->on_write(this, range, offset, value);
    }
}

static uint32_t
in_config(uint32_t offset, uint32_t bytes)
{
    uint32_t room = offset < CARD_CONFIG_BYTES ? CARD_CONFIG_BYTES - offset : 0;

    return bytes < room ? bytes : room;
}

static uint32_t
read_config(void *user, uint32_t offset, void *buffer, uint32_t bytes)
{
    bytes = in_config(offset, bytes);
    memcpy(buffer, ((struct card *)user)->config + offset, bytes);
    return bytes;
}

static uint32_t
write_config(void *user, uint32_t offset, const void *buffer, uint32_t bytes)
{
    bytes = in_config(offset, bytes);
    memcpy(((struct card *)user)->config + offset, buffer, bytes);
    return bytes;
}

static const struct pndis_device_ops ops = {
    .read = read_card,
    .write = write_card,
    .config_read = read_config,
    .config_write = write_config,
};

void
card_reset(void)
{
    memset(&card, 0, sizeof(card));
    for (unsigned i = 0; i < CARD_CONFIG_BYTES; i++) {
        card.config[i] = (uint8_t)(i ^ 0x5a);
    }
    miniport_reset();
}

void
card_plug(struct world *w, const struct pndis_device_options *options)
{
    struct pndis_device_options all = {.messages = 0};

    if (options != NULL) {
        all = *options;
    }
    all.name = "card";
    all.vendor_id = CARD_VENDOR;
    all.device_id = CARD_DEVICE;
    all.range_count = 2;
    all.ranges[CARD_MEMORY_RANGE] = (struct pndis_range){PNDIS_RANGE_MEMORY, CARD_MEMORY_BYTES};
    all.ranges[CARD_PORT_RANGE] = (struct pndis_range){PNDIS_RANGE_PORT, CARD_PORTS};
    card.device = pndis_device_create(w->machine, &all, &ops, &card);
    expect(w, card.device != NULL);
}

void
card_add(struct world *w, const struct pndis_device_options *options)
{
    card_plug(w, options);
    w->driver = pndis_driver_load(
        w->machine, NULL,
        &(struct pndis_driver_options){.name = "programmable", .entry = miniport_entry});
    expect(w, w->driver != NULL);
    w->adapter = pndis_adapter_add(w->machine, w->driver,
                                   &(struct pndis_adapter_options){.device = card.device});
    expect(w, w->adapter != NULL);
}

/* --- the driver --- */

struct card_resources
card_find(const NDIS_RESOURCE_LIST *list)
{
    struct card_resources found = {.memories = 0};

    for (ULONG i = 0; list != NULL && i < list->Count; i++) {
        const CM_PARTIAL_RESOURCE_DESCRIPTOR *one = &list->PartialDescriptors[i];

        switch (one->Type) {
        case CmResourceTypeMemory:
            found.memories++;
            found.memory = one->u.Memory.Start;
            found.memory_bytes = one->u.Memory.Length;
            break;
        case CmResourceTypePort:
            found.ports++;
            found.port = one->u.Port.Start.LowPart;
            found.port_count = one->u.Port.Length;
            break;
        case CmResourceTypeInterrupt:
            if ((one->Flags & CM_RESOURCE_INTERRUPT_MESSAGE) != 0) {
                found.messages++;
            } else {
                found.lines++;
            }
            break;
        default:
            break;
        }
    }
    return found;
}
