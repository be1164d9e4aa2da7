"""The NDIS 5.1 miniport on both ports, and on one beside the NDIS 6 miniport on the other."""

import time

import lab
from lifecycle_test import COUNT, is_quiet, received, tell, under_load
from traffic_test import Bridge, iperf, ping

BOTH = {"options": ("--driver", "virtio_net51"), "right": ()}
ONE = {"options": ("--driver", "virtio_net51"), "right": ("--driver", "virtio_net")}


def bridges():
    for ports in (BOTH, ONE):
        yield lambda ports=ports: Bridge(*ports["options"], right=ports["right"])


def loaded(operations):
    for ports in (BOTH, ONE):
        under_load(operations, *ports["options"], right=ports["right"])


# --- tests ---


def every_size_is_pinged_in_both_ip_versions():
    for make in bridges():
        with make() as bridge:
            for size in (0, 18, 56, 1400, 1472, 1473, 20000):  # The last ones in fragments.
                ping(bridge.left, bridge.right.ipv4, 3, size)
                ping(bridge.right, bridge.left.ipv6, 3, size)


def tcp_and_udp_flow_both_ways():
    for make in bridges():
        with make() as bridge:
            for address in (bridge.right.ipv4, bridge.right.ipv6):
                for direction in ([], ["-R"]):
                    end = iperf(bridge, address, *direction)
                    assert end["sum_received"]["bytes"] > 1000000, end["sum_received"]
            end = iperf(bridge, bridge.right.ipv4, "-u", "-b", "20M", "-l", "1400")["sum"]
            assert end["packets"] > 0 and end["lost_packets"] * 100 < end["packets"], end


def streams_survive_pauses_and_resets():
    loaded([tell("cycle", 0), tell("cycle", 1), tell("reset", 0), tell("reset", 1)] * (COUNT // 4))


def streams_survive_halts():
    loaded([tell("reinit", i % 2) for i in range(COUNT // 2)])


def streams_survive_surprise_removals():
    loaded([tell("replace", i % 2, ("left", "right")[i % 2]) for i in range(COUNT // 2)])


def streams_survive_breakdowns_and_link_flaps():
    def break_down(bridge):
        bridge.host.tell("break", 0)
        time.sleep(0.1)

    def flap(bridge):
        bridge.host.tell("unplug", 0)
        time.sleep(0.02)
        bridge.host.tell("plug", 0)

    loaded([flap, flap, flap, break_down] * (COUNT // 20))


def floods_in_both_directions_leave_nothing_behind():
    for make in bridges():
        with make() as bridge:
            end = iperf(bridge, bridge.right.ipv4, "-u", "-b", "0", "-l", "18", "--bidir")
            assert end["sum"]["packets"] > 0 and received(bridge) > 0
            for i in range(COUNT):
                bridge.host.tell("cycle", i % 2)
            lab.wait_until(lambda: is_quiet(bridge), what="quiet")
            ping(bridge.left, bridge.right.ipv4)


TESTS = [
    every_size_is_pinged_in_both_ip_versions,
    tcp_and_udp_flow_both_ways,
    streams_survive_pauses_and_resets,
    streams_survive_halts,
    streams_survive_surprise_removals,
    streams_survive_breakdowns_and_link_flaps,
    floods_in_both_directions_leave_nothing_behind,
]

if __name__ == "__main__":
    lab.main(TESTS, "ping", "iperf3", "ss")
