import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type AskedQuestion, readQuestion } from '../../../../bench/studies/plan/read-question.ts';
import { QUESTIONS } from '../../../../bench/studies/plan/shipped.ts';
import { SCENARIOS } from '../../../../bench/studies/run/shipped.ts';
import { keptPath, sweepPlan } from '../../../../bench/studies/plan/sweep.ts';
import { packageRoot } from '../../../../bench/io/package-root.ts';
import { GIB } from '../../../../sim/base/units.ts';
import { captured } from '../../captured.ts';
import { stopcopy } from '../../command.ts';
import { stating } from '../../../stating.ts';

const ROOT = packageRoot();
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-plan-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('every shipped question can be read, and help names each', async () => {
  const { stdout } = await stopcopy('plan', '--help');
  const named = /come with stopcopy: ([^.]+)\./.exec(stdout.replaceAll(/\s+/g, ' '))?.[1]?.split(', ');
  expect(named?.toSorted()).toEqual([...QUESTIONS.names()]);
  for (const name of QUESTIONS.names()) expect(readQuestion(name).question.name).toBe(name);
});

test('fields without effect are left out of version 1 in one line, and refused in version 2', async () => {
  const file = join(folder, 'room.yaml');
  const text = (version: number): string => `format: stopcopy-question
version: ${version}
name: room
description: NICs
ask: room
assume: { dirtyTracking: true }
vm: { vcpus: 8, memory: { size: 16GiB }, stream: { gigabitsPerSecond: 25 }, devices: [{ profile: connectx7-vf }] }
hosts:
  - { name: a, kind: other, hardware: V3, freeVfs: 4, freeQueues: 64 }
  - { name: b, kind: other, hardware: V4, freeVfs: 2, freeQueues: 64 }
`;
  writeFileSync(file, text(1));
  const older = await stopcopy('plan', file);
  const fields = 'hosts[0].hardware, hosts[0].freeQueues, hosts[1].hardware, hosts[1].freeQueues';
  expect(older.stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(stating(file, 'version 2', fields, 'kind', 'other')),
  ]);
  expect(older.status).toBe(0);
  expect(older.stdout).toMatch(stating('6 such VMs', '2 of 2 hosts', 'a (4)', 'b (2)'));
  writeFileSync(file, text(2));
  const newer = await stopcopy('plan', file);
  expect(newer.status).toBe(3);
  expect(newer.stdout).toBe('');
  expect(newer.stderr).toMatch(stating(file, 'hosts[0].hardware', 'kind', 'other'));
});

test('--json prints one document with the binding constraint', async () => {
  const { status, stdout } = await stopcopy('plan', 'link', '--json', '--no-tornado');
  expect(status).toBe(0);
  const document = JSON.parse(stdout) as {
    format: string;
    version: number;
    answer: { value: number; constraints: { binds: boolean }[] };
  };
  expect(document).toMatchObject({
    format: 'stopcopy-plan',
    version: 2,
    kind: 'modelled',
    question: { name: 'link', ask: 'least' },
  });
  expect(document.answer.value).toBe(2);
  expect(document.answer.constraints.some(({ binds }) => binds)).toBe(true);
});

test('--html writes a page with the document in it', async () => {
  const file = join(folder, 'plan.html');
  const { status, stdout } = await stopcopy('plan', 'converge-nova', '--no-tornado', '--html', file);
  expect(status).toBe(0);
  expect(stdout.trimEnd().endsWith(file)).toBe(true);
  const page = readFileSync(file, 'utf8');
  expect(page).toContain('<title>Plan: converge-nova</title>');
  expect(page).toContain('"format":"stopcopy-plan"');
});

test.each([
  ['plan', QUESTIONS.path('room'), ['--no-tornado']],
  ['run', SCENARIOS.path('zip-64'), []],
])('%s refuses a device profile of one’s own that does not name its kind', async (command, asks, options) => {
  const profile = readFileSync(join(ROOT, 'sim/memory/profiles/acc-zip.yaml'), 'utf8').replace('acc-zip', 'my-zip');
  writeFileSync(join(folder, 'my-zip.yaml'), profile.replace(/^kind: zip\n/m, ''));
  const path = join(folder, `${command}-my-zip.yaml`);
  writeFileSync(path, readFileSync(asks, 'utf8').replace(/acc-\w+/, './my-zip.yaml'));
  const refused = await stopcopy(command, path);
  expect(refused.status).toBe(3);
  expect(refused.stderr).toMatch(stating('my-zip.yaml', 'kind', 'sec, hpre, zip'));
  writeFileSync(join(folder, 'my-zip.yaml'), profile);
  expect((await stopcopy(command, path, ...options)).status).toBe(0);
});

