#!/usr/bin/env python3
"""`skywarden serve --keep` and `skywarden kept`: records are on the disk after the program was killed.

usage: check_kept.py PROGRAM FOLDER_OF_THE_REPOSITORY

1. Records are sent, the service is killed with SIGKILL once metrics say that they are durable, and `kept` writes the
   same numbers back.
2. The service begins again in the same folder and counts on; a second program is refused the folder.
3. A folder without the schema of records that wait is refused in one line.
"""
import csv
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

DEADLINE_S = 50
FIRST, SECOND = 700, 30


def fail(why):
    sys.exit(f"check_kept.py: {why}")


class Service:
    def __init__(self, program, repository, folder, schema="prsa"):
        self.process = subprocess.Popen([program, "serve", "--port", "0", "--schema", schema, "--models", str(folder) +
                                         "-no-models", "--keep", str(folder)], cwd=repository, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.url = None
        for line in self.process.stdout:
            if found := re.match(r"serving at (http://\S+?)/v1/models", line):
                self.url = found.group(1)
                break

    def send(self, first, count):
        records = [{"station": "Dongsi", "year": 2015, "month": 3, "day": 1 + i // 24, "hour": i % 24, "TEMP": i % 30,
                    "PM2.5": i, "RAIN": 0 if i % 3 else None} for i in range(first, first + count)]
        for at in range(0, count, 100):
            body = json.dumps({"schema": "prsa", "records": records[at:at + 100], "deadline_ms": 50000})
            request = urllib.request.Request(self.url + "/v1/complete", body.encode(), method="POST")
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                if answer.status != 200:
                    fail(f"status {answer.status}")

    def metric(self, name):
        with urllib.request.urlopen(self.url + "/metrics", timeout=DEADLINE_S) as answer:
            found = re.search(rf"^skywarden_{re.escape(name)} (\d+)$", answer.read().decode(), re.M)
        return int(found.group(1)) if found else fail(f"no metric {name}")

    def wait_for(self, name, value):
        until = time.monotonic() + DEADLINE_S
        while self.metric(name) != value:
            if time.monotonic() > until:
                fail(f"{name} is {self.metric(name)}, expected {value}")
            time.sleep(0.02)

    def end(self, how):
        self.process.send_signal(how)
        return self.process.wait(DEADLINE_S)


def kept(program, repository, folder, out):
    ran = subprocess.run([program, "kept", str(folder), "--schema", "prsa", "--out", str(out)], cwd=repository,
                         capture_output=True, text=True, timeout=DEADLINE_S)
    if ran.returncode != 0:
        fail(f"kept: exit code {ran.returncode}: {ran.stderr}")
    with open(out / "Dongsi.csv", newline="") as table:
        return ran.stdout, list(csv.DictReader(table))


def check_rows(rows, count):
    if [float(row["PM2.5"]) for row in rows] != list(range(count)):
        fail("the table is not what was sent")
    for i, row in enumerate(rows):
        if float(row["TEMP"]) != i % 30 or (row["RAIN"] != "") != (i % 3 != 0):
            fail(f"row {i} is not what was sent: {row}")


def main():
    program, repository = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "kept"
        service = Service(program, repository, folder)
        service.send(0, FIRST)
        service.wait_for('kept_records_total{outcome="durable"}', FIRST)
        service.end(signal.SIGKILL)
        said, rows = kept(program, repository, folder, pathlib.Path(temporary) / "first")
        check_rows(rows, FIRST)
        if not said.startswith(f"{FIRST} records, "):
            fail(f"kept says: {said}")

        again = Service(program, repository, folder)
        other = subprocess.run([program, "serve", "--port", "0", "--keep", str(folder)], cwd=repository,
                               capture_output=True, text=True, timeout=DEADLINE_S)
        if other.returncode != 1 or other.stderr.count("\n") != 1:
            fail(f"a second program in the folder: {other.returncode}: {other.stderr}")
        again.send(FIRST, SECOND)
        if again.end(signal.SIGTERM) != 0:
            fail("the service did not end well")
        check_rows(kept(program, repository, folder, pathlib.Path(temporary) / "second")[1], FIRST + SECOND)

        without = subprocess.run([program, "serve", "--port", "0", "--schema", "weather", "--keep", str(folder)],
                                 cwd=repository, capture_output=True, text=True, timeout=DEADLINE_S)
        if without.returncode != 1 or "records of schema 'prsa' wait" not in without.stderr:
            fail(f"without the schema: {without.returncode}: {without.stderr}")


if __name__ == "__main__":
    main()
