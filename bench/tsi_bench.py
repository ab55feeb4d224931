#!/usr/bin/env python3
"""Beijing's air by the rules of TSI-Bench (Du et al., 2024): error of standardised numbers in windows of 24 hours.

132 columns (12 stations with 11 numbers each; wind direction is left out, rain is in), each standardised by the mean
and the deviation of March 2013 to June 2015. Of every window cells are hidden: `point`, each for itself; `subseq`, 18
hours of a column; `block`, 6 hours of 6 columns side by side. Cells that are missing in the file are neither hidden nor
scored. One JSON line a pattern, method and sight: mean absolute and mean square error over the hidden cells, mean of
the seeds, and the least and the largest of them.

NOT the published test: its months (May 2016 to February 2017) are not among the open rows. Scored are the windows from
the first midnight of the last 20 % of the open rows, none of which trained or settled a model that is shipped.

sight: `series`  `complete` gets all masked windows as one series, offline: it sees the windows before and after, which
                 no method of the benchmark does
       `window`  every --nth window is completed in a run of its own: it sees what was not hidden of that window, and as
                 history 28 days around the same day a year before, followed by four days without any value

Peers in the same lines, with the same sight and without history: `last` value, `linear` interpolation, and `twins`,
the value that a station of the same twin group shows at that hour, else interpolation. Where a peer knows nothing it
says the mean.

example:
  bench/tsi_bench.py build/release/bin/skywarden $SKYWARDEN_DATA --model models/prsa.trees
  bench/tsi_bench.py build/release/bin/skywarden $SKYWARDEN_DATA --sight window --nth 7 --seeds 1
"""
import argparse
import bisect
import collections
import datetime
import math
import pathlib
import random
import subprocess
import tempfile

from completion_quality import FIELDS, NUMBERS, TWINS
from completion_rules import ABSENT, SCHEMAS, read_table, show, write_table

WINDOW = 24
HISTORY, NOTHING = 28 * 24, 4 * 24  # hours
RATES = {"point": 0.1, "subseq": 0.5, "block": 0.0055}
SUBSEQUENCE, BLOCK = 18, 6
COPIED = {"TEMP", "PRES", "DEWP", "RAIN", "WSPM"}


def hidden_columns(pattern, rate, windows, columns, seed):
    """Cells (hour, column) as pygrinder draws them: how many starts, of which windows and columns, how far in."""
    chance = random.Random(f"{pattern} {seed}")
    cells = set()
    if pattern == "point":
        return {(t, c) for t in range(windows * WINDOW) for c in range(columns) if chance.random() < rate}
    long, wide = (SUBSEQUENCE, 1) if pattern == "subseq" else (BLOCK, BLOCK)
    firsts = columns if wide == 1 else columns - wide
    share = rate * WINDOW / long if wide == 1 else rate * WINDOW * columns / (long * wide)
    for start in chance.sample(range(windows * firsts), math.ceil(windows * firsts * share)):
        window, column = divmod(start, firsts)
        shift = chance.randrange(WINDOW - long)
        cells.update((window * WINDOW + shift + t, column + c) for t in range(long) for c in range(wide))
    return cells


