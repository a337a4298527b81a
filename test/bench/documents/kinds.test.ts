import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { formatValue } from '../../../bench/show/format.ts';
import { waitedFor } from '../../../bench/show/charts.ts';
import { readSection } from '../../../bench/documents/kinds.ts';
import { sectionsPage } from '../../../bench/show/page.ts';
import { runDocument } from '../../../bench/documents/run/document.ts';
import { playScenario } from '../../../bench/studies/run/play.ts';
import { captured } from '../captured.ts';
import { reportDocuments, smallPlan } from './documents.ts';
import { DOCUMENT_FORMATS } from '../../../bench/documents/formats.ts';
import { stating } from '../../stating.ts';

let folder: string;
let documents: Readonly<Record<string, unknown>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-report-'));
  documents = await reportDocuments();
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(document: unknown): string {
  const path = join(folder, 'document.json');
  writeFileSync(path, typeof document === 'string' ? document : JSON.stringify(document));
  return path;
}

/** A document with one field in it changed. */
function changed(document: unknown, path: readonly string[], value: unknown): unknown {
  const copy: unknown = structuredClone(document);
  let at = copy as Record<string, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[path.at(-1)!] = value;
  return copy;
}

test('there is a document of every kind here, and it becomes a page of less than 2 MB', () => {
  const formats = Object.values(documents).map((document) => (document as { format: string }).format);
  expect(new Set(formats)).toEqual(new Set(DOCUMENT_FORMATS));
  const page = sectionsPage(Object.values(documents).map((document) => readSection(written(document))));
  expect(page.length).toBeLessThan(2_000_000);
  expect(page).toContain(`<title>stopcopy: ${formats.length} results</title>`);
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  expect(/https?:|[\s:'"]url\((?!#)|<link|<img|<iframe|@import|\ssrc=/i.exec(page)?.[0]).toBeUndefined();
});

test('what is read from a file is embedded as it was', () => {
  for (const document of Object.values(documents)) {
    const page = sectionsPage([readSection(written(document))]);
    const json = /<script type="application\/json" id="r0-json">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(document)));
  }
});

describe('every chart has its source with the kinds of its figures, and a table', () => {
  test('of a run: pause, iterations, timeline, influences, latencies', () => {
    const page = sectionsPage([readSection(written(documents['run']))]);
    const figures = page.match(/<figure .*?<\/figure>/gs) ?? [];
    expect(figures.map((figure) => /<h3[^>]*>(.*?)<\/h3>/s.exec(figure)?.[1])).toEqual([
      'The pause on the critical path, part by part',
      'The move over time: iterations over memory',
      'The pause over time',
      'What the pause depends on',
      'What a client in the guest waits for a job',
    ]);
    for (const figure of figures) {
      expect(figure).toMatch(/class="source" id="[^"]+">\s*modelled/);
      expect(figure).toMatch(/<svg aria-hidden="true"/);
      expect(figure).toMatch(/<caption>/);
    }
  });

  test('of a run whose devices go side by side: what the pause waits for is as long as its parts on the critical path', async () => {
    const devices = [{ profile: 'connectx7-vf' }, { profile: 'mlx5-vf-300mb' }];
    const plan = smallPlan({ parallelDevices: true, stream: { gigabitsPerSecond: 25, channels: 4 }, devices });
    const document = runDocument(await playScenario(plan, captured(false).output, new AbortController().signal));
    const { spans } = document;
    expect(spans.filter(({ part }) => part === 'deviceState')).toHaveLength(2);
    const stretches = waitedFor(spans.map(({ beginsNs, endsNs }) => ({ fromNs: beginsNs, toNs: endsNs })));
    for (const { name, criticalNs } of document.vms[0]!.parts) {
      const waited = spans.reduce((sum, { part }, index) => {
        const stretch = part === name ? stretches[index] : undefined;
        return stretch === undefined ? sum : sum + stretch.toNs - stretch.fromNs;
      }, 0);
      expect(Math.abs(waited - criticalNs)).toBeLessThan(1e-2);
    }
    const [, figure = ''] = /<figure id="r0-timeline"(.*?)<\/figure>/s.exec(
      sectionsPage([readSection(written(document))]),
    )!;
    expect(figure).toContain('Framed is the critical path');
    expect(figure).toContain('<th scope="col">the pause waits for it</th>');
    const cells = [...figure.matchAll(/<tr>.*?<\/tr>/gs)]
      .slice(1)
      .map(([row]) => />([^<]*)<\/td>\s*<\/tr>/.exec(row)?.[1]);
    expect(cells).toEqual(
      stretches.map((each) => (each === undefined ? 'no' : formatValue(each.toNs - each.fromNs, 'ns'))),
    );
  });

  test('of a run that fails: no timeline and no influences, and it is said', () => {
    const page = sectionsPage([readSection(written(documents['failed run']))]);
    expect(page).toMatch(stating('at the source', 'failed'));
    expect(page).not.toContain('What the pause depends on');
  });

  test('of a validation: a panel for each figure, calibrating rows hollow', () => {
    const page = sectionsPage([readSection(written(documents['validation']))]);
    expect(page).toMatch(/<h4>downtimeMs<\/h4>/);
    expect(page).toContain('hollow: calibration');
    expect(page).toContain('Not predicted:');
  });

  test('of suites: columns that differ are drawn, the others are in the table', () => {
    const page = sectionsPage([readSection(written(documents['suites']))]);
    expect(page).toContain('<h4>fast (measured)</h4>');
    expect(page).not.toContain('<h4>same (exact)</h4>');
    expect(page).toContain('same (exact)</th>');
  });
});

