// Makes the pictures of README.md and docs/ anew, with the commands of dist/ and an installed Chromium:
//
//     npm run build && npm run pictures
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const docs = join(root, 'docs');
const folder = mkdtempSync(join(tmpdir(), 'stopcopy-pictures-'));
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
if (executablePath === undefined) {
  console.error('No Chromium is installed: there is nothing to make pictures with.');
  process.exit(1);
}

/** @param {readonly string[]} words */
function stopcopy(...words) {
  execFileSync(process.execPath, [join(root, 'dist', 'bench', 'main.js'), ...words], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu'] });
/**
 * @param {string} html
 * @param {string} picture
 * @param {{ hash?: string, height: number, ready?: string }} look
 */
async function take(html, picture, { hash = '', height, ready }) {
  const page = await browser.newPage({ viewport: { width: 1100, height }, colorScheme: 'light' });
  await page.goto(`${pathToFileURL(html).href}${hash}`);
  if (ready !== undefined) await page.locator(ready).waitFor({ state: 'attached' });
  await page.screenshot({ path: join(docs, picture) });
  await page.close();
  console.log(`docs/${picture}`);
}

try {
  const run = join(folder, 'run.html');
  stopcopy('run', 'zip-64', '--html', run);
  await take(run, 'run.png', { height: 1000 });

  const ui = join(folder, 'ui.html');
  stopcopy('ui', '--html', ui);
  const look = { hash: '#scenario=eight-vfs&dirty=300000', height: 900, ready: '#answer[aria-busy=false]' };
  await take(ui, 'ui.png', look);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
