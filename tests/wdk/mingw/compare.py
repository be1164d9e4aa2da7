#!/usr/bin/env python3
"""Hold include/wdk against the driver headers of mingw-w64: every constant and every structure that both
have, by value, size and offset. The cross compiler lays out for Windows on x64, so what it says of a
structure is what a driver built there would see.

    compare.py <include/wdk> <native gcc> [<scratch directory>]

Exit: 0 no difference but those in exceptions.txt, 1 a difference, 77 no cross compiler.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import dwarf
import values

HERE = pathlib.Path(__file__).resolve().parent
CROSS = "x86_64-w64-mingw32-gcc"
CROSS_OBJDUMP = "x86_64-w64-mingw32-objdump"
DIALECT = ["-fshort-wchar", "-fms-extensions", "-mms-bitfields", "-w"]
LEGACY = ["-DNDIS_LEGACY_MINIPORT=1", "-DNDIS_LEGACY_PROTOCOL=1"]
XP = ["-D_WIN32_WINNT=0x0501", "-DNTDDI_VERSION=0x05010000", "-DNDIS_MINIPORT_DRIVER=1"]
WIN10 = ["-D_WIN32_WINNT=0x0A00", "-DNTDDI_VERSION=0x0A000000"]
NDIS6 = [*WIN10, "-DNDIS_MINIPORT_DRIVER=1"]

# name; source; options; further ones of mingw's; the fewest things that have to be comparable.
PASSES = [
    ("ndis50", "ndis.c", [*XP, "-DNDIS50_MINIPORT=1"], [], 4000),
    ("ndis51", "ndis.c", [*XP, "-DNDIS51_MINIPORT=1"], [], 4000),
    ("ndis60", "ndis.c", [*NDIS6, "-DNDIS60_MINIPORT=1"], [*LEGACY, "-DUM_NDIS60=1"], 5000),
    ("ndis620", "ndis.c", [*NDIS6, "-DNDIS620_MINIPORT=1"], [*LEGACY, "-DUM_NDIS620=1"], 5000),
    ("ntddndis630", "ntddndis.c", [*WIN10, "-DUM_NDIS630=1"], [], 2400),
    ("ntifs", "ntifs.c", WIN10, ["-D_WS2DEF_", "-D_WS2IPDEF_"], 3500),
]


def run(command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True)


def driver_kit():
    """The directory of the cross compiler's driver headers."""
    said = run([CROSS, "-v", "-E", "-x", "c", "/dev/null"]).stderr
    for line in said.splitlines():
        candidate = pathlib.Path(line.strip()) / "ddk"
        if line.startswith(" /") and (candidate / "ndis.h").exists():
            return candidate.resolve()
    print(f"skipped: {CROSS} has no driver headers")
    sys.exit(77)


class Side:
    """One compiler with its headers."""

    def __init__(self, name, compiler, objdump, options, scratch):
        self.name = name
        self.compile = [compiler, "-std=gnu11", *options]
        self.objdump = objdump
        self.scratch = scratch

    def describe(self, source):
        """Types and enumerators of a source, from its debug information."""
        built = self.scratch / f"{self.name}.o"
        done = run([*self.compile, "-gdwarf-4", "-fno-eliminate-unused-debug-types", "-c", source,
                    "-o", built])
        if done.returncode != 0:
            sys.exit(f"{self.name}: {source.name} does not compile\n{done.stderr[:2000]}")
        return dwarf.read(run([self.objdump, "--dwarf=info", built]).stdout)

    def macros(self, source):
        return values.names(run([*self.compile, "-dM", "-E", source]).stdout)

    def evaluate(self, source, names):
        return values.evaluate(lambda command: run([*self.compile, *command]), source, names,
                               self.scratch / f"{self.name}_values.c")


def read_exceptions():
    """Lines "<pass or *> <name> <reason>"."""
    table = {}
    for line in (HERE / "exceptions.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            where, name, reason = line.split(None, 2)
            table[(where, name)] = reason
    return table


def same_value(ours, theirs):
    """Whether two 64-bit constants are equal; a 32-bit one may have been sign-extended or not."""
    top = {ours >> 32, theirs >> 32}
    if top <= {0, 0xFFFFFFFF}:
        return (ours ^ theirs) & 0xFFFFFFFF == 0
    return ours == theirs


def compare_values(ours, theirs):
    for name in sorted(ours.keys() & theirs.keys()):
        if not same_value(ours[name], theirs[name]):
            yield name, f"{ours[name]:#x}, mingw has {theirs[name]:#x}"


def common_types(ours, theirs):
    """Names of types that both have; a tag "_X" counts as its typedef X."""
    both = ours.keys() & theirs.keys()
    return sorted(name for name in both if name.lstrip("_") == name or name.lstrip("_") not in both)


def compare_types(ours, theirs):
    for name in common_types(ours, theirs):
        mine, other = ours[name], theirs[name]
        if mine.size != other.size:
            yield name, f"{mine.size} bytes, mingw has {other.size}"
        for member in sorted(mine.members.keys() & other.members.keys()):
            if mine.members[member] != other.members[member]:
                yield (f"{name}.{member}", "offset and size {}, mingw has {}".format(
                    mine.members[member], other.members[member]))


def compare(ours, theirs, source):
    """Return how many things were comparable, and the differences."""
    mine, other = ours.describe(source), theirs.describe(source)
    my_macros, their_macros = ours.macros(source), theirs.macros(source)
    my_names = my_macros & (their_macros | other.constants.keys())
    their_names = their_macros & (my_macros | mine.constants.keys())
    my_values = {**mine.constants, **ours.evaluate(source, my_names)}
    their_values = {**other.constants, **theirs.evaluate(source, their_names)}
    types = common_types(mine.types, other.types)
    members = sum(len(mine.types[t].members.keys() & other.types[t].members.keys()) for t in types)
    count = len(my_values.keys() & their_values.keys()) + len(types) + members
    return count, [*compare_values(my_values, their_values), *compare_types(mine.types, other.types)]


def main():
    for tool in (CROSS, CROSS_OBJDUMP, sys.argv[2], "objdump"):
        if not shutil.which(tool):
            print(f"skipped: no {tool}")
            return 77
    wdk, native = pathlib.Path(sys.argv[1]), sys.argv[2]
    scratch = pathlib.Path(sys.argv[3] if len(sys.argv) > 3 else tempfile.mkdtemp())
    scratch.mkdir(parents=True, exist_ok=True)
    exceptions = read_exceptions()
    failures = 0
    for name, source, options, their_options, least in PASSES:
        ours = Side("ours", native, "objdump", [*DIALECT, "-I", wdk, *options], scratch)
        theirs = Side("mingw", CROSS, CROSS_OBJDUMP, ["-w", "-DMINGW=1", "-I", driver_kit(), *options, *their_options],
                      scratch)
        count, differences = compare(ours, theirs, HERE / source)
        wrong = [(what, how) for what, how in differences
                 if (name, what) not in exceptions and ("*", what) not in exceptions]
        print(f"{name}: {count} things compared, {len(differences) - len(wrong)} known differences")
        for what, how in wrong:
            print(f"  {what}: {how}")
        if count < least:
            print(f"  fewer than {least} things were comparable")
        failures += len(wrong) + (count < least)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
