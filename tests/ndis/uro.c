/*
 * "UDP Receive Segment Coalescing Offload (URO)": "NDIS disables URO on the miniport during binding
 * if an LWF or protocol driver that doesn't support URO is present."
 */
#include "support/protocol.h"
#include "support/world.h"

enum { SEEDS = 20 };

static struct {
    bool can; /* The miniport reports it in its attributes, and does as it is told. */
    unsigned sets;
    UCHAR value;
    bool bound_before; /* The protocol was bound when the last one came. */
} told;

static NDIS_STATUS
set_offload_attributes(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    NDIS_OFFLOAD offload = {
        .Header = {NDIS_OBJECT_TYPE_OFFLOAD, NDIS_OFFLOAD_REVISION_8,
                   NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_8},
        .UdpRsc.Enabled = TRUE,
    };
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes = {
        .OffloadAttributes = {
            .Header = {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
                       NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1,
                       NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1},
            .DefaultOffloadConfiguration = &offload,
            .HardwareOffloadCapabilities = &offload,
        }};

    (void)parameters;
    return told.can ? NdisMSetMiniportAttributes(port->handle, &attributes) : NDIS_STATUS_SUCCESS;
}

static void
indicate_configuration(struct port *port, BOOLEAN enabled)
{
    NDIS_OFFLOAD offload = {
        .Header = {NDIS_OBJECT_TYPE_OFFLOAD, NDIS_OFFLOAD_REVISION_8,
                   NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_8},
        .UdpRsc.Enabled = enabled,
    };
    NDIS_STATUS_INDICATION indication = {
        .Header = {NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
                   NDIS_SIZEOF_STATUS_INDICATION_REVISION_1},
        .SourceHandle = port->handle,
        .StatusCode = NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG,
        .StatusBuffer = &offload,
        .StatusBufferSize = NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_8,
    };

    NdisMIndicateStatusEx(port->handle, &indication);
}

static NDIS_STATUS
on_oid(struct port *port, PNDIS_OID_REQUEST request)
{
    const NDIS_OFFLOAD_PARAMETERS *parameters = request->DATA.SET_INFORMATION.InformationBuffer;

    if (request->RequestType != NdisRequestSetInformation ||
        request->DATA.SET_INFORMATION.Oid != OID_TCP_OFFLOAD_PARAMETERS) {
        return NDIS_STATUS_NOT_RECOGNIZED;
    }
    told.sets++;
    told.value = parameters->UdpRsc.Enabled;
    told.bound_before = opening_latest() != NULL && opening_latest()->handle != NULL;
    request->DATA.SET_INFORMATION.BytesRead = NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_6;
    indicate_configuration(port, told.value == NDIS_OFFLOAD_PARAMETERS_UDP_RSC_ENABLED);
    return NDIS_STATUS_SUCCESS;
}

static void
opt_out(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    characteristics->Flags |= NDIS_PROTOCOL_DRIVER_UDP_RSC_NOT_SUPPORTED;
}

static void
given_an_adapter(struct world *w, uint64_t seed, bool can)
{
    memset(&told, 0, sizeof(told));
    told.can = can;
    miniport_reset();
    protocol_reset();
    miniport.version = 0x00060059;
    miniport.on_initialize = set_offload_attributes;
    miniport.on_oid = on_oid;
    world_open(w, seed);
    world_add_adapter(w);
    world_settle(w);
}

static void
a_protocol_before_6_89_has_it_switched_off(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world w;

        given_an_adapter(&w, seed, true);
        protocol.version = 0x00060058;
        world_load_protocol(&w);
        world_settle(&w);
        expect(&w, told.sets == 1 && told.value == NDIS_OFFLOAD_PARAMETERS_UDP_RSC_DISABLED);
        expect(&w, !told.bound_before);
        world_close(&w);
    }
}

static void
a_protocol_that_opts_out_has_it_switched_off(void **state)
{
    struct world w;

    (void)state;
    given_an_adapter(&w, 1, true);
    protocol.version = 0x00060059;
    protocol.edit_characteristics = opt_out;
    world_load_protocol(&w);
    world_settle(&w);
    expect(&w, told.sets == 1 && told.value == NDIS_OFFLOAD_PARAMETERS_UDP_RSC_DISABLED);
    world_close(&w);
}

static void
a_protocol_of_6_89_leaves_it_on(void **state)
{
    struct world w;

    (void)state;
    given_an_adapter(&w, 1, true);
    protocol.version = 0x00060059;
    world_load_protocol(&w);
    world_settle(&w);
    expect(&w, opening_latest()->handle != NULL && told.sets == 0);
    world_close(&w);
}

static void
a_miniport_without_it_is_not_asked(void **state)
{
    struct world w;

    (void)state;
    given_an_adapter(&w, 1, false);
    protocol.version = 0x0006001E;
    world_load_protocol(&w);
    world_settle(&w);
    expect(&w, told.sets == 0);
    world_close(&w);
}

/* Once by the first that cannot take it, and back when the last of them has gone. */
static void
it_is_back_when_all_can_take_it_again(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct pndis_client *one;
        struct pndis_client *other;
        struct pndis_client *modern;
        struct world w;

        given_an_adapter(&w, seed, true);
        modern = pndis_client_open(w.adapter, &(struct pndis_client_options){.takes_uro = true});
        expect(&w, told.sets == 0);
        one = pndis_client_open(w.adapter, NULL);
        other = pndis_client_open(w.adapter, NULL);
        expect(&w, told.sets == 1 && told.value == NDIS_OFFLOAD_PARAMETERS_UDP_RSC_DISABLED);
        expect(&w, pndis_client_close(one) == 0 && told.sets == 1);
        expect(&w, pndis_client_close(other) == 0 && told.sets == 2);
        expect(&w, told.value == NDIS_OFFLOAD_PARAMETERS_UDP_RSC_ENABLED);
        expect(&w, pndis_client_close(modern) == 0 && told.sets == 2);
        world_close(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_protocol_before_6_89_has_it_switched_off),
        cmocka_unit_test(a_protocol_that_opts_out_has_it_switched_off),
        cmocka_unit_test(a_protocol_of_6_89_leaves_it_on),
        cmocka_unit_test(a_miniport_without_it_is_not_asked),
        cmocka_unit_test(it_is_back_when_all_can_take_it_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
