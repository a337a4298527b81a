import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { packageRoot } from '../../../../bench/io/package-root.ts';
import { UserError } from '../../../../sim/base/user-error.ts';
import { playScenario, readScenario } from '../../../../bench/studies/run/play.ts';
import type { RunDocument } from '../../../../bench/documents/run/document.ts';
import { shippedScenarios } from '../../../../bench/studies/run/shipped.ts';
import { stopcopy } from '../../command.ts';
import { ENDS, runScenario } from '../../../../sim/scenario/scenario-run.ts';
import { PoolRunner } from '../../../../workers/pools/pool-runner.ts';
import { captured } from '../../captured.ts';
import { stating } from '../../../stating.ts';

const ROOT = packageRoot();
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-run-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SMALL = `
format: stopcopy-scenario
version: 2
name: small
description: A small VM
vcpus: 2
assume: { dirtyTracking: true }
memory: { size: 1GiB }
stream: { gigabitsPerSecond: 25 }
devices:
  - { profile: acc-zip, queues: 4, load: half }
`;

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function sumOf(parts: readonly { readonly criticalNs: number }[]): number {
  return parts.reduce((sum, { criticalNs }) => sum + criticalNs, 0);
}

describe('run', () => {
  test('prints the pause in parts, and says of each figure which kind it is', async () => {
    const { status, stdout } = await stopcopy('run', 'idle-vf');
    expect(status).toBe(0);
    expect(stdout).toMatch(/The VM moved\. It was paused for [\d.]+ ms \([\d.]+ ms to [\d.]+ ms\) \[P\]/);
    for (const part of ['vCPUs stop', 'final memory iteration', 'device state loaded', 'total']) {
      expect(stdout).toContain(`\n${part} `);
    }
    expect(stdout).toContain('[E] exact');
    expect(stdout).toContain('[P] modelled');
    expect(stdout).not.toContain('\u001B');
  });

  test('with --json prints one document whose parts add up, for every end of the band', async () => {
    const { status, stdout } = await stopcopy('run', file('small.yaml', SMALL), '--json');
    expect(status).toBe(0);
    const document = JSON.parse(stdout) as RunDocument;
    expect(document).toMatchObject({ format: 'stopcopy-run', version: 2, longest: 1 });
    expect(document.band.map(({ end }) => end)).toEqual(['short', 'point', 'long']);
    for (const { pauseNs, parts } of document.band) expect(sumOf(parts)).toBeCloseTo(pauseNs, 1);
    const [vm] = document.vms;
    expect(sumOf(vm!.parts)).toBeCloseTo(vm!.pauseNs, 1);
    const { pause } = document.figures;
    expect(pause).toMatchObject({ value: vm!.pauseNs, unit: 'ns', kind: 'modelled' });
    expect(pause.low).toBeLessThanOrEqual(pause.value);
    expect(pause.high).toBeGreaterThanOrEqual(pause.value);
    expect(document.figures.wrongTasks).toMatchObject({ value: 0, kind: 'exact' });
    expect(document.latencies.map(({ name }) => name)).toEqual(['acc-zip']);
  });

  test('is played on threads as on the calling one', async () => {
    const plan = readScenario(file('threads.yaml', SMALL));
    const runner = new PoolRunner({ threads: 2 });
    const { signal } = new AbortController();
    const { point, short, long } = await playScenario(plan, captured(true).output, signal, runner);
    await runner.close();
    expect([point, short, long]).toStrictEqual(ENDS.map((end) => runScenario(plan, end)));
  });

  test('the same seed gives the same document, another one another', async () => {
    const path = file('seeds.yaml', SMALL);
    const played = async (seed: string) => (await stopcopy('run', path, '--json', '--seed', seed)).stdout;
    const first = await played('1');
    expect(await played('1')).toBe(first);
    const other = await played('2');
    expect((JSON.parse(other) as RunDocument).traceHash).not.toBe((JSON.parse(first) as RunDocument).traceHash);
  });

  test('writes the timeline and the page to the given files', async () => {
    const [trace, page] = [join(folder, 'run.trace.json'), join(folder, 'run.html')];
    const { status, stderr } = await stopcopy('run', 'link-fails', '--json', '--timeline', trace, '--html', page);
    expect(status).toBe(0);
    expect(stderr.trim().split('\n').slice(-2)).toEqual([trace, page]);
    const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8')) as { traceEvents: unknown[] };
    expect(traceEvents.length).toBeGreaterThan(10);
    const html = readFileSync(page, 'utf8');
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).toMatch(stating('VFs', 'back', 'source'));
    expect(html).not.toMatch(/\b(?:src|href)="https?:/);
  });

  test('a move that fails is reported, and is no failure of the command', async () => {
    const { status, stdout } = await stopcopy('run', 'link-fails');
    expect(status).toBe(0);
    expect(stdout).toMatch(stating('at the source', 'failed', 'link at sending'));
  });

  test('two VFs of one VM are refused with the assumption that plays them, and then the devices have their share', async () => {
    const asked = SMALL.replace(
      'assume: { dirtyTracking: true }',
      "vmmVersion: '10.2'\nkernel: '6.12'\niommu: { backend: iommufd, hardware: smmuv3, dirtyTracking: true }",
    ) // prettier-ignore
      .replace('acc-zip', 'acc-zip, count: 2');
    const refused = await stopcopy('run', file('two.yaml', asked));
    for (const fact of ['refused', 'P2P', 'assume: { p2p: true }']) expect(refused.stdout).toMatch(stating(fact));
    const played = await stopcopy('run', file('two.yaml', `${asked}assume: { p2p: true }\n`));
    expect(played.stdout.replaceAll(/\s+/g, ' ')).toMatch(/paused for [^.]*\bdevices [^.]*[\d.]+ [µm]s [^.]*\[P\]/);
    const { figures, vms } = JSON.parse((await stopcopy('run', file('two.yaml', `${asked}assume: { p2p: true }\n`), '--json')).stdout) as RunDocument; // prettier-ignore
    const devices = vms[0]!.parts.filter(({ name }) => name.startsWith('device'));
    expect(devices).toHaveLength(4);
    expect(sumOf(devices)).toBeGreaterThan(0);
    expect(sumOf(devices)).toBeLessThan(figures.pause.value);
  });

  test('a profile of the user is sought next to the scenario', async () => {
    const own = readFileSync(join(ROOT, 'sim', 'memory', 'profiles', 'template.yaml'), 'utf8');
    file('mine.yaml', own.replace('id: template', 'id: mine'));
    const path = file('uses-mine.yaml', SMALL.replace(/ {2}- .*\n/, '  - { profile: ./mine.yaml, count: 2 }\n'));
    const { status, stdout } = await stopcopy('run', path, '--json');
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as RunDocument).vms[0]).toMatchObject({ kind: 'moved', vfs: [] });
  });
});

