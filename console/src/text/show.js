// measures.js bound to the page's language, the incident's units and its local time.
import { computed, signal } from '@preact/signals';
import { frame, incident } from '../link/store.js';
import { languageTag, t } from './i18n.js';
import * as measures from './measures.js';

const unitsChosen = signal(null);

export const units = computed(() => unitsChosen.value ?? (incident.value?.units === 'us' ? 'us' : 'metric'));
export const offset_min = computed(() => Number(incident.value?.utc_offset_min) || 0);

export function switchUnits() {
  unitsChosen.value = units.value === 'us' ? 'metric' : 'us';
}

export const showNumber = (v, digits = 0) => measures.number(v, digits, languageTag());
export const showPlain = (v) => measures.plain(v, languageTag());
export const showPercent = (v) => measures.percent(v, languageTag());
export const showDistance = (km) => showMeasure(measures.distance(km, units.value));
export const showSpeed = (kms) => showMeasure(measures.speed(kms, units.value));
export const showArea = (ha) => showMeasure(measures.area(ha, units.value));
export const showHeight = (m) => showMeasure(measures.height(m, units.value));
export const showLocal = (time, seconds) => measures.clockText(time, offset_min.value, seconds);
export const showUtc = (time, seconds) => measures.clockText(time, 0, seconds);
export const showZone = () => measures.zoneName(offset_min.value);
export const showDirection = (bearing_deg) =>
  Number.isFinite(bearing_deg) ? t(`compass.${measures.compassPoint(bearing_deg)}`) : '';

function showMeasure({ value, unit, digits }) {
  if (!Number.isFinite(value)) return '–';
  return `${showNumber(value, digits)} ${t(`unit.${unit}`)}`;
}

export function showAge(seconds) {
  const { value, unit } = measures.ageParts(seconds);
  return `${showNumber(value, 1)} ${t(`age.${unit}`)}`;
}

export function showDuration(seconds) {
  const parts = measures.durationParts(seconds);
  return parts.length === 0 ? '–' : parts.map(({ value, unit }) => `${showNumber(value, 1)} ${t(`age.${unit}`)}`).join(' ');
}

/** Percent with its interval: `87% (70–95%)`. */
export function showLikely(probability) {
  if (!probability) return '–';
  return `${showPercent(probability.value)} (${showInterval(probability)})`;
}

export function showInterval({ low, high }) {
  return `${showPercent(low)}–${showPercent(high)}`;
}

/** What time it is in the replay; before the first frame, when the incident starts. */
export const now = computed(() => frame.value?.t ?? incident.value?.start ?? null);
