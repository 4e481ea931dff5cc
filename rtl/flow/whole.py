# SPDX-License-Identifier: Apache-2.0
"""The whole bridge: joined from its blocks, and the sum of what they take.

joined() maps every block by itself, as their budgets see it, and then joins all of them for two users and a card: a path that
runs through several blocks is seen there alone. busy_o and timer_o are left out, which only a clock that may stop looks at.

sums() adds up what the blocks of whole bridges take, from their measured figures.
Queues, exits, tags and generations are measured for some numbers of neighbours; between these, and a little beyond, their
size is taken as a straight line. The bridge itself is a destination of each port's queues. The control plane and its maps'
walk are measured for two users, and added to these alone. Not in the sum: small FIFOs of answers and reports that join the
blocks.
"""
import os

import description
import syn

# Two users with two slots of eight functions each, one card.
JOINED = {"lut": 34000, "ff": 36000, "lutram": 1318, "srl": 20, "ramb36": 49.5, "levels": 7, "ns": 5.0}

GEOMETRIES = [(2, 1), (4, 2), (16, 1)]
KINDS = ("lut", "ff", "ramb36")
BLOCKS = {"vfp_rx_check", "vfp_voq", "vfp_egress", "vfp_tags", "vfp_contain", "vfp_rewrite", "vfp_answer", "vfp_decide_host",
          "vfp_decide_device", "vfp_generation", "vfp_link_in", "vfp_link_out", "vfp_session", "vfp_sent", "vfp_ended",
          "vfp_late", "vfp_behind", "vfp_passed", "vfp_local_host", "vfp_local_device", "vfp_vf_busy"}
JOINERS = {"vfp_plane", "vfp_fabric", "vfp_crossbar", "vfp_ctrl", "vfp_card"}  # they have no budget of their own
CONTROL = ("vfp_pool", "vfp_regs", "vfp_events", "vfp_watch", "vfp_discover", "vfp_rows")


def joined(blocks):
    with open(os.path.join(description.RTL, "bridge.f")) as file:
        sources = " ".join(os.path.join(os.path.dirname(description.RTL), name) for name in file.read().split())
    apart = JOINERS | {entry["module"] for block in blocks for entry in block.synthesis}
    keep = " ".join(f"*{name}*" for name in sorted(apart))  # with parameters they have longer names
    text = "synthesis whole: vfp_bridge, two users, one card:"
    figures, path = syn.synthesise(
        f"read_verilog -sv {sources}; hierarchy -check -top vfp_bridge; delete -port vfp_bridge/w:busy_o vfp_bridge/w:timer_o; "
        f"setattr -mod -set keep_hierarchy 1 {keep}; {syn.MAP}; setattr -mod -unset keep_hierarchy *; flatten; opt_clean -purge")
    return (False, f"{text}\n{path}") if figures is None else syn.judge(text, JOINED, figures, path)


def goal(users, devices):
    """LUTs: 22,000 for two users and a device, 5,000 for each further user, 700 a user for each further device."""
    return 22000 + 5000 * (users - 2) + 700 * users * (devices - 1)


def fixed(module, **parameters):
    return syn.measured[module, tuple(sorted(parameters.items()))]


def scaled(module, parameter, n):
    """Figures for n neighbours, by the two measured numbers nearest to n."""
    points = sorted((dict(parameters)[parameter], figures) for (name, parameters), figures in syn.measured.items()
                    if name == module and parameter in dict(parameters))
    (a, low), (b, high) = sorted(sorted(points, key=lambda p: abs(p[0] - n))[:2], key=lambda p: p[0])
    return {kind: low[kind] + (high[kind] - low[kind]) * (n - a) / (b - a) for kind in KINDS}


def total(users, devices):
    hosts = users + 1
    ports = hosts + devices

    def port(peers):
        return [fixed("vfp_rx_check", MaxPayload=512), scaled("vfp_voq", "Dests", peers + 1), scaled("vfp_egress", "Sources", peers),
                scaled("vfp_tags", "Requesters", peers), fixed("vfp_contain"), fixed("vfp_rewrite"), fixed("vfp_answer"),
                *(fixed(f"vfp_{part}") for part in ("link_in", "link_out", "session", "sent", "ended", "late", "behind"))]

    parts = hosts * port(devices) + devices * port(hosts)
    parts += users * [fixed("vfp_decide_host")] + [fixed("vfp_decide_host", Owner="1'b1")]
    parts += devices * [fixed("vfp_decide_device")]
    parts += hosts * [fixed("vfp_local_host"), fixed("vfp_passed")] + devices * [fixed("vfp_local_device"), fixed("vfp_vf_busy")]
    # Read by the users' maps, the steering and the tags of all ports of the device's hosts; compared at their exits.
    parts += devices * [scaled("vfp_generation", "Checks", hosts + 1)]
    return {kind: sum(part[kind] for part in parts) for kind in KINDS}, ports


def control():
    """The control plane for two users, two slots each."""
    parts = [fixed(module) for module in CONTROL] + 2 * [fixed("vfp_cfg_host")] + [fixed("vfp_cfg_host", Owner="1'b1")]
    return {kind: sum(part[kind] for part in parts) for kind in KINDS}


def sums():
    """A line for each geometry, if all blocks were measured."""
    if not BLOCKS | set(CONTROL) <= {module for module, _ in syn.measured}:
        return []
    result = []
    for users, devices in GEOMETRIES:
        figures, ports = total(users, devices)
        what = "whole but for control"
        if users == 2:
            figures, what = {kind: figures[kind] + control()[kind] for kind in KINDS}, "whole"
        over = figures["lut"] - goal(users, devices)
        result.append(f"{what}: users {users}, devices {devices}, {ports} ports: about {figures['lut']:,.0f} lut, "
                      f"{abs(over):,.0f} {'above' if over > 0 else 'below'} the goal; {figures['ff']:,.0f} ff, "
                      f"{figures['ramb36']:g} ramb36")
    return result
