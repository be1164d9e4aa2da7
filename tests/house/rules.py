#!/usr/bin/env python3
"""Every rule has code that raises it and a test that names it.

usage: rules.py <top of the source tree>

A test names a rule in a string: "RULE", as world_expect_violation() takes it, or "rule RULE", as a report
on standard error has it. A mention in a comment is no test.
"""
import pathlib
import re
import sys

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def code_of(folder, *endings):
    paths = [path for ending in endings for path in folder.rglob("*" + ending)]
    return "\n".join(COMMENT.sub("", path.read_text(errors="replace")) for path in paths)


def rules_of(top):
    text = "".join(COMMENT.sub("", path.read_text()) for path in sorted((top / "lib/probe").glob("rules*.def")))
    return re.findall(r"^RULE\((\w+),", text, re.M)


def main():
    top = pathlib.Path(sys.argv[1])
    rules = rules_of(top)
    raised = set(re.findall(r"\bRULE_(\w+)", code_of(top / "lib", ".c", ".h")))
    named = set(re.findall(r'"(?:rule )?([A-Z][A-Z0-9_]+)"', code_of(top / "tests", ".c", ".h")))
    faults = [f"{rule}: defined twice" for rule in sorted({rule for rule in rules if rules.count(rule) > 1})]
    faults += [f"{rule}: no code raises it" for rule in rules if rule not in raised]
    faults += [f"{rule}: no test names it" for rule in rules if rule not in named]
    print(f"{len(rules)} rules")
    print("\n".join(faults))
    return 1 if faults or len(rules) < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
