/**
 * Times that captures have: of accesses, of sleeps between polls, and bounds of what hardware did between two of them.
 */
import { QM_MB, QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import { PF_REG, VF_REG } from '../../../sim/abi/registers.ts';
import { COST } from '../../../sim/device/costs.ts';
import { NS_PER_US } from '../../../sim/base/units.ts';
import type { InferredCall } from './calls.ts';
import { type Phase, vfOffset } from './phases.ts';
import type { RegisterAccess } from '../../import/driver/trace.ts';
import type { Bounds } from './samples.ts';

export interface SeenTimes {
  readonly reads: number[];
  readonly writes: number[];
  readonly doorbells: number[];
  /** Between two reads of a poll. */
  readonly sleeps: number[];
  readonly writeBacks: Bounds[];
  readonly tables: Bounds[];
  readonly pauses: Bounds[];
  readonly commands: Bounds[];
  /** Gaps in which commands are whose accesses are not seen. */
  readonly hiddenPauses: Bounds[];
  readonly hiddenCommands: Bounds[];
}

export function noTimes(): SeenTimes {
  return {
    reads: [],
    writes: [],
    doorbells: [],
    sleeps: [],
    writeBacks: [],
    tables: [],
    pauses: [],
    commands: [],
    hiddenPauses: [],
    hiddenCommands: [],
  };
}

/** Reach of one sleep of a poll, for gaps in which mailbox commands are hidden. */
export interface SleepReach {
  readonly min: number;
  readonly max: number;
}

/** Longest step of a wide mailbox without its sleeps: an idle read, the write and the read that sees it done. */
const HIDDEN_MAX_NS = 2 * COST.mmioRead128Ns.max + COST.mmioWrite128Ns.max;

/** Times of accesses and polls. @param isBroken whether an event was lost between two accesses */
export function collectAccesses(calls: readonly InferredCall[], into: SeenTimes): void {
  for (const { phases } of calls) {
    for (const { accesses } of phases) {
      for (const [i, access] of accesses.entries()) {
        const { startNs, endNs, op, width } = access;
        if (startNs === null || endNs === null) continue;
        if (op === 'r' && width === 4) into.reads.push(endNs - startNs);
        else if (op === 'w' && width === 4) into.writes.push(endNs - startNs);
        else if (op === 'w' && width === 8) into.doorbells.push(endNs - startNs);
        const next = accesses[i + 1];
        if (op === 'r' && next !== undefined && isSlept(access, next)) into.sleeps.push(next.startNs! - endNs);
      }
    }
  }
}

/** Whether a poll read a register, saw that it is not over, and slept before it read it again. */
function isSlept(access: RegisterAccess, next: RegisterAccess): boolean {
  if (next.op !== 'r' || next.startNs === null || next.fn !== access.fn || next.offset !== access.offset) return false;
  const value = access.value === null ? null : Number(access.value);
  if (value === null) return false;
  const own = vfOffset(access);
  if (own === VF_REG.QM_CACHE_WB_DONE) return (value & 1) === 0;
  if (own === VF_REG.QM_VF_STATE) return (value & 1) === 1;
  if (own === VF_REG.QM_MB_CMD_SEND_BASE) return (value & QM_MB.busyBit) !== 0;
  return own === null && access.offset === PF_REG.QM_VFT_CFG_RDY && (value & 1) === 0;
}

/** Bounds of what hardware did. */
export function collectBounds(calls: readonly InferredCall[], sleep: SleepReach, into: SeenTimes): void {
  for (const call of calls) {
    for (const [index, phase] of call.phases.entries()) {
      if (phase.kind === 'write-back')
        pushBounds(into.writeBacks, afterWrite(phase, VF_REG.QM_CACHE_WB_START, VF_REG.QM_CACHE_WB_DONE)); // prettier-ignore
      else if (phase.kind === 'table query')
        pushBounds(into.tables, afterWrite(phase, PF_REG.QM_VFT_CFG_OP_ENABLE, PF_REG.QM_VFT_CFG_RDY)); // prettier-ignore
      else if (phase.kind === 'mailbox') seenCommands(phase, into);
      else if (phase.kind === 'status checks') hiddenPause(call, index, sleep, into);
      else if (phase.kind === 'event doorbells') hiddenQueries(call, index, sleep, into);
    }
  }
}

function pushBounds(into: Bounds[], bounds: Bounds | null): void {
  if (bounds !== null && bounds.high >= bounds.low) into.push(bounds);
}

/** From the write that starts something to the poll that sees it done: it ends after the last read that does not. */
function afterWrite({ accesses }: Phase, start: number, done: number): Bounds | null {
  const offsetOf = (each: RegisterAccess): number => vfOffset(each) ?? each.offset;
  const from = accesses.findIndex((each) => each.op === 'w' && offsetOf(each) === start);
  if (from < 0) return null;
  const begin = accesses[from]!;
  const reads = accesses.slice(from + 1).filter((each) => each.op === 'r' && offsetOf(each) === done);
  const ok = reads.findIndex(({ value }) => value !== null && (Number(value) & 1) === 1);
  // An access whose events are not all there says nothing about the time between.
  if (ok < 0 || begin.startNs === null || reads.slice(0, ok + 1).some((each) => each.startNs === null || each.endNs === null)) return null; // prettier-ignore
  const last = reads[ok - 1];
  const low = last === undefined ? 0 : Math.max(0, last.startNs! - (begin.endNs ?? begin.startNs));
  return { low, high: reads[ok]!.endNs! - begin.startNs };
}

/** Commands of a mailbox whose polls are seen: each is written between the read that finds it idle and the next one. */
function seenCommands({ accesses }: Phase, into: SeenTimes): void {
  const words = accesses.filter((each) => each.op === 'r' && vfOffset(each) === VF_REG.QM_MB_CMD_SEND_BASE);
  const wordOf = (each: RegisterAccess | undefined): number | null =>
    each?.value === null || each === undefined ? null : Number(each.value);
  for (let i = 0; i + 1 < words.length; i++) {
    const [idle, first] = [words[i]!, words[i + 1]!];
    const [before, after] = [wordOf(idle), wordOf(first)];
    if (before === null || after === null || (before & QM_MB.busyBit) !== 0) continue;
    const isNew = (after & ~QM_MB.busyBit) !== before || (after & QM_MB.busyBit) !== 0;
    if (!isNew || idle.endNs === null || first.startNs === null) continue;
    let done = i + 1;
    while (done < words.length && ((wordOf(words[done]) ?? QM_MB.busyBit) & QM_MB.busyBit) !== 0) done += 1;
    const [end, busy] = [words[done], words[done - 1]];
    if (end?.endNs === null || end === undefined) continue;
    const low =
      done > i + 1 && busy?.startNs !== null && busy !== undefined ? Math.max(0, busy.startNs - first.startNs) : 0;
    const bounds = { low, high: end.endNs - idle.endNs };
    ((after & QM_MB.commandMask) === QM_MB_CMD.PAUSE_QM ? into.pauses : into.commands).push(bounds);
  }
}

/** A pause whose accesses are hidden lies before the status checks. */
function hiddenPause({ phases, startNs, from }: InferredCall, index: number, sleep: SleepReach, into: SeenTimes): void {
  const before = phases[index - 1];
  if (before?.kind === 'mailbox') return;
  const first = phases[index]!.accesses[0]!;
  const begin = before === undefined ? (from === 'mark' ? startNs : null) : before.accesses.at(-1)!.endNs;
  if (begin === null || first.startNs === null || first.op !== 'r') return;
  const bounds = hiddenBounds(first.startNs - begin, 1, sleep);
  // A mark is written before the call of the kernel, which takes time of its own.
  into.hiddenPauses.push(before === undefined ? { ...bounds, low: 0 } : bounds);
}

/** The two queries of a save lie between its registers and its doorbells. */
function hiddenQueries({ phases }: InferredCall, index: number, sleep: SleepReach, into: SeenTimes): void {
  const before = phases[index - 1];
  const begin = before?.kind === 'registers read' ? before.accesses.at(-1)!.endNs : null;
  const end = phases[index]!.accesses[0]!.startNs;
  if (begin !== null && end !== null) into.hiddenCommands.push(hiddenBounds(end - begin, 2, sleep));
}

/** One of `count` commands in a gap: before each there is a sleep and a read, and at most one of both after it is done. */
function hiddenBounds(gapNs: number, count: number, { min, max }: SleepReach): Bounds {
  const high = Math.max(1, gapNs / count - min);
  return { low: Math.max(0, Math.min(high, gapNs / count - 2 * max - HIDDEN_MAX_NS - NS_PER_US)), high };
}

/**
 * Bounds of commands in gaps: an interrupt makes a gap longer, and never shorter, so that the shortest one counts.
 *
 * @param isWhole whether no event was lost: one that was leaves a longer gap
 */
export function hiddenShared(all: readonly Bounds[], isWhole: boolean): readonly Bounds[] {
  if (all.length === 0) return [];
  const low = isWhole && all.length > 1 ? Math.min(...all.map((each) => each.low)) : 0;
  return [{ low, high: Math.min(...all.map((each) => each.high)) }];
}
