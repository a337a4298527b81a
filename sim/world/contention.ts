/**
 * What the VFs of one host got in each other's way with: how long each shared part was busy and waited for, and what went
 * wrong because nothing serialises it.
 */
import { vftNum } from '../abi/vft.ts';
import { FUNCTIONS_MAX } from '../device/functions.ts';
import type { SharedPartsWatch } from '../device/shared-parts.ts';
import { POLL_TIMEOUT_US } from '../driver/generation.ts';
import { NS_PER_US } from '../base/units.ts';
import type { Host } from './host.ts';
import type { ResettingWatch } from './shared-pf.ts';
import { type SharedUse, UseMeter } from './use-meter.ts';
import { type ReadSpan, VftReader, type VftWitness } from './vft-reader.ts';
import type { AccessTracer } from './virtual-port.ts';

/** Something that happened because two used a thing at once that serves one at a time. Times in virtual ns. */
export type ContentionFinding =
  | {
      /** A VF's driver was given the function table entry of another function. */
      readonly kind: 'foreignEntry';
      readonly fn: number;
      /** Whose entry it is; null: nobody's. */
      readonly of: number | null;
      /** Whether it reports another number of queues: a destination then refuses the image. If not, the error goes unnoticed. */
      readonly wrongCount: boolean;
      readonly atNs: number;
    }
  | {
      /** A VF's driver saw the window to the function tables ready, but not for what it had asked. */
      readonly kind: 'readyForAnother';
      readonly fn: number;
      /** Whose access was over. */
      readonly of: number;
      readonly atNs: number;
    }
  | {
      /** A mailbox command took longer, because of others, than its driver gives it. */
      readonly kind: 'lateCommand';
      readonly fn: number;
      /** How long it waited for the hardware, and then had it. */
      readonly waitNs: number;
      readonly heldNs: number;
      readonly atNs: number;
    }
  | {
      /** A function was reset while another reset was under way. */
      readonly kind: 'resetsOverlap';
      readonly fn: number;
      /** Whose reset was under way; 0: the PF's. */
      readonly of: number;
      readonly atNs: number;
    };

export interface ContentionReport {
  /** Commands of all functions, guests' too. */
  readonly mailbox: SharedUse;
  /** Reads of entries by drivers, from the first write to the last read. Waiting: for the window to be ready before that. */
  readonly vftWindow: SharedUse;
  /** Function resets. Waiting: for the PF's "resetting" mark, where drivers read it. */
  readonly resets: SharedUse;
  readonly findings: readonly ContentionFinding[];
}

/** Time that a driver spends beyond its limit at most, for one more read. */
const POLL_SLACK = 1.1;

export class Contention implements SharedPartsWatch, ResettingWatch, VftWitness {
  private readonly host: Host;
  private readonly mailbox = new UseMeter();
  private readonly vftWindow = new UseMeter();
  private readonly resets = new UseMeter();
  private readonly found: ContentionFinding[] = [];
  private readonly tracers: (AccessTracer | null)[] = [];

  private readonly askedNs = new Float64Array(FUNCTIONS_MAX).fill(NaN);
  private readonly takenNs = new Float64Array(FUNCTIONS_MAX).fill(NaN);
  private readonly heldUpNs = new Float64Array(FUNCTIONS_MAX).fill(NaN);
  /** Who launched each access to the function tables; the launches of drivers that are not followed are the PF's. */
  private readonly launchers: number[] = [];
  private followed = -1;
  private finishedLaunch = -1;
  private lastReset = -1;
  private lastResetEndNs = -Infinity;

  /** Watches a host from now on, until {@link stop}. */
  constructor(host: Host) {
    this.host = host;
    host.accelerator.functions.watch = this;
    host.resettingWatch = this;
    const timeoutNs = POLL_TIMEOUT_US * NS_PER_US * POLL_SLACK;
    for (const { fn, port } of host.slots) {
      this.tracers.push(port.tracer);
      port.tracer = new VftReader(fn, this, port.tracer, timeoutNs);
    }
  }

  /** What came together so far. */
  get report(): ContentionReport {
    return {
      mailbox: this.mailbox.report,
      vftWindow: this.vftWindow.report,
      resets: this.resets.report,
      findings: [...this.found],
    };
  }

  /** Watches no longer; what was seen stays. */
  stop(): void {
    const { host } = this;
    host.accelerator.functions.watch = null;
    host.resettingWatch = null;
    host.slots.forEach(({ port }, i) => (port.tracer = this.tracers[i]!));
  }

  mailboxAsked(fn: number, nowNs: number): void {
    this.askedNs[fn] = nowNs;
    this.takenNs[fn] = NaN;
  }

  mailboxTaken(fn: number, nowNs: number): void {
    this.takenNs[fn] = nowNs;
  }

  mailboxFreed(fn: number, nowNs: number): void {
    const askedNs = this.askedNs[fn]!;
    const takenNs = this.takenNs[fn]!;
    this.askedNs[fn] = NaN;
    this.takenNs[fn] = NaN;
    // Begun before anybody watched, or given up while it waited.
    if (Number.isNaN(askedNs) || Number.isNaN(takenNs)) return;
    this.mailbox.add(askedNs, takenNs, nowNs);
    const limitNs = this.host.options.generation.mailboxDoneTimeoutUs * NS_PER_US;
    const heldNs = nowNs - takenNs;
    const waitNs = takenNs - askedNs;
    if (heldNs <= limitNs && waitNs + heldNs > limitNs) {
      this.found.push({ kind: 'lateCommand', fn, waitNs, heldNs, atNs: nowNs });
    }
  }

  vftLaunched(): void {
    this.launchers.push(Math.max(0, this.followed));
    this.followed = -1;
  }

  vftFinished(): void {
    this.finishedLaunch = this.launchers.length - 1;
  }

  launchedBy(fn: number): number {
    // The port reports a write before the device has it.
    this.followed = fn;
    return this.launchers.length;
  }

  readySeen(fn: number, launch: number, atNs: number): void {
    if (launch === this.finishedLaunch) return;
    this.found.push({ kind: 'readyForAnother', fn, of: this.launchers[this.finishedLaunch] ?? 0, atNs });
  }

  entryRead(fn: number, low: number, high: number, span: ReadSpan): void {
    this.vftWindow.add(span.askedNs, span.begunNs, span.endedNs);
    const { vft } = this.host.accelerator;
    if (low === vft.entryLow(fn) && high === vft.entryHigh(fn)) return;
    let of: number | null = null;
    for (let other = 0; other < FUNCTIONS_MAX && of === null; other++) {
      if (low === vft.entryLow(other) && high === vft.entryHigh(other)) of = other;
    }
    const wrongCount = vftNum(high) !== vftNum(vft.entryHigh(fn));
    this.found.push({ kind: 'foreignEntry', fn, of, wrongCount, atNs: span.endedNs });
  }

  heldUp(fn: number, nowNs: number): void {
    if (Number.isNaN(this.heldUpNs[fn])) this.heldUpNs[fn] = nowNs;
  }

  functionReset(fn: number, nowNs: number, endNs: number): void {
    const heldUpNs = this.heldUpNs[fn]!;
    this.heldUpNs[fn] = NaN;
    this.resets.add(Number.isNaN(heldUpNs) ? nowNs : heldUpNs, nowNs, endNs);
    if (nowNs < this.lastResetEndNs) this.found.push({ kind: 'resetsOverlap', fn, of: this.lastReset, atNs: nowNs });
    if (endNs >= this.lastResetEndNs) {
      this.lastReset = fn;
      this.lastResetEndNs = endNs;
    }
  }
}
