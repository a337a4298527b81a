/**
 * A kind of VM as the fleet moves it: its memory, its rules when to stop, and how long it is then paused, at whatever
 * rate it gets.
 */
import { bug } from '../base/bug.ts';
import { UserError } from '../base/user-error.ts';
import { changesWithTime } from '../memory/dirty.ts';
import type { VmmParameters } from '../memory/parameters.ts';
import { type PrecopyKind, SETS_MAX } from '../memory/precopy-slots.ts';
import { streamRates } from '../memory/stream.ts';
import { moveKind, pauseNsOf, pauseRates, type VmMoveInput } from '../memory/vm-move.ts';

/** What one VM needs at its destination. */
export interface Needs {
  readonly memoryBytes: number;
  readonly vfs: number;
  /** Queues of all its VFs. */
  readonly queues: number;
  readonly vcpus: number;
}

export interface MoveClassInput {
  readonly name: string;
  /** With the whole link for itself. */
  readonly move: VmMoveInput;
  readonly parameters: VmmParameters;
  readonly needs: Needs;
}

interface KnownPause {
  readonly wireBytesPerSecond: number;
  readonly dirtiedBytes: number;
  readonly zeroBytes: number;
  readonly ns: number;
}

const KNOWN_PAUSES_MAX = 1000;

/** What stays the same for all VMs of a kind. */
export class MoveClass {
  readonly name: string;
  readonly needs: Needs;
  readonly precopy: PrecopyKind;
  /** The most that the stream takes of a link, in bytes per second on the wire. */
  readonly wireLimit: number;
  /** The same in the pause, where the VMM's own cap may hold no more. */
  readonly pauseWireLimit: number;
  /** Guest memory for each byte on the wire. */
  readonly ratio: number;
  /** Guest memory in use, in bytes. */
  readonly memoryBytes: number;
  private readonly move: VmMoveInput;
  private readonly parameters: VmmParameters;
  /** Pauses computed before, by the memory that was left: VMs of a kind mostly share few rates, and end alike. */
  private readonly knownPauses = new Map<number, KnownPause>();

  /** @throws UserError of kind `input` for a guest whose writing changes with time */
  constructor(input: MoveClassInput) {
    const { name, move, parameters } = input;
    if (changesWithTime(move.memory.dirty)) {
      throw new UserError(
        'input',
        `VM ${name} has a dirty rate that changes with time, and VMs of a fleet begin to move at any time`,
        'Give kind uniform or hotSet with the mean rates.',
      );
    }
    const rates = streamRates(move.stream, parameters);
    this.name = name;
    this.needs = input.needs;
    this.move = move;
    this.parameters = parameters;
    this.wireLimit = rates.wireBytesPerSecond;
    this.pauseWireLimit = pauseRates(move, parameters).wireBytesPerSecond;
    this.ratio = rates.ratio;
    this.memoryBytes = move.memory.bytes * move.memory.nonZeroShare;
    this.precopy = moveKind(move, parameters);
    if (this.precopy.sets.length > SETS_MAX) bug('MEMORY_SETS', this.precopy.sets.length);
    const { timeoutNs, roundsMax } = move.convergence;
    if (!Number.isFinite(Math.min(timeoutNs, roundsMax))) bug('FLEET_TIMEOUT', name);
  }

  /**
   * vCPUs stopped to vCPUs running, in ns.
   *
   * @param wireBytesPerSecond what the stream gets
   * @param pendingBytes memory that is left
   * @param dirtiedBytes how much of it the final dirty-bitmap sync found
   * @param zeroBytes pages of zeros that are left as well
   */
  pauseNs(wireBytesPerSecond: number, pendingBytes: number, dirtiedBytes: number, zeroBytes: number): number {
    const { knownPauses } = this;
    const known = knownPauses.get(pendingBytes);
    if (
      known?.wireBytesPerSecond === wireBytesPerSecond &&
      known.dirtiedBytes === dirtiedBytes &&
      known.zeroBytes === zeroBytes
    ) {
      return known.ns;
    }
    const ns = pauseNsOf(this.move, wireBytesPerSecond, pendingBytes, dirtiedBytes, zeroBytes, this.parameters);
    if (knownPauses.size >= KNOWN_PAUSES_MAX) knownPauses.clear();
    knownPauses.set(pendingBytes, { wireBytesPerSecond, dirtiedBytes, zeroBytes, ns });
    return ns;
  }
}
