#!/usr/bin/env python3
"""How honest is what `skywarden complete` says of its own estimates? Hides cells and scores what is stated beside them.

Masks, twins and tolerances are those of completion/PROTOCOL.md of the reference data (bench/firms_completion.py for
FIRMS). One JSON line for each table, rows, mode and mask; stations by their hard cells (no twin shows them):

  interval90_holds, …_worst   of numbers without rain; share inside, and the field where it is least
  interval_of_fields          the same for each field
  interval_score              of the 90 % interval over the field's spread (Gneiting & Raftery, 2007); lower is better
  category_error_FIELD        calibration error: shares of right levels against stated probabilities, in ten bins,
                              the mean distance weighted by the cells in a bin
  rain_crps, …_climatology    continuous ranked probability score of rain from low, value and high, and of the same
                              month and hour's rain in the rows before
  abstained, right_of_all, right_of_rest   share of cells marked as too uncertain to act on; operational accuracy
  risk_coverage               operational accuracy of the 50, 70, 80, 90 and 95 % most certain cells (numbers by
                              interval over tolerance, levels by probability)

rows: `last` is the last 20 % of the file, `earlier` is 45 to 72 % (choose methods there, with another --seed).

example:
  bench/completion_quality.py prsa build/release/bin/skywarden ../shared/data --rows last --mode causal
  SKYWARDEN=build/release/bin/skywarden MODEL=models/prsa.trees \\
    bench/completion_quality.py prsa bench/with_model ../shared/data --rows earlier --seed 7 --masks struct20
"""
import argparse
import collections
import pathlib
import subprocess
import tempfile

import completion_rules
import firms_completion
from completion_rules import ABSENT, SCHEMAS, read_table, share, show, uniform, write_table

NUMBERS = ["PM2.5", "PM10", "SO2", "NO2", "CO", "O3", "TEMP", "PRES", "DEWP", "RAIN", "WSPM"]
FIELDS = NUMBERS + ["wd"]
SECTORS = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"]
OPERATIONAL = {"PM2.5": (10, 0.5), "PM10": (10, 0.5), "SO2": (5, 0.25), "NO2": (5, 0.25), "CO": (200, 0.25),
               "O3": (10, 0.3), "TEMP": (1, 0), "PRES": (2, 0), "DEWP": (2, 0), "RAIN": (0.5, 0.2), "WSPM": (1, 0.2)}
TWINS = [{0, 3, 4, 7, 9, 11}, {1, 2}]
MASKS = ["mcar10", "mcar30", "mcar50", "block20", "struct20", "mnar", "link20"]
LEVELS = [i / 20 for i in range(1, 20)]  # of the quantiles that the score of rain is summed over
KEPT = [0.5, 0.7, 0.8, 0.9, 0.95]


