#!/usr/bin/env python3
"""Every subcommand explains itself, with an example, and refuses what it does not know.

usage: check_help.py PROGRAM
"""
import re
import subprocess
import sys


def run(*arguments):
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)


def subcommands(text):
    _, _, listed = text.partition("Subcommands:")
    return re.findall(r"^  ([a-z][a-z-]*)\b", listed, re.MULTILINE)


def problems(program, path=()):
    shown = run(program, *path, "--help")
    name = " ".join(path) or "skywarden"
    if shown.returncode != 0:
        yield f"{name} --help: exit code {shown.returncode}"
    below = subcommands(shown.stdout)
    if path and not below and not re.search(r"example", shown.stdout, re.IGNORECASE):
        yield f"{name} --help: no example"
    if not path and not below:
        yield "no subcommands"
    refused = run(program, *path, "--no-such-option")
    if refused.returncode != 1:
        yield f"{name} --no-such-option: exit code {refused.returncode}, expected 1"
    if not refused.stderr.strip() or refused.stdout.strip():
        yield f"{name} --no-such-option: expected one clear line on stderr and nothing on stdout"
    for subcommand in below:
        yield from problems(program, (*path, subcommand))


def main():
    found = list(problems(sys.argv[1]))
    for problem in found:
        print(problem)
    print(f"{len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
