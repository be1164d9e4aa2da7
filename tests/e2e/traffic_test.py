"""Traffic of every kind across the bridge, with the host's own tools."""

import os
import re
import signal
import subprocess
import sys
import tempfile

import frames
import lab

PROGRAM, HERE = sys.argv[1], os.path.dirname(os.path.abspath(__file__))
SECONDS = os.environ.get("PNDIS_E2E_SECONDS")  # Of each iperf3 run, instead of an amount.


class Bridge:
    """Two sides with a TAP each, and the stack between them."""

    def __init__(self, *options, mtu=1500, addresses=True, right=()):
        self.left, self.right = lab.Side("left", 1), lab.Side("right", 2)
        self.host = lab.Host(PROGRAM, "--checked", "--mtu", str(mtu), *options, "tapl", *right,
                             "tapr")
        self.left.take("tapl", mtu, addresses)
        self.right.take("tapr", mtu, addresses)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.host.finish()
        finally:
            self.host.kill()
            self.left.remove()
            self.right.remove()


def ping(side, address, count=5, size=56, *more):
    answer = side.run(["ping", "-q", "-c", str(count), "-i", "0.02", "-W", "2", "-s", str(size),
                       *more, address]).stdout
    assert f"{count} packets transmitted, {count} received" in answer, answer


def amount(options):
    """When an iperf3 run ends, unless its options say."""
    if "-n" in options:
        return []
    if SECONDS or "--bidir" in options:
        return ["-t", SECONDS or "1"]
    return ["-n", "1M" if "-u" in options else "20M"]


def iperf(bridge, address, *options):
    server = bridge.right.start(["iperf3", "-s", "-1", "-B", address])
    try:
        lab.wait_until(lambda: ":5201" in bridge.right.run(["ss", "-ltnH"]).stdout, what="iperf3")
        answer = bridge.left.run(["iperf3", "-c", address, "-J", *amount(options),
                                  *options])
        return lab.json.loads(answer.stdout)["end"]
    finally:
        server.kill()
        server.wait()


# --- tests ---


def every_mtu_and_size_is_pinged_in_both_ip_versions():
    for mtu in (576, 1280, 1500, 4000, 9000):
        with Bridge(mtu=mtu) as bridge:
            sizes = {0, 56, mtu - 28, mtu - 27, 2 * mtu, 20000}  # The last ones in fragments.
            for size in sorted(sizes):
                ping(bridge.left, bridge.right.ipv4, 3, size)
                if mtu >= 1280:
                    ping(bridge.right, bridge.left.ipv6, 3, size)
            ping(bridge.left, bridge.right.ipv4, 3, mtu - 28, "-M", "do")


def tcp_flows_in_both_ip_versions():
    for options in ([], ["--without-offloads"], ["--queues", "2"]):
        with Bridge(*options) as bridge:
            for address in (bridge.right.ipv4, bridge.right.ipv6):
                for direction in ([], ["-R"]):
                    end = iperf(bridge, address, *direction)
                    assert end["sum_received"]["bytes"] > 1000000, end["sum_received"]


def tcp_flows_with_every_mtu():
    for mtu in (576, 1400, 9000):
        with Bridge(mtu=mtu) as bridge:
            end = iperf(bridge, bridge.right.ipv4)
            assert end["sum_received"]["bytes"] > 1000000, end["sum_received"]


def udp_is_not_lost():
    with Bridge() as bridge:
        for address in (bridge.right.ipv4, bridge.right.ipv6):
            for length in ("18", "1400", "8000"):
                end = iperf(bridge, address, "-u", "-b", "20M", "-l", length)["sum"]
                dropped = bridge.right.counters()["rx"]["dropped"]
                dropped += bridge.left.counters()["tx"]["dropped"]
                dropped += socket_errors(bridge.right)
                assert end["packets"] > 0 and end["lost_packets"] <= dropped, (length, end, dropped)


def joined_datagrams_arrive_one_by_one():
    """However many of a flow the device has joined (URO) and the other side has cut again (USO)."""
    count = 6000
    for options in ([], ["--without-coalescing"]):
        with Bridge(*options) as bridge:
            for version, address in ((4, bridge.right.ipv4), (6, bridge.right.ipv6)):
                receiver = bridge.right.start([sys.executable, f"{HERE}/traffic.py", "collect",
                                               str(version), str(count)])
                receiver.stdout.readline()
                ping(bridge.left, address, 1)  # What waits for a neighbour's address may be overtaken.
                bridge.left.run([sys.executable, f"{HERE}/traffic.py", "stream", str(version),
                                 address, str(count)], check=False)
                got, errors = receiver.communicate(timeout=30)
                assert receiver.returncode == 0 and int(got) == count, (options, got, errors)
            joined = bridge.host.stats()[0]["joined"]
            assert joined == 0 or not options, joined


def socket_errors(side):
    """Datagrams that came and that the kernel itself did not deliver."""
    lines = side.run(["cat", "/proc/net/snmp", "/proc/net/snmp6"]).stdout
    return sum(int(number) for number in re.findall(r"Udp6(?:RcvbufErrors)\s+(\d+)", lines)) + \
        int(re.findall(r"^Udp: (\d.*)$", lines, re.M)[0].split()[4])


