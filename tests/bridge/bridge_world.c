#include "bridge/bridge_world.h"

#include <pndis/control.h>

pndis_driver_entry bridge_linked_DriverEntry;

struct sent sent[SENT_LIMIT];
unsigned sent_count;

static struct bridge_world *world_now;

/* --- what is sent --- */

static unsigned
number_of(const struct port *port)
{
    for (unsigned i = 0; i < WORLD_PORTS; i++) {
        if (world_now->ports[i] == port) {
            return i;
        }
    }
    return WORLD_PORTS;
}

static void
read_frame(const NET_BUFFER *buffer, uint8_t *to)
{
    const MDL *mdl = NET_BUFFER_CURRENT_MDL(buffer);
    size_t offset = NET_BUFFER_CURRENT_MDL_OFFSET(buffer);
    size_t left = NET_BUFFER_DATA_LENGTH(buffer);

    for (; left > 0 && mdl != NULL; mdl = mdl->Next, offset = 0) {
        size_t here = mdl->ByteCount - offset < left ? mdl->ByteCount - offset : left;

        memcpy(to, (const uint8_t *)mdl->MappedSystemVa + offset, here);
        to += here;
        left -= here;
    }
    assert_int_equal(left, 0);
}

static void
on_send(struct port *port, NET_BUFFER_LIST *nbl)
{
    const NET_BUFFER *buffer = NET_BUFFER_LIST_FIRST_NB(nbl);
    unsigned place = __atomic_fetch_add(&sent_count, 1, __ATOMIC_SEQ_CST);
    struct sent *entry = &sent[place % SENT_LIMIT];

    if (place >= SENT_LIMIT) {
        return;
    }
    entry->port = number_of(port);
    entry->bytes = NET_BUFFER_DATA_LENGTH(buffer);
    entry->data = malloc(entry->bytes + 1);
    read_frame(buffer, entry->data);
    entry->first_mdl = NET_BUFFER_CURRENT_MDL(buffer);
    entry->first_mdl_bytes =
        NET_BUFFER_CURRENT_MDL(buffer)->ByteCount - NET_BUFFER_CURRENT_MDL_OFFSET(buffer);
    memcpy(entry->info, nbl->NetBufferListInfo, sizeof(entry->info));
}

void
bridge_forget(void)
{
    for (unsigned i = 0; i < sent_count && i < SENT_LIMIT; i++) {
        free(sent[i].data);
        sent[i].data = NULL;
    }
    sent_count = 0;
}

unsigned
bridge_sent_on(unsigned port)
{
    unsigned count = 0;

    for (unsigned i = 0; i < sent_count && i < SENT_LIMIT; i++) {
        count += sent[i].port == port;
    }
    return count;
}

/* --- the machine --- */

/* Every adapter has an address of its own. */
static void
number_address(NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    attributes->CurrentMacAddress[5] = (UCHAR)world_now->port_count;
    attributes->PermanentMacAddress[5] = (UCHAR)world_now->port_count;
}

void
bridge_prepare(void)
{
    miniport_reset();
    miniport.on_send = on_send;
    miniport.edit_general = number_address;
    bridge_forget();
}

void
bridge_load(struct bridge_world *b)
{
    world_now = b;
    b->bridge = pndis_driver_load(
        b->w.machine, NULL,
        &(struct pndis_driver_options){.name = "bridge", .entry = bridge_linked_DriverEntry});
}

void
bridge_open_empty(struct bridge_world *b, uint64_t seed)
{
    memset(b, 0, sizeof(*b));
    world_open(&b->w, seed);
    bridge_load(b);
    expect(&b->w, b->bridge != NULL);
}

void
bridge_add_port(struct bridge_world *b)
{
    world_add_adapter(&b->w);
    b->adapters[b->port_count] = b->w.adapter;
    b->ports[b->port_count] = port_latest();
    b->port_count++;
    expect_state(&b->w, "Running");
}

void
bridge_open(struct bridge_world *b, uint64_t seed, unsigned ports)
{
    bridge_open_empty(b, seed);
    for (unsigned i = 0; i < ports; i++) {
        bridge_add_port(b);
    }
}

void
bridge_close(struct bridge_world *b)
{
    world_close(&b->w);
    bridge_forget();
    world_now = NULL;
}

/* --- frames --- */

struct receive {
    struct port *port;
    const void *frame;
    ULONG bytes;
    unsigned count;
    ULONG flags;
};

