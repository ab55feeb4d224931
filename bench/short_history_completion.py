#!/usr/bin/env python3
"""Completion when there is hardly any history: causal, beside simply repeating the stream's last value.

Each table is a window of hours completed by itself, as an incident is; cells are hidden at random by the hash of
completion_rules.py. Tables:

  incident   incidents/tubbs_2017/station_weather.csv, 8 stations and 31 hours; reconstructed, so smoother than nature
  fires      wildfire/prometheus_fires, hourly weather of five fires, one stream of 24 hours each
  dogrib     wildfire/dogrib_real, one station, windows as below
  new_york   completion/weather, three airports, as station weather (apps/fit/station_weather.py), windows
  beijing    completion/prsa, six stations, as station weather, windows of the first 80 % of the rows
  prsa       the same rows as published, a file for each of twelve stations, windows of the first 80 %

`--windows first` takes the first hours of a file (with --seeds masks each), `spread` as many windows as seeds, evenly
over its rows. A cell is right within max(abs, rel * |value|) of the schema, a direction on the circle; cells that are
empty are neither hidden nor scored. Beside the program (`said`), on the same cells:

  last      the stream's last value shown before; where there is none, nothing, which is not right
  peeking   the same, but the next value where there is none before; it looks ahead and is no fair peer
  linear    between the values shown before and after by time; the same holds

In `of_fields`: said, last, peeking. `first`: the share of cells that have nothing shown before, and how many of those
are right as said. `better` counts the runs in which more is right as said than by `last`, `worse` those with less.
One JSON line a table, hours and mask.

example:
  bench/short_history_completion.py build/release/bin/skywarden $SKYWARDEN_DATA
  bench/short_history_completion.py build/release/bin/skywarden $SKYWARDEN_DATA --windows spread --model baseline
"""
import argparse
import collections
import datetime
import pathlib
import subprocess
import tempfile

from completion_rules import SCHEMAS, read_table, share, show, uniform, write_table
from station_weather_completion import ROOT, converter
from tables_completion import MISSING, Peers, held, is_category, load_schema, within

OPEN_PART = 0.8
METHODS = ["said", "last", "peeking", "linear"]
FIRE_TIME, DOGRIB_TIME = "%d-%m-%Y %H:%M", "%d/%m/%Y %H"


def weather_row(station, time, temperature, humidity, wind, direction, rain):
    return dict(zip(converter().COLUMNS, [station, time.strftime("%Y-%m-%dT%H:%M:%SZ"), temperature, humidity, wind,
                                          direction, rain]))


def fires(data):
    for path in sorted((data / "wildfire/prometheus_fires").glob("*/Weather.csv")):
        yield [weather_row(path.parent.name, datetime.datetime.strptime(r["datetime"], FIRE_TIME), r["TMP"], r["RH"],
                           r["WS"], r["WD"], r["APCP"]) for r in read_table(path)]


def dogrib(data):
    for r in read_table(data / "wildfire/dogrib_real/weather_B3_hourly_20010925to1030.csv"):
        yield weather_row("B3", datetime.datetime.strptime(f"{r['HOURLY']} {r['HOUR']}", DOGRIB_TIME), r["TEMP"],
                          r["RH"], r["WS"], r["WD"], r["PRECIP"])


def named(rows):
    columns = converter().COLUMNS
    return [dict(zip(columns, row)) for row in rows]


def new_york(data):
    return named(converter().new_york_rows(data / "completion/weather/nyc_noaa_2013_jan_sep.csv.gz"))


def beijing(data):
    made = converter()
    return [row for station in made.BEIJING
            for row in named(made.beijing_rows(data / f"completion/prsa/PRSA_{station}.csv.gz", 0.0, OPEN_PART))]


def prsa(data):
    tables = (read_table(path) for path in sorted((data / "completion/prsa").glob("PRSA_*.csv.gz")))
    return [row for table in tables for row in table[:int(OPEN_PART * len(table))]]


LONG = {"dogrib": dogrib, "new_york": new_york, "beijing": beijing, "prsa": prsa}


def time_of(row):
    return row["time"] if "time" in row else tuple(int(row[c]) for c in ("year", "month", "day", "hour"))


