#!/usr/bin/env python3
"""Breaks the bond that humidity has with temperature and dew point in New York's station tables, by no more
than a usual hour's change, and counts who notices: `skywarden anomaly --joint`, together and field by field.

    bench/broken_bonds.py build/release/bin/skywarden $SKYWARDEN_DATA

A row in 100 of the last 60 % of each of the three stations: humidity up or down by the 90 % quantile of the
sizes of its own hourly changes. Each station is checked alone, as it is without neighbours. Prints one JSON
line: of the broken rows, and of the sound rows that do not follow a broken one, the shares flagged together
(joint.anomaly) and by any field.
"""
import argparse, csv, gzip, json, pathlib, random, subprocess, tempfile

SCHEMA = pathlib.Path(__file__).parent.parent / "schemas/weather.toml"
FIELD = "humid"


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def usual_change(rows, field):
    values = [number(row[field]) for row in rows]
    sizes = sorted(abs(b - a) for a, b in zip(values, values[1:]) if a is not None and b is not None)
    return sizes[int(0.9 * len(sizes))]


def broken(rows, chance):
    """The rows changed, by index; rows are changed in place."""
    step = usual_change(rows, FIELD)
    out = set()
    for i in range(int(0.4 * len(rows)), len(rows)):
        value = number(rows[i][FIELD])
        if value is None or chance.random() >= 0.01:
            continue
        value += step if value + step <= 100 and chance.random() < 0.5 or value < step else -step
        rows[i][FIELD] = f"{value:.2f}"
        out.add(i)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("data", type=pathlib.Path)
    arguments = parser.parse_args()
    chance = random.Random(1)
    counts = {"broken": 0, "broken_together": 0, "broken_by_field": 0, "sound": 0, "sound_together": 0,
              "sound_by_field": 0}
    with gzip.open(arguments.data / "completion/weather/nyc_noaa_2013_jan_sep.csv.gz", "rt", newline="") as file:
        reader = csv.DictReader(file)
        everything = list(reader)
    for station in sorted({row["origin"] for row in everything}):
        rows = [row for row in everything if row["origin"] == station]
        indices = broken(rows, chance)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            with open(folder / "station.csv", "w", newline="") as file:
                writer = csv.DictWriter(file, reader.fieldnames)
                writer.writeheader()
                writer.writerows(rows)
            subprocess.run([arguments.program, "anomaly", "--schema", str(SCHEMA), "--in", str(folder / "station.csv"),
                            "--out", str(folder / "out"), "--joint"], check=True)
            with open(folder / "out/station.csv", newline="") as file:
                checked = list(csv.DictReader(file))
        for i, row in enumerate(checked):
            if i < 0.4 * len(rows) or (i not in indices and i - 1 in indices):
                continue
            kind = "broken" if i in indices else "sound"
            counts[kind] += 1
            counts[kind + "_together"] += row["joint.anomaly"] == "1"
            counts[kind + "_by_field"] += any(
                cell == "1" for name, cell in row.items() if name.endswith(".anomaly") and name != "joint.anomaly")
    for kind in ("broken", "sound"):
        for how in ("together", "by_field"):
            counts[f"{kind}_{how}"] = round(counts[f"{kind}_{how}"] / counts[kind], 4)
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
