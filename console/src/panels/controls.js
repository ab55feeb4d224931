// Pause, speed and the timeline of the replay.
import { html } from '../html.js';
import { alerts, connection, commandError, frame, incident } from '../link/store.js';
import { send } from '../link/protocol.js';
import { t } from '../text/i18n.js';
import { now, showLocal, showNumber, switchUnits, units } from '../text/show.js';

const speeds = [1, 60, 300, 600, 1800, 3600, 0];

export function Controls() {
  const paused = Boolean(frame.value?.paused);
  const offline = connection.value.state !== 'open';
  return html`
    <div class="controls" role="group" aria-label=${t('controls.title')}>
      <button class="primary" data-testid="pause" disabled=${offline} aria-pressed=${paused}
        onClick=${() => send({ cmd: paused ? 'resume' : 'pause' })}>
        <span aria-hidden="true">${paused ? '▶' : '❚❚'}</span> ${t(paused ? 'controls.resume' : 'controls.pause')}
      </button>
      <label>${t('controls.speed')}
        <select data-testid="speed" disabled=${offline} value=${String(frame.value?.speed ?? '')}
          onChange=${(event) => send({ cmd: 'speed', value: Number(event.target.value) })}>
          ${offered(frame.value?.speed).map((speed) => html`<option value=${String(speed)}>${speedName(speed)}</option>`)}
        </select>
      </label>
      <${Timeline} />
      <span class="state">${stateText(paused)}</span>
      <button data-testid="units" onClick=${switchUnits} aria-label=${t('controls.units')}>${t(`units.${units.value}`)}</button>
      ${commandError.value && html`<span class="warn" role="alert">${t('controls.refused', { text: commandError.value })}</span>`}
    </div>`;
}

function stateText(paused) {
  if (!frame.value) return t('state.waiting');
  if (frame.value.done) return t('state.done');
  return t(paused ? 'state.paused' : 'state.playing');
}

// The program may run at a speed that is not on our list; then it joins the list.
function offered(speed) {
  if (!Number.isFinite(speed) || speeds.includes(speed)) return speeds;
  return [...speeds.slice(0, -1), speed].sort((a, b) => a - b).concat(0);
}

function speedName(speed) {
  return speed === 0 ? t('controls.fastest') : `${showNumber(speed, 1)}×`;
}

function Timeline() {
  const start = Date.parse(incident.value?.start);
  const end = Date.parse(incident.value?.end);
  const at = Date.parse(now.value);
  if (!(end > start) || !Number.isFinite(at)) return html`<div class="timeline"></div>`;
  const share = (time) => `${(Math.min(1, Math.max(0, (time - start) / (end - start))) * 100).toFixed(2)}%`;
  return html`
    <div class="timeline" role="progressbar" aria-label=${t('controls.timeline')} aria-valuemin="0" aria-valuemax="100"
      aria-valuenow=${Math.round(((at - start) / (end - start)) * 100)} aria-valuetext=${showLocal(now.value)}>
      <div class="done" style=${{ width: share(at) }}></div>
      ${alerts.value.map((a) => html`<i key=${a.id} class=${a.kind === 'Cancel' ? 'off' : ''} style=${{ left: share(Date.parse(a.sent)) }}></i>`)}
      <span class="from">${showLocal(incident.value.start)}</span><span class="to">${showLocal(incident.value.end)}</span>
    </div>`;
}
