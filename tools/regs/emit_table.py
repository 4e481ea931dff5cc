# SPDX-License-Identifier: Apache-2.0
"""The page of docs/ for people."""


def field(f):
    bits = f"[{f.msb}:{f.lsb}]" if f.width > 1 else f"[{f.lsb}]"
    notes = []
    if f.enum:
        notes.append(f"see [{f.enum.name}](#{f.enum.name.lower()})")
    if f.reset:
        notes.append(f"reset value {f.reset}")
    if f.min:
        notes.append(f"less than {f.min} counts as {f.min}")
    return f"<br>`{f.name}` {bits} {f.text}" + (f" ({'; '.join(notes)})" if notes else "")


def emit(d):
    out = [f"# {d.title}", "",
           f"Generated from `{d.source}`. BAR0 of function 0 on every port; 32-bit accesses only: a write with other byte "
           "enables has no effect. What is not in the table, or not for the reader's view, reads 0, and writes to it have no "
           "effect.", "",
           "| offset | register | access | view | meaning |", "| --- | --- | --- | --- | --- |"]
    for r in d.registers:
        where, name = f"{r.offset:#05x}", r.name
        if r.count:
            where += " + 4n"
            name += f"(n), n < {r.count}"
        index = f" n: see [{r.index.name}](#{r.index.name.lower()})." if r.index else ""
        out.append(f"| {where} | {name} | {r.access} | {r.view} | {r.text}{index}{''.join(map(field, r.fields))} |")
    for e in d.enums:
        out += ["", f"## {e.name}", "", e.text, "", "| value | name | meaning |", "| --- | --- | --- |"]
        out += [f"| {number} | {value} | {text} |" for value, (number, text) in e.values.items()]
    return "\n".join(out) + "\n"
