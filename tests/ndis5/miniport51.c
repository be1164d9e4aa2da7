/* The programmable NDIS 5.1 miniport. See miniport51.h. */
#include "miniport51.h"
#include "miniport51_parts.h"

struct miniport51 miniport51;

static struct nic *retired; /* Adapters of the test before. */

/* --- the test's side --- */

static void
free_nics(struct nic *nic)
{
    while (nic != NULL) {
        struct nic *next = nic->next;

        free(nic);
        nic = next;
    }
}

void
miniport51_reset(void)
{
    free_nics(retired);
    retired = miniport51.nics;
    memset(&miniport51, 0, sizeof(miniport51));
    miniport51.minor = 1;
    miniport51.attributes =
        NDIS_ATTRIBUTE_DESERIALIZE | NDIS_ATTRIBUTE_BUS_MASTER | NDIS_ATTRIBUTE_SURPRISE_REMOVE_OK;
    miniport51.acquire = (1u << ACQUIRE_COUNT) - 1;
    miniport51.forget = -1;
    miniport51.fail = -1;
    miniport51.medium = MAXULONG;
    card_reset();
}

struct nic *
nic_latest(void)
{
    return miniport51.nics;
}

void
world5_open(struct world *w, uint64_t seed)
{
    world_open(w, seed);
    w->driver = pndis_driver_load(
        w->machine, NULL,
        &(struct pndis_driver_options){.name = "legacy", .entry = miniport51_entry});
    expect(w, w->driver != NULL);
}

void
world5_add(struct world *w)
{
    card_plug(w, NULL);
    w->adapter = pndis_adapter_add(w->machine, w->driver,
                                   &(struct pndis_adapter_options){.device = card.device});
    expect(w, w->adapter != NULL);
}

void
world5_running(struct world *w, uint64_t seed)
{
    world5_open(w, seed);
    world5_add(w);
    world_add_client(w);
    expect_state(w, "Running");
}

/* --- initialize and halt --- */

static UINT
find_medium(const NDIS_MEDIUM *array, UINT count)
{
    UINT i = 0;

    while (i < count && array[i] != NdisMedium802_3) {
        i++;
    }
    return i;
}

static void
stop_hardware(struct nic *nic)
{
    if (!nic->hardware_stopped) {
        nic->hardware_stopped = true;
        saw(&nic->stops);
    }
}

void
nic_shutdown(PVOID context)
{
    struct nic *nic = context;

    saw(&nic->shutdowns);
    stop_hardware(nic);
}

static struct nic *
new_nic(NDIS_HANDLE handle, NDIS_HANDLE wrapper_context)
{
    struct nic *nic = calloc(1, sizeof(*nic));

    nic->handle = handle;
    nic->wrapper_context = wrapper_context;
    nic->next = miniport51.nics;
    nic->power = NdisDeviceStateD0;
    KeInitializeSpinLock(&nic->held_lock);
    miniport51.nics = nic;
    return nic;
}

static NDIS_STATUS
nic_initialize(PNDIS_STATUS open_error, PUINT selected, PNDIS_MEDIUM array, UINT count,
               NDIS_HANDLE handle, NDIS_HANDLE wrapper_context)
{
    struct nic *nic = new_nic(handle, wrapper_context);
    NDIS_STATUS status;

    (void)open_error;
    saw(&nic->initializes);
    note_level(nic, KeGetCurrentIrql() != PASSIVE_LEVEL);
    *selected = miniport51.medium == MAXULONG ? find_medium(array, count) : miniport51.medium;
    if (miniport51.no_attributes) {
        return NDIS_STATUS_SUCCESS;
    }
    NdisMSetAttributesEx(handle, nic, 0, miniport51.attributes, NdisInterfacePci);
    if (miniport51.on_initialize != NULL) {
        miniport51.on_initialize(nic, wrapper_context);
    }
    if (miniport51.scatter_gather &&
        NdisMInitializeScatterGatherDma(handle, TRUE, 65536) != NDIS_STATUS_SUCCESS) {
        return NDIS_STATUS_RESOURCES;
    }
    status = nic_acquire_all(nic);
    if (status == NDIS_STATUS_SUCCESS) {
        status = miniport51.initialize_status;
    }
    if (status != NDIS_STATUS_SUCCESS) {
        nic_undo_all(nic);
    }
    return status;
}

