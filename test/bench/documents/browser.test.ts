/**
 * A page of every kind of document, in a browser: one page that is loaded once, and tried in all settings.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { explainSection } from '../../../bench/documents/explain/section.ts';
import { importSection } from '../../../bench/documents/import/section.ts';
import { readSection } from '../../../bench/documents/kinds.ts';
import { platformSection } from '../../../bench/documents/platform/section.ts';
import { runPairSection } from '../../../bench/documents/run/pair-section.ts';
import { type NamedSection, sectionsPage } from '../../../bench/show/page.ts';
import { readMeasured } from '../../../bench/studies/fit/measured-rows.ts';
import { ownPlatformOf } from '../../../bench/studies/fit/own-platform.ts';
import { explained } from '../../../bench/studies/explain/explain.ts';
import { importedDocument } from '../../../bench/studies/import/import-files.ts';
import { readMove } from '../../../bench/studies/import/moves.ts';
import { playPair } from '../../../bench/studies/run/pair.ts';
import { packageRoot } from '../../../bench/io/package-root.ts';
import { Output } from '../../../bench/io/output.ts';
import {
  BROWSER_FOUND,
  cutLabels,
  isTried,
  lookAt,
  LOOKS,
  openBrowser,
  openPage,
  overflow,
  violations,
} from '../browser.ts';
import type { WatchedPage } from '../browser.ts';
import { reportDocuments } from './documents.ts';

/** Pages that no document of `stopcopy report` has. */
async function otherSections(): Promise<readonly NamedSection[]> {
  const output = new Output(true);
  const { signal } = new AbortController();
  const move = join(packageRoot(), 'bench/studies/import/examples/qemu-zip.qmp.jsonl');
  const lab = join(packageRoot(), 'bench/studies/fit/examples/small-lab.yaml');
  const pair = await playPair(['idle-vf', 'never-converges'], { seed: undefined, platform: undefined }, output, signal);
  const { document } = await explained(readMove(move), output, signal);
  return [
    { name: 'pair', section: runPairSection(pair, ['idle-vf', 'never-converges']) },
    { name: 'explanation', section: explainSection(document) },
    { name: 'import', section: importSection(await importedDocument([move], {})) },
    { name: 'platform', section: platformSection(ownPlatformOf(readMeasured([lab]), 'lab')) },
  ];
}

describe.runIf(BROWSER_FOUND)('pages in a browser', () => {
  let browser: Browser;
  let folder: string;
  let url: string;
  let watched: WatchedPage;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stopcopy-page-'));
    const sections = Object.entries(await reportDocuments()).map(([name, document]) => {
      const path = join(folder, `${name.replaceAll(' ', '-')}.json`);
      writeFileSync(path, JSON.stringify(document));
      return readSection(path);
    });
    const file = join(folder, 'report.html');
    writeFileSync(file, sectionsPage([...sections, ...(await otherSections())]));
    url = pathToFileURL(file).href;
    browser = await openBrowser();
    watched = await openPage(browser, url);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('nothing is fetched, and no program of the page fails', () => {
    expect(watched.complaints).toEqual([]);
    expect(watched.requests).toEqual([url]);
  });

  test.each(LOOKS)('$colorScheme, $width wide: accessible, no wider than the window, no label cut', async (look) => {
    const { page } = watched;
    await lookAt(page, look);
    // Moves of a host one by one, and of racks as strips, are among what is checked.
    expect(await page.locator('figure[id$="-schedule"]').count()).toBe(2);
    expect(isTried(look) ? await violations(page) : []).toEqual([]);
    expect(await overflow(page)).toBe(0);
    expect(await cutLabels(page)).toEqual([]);
    expect(await page.locator('.on-narrow svg').first().isVisible()).toBe(look.width < 640);
  });

  test('a search leaves the rows that have all words, says how many, and is cleared by Escape', async () => {
    const { page } = watched;
    const field = page.getByRole('searchbox', { name: 'Find in tables' });
    const rows = page.locator('main tbody tr:visible');
    await field.fill('ZIP  64 saturated');
    const said = page.locator('#found', { hasText: /\d+ rows? in \d+ tables?/ });
    await said.waitFor();
    const found = await rows.allTextContents();
    expect(found.length).toBeGreaterThan(0);
    expect(await said.textContent()).toContain(`${found.length} row`);
    for (const text of found) expect(text.toLowerCase()).toMatch(/saturated/);
    await field.fill('nothing has this');
    await page.locator('#found', { hasText: 'No table' }).waitFor();
    expect(await rows.count()).toBe(0);
    await field.press('Escape');
    expect(await page.locator('.unfound').count()).toBe(0);
    expect(await page.locator('#found').textContent()).toBe('');
  });

  test('tables open by keyboard', async () => {
    const { page } = watched;
    const summary = page.locator('figure > details > summary').first();
    await summary.focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('figure > details[open] table').first().isVisible()).toBe(true);
  });

  test('the data come back as a file', async () => {
    const { page, complaints } = watched;
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download the JSON document' }).first().click();
    const download = await waiting;
    expect(download.suggestedFilename()).toBe('bench.json');
    expect(JSON.parse(readFileSync(await download.path(), 'utf8'))).toEqual(
      JSON.parse(readFileSync(join(folder, 'bench.json'), 'utf8')),
    );
    expect(complaints).toEqual([]);
  });

  test('on paper all tables are open, ink is on white, and no controls', async () => {
    const { page } = watched;
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    expect(await page.locator('details:not([open])').count()).toBe(0);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await page.locator('button').first().isVisible()).toBe(false);
    expect(await page.locator('#find').isVisible()).toBe(false);
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  });
});
