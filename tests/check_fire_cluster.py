#!/usr/bin/env python3
"""Five real nodes agree on fires: what README shows by hand, with `kill -9` in the middle.

usage: check_fire_cluster.py PROGRAM SOURCE

1. Observations in, an alert out; the leader is killed, more observations in, the update is agreed by the others; who
   was killed comes back and tells the same. At the end all folders of alerts are equal, file by file, and all logs.
2. A node is down while observations are handed in, and whoever took them is killed too, so that nobody remembers that
   it lacks them: back again it fetches them, no others, and has them on disk.
3. Observations of another time, bad rows, a file that is none: said, and exit code 2 or 1.
4. The folder of a node that agrees on values, a lost journal, a damaged one: one line.

Waits end when what is waited for happens, at the latest at a deadline.
"""
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from group_processes import DEADLINE_S, free_ports_in_a_row, run, wait

NODES = (1, 2, 3, 4, 5)


class Trial:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.started, self.again = None, {}

    def run(self, *words):
        return run(self.program, *words)

    def ask(self, what, *words, of=1):
        return self.run("cluster", what, "--config", self.config(of), "--patience-s", 30, *words)

    def config(self, node):
        return self.folder / f"node-{node}.toml"

    def start(self, *words):
        port = free_ports_in_a_row(len(NODES))
        self.started = subprocess.Popen(
            [self.program, "cluster", "start", "--nodes", "5", "--folder", self.folder, "--port", str(port), *words],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.started.stdout:
            found = re.findall(r"(\d+) \(node (\d)\)", line)
            if found:
                return {int(node): int(process) for process, node in found}
        raise AssertionError("cluster start said nothing")

    def restart(self, node):
        self.again[node] = subprocess.Popen([self.program, "node", self.config(node)], stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL)

    def end(self):
        for process in (*self.again.values(), self.started):
            if process:
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=DEADLINE_S)
        self.again, self.started = {}, None

    def states(self):
        _, out, _ = self.run("cluster", "status", "--config", self.config(1), "--patience-s", 2)
        return [json.loads(line) for line in out.splitlines()]

    def leader(self):
        return next((state["node"] for state in self.states() if state["role"] == "leader"), None)

    def alerts(self, of=1):
        code, out, text = self.ask("alerts", "--json", of=of)
        assert code == 0, text
        return [json.loads(line) for line in out.splitlines()]


def told(folder, node):
    return {path.name: path.read_bytes() for path in (folder / f"node-{node}" / "alerts").iterdir()}


def by_hand(trial, incident):
    processes = trial.start("--as-of", "2017-10-09T10:20:00Z")
    wait(trial.leader)
    code, out, text = trial.ask("observe", incident / "hotspots_reconstructed.csv")
    assert code == 0 and out == "581 taken, 0 known before\n", (out, text)
    first = wait(trial.alerts)
    assert len(first) == 1 and first[0]["kind"] == "alert" and first[0]["status"] == "Exercise", first
    assert first[0]["shares_backing"] >= 3 and first[0]["shares_total"] == 5, first

    leads = wait(trial.leader)
    killed = time.monotonic()
    subprocess.run(["kill", "-9", str(processes[leads])], check=True, timeout=DEADLINE_S)
    lives = next(node for node in NODES if node != leads)
    code, out, text = trial.ask("observe", incident / "hotspots_observed.csv", of=lives)
    assert code == 0 and out == "597 taken, 0 known before\n", (out, text)
    both = wait(lambda: len(alerts := trial.alerts(of=lives)) == 2 and alerts)
    print(f"leader killed to the next message agreed by the others: {time.monotonic() - killed:.1f} s")
    assert both[0] == first[0] and both[1]["kind"] == "update" and both[1]["event"] == first[0]["event"], both
    assert both[1]["shares_backing"] == 4 and leads not in both[1]["merged"], both

    trial.restart(leads)
    wait(lambda: [state["alerts"] for state in trial.states()] == [2] * 5)
    code, out, text = trial.ask("observe", incident / "hotspots_reconstructed.csv", of=leads)
    assert out == "0 taken, 581 known before\n", (out, text)
    trial.end()
    for node in NODES:
        assert told(trial.folder, node) == told(trial.folder, 1), f"node {node} has told otherwise"
    assert sorted(told(trial.folder, 1)) == sorted(f'{alert["identifier"]}.xml' for alert in both)
    assert b"<status>Exercise</status>" in told(trial.folder, 1)[f'{both[1]["identifier"]}.xml']
    heads = set()
    for node in NODES:
        code, out, text = trial.run("log", "verify", trial.folder / f"node-{node}")
        assert code == 0, text
        heads.add(re.search(r"^head.*", out, re.MULTILINE).group())
    assert len(heads) == 1, heads
    return both


