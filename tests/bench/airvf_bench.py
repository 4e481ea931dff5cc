# SPDX-License-Identifier: Apache-2.0
"""tests/airvf/bench and mtvd_bench as modules: they are programs without ending, and know what their samples mean."""
import importlib.machinery
import importlib.util
import pathlib


def _load(name):
    path = pathlib.Path(__file__).resolve().parents[1] / "airvf" / name
    loader = importlib.machinery.SourceFileLoader(f"{name}_program", str(path))
    program = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(program)
    return program


_bench, _mtvd = _load("bench"), _load("mtvd_bench")
BASE, base_of, figures, spread, summary, table = (
    getattr(_bench, n) for n in ("BASE", "base_of", "figures", "spread", "summary", "table"))
mtvd_figures, mtvd_ratios, mtvd_spread = (getattr(_mtvd, n) for n in ("figures_by_test", "ratios", "spread"))
