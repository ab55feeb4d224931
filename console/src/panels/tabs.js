// Tabs as the ARIA authoring practices describe them: arrows move, one tab stop.
import { html } from '../html.js';

/** tabs: [{id, title, body}]. Only the chosen panel is rendered, from its top. */
export function Tabs({ name, label, tabs, chosen, onChoose, extra }) {
  const index = Math.max(0, tabs.findIndex((tab) => tab.id === chosen));
  const onKeyDown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs[(index + step + tabs.length) % tabs.length].id;
    onChoose(next);
    document.getElementById(`${name}-tab-${next}`)?.focus();
  };
  const current = tabs[index];
  return html`
    <div class="panel-head"><div class="tabs" role="tablist" aria-label=${label} onKeyDown=${onKeyDown}>
      ${tabs.map((tab) => html`<button key=${tab.id} role="tab" id=${`${name}-tab-${tab.id}`} data-testid=${`tab-${tab.id}`}
        aria-selected=${tab === current} aria-controls=${`${name}-panel`} tabindex=${tab === current ? 0 : -1}
        onClick=${() => onChoose(tab.id)}>${tab.title}</button>`)}
    </div>${extra}</div>
    <div class="scroll" key=${current.id} role="tabpanel" id=${`${name}-panel`} aria-labelledby=${`${name}-tab-${current.id}`} tabindex="0">${current.body()}</div>`;
}
