// The label that says where a thing comes from. It carries its word, not colour alone.
import { html } from '../html.js';
import { word } from '../text/i18n.js';

export function Provenance({ of }) {
  if (!of) return null;
  return html`<span class=${`tag prov prov-${of}`}>${word('provenance', of)}</span>`;
}
