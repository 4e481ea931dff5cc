# SPDX-License-Identifier: Apache-2.0
"""Every check of the project is a test of ctest; its label is the group it belongs to.

Configures and builds what each group needs, calls ctest by label, says what runs, how far and for how long, and for a
failure at once why. ctest's JUnit file counts; what it prints is only shown. The last line is "N passed, N failed".
A build that fails, a ctest that crashes and a selection that is empty are failures like any other.

Guests wait for links and watchdogs most of the time and leave more than a processor idle. What has nothing to do with them
runs beside them, with the lowest priority, so that they do not notice.
"""

import argparse
import concurrent.futures
import dataclasses
import pathlib
import queue
import re
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as xml

TOP = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Group:
    preset: str  # of CMakePresets.json
    targets: tuple  # for ninja; none of them: everything
    jobs: int
    beside: bool = False  # may run beside guests: it changes nothing of what they are made from


# Ninja's name for: configure if something changed.
CONFIGURED = ("build.ninja",)


# The sanitizers watch the unit tests; guests and servers need the speed of the release build.
GROUPS = {
    "lint": Group("release", CONFIGURED, 2, beside=True),
    "unit": Group("asan", ("unit_tests",), 2, beside=True),
    "rtl": Group("release", ("rtl_tests",), 2, beside=True),
    "modules": Group("release", CONFIGURED, 1),
    "lab": Group("release", (), 1),
    "guest": Group("release", (), 2),
    "long": Group("release", (), 1),
}

RESULT = re.compile(r"^ *(\d+)/(\d+) Test +#\d+: (\S+) \.*(.*?) +([\d.]+) sec")
START = re.compile(r"^ +Start +\d+: (\S+)")
# Lines of a failed test's output that say why it failed, if its last lines do not.
REASON = re.compile(r"^FAIL\b|^FAILED |^not ok|: Failure$|\berror:|kernel alarm|BUG:|WARNING:|Sanitizer|runtime error:")
LAST_LINES, REASONS, WIDTH = 25, 40, 300  # lines shown of a failure, and of each at most so much
DETAIL = 6  # lines after a reason that belong to it: what was expected and what came
QUIET = 60  # seconds after which a test that still runs is named again
BESIDE = ("nice", "-n", "19")  # before commands that run beside others


class Report:
    """Counts, and prints what happens with the time since the beginning. Several threads may use it."""

    def __init__(self, out=sys.stdout):
        self.passed = self.failed = 0
        self.out = out
        self.began = time.monotonic()
        self.lock = threading.Lock()

    def say(self, text, more=()):
        """A line, and those that belong to it."""
        lines = [f"[{time.monotonic() - self.began:5.0f}s] {text}", *(f"        {line}" for line in more)]
        with self.lock:
            print("\n".join(lines), file=self.out, flush=True)

    def count(self, passed, failed):
        with self.lock:
            self.passed += passed
            self.failed += failed

    def fail(self, what, why):
        self.count(0, 1)
        self.say(f"FAILED  {what}", why)

    def finish(self):
        """The last line, and the status to exit with."""
        print(f"{self.passed} passed, {self.failed} failed", file=self.out, flush=True)
        return 0 if self.passed and not self.failed else 1


def explain(output):
    """What to show of a failed test's output: reasons from anywhere in it, then its last lines."""
    output = [line[:WIDTH] for line in output if line.strip()]
    tail = max(0, len(output) - LAST_LINES)
    shown, until = [], 0
    for i, line in enumerate(output[:tail]):
        if REASON.search(line):
            if shown and i > until:
                shown.append("...")
            until = i + 1 + DETAIL
        if i < until:
            shown.append(line)
    return shown[:REASONS] + (["..."] if shown else []) + output[tail:]


def lines_of(process):
    """Lines of a process as they come; None when for a while there was none."""
    lines = queue.Queue()

    def read():
        for line in process.stdout:
            lines.put(line.rstrip("\n"))
        lines.put(EOFError)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=QUIET)
        except queue.Empty:
            yield None
            continue
        if line is EOFError:
            return
        yield line


def start(command):
    return subprocess.Popen(command, cwd=TOP, text=True, errors="replace", stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)


def build(report, preset, targets, prefix=()):
    what = f"build {preset}"
    report.say(f"{what} ...")
    began, output = time.monotonic(), []
    with start([*prefix, "tools/build", preset, *targets]) as process:
        for line in lines_of(process):
            if line is None:
                continue
            output.append(line)
            if line.startswith("[build "):
                report.say(line[:120])
    if process.returncode != 0:
        report.fail(what, explain(output))
        return False
    report.say(f"ok      {what} ({time.monotonic() - began:.0f}s)")
    return True


