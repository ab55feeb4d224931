// The socket to the program and the fetch of the incident. Contract: docs/console-protocol.md.
// A lost socket is tried again with growing pauses; messages are applied in batches so that the
// burst after connecting costs one redraw, not thousands.
import { apply, commandError, connection, forgetIncident, forgetNews, incident, incidentError } from './store.js';

const kRetryFirstMs = 500;
const kRetryMostMs = 15000;
const kBatchMs = 40;

let socket = null;
let retryMs = kRetryFirstMs;
let waiting = [];
let flushTimer = 0;
let incidentCall = 0;

export function connect() {
  const address = new URL('ws', document.baseURI);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  connection.value = { state: 'connecting', retry_in_s: 0 };
  socket = new WebSocket(address);
  socket.onopen = onOpen;
  socket.onmessage = onMessage;
  socket.onclose = onClose;
}

/** Sends one command; says false when there is nobody to send it to. */
export function send(command) {
  commandError.value = '';
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(command));
  return true;
}

function onOpen() {
  retryMs = kRetryFirstMs;
  connection.value = { state: 'open', retry_in_s: 0 };
  waiting = [];
  forgetNews();
  loadIncident();
}

function onClose() {
  connection.value = { state: 'lost', retry_in_s: Math.ceil(retryMs / 1000) };
  setTimeout(connect, retryMs);
  retryMs = Math.min(retryMs * 2, kRetryMostMs);
}

function onMessage(event) {
  let message;
  try {
    message = JSON.parse(event.data);
  } catch {
    console.warn('a message that is not JSON was skipped');
    return;
  }
  if (message?.type === 'reset') {
    waiting = [];
    forgetIncident();
    loadIncident();
    return;
  }
  waiting.push(message);
  if (!flushTimer) flushTimer = setTimeout(flush, kBatchMs);
}

function flush() {
  flushTimer = 0;
  const messages = waiting;
  waiting = [];
  apply(messages);
}

async function loadIncident() {
  const call = ++incidentCall;
  try {
    const answer = await fetch(new URL('api/incident', document.baseURI), { cache: 'no-store' });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const body = await answer.json();
    if (call !== incidentCall) return;
    incident.value = body;
    incidentError.value = '';
  } catch (error) {
    if (call !== incidentCall) return;
    incidentError.value = String(error.message ?? error);
    setTimeout(() => call === incidentCall && loadIncident(), 2000);
  }
}
