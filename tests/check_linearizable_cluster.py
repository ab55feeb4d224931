#!/usr/bin/env python3
"""Clients of real nodes with logs on disk, while nodes are killed, stopped and cut off: linearizable or not.

usage: check_linearizable_cluster.py PROGRAM [--seconds S] [--seed N] [--nodes N] [--clients N] [--keep FOLDER]

1. Five nodes whose connections go through a relay. For S seconds (default 28) faults of every kind come and go:
   SIGKILL and restart of one, of a majority, of all; SIGSTOP, also of a leader for so long that it is replaced and
   wakes believing that it leads; links held, dropped frame by frame, refused, one way or both, around one node or
   between two halves; slow links. `cluster record` writes down what clients see, `lab linearizable` judges it. Logs
   are compacted often, so that who was away gets snapshots. In the end all agree and all logs are sound.
2. It can fail: a node that was told it is alone answers beside two others (a split brain made by hand), and a read
   that an old copy would have answered. Both must be noticed.

Prints a line of JSON.
"""
import argparse
import collections
import json
import pathlib
import random
import re
import signal
import subprocess
import tempfile
import time

from group_processes import Group, wait

QUIET_S = (0.3, 1.2)
SHORT_S = (0.2, 1.5)
LONG_S = (3.0, 6.0)  # a leader is replaced meanwhile
LAST_S = 4  # without faults, for the clients' last operations


