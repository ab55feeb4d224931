#!/usr/bin/env python3
"""`skywarden doctor` with a dpkg-query that knows everything, only the packages of ./run, or nothing.

usage: check_doctor.py PROGRAM REPOSITORY
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

# Names, one a line, that the stand-in pretends to have; it answers in doctor's format for those it is asked about.
STAND_IN = """#!/bin/sh
for name in "$@"; do
  if grep -qx -- "$name" "$(dirname "$0")/installed"; then echo "installed $name"; fi
done
"""


def packages(root, name):
    lines = (root / "cmake" / name).read_text().split("\n")
    return [words[0] for line in lines if (words := line.split("#")[0].split())]


def run_doctor(program, root, folder, installed):
    (folder / "installed").write_text("\n".join(installed) + "\n")
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    shown = subprocess.run([program, "doctor", "--json"], cwd=root, env=environment, capture_output=True, text=True, check=False)
    return shown.returncode, {check["name"]: check for check in json.loads(shown.stdout)["checks"]}


def main():
    program, root = sys.argv[1], pathlib.Path(sys.argv[2])
    needed, tested = packages(root, "packages-run.txt"), packages(root, "packages-test.txt")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "dpkg-query").write_text(STAND_IN)
        (folder / "dpkg-query").chmod(0o755)

        code, checks = run_doctor(program, root, folder, needed + tested)
        assert code in (0, 2), (code, checks)  # 2 where there is no reference data
        assert checks["packages for ./run"]["state"] == checks["packages for ./test"]["state"] == "ok", checks

        code, checks = run_doctor(program, root, folder, needed)
        assert code == 2, (code, checks)
        assert checks["packages for ./test"]["state"] == "missing for tests", checks
        assert "apt-get install" in checks["packages for ./test"]["mend"] and "doctest-dev" in checks["packages for ./test"]["mend"]

        code, checks = run_doctor(program, root, folder, tested)
        assert code == 1, (code, checks)
        assert all(package in checks["packages for ./run"]["mend"] for package in needed), checks


if __name__ == "__main__":
    main()
