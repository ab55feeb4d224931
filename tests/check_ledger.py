#!/usr/bin/env python3
"""The ledgers of real nodes: the same on all of them, as their logs say, whatever happens to one.

usage: check_ledger.py PROGRAM SOURCE

1. Five nodes find a fire; `ledger query` gives the same on all of them, and `ledger verify` finds nothing. One node
   is killed with `kill -9`, the others go on; its ledger is taken away, made garbage, cut short, or left as it is, it
   comes back and catches up: the same again. Python's sqlite3 reads the same as `ledger query`.
2. Three nodes agree on values, members come and compact; what `ledger list` says was put was put.
3. A replay leaves a ledger that follows from its own hashes and tells what the report tells; two plays, equal bytes.
4. Files that are no ledgers, wrong options, and SQL that would do something: one line, exit code 1.

Waits end when what is waited for happens, at the latest at a deadline.
"""
import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

from check_fire_cluster import NODES, Trial
from group_processes import DEADLINE_S, Group, run, wait

EVERYTHING = ("SELECT * FROM entry LEFT JOIN payload USING (idx) LEFT JOIN alert USING (idx)",
              "SELECT * FROM reason ORDER BY idx, n", "SELECT * FROM merged ORDER BY idx, node",
              "SELECT * FROM area ORDER BY id", "SELECT * FROM share ORDER BY idx, node", "SELECT * FROM gap")


def lines(program, *words):
    code, out, text = run(program, "ledger", *words)
    assert code == 0 and not text, (words, code, text)
    return [json.loads(line) for line in out.splitlines()]


def all_of(program, ledger):
    return [lines(program, "query", ledger, sql, "--json", "--limit", 100_000) for sql in EVERYTHING]


