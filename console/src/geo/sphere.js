// Spherical geometry on small scales: enough for labels and scale bars, not for orbits.
export const kEarthKm = 6371.0088;
export const kKmPerDegree = (Math.PI / 180) * kEarthKm;
const rad = Math.PI / 180;

export function distanceKm(a, b) {
  const dlat = (b.lat - a.lat) * rad;
  const dlon = (b.lon - a.lon) * rad;
  const h = Math.sin(dlat / 2) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(dlon / 2) ** 2;
  return 2 * kEarthKm * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** Initial bearing from a to b, degrees clockwise from north. */
export function bearingDeg(a, b) {
  const dlon = (b.lon - a.lon) * rad;
  const y = Math.sin(dlon) * Math.cos(b.lat * rad);
  const x = Math.cos(a.lat * rad) * Math.sin(b.lat * rad) - Math.sin(a.lat * rad) * Math.cos(b.lat * rad) * Math.cos(dlon);
  return (Math.atan2(y, x) / rad + 360) % 360;
}

/** The place nearest to a point with distance and the bearing from the place to the point. */
export function nearestPlace(point, places) {
  let best = null;
  for (const place of places ?? []) {
    const distance_km = distanceKm(place, point);
    if (!best || distance_km < best.distance_km) best = { place, distance_km };
  }
  return best && { ...best, bearing_deg: bearingDeg(best.place, point) };
}

/** Where the sun stands overhead, to about a degree: good enough for a day and night shade. */
export function sunOverhead(t) {
  const days = Date.parse(t) / 86400000 - 10957.5; // since J2000
  if (!Number.isFinite(days)) return null;
  const anomaly = (357.529 + 0.98560028 * days) * rad;
  const longitude = (280.459 + 0.98564736 * days + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * rad;
  const tilt = 23.439 * rad;
  const lat = Math.asin(Math.sin(tilt) * Math.sin(longitude)) / rad;
  const ascension = Math.atan2(Math.cos(tilt) * Math.sin(longitude), Math.cos(longitude)) / rad;
  const sidereal = 280.46061837 + 360.98564736629 * days;
  return { lat, lon: wrapLon(ascension - sidereal) };
}

export function wrapLon(lon) {
  return ((((lon + 180) % 360) + 360) % 360) - 180;
}
