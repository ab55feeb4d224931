// The first thing to read: where, how big, how sure, why, who is threatened, what is simulated.
import { html } from '../html.js';
import { current, frame, incident } from '../link/store.js';
import { nearestPlace } from '../geo/sphere.js';
import { pick, t, word } from '../text/i18n.js';
import { coordinates } from '../text/measures.js';
import { showArea, showDirection, showDistance, showInterval, showNumber, showPercent } from '../text/show.js';
import { Provenance } from './provenance.js';

export function Answers() {
  const alert = current.value;
  return html`
    <section class=${`answers ${alert?.kind === 'Cancel' ? 'cancelled' : ''}`} aria-label=${t('answers.title')} data-testid="answers">
      ${alert ? html`<${Where} alert=${alert} /><${Big} alert=${alert} /><${Sure} alert=${alert} /><${Why} alert=${alert} /><${Threatened} alert=${alert} />`
        : html`<${NoAlert} />`}
      <${Simulated} />
    </section>`;
}

function Answer({ title, wide, children }) {
  return html`<div class=${`answer ${wide ?? ''}`}><h2>${title}</h2>${children}</div>`;
}

function NoAlert() {
  const watching = (frame.value?.nodes ?? []).filter((n) => n.up).length;
  return html`<${Answer} title=${t('answers.where')} wide="span5">
    <p class="big">${t('answers.none')}</p><p>${watching ? t('answers.watching', { count: showNumber(watching) }) : ''}</p>
  <//>`;
}

// A place farther away than this does not help anybody to find the fire.
const kNearMostKm = 500;

function Where({ alert }) {
  const [lat, lon] = alert.centre ?? [NaN, NaN];
  const nearest = Number.isFinite(lat) ? nearestPlace({ lat, lon }, incident.value?.places) : null;
  const near = nearest?.distance_km < kNearMostKm ? nearest : null;
  const text = near
    ? near.distance_km < 1
      ? t('answers.at_place', { place: near.place.name })
      : t('answers.near_place', {
          distance: showDistance(near.distance_km), direction: showDirection(near.bearing_deg), place: near.place.name,
        })
    : coordinates(lat, lon);
  return html`<${Answer} title=${t('answers.where')}><p class="big">${text}</p>${near && html`<p>${coordinates(lat, lon)}</p>`}<//>`;
}

function Big({ alert }) {
  const count = alert.observations?.length ?? 0;
  return html`<${Answer} title=${t('answers.how_big')}>
    <p class="big">${showArea(alert.area_ha)}</p><p>${t('answers.from_observations', { count: showNumber(count) })}</p>
  <//>`;
}

function Sure({ alert }) {
  const p = alert.probability ?? {};
  return html`<${Answer} title=${t('answers.how_sure')}>
    <p class="big">${showPercent(p.value)} <small>${word('certainty', alert.certainty)}</small></p>
    <${IntervalBar} probability=${p} />
    <p>${t('answers.interval', { interval: showInterval(p) })}</p>
  <//>`;
}

/** A probability on a 0 to 100 % track with its interval. */
export function IntervalBar({ probability: { value, low, high } }) {
  const share = (p) => `${Math.min(1, Math.max(0, p || 0)) * 100}%`;
  return html`<div class="interval" aria-hidden="true">
    <span style=${{ left: share(low), width: share((high ?? 0) - (low ?? 0)) }}></span><i style=${{ left: share(value) }}></i>
  </div>`;
}

function Why({ alert }) {
  const reasons = [...(alert.reasons ?? [])].sort((a, b) => b.log_odds - a.log_odds);
  const more = reasons.length - 1;
  return html`<${Answer} title=${t('answers.why')}>
    <p class="lead">${reasons.length ? pick(reasons[0].text) : t('answers.no_reason')}</p>
    <p>${more > 0 ? t('answers.more_reasons', { count: more }) : ''}</p>
  <//>`;
}

function Threatened({ alert }) {
  const places = [...(alert.threatened ?? [])].sort((a, b) => a.distance_km - b.distance_km);
  const [first, ...others] = places;
  return html`<${Answer} title=${t('answers.threatened')}>
    ${first ? html`<p class="big threat">${first.name}</p><p>${placeText(first)}${others.length ? `; ${others.slice(0, 3).map((p) => `${p.name} ${showDistance(p.distance_km)}`).join(', ')}${others.length > 3 ? ' …' : ''}` : ''}</p>`
      : html`<p class="lead">${t('answers.nobody')}</p>`}
  <//>`;
}

export function placeText(place) {
  return t('answers.place_from_fire', { distance: showDistance(place.distance_km), direction: showDirection(place.bearing_deg) });
}

const order = ['observed', 'reconstructed', 'simulated', 'what-if'];

function Simulated() {
  const groups = new Map();
  const add = (provenance, part) => groups.set(provenance, (groups.get(provenance) ?? new Set()).add(part));
  for (const { provenance, part } of incident.value?.parts ?? []) add(provenance, word('part', part));
  if (incident.value?.satellites?.some((s) => s.what_if)) add('what-if', word('part', 'satellites'));
  const present = order.filter((p) => groups.has(p)).concat([...groups.keys()].filter((p) => !order.includes(p)));
  return html`<${Answer} title=${t('answers.simulated')} wide="simulated">
    ${present.length === 0 && html`<p>${t('answers.unlabelled')}</p>`}
    <ul>${present.map((p) => html`<li key=${p}><${Provenance} of=${p} /> ${[...groups.get(p)].join(t('list.comma'))}</li>`)}</ul>
  <//>`;
}