describe('a topology before the run', () => {
  const asked = (topology: string): string =>
    file(`${topology}.yaml`, `${SMALL}isolation: { topology: ${topology}, policy: proof }\n`);

  test('that lets the driver load is said in a remark', async () => {
    const { status, stderr } = await stopcopy('run', asked('t01'), '--json');
    expect(stderr).toContain('the migration driver loads');
    expect(status).toBe(0);
  });

  test('that refuses the driver ends it before anything is stopped', async () => {
    const { status, stdout, stderr } = await stopcopy('run', asked('t12'));
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('is offered no migration');
  });
});

describe('a wrong scenario exits with 3 and names file and field', () => {
  const cases: readonly (readonly [what: string, from: string, to: string, says: string])[] = [
    ['an unknown field', 'vcpus: 2', 'vcpus: 2\nvcpu: 3', "'vcpu'"],
    ['a size without unit', 'size: 1GiB', "size: '64'", 'memory.size … "64"'],
    ['no bandwidth', 'gigabitsPerSecond: 25', 'gigabitsPerSecond: 0', 'stream.gigabitsPerSecond … 0'],
    ['an unknown profile', 'profile: acc-zip', 'profile: acc-rsa', 'devices[0].profile … acc-rsa … no such file'],
    ['another format', 'stopcopy-scenario', 'stopcopy-topology', 'format … "stopcopy-topology"'],
    ['a later version', 'version: 2', 'version: 3', 'version … 3 … 2 … newer'],
    ['a question', 'format: stopcopy-scenario', 'format: stopcopy-question', 'question … stopcopy-question … scenario'],
  ];
  test.each(cases)('%s', (_, from, to, says) => {
    const path = file('wrong.yaml', SMALL.replace(from, to));
    expect(() => readScenario(path)).toThrow(UserError);
    expect(() => readScenario(path)).toThrow(`${path}: `);
    expect(() => readScenario(path)).toThrow(stating(says));
  });

  test('at once, with a sentence and nothing on stdout', async () => {
    const path = file('wrong.yaml', SMALL.replace('vcpus: 2', 'vcpus: none'));
    expect(await stopcopy('run', path)).toEqual({
      status: 3,
      stdout: '',
      stderr: `stopcopy: ${path}: vcpus is "none", allowed is a number\n`,
    });
  });

  test('an unknown name is answered with those that exist', async () => {
    const { status, stderr } = await stopcopy('run', 'zip-65');
    expect(status).toBe(3);
    for (const name of shippedScenarios()) expect(stderr).toContain(name);
  });
});

test('--help names every scenario that comes with stopcopy', async () => {
  const { status, stdout } = await stopcopy('run', '--help');
  expect(status).toBe(0);
  for (const name of shippedScenarios()) expect(stdout).toContain(name);
  expect(stdout).toContain('Examples:\n  stopcopy run');
});
