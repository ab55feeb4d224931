// One field of one stream over time: values as dots and a line, intervals of estimates as a band.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { html } from '../html.js';
import { offset_min, showLocal } from '../text/show.js';

const kHeight = 96;
const axis = { stroke: '#9db0bf', grid: { stroke: 'rgba(120,160,185,0.14)', width: 1 }, ticks: { show: false }, font: '10px system-ui' };

/** points: [{t, value, low, high, state}] in time order. */
export function Sparkline({ points, label }) {
  const ref = useRef(null);
  const plot = useRef(null);
  useEffect(() => {
    const box = ref.current;
    plot.current = new uPlot(options(box.clientWidth || 300), columns(points), box);
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: box.clientWidth, height: kHeight }));
    observer.observe(box);
    return () => {
      observer.disconnect();
      plot.current.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setData(columns(points)), [points]);
  return html`<div class="sparkline" ref=${ref} role="img" aria-label=${label}></div>`;
}

function columns(points) {
  const number = (v) => (Number.isFinite(v) ? v : null);
  const only = (state) => points.map((p) => (p.state === state ? number(p.value) : null));
  return [
    points.map((p) => Date.parse(p.t) / 1000),
    points.map((p) => (p.state === 'estimated' ? number(p.low) : null)),
    points.map((p) => (p.state === 'estimated' ? number(p.high) : null)),
    points.map((p) => (p.state === 'missing' ? null : number(p.value))),
    only('observed'),
    only('estimated'),
  ];
}

function options(width) {
  const dots = (colour, fill) => ({ stroke: colour, width: 0, paths: () => null, points: { show: true, size: 5, fill, stroke: colour, width: 1.2 } });
  const edge = { stroke: 'rgba(227,179,65,0.7)', width: 1, points: { show: true, size: 3, stroke: 'rgba(227,179,65,0.7)' } };
  return {
    width,
    height: kHeight,
    legend: { show: false },
    cursor: { show: false },
    padding: [6, 6, 0, 0],
    scales: { x: { time: true } },
    series: [{}, edge, edge, { stroke: '#5cc8f5', width: 1, points: { show: false } }, dots('#6cb6ff', '#6cb6ff'), dots('#e3b341', '#0f171d')],
    bands: [{ series: [2, 1], fill: 'rgba(227,179,65,0.2)' }],
    axes: [
      { ...axis, size: 22, values: (u, splits) => splits.map((s) => showLocal(new Date(s * 1000).toISOString(), offset_min.value).slice(11, 16)) },
      { ...axis, size: 44 },
    ],
  };
}
