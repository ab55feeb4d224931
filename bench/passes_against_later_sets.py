#!/usr/bin/python3
"""Compares what `skywarden passes --uncertainty` says of passes with what later element sets make of them.

Reads files of two- or three-line elements, with many sets of a satellite from different days (such as a history of
CelesTrak's files). For each satellite and each wanted age, passes predicted from an old set are compared with those of
the latest set, in the hours around the latter's epoch. The stated uncertainty is of 95 in 100. Prints a JSON line for
each band of mean height and age: passes compared, how many were earlier or later, or higher or lower, than stated,
how many did not take place, and the medians of stated and true differences.

  bench/passes_against_later_sets.py --program build/release/bin/skywarden --stations scenarios/ksat_stations.csv \\
      --elements history/*.tle
"""
import argparse
import csv
import datetime
import gzip
import io
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

BANDS_KM = ((0, 450), (450, 600), (600, 2000))
AGES_D = ((0.3, 0.7), (0.7, 1.5), (1.5, 2.5), (2.5, 4.0), (4.0, 7.0), (15.0, 25.0))
HOURS = 12.0
MASK = 5.0


def sets_of(paths):
    out = {}
    for path in paths:
        opener = gzip.open if path.endswith(".gz") else open
        before = ""
        with opener(path, "rt", encoding="utf-8", errors="replace") as file:
            for line in file:
                line = line.rstrip()
                if line.startswith("2 ") and before.startswith("1 ") and line[2:7] == before[2:7]:
                    year = int(before[18:20])
                    day = datetime.datetime(year + (2000 if year < 57 else 1900), 1, 1)
                    epoch = day + datetime.timedelta(days=float(before[20:32]) - 1.0)
                    out.setdefault(line[2:7], {})[epoch] = (before, line)
                before = line
    return out


def height_km(line):
    return (398600.8 / (float(line[52:63]) * 2.0 * math.pi / 86400.0) ** 2) ** (1.0 / 3.0) - 6378.135


def passes(program, folder, elements, stations, start):
    path = folder / "elements.tle"
    path.write_text("".join(f"{a}\n{b}\n" for a, b in elements), encoding="utf-8")
    table = subprocess.run(
        [program, "passes", "--elements", path, "--stations", stations, "--start", start.strftime("%Y-%m-%dT%H:%M:%SZ"),
         "--hours", str(HOURS), "--mask", str(MASK), "--uncertainty"],
        check=True, capture_output=True, text=True).stdout
    out = {}
    for row in csv.DictReader(io.StringIO(table)):
        if row["aos_uncertainty_s"] and row["los_uncertainty_s"]:
            out.setdefault((row["norad"], row["station"]), []).append(row)
    return out


def seconds(text):
    return datetime.datetime.strptime(text.rstrip("Z")[:26], "%Y-%m-%dT%H:%M:%S.%f").timestamp()


class Tally:
    def __init__(self):
        self.compared = self.gone = self.gone_foretold = 0
        self.true, self.stated = {}, {}
        self.outside = {}

    def add(self, what, true, stated):
        self.true.setdefault(what, []).append(abs(true))
        self.stated.setdefault(what, []).append(stated)
        self.outside[what] = self.outside.get(what, 0) + (abs(true) > stated)

    def line(self):
        within = {k: round(1.0 - v / self.compared, 4) for k, v in self.outside.items()}
        return {"passes": self.compared, "gone": self.gone, "gone_foretold": self.gone_foretold,
                **{f"{k}_within": v for k, v in within.items()},
                **{f"{k}_true_median": round(statistics.median(v), 3) for k, v in self.true.items()},
                **{f"{k}_stated_median": round(statistics.median(v), 3) for k, v in self.stated.items()}}


def compare(old, new, tally):
    for key, rows in old.items():
        for row in rows:
            tca = seconds(row["tca_utc"])
            peak, blur = float(row["max_el_deg"]), float(row["max_el_uncertainty_deg"])
            near = [r for r in new.get(key, []) if abs(seconds(r["tca_utc"]) - tca) < 1200.0]
            if not near:
                tally.gone += 1
                tally.gone_foretold += peak - blur < MASK
                continue
            later = min(near, key=lambda r: abs(seconds(r["tca_utc"]) - tca))
            tally.compared += 1
            for edge in ("aos", "los"):
                tally.add(f"{edge}_s", seconds(later[f"{edge}_utc"]) - seconds(row[f"{edge}_utc"]),
                          float(row[f"{edge}_uncertainty_s"]))
            tally.add("max_el_deg", float(later["max_el_deg"]) - peak, blur)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/skywarden")
    parser.add_argument("--elements", required=True, nargs="+")
    parser.add_argument("--stations", required=True)
    parser.add_argument("--every", type=int, default=1, help="only each so many-th satellite")
    arguments = parser.parse_args()

    # One interval for many satellites: those whose latest set is of the same day.
    by_day = {}
    for number, sets in sorted(sets_of(arguments.elements).items())[::arguments.every]:
        last = max(sets)
        if len(sets) > 1:
            by_day.setdefault(last.date(), []).append((number, sets, last))
    tallies = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for day, satellites in by_day.items():
            start = datetime.datetime(day.year, day.month, day.day, 6)
            new = passes(arguments.program, folder, [s[last] for _, s, last in satellites], arguments.stations, start)
            for low, high in AGES_D:
                for band in BANDS_KM:
                    chosen = []
                    for _, sets, last in satellites:
                        if not band[0] <= height_km(sets[last][1]) < band[1]:
                            continue
                        old = [e for e in sets if low <= (last - e).total_seconds() / 86400.0 < high]
                        if old:
                            chosen.append(sets[max(old)])
                    if chosen:
                        tally = tallies.setdefault((band, (low, high)), Tally())
                        compare(passes(arguments.program, folder, chosen, arguments.stations, start), new, tally)
    for (band, ages), tally in sorted(tallies.items()):
        if tally.compared:
            print(json.dumps({"figure": "passes_against_later_sets", "height_km": band, "age_days": ages, **tally.line()}))
    return 0 if tallies else 1


if __name__ == "__main__":
    sys.exit(main())
