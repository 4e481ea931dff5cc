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
import signal
import subprocess
import sys
import tempfile
import time
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
import vms_figures  # noqa: E402  (its folder first)
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

    def test_pages_that_are_not_committed_change_no_figure(self):
        real = RUN.git
        self.addCleanup(setattr, RUN, "git", real)
        for changed, status in ((False, " M docs/results.md"), (False, ""), (True, " M docs/a.md\n M sim/core/scheduler.cpp"),
                                (True, "?? rtl/new.sv")):
            RUN.git = lambda words, status=status: status if words.startswith("status") else real(words)
            self.assertEqual(RUN.tree()["changed"], changed, status)
        self.assertEqual(RUN.output("printf ' M docs/results.md'"), " M docs/results.md")

    def test_a_measurement_leaves_record_origin_and_plot(self):
        self.assertEqual(self.measure(self.command(json.dumps(FIGURES))), "")
        self.assertEqual(self.left_behind(), (True, True))
        record = json.loads(self.experiment.record.read_text())
        self.assertEqual(record["figures"], FIGURES["figures"])
        self.assertEqual((record["title"], record["run"]["commit"], record["run"]["seed"]), ("A title", "abc", 7))
        self.assertIn("measuring", record["run"]["command"])
        self.assertIn("    measuring", self.said.getvalue())

    def test_a_record_that_no_plot_can_be_made_of_leaves_nothing(self):
        with contextlib.redirect_stderr(io.StringIO()):
            self.assertIn("no plot", self.measure(self.command('{"samples": [1]}')))
        self.assertEqual(self.left_behind(), (False, False))
        self.assertIn("is no record", self.measure(self.command("[1]")))

    def test_an_interruption_ends_all_that_the_command_started(self):
        script = (f"import sys; sys.path.insert(0, '{HERE}'); import bench_test as b; import pathlib; "
                  f"b.RUN.OUT = pathlib.Path('{RUN.OUT}'); import signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)); "
                  # Of a shell's background job it may be ignored.
                  "signal.signal(signal.SIGINT, signal.default_int_handler); "
                  "e = b.RUN.Experiment({'name': 'x', 'title': 'T', "
                  "'command': 'sh -c \"sleep 1000 & echo pid $! ; wait\"', 'seed': 7}); b.RUN.measure(e, [], b.Options, {})")
        for how in (signal.SIGTERM, signal.SIGINT):
            run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            sleeper = int(run.stdout.readline().split()[-1])
            run.send_signal(how)
            run.communicate()
            for _ in range(1000):
                try:
                    if pathlib.Path(f"/proc/{sleeper}/stat").read_text().rpartition(") ")[2][0] == "Z":
                        break
                except OSError:
                    break
                time.sleep(0.01)
            else:
                self.fail(f"process {sleeper} has outlived {how.name}")
            self.assertFalse((RUN.OUT / "x.json").exists())

    def test_two_at_a_time_are_one_too_many(self):
        RUN.alone()
        with self.assertRaises(SystemExit) as refused:
            RUN.alone()
        self.assertIn("another one measures", str(refused.exception))

    def test_a_command_that_fails_leaves_nothing(self):
        self.assertIn("ended with status 3", self.measure(self.command(json.dumps(FIGURES), "; exit 3")))
        self.assertEqual(self.left_behind(), (False, False))

    def test_a_command_without_record_or_samples_leaves_nothing(self):
        self.assertIn("no record", self.measure("true"))
        for empty in ('{"samples": []}', '{"figures": [{"name": "a", "samples": []}]}', "{}"):
            self.assertIn("no samples", self.measure(self.command(empty)))
            self.assertEqual(self.left_behind(), (False, False))


RUN_OF = {"rounds": 1, "ms": 800, "run": {"machine": "A machine", "load": [[17.5, 3, 2], [1, 1, 1]]}}


