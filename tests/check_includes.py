#!/usr/bin/env python3
"""Compares the #include lines of every component with what it declares.

usage: check_includes.py REPOSITORY COMPONENTS
COMPONENTS is written at configuration: a line NAME:USES:TEST_USES for each component, in their order.

Rules: a component includes itself and what it names in USES; its tests also what they name in TEST_USES, and testing.
What comes along through another component does not count: the list says what the code really reads. Programs, fuzzers
and benchmarks may include anything. Every source file belongs to its folder's CMakeLists.txt. x.cc includes x.h before
anything else, which shows that the header compiles alone.
"""
import pathlib
import re
import sys

PEERS = {"onboard", "reasoning", "consensus", "games", "adaptation"}  # side by side: joined in node, never in each other
LEVELS_ABOVE_PEERS = {"node", "sim", "shell", "formats"}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([a-z_0-9]+)/[^"]+"', re.MULTILINE)
ANY_INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^">]+)[">]', re.MULTILINE)
OWN_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"/]+)"', re.MULTILINE)


def read_components(path):
    declared = {}
    for line in pathlib.Path(path).read_text().split("\n"):
        if line:
            name, uses, test_uses = line.split(":")
            declared[name] = (uses.split(), test_uses.split())
    return declared


def is_test(path):
    return path.stem.endswith("_test")


def problems_of_component(source, name, uses, test_uses):
    folder = source / name
    listed = (folder / "CMakeLists.txt").read_text()
    for path in sorted([*folder.rglob("*.h"), *folder.rglob("*.cc")]):
        where = path.relative_to(source.parent)
        allowed = {name, *uses} | ({*test_uses, "testing"} if "test" in path.stem else set())
        text = path.read_text()
        for used in INCLUDE.findall(text):
            if used not in allowed:
                yield f"{where}: includes {used}/, which {name} does not name in USES"
        for header in OWN_INCLUDE.findall(text):
            yield f'{where}: write "{name}/{header}" instead of "{header}"'
        if path.suffix == ".cc" and path.with_suffix(".h").exists():
            header = path.with_suffix(".h").relative_to(source).as_posix()
            if ANY_INCLUDE.findall(text)[:1] != [header]:
                yield f'{where}: "{header}" must be the first include'
        if not re.search(rf"(?<![\w/]){re.escape(path.relative_to(folder).as_posix())}(?!\w)", listed):
            yield f"{where}: not in {name}/CMakeLists.txt"
    if name in PEERS:
        for peer in sorted(PEERS & {*uses, *test_uses} - {name}):
            yield f"{name}: uses its peer {peer}"
    if name not in LEVELS_ABOVE_PEERS and "formats" in uses:
        yield f"{name}: formats is for programs"


def main():
    source = pathlib.Path(sys.argv[1]) / "src"
    declared = read_components(sys.argv[2])
    problems = []
    for folder in sorted(path.name for path in source.iterdir() if path.is_dir()):
        if folder not in declared and folder != "testing":
            problems.append(f"src/{folder}: not a component of src/CMakeLists.txt")
    for name, (uses, test_uses) in declared.items():
        problems += problems_of_component(source, name, uses, test_uses)
    for problem in problems:
        print(problem)
    print(f"{len(declared)} components, {len(problems)} problems")
    return 1 if problems or not declared else 0


if __name__ == "__main__":
    sys.exit(main())
