# SPDX-License-Identifier: Apache-2.0
"""Proofs by induction with yosys-smtbmc and z3.

A module includes its properties from formal/<module>.svh under `ifdef FORMAL. Each proof runs four ways: the base case
(bounded check from reset), the induction step, the covers (so that the assumptions do not exclude the interesting), and
every mutation, which the bounded check must refute with a counterexample.
"""
import os
import shutil
import subprocess
import tempfile
import time

import description

SOLVER = "z3"


def smt2(block, proof, work, change=None, flat=False):
    """Writes the model; change = (file, from, to) breaks it first, flat has flip-flops for memories. Returns an error text
    or None."""
    sources = list(block.sources)
    if change:
        name, before, after = change["file"], change["from"], change["to"]
        path = next(f for f in sources if os.path.basename(f) == name)
        with open(path) as file:
            text = file.read()
        if text.count(before) != 1:
            return f"stale mutation: {before!r} is {text.count(before)} times in {name}"
        broken = os.path.join(work, name)
        with open(broken, "w") as file:
            file.write(text.replace(before, after))
        sources[sources.index(path)] = broken
    script = (f"read_verilog -sv -formal {' '.join('-I' + f for f in block.folders)} {' '.join(sources)}; "
              f"hierarchy -check -top {proof['module']}{description.chparam(proof.get('parameters'))}; "
              # What an instance inside can be brought to is its own proof's business; here it may be excluded on purpose.
              f"proc; chformal -cover -remove * {proof['module']} %d; "
              f"prep -flatten; {'memory_map; ' if flat else ''}opt -keepdc; async2sync; dffunmap; clean; check -assert; "
              f"write_smt2 -wires {work}/model.smt2")
    done = subprocess.run(["yosys", "-q", "-e", "used but has no driver|implicitly declared", "-p", script],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return None if done.returncode == 0 else done.stdout


def check(work, *options):
    """Runs the solver; returns (passed, decided, output)."""
    done = subprocess.run(["yosys-smtbmc", "-s", SOLVER, "--noprogress", *options, f"{work}/model.smt2"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return "Status: PASSED" in done.stdout, "Status: " in done.stdout, done.stdout


def one(block, proof, kind, options, want, change=None):
    began = time.monotonic()
    text = f"{kind} {block.name}: {description.title(proof['module'], proof.get('parameters'))}"
    if change:
        text += f": {change['from'].strip()!r} -> {change['to'].strip()!r}"
    work = tempfile.mkdtemp(prefix="vfp-formal-")
    try:
        # Where values must be found, some models are easier to solve without arrays.
        if error := smt2(block, proof, work, change, proof.get("flat", False) and kind in ("cover", "refutes")):
            return False, f"{text}\n{error}"
        passed, decided, out = check(work, *options)
        # A model without assertions would prove anything, one without covers reach them all.
        sought = "yosys-smt2-cover" if kind == "cover" else "yosys-smt2-assert"
        with open(f"{work}/model.smt2") as model:
            empty = sought not in model.read()
        ok = decided and passed == want and not empty
        return ok, f"{text} ({time.monotonic() - began:.1f} s)" + ("" if ok else f"\n{'' if not empty else f'no {sought} '}{out}")
    finally:
        shutil.rmtree(work)


def jobs(block):
    result = []
    for proof in block.proof:
        depth, refute, cover = proof["depth"], proof.get("refute", proof["depth"]), proof["cover"]
        result.append(lambda p=proof, d=depth: one(block, p, "base", ["--presat", "-t", str(d)], True))
        result.append(lambda p=proof, d=depth: one(block, p, "induction", ["-i", "-t", str(d)], True))
        result.append(lambda p=proof, c=cover: one(block, p, "cover", ["-c", "-t", str(c)], True))
        if not proof.get("mutations"):
            result.append(lambda p=proof: (False, f"{block.name}: {p['module']}: a proof needs a mutation that it refutes"))
        for change in proof.get("mutations", []):
            result.append(lambda p=proof, c=change, r=refute: one(block, p, "refutes", ["-t", str(r)], False, c))
    return result
