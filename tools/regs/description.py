# SPDX-License-Identifier: Apache-2.0
"""Reads a register description (bridge.toml says what its keys mean) and refuses one that is wrong: such faults are
found here and not in hardware. Every error names the file and the register, field or value."""
import dataclasses
import pathlib
import re
import tomllib

NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
SPACE = 0x10000  # bytes of BAR 0


class DescriptionError(Exception):
    pass


@dataclasses.dataclass
class Enum:
    name: str
    width: int
    text: str
    values: dict  # name: (number, meaning)


@dataclasses.dataclass
class Field:
    name: str
    msb: int
    lsb: int
    text: str
    enum: Enum | None = None
    reset: int = 0
    min: int = 0

    @property
    def width(self):
        return self.msb - self.lsb + 1

    @property
    def mask(self):
        return (1 << self.width) - 1


@dataclasses.dataclass
class Register:
    name: str
    offset: int
    access: str
    view: str
    text: str
    fields: list
    count: int | None = None
    index: Enum | None = None
    value: int | None = None

    @property
    def bytes(self):
        return 4 * (self.count or 1)

    @property
    def reset(self):
        return sum(f.reset << f.lsb for f in self.fields)


@dataclasses.dataclass
class Description:
    source: str
    title: str
    enums: list
    registers: list


class Reader:
    """Takes a table apart; what nobody took is an unknown key."""

    def __init__(self, source, where, table):
        self.source, self.where, self.table = source, where, table
        if not isinstance(table, dict):
            self.fail("is not a table")
        self.left = set(table)

    def fail(self, message):
        raise DescriptionError(f"{self.source}: {self.where}: {message}")

    def take(self, key, kind, default=None):
        self.left.discard(key)
        if key not in self.table:
            if default is None:
                self.fail(f"key `{key}` is missing")
            return default
        value = self.table[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            self.fail(f"`{key}` is not of type {kind.__name__}")
        return value

    def optional(self, key, kind):
        return self.take(key, kind) if key in self.table else None

    def done(self):
        if self.left:
            self.fail(f"unknown key `{sorted(self.left)[0]}`")

    def name(self, text):
        if not NAME.fullmatch(text):
            self.fail(f"`{text}` is not a NAME_IN_CAPITALS")
        return text

    def fits(self, what, number, width):
        if not 0 <= number < 1 << width:
            self.fail(f"{what} {number} does not fit {width} bits")
        return number


def read_enum(source, name, table):
    r = Reader(source, f"enum {name}", table)
    e = Enum(r.name(name), r.take("width", int), r.take("text", str), {})
    values = r.take("values", dict)
    r.done()
    if not 1 <= e.width <= 32:
        r.fail(f"width {e.width} is not 1..32")
    if not values:
        r.fail("has no values")
    numbers = {}
    for value, entry in values.items():
        v = Reader(source, f"enum {name}, value {value}", {"entry": entry})
        v.name(value)
        pair = v.take("entry", list)
        if len(pair) != 2 or not isinstance(pair[0], int) or not isinstance(pair[1], str):
            v.fail("is not [number, \"meaning\"]")
        number = v.fits("number", pair[0], e.width)
        if number in numbers:
            v.fail(f"number {number} is that of {numbers[number]}")
        numbers[number] = value
        e.values[value] = (number, pair[1])
    return e


def find_enum(reader, enums, name):
    if name is not None and name not in enums:
        reader.fail(f"no enumeration {name}")
    return enums.get(name)


def read_field(source, register, name, table, enums):
    r = Reader(source, f"field {register}.{name}", table)
    bits = r.take("bits", list)
    if len(bits) != 2 or not all(isinstance(b, int) for b in bits):
        r.fail("`bits` is not [msb, lsb]")
    msb, lsb = bits
    if not 0 <= lsb <= msb < 32:
        r.fail(f"bits [{msb}:{lsb}] do not fit 32 bits")
    f = Field(r.name(name), msb, lsb, r.take("text", str))
    f.enum = find_enum(r, enums, r.optional("enum", str))
    if f.enum and f.enum.width != f.width:
        r.fail(f"has {f.width} bits, enumeration {f.enum.name} {f.enum.width}")
    f.reset = r.fits("reset value", r.take("reset", int, 0), f.width)
    f.min = r.fits("least value", r.take("min", int, 0), f.width)
    if f.reset < f.min:
        r.fail(f"reset value {f.reset} is below the least value {f.min}")
    r.done()
    return f


def read_register(source, table, enums):
    r = Reader(source, "register", table)
    name = r.name(r.take("name", str))
    r.where = f"register {name}"
    offset, access, view = r.take("offset", int), r.take("access", str), r.take("view", str)
    if access not in ("ro", "rw", "wo"):
        r.fail(f"access `{access}` is not ro, rw or wo")
    if view not in ("all", "owner"):
        r.fail(f"view `{view}` is not all or owner")
    text, count, value = r.take("text", str), r.optional("count", int), r.optional("value", int)
    index = find_enum(r, enums, r.optional("index", str))
    fields = r.take("fields", dict, {})
    r.done()
    reg = Register(name, offset, access, view, text, [], count, index, value)
    if count is not None and (count < 2 or count & (count - 1)):
        r.fail(f"count {count} is not a power of two above 1")
    if not 0 <= offset <= SPACE - reg.bytes:
        r.fail(f"offset {offset:#x} is outside the {SPACE:#x} bytes of registers")
    if offset % reg.bytes:
        r.fail(f"offset {offset:#x} is not a multiple of its size, {reg.bytes} bytes")
    if index and (count is None or count < 1 << index.width):
        r.fail(f"too few words for an index of {index.width} bits")
    if value is not None:
        r.fits("value", value, 32)
        if access != "ro" or fields:
            r.fail("a register with a value is ro and has no fields")
    used = {}
    for field, entry in fields.items():
        f = read_field(source, name, field, entry, enums)
        for bit in range(f.lsb, f.msb + 1):
            if bit in used:
                raise DescriptionError(f"{source}: field {name}.{field}: bit {bit} is that of {used[bit]}")
            used[bit] = field
        if (f.reset or f.min) and access != "rw":
            raise DescriptionError(f"{source}: field {name}.{field}: reset and min are for rw registers")
        reg.fields.append(f)
    return reg


def load(path, source=None):
    """The description in the file `path`; `source`: its name in errors and in what is generated."""
    source = source or str(path)
    try:
        data = tomllib.loads(pathlib.Path(path).read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise DescriptionError(f"{source}: {e}") from e
    top = Reader(source, "description", data)
    title = top.take("title", str)
    enums = {name: read_enum(source, name, table) for name, table in top.take("enum", dict, {}).items()}
    registers = [read_register(source, table, enums) for table in top.take("register", list)]
    top.done()
    used, names = {}, set(enums)
    for r in registers:
        if r.name in names:
            raise DescriptionError(f"{source}: register {r.name}: the name is taken")
        names.add(r.name)
        for at in range(r.offset, r.offset + r.bytes, 4):
            if at in used:
                raise DescriptionError(f"{source}: register {r.name}: {at:#x} overlaps {used[at]}")
            used[at] = r.name
    return Description(source, title, list(enums.values()), registers)


def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))
