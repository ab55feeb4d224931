import { openBrowser } from '/work/main/console/test/browser.mjs';
import { startMock } from '/work/main/console/test/mock-server.mjs';
import * as data from '/work/main/console/test/mock_data.mjs';
const mock = await startMock({ bare: true });
const { page, close } = await openBrowser();
await page.route('**/api/incident', (r) => r.fulfill({ json: { ...data.incident({bare:true}), utc_offset_min: 600, bbox: [113, -44, 154, -10], units: 'metric', satellites: data.incident().satellites, places:[{name:'Testburg',lat:-33.8,lon:151,population:5e6},{name:'Sampleville',lat:-37.8,lon:145,population:4e6}] } }));
const R = data.random;
await page.routeWebSocket('**/ws', (s) => {
  for (let k = 0; k < 33; k++) s.send(JSON.stringify({ type: 'hotspots', items: Array.from({ length: 500 }, (_, i) => ({ id: k + '-' + i, t: data.timeAt(k * 1200), lat: -36 + 24 * R() * R(), lon: 116 + 34 * R(), scan_km: 1 + R(), track_km: 1 + R(), frp_mw: 10, confidence: 80, satellite: 'Terra', provenance: 'observed' })) }));
  for (let k = 0; k < 400; k++) { const a = data.alert(1, k * 60, 'e' + k); const lat = -36 + 20 * R(), lon = 116 + 34 * R(); a.polygon = a.polygon.map(([y, x]) => [y - a.centre[0] + lat, x - a.centre[1] + lon]); a.centre = [lat, lon]; a.observations=[]; s.send(JSON.stringify(a)); }
  let n = 0; const timer = setInterval(() => { n++; s.send(JSON.stringify({ type: 'frame', t: data.timeAt(24000 + n * 60), speed: 600, paused: false, done: false, leader: 3, nodes: data.positions(n * 60).map(p => ({ ...p, up: true, role: p.node === 3 ? 'leader' : 'follower', term: 1, share: 1, commit: n })), links: [] })); }, 100);
});
const t0 = Date.now(); await page.goto(mock.url); await page.getByTestId('alert-item').first().waitFor(); console.log('first alert', Date.now() - t0);
const m0 = await (await page.context().newCDPSession(page)); await m0.send('Performance.enable');
const get = async () => Object.fromEntries((await m0.send('Performance.getMetrics')).metrics.map(m => [m.name, m.value]));
await page.waitForTimeout(2000); const a = await get(); await page.waitForTimeout(5000); const b = await get();
console.log('main thread busy', ((b.TaskDuration - a.TaskDuration) / 5 * 100).toFixed(0) + '%', 'heap MB', (b.JSHeapUsedSize / 1e6).toFixed(0));
await page.screenshot({ path: '/tmp/stress.png' });
await page.getByTestId('alert-item').nth(5).click(); await page.waitForTimeout(500); await page.screenshot({ path: '/tmp/stress2.png' });
await close(); await mock.stop();
