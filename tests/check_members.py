#!/usr/bin/env python3
"""Members of a running group come and go by signed statements: `cluster admit` and `cluster remove` on real processes.

usage: check_members.py PROGRAM

1. A node joins, gets its share when it has caught up, and everybody lists it. What is not signed by the group's
   admission key, an old admission, and a used id are refused, each with a line and a count.
2. A node that has lost its log says that it must come back under a new id, and does; its old id leaves.
3. All founders are replaced, the leader too; the group is killed as a whole and comes back with members that no
   founder's configuration names; a client that knows one member finds a leader that it does not.
4. Who has left ends by itself, and is refused when it comes again.
5. Two nodes and a witness: it gets a snapshot without values, keeps and is sent a small part of what the others are,
   and with it the group goes on without either of the two.
"""
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from group_frames import put_all
from group_processes import Group, free_ports, wait

FOUNDERS = 3
LARGE_BYTES = (256 << 10) - 100  # of a value; a proposal may have 256 KiB


class Roster:
    def __init__(self, program, folder, founders=FOUNDERS, compact_bytes=20_000):
        self.folder = folder
        for name in ("admit", "other"):
            self.openssl("genpkey", "-algorithm", "ed25519", "-out", folder / f"{name}.key")
            self.openssl("pkey", "-in", folder / f"{name}.key", "-pubout", "-out", folder / f"{name}.pub")
        self.group = Group(program, folder, founders,
                           extra=f'admission_key = "admit.pub"\ncompact_bytes = {compact_bytes}\n')
        self.ports = dict(enumerate(self.group.ports, 1))
        self.put = 0

    @staticmethod
    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=30)

    def cluster(self, *words, config="clients.toml", key="admit.key"):
        return self.group.run("cluster", words[0], "--config", self.folder / config, "--key", self.folder / key,
                              "--patience-s", 30, *words[1:])

    def admit(self, node, *words, config="clients.toml", extra=""):
        self.ports.setdefault(node, free_ports(1)[0])
        code, out, text = self.cluster("admit", *words, node, f"127.0.0.1:{self.ports[node]}", config=config)
        assert code == 0, text
        assert f"node-{node}.toml --first-start" in out, out
        file = self.folder / f"node-{node}.toml"
        file.write_text(extra + file.read_text())
        self.group.start(node, "--first-start")

    def remove(self, node, config="clients.toml"):
        code, _, text = self.cluster("remove", node, config=config)
        assert code == 0, text

    def refused(self, line, *words, key="admit.key"):
        code, _, text = self.cluster(*words, key=key)
        assert code == 1 and line in text and text.count("\n") == 1, (code, text)

    def state(self, node):
        config = self.folder / "one.toml"
        config.write_text(f'cluster = "forest"\nnode = {node}\nagrees_on = "values"\n[[member]]\nid = {node}\n'
                          f'address = "127.0.0.1:{self.ports[node]}"\n')
        _, out, _ = self.group.run("cluster", "status", "--config", config, "--patience-s", 1)
        return json.loads(out) if out else None

    def settled(self, expected, away=()):
        """Every node that is not away lists these shares, and has applied the same."""
        def is_so():
            states = [self.state(node) for node in expected if node not in away]
            return (all(states) and len({state["applied"] for state in states}) == 1
                    and all({each["id"]: each["share"] for each in state["members"]} == expected for state in states))

        wait(is_so)

    def values(self, count=5):
        for _ in range(count):
            self.group.ask("put", f"key-{self.put}", f"value {self.put} " + "x" * 500)
            self.put += 1
        for number in range(0, self.put, 7):
            assert self.group.ask("get", f"key-{number}").startswith(f"value {number} ")


def joins(roster):
    group = roster.group
    group.start_all()
    wait(group.leader)
    roster.values(60)  # several snapshots
    roster.refused("not signed by the group's admission key", "admit", 4, "127.0.0.1:7104", key="other.key")
    roster.refused("not signed by the group's admission key", "remove", 3, key="other.key")
    roster.refused("id 2 is used up", "admit", 2, "127.0.0.1:7104")
    leader = group.leader()
    assert roster.state(leader)["refused_changes"] == 3
    assert group.said(leader).count("refused: ") == 3
    roster.admit(4)
    roster.settled({1: 1, 2: 1, 3: 1, 4: 1})
    roster.values()
    listed = {member["id"]: member["address"] for member in roster.state(4)["members"]}
    assert listed == {node: f"127.0.0.1:{roster.ports[node]}" for node in (1, 2, 3, 4)}, listed


def loses_its_log(roster):
    group = roster.group
    group.kill(3)
    shutil.rmtree(roster.folder / "node-3")
    code, _, text = group.run("node", roster.folder / "node-3.toml")
    assert code == 1 and "must come back under a new id" in text, text
    roster.values()  # three of four are enough
    roster.admit(5)
    roster.settled({1: 1, 2: 1, 3: 1, 4: 1, 5: 1}, away=(3,))
    roster.remove(3)
    roster.settled({1: 1, 2: 1, 4: 1, 5: 1})


