// A canvas that keeps to its box and the screen's pixel density, and draws at most once a frame.
import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

// News comes up to 25 times a second; five pictures a second are enough for it and leave the
// processor to the program. Turning and zooming stay fluent.
const kNewsEveryMs = 200;

/**
 * Calls draw(context, width, height, ratio) when the box changes or a signal read in `news` (at most
 * every kNewsEveryMs) or in `touch` (at once) does.
 */
export function useCanvas({ news, touch, draw }) {
  const ref = useRef(null);
  useEffect(() => {
    const canvas = ref.current;
    const context = canvas.getContext('2d');
    let scheduled = 0;
    let later = 0;
    let paintedAt = 0;
    const paint = () => {
      scheduled = 0;
      clearTimeout(later);
      later = 0;
      paintedAt = performance.now();
      const ratio = Math.min(2, window.devicePixelRatio || 1);
      const width = canvas.clientWidth;
      const height = canvas.clientHeight;
      if (!width || !height) return;
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      draw(context, width, height, ratio);
    };
    const schedule = () => {
      if (!scheduled) scheduled = requestAnimationFrame(paint);
    };
    const scheduleLater = () => {
      const wait = paintedAt + kNewsEveryMs - performance.now();
      if (wait <= 0) schedule();
      else if (!later) later = setTimeout(schedule, wait);
    };
    const stops = [[news, scheduleLater], [touch, schedule]].map(([watch, act]) => effect(() => {
      watch();
      act();
    }));
    const observer = new ResizeObserver(schedule);
    observer.observe(canvas);
    return () => {
      for (const stop of stops) stop();
      clearTimeout(later);
      observer.disconnect();
      cancelAnimationFrame(scheduled);
    };
  }, []);
  return ref;
}

/** Text with a dark halo, readable on any ground. */
export function haloText(context, text, x, y, colour) {
  context.lineWidth = 3;
  context.lineJoin = 'round';
  context.strokeStyle = 'rgba(5, 10, 14, 0.85)';
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

export const kFont = 'system-ui, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
