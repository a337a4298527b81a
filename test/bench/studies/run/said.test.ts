/**
 * What `stopcopy run` prints against its document and its exit status, read from the text by a reader that knows no renderer.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { RunDocument, VmReport } from '../../../../bench/documents/run/document.ts';
import { printRun } from '../../../../bench/documents/run/text.ts';
import { Random } from '../../../../sim/base/random.ts';
import { ACT_REASONS } from '../../../../sim/memory/manager.ts';
import { MOVE_ENDS, type MoveEnd } from '../../../../sim/memory/outcome.ts';
import { BLOCKERS } from '../../../../sim/memory/precopy-end.ts';
import { effort } from '../../../effort.ts';
import { drawScenario } from '../../../sim/scenario/random-scenario.ts';
import { captured } from '../../captured.ts';
import { stopcopy } from '../../command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-said-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** English of each end, of each rule that ends a move, and of what kept a VM from being stopped before. */
const END_WORDS: Readonly<Record<MoveEnd, RegExp>> = {
  moved: /\bmoved(?! by|, by force)\b(?!:)/,
  forced: /\bmoved, by force\b/,
  cancelled: /\bgiven up after\b|\bthe move was cancelled\b/,
  failed: /\bthe move failed\b/,
  unowned: /\bruns? nowhere\b/,
};
const REASON_WORDS = {
  timeout: / allows it /,
  'no progress': /does not fall for/,
  iterations: /last iteration was over/,
  stall: /saw remaining memory stall/,
  switchover: /had raised the limit, and allows/,
} as const satisfies Readonly<Record<(typeof ACT_REASONS)[number], RegExp>>;
const BLOCKER_WORDS = {
  none: null,
  'first pass': /had not been sent once/,
  'device state': /of state, and/,
  'guest writes': /the guest dirties/,
  'more iterations': /iterations still got smaller/,
  pause: /its pause was under way/,
} as const satisfies Readonly<Record<(typeof BLOCKERS)[number], RegExp | null>>;

const UNITS_NS: Readonly<Record<string, number>> = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9, min: 6e10, h: 3.6e12 };

/** The sentences before the first table, in one row. */
function sentencesOf(text: string): string {
  return text.split(/\n\n(?:The pause|Memory|VFs, register)/)[0]!.replaceAll(/\s+/g, ' ');
}

/** How many VMs the first sentences give each end. */
function endsSaid(sentences: string, vms: number): ReadonlyMap<MoveEnd, number> {
  const groups = [...sentences.matchAll(/(\d+) of \d+ VMs ([^;]*?)(?=;|\. [A-Z])/g)];
  const said = groups.length === 0 ? [['', '1', sentences]] : groups;
  const counts = new Map<MoveEnd, number>();
  for (const [, count = '', words = ''] of said) {
    const ends = MOVE_ENDS.filter((end) => END_WORDS[end].test(words));
    // A VM that was given up "did not move".
    for (const end of ends.filter((each) => each !== 'moved' || ends.length === 1)) {
      counts.set(end, (counts.get(end) ?? 0) + Number(count));
    }
  }
  expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBe(vms);
  return counts;
}

function near(text: string | undefined, unit: string | undefined, ns: number): boolean {
  return Math.abs((Number(text) * (UNITS_NS[unit ?? ''] ?? Number.NaN)) / ns - 1) < 0.006;
}

/** @returns what contradicts */
function contradictions(text: string, document: RunDocument, status: number | null): readonly string[] {
  const found: string[] = [];
  const claim = (holds: boolean, what: string): void => void (holds || found.push(what));
  const sentences = sentencesOf(text);
  const { vms, figures } = document;
  const said = endsSaid(sentences, vms.length);
  for (const end of MOVE_ENDS) {
    claim((said.get(end) ?? 0) === vms.filter(({ kind }) => kind === end).length, `the number of VMs that end ${end}`);
  }
  const told = vms[document.longest - 1]!;
  const stood = /(?:It stood still|stood still longest did so) for ([\d.]+) (ns|µs|ms|s|min|h)/.exec(sentences);
  claim((stood !== null) === told.pauseNs > 0, 'whether it was paused');
  claim(stood === null || near(stood[1], stood[2], told.pauseNs), 'the pause of a sentence');
  claim(/\nThe pause\b/.test(text) === told.pauseNs > 0, 'whether there is a table of the pause');
  const sum = /\ntogether +([\d.]+) (ns|µs|ms|s|min|h) /.exec(text);
  claim(sum === null || near(sum[1], sum[2], told.pauseNs), 'the sum of a table');
  claim(
    told.pauseNs === 0 || Math.abs(told.parts.reduce((all, part) => all + part.criticalNs, 0) - told.pauseNs) < 1,
    'parts',
  );
  const lost = /(\d+) of \d+ tasks were lost/.exec(sentences);
  claim(Number(lost?.[1] ?? 0) === figures.wrongTasks.value, 'tasks');
  claim((status === 1) === figures.wrongTasks.value > 0 && (status === 0 || status === 1), `status ${status}`);
  found.push(...causeFaults(sentences, vms));
  return found;
}

/** Causes that the sentences name, and nobody recorded, or the other way round. */
function causeFaults(sentences: string, vms: readonly VmReport[]): readonly string[] {
  const recorded = vms.flatMap(({ cause }) => (cause === null ? [] : [cause]));
  const reasons = ACT_REASONS.filter(
    (reason) => REASON_WORDS[reason].test(sentences) !== recorded.some((cause) => cause.reason === reason),
  );
  const blockers = BLOCKERS.filter((blocker) => {
    const words = BLOCKER_WORDS[blocker];
    return words !== null && words.test(sentences) !== recorded.some((cause) => cause.blocker === blocker);
  });
  return [...reasons, ...blockers].map((each) => `the cause '${each}'`);
}

