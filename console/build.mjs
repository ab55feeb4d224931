// Builds the page into dist/, which is committed so that using Skywarden needs no Node.
// The output depends on the sources and the locked packages alone: no times, no paths.
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build as bundle } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));

export async function build(out = join(here, 'dist')) {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  await bundle({
    absWorkingDir: here,
    entryPoints: { app: 'src/main.js' },
    outdir: out,
    bundle: true,
    minify: true,
    charset: 'utf8',
    format: 'iife',
    target: ['chrome100', 'firefox100', 'safari15.4'],
    legalComments: 'none', // THIRD_PARTY.md carries the licences
    logLevel: 'warning',
  });
  for (const name of ['index.html', 'icon.svg']) await copyFile(join(here, 'src', name), join(out, name));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await build();
