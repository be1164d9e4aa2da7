"""Structures and enumerators in the text of `objdump --dwarf=info`."""

import dataclasses
import re

ENTRY = re.compile(r"^ <([0-9a-f]+)><([0-9a-f]+)>: Abbrev Number: \d+(?: \(DW_TAG_(\w+)\))?$")
ATTRIBUTE = re.compile(r"^\s+<[0-9a-f]+>\s+DW_AT_(\w+)\s*: (.*)$")
RECORDS = ("structure_type", "union_type")
QUALIFIERS = ("typedef", "const_type", "volatile_type")


@dataclasses.dataclass
class Entry:
    tag: str
    attributes: dict = dataclasses.field(default_factory=dict)
    children: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Record:
    size: int
    members: dict


@dataclasses.dataclass
class Description:
    types: dict
    constants: dict


def parse(text):
    """All entries by their place."""
    entries, path, current = {}, [], None
    for line in text.splitlines():
        match = ENTRY.match(line)
        if match:
            depth, place, tag = int(match.group(1), 16), int(match.group(2), 16), match.group(3)
            current = None
            if tag is None:
                continue
            current = Entry(tag)
            entries[place] = current
            del path[depth:]
            if path:
                path[-1].children.append(current)
            path.append(current)
            continue
        match = ATTRIBUTE.match(line)
        if match and current is not None:
            current.attributes[match.group(1)] = match.group(2)
    return entries


def name_of(entry):
    """`(indirect string, offset: 0x1a): FOO` or `FOO`."""
    text = entry.attributes.get("name")
    if text is None:
        return None
    return text.split("): ", 1)[1].strip() if text.startswith("(ind") else text.strip()


def number(entry, attribute, default=None):
    text = entry.attributes.get(attribute)
    if text is None:
        return default
    text = re.sub(r"\(.*?\)", "", text).strip()
    return int(text.split()[-1], 0)


def type_of(entries, entry):
    text = entry.attributes.get("type")
    return entries.get(int(re.search(r"<0x([0-9a-f]+)>", text).group(1), 16)) if text else None


def strip(entries, entry):
    while entry is not None and entry.tag in QUALIFIERS:
        entry = type_of(entries, entry)
    return entry


def length(entries, entry):
    """How many elements an array has; None where it is open."""
    total = 1
    for part in entry.children:
        if part.tag != "subrange_type":
            continue
        if "count" in part.attributes:
            total *= number(part, "count")
        elif "upper_bound" in part.attributes:
            total *= number(part, "upper_bound") + 1
        else:
            return None
    return total


def size_of(entries, entry):
    entry = strip(entries, entry)
    if entry is None:
        return None
    if "byte_size" in entry.attributes:
        return number(entry, "byte_size")
    if entry.tag == "array_type":
        element, count = size_of(entries, type_of(entries, entry)), length(entries, entry)
        return element * count if element is not None and count is not None else None
    return None


def members_of(entries, record, base=0, prefix=""):
    """Name to (offset, size in bytes), through members that have no name or whose type has none."""
    found = {}
    for member in record.children:
        if member.tag != "member" or "bit_size" in member.attributes:
            continue
        offset = base + number(member, "data_member_location", 0)
        of = strip(entries, type_of(entries, member))
        name = name_of(member)
        if name is not None:
            found[prefix + name] = (offset, size_of(entries, of))
        if of is not None and of.tag in RECORDS and (name is None or name_of(of) is None):
            inner = prefix if name is None else f"{prefix}{name}."
            found.update(members_of(entries, of, offset, inner))
    return found


def read(text):
    entries = parse(text)
    types, constants = {}, {}
    for entry in entries.values():
        if entry.tag == "enumerator":
            constants[name_of(entry)] = number(entry, "const_value") & 0xFFFFFFFFFFFFFFFF
        if entry.tag not in (*RECORDS, "typedef") or name_of(entry) is None:
            continue
        record = strip(entries, entry)
        if record is None or record.tag not in RECORDS or "byte_size" not in record.attributes:
            continue
        types[name_of(entry)] = Record(number(record, "byte_size"), members_of(entries, record))
    return Description(types, constants)
