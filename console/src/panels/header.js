// Who we are, what is being played, that it is an exercise, what time it is, and the language.
import { html } from '../html.js';
import { connection, incident, incidentError } from '../link/store.js';
import { lang, pick, t, word } from '../text/i18n.js';
import { now, showLocal, showUtc, showZone } from '../text/show.js';

export function Header() {
  return html`
    <header class="top">
      <div class="brand" aria-label="Skywarden"><${Mark} /><span>Skywarden</span></div>
      <${Title} />
      <div class="status" data-testid="status" role="status">
        <b>${word('status', incident.value?.status ?? 'Exercise')}</b><span>${t('status.meaning')}</span>
      </div>
      <${Clock} />
      <${Link} />
      <button class="lang" data-testid="lang" lang=${lang.value === 'en' ? 'zh-CN' : 'en'}
        onClick=${() => (lang.value = lang.value === 'en' ? 'zh' : 'en')}
        aria-label=${lang.value === 'en' ? '切换到中文' : 'Switch to English'}>${lang.value === 'en' ? '中文' : 'English'}</button>
    </header>`;
}

function Mark() {
  return html`<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
    <ellipse cx="12" cy="12" rx="11" ry="4.4" fill="none" stroke="#5cc8f5" stroke-width="1.4" transform="rotate(-28 12 12)" />
    <path d="M12 5.2c.6 3 4.2 4.6 4.2 8.2a4.2 4.2 0 0 1-8.4 0c0-1.8 1-2.7 1.6-3.9.5 1 1 1.5 1.6 1.7.3-2.1-.2-4 1-6z" fill="#ff7a1a" />
    <circle cx="21" cy="7" r="1.8" fill="#5cc8f5" />
  </svg>`;
}

function Title() {
  const data = incident.value;
  if (!data) {
    const text = incidentError.value ? t('incident.failed', { error: incidentError.value }) : t('incident.loading');
    return html`<h1 class="title dim">${text}</h1>`;
  }
  return html`<h1 class="title" title=${pick(data.summary)}>${pick(data.title) || data.name}<small>${pick(data.summary)}</small></h1>`;
}

function Clock() {
  if (!now.value) return html`<div class="clock"></div>`;
  return html`
    <div class="clock" aria-label=${t('clock.label')}>
      <b>${showLocal(now.value, true)}</b><span>${t('clock.local')} ${showZone()}</span>
      <b class="dim">${showUtc(now.value, true)}</b><span>UTC</span>
    </div>`;
}

function Link() {
  const { state, retry_in_s } = connection.value;
  return html`<div class=${`link link-${state}`} role="status" data-testid="connection">
    <i></i>${t(`connection.${state}`, { seconds: retry_in_s })}
  </div>`;
}
