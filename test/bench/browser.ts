/**
 * A real browser for tests: Debian's Chromium, if it is there. Where there is none, tests of pages in a browser do not run,
 * and say so.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

import { effort } from '../effort.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

/** Whether there is a browser; the reason is printed once where there is not. */
export const BROWSER_FOUND = CHROMIUM !== undefined;
if (!BROWSER_FOUND) process.stderr.write('No Chromium is installed: pages are not opened in a browser.\n');

/** Only against hanging: on a crowded machine a browser may need minutes. */
const HANGS_MS = 600_000;

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM!,
    timeout: HANGS_MS,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page with what went wrong on it, and what it asked the network for. */
export interface WatchedPage {
  readonly page: Page;
  readonly complaints: readonly string[];
  readonly requests: readonly string[];
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  context.setDefaultTimeout(HANGS_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(url);
  return { page, complaints, requests };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeOutcome {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

/** A phone and a desk, light and dark: how every page is tried. */
export const LOOKS = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'light', width: 390 },
  { colorScheme: 'dark', width: 390 },
] as const;
export type Look = (typeof LOOKS)[number];

/** Two that have the colours and the places of all four: long runs try the others too. */
export function isTried(look: Look): boolean {
  return look === LOOKS[0] || look === LOOKS[3] || effort(false, false, true);
}

/** The same page, in another setting: nothing is loaded again. */
export async function lookAt(page: Page, { colorScheme, width }: Look): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height: 800 });
}

/**
 * One line for each rule of accessibility that the page breaks.
 *
 * @param only rules that are tried; default: all
 */
export async function violations(page: Page, only?: readonly string[]): Promise<readonly string[]> {
  if (!(await page.evaluate<boolean>("typeof axe === 'object'"))) await page.evaluate(AXE);
  const options = { resultTypes: ['violations'], ...(only === undefined ? {} : { runOnly: only }) };
  const outcome = await page.evaluate<AxeOutcome>(`axe.run(document, ${JSON.stringify(options)})`);
  return outcome.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html}`);
}

/** By how much the page is wider than its window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

/** Labels of charts that reach over the edge of their chart, where they are cut off. */
export function cutLabels(page: Page): Promise<readonly string[]> {
  return page.evaluate<readonly string[]>(`[...document.querySelectorAll('svg text')].flatMap((text) => {
    const chart = text.ownerSVGElement.getBoundingClientRect();
    const label = text.getBoundingClientRect();
    const inside = label.left >= chart.left - 1 && label.right <= chart.right + 1 && label.top >= chart.top - 1 && label.bottom <= chart.bottom + 1;
    return chart.width === 0 || label.width === 0 || inside ? [] : [text.textContent];
  })`);
}
