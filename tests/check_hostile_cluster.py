#!/usr/bin/env python3
"""What real nodes refuse: each time one clear line and a count, nothing lost, no other node harmed.

usage: check_hostile_cluster.py PROGRAM CLOCK_SET_BACK

Frames that are noise, oversized, truncated, of another version or kind, or speak for others; frames of a member said
again after it has gone; a real node of another cluster; two real programs with one identity; a disk that is full; a
calendar that is set back (CLOCK_SET_BACK is tests/clock_set_back.cc). A damaged log and another node's:
check_cluster.py.
"""
import os
import pathlib
import resource
import socket
import subprocess
import sys
import tempfile
import time

from group_frames import CONSENSUS, HELLO, REQUEST, cbor, frame, hello
from group_processes import Group, free_ports, wait

FILE_BYTES_MAX = 9 << 20  # more than one segment of a log, less than two


def say(group, node, *parts):
    """Everything the node says until it hangs up, or for two seconds."""
    heard, until = b"", time.monotonic() + 2
    with socket.create_connection(("127.0.0.1", group.ports[node - 1]), timeout=10) as connection:
        connection.settimeout(2)
        try:
            for part in parts:
                connection.sendall(part)
            while time.monotonic() < until and (more := connection.recv(65536)):
                heard += more
        except OSError:
            pass
    return heard


def count(group, node, name):
    return group.states().get(node, {}).get(name, 0)


def lives(group, key, value):
    group.ask("put", key, value)
    assert group.ask("get", key) == value


def counted(group, node, name, act, line):
    """It adds one to the count, and says one line more."""
    before, said = count(group, node, name), group.said(node).count("\n")
    act()
    wait(lambda: count(group, node, name) == before + 1)
    lines = group.said(node).splitlines()[said:]
    assert len(lines) == 1 and line in lines[0], lines


def strange_frames(group):
    for act, name, line in (
            (lambda: say(group, 2, b"GET / HTTP/1.1\r\n\r\n"), "malformed", "a frame of kind 71"),
            (lambda: say(group, 2, frame(REQUEST, b"x")), "malformed", "expected a hello, found a frame of kind 4"),
            (lambda: say(group, 2, bytes([HELLO]) + (600).to_bytes(3, "big")), "malformed",
             "a frame of 600 bytes, at most 512 allowed"),
            (lambda: say(group, 2, hello(version=9)), "refused_hello", "it speaks version 9, this build 1"),
            (lambda: say(group, 2, hello(cluster="desert")), "refused_hello", "it belongs to cluster 'desert'"),
            (lambda: say(group, 2, hello(sender=1, to=3)), "refused_hello", "it looks for node 3, this is node 2"),
            (lambda: say(group, 2, hello(sender=9, to=2)), "refused_hello", "node 9 is not one of the members"),
            (lambda: say(group, 2, hello(sender=2, to=2)), "refused_identity", "two nodes with one identity"),
            (lambda: say(group, 2, hello(sender=1, to=2)), "refused_identity", "node 1 is connected already"),
            (lambda: say(group, 2, hello(), b"\x04\xff\xff\xff"), "malformed",
             "a frame of 16777215 bytes, at most 2097216 allowed"),
            (lambda: say(group, 2, hello(), frame(CONSENSUS, cbor([1, 8, 1, 2, 99]))), "malformed",
             "a frame of kind 2 from a client"),
            (lambda: say(group, 2, hello(), frame(REQUEST, cbor([1, 1, 0])[:-1])), "malformed", ""),
            (lambda: say(group, 2, hello(), frame(REQUEST, cbor([9, 1, 0, b"x"]))), "malformed",
             "it speaks version 9, this build 1"),
            (lambda: say(group, 2, hello(), frame(REQUEST, cbor([1, 1, 200, b"x"]))), "malformed",
             "a request of kind 200")):
        counted(group, 2, name, act, line)
    lives(group, "strange", "frames")


def member_that_lies(group):
    """Without TLS nobody can tell who it is: what it says must still fit."""
    group.kill(1)
    wait(lambda: 1 not in group.states()[2]["connected"])
    as_member = hello(sender=1, to=2)
    for message in (cbor([1, 8, 3, 2, 99]),            # speaks for node 3
                    cbor([1, 8, 1, 3, 99]),            # to node 3
                    cbor([1, 8, 1, 2])[:-1],           # truncated
                    cbor([9, 8, 1, 2, 99]),            # of another version
                    cbor([1, 99, 1, 2, 99]),           # of another kind
                    cbor([1, 2, 1, 2, 1 << 63, 0, 0]),  # of a term beyond all
                    b""):
        before = count(group, 2, "bad_messages")
        say(group, 2, as_member, frame(CONSENSUS, message))
        wait(lambda before=before: count(group, 2, "bad_messages") == before + 1)
    lives(group, "lying", "member")