test('what nothing satisfies exits with 4, and names the nearest', async () => {
  const text = readFileSync(QUESTIONS.path('link'), 'utf8').replace('pause: 500ms', 'pause: 1ms');
  const path = join(folder, 'impossible.yaml');
  writeFileSync(path, text);
  const { status, stdout } = await stopcopy('plan', path, '--no-tornado');
  expect(status).toBe(4);
  expect(stdout).toMatch(stating('pause budget', 'cannot'));
  expect(stdout).toMatch(stating('nearest'));
});

test.each([
  [['plan', 'no-such-question'], 3, 'no-such-question … no question'],
  [['plan', 'link', '--sweep', 'vm.vcpus'], 2, 'field … values'],
  [['plan', 'link', '--sweep', 'vm.cpus=1'], 3, "'cpus'"],
  [['plan', 'link', '--out', 'x.json'], 2, '--out … sweep'],
  [['plan', 'link', '--sweep', 'vm.vcpus=4', '--html', '/dev/null/x.html'], 2, '--html'],
  [['plan', 'link', '--confidence', '0.3'], 2, "--confidence … '0.3' … 0.5 … 1"],
  [['plan', 'link', '--confidence', '0.9995'], 2, "--confidence … '0.9995' … 0.999 … 1"],
  [['plan', 'link', '--confidence', 'text'], 2, "--confidence … 'text' … number … 0.5 … 1"],
  [['plan', 'empty-host', '--confidence', '0.9'], 2, '--confidence … empty-host … evacuate'],
])('%j exits with %i', async (args, code, words) => {
  const { status, stderr } = await stopcopy(...args);
  expect(stderr).toMatch(stating(words));
  expect(status).toBe(code);
});

describe('a sweep', () => {
  const GRID = { 'vm.vcpus': [8, 48], 'vm.stream.channels': [4], 'vm.memory.size': ['8GiB', '16GiB'] };
  let asked: AskedQuestion;
  beforeAll(() => {
    asked = readQuestion('converge-nova', GRID);
  });
  const sweep = async (out: string, threads: number, signal = new AbortController().signal) => {
    const { output, stderr } = captured(false);
    const document = await sweepPlan(asked, { out, threads, output, signal });
    return { document, said: stderr() };
  };

  test('asks every combination, the last field changing fastest, with units as in the file', () => {
    expect(asked.cells).toHaveLength(4);
    expect(asked.cells[1]!.at).toEqual({ 'vm.vcpus': 8, 'vm.stream.channels': 4, 'vm.memory.size': '16GiB' });
    expect(asked.cells[1]!.question).toMatchObject({
      vm: { vcpus: 8, stream: { channels: 4 }, memory: { size: 16 * GIB } },
    });
  });

  /** All cells asked on one thread, without an interruption. */
  let whole: Awaited<ReturnType<typeof sweep>>['document'];
  const wholePath = () => join(folder, 'one.json');
  beforeAll(async () => {
    whole = (await sweep(wholePath(), 1)).document;
  });

  test('is the same on any number of threads, resumes after an interruption, and leaves no file over', async () => {
    const again = join(folder, 'again.json');
    // Interrupted: what is kept answers another question, and the last line is torn.
    const controller = new AbortController();
    controller.abort(new Error('stop'));
    await expect(sweep(again, 3, controller.signal)).rejects.toThrow('stop');
    const wrong = { key: 'another question', outcome: whole.cells[0]!.outcome };
    writeFileSync(keptPath(again), `${JSON.stringify(wrong)}\n{"key": "torn`);
    const { document } = await sweep(again, 3);
    expect(document).toEqual(whole);
    expect(readFileSync(again, 'utf8')).toBe(readFileSync(wholePath(), 'utf8'));
    expect(readdirSync(folder).filter((name) => name.endsWith('.cells'))).toEqual([]);
  });

  test('does not ask again what was finished', async () => {
    const first = join(folder, 'first.json');
    const controller = new AbortController();
    const { output } = captured(false);
    const update = (): void => controller.abort(new Error('stop'));
    Object.defineProperty(output, 'progress', { value: () => ({ update, stop: () => undefined }) });
    await expect(sweepPlan(asked, { out: first, threads: 1, output, signal: controller.signal })).rejects.toThrow(
      'stop',
    );
    const kept = readFileSync(keptPath(first), 'utf8').trim().split('\n');
    expect(kept).toHaveLength(1);
    const { document, said } = await sweep(first, 2);
    expect(said).toContain('finished before: 1 of 4 cells');
    expect(document).toEqual(whole);
  });

  test('reports cells that cannot be, and continues', async () => {
    const some = readQuestion('vfs-per-vm', { device: [1, 2] });
    const { output } = captured(false);
    const signal = new AbortController().signal;
    const small = {
      ...some,
      cells: some.cells.map((cell) => ({
        ...cell,
        question: { ...cell.question, budget: { pause: 95e6, judge: 'point' as const } },
      })),
    } as AskedQuestion;
    const { cells } = await sweepPlan(small, { out: join(folder, 'some.json'), threads: 1, output, signal });
    expect(cells.map(({ outcome }) => outcome.kind)).toEqual(['answered', 'refused']);
  });
});

