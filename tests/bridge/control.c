/* The bridge's control device, and pndis_control_send() on it. */
#include "bridge/bridge_world.h"

#include <ntstatus.h>

static struct bridge_port_info infos[BRIDGE_PORT_LIMIT];

static struct pndis_control
query_ports(size_t room)
{
    return (struct pndis_control){
        .device = BRIDGE_DEVICE_NAME,
        .code = BRIDGE_IOCTL_QUERY_PORTS,
        .output = infos,
        .output_bytes = room,
    };
}

static void
every_port_is_described(void **state)
{
    struct bridge_world b;
    struct pndis_control control = query_ports(sizeof(infos));

    (void)state;
    bridge_prepare();
    bridge_open(&b, 1, 3);
    bridge_receive_host(&b, 1, ALL_HOSTS, 5);
    assert_int_equal(pndis_control_send(b.w.machine, &control), 0);
    assert_int_equal(control.status, STATUS_SUCCESS);
    assert_int_equal(control.returned_bytes, 3 * sizeof(infos[0]));
    for (unsigned i = 0; i < 3; i++) {
        struct pndis_adapter_info adapter;

        assert_int_equal(pndis_adapter_get_info(b.adapters[i], &adapter), 0);
        assert_int_equal(infos[i].bytes, sizeof(infos[0]));
        assert_int_equal(infos[i].port, i);
        assert_int_equal(infos[i].interface_index, adapter.interface_index);
        assert_memory_equal(infos[i].address, adapter.address, 6);
        assert_int_equal(infos[i].mtu, PORT_MTU);
        assert_int_equal(infos[i].running, 1);
        assert_int_equal(infos[i].connected, 1);
        assert_int_equal(infos[i].addresses, i == 1);
        assert_int_equal(infos[i].counters.received_frames, i == 1);
        assert_int_equal(infos[i].counters.received_bytes, i == 1 ? 60 : 0);
        assert_int_equal(infos[i].counters.sent_frames, i != 1);
        assert_int_equal(infos[i].counters.sent_bytes, i != 1 ? 60 : 0);
    }
    bridge_close(&b);
}

/* An answer that does not fit is cut, and says so with a warning. */
static void
a_small_buffer_gets_what_fits(void **state)
{
    struct bridge_world b;
    struct pndis_control control = query_ports(2 * sizeof(infos[0]) + 5);

    (void)state;
    bridge_prepare();
    bridge_open(&b, 1, 3);
    assert_int_equal(pndis_control_send(b.w.machine, &control), 0);
    assert_int_equal(control.status, STATUS_BUFFER_OVERFLOW);
    assert_int_equal(control.returned_bytes, 2 * sizeof(infos[0]));
    assert_int_equal(infos[1].port, 1);

    control = query_ports(0);
    assert_int_equal(pndis_control_send(b.w.machine, &control), 0);
    assert_int_equal(control.status, STATUS_BUFFER_OVERFLOW);
    assert_int_equal(control.returned_bytes, 0);
    bridge_close(&b);
}

static void
the_symbolic_link_leads_to_the_device(void **state)
{
    struct bridge_world b;
    struct pndis_control control = query_ports(sizeof(infos));

    (void)state;
    bridge_prepare();
    bridge_open(&b, 1, 2);
    control.device = BRIDGE_DOS_NAME;
    assert_int_equal(pndis_control_send(b.w.machine, &control), 0);
    control.device = "\\??\\EthernetBridge";
    assert_int_equal(pndis_control_send(b.w.machine, &control), 0);
    assert_int_equal(control.returned_bytes, 2 * sizeof(infos[0]));
    bridge_close(&b);
}

static void
what_is_refused_says_why(void **state)
{
    struct bridge_world b;
    struct pndis_control control = query_ports(sizeof(infos));
    const uint8_t little = 1;

    (void)state;
    bridge_prepare();
    bridge_open(&b, 1, 2);
    control.code = BRIDGE_IOCTL(100);
    assert_int_equal(pndis_control_send(b.w.machine, &control), PNDIS_EDRIVER);
    assert_int_equal(control.status, (int)STATUS_INVALID_DEVICE_REQUEST);
    assert_int_equal(bridge_control(&b, BRIDGE_IOCTL_SET_AGEING, &little, 1), PNDIS_EDRIVER);

    control.device = "\\Device\\Nothing";
    assert_int_equal(pndis_control_send(b.w.machine, &control), PNDIS_ENOTFOUND);
    assert_non_null(strstr(pndis_last_error(), "\\Device\\Nothing"));
    control.device = NULL;
    assert_int_equal(pndis_control_send(b.w.machine, &control), PNDIS_EINVAL);

    assert_int_equal(pndis_driver_unload(b.bridge), 0);
    control.device = BRIDGE_DEVICE_NAME;
    assert_int_equal(pndis_control_send(b.w.machine, &control), PNDIS_ENOTFOUND);
    bridge_close(&b);
}

/* A slot that is used again begins with nothing of what was there before. */
static void
a_new_port_counts_from_zero(void **state)
{
    struct bridge_world b;

    (void)state;
    bridge_prepare();
    bridge_open(&b, 1, 2);
    bridge_receive_host(&b, 0, ALL_HOSTS, 5);
    assert_int_equal(bridge_info(&b, 1).counters.sent_frames, 1);
    assert_int_equal(pndis_adapter_stop(b.adapters[1], PNDIS_HALT_DISABLED), 0);
    assert_int_equal(bridge_info(&b, 1).bytes, 0);
    assert_int_equal(pndis_adapter_start(b.adapters[1]), 0);
    assert_int_equal(bridge_info(&b, 1).running, 1);
    assert_int_equal(bridge_info(&b, 1).counters.sent_frames, 0);
    bridge_close(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_port_is_described),
        cmocka_unit_test(a_small_buffer_gets_what_fits),
        cmocka_unit_test(the_symbolic_link_leads_to_the_device),
        cmocka_unit_test(what_is_refused_says_why),
        cmocka_unit_test(a_new_port_counts_from_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
