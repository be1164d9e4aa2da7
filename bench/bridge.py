#!/usr/bin/env python3
"""Bridges side by side: the pndis stack and what people use today, over the same two cables.

    bench/bridge.py BUILD_DIRECTORY [--runs N] [--seconds N] [PEER...]

For each peer: small frames a second (18 bytes of UDP payload, offered load above capacity, counted by the
receiving kernel) and the processor time of the forwarding process for one of them, one TCP stream (iperf3), and the round trip of a ping-pong. Every number is the median of
all runs; the runs of the peers take turns. A peer that is not here is skipped and says so.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "e2e"))

import lab  # noqa: E402

MEASURES = ("frames", "cpu_us", "tcp", "median_us", "p99_us")


class Missing(Exception):
    """A peer cannot be measured here."""


class Peer:
    """A program that forwards between two interfaces, `taps`."""

    taps = ("bt0", "bt1")
    ready = None  # What it prints when its interfaces may be moved.

    def __init__(self, build):
        self.build = build
        self.process = None

    def program(self, *places):
        for place in places:
            path = os.path.join(self.build, place)
            if os.access(path, os.X_OK):
                return path
        raise Missing(f"{places[0]} is not built")

    def tool(self, name):
        path = shutil.which(name)
        if path is None:
            raise Missing(f"{name} is not installed")
        return path

    def start(self):
        self.process = subprocess.Popen(self.command(), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.set_blocking(self.process.stdout.fileno(), False)
        if self.ready is not None:
            lab.wait_until(self.says_ready, 30, f"the start of {self.name}")
        for tap in self.taps:
            lab.wait_until(lambda: self.has(tap), 15, f"{tap} of {self.name}")

    def check(self):
        if self.process.poll() is not None:
            error = self.process.stderr.read().decode(errors="replace").strip().splitlines()
            raise Missing(f"it ended: {error[-1] if error else self.process.returncode}")

    def says_ready(self):
        self.check()
        self.said = getattr(self, "said", b"") + (self.process.stdout.read() or b"")
        return self.ready in self.said

    def has(self, interface):
        self.check()
        return lab.run(["ip", "link", "show", interface], check=False).returncode == 0

    def cpu_seconds(self):
        """What the forwarding process has used so far."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Pndis(Peer):
    name = "pndis tap_bridge"
    options = []

    def command(self):
        return [self.program("examples/tap_bridge/tap_bridge"), *self.options, *self.taps]


class PndisPlain(Pndis):
    name = "pndis tap_bridge, no offloads"
    options = ["--without-offloads"]


class PndisOneByOne(Pndis):
    name = "pndis tap_bridge, no coalescing"
    options = ["--without-coalescing"]


class PndisShared(Pndis):
    name = "pndis tap_bridge, shared threads"
    options = ["--share-threads"]


class Pndis51(Pndis):
    name = "pndis tap_bridge, NDIS 5.1"
    options = ["--driver", "virtio_net51"]


class Bare(Peer):
    name = "bare forwarder"
    options = ["--threads", "--offloads"]

    def command(self):
        return [self.program("bench/bare_forwarder"), *self.options,
                *self.taps]


class BarePlain(Bare):
    name = "bare forwarder, no offloads"
    options = ["--threads"]


class Vde(Peer):
    name = "vde_switch"

    def command(self):
        return [self.tool("vde_switch"), "-s", "/run/vde", "-tap", self.taps[0], "-tap", self.taps[1],
                "-nostdin"]


class Dpdk(Peer):
    name = "dpdk-testpmd net_tap"
    ready = b"Press enter to exit"

    def command(self):
        # Unbuffered, so that it says when it has started.
        return [self.tool("stdbuf"), "-o0", self.tool("dpdk-testpmd"), "--no-huge", "-m", "256", "--no-pci", "-l", "0,1",
                f"--vdev=net_tap0,iface={self.taps[0]}", f"--vdev=net_tap1,iface={self.taps[1]}",
                "--", "--forward-mode=io", "--auto-start", "--total-num-mbufs=8192"]


class Kernel(Peer):
    name = "kernel bridge, veth"

    def cpu_seconds(self):
        return float("nan")  # It works on the time of whoever sends.

    def start(self):
        if lab.run(["ip", "link", "add", "br0", "type", "bridge"], check=False).returncode != 0:
            raise Missing("this kernel has no bridge")
        for tap in self.taps:
            peer = f"{tap}p"
            lab.run(["ip", "link", "add", tap, "type", "veth", "peer", "name", peer])
            lab.run(["ip", "link", "set", peer, "master", "br0", "up"])
        lab.run(["ip", "link", "set", "br0", "up"])

    def stop(self):
        for interface in ("br0", *(f"{tap}p" for tap in self.taps)):
            lab.run(["ip", "link", "del", interface], check=False)


PEERS = {
    "pndis": Pndis,
    "pndis-shared": PndisShared,
    "pndis-single": PndisOneByOne,
    "pndis-plain": PndisPlain,
    "pndis51": Pndis51,
    "bare": Bare,
    "bare-plain": BarePlain,
    "vde": Vde,
    "dpdk": Dpdk,
    "kernel": Kernel,
}

# --- measuring ---


