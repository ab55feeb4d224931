// Stands in for the program while testing the page: serves dist/ and speaks
// docs/console-protocol.md with SYNTHETIC TEST DATA (test/mock_data.mjs). Loopback only.
//   node test/mock-server.mjs [--port 8099] [--bare]
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { WebSocketServer } from 'ws';
import * as data from './mock_data.mjs';
import * as agreement from './mock_group.mjs';
import * as segment from './mock_space.mjs';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' };
const kHistoryMost = 20000;

export async function startMock({ port = 0, bare = false } = {}) {
  const replay = new Replay(bare);
  const server = createServer((request, response) => handle(request, response, replay).catch((error) => response.writeHead(500).end(String(error))));
  const sockets = new WebSocketServer({ server, path: '/ws', maxPayload: 65536 });
  sockets.on('connection', (socket) => replay.join(socket));
  const timer = setInterval(() => replay.tick(), 100);
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    dropSockets: () => sockets.clients.forEach((socket) => socket.terminate()),
    stop: () => {
      clearInterval(timer);
      sockets.clients.forEach((socket) => socket.terminate());
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

async function handle(request, response, replay) {
  const { pathname, searchParams } = new URL(request.url, 'http://127.0.0.1');
  const json = (code, body) => response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  if (pathname === '/api/incident') return json(200, data.incident({ bare: replay.bare }));
  if (pathname === '/api/hotspots' && request.method === 'POST') return acceptHotspots(request, searchParams.get('name'), json, replay);
  if (pathname.startsWith('/files/alerts/')) return response.writeHead(200, { 'Content-Type': 'application/xml' }).end('<test>synthetic test data, not a CAP message</test>');
  const name = normalize(pathname === '/' ? '/index.html' : pathname);
  const body = await readFile(join(dist, name)).catch(() => null);
  if (!body) return response.writeHead(404).end('not found');
  response.writeHead(200, {
    'Content-Type': types[name.slice(name.lastIndexOf('.'))] ?? 'application/octet-stream',
    'Content-Security-Policy': "default-src 'self'",
  }).end(body);
}

// Just enough reading to answer in the protocol's words; the program does the real parsing.
async function acceptHotspots(request, name, json, replay) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const [head, ...rows] = Buffer.concat(chunks).toString('utf8').trim().split(/\r?\n/);
  if (!/latitude/i.test(head)) return json(400, { accepted: 0, skipped: 0, errors: [`${name}:1:1: expected a column "latitude"`] });
  const errors = [];
  rows.forEach((row, i) => {
    const [lat, lon] = row.split(',').map(Number);
    if (!Number.isFinite(lat) || Math.abs(lat) > 90) errors.push(`${name}:${i + 2}:1: expected a latitude between -90 and 90`);
    else if (!Number.isFinite(lon)) errors.push(`${name}:${i + 2}:2: expected a longitude`);
  });
  json(200, { accepted: rows.length - errors.length, skipped: errors.length, errors });
  replay.restart();
}

class Replay {
  constructor(bare) {
    this.bare = bare;
    this.clients = new Set();
    this.speed = 600;
    this.paused = false;
    this.begin();
  }

  begin() {
    this.seconds = 0;
    this.step = 0;
    this.history = [];
    this.down = new Set();
    this.cut = new Set();
    this.broken = new Map(); // node or pair -> {at, reason}
    this.chosen = null;
    this.ticks = 0;
    this.told = 0;
    this.leader = 3;
    this.term = 4;
    this.leaderSince = 0;
    this.former = 3;
    if (!this.bare) this.history.push(agreement.elected(0, 3, 4, 'first', null));
    this.electionTicks = 0;
    this.done = false;
  }

  restart() {
    this.begin();
    this.send({ type: 'reset' });
  }

  join(socket) {
    this.clients.add(socket);
    socket.on('close', () => this.clients.delete(socket));
    socket.on('error', () => this.clients.delete(socket));
    socket.on('message', (text) => this.command(socket, text));
    for (const message of this.history) socket.send(JSON.stringify(message));
  }

  send(message) {
    const text = JSON.stringify(message);
    for (const socket of this.clients) socket.send(text);
  }

  news(message) {
    this.history.push(message);
    if (this.history.length > kHistoryMost) this.history.shift();
    this.send(message);
  }

  log(kind, en, zh, level = 'info') {
    this.news({ type: 'log', t: data.timeAt(this.seconds), level, kind, text: { en, zh } });
  }

  tick() {
    if (!this.paused && !this.done) this.seconds += (this.speed || 3600) / 10;
    while (this.step * 300 <= this.seconds && this.step <= 144) this.advance(this.step++);
    if (this.electionTicks > 0 && --this.electionTicks === 0) this.elect();
    if (this.step > 144 && !this.done) this.finish();
    this.send(this.frame());
    if (!this.bare && this.ticks++ % 10 === 0) this.send(this.space());
    if (!this.bare && this.ticks % 10 === 5) this.tellGroup();
  }

  advance(step) {
    this.news(data.record(step));
    this.news({ type: 'hotspots', items: step < 60 ? data.hotspots(step) : [] });
    if (step % 12 === 0) this.news(data.danger(step));
    if (!this.bare) for (const turn of agreement.epochTurns(step, this.leader ?? this.former)) this.news(turn);
    if (step % 5 === 2) this.log('fill', 'Test Station A: temperature filled from its twin', '测试站 A:气温由孪生站补全');
    if (step % 7 === 3) this.log('gap', 'Test Station B: no temperature', '测试站 B:缺少气温', 'warn');
    if ([3, 14, 26, 40, 55].includes(step)) this.raise('test-event-1', [3, 14, 26, 40, 55].indexOf(step) + 1, step);
    if ([20, 34].includes(step)) this.raise('test-event-2', step === 20 ? 1 : 2, step);
  }

  raise(event, sequence, step) {
    for (const node of [3, 7]) {
      this.news({ type: 'finding', t: data.timeAt(step * 300), node, event, probability: { value: 0.8, low: 0.6, high: 0.9 }, abstained: node === 7 && sequence > 2 });
    }
    this.news(data.alert(sequence, step * 300, event));
    if (!this.bare) this.news(segment.ways(3 * this.told++ + 1, event, sequence, step * 300));
    this.log('alert', `Test message ${sequence} about ${event}`, `关于 ${event} 的第 ${sequence} 条测试消息`);
  }

  finish() {
    this.done = true;
    this.news({ type: 'summary', rows: [
      { label: { en: 'Test alerts sent', zh: '已发测试告警' }, value: '7' }, { label: { en: 'Test fields filled', zh: '已补全测试字段' }, value: '63' },
    ] });
  }

  tellGroup() {
    const epoch = this.step > 12 ? 2 : this.step > 6 ? 1 : 0;
    const nodes = data.positions(this.seconds).map((n) => n.node);
    const message = agreement.group({ ...this, nodes, epoch, torn: this.step > 20, commit: this.step * 3 });
    this.history = this.history.filter((old) => old.type !== 'group');
    this.news(message);
  }

  space() {
    const closed = (a, b) => this.broken.get(`${a}-${b}`) ?? this.broken.get(`${a}`) ?? this.broken.get(`${b}`);
    return segment.space(Math.min(this.seconds, 43200), { chosen: this.chosen, closed, carried: this.step });
  }

  breaks(key, reason) {
    this.broken.set(key, { at: this.seconds, reason });
  }

  elect() {
    this.term++;
    this.leader = [3, 5, 1, 2, 4, 6, 7].find((n) => !this.down.has(n)) ?? null;
    if (this.leader && !this.bare) this.news(agreement.elected(this.seconds, this.leader, this.term, 'crash', this.former));
    this.leaderSince = this.seconds;
    if (this.leader) this.log('leader', `TESTSAT-${this.leader} leads term ${this.term}`, `TESTSAT-${this.leader} 领导第 ${this.term} 任期`);
  }

  frame() {
    const nodes = this.bare ? [] : data.positions(this.seconds).map((n) => ({
      ...n, ...(data.sensorCarriers.has(n.node) ? { swath: segment.swath(n) } : {}), up: !this.down.has(n.node), term: this.term, share: n.node > 12 ? 0 : n.node === agreement.changedNode && this.step > 6 ? 4 : 1, commit: this.step * 3,
      role: n.node > 12 ? 'learner' : n.node === this.leader ? 'leader' : this.leader === null && n.node === 5 ? 'candidate' : 'follower',
    }));
    const links = nodes.map((n, i) => {
      const b = nodes[(i + 3) % nodes.length].node;
      const cut = this.cut.has(`${n.node}-${b}`);
      return { a: n.node, b, up: !cut && i % 5 !== 4, cut };
    });
    return { type: 'frame', t: data.timeAt(Math.min(this.seconds, 43200)), speed: this.speed, paused: this.paused, done: this.done, leader: this.bare ? null : this.leader, nodes, links };
  }

  command(socket, text) {
    let m = {};
    try {
      m = JSON.parse(text);
    } catch {
      m = {};
    }
    const link = `${m.a}-${m.b}`;
    const commands = {
      pause: () => (this.paused = true),
      resume: () => (this.paused = false),
      speed: () => (this.speed = m.value),
      kill: () => this.kill(m.node),
      revive: () => { this.down.delete(m.node); this.broken.delete(`${m.node}`); this.log('restart', `TESTSAT-${m.node} restarted`, `TESTSAT-${m.node} 已重启`); },
      contacts: () => (this.chosen = m.node),
      cut: () => { this.cut.add(link); this.breaks(link, 'cut'); this.log('cut', `Link ${link} cut`, `链路 ${link} 已切断`, 'warn'); },
      heal: () => { this.cut.delete(link); this.broken.delete(link); this.log('heal', `Link ${link} healed`, `链路 ${link} 已修复`); },
    };
    if (Object.hasOwn(commands, m.cmd)) commands[m.cmd]();
    else socket.send(JSON.stringify({ type: 'error', text: 'unknown command' }));
  }

  kill(node) {
    this.down.add(node);
    this.breaks(`${node}`, 'down');
    this.log('crash', `TESTSAT-${node} killed`, `TESTSAT-${node} 已关停`, 'warn');
    if (node === this.leader) {
      this.former = node;
      this.leader = null;
      this.electionTicks = 8;
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const option = process.argv.indexOf('--port');
  const mock = await startMock({ port: option > 0 ? Number(process.argv[option + 1]) : 8099, bare: process.argv.includes('--bare') });
  console.log(`synthetic test data at ${mock.url}`);
}
