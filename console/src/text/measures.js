// Numbers and times as text, free of page state so that they can be tested alone.
// Distances arrive in kilometres, areas in hectares, heights in metres.
export const kKmPerMile = 1.609344;
export const kHectaresPerAcre = 0.40468564224;
const kMetresPerFoot = 0.3048;

const missing = '–';

export function number(value, digits, tag) {
  if (!Number.isFinite(value)) return missing;
  return new Intl.NumberFormat(tag, { maximumFractionDigits: digits }).format(value);
}

/** Three significant digits, for values whose size is not known beforehand. */
export function plain(value, tag) {
  if (!Number.isFinite(value)) return missing;
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return number(value, digits, tag);
}

export function percent(value, tag) {
  if (!Number.isFinite(value)) return missing;
  // 99.7 % must not read as certainty.
  const digits = value > 0.99 && value < 1 ? 1 : 0;
  const shown = value < 1 ? Math.min(value, 0.999) : value;
  return new Intl.NumberFormat(tag, { style: 'percent', maximumFractionDigits: digits }).format(shown);
}

// A measure is {value, unit, digits}; the caller names the unit in the reader's language.
export function distance(km, units) {
  const value = units === 'us' ? km / kKmPerMile : km;
  return { value, unit: units === 'us' ? 'mi' : 'km', digits: value < 10 ? 1 : 0 };
}

export function speed(kms, units) {
  return { value: units === 'us' ? kms / kKmPerMile : kms, unit: units === 'us' ? 'mi_s' : 'km_s', digits: 2 };
}

export function area(ha, units) {
  const value = units === 'us' ? ha / kHectaresPerAcre : ha;
  return { value, unit: units === 'us' ? 'acres' : 'ha', digits: value < 10 ? 1 : 0 };
}

export function height(m, units) {
  return units === 'us' ? { value: m / kMetresPerFoot, unit: 'ft', digits: 0 } : { value: m, unit: 'm', digits: 0 };
}

export function coordinates(lat, lon) {
  if (!Number.isFinite(lat) || !Number.isFinite(lon)) return missing;
  return `${Math.abs(lat).toFixed(3)}°${lat < 0 ? 'S' : 'N'} ${Math.abs(lon).toFixed(3)}°${lon < 0 ? 'W' : 'E'}`;
}

/** ISO time in UTC shifted by minutes, `YYYY-MM-DD HH:MM`; seconds on request. */
export function clockText(t, offset_min = 0, seconds = false) {
  const ms = Date.parse(t);
  if (!Number.isFinite(ms)) return missing;
  const text = new Date(ms + offset_min * 60000).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, seconds ? 19 : 16)}`;
}

/** `UTC−7`, `UTC+5:30`. */
export function zoneName(offset_min) {
  const size = Math.abs(offset_min);
  const hours = Math.floor(size / 60);
  const minutes = Math.round(size % 60);
  const sign = offset_min < 0 ? '−' : '+';
  return `UTC${sign}${hours}${minutes ? `:${String(minutes).padStart(2, '0')}` : ''}`;
}

/** Age in the largest unit that keeps it readable: {value, unit}. */
export function ageParts(seconds) {
  if (!Number.isFinite(seconds)) return { value: NaN, unit: 's' };
  if (seconds < 90) return { value: Math.round(seconds), unit: 's' };
  if (seconds < 5400) return { value: Math.round(seconds / 60), unit: 'min' };
  if (seconds < 172800) return { value: Math.round(seconds / 360) / 10, unit: 'h' };
  return { value: Math.round(seconds / 8640) / 10, unit: 'd' };
}

/** A span of time in one or two units: [{value, unit}]. */
export function durationParts(seconds) {
  if (!Number.isFinite(seconds)) return [];
  if (seconds < 0.9995) return [{ value: Math.round(seconds * 1000), unit: 'ms' }];
  if (seconds < 59.95) return [{ value: Math.round(seconds * 10) / 10, unit: 's' }];
  const whole = Math.round(seconds);
  const minutes = whole < 3600 ? Math.floor(whole / 60) : Math.round(whole / 60);
  const parts = whole < 3600
    ? [{ value: minutes, unit: 'min' }, { value: whole % 60, unit: 's' }]
    : [{ value: Math.floor(minutes / 60), unit: 'h' }, { value: minutes % 60, unit: 'min' }];
  return parts.filter((part, i) => i === 0 || part.value > 0);
}

/** 0..7 for N, NE, E … from a bearing in degrees. */
export function compassPoint(bearing_deg) {
  return Math.round((((bearing_deg % 360) + 360) % 360) / 45) % 8;
}

/** 1, 2 or 5 times a power of ten, the largest not above `most`. */
export function roundLength(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  const factor = [5, 2, 1].find((f) => f * power <= most * (1 + 1e-9)) ?? 1;
  return factor * power;
}