class Cable:
    """The peer between two namespaces."""

    def __init__(self, peer):
        self.peer = peer
        self.sides = []

    def __enter__(self):
        try:
            self.peer.start()
            for number, tap in enumerate(self.peer.taps, 1):
                side = lab.Side(f"side{number}", number)
                self.sides.append(side)
                side.take(tap)
            self.left, self.right = self.sides
            lab.wait_until(self.answers, 10, f"a ping across {self.peer.name}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def answers(self):
        return self.left.run(["ping", "-c1", "-W1", "-q", self.right.ipv4], check=False).returncode == 0

    def __exit__(self, *unused):
        self.peer.stop()
        for side in self.sides:
            side.remove()
        for tap in self.peer.taps:
            lab.run(["ip", "link", "del", tap], check=False)


def datagrams(side):
    """That have come to a socket, read or not: a large frame counts as what the kernel makes of it."""
    lines = [line.split() for line in side.run(["cat", "/proc/net/snmp"]).stdout.splitlines()
             if line.startswith("Udp:")]
    counts = dict(zip(lines[0][1:], map(int, lines[1][1:])))
    return counts["InDatagrams"] + counts["RcvbufErrors"]


def frames_per_second(cable, wire, seconds):
    mac = json.loads(cable.right.run(["ip", "-j", "link", "show", cable.right.interface]).stdout)
    sink = cable.right.start([wire, "sink", "7000"], stdout=subprocess.PIPE)
    try:
        sink.stdout.readline()
        flood = cable.left.start([wire, "flood", cable.left.interface, mac[0]["address"],
                                  cable.left.ipv4, cable.right.ipv4, "7000", str(seconds + 1), "18"])
        time.sleep(0.5)
        start, before = time.monotonic(), datagrams(cable.right)
        used = cable.peer.cpu_seconds()
        time.sleep(seconds)
        after, end = datagrams(cable.right), time.monotonic()
        used = cable.peer.cpu_seconds() - used
        flood.wait(timeout=20)
    finally:
        sink.kill()
        sink.wait()
    return (after - before) / (end - start), used * 1e6 / max(after - before, 1)


def tcp_bits_per_second(cable, seconds):
    server = cable.right.start(["iperf3", "-s", "-1"])
    try:
        lab.wait_until(lambda: ":5201" in cable.right.run(["ss", "-ltnH"]).stdout, what="iperf3")
        answer = cable.left.run(["iperf3", "-c", cable.right.ipv4, "-t", str(seconds), "-J"],
                                check=False)
        return json.loads(answer.stdout)["end"]["sum_received"]["bits_per_second"]
    finally:
        server.kill()
        server.wait()


def round_trip(cable, wire, count):
    pong = cable.right.start([wire, "pong", "7007"])
    try:
        pong.stdout.readline()
        answer = cable.left.run([wire, "ping", cable.right.ipv4, "7007", str(count)]).stdout.split()
        return float(answer[0]), float(answer[1])
    finally:
        pong.kill()
        pong.wait()


def measure(peer, wire, seconds):
    with Cable(peer) as cable:
        frames, cpu = frames_per_second(cable, wire, seconds)
        tcp = tcp_bits_per_second(cable, seconds)
        median, p99 = round_trip(cable, wire, 5000)
    return dict(zip(MEASURES, (frames, cpu, tcp, median, p99)))


# --- what comes of it ---

# what, of whom, at least or at most, times whose
GOALS = [
    ("frames", "pndis", "at least", 0.95, "bare"),
    ("frames", "pndis", "at least", 1.4, "vde"),
    # NDIS 5 has no coalesced datagrams: like with like.
    ("frames", "pndis51", "at least", 0.8, "pndis-single"),
    ("tcp", "pndis", "at least", 2.0, "bare-plain"),
    ("tcp", "pndis", "at least", 3.0, "vde"),
    ("tcp", "pndis", "at least", 4.0, "dpdk"),
    ("tcp", "pndis", "at least", 0.6, "kernel"),
    ("p99_us", "pndis", "at most", 1.3, "bare"),
]


def show(results, runs):
    print(f"\n{'':32} {'k frames/s':>11} {'CPU us':>7} {'TCP Gbit/s':>11} {'median us':>10} {'p99 us':>9}"
          f"   (medians of {runs})")
    for name, values in results.items():
        print(f"{PEERS[name].name:32} {values['frames'] / 1e3:11.0f} {values['cpu_us']:7.2f} "
              f"{values['tcp'] / 1e9:11.2f} "
              f"{values['median_us']:10.1f} {values['p99_us']:9.1f}")
    print()
    for what, whose, bound, factor, other in GOALS:
        if whose not in results or other not in results:
            continue
        ratio = results[whose][what] / results[other][what]
        met = ratio >= factor if bound == "at least" else ratio <= factor
        print(f"{'met   ' if met else 'MISSED'}  {what}: {ratio:.2f} times {PEERS[other].name}, "
              f"goal {bound} {factor}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="build directory, a Release build")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("peers", nargs="*", metavar="PEER", help=", ".join(PEERS))
    options = parser.parse_intermixed_args()
    if not set(options.peers) <= PEERS.keys():
        parser.error(f"peers are {', '.join(PEERS)}")
    options.build = os.path.abspath(options.build)
    lab.need_tools("iperf3", "ping", "ss")
    lab.enter()
    wire = os.path.join(options.build, "bench", "bench_wire")
    runs = {name: [] for name in options.peers or PEERS}
    for number in range(options.runs):
        for name in list(runs):
            try:
                runs[name].append(measure(PEERS[name](options.build), wire, options.seconds))
            except Missing as reason:
                print(f"skipped {PEERS[name].name}: {reason}", flush=True)
                del runs[name]
            except AssertionError as problem:
                print(f"run {number + 1} of {PEERS[name].name} failed: {problem}", flush=True)
    results = {
        name: {what: statistics.median(run[what] for run in values) for what in MEASURES}
        for name, values in runs.items() if values
    }
    show(results, options.runs)


if __name__ == "__main__":
    main()