def all_again(trial, incident, before):
    """Everybody is started again from disk: nothing is told twice, nothing is lost, files that were taken stay away."""
    for node in NODES:
        (trial.folder / f"node-{node}" / "alerts" / f'{before[0]["identifier"]}.xml').unlink()
    trial.start()  # goes on with the clock of the folder
    assert wait(trial.alerts) == before
    wait(lambda: [state["alerts"] for state in trial.states()] == [2] * 5)
    for node in NODES:
        assert list(told(trial.folder, node)) == [f'{before[1]["identifier"]}.xml'], told(trial.folder, node).keys()
    code, out, _ = trial.ask("observe", incident / "hotspots_simulated.csv")
    assert code == 2 and "268 not seen yet" in out and out.startswith("0 taken"), out
    bad = trial.folder / "bad.csv"
    rows = (incident / "hotspots_reconstructed.csv").read_text().splitlines()  # everybody had them before the kill
    bad.write_text("\n".join([rows[0], rows[1], "91.5" + rows[2][7:], "x"]) + "\n")
    code, out, text = trial.ask("observe", bad)
    assert code == 2 and out == "0 taken, 1 known before; 2 bad rows\n" and text.count("\n") == 2, (out, text)
    assert f"{bad}:3" in text, text
    code, _, text = trial.ask("observe", trial.config(1))
    assert code == 1 and text.count("\n") == 1, text
    code, out, text = trial.ask("put", "name", "value")
    assert code == 1 and "this group agrees on fires, not on values" in text, text
    code, out, _ = trial.ask("alerts", "--geojson")
    assert len(json.loads(out)["features"]) == 2
    trial.end()


def elsewhere(incident, path):
    """The observations again, half a degree further north: another fire."""
    head, *rows = (incident / "hotspots_observed.csv").read_text().splitlines()
    place = head.split(",").index("latitude")
    moved = [row.split(",") for row in rows]
    for row in moved:
        row[place] = f"{float(row[place]) + 0.5:.5f}"
    path.write_text("\n".join([head, *map(",".join, moved)]) + "\n")
    return len(rows)


def away(trial, incident):
    def counts(name):
        return {state["node"]: state[name] for state in trial.states()}

    processes = trial.start()
    wait(trial.leader)
    before = wait(lambda: len(held := counts("held")) == 5 and len(set(held.values())) == 1 and held)
    more = trial.folder / "elsewhere.csv"
    count = elsewhere(incident, more)
    subprocess.run(["kill", "-9", str(processes[5])], check=True, timeout=DEADLINE_S)
    wait(lambda: 5 not in counts("held"))
    code, out, text = trial.ask("observe", more, of=2)
    assert code == 0 and out == f"{count} taken, 0 known before\n", (out, text)
    whole = before[1] + count
    wait(lambda: counts("held") == dict.fromkeys((1, 2, 3, 4), whole))
    took = [state["node"] for state in trial.states() if state["handed_in"] > 0]
    for node in took:
        subprocess.run(["kill", "-9", str(processes[node])], check=True, timeout=DEADLINE_S)
    wait(lambda: not set(took) & counts("held").keys())
    for node in took:
        trial.restart(node)
    back = time.monotonic()
    trial.restart(5)
    wait(lambda: counts("held") == dict.fromkeys(NODES, whole))
    print(f"node 5 started to all {count} fetched that it lacked: {time.monotonic() - back:.1f} s")
    assert counts("fetched")[5] == count and counts("missing") == dict.fromkeys(NODES, 0), trial.states()
    trial.end()
    trial.restart(5)  # alone with its disk
    wait(lambda: counts("held") == {5: whole})
    code, out, text = trial.ask("observe", more, of=5)
    assert code == 0 and out == f"0 taken, {count} known before\n", (out, text)
    assert counts("fetched") == {5: 0}
    trial.end()


def damaged_or_foreign(trial):
    def refused(config):
        code, _, text = trial.run("node", config)
        assert code == 1 and text.count("\n") == 1, (code, text)
        return text

    other = trial.folder / "other.toml"
    other.write_text(trial.config(1).read_text().replace('"fires"', '"values"'))
    assert "this is the folder of a node that agrees on fires" in refused(other)
    other.write_text(trial.config(1).read_text().replace('data = "node-1"', 'data = "node-2"'))
    assert "this is the log of node 2 of cluster trial, not of node 1" in refused(other)
    for key in ('joins = true', 'admission_key = "admit.pub"'):
        other.write_text(key + "\n" + trial.config(1).read_text())
        assert "members come and go only where agrees_on" in refused(other)
    code, _, text = trial.run("cluster", "start", "--folder", trial.folder, "--admission-key", trial.config(1))
    assert code == 1 and text.count("\n") == 1 and "members come and go only with --values" in text, text
    other.write_text(trial.config(1).read_text().replace('"fires"', '"smoke"'))
    assert "key 'agrees_on': expected one of fires, values" in refused(other)
    code, out, _ = trial.run("config", "check", trial.config(1))
    assert code == 0 and "agrees on fires, its clock" in out, out
    journal = trial.folder / "node-3" / "observations-0000000000000001"
    sound = journal.read_bytes()
    journal.unlink()
    assert "there is a log and no journal of observations" in refused(trial.config(3))
    for path in (trial.folder / "node-3").glob("observations-*"):
        path.unlink()
    damaged = bytearray(sound)
    damaged[2 * 512 + 100] ^= 1
    journal.write_bytes(damaged)
    process = subprocess.Popen([trial.program, "node", trial.config(3)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    said = process.stdout.readline()  # it goes on
    wait(lambda: [state["node"] for state in trial.states()] == [3])
    process.send_signal(signal.SIGTERM)
    _, text = process.communicate(timeout=DEADLINE_S)
    assert said.startswith("node 3 of trial listens") and process.returncode == 0, (said, text)
    assert "observations-0000000000000001: block 2: damaged" in text and "it is set aside" in text, text


def main():
    incident = pathlib.Path(sys.argv[2]) / "incidents" / "tubbs_2017"
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(sys.argv[1], pathlib.Path(folder))
        try:
            before = by_hand(trial, incident)
            all_again(trial, incident, before)
            away(trial, incident)
            damaged_or_foreign(trial)
        finally:
            trial.end()


if __name__ == "__main__":
    main()
