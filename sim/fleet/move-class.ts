/**
 * A kind of VM as the fleet moves it: its memory, its rules when to stop, and how long it then stands still, at whatever
 * rate it gets.
 */
import { bug } from '../base/bug.ts';
import { UserError } from '../base/user-error.ts';
import { type MemoryClass, memoryClasses } from '../memory/dirty.ts';
import { QEMU, type VmmParameters } from '../memory/parameters.ts';
import type { ConvergenceInput } from '../memory/precopy.ts';
import { streamRates } from '../memory/stream.ts';
import { moveVm, type VmMoveInput } from '../memory/vm-move.ts';
import { GIB, NS_PER_S } from '../base/units.ts';
import { DEFAULT_VMM, VMMS } from '../memory/vmms.ts';

/** Sets of pages of one VM, at most: DMA buffers, hot, cold. */
export const SETS_MAX = 3;

/** What one VM needs at its destination. */
export interface Needs {
  readonly memoryBytes: number;
  readonly vfs: number;
  /** Queues of all its VFs. */
  readonly queues: number;
}

export interface MoveClassInput {
  readonly name: string;
  /** With the whole line for itself. */
  readonly move: VmMoveInput;
  readonly parameters: VmmParameters;
  readonly needs: Needs;
  /** A move is given up when nothing less was left to send for so long, in ns; Infinity: never. */
  readonly progressTimeoutNs: number;
}

interface KnownPause {
  readonly wireBytesPerSecond: number;
  readonly dirtiedBytes: number;
  readonly ns: number;
}

const KNOWN_PAUSES_MAX = 1000;

/** What stays the same for all VMs of a kind. */
export class MoveClass {
  readonly name: string;
  readonly needs: Needs;
  readonly sets: readonly MemoryClass[];
  readonly convergence: ConvergenceInput;
  readonly progressTimeoutNs: number;
  /** The most that the stream takes of a link, in bytes per second on the wire. */
  readonly wireLimit: number;
  /** Guest memory for each byte on the wire. */
  readonly ratio: number;
  /** Device state that counts as pending, in bytes. */
  readonly deviceBytes: number;
  readonly syncNsPerGib: number;
  /** Guest memory in use, in bytes. */
  readonly memoryBytes: number;
  private readonly move: VmMoveInput;
  private readonly parameters: VmmParameters;
  /** Pauses reckoned before, by the memory that was left: VMs of a kind mostly share few rates, and end alike. */
  private readonly knownPauses = new Map<number, KnownPause>();

  /** @throws UserError of kind `input` for a guest whose writing changes with time */
  constructor(input: MoveClassInput) {
    const { name, move, parameters } = input;
    if (move.memory.dirty.kind === 'trace') {
      throw new UserError(
        'input',
        `VM ${name} has a dirty trace, and VMs of a fleet begin to move at any time`,
        'Give kind uniform or hotSet with the mean rates.',
      );
    }
    const rates = streamRates(move.stream, parameters);
    this.name = name;
    this.needs = input.needs;
    this.move = move;
    this.parameters = parameters;
    this.convergence = move.convergence;
    this.progressTimeoutNs = input.progressTimeoutNs;
    this.wireLimit = rates.wireBytesPerSecond;
    this.ratio = rates.ratio;
    this.memoryBytes = move.memory.bytes * move.memory.nonZeroShare;
    this.sets = memoryClasses(move.memory.dirty, this.memoryBytes, move.memory.pageBytes, move.memory.dma);
    if (this.sets.length > SETS_MAX) bug('MEMORY_SETS', this.sets.length);
    this.syncNsPerGib = parameters.dirtySyncNsPerGib;
    this.deviceBytes = move.devices.reduce(
      (sum, { count, figures }) => sum + count * figures.stateBytes * (1 - figures.preCopiedShare),
      0,
    );
  }

  /** Memory that may be left when the VM is stopped, in bytes, at a rate on the wire and a downtime limit. */
  goalBytes(wireBytesPerSecond: number, limitNs: number): number {
    const bytes = (wireBytesPerSecond * limitNs) / NS_PER_S;
    return VMMS[this.convergence.vmm].sends === 'iterations' ? bytes * this.ratio : bytes - this.deviceBytes;
  }

  /** What is sent before the dirty log is read again, in bytes of memory. */
  sliceBytes(pending: number, goal: number, wireBytesPerSecond: number, first: boolean): number {
    const { vmm, windowPhase } = this.convergence;
    if (VMMS[vmm].sends === 'iterations') return pending;
    const window = (wireBytesPerSecond * QEMU.windowNs) / NS_PER_S;
    const excess = Math.max(0, pending - Math.max(0, goal));
    if (first) return Math.min(pending, excess + windowPhase * window);
    return Math.min(pending, Math.max(window, Math.ceil(excess / window) * window));
  }

  /**
   * vCPUs stopped to vCPUs running, in ns.
   *
   * @param wireBytesPerSecond what the stream gets
   * @param pendingBytes memory that is left
   * @param dirtiedBytes how much of it the last look at the dirty log found
   */
  pauseNs(wireBytesPerSecond: number, pendingBytes: number, dirtiedBytes: number): number {
    const { knownPauses } = this;
    const known = knownPauses.get(pendingBytes);
    if (known?.wireBytesPerSecond === wireBytesPerSecond && known.dirtiedBytes === dirtiedBytes) return known.ns;
    const ns = this.reckonPauseNs(wireBytesPerSecond, pendingBytes, dirtiedBytes);
    if (knownPauses.size >= KNOWN_PAUSES_MAX) knownPauses.clear();
    knownPauses.set(pendingBytes, { wireBytesPerSecond, dirtiedBytes, ns });
    return ns;
  }

  private reckonPauseNs(wireBytesPerSecond: number, pendingBytes: number, dirtiedBytes: number): number {
    const { move, parameters } = this;
    const left = Math.max(1, pendingBytes);
    const { pauseNs } = moveVm(
      {
        ...move,
        memory: { ...move.memory, bytes: left, nonZeroShare: 1, dirty: { kind: 'none' }, dma: NO_DMA },
        stream: { ...move.stream, maxBytesPerSecond: Math.min(move.stream.maxBytesPerSecond, wireBytesPerSecond) },
        // Whatever is left may be: it is stopped at once.
        convergence: STOP_AT_ONCE,
      },
      parameters,
    );
    return pauseNs + (parameters.finalSyncNsPerGib * Math.min(pendingBytes, dirtiedBytes)) / GIB;
  }
}

const NO_DMA = { bytesPerSecond: 0, setBytes: 0 };
const STOP_AT_ONCE: ConvergenceInput = {
  vmm: DEFAULT_VMM,
  downtimeLimitNs: Number.POSITIVE_INFINITY,
  limitSteps: [],
  autoConverge: false,
  timeoutNs: Number.POSITIVE_INFINITY,
  roundsMax: Number.POSITIVE_INFINITY,
  whenOut: 'cancel',
  windowPhase: 0,
};