def vlans_pass():
    with Bridge() as bridge:
        if bridge.left.run(["ip", "link", "add", "link", "tapl", "name", "vlan6", "type", "vlan",
                            "id", "6"], check=False).returncode != 0:
            raise lab.Skipped("this kernel has no VLAN interfaces (modprobe 8021q)")
        for side in (bridge.left, bridge.right):
            side.run(["ip", "link", "add", "link", side.interface, "name", "vlan7", "type", "vlan",
                      "id", "7"])
            side.run(["ip", "addr", "add", f"10.78.0.{side.number}/24", "dev", "vlan7"])
            side.run(["ip", "addr", "add", f"fd78::{side.number}/64", "dev", "vlan7", "nodad"])
            side.run(["ip", "link", "set", "vlan7", "up"])
        ping(bridge.left, "10.78.0.2")
        ping(bridge.left, "10.78.0.2", 3, 1472, "-M", "do")
        ping(bridge.left, "fd78::2", 3, 3000)
        end = iperf(bridge, "10.78.0.2")
        assert end["sum_received"]["bytes"] > 1000000, end["sum_received"]


def tags_arrive_as_they_were_sent():
    """Of the miniport each becomes NDIS_NET_BUFFER_LIST_8021Q_INFO, and is a tag again behind the bridge."""
    for mtu, options in ((576, []), (1500, []), (1500, ["--without-offloads"]), (9000, [])):
        with Bridge(*options, mtu=mtu, addresses=False) as bridge:
            tool = [sys.executable, f"{HERE}/tags.py"]
            receiver = bridge.right.start([*tool, "receive", "tapr", str(mtu)])
            receiver.stdout.readline()
            bridge.left.run([*tool, "send", "tapl", str(mtu)])
            got, errors = receiver.communicate(timeout=30)
            assert receiver.returncode == 0 and int(got) > 200, (mtu, options, got, errors)


def multicast_reaches_its_group():
    with Bridge() as bridge:
        for version in (4, 6):
            count = 200
            receiver = bridge.right.start([sys.executable, f"{HERE}/traffic.py", "join",
                                           str(version), "tapr", str(count)])
            receiver.stdout.readline()
            bridge.left.run([sys.executable, f"{HERE}/traffic.py", "send", str(version), "tapl",
                             str(count)])
            got, errors = receiver.communicate(timeout=20)
            assert int(got) == count, (version, got, errors)


def capture(side, path):
    """tcpdump of what arrives from and goes to the cable, LEFT's frames only."""
    dump = side.start(["tcpdump", "-i", side.interface, "-w", path, "-s", "16384", "-U", "-B",
                       "65536",
                       "--immediate-mode", "ether", "src", "02:aa:00:00:00:01"])
    while "listening" not in dump.stderr.readline():
        assert dump.poll() is None, "tcpdump did not start"
    return dump


def end_capture(dump):
    dump.send_signal(signal.SIGINT)
    errors = dump.communicate(timeout=20)[1]
    assert re.search(r"^0 packets dropped by kernel", errors, re.M), errors


def replay(bridge, count, seed, mtu, directory):
    captures = [f"{directory}/left.pcap", f"{directory}/right.pcap"]
    dumps = [capture(bridge.left, captures[0]), capture(bridge.right, captures[1])]
    bridge.left.run([sys.executable, f"{HERE}/traffic.py", "replay", "tapl", str(count), str(seed),
                     str(mtu)])
    wanted = frames.mixed(count, seed, mtu)
    lab.wait_until(lambda: len(frames.read_pcap(captures[1])) >= count, what="the last frame")
    for dump in dumps:
        end_capture(dump)
    for path in captures:
        assert frames.read_pcap(path) == wanted, f"{path} is not what was sent (seed {seed})"


def captures_at_both_ends_agree_frame_by_frame():
    for seed, mtu in ((1, 1500), (2, 9000), (3, 1500)):
        with tempfile.TemporaryDirectory() as directory:
            with Bridge(mtu=mtu, addresses=False) as bridge:
                replay(bridge, 2000, seed, mtu, directory)


def recordings_are_right():
    lab.need_tools("tshark")
    with tempfile.TemporaryDirectory() as directory:
        with Bridge("--record", directory) as bridge:
            ping(bridge.left, bridge.right.ipv4, 5, 4000)
            end = iperf(bridge, bridge.right.ipv4, "-n", "20M")
            iperf(bridge, bridge.right.ipv6, "-n", "5M")
        for tap in ("tapl", "tapr"):
            check_recording(f"{directory}/{tap}.pcapng", end["sum_received"]["bytes"])


def check_recording(path, payload):
    """Readable by both tools, whole, with right checksums and lengths that a cable could carry."""
    dump = lab.run(["tcpdump", "-nr", path, "-c", "20"]).stdout
    assert "ICMP echo request" in dump or "ARP" in dump, dump
    bad = lab.run(["tshark", "-r", path, "-o", "tcp.check_checksum:TRUE", "-o",
                   "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-Y",
                   "tcp.checksum.status == 0 || ip.checksum.status == 0 || udp.checksum.status == 0"
                   " || frame.len > 1514 || _ws.malformed", "-c", "100000"]).stdout
    assert bad.strip() == "", f"{path}: {bad[:500]}"
    lengths = lab.run(["tshark", "-r", path, "-Y", "tcp.dstport == 5201 && ip", "-T", "fields", "-e",
                       "tcp.len"]).stdout.split()
    assert sum(map(int, lengths)) >= payload, (path, sum(map(int, lengths)), payload)


TESTS = [
    every_mtu_and_size_is_pinged_in_both_ip_versions,
    tcp_flows_in_both_ip_versions,
    tcp_flows_with_every_mtu,
    udp_is_not_lost,
    joined_datagrams_arrive_one_by_one,
    vlans_pass,
    tags_arrive_as_they_were_sent,
    multicast_reaches_its_group,
    captures_at_both_ends_agree_frame_by_frame,
    recordings_are_right,
]

if __name__ == "__main__":
    lab.main(TESTS, "ping", "iperf3", "tcpdump", "ss")
