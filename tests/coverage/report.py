# SPDX-License-Identifier: Apache-2.0
"""What was reached of the RTL, and whether every hole has its reason (holes.toml), and no more points than `most` have it.

Points are Verilator's: lines (blocks of statements and branches) and toggles (a bit of a signal of at most eight bits, both
ways). A point counts once for all instances of its module."""
import collections
import glob
import os
import re
import sys
import tomllib


def points(folder):
    """{(file, kind, line, name): count} of all processes together. name: the bit of a toggle, the branch of a line."""
    counts = collections.Counter()
    for path in glob.glob(f"{folder}/*.dat"):
        with open(path, encoding="latin-1") as file:
            for text in file:
                if not text.startswith("C '"):
                    continue
                what, count = text[3:].rsplit("' ", 1)
                fields = dict(part.split("\x02", 1) for part in what.split("\x01") if part)
                kind = fields["page"].split("/")[0].removeprefix("v_")
                source = "rtl/" + fields["f"].split("/rtl/", 1)[1] if "/rtl/" in fields["f"] else fields["f"]
                counts[source, kind, int(fields["l"]), fields.get("o", "")] += int(count)
    return counts


def holes_of(path):
    with open(path, "rb") as file:
        holes = tomllib.load(file).get("hole", [])
    for hole in holes:
        missing = {"file", "what", "reason"} - hole.keys()
        if missing:
            sys.exit(f"{path}: a hole has no {', '.join(sorted(missing))}: {hole}")
        hole["used"] = []
    return holes


def main():
    folder, reasons = sys.argv[1:3]
    counts = points(folder)
    if not counts:
        sys.exit(f"{folder}: no counts; run tests/coverage/run without --report-only")
    holes = holes_of(reasons)
    texts = {}
    total, reached, excused = (collections.Counter() for _ in range(3))
    bare = []
    with open(f"{folder}/report.txt", "w", encoding="utf-8") as report:
        for (source, kind, line, name), count in sorted(counts.items()):
            if not source.startswith("rtl/"):
                continue
            total[source, kind] += 1
            if count:
                reached[source, kind] += 1
                continue
            if source not in texts:
                with open(source, encoding="utf-8") as file:
                    texts[source] = file.read().splitlines()
            # A toggle is known by its signal, a line by its text, so that holes survive edits elsewhere.
            what = f"{kind} {name}" if kind == "toggle" else f"{kind} {texts[source][line - 1].strip()}"
            why = [h for h in holes if re.fullmatch(h["file"], source) and re.fullmatch(h["what"], what)]
            for hole in why:
                hole["used"].append(f"{source}:{line}: {what}")
            if why:
                excused[source, kind] += 1
            else:
                bare.append(f"{source}:{line}: {what}")
            print(f"{source}:{line}: {what}{'  (' + why[0]['reason'] + ')' if why else '  NO REASON'}", file=report)
    kinds = sorted({kind for _, kind in total})
    names = {"branch": "branches"}
    print(f"{'':40}" + "".join(f"{names.get(kind, kind + 's'):>26}" for kind in kinds))
    for source in sorted({s for s, _ in total}):
        print(f"{source:40}" + "".join(
            f"{reached[source, kind]:8} of {total[source, kind]:5}, {excused[source, kind]:4} exc."
            if total[source, kind] else f"{'':26}" for kind in kinds))
    for kind in kinds:
        n, r, e = (sum(c[s, k] for s, k in total if k == kind) for c in (total, reached, excused))
        print(f"{names.get(kind, kind + 's')}: {r} of {n} reached ({100 * r / n:.1f} %), {e} with a reason why not, {n - r - e} without")
    stale = [h for h in holes if not h["used"]]
    for hole in stale:
        print(f"{reasons}: {hole['file']}: {hole['what']}: nothing like that is missing any more")
    for text in bare[:50]:
        print(f"not reached, no reason: {text}")
    if len(bare) > 50:
        print(f"... and {len(bare) - 50} more, in {os.path.join(folder, 'report.txt')}")
    for hole in holes:
        if "most" not in hole:
            print(f"{reasons}: {hole['file']}: {hole['what']}: {len(hole['used'])} points; the entry has no limit")
    wider = [h for h in holes if len(h["used"]) > h.get("most", len(h["used"]))]
    for hole in wider:
        print(f"{reasons}: {hole['file']}: {hole['what']}: {len(hole['used'])} points, not {hole['most']} at most; the new ones "
              "are among these:", *hole["used"], sep="\n  ")
    sys.exit(1 if bare or stale or wider else 0)


if __name__ == "__main__":
    main()
