import { expect, test } from 'vitest';

import { html, raw } from '../../../bench/show/html.ts';
import { benchSection } from '../../../bench/documents/bench/section.ts';
import { sectionsPage } from '../../../bench/show/page.ts';
import type { BenchResult } from '../../../bench/documents/bench/result.ts';
import { fixtureCell, fixtureResult } from '../fixture.ts';

function reportPage(results: readonly { readonly name: string; readonly result: BenchResult }[]): string {
  return sectionsPage(results.map(({ name, result: each }) => ({ name, section: benchSection(each) })));
}

const result = fixtureResult();
const page = reportPage([{ name: 'results/a.json', result }]);

test('nothing on the page comes from elsewhere', () => {
  expect(/https?:|\/\/[a-z]|[\s:'"]url\((?!#)|<link|<img|<iframe|@import|\ssrc=/i.exec(page)?.[0]).toBeUndefined();
  expect(page).toContain("default-src 'none'");
});

test('the result is embedded whole, and its text cannot end the script', () => {
  const json = /<script type="application\/json" id="r0-json">(.*?)<\/script>/s.exec(page)?.[1];
  expect(JSON.parse(json ?? '')).toEqual(result);
  const nasty = fixtureResult({ machine: { ...result.machine, cpu: '</script><script>alert(1)' } });
  expect(reportPage([{ name: 'x', result: nasty }]).includes('<script>alert')).toBe(false);
});

test('each figure has a caption, a source with the kinds, charts without words of their own, and a table', () => {
  const figures = page.match(/<figure .*?<\/figure>/gs) ?? [];
  expect(figures).toHaveLength(3);
  for (const figure of figures) {
    const id = /aria-labelledby="([^"]+)"/.exec(figure)?.[1];
    expect(figure).toContain(`<h3 id="${id}">`);
    expect(figure).toMatch(/class="source" id="[^"]+">.*(measured|modelled):/s);
    expect(figure).toMatch(/<svg aria-hidden="true"/);
    expect(figure).toMatch(/<table>\s*<caption>/);
  }
  expect(page).toMatch(/<html lang="en">/);
  expect(page).toContain('<title>stopcopy bench, 2026-11-23 04:00:00 UTC</title>');
});

test('ids are unique, also with two results on the page', () => {
  const both = reportPage([
    { name: 'a.json', result },
    { name: 'b.json', result: fixtureResult({ seed: 8 }) },
  ]);
  const ids = [...both.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(both).toContain('href="#r1"');
});

test('results of the same heading are distinguished by their files, and then by their places', () => {
  const both = reportPage([
    { name: 'a.json', result },
    { name: 'a.json', result: fixtureResult({ seed: 8 }) },
  ]);
  const headings = [...both.matchAll(/<h2 id="r\d-title">(.*?)<\/h2>/g)].map((match) => match[1]);
  expect(headings).toEqual(['a.json, result 1', 'a.json, result 2']);
  const links = [...both.matchAll(/<a href="#r\d">(.*?)<\/a>/g)].map((match) => match[1]);
  expect(links).toEqual(headings);
});

test('a result with one bare cell, or none, still makes a page', () => {
  const { id, accelerator, queuePairs, load, stateBytes } = fixtureCell('sec', 1, 'idle');
  const bare = fixtureResult({ cells: [{ id, accelerator, queuePairs, load, stateBytes }], floors: null, costs: [] });
  expect(reportPage([{ name: 'a', result: bare }])).toContain('No floors were measured');
  expect(reportPage([{ name: 'a', result: { ...bare, cells: [], interrupted: true } }])).toContain('interrupted');
});

test('templates escape text and pass markup', () => {
  expect(html`<b title="${'"&<>'}">${[raw('<i>'), 'a<b', 3, undefined]}</b>`.text).toBe(
    '<b title="&quot;&amp;&lt;&gt;"><i>a&lt;b3</b>',
  );
});
