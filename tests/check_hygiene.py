#!/usr/bin/env python3
"""What no file of the repository may hold or lack.

usage: check_hygiene.py REPOSITORY

No package-registry host names, no paths of one machine, no file too long to read (data apart), licences in place, the
two languages with equal keys.
"""
import json
import pathlib
import re
import subprocess
import sys

LINES_MAX = 1000
# Data, generated pages and lists of packages: long by nature, or not ours to shape.
DATA = re.compile(r"^(incidents|models|console/dist)/|(^|/)testdata/|package-lock\.json$|^LICENSE$|\.(csv|asc|geojson|svg)$")
# Spelt in pieces so that this file does not find itself.
REGISTRIES = ["registry." + "npmjs", "deb." + "debian.org", "pypi." + "org", "pythonhosted." + "org",
              "snapshot." + "debian", "security." + "debian.org", "nodesource." + "com", "registry." + "yarnpkg",
              "proxy." + "golang", "crates." + "io"]
MACHINE_PATHS = re.compile(r"(?<![\w.$}*/:-])/" + r"(?:work|root|home|Users)/[\w.]")


def repository_files(root):
    listed = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z"], capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        names = [name for name in listed.stdout.decode().split("\0") if name]
    else:  # a copy without git
        names = [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
        names = [name for name in names if not re.match(r"^(build[^/]*|out|\.git)/|.*node_modules/", name)]
    return sorted(name for name in names if (root / name).is_file())


def problems_of_text(name, text):
    for number, line in enumerate(text.split("\n"), 1):
        for host in REGISTRIES:
            if host in line:
                yield f"{name}:{number}: names the registry {host}"
        if MACHINE_PATHS.search(line) and not DATA.search(name):
            yield f"{name}:{number}: a path of one machine"
    if text.count("\n") > LINES_MAX and not DATA.search(name):
        yield f"{name}: {text.count(chr(10))} lines, more than {LINES_MAX}"


def problems_of_licences(root):
    if "Apache License" not in (root / "LICENSE").read_text():
        yield "LICENSE: not the Apache License"
    packages = json.loads((root / "console/package.json").read_text()).get("dependencies", {})
    third_party = root / "console/THIRD_PARTY.md"
    text = third_party.read_text() if third_party.is_file() else ""
    for package in packages:
        if package not in text:
            yield f"console/THIRD_PARTY.md: says nothing of {package}, which the page contains"


def problems_of_languages(root):
    english, chinese = (json.loads((root / f"console/i18n/{code}.json").read_text()) for code in ("en", "zh"))
    for key in sorted(english.keys() ^ chinese.keys()):
        yield f"console/i18n: '{key}' is in one language only"
    for key in sorted(english.keys() & chinese.keys()):
        places = [sorted(re.findall(r"\{\w+\}", language[key])) for language in (english, chinese)]
        if places[0] != places[1]:
            yield f"console/i18n: '{key}' has other placeholders in Chinese"


def main():
    root = pathlib.Path(sys.argv[1])
    names = repository_files(root)
    problems = []
    for name in names:
        try:
            problems += problems_of_text(name, (root / name).read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue  # an image
    problems += problems_of_licences(root)
    problems += problems_of_languages(root)
    for problem in problems:
        print(problem)
    print(f"{len(names)} files, {len(problems)} problems")
    return 1 if problems or not names else 0


if __name__ == "__main__":
    sys.exit(main())
