#!/usr/bin/env python3
"""Vote shares that a group of real processes measures and moves: `measured_shares` of a node's configuration.

usage: check_measured_shares.py PROGRAM

1. Two of five nodes are far: shares go to the leader and the two nearest, and everybody lists the same.
   `shares explain` says why of each, in words and as JSON.
2. A heavy node stops: values are still agreed on, and another takes its place.
3. The leader is killed: the next one measures anew; what was agreed is there, and who comes back lists the same.
4. More failures than the group can bear are refused in one line.
"""
import json
import pathlib
import sys
import tempfile

from group_processes import Group, run, wait

NODES, FAR, DELAY_S = 5, (4, 5), 0.03
FULL = 500  # a share of more is a full one


def heavy_of(state):
    return {each["id"] for each in state["members"] if each["share"] > FULL}


def settled(group, condition):
    """The members' lists, once all that answer list the same and the condition holds of it."""
    def look():
        states = group.states()
        lists = {json.dumps(state["members"]) for node, state in states.items() if node not in group.stopped}
        some = next(iter(states.values()), None)
        return some if len(lists) == 1 and some["leader"] and condition(some) else None
    return wait(look)


def check_explained(program, folder, leader):
    code, out, text = run(program, "shares", "explain", "--config", folder / "clients.toml")
    assert code == 0, text
    assert out.count("because") == NODES and "one of the 2f + 1 nearest" in out, out
    assert out.count(f"as node {leader} measured it") == NODES, out
    code, out, text = run(program, "shares", "explain", 4, "--json", "--config", folder / "clients.toml")
    assert code == 0, text
    reason = json.loads(out)
    assert reason["node"] == 4 and reason["measured_by"] == leader, reason
    return reason


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        group = Group(program, folder, NODES, relay=True, extra="measured_shares = 1\n")
        for way in group.relay.delay_s:
            if set(way) & set(FAR):
                group.relay.delay_s[way] = DELAY_S
        try:
            group.start_all()
            group.ask("put", "tower-1", "41 C")
            state = settled(group, lambda s: len(heavy_of(s)) == 3 and s["leader"] in heavy_of(s))
            heavy, leader = heavy_of(state), state["leader"]
            assert leader in FAR or heavy == {1, 2, 3}, state
            reason = check_explained(program, folder, leader)
            assert leader == 4 or reason["distance_ms"] > 1e3 * DELAY_S, reason

            stopped = min(heavy - {leader})
            group.stop(stopped)
            group.ask("put", "tower-2", "42 C")
            state = settled(group, lambda s: len(heavy_of(s) - {stopped}) == 3)
            assert stopped not in heavy_of(state), state
            group.go_on(stopped)

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
