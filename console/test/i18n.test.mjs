// Both languages say everything the page asks for, and nothing else.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = new URL('..', import.meta.url).pathname;
const read = (lang) => JSON.parse(readFileSync(join(root, 'i18n', `${lang}.json`), 'utf8'));
const en = read('en');
const zh = read('zh');
const placeholders = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

const sources = readdirSync(join(root, 'src'), { recursive: true })
  .filter((name) => name.endsWith('.js'))
  .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
  .join('\n');

test('the two languages have the same keys in the same order', () => {
  assert.deepEqual(Object.keys(zh), Object.keys(en));
});

test('no text is empty and placeholders agree', () => {
  for (const key of Object.keys(en)) {
    assert.ok(en[key].trim() !== '' && zh[key].trim() !== '', key);
    assert.deepEqual(placeholders(zh[key]), placeholders(en[key]), key);
  }
});

test('every key the page asks for exists', () => {
  const asked = [...sources.matchAll(/['"]([a-z]+\.[a-z0-9_-]+)['"]/g)].map((m) => m[1]);
  const groups = new Set(Object.keys(en).map((key) => key.split('.')[0]));
  const missing = asked.filter((key) => groups.has(key.split('.')[0]) && !/\.(html|json|jsonl|csv|js)$/.test(key) && !(key in en));
  assert.deepEqual(missing, []);
});

test('every key is asked for', () => {
  // Groups whose keys are put together at run time from words of the protocol.
  const built = new Set([...sources.matchAll(/word\('([a-z]+)'|t\(`([a-z]+)\.\$\{/g)].map((m) => m[1] ?? m[2]));
  const idle = Object.keys(en).filter((key) => !built.has(key.split('.')[0]) && !sources.includes(`'${key}'`));
  assert.deepEqual(idle, []);
});
