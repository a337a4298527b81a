/**
 * Times of the steps of a driver that a trace of accesses shows, and those that follow from gaps between them.
 */
import { QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import { type InferredCall, timeOf } from './calls.ts';
import { type Phase, pollsOf } from './phases.ts';

/** One step as it was seen. */
export interface SeenStep {
  readonly step: 'vftRead' | 'cacheWriteBack' | 'pauseMailbox' | 'saveMailboxes';
  readonly startNs: number;
  readonly ns: number;
  /** Reads of a poll. */
  readonly polls?: number;
  /** True: from a gap between accesses, in which there may be more than the step. */
  readonly fromGap: boolean;
  readonly line: number;
}

/** Steps of calls, in their order. */
export function seenSteps(calls: readonly InferredCall[]): readonly SeenStep[] {
  return calls.flatMap((call) => call.phases.flatMap((phase, index) => stepsAt(call, phase, index)));
}

function stepsAt(call: InferredCall, phase: Phase, index: number): readonly SeenStep[] {
  const { kind, accesses } = phase;
  const [first, last] = [accesses[0]!, accesses.at(-1)!];
  // Where an event is lost there is no time.
  if (!isWhole(first) || !isWhole(last)) return [];
  const span = { startNs: timeOf(first), ns: timeOf(last) - timeOf(first), line: first.line, fromGap: false };
  if (kind === 'table query') return [{ step: 'vftRead', ...span }];
  if (kind === 'write-back' && pollsOf(phase).ok !== null) {
    return [{ step: 'cacheWriteBack', ...span, polls: accesses.filter(({ op }) => op === 'r').length }];
  }
  if (kind === 'status checks') return pauseAt(call, index, timeOf(first), first.line);
  if (kind === 'event doorbells') return saveMailboxesAt(call, index, timeOf(first), first.line);
  return [];
}

/** The command before the status checks: from its polls, else from what comes before it. */
function pauseAt(
  { phases, startNs, from }: InferredCall,
  index: number,
  endNs: number,
  line: number,
): readonly SeenStep[] {
  const before = phases[index - 1];
  const step = 'pauseMailbox' as const;
  if (
    before?.kind === 'mailbox' &&
    before.command === QM_MB_CMD.PAUSE_QM &&
    isWhole(before.accesses[0]!) &&
    isWhole(before.accesses.at(-1)!)
  ) {
    const at = timeOf(before.accesses[0]!);
    return [{ step, startNs: at, ns: timeOf(before.accesses.at(-1)!) - at, polls: before.accesses.length, fromGap: false, line: before.accesses[0]!.line }]; // prettier-ignore
  }
  if (before !== undefined) {
    const last = before.accesses.at(-1)!;
    if (!isWhole(last)) return [];
    const at = last.endNs ?? timeOf(last);
    return [{ step, startNs: at, ns: endNs - at, fromGap: true, line }];
  }
  return from === 'mark' ? [{ step, startNs, ns: endNs - startNs, fromGap: true, line }] : [];
}

/** The two queries of a save lie between its registers and its doorbells. */
function saveMailboxesAt({ phases }: InferredCall, index: number, endNs: number, line: number): readonly SeenStep[] {
  const before = phases[index - 1];
  if (before?.kind !== 'registers read') return [];
  const last = before.accesses.at(-1)!;
  if (!isWhole(last)) return [];
  const at = last.endNs ?? timeOf(last);
  return [{ step: 'saveMailboxes', startNs: at, ns: endNs - at, fromGap: true, line }];
}

/** Whether both events of an access are there, so that its time is known. */
function isWhole({ op, startNs, endNs }: Phase['accesses'][number]): boolean {
  return startNs !== null && (endNs !== null || op === 'w');
}
