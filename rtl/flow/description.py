# SPDX-License-Identifier: Apache-2.0
"""What block.toml says, checked.

needs = ["cell"]                 blocks whose modules this one instantiates
[[module]]                       name, geometries: parameter sets that lint reads; the first is the usual one
[[proof]]                        module, parameters, depth (induction length), refute (cycles in which mutations must fail,
                                 default depth), cover (cycles in which every cover must be reached), flat (covers and
                                 mutations with flip-flops for memories), mutations: a table of {file, from, to}: text that
                                 is there once, and what breaks it
[[synthesis]]                    module, parameters, lut, ff, lutram, srl, ramb36, levels, ns: upper limits. Memories must be
                                 met exactly, area may be at most a third below its limit, so that what vanishes is noticed
"""
import glob
import os
import tomllib
from dataclasses import dataclass, field

RTL = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

KEYS = {
    "module": {"name", "geometries"},
    "proof": {"module", "parameters", "depth", "refute", "cover", "flat", "mutations"},
    "synthesis": {"module", "parameters", "lut", "ff", "lutram", "srl", "ramb36", "levels", "ns"},
}


@dataclass
class Block:
    name: str
    folder: str
    needs: list = field(default_factory=list)
    module: list = field(default_factory=list)
    proof: list = field(default_factory=list)
    synthesis: list = field(default_factory=list)
    sources: list = field(default_factory=list)  # of the block and all that it needs, packages first
    folders: list = field(default_factory=list)  # include path


def own_sources(folder):
    return sorted(glob.glob(os.path.join(folder, "*.sv")), key=lambda f: (not f.endswith("_pkg.sv"), f))


def read_all():
    """All blocks by name."""
    blocks = {}
    for path in sorted(glob.glob(os.path.join(RTL, "*", "block.toml"))):
        folder = os.path.dirname(path)
        with open(path, "rb") as file:
            text = tomllib.load(file)
        for kind, keys in KEYS.items():
            for entry in text.get(kind, []):
                if unknown := set(entry) - keys:
                    raise SystemExit(f"{path}: [[{kind}]] knows no {', '.join(sorted(unknown))}")
        if unknown := set(text) - set(KEYS) - {"needs"}:
            raise SystemExit(f"{path}: unknown {', '.join(sorted(unknown))}")
        blocks[os.path.basename(folder)] = Block(os.path.basename(folder), folder, **text)

    def folders(name, seen):
        if name not in blocks:
            raise SystemExit(f"rtl: no block {name!r} (block.toml)")
        for need in blocks[name].needs:
            folders(need, seen)
        if blocks[name].folder not in seen:
            seen.append(blocks[name].folder)
        return seen

    for block in blocks.values():
        block.folders = folders(block.name, [])
        sources = [file for folder in block.folders for file in own_sources(folder)]
        # The registers' names and numbers are words that every block may use.
        sources.insert(0, os.path.join(RTL, "vfp_regs_pkg.sv"))
        block.sources = sorted(sources, key=lambda f: not f.endswith("_pkg.sv"))
        listed = {m["name"] for m in block.module}
        files = {os.path.basename(f)[:-3] for f in own_sources(block.folder) if not f.endswith("_pkg.sv")}
        if listed != files:
            raise SystemExit(f"{block.folder}/block.toml: modules and files differ: {', '.join(sorted(listed ^ files))}")
    return blocks


def title(module, parameters):
    return module + "".join(f" {k}={v}" for k, v in (parameters or {}).items())


def chparam(parameters):
    """The options of Yosys's hierarchy command."""
    return "".join(f" -chparam {k} {v}" for k, v in (parameters or {}).items())
