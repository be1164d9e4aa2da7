"""Sockets for the tests: multicast, raw replay. Started in a namespace as a program of its own."""

import socket
import struct
import sys
import time

import frames

GROUP = {4: "239.77.1.2", 6: "ff05::77:1"}
PORT = 40077


def join(version, interface):
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    index = socket.if_nametoindex(interface)
    receiver = socket.socket(family, socket.SOCK_DGRAM)
    receiver.bind((GROUP[version], PORT))
    group = socket.inet_pton(family, GROUP[version])
    if version == 4:
        membership = group + struct.pack("=Ii", 0, index)
        receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    else:
        membership = group + struct.pack("=I", index)
        receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
    receiver.settimeout(3)
    print("ready", flush=True)
    got = set()
    try:
        while len(got) < int(sys.argv[4]):
            got.add(receiver.recv(2000))
    except socket.timeout:
        pass
    print(len(got))


def send_group(version, interface):
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    index = socket.if_nametoindex(interface)
    sender = socket.socket(family, socket.SOCK_DGRAM)
    if version == 4:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=IIi", 0, 0, index))
    else:
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    for i in range(int(sys.argv[4])):
        sender.sendto(f"datagram {i}".encode().ljust(700), (GROUP[version], PORT))
        time.sleep(0.001)


def datagram(number):
    """Mostly as long as its neighbours, so that they can travel as one; each has contents of its own."""
    length = (18, 300, 1400)[number // 500 % 3] - (7 if number % 40 == 39 else 0)
    return struct.pack("!I", number) + bytes((number * 7 + i) & 0xff for i in range(length - 4))


def collect(version, count):
    """Every datagram of a stream, in its order and whole; says how many there were."""
    receiver = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)  # SO_RCVBUFFORCE
    receiver.bind(("", PORT))
    receiver.settimeout(3)
    print("ready", flush=True)
    last = -1
    got = 0
    try:
        while got < count:
            data = receiver.recv(65536)
            number = struct.unpack("!I", data[:4])[0]
            assert number > last and data == datagram(number), (number, last, len(data))
            last = number
            got += 1
    except socket.timeout:
        pass
    print(got)


def stream(version, address, count):
    sender = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    sender.connect((address, PORT))
    for number in range(count):
        sender.send(datagram(number))
        if number % 100 == 99:
            time.sleep(0.002)


def replay(interface, count, seed, mtu):
    """Put mixed frames on the interface as they are."""
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((interface, 0))
    for i, frame in enumerate(frames.mixed(count, seed, mtu)):
        link.send(frame)
        if i % 16 == 15:
            time.sleep(0.002)  # The interface's own queue is short.


if __name__ == "__main__":
    if sys.argv[1] == "join":
        join(int(sys.argv[2]), sys.argv[3])
    elif sys.argv[1] == "send":
        send_group(int(sys.argv[2]), sys.argv[3])
    elif sys.argv[1] == "collect":
        collect(int(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1] == "stream":
        stream(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    else:
        replay(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
