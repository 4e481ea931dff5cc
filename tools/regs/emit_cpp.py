# SPDX-License-Identifier: Apache-2.0
"""The C++ header: a struct a register, constexpr, with enum classes. tools/regs/generate has clang-format lay it out."""
from description import camel


def enumeration(e):
    kind = "std::uint8_t" if e.width <= 8 else "std::uint32_t"
    out = [f"/// {e.text}", f"enum class {camel(e.name)} : {kind} {{"]
    out += [f"k{camel(v)} = {number},  ///< {text}" for v, (number, text) in e.values.items()]
    out += ["};", f"constexpr std::string_view to_string({camel(e.name)} v) {{", "switch (v) {"]
    out += [f'case {camel(e.name)}::k{camel(v)}: return "{v.lower()}";' for v in e.values]
    out += ["}", 'return "unknown";', "}"]
    out += [f"/// In words. {e.text}", f"constexpr std::string_view meaning({camel(e.name)} v) {{", "switch (v) {"]
    out += [f'case {camel(e.name)}::k{camel(v)}: return "{text}";' for v, (_, text) in e.values.items()]
    out += ["}", 'return "unknown";', "}"]
    out += [f"inline constexpr {camel(e.name)} kAll{camel(e.name)}[] = {{"]
    out += [f"{camel(e.name)}::k{camel(v)}," for v in e.values]
    return out + ["};", ""]


def cpp_type(f):
    return camel(f.enum.name) if f.enum else "bool" if f.width == 1 else "std::uint32_t"


def first(f):
    """What a field is before somebody sets it."""
    if f.enum:
        return f"{{{f.reset}}}"
    return "= false" if f.width == 1 and not f.reset else f"= {f.reset}"


def register(r):
    out = [f"/// {r.text} ({r.access}, {r.view})", f"struct {camel(r.name)} {{"]
    if r.count:
        out += [f"static constexpr std::uint32_t kCount = {r.count};", "/// Of word `n`, n < kCount.",
                f"static constexpr std::uint32_t offset(std::uint32_t n) {{ return 0x{r.offset:x} + 4 * n; }}"]
        if r.index:
            out.append(f"static constexpr std::uint32_t offset({camel(r.index.name)} n) "
                       "{ return offset(static_cast<std::uint32_t>(n)); }")
    else:
        out.append(f"static constexpr std::uint32_t kOffset = 0x{r.offset:x};")
    if r.value is not None:
        out.append(f"static constexpr std::uint32_t kValue = 0x{r.value:08x};")
    if not r.fields:
        out += ["std::uint32_t value = 0;", "constexpr std::uint32_t pack() const { return value; }",
                f"static constexpr {camel(r.name)} unpack(std::uint32_t word) {{ return {{word}}; }}"]
    else:
        out += [f"{cpp_type(f)} {f.name.lower()} {first(f)};  ///< {f.text}" for f in r.fields]
        parts = [f"(static_cast<std::uint32_t>({f.name.lower()}) & 0x{f.mask:x}u) << {f.lsb}" for f in r.fields]
        out += ["/// A value that is wider than its field is cut off.",
                f"constexpr std::uint32_t pack() const {{ return {' | '.join(parts)}; }}"]
        unpacked = ", ".join(f".{f.name.lower()} = static_cast<{cpp_type(f)}>(word >> {f.lsb} & 0x{f.mask:x}u)"
                             for f in r.fields)
        out.append(f"static constexpr {camel(r.name)} unpack(std::uint32_t word) {{ return {{{unpacked}}}; }}")
    out += [f"friend constexpr bool operator==(const {camel(r.name)}&, const {camel(r.name)}&) = default;", "};", ""]
    return out


def emit(d):
    out = ["// SPDX-License-Identifier: Apache-2.0",
           f"// Generated from {d.source}: management registers of the bridge. Do not edit.", "#pragma once", "",
           "#include <cstdint>", "#include <string_view>", "", "namespace vfpool::bridge::regs {", ""]
    for e in d.enums:
        out += enumeration(e)
    for r in d.registers:
        out += register(r)
    return "\n".join(out + ["}  // namespace vfpool::bridge::regs", ""])
