# SPDX-License-Identifier: Apache-2.0
"""The C header, for drivers and programs: a struct a register, and functions that pack it into the word and take the
word apart."""
import textwrap


def comment(text, indent=""):
    room = 78 - len(indent)
    if len(text) + 6 <= room:
        return [f"{indent}/* {text} */"]
    lines = textwrap.wrap(text, room - 3)
    return [f"{indent}/*", *(f"{indent} * {line}" for line in lines), f"{indent} */"]


def enumeration(e):
    out = comment(e.text) + [f"enum vfpool_{e.name.lower()} {{"]
    for value, (number, text) in e.values.items():
        out += comment(text, "\t") + [f"\tVFPOOL_{e.name}_{value} = {number},"]
    return out + ["};", ""]


def functions(r):
    name = f"vfpool_{r.name.lower()}"
    out = [f"struct {name} {{"]
    for f in r.fields:
        note = f"{f.text} ({f.width} bit{'s' if f.width > 1 else ''}"
        note += f", enum vfpool_{f.enum.name.lower()})" if f.enum else ")"
        out += comment(note, "\t") + [f"\t__u32 {f.name.lower()};"]
    out += ["};", ""]
    if r.access != "ro":
        out += [f"static inline __u32 {name}_pack(const struct {name} *r)", "{"]
        parts = [f"(r->{f.name.lower()} & 0x{f.mask:x}u) << {f.lsb}" if f.lsb else f"(r->{f.name.lower()} & 0x{f.mask:x}u)"
                 for f in r.fields]
        out.append("\treturn " + " |\n\t       ".join(parts) + ";")
        out += ["}", ""]
    if r.access != "wo":
        out += [f"static inline struct {name} {name}_unpack(__u32 word)", "{", f"\tstruct {name} r;", ""]
        for f in r.fields:
            shifted = f"(word >> {f.lsb})" if f.lsb else "word"
            out.append(f"\tr.{f.name.lower()} = {shifted} & 0x{f.mask:x}u;")
        out += ["\treturn r;", "}", ""]
    return out


def emit(d):
    out = ["/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */",
           f"/* Generated from {d.source}: management registers of the bridge. Do not edit. */",
           "#ifndef VFPOOL_REGS_H", "#define VFPOOL_REGS_H", "", "#include <linux/types.h>", "",
           "/*", " * A field of a struct that is wider than its bits in the word is cut off when it is packed.", " */", ""]
    for e in d.enums:
        out += enumeration(e)
    for r in d.registers:
        out += comment(f"{r.text} ({r.access}, {r.view})")
        name = f"VFPOOL_{r.name}"
        if r.count:
            out += [f"#define {name}(n) (0x{r.offset:03x} + 4 * (n))", f"#define {name}_COUNT {r.count}"]
        else:
            out.append(f"#define {name} 0x{r.offset:03x}")
        if r.value is not None:
            out.append(f"#define {name}_VALUE 0x{r.value:08x}u")
        if r.access == "rw":
            out.append(f"#define {name}_RESET 0x{r.reset:08x}u")
        out.append("")
        if r.fields:
            out += functions(r)
    return "\n".join(out + ["#endif", ""])
