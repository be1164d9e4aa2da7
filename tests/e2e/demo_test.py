"""tap_bridge as its users meet it: the demo, signals, options, what it says when rights are missing."""

import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import lab

PROGRAM = sys.argv[1]


def the_demo_tells_its_story():
    for drivers in ((), ("virtio_net51",), ("virtio_net51", "virtio_net")):
        options = [word for driver in drivers for word in ("--driver", driver)]
        demo = lab.run([PROGRAM, "--demo", *options], check=False)
        assert demo.returncode == 0, demo.stdout + demo.stderr
        assert "20 of 20 answered" in demo.stdout and "rules broken: 0" in demo.stdout, demo.stdout
        assert demo.stdout.rstrip().endswith("All as it should be."), demo.stdout
        if shutil.which("ping") is not None:
            assert re.search(r"^Ping from left to right, with /\S*/ping:$", demo.stdout, re.M)


def without_ping_it_sends_echoes_of_its_own():
    ping = shutil.which("ping")
    if ping is not None:
        # In this mount namespace only.
        for path in {ping, os.path.realpath(ping), "/bin/ping", "/usr/bin/ping"}:
            if os.path.exists(path) and os.access(path, os.X_OK):
                lab.run(["mount", "--bind", "/dev/null", path])
    answer = lab.run([PROGRAM, "--demo"]).stdout
    assert "20 of 20 answered" in answer, answer
    assert "with an echo of our own, as ping is not installed:" in answer, answer
    while lab.run(["umount", "/usr/bin/ping"], check=False).returncode == 0:
        pass


def a_killed_demo_leaves_nothing_behind():
    before = lab.run(["ip", "-o", "link"]).stdout
    for after in (0.05, 0.3, 1.0, 2.5):
        demo = subprocess.Popen([PROGRAM, "--demo"], stdout=subprocess.DEVNULL)
        time.sleep(after)
        demo.kill()
        demo.wait()
        assert lab.run(["ip", "-o", "link"]).stdout == before
        assert lab.run(["ip", "netns"]).stdout == ""


def start(*arguments):
    program = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, text=True)
    assert "Bridging" in program.stdout.readline()
    return program


def signals_pause_restart_and_stop_it():
    program = start("tapa", "tapb", "tapc")
    program.send_signal(signal.SIGUSR1)
    assert program.stdout.readline().startswith("Paused; 0 NET_BUFFER_LISTs are out")
    assert program.stdout.readline() == "Running again.\n"
    program.send_signal(signal.SIGINT)
    assert program.communicate(timeout=20)[0] == "Stopped in order.\n"
    assert program.returncode == 0
    assert "tapa" not in lab.run(["ip", "-o", "link"]).stdout


def interfaces_that_exist_are_used_and_stay():
    lab.run(["ip", "tuntap", "add", "dev", "tapx", "mode", "tap"])
    program = start("--seconds", "1", "tapx", "tapy")
    assert program.wait(timeout=20) == 0
    links = lab.run(["ip", "-o", "link"]).stdout
    assert "tapx" in links and "tapy" not in links
    lab.run(["ip", "link", "del", "tapx"])


def the_table_shows_every_port():
    output = lab.run([PROGRAM, "--stats", "--seconds", "2", "--mac", "02:00:00:00:00:10", "tapa",
                      "tapb"]).stdout
    assert len(re.findall(r"^tapa +Running +up", output, re.M)) >= 2, output
    assert len(re.findall(r"^tapb +Running +up", output, re.M)) >= 2, output


def wrong_options_are_named():
    for arguments, word in ((["--queues", "0", "a", "b"], "--queues"), (["--nonsense"], "--nonsense"),
                            (["--mtu"], "--mtu"), (["one"], "tap_bridge")):
        answer = lab.run([PROGRAM, *arguments], check=False)
        assert answer.returncode == 2 and word in answer.stderr, (arguments, answer.stderr)
    answer = lab.run([PROGRAM, "--driver", "nonesuch", "tapa", "tapb"], check=False)
    assert answer.returncode == 3 and "nonesuch" in answer.stderr, answer.stderr
    answer = lab.run([PROGRAM, "--record", "/nonesuch", "tapa", "tapb"], check=False)
    assert answer.returncode == 3 and "/nonesuch" in answer.stderr, answer.stderr


def copied_for_everyone():
    """Program, library and drivers where a user without rights can read them: the build may be in a private folder."""
    home = "/run/for_everyone"
    os.makedirs(home)
    os.chmod(home, 0o755)
    library = re.findall(r"=> (\S*/libpndis\.so\S*)", lab.run(["ldd", PROGRAM]).stdout)
    drivers = os.path.join(os.path.dirname(PROGRAM), "..", "..", "drivers", "*", "*")
    for file in [*library, *glob.glob(drivers + ".so"), *glob.glob(drivers + ".inf")]:
        shutil.copy(file, home)
    return shutil.copy(PROGRAM, home)


def missing_rights_are_explained():
    lab.need_tools("setpriv", "ldd")
    program = copied_for_everyone()
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--reuid=65534",
            "--regid=65534", "--clear-groups", "env", f"LD_LIBRARY_PATH={os.path.dirname(program)}"]
    answer = lab.run([*drop, program, "tapa", "tapb"], check=False)
    assert answer.returncode == 3 and "CAP_NET_ADMIN" in answer.stderr, answer.stderr
    # Another node in its place, in this mount namespace only.
    if lab.run(["mknod", "-m", "0600", "/run/tun", "c", "10", "200"], check=False).returncode == 0:
        lab.run(["mount", "-o", "remount,dev", "/run"], check=False)
        lab.run(["mount", "--bind", "/run/tun", "/dev/net/tun"])
    else:
        lab.run(["mount", "--bind", "/dev/null", "/dev/net/tun"])
    answer = lab.run([*drop, program, "--demo"], check=False)
    lab.run(["umount", "/dev/net/tun"])
    assert answer.returncode == 3 and "chmod 0666 /dev/net/tun" in answer.stderr, answer.stderr


TESTS = [
    the_demo_tells_its_story,
    without_ping_it_sends_echoes_of_its_own,
    a_killed_demo_leaves_nothing_behind,
    signals_pause_restart_and_stop_it,
    interfaces_that_exist_are_used_and_stay,
    the_table_shows_every_port,
    wrong_options_are_named,
    missing_rights_are_explained,
]

if __name__ == "__main__":
    lab.main(TESTS)
