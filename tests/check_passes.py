#!/usr/bin/env python3
"""usage: check_passes.py PROGRAM

The bytes `skywarden passes` writes do not depend on --threads. The element sets are made up; more than the program
holds in memory at once.
"""
import csv
import pathlib
import subprocess
import sys
import tempfile

SATELLITES = 1100


def elements(folder):
    path = folder / "elements.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["OBJECT_NAME", "OBJECT_ID", "EPOCH", "MEAN_MOTION", "ECCENTRICITY", "INCLINATION",
                       "RA_OF_ASC_NODE", "ARG_OF_PERICENTER", "MEAN_ANOMALY", "EPHEMERIS_TYPE", "CLASSIFICATION_TYPE",
                       "NORAD_CAT_ID", "ELEMENT_SET_NO", "REV_AT_EPOCH", "BSTAR", "MEAN_MOTION_DOT",
                       "MEAN_MOTION_DDOT"])
        for i in range(SATELLITES):
            # Every hundredth decays at once, so that warnings are compared too.
            motion = 17.5 if i % 100 == 50 else (1.0027, 2.006, 12.5, 14.2, 15.3)[i % 5]
            rows.writerow([f"S{i}", "2026-001A", "2026-05-08T00:00:00.000000", motion, 0.001, i * 7 % 180, i * 13 % 360,
                           i * 29 % 360, i * 41 % 360, 0, "U", 10000 + i, 999, 1, 0.0001, 0, 0])
    return path


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        stations = folder / "stations.csv"
        stations.write_text("name,lat_deg,lon_deg,alt_m\nnorth,78.2,15.4,400\nsouth,-33.4,-70.7,500\n", encoding="utf-8")
        answers = [
            subprocess.run([sys.argv[1], "passes", "--elements", elements(folder), "--stations", stations, "--start",
                            "2026-05-08T00:00:00Z", "--hours", "6", "--threads", str(threads)],
                           check=True, capture_output=True)
            for threads in (1, 2, 7)]
    rows = answers[0].stdout.count(b"\n") - 1
    if rows < SATELLITES or b"warning" not in answers[0].stderr:
        print(f"{rows} passes and {answers[0].stderr.decode()!r}: expected more of both")
        return 1
    if any(a.stdout != answers[0].stdout or a.stderr != answers[0].stderr for a in answers):
        print("output depends on the number of threads")
        return 1
    print(f"{rows} passes, the same with 1, 2 and 7 threads")
    return 0


if __name__ == "__main__":
    sys.exit(main())
