#!/usr/bin/env python3
"""`skywarden bundle relay`: real nodes on loopback, and what they do when they are killed, lied to or full.

usage: check_relay.py PROGRAM

1. Three nodes in a line, A–B and B–C never open together, links emulated with delay, rate and loss, time 20 times
   faster. A bundle given to A comes to C although B is killed while it has custody; a damaged entry in B's store costs
   one line; what was delivered is not delivered again after C restarts.
2. Two nodes with TLS: delivery, the report of it, and who has no certificate.
3. Sixty bundles through a node that is killed again and again arrive once each.
4. A disk that is full refuses; another node than expected, one that is not in the plan, and a store in use are told in
   one line.

Waits end when what is waited for happens, at the latest at a deadline.
"""
import datetime
import json
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

DEADLINE_S = 50
BUNDLES = 60
PLAN_HEADER = "from,to,start_s,end_s,rate_bps,owlt_s\n"


class Program:
    """One run of the program; what it prints is collected as it comes."""

    def __init__(self, arguments, **options):
        self.process = subprocess.Popen([*map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        **options)
        self.lines, self.complaints = [], []
        self.news = threading.Condition()
        self.readers = [threading.Thread(target=self.collect, args=each, daemon=True)
                        for each in ((self.process.stdout, self.lines), (self.process.stderr, self.complaints))]
        for reader in self.readers:
            reader.start()

    def collect(self, stream, into):
        for line in stream:
            with self.news:
                into.append(line.rstrip("\n"))
                self.news.notify_all()

    def until(self, found, what):
        end = time.monotonic() + DEADLINE_S
        with self.news:
            while True:
                result = found()
                if result:
                    return result
                left = end - time.monotonic()
                assert left > 0 and self.process.poll() is None, f"no {what}: {self.lines} {self.complaints}"
                self.news.wait(min(left, 0.5))

    def events(self, kind):
        parsed = (json.loads(line) for line in self.lines)
        return [event for event in parsed if event["event"] == kind]

    def event(self, kind, count=1):
        return self.until(lambda: self.events(kind)[count - 1:count], kind)[0]

    def complaint(self, text):
        return self.until(lambda: [line for line in self.complaints if text in line], text)

    def end(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(timeout=20)
        for reader in self.readers:
            reader.join(timeout=20)
        return code


class Check:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.running = []

    def start(self, *arguments, **options):
        started = Program([self.program, *arguments], **options)
        self.running.append(started)
        return started

    def relay(self, name, plan, *arguments, **options):
        return self.start("bundle", "relay", "--plan", plan, "--node", name, "--store", self.folder / f"store-{name}",
                          "--deliver", self.folder / f"inbox-{name}", "--json-lines", *arguments, **options)

    def run(self, *arguments):
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, done.stdout, done.stderr

    def fails(self, text, *arguments):
        code, out, err = self.run("bundle", "relay", *arguments)
        assert code == 1 and not out and err.count("\n") == 1 and text in err, (code, out, err)

    def encode(self, name, destination, *arguments):
        payload = self.folder / f"{name}.payload"
        path = self.folder / f"{name}.bundle"
        code, _, err = self.run("bundle", "encode", "--source", "dtn://A/sensor", "--destination", destination, "--payload",
                                payload, "--out", path, *arguments)
        assert code == 0, err
        return path

    def send(self, port, *arguments):
        code, out, err = self.run("bundle", "send", "--port", port, *arguments)
        return code, json.loads(out)["fate"] if out else "", out + err

    def payload_of(self, path):
        code, out, err = self.run("bundle", "decode", path)
        assert code == 0, err
        return bytes.fromhex(json.loads(out)["blocks"][-1]["data"])

    def plan(self, name, rows):
        path = self.folder / name
        path.write_text(PLAN_HEADER + "".join(row + "\n" for row in rows))
        return path


def both_ways(a, b, start, end):
    return [f"{a},{b},{start},{end},1000000,0.5", f"{b},{a},{start},{end},1000000,0.5"]


def free_port():
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return each.getsockname()[1]


def line_of_three(check):
    plan = check.plan("line.csv", both_ways("A", "B", 20, 240) + both_ways("B", "C", 300, 800))
    began = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    clock = ["--begin-at", began, "--speed", 20]
    ports = {name: free_port() for name in "ABC"}
    emulator = check.start("emulate", "--plan", plan, *clock, "--loss", "0.05", "--seed", 3, *(
        word for pair in ("AB", "BA", "BC", "CB")
        for word in ("--link", f"{pair[0]},{pair[1]},tcp,0,{ports[pair[1]]}")))
    ready = json.loads(emulator.until(lambda: emulator.lines[:1], "ready line")[0])
    links = {each["from"] + each["to"]: each["listen"] for each in ready["ports"]}
    nodes = {}

    def begin(name):
        peers = [word for pair, port in links.items() if pair[0] == name
                 for word in ("--peer", f"{pair[1]}=127.0.0.1:{port}")]
        nodes[name] = check.relay(name, plan, "--listen", ports[name], *clock, *peers)
        return nodes[name].event("ready")

    for name in "ABC":
        begin(name)
    payload = bytes(i * i % 251 for i in range(100_000))
    (check.folder / "alert.payload").write_bytes(payload)
    alert = check.encode("alert", "dtn://C/inbox", "--criticality", "important", "--hop-limit", 9)
    assert check.send(ports["A"], "--node", "dtn://sensor/", alert)[:2] == (0, "delivered")
    assert nodes["A"].event("kept")["bytes"] == alert.stat().st_size

    # B has acknowledged, and is killed; beside its entry lies a damaged one.
    sent = nodes["A"].event("sent")
    assert sent["peer"] == "B" and 20 <= sent["t_s"] <= 240, sent
    nodes["B"].end(signal.SIGKILL)
    assert not nodes["B"].events("sent")
    [entry] = (check.folder / "store-B").glob("*.kept")
    damaged = entry.with_name("00000000000000ff.kept")
    damaged.write_bytes(entry.read_bytes()[:-40] + bytes(40))
    assert begin("B")["in_custody"] == 1
    [line] = nodes["B"].complaint("00000000000000ff.kept")
    assert "set aside" in line, line

    delivered = nodes["C"].event("delivered")
    assert delivered["t_s"] >= 300 and nodes["B"].event("sent")["peer"] == "C"
    assert check.payload_of(delivered["file"]) == payload
    blocks = json.loads(check.run("bundle", "decode", delivered["file"])[1])["blocks"]
    assert {"hop_count", "previous_node", "criticality"} <= {block["name"] for block in blocks}, blocks
    nodes["B"].until(lambda: not list((check.folder / "store-B").glob("*.kept")), "empty store")

    # Delivered once: also when the file was taken away and the node was killed meanwhile.
    assert check.send(ports["C"], alert)[1] == "refused"
    pathlib.Path(delivered["file"]).unlink()
    nodes["C"].end(signal.SIGKILL)
    begin("C")
    code, fate, text = check.send(ports["C"], alert)
    assert code == 0 and fate == "refused" and "completed" in text, text
    assert not list((check.folder / "inbox-C").iterdir())
    check.fails("another program keeps bundles there", "--plan", plan, "--node", "C", "--store", check.folder / "store-C",
                "--deliver", check.folder / "inbox-C", "--listen", 0)
    for node in nodes.values():
        assert node.end() == 0, node.complaints
    assert emulator.end() == 0
    carried = {each["from"] + each["to"]: each["bytes"] for each in map(json.loads, emulator.lines[1:])}
    assert carried["AB"] > len(payload) and carried["BC"] > len(payload), carried


def certificates(folder):
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
            folder / "ca.key", "-out", folder / "ca.pem", "-subj", "/CN=authority", "-days", 2)
    for name in "AB":
        extension = folder / f"{name}.ext"
        extension.write_text(f"subjectAltName=otherName:1.3.6.1.5.5.7.8.11;IA5STRING:dtn://{name}/\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                folder / f"{name}.key", "-out", folder / f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
                "-CAcreateserial", "-days", 2, "-extfile", extension, "-out", folder / f"{name}.pem")


def two_with_tls(check):
    certificates(check.folder)
    plan = check.plan("pair.csv", both_ways("A", "B", 0, 100_000))
    ports = {name: free_port() for name in "AB"}

    def tls(name):
        return ["--tls-certificate", check.folder / f"{name}.pem", "--tls-key", check.folder / f"{name}.key",
                "--tls-authorities", check.folder / "ca.pem"]

    nodes = {name: check.relay(name, plan, "--listen", ports[name], "--peer", f"{other}=127.0.0.1:{ports[other]}",
                               *tls(name)) for name, other in ("AB", "BA")}
    up = nodes["A"].event("peer_up")
    assert up["authenticated"] and up["node_id"] == "dtn://B/", up
    (check.folder / "secret.payload").write_bytes(bytes(range(256)) * 40)
    bundle = check.encode("secret", "dtn://B/inbox", "--report", "delivery", "--report-to", "dtn://A/reports")
    code, _, text = check.send(ports["A"], bundle)
    assert code == 1 and "contact failure" in text, text
    assert check.send(ports["A"], "--node", "dtn://B/", *tls("A"), bundle)[0] == 1  # another's name
    assert check.send(ports["A"], "--node", "dtn://A/", *tls("A"), bundle)[:2] == (0, "delivered")
    delivered = nodes["B"].event("delivered")
    assert check.payload_of(delivered["file"]) == bytes(range(256)) * 40
    report = nodes["A"].event("delivered")
    decoded = json.loads(check.run("bundle", "decode", report["file"])[1])
    assert decoded["primary"]["source"] == "dtn://B/", decoded
    for node in nodes.values():
        assert node.end() == 0 and not node.events("unanswered"), node.complaints


def killed_again_and_again(check):
    plan = check.plan("often.csv", [f"{pair},0,100000,16000,0.01" for pair in ("F,G", "G,F", "G,H", "H,G")])
    ports = {name: free_port() for name in "FGH"}
    began = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def begin(name):
        peers = (f"{other}=127.0.0.1:{port}" for other, port in ports.items() if abs(ord(other) - ord(name)) == 1)
        node = check.relay(name, plan, "--listen", ports[name], "--begin-at", began, "--speed", 20,
                           *(word for peer in peers for word in ("--peer", peer)))
        node.event("ready")
        return node

    first, middle, last = begin("F"), begin("G"), begin("H")
    bundles = []
    for i in range(BUNDLES):
        (check.folder / f"n{i}.payload").write_bytes(bytes([i]) * 2000)
        bundles.append(check.encode(f"n{i}", "dtn://H/inbox", "--sequence", i))
    assert check.run("bundle", "send", "--port", ports["F"], *bundles)[0] == 0
    kills = 0
    while len(last.events("delivered")) < BUNDLES - 10:
        middle.until(lambda: len(middle.events("kept")) >= 5 or len(last.events("delivered")) == BUNDLES, "5 bundles kept")
        middle.end(signal.SIGKILL)
        kills += 1
        middle = begin("G")
    last.event("delivered", BUNDLES)
    first.until(lambda: not list((check.folder / "store-F").glob("*.kept")), "empty store")
    middle.until(lambda: not list((check.folder / "store-G").glob("*.kept")), "empty store")
    payloads = [check.payload_of(event["file"]) for event in last.events("delivered")]
    assert sorted(payloads) == [bytes([i]) * 2000 for i in range(BUNDLES)], len(payloads)
    for node in (first, middle, last):
        assert node.end() == 0, node.complaints
    return kills


def what_goes_wrong(check):
    plan = check.plan("other.csv", both_ways("A", "B", 0, 100_000) + both_ways("D", "E", 0, 100_000))
    folders = ["--store", check.folder / "store-D", "--deliver", check.folder / "inbox-D"]
    check.fails("--node: node 'Z' is not in the plan", "--plan", plan, "--node", "Z", *folders)
    check.fails("--peer: node 'Z' is not in the plan", "--plan", plan, "--node", "D", *folders, "--peer", "Z=127.0.0.1:1")
    check.fails("expected NAME=HOST:PORT, found 'E=1'", "--plan", plan, "--node", "D", *folders, "--peer", "E=1")
    check.fails("TLS needs", "--plan", plan, "--node", "D", *folders, "--tls-key", "no.pem")

    # Who answers for E is D itself; its files may have 3,000 bytes.
    port = free_port()
    small = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))}
    node = check.relay("D", plan, "--listen", port, "--peer", f"E=127.0.0.1:{port}", **small)
    node.event("ready")
    [line] = node.complaint("expected dtn://E/")
    assert "the peer is 'dtn://D/'" in line, line
    for size, (name, fate) in zip((5000, 100), (("large", "refused"), ("small", "delivered"))):
        (check.folder / f"{name}.payload").write_bytes(bytes(size))
        assert check.send(port, check.encode(name, "dtn://E/inbox"))[1] == fate, (name, node.complaints)
    assert node.events("refused")[0]["reason"] == "no resources", node.lines
    assert len(list((check.folder / "store-D").glob("*.kept*"))) == 1
    strange = check.encode("small", "dtn://nowhere/inbox")
    assert check.send(port, strange)[1] == "refused"
    [line] = node.complaint("is not of a node of the plan")
    assert "dtn://nowhere/inbox" in line, line
    assert node.end() == 0


def main():
    if shutil.which("openssl") is None:
        sys.exit("openssl is needed to make certificates")
    with tempfile.TemporaryDirectory() as name:
        check = Check(sys.argv[1], pathlib.Path(name))
        try:
            line_of_three(check)
            two_with_tls(check)
            kills = killed_again_and_again(check)
            what_goes_wrong(check)
        finally:
            for each in check.running:
                if each.process.poll() is None:
                    each.process.kill()
                    each.process.wait(timeout=20)
    print(f"0 problems; {BUNDLES} bundles arrived once each through a node killed {kills} times")


if __name__ == "__main__":
    main()