class Nemesis:
    def __init__(self, group, seed):
        self.group, self.random = group, random.Random(seed)
        self.counts = collections.Counter()
        self.kinds = [self.kill, self.kill_majority, self.kill_all, self.stop, self.stop_long, self.isolate, self.halves,
                      self.one_way, self.slow, self.cut_and_kill]

    def all(self):
        return list(range(1, self.group.count + 1))

    def victim(self):
        leader = self.group.leader() if self.random.random() < 0.7 else None
        return leader or self.random.choice(self.all())

    def mode(self):
        return self.random.choice(["hold", "drop", "refuse"])

    def rest(self, how=SHORT_S):
        time.sleep(self.random.uniform(*how))

    def kill(self, victims=None):
        victims = victims or [self.victim()]
        for node in victims:
            self.group.kill(node)
        self.rest()
        for node in victims:
            self.group.start(node)

    def kill_majority(self):
        self.kill(self.random.sample(self.all(), self.group.count // 2 + 1))

    def kill_all(self):
        self.kill(self.all())

    def stop(self, how=SHORT_S):
        node = self.victim()
        self.group.stop(node)
        self.rest(how)
        self.group.go_on(node)

    def stop_long(self):
        self.stop(LONG_S)

    def cut(self, ways, mode, how=SHORT_S):
        self.group.relay.set(ways, mode)
        self.rest(how)
        self.group.relay.set(ways, "pass")

    def isolate(self):
        node = self.victim()
        others = [each for each in self.all() if each != node]
        self.cut([(node, each) for each in others] + [(each, node) for each in others], self.mode(), (1.0, 4.0))

    def one_way(self):
        node = self.victim()
        others = [each for each in self.all() if each != node]
        ways = [(node, each) for each in others]
        if self.random.random() < 0.5:
            ways = [(b, a) for a, b in ways]
        self.cut(ways, self.random.choice(["hold", "drop"]), (1.0, 4.0))

    def halves(self):
        nodes = self.all()
        self.random.shuffle(nodes)
        few, many = nodes[:self.group.count // 2], nodes[self.group.count // 2:]
        self.cut([way for a in few for b in many for way in ((a, b), (b, a))], self.mode(), (1.0, 4.0))

    def slow(self):
        ways = [way for way in self.group.relay.modes if self.random.random() < 0.5]
        for way in ways:
            self.group.relay.delay_s[way] = self.random.uniform(0.005, 0.08)
        self.rest((1.0, 3.0))
        for way in ways:
            self.group.relay.delay_s[way] = 0.0

    def cut_and_kill(self):
        node = self.victim()
        others = [each for each in self.all() if each != node]
        ways = [(node, each) for each in others] + [(each, node) for each in others]
        mode = self.mode()
        self.group.relay.set(ways, mode)
        self.rest()
        self.kill([self.random.choice(others)])
        self.group.relay.set(ways, "pass")

    def run(self, seconds):
        until = time.monotonic() + seconds
        kinds = []
        while time.monotonic() < until:
            if not kinds:  # each of them once, then again
                kinds = self.random.sample(self.kinds, len(self.kinds))
            fault = kinds.pop()
            fault()
            self.counts[fault.__name__] += 1
            for node, process in self.group.nodes.items():
                assert process.poll() is None, f"node {node} has ended by itself:\n{self.group.said(node)}"
            self.rest(QUIET_S)


def record(group, folder, seconds, seed, clients):
    words = ["cluster", "record", "--config", group.folder / "clients.toml", "--folder", folder, "--seconds", seconds,
             "--seed", seed, "--clients", clients]
    return subprocess.Popen([group.program, *map(str, words)], stdout=subprocess.PIPE, text=True)


def judge(program, folder):
    files = sorted(str(path) for path in pathlib.Path(folder).glob("key-*.txt"))
    done = subprocess.run([program, "lab", "linearizable", *files], capture_output=True, text=True, timeout=600,
                          check=False)
    return done.returncode, done.stdout + done.stderr


def amid_faults(arguments, folder):
    group = Group(arguments.program, folder, arguments.nodes, relay=True, extra="compact_bytes = 40000\n")
    try:
        group.start_all()
        wait(group.leader)
        histories = folder / "histories"
        recorder = record(group, histories, arguments.seconds + LAST_S, arguments.seed, arguments.clients)
        nemesis = Nemesis(group, arguments.seed)
        nemesis.run(arguments.seconds)
        counts = json.loads(recorder.communicate(timeout=120)[0])
        assert recorder.returncode == 0
        code, text = judge(arguments.program, histories)
        assert code == 0, text
        assert counts["answered"] > arguments.seconds, counts
        group.ask("put", "after", "all")

        def caught_up():
            states = group.states(3)
            return len(states) == group.count and len({state["applied"] for state in states.values()}) == 1

        wait(caught_up)
        snapshots = sum(state["snapshots"] for state in group.states(3).values())
        for node in list(group.nodes):
            group.kill(node, signal.SIGTERM)
        heads = set()
        for node in range(1, group.count + 1):
            code, out, text = group.run("log", "verify", folder / f"node-{node}")
            assert code == 0, (out, text)
            heads.add(next(line for line in out.splitlines() if line.startswith("head")))
        assert len(heads) == 1, heads
        return {"seed": arguments.seed, **counts, "faults": sum(nemesis.counts.values()), **nemesis.counts,
                "snapshots_since_last_start": snapshots}
    finally:
        group.end()


def notices_a_split_brain(arguments, folder):
    group = Group(arguments.program, folder, 3)
    try:
        group.config(1, "node-1.toml", members=(1, 2))
        group.config(2, "node-2.toml", members=(1, 2))
        group.config(3, "node-3.toml", members=(3,))
        group.start_all()
        wait(lambda: len([state for state in group.states().values() if state["role"] == "leader"]) == 2)
        histories = folder / "histories"
        assert record(group, histories, 2, arguments.seed, 4).wait(60) == 0
        code, text = judge(arguments.program, histories)
        assert code == 1 and "not linearizable" in text, text
    finally:
        group.end()


def notices_an_old_read(arguments, histories, folder):
    """A read that found what had been replaced before it was asked, as a copy that is behind would answer."""
    path = sorted(histories.glob("key-*.txt"))[0]
    lines = path.read_text().splitlines()
    writes = [(at, line) for at, line in enumerate(lines) if re.search(r":ok\t:write", line)]
    old = writes[0][1].split("\t")[-1]
    reads = [at for at, line in enumerate(lines) if re.search(r":ok\t:read", line) and at > writes[5][0] + 100]
    at = reads[0]
    lines[at] = "\t".join(lines[at].split("\t")[:-1] + [old])
    folder.mkdir()
    (folder / path.name).write_text("\n".join(lines) + "\n")
    code, text = judge(arguments.program, folder)
    assert code == 1 and "not linearizable" in text, text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seconds", type=float, default=28)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=5)
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--keep", type=pathlib.Path, help="leave everything here, an empty folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or pathlib.Path(temporary)
        for name in ("faults", "split"):
            (folder / name).mkdir(parents=True)
        print(json.dumps(amid_faults(arguments, folder / "faults")), flush=True)
        notices_an_old_read(arguments, folder / "faults" / "histories", folder / "doctored")
        notices_a_split_brain(arguments, folder / "split")


main()
