"""Every lifecycle operation while traffic flows: streams survive, and everything is accounted for."""

import os
import sys
import time

import lab
from traffic_test import Bridge, iperf, ping

COUNT = int(os.environ.get("PNDIS_E2E_CYCLES", "20"))


class Stream:
    """A TCP stream by iperf3 that ends when it is told to."""

    def __init__(self, bridge, *options):
        self.server = bridge.right.start(["iperf3", "-s", "-1", "-B", bridge.right.ipv4, "-J"])
        lab.wait_until(lambda: ":5201" in bridge.right.run(["ss", "-ltnH"]).stdout, what="iperf3")
        self.client = bridge.left.start(["iperf3", "-c", bridge.right.ipv4, "-t", "3600", *options])
        time.sleep(0.3)

    def finish(self):
        assert self.client.poll() is None, self.client.communicate()
        self.client.terminate()
        self.client.communicate(timeout=20)
        report = lab.json.loads(self.server.communicate(timeout=20)[0])
        return report["end"]["sum_received"]["bytes"] or sum(
            interval["sum"]["bytes"] for interval in report["intervals"])


def received(bridge):
    return bridge.right.counters()["rx"]["bytes"]


def under_load(operations, *options, right=()):
    """Do @operations, each a function of the bridge, while a stream runs; it goes on after each."""
    with Bridge(*options, right=right) as bridge:
        stream = Stream(bridge)
        for operation in operations:
            operation(bridge)
            before = received(bridge)
            lab.wait_until(lambda: received(bridge) > before + 100000, 15, "more of the stream")
        assert stream.finish() > 1000000
        ping(bridge.left, bridge.right.ipv4)
        lab.wait_until(lambda: is_quiet(bridge), what="quiet")


def is_quiet(bridge):
    return all(port["sends_out"] == 0 and port["receives_out"] == 0 for port in
               bridge.host.stats())


def tell(*words):
    return lambda bridge: bridge.host.tell(*words)


# --- tests ---


def streams_survive_pauses_of_either_side():
    under_load([tell("cycle", i % 2) for i in range(COUNT)])


def streams_survive_many_pauses_in_a_row():
    under_load([tell("cycle", i % 2, 5 * COUNT) for i in range(4)])


def streams_survive_pauses_with_queues():
    under_load([tell("cycle", i % 2, 5) for i in range(COUNT)], "--queues", "2")


def nothing_is_out_in_a_paused_stack():
    def pause(bridge):
        for port in (0, 1):
            bridge.host.tell("pause", port)
        for port in bridge.host.stats():
            assert port["sends_out"] == 0 and port["receives_out"] == 0, port
        for port in (0, 1):
            bridge.host.tell("restart", port)

    under_load([pause] * COUNT)


def streams_survive_halts():
    under_load([tell("reinit", i % 2) for i in range(COUNT // 2)])


def streams_survive_surprise_removals():
    under_load([tell("replace", i % 2, ("left", "right")[i % 2]) for i in range(COUNT // 2)])


def streams_survive_other_numbers_of_queues():
    def queues(port, number):
        def operation(bridge):
            bridge.host.tell("queues", port, number)
            assert bridge.host.stats()[port]["queues"] == number
        return operation

    under_load([queues(i % 2, 1 + (i // 2) % 4) for i in range(max(COUNT // 2, 8))], "--queues", "4")


def streams_survive_resets_and_breakdowns():
    def break_down(bridge):
        bridge.host.tell("break", 0)
        time.sleep(0.1)

    under_load([tell("reset", 0), tell("reset", 1), break_down] * (COUNT // 10))


def streams_survive_link_flaps():
    def flap(port):
        def operation(bridge):
            bridge.host.tell("unplug", port)
            time.sleep(0.02)
            bridge.host.tell("plug", port)
        return operation

    under_load([flap(i % 2) for i in range(COUNT)])


def floods_in_both_directions_leave_nothing_behind():
    with Bridge() as bridge:
        end = iperf(bridge, bridge.right.ipv4, "-u", "-b", "0", "-l", "18", "--bidir")
        assert end["sum"]["packets"] > 0
        for i in range(COUNT):
            bridge.host.tell("cycle", i % 2)
        lab.wait_until(lambda: is_quiet(bridge), what="quiet")
        ping(bridge.left, bridge.right.ipv4)


TESTS = [
    streams_survive_pauses_of_either_side,
    streams_survive_many_pauses_in_a_row,
    streams_survive_pauses_with_queues,
    nothing_is_out_in_a_paused_stack,
    streams_survive_halts,
    streams_survive_surprise_removals,
    streams_survive_other_numbers_of_queues,
    streams_survive_resets_and_breakdowns,
    streams_survive_link_flaps,
    floods_in_both_directions_leave_nothing_behind,
]

if __name__ == "__main__":
    lab.main(TESTS, "ping", "iperf3", "ss")
