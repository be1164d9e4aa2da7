"""Mixed Ethernet frames, written to and read from capture files without anybody's help."""

import random
import struct

LEFT = bytes.fromhex("02aa00000001")
RIGHT = bytes.fromhex("02aa00000002")


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(to, kind, payload):
    frame = to + LEFT + struct.pack(">H", kind) + payload
    return frame.ljust(60, b"\0")


def ipv4(protocol, payload, identifier, fragment=0):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), identifier, fragment, 64,
                         protocol, 0, bytes([10, 77, 1, 1]), bytes([10, 77, 1, 2]))
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + payload


def ipv6(protocol, payload):
    address = bytes.fromhex("fd780000000000000000000000000001")
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + address + address[:-1] + b"\2" + payload


def udp(payload):
    return struct.pack(">HHHH", 40000, 40001, 8 + len(payload), 0) + payload


def tcp(payload, number):
    return struct.pack(">HHIIBBHHH", 40000, 40001, number, 0, 0x50, 0x10, 1000, 0, 0) + payload


def mixed(count, seed, mtu=1500):
    """@count frames of every kind that a cable sees, of every length."""
    dice = random.Random(seed)
    group = bytes.fromhex("01005e010203")
    makers = [
        lambda data, i: ethernet(RIGHT, 0x0800, ipv4(17, udp(data), i)),
        lambda data, i: ethernet(RIGHT, 0x0800, ipv4(6, tcp(data, i), i)),
        lambda data, i: ethernet(RIGHT, 0x0800, ipv4(17, data, i, 0x2000)),
        lambda data, i: ethernet(RIGHT, 0x86DD, ipv6(17, udp(data))),
        lambda data, i: ethernet(group, 0x0800, ipv4(17, udp(data), i)),
        lambda data, i: ethernet(b"\xff" * 6, 0x0806, data[:46].ljust(46, b"\1")),
        lambda data, i: ethernet(RIGHT, 0x8100, struct.pack(">HH", 0x2005, 0x0800) + ipv4(17, udp(data), i)),
        lambda data, i: RIGHT + LEFT + struct.pack(">H", min(len(data) + 3, 1500)) + b"\xaa\xaa\3" + data[:1497],
        lambda data, i: ethernet(RIGHT, 0x88B5, data),
    ]
    frames = []
    for i in range(count):
        data = dice.randbytes(dice.choice([0, 1, 18, 46, dice.randrange(mtu - 60), mtu - 60]))
        # The number makes every frame another one.
        data = struct.pack(">I", i) + data
        frames.append(dice.choice(makers)(data, i & 0xFFFF).ljust(60, b"\0"))
    return frames


def read_pcap(path):
    """The frames of a classic pcap file."""
    frames = []
    with open(path, "rb") as capture:
        header = capture.read(24)
        order = "<" if header[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
        while record := capture.read(16):
            _, _, kept, _ = struct.unpack(order + "IIII", record)
            frames.append(capture.read(kept))
    return frames
