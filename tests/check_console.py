#!/usr/bin/env python3
"""Plays the built-in incident with the real program and lets Chromium use its console.

usage: check_console.py PROGRAM REPOSITORY
Exit code 77 (skipped) while the program has no `replay`.
"""
import pathlib
import queue
import re
import subprocess
import sys
import tempfile
import threading

START_SECONDS_MAX = 60
SKIPPED = 77


def console_address(program):
    """The address it prints; nothing when it ends or stays silent too long."""
    lines = queue.Queue()

    def read():
        for line in program.stdout:
            sys.stdout.write(line)
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=START_SECONDS_MAX)
        except queue.Empty:
            return None
        if line is None:
            return None
        found = re.search(r"http://(?:127\.0\.0\.1|localhost):\d+", line)
        if found:
            return found.group(0)


def main():
    binary, root = sys.argv[1], pathlib.Path(sys.argv[2])
    if subprocess.run([binary, "replay", "--help"], capture_output=True, check=False).returncode != 0:
        print("the program has no replay yet")
        return SKIPPED
    with tempfile.TemporaryDirectory() as out:
        program = subprocess.Popen([binary, "replay", "incidents/tubbs_2017", "--out", out], cwd=root, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            address = console_address(program)
            if address is None:
                print("the program named no address")
                return 1
            return subprocess.run(["node", "test/console.spec.mjs", address], cwd=root / "console", check=False).returncode
        finally:
            program.terminate()
            try:
                program.wait(timeout=20)
            except subprocess.TimeoutExpired:
                program.kill()
                print("the program did not end when asked to")


if __name__ == "__main__":
    sys.exit(main())
