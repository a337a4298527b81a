/**
 * The suite `designs`: one whole move of one VF with each place where the driver could live. docs/designs.md section 6.
 */
import { COST, type CostName } from '../../../sim/device/costs.ts';
import {
  compareDesigns,
  DESIGN_IDS,
  type DesignOutcome,
  DESIGNS,
  type DesignTimes,
  syscallList,
} from '../../../sim/designs/compare.ts';
import type { Figure } from '../../show/figure.ts';
import type { CostParameter } from '../../documents/bench/result.ts';
import { exact, modelled } from '../statistics.ts';
import { refuseTooManyQueues } from './queue-limit.ts';
import type { SuiteColumn, SuiteOptions, SuiteReport, SuiteRow } from '../../documents/suites/document.ts';

const QUEUE_PAIRS = { quick: [64], full: [2, 16, 64, 256] } as const;
const ACCELERATOR_DEFAULT = ['sec'] as const;

const COLUMNS: readonly SuiteColumn[] = [
  { name: 'vfAccesses', title: 'VF\naccesses' },
  { name: 'pfAccesses', title: 'PF\naccesses' },
  { name: 'systemCalls', title: 'system\ncalls' },
  { name: 'systemCallsInPause', title: 'of them\nin pause' },
  { name: 'bytesCopied', title: 'copied\n' },
  { name: 'wholeNs', title: 'whole\nmove' },
  { name: 'pauseNs', title: 'pause\n' },
];

/** The costs that a move of an idle VF contains. */
export const DESIGN_COSTS: readonly CostName[] = [
  'mmioReadNs',
  'mmioWriteNs',
  'mmioRead128Ns',
  'mmioWrite128Ns',
  'doorbellNs',
  'mailboxCommandNs',
  'pauseBaseNs',
  'cacheWriteBackBaseNs',
  'cacheWriteBackPerContextNs',
  'vftAccessNs',
  'usleepActualNs',
  'syscallNs',
];

/** The numbers of queue pairs that are compared: those asked for, or one or four by how quick it must be. */
export function queuePairsOf({ queuePairs, quick }: Pick<SuiteOptions, 'queuePairs' | 'quick'>): readonly number[] {
  return queuePairs ?? (quick ? QUEUE_PAIRS.quick : QUEUE_PAIRS.full);
}

export function runDesigns(options: SuiteOptions): SuiteReport {
  const accelerators = options.accelerators ?? ACCELERATOR_DEFAULT;
  const queuePairs = queuePairsOf(options);
  refuseTooManyQueues(accelerators, queuePairs);
  const calls = new Map<string, string>();
  const rows = accelerators.flatMap((kind) =>
    queuePairs.flatMap((pairs) =>
      compareDesigns({ kind, generation: options.driver, queuePairs: pairs }).map((outcome): SuiteRow => {
        calls.set(outcome.id, `calls with ${pairs} queue pairs: ${syscallList(outcome.counts.syscallsByName)}`);
        return { at: { design: outcome.id, device: kind, queuePairs: pairs }, figures: figuresOf(outcome) };
      }),
    ),
  );
  return {
    suite: 'designs',
    title: `One whole move of an idle VF with each design, mailbox as in ${options.driver}; each poll counted once`,
    columns: COLUMNS,
    rows,
    remarks: DESIGN_IDS.map((id) => ({
      about: id,
      lines: [
        DESIGNS[id].title,
        calls.get(id) ?? `does not move a VF with fewer than ${DESIGNS[id].queuePairsMin} queue pairs`,
        ...DESIGNS[id].trust.map((whom) => `trusts ${whom}`),
      ],
    })),
    costs: DESIGN_COSTS.map(costParameter),
  };
}

function figuresOf({ counts, point, low, high }: DesignOutcome): Readonly<Record<string, Figure>> {
  const time = (part: keyof DesignTimes): Figure => modelled(point[part], 'ns', low[part], high[part]);
  return {
    vfAccesses: exact(counts.vfAccesses, 'accesses'),
    pfAccesses: exact(counts.pfAccesses, 'accesses'),
    systemCalls: exact(counts.syscalls, 'calls'),
    systemCallsInPause: exact(counts.pauseSyscalls, 'calls'),
    bytesCopied: exact(counts.copiedBytes, 'B'),
    wholeNs: time('wholeNs'),
    pauseNs: time('pauseNs'),
  };
}

function costParameter(name: CostName): CostParameter {
  const { ns, min, max, from, source, why } = COST[name];
  return { name, value: ns, unit: 'ns', from, why: `${why} Source: ${source}.`, low: min, high: max };
}
