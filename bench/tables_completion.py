#!/usr/bin/python3
"""Hides cells of smoke, fire, storm and weather tables and scores how `skywarden complete` fills them.

Cells are hidden at random (10 or 30 %), by the hash of completion_rules.py with a seed of each table. A cell is right
within the tolerance that the table's schema states: max(abs, rel * |value|); a category must be equal, on a circle
within tolerance_abs levels. Cells that are empty in the file are neither hidden nor scored. Beside the program, on the
same cells:

  last      the stream's last value shown before; where there is none, the next shown
  mean      mean of the shown values of the field, of categories the most frequent level
  linear    between the stream's shown values before and after, by time; categories the nearer of the two

`linear` looks ahead, so in causal mode it is no fair peer and stands there for comparison alone.
One JSON line a table, mode and mask.

example:
  bench/tables_completion.py build/release/bin/skywarden $SKYWARDEN_DATA
  bench/tables_completion.py build/release/bin/skywarden $SKYWARDEN_DATA --tables storms --masks mcar30 --rows 45..72
"""
import argparse
import calendar
import collections
import datetime
import pathlib
import subprocess
import tempfile
import time
import tomllib

from completion_rules import SCHEMAS, read_table, share, show, uniform, write_table

TABLES = {
    "smoke": "completion/smoke/smoke_iot_4f_first60.csv.gz",
    "montesinho": "completion/fire/montesinho_forestfires.csv.gz",
    "algerian_fires": "completion/fire/algerian_bejaia.csv.gz",
    "storms": "completion/weather/noaa_storms_1975_2009.csv.gz",
    "weather": "completion/weather/nyc_noaa_2013_jan_sep.csv.gz",
}
SEEDS = {name: 20261127 + i for i, name in enumerate(TABLES)}
MISSING = {"", "NA", "NaN", "nan", "null", "-999", "-9999"}
ROUNDING = 1e-9


def load_schema(name):
    with open(SCHEMAS / f"{name}.toml", "rb") as handle:
        return tomllib.load(handle)


def is_category(field):
    return field.get("kind", "number") == "category"


def time_of(schema, row, index):
    kind = schema["time"].get("format", "iso")
    cells = [row[c] for c in schema["time"].get("columns", [])]
    if kind == "unix":
        return float(cells[0])
    if kind == "ymdh":
        return calendar.timegm((*[int(float(c)) for c in cells], 0, 0, 0, 0)[:6])
    if kind == "iso":
        return datetime.datetime.fromisoformat(cells[0].replace("Z", "+00:00")).timestamp()
    return float(index)


def stream_of(schema, row):
    return "/".join(row[c] for c in schema.get("stream", {}).get("columns", []))


def hidden_cells(name, fields, rows, share_hidden):
    return {(i, f["name"]) for i, row in enumerate(rows) for c, f in enumerate(fields)
            if row[f["name"]] not in MISSING and uniform(SEEDS[name], i, c) < share_hidden}


def within(field, said, truth):
    absolute, relative = field.get("tolerance_abs", 0), field.get("tolerance_rel", 0)
    if said is None or said == "":
        return False
    if is_category(field):
        levels = [level.lower() for level in field["levels"]]
        if not field.get("circular"):
            return said.lower() == truth.lower()
        apart = abs(levels.index(said.lower()) - levels.index(truth.lower()))
        return min(apart, len(levels) - apart) <= absolute
    error = abs(float(said) - float(truth))
    if field.get("circular"):
        span = field["max"] - field["min"]
        error = min(error % span, span - error % span)
    return error <= max(absolute, relative * abs(float(truth))) + ROUNDING


def held(field, row, truth):
    """Whether the row's interval of the field holds the truth; on a circle its ends may lie beyond min and max."""
    low, high = (float(row[field["name"] + end]) for end in (".low", ".high"))
    turn = field["max"] - field["min"] if field.get("circular") else 0
    return any(low - ROUNDING <= float(truth) + turns * turn <= high + ROUNDING for turns in (-1, 0, 1))