def hidden_stations(mask, seed, before, tables):
    """Cells (row, station, field's column) that the mask hides."""
    high, rare = {}, set()
    if mask == "mnar":
        for f in NUMBERS:
            values = sorted(float(r[f]) for s in before for r in s[9000:] if r[f] not in ABSENT)
            high[f] = values[int(0.8 * len(values))]
        counts = collections.Counter(r["wd"] for s in before for r in s[9000:])
        rare = set(sorted(SECTORS, key=lambda w: counts.get(w, 0))[:8])
    cells = set()
    for s, table in enumerate(tables):
        run = (1, 3, 12)[int(3 * uniform(seed + 4, s, 2000))]
        for i, f in enumerate(FIELDS):
            length = (6, 24, 72)[int(3 * uniform(seed + 1, s, 1000 + i))]
            for t, r in enumerate(table):
                if r[f] in ABSENT:
                    continue
                if mask.startswith("mcar"):
                    hide = uniform(seed, s * 1000000 + t, i) < int(mask[4:]) / 100
                elif mask == "block20":
                    hide = uniform(seed + 1, s * 1000000 + t // length, i) < 0.2
                elif mask == "link20":
                    hide = uniform(seed + 4, s * 1000000 + t // run, 99) < 0.2
                elif mask == "struct20":
                    hide = uniform(seed + 2, s * 1000000 + int(r["year"]) * 12 + int(r["month"]), i) < 0.2
                else:
                    selected = r["wd"] in rare if f == "wd" else float(r[f]) > high[f]
                    hide = uniform(seed + 3, s * 1000000 + t, i) < (0.5 if selected else 0.05)
                if hide:
                    cells.add((t, s, i))
    return cells


def complete(program, schema, tables, names, hidden, fields, mode, folder):
    """Runs the program on the tables without the cells; its tables."""
    for s, (name, table) in enumerate(zip(names, tables)):
        shown = [{k: "" if k in fields and (t, s, fields.index(k)) in hidden else v for k, v in r.items()}
                 for t, r in enumerate(table)]
        write_table(folder / "in" / name, shown)
    command = [program, "complete", "--schema", str(SCHEMAS / schema), "--in",
               *[str(folder / "in" / n) for n in names], "--out", str(folder / "out")]
    subprocess.run(command + (["--causal"] if mode == "causal" else []), check=True, stdout=subprocess.DEVNULL)
    return [read_table(folder / "out" / n) for n in names]


def is_easy(t, s, i, hidden, tables):
    return i >= 6 and any(k != s and (t, k, i) not in hidden and tables[k][t][FIELDS[i]] not in ABSENT
                          for twins in TWINS if s in twins for k in twins)


def crps(quantiles, truth):
    """Twice the mean pinball loss over LEVELS, which tends to the score as levels get dense."""
    return 2 * sum((level - (truth < q)) * (truth - q) for level, q in zip(LEVELS, quantiles)) / len(LEVELS)


def quantiles_of(low, value, high):
    """Of the distribution that goes straight from the 5 % point by the value to the 95 % point."""
    return [low + (value - low) * (p - 0.05) / 0.45 if p < 0.5 else value + (high - value) * (p - 0.5) / 0.45
            for p in LEVELS]


class Climate:
    """Quantiles of a field in the same month and hour of the rows before, all streams together."""

    def __init__(self, tables, field):
        values = collections.defaultdict(list)
        for table in tables:
            for r in table:
                if r[field] not in ABSENT:
                    values[int(r["month"]), int(r["hour"])].append(float(r[field]))
        self.of = {}
        for key, v in values.items():
            v.sort()
            self.of[key] = [v[min(len(v) - 1, int(p * len(v)))] for p in LEVELS]

    def score(self, row, truth):
        return crps(self.of[int(row["month"]), int(row["hour"])], truth)


class Tally:
    def __init__(self):
        self.inside = collections.defaultdict(lambda: [0, 0])
        self.interval_score = [0.0, 0]
        self.bins = collections.defaultdict(lambda: [[0, 0.0, 0] for _ in range(10)])  # cells, stated, right
        self.certain = []  # (uncertainty, right, abstained)
        self.rain = [0.0, 0.0, 0]

    def number(self, field, row, truth, tolerance, spread, of_interval=True):
        try:
            value, low, high = float(row[field]), float(row[field + ".low"]), float(row[field + ".high"])
        except (KeyError, ValueError):
            self.inside[field][1] += of_interval
            self.certain.append((float("inf"), 0, True))
            return None
        if of_interval:
            held = low - 1e-9 <= truth <= high + 1e-9
            self.inside[field][0] += held
            self.inside[field][1] += 1
            self.interval_score[0] += (high - low + 20 * max(low - truth, 0) + 20 * max(truth - high, 0)) / spread
            self.interval_score[1] += 1
        absolute, relative = tolerance
        right = abs(value - truth) <= max(absolute, relative * abs(truth)) + 1e-9
        width = (high - low) / 2 / max(absolute, relative * abs(value))
        self.certain.append((width, right, row[field + ".state"] == "abstained"))
        return low, value, high

    def category(self, field, row, equal, right):
        stated = row.get(field + ".p") or ""
        if not stated:
            self.certain.append((float("inf"), 0, True))
            return
        probability = float(stated)
        one = self.bins[field][min(9, int(10 * probability))]
        one[0] += 1
        one[1] += probability
        one[2] += equal
        self.certain.append((2 * (1 - probability), right, row[field + ".state"] == "abstained"))

    def figures(self):
        of_fields = {f: share(h, n) for f, (h, n) in sorted(self.inside.items()) if n}
        out = {"interval90_holds": share(sum(h for h, _ in self.inside.values()), sum(n for _, n in self.inside.values())),
               "interval90_worst": min((v, f) for f, v in of_fields.items()), "interval_of_fields": of_fields,
               "interval_score": round(self.interval_score[0] / max(1, self.interval_score[1]), 4)}
        for f, bins in self.bins.items():
            cells = sum(n for n, _, _ in bins)
            out[f"category_error_{f}"] = round(sum(abs(p - r) for _, p, r in bins) / max(1, cells), 4)
        if self.rain[2]:
            out["rain_crps"], out["rain_crps_climatology"] = (round(x / self.rain[2], 5) for x in self.rain[:2])
        rest = [right for _, right, abstained in self.certain if not abstained]
        out["cells"] = len(self.certain)
        out["abstained"] = share(len(self.certain) - len(rest), len(self.certain))
        out["right_of_all"] = share(sum(right for _, right, _ in self.certain), len(self.certain))
        out["right_of_rest"] = share(sum(rest), len(rest))
        ordered = [right for _, right, _ in sorted(self.certain, key=lambda c: c[0])]
        out["risk_coverage"] = {str(k): share(sum(ordered[:int(k * len(ordered))]), int(k * len(ordered))) for k in KEPT}
        return out


def deviation(values):
    mean = sum(values) / len(values)
    return (sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5


def stations(arguments, program):
    files = sorted((arguments.data / "completion/prsa").glob("PRSA_*.csv.gz"))
    tables = [read_table(f) for f in files]
    first, last = (0.8, 1) if arguments.rows == "last" else (0.45, 0.72)
    cut = [int(first * len(tables[0])), int(last * len(tables[0]))]
    before, rows = [t[:cut[0]] for t in tables], [t[cut[0]:cut[1]] for t in tables]
    spread = {f: deviation([float(r[f]) for s in before for r in s if r[f] not in ABSENT]) for f in NUMBERS}
    climate = Climate(before, "RAIN")
    names = [f.name.removesuffix(".gz") for f in files]
    for mode in arguments.mode.split(","):
        for mask in (arguments.masks or ",".join(MASKS)).split(","):
            hidden = hidden_stations(mask, arguments.seed, before, rows)
            with tempfile.TemporaryDirectory() as temporary:
                out = complete(program, "prsa.toml", rows, names, hidden, FIELDS, mode, pathlib.Path(temporary))
            tally = Tally()
            for t, s, i in hidden:
                if is_easy(t, s, i, hidden, rows):
                    continue
                f, row, true = FIELDS[i], out[s][t], rows[s][t][FIELDS[i]]
                if f == "wd":
                    turn = (SECTORS.index(row[f]) - SECTORS.index(true)) % 16 if row[f] in SECTORS else 8
                    tally.category(f, row, turn == 0, turn in (0, 1, 15))
                    continue
                said = tally.number(f, row, float(true), OPERATIONAL[f], spread[f], f != "RAIN")
                if f == "RAIN" and said:
                    tally.rain[0] += crps(quantiles_of(*said), float(true))
                    tally.rain[1] += climate.score(rows[s][t], float(true))
                    tally.rain[2] += 1
            show(figure="completion_quality", data="prsa", rows=arguments.rows, mode=mode, mask=mask,
                 seed=arguments.seed, **tally.figures())


def fires(arguments, program):
    table = read_table(arguments.data / firms_completion.TABLE)
    cut = int(0.8 * len(table))
    before, rows = (table[:cut], table[cut:]) if arguments.rows == "last" else (table[:cut], table[int(0.43 * cut):cut])
    high = firms_completion.high_values(before)
    fields = firms_completion.FIELDS
    spread = {f: deviation([float(r[f]) for r in before]) for f in fields if f not in firms_completion.CATEGORIES}
    completion_rules.SEED = firms_completion.SEED = arguments.seed
    for mode in arguments.mode.split(","):
        for mask in (arguments.masks or ",".join(firms_completion.MASKS)).split(","):
            cells = {(t, 0, fields.index(f)) for t, f in firms_completion.hidden_cells(mask, rows, high)}
            with tempfile.TemporaryDirectory() as temporary:
                out = complete(program, "firms_modis.toml", [rows], ["firms.csv"], cells, fields, mode,
                               pathlib.Path(temporary))[0]
            tally = Tally()
            for t, _, i in cells:
                f, true = fields[i], rows[t][fields[i]]
                if f in firms_completion.CATEGORIES:
                    tally.category(f, out[t], out[t][f] == true, out[t][f] == true)
                else:
                    tally.number(f, out[t], float(true), firms_completion.OPERATIONAL[f], spread[f])
            show(figure="completion_quality", data="firms", rows=arguments.rows, mode=mode, mask=mask,
                 seed=arguments.seed, **tally.figures())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=["prsa", "firms"])
    parser.add_argument("program", help="the skywarden program, or bench/with_model")
    parser.add_argument("data", type=pathlib.Path, help="folder of the reference data")
    parser.add_argument("--rows", choices=["last", "earlier"], default="last")
    parser.add_argument("--mode", default="causal,offline")
    parser.add_argument("--masks", default="", help="default: all of the table")
    parser.add_argument("--seed", type=int, default=completion_rules.SEED)
    arguments = parser.parse_args()
    (stations if arguments.table == "prsa" else fires)(arguments, arguments.program)


if __name__ == "__main__":
    main()
