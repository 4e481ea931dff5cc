#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The harness leaves a record and a plot of what was measured, and nothing of what was not; pages have no figure that no
record has."""
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))


def load(name):
    loader = importlib.machinery.SourceFileLoader(f"{name}_program", str(HERE / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


RUN, PAGE = load("run"), load("page")
FIGURES = {"figures": [{"name": "a", "unit": "cycles", "median": 3, "min": 3, "max": 4, "samples": [3, 3, 4]}]}


class Options:
    append = None


class Harness(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=HERE.parents[1] / "build")
        self.addCleanup(folder.cleanup)
        RUN.OUT = pathlib.Path(folder.name)

    def measure(self, command):
        self.experiment = RUN.Experiment({"name": "x", "title": "A title", "command": command, "seed": 7})
        with contextlib.redirect_stdout(io.StringIO()) as self.said:
            return RUN.measure(self.experiment, [], Options, {"commit": "abc"})

    def left_behind(self):
        return self.experiment.record.exists(), self.experiment.plot.exists()

    def command(self, record, then=""):
        path = RUN.OUT / "made.json"
        path.write_text(record)
        return f"sh -c 'echo measuring; cp {path} {{record}}{then}'"

    def test_a_measurement_leaves_record_origin_and_plot(self):
        self.assertEqual(self.measure(self.command(json.dumps(FIGURES))), "")
        self.assertEqual(self.left_behind(), (True, True))
        record = json.loads(self.experiment.record.read_text())
        self.assertEqual(record["figures"], FIGURES["figures"])
        self.assertEqual((record["title"], record["run"]["commit"], record["run"]["seed"]), ("A title", "abc", 7))
        self.assertIn("measuring", record["run"]["command"])
        self.assertIn("    measuring", self.said.getvalue())

    def test_a_command_that_fails_leaves_nothing(self):
        self.assertIn("ended with status 3", self.measure(self.command(json.dumps(FIGURES), "; exit 3")))
        self.assertEqual(self.left_behind(), (False, False))

    def test_a_command_without_record_or_samples_leaves_nothing(self):
        self.assertIn("no record", self.measure("true"))
        for empty in ('{"samples": []}', '{"figures": [{"name": "a", "samples": []}]}', "{}"):
            self.assertIn("no samples", self.measure(self.command(empty)))
            self.assertEqual(self.left_behind(), (False, False))


class Page(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        PAGE.DATA = pathlib.Path(folder.name)
        (PAGE.DATA / "x.json").write_text(json.dumps(FIGURES))
        self.template = PAGE.DATA / "page.md.in"

    def page(self, text):
        self.template.write_text(text)
        return PAGE.page(self.template)

    def test_figures_in_text_and_tables_come_from_the_record(self):
        self.assertEqual(self.page("It takes {{x | a}} cycles."), "It takes 3 cycles.\n")
        self.assertIn("3 (3-4)", self.page("@figures x cycles"))

    def test_a_figure_that_no_record_has_is_refused(self):
        for text in ("{{x | b}}", "{{y | a}}", "@figures x seconds", "@figures y cycles", "@commands y", "@commands y/"):
            with self.assertRaises(PAGE.Missing, msg=text):
                self.page(text)


if __name__ == "__main__":
    unittest.main()
