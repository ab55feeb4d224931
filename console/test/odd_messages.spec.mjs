// The page survives messages with parts missing or odd: nothing may stop it drawing. SYNTHETIC data.
import assert from 'node:assert/strict';
import { openBrowser } from './browser.mjs';
import { startMock } from './mock-server.mjs';

const mock = await startMock({ bare: true });
const { page, close } = await openBrowser();
const errors = [];
page.on('pageerror', (error) => errors.push(String(error)));
await page.route('**/api/incident', (route) => route.fulfill({ json: { name: 'odd <b>test</b>', title: null, parts: null, missing: null, places: null, terrain: { cols: 3 }, roads: { features: [{ geometry: null }] }, satellites: null, bbox: null } }));
const odd = [
  'not json', '[]', 'null', '{"type":"frame"}',
  '{"type":"frame","t":"x","nodes":[{"node":1,"up":true,"lat":1,"lon":1,"swath":[[1,2],null,[3],"x"]},{"node":2,"lat":1,"lon":2,"up":true,"role":"leader"}],"links":[{"a":1,"b":9}]}',
  '{"type":"alert"}', '{"type":"alert","id":"<img src=x>","event":7,"headline":"<img src=x onerror=alert(1)>","polygon":[[1,2]],"reasons":[{}],"threatened":[{}],"cap":"../../etc/passwd","agreed_by":[99],"centre":[1,2]}',
  '{"type":"space"}', '{"type":"space","t":"x","from":1,"contacts":[null,{},{"a":1,"b":2,"start":"2030-01-01T00:00:00Z","end":"2030-01-01T00:10:00Z","state":"odd","closed":[{}]}],"doppler":{},"stores":[{}],"bundles":{}}',
  '{"type":"group"}', '{"type":"group","seen_by":1,"leader":1,"leader_since":"x","halves":[null,{}],"members":[null,7,{},{"node":1,"share":1},{"node":2,"share":3,"reach":"<b>","lag":"x","domain":{},"reasons":[null,7,{"en":"<img src=x onerror=alert(1)>"}]}],"parts":[null,{},{"nodes":[]},{"nodes":[1,"x"],"of":9}]}',
  '{"type":"turn"}', '{"type":"turn","kind":"elected","t":"x","node":{},"cause":"odd"}', '{"type":"turn","kind":"epoch","changes":[null,{}],"changes_of":9}', '{"type":"turn","kind":"<img src=x>"}',
  '{"type":"ways"}', '{"type":"ways","items":[null,7,{},{"kind":"packet","alert":{}},{"kind":"<b>","hops":[{}],"alert":{"event":"<img src=x>","sequence":1}}]}',
  '{"type":"record"}', '{"type":"record","stream":"s","t":"2030-01-01T00:00:00Z","fields":[{"name":"a","state":"estimated","value":1,"low":0,"high":2},{"name":"b","state":"odd","value":{}}]}',
  '{"type":"record","stream":"s","t":"2030-01-01T01:00:00Z","fields":[{"name":"a","state":"missing"}]}',
  '{"type":"danger"}', '{"type":"finding"}', '{"type":"log"}', '{"type":"summary"}', '{"type":"error"}', '{"type":"hotspots","items":[{"id":1,"lat":1,"lon":2}]}',
];
await page.routeWebSocket('**/ws', (socket) => odd.forEach((text) => socket.send(text)));
await page.goto(mock.url);
await page.getByTestId('alert-item').first().waitFor();
for (const tab of ['links', 'agreement', 'nodes', 'danger', 'space', 'ways', 'stores', 'doppler', 'swaths', 'contacts', 'log', 'parts', 'results', 'records']) {
  await page.getByTestId(`tab-${tab}`).click();
  await page.waitForTimeout(100);
}
for (const item of await page.getByTestId('alert-item').all()) await item.click();
await page.waitForTimeout(500);
assert.equal(await page.locator('.alert-item img').count(), 0, 'text stays text');
assert.equal(await page.getByTestId('cap-link').count(), 0, 'a path outside /files/ is no link');
await page.getByTestId('lang').click();
assert.deepEqual(errors, []);
await close();
await mock.stop();
console.log('ok - odd messages do not stop the page');
