// Colours drawn on canvases; app.css carries the same ones for the rest of the page.
export const palette = {
  sea: '#0a1a26',
  land: '#1d2f37',
  coast: '#3f5a68',
  grid: 'rgba(120, 160, 185, 0.16)',
  night: 'rgba(2, 6, 12, 0.45)',
  road: 'rgba(214, 200, 160, 0.55)',
  place: '#e8eef3',
  threatened: '#ffd54a',
  fire: '#ff7a1a',
  fireDim: '#8d99a3',
  text: '#d7e1ea',
  dim: '#9db0bf',
  satellite: '#5cc8f5',
  leader: '#ffd54a',
  candidate: '#c39bff',
  down: '#ff5d54',
  link: 'rgba(92, 200, 245, 0.5)',
  cut: '#ff5d54',
  swath: { line: 'rgba(108, 182, 255, 0.9)', fill: 'rgba(108, 182, 255, 0.22)' },
  swathWhatIf: { line: 'rgba(255, 138, 196, 0.85)', fill: 'rgba(255, 138, 196, 0.20)' },
  footprint: 'rgba(92, 200, 245, 0.10)',
};

/** Hotspots by age in hours, newest brightest. */
export const ages = [
  { upTo: 1, colour: '#fff3a0' },
  { upTo: 6, colour: '#ffb02e' },
  { upTo: 24, colour: '#f4511e' },
  { upTo: Infinity, colour: '#a3312b' },
];

export function ageColour(hours) {
  return ages.find((step) => hours < step.upTo).colour;
}

export const provenanceColour = {
  observed: '#6cb6ff',
  reconstructed: '#c39bff',
  simulated: '#e3b341',
  'what-if': '#ff8ac4',
};
