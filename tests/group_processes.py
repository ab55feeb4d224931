"""Real `skywarden node` processes on loopback for tests, and a relay between them that the test can cut."""
import asyncio
import json
import os
import signal
import socket
import subprocess
import threading
import time

DEADLINE_S = 60
HEAD_BYTES = 4  # of a frame: its kind, and the length of the rest


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def free_ports_in_a_row(count):
    """The first of them, below those that systems give to clients."""
    for first in range(20_000 + os.getpid() % 9_000, 32_000, count):
        try:
            sockets = [socket.create_server(("127.0.0.1", first + i)) for i in range(count)]
        except OSError:
            continue
        for each in sockets:
            each.close()
        return first
    raise AssertionError("no free ports")


def run(program, *words, timeout=DEADLINE_S):
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, timeout=timeout, check=False)
    return done.returncode, done.stdout, done.stderr


def wait(condition):
    until = time.monotonic() + DEADLINE_S
    while not (result := condition()):
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.1)
    return result


class Relay:
    """Members connect to each other through it. What goes from one to another passes, is held until it passes again,
    or is dropped frame by frame; a refused pair has its connections closed."""

    def __init__(self, ports):
        self.ports = ports  # of the nodes 1, 2, ...
        self.count = len(ports)
        self.modes = {(a, b): "pass" for a in self.nodes() for b in self.nodes() if a != b}
        self.delay_s = dict.fromkeys(self.modes, 0.0)
        self.taps = {}  # way: frames that went there
        self.listens = {}
        self.writers = {}
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        assert ready.wait(DEADLINE_S)

    def nodes(self):
        return range(1, self.count + 1)

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.listen())
        ready.set()
        self.loop.run_forever()

    async def listen(self):
        for a in self.nodes():
            for b in range(a + 1, self.count + 1):
                server = await asyncio.start_server(lambda r, w, a=a, b=b: self.joined(a, b, r, w), "127.0.0.1", 0)
                self.listens[(a, b)] = server.sockets[0].getsockname()[1]

    async def joined(self, a, b, reader, writer):
        if self.modes[(a, b)] == "refuse":
            return writer.close()
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.ports[b - 1])
        except OSError:
            return writer.close()
        both = [writer, far_writer]
        self.writers.setdefault((a, b), []).append(both)
        pumps = [asyncio.ensure_future(self.pump((a, b), reader, far_writer)),
                 asyncio.ensure_future(self.pump((b, a), far_reader, writer))]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for each in pumps:
            each.cancel()
        for each in both:
            each.close()
        self.writers[(a, b)].remove(both)

    async def pump(self, way, reader, writer):
        try:
            while True:
                head = await reader.readexactly(HEAD_BYTES)
                frame = head + await reader.readexactly(int.from_bytes(head[1:], "big"))
                if way in self.taps:
                    self.taps[way].append(frame)
                while self.modes[way] == "hold":
                    await asyncio.sleep(0.01)
                if self.delay_s[way] > 0:
                    await asyncio.sleep(self.delay_s[way])
                if self.modes[way] != "drop":
                    writer.write(frame)
                    await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass

    def set(self, ways, mode):
        for way in ways:
            self.modes[way] = mode
        if mode == "refuse":
            self.loop.call_soon_threadsafe(self.close, [(min(way), max(way)) for way in ways])

    def close(self, pairs):
        for pair in pairs:
            for both in self.writers.get(pair, []):
                for each in both:
                    each.transport.abort()


class Group:
    """Nodes 1 to `count` in `folder` that agree on values; with a relay, members reach each other only through it."""

    def __init__(self, program, folder, count, relay=False, extra=""):
        self.program, self.folder, self.count, self.extra = program, folder, count, extra
        self.ports = free_ports(count)
        self.relay = Relay(self.ports) if relay else None
        self.nodes, self.stopped = {}, set()
        self.config(1, "clients.toml", relayed=False)
        for node in range(1, count + 1):
            self.config(node, f"node-{node}.toml", relayed=relay)

    def config(self, node, name, relayed=False, members=None, data=None, cluster="forest", extra="",
               member_extra=lambda each: ""):
        text = (f'cluster = "{cluster}"\nnode = {node}\nagrees_on = "values"\ndata = "{data or f"node-{node}"}"\n'
                f'{self.extra}{extra}')
        for each in members or range(1, self.count + 1):
            port = self.relay.listens[(node, each)] if relayed and each > node else self.ports[each - 1]
            text += f'[[member]]\nid = {each}\naddress = "127.0.0.1:{port}"\n{member_extra(each)}'
        path = self.folder / name
        path.write_text(text)
        return path

    def run(self, *words, timeout=DEADLINE_S):
        return run(self.program, *words, timeout=timeout)

    def start(self, node, *words, config=None, limits=None, env=None):
        config = config or self.folder / f"node-{node}.toml"
        with open(self.folder / f"node-{node}.log", "ab") as log:
            self.nodes[node] = subprocess.Popen([self.program, "node", config, *words], stdout=subprocess.DEVNULL,
                                                stderr=log, preexec_fn=limits, env=env)

    def start_all(self):
        for node in range(1, self.count + 1):
            self.start(node, "--first-start")

    def kill(self, node, how=signal.SIGKILL):
        process = self.nodes.pop(node)
        self.stopped.discard(node)
        process.send_signal(how)
        process.wait(DEADLINE_S)

    def stop(self, node):
        self.stopped.add(node)
        self.nodes[node].send_signal(signal.SIGSTOP)

    def go_on(self, node):
        self.stopped.discard(node)
        self.nodes[node].send_signal(signal.SIGCONT)

    def end(self):
        for node in list(self.nodes):
            self.kill(node)

    def said(self, node):
        return (self.folder / f"node-{node}.log").read_text()

    def states(self, patience_s=1):
        _, out, _ = self.run("cluster", "status", "--config", self.folder / "clients.toml", "--patience-s", patience_s)
        return {line["node"]: line for line in map(json.loads, out.splitlines())}

    def leader(self):
        leading = [state for state in self.states(0.3).values() if state["role"] == "leader"]
        return max(leading, key=lambda state: state["term"])["node"] if leading else None

    def ask(self, *words):
        code, out, text = self.run("cluster", words[0], "--config", self.folder / "clients.toml", "--patience-s", 30,
                                   *words[1:])
        assert code == 0, text
        return out.rstrip("\n")
