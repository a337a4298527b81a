/**
 * The longest that a pause can take whatever the phase of the VMM's windows is and wherever its iterations end: the downtime
 * limit as bytes of memory, and everything that the limit does not count.
 *
 * A VM is stopped as soon as what is left fits into the limit. How much less than that is left depends on where the last
 * iteration happens to end, which no input says: a link that is a little faster may end one iteration earlier and leave more.
 * The bound takes the most that may be left. It does not rise with the line rate, and does not fall with what the guest writes.
 */
import { GIB, NS_PER_S } from '../base/units.ts';
import { changesWithTime } from './dirty.ts';
import { hasMoved } from './outcome.ts';
import { QEMU, type VmmParameters } from './parameters.ts';
import type { PrecopyKind } from './precopy-slots.ts';
import { type StreamRates, streamRates } from './stream.ts';
import { moveKind, moveVm, pauseNsOf, type VmMoveInput, type VmMoveResult } from './vm-move.ts';

/** Phases of the window at which a move is played: the longest and the shortest last iteration. */
const PHASES = [0, 1] as const;

export interface BoundedMove {
  /** No pause of the move is longer, in ns; Infinity: at some phase it does not move. */
  readonly pauseNs: number;
  /** The move at the phase that has the longest pause, or at which it does not move. */
  readonly move: VmMoveResult;
}

/** Moves a VM at every phase. */
export function boundedMove(given: VmMoveInput, p: VmmParameters): BoundedMove {
  const kind = moveKind(given, p);
  const rates = streamRates(given.stream, p);
  const unlimited = streamRates(given.stream, p, Number.POSITIVE_INFINITY);
  let worst: BoundedMove | undefined;
  for (const windowPhase of kind.sends === 'windows' ? PHASES : PHASES.slice(0, 1)) {
    const move = moveVm({ ...given, convergence: { ...given.convergence, windowPhase } }, p);
    if (!hasMoved(move.end)) return { pauseNs: Number.POSITIVE_INFINITY, move };
    // On a faster link another part of the stream may set the pace, which has work of its own in the pause.
    const pauseNs = Math.max(
      move.pauseNs,
      boundNs(given, move, kind, rates, unlimited, undefined, p),
      boundNs(given, move, kind, unlimited, unlimited, Number.POSITIVE_INFINITY, p),
    );
    if (worst === undefined || pauseNs > worst.pauseNs) worst = { pauseNs, move };
  }
  return worst!;
}

/** @param linkBytesPerSecond what the links leave to the stream; undefined: its own share */
function boundNs(
  given: VmMoveInput,
  move: VmMoveResult,
  kind: PrecopyKind,
  rates: StreamRates,
  unlimited: StreamRates,
  linkBytesPerSecond: number | undefined,
  p: VmmParameters,
): number {
  const left = leftBytes(given, move, kind, rates, unlimited);
  const zeros = zeroBytes(given, move, kind, unlimited, p);
  return pauseNsOf(given, linkBytesPerSecond, left, 0, zeros, p) + syncNs(given, move, kind, unlimited, p);
}

/** The most memory that may be left when the VM is stopped, in bytes. */
function leftBytes(
  given: VmMoveInput,
  move: VmMoveResult,
  kind: PrecopyKind,
  rates: StreamRates,
  unlimited: StreamRates,
): number {
  const inUse = given.memory.bytes * given.memory.nonZeroShare;
  // A faster link needs less of the limit for device state, and leaves more of it to memory.
  const share = rates.memoryBytesPerSecond / unlimited.memoryBytesPerSecond;
  const fits = Math.max(0, goalBytes(kind, unlimited, move.cause.limitNs)) * share;
  const written = firstPassWrites(given, kind, rates);
  if (move.end === 'forced') {
    // In its first pass all is left; in a later one what had fitted, and what was written in it and in the one before.
    const iterations = move.rounds.reduce((sum, { count }) => sum + count, 0);
    return iterations < 2 ? inUse : Math.min(inUse, fits + 2 * written);
  }
  // Whole iterations leave what was written in the last one, and none takes longer than the first.
  return Math.min(inUse, fits, kind.sends === 'iterations' ? written : Number.POSITIVE_INFINITY);
}

/** The final sync of what was written last: of bytes, of which a faster link leaves more, up to what a first pass takes. */
function syncNs(
  given: VmMoveInput,
  move: VmMoveResult,
  kind: PrecopyKind,
  unlimited: StreamRates,
  p: VmmParameters,
): number {
  // Where all memory is reported dirty, the pause counts all of it.
  if (given.memory.allDirty !== undefined) return 0;
  const written = firstPassWrites(given, kind, streamRates(given.stream, p));
  const most = move.end === 'forced' ? written : goalBytes(kind, unlimited, move.cause.limitNs);
  return (Math.min(most, written) * p.finalSyncNsPerGib) / GIB;
}

function goalBytes(kind: PrecopyKind, rates: StreamRates, limitNs: number): number {
  if (kind.sends === 'iterations') return (rates.memoryBytesPerSecond * limitNs) / NS_PER_S;
  return (rates.wireBytesPerSecond * limitNs) / NS_PER_S - kind.deviceBytes;
}

/** Distinct bytes that are written while all memory is sent once, at most. */
function firstPassWrites({ memory }: VmMoveInput, kind: PrecopyKind, rates: StreamRates): number {
  const inUse = memory.bytes * memory.nonZeroShare;
  const sendNs = (inUse / rates.memoryBytesPerSecond + kind.zeroBytes / kind.zeroBytesPerSecond) * NS_PER_S;
  const lastsNs = kind.setupNs + sendNs + (kind.syncNsPerGib * inUse) / GIB;
  const changes = changesWithTime(memory.dirty);
  return kind.sets.reduce((sum, set) => sum + (changes ? set.setBytes : set.writtenBytes(0, lastsNs, 1)), 0);
}

/**
 * Pages of zeros that may be left of a first pass, on top of memory that fills the limit, in bytes. To the limit they count as if
 * they were sent: so much less of it is filled by data.
 */
function zeroBytes(
  given: VmMoveInput,
  move: VmMoveResult,
  kind: PrecopyKind,
  unlimited: StreamRates,
  p: VmmParameters,
): number {
  if (kind.zeroTailBytes === 0) return 0;
  const { limitNs } = move.cause;
  const fits = Math.max(0, goalBytes(kind, unlimited, limitNs));
  const window = (kind.zeroBytesPerSecond * QEMU.windowNs) / NS_PER_S;
  // While pages of zeros pass, the bandwidth that QEMU sees falls from window to window, until hardly any may be left.
  const isLong = kind.zeroTailBytes > Math.max(2 * window, window + fits);
  const wire = (kind.zeroBytesPerSecond / QEMU.pageBytes) * QEMU.zeroPageWireBytes;
  const most = Math.min(kind.zeroTailBytes, isLong ? (wire * limitNs) / NS_PER_S : fits);
  const written = firstPassWrites(given, kind, streamRates(given.stream, p));
  // In the place of no data: what was written is sent on top of them, and a small memory does not fill the limit.
  const added = Math.min(most, written + Math.max(0, fits - given.memory.bytes * given.memory.nonZeroShare));
  // Pages of zeros that are examined more slowly than data are sent take longer than the data in whose place they are.
  return added + (most - added) * Math.max(0, 1 - kind.zeroBytesPerSecond / unlimited.memoryBytesPerSecond);
}
