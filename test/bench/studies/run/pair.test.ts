import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { RunDocument } from '../../../../bench/documents/run/document.ts';
import { pairOfDocuments, type RunPairDocument } from '../../../../bench/documents/run/pair.ts';
import { packageRoot } from '../../../../bench/io/package-root.ts';
import { isPlayed } from '../../../../bench/documents/run/unplayed.ts';
import { stopcopy } from '../../command.ts';
import { stating } from '../../../stating.ts';

let folder: string;
/** Files by what they are. */
const at: Record<string, string> = {};

const SMALL = `
format: stopcopy-scenario
version: 2
name: small
description: A small VM
vmm: qemu
vmmVersion: '10.2'
kernel: '6.12'
vcpus: 2
assume: { dirtyTracking: true }
memory: { size: 1GiB, dirty: { kind: uniform, pagesPerSecond: 100000 } }
stream: { gigabitsPerSecond: 10 }
convergence: { downtimeLimit: 300ms, timeout: 30s }
devices:
  - { profile: acc-zip, queues: 4, load: half }
`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-pair-'));
  const file = (name: string, text: string): void => {
    at[name] = join(folder, `${name}.yaml`);
    writeFileSync(at[name], text);
  };
  file('small', SMALL);
  file('renamed', SMALL.replace('name: small', 'name: other').replace('A small VM', 'Another name'));
  file('limit', SMALL.replace('300ms', '60ms'));
  file('writes', SMALL.replace('100000', '10000000'));
  file('cut', `${SMALL}faults: [{ kind: link, at: sending }]\n`);
  file('refused', SMALL.replace("vmm: qemu\nvmmVersion: '10.2'", 'vmm: cloud-hypervisor').replace(/^assume.*\n/m, ''));
  file('loses', lossy(`vmm: cloud-hypervisor\nvmmVersion: '53.0'`));
  file('asks', SMALL.replace(/^assume.*\n/m, ''));
  const profile = readFileSync(join(packageRoot(), 'sim', 'memory', 'profiles', 'template.yaml'), 'utf8');
  for (const [name, says] of [
    ['one', 'id: mine'],
    ['two', 'id: theirs'],
  ] as const) {
    const own = mkdtempSync(join(folder, name));
    writeFileSync(join(own, 'mine.yaml'), profile.replace('id: template', says));
    at[name] = join(own, 'scenario.yaml');
    writeFileSync(at[name], SMALL.replace('profile: acc-zip, queues: 4, load: half', 'profile: ./mine.yaml'));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function lossy(vmm: string): string {
  return SMALL.replace("vmm: qemu\nvmmVersion: '10.2'", vmm)
    .replace(/^assume.*\n/m, '')
    .replace('acc-zip, queues: 4, load: half', 'mlx-vf-small');
}

async function pair(a: string, b: string, ...more: readonly string[]) {
  const words = [at[a] ?? a, at[b] ?? b];
  const [text, json] = [
    await stopcopy('run', ...words, ...more, '--wide'),
    await stopcopy('run', ...words, ...more, '--json'),
  ];
  expect(json.status).toBe(text.status);
  return { ...text, document: JSON.parse(json.stdout) as RunPairDocument };
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  tasks: 1,
};

/** A number as printed, such as `-188 ms`, in ns, bytes or tasks. */
function parsed(printed: string): number {
  const [, number = '', unit = ''] = /^([+-]?[\d.]+) (\S+)/.exec(printed) ?? [];
  expect(Object.keys(UNITS)).toContain(unit);
  return Number(number) * UNITS[unit]!;
}

/** Cells of the table with that title; a row ends where the table does. */
function table(text: string, title: string): string[][] {
  const [, rest] = text.split(`\n${title}\n`);
  if (rest === undefined) return [];
  const [body = ''] = rest.split('\n\n');
  return body
    .split('\n')
    .slice(2)
    .map((row) => row.split(/ {2,}/));
}

/** Three digits are printed. */
function expectRounded(printed: number, exact: number): void {
  expect(Math.abs(printed - exact)).toBeLessThanOrEqual(Math.abs(exact) * 0.0051);
}

const TITLES = {
  pause: 'pause [P]',
  reported: 'downtime that the VMM reports [P]',
  total: 'total time [P]',
  memory: 'memory sent [P]',
  wire: 'bytes on the wire [P]',
  wrongTasks: 'wrong tasks [E]',
  queuePauseMax: 'longest service gap of a queue [P]',
} as const;

/** Holds the printed tables to the figures of the two documents, and to those of runs of one scenario each. */
async function expectDifferences(a: string, b: string) {
  const { stdout, document, ...rest } = await pair(a, b);
  const alone = await Promise.all([a, b].map(async (name) => stopcopy('run', at[name] ?? name, '--json')));
  const [ofA, ofB] = alone.map((ended) => JSON.parse(ended.stdout) as RunDocument);
  expect([document.a, document.b]).toEqual([ofA, ofB]);
  const rows = new Map(table(stdout, 'Figures').map(([title, ...cells]) => [title, cells]));
  let compared = 0;
  for (const [name, title] of Object.entries(TITLES) as [keyof typeof TITLES, string][]) {
    const cells = rows.get(title);
    const [left, right] = [ofA!.figures[name], ofB!.figures[name]];
    if (cells === undefined || left === undefined || right === undefined || cells[2] === '—') continue;
    compared++;
    expectRounded(parsed(cells[0]!), left.value);
    expectRounded(parsed(cells[1]!), right.value);
    expectRounded(parsed(cells[2]!), right.value - left.value);
    const share = (100 * (right.value - left.value)) / left.value;
    // NaN is no share: a dash stands there.
    const printedShare = Number.parseFloat(cells[3]!);
    expect(Number.isNaN(printedShare)).toBe(left.value === 0);
    expect(Math.abs((printedShare || 0) - (Number.isFinite(share) ? share : 0))).toBeLessThanOrEqual(0.0501);
    const [low, high] = [Math.max(left.low ?? 0, right.low ?? 0), Math.min(left.high ?? 0, right.high ?? 0)];
    expect(cells[4]).toBe(left.kind === 'exact' ? '—' : low <= high ? 'overlap' : 'apart');
  }
  return { ...rest, stdout, document, rows, compared, runs: [ofA!, ofB!] as const };
}

describe('run A B', () => {
  test('of one scenario twice says that nothing differs', async () => {
    const { status, stdout, document, compared } = await expectDifferences('small', 'small');
    expect(status).toBe(0);
    expect(stdout).toContain('\nNothing differs: ');
    expect(document).toMatchObject({ format: 'stopcopy-run-pair', version: 2, equal: true, fields: [] });
    expect(document.figures.map(({ difference }) => difference)).toEqual(document.figures.map(() => 0));
    expect(compared).toBe(document.figures.length);
    expect(table(stdout, 'Parts of the pause that differ')).toEqual([]);
  });

  test('names alone are no difference', async () => {
    expect((await pair('small', 'renamed')).document).toMatchObject({ equal: true, fields: [] });
  });

  test('with two downtime limits: the field, the figures, and the parts that add up', async () => {
    const { status, stdout, document, compared, runs } = await expectDifferences('small', 'limit');
    expect(status).toBe(0);
    expect(document.fields).toEqual([{ path: 'convergence.downtimeLimit', a: '300ms', b: '60ms' }]);
    expect(table(stdout, 'Fields that differ')).toEqual([['convergence.downtimeLimit', '300ms', '60ms']]);
    expect(document.equal).toBe(false);
    // A page of stopcopy report has the same comparison from the two documents alone.
    expect(pairOfDocuments(document.a, document.b)).toEqual(document);
    expect(compared).toBe(7);
    const [pauseA, pauseB] = runs.map(({ figures }) => figures.pause.value);
    const sum = document.parts.reduce((all, { differenceNs }) => all + differenceNs, 0);
    expect(pauseB).not.toBe(pauseA);
    expect(sum).toBeCloseTo(pauseB! - pauseA!, 0);
    const printed = table(stdout, 'Parts of the pause that differ');
    const differing = document.parts.filter(({ aNs, bNs }) => Math.abs((bNs ?? 0) - (aNs ?? 0)) >= 0.1);
    expect(printed.map(([title]) => title)).toEqual(differing.map(({ title }) => title));
    expect(printed.length).toBeGreaterThan(0);
    for (const [index, { name }] of differing.entries()) {
      const [inA, inB] = runs.map(({ vms }) => vms[0]!.parts.find((part) => part.name === name)!.criticalNs);
      expectRounded(parsed(printed[index]![3]!), inB! - inA!);
    }
    const [, equal = ''] = /equal in both: ([\s\S]*?)\.\n/.exec(stdout) ?? [];
    const same = document.parts.filter(({ aNs, bNs }) => aNs === bNs && aNs! > 0);
    expect(equal.replaceAll('\n', ' ').split('; ')).toEqual(same.map(({ title }) => title));
  });

  test('a move that was given up has no pause, and no time or size is compared with its own', async () => {
    const { status, stdout, document, rows, runs } = await expectDifferences('small', 'writes');
    expect(status).toBe(0);
    expect(runs[1].vms[0]).toMatchObject({ kind: 'cancelled', pauseNs: 0 });
    expect(rows.get('ended')).toEqual(['moved', 'cancelled']);
    expect(rows.get('pause [P]')!.slice(1)).toEqual(['—', '—', '—', '—']);
    expect(rows.get('total time [P]')!.slice(2)).toEqual(['—', '—', '—']);
    expect(document.ended).toEqual({ a: { moved: 1 }, b: { cancelled: 1 } });
    expect(document.figures.find(({ name }) => name === 'pause')).toMatchObject({ b: null, difference: null });
    expect(document.parts).toEqual([]);
    expect(stdout).toContain('B has no pause');
    const both = await pair('writes', 'small');
    expect(both.stdout).toContain('A has no pause');
    expect(both.document.figures.find(({ name }) => name === 'pause')).toMatchObject({ a: null, difference: null });
  });

  test('two moves that were given up compare in time', async () => {
    const { document } = await pair('writes', 'writes');
    expect(document.figures.find(({ name }) => name === 'total')).toMatchObject({ difference: 0 });
    expect(document.figures.find(({ name }) => name === 'pause')).toMatchObject({ a: null, b: null });
  });

  test('a pause of a move that failed is shown and not compared', async () => {
    const { stdout, document } = await pair('small', 'cut');
    const pause = document.figures.find(({ name }) => name === 'pause');
    expect(pause).toMatchObject({ difference: null, relative: null, bandsOverlap: null });
    expect(pause?.b?.value).toBeGreaterThan(0);
    expect(document.parts).toEqual([]);
    expect(document.fields.map(({ path, a }) => [path, a])).toEqual([
      ['faults[0].kind', null],
      ['faults[0].at', null],
      ['faults[0].share', null],
    ]);
    expect(stdout).toMatch(stating('moved', 'did not'));
  });

  test('where can refuses one, its sentence stands there, and the other is played', async () => {
    const { status, stdout, document } = await pair('refused', 'small');
    expect(status).toBe(0);
    expect(stdout.replaceAll('\n', ' ')).toMatch(stating('refused', 'Pre-copy over a connection'));
    expect(isPlayed(document.a)).toBe(false);
    expect(isPlayed(document.b)).toBe(true);
    expect(document.ended).toEqual({ a: { refused: 1 }, b: { moved: 1 } });
    const rows = table(stdout, 'Figures');
    expect(rows[0]).toEqual(['ended', 'refused', 'moved']);
    for (const [, a, , difference] of rows.slice(1)) expect([a, difference]).toEqual(['—', '—']);
    expect(document.fields.map(({ path }) => path)).toEqual(['vmm', 'vmmVersion', 'assume.dirtyTracking']);
    expect(stdout).toContain('A was not played');
  });

  test('where can refuses both, there is no figure', async () => {
    const { stdout, document } = await pair('refused', 'refused');
    expect(document).toMatchObject({ equal: true, figures: [], parts: [] });
    expect(stdout).toMatch(stating('A and B', 'not played'));
    expect(stdout).not.toContain('\nFigures');
  });

  test('a profile of the same name with other contents is a difference', async () => {
    const { document } = await pair('one', 'two');
    expect(document.fields).toEqual([{ path: 'devices[0].profile.id', a: 'mine', b: 'theirs' }]);
    expect(document.equal).toBe(false);
  });

  test('--seed holds for both', async () => {
    const { document } = await pair('small', 'limit', '--seed', '7');
    expect([document.a, document.b].map((each) => isPlayed(each) && each.scenario.seed)).toEqual([7, 7]);
  });
});

describe('run A B as a gate', () => {
  test.each([
    ['small', 'writes', ['--expect', 'moved'], ['B']],
    ['writes', 'small', ['--expect', 'moved'], ['A']],
    ['small', 'limit', ['--expect', 'cancelled'], ['A', 'B']],
    ['small', 'limit', ['--expect', 'moved'], []],
    ['small', 'limit', ['--assert', 'pause < 60ms'], ['A']],
    ['refused', 'small', ['--assert', 'pause < 10s'], ['A']],
    ['refused', 'refused', ['--expect', 'refused'], []],
    ['loses', 'refused', ['--expect', 'refused'], ['A']],
  ] as const)('%s and %s with %j name %j', async (a, b, demand, named) => {
    const { status, stderr } = await pair(a, b, ...demand);
    expect(status).toBe(named.length === 0 ? 0 : 1);
    const found = Array.from(stderr.matchAll(/^stopcopy: ([AB]) \((.*?)\): /gm), ([, side, word]) => [side, word]);
    expect(found).toEqual(named.map((side) => [side, at[side === 'A' ? a : b]]));
  });

  test('a move that begins and loses state was not refused', async () => {
    const { status, stderr } = await stopcopy('run', at['loses']!, '--expect', 'refused');
    expect(status).toBe(1);
    expect(stderr).toMatch(stating('nothing is played', 'state is lost'));
  });

  test('the page has both runs, and the differences of the document', async () => {
    const file = join(folder, 'both.html');
    const { status, stdout } = await stopcopy('run', 'idle-vf', at['small']!, '--json', '--html', file);
    expect(status).toBe(0);
    const page = readFileSync(file, 'utf8');
    const { fields, parts } = JSON.parse(stdout) as RunPairDocument;
    for (const { path } of fields) expect(page).toContain(`<th scope="row">${path}</th>`);
    for (const { title } of parts) expect(page).toContain(title);
    expect(page.match(/<section id="r\d"/g)).toHaveLength(3);
  });

  test('--timeline takes one scenario', async () => {
    const option = '--timeline';
    const { status, stdout, stderr } = await stopcopy('run', 'idle-vf', 'zip-64', option, join(folder, 'none'));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(stating(option, 'two scenarios', 'one'));
  });

  test('a fact that decides and is not given is asked for before anything is played', async () => {
    const { status, stdout, stderr } = await stopcopy('run', at['small']!, at['asks']!);
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr).toContain(at['asks']);
  });
});
