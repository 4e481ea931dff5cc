#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/regs: wrong descriptions are refused with file and name; what is generated packs and unpacks alike in C, C++
and SystemVerilog; what types an offset or field a second time is found."""
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools/regs"))
import description  # noqa: E402
import emit_c  # noqa: E402
import emit_cpp  # noqa: E402
import emit_systemverilog  # noqa: E402
import emit_table  # noqa: E402

GOOD = """
title = "Registers"
[enum.MODE]
width = 2
text = "What it does."
values = { OFF = [0, "nothing"], ON = [2, "something"] }
[[register]]
name = "CONTROL"
offset = 0x10
access = "rw"
view = "all"
text = "Control."
[register.fields]
MODE = { bits = [1, 0], enum = "MODE", text = "mode" }
LIMIT = { bits = [15, 4], text = "limit", min = 3, reset = 7 }
[[register]]
name = "COUNTER"
offset = 0x20
access = "ro"
view = "owner"
count = 4
text = "Counters."
"""


def load(text):
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as f:
        f.write(text)
        f.flush()
        return description.load(f.name, "some.toml")


class Descriptions(unittest.TestCase):
    def refused(self, old, new, *mentions):
        self.assertIn(old, GOOD)
        with self.assertRaises(description.DescriptionError) as e:
            load(GOOD.replace(old, new, 1))
        for text in ("some.toml", *mentions):
            self.assertIn(text, str(e.exception))

    def test_a_good_one_is_read(self):
        d = load(GOOD)
        self.assertEqual([r.name for r in d.registers], ["CONTROL", "COUNTER"])
        self.assertEqual(d.registers[0].reset, 7 << 4)

    def test_registers_that_overlap(self):
        self.refused("offset = 0x20", "offset = 0x10", "COUNTER", "overlaps CONTROL")

    def test_registers_that_are_misaligned(self):
        self.refused("offset = 0x10", "offset = 0x12", "CONTROL", "0x12")
        self.refused("offset = 0x20", "offset = 0x24", "COUNTER", "multiple of its size")

    def test_registers_outside_the_space(self):
        self.refused("offset = 0x20", "offset = 0x10000", "COUNTER", "outside")

    def test_an_array_of_odd_size(self):
        self.refused("count = 4", "count = 3", "COUNTER", "power of two")

    def test_two_registers_of_a_name(self):
        self.refused('name = "COUNTER"', 'name = "CONTROL"', "CONTROL", "taken")

    def test_fields_that_overlap(self):
        self.refused("bits = [15, 4]", "bits = [15, 1]", "CONTROL.LIMIT", "bit 1 is that of MODE")

    def test_fields_that_do_not_fit(self):
        self.refused("bits = [15, 4]", "bits = [32, 4]", "CONTROL.LIMIT", "do not fit 32 bits")
        self.refused("bits = [15, 4]", "bits = [4, 15]", "CONTROL.LIMIT")

    def test_values_that_do_not_fit(self):
        self.refused("ON = [2,", "ON = [4,", "MODE", "ON", "does not fit 2 bits")
        self.refused("reset = 7", "reset = 4096", "CONTROL.LIMIT", "does not fit 12 bits")
        self.refused("min = 3", "min = 8", "CONTROL.LIMIT", "below the least value")

    def test_two_values_of_a_number(self):
        self.refused("ON = [2,", "ON = [0,", "MODE", "ON", "is that of OFF")

    def test_an_enumeration_of_another_width(self):
        self.refused("bits = [1, 0]", "bits = [2, 0]", "CONTROL.MODE", "3 bits")

    def test_an_enumeration_that_is_not_there(self):
        self.refused('enum = "MODE"', 'enum = "MOOD"', "CONTROL.MODE", "MOOD")

    def test_unknown_keys(self):
        self.refused('view = "owner"', 'view = "owner"\nvieuw = 1', "COUNTER", "vieuw")
        self.refused("min = 3", "minimum = 3", "CONTROL.LIMIT", "minimum")
        self.refused("width = 2", "width = 2\nsize = 2", "MODE", "size")
        self.refused('title = "Registers"', 'title = "Registers"\nsubtitle = ""', "subtitle")

    def test_missing_and_wrong_keys(self):
        self.refused('access = "ro"\n', "", "COUNTER", "access", "missing")
        self.refused('access = "ro"', 'access = "r"', "COUNTER", "`r`")
        self.refused('view = "owner"', 'view = "nobody"', "COUNTER", "nobody")
        self.refused("count = 4", 'count = "4"', "COUNTER", "count")
        self.refused('name = "COUNTER"', 'name = "counter"', "counter")
        self.refused("[[register]]", "[[register", "some.toml")


class RoundTrip(unittest.TestCase):
    """Of the bridge's own description, with bit positions worked out here from its numbers."""

    def setUp(self):
        self.d = description.load(TOP / "tools/regs/bridge.toml")
        self.seed = random.randrange(1 << 32)
        self.random = random.Random(self.seed)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.dir = pathlib.Path(self.folder.name)

    def samples(self):
        for r in self.d.registers:
            for _ in range(8 if r.fields else 0):
                values = {f.name: self.random.randrange(1 << (f.msb - f.lsb + 1)) for f in r.fields}
                word = sum(values[f.name] << f.lsb for f in r.fields)
                yield r, values, word

    def run_program(self, source, *compiler):
        program = self.dir / "program"
        subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", "-o", program, source], check=True)
        subprocess.run([program], check=True)

    def test_c(self):
        (self.dir / "vfpool_regs.h").write_text(emit_c.emit(self.d))
        body = []
        for r, values, word in self.samples():
            name = f"vfpool_{r.name.lower()}"
            if r.access != "ro":
                fields = ", ".join(f".{f.lower()} = {v}u" for f, v in values.items())
                body.append(f"{{ struct {name} r = {{ {fields} }}; CHECK({name}_pack(&r), {word}u); }}")
            if r.access != "wo":
                for f, v in values.items():
                    body.append(f"CHECK({name}_unpack({word}u).{f.lower()}, {v}u);")
        source = self.dir / "program.c"
        source.write_text("#include <stdio.h>\n#include \"vfpool_regs.h\"\n"
                          "#define CHECK(a, b) do { if ((a) != (b)) { printf(\"line %d: %x, not %x\\n\", __LINE__, a, b); "
                          "bad = 1; } } while (0)\n"
                          "int main(void) { int bad = 0;\n" + "\n".join(body) + "\nreturn bad; }\n")
        with self.subTest(seed=self.seed):
            self.run_program(source, "gcc", "-std=gnu11")

    def test_cpp(self):
        (self.dir / "registers.hpp").write_text(emit_cpp.emit(self.d))
        body = []
        for r, values, word in self.samples():
            name = description.camel(r.name)
            body.append(f"static_assert({name}::unpack({word}u).pack() == {word}u);")
            for f, v in values.items():
                body.append(f"static_assert(static_cast<std::uint32_t>({name}::unpack({word}u).{f.lower()}) == {v}u);")
        for e in self.d.enums:
            for value, (number, meaning) in e.values.items():
                name = f"{description.camel(e.name)}::k{description.camel(value)}"
                body.append(f"static_assert(static_cast<unsigned>({name}) == {number});")
                body.append(f'static_assert(to_string({name}) == "{value.lower()}" && meaning({name}) == "{meaning}");')
            body.append(f"static_assert(std::size(kAll{description.camel(e.name)}) == {len(e.values)});")
        source = self.dir / "program.cpp"
        source.write_text("#include <iterator>\n#include \"registers.hpp\"\nusing namespace vfpool::bridge::regs;\n" +
                          "\n".join(body) + "\nint main() {}\n")
        with self.subTest(seed=self.seed):
            self.run_program(source, "g++", "-std=c++20")

    def test_systemverilog(self):
        """Yosys proves it for every word and address."""
        package = emit_systemverilog.emit(self.d)
        ports, body = ["input logic [31:0] word", "input logic [15:0] addr", "input logic owner",
                       "input logic write"], []
        for r in self.d.registers:
            low = r.name.lower()
            if r.fields:
                body.append(f"vfp_regs_pkg::{low}_t u_{low}; assign u_{low} = word;")
                body.append(f"logic [31:0] p_{low}; assign p_{low} = u_{low};")
                body.append(f"always_comb assert (p_{low} == word);")
                for f in r.fields:
                    width = f.msb - f.lsb + 1
                    body.append(f"always_comb assert (u_{low}.{f.name.lower()} == ((word >> {f.lsb}) & {(1 << width) - 1}));")
            end = r.offset + 4 * (r.count or 1)
            body.append(f"always_comb assert (vfp_regs_pkg::is_{low}(addr) == (addr >= {r.offset} && addr < {end}));")
            if r.count:
                body.append(f"always_comb if (addr >= {r.offset} && addr < {end}) "
                            f"assert (vfp_regs_pkg::{low}_index(addr) == (addr - {r.offset}) / 4);")
            if r.access == "rw" and r.fields:
                body.append(f"vfp_regs_pkg::{low}_t k_{low}; assign k_{low} = vfp_regs_pkg::{low}_kept(word);")
                for f in r.fields:
                    given = f"((word >> {f.lsb}) & {(1 << (f.msb - f.lsb + 1)) - 1})"
                    body.append(f"always_comb assert (k_{low}.{f.name.lower()} == ({given} < {f.min} ? {f.min} : {given}));")
        body.append("vfp_regs_pkg::hit_t hit; assign hit = vfp_regs_pkg::hits(addr, owner, write);")
        for r in self.d.registers:
            may = [f"addr >= {r.offset}", f"addr < {r.offset + 4 * (r.count or 1)}"]
            may += ["owner"] * (r.view == "owner") + {"ro": ["!write"], "wo": ["write"], "rw": []}[r.access]
            body.append(f"always_comb assert (hit.{r.name.lower()} == ({' && '.join(may)}));")
        (self.dir / "top.sv").write_text(f"module top ({', '.join(ports)});\n" + "\n".join(body) + "\nendmodule\n")
        script = (f"read_verilog -sv -formal {self.dir}/vfp_regs_pkg.sv {self.dir}/top.sv; prep -flatten -top top; "
                  "chformal -lower; opt -full; sat -verify -prove-asserts -show-inputs top")

        def prove(text):
            (self.dir / "vfp_regs_pkg.sv").write_text(text)
            return subprocess.run(["yosys", "-q", "-p", script], capture_output=True, text=True)
        r = prove(package)
        self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
        for old, new in (("16'h0014", "16'h0018"), ("logic [3:0]  slot;", "logic [4:0]  slot;"), ("16'd4;", "16'd5;")):
            self.assertIn(old, package)
            self.assertNotEqual(prove(package.replace(old, new, 1)).returncode, 0, f"{old} as {new} is not noticed")

    def test_the_table_names_everything(self):
        page = emit_table.emit(self.d)
        for r in self.d.registers:
            self.assertIn(f"| {r.name}", page)
            for f in r.fields:
                self.assertIn(f"`{f.name}`", page)
        for e in self.d.enums:
            for value in e.values:
                self.assertIn(f"| {value} |", page)


