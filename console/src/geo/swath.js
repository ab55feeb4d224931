// The strip of ground a sensor swept: [[lat, lon], …], forward on the left, back on the right; the two
// corners in the middle are the ends of its line now. Edges are great circles.
const whole = (point) => Array.isArray(point) && Number.isFinite(point[0]) && Number.isFinite(point[1]);

/** The ends of the line now as {lat, lon}; null when there is none. */
export function swathEnds(swath) {
  if (!Array.isArray(swath) || swath.length < 4 || swath.length % 2 || !swath.every(whole)) return null;
  const half = swath.length / 2;
  return [swath[half - 1], swath[half]].map(([lat, lon]) => ({ lat, lon }));
}

/** The strip and its leading line as GeoJSON geometries; null when there is none. */
export function swathShapes(swath) {
  const ends = swathEnds(swath);
  if (!ends) return null;
  const ring = [...swath, swath[0]].map(([lat, lon]) => [lon, lat]);
  return {
    strip: { type: 'Polygon', coordinates: [ring] },
    line: { type: 'LineString', coordinates: ends.map(({ lat, lon }) => [lon, lat]) },
  };
}
