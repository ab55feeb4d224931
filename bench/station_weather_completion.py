#!/usr/bin/env python3
"""Hourly station weather with cells hidden at random: the baseline against `models/station_weather.trees`.

Rows of schemas/station_weather.toml:

  incident  incidents/tubbs_2017/station_weather.csv, 8 stations and 31 hours; reconstructed, so smoother than nature
  beijing   the last 20 % of the rows of completion/prsa, converted by apps/fit/station_weather.py; no model saw them
  short     of those 30 windows of 31 hours, evenly spread, each completed by itself as an incident is

Each is completed causally, without and with the model, for each seed by which cells are hidden (the hash of
completion_rules.py). A cell is right within max(abs, rel * |value|) of the schema, a direction on the circle. Empty
cells are neither hidden nor scored. `last` is the stream's last value shown before, else the next. `better` counts the
runs (seeds, or windows) in which the model has more right than the baseline, `worse` those in which it has fewer. One
JSON line a table and mask.

example:
  bench/station_weather_completion.py build/release/bin/skywarden models/station_weather.trees $SKYWARDEN_DATA
"""
import argparse
import collections
import importlib.util
import pathlib
import subprocess
import tempfile

from completion_rules import SCHEMAS, read_table, share, show, uniform, write_table
from tables_completion import MISSING, Peers, held, load_schema, within

ROOT = SCHEMAS.parent
BEIJING_SEEDS, WINDOWS, WINDOW_HOURS = 2, 30, 31


def converter():
    spec = importlib.util.spec_from_file_location("station_weather", ROOT / "apps/fit/station_weather.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table_of(name, data):
    if name == "incident":
        return read_table(ROOT / "incidents/tubbs_2017/station_weather.csv")
    made = converter()
    rows = [dict(zip(made.COLUMNS, row)) for station in made.BEIJING
            for row in made.beijing_rows(data / f"completion/prsa/PRSA_{station}.csv.gz", made.OPEN_PART, 1.0)]
    return sorted(rows, key=lambda row: row["time"])


def parts_of(name, rows, seeds):
    """What is completed by itself: rows and a seed each."""
    if name != "short":
        return [(rows, seed) for seed in range(1, (seeds if name == "incident" else BEIJING_SEEDS) + 1)]
    times = sorted({row["time"] for row in rows})
    windows = [set(times[w * len(times) // WINDOWS:][:WINDOW_HOURS]) for w in range(WINDOWS)]
    return [([row for row in rows if row["time"] in window], w + 1) for w, window in enumerate(windows)]


def completed(program, model, shown, folder):
    write_table(folder / "in/table.csv", shown)
    command = [program, "complete", "--schema", str(SCHEMAS / "station_weather.toml"), "--in",
               str(folder / "in/table.csv"), "--out", str(folder / "out"), "--causal", "--model", model]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode not in (0, 2):
        raise SystemExit(done.stderr.decode())
    return read_table(folder / "out/table.csv")


class Counts:
    def __init__(self):
        self.right, self.total = collections.Counter(), collections.Counter()
        self.held = self.numbers = 0

    def add(self, fields, rows, said, cells):
        before = sum(self.right.values())
        for i, f in cells:
            self.total[f] += 1
            self.right[f] += within(fields[f], said[i][f], rows[i][f])
            if said[i].get(f + ".low"):
                self.numbers += 1
                self.held += held(fields[f], said[i], rows[i][f])
        return sum(self.right.values()) - before

    def shares(self):
        out = {"all": share(sum(self.right.values()), sum(self.total.values()))}
        return out | {f: share(self.right[f], self.total[f]) for f in self.total}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the skywarden program")
    parser.add_argument("model", help="a file of trees")
    parser.add_argument("data", type=pathlib.Path, help="folder of the reference data")
    parser.add_argument("--tables", default="incident,beijing,short", help="default: all three")
    parser.add_argument("--masks", default="10,30", help="percent hidden (default: 10,30)")
    parser.add_argument("--seeds", type=int, default=10, help="of the incident (default: 10)")
    arguments = parser.parse_args()
    schema = load_schema("station_weather")
    fields = {f["name"]: f for f in schema["field"]}
    for name in arguments.tables.split(","):
        table = table_of(name, arguments.data)
        for mask in arguments.masks.split(","):
            baseline, trees, last = Counts(), Counts(), Counts()
            gains = []
            for rows, seed in parts_of(name, table, arguments.seeds):
                cells = [(i, f) for i, row in enumerate(rows) for c, f in enumerate(fields)
                         if row[f] not in MISSING and uniform(seed, i, c) < int(mask) / 100]
                hidden = set(cells)
                shown = [{k: "" if (i, k) in hidden else v for k, v in row.items()} for i, row in enumerate(rows)]
                peers = Peers(schema, rows, hidden)
                last.add(fields, rows, [{f: peers.last(i, f) for f in fields} for i in range(len(rows))], cells)
                with tempfile.TemporaryDirectory() as folder:
                    right = [counts.add(fields, rows, completed(arguments.program, model, shown, pathlib.Path(folder)),
                                        cells)
                             for counts, model in ((baseline, "baseline"), (trees, arguments.model))]
                gains.append(right[1] - right[0])
            show(figure="station_weather_completion", table=name, rows=len(table), hidden_percent=int(mask),
                 runs=len(gains), cells=sum(baseline.total.values()), baseline=baseline.shares(),
                 trees=trees.shares(), last=last.shares(), better=sum(g > 0 for g in gains),
                 worse=sum(g < 0 for g in gains),
                 interval90_holds={"baseline": share(baseline.held, baseline.numbers),
                                   "trees": share(trees.held, trees.numbers)})


if __name__ == "__main__":
    main()
