#!/usr/bin/env python3
"""Schemas proposed for tables that nobody has described: accepted, usable without edits, bounded, one line for bad input.

usage: check_schemas.py PROGRAM REPOSITORY

Every table under completion/ of the reference data (SKYWARDEN_DATA) is proposed a schema that `config check` accepts
and `complete` works with; without the data only the tables made here are tried.
"""
import csv
import gzip
import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile

ROWS_TO_COMPLETE = 400  # of each table; all rows are read by `schema infer`
MEMORY_MAX = 400 << 20  # bytes of address space, for a table of several times that


def run(*arguments, memory=None):
    limit = (lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory))) if memory else None
    return subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=300, check=False,
                          preexec_fn=limit)


def expect(condition, what, done):
    if not condition:
        print(f"failed: {what}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        sys.exit(1)


def check_table(program, table, folder):
    schema = folder / "schema.toml"
    done = run(program, "schema", "infer", table, "--out", schema)
    expect(done.returncode == 0, f"schema infer {table.name}", done)
    done = run(program, "config", "check", schema)
    expect(done.returncode == 0 and "schema" in done.stdout, f"config check of the schema of {table.name}", done)
    opened = gzip.open(table, "rt", newline="") if table.suffix == ".gz" else open(table, newline="", encoding="utf-8")
    with opened as handle:
        rows = [line for _, line in zip(range(ROWS_TO_COMPLETE + 1), handle)]
    part = folder / ("part.jsonl" if rows[0].startswith("{") else "part.csv")
    part.write_text("".join(rows), encoding="utf-8")
    done = run(program, "complete", "--schema", schema, "--in", part, "--out", folder / "out")
    expect(done.returncode == 0 and "expected" not in done.stderr, f"complete {table.name} with its schema", done)
    with open(folder / "out/part.csv", newline="", encoding="utf-8") as handle:
        completed = list(csv.DictReader(handle))
    states = [v for row in completed for k, v in row.items() if k.endswith(".state")]
    expect("observed" in states and "missing:malformed" not in states, f"states of {table.name}", done)


def check_json_lines(program, folder):
    table = folder / "records.jsonl"
    rng = random.Random(1)
    with open(table, "w", encoding="utf-8") as handle:
        for i in range(300):
            record = {"time": f"2026-07-{1 + i // 24:02d}T{i % 24:02d}:00:00Z", "temp (C)": round(rng.gauss(20, 5), 1),
                      "sky": rng.choice(["clear", "cloud"]), "place": {"ignored": True}}
            if i % 5 == 0:
                del record["temp (C)"]
            if i > 100:
                record["地点"] = rng.choice(["北坡", "河边"])
            handle.write(json.dumps(record, ensure_ascii=False) + "\n")
    check_table(program, table, folder)
    done = run(program, "schema", "infer", table, "--json")
    said = json.loads(done.stdout)
    expect(said["rows"] == 300 and {f["name"]: f["kind"] for f in said["fields"]} ==
           {"temp (C)": "number", "sky": "category", "地点": "category"}, "kinds of JSON Lines", done)
    expect(all(f["reasons"] for f in said["fields"]), "a reason for each field", done)


def check_memory(program, folder):
    table = folder / "large.csv.gz"
    rng = random.Random(2)
    with gzip.open(table, "wt", compresslevel=1) as handle:
        handle.write("t,a,b,text\n")
        block = "".join(f"{{}},{rng.random():.3f},{rng.choice('xyz')},{rng.random()} {'word ' * 200}\n" for _ in range(500))
        for i in range(800):
            handle.write(block.format(*range(i * 500, i * 500 + 500)))
    done = run(program, "schema", "infer", table, "--json", memory=MEMORY_MAX)
    expect(done.returncode == 0 and json.loads(done.stdout)["rows"] == 400_000,
           "a table larger than memory allowed", done)


def check_bad_input(program, folder):
    cases = {"empty.csv": b"", "header.csv": b"a,b\n", "binary.csv": b"\x00\x01\x02", "utf16.csv": "a,b\n1,2\n".encode("utf-16"),
             "cut.csv.gz": gzip.compress(b"a,b\n" + b"1,2\n" * 9999)[:60], "broken.jsonl": b'{"a":\n{"b"\n'}
    for name, content in cases.items():
        (folder / name).write_bytes(content)
        done = run(program, "schema", "infer", folder / name)
        lines = done.stderr.strip().splitlines()
        expect(done.returncode == 1 and lines and name in lines[-1] and not done.stdout, f"{name}: one clear line", done)
    done = run(program, "schema", "infer", folder / "no_such_file.csv")
    expect(done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1, "a file that is not there", done)
    (folder / "ragged.csv").write_text("a,b\n1,2\n3\n4,5\n")
    done = run(program, "schema", "infer", folder / "ragged.csv")
    expect(done.returncode == 2 and "ragged.csv:3" in done.stderr and "rows" in done.stdout, "a short row is named", done)


def check_fuse(program, repository, folder):
    table, schema = folder / "reports.csv", repository / "schemas/fire_reports.toml"
    model = repository / "models/scene.swm"
    done = run(program, "fuse", "--example", "1200", "--seed", "3", "--out", table)
    expect(done.returncode == 0 and "SYNTHETIC" in done.stdout, "synthetic records are called so", done)
    fuse = [program, "fuse", "--schema", schema, "--in", table, "--label", "fire", "--scene-model", model]
    done = run(*fuse, "--out", folder / "fused.csv", "--json")
    expect(done.returncode == 0, "fuse", done)
    said = json.loads(done.stdout)
    area = {f["evidence"]: f["auc"] for f in said["figures"]}
    alone = [v for k, v in area.items() if k.endswith("alone, over all records")]
    expect(len(alone) == 3 and area["all"] > max(alone) + 0.02, "three witnesses know more than one", done)
    expect("SYNTHETIC" in said["scene_model_trained_on"], "the encoder says what it was trained on", done)
    with open(folder / "fused.csv", newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    for row in rows:
        expect((row["scene"] == "") == (row["scene.contribution"] == ""), "a missing witness contributes nothing", done)
        expect(0 <= float(row["fire.low"]) <= float(row["fire.p"]) <= float(row["fire.high"]) <= 1, "an interval", done)
    lines = table.read_text(encoding="utf-8").splitlines()
    cells = next(csv.reader([next(line for line in lines[1:] if "swp1:" in line)]))
    cells[3], cells[9] = "swp1:AAAA", "maybe"
    table.write_text("\n".join(lines + [",".join(cells)]) + "\n", encoding="utf-8")
    done = run(*fuse)
    expect(done.returncode == 2 and len(done.stderr.strip().splitlines()) == 2, "a bad scene and answer, a line each", done)
    done = run(program, "fuse", "--schema", schema, "--in", table, "--label", "wind", "--scene-model", model)
    expect(done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1, "a label that is no category", done)


def main():
    program, repository = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        check_json_lines(program, folder)
        check_bad_input(program, folder)
        check_memory(program, folder)
        check_fuse(program, repository, folder)
        data = os.environ.get("SKYWARDEN_DATA")
        tables = sorted(pathlib.Path(data, "completion").rglob("*.csv.gz")) if data else []
        for table in tables:
            check_table(program, table, folder)
        print(f"{len(tables)} reference tables" if tables else "skipped reference tables: SKYWARDEN_DATA is not set")


if __name__ == "__main__":
    main()