def founders_leave(roster):
    group = roster.group
    first = group.leader() or 1
    for node in sorted((1, 2), key=lambda each: each != first):
        process = group.nodes[node]
        roster.remove(node, config="node-5.toml")
        assert process.wait(60) == 0, node  # it hears of it, and ends by itself
        del group.nodes[node]
        assert f"node {node} has left the group and ends" in group.said(node)
    roster.settled({4: 1, 5: 1})
    roster.admit(6, config="node-5.toml")
    roster.settled({4: 1, 5: 1, 6: 1})
    (roster.folder / "clients.toml").write_text((roster.folder / "one.toml").read_text())  # it names one of them
    roster.values()


def all_come_back(roster):
    group = roster.group
    for node in (4, 5, 6):
        group.kill(node)
    for node in (4, 5, 6):
        group.start(node)  # 4 and 5 were told of 6 by the log alone
    roster.settled({4: 1, 5: 1, 6: 1})
    for victim in (4, 5, 6):  # whoever leads is found by a client that was told of one member
        group.kill(victim)
        if roster.ports[victim] != client_port(roster):
            roster.values(1)
        group.start(victim)
        roster.settled({4: 1, 5: 1, 6: 1})


def client_port(roster):
    return int((roster.folder / "clients.toml").read_text().rsplit(":", 1)[1].strip().strip('"'))


def gone_for_good(roster):
    group = roster.group
    before = {node: roster.state(node)["refused_hello"] for node in (4, 5)}  # whom node 2 knew
    group.start(2)
    wait(lambda: all(roster.state(node)["refused_hello"] > before[node] for node in (4, 5)))
    assert "it refuses: node 2 has left the group" in group.said(2), group.said(2)
    group.kill(2)
    roster.refused("id 2 is used up: ids only rise, the newest is 6", "admit", 2, "127.0.0.1:7104")
    roster.values()
    for node in (4, 5, 6):
        group.kill(node, signal.SIGTERM)
    for node in (4, 5, 6):
        code, out, text = group.run("log", "verify", roster.folder / f"node-{node}")
        assert code == 0, (out, text)


def bytes_in(folder):
    return sum(file.stat().st_blocks * 512 for file in folder.iterdir())


def with_a_witness(roster):
    group, folder = roster.group, roster.folder
    value = bytes(range(256)) * (LARGE_BYTES // 256)
    group.start_all()
    wait(group.leader)
    put_all(roster.ports[group.leader()], [(f"early-{i}", value) for i in range(40)])  # compacted before 3 comes
    roster.refused("witnesses hold 2 of 4, which is half or more", "admit", "--witness", "--share", 2, 3,
                   "127.0.0.1:7103")
    roster.admit(3, "--witness", extra="compact_bytes = 4096\n")
    equal = {1: 1, 2: 1, 3: 1}
    roster.settled(equal)
    before = {node: roster.state(node)["bytes_received"] for node in equal}
    put_all(roster.ports[group.leader()], [(f"late-{i}", value) for i in range(100)])
    roster.settled(equal)
    witness, leader = roster.state(3), group.leader()
    assert witness["role"] == "witness", witness
    assert [each["id"] for each in witness["members"] if each.get("witness")] == [3], witness
    follower = 3 - leader
    sent = {node: roster.state(node)["bytes_received"] - before[node] for node in (3, follower)}
    kept = {node: bytes_in(folder / f"node-{node}") for node in equal}
    assert 100 * sent[3] < sent[follower], sent
    assert 3 * kept[3] < min(kept[1], kept[2]), kept
    code, out, text = group.run("log", "show", folder / "node-3", "--from", 60)
    used = re.search(r"segments .*", out)
    print(f"bytes sent {sent}, kept {kept}; the witness: {used and used[0]}")
    assert code == 0 and " withheld 8 bytes" in out and ", withheld" in out and "proposal" not in out, (out, text)
    for victim in (leader, follower):  # what it has the other one has, too
        group.kill(victim)
        group.ask("put", f"without-{victim}", "yes")
        assert group.ask("get", f"without-{victim}") == "yes"
        group.start(victim)
        roster.settled(equal)
    group.kill(3)
    group.ask("put", "without-3", "yes")
    group.start(3)
    roster.settled(equal)
    for node in equal:
        group.kill(node, signal.SIGTERM)
        code, out, text = group.run("log", "verify", folder / f"node-{node}")
        assert code == 0, (out, text)


def played(roster, parts):
    try:
        for part in parts:
            part(roster)
            print(part.__name__, flush=True)
    finally:
        roster.group.end()


def main():
    with tempfile.TemporaryDirectory() as folder:
        played(Roster(sys.argv[1], pathlib.Path(folder)),
               (joins, loses_its_log, founders_leave, all_come_back, gone_for_good))
    with tempfile.TemporaryDirectory() as folder:
        played(Roster(sys.argv[1], pathlib.Path(folder), founders=2, compact_bytes=8 << 20), (with_a_witness,))


main()
