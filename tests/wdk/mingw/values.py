"""Values of object-like macros, by compiling them."""

import re

DEFINE = re.compile(r"#define ([A-Za-z_]\w*) (.*)")
VALUE = re.compile(r"^value_(\d+):\n((?:\t\.\w+.*\n)+)", re.M)
NUMBER = re.compile(r"\t\.quad\t(-?\d+)$", re.M)
ZERO = re.compile(r"\t\.(?:zero|space)\t8$", re.M)
# Parts of statements and declarations: no expression.
FOREIGN = set("{};#\"'?")


def names(macros):
    """Names of the macros in the output of `-dM -E` that may be constant expressions."""
    found = set()
    for match in DEFINE.finditer(macros):
        name, body = match.groups()
        if not name.startswith("__") and body.strip() and not FOREIGN & set(body.replace("'", "")):
            found.add(name)
    return found


def write(path, source, wanted):
    """One line a name. Return which line is whose."""
    lines = [f'#include "{source}"']
    at = {}
    for number, name in enumerate(wanted):
        lines.append(f"const unsigned long long value_{number} = (unsigned long long)({name});")
        at[len(lines)] = name
    path.write_text("\n".join(lines) + "\n")
    return at


def evaluate(compile, source, wanted, path):
    """Values of those names that are integer constants."""
    wanted = sorted(wanted)
    for _ in range(30):
        at = write(path, source, wanted)
        done = compile(["-S", "-O0", "-g0", path, "-o", path.with_suffix(".s")])
        if done.returncode == 0:
            break
        # An error inside a macro is reported where that is defined; the line here follows in a note.
        lines = re.findall(rf"^{re.escape(str(path))}:(\d+):\d+: ", done.stderr, re.M)
        bad = {at[int(line)] for line in lines if int(line) in at}
        if not bad:
            raise SystemExit(f"{path} does not compile\n{done.stderr[:2000]}")
        wanted = [name for name in wanted if name not in bad]
    else:
        raise SystemExit(f"{path} does not come to compile")
    found = {}
    for index, text in VALUE.findall(path.with_suffix(".s").read_text()):
        number = NUMBER.search(text)
        if number:
            found[wanted[int(index)]] = int(number.group(1)) & 0xFFFFFFFFFFFFFFFF
        elif ZERO.search(text):
            found[wanted[int(index)]] = 0
    return found
