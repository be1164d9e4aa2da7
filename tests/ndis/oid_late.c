/*
 * A request of NDIS that the miniport answers when nobody waits any more: its buffer is still
 * there, as it was. "NdisMOidRequestComplete", OID_PNP_SET_POWER.
 */
#include "support/world.h"

enum { D0 = 0, D3 = 3, TIMEOUT_NS = 100000000, ROUNDS = 100 };

static unsigned looks;
static unsigned wrong; /* Looks that found something else than was asked. */

static void
stays_initialized(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *attributes)
{
    attributes->AttributeFlags |= NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND;
}

/* The miniport looks at what it was asked, late, and answers. */
static void
look_and_complete(void *argument)
{
    struct port *port = argument;

    while (port->request != NULL) {
        PNDIS_OID_REQUEST request = port->request;
        NDIS_DEVICE_POWER_STATE *state = request->DATA.SET_INFORMATION.InformationBuffer;

        looks++;
        wrong += *state != NdisDeviceStateD3;
        *state = NdisDeviceStateD1;
        port->request = NULL;
        NdisMOidRequestComplete(port->handle, request, NDIS_STATUS_SUCCESS);
    }
}

static void
a_request_that_nobody_waits_for_keeps_its_buffer(void **state)
{
    struct world w;

    (void)state;
    miniport_reset();
    miniport.edit_registration = stays_initialized;
    world_open_with(&w, &(struct pndis_machine_options){.processors = 2, .timeout_ns = TIMEOUT_NS});
    world_add_adapter(&w);
    miniport.oid = BY_HAND;
    expect(&w, pndis_adapter_set_power(w.adapter, D3) != 0);
    pndis_violations_clear(w.machine);
    looks = wrong = 0;
    /* OID_PNP_QUERY_POWER, and the same again that waits behind it. */
    expect(&w, pndis_adapter_set_power(w.adapter, D3) != 0);
    pndis_violations_clear(w.machine);
    for (unsigned i = 0; i < ROUNDS && looks < 2; i++) {
        world_as_driver(&w, look_and_complete, port_latest());
        world_settle(&w);
    }
    expect(&w, looks == 2 && wrong == 0);
    miniport.oid = AT_ONCE;
    expect(&w, pndis_adapter_set_power(w.adapter, D0) == 0);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_that_nobody_waits_for_keeps_its_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