def look(instructions=0, user=0, modules=0, rx=0, interrupts=0, cs=0, iterations=0):
    """A VM's counters, all above what they were at some other look by this much."""
    return {"interrupts": 7 + interrupts, "rx": 50 + rx, "tx": 3, "cs": 1000 + cs, "socket_full": 0, "iterations": iterations,
            "instructions": {"all": 9000 + instructions, "modules": 400 + modules,
                             "cpus": [{"all": 8000 + instructions, "user": 100 + user}]}}


def seen(received, sent=None, **counted):
    return {"begin": look(), "end": look(rx=received, **counted),
            "result": {"sent": sent or received, "received": received, "overtaken": 0, "seconds": 0.5}}


def sample(config, test, vms, number=1):
    return {"round": number, "config": config, "test": test, "vms": len(vms), "rate": 1000, "seen": vms}


def received(configs):
    """A record of VMs that receive 1010 of 1010, for so many instructions each that config; ten datagrams and 5000
    instructions of them are those that are always there."""
    samples = []
    for config, each in configs.items():
        idle = seen(10, instructions=5000, modules=600, interrupts=10)
        samples.append(sample(config, "nothing", [idle] * len(each)))
        samples.append(sample(config, "50@1000", [seen(1010, instructions=5000 + 1000 * n, modules=600 + 100 * n, interrupts=505)
                                                  for n in each]))
    return {"what": "receive", "samples": samples} | RUN_OF


def shared(ways):
    """A record of ways of sharing work: 100 packets, for so many ticks of the clock each, in each round."""
    samples = []
    for way, rounds in ways.items():
        for number, each in enumerate(rounds, 1):
            of = {"round": number, "config": way, "socket_full": 0, "worker_full": 0, "impatient": 0, "in_modules": [0, 0]}
            samples.append({**of, "test": "nothing", "rx": 0, "clock": 70, "executed": [50, 20],
                            "flood": {"received": 1, "overtaken": 0}})
            samples.append({**of, "test": "flood", "rx": 100, "clock": 70 + 100 * each, "executed": [50 + 100 * each, 20],
                            "flood": {"received": 100, "overtaken": 0}})
    return {"kernel": "7", "rounds": len(next(iter(ways.values()))), "seconds": 1, "samples": samples} | RUN_OF


class SeveralVms(unittest.TestCase):
    def test_what_happens_without_a_flood_is_taken_off(self):
        of = vms_figures.figures(received({"ixgbevf": [20000, 30000]}))["50@1000", 2]["ixgbevf"][1]
        self.assertEqual((of["instructions/packet"], of["driver's"], of["packets per interrupt"]), (25000, 2500, 2))
        self.assertEqual((of["packets/s"], of["loss %"], of["least of most"]), (4040, 0, 1))

    def test_loss_is_of_all_and_the_worst_vm_shows(self):
        record = received({"ixgbevf": [20000, 20000]})
        record["samples"][1]["seen"][1]["result"]["sent"] = 2020
        of = vms_figures.figures(record)["50@1000", 2]["ixgbevf"][1]
        self.assertAlmostEqual(of["loss %"], 100 / 3)
        self.assertEqual(of["least of most"], 0.5)

    def test_ratios_are_those_of_one_round_at_the_same_fixed_rate(self):
        record = received({"ixgbevf": [20000], "airvf-air": [10000], "ixgbevf@2000": [8000], "airvf-fir@2000": [2000]})
        again = received({"ixgbevf": [40000], "airvf-air": [10000]})
        record["samples"] += [{**s, "round": 2} for s in again["samples"]]
        configs = vms_figures.figures(record)["50@1000", 1]
        self.assertEqual(vms_figures.ratios(configs, "airvf-air", "instructions/packet"), [0.5, 0.25])
        self.assertEqual(vms_figures.ratios(configs, "airvf-fir@2000", "instructions/packet"), [0.25])
        self.assertEqual(vms_figures.one(record, "50@1000", "1", "airvf-air", "instructions/packet x"), 0.375)

    def test_a_vm_that_received_nothing_leaves_no_figure(self):
        for spoilt in ({"received": 0}, {"sent": 0}, {"seconds": 0}):
            record = received({"ixgbevf": [20000, 20000]})
            record["samples"][1]["seen"][1]["result"] |= spoilt
            self.assertEqual(vms_figures.figures(record)["50@1000", 2]["ixgbevf"], {1: {}})
            self.assertIn("Not measured: ixgbevf, 50@1000, VMs: 2, round 1.", vms_figures.text(record))

    def test_a_busy_machine_shows(self):
        self.assertIn("load was 17.5 before; rounds: 1", vms_figures.text(received({"ixgbevf": [20000]})))


