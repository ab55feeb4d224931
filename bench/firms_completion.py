#!/usr/bin/python3
"""Hides cells of one day of FIRMS (MODIS) detections and scores how `skywarden complete` fills them.

Masks, seeds and tolerances are those of completion/PROTOCOL.md of the reference data. The program sees the
evaluated rows only, with the hidden cells empty. One JSON line for each choice of rows, mode and mask:

  strict, operational        share of the hidden cells within the tolerance; categories must be equal
  hard_…                     the same without cells that another field gives away, i.e. without scan where track
                             is left and without track where scan is left
  partner_…                  scan and track with the partner left, within 0.05 and 0.02 km
  partner_first_half, …      the same by where the row stands: what is learnt on the way shows here
  interval90_holds           share of hidden numbers inside the stated 90 % interval

and with --mode peek the number of rows of a causal run that change when the rows behind them are cut away.

Rows: `whole` is the file, `last` its last 20 %, `earlier` the other 80 %. Choose methods by `earlier` alone. High
values for the mask mnar are those above the 0.8-quantile of the rows before the last 20 %; in `whole` and
`earlier`, which have none before them, of the evaluated rows themselves.

example:
  bench/firms_completion.py build/release/bin/skywarden ../shared/data
  bench/firms_completion.py build/release/bin/skywarden ../shared/data --rows last --mode causal --masks mcar30
  SKYWARDEN=build/release/bin/skywarden MODEL=models/firms_modis.trees \
    bench/firms_completion.py bench/with_model ../shared/data --rows last
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

from completion_rules import SCHEMAS, SEED, read_table, share, show, uniform, write_table

TABLE = "completion/firms/modis_c61_global_20220226.csv.gz"
FIELDS = ["brightness", "scan", "track", "confidence", "bright_t31", "frp", "satellite", "daynight"]
CATEGORIES = {"satellite", "daynight"}
# Absolute and relative; the larger counts.
STRICT = {"brightness": (5, 0), "scan": (0.05, 0), "track": (0.02, 0), "confidence": (10, 0), "bright_t31": (2, 0),
          "frp": (2, 0.25)}
OPERATIONAL = {"brightness": (10, 0), "scan": (0.1, 0), "track": (0.05, 0), "confidence": (20, 0),
               "bright_t31": (5, 0), "frp": (5, 0.5)}
PARTNER = {"scan": "track", "track": "scan"}
MASKS = ["mcar10", "mcar30", "mcar50", "struct20", "mnar"]
ROUNDING = 1e-9


def high_values(rows):
    """Of each number the value that a fifth of the rows exceed."""
    return {f: sorted(float(r[f]) for r in rows)[int(0.8 * len(rows))] for f in FIELDS if f not in CATEGORIES}


def is_hidden(mask, index, row, column, high):
    field = FIELDS[column]
    if mask.startswith("mcar"):
        return uniform(SEED + 10, index, column) < int(mask[4:]) / 100
    if mask == "struct20":
        image = (10000 if row["satellite"] == "A" else 0) + int(row["acq_time"])
        return uniform(SEED + 12, image, column) < 0.2
    probability = 0.5 if field not in CATEGORIES and float(row[field]) > high[field] else 0.05
    return uniform(SEED + 13, index, column) < probability


def hidden_cells(mask, rows, high):
    return {(i, f) for i, row in enumerate(rows) for c, f in enumerate(FIELDS) if is_hidden(mask, i, row, c, high)}


def complete(program, rows, cells, mode, folder):
    """Runs the program on the rows without the cells; the path of its table."""
    shown = [{k: "" if (i, k) in cells else v for k, v in row.items()} for i, row in enumerate(rows)]
    write_table(folder / "in/firms.csv", shown)
    command = [program, "complete", "--schema", str(SCHEMAS / "firms_modis.toml"), "--in", str(folder / "in/firms.csv"),
               "--out", str(folder / "out")]
    subprocess.run(command + (["--causal"] if mode == "causal" else []), check=True)
    return folder / "out/firms.csv"


def within(field, said, truth, tolerances):
    if field in CATEGORIES:
        return said == truth
    absolute, relative = tolerances[field]
    try:
        return abs(float(said) - float(truth)) <= max(absolute, relative * abs(float(truth))) + ROUNDING
    except ValueError:
        return False  # nothing said


def inside(row, field, truth):
    try:
        return float(row[field + ".low"]) - ROUNDING <= float(truth) <= float(row[field + ".high"]) + ROUNDING
    except ValueError:
        return False


class Tally:
    def __init__(self):
        self.cells = self.strict = self.operational = 0

    def add(self, strict, operational):
        self.cells += 1
        self.strict += strict
        self.operational += operational

    def figures(self, name=""):
        return {name + "cells": self.cells, name + "strict": share(self.strict, self.cells),
                name + "operational": share(self.operational, self.cells)}


def score(truth, completed, cells):
    whole, hard = Tally(), Tally()
    fields = {f: Tally() for f in FIELDS}
    partner = {f: Tally() for f in PARTNER}
    halves = [Tally(), Tally()]
    held = numbers = 0
    for i, f in cells:
        said, true = completed[i][f], truth[i][f]
        right = within(f, said, true, STRICT), within(f, said, true, OPERATIONAL)
        whole.add(*right)
        fields[f].add(*right)
        if f not in CATEGORIES:
            numbers += 1
            held += inside(completed[i], f, true)
        if f in PARTNER and (i, PARTNER[f]) not in cells:
            partner[f].add(*right)
            halves[2 * i >= len(truth)].add(*right)
        else:
            hard.add(*right)
    both = sum(t.cells for t in partner.values())
    return {**whole.figures(), **hard.figures("hard_"), "partner_cells": both,
            "partner_recovered": share(sum(t.strict for t in partner.values()), both),
            **{f"partner_{f}": share(t.strict, t.cells) for f, t in partner.items()},
            "partner_first_half": share(halves[0].strict, halves[0].cells),
            "partner_second_half": share(halves[1].strict, halves[1].cells),
            "interval90_holds": share(held, numbers),
            "strict_of_fields": {f: share(t.strict, t.cells) for f, t in fields.items()}}


def rows_that_look_ahead(program, rows, cells, folder):
    """Cuts the masked rows at a quarter, half and three quarters: what stands before a cut must not change."""
    lines = complete(program, rows, cells, "causal", folder / "whole").read_bytes().splitlines()
    differing = 0
    for quarter in (1, 2, 3):
        kept = quarter * len(rows) // 4
        part = complete(program, rows[:kept], cells, "causal", folder / str(quarter)).read_bytes().splitlines()
        if len(part) != kept + 1:
            sys.exit(f"expected {kept + 1} lines, found {len(part)}")
        differing += sum(a != b for a, b in zip(part, lines))
    return differing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the skywarden program")
    parser.add_argument("data", type=pathlib.Path, help="folder of the reference data")
    parser.add_argument("--rows", default="whole,last", help="of whole, last, earlier (default: whole,last)")
    parser.add_argument("--mode", default="offline,causal,peek", help="of offline, causal, peek (default: all)")
    parser.add_argument("--masks", default=",".join(MASKS), help="default: all five")
    arguments = parser.parse_args()
    masks, modes = arguments.masks.split(","), arguments.mode.split(",")
    if not set(masks) <= set(MASKS) or not set(modes) <= {"offline", "causal", "peek"}:
        parser.error("unknown mask or mode")

    table = read_table(arguments.data / TABLE)
    cut = int(0.8 * len(table))
    choices = {"whole": (table, table), "last": (table[:cut], table[cut:]), "earlier": (table[:cut], table[:cut])}
    looked_ahead = 0
    for name in arguments.rows.split(","):
        if name not in choices:
            parser.error(f"unknown rows {name}")
        before, rows = choices[name]
        high = high_values(before)
        for mode in modes:
            for mask in masks:
                cells = hidden_cells(mask, rows, high)
                about = {"figure": "firms_completion", "rows": name, "mode": mode, "mask": mask}
                with tempfile.TemporaryDirectory() as temporary:
                    folder = pathlib.Path(temporary)
                    if mode == "peek":
                        differing = rows_that_look_ahead(arguments.program, rows, cells, folder)
                        looked_ahead += differing
                        show(**about, rows_that_depend_on_later_rows=differing)
                    else:
                        completed = read_table(complete(arguments.program, rows, cells, mode, folder))
                        show(**about, **score(rows, completed, cells))
    return 1 if looked_ahead else 0


if __name__ == "__main__":
    sys.exit(main())