def windows_of(rows, hours, how, seeds):
    by_time = collections.defaultdict(list)
    for row in rows:
        by_time[time_of(row)].append(row)
    times = sorted(by_time)
    starts = [0] * seeds if how == "first" else [w * (len(times) - hours) // max(1, seeds - 1) for w in range(seeds)]
    return [[row for time in times[start:][:hours] for row in by_time[time]] for start in starts]


def tables(arguments):
    """Name, schema, hours, and what is completed by itself: rows with a seed each."""
    for name in arguments.tables.split(","):
        seeds = range(1, arguments.seeds + 1)
        if name == "incident":
            rows = read_table(ROOT / "incidents/tubbs_2017/station_weather.csv")
            yield name, "station_weather", 31, [(rows, seed) for seed in seeds]
        elif name == "fires":
            yield name, "station_weather", 24, [(rows, seed) for rows in fires(arguments.data) for seed in seeds]
        else:
            rows = list(LONG[name](arguments.data))
            for hours in map(int, arguments.hours.split(",")):
                yield (name, "prsa" if name == "prsa" else "station_weather", hours,
                       list(zip(windows_of(rows, hours, arguments.windows, arguments.seeds), seeds)))


def files_of(name, rows):
    """Places of the rows that share a file."""
    if name != "prsa":
        return [range(len(rows))]
    files = collections.defaultdict(list)
    for i, row in enumerate(rows):
        files[row["station"]].append(i)
    return list(files.values())


def completed(arguments, schema, shown, files, folder):
    names = [f"{n}.csv" for n in range(len(files))]
    for name, places in zip(names, files):
        write_table(folder / "in" / name, [shown[i] for i in places])
    command = [arguments.program, "complete", "--schema", str(SCHEMAS / f"{schema}.toml"), "--in",
               *[str(folder / "in" / name) for name in names], "--out", str(folder / "out")]
    command += ["--causal"] if arguments.mode == "causal" else []
    command += ["--model", arguments.model] if arguments.model else []
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode not in (0, 2):
        raise SystemExit(done.stderr.decode())
    out = {i: row for name, places in zip(names, files)
           for i, row in zip(places, read_table(folder / "out" / name), strict=True)}
    return [out[i] for i in range(len(shown))]


class Tally:
    def __init__(self):
        self.right = {method: collections.Counter() for method in METHODS}
        self.total = collections.Counter()
        self.held = self.numbers = self.first = self.first_right = 0
        self.gains = []

    def add(self, fields, rows, out, peers, cells):
        gain = 0
        for i, f in cells:
            self.total[f] += 1
            has_last = peers.around(i, f)[0] is not None
            peeking = peers.last(i, f)
            values = {"said": out[i][f], "last": peeking if has_last else None, "peeking": peeking,
                      "linear": peers.linear(i, f)}
            hits = {method: within(fields[f], value, rows[i][f]) for method, value in values.items()}
            for method, hit in hits.items():
                self.right[method][f] += hit
            gain += hits["said"] - hits["last"]
            self.first += not has_last
            self.first_right += hits["said"] and not has_last
            if not is_category(fields[f]) and out[i].get(f + ".low"):
                self.numbers += 1
                self.held += held(fields[f], out[i], rows[i][f])
        self.gains.append(gain)

    def figures(self):
        total = sum(self.total.values())
        out = {"runs": len(self.gains), "cells": total}
        out |= {method: share(sum(right.values()), total) for method, right in self.right.items()}
        out |= {"better": sum(g > 0 for g in self.gains), "worse": sum(g < 0 for g in self.gains)}
        out["interval90_holds"] = share(self.held, self.numbers)
        out["first"] = [share(self.first, total), share(self.first_right, self.first)]
        out["of_fields"] = {f: [share(self.right[m][f], n) for m in METHODS[:3]] for f, n in sorted(self.total.items())}
        return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the skywarden program")
    parser.add_argument("data", type=pathlib.Path, help="folder of the reference data")
    parser.add_argument("--tables", default="incident,fires,dogrib,new_york,beijing,prsa", help="default: all")
    parser.add_argument("--hours", default="24,48,96", help="of a window (default: 24,48,96)")
    parser.add_argument("--windows", choices=["first", "spread"], default="first")
    parser.add_argument("--masks", default="10,30", help="percent hidden (default: 10,30)")
    parser.add_argument("--seeds", type=int, default=10, help="masks, or windows of a spread (default: 10)")
    parser.add_argument("--mode", choices=["causal", "offline"], default="causal")
    parser.add_argument("--model", default="baseline", help="a file of trees (default: none)")
    arguments = parser.parse_args()
    for name, schema_name, hours, parts in tables(arguments):
        schema = load_schema(schema_name)
        fields = {f["name"]: f for f in schema["field"]}
        for mask in arguments.masks.split(","):
            tally = Tally()
            for rows, seed in parts:
                cells = [(i, f) for i, row in enumerate(rows) for c, f in enumerate(fields)
                         if row[f] not in MISSING and uniform(seed, i, c) < int(mask) / 100]
                hidden = set(cells)
                shown = [{k: "" if (i, k) in hidden else v for k, v in row.items()} for i, row in enumerate(rows)]
                with tempfile.TemporaryDirectory() as folder:
                    out = completed(arguments, schema_name, shown, files_of(name, rows), pathlib.Path(folder))
                tally.add(fields, rows, out, Peers(schema, rows, hidden), cells)
            show(figure="short_history_completion", table=name, hours=hours, windows=arguments.windows,
                 mode=arguments.mode, model=pathlib.Path(arguments.model).name, hidden_percent=int(mask),
                 **tally.figures())


if __name__ == "__main__":
    main()
