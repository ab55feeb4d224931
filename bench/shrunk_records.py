#!/usr/bin/python3
"""Shrinks Beijing's station records to a share of their bytes, expands and completes them, and scores the result.

The rows are the last 20 % of the open PRSA rows, 12 stations, as in completion/PROTOCOL.md of the reference data;
tolerances are the operational ones of schemas/prsa.toml. One JSON line for each share of the bytes:

  bytes, bytes_of_all, bytes_gzip      the batch, the batch of everything, and the same rows' CSV under gzip -9
  records_sent, critical_sent, values_sent     shares
  restored                     share of the values not sent that are within tolerance after completion
  right, right_critical        share of all values that are right at the far end, sent or restored
  sent_off_grid                values sent that differ from the truth by more than half the resolution: must be 0

and, with --control, the same for two ways at the same bytes, packed alike: cells kept at random, and the newest
records kept whole. How many fit is found by bisection, to a hundredth of the values. Stations report every hour, so a record that was
left out is known to be due: it is a row of empty cells when the tables are completed, in all ways alike.

example:
  bench/shrunk_records.py build/release/bin/skywarden ../shared/data
"""
import argparse
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile
import tomllib

from completion_rules import ABSENT, SCHEMAS, SEED, read_table, share, show, uniform, write_table

ROUNDING = 1e-9
KEYS = ["year", "month", "day", "hour"]


def load_schema():
    return {f["name"]: f for f in tomllib.loads((SCHEMAS / "prsa.toml").read_text())["field"]}


def right(spec, said, truth):
    if said in ABSENT:
        return False
    if spec.get("kind") == "category":
        away = abs(spec["levels"].index(said) - spec["levels"].index(truth))
        return min(away, len(spec["levels"]) - away) <= spec.get("tolerance_abs", 0)
    tolerance = max(spec.get("tolerance_abs", 0), spec.get("tolerance_rel", 0) * abs(float(truth)))
    return abs(float(said) - float(truth)) <= tolerance + ROUNDING


def off_grid(spec, said, truth):
    if spec.get("kind") == "category":
        return said != truth
    return abs(float(said) - float(truth)) > spec["resolution"] / 2 + ROUNDING


def place(row):
    return tuple(int(row[k]) for k in KEYS)


def by_place(folder, stations):
    return {(s, place(row)): row for s in stations for row in read_table(folder / f"{s}.csv")}


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout


def complete(program, folder, stations, mode):
    out = folder.parent / f"{folder.name}-{mode}"
    run(program, "complete", "--schema", SCHEMAS / "prsa.toml", "--in", *(folder / f"{s}.csv" for s in stations),
        "--out", out, *(["--causal"] if mode == "causal" else []))
    return by_place(out, stations)


def add_due_rows(folder, rows, schema):
    """Empty rows where a record was left out, in the order of time."""
    for station, table in rows.items():
        path = folder / f"{station}.csv"
        there = {place(row): row for row in read_table(path)} if path.is_file() else {}
        columns = [*KEYS, "station", *schema]
        write_table(path, [{k: there[place(row)][k] if place(row) in there else row[k] if k not in schema else ""
                            for k in columns} for row in table])


def score(truth, arrived, completed, schema):
    """Of every value that there was: sent, restored or lost."""
    counts = dict.fromkeys(["values", "sent", "dropped", "restored", "right", "critical", "critical_sent",
                            "critical_right", "off_grid"], 0)
    for key, row in truth.items():
        for name, spec in schema.items():
            if row[name] in ABSENT:
                continue
            critical = spec.get("criticality") == "high"
            sent = arrived[key][name] not in ABSENT
            good = sent or right(spec, completed[key][name], row[name])
            counts["values"] += 1
            counts["sent"] += sent
            counts["dropped"] += not sent
            counts["restored"] += not sent and good
            counts["right"] += good
            counts["critical"] += critical
            counts["critical_sent"] += critical and sent
            counts["critical_right"] += critical and good
            counts["off_grid"] += sent and off_grid(spec, arrived[key][name], row[name])
    return {"values_sent": share(counts["sent"], counts["values"]),
            "critical_sent": share(counts["critical_sent"], counts["critical"]),
            "restored": share(counts["restored"], counts["dropped"]), "right": share(counts["right"], counts["values"]),
            "right_critical": share(counts["critical_right"], counts["critical"]), "sent_off_grid": counts["off_grid"]}