static void
receive(void *argument)
{
    const struct receive *what = argument;

    port_try_indicate(what->port, what->frame, what->bytes, what->count, what->flags);
}

void
bridge_receive(struct bridge_world *b, unsigned port, const void *frame, size_t bytes,
               unsigned count, unsigned flags)
{
    struct receive what = {b->ports[port], frame, (ULONG)bytes, count, flags};

    world_as_driver(&b->w, receive, &what);
}

static void
host_address(uint8_t address[6], unsigned host)
{
    memcpy(address, "\x02\xbb\x00\x00\x00", 5);
    address[5] = (uint8_t)host;
    if (host == ALL_HOSTS) {
        memset(address, 0xff, 6);
    }
}

void
bridge_host_frame(uint8_t frame[60], unsigned to, unsigned from)
{
    memset(frame, 0, 60);
    host_address(frame, to);
    host_address(frame + 6, from);
    frame[12] = 0x88;
    frame[13] = 0xb5;
    frame[14] = (uint8_t)from;
}

void
bridge_receive_host(struct bridge_world *b, unsigned port, unsigned to, unsigned from)
{
    uint8_t frame[60];

    bridge_host_frame(frame, to, from);
    bridge_receive(b, port, frame, sizeof(frame), 1, 0);
}

struct sum {
    unsigned receives;
    unsigned sends;
};

static void
sum_up(void *argument)
{
    struct sum *sum = argument;

    for (struct port *port = miniport.ports; port != NULL; port = port->next) {
        KIRQL irql;

        KeAcquireSpinLock(&port->lock, &irql);
        sum->receives += port->receives_out;
        sum->sends += port->sends_in_hand;
        KeReleaseSpinLock(&port->lock, irql);
    }
}

unsigned
bridge_receives_out(struct bridge_world *b)
{
    struct sum sum = {0};

    world_as_driver(&b->w, sum_up, &sum);
    return sum.receives;
}

static bool
is_quiet(void *user)
{
    struct sum sum = {0};

    world_as_driver(&((struct bridge_world *)user)->w, sum_up, &sum);
    return sum.receives == 0 && sum.sends == 0;
}

void
bridge_wait_until_quiet(struct bridge_world *b)
{
    expect(&b->w,
           is_quiet(b) || pndis_machine_run_until(b->w.machine, is_quiet, b, 2000000000) == 0);
}

static void
release(void *argument)
{
    (void)argument;
    miniport.sending = SEND_COMPLETE;
    for (struct port *port = miniport.ports; port != NULL; port = port->next) {
        port_complete_sends(port, ~0u, NDIS_STATUS_SUCCESS);
    }
}

void
bridge_release(struct bridge_world *b)
{
    world_as_driver(&b->w, release, NULL);
}

/* --- the control device --- */

int
bridge_control(struct bridge_world *b, uint32_t code, const void *input, size_t bytes)
{
    struct pndis_control control = {
        .device = BRIDGE_DEVICE_NAME,
        .code = code,
        .input = input,
        .input_bytes = bytes,
    };

    return pndis_control_send(b->w.machine, &control);
}

static size_t
query(struct bridge_world *b, uint32_t code, void *output, size_t bytes)
{
    struct pndis_control control = {
        .device = BRIDGE_DEVICE_NAME,
        .code = code,
        .output = output,
        .output_bytes = bytes,
    };

    expect(&b->w, pndis_control_send(b->w.machine, &control) == 0);
    return control.returned_bytes;
}

struct bridge_port_info
bridge_info(struct bridge_world *b, unsigned port)
{
    struct bridge_port_info infos[BRIDGE_PORT_LIMIT];
    size_t count = query(b, BRIDGE_IOCTL_QUERY_PORTS, infos, sizeof(infos)) / sizeof(infos[0]);

    for (size_t i = 0; i < count; i++) {
        if (infos[i].port == port) {
            return infos[i];
        }
    }
    memset(&infos[0], 0, sizeof(infos[0]));
    return infos[0];
}

int
bridge_port_of(struct bridge_world *b, unsigned host)
{
    static struct bridge_address_info infos[BRIDGE_ADDRESS_LIMIT];
    size_t count = query(b, BRIDGE_IOCTL_QUERY_ADDRESSES, infos, sizeof(infos)) / sizeof(infos[0]);
    uint8_t address[6];

    host_address(address, host);
    for (size_t i = 0; i < count; i++) {
        if (memcmp(infos[i].address, address, 6) == 0) {
            return infos[i].port;
        }
    }
    return -1;
}
