#!/usr/bin/python3
"""Scores `skywarden anomaly --novelty` on the Numenta Anomaly Benchmark by its published rules.

Each file is a series of its own: a table of timestamps and numbers, judged with one schema and one setting. The score
is that of Lavin and Ahmad (Evaluating real-time anomaly detection algorithms, ICMLA 2015): a labelled window earns
what its best detection is worth, from nearly 1 at its left edge to 0 at its right edge on a sigmoid; a window without
one costs 1; each detection outside costs more the further it lies behind a window, in the end all of its weight. The
first 15 % of a file (at most 750 rows) count for nothing. One threshold for all files is the best of all, profile by
profile, as the benchmark does it. 0 is a detector that says nothing, 100 one that finds each window at its left edge.

One JSON line a profile; `low_fp` is the benchmark's reward_low_FP_rate.

example:
  bench/nab_score.py build/release/bin/skywarden ../shared/data
"""
import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile

from completion_rules import read_table, show, write_table

PROFILES = {"standard": (1.0, 0.11, 1.0), "low_fp": (1.0, 0.22, 1.0), "low_fn": (1.0, 0.11, 2.0)}  # hit, false, miss
PROBATION, PROBATION_ROWS = 0.15, 5000
STEEPNESS, FAR_BEHIND = 5.0, 3.0
SCHEMA = """name = "series"
[time]
columns = ["timestamp"]
format = "iso"
[[field]]
name = "value"
"""


def worth(position):
    """Of a detection: -1 the left edge of a window, 0 its right edge, above 0 behind it in widths of the window."""
    return -1.0 if position >= FAR_BEHIND else 2.0 / (1.0 + math.exp(STEEPNESS * position)) - 1.0


def first_row(times, wanted):
    return times.index(wanted)


def spans_of(times, windows):
    return [(first_row(times, begin), first_row(times, end)) for begin, end in windows]


def rows_of(times, windows):
    """For each row that counts: its number, its window (or None), what a detection there is worth before weights."""
    spans = spans_of(times, windows)
    begin = min(math.floor(PROBATION * len(times)), PROBATION * PROBATION_ROWS)
    for i in range(len(times)):
        if i < begin:
            continue
        inside = next((w for w, (left, right) in enumerate(spans) if left <= i <= right), None)
        if inside is not None:
            left, right = spans[inside]
            yield i, inside, worth(-(right - i + 1) / (right - left + 1)) / worth(-1.0)
            continue
        passed = [span for span in spans if span[1] < i]
        if not passed:
            yield i, None, -1.0
            continue
        left, right = passed[-1]
        yield i, None, worth((i - right) / max(1, right - left))


def best(files, profile):
    """The best score over all thresholds: (score, threshold, windows found, false detections)."""
    hit, false, miss = PROFILES[profile]
    detections, windows = [], 0
    for times, labelled, scores in files:
        for i, window, value in rows_of(times, labelled):
            detections.append((scores[i], None if window is None else windows + window, value))
        windows += len(labelled)
    detections.sort(key=lambda d: -d[0])
    earned = [-miss] * windows
    total = nothing = -miss * windows
    wrong = 0
    out = (0.0, None, 0, 0)
    for k, (score, window, value) in enumerate(detections):
        if window is None:
            total += false * value
            wrong += 1
        elif hit * value > earned[window]:
            total += hit * value - earned[window]
            earned[window] = hit * value
        if k + 1 < len(detections) and detections[k + 1][0] == score:
            continue
        normalised = 100.0 * (total - nothing) / (hit * windows - nothing)
        if normalised > out[0]:
            out = (normalised, score, sum(e > -miss for e in earned), wrong)
    return out


def novelty_of(program, tables):
    """The program's score of each row, table by table; the tables are judged one by one, as they belong to nothing."""
    out = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        (folder / "series.toml").write_text(SCHEMA, encoding="utf-8")
        for rows in tables:
            write_table(folder / "in" / "series.csv", rows)
            done = subprocess.run([program, "anomaly", "--schema", str(folder / "series.toml"), "--in",
                                   str(folder / "in" / "series.csv"), "--novelty", "--out", str(folder / "out")])
            if done.returncode not in (0, 2):  # 2: some rows could not be read, the others count
                sys.exit(f"{program} anomaly: exit code {done.returncode}")
            out.append([float(row["value.novelty"]) for row in read_table(folder / "out" / "series.csv")])
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the skywarden program")
    parser.add_argument("data", type=pathlib.Path, help="folder of the reference data")
    arguments = parser.parse_args()
    root = arguments.data / "completion/nab"
    paths = sorted(root.glob("*/*.csv.gz"))
    if not paths:
        sys.exit(f"{root}: expected folders of *.csv.gz")
    windows = json.loads((root / "windows.json").read_text(encoding="utf-8"))
    tables = [read_table(path) for path in paths]
    scores = novelty_of(arguments.program, tables)
    files = []
    for path, rows, scored in zip(paths, tables, scores):
        name = f"{path.parent.name}/{path.name.removesuffix('.gz')}"
        labelled = [(begin[:19], end[:19]) for begin, end in windows[name]]
        files.append(([row["timestamp"][:19] for row in rows], labelled, scored))
    for profile in PROFILES:
        score, threshold, found, wrong = best(files, profile)
        show(figure="nab", profile=profile, score=round(score, 2), threshold=threshold, windows_found=found,
             windows=sum(len(f[1]) for f in files), false_detections=wrong, files=len(files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
