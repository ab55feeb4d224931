// What is committed in dist/ is what the sources build, it is small, and it stays on its own origin.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from '../build.mjs';

const kBytesMost = 400 * 1024;
const dist = new URL('../dist', import.meta.url).pathname;
const text = (name) => readFileSync(join(dist, name), 'utf8');

test('dist equals a fresh build', async () => {
  const fresh = mkdtempSync(join(tmpdir(), 'skywarden-dist-'));
  try {
    await build(fresh);
    assert.deepEqual(readdirSync(dist).sort(), readdirSync(fresh).sort());
    for (const name of readdirSync(fresh)) {
      assert.ok(readFileSync(join(dist, name)).equals(readFileSync(join(fresh, name))), `${name} differs: run node build.mjs`);
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
});

test('the page is small', () => {
  const bytes = readdirSync(dist).reduce((sum, name) => sum + readFileSync(join(dist, name)).length, 0);
  assert.ok(bytes < kBytesMost, `${bytes} bytes`);
});

test('no eval, no inline script or style, no outside address is loaded', () => {
  const page = text('index.html');
  assert.doesNotMatch(page, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/);
  assert.doesNotMatch(page, /(src|href)="(https?:)?\/\//);
  assert.doesNotMatch(text('app.css'), /url\(["']?(https?:)?\/\/|@import/);
  assert.doesNotMatch(text('app.js'), /\beval\(|new Function\(/);
});