static VOID
nic_halt(NDIS_HANDLE context)
{
    struct nic *nic = context;

    saw(&nic->halts);
    note_level(nic, KeGetCurrentIrql() != PASSIVE_LEVEL);
    if (miniport51.on_halt != NULL) {
        miniport51.on_halt(nic);
    }
    stop_hardware(nic);
    nic_undo_all(nic);
    nic->halted = true;
}

/* --- requests --- */

static const UCHAR address[6] = {0x02, 0, 0, 0, 0, 0x51};

static const NDIS_OID oids[] = {
    OID_GEN_SUPPORTED_LIST,
    OID_GEN_MAXIMUM_FRAME_SIZE,
    OID_GEN_LINK_SPEED,
    OID_GEN_CURRENT_LOOKAHEAD,
    OID_GEN_CURRENT_PACKET_FILTER,
    OID_GEN_MAC_OPTIONS,
    OID_GEN_XMIT_OK,
    OID_GEN_RCV_OK,
    OID_GEN_VENDOR_ID,
    OID_802_3_CURRENT_ADDRESS,
    OID_802_3_PERMANENT_ADDRESS,
    OID_802_3_MULTICAST_LIST,
};

static NDIS_STATUS
reply(PVOID buffer, ULONG room, const void *data, ULONG bytes, PULONG written, PULONG needed)
{
    if (room < bytes) {
        *needed = bytes;
        return NDIS_STATUS_INVALID_LENGTH;
    }
    memcpy(buffer, data, bytes);
    *written = bytes;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
query(struct nic *nic, NDIS_OID oid, PVOID buffer, ULONG room, PULONG written, PULONG needed)
{
    const struct {
        NDIS_OID oid;
        ULONG value;
    } numbers[] = {
        {OID_GEN_MAXIMUM_FRAME_SIZE, 1500},
        {OID_GEN_MAXIMUM_LOOKAHEAD, 1500},
        {OID_GEN_LINK_SPEED, 1000000},
        {OID_GEN_MAC_OPTIONS, NDIS_MAC_OPTION_NO_LOOPBACK | NDIS_MAC_OPTION_TRANSFERS_NOT_PEND},
        {OID_GEN_MEDIA_CONNECT_STATUS, NdisMediaStateConnected},
        {OID_GEN_XMIT_OK, nic->sends},
        {OID_GEN_RCV_OK, 7},
        {OID_GEN_RCV_NO_BUFFER, 3},
        {OID_GEN_VENDOR_ID, 0x515151},
        {OID_802_3_MAXIMUM_LIST_SIZE, 8},
    };

    if (oid == OID_GEN_SUPPORTED_LIST) {
        return reply(buffer, room, oids, sizeof(oids), written, needed);
    }
    if (oid == OID_802_3_CURRENT_ADDRESS || oid == OID_802_3_PERMANENT_ADDRESS) {
        return reply(buffer, room, address, sizeof(address), written, needed);
    }
    if (oid == OID_PNP_CAPABILITIES && miniport51.power) {
        NDIS_PNP_CAPABILITIES capabilities;

        memset(&capabilities, 0, sizeof(capabilities));
        return reply(buffer, room, &capabilities, sizeof(capabilities), written, needed);
    }
    if (oid == OID_PNP_QUERY_POWER && miniport51.power) {
        *written = room;
        return NDIS_STATUS_SUCCESS;
    }
    for (unsigned i = 0; i < RTL_NUMBER_OF(numbers); i++) {
        if (numbers[i].oid == oid) {
            return reply(buffer, room, &numbers[i].value, sizeof(ULONG), written, needed);
        }
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}

void
nic_answer(struct nic *nic)
{
    ULONG unused = 0;

    NdisMQueryInformationComplete(nic->handle,
                                  query(nic, nic->answer_oid, nic->answer_buffer, nic->answer_bytes,
                                        nic->answer_written, &unused));
}

static void
answer_now(void *context)
{
    nic_answer(context);
}

static NDIS_STATUS
nic_query(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG room, PULONG written,
          PULONG needed)
{
    struct nic *nic = context;

    saw(&nic->queries);
    note_level(nic, KeGetCurrentIrql() != DISPATCH_LEVEL);
    if (oid != miniport51.pended_oid || oid == 0) {
        return query(nic, oid, buffer, room, written, needed);
    }
    nic->answer_oid = oid;
    nic->answer_buffer = buffer;
    nic->answer_bytes = room;
    nic->answer_written = written;
    if (miniport51.answer_when != BY_HAND) {
        do_later(&nic->answer_later, miniport51.answer_when, answer_now, nic);
    }
    return NDIS_STATUS_PENDING;
}

static NDIS_STATUS
nic_set(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG read, PULONG needed)
{
    struct nic *nic = context;

    (void)needed;
    saw(&nic->sets);
    note_level(nic, KeGetCurrentIrql() != DISPATCH_LEVEL);
    *read = bytes;
    if (oid == miniport51.failed_oid && oid != 0) {
        return NDIS_STATUS_FAILURE;
    }
    switch (oid) {
    case OID_GEN_CURRENT_PACKET_FILTER:
        memcpy(&nic->packet_filter, buffer, sizeof(ULONG));
        return NDIS_STATUS_SUCCESS;
    case OID_802_3_MULTICAST_LIST:
        nic->multicast_bytes = bytes;
        return NDIS_STATUS_SUCCESS;
    case OID_GEN_CURRENT_LOOKAHEAD:
    case OID_GEN_MAC_OPTIONS:
        return NDIS_STATUS_SUCCESS;
    case OID_PNP_SET_POWER:
        memcpy(&nic->power, buffer, sizeof(nic->power));
        return NDIS_STATUS_SUCCESS;
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

/* --- reset, hang, events --- */

static void
reset_complete(void *context)
{
    struct nic *nic = context;

    NdisMResetComplete(nic->handle, NDIS_STATUS_SUCCESS, miniport51.addressing_reset);
}

static NDIS_STATUS
nic_reset(PBOOLEAN addressing, NDIS_HANDLE context)
{
    struct nic *nic = context;

    saw(&nic->resets);
    note_level(nic, KeGetCurrentIrql() != DISPATCH_LEVEL);
    miniport51.hung = false;
    *addressing = miniport51.addressing_reset;
    if (miniport51.reset == AT_ONCE) {
        return NDIS_STATUS_SUCCESS;
    }
    if (miniport51.reset != BY_HAND) {
        do_later(&nic->reset_later, miniport51.reset, reset_complete, nic);
    }
    return NDIS_STATUS_PENDING;
}

static BOOLEAN
nic_check_for_hang(NDIS_HANDLE context)
{
    struct nic *nic = context;

    saw(&nic->checks);
    note_level(nic, KeGetCurrentIrql() != DISPATCH_LEVEL);
    return miniport51.hung;
}

static VOID
nic_event(NDIS_HANDLE context, NDIS_DEVICE_PNP_EVENT event, PVOID buffer, ULONG bytes)
{
    (void)event;
    (void)buffer;
    (void)bytes;
    saw(&((struct nic *)context)->events);
}

/* --- entry --- */

static VOID
driver_unload(PDRIVER_OBJECT object)
{
    (void)object;
    miniport51.unloads++;
}

int
miniport51_entry(void *driver_object, void *registry_path)
{
    NDIS51_MINIPORT_CHARACTERISTICS calls;
    NDIS_STATUS status;

    NdisMInitializeWrapper(&miniport51.wrapper, driver_object, registry_path, NULL);
    if (miniport51.wrapper == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    memset(&calls, 0, sizeof(calls));
    calls.MajorNdisVersion = 5;
    calls.MinorNdisVersion = miniport51.minor;
    calls.InitializeHandler = nic_initialize;
    calls.HaltHandler = nic_halt;
    calls.QueryInformationHandler = nic_query;
    calls.SetInformationHandler = nic_set;
    calls.ResetHandler = nic_reset;
    calls.CheckForHangHandler = nic_check_for_hang;
    if (miniport51.minor == 1) {
        calls.PnPEventNotifyHandler = nic_event;
    }
    nic_data_handlers(&calls);
    if (miniport51.edit != NULL) {
        miniport51.edit(&calls);
    }
    status = NdisMRegisterMiniport(miniport51.wrapper, (PNDIS_MINIPORT_CHARACTERISTICS)&calls,
                                   miniport51.minor == 1 ? sizeof(NDIS51_MINIPORT_CHARACTERISTICS)
                                                         : sizeof(NDIS50_MINIPORT_CHARACTERISTICS));
    if (status != NDIS_STATUS_SUCCESS) {
        NdisTerminateWrapper(miniport51.wrapper, NULL);
        return status;
    }
    NdisMRegisterUnloadHandler(miniport51.wrapper, driver_unload);
    return status;
}