def as_python_reads(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT * FROM alert ORDER BY idx")
        names = [column[0] for column in rows.description]
        return [dict(zip(names, row)) for row in rows]


def harm(way, path):
    if way == "gone":
        path.unlink()
    elif way == "garbage":
        path.write_bytes(b"\x00garbage\xff" * 3000)
    elif way == "torn":
        database = sqlite3.connect(path)  # what lies beside the file moves into it
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    for beside in ("-wal", "-shm"):
        if way != "left" and (other := path.with_name(path.name + beside)).exists():
            other.unlink()


def all_have(trial, alerts):
    states = trial.states()
    return len(states) == len(NODES) and all(
        state["alerts"] == alerts and state["ledger"] == state["applied"] and not state["ledger_behind"]
        for state in states)


def fires(program, folder, incident):
    trial = Trial(program, folder)
    try:
        processes = trial.start("--as-of", "2017-10-09T10:20:00Z")
        wait(trial.leader)
        trial.ask("observe", incident / "hotspots_reconstructed.csv")
        first = wait(trial.alerts)
        data = {node: folder / f"node-{node}" for node in NODES}
        wait(lambda: all_have(trial, 1))
        listed = [lines(program, "list", data[node], "--kind", "alert,update", "--json") for node in (1, 4)]
        assert listed[0] == listed[1] and len(listed[0]) == 1, listed
        told = listed[0][0]
        assert (told["identifier"], told["idx"], told["term"]) == (first[0]["identifier"], first[0]["log_index"],
                                                                   first[0]["log_term"]), (told, first)
        assert lines(program, "list", data[2], "--bbox", "38,-123,39,-122", "--latest", "--json") == listed[0]
        assert lines(program, "list", data[2], "--bbox", "39.5,-123,40,-122", "--json") == []

        killed = next(node for node in NODES if node != wait(trial.leader))
        running = processes[killed]
        subprocess.run(["kill", "-9", str(running)], check=True, timeout=DEADLINE_S)
        asks = next(node for node in NODES if node != killed)
        trial.ask("observe", incident / "hotspots_observed.csv", of=asks)
        wait(lambda: len(trial.alerts(of=asks)) >= 2)
        for way in ("left", "gone", "garbage", "torn"):
            harm(way, data[killed] / "ledger.sqlite")
            trial.restart(killed)
            wait(lambda: all_have(trial, 2))
            process = trial.again.pop(killed)
            process.kill()
            process.wait(DEADLINE_S)
            aside = data[killed] / "ledger.sqlite.damaged"
            assert aside.exists() == (way in ("garbage", "torn")), way
            if aside.exists():
                aside.unlink()
            code, out, text = run(program, "ledger", "verify", data[killed], data[killed])
            assert code == 0 and "; 0 differences" in out, (way, code, out, text)
        trial.restart(killed)
        wait(lambda: len(states := trial.states()) == 5 and len({state["ledger"] for state in states}) == 1
             and all(state["ledger"] == state["last"] for state in states))
        trial.end()
        whole = all_of(program, data[1])
        for node in NODES:
            assert all_of(program, data[node]) == whole, f"the ledger of node {node} is another"
            code, out, _ = run(program, "ledger", "verify", data[node], data[node])
            assert code == 0 and "; 0 differences" in out, (node, out)
        rows = as_python_reads(data[1] / "ledger.sqlite")
        assert lines(program, "query", data[1], "SELECT * FROM alert ORDER BY idx", "--json") == rows, rows
        assert len(rows) == 2 and rows[1]["event"] == rows[0]["event"], rows
        code, out, _ = run(program, "ledger", "verify", data[1], data[2])
        assert code == 1, out  # another node's log
        return data[1]
    finally:
        trial.end()


def values(program, folder):
    group = Group(program, folder, 3, extra="compact_bytes = 4096\n")
    try:
        group.start_all()
        for i in range(30):
            group.ask("put", f"name-{i % 4}", f"value {i} " + "x" * 300)
        wait(lambda: len(states := group.states()) == 3
             and all(state["snapshots"] > 0 and state["ledger"] == state["applied"] for state in states.values()))
        found = [lines(program, "list", folder / f"node-{node}", "--name", "name-2", "--json") for node in (1, 3)]
        assert found[0] == found[1] and [row["value"].split()[1] for row in found[0]] == ["2", "6", "10", "14", "18",
                                                                                          "22", "26"], found
        group.kill(3)
        (folder / "node-3" / "ledger.sqlite").unlink()  # after its log was compacted: what it can still know
        group.start(3)
        wait(lambda: group.states().get(3, {}).get("ledger") == group.states()[1]["applied"])
        group.end()
        assert "were compacted before it had them" in group.said(3), group.said(3)
        code, out, _ = run(program, "ledger", "verify", folder / "node-3", folder / "node-3")
        assert code == 2 and "; 0 differences" in out, (code, out)
        for node in (1, 2):
            code, out, text = run(program, "ledger", "verify", folder / f"node-{node}", folder / f"node-{node}")
            assert code == 0, (code, out, text)
    finally:
        group.end()


def replays(program, folder, incident):
    for name in ("first", "second"):
        code, _, text = run(program, "replay", incident / "hotspots_observed.csv", "--no-console", "--out", folder / name,
                            timeout=200)
        assert code == 0, text
    ledger = folder / "first" / "ledger.sqlite"
    assert ledger.read_bytes() == (folder / "second" / "ledger.sqlite").read_bytes(), "two plays, two ledgers"
    code, out, _ = run(program, "ledger", "verify", ledger)
    assert code == 0 and "; 0 differences" in out, out
    told = {path.stem for path in (folder / "first" / "alerts").glob("*.xml")}
    assert {row["identifier"] for row in lines(program, "list", ledger, "--kind", "alert,update,cancel", "--json",
                                               "--limit", 100_000)} == told
    assert told


def refused(program, folder, ledger):
    def one_line(*words):
        code, out, text = run(program, "ledger", *words)
        assert code == 1 and not out and text.count("\n") == 1, (words, code, out, text)
        return text

    assert "there is no ledger" in one_line("list", folder / "nowhere")
    garbage = folder / "garbage.sqlite"
    garbage.write_bytes(b"garbage " * 1000)
    assert "not a database" in one_line("list", garbage)
    with sqlite3.connect(folder / "other.sqlite") as database:
        database.execute("CREATE TABLE other (a)")
    assert "not a ledger" in one_line("query", folder / "other.sqlite", "SELECT 1")
    for words in (("--since", "yesterday"), ("--bbox", "1,2,3"), ("--bbox", "0,0,91,0"), ("--kind", "smoke"),
                  ("--severity", "Bad"), ("--event", "xyz")):
        one_line("list", ledger, *words)
    for sql in ("DELETE FROM entry", "PRAGMA user_version", "SELECT 1; SELECT 2", "ATTACH 'x' AS y", "SELECT nothing"):
        one_line("query", ledger, sql)
    one_line("show", ledger, 1_000_000)
    assert lines(program, "show", ledger, 1, "--json")[0]["entry"]["kind"] == "term"
    copy = folder / "copy.sqlite"
    shutil.copy(ledger / "ledger.sqlite", copy)
    with sqlite3.connect(copy) as database:
        database.execute("UPDATE alert SET severity = 'Minor'")
    code, out, _ = run(program, "ledger", "verify", copy)
    assert code == 1 and "alert.severity is 'Minor', its payload says" in out, out


def main():
    program, incident = sys.argv[1], pathlib.Path(sys.argv[2]) / "incidents" / "tubbs_2017"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for part in ("fires", "values", "replays", "refused"):
            (folder / part).mkdir()
        ledger = fires(program, folder / "fires", incident)
        values(program, folder / "values")
        replays(program, folder / "replays", incident)
        refused(program, folder / "refused", ledger)


if __name__ == "__main__":
    main()
