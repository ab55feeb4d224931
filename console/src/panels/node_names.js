// Names of nodes as the incident gives them.
import { computed } from '@preact/signals';
import { incident } from '../link/store.js';

const satellites = computed(() => new Map((incident.value?.satellites ?? []).map((s) => [s.node, s])));

export function satelliteOf(node) {
  return satellites.value.get(node);
}

/** Both ends of a link, the one on the ground last. */
export function groundLast(a, b) {
  return satelliteOf(a)?.satellite === false && satelliteOf(b)?.satellite !== false ? [b, a] : [a, b];
}

export function nodeName(node) {
  return satellites.value.get(node)?.name ?? `#${node}`;
}
