#!/usr/bin/env python3
"""`skywarden node`, `cluster` and `log`: real processes on loopback, killed, damaged, lied to.

usage: check_cluster.py PROGRAM

1. Three nodes; each is killed in turn with SIGKILL while values are set; what was acknowledged is there at the end, in
   every log, and the logs are sound.
2. A log with one flipped bit, the log of another node, no log, a log in use, a first start where a log is: one line.
3. TLS with certificates for each node, and signed heads; a node with another's certificate, and a client without one,
   are refused.

Waits end when what is waited for happens, at the latest at a deadline.
"""
import pathlib
import signal
import subprocess
import sys
import tempfile

from group_processes import DEADLINE_S, Group, wait


class Check(Group):
    def __init__(self, program, folder):
        super().__init__(program, folder, 3)

    def put(self, key, value):
        self.ask("put", key, value)

    def get(self, key):
        return self.ask("get", key)

    def status(self, node):
        return self.states(2).get(node)


def killed_in_turn(check):
    for node in (1, 2, 3):
        check.start(node, "--first-start")
    number = 0
    for victim in (1, 2, 3):
        for _ in range(5):
            check.put(f"key-{number}", f"value {number}")
            number += 1
        check.kill(victim)
        for _ in range(5):
            check.put(f"key-{number}", f"value {number}")
            number += 1
        check.start(victim)
    for each in range(number):
        assert check.get(f"key-{each}") == f"value {each}"
    assert check.run("cluster", "cas", "--config", check.folder / "node-1.toml", "key-0", "other", "x")[0] == 2
    assert check.run("cluster", "cas", "--config", check.folder / "node-1.toml", "key-0", "value 0", "x")[0] == 0
    assert check.run("cluster", "get", "--config", check.folder / "node-1.toml", "no such")[0] == 2

    def caught_up():
        states = [check.status(node) for node in (1, 2, 3)]
        return all(states) and len({state["applied"] for state in states}) == 1

    wait(caught_up)
    code, out, text = check.run("log", "verify", check.folder / "node-2")  # while it runs
    assert code in (0, 2), text
    for node in (1, 2, 3):
        check.kill(node, signal.SIGTERM)
    heads = set()
    for node in (1, 2, 3):
        code, out, text = check.run("log", "verify", check.folder / f"node-{node}")
        assert code == 0 and out.endswith("sound\n"), (out, text)
        heads.add(next(line for line in out.splitlines() if line.startswith("head")))
        code, out, _ = check.run("log", "show", check.folder / f"node-{node}")
        assert code == 0 and b"value 29".hex() in out, out
    assert len(heads) == 1, heads


def damaged_or_foreign(check):
    def refused(*words):
        code, _, text = check.run("node", *words, timeout=DEADLINE_S)
        assert code == 1 and text.count("\n") == 1, (code, text)
        return text

    log = check.folder / "node-3" / "log-0000000000000001"
    sound = log.read_bytes()
    damaged = bytearray(sound)
    damaged[3 * 512 + 100] ^= 1
    log.write_bytes(damaged)
    assert "has lost its log and must come back under a new id" in refused(check.folder / "node-3.toml")
    code, _, text = check.run("log", "verify", check.folder / "node-3")
    assert code == 1 and "block 3: damaged" in text, text
    log.write_bytes(sound)
    config = check.folder / "foreign.toml"
    config.write_text((check.folder / "node-2.toml").read_text().replace('data = "node-2"', 'data = "node-3"'))
    assert "this is the log of node 3 of cluster forest, not of node 2" in refused(config)
    config.write_text((check.folder / "node-2.toml").read_text().replace('data = "node-2"', 'data = "empty"'))
    assert "there is no log; if this node never ran before" in refused(config)
    assert "there is a log already" in refused(check.folder / "node-2.toml", "--first-start")
    check.start(2)
    wait(lambda: check.status(2))
    assert "another program keeps its log there" in refused(check.folder / "node-2.toml")
    check.kill(2, signal.SIGTERM)
    config.write_text('cluster = "forest"\nnode = 9\n[[member]]\nid = 1\naddress = "127.0.0.1:1"\n')
    assert "node 9 is not one of the members" in refused(config)
    config.write_text('cluster = "forest"\nnode = 1\n[[member]]\nid = 1\naddress = "here"\n')
    assert "key 'address': expected HOST:PORT" in refused(config)


def certificates(folder):
    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=30)

    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *new_key, "-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-subj", "/CN=authority",
            "-days", 2)
    for node in (1, 2, 3):
        extension = folder / "extension"
        extension.write_text(f"subjectAltName=URI:skywarden://forest/{node}\n")
        openssl("req", *new_key, "-keyout", folder / f"{node}.key", "-out", folder / "request", "-subj", f"/CN={node}")
        openssl("x509", "-req", "-in", folder / "request", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
                "-CAcreateserial", "-days", 2, "-extfile", extension, "-out", folder / f"{node}.pem")
        openssl("genpkey", "-algorithm", "ed25519", "-out", folder / f"sign-{node}.key")
        openssl("pkey", "-in", folder / f"sign-{node}.key", "-pubout", "-out", folder / f"sign-{node}.pub")


def with_tls(check):
    certificates(check.folder)

    def config(node, shows, name=None):
        return check.config(
            node, name or f"node-{node}.toml",
            extra=f'signing_key = "sign-{node}.key"\n[tls]\ncertificate = "{shows}.pem"\nkey = "{shows}.key"\n'
                  f'authorities = "ca.pem"\n',
            member_extra=lambda each: f'public_key = "sign-{each}.pub"\n')

    config(1, 1, "clients.toml")
    for node in (1, 2, 3):
        config(node, node)
        check.start(node, "--first-start")
    for number in range(10):
        check.put(f"key-{number}", "value")

    def all_verified():
        states = [check.status(node) for node in (1, 2, 3)]
        return all(states) and all(s["heads_verified"] > 0 for s in states if s["role"] == "follower")

    wait(all_verified)
    assert all(check.status(node)["bad_signatures"] == 0 for node in (1, 2, 3))
    check.kill(3)
    config(3, 2)  # node 2's certificate
    check.start(3)
    wait(lambda: sum(check.status(node)["refused_hello"] for node in (1, 2)) > 0)
    check.put("still", "there")
    check.kill(3)
    plain = check.config(1, "plain.toml")
    code, _, text = check.run("cluster", "get", "--config", plain, "--patience-s", 2, "still")
    assert code == 1 and text.count("\n") == 1, text
    assert check.get("still") == "there"


def main():
    for test in ((killed_in_turn, damaged_or_foreign), (with_tls,)):
        with tempfile.TemporaryDirectory() as folder:
            check = Check(sys.argv[1], pathlib.Path(folder))
            try:
                for part in test:
                    part(check)
            finally:
                check.end()


main()