test('the command runs a sweep and says where its document is', async () => {
  const out = join(folder, 'swept.json');
  const words = ['plan', 'converge-nova', '--sweep', 'vm.vcpus=4,8', '--threads', '1', '--out', out];
  const { status, stdout } = await stopcopy(...words);
  expect(status).toBe(0);
  expect(stdout).toContain(out);
  expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({
    format: 'stopcopy-plan-sweep',
    cells: [{ at: { 'vm.vcpus': 4 } }, {}],
  });
});

describe('the age of a preset', () => {
  const plan = (...words: readonly string[]) => stopcopy('plan', 'empty-host', '--no-tornado', ...words);

  test('is said on stderr once it is over 180 days, by the day that is given', async () => {
    expect((await plan('--today', '2027-02-18')).stderr).toBe('');
    const { status, stdout, stderr } = await plan('--today', '2027-02-19', '--json');
    expect(stderr).toMatch(/^limits kubevirt are those of 2026-08-22, 181 days ago: .*\n$/);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ presets: [{ id: 'kubevirt', asOf: '2026-08-22' }] });
  });

  test.each(['2027-02-30', '19.2.2027', 'today', '2027-2-1'])('--today %s is no day', async (text) => {
    const { status, stderr } = await plan('--today', text);
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(stating('--today', text, 'YYYY-MM-DD')) as string,
    });
  });
});

describe('moves for other programs', () => {
  const plan = (...words: readonly string[]) => stopcopy('plan', 'empty-host', '--no-tornado', ...words);

  test('--csv has a row a move, host and kind of VM, --ics an event a host and kind of VM, with rows of at most 75 octets', async () => {
    const [csv, ics] = [join(folder, 'moves.csv'), join(folder, 'hosts.ics')];
    const { status } = await plan('--csv', csv, '--ics', ics, '--start', '2026-12-05T22:00Z');
    expect(status).toBe(0);
    const rows = readFileSync(csv, 'utf8').split('\r\n');
    expect(rows[0]).toBe('host,vm,begins_s,ends_s,pause_ms,end,name');
    expect(rows.slice(1, -1)).toHaveLength(15 + 1 + 2);
    const moves = rows.slice(1, 16).map((row) => row.split(','));
    const last = Math.max(...moves.map((cells) => Number(cells[3]))).toFixed(3);
    const longest = Math.max(...moves.map((cells) => Number(cells[4]))).toFixed(1);
    expect(rows[16]).toBe(`host 1,,0.000,${last},${longest},emptied,`);
    for (const [index, vm] of ['small', 'large'].entries()) {
      const [host, name, begins, ends, , end] = rows[17 + index]!.split(',');
      const own = moves.filter((cells) => cells[1] === vm);
      expect([host, name, end]).toEqual(['', vm, 'notice']);
      expect(Number(begins)).toBe(Math.min(...own.map((cells) => Number(cells[2]))));
      expect(Number(ends)).toBeGreaterThanOrEqual(Math.max(...own.map((cells) => Number(cells[3]))));
    }
    for (const row of rows.slice(1, 16))
      expect(row).toMatch(/^host 1,(?:small|large),\d+\.\d{3},\d+\.\d{3},\d+\.\d,moved,$/);
    const calendar = readFileSync(ics, 'utf8');
    const lines = calendar.split('\r\n');
    expect(lines.every((line) => Buffer.byteLength(line) <= 75)).toBe(true);
    expect(calendar.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    const whole = calendar.replaceAll('\r\n ', '');
    expect(whole.match(/BEGIN:VEVENT/g)).toHaveLength(3);
    expect(whole).toContain('SUMMARY:notice for VMs large (empty-host)');
    expect(whole).toContain('DTSTART:20261205T220000Z\r\nDTEND:20261205T2201');
    expect(whole).toMatch(
      /DESCRIPTION:15 VMs move\\, with pauses of up to \d+ ms\. Modelled\\, with nominal parameters\./,
    );
  });

  test.each([
    [['plan', 'link', '--no-tornado', '--csv', 'x.csv'], '--csv … evacuation … link … least'],
    [['plan', 'empty-host', '--ics', 'x.ics'], '--ics … --start'],
    [['plan', 'empty-host', '--ics', 'x.ics', '--start', 'tomorrow'], "--start … 'tomorrow' … UTC"],
  ])('%j is refused', async (words, said) => {
    const { status, stderr } = await stopcopy(...words);
    expect(status).toBe(2);
    expect(stderr).toMatch(stating(said));
  });
});
