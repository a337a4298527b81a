/**
 * Numbers that an operator signs: they survive other draws than those that they were found with, and never get worse by what
 * makes a move easier.
 */
import { binomialDistribution } from 'simple-statistics';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readQuestion } from '../../../bench/studies/plan/read-question.ts';
import { answer } from '../../../sim/fleet/answer.ts';
import { MovesAtOnce } from '../../../sim/fleet/answers/at-once/moves-at-once.ts';
import { AXES } from '../../../sim/fleet/answers/bound/axes.ts';
import { lastThatHolds } from '../../../sim/fleet/bound-search.ts';
import { limitsOf } from '../../../sim/fleet/limits.ts';
import { drawsFor, failingDraws } from '../../../sim/fleet/guarantee.ts';
import { type QuestionOf, questionSchema, type QuestionVm } from '../../../sim/fleet/question.ts';
import { VmTrials } from '../../../sim/fleet/vm-trials.ts';
import { Unknowns } from '../../../sim/scenario/unknowns.ts';
import { effort } from '../../effort.ts';
import { shipped } from './fixture.ts';

const FRESH = 1000;
/** Of 1000 draws fewer than this hold once in a thousand times where 95 % do. */
const LEAST_HOLDING = 928;

describe('how many draws may fail', () => {
  test.each([
    [200, 0.95, 4],
    [1000, 0.95, 38],
    [200, 0.5, 87],
    [200, 0.99, -1],
    [200, 1, 0],
  ])('of %i for %f are %i', (draws, confidence, failing) => {
    expect(failingDraws(draws, confidence)).toBe(failing);
  });

  test.each([0.5, 0.8, 0.95, 0.99, 0.999])(
    'for %f are so few that a worse share passes once in twenty times',
    (confidence) => {
      const draws = drawsFor(confidence);
      const failing = failingDraws(draws, confidence);
      const passes = (share: number): number =>
        binomialDistribution(draws, 1 - share)!
          .slice(0, failing + 1)
          .reduce((sum, each) => sum + each, 0);
      expect(failing).toBeGreaterThanOrEqual(4);
      expect(passes(confidence)).toBeLessThanOrEqual(0.05);
    },
  );
});

/** In how many other draws a number holds: wherever the iterations end, and as they end in the draw. */
function holdingFresh(
  vm: QuestionVm,
  budgetNs: number,
  { profiles }: ReturnType<typeof readQuestion>['files'],
  seed: number,
): { readonly bounded: number; readonly drawn: number } {
  const trials = new VmTrials(profiles, 'fresh', undefined, new Unknowns(seed, FRESH));
  let bounded = 0;
  let drawn = 0;
  for (let draw = 0; draw < FRESH; draw++) {
    const bound = trials.bounded(vm, { draw });
    if (bound.moved && bound.pauseNs <= budgetNs) bounded += 1;
    const own = trials.quick(vm, { draw });
    if (own.moved && own.pauseNs <= budgetNs) drawn += 1;
  }
  return { bounded, drawn };
}

describe('a guaranteed number survives 1000 other draws', () => {
  test.each([
    ['vfs-per-vm', 'most', 1],
    ['link', 'least', 1],
  ] as const)('%s', (name, ask, share) => {
    const question = shipped(name, ask) as QuestionOf<'most'> | QuestionOf<'least'>;
    const { files } = readQuestion(name);
    const { value } = answer(question, files, name, { tornado: false, verify: false });
    const { scale, set, low } = AXES[question.of];
    const n = Math.max(low, Math.round(value! * scale * share));
    const { bounded, drawn } = holdingFresh(set(question.vm, n, 0), question.budget.pause, files, 4711);
    expect(bounded).toBeGreaterThanOrEqual(LEAST_HOLDING);
    expect(drawn).toBeGreaterThanOrEqual(bounded);
  });
});

const { files } = readQuestion('vfs-per-vm');

