// Records, danger, space segment, log, data and results share one place; results come forward when the replay ends.
import { effect, signal } from '@preact/signals';
import { html } from '../html.js';
import { summary } from '../link/store.js';
import { t } from '../text/i18n.js';
import { Danger } from './danger.js';
import { Log } from './log.js';
import { Parts } from './parts.js';
import { Records } from './records.js';
import { Results } from './results.js';
import { Space } from './space.js';
import { Tabs } from './tabs.js';

const chosenTab = signal('records');
let userChose = false;

effect(() => {
  if (summary.value && !userChose) chosenTab.value = 'results';
});

export function Side() {
  const tabs = [
    { id: 'records', title: t('records.title'), body: () => html`<${Records} />` },
    { id: 'danger', title: t('danger.title'), body: () => html`<${Danger} />` },
    { id: 'space', title: t('space.title'), body: () => html`<${Space} />` },
    { id: 'log', title: t('log.title'), body: () => html`<${Log} />` },
    { id: 'parts', title: t('parts.title'), body: () => html`<${Parts} />` },
    { id: 'results', title: t('results.title'), body: () => html`<${Results} />` },
  ];
  return html`<section class="panel side" aria-label=${t('side.title')}>
    <${Tabs} name="side" label=${t('side.title')} tabs=${tabs} chosen=${chosenTab.value}
      onChoose=${(id) => { userChose = true; chosenTab.value = id; }} />
  </section>`;
}