class Months:
    """The open rows: those scored, what came before them, and the scale of each column."""

    def __init__(self, data):
        files = sorted((data / "completion/prsa").glob("PRSA_*.csv.gz"))
        self.names = [f.name.removesuffix(".gz") for f in files]
        self.tables = [read_table(f) for f in files]
        self.numbers = [[[float(r[f]) if r[f] not in ABSENT else None for f in NUMBERS] for r in t] for t in self.tables]
        self.begin = int(0.8 * len(self.tables[0]))
        while int(self.tables[0][self.begin]["hour"]) != 0:
            self.begin += 1
        self.windows = (len(self.tables[0]) - self.begin) // WINDOW
        train = sum((int(r["year"]), int(r["month"])) <= (2015, 6) for r in self.tables[0])
        self.scale = []
        for station in self.numbers:
            for f in range(len(NUMBERS)):
                shown = [row[f] for row in station[:train] if row[f] is not None]
                mean = sum(shown) / len(shown)
                self.scale.append((mean, math.sqrt(sum((v - mean) ** 2 for v in shown) / len(shown))))

    def truth(self, t, column):
        station, f = divmod(column, len(NUMBERS))
        return self.numbers[station][self.begin + t][f]

    def masked(self, hours, hidden):
        """Rows of each station at these hours with the hidden cells, and wind direction, empty."""
        return [[{**table[self.begin + t], "wd": "",
                  **{f: "" for i, f in enumerate(NUMBERS) if (t, s * len(NUMBERS) + i) in hidden}} for t in hours]
                for s, table in enumerate(self.tables)]

    def history(self, hour):
        """A month around the same day a year before, and some days of nothing before the hour."""
        middle = self.begin + hour - 365 * 24
        rows = []
        for table in self.tables:
            before = [{**r, "wd": ""} for r in table[middle - HISTORY // 2:middle + HISTORY // 2]]
            nothing = [{k: "" if k in FIELDS else v for k, v in r.items()}
                       for r in table[self.begin + hour - NOTHING:self.begin + hour]]
            rows.append(before + nothing)
        return rows


def complete(program, model, names, tables):
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for name, table in zip(names, tables):
            write_table(folder / "in" / name, table)
        command = [program, "complete", "--schema", str(SCHEMAS / "prsa.toml"), "--in",
                   *[str(folder / "in" / n) for n in names], "--out", str(folder / "out")]
        subprocess.run(command + (["--model", model] if model else []), check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        return [read_table(folder / "out" / n) for n in names]


class Peers:
    """What simple methods say from the cells that are shown in a range of hours."""

    def __init__(self, months, hours, hidden):
        self.months, self.hidden, self.hours = months, hidden, set(hours)
        self.course = collections.defaultdict(list)
        for t in hours:
            for c in range(len(months.scale)):
                if (t, c) not in hidden and months.truth(t, c) is not None:
                    self.course[c].append(t)

    def around(self, t, c):
        course = self.course[c]
        at = bisect.bisect(course, t)
        return (course[at - 1] if at > 0 else None), (course[at] if at < len(course) else None)

    def last(self, t, c):
        before, after = self.around(t, c)
        chosen = after if before is None else before
        return self.months.scale[c][0] if chosen is None else self.months.truth(chosen, c)

    def linear(self, t, c):
        before, after = self.around(t, c)
        if before is None or after is None:
            return self.last(t, c)
        part = (t - before) / (after - before)
        return (1 - part) * self.months.truth(before, c) + part * self.months.truth(after, c)

    def twins(self, t, c):
        station, f = divmod(c, len(NUMBERS))
        for twin in sorted(k for group in TWINS if station in group for k in group if k != station):
            there = twin * len(NUMBERS) + f
            if NUMBERS[f] in COPIED and (t, there) not in self.hidden and self.months.truth(t, there) is not None:
                return self.months.truth(t, there)
        return self.linear(t, c)


class Errors:
    def __init__(self):
        self.cells, self.absolute, self.square = 0, collections.Counter(), collections.Counter()
        self.of_fields = collections.defaultdict(lambda: [0, 0.0])

    def add(self, method, field, error):
        self.absolute[method] += abs(error)
        self.square[method] += error * error
        self.of_fields[method, field][0] += 1
        self.of_fields[method, field][1] += abs(error)

    def score(self, months, hours, hidden, said, name, offset):
        """`said`: completed tables, whose row `offset` is the first of the hours."""
        peers = Peers(months, hours, hidden)
        for t, c in sorted((t, c) for t, c in hidden if t in peers.hours):
            truth = months.truth(t, c)
            if truth is None:
                continue
            mean, deviation = months.scale[c]
            station, f = divmod(c, len(NUMBERS))
            cell = said[station][offset + t - hours[0]][NUMBERS[f]]
            self.cells += 1
            estimates = {name: float(cell) if cell else mean,
                         **{p: getattr(peers, p)(t, c) for p in ("last", "linear", "twins")}}
            for method, value in estimates.items():
                self.add(method, NUMBERS[f], (value - truth) / deviation)


def run(arguments, months, pattern, seed, sight, name):
    errors = Errors()
    hidden = hidden_columns(pattern, RATES[pattern], months.windows, len(months.scale), seed)
    model = arguments.model if name == "trained" else None
    if sight == "series":
        hours = range(months.windows * WINDOW)
        errors.score(months, hours, hidden, complete(arguments.program, model, months.names, months.masked(hours, hidden)),
                     name, 0)
        return errors
    for window in range(0, months.windows, arguments.nth):
        hours = range(window * WINDOW, (window + 1) * WINDOW)
        shown = months.masked(hours, hidden)
        history = months.history(hours[0])
        said = complete(arguments.program, model, months.names, [h + s for h, s in zip(history, shown)])
        errors.score(months, hours, hidden, said, name, HISTORY + NOTHING)
    return errors


def report(pattern, sight, seeds, name, several):
    methods = [name] + ([m for m in several[0].absolute if m != name] if name == "baseline" else [])
    for method in methods:
        absolute = [e.absolute[method] / e.cells for e in several]
        show(figure="tsi_bench", pattern=pattern, sight=sight, method=method, seeds=seeds,
             cells=sum(e.cells for e in several), mae=round(sum(absolute) / seeds, 4),
             mae_least=round(min(absolute), 4), mae_largest=round(max(absolute), 4),
             mse=round(sum(e.square[method] / e.cells for e in several) / seeds, 4),
             mae_of_fields={f: round(sum(e.of_fields[method, f][1] for e in several) /
                                     sum(e.of_fields[method, f][0] for e in several), 4) for f in NUMBERS})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the skywarden program")
    parser.add_argument("data", type=pathlib.Path, help="folder of the reference data")
    parser.add_argument("--model", help="scored beside the baseline")
    parser.add_argument("--patterns", default=",".join(RATES), help="default: point,subseq,block")
    parser.add_argument("--sight", choices=["series", "window"], default="series")
    parser.add_argument("--nth", type=int, default=7, help="sight window: every so many windows (default: 7)")
    parser.add_argument("--seeds", type=int, default=3, help="masks drawn (default: 3)")
    arguments = parser.parse_args()
    months = Months(arguments.data)
    first, last = (months.tables[0][i] for i in (months.begin, months.begin + months.windows * WINDOW - 1))
    show(figure="tsi_bench", windows=months.windows,
         **{k: str(datetime.date(*(int(r[c]) for c in ("year", "month", "day")))) for k, r in
            (("first_day", first), ("last_day", last))})
    for pattern in arguments.patterns.split(","):
        for name in ["baseline"] + (["trained"] if arguments.model else []):
            several = [run(arguments, months, pattern, seed, arguments.sight, name) for seed in range(arguments.seeds)]
            report(pattern, arguments.sight, arguments.seeds, name, several)


if __name__ == "__main__":
    main()
