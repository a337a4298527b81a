/**
 * A reader of what `stopcopy run` prints that knows no renderer, only English.
 */
import { expect } from 'vitest';

import type { RunDocument, VmReport } from '../../../../bench/documents/run/document.ts';
import { ACT_REASONS } from '../../../../sim/memory/manager.ts';
import { MOVE_ENDS, type MoveEnd } from '../../../../sim/memory/outcome.ts';
import { BLOCKERS } from '../../../../sim/memory/precopy-end.ts';

/** English of each end, of each rule that ends a move, and of what kept a VM from being stopped before. */
export const END_WORDS: Readonly<Record<MoveEnd, RegExp>> = {
  moved: /\bmoved(?! by|, by force)\b(?!:)/,
  forced: /\bmoved, by force\b/,
  cancelled: /\bgiven up after\b|\bthe move was cancelled\b/,
  failed: /\bthe move failed\b/,
  unowned: /\bruns? nowhere\b/,
  refused: /\b(?:is|are) refused, and nothing is played\b/,
  stateLost: /\bwould move and lose state silently, and nothing is played\b/,
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
  'guest writes': /the guest dirties|its devices write|each dirty-bitmap sync reports/,
  'more iterations': /iterations still got smaller/,
  pause: /its pause was under way/,
} as const satisfies Readonly<Record<(typeof BLOCKERS)[number], RegExp | null>>;

const UNITS_NS: Readonly<Record<string, number>> = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9, min: 6e10, h: 3.6e12 };

/** The sentences before the first table, in one row. */
export function sentencesOf(text: string): string {
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
export function runContradictions(text: string, document: RunDocument, status: number | null): readonly string[] {
  const found: string[] = [];
  const claim = (holds: boolean, what: string): void => void (holds || found.push(what));
  const sentences = sentencesOf(text);
  const { vms, figures } = document;
  const said = endsSaid(sentences, vms.length);
  for (const end of MOVE_ENDS) {
    claim((said.get(end) ?? 0) === vms.filter(({ kind }) => kind === end).length, `the number of VMs that end ${end}`);
  }
  for (const end of MOVE_ENDS)
    claim(document.ended[end] === vms.filter(({ kind }) => kind === end).length, `ended: ${end}`);
  const told = vms[document.longest - 1]!;
  const stood = /(?:It was paused for|[Tt]he longest pause was) ([\d.]+) (ns|µs|ms|s|min|h)/.exec(sentences);
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
export function causeFaults(sentences: string, vms: readonly VmReport[]): readonly string[] {
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
