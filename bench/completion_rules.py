"""What the scorers of completion and of anomalies share: the hash that picks cells, reading and writing tables.

The rules are completion/PROTOCOL.md of the reference data. Every choice is a hash of a fixed seed and of the
cell's place, so two runs, and two programs, hide the same cells.
"""
import csv
import gzip
import json
import pathlib

SEED = 20260101
ABSENT = {"", "NA"}
SCHEMAS = pathlib.Path(__file__).resolve().parent.parent / "schemas"

_MASK64 = (1 << 64) - 1


def splitmix(x):
    x = (x + 0x9E3779B97F4A7C15) & _MASK64
    z = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK64
    return z ^ (z >> 31)


def uniform(seed, a, b):
    """In [0, 1), the same for the same three numbers."""
    return (splitmix(splitmix(splitmix(seed & _MASK64) ^ a) ^ b) >> 11) * 2.0**-53


def read_table(path):
    opened = gzip.open(path, "rt", newline="") if path.suffix == ".gz" else open(path, newline="", encoding="utf-8")
    with opened as handle:
        return list(csv.DictReader(handle))


def write_table(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def share(part, whole):
    return round(part / whole, 4) if whole else None


def show(**figures):
    print(json.dumps(figures), flush=True)
