#!/usr/bin/python3
"""Puts faults into real readings and scores how `skywarden anomaly` finds them (FaultInj-1).

Rules and seeds are those of completion/PROTOCOL.md of the reference data: hourly readings of twelve Beijing
stations, in them spikes, stuck values, offsets, drifts and noise, on the grid that each sensor prints. Faults stand
in the evaluated rows only. Readings are judged by a trained model that the rows before have warmed up (`model`), or
without one by thresholds from all rows before (`fit`) or from the trailing window (`trailing`). Two JSON lines each:
the program, and a detector that flags at random at the program's rate. All flags are causal: given at the time of the
reading and never taken back. The protocol lets a flag within the span of a fault count whenever it is given.

  false_positives_pct        flagged readings of all sound ones, from the 200th hour, without the 48 h after a
                             fault of the same sensor
  events_found               share of faults with a flag inside; found_… by kind of fault
  event_precision            share of runs of flags (less than 7 h apart) that touch a fault; runs that lie wholly in
                             the 48 h after one count neither way
  false_runs_per_sensor_day  the runs that do not

Concentrations are clipped at 0 as the protocol says. No sensor here prints 0, so a detector might know a fault by it;
`--floor lowest` clips at the lowest value of the rows before instead and shows how much hangs on that.

Rows: `last` is the last 20 % of the open rows; `earlier` is 45-72 % of them, with thresholds from the rows before:
choose methods by those.

example:
  bench/injected_faults.py build/release/bin/skywarden ../shared/data
  bench/injected_faults.py build/release/bin/skywarden ../shared/data --model models/prsa.anomaly --seeds 0 1 2
  bench/injected_faults.py build/release/bin/skywarden ../shared/data --rows earlier --thresholds trailing
"""
import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile

from completion_rules import ABSENT, SCHEMAS, SEED, read_table, show, uniform, write_table

FIELDS = ["PM2.5", "NO2", "CO", "O3", "TEMP", "PRES", "DEWP"]
CONCENTRATIONS = {"PM2.5", "NO2", "CO", "O3"}  # printed without decimals, never below 0; the others with one
KINDS = ["spike", "stuck", "offset", "drift", "noise"]
FAULT_SEED = SEED + 50
RANDOM_SEED = 99
WEEK_H = 168
WARM_H = 200
AFTERMATH_H = 48
RUN_GAP_H = 7


class Fault:
    def __init__(self, station, field, kind, span, observed):
        self.station, self.field, self.kind, self.span, self.observed = station, field, kind, span, observed


def printed(field, value, floor):
    return f"{max(floor, round(value)):.0f}" if field in CONCENTRATIONS else f"{round(value, 1):.1f}"


def faulty(kind, value, first, step, length, sign, deviation, noise):
    return {"spike": value + 3 * sign * deviation,
            "stuck": first,
            "offset": value + sign * deviation,
            "drift": value + 1.5 * sign * deviation * (step + 1) / length,
            "noise": value + deviation * 3**0.5 * (2 * noise - 1)}[kind]


