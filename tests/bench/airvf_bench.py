# SPDX-License-Identifier: Apache-2.0
"""tests/airvf/bench as a module: it is a program without ending, and knows what its samples mean."""
import importlib.machinery
import importlib.util
import pathlib

_path = pathlib.Path(__file__).resolve().parents[1] / "airvf/bench"
_loader = importlib.machinery.SourceFileLoader("airvf_bench_program", str(_path))
_program = importlib.util.module_from_spec(importlib.util.spec_from_loader(_loader.name, _loader))
_loader.exec_module(_program)

BASE, figures, summary = (getattr(_program, n) for n in ("BASE", "figures", "summary"))
