# SPDX-License-Identifier: Apache-2.0
"""What the records of vms_bench.cpp mean: `receive`, VMs that receive at the same time; `compute`, a job beside what a VM
receives. A sample of which something was not measured has no figures."""
import statistics

from airvf_bench import base_of, spread, table

NOTHING = "nothing"
# The job's own count and what its processor has executed for it are not asked at the same moment; on a busy machine this is
# how far they differ.
AGREE = 0.1
COLUMNS = {"receive": ["packets/s", "loss %", "least of most", "packets per interrupt", "instructions/packet", "driver's"],
           "compute": ["job done %", "taken/packet", "packets/s", "interrupts/s", "packets per interrupt", "loss %"]}
RATIOS = {"receive": {"packets/s", "instructions/packet", "driver's"}, "compute": {"taken/packet"}}


def passed(seen):
    """What was counted between two looks."""
    begin, end = seen["begin"], seen["end"]
    d = {key: end[key] - begin[key] for key in ("interrupts", "rx", "cs", "iterations")}
    for key in ("all", "modules"):
        d[key] = end["instructions"][key] - begin["instructions"][key]
    for key in ("all", "user"):
        d[f"{key} of CPU 0"] = end["instructions"]["cpus"][0][key] - begin["instructions"]["cpus"][0][key]
    return d


def receive(sample, nothing):
    """Of all VMs together; instructions are less those that are executed when hardly anything comes. Interrupts are all
    there were, those of the marks at a flood's end, too: where polls never end there are no others."""
    total = dict.fromkeys(("packets", "sent", "received", "rx", "frames", "interrupts", "all", "modules", "packets/s"), 0)
    each = []
    for vm, idle in zip(sample["seen"], nothing["seen"]):
        result, few = vm["result"], idle["result"]
        if not result.get("received") or not few.get("received") or not result["sent"] or not result["seconds"]:
            return {}
        d, n = passed(vm), passed(idle)
        for key in ("all", "modules"):
            total[key] += d[key] - n[key]
        for key in ("rx", "interrupts"):
            total[key] += d[key]
        total["frames"] += d["rx"] - n["rx"]
        total["packets"] += result["received"] - few["received"]
        total["sent"] += result["sent"]
        total["received"] += result["received"]
        total["packets/s"] += result["received"] / result["seconds"]
        each.append(result["received"] / result["sent"])
    if min(total[key] for key in ("packets", "frames", "all", "modules")) <= 0:
        return {}
    return {"packets/s": total["packets/s"], "loss %": 100 * (1 - total["received"] / total["sent"]),
            "least of most": min(each) / max(each), "packets per interrupt": total["rx"] / max(total["interrupts"], 1),
            "instructions/packet": total["all"] / total["packets"], "driver's": total["modules"] / total["frames"]}


def compute(sample, nothing):
    """How much of the job is done for each instruction of its processor, of what is done where nothing comes. An iteration
    always has the same instructions, and the processor counts these and all at one moment; the job's own count must say
    the same."""
    seen, result = sample["seen"][0], sample["seen"][0]["result"]
    d, n = passed(seen), passed(nothing["seen"][0])
    if not result.get("received") or not result["sent"] or min(d["rx"], d["iterations"], n["iterations"], d["cs"]) <= 0:
        return {}
    counted = [of["iterations"] / of["user of CPU 0"] for of in (d, n)]
    if abs(counted[0] / counted[1] - 1) > AGREE:
        return {}
    done = [of["user of CPU 0"] / of["all of CPU 0"] for of in (d, n)]
    # What CPU 0 does besides goes by time: ticks.
    besides = (n["all of CPU 0"] - n["user of CPU 0"]) * d["cs"] / n["cs"]
    return {"job done %": 100 * done[0] / done[1],
            "taken/packet": (d["all of CPU 0"] - d["user of CPU 0"] - besides) / d["rx"],
            "packets/s": 100 * d["rx"] / d["cs"], "interrupts/s": 100 * d["interrupts"] / d["cs"],
            "packets per interrupt": d["rx"] / max(d["interrupts"], 1), "loss %": 100 * (1 - result["received"] / result["sent"])}


def figures(data):
    """{(test, VMs): {config: {round: figures}}}, in the order measured."""
    of = {"receive": receive, "compute": compute}[data["what"]]
    nothing = {(s["round"], s["config"]): s for s in data["samples"] if s["test"] == NOTHING}
    by = {}
    for s in data["samples"]:
        if s["test"] != NOTHING:
            found = of(s, nothing[s["round"], s["config"]])
            by.setdefault((s["test"], s["vms"]), {}).setdefault(s["config"], {})[s["round"]] = found
    return by


def values(configs, config, column):
    return [f[column] for f in configs[config].values() if f]


def ratios(configs, config, column):
    """To what the configuration is compared with, round by round."""
    base = configs.get(base_of(config), {})
    return [f[column] / base[r][column] for r, f in configs[config].items() if f and base.get(r)]


def one(data, test, vms, config, column):
    """One figure for a text: the median, of ratios if the column ends with " x"."""
    configs = figures(data)[test, int(vms)]
    of = ratios(configs, config, column[:-2]) if column.endswith(" x") else values(configs, config, column)
    return statistics.median(of)


def origin(data):
    """Machine, length and quiet of a run."""
    run = data["run"]
    return (f"{run['machine']}, whose load was {run['load'][0][0]:.1f} before; rounds: {data['rounds']}, {data['ms']} ms a load. "
            "Median (least-most).\n")


def row(configs, config, what):
    """What a driver's row has: each figure, and behind some of them the ratio."""
    cells = []
    for c in COLUMNS[what]:
        cells.append(spread(values(configs, config, c)))
        if c in RATIOS[what]:
            cells.append(spread(ratios(configs, config, c)))
    return cells


def text(data):
    """A table a load, and what could not be measured."""
    what, by = data["what"], figures(data)
    several = what == "receive"
    head = ["VMs"] * several + ["driver"] + [h for c in COLUMNS[what] for h in ([c, "x"] if c in RATIOS[what] else [c])]
    parts = [origin(data)]
    for load in dict.fromkeys(test for test, _ in by):
        rows = [[str(vms)] * several + [config, *row(configs, config, what)]
                for (test, vms), configs in by.items() if test == load for config in configs]
        payload, rate = load.split("@")
        parts.append(f"### {payload} bytes, {rate} datagrams a second{' to each VM' * several}\n\n" + table(head, rows))
    empty = [f"{config}, {test}, VMs: {vms}, round {number}" for (test, vms), configs in by.items()
             for config, rounds in configs.items() for number, f in rounds.items() if not f]
    if empty:
        parts.append("Not measured: " + "; ".join(empty) + ".\n")
    return "\n".join(parts)
