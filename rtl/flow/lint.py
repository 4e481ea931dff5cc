# SPDX-License-Identifier: Apache-2.0
"""Verilator with every warning on (waivers with their reasons in rtl/lint.vlt), and that Yosys elaborates the same."""
import os
import subprocess

import description


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


def read(block, module, parameters):
    text = f"lint {block.name}: {description.title(module, parameters)}"
    ok, out = run(["verilator", "--lint-only", "-Wall", "--assert", "--top-module", module,
                   *[f"-G{k}={v}" for k, v in parameters.items()], *[f"-I{f}" for f in block.folders],
                   os.path.join(description.RTL, "lint.vlt"), *block.sources])
    if ok:
        script = (f"read_verilog -sv {' '.join(block.sources)}; hierarchy -check -top {module}"
                  f"{description.chparam(parameters)}; proc; check -assert")
        ok, out = run(["yosys", "-q", "-e", "used but has no driver|implicitly declared", "-p", script])
    return ok, text if ok else f"{text}\n{out}"


def jobs(block):
    return [lambda m=m["name"], p=p: read(block, m, p) for m in block.module for p in m.get("geometries", [{}])]
