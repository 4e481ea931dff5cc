# SPDX-License-Identifier: Apache-2.0
"""Adds up what the blocks of a whole bridge take, from their measured figures.

Queues, exits, tags and generations are measured for some numbers of neighbours; between these, and a little beyond, their
size is taken as a straight line. Not in the sum: the control plane (`local`), whose maps are still the first form's.
"""
import syn

GEOMETRIES = [(2, 1), (4, 2), (16, 1)]
KINDS = ("lut", "ff", "ramb36")
BLOCKS = {"vfp_rx_check", "vfp_voq", "vfp_egress", "vfp_tags", "vfp_contain", "vfp_rewrite", "vfp_answer", "vfp_decide_host",
          "vfp_decide_device", "vfp_generation"}


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
        return [fixed("vfp_rx_check", MaxPayload=512), scaled("vfp_voq", "Dests", peers), scaled("vfp_egress", "Sources", peers),
                scaled("vfp_tags", "Requesters", peers), fixed("vfp_contain"), fixed("vfp_rewrite"), fixed("vfp_answer")]

    parts = hosts * port(devices) + devices * port(hosts)
    parts += users * [fixed("vfp_decide_host")] + [fixed("vfp_decide_host", Owner="1'b1")]
    parts += devices * [fixed("vfp_decide_device")]
    # Read by the users' maps, the steering and the tags of all ports of the device's hosts; compared at their exits.
    parts += devices * [scaled("vfp_generation", "Checks", hosts + 1)]
    return {kind: sum(part[kind] for part in parts) for kind in KINDS}, ports


def sums():
    """A line for each geometry, if all blocks were measured."""
    if not BLOCKS <= {module for module, _ in syn.measured}:
        return []
    result = []
    for users, devices in GEOMETRIES:
        figures, ports = total(users, devices)
        over = figures["lut"] - goal(users, devices)
        result.append(f"whole but for local: users {users}, devices {devices}, {ports} ports: about {figures['lut']:,.0f} lut, "
                      f"{abs(over):,.0f} {'above' if over > 0 else 'below'} the goal; {figures['ff']:,.0f} ff, "
                      f"{figures['ramb36']:g} ramb36")
    return result
