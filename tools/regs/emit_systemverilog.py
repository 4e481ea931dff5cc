# SPDX-License-Identifier: Apache-2.0
"""The SystemVerilog package, in the subset that Verilator, Yosys and synthesis tools read. Assigning a word to a
variable of a register's struct takes it apart, assigning the struct to a word packs it."""
from description import camel


def enumeration(e):
    names = [(f"{camel(e.name)}{camel(v)}", number, text) for v, (number, text) in e.values.items()]
    wide = max(len(n) for n, _, _ in names)
    out = [f"  // {e.text}", f"  typedef enum logic [{e.width - 1}:0] {{"]
    for i, (name, number, text) in enumerate(names):
        comma = "," if i + 1 < len(names) else ""
        value = f"    {name:<{wide}} = {e.width}'d{number}{comma}"
        if len(value) + len(text) > 130:  # a long text has a line of its own
            out += [f"    // {text}", value]
        else:
            out.append(f"{value}  // {text}")
    return out + [f"  }} {e.name.lower()}_e;", ""]


def members(r):
    """Fields and the gaps between them, from bit 31 down: (name, width, text)."""
    out, top = [], 31
    for f in sorted(r.fields, key=lambda f: -f.lsb):
        if f.msb < top:
            out.append((f"reserved_{top}", top - f.msb, ""))
        out.append((f.name.lower(), f.width, f.text))
        top = f.lsb - 1
    if top >= 0:
        out.append((f"reserved_{top}", top + 1, ""))
    return out


def struct(r):
    out = ["  typedef struct packed {"]
    for name, width, text in members(r):
        kind = f"logic [{width - 1}:0]" if width > 1 else "logic"
        out.append(f"    {kind:<12} {name};" + (f"  // {text}" if text else ""))
    return out + [f"  }} {r.name.lower()}_t;"]


def decode(r):
    """Whether an address is this register: an array is aligned to its size, so its upper bits decide."""
    low = r.bytes.bit_length() - 1
    out = [f"  function automatic logic is_{r.name.lower()}(input logic [15:0] addr);",
           f"    is_{r.name.lower()} = addr[15:{low}] == {camel(r.name)}Offset[15:{low}];", "  endfunction"]
    if r.count:
        name = f"{r.name.lower()}_index"
        out += [f"  function automatic logic [{low - 3}:0] {name}(input logic [15:0] addr);",
                f"    {name} = addr[{low - 1}:2];", "  endfunction"]
    return out


def kept(r):
    """What a rw register keeps of a written word: its fields, none below its least value."""
    name = f"{r.name.lower()}_kept"
    if not r.fields:
        return []
    out = [f"  function automatic logic [31:0] {name}(input logic [31:0] word);"]
    low = [f for f in r.fields if f.min]
    mask = sum(f.mask << f.lsb for f in r.fields)
    out.append(f"    {name} = word & 32'h{mask:08x};")
    for f in low:
        part = f"[{f.msb}:{f.lsb}]" if f.width > 1 else f"[{f.lsb}]"
        out.append(f"    if (word{part} < {f.width}'d{f.min}) {name}{part} = {f.width}'d{f.min};")
    return out + ["  endfunction"]


def hits(registers):
    """One bit for each register, so that an access is decoded once, into a register."""
    out = ["  // Which register an access reaches: one bit, or none if whoever asks may not read it, or write it.",
           "  typedef struct packed {", *(f"    logic {r.name.lower()};" for r in registers), "  } hit_t;",
           f"  function automatic logic [{len(registers) - 1}:0] hits(input logic [15:0] addr, input logic owner, "
           "input logic write);", "    hits = {"]
    for r in registers:
        may = [f"is_{r.name.lower()}(addr)"]
        if r.view == "owner":
            may.append("owner")
        if r.access != "rw":
            may.append("write" if r.access == "wo" else "!write")
        out.append(f"      {' && '.join(may)}{',' if r is not registers[-1] else ''}")
    return out + ["    };", "  endfunction", ""]


def emit(d):
    out = ["// SPDX-License-Identifier: Apache-2.0",
           f"// Generated from {d.source}: the management registers as the hardware sees them. Do not edit.",
           "package vfp_regs_pkg;", ""]
    for e in d.enums:
        out += enumeration(e)
    for r in d.registers:
        out.append(f"  // {r.name}: {r.access}, {'everybody' if r.view == 'all' else 'owner'}.")
        out.append(f"  localparam logic [15:0] {camel(r.name)}Offset = 16'h{r.offset:04x};")
        if r.value is not None:
            out.append(f"  localparam logic [31:0] {camel(r.name)}Value = 32'h{r.value:08x};")
        if r.access == "rw":
            out.append(f"  localparam logic [31:0] {camel(r.name)}Reset = 32'h{r.reset:08x};")
        if r.fields:
            out += struct(r)
        out += decode(r)
        if r.access == "rw":
            out += kept(r)
        out.append("")
    out += hits(d.registers)
    return "\n".join(out + ["endpackage", ""])