interface Asked {
  readonly vmm: 'qemu' | 'cloud-hypervisor';
  readonly gib: number;
  readonly gigabits: number;
  readonly channels: number;
  readonly pagesPerSecond: number;
  readonly limitMs: number;
  readonly budgetMs: number;
  readonly nonZeroShare: number;
}

function vmOf({ vmm, gib, gigabits, channels, pagesPerSecond, limitMs, nonZeroShare }: Asked): object {
  return {
    vmm,
    assume: { dirtyTracking: true },
    vcpus: 4,
    memory: {
      size: `${gib}GiB`,
      nonZeroShare,
      dirty: { kind: 'uniform', pagesPerSecond, workingSet: `${gib * 128}MiB` },
    },
    stream: { gigabitsPerSecond: gigabits, channels },
    convergence: { downtimeLimit: `${limitMs}ms`, timeout: '10min' },
    devices: [{ profile: 'acc-sec', queues: 4, load: 'idle' }],
  };
}

const HEAD = { format: 'stopcopy-question', version: 2, name: 'drawn', description: 'drawn at random' };

/** Draws of which each is monotonic: few do, since the number of all is one of theirs. */
const few = new VmTrials(files.profiles, 'drawn', undefined, new Unknowns(3, 12));

/** The most moves at once from a host, by closed form: 0 where there are none. */
function mostMoves(asked: Asked, confidence: number): number {
  const budget = { pause: `${asked.budgetMs}ms` };
  const fields = { ...HEAD, ask: 'at-once', over: 'host', vm: vmOf(asked), budget, confidence };
  const question = questionSchema.parse(fields) as QuestionOf<'at-once'>;
  const moves = new MovesAtOnce(question, few, limitsOf(undefined, new Map()));
  const of = { vm: question.vm, budget: question.budget, uplinkGigabitsPerSecond: Infinity };
  return lastThatHolds(1, moves.high, (n) => moves.quick(n, of).holds);
}

const asked: fc.Arbitrary<Asked> = fc.record({
  vmm: fc.constantFrom('qemu' as const, 'cloud-hypervisor' as const),
  gib: fc.integer({ min: 1, max: 32 }),
  gigabits: fc.constantFrom(5, 10, 20, 25, 40),
  channels: fc.constantFrom(1, 2, 4),
  pagesPerSecond: fc.constantFrom(0, 1000, 10_000, 60_000),
  limitMs: fc.constantFrom(50, 100, 300),
  budgetMs: fc.integer({ min: 100, max: 600 }),
  nonZeroShare: fc.constantFrom(1, 0.6),
});

describe('the most moves at once', () => {
  const RUNS = { numRuns: effort(5, 5, 1000), seed: 5 };
  const factor = fc.double({ min: 1.02, max: 3, noNaN: true });
  const cases: readonly [what: string, change: (asked: Asked, by: number) => Asked, sign: 1 | -1][] = [
    ['do not fall with the line rate', (each, by) => ({ ...each, gigabits: each.gigabits * by }), 1],
    ['do not fall with the budget', (each, by) => ({ ...each, budgetMs: each.budgetMs * by }), 1],
    [
      'do not rise with what the guest writes',
      (each, by) => ({ ...each, pagesPerSecond: Math.round(each.pagesPerSecond * by) }),
      -1,
    ],
  ];
  test.each(cases)('%s', (_, change, sign) => {
    fc.assert(
      fc.property(asked, factor, (each, by) => {
        expect(sign * (mostMoves(change(each, by), 0.7) - mostMoves(each, 0.7))).toBeGreaterThanOrEqual(0);
      }),
      RUNS,
    );
  });

  test('do not rise with the confidence', () => {
    fc.assert(
      fc.property(asked, (each) => {
        const [some, more] = [0.5, 0.7].map((confidence) => mostMoves(each, confidence));
        expect(more!).toBeLessThanOrEqual(some!);
      }),
      RUNS,
    );
  });
});