class Job(unittest.TestCase):
    """10,000 iterations of 600 instructions alone, and 500,000 of the kernel's; 5,000 beside 1,000 frames."""

    def record(self, **beside):
        alone = seen(0, instructions=6_500_000, user=6_000_000, cs=100, iterations=10000)
        counted = {"instructions": 6_500_000, "user": 3_000_000, "cs": 100, "iterations": 5000, "interrupts": 250} | beside
        samples = [sample("ixgbevf", "nothing", [alone]), sample("ixgbevf", "50@1000", [seen(1000, **counted)])]
        return {"what": "compute", "samples": samples} | RUN_OF

    def figures(self, **beside):
        return vms_figures.figures(self.record(**beside))["50@1000", 1]["ixgbevf"][1]

    def test_what_is_done_is_counted_for_each_instruction_of_the_processor(self):
        of = self.figures()
        self.assertEqual((of["job done %"], of["taken/packet"]), (50, 3000))
        self.assertEqual((of["packets/s"], of["interrupts/s"], of["packets per interrupt"]), (1000, 250, 4))

    def test_a_slower_machine_changes_nothing_but_rates(self):
        of = self.figures(instructions=3_250_000, user=1_500_000, cs=50, iterations=2500)
        self.assertEqual((of["job done %"], of["taken/packet"], of["packets/s"]), (50, 1500, 2000))

    def test_polls_that_never_end_have_figures_without_an_interrupt(self):
        of = self.figures(interrupts=0)
        self.assertEqual((of["job done %"], of["packets per interrupt"]), (50, 1000))

    def test_a_count_that_the_processor_contradicts_leaves_no_figure(self):
        self.assertEqual(self.figures(iterations=5600), {})
        self.assertNotEqual(self.figures(iterations=5400), {})
        self.assertEqual(self.figures(iterations=0), {})


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

    def test_a_figure_of_several_vms_is_one_of_a_table(self):
        (PAGE.DATA / "y.json").write_text(json.dumps(received({"ixgbevf": [20000], "airvf-air": [10000]})))
        self.assertEqual(self.page("{{y | 50@1000 | 1 | airvf-air | instructions/packet x}}"), "0.5\n")
        self.assertIn("0.5", self.page("@vms y"))
        for text in ("{{y | 50@1000 | 2 | airvf-air | loss %}}", "{{y | 50@1000 | 1 | airvf-dim | loss %}}", "{{y | a}}"):
            with self.assertRaises(PAGE.Missing, msg=text):
                self.page(text)

    def test_a_figure_of_what_shares_the_work_is_the_median_of_its_rounds(self):
        (PAGE.DATA / "w.json").write_text(json.dumps(shared({"one": [1000, 1000, 1000], "flow-2": [500, 400, 1000]})))
        self.assertEqual(self.page("{{w | flood | flow-2 | x}}"), "2\n")
        self.assertIn("2 (1-2.5)", self.page("@workers w"))
        for text in ("{{w | flood | rr-2 | x}}", "{{w | light | flow-2 | x}}", "{{w | flood | flow-2 | y}}"):
            with self.assertRaises(PAGE.Missing, msg=text):
                self.page(text)

    def test_a_figure_that_no_record_has_is_refused(self):
        for text in ("{{x | b}}", "{{y | a}}", "@figures x seconds", "@figures y cycles", "@commands y", "@commands y/"):
            with self.assertRaises(PAGE.Missing, msg=text):
                self.page(text)


if __name__ == "__main__":
    unittest.main()
