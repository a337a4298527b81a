import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { readSection } from '../../../bench/documents/kinds.ts';
import { sectionsPage } from '../../../bench/show/page.ts';
import { BROWSER_FOUND, openBrowser, openPage, overflow, violations } from '../browser.ts';
import { reportDocuments } from './documents.ts';

describe.runIf(BROWSER_FOUND)('a report in a browser', () => {
  let browser: Browser;
  let folder: string;
  let url: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stopcopy-page-'));
    const sections = Object.entries(await reportDocuments()).map(([name, document]) => {
      const path = join(folder, `${name.replaceAll(' ', '-')}.json`);
      writeFileSync(path, JSON.stringify(document));
      return readSection(path);
    });
    const file = join(folder, 'report.html');
    writeFileSync(file, sectionsPage(sections));
    url = pathToFileURL(file).href;
    browser = await openBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ['light', 1200],
    ['dark', 390],
  ] as const)(
    '%s, %d wide: nothing fetched, no error, accessible, no wider than the window',
    async (colorScheme, width) => {
      const { page, complaints, requests } = await openPage(browser, url, {
        colorScheme,
        viewport: { width, height: 800 },
      });
      // Moves of a host one by one, and of racks as strips, are among what is checked.
      expect(await page.locator('figure[id$="-schedule"]').count()).toBe(2);
      expect(await violations(page)).toEqual([]);
      expect(complaints).toEqual([]);
      expect(requests).toEqual([url]);
      expect(await overflow(page)).toBe(0);
      const narrow = page.locator('.on-narrow svg').first();
      expect(await narrow.isVisible()).toBe(width < 640);
      await page.context().close();
    },
  );

  test('tables open by keyboard, and all of them for paper', async () => {
    const { page } = await openPage(browser, url);
    const summary = page.locator('summary').first();
    await summary.focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('details[open] table').first().isVisible()).toBe(true);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    expect(await page.locator('details:not([open])').count()).toBe(0);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await page.locator('button').first().isVisible()).toBe(false);
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    await page.context().close();
  });

  test('the data come back as a file', async () => {
    const { page, complaints } = await openPage(browser, url);
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download the JSON document' }).first().click();
    const download = await waiting;
    expect(download.suggestedFilename()).toBe('bench.json');
    expect(JSON.parse(readFileSync(await download.path(), 'utf8'))).toEqual(
      JSON.parse(readFileSync(join(folder, 'bench.json'), 'utf8')),
    );
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
