// What was missing, what was filled, how surely: the newest record of a stream that came with
// holes, field by field.
import { computed, signal } from '@preact/signals';
import { html } from '../html.js';
import { hasHole } from '../link/record_book.js';
import { incident, records } from '../link/store.js';
import { t, word } from '../text/i18n.js';
import { showLocal, showNumber, showPlain } from '../text/show.js';
import { Provenance } from './provenance.js';
import { Sparkline } from './sparkline.js';

const kPlotPoints = 120;
const chosenStream = signal(null);
const chosenField = signal(null);

const shown = computed(() => {
  records.version.value;
  const name = records.streams.has(chosenStream.value) ? chosenStream.value : records.latest;
  const entry = records.streams.get(name);
  if (!entry || entry.records.length === 0) return null;
  const record = entry.records.findLast(isFilled) ?? entry.records.findLast(hasHole) ?? entry.records[entry.records.length - 1];
  const fields = record.fields ?? [];
  const field = fields.find((f) => f.name === chosenField.value) ?? mostTelling(entry, fields);
  return { entry, record, fields, field, points: field ? series(entry.records, field.name) : [] };
});

const isFilled = (record) => (record.fields ?? []).some((f) => f.state === 'estimated');

// The numeric field filled most often is the one worth a picture.
function mostTelling(entry, fields) {
  const filled = (name) => entry.records.reduce((n, r) => n + ((r.fields ?? []).find((f) => f.name === name)?.state === 'estimated'), 0);
  const numeric = fields.filter((f) => entry.records.some((r) => Number.isFinite((r.fields ?? []).find((g) => g.name === f.name)?.value)));
  return numeric.reduce((best, f) => (!best || filled(f.name) > filled(best.name) ? f : best), null);
}

function series(list, name) {
  return list.slice(-kPlotPoints).flatMap((r) => {
    const field = (r.fields ?? []).find((f) => f.name === name);
    return field ? [{ t: r.t, ...field }] : [];
  }).sort((a, b) => Date.parse(a.t) - Date.parse(b.t));
}

export function Records() {
  const now = shown.value;
  if (!now) return html`<p class="empty">${t('records.none')}</p>`;
  const { entry, record, fields, field, points } = now;
  const total = records.totals();
  return html`<div class="records" data-testid="records">
    <p class="totals">
      <span><b>${showNumber(total.observed)}</b> ${t('field.observed')}</span>
      <span class="est"><b>${showNumber(total.estimated)}</b> ${t('records.filled')}</span>
      <span class="mis"><b>${showNumber(total.missing)}</b> ${t('records.still_missing')}</span>
      <label>${t('records.stream')} <select value=${entry.name} onChange=${(e) => { chosenStream.value = e.target.value; chosenField.value = null; }}>
        ${[...records.streams.keys()].sort().map((name) => html`<option value=${name}>${name}</option>`)}</select></label>
    </p>
    <div class="caption">${t(hasHole(record) ? 'records.at_hole' : 'records.at', { time: showLocal(record.t) })} <${Provenance} of=${record.provenance} /></div>
    <${Methods} schema=${record.schema} />
    <table><thead><tr><th>${t('records.field')}</th><th>${t('records.state')}</th><th class="num">${t('records.value')}</th><th class="num">${t('records.interval')}</th><th>${t('records.gap')}</th><th>${t('records.how')}</th></tr></thead>
      <tbody>${fields.map((f) => html`<${FieldRow} key=${f.name} field=${f} plotted=${f.name === field?.name} />`)}</tbody></table>
    ${points.length > 1 && html`<div class="dim caption">${field.name}${field.unit ? `, ${field.unit}` : ''} — ${t('records.plot')}</div>
      <${Sparkline} key=${`${entry.name}|${field.name}`} points=${points} label=${t('records.plot_label', { field: field.name, stream: entry.name })} />`}
  </div>`;
}

// Which trained models prepared the records of this schema; nothing where the program does not say.
function Methods({ schema }) {
  const methods = incident.value?.completion?.find((c) => c.schema === schema);
  if (!methods) return null;
  return html`<div class="dim caption" data-testid="completed-by">${methods.model ? t('records.completed_by', { model: methods.model }) : t('records.completed_by_baseline')}${methods.judge && ` ${t('records.judged_by', { model: methods.judge })}`}</div>`;
}

function FieldRow({ field: f, plotted }) {
  const text = (v) => (typeof v === 'number' ? showPlain(v) : v ?? '–');
  const interval = f.state === 'estimated' && Number.isFinite(f.low) ? `${showPlain(f.low)} … ${showPlain(f.high)}` : '–';
  return html`<tr class=${`field-${f.state} ${plotted ? 'plotted' : ''}`}>
    <td><button class="plain" aria-pressed=${plotted} onClick=${() => (chosenField.value = f.name)} title=${t('records.show_plot')}>${f.name}</button>${f.unit ? html` <span class="dim">${f.unit}</span>` : ''}</td>
    <td><span class=${`tag state-${f.state}`}>${word('field', f.state)}</span></td>
    <td class="num">${f.state === 'missing' ? '–' : text(f.value)}</td><td class="num">${interval}</td>
    <td class="dim">${f.pattern ? word('pattern', f.pattern) : ''}</td><td class="dim">${f.state === 'observed' ? '' : [f.by && word('by', f.by), f.abstained && t('records.abstained'), f.reason && word('reason', f.reason)].filter(Boolean).join(' · ')}</td>
  </tr>`;
}
