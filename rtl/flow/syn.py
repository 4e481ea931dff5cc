# SPDX-License-Identifier: Apache-2.0
"""Synthesises a module for Kintex-7 and compares it with its budget."""
import json
import os
import shutil
import subprocess
import tempfile

import description
import timing


MAP = "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -run begin:"


def synthesise(script):
    """Yosys runs the script; figures of the top module that it leaves and the names along its slowest path, or an error text."""
    work = tempfile.mkdtemp(prefix="vfp-syn-")
    try:
        done = subprocess.run(["yosys", "-q", "-e", "used but has no driver|implicitly declared", "-p",
                               f"{script}; clean -purge; write_json {work}/netlist.json"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            return None, done.stdout
        with open(f"{work}/netlist.json") as file:
            modules = json.load(file)["modules"]
    finally:
        shutil.rmtree(work)
    top = next(m for m in modules.values() if int(m["attributes"].get("top", "0"), 2))
    figures = {kind: timing.area(top)[kind] for kind in ("lut", "ff", "lutram", "srl", "ramb36")}
    ns, _, levels, path = timing.longest(top)
    return {**figures, "levels": levels, "ns": round(ns, 2)}, " -> ".join(path)


def measure(block, module, parameters):
    return synthesise(f"read_verilog -sv {' '.join('-I' + f for f in block.folders)} {' '.join(block.sources)}; "
                      f"hierarchy -check -top {module}{description.chparam(parameters)}; {MAP}")


def judge(text, entry, figures, path):
    """What one() says: the figures beside their budget."""
    wrong = []
    for kind, value in figures.items():
        limit = entry.get(kind, 0)
        exact = kind in ("lutram", "ramb36")
        if value > limit or (exact and value != limit):
            wrong.append(f"{kind} {value:g}, budget {limit}")
        elif kind in ("lut", "ff") and value * 3 < limit * 2:
            wrong.append(f"{kind} {value:g} is far below the budget {limit}: has something vanished?")
    text += "".join(f" {kind} {value:g}," for kind, value in figures.items())[:-1]
    if wrong:
        text += "\n        " + "; ".join(wrong) + f"\n        slowest: {path}"
    return not wrong, text


measured = {}  # figures by (module, parameters in order)


def one(block, entry):
    text = f"synthesis {block.name}: {description.title(entry['module'], entry.get('parameters'))}:"
    figures, more = measure(block, entry["module"], entry.get("parameters"))
    if figures is None:
        return False, f"{text}\n{more}"
    measured[entry["module"], tuple(sorted(entry.get("parameters", {}).items()))] = figures
    return judge(text, entry, figures, more)


def jobs(block):
    return [lambda e=entry: one(block, e) for entry in block.synthesis]
