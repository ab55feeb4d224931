// The space segment: contacts, ways of messages, bundles in store, Doppler, sensors.
import { signal } from '@preact/signals';
import { html } from '../html.js';
import { t } from '../text/i18n.js';
import { Contacts } from './contacts.js';
import { Doppler } from './doppler.js';
import { Stores } from './stores.js';
import { Swaths } from './swaths.js';
import { Tabs } from './tabs.js';
import { Ways } from './ways.js';

const chosenTab = signal('contacts');

export function Space() {
  const tabs = [
    { id: 'contacts', title: t('space.contacts'), body: () => html`<${Contacts} />` },
    { id: 'ways', title: t('space.ways'), body: () => html`<${Ways} />` },
    { id: 'stores', title: t('space.stores'), body: () => html`<${Stores} />` },
    { id: 'doppler', title: t('space.doppler'), body: () => html`<${Doppler} />` },
    { id: 'swaths', title: t('space.swaths'), body: () => html`<${Swaths} />` },
  ];
  return html`<div class="space" data-testid="space">
    <${Tabs} name="space" label=${t('space.title')} tabs=${tabs} chosen=${chosenTab.value} onChoose=${(id) => (chosenTab.value = id)} />
  </div>`;
}
