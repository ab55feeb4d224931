// A canvas that keeps to its box and the screen's pixel density, and draws at most once a frame.
import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

/** Calls draw(context, width, height) when the box changes or a signal read in `watch` does. */
export function useCanvas(watch, draw) {
  const ref = useRef(null);
  useEffect(() => {
    const canvas = ref.current;
    const context = canvas.getContext('2d');
    let scheduled = 0;
    const paint = () => {
      scheduled = 0;
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
    const stop = effect(() => {
      watch();
      schedule();
    });
    const observer = new ResizeObserver(schedule);
    observer.observe(canvas);
    return () => {
      stop();
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
