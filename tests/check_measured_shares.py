#!/usr/bin/env python3
"""Vote shares that a group of real processes measures and moves: `measured_shares` of a node's configuration.

usage: check_measured_shares.py PROGRAM

1. Of five nodes one is near the leader: with equal votes a far one is waited for, so shares go to the leader, the
   near one and one more, and everybody lists the same. `shares explain` says why of each, in words and as JSON.
2. The near node stops: values are still agreed on, and another takes its place.
3. The leader is killed: the next one measures anew; what was agreed is there, and who comes back lists the same.
4. More failures than the group can bear are refused in one line.
"""
import json
import pathlib
import sys
import tempfile

from group_processes import Group, run, wait

NODES, DELAY_S = 5, 0.03
FULL = 500  # a share of more is a full one


def heavy_of(state):
    return {each["id"] for each in state["members"] if each["share"] > FULL}


def settled(group, condition):
    """The members' lists, once all that answer list the same and the condition holds of it."""
    def look():
        states = group.states()
        lists = {tuple((each["id"], each["share"]) for each in state["members"])
                 for node, state in states.items() if node not in group.stopped}
        some = next(iter(states.values()), None)
        return some if len(lists) == 1 and some["leader"] and condition(some) else None
    return wait(look)


def check_explained(program, folder, leader, far):
    code, out, text = run(program, "shares", "explain", "--config", folder / "clients.toml")
    assert code == 0, text
    assert out.count("because") == NODES and "one of the 2f + 1 nearest" in out, out
    assert out.count(f"as node {leader} measured it") == NODES, out
    code, out, text = run(program, "shares", "explain", far, "--json", "--config", folder / "clients.toml")
    assert code == 0, text
    reason = json.loads(out)
    assert reason["node"] == far and reason["measured_by"] == leader, reason
    assert reason["distance_ms"] > 1e3 * DELAY_S, reason


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        group = Group(program, folder, NODES, relay=True, extra="measured_shares = 1\n")
        try:
            group.start_all()
            group.ask("put", "tower-1", "41 C")
            leader = wait(group.leader)
            near = leader % NODES + 1
            for way in group.relay.delay_s:
                if set(way) != {leader, near}:
                    group.relay.delay_s[way] = DELAY_S
            state = settled(group, lambda s: len(heavy_of(s)) == 3 and {s["leader"], near} <= heavy_of(s))
            leader = state["leader"]
            check_explained(program, folder, leader, next(node for node in range(1, NODES + 1)
                                                          if node not in (leader, near)))

            group.stop(near)
            group.ask("put", "tower-2", "42 C")
            settled(group, lambda s: len(heavy_of(s) - {near}) == 3 and near not in heavy_of(s))
            group.go_on(near)

            group.kill(leader)
            group.ask("put", "tower-3", "43 C")
            settled(group, lambda s: len(heavy_of(s) - {leader}) == 3 and s["leader"] in heavy_of(s))
            group.start(leader)
            settled(group, lambda s: True)
            for tower, value in (("tower-1", "41 C"), ("tower-2", "42 C"), ("tower-3", "43 C")):
                assert group.ask("get", tower).strip() == value
        finally:
            group.end()

        config = group.config(1, "too-many.toml", extra="measured_shares = 3\n")
        text = config.read_text().replace("measured_shares = 1\n", "", 1)
        config.write_text(text)
        code, _, text = group.run("node", config)
        assert code == 1 and "for 3 failures a group of 7 or more" in text and text.count("\n") == 1, (code, text)
    print("shares follow what is measured, and what was agreed stays")


main(sys.argv[1])
