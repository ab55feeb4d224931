// Takes pictures of the page for people to look at: node test/shots.mjs [URL]; output in test/shots/.
import { mkdir } from 'node:fs/promises';
import { openBrowser } from './browser.mjs';
import { startMock } from './mock-server.mjs';

const mock = process.argv[2] ? null : await startMock();
const bare = process.argv[2] ? null : await startMock({ bare: true });
const url = process.argv[2] ?? mock.url;
await mkdir(new URL('shots/', import.meta.url), { recursive: true });
const path = (name) => new URL(`shots/${name}.png`, import.meta.url).pathname;
const { page, close } = await openBrowser();
await page.goto(url);
await page.getByTestId('alert-item').first().waitFor({ timeout: 120000 });
await page.waitForTimeout(Number(process.env.WAIT_MS ?? 8000));
await page.screenshot({ path: path('en') });
await page.getByTestId('kill-3').click().catch(() => {});
await page.getByTestId('tab-log').click();
await page.waitForTimeout(300);
await page.getByTestId('lang').click();
await page.waitForTimeout(500);
await page.screenshot({ path: path('zh') });
await page.getByTestId('lang').click();
await page.getByTestId('tab-links').click();
await page.getByTestId('tab-danger').click();
await page.setViewportSize({ width: 1920, height: 1080 });
await page.waitForTimeout(500);
await page.screenshot({ path: path('wide') });
await page.getByTestId('tab-records').click();
await page.waitForTimeout(500);
await page.screenshot({ path: path('records') });
await page.setViewportSize({ width: 400, height: 800 });
await page.waitForTimeout(500);
await page.screenshot({ path: path('phone'), fullPage: true });
await page.setViewportSize({ width: 1280, height: 800 });
await page.getByTestId('tab-nodes').click();
await page.screenshot({ path: path('nodes') });
await page.getByTestId('tab-agreement').click();
for (const [name, width, height] of [['agreement', 1280, 800], ['agreement_wide', 1920, 1080], ['agreement_phone', 400, 800]]) {
  await page.setViewportSize({ width, height });
  for (const language of ['', '_zh']) {
    await page.waitForTimeout(800);
    await page.locator('.panel.nodes').scrollIntoViewIfNeeded();
    await page.waitForTimeout(500);
    await page.screenshot({ path: path(name + language) });
    await page.locator('#nodes-panel').evaluate((e) => e.scrollTo(0, e.scrollHeight));
    await page.screenshot({ path: path(`${name}_end${language}`) });
    await page.locator('#nodes-panel').evaluate((e) => e.scrollTo(0, 0));
    await page.getByTestId('lang').click();
  }
}
await page.setViewportSize({ width: 1280, height: 800 });
await page.getByTestId('tab-space').click();
for (const tab of ['contacts', 'ways', 'stores', 'doppler', 'swaths']) {
  await page.getByTestId(`tab-${tab}`).click();
  if (tab === 'ways') await page.locator('.ways summary').first().click({ timeout: 5000 }).catch(() => {});
  await page.waitForTimeout(1200);
  await page.screenshot({ path: path(`space_${tab}`) });
}
await page.getByTestId('lang').click();
for (const tab of ['contacts', 'ways']) {
  await page.getByTestId(`tab-${tab}`).click();
  await page.waitForTimeout(500);
  await page.screenshot({ path: path(`space_${tab}_zh`) });
}
await page.setViewportSize({ width: 400, height: 800 });
await page.getByTestId('tab-contacts').click();
await page.waitForTimeout(500);
await page.getByTestId('space').scrollIntoViewIfNeeded();
await page.screenshot({ path: path('space_phone_zh') });
await page.getByTestId('lang').click();
if (bare) {
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(bare.url);
  await page.waitForTimeout(6000);
  await page.getByTestId('tab-parts').click();
  await page.waitForTimeout(300);
  await page.screenshot({ path: path('bare') });
}
await close();
await mock?.stop();
await bare?.stop();
