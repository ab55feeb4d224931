// What happened, newest first.
import { html } from '../html.js';
import { logs } from '../link/store.js';
import { pick, t, word } from '../text/i18n.js';
import { showLocal } from '../text/show.js';

export function Log() {
  const items = logs.value;
  if (items.length === 0) return html`<p class="empty">${t('log.none')}</p>`;
  return html`<ol class="log" data-testid="log">${items.slice().reverse().map((l) => html`
    <li class=${l.level === 'warn' ? 'warn' : ''}><time>${showLocal(l.t, true).slice(5)}</time><span class=${`tag log-${l.kind}`}>${word('log', l.kind)}</span><span>${pick(l.text)}</span></li>`)}</ol>`;
}
