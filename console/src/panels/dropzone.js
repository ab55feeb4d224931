// An agency's own FIRMS file: dropped anywhere on the page, or chosen with the keyboard.
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { html } from '../html.js';
import { uploadHotspots } from '../link/upload.js';
import { t } from '../text/i18n.js';
import { showNumber } from '../text/show.js';

const kErrorsShown = 50;
const over = signal(false);
const busy = signal('');
const result = signal(null);

export function DropZone() {
  const input = useRef(null);
  useEffect(() => {
    const listeners = { dragover: onDragOver, dragleave: onDragLeave, drop: onDrop };
    for (const [name, f] of Object.entries(listeners)) window.addEventListener(name, f);
    return () => {
      for (const [name, f] of Object.entries(listeners)) window.removeEventListener(name, f);
    };
  }, []);
  return html`
    <section class=${`panel drop ${over.value ? 'over' : ''}`} data-testid="drop" aria-label=${t('drop.title')}>
      <label class="drop-label"><b>${t('drop.title')}</b><span class="dim">${t('drop.hint')}</span>
        <input ref=${input} type="file" class="sr-only" data-testid="drop-input" accept=".csv,.txt,.gz,text/csv" disabled=${busy.value !== ''}
          onChange=${(event) => { take(event.target.files); event.target.value = ''; }} /></label>
      <div data-testid="drop-result" role="status" aria-live="polite">
        ${busy.value ? html`<p>${t('drop.reading', { name: busy.value })}</p>` : result.value && html`<${Result} result=${result.value} />`}
      </div>
    </section>`;
}

function Result({ result: r }) {
  return html`<div class=${`drop-result ${r.ok ? (r.skipped ? 'partly' : 'good') : 'bad'}`}>
    <p><b>${r.name}</b>: ${r.code ? t(`drop.${r.code}`) : ''} ${r.accepted || r.ok ? t('drop.accepted', { accepted: showNumber(r.accepted), skipped: showNumber(r.skipped) }) : ''}
      <button class="small" onClick=${() => (result.value = null)} aria-label=${t('drop.dismiss')}>×</button></p>
    ${r.errors.length > 0 && html`<ul class="errors" tabindex="0">${r.errors.slice(0, kErrorsShown).map((e) => html`<li>${e}</li>`)}
      ${r.errors.length > kErrorsShown && html`<li>${t('drop.more_errors', { count: r.errors.length - kErrorsShown })}</li>`}</ul>`}
  </div>`;
}

async function take(files) {
  const file = files?.[0];
  if (!file || busy.value) return;
  busy.value = file.name;
  result.value = { name: file.name, ...(await uploadHotspots(file)) };
  busy.value = '';
}

function onDragOver(event) {
  if (![...(event.dataTransfer?.types ?? [])].includes('Files')) return;
  event.preventDefault();
  over.value = true;
}

function onDragLeave(event) {
  if (event.relatedTarget === null) over.value = false;
}

function onDrop(event) {
  event.preventDefault();
  over.value = false;
  take(event.dataTransfer?.files);
}