class Products(unittest.TestCase):
    def generate(self, *args):
        return subprocess.run([TOP / "tools/regs/generate", *args], capture_output=True, text=True)

    def test_those_of_the_tree_are_up_to_date(self):
        r = self.generate("--check")
        self.assertEqual(r.returncode, 0, r.stderr)

    def test_a_stale_one_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(self.generate("--into", folder).returncode, 0)
            self.assertEqual(self.generate("--into", folder, "--check").returncode, 0)
            header = pathlib.Path(folder) / "drivers/include/vfpool_regs.h"
            header.write_text(header.read_text() + "\n")
            r = self.generate("--into", folder, "--check")
            self.assertNotEqual(r.returncode, 0)
            self.assertIn("vfpool_regs.h", r.stderr)


class SecondTime(unittest.TestCase):
    """What tools/regs/check finds, one line each, and what it leaves alone."""

    BAD = {
        ".sv": ["localparam logic [3:0] DropTimeout = 4'd7;", "assign op = cmd_word_i[3:0];",
                "if (cmd_result_i == 4'd3) x = 1;", "assign hit = reg_addr_i[v] == 16'h0020;",
                "localparam logic [15:0] CommandOffset = 16'h20;"],
        ".cpp": ["constexpr unsigned kDropTimeout = 7;", "b.service_read(0x24);", "b.service_write(32, x);",
                 "auto user = b.service_read(o) >> 16;", "x = b.service_read(at(n)) & 0xff;", "command(3, user, slot);",
                 "EXPECT_EQ(command(Op::kForce, 1, 0), 6u);", "x = VFPOOL_VF_USER_SHIFT;"],
        ".c": ["#define VFPOOL_COMMAND 0x20", "x = ioread32(base + 0x24);", "writel(x, base + 0x20);"],
    }
    GOOD = {
        ".sv": ["assign vf = cmd.vf;", "localparam logic [3:0] Other = 4'd7;", "// DropTimeout = 4'd7"],
        ".cpp": ["auto s = b.read<regs::Status>();", "b.service_read(regs::Rx::offset(3));",
                 "EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);", "if (drop == Drop::kTimeout) n = 7;",
                 "constexpr unsigned kVfOffset = 0x14;"],
        ".c": ["x = ioread32(base + VFPOOL_COMMAND);", "#define OTHER 0x20", "state = VFPOOL_DROP_TIMEOUT;"],
    }

    def check(self, suffix, line):
        with tempfile.NamedTemporaryFile("w", suffix=suffix) as f:
            f.write(line + "\n")
            f.flush()
            return subprocess.run([TOP / "tools/regs/check", f.name], capture_output=True, text=True)

    def test_is_found(self):
        for suffix, lines in self.BAD.items():
            for line in lines:
                with self.subTest(line=line):
                    r = self.check(suffix, line)
                    self.assertNotEqual(r.returncode, 0)
                    self.assertIn(":1: ", r.stdout)

    def test_proper_use_is_not(self):
        for suffix, lines in self.GOOD.items():
            for line in lines:
                with self.subTest(line=line):
                    r = self.check(suffix, line)
                    self.assertEqual(r.returncode, 0, r.stdout)


if __name__ == "__main__":
    unittest.main()
