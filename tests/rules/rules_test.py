#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each rule finds the fault that it is for, planted in a small tree, and says nothing of the same tree without it."""

import pathlib
import subprocess
import tempfile
import unittest

CHECK = pathlib.Path(__file__).resolve().parent / "check"
APACHE = "// SPDX-License-Identifier: Apache-2.0\n"
GPL = "// SPDX-License-Identifier: GPL-2.0-only\n"


class Rules(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        subprocess.run(["git", "init", "-q", self.root], check=True)

    def write(self, files):
        for path, text in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text)

    def run_rule(self, rule):
        done = subprocess.run([CHECK, rule, "--root", self.root], capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout

    def judge(self, rule, good, bad, *expected):
        """The files of `good` keep the rule; with those of `bad` as well the rule says each of `expected`."""
        self.write(good)
        status, output = self.run_rule(rule)
        self.assertEqual(status, 0, output)
        self.write(bad)
        status, output = self.run_rule(rule)
        self.assertEqual(status, 1, output)
        for text in expected:
            self.assertIn(text, output)

    def test_a_tree_with_nothing_to_look_at_keeps_no_rule(self):
        self.assertEqual(self.run_rule("licence")[0], 1)

    def test_licence(self):
        self.judge("licence", {"sim/a.cpp": APACHE, "drivers/a/a.c": GPL, "README.md": "x"},
                   {"sim/b.cpp": "int b;\n", "drivers/a/b.c": APACHE, "tools/c": "#!/bin/sh\n"},
                   "sim/b.cpp:1:", "drivers/a/b.c:1:", "tools/c:1:")

    def test_licence_of_a_file_that_git_does_not_know_yet_but_not_of_an_ignored_one(self):
        self.judge("licence", {".gitignore": "build\n", "build/x.cpp": "", "a.cpp": APACHE}, {"b.cpp": ""}, "b.cpp:1:")

    def test_places(self):
        self.judge("places", {"a.sh": 'x=$stage/root/.ssh; y=/var/lib; z=~\x2fwork/a\n'},
                   {"b.md": "see /" + "work/main\n", "c.py": "P = '/" + "home/me/x'\n", "d": "a\ncat /" + "tmp/vp\n"},
                   "b.md:1:", "c.py:1:", "d:2:")

    def test_proofs(self):
        table = "| a rule | `vfp_a`, 1 slot | `Suite.Case` | `a-fault` |\n"
        self.judge("proofs", {"docs/bridge-proofs.md": table, "rtl/a/vfp_a.sv": "", "tests/mutation/a-fault.patch": "",
                              "tests/host/a_test.cpp": "TEST_F(Suite, Case) {\n"},
                   {"docs/bridge-proofs.md": table + "| x | `vfp_b` | `Suite.None` | `no-fault` |\n"},
                   "md:2: vfp_b", "Suite.None", "no-fault")

    def test_python(self):
        self.judge("python", {"a.py": "x = 1\n", "tool": "#!/usr/bin/env python3\nprint(1)\n"},
                   {"b.py": "x = \n", "tool2": "#!/usr/bin/env python3\nprint 1\n"}, "b.py:1:", "tool2:2:")

    def test_width(self):
        self.judge("width", {"tool": "x" * 140, "drivers/a/Kbuild": "\t" + "x" * 92, "a.md": "x" * 500},
                   {"tool2": "\n" + "x" * 141, "drivers/b/Kbuild": "\t" + "x" * 93}, "tool2:2:", "drivers/b/Kbuild:1:")

    def test_format(self):
        self.judge("format", {".clang-format": "BasedOnStyle: Google\n", "a.cpp": "int a = 1;\n"},
                   {"b.hpp": "int a=1;\n"}, "b.hpp:1:")

    def test_format_is_not_silent_without_a_style(self):
        self.judge("format", {".clang-format": "BasedOnStyle: Google\n", "a.cpp": "int a = 1;\n"},
                   {".clang-format": "BasedOnStyle: Nobodys\n"}, ".clang-format:1:")

    PARTS = {"sim/CMakeLists.txt": 'set(VFPOOL_PARTS low high)\n',
             "sim/low/a.hpp": '#include "low/b.hpp"\n', "sim/high/a.cpp": '#include "low/a.hpp"\n',
             "sim/low/CMakeLists.txt": "vfpool_part(low SOURCES a.cpp)\nvfpool_test(low_test DEPENDS vfpool_high)\n",
             "sim/high/CMakeLists.txt": "vfpool_part(high SOURCES a.cpp DEPENDS vfpool_low)\n"}

    def test_folders_include_upwards(self):
        self.judge("folders", self.PARTS, {"sim/low/b.cpp": '\n#include "high/a.hpp"\n'}, "sim/low/b.cpp:2:")

    def test_folders_include_tests(self):
        self.judge("folders", self.PARTS, {"sim/low/b.cpp": '#include "tests/a.hpp"\n'}, "sim/low/b.cpp:1:")

    def test_folders_depend_upwards(self):
        self.judge("folders", self.PARTS, {"sim/low/CMakeLists.txt": "vfpool_part(low SOURCES a.cpp\n  DEPENDS vfpool_high)\n"},
                   "sim/low/CMakeLists.txt:1: low depends on high")

    def test_folders_a_part_without_a_folder(self):
        self.judge("folders", self.PARTS, {"sim/CMakeLists.txt": 'set(VFPOOL_PARTS low high gone)\n'},
                   "part gone has no folder")

    DRIVER = {"drivers/d/a.h": "void airvf_a(int x);\n", "drivers/d/a.c": '#include "a.h"\nvoid airvf_a(int x)\n{\n}\n',
              "drivers/d/b.c": '#include "a.h"\nvoid airvf_b(int x)\n{\n\tairvf_a(x); /* airvf_c() */\n}\n'}

    def test_headers_include_each_other(self):
        self.judge("headers", self.DRIVER, {"drivers/d/a.h": '#include "c.h"\n', "drivers/d/c.h": '#include "a.h"\n'},
                   "drivers/d/a.h:1: includes make a circle: a.h c.h")

    def test_files_call_each_other(self):
        caller = "void airvf_c(int x)\n{\n\tairvf_b(x);\n}\nint *airvf_a(int x,\n\t      int y)\n{\n\tairvf_b(x);\n}\n"
        self.judge("headers", self.DRIVER, {"drivers/d/a.c": caller}, "drivers/d/a.c:1:", "drivers/d/b.c:1:")

    PAGES = {"docs/a.md": "# A\n\n## The second part\n[b](b.md#of-b) `sim/x/y.cpp` sim/x `make all` y.cpp\n",
             "docs/b.md": "# Of b!\n[a](a.md), section \"second part\" of a.md\n", "Makefile": "all: ## everything\n",
             "sim/x/y.cpp": "// y.hpp, docs/a.md, build/x.log, tools/testing/z\nint y;  // sim/*/y.cpp\n", "sim/x/y.hpp": ""}

    def test_references(self):
        self.judge("references", self.PAGES,
                   {"docs/c.md": "[x](gone.md)\n[y](a.md#no)\n`sim/x/gone.cpp`\n`make gone`\ngone.hpp\nthe design section of a.md\n",
                    "sim/x/z.cpp": "int z;\n// see docs/gone.md\n/* gone.sv */\n", "tool": "#!/bin/sh\n# tests/gone does\n"},
                   *(f"docs/c.md:{n}:" for n in range(1, 7)), "sim/x/z.cpp:2:", "sim/x/z.cpp:3:", "tool:2:")

    def test_commands_that_no_test_runs(self):
        self.judge("references", self.PAGES, {"docs/c.md": "```bash\nls\n```\n\n```\n--+--\n$ ls\n```\n"},
                   "docs/c.md:1:", "docs/c.md:7:")

    def test_references_to_a_named_section(self):
        self.judge("references", self.PAGES, {"docs/c.md": 'section "third part" of a.md\n'}, "docs/c.md:1:")

    def test_checks(self):
        good = "void see(int a) {\n  EXPECT_EQ(a, 1);\n}\nvoid look() {\n  see(1);\n}\n\nTEST(A, B) {\n  look();\n}\n"
        self.judge("checks", {"a_test.cpp": good, "a.sh": 'check "ping" ping x\ntrue\n'},
                   {"b_test.cpp": "TEST(A, B) {\n  EXPECT_TRUE(1);\n}\n\nTEST_F(A, C) {\n  look();\n}\n",
                    "c_test.cpp": "TEST(A, B) {\n  EXPECT_GE(count(), 0u);\n}\n",
                    "b.sh": "check a env x true\n", "c.sh": 'check "a" bash -c "b; c || true"\n'},
                   "b_test.cpp:5: A.C asserts nothing", "c_test.cpp:2:", "b.sh:1:", "c.sh:1:")

    def test_version(self):
        self.judge("version", {"dkms.conf": 'PACKAGE_VERSION="1.2"\n', "CHANGELOG.md": "# C\n## Unreleased\n## 1.2\n## 1.1\n"},
                   {"dkms.conf": 'PACKAGE_VERSION="1.3"\n'}, "CHANGELOG.md:3:")

    def test_shell(self):
        shell = CHECK.parent / "shell"
        self.write({"a.sh": "#!/bin/bash\necho ok\n"})
        subprocess.run(["git", "-C", self.root, "add", "-A"], check=True)
        self.assertEqual(subprocess.run([shell, self.root], capture_output=True).returncode, 0)
        self.write({"a.sh": "#!/bin/bash\nif [ $x = 1 ]; then\n"})
        self.assertNotEqual(subprocess.run([shell, self.root], capture_output=True).returncode, 0)

    def test_examples(self):
        examples = CHECK.parents[1] / "docs" / "examples"
        module = "```systemverilog\nmodule a (\n  input logic b_i,\n  output logic c_o\n);\n  assign c_o = {};\nendmodule\n```\n"
        self.write({"a.md": module.format("b_i")})
        self.assertEqual(subprocess.run([examples, self.root], capture_output=True).returncode, 0)
        self.write({"docs/b.md": module.format("d_i")})
        done = subprocess.run([examples, self.root], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("FAILED  docs_b.md", done.stdout)


if __name__ == "__main__":
    unittest.main()