def replayed(group):
    """Everything that node 1 ever said to another, word by word, from somebody else."""
    heard = {way[1]: [each for each in group.relay.taps.pop(way) if each[0] == CONSENSUS] for way in ((1, 2), (1, 3))}
    to = max(heard, key=lambda node: len(heard[node]))
    assert len(heard[to]) > 20, heard
    before = group.states()
    say(group, to, hello(sender=1, to=to, incarnation=78), *heard[to])
    lives(group, "replayed", "frames")
    after = group.states()
    for node in (2, 3):
        assert after[node]["term"] >= before[node]["term"] and after[node]["committed"] > before[node]["committed"]
    group.start(1)
    wait(lambda: len({state["applied"] for state in group.states().values()}) == 1 and len(group.states()) == 3)


def other_cluster(group):
    """A real node of another cluster that was given the addresses of this one."""
    group.kill(1)
    config = group.config(1, "desert.toml", relayed=True, cluster="desert", data="desert")
    said = group.said(2).count("it belongs to cluster")
    before = count(group, 2, "refused_hello")
    group.start(1, "--first-start", config=config)
    wait(lambda: count(group, 2, "refused_hello") >= before + 3)
    assert group.said(2).count("it belongs to cluster") == said + 1  # it came again and again
    assert group.said(1).count("it refuses: it belongs to cluster 'desert', this is 'forest'") == 2  # nodes 2 and 3
    lives(group, "other", "cluster")
    group.kill(1)
    group.start(1)
    wait(lambda: 1 in group.states())


def one_identity_twice(group):
    """A second program that says it is node 1, with a log of its own."""
    wait(lambda: group.states()[2]["connected"] == [1, 3])
    config = group.config(1, "twin.toml", relayed=True, data="twin")
    config.write_text(config.read_text().replace(f":{group.ports[0]}", f":{free_ports(1)[0]}"))
    said = group.said(2).count("two nodes with one identity")
    twin = subprocess.Popen([group.program, "node", config, "--first-start"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)
    wait(lambda: count(group, 2, "refused_identity") >= 4 and count(group, 3, "refused_identity") >= 2)
    lives(group, "one", "identity")
    twin.terminate()
    heard = twin.communicate(timeout=30)[1].splitlines()
    assert len(heard) == 2 and all("it refuses: node 1 is connected already" in line for line in heard), heard
    assert group.said(2).count("two nodes with one identity") == said + 1  # it came again and again


def full_disk(group):
    """Node 2 may write no file further than a little beyond its first segment."""
    group.kill(2)
    group.start(2, limits=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX // 2, FILE_BYTES_MAX // 2)))
    wait(lambda: 2 in group.states() or group.nodes[2].poll() is not None)
    value = "x" * 60000
    for number in range(100):
        code, _, text = group.run("cluster", "put", "--config", group.folder / "clients.toml", "--patience-s", 30,
                                  f"large-{number}", value)
        if code != 0:  # node 2 led, and took it before its disk said no
            assert "whether it was done cannot be told" in text, text
            break
        if group.nodes[2].poll() is not None:
            break
    assert group.nodes[2].wait(60) == 1
    del group.nodes[2]
    last = group.said(2).splitlines()[-1]
    assert "File too large" in last, last
    lives(group, "full", "disk")
    group.start(2)
    wait(lambda: len({state["applied"] for state in group.states().values()}) == 1 and len(group.states()) == 3)
    assert group.ask("get", "large-0") == value


def calendar_set_back(program, shim, folder):
    group = Group(program, folder, 3)
    flag = folder / "now"
    env = {**os.environ, "LD_PRELOAD": shim, "CLOCK_SET_BACK": str(flag),
           "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def calendar():
        return int(subprocess.run(["date", "+%s"], env=env, capture_output=True, check=True, timeout=10).stdout)

    try:
        for node in (1, 2, 3):
            group.start(node, "--first-start", env=env)
        wait(group.leader)
        lives(group, "before", "noon")
        before, earlier = group.states(), calendar()
        flag.touch()
        assert calendar() < earlier - 3000, "the calendar does not go back"
        until = time.monotonic() + 3
        while time.monotonic() < until:
            lives(group, "after", "noon")
        after = group.states()
        assert all(after[node]["term"] == before[node]["term"] for node in (1, 2, 3)), (before, after)
        victim = group.leader()
        group.kill(victim)
        lives(group, "new", "leader")
        group.start(victim, env=env)
        wait(lambda: len({state["applied"] for state in group.states().values()}) == 1 and len(group.states()) == 3)
        assert group.ask("get", "before") == "noon"
    finally:
        group.end()


def main():
    program, shim = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        (folder / "group").mkdir()
        (folder / "calendar").mkdir()
        group = Group(program, folder / "group", 3, relay=True)
        group.relay.taps.update({(1, 2): [], (1, 3): []})
        try:
            group.start_all()
            wait(group.leader)
            for number in range(20):
                lives(group, f"first-{number}", "value")
            wait(lambda: group.states()[2]["connected"] == [1, 3])
            for part in (strange_frames, member_that_lies, replayed, other_cluster, one_identity_twice, full_disk):
                part(group)
                print(part.__name__, flush=True)
            assert group.ask("get", "first-0") == "value"
        finally:
            group.end()
        for node in (1, 2, 3):
            code, out, text = group.run("log", "verify", folder / "group" / f"node-{node}")
            assert code in (0, 2), (out, text)
        calendar_set_back(program, shim, folder / "calendar")
        print("calendar_set_back", flush=True)


main()