class Peers:
    """What simple methods say of a hidden cell, from the cells that are shown."""

    def __init__(self, schema, rows, cells):
        self.fields = {f["name"]: f for f in schema["field"]}
        self.times = [time_of(schema, row, i) for i, row in enumerate(rows)]
        order = sorted(range(len(rows)), key=lambda i: (self.times[i], i))
        courses = collections.defaultdict(list)  # of stream and field: rows shown, by time
        self.place = {}
        streams = [stream_of(schema, row) for row in rows]
        for i in order:
            for f in self.fields:
                course = courses[streams[i], f]
                self.place[i, f] = (streams[i], f, len(course))
                if (i, f) not in cells and rows[i][f] not in MISSING:
                    course.append(i)
        self.courses, self.rows = courses, rows
        self.middle = {}
        for name, field in self.fields.items():
            values = [rows[i][name] for (_, f), course in courses.items() if f == name for i in course]
            if not values:
                self.middle[name] = None
            elif is_category(field):
                self.middle[name] = collections.Counter(values).most_common(1)[0][0]
            else:
                self.middle[name] = sum(map(float, values)) / len(values)

    def around(self, i, f):
        stream, _, at = self.place[i, f]
        course = self.courses[stream, f]
        return (course[at - 1] if at > 0 else None), (course[at] if at < len(course) else None)

    def last(self, i, f):
        before, after = self.around(i, f)
        chosen = before if before is not None else after
        return None if chosen is None else self.rows[chosen][f]

    def mean(self, i, f):
        return self.middle[f]

    def linear(self, i, f):
        before, after = self.around(i, f)
        if before is None or after is None:
            return self.last(i, f)
        start, end = self.times[before], self.times[after]
        part = (self.times[i] - start) / (end - start) if end > start else 0.5
        if is_category(self.fields[f]):
            return self.rows[before if part <= 0.5 else after][f]
        return float(self.rows[before][f]) * (1 - part) + float(self.rows[after][f]) * part


def complete(program, name, rows, cells, mode, folder):
    shown = [{k: "" if (i, k) in cells else v for k, v in row.items()} for i, row in enumerate(rows)]
    write_table(folder / "in/table.csv", shown)
    command = [program, "complete", "--schema", str(SCHEMAS / f"{name}.toml"), "--in", str(folder / "in/table.csv"),
               "--out", str(folder / "out")]
    started = time.perf_counter()
    subprocess.run(command + (["--causal"] if mode == "causal" else []), check=True, stdout=subprocess.DEVNULL)
    return read_table(folder / "out/table.csv"), time.perf_counter() - started


def score(schema, rows, completed, cells):
    fields = {f["name"]: f for f in schema["field"]}
    peers = Peers(schema, rows, cells)
    methods = {"skywarden": lambda i, f: completed[i][f], "last": peers.last, "mean": peers.mean, "linear": peers.linear}
    right = {method: collections.Counter() for method in methods}
    total = collections.Counter()
    inside = numbers = 0
    for i, f in cells:
        total[f] += 1
        for method, said in methods.items():
            right[method][f] += within(fields[f], said(i, f), rows[i][f])
        if not is_category(fields[f]) and completed[i][f + ".low"]:
            numbers += 1
            inside += held(fields[f], completed[i], rows[i][f])
    return {"cells": sum(total.values()),
            **{method: share(sum(counts.values()), sum(total.values())) for method, counts in right.items()},
            "interval90_holds": share(inside, numbers),
            "of_fields": {f: {method: share(right[method][f], total[f]) for method in methods} for f in fields}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the skywarden program")
    parser.add_argument("data", type=pathlib.Path, help="folder of the reference data")
    parser.add_argument("--tables", default=",".join(TABLES), help="default: all")
    parser.add_argument("--mode", default="offline,causal", help="of offline, causal (default: both)")
    parser.add_argument("--masks", default="mcar10,mcar30", help="default: mcar10,mcar30")
    parser.add_argument("--rows", default="0..100", help="part of the file in percent, A..B (default: all of it)")
    arguments = parser.parse_args()
    begin, end = (float(part) / 100 for part in arguments.rows.split(".."))
    for name in arguments.tables.split(","):
        if name not in TABLES:
            parser.error(f"unknown table {name}")
        schema = load_schema(name)
        rows = read_table(arguments.data / TABLES[name])
        rows = rows[int(begin * len(rows)):int(end * len(rows))]
        for mask in arguments.masks.split(","):
            cells = hidden_cells(name, schema["field"], rows, int(mask.removeprefix("mcar")) / 100)
            for mode in arguments.mode.split(","):
                with tempfile.TemporaryDirectory() as temporary:
                    completed, seconds = complete(arguments.program, name, rows, cells, mode, pathlib.Path(temporary))
                    show(figure="tables_completion", table=name, rows=len(rows), mode=mode, mask=mask,
                         seconds=round(seconds, 2), **score(schema, rows, completed, cells))


if __name__ == "__main__":
    main()