def show(report, group, process):
    """Shows ctest's progress; returns the names of the tests whose failure was explained."""
    running, explained, shown = {}, set(), time.monotonic()
    name, how, output = None, "", []

    def end_of_failure():
        nonlocal name
        if name:
            report.say(f"FAILED  {name} ({how})", explain(output))
            explained.add(name)
        name = None
        output.clear()

    done = total = "?"
    for line in lines_of(process):
        now = time.monotonic()
        result = line is not None and RESULT.match(line)
        started = line is not None and START.match(line)
        if result or started:
            end_of_failure()
        if started:
            running[started[1]] = now
        elif result:
            done, total = result[1], result[2]
            running.pop(result[3], None)
            if "Passed" not in result[4]:
                name, how = result[3], f"{result[4].strip(' *')} after {result[5]} s"
            elif float(result[5]) >= 1:
                report.say(f"ok      {result[3]} ({result[5]}s)  {group} {done}/{total}")
                shown = now
        elif line is not None and name:
            output.append(line)
        if now - shown >= QUIET:
            shown = now
            names = ", ".join(f"{test} ({now - since:.0f}s)" for test, since in running.items())
            report.say(f"{group} {done}/{total}, running: {names}")
    end_of_failure()
    return explained


def verdicts(junit):
    """From ctest's JUnit file: pairs of a test's name and None, or why it did not pass."""
    for case in xml.parse(junit).getroot().iter("testcase"):
        bad = next((case.find(kind) for kind in ("failure", "error", "skipped") if case.find(kind) is not None), None)
        if bad is not None or case.get("status") != "run":
            yield case.get("name"), (bad.get("message") if bad is not None else None) or case.get("status")
        else:
            yield case.get("name"), None


def run_ctest(report, group, directory, jobs, arguments=(), ctest="ctest", prefix=()):
    """The tests of a build folder with this label. A test that did not run is one that failed."""
    junit = directory / f"{group}.junit.xml"
    junit.unlink(missing_ok=True)
    command = [*prefix, ctest, "--test-dir", directory, "-L", f"^{group}$", "-j", str(jobs), "--output-on-failure",
               "--no-tests=error", "--output-junit", junit, *arguments]
    with start(command) as process:
        explained = show(report, group, process)
    status = process.returncode
    try:
        tests = list(verdicts(junit))
    except (OSError, xml.ParseError) as error:
        return report.fail(f"{group}: ctest ended with status {status} and left no report", [str(error)])
    failed = 0
    for name, why in tests:
        failed += why is not None
        if why is not None and name not in explained:
            report.say(f"FAILED  {name}", [why])
    report.count(len(tests) - failed, failed)
    if not tests:
        report.fail(f"{group}: no such test", [" ".join(arguments)])
    elif status != 0 and not failed:
        report.fail(f"{group}: ctest ended with status {status}", ["although no test failed"])
    report.say(f"{group}: {len(tests) - failed} passed, {failed} failed")


def run_groups(report, groups, selection, prefix=()):
    """One after the other."""
    for group in groups:
        made = GROUPS[group]
        if build(report, made.preset, made.targets, prefix):
            run_ctest(report, group, TOP / "build" / made.preset, made.jobs, selection, prefix=prefix)


def run_all(report, groups, selection):
    beside = [group for group in groups if GROUPS[group].beside]
    alone = [group for group in groups if not GROUPS[group].beside]
    if not alone:
        return run_groups(report, beside, selection)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        others = pool.submit(run_groups, report, beside, selection, BESIDE)
        run_groups(report, alone, selection)
    return others.result()


def main():
    parser = argparse.ArgumentParser(prog="tests/run", description="The checks of the project, all groups but `long`.")
    parser.add_argument("groups", nargs="*", metavar="group", help=", ".join(GROUPS))
    parser.add_argument("--long", action="store_true", help="the group `long`, too: hours")
    parser.add_argument("-R", metavar="REGEX", help="only tests whose names match (and the fixtures that they need)")
    arguments = parser.parse_args()
    unknown = [group for group in arguments.groups if group not in GROUPS]
    if unknown:
        parser.error(f"no group {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    groups = arguments.groups or [group for group in GROUPS if group != "long"]
    if arguments.long and "long" not in groups:
        groups.append("long")
    report = Report()
    run_all(report, groups, ["-R", arguments.R] if arguments.R else [])
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