def inject(stations, deviations, floors, other_seed=0):
    """Changes the stations' rows; the faults. Another seed than 0 draws other faults by the same rules."""
    seed = FAULT_SEED + 1000 * other_seed
    faults = []
    for s, rows in enumerate(stations):
        for c, field in enumerate(FIELDS):
            for week in range(len(rows) // WEEK_H + 1):
                place = s * 1000000 + week
                if uniform(seed, place, c) >= 0.3:
                    continue
                kind = KINDS[int(5 * uniform(seed + 1, place, c))]
                length = {"spike": 1 + int(2 * uniform(seed + 2, place, c)), "stuck": 12, "offset": 24,
                          "drift": 48, "noise": 24}[kind]
                start = week * WEEK_H + int(120 * uniform(seed + 3, place, c))
                sign = 1 if uniform(seed + 4, place, c) < 0.5 else -1
                span = range(start, min(len(rows), start + length))
                observed = [t for t in span if rows[t][field] not in ABSENT]
                if not observed:
                    continue
                first = float(rows[observed[0]][field])
                for t in observed:
                    noise = uniform(seed + 5, place * 1000 + t - start, c)
                    value = faulty(kind, float(rows[t][field]), first, t - start, length, sign, deviations[s][field],
                                   noise)
                    rows[t][field] = printed(field, value, floors[field])
                faults.append(Fault(s, field, kind, span, observed))
    return faults


def runs_of(flagged):
    """Flagged hours of one sensor, in groups with less than RUN_GAP_H between neighbours."""
    runs = []
    for t in flagged:
        if runs and t - runs[-1][-1] < RUN_GAP_H:
            runs[-1].append(t)
        else:
            runs.append([t])
    return runs


def score(stations, faults, flagged):
    """`flagged(station, field, hour)` is the detector."""
    found = {k: [0, 0] for k in KINDS}
    for fault in faults:
        found[fault.kind][0] += any(flagged(fault.station, fault.field, t) for t in fault.observed)
        found[fault.kind][1] += 1
    sound = false = right_runs = false_runs = 0
    sensor_days = 0.0
    for s, rows in enumerate(stations):
        for field in FIELDS:
            mine = [f for f in faults if f.station == s and f.field == field]
            at_fault = {t for f in mine for t in f.span}
            left_out = at_fault | {f.span[-1] + 1 + k for f in mine for k in range(AFTERMATH_H)}
            observed = [t for t in range(WARM_H, len(rows)) if rows[t][field] not in ABSENT]
            flags = [t for t in observed if flagged(s, field, t)]
            sound += sum(t not in left_out for t in observed)
            false += sum(t not in left_out for t in flags)
            for run in runs_of(flags):
                if any(t in at_fault for t in run):
                    right_runs += 1
                elif any(t not in left_out for t in run):
                    false_runs += 1
            sensor_days += (len(rows) - WARM_H) / 24
    rate = false / sound
    return rate, {"false_positives_pct": round(100 * rate, 3),
                  "events_found": round(sum(f[0] for f in found.values()) / len(faults), 4),
                  "event_precision": round(right_runs / max(1, right_runs + false_runs), 4),
                  **{f"found_{k}": round(f[0] / max(1, f[1]), 4) for k, f in found.items()},
                  "false_runs_per_sensor_day": round(false_runs / sensor_days, 4), "events": len(faults)}


def write_all(folder, names, stations):
    for name, rows in zip(names, stations):
        write_table(folder / name, rows)
    return [str(folder / name) for name in names]


def find_anomalies(program, names, stations, clean, arguments):
    """The program's tables, station by station."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        command = [program, "anomaly", "--schema", str(SCHEMAS / "prsa.toml"), "--in",
                   *write_all(folder / "in", names, stations), "--out", str(folder / "out")]
        if arguments.model and clean is not None:
            command += ["--model", arguments.model]
        if arguments.rate is not None:
            command += ["--rate", str(arguments.rate)]
        if clean is not None:
            command += ["--fit", *write_all(folder / "fit", names, clean)]
        subprocess.run(command, check=True)
        return [read_table(folder / "out" / name) for name in names]


def deviation(rows, field):
    return statistics.pstdev(float(r[field]) for r in rows if r[field] not in ABSENT)


def lowest(tables, field):
    return min(float(r[field]) for rows in tables for r in rows if r[field] not in ABSENT)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the skywarden program")
    parser.add_argument("data", type=pathlib.Path, help="folder of the reference data")
    parser.add_argument("--rows", choices=["last", "earlier"], default="last")
    parser.add_argument("--thresholds", default="fit,trailing", help="without a model (default: both)")
    parser.add_argument("--model", help="a trained model")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="0: the protocol's own faults (default)")
    parser.add_argument("--floor", choices=["zero", "lowest"], default="zero", help="of faulty concentrations")
    parser.add_argument("--rate", type=float, help="aimed share of false positives (default: the program's)")
    arguments = parser.parse_args()
    thresholds = ["fit"] if arguments.model else arguments.thresholds.split(",")
    if not set(thresholds) <= {"fit", "trailing"}:
        parser.error("unknown thresholds")

    paths = sorted((arguments.data / "completion/prsa").glob("PRSA_*.csv.gz"))
    if not paths:
        sys.exit(f"{arguments.data}/completion/prsa: expected PRSA_*.csv.gz")
    names = [p.name.removesuffix(".gz") for p in paths]
    tables = [read_table(p) for p in paths]
    count = len(tables[0])
    begin, end = (int(0.8 * count), count) if arguments.rows == "last" else (int(0.45 * count), int(0.72 * count))
    clean = [t[:begin] for t in tables]
    deviations = [{f: deviation(rows, f) for f in FIELDS} for rows in clean]
    floors = {f: lowest(clean, f) if arguments.floor == "lowest" else 0.0 for f in FIELDS}
    for seed in arguments.seeds:
        stations = [[dict(row) for row in t[begin:end]] for t in tables]
        faults = inject(stations, deviations, floors, seed)
        for threshold in thresholds:
            found = find_anomalies(arguments.program, names, stations, clean if threshold == "fit" else None, arguments)
            by = "model" if arguments.model else threshold
            about = {"figure": "injected_faults", "rows": arguments.rows, "by": by, "seed": seed,
                     "floor": arguments.floor}
            rate, figures = score(stations, faults, lambda s, f, t: found[s][t][f + ".anomaly"] == "1")
            show(**about, detector="skywarden", **figures)
            column = {f: c for c, f in enumerate(FIELDS)}
            _, figures = score(stations, faults,
                               lambda s, f, t: uniform(RANDOM_SEED, s * 1000000 + t, column[f]) < rate)
            show(**about, detector="random", **figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