def control_orders(rows, schema):
    """Every value in the order in which it is kept: at random, and by record, the newest first."""
    cells = [(s, i, n) for s, table in rows.items() for i, row in enumerate(table) for n in schema
             if row[n] not in ABSENT]
    yield "random_cells", [c for _, c in sorted((uniform(SEED + 60, k, 0), c) for k, c in enumerate(cells))]
    yield "oldest_records", sorted(cells, key=lambda c: -c[1])


def write_kept(folder, rows, schema, cells):
    kept = set(cells)
    whole_rows = {(s, i) for s, i, _ in kept}
    for s, table in rows.items():
        write_table(folder / f"{s}.csv", [{**row, **{n: row[n] if (s, i, n) in kept else "" for n in schema}}
                                          for i, row in enumerate(table) if (s, i) in whole_rows] or table[:1])


def packed_bytes(program, folder, stations):
    said = run(program, "shrink", "--schema", SCHEMAS / "prsa.toml", "--in", *(folder / f"{s}.csv" for s in stations),
               "--bytes", "100%", "--out", folder.parent / "control", "--json")
    return json.loads(said)["bytes"]


def fit(program, folder, rows, schema, order, budget):
    """Writes the longest beginning of the order that packs into the budget; its bytes."""
    fits, too_many = 0, len(order)
    while too_many - fits > len(order) // 100:
        middle = (fits + too_many) // 2
        write_kept(folder, rows, schema, order[:middle])
        if packed_bytes(program, folder, rows) <= budget:
            fits = middle
        else:
            too_many = middle
    write_kept(folder, rows, schema, order[:fits])
    return packed_bytes(program, folder, rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--shares", default="100,50,25", help="per cent of the bytes of everything")
    parser.add_argument("--mode", choices=["offline", "causal"], default="offline")
    parser.add_argument("--thin", action="store_true", help="as the option of shrink")
    parser.add_argument("--control", action="store_true")
    arguments = parser.parse_args()
    schema = load_schema()
    rows = {}
    for path in sorted((arguments.data / "completion/prsa").glob("PRSA_*.csv.gz")):
        table = read_table(path)
        rows[table[0]["station"]] = table[int(0.8 * len(table)):]
    if not rows:
        sys.exit("no PRSA tables below the data folder")
    truth = {(s, place(row)): row for s, table in rows.items() for row in table}
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for station, table in rows.items():
            write_table(folder / "in" / f"{station}.csv", table)
        inputs = [folder / "in" / f"{s}.csv" for s in rows]
        zipped = sum(len(gzip.compress(path.read_bytes(), 9)) for path in inputs)
        for percent in arguments.shares.split(","):
            arrived = folder / f"arrived{percent}"
            said = json.loads(run(arguments.program, "shrink", "--schema", SCHEMAS / "prsa.toml", "--in", *inputs,
                                  "--bytes", f"{percent}%", "--out", folder / "contact", "--json",
                                  *(["--thin"] if arguments.thin else [])))
            run(arguments.program, "expand", "--schema", SCHEMAS / "prsa.toml", "--in", folder / "contact", "--out",
                arrived)
            add_due_rows(arrived, rows, schema)
            figures = score(truth, by_place(arrived, rows), complete(arguments.program, arrived, rows, arguments.mode),
                            schema)
            show(way="shrink --thin" if arguments.thin else "shrink", percent=float(percent), mode=arguments.mode,
                 bytes=said["bytes"],
                 bytes_of_all=said["bytes_of_all"], bytes_gzip=zipped,
                 records_sent=share(said["records_sent"], said["records"]), **figures)
            if not arguments.control or said["values_sent"] == said["values"]:
                continue
            for name, order in control_orders(rows, schema):
                kept = folder / f"{name}{percent}"
                size = fit(arguments.program, kept, rows, schema, order, said["bytes"])
                add_due_rows(kept, rows, schema)
                figures = score(truth, by_place(kept, rows), complete(arguments.program, kept, rows, arguments.mode),
                                schema)
                show(way=name, percent=float(percent), mode=arguments.mode, bytes=size, **figures)


if __name__ == "__main__":
    main()
