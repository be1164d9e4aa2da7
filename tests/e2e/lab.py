"""A laboratory of network namespaces for tests and benchmarks with the host's own tools.

Everything happens in namespaces that nobody else sees: the program starts itself again in fresh network,
mount and process namespaces, so that interfaces, names of namespaces and processes go with it, however it
ends. Inside there is one more network namespace for each side.
"""

import json
import os
import shutil
import subprocess
import sys
import time

SKIPPED = 77


class Skipped(Exception):
    """One test cannot be made here."""


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(SKIPPED)


def need_tools(*tools):
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        skip(f"{', '.join(missing)} not installed")


def enter():
    """Start again inside fresh namespaces; returns there."""
    if os.environ.get("PNDIS_LAB") == "1":
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
        os.makedirs("/run/netns", exist_ok=True)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    need_tools("unshare", "ip", "mount")
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        skip("/dev/net/tun cannot be opened")
    flags = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        flags += ["--user", "--map-root-user"]
    if subprocess.run(["unshare", *flags, "true"], stderr=subprocess.DEVNULL).returncode != 0:
        skip("network namespaces cannot be made here (needs root, or user namespaces)")
    environment = dict(os.environ, PNDIS_LAB="1")
    sys.exit(subprocess.run(["unshare", *flags, sys.executable, *sys.argv],
                            env=environment).returncode)


def run(command, check=True, **options):
    options.setdefault("capture_output", True)
    options.setdefault("text", True)
    options.setdefault("timeout", 120)
    result = subprocess.run(command, **options)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(command)} failed: {result.stdout} {result.stderr}")
    return result


class Side:
    """A network namespace with one interface and addresses of both IP versions."""

    def __init__(self, name, number):
        self.name = name
        self.number = number
        self.ipv4 = f"10.77.0.{number}"
        self.ipv6 = f"fd77::{number}"
        self.interface = None
        run(["ip", "netns", "add", name])
        self.run(["ip", "link", "set", "lo", "up"])

    def command(self, command):
        return ["ip", "netns", "exec", self.name, *command]

    def run(self, command, **options):
        return run(self.command(command), **options)

    def start(self, command, **options):
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("text", True)
        return subprocess.Popen(self.command(command), **options)

    def take(self, interface, mtu=1500, addresses=True):
        """Bring an interface of the lab here and set it up."""
        self.interface = interface
        run(["ip", "link", "set", interface, "netns", self.name])
        if not addresses and mtu >= 1280:
            self.run(["sysctl", "-qw", f"net.ipv6.conf.{interface}.disable_ipv6=1"])
        self.run(["ip", "link", "set", interface, "mtu", str(mtu), "up"])
        if addresses:
            self.run(["ip", "addr", "add", f"{self.ipv4}/24", "dev", interface])
            if mtu >= 1280:
                self.run(["ip", "addr", "add", f"{self.ipv6}/64", "dev", interface, "nodad"])

    def counters(self):
        """The kernel's own counters of the interface."""
        answer = json.loads(self.run(["ip", "-j", "-s", "link", "show", self.interface]).stdout)
        return answer[0]["stats64"]

    def remove(self):
        run(["ip", "netns", "del", self.name], check=False)


class Host:
    """e2e_host, and what it is told."""

    def __init__(self, program, *arguments):
        self.process = subprocess.Popen([program, *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.answer("start")

    def answer(self, command):
        line = self.process.stdout.readline().strip()
        if not line.startswith("ok"):
            ended = "" if line else f"the host has ended with status {self.process.wait(10)}"
            raise AssertionError(f"{command}: {line}{ended}")
        return line[2:].strip()

    def tell(self, *words):
        command = " ".join(str(word) for word in words)
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.answer(command)

    def stats(self):
        return json.loads(self.tell("stats"))

    def finish(self):
        """Stop; everything has to have come back and no rule may be broken."""
        self.process.stdin.write("quit\n")
        self.process.stdin.close()
        rest = self.process.stdout.read().strip()
        code = self.process.wait(timeout=60)
        assert code == 0 and rest.endswith("violations 0"), f"at the end: {rest} (status {code})"

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def wait_until(condition, seconds=10, what="it"):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(0.02)


def main(tests, *tools):
    """Run the tests, or those that the rest of the command line names. argv[1] is the host program."""
    need_tools(*tools)
    enter()
    chosen = [test for test in tests if test.__name__ in sys.argv[2:]] or tests
    failures = 0
    for test in chosen:
        start = time.monotonic()
        try:
            test()
        except Skipped as reason:
            print(f"skipped {test.__name__}: {reason}", flush=True)
        except (AssertionError, subprocess.TimeoutExpired) as problem:
            failures += 1
            print(f"FAILED  {test.__name__}: {problem}", flush=True)
        else:
            print(f"ok      {test.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
    sys.exit(1 if failures else 0)
