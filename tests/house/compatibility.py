#!/usr/bin/env python3
"""Compare docs/compatibility.md with what the library exports and what the headers define.

usage: compatibility.py <top of the source tree> <libpndis.so> [<nm>]
"""
import pathlib
import re
import subprocess
import sys


def exported(library, nm):
    text = subprocess.run([nm, "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    names = {line.split()[-1].split("@")[0] for line in text.splitlines() if line}
    return {name for name in names if not name.startswith(("pndis_", "__"))}


def defined_in_headers(top):
    text = "".join(path.read_text(errors="replace") for path in (top / "include/wdk").rglob("*.h"))
    macros = re.findall(r"#\s*define\s+(\w+)", text)
    inlines = re.findall(r"(?:FORCEINLINE|inline|INLINE)[^;{]*?\b(\w+)\s*\([^;{]*\)\s*\{", text)
    return set(macros) | set(inlines)


def main():
    top = pathlib.Path(sys.argv[1])
    exports = exported(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "nm")
    headers = defined_in_headers(top)
    rows = re.findall(r"^\| (\w+) \| (full|partial|not) \| (.*?) ?\|$", (top / "docs/compatibility.md").read_text(), re.M)
    faults = []
    seen = set()
    for name, status, remark in rows:
        there = name in exports or name in headers
        if name in seen:
            faults.append(f"{name}: two rows")
        seen.add(name)
        if status == "not" and name in exports:
            faults.append(f"{name}: exported, and the row says not")
        if status != "not" and not there:
            faults.append(f"{name}: the row says {status}, and it is neither exported nor in the headers")
        if status != "full" and not remark:
            faults.append(f"{name}: {status}, and not how")
    faults += [f"{name}: exported, and without a row" for name in sorted(exports - seen)]
    print(f"{len(rows)} rows, {len(exports)} exported names")
    print("\n".join(faults))
    return 1 if faults or len(rows) < 500 else 0


if __name__ == "__main__":
    sys.exit(main())