test('of suite scale: throughput against VFs, from the rows in which VFs move', () => {
  const page = sectionsPage([readSection(written(documents['suites']))]);
  const [, figure = ''] = /<figure id="r0-s1-moves"(.*?)<\/figure>/s.exec(page) ?? [];
  expect(figure).toMatch(/class="source" id="[^"]+">\s*measured: wall time/);
  expect(figure).toContain('a: 1 thread in each pool, 1 PF');
  expect(figure).toContain('c: 1 thread in each pool, 2 PFs');
  const rows = [...(/<tbody>.*<\/tbody>/s.exec(figure)?.[0] ?? '').matchAll(/<tr>.*?<\/tr>/gs)].map(([row]) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map((cell) => cell[1]!),
  );
  // 5 ms each are 200 a second; the longest of the interquartile range is the slowest.
  expect(rows).toEqual([
    ['zip', '1', '1', '1', '200 /s', '160 /s to 250 /s', '5 ms'],
    ['zip', '63', '1', '1', '250 /s', '200 /s to 313 /s', '4 ms'],
    ['zip', '63', '4', '1', '500 /s', '400 /s to 625 /s', '2 ms'],
    ['zip', '8', '1', '1', '400 /s', '320 /s to 500 /s', '2.5 ms'],
    ['zip', '64', '1', '2', '400 /s', '320 /s to 500 /s', '2.5 ms'],
  ]);
});

test('names of rows in the panels of suites name the fields in which they differ, and what is alike is said once', () => {
  const page = sectionsPage([readSection(written(documents['suites']))]);
  const [, invented = ''] = /<figure id="r0-s0"(.*?)<\/figure>/s.exec(page) ?? [];
  expect(invented).toContain('>way long way<');
  expect(invented).toMatch(/In all rows: queue pairs 1\s*</);
  const [, scale = ''] = /<figure id="r0-s1"(.*?)<\/figure>/s.exec(page) ?? [];
  const words = [...scale.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]!.trim()).join(' ');
  expect(words).toContain('what move, VFs 64, threads 1, PFs 2');
  expect(scale).toMatch(/In all rows: device zip, batch 1\s*</);
});

describe('what cannot be shown is refused with a sentence', () => {
  test.each([
    ['{', 'is not JSON'],
    ['', 'is empty'],
    ['[]', "its field 'format' is missing"],
    ['{"format":"stopcopy-cake"}', `its field 'format' is "stopcopy-cake", allowed is one of "stopcopy-`],
    ['{"format":"stopcopy-run","version":99}', 'has format version 99, this stopcopy reads version 2 of stopcopy-run'],
  ])('%j', (text, says) => {
    expect(() => readSection(written(text))).toThrow(says);
  });

  test.each([
    ['run', ['figures', 'pause', 'kind'], 'guessed', 'figures.pause.kind'],
    ['run', ['longest'], 7, 'longest is 7: there are 1 VMs'],
    ['run', ['vms', '0', 'rounds', '0', 'sentBytes'], 'many', 'vms[0].rounds[0].sentBytes'],
    ['validation', ['tables', '0', 'rows', '0', 'modelled'], 3, 'tables[0].rows[0].modelled'],
    ['isolation', ['topologies', '0', 'tree', 'children'], null, 'topologies[0].tree.children'],
    ['suites', ['suites', '0', 'rows', '0', 'figures', 'fast', 'value'], '1', 'figures.fast.value'],
  ] as const)('%s with %j as %j', (name, path, value, says) => {
    expect(() => readSection(written(changed(documents[name], path, value)))).toThrow(says);
  });
});

test('fields that are not known are let through: a later version of the same format may have more', () => {
  const more = changed(documents['run'], ['moreThanThat'], { of: 'a later version' });
  expect(readSection(written(more)).section.title).toBe('Run: small');
  expect(readFileSync(written(more), 'utf8')).toContain('later version');
});

test('two documents with one heading have the names of their files in it', () => {
  const sections = ['one.json', 'two.json'].map((name) => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(documents['run']));
    return readSection(path);
  });
  const headings = [...sectionsPage(sections).matchAll(/<h2 id="r\d-title">(.*?)<\/h2>/g)].map((match) => match[1]);
  expect(headings).toEqual(sections.map(({ name, section }) => `${section.heading} (${name})`));
  expect(new Set(headings).size).toBe(2);
});
