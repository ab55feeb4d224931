// The page: one screen that answers first and explains below.
import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './style/base.css';
import './style/layout.css';
import './style/panels.css';
import './style/space.css';
import './style/agreement.css';
import { Globe } from './geo/globe.js';
import { IncidentMap } from './geo/map.js';
import { html } from './html.js';
import { connect } from './link/protocol.js';
import { Alerts } from './panels/alerts.js';
import { Answers } from './panels/answers.js';
import { Controls } from './panels/controls.js';
import { DropZone } from './panels/dropzone.js';
import { Header } from './panels/header.js';
import { Nodes } from './panels/nodes.js';
import { Reasons } from './panels/reasons.js';
import { Side } from './panels/side.js';
import { t } from './text/i18n.js';

function Page() {
  return html`
    <a class="skip" href="#alerts">${t('page.skip')}</a>
    <${Header} />
    <${Controls} />
    <${Answers} />
    <main>
      <div class="upper">
        <div class="left" id="alerts" tabindex="-1"><${Alerts} /><${DropZone} /></div>
        <${IncidentMap} />
        <${Globe} />
      </div>
      <div class="lower"><${Reasons} /><${Nodes} /><${Side} /></div>
    </main>`;
}

render(html`<${Page} />`, document.getElementById('page'));
connect();
