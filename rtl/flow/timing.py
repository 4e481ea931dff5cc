# SPDX-License-Identifier: Apache-2.0
"""Longest path of a flattened netlist of Xilinx 7-series cells, without placement.

Delays are typical of speed grade -2 in ns: LUT 0.05, net 0.42 and 3.5 ps for each load, flip-flop 0.25 to its output and
0.05 set-up, CARRY4 0.28 and 0.06 from carry to carry, MUXF7/8 0.15. A block RAM's output starts at 1.8 and counts 3 levels;
SRL16 and LUTRAM start at 1.3 from their clock and count 2. A LUTRAM that is read is a LUT as well. The reset counts as a net
of few loads: whoever builds the whole brings it in through a tree of registers.
"""
from collections import defaultdict

NET, LOAD = 0.42, 0.0035
RESET, RESET_LOADS = "rst_ni", 16
FF, SETUP, LUT, CARRY, CARRY_STEP, MUXF = 0.25, 0.05, 0.05, 0.28, 0.06, 0.15
RAMB, SLICE_RAM = 1.8, 1.3

FLOP = {"FDRE", "FDSE", "FDCE", "FDPE"}
SRL = {"SRL16E", "SRLC16E", "SRLC32E"}
# LUTs that one primitive fills.
LUTRAM = {"RAM32M": 4, "RAM64M": 4, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM256X1S": 4, "RAM32X1S": 1,
          "RAM64X1S": 1, "RAM32X16DR8": 8, "RAM32M16": 8, "RAM64X8SW": 8}
BLOCK = {"RAMB36E1": 1.0, "RAMB18E1": 0.5}


def read_address(cell_type, port):
    """Whether a LUTRAM's input is a read address (a path through), not what a write takes (an end point)."""
    if cell_type.endswith("M"):
        return port in ("ADDRA", "ADDRB", "ADDRC")
    return port.startswith("DPRA") or (cell_type.endswith("1S") and port.startswith("A"))


def output_of(cell_type, port):
    if cell_type in LUTRAM:
        return port.startswith(("DO", "SPO", "DPO", "O"))
    return port in ("O", "Q", "CO", "Q15", "Q31", "DOADO", "DOBDO", "DOPADOP", "DOPBDOP")


def area(module):
    """Counts by kind."""
    n = defaultdict(float)
    inverted = set()  # Yosys makes an inverter for each flip-flop of an active-low reset; one of a net is enough
    for cell in module["cells"].values():
        kind = cell["type"]
        if kind in FLOP:
            n["ff"] += 1
        elif kind.startswith("LUT"):
            n["lut"] += 1
        elif kind == "INV":
            inverted.add(cell["connections"]["I"][0])
        elif kind in SRL:
            n["lut"] += 1
            n["srl"] += 1
        elif kind in LUTRAM:
            n["lut"] += LUTRAM[kind]
            n["lutram"] += 1
        elif kind in BLOCK:
            n["ramb36"] += BLOCK[kind]
    n["lut"] += len(inverted)
    return n


def longest(module):
    """(ns, levels of the slowest path, most levels of any path, names along the slowest path)."""
    loads = defaultdict(int)
    driver = {}
    cells = module["cells"]
    for name, cell in cells.items():
        for port, bits in cell["connections"].items():
            for bit in bits:
                if isinstance(bit, str):
                    continue
                if output_of(cell["type"], port):
                    driver[bit] = (name, port)
                elif port not in ("C", "CLK", "WCLK", "CLKARDCLK", "CLKBWRCLK"):
                    loads[bit] += 1

    arrival = {}  # bit -> (time, levels, most levels, bit before)

    def start(bit):
        if bit not in driver:
            return FF, 0  # an input of the module: a register in front of it
        name, _ = driver[bit]
        kind = cells[name]["type"]
        if kind in FLOP:
            return FF, 0
        if kind in BLOCK:
            return RAMB, 3
        if kind in SRL or kind in LUTRAM:
            return SLICE_RAM, 2
        return None

    def inputs(bit):
        """(input bit, delay, levels) of the combinational cell that drives bit."""
        name, _ = driver[bit]
        cell = cells[name]
        kind = cell["type"]
        for port, bits in cell["connections"].items():
            if output_of(kind, port):
                continue
            if kind in LUTRAM and not read_address(kind, port):
                continue
            if kind in SRL and not port.startswith("A"):
                continue
            if kind in FLOP or kind in BLOCK:
                continue
            for b in bits:
                if isinstance(b, str):
                    continue
                if kind == "CARRY4":
                    yield (b, CARRY_STEP, 0) if port in ("CI",) else (b, CARRY, 1)
                elif kind.startswith("MUXF"):
                    yield b, MUXF, 0
                else:
                    yield b, LUT, 1

    for bit in module["ports"].get(RESET, {"bits": []})["bits"]:
        loads[bit] = min(loads[bit], RESET_LOADS)

    def wire(bit, kind_port):
        return 0.0 if kind_port else NET + LOAD * loads[bit]

    def visit(root):
        stack = [root]
        while stack:
            bit = stack[-1]
            if bit in arrival:
                stack.pop()
                continue
            first = start(bit)
            if bit not in driver:
                arrival[bit] = (first[0], 0, 0, None)
                continue
            feed = list(inputs(bit))
            missing = [b for b, _, _ in feed if b not in arrival]
            if missing:
                if len(stack) > 100000:
                    raise SystemExit("timing: a combinational loop")
                stack.extend(missing)
                continue
            best = (first[0], first[1], first[1], None) if first else (0.0, 0, 0, None)
            kind = cells[driver[bit][0]]["type"]
            for b, delay, levels in feed:
                # Carry to carry and LUT to MUXF are wired inside the slice.
                inside = (kind == "CARRY4" and delay == CARRY_STEP) or kind.startswith("MUXF")
                t, lv, most, _ = arrival[b]
                t += wire(b, inside) + delay
                best = (max(best[0], t), lv + levels if t > best[0] else best[1], max(best[2], most + levels),
                        b if t > best[0] else best[3])
            arrival[bit] = best

    worst = (0.0, 0, 0, None)
    most = 0

    def end(bit, setup):
        nonlocal worst, most
        visit(bit)
        t, levels, deepest, _ = arrival[bit]
        most = max(most, deepest)
        t += wire(bit, False) + setup
        if t > worst[0]:
            worst = (t, levels, deepest, bit)

    for cell in cells.values():
        kind = cell["type"]
        if kind not in FLOP and kind not in BLOCK and kind not in SRL and kind not in LUTRAM:
            continue
        for port, bits in cell["connections"].items():
            if output_of(kind, port) or port in ("C", "CLK", "WCLK", "CLKARDCLK", "CLKBWRCLK"):
                continue
            if kind in LUTRAM and read_address(kind, port):
                continue
            for bit in bits:
                if not isinstance(bit, str):
                    end(bit, SETUP)
    for port in module["ports"].values():
        if port["direction"] == "output":
            for bit in port["bits"]:
                if not isinstance(bit, str):
                    end(bit, 0.0)

    names = {}
    for name, net in module["netnames"].items():
        for bit in net["bits"]:
            if bit not in names or len(name) < len(names[bit]):
                names[bit] = name
    path, bit = [], worst[3]
    while bit is not None:
        path.append(names.get(bit, str(bit)))
        bit = arrival[bit][3]
    return worst[0], worst[1], most, list(reversed(path))
