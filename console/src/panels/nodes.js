// Nodes, links, agreement: who leads, how far each log is, and the switches that break things on purpose.
import { signal } from '@preact/signals';
import { html } from '../html.js';
import { connection, frame, incident } from '../link/store.js';
import { send } from '../link/protocol.js';
import { t, word } from '../text/i18n.js';
import { showHeight, showNumber } from '../text/show.js';
import { Agreement } from './agreement.js';
import { nodeName, satelliteOf } from './node_names.js';
import { Tabs } from './tabs.js';

const chosenTab = signal('nodes');

export function Nodes() {
  const links = frame.value?.links ?? [];
  const cut = links.filter((l) => l.cut).length;
  const tabs = [
    { id: 'nodes', title: t('nodes.title'), body: () => html`<${NodeTable} />` },
    { id: 'links', title: `${t('links.title')} ${links.length}${cut ? ` (${t('links.cut_count', { count: cut })})` : ''}`, body: () => html`<${LinkTable} />` },
    { id: 'agreement', title: t('agreement.title'), body: () => html`<${Agreement} />` },
  ];
  return html`<section class="panel nodes" aria-label=${t('nodes.title')}>
    <${Tabs} name="nodes" label=${t('nodes.title')} tabs=${tabs} chosen=${chosenTab.value}
      onChoose=${(id) => (chosenTab.value = id)} extra=${html`<${LeaderLine} />`} />
  </section>`;
}

function LeaderLine() {
  if (!frame.value?.nodes?.length) return null;
  const { leader, nodes } = frame.value;
  const up = nodes.filter((n) => n.up).length;
  const who = leader === null || leader === undefined ? t('nodes.no_leader') : t('nodes.leader', { name: nodeName(leader) });
  const text = `${who} · ${t('nodes.up', { up, all: nodes.length })}`;
  return html`<span class=${`leader-line ${leader === null || leader === undefined ? 'warn' : ''}`} role="status" title=${text}>${text}</span>`;
}

function NodeTable() {
  const nodes = frame.value?.nodes ?? [];
  if (nodes.length === 0) return html`<p class="empty">${t(incident.value?.satellites?.length ? 'nodes.waiting' : 'globe.empty')}</p>`;
  const shares = Math.max(1, ...nodes.map((n) => Number(n.share) || 0));
  return html`<table class="nodes-table">
    <thead><tr><th>#</th><th>${t('nodes.name')}</th><th>${t('nodes.role')}</th><th class="num">${t('nodes.term')}</th>
      <th class="num">${t('nodes.share')}</th><th class="num">${t('nodes.commit')}</th><th><span class="sr-only">${t('nodes.action')}</span></th></tr></thead>
    <tbody>${nodes.map((n) => html`<${NodeRow} key=${n.node} node=${n} shares=${shares} />`)}</tbody>
  </table>`;
}

function NodeRow({ node, shares }) {
  const satellite = satelliteOf(node.node);
  const name = nodeName(node.node);
  const place = Number.isFinite(node.lat) ? `${node.lat.toFixed(1)}°, ${node.lon.toFixed(1)}°, ${showHeight(node.alt_km * 1000)}` : '';
  return html`<tr class=${node.up ? `role-${node.role}` : 'down'} data-testid=${`node-row-${node.node}`} data-up=${String(Boolean(node.up))}>
    <td>${node.node}</td>
    <td class="name" title=${[name, satellite?.norad && `NORAD ${satellite.norad}`, place].filter(Boolean).join(' · ')}>${name}
      ${satellite?.what_if && html` <span class="tag prov prov-what-if mini">${word('provenance', 'what-if')}</span>`}
      ${satellite?.observer && html` <span class="tag mini">${t('nodes.observer')}</span>`}</td>
    <td>${node.up ? html`<span class=${`role role-${node.role}`}>${word('role', node.role)}</span>` : html`<span class="role role-down">${t('nodes.down')}</span>`}</td>
    <td class="num">${showNumber(node.term)}</td>
    <td class="num share">${showNumber(node.share)}<i aria-hidden="true" style=${{ width: `${(36 * (Number(node.share) || 0)) / shares}px` }}></i></td>
    <td class="num">${showNumber(node.commit)}</td>
    <td class="act"><${Switch} on=${node.up} test=${[`kill-${node.node}`, `revive-${node.node}`]} keys=${['nodes.kill', 'nodes.revive']}
      subject=${name} off_cmd=${{ cmd: 'kill', node: node.node }} on_cmd=${{ cmd: 'revive', node: node.node }} /></td>
  </tr>`;
}

/** One button that breaks what works and mends what is broken. */
function Switch({ on, test, keys, subject, off_cmd, on_cmd }) {
  const side = on ? 0 : 1;
  return html`<button class=${`small ${on ? 'danger' : 'mend'}`} data-testid=${test[side]} disabled=${connection.value.state !== 'open'}
    aria-label=${`${t(keys[side])} ${subject}`} onClick=${() => send(on ? off_cmd : on_cmd)}>${t(keys[side])}</button>`;
}

function LinkTable() {
  const links = frame.value?.links ?? [];
  if (links.length === 0) return html`<p class="empty">${t('links.none')}</p>`;
  return html`<table><thead><tr><th>${t('links.between')}</th><th>${t('links.state')}</th><th><span class="sr-only">${t('nodes.action')}</span></th></tr></thead>
    <tbody>${links.map((l) => html`<tr key=${`${l.a}-${l.b}`} class=${l.cut ? 'down' : ''} data-testid=${`link-row-${l.a}-${l.b}`}>
      <td>${nodeName(l.a)} — ${nodeName(l.b)}</td>
      <td><span class=${`role ${l.cut ? 'role-down' : l.up ? 'role-follower' : 'role-learner'}`}>${t(l.cut ? 'links.cut' : l.up ? 'links.up' : 'links.out_of_sight')}</span></td>
      <td class="act"><${Switch} on=${!l.cut} test=${[`cut-${l.a}-${l.b}`, `heal-${l.a}-${l.b}`]} keys=${['links.do_cut', 'links.do_heal']}
        subject=${`${nodeName(l.a)} — ${nodeName(l.b)}`} off_cmd=${{ cmd: 'cut', a: l.a, b: l.b }} on_cmd=${{ cmd: 'heal', a: l.a, b: l.b }} /></td>
    </tr>`)}</tbody></table>`;
}
