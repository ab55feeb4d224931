// The timeline of contacts: what is open, what comes next, and what the exercise took away.
import { html } from '../html.js';
import { connection, frame, incident, space } from '../link/store.js';
import { send } from '../link/protocol.js';
import { t, word } from '../text/i18n.js';
import { showDuration, showLocal, showNumber, showUtc } from '../text/show.js';
import { contactRows, countStates, secondsBetween, spanOn } from './contact_rows.js';
import { groundLast, nodeName } from './node_names.js';

const kRowsMost = 60;
const kTickMinutes = 30;
const kTicksMost = 12;

export function Contacts() {
  const news = space.value;
  const rows = contactRows(news?.contacts);
  return html`<div class="contacts" data-testid="contacts">
    <div class="totals"><${Counts} /><${Chooser} /></div>
    ${rows.length === 0 ? html`<p class="empty">${t(news ? 'space.no_contacts' : 'space.waiting')}</p>` : html`
      <${Axis} />
      <ol>${rows.slice(0, kRowsMost).map((row) => html`<${Row} key=${row.key} row=${row} />`)}</ol>`}
    ${rows.length > kRowsMost && html`<p class="caption dim">${t('space.more_links', { count: rows.length - kRowsMost })}</p>`}
  </div>`;
}

function Counts() {
  const counts = countStates(space.value?.contacts);
  return html`<span class="chips" role="status">${['open', 'closed', 'planned'].map((state) => html`
    <span class=${`contact-${state}`}><b>${showNumber(counts[state])}</b> ${word('contact', state)}</span>`)}</span>`;
}

/** Ground links of everybody, or every link of one node. */
function Chooser() {
  const nodes = incident.value?.satellites ?? [];
  const chosen = space.value?.node ?? '';
  const still = connection.value.state !== 'open' || Boolean(frame.value?.done);
  return html`<label>${t('space.contacts_of')}
    <select data-testid="contacts-of" disabled=${still} value=${String(chosen)}
      onChange=${(event) => send({ cmd: 'contacts', node: event.target.value === '' ? null : Number(event.target.value) })}>
      <option value="">${t('space.ground_links')}</option>
      ${nodes.map((n) => html`<option key=${n.node} value=${String(n.node)}>${n.name}</option>`)}
    </select></label>`;
}

function Axis() {
  const { from, to, t: now } = space.value;
  const ticks = [];
  for (let at = Date.parse(from); at <= Date.parse(to) && ticks.length < kTicksMost; at += kTickMinutes * 60000) ticks.push(new Date(at).toISOString());
  const share = (time) => secondsBetween(from, time) / secondsBetween(from, to);
  return html`<div class="axis" aria-hidden="true"><div>${ticks.map((tick) => html`
    <span class=${Math.abs(secondsBetween(tick, now)) < 1 ? 'now' : ''} style=${{ left: `${share(tick) * 100}%` }}>${showLocal(tick).slice(11)}</span>`)}</div></div>`;
}

function Row({ row }) {
  const { lead } = row;
  const [first, second] = groundLast(row.a, row.b);
  const reason = lead.closed?.at(-1)?.reason;
  const state = lead.state === 'closed' && reason ? word('closure', reason) : word('contact', lead.state);
  return html`<li class="contact" data-testid="contact" data-a=${row.a} data-b=${row.b} data-state=${lead.state} data-aos=${lead.start} data-los=${lead.end}>
    <span class="pair" title=${`${nodeName(first)} – ${nodeName(second)}`}>${nodeName(first)} – ${nodeName(second)}</span><span class=${`tag contact-${lead.state}`}>${state}</span>
    <span class="when" title=${`${showLocal(lead.start, true)} – ${showLocal(lead.end, true)}, UTC ${showUtc(lead.start, true)} – ${showUtc(lead.end, true)}`}>
        <small>${t('space.aos')}</small> ${clock(lead.start)} <small>${t('space.los')}</small> ${clock(lead.end)} · ${showDuration(secondsBetween(lead.start, lead.end))}</span>
    <div class="track" aria-hidden="true">${row.contacts.map((contact) => html`<${Bar} contact=${contact} />`)}<i class="now" style=${{ left: `${nowShare()}%` }}></i></div>
    ${lead.closed?.length > 0 && html`<p class="dim">${lead.closed.map(closureText).join(t('list.comma'))}</p>`}
  </li>`;
}

function Bar({ contact }) {
  const { from, to } = space.value;
  const span = spanOn(from, to, contact.start, contact.end);
  if (!span) return null;
  const closed = (contact.closed ?? []).map((c) => spanOn(from, to, later(c.from, contact.start), earlier(c.until, contact.end))).filter(Boolean);
  return html`<span class=${contact.state} style=${percents(span)}></span>${closed.map((c) => html`<span class="closed" style=${percents(c)}></span>`)}`;
}

const percents = ({ left, width }) => ({ left: `${left}%`, width: `${width}%` });
const clock = (time) => showLocal(time, true).slice(11);
const later = (a, b) => (Date.parse(a) > Date.parse(b) ? a : b);
const earlier = (a, b) => (a && Date.parse(a) < Date.parse(b) ? a : b);

function nowShare() {
  const { from, to, t: now } = space.value;
  return (100 * secondsBetween(from, now)) / secondsBetween(from, to);
}

function closureText(closure) {
  const until = closure.until ? clock(closure.until) : t('space.until_now');
  return `${word('closure', closure.reason)} ${clock(closure.from)} – ${until}`;
}
