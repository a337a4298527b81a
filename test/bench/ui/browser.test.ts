import { readFileSync } from 'node:fs';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { uiPage } from '../../../bench/ui/page.ts';
import { uiProgram } from '../../../bench/ui/program.ts';
import { openUiServer, type UiServer } from '../../../bench/ui/server.ts';
import { scenarioSchema } from '../../../sim/scenario/document.ts';
import { BROWSER_FOUND, isTried, lookAt, LOOKS, openBrowser, openPage, overflow, violations } from '../browser.ts';
import type { WatchedPage } from '../browser.ts';
import { DATA } from './scenarios.ts';
import { stating } from '../../stating.ts';

describe.runIf(BROWSER_FOUND)('the page with knobs, in a browser', () => {
  let browser: Browser;
  let server: UiServer;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    server = await openUiServer(uiPage(DATA, await uiProgram()), 0);
    browser = await openBrowser();
    watched = await openPage(browser, server.url);
    ({ page } = watched);
  });
  afterAll(async () => {
    await browser?.close();
    await server.close();
  });

  /** Waits until the registers are played. */
  async function settled(of: Page = page): Promise<string> {
    await of.locator('#answer[aria-busy=false]').waitFor({ state: 'attached' });
    return (await of.locator('.big').textContent()) ?? '';
  }

  /** Follows a link on the page that is open, which loads nothing again. */
  async function follow(link: string): Promise<string> {
    await page.evaluate(`new Promise((done) => {
      const to = ${JSON.stringify(link)};
      if (location.hash === to) return done();
      addEventListener('hashchange', () => done(), { once: true });
      location.hash = to;
    })`);
    return settled();
  }

  const PLACES = [
    '#scenario=zip-64',
    '#scenario=eight-vfs&vfs=2&dirty=300000',
    '#scenario=idle-vf',
    '#scenario=never-converges',
    '#scenario=zip-64&vfs=2',
    '#scenario=link-fails',
  ];

  test('one request, and no program of the page fails', async () => {
    for (const link of PLACES) await follow(link);
    expect(watched.complaints).toEqual([]);
    expect(watched.requests.filter((url) => !url.startsWith('blob:'))).toEqual([server.url]);
  });

  test.each(LOOKS)('$colorScheme, $width wide: accessible, no wider than the window', async (look) => {
    await lookAt(page, look);
    for (const [index, link] of PLACES.entries()) {
      await follow(link);
      expect(await overflow(page)).toBe(0);
      // What a place adds to the first is its colours.
      const only = index === 0 ? undefined : ['color-contrast'];
      expect(isTried(look) ? await violations(page, only) : []).toEqual([]);
    }
    await lookAt(page, LOOKS[0]);
  });

  test('the answer follows a slider that is dragged, and the address with it', async () => {
    await follow('#scenario=idle-vf');
    const before = await settled();
    const slider = page.locator('#gbit');
    const box = (await slider.boundingBox())!;
    const middle = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.45, middle);
    await page.mouse.down();
    const seen = new Set<string>();
    for (const share of [0.3, 0.2, 0.7, 0.95]) {
      await page.mouse.move(box.x + box.width * share, middle, { steps: 3 });
      seen.add((await page.locator('#gbit-value').textContent()) ?? '');
    }
    await page.mouse.up();
    expect(seen.size).toBeGreaterThan(2);
    expect(await settled()).not.toBe(before);
    expect(page.url()).toMatch(/#scenario=idle-vf&gbit=(200|400)$/);
    expect(watched.complaints).toEqual([]);
  });

  test('by keyboard: sliders say their values in words; what is focused has its curve', async () => {
    await follow('#scenario=idle-vf');
    await settled();
    await page.locator('#memory').focus();
    expect(await page.locator('#curve h2').textContent()).toBe('The pause against: memory');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#memory').getAttribute('aria-valuetext')).toBe('12 GiB');
    expect(await page.locator('#memory-value').textContent()).toBe('12 GiB');
    await page.keyboard.press('Home');
    expect(page.url()).toContain('memory=1');
    await page.locator('#spoken', { hasText: 'Moves.' }).waitFor({ state: 'attached' });
  });

  test('registers are played in the background, and the state says so', async () => {
    await follow('#scenario=zip-64');
    await settled();
    await page.locator('#queues').focus();
    await page.keyboard.press('ArrowLeft');
    // Whatever the state is by now, the answer is there, and it comes to rest.
    expect(await page.locator('.big').textContent()).toContain('pause [modelled]');
    await settled();
    expect(await page.locator('.state').textContent()).toMatch(stating('Registers', 'played', 'No task was lost'));
  });

  test('a link carries the settings, and they can be put back', async () => {
    const link = '#scenario=zip-64&queues=16&gbit=100&dirty=100000';
    const turned = await follow(link);
    expect(await page.locator('#gbit-value').textContent()).toBe('100 Gbit/s');
    expect(await page.locator('.knob.turned').count()).toBe(3);
    const again = await openPage(browser, page.url());
    expect(await settled(again.page)).toBe(turned);
    await page.getByRole('button', { name: 'As in the scenario' }).click();
    expect(page.url()).toMatch(/#scenario=zip-64$/);
    expect(await page.locator('.knob.turned').count()).toBe(0);
    await page.locator('#scenario').selectOption('vm-64gib');
    expect(await page.locator('#memory-value').textContent()).toBe('64 GiB');
    await again.page.context().close();
  });

  test('what cannot be is said in a sentence', async () => {
    await follow('#scenario=zip-64&vfs=2');
    expect(await settled()).toBe('no move');
    expect(await page.locator('.verdict').textContent()).toMatch(stating('Cannot be', 'P2P'));
  });

  test('on paper: dark ink on white, the settings as words, no controls', async () => {
    await follow('#scenario=idle-vf');
    await settled();
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await page.locator('#gbit').isVisible()).toBe(false);
    expect(await page.locator('#gbit-value').isVisible()).toBe(true);
    expect(await page.getByRole('button').count()).toBe(0);
    await page.emulateMedia({ media: 'screen', colorScheme: 'light' });
  });

  test('settings are saved as a scenario that can be run', async () => {
    await follow('#scenario=zip-64&queues=16');
    await settled();
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as scenario' }).click();
    const download = await waiting;
    expect(download.suggestedFilename()).toBe('zip-64-turned.json');
    const scenario = scenarioSchema.parse(JSON.parse(readFileSync(await download.path(), 'utf8')));
    expect(scenario.devices[0]?.queues).toBe(16);
  });
});
