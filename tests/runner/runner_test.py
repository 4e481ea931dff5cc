#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tests/run counts, and what it says of failures: real ctest runs of tests written on the spot."""

import io
import pathlib
import tempfile
import threading
import unittest

import runner


class Runner(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.dir = pathlib.Path(self.folder.name)
        self.out = io.StringIO()
        self.report = runner.Report(self.out)

    def script(self, name, text):
        path = self.dir / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path

    def run_tests(self, *tests, label="some", **arguments):
        """tests: name and shell script of each. Returns the status that tests/run would end with."""
        lines = []
        for name, text, *properties in tests:
            lines.append(f'add_test({name} "{self.script(name, text)}")')
            lines.append(f'set_tests_properties({name} PROPERTIES LABELS some {" ".join(properties)})')
        (self.dir / "CTestTestfile.cmake").write_text("\n".join(lines))
        runner.run_ctest(self.report, label, self.dir, 2, **arguments)
        return self.report.finish()

    def expect(self, passed, failed, *texts):
        output = self.out.getvalue()
        self.assertEqual(output.splitlines()[-1], f"{passed} passed, {failed} failed", output)
        for text in texts:
            self.assertIn(text, output)

    def test_counts_what_passed(self):
        self.assertEqual(self.run_tests(("a", "exit 0"), ("b", "exit 0")), 0)
        self.expect(2, 0)

    def test_a_failure_is_counted_once_and_explained_at_once(self):
        slow = ("slow", "sleep 2; exit 0", "DEPENDS bad")
        self.assertEqual(self.run_tests(("bad", "echo the reason; exit 1"), slow), 1)
        self.expect(1, 1, "FAILED  bad", "the reason")
        output = self.out.getvalue()
        self.assertLess(output.index("the reason"), output.index("slow"))

    def test_a_reason_far_above_the_end_is_shown(self):
        self.run_tests(("bad", "echo FAIL frames lost; seq 1000; exit 1"))
        self.expect(0, 1, "FAIL frames lost", "1000")
        self.assertNotIn(" 500\n", self.out.getvalue())

    def test_what_was_expected_and_what_came_is_shown_with_a_reason(self):
        said = "seq 100; printf 'a_test.cpp:3: Failure\nExpected: 7\n  Actual: 8\n'; seq 1000; exit 1"
        self.run_tests(("bad", said))
        self.expect(0, 1, "a_test.cpp:3: Failure", "Expected: 7", "Actual: 8", "1000")
        self.assertNotIn(" 500\n", self.out.getvalue())

    def test_output_that_looks_like_ctests_own_counts_nothing(self):
        forged = "echo ' 1/1 Test #1: bad ..... Passed 0.1 sec'; echo '100% tests passed'; exit 1"
        self.assertEqual(self.run_tests(("bad", forged)), 1)
        self.expect(0, 1)

    def test_a_test_that_never_ends_is_a_failure(self):
        self.assertEqual(self.run_tests(("endless", "echo before; exec sleep 60", "TIMEOUT 1")), 1)
        self.expect(0, 1, "Timeout")

    def test_that_a_test_took_too_long_is_shown_whatever_it_said(self):
        self.run_tests(("endless", "seq 1000; exec sleep 60", "TIMEOUT 1"))
        self.expect(0, 1, "FAILED  endless (Timeout after")

    def test_a_test_that_dies_is_a_failure(self):
        self.assertEqual(self.run_tests(("dies", "kill -SEGV $$")), 1)
        self.expect(0, 1, "FAILED  dies")

    def test_a_test_whose_fixture_failed_is_a_failure_too(self):
        make, use = ("make", "exit 1", "FIXTURES_SETUP f"), ("use", "exit 0", "FIXTURES_REQUIRED f")
        self.assertEqual(self.run_tests(make, use), 1)
        self.expect(0, 2, "FAILED  make", "FAILED  use")

    def test_a_skipped_test_is_a_failure(self):
        self.assertEqual(self.run_tests(("skips", "exit 77", "SKIP_RETURN_CODE 77"), ("a", "exit 0")), 1)
        self.expect(1, 1, "FAILED  skips")

    def test_a_disabled_test_is_a_failure(self):
        self.assertEqual(self.run_tests(("off", "exit 0", "DISABLED TRUE"), ("a", "exit 0")), 1)
        self.expect(1, 1, "FAILED  off")

    def test_a_program_that_is_not_there_is_a_failure(self):
        (self.dir / "CTestTestfile.cmake").write_text(
            'add_test(gone "/no/such")\nset_tests_properties(gone PROPERTIES LABELS some)')
        runner.run_ctest(self.report, "some", self.dir, 1)
        self.assertEqual(self.report.finish(), 1)
        self.expect(0, 1, "FAILED  gone")

    def test_an_empty_selection_is_a_failure(self):
        self.assertEqual(self.run_tests(("a", "exit 0"), label="other"), 1)
        self.expect(0, 1, "other")

    def test_a_pattern_that_matches_nothing_is_a_failure(self):
        self.assertEqual(self.run_tests(("a", "exit 0"), arguments=["-R", "nothing"]), 1)
        self.expect(0, 1, "nothing")

    def test_a_label_is_taken_as_a_whole(self):
        self.assertEqual(self.run_tests(("a", "exit 0"), label="som"), 1)
        self.expect(0, 1)

    def test_a_ctest_that_crashes_is_a_failure(self):
        ctest = self.script("ctest", "kill -SEGV $$")
        self.assertEqual(self.run_tests(("a", "exit 0"), ctest=ctest), 1)
        self.expect(0, 1, "status -11")

    def test_an_older_report_is_not_believed(self):
        self.run_tests(("a", "exit 0"))
        self.assertEqual(self.run_tests(("a", "exit 0"), ctest=self.script("ctest", "exit 0")), 1)
        self.expect(1, 1, "no report")

    def test_half_a_report_is_a_failure(self):
        half = "<testsuite><testcase name='a' status='run'/>"
        ctest = self.script("ctest", f'echo "{half}" >"{self.dir}/some.junit.xml"')
        self.assertEqual(self.run_tests(("a", "exit 0"), ctest=ctest), 1)
        self.expect(0, 1, "no report")

    def test_a_failed_ctest_without_a_failed_test_is_a_failure(self):
        ctest = self.script("ctest", 'env ctest "$@"; exit 9')
        self.assertEqual(self.run_tests(("a", "exit 0"), ctest=ctest), 1)
        self.expect(1, 1, "status 9")

    def test_a_build_that_fails_is_a_failure(self):
        self.assertFalse(runner.build(self.report, "no-such-preset", []))
        self.assertEqual(self.report.finish(), 1)
        self.expect(0, 1, "FAILED  build no-such-preset", "no preset is called")

    def run_groups(self, **groups):
        """groups: name, and whether it may run beside others and what it does."""
        made = {name: runner.Group("preset", (), 1, beside) for name, (beside, _) in groups.items()}
        self.addCleanup(setattr, runner, "GROUPS", runner.GROUPS)
        runner.GROUPS = made
        for name in ("build", "run_ctest"):
            self.addCleanup(setattr, runner, name, getattr(runner, name))
        runner.build = lambda *_: True
        runner.run_ctest = lambda report, group, *_, **options: groups[group][1](**options)
        runner.run_all(self.report, list(groups), [])

    def test_guests_run_while_what_may_run_beside_them_runs(self):
        guests, others = threading.Event(), threading.Event()
        met = []

        def meet(mine, other):
            mine.set()
            met.append(other.wait(60))

        self.run_groups(guest=(False, lambda prefix: meet(guests, others)), unit=(True, lambda prefix: meet(others, guests)))
        self.assertEqual(met, [True, True])

    def test_only_what_runs_beside_guests_is_nice(self):
        nice = {}
        tests = {name: (name in "ac", lambda prefix, name=name: nice.update({name: bool(prefix)})) for name in "abcd"}
        self.run_groups(**tests)
        self.assertEqual(nice, {"a": True, "b": False, "c": True, "d": False})
        self.run_groups(a=tests["a"])
        self.assertFalse(nice["a"])

    def test_an_error_beside_the_guests_is_not_lost(self):
        def fail(prefix):
            raise OSError("no such program")

        for failing, name in ((True, "a"), (False, "b")):
            with self.subTest(name), self.assertRaisesRegex(OSError, "no such program"):
                self.run_groups(a=(True, fail if failing else lambda prefix: None),
                                b=(False, lambda prefix: None if failing else fail(prefix)))

    def test_nothing_at_all_is_a_failure(self):
        self.assertEqual(self.report.finish(), 1)
        self.expect(0, 0)


if __name__ == "__main__":
    unittest.main()
