// The figures of a finished replay and the files it wrote.
import { html } from '../html.js';
import { summary } from '../link/store.js';
import { pick, t } from '../text/i18n.js';

const files = ['report.html', 'report.json', 'decisions.jsonl'];

export function Results() {
  if (!summary.value) return html`<p class="empty">${t('results.none')}</p>`;
  return html`<table data-testid="results"><tbody>${summary.value.map((r) => html`<tr><th scope="row">${pick(r.label)}</th><td class="num">${String(pick(r.value))}</td></tr>`)}</tbody></table>
    <p class="caption">${t('results.files')} ${files.map((f) => html`<a href=${`files/${f}`} target="_blank" rel="noopener">${f}</a> `)}</p>`;
}