/** A scenario drawn at random, in half of the cases with rules that end moves. */
function scenarioText(seed: number): string {
  const scenario = drawScenario(seed);
  if (seed % 2 === 0) return JSON.stringify(written(scenario));
  const { devices: _, faults: __, ...rest } = written(scenario);
  const random = new Random(seed, 11);
  const choice = (from: readonly unknown[]): unknown => from[random.below(from.length)];
  const size = choice(['1GiB', '8GiB']);
  return JSON.stringify({
    ...rest,
    memory: {
      size,
      dirty: { kind: 'uniform', pagesPerSecond: choice([0, 20_000, 300_000, 3_000_000]), workingSet: '512MiB' },
    },
    stream: { gigabitsPerSecond: choice([1, 10, 25]) },
    convergence: {
      downtimeLimit: choice(['50ms', '300ms', '2s']),
      timeout: choice(['1s', '8s', '60s']),
      whenOut: seed % 4 === 1 ? 'cancel' : 'stop',
    },
  });
}

/** Times and sizes of a parsed scenario as a file has them. */
function written(scenario: ReturnType<typeof drawScenario>): Record<string, unknown> {
  const { memory, stream, convergence, devices, faults, ...rest } = scenario;
  const ns = (value: number): string => `${value}ns`;
  const { dma: ___, size, page, ...memoryRest } = memory;
  return {
    ...rest,
    version: 2,
    memory: { ...memoryRest, size: `${size}B`, page: `${page}B` },
    stream: { ...stream, latency: ns(stream.latency) },
    convergence: { ...convergence, downtimeLimit: ns(convergence.downtimeLimit!), timeout: '60s' },
    devices: devices.map((device) => ({
      ...device,
      ...(device.engine === undefined ? {} : { engine: { ...device.engine, taskTime: ns(device.engine.taskTime) } }),
    })),
    faults: faults.map((fault) =>
      'lasts' in fault && fault.lasts !== undefined ? { ...fault, lasts: ns(fault.lasts) } : fault,
    ),
  };
}

const TRIES = effort(10, 30, 3000);

test(`${TRIES} random runs say the same in sentences, tables, document and status`, async () => {
  const wrong: string[] = [];
  const ends = new Set<string>();
  for (let seed = 1; seed <= TRIES; seed++) {
    const path = join(folder, 'random.json');
    writeFileSync(path, scenarioText(seed));
    const printed = await stopcopy('run', path);
    const json = await stopcopy('run', path, '--json');
    expect(json.status).toBe(printed.status);
    const document = JSON.parse(json.stdout) as RunDocument;
    for (const { kind } of document.vms) ends.add(kind);
    wrong.push(...contradictions(printed.stdout, document, printed.status).map((what) => `seed ${seed}: ${what}`));
  }
  expect(wrong).toEqual([]);
  expect([...ends].toSorted()).toEqual(expect.arrayContaining(['cancelled', 'failed', 'moved']));
});

test('the reader finds what is planted', async () => {
  const path = join(folder, 'read.json');
  writeFileSync(path, scenarioText(2));
  const { stdout, status } = await stopcopy('run', path);
  const document = JSON.parse((await stopcopy('run', path, '--json')).stdout) as RunDocument;
  expect(contradictions(stdout, document, status)).toEqual([]);
  const vms = document.vms;
  const planted: readonly (readonly [what: string, document: RunDocument, status: number])[] = [
    ['an end', { ...document, vms: vms.map((vm) => ({ ...vm, kind: vm.kind === 'failed' ? 'moved' : 'failed' })) }, 0],
    ['a pause', { ...document, vms: vms.map((vm) => ({ ...vm, pauseNs: vm.pauseNs * 1.5 + 1 })) }, 0],
    [
      'a lost task',
      { ...document, figures: { ...document.figures, wrongTasks: { ...document.figures.wrongTasks, value: 3 } } },
      0,
    ],
    ['a status', document, 1],
    ['a status of another kind', document, 4],
  ];
  const unseen = planted.filter(([, changed, code]) => contradictions(stdout, changed, code).length === 0);
  expect(unseen.map(([what]) => what)).toEqual([]);
});

test('a planted cause is the only one that is named', async () => {
  const path = join(folder, 'planted.json');
  writeFileSync(path, scenarioText(3));
  const document = JSON.parse((await stopcopy('run', path, '--json')).stdout) as RunDocument;
  const [vm] = document.vms;
  let planted = 0;
  for (const kind of ['cancelled', 'forced'] as const) {
    for (const reason of ACT_REASONS) {
      for (const blocker of BLOCKERS) {
        const cause = {
          reason,
          manager: 'user',
          blocker,
          timeoutNs: 5e9,
          progressTimeoutNs: 4e9,
          usedNs: 5e9,
          limitNs: 3e8,
          fitsBytes: 1e6,
          deviceBytes: 2e6,
          leftBytes: 3e6,
          carriedBytesPerSecond: 1e9,
          dirtiedBytesPerSecond: 2e9,
          limitThatWouldDoNs: 9e8,
        } as const;
        const changed = { ...document, vms: [{ ...vm!, kind, at: null, errno: null, cause }] };
        const { output, stdout } = captured(false);
        printRun(changed, output);
        const faults = causeFaults(sentencesOf(stdout()), changed.vms);
        expect({ kind, reason, blocker, faults }).toEqual({ kind, reason, blocker, faults: [] });
        planted += 1;
      }
    }
  }
  expect(planted).toBe(2 * ACT_REASONS.length * BLOCKERS.length);
});
