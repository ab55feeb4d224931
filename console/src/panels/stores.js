// Bundles that wait in the nodes, and what became of all of them.
import { html } from '../html.js';
import { space } from '../link/store.js';
import { t, word } from '../text/i18n.js';
import { showNumber } from '../text/show.js';
import { nodeName } from './node_names.js';

const kRowsMost = 60;
const totals = ['offered', 'delivered', 'dropped', 'sends', 'repeated', 'hopeless'];

export function Stores() {
  if (!space.value?.bundles) return html`<p class="empty">${t('space.waiting')}</p>`;
  const { bundles } = space.value;
  const stores = [...(space.value.stores ?? [])].sort((a, b) => b.bytes - a.bytes || a.node - b.node);
  const waiting = stores.reduce((sum, s) => sum + (s.count || 0), 0);
  return html`<dl class="inline figures">${totals.map((name) => html`<div data-testid=${`bundles-${name}`} title=${word('bundlehint', name)}><dt>${word('bundles', name)}</dt><dd><b>${showNumber(bundles[name])}</b></dd></div>`)}</dl>
    <p class="caption dim">${t('space.stores_meaning', { count: showNumber(waiting), nodes: showNumber(stores.length) })}</p>
    <table data-testid="stores"><thead><tr><th>${t('nodes.name')}</th><th class="num">${t('space.waiting_count')}</th><th class="num">${t('space.waiting_bytes')}</th></tr></thead>
      <tbody>${stores.slice(0, kRowsMost).map((s) => html`<tr key=${s.node}><td>${nodeName(s.node)}</td><td class="num">${showNumber(s.count)}</td><td class="num">${bytesText(s.bytes)}</td></tr>`)}</tbody></table>
    ${stores.length > kRowsMost && html`<p class="caption dim">${t('space.more_nodes', { count: stores.length - kRowsMost })}</p>`}`;
}

function bytesText(bytes) {
  return bytes < 1000 ? `${showNumber(bytes)} B` : bytes < 1e6 ? `${showNumber(bytes / 1e3, 1)} kB` : `${showNumber(bytes / 1e6, 1)} MB`;
}
