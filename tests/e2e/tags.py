"""VLAN tags across the bridge, seen as the kernel sees them. usage: tags.py send|receive INTERFACE MTU"""

import socket
import struct
import sys

import frames

SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING, ALL = 263, 8, 4, 3
VLAN_VALID, VLAN_TPID_VALID = 1 << 4, 1 << 6
C_TAG, S_TAG = 0x8100, 0x88A8


def tagged(mtu):
    """Frames of every tag and at both ends of the lengths that fit."""
    result = []
    tags = [[(C_TAG, priority << 13 | dei << 12 | vlan)]
            for priority in range(8) for dei in (0, 1) for vlan in (0, 1, 7, 4094)]
    tags += [[(outer, 0x2064), (C_TAG, 0x4007)] for outer in (S_TAG, C_TAG)]
    tags += [[(S_TAG, 0x0005)]]
    for number, stack in enumerate(tags):
        # Sockets let one tag more than the MTU through, if it is the usual one.
        longest = mtu - 4 * len(stack) + (4 if stack[0][0] == C_TAG else 0)
        for payload in (46, 47, longest - 1, longest):
            data = struct.pack(">HH", number, payload).ljust(payload, bytes([number]))
            words = b"".join(struct.pack(">HH", kind, tag) for kind, tag in stack)
            result.append(frames.RIGHT + frames.LEFT + words + struct.pack(">H", 0x88B5) + data)
    return result


def send(interface, mtu):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((interface, 0))
        for frame in tagged(mtu):
            raw.send(frame)


def with_tag(frame, ancillary):
    """The kernel takes the outer tag out of the frame and tells it beside it."""
    for level, kind, data in ancillary:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tag, tpid = struct.unpack("IIIHHHH", data[:20])
            if status & VLAN_VALID:
                tpid = tpid if status & VLAN_TPID_VALID else C_TAG
                return frame[:12] + struct.pack(">HH", tpid, tag) + frame[12:]
    return frame


def arriving(frame):
    """A tag that is all zeros is no tag to NDIS: NDIS_NET_BUFFER_LIST_8021Q_INFO with nothing in it."""
    untagged = frame[12:16] == struct.pack(">HH", C_TAG, 0)
    return (frame[:12] + frame[16:]).ljust(60, b"\0") if untagged else frame


def receive(interface, mtu):
    wanted = [arriving(frame) for frame in tagged(mtu)]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL)) as raw:
        raw.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        raw.bind((interface, ALL))
        raw.settimeout(20)
        print("ready", flush=True)
        for number, frame in enumerate(wanted):
            while True:
                got, ancillary, _, address = raw.recvmsg(65536, 256)
                if address[2] != PACKET_OUTGOING and got[6:12] == frames.LEFT:
                    break
            got = with_tag(got, ancillary)
            if got != frame:
                sys.exit(f"frame {number}: {got[:30].hex()} of {len(got)} bytes, "
                         f"sent {frame[:30].hex()} of {len(frame)}")
    print(len(wanted))


if __name__ == "__main__":
    {"send": send, "receive": receive}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
