/**
 * A guest for device tests: its RAM, its rings, and the register accesses that a guest driver makes.
 *
 * Layout of the RAM, from its DMA base: SQC table at 0, CQC table at 0x1000, EQ ring at 0x2000, AEQ ring at 0x3000,
 * a buffer for contexts at 0x4000, then for each queue 8 KiB with the SQ and after it the CQ.
 */
import { mailboxWord, QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import { doorbellHigh, doorbellLow, QM_DOORBELL_CMD } from '../../../sim/abi/doorbell.ts';
import { QM_HW } from '../../../sim/abi/accelerators.ts';
import { Accelerator } from '../../../sim/device/accelerator.ts';
import type { AcceleratorConfig } from '../../../sim/device/accelerator-config.ts';
import { pointCosts } from '../../../sim/device/costs.ts';
import type { CostValues } from '../../../sim/device/costs.ts';
import { GuestMemory } from '../../../sim/device/guest-memory.ts';

export const RAM_BASE = 0x10_0000_0000;
export const RAM_HIGH = 0x10;
const RAM_BYTES = 0x40000;
export const AT = { sqcTable: 0, cqcTable: 0x1000, eq: 0x2000, aeq: 0x3000, buffer: 0x4000, queues: 0x5000 } as const;
const QUEUE_BYTES = 0x2000;
const CQ_IN_QUEUE = 0x1000;
const SQE_BYTES = 128;

/** Simple figures, so that a test can say when something happens. */
export const COSTS: CostValues = {
  ...pointCosts(),
  mailboxCommandNs: 1000,
  pauseBaseNs: 2000,
  stopQueueBaseNs: 3000,
  flushBaseNs: 4000,
  cacheWriteBackBaseNs: 500,
  cacheWriteBackPerContextNs: 10,
  vftAccessNs: 200,
};

export const SERVICE_NS = 10_000;

export function device(config: Partial<AcceleratorConfig> = {}): Accelerator {
  return new Accelerator({
    kind: 'sec',
    hardware: QM_HW.V3,
    vfCount: 2,
    costs: COSTS,
    engine: { servers: 2, serviceNs: SERVICE_NS },
    vft: [
      { base: 256, num: 4 },
      { base: 260, num: 8 },
    ],
    ...config,
  });
}

export interface Completion {
  readonly cmdId: number;
  readonly sqHead: number;
  readonly sqNum: number;
}

export class Guest {
  readonly device: Accelerator;
  readonly fn: number;
  readonly memory: GuestMemory;
  readonly depth: number;
  nowNs = 0;
  readonly tails: number[] = [];
  private readonly cqHeads: number[] = [];
  private readonly cqPhases: number[] = [];

  constructor(on: Accelerator, fn: number, depth = 8, memory = new GuestMemory(new ArrayBuffer(RAM_BYTES), RAM_BASE)) {
    this.device = on;
    this.fn = fn;
    this.depth = depth;
    this.memory = memory;
    on.attachMemory(fn, memory);
  }

  /** Sends a command and lets the device work until the busy bit falls. @returns the status bits */
  mailbox(command: number, queue: number, get: boolean, low = 0, high = 0): number {
    this.send(command, queue, get, low, high);
    while ((this.read(0x300) & 0x2000) !== 0) {
      if (this.device.nextEventNs === Infinity) throw new Error('the mailbox is busy and nothing will happen');
      this.nowNs = Math.max(this.nowNs, this.device.nextEventNs);
      this.device.advance(this.nowNs);
    }
    return (this.read(0x300) >>> 9) & 0xf;
  }

  send(command: number, queue: number, get: boolean, low = 0, high = 0): void {
    this.device.write128(this.fn, 0x300, mailboxWord(command, queue, get), low, high, 0, this.nowNs);
  }

  read(offset: number): number {
    return this.device.read32(this.fn, offset, this.nowNs);
  }

  write(offset: number, value: number): void {
    this.device.write32(this.fn, offset, value, this.nowNs);
  }

  /** Puts words into RAM at an offset and gives the offset's DMA address. */
  put(at: number, words: readonly number[]): number {
    this.memory.u32.set(words, at / 4);
    return at;
  }

  /** What a guest driver does before its first queue: EQ, AEQ, tables, doorbells, masks, ready. */
  start(eqDepth = 16, aeqDepth = 8): void {
    this.put(AT.buffer, [0, AT.eq, RAM_HIGH, 0, 0, 0, (eqDepth - 1) | 0x10000, 0]);
    this.mailbox(QM_MB_CMD.EQC, 0, false, AT.buffer, RAM_HIGH);
    this.put(AT.buffer, [0, AT.aeq, RAM_HIGH, 0, 0, 0, (aeqDepth - 1) | 0x10000, 0]);
    this.mailbox(QM_MB_CMD.AEQC, 0, false, AT.buffer, RAM_HIGH);
    this.mailbox(QM_MB_CMD.SQC_BT, 0, false, AT.sqcTable, RAM_HIGH);
    this.mailbox(QM_MB_CMD.CQC_BT, 0, false, AT.cqcTable, RAM_HIGH);
    this.eventDoorbell(QM_DOORBELL_CMD.AEQ, 0);
    this.eventDoorbell(QM_DOORBELL_CMD.EQ, 0);
    this.write(0x60, 0);
  }

  sqAddress(queue: number): number {
    return AT.queues + queue * QUEUE_BYTES;
  }

  cqAddress(queue: number): number {
    return this.sqAddress(queue) + CQ_IN_QUEUE;
  }

  /** Sets up a queue pair whose CQ has the same number. */
  openQueue(queue: number, cqDepth = this.depth): void {
    this.put(AT.buffer, [0, this.sqAddress(queue), RAM_HIGH, (this.depth - 1) | (7 << 12), 0, 0, queue, 0]);
    this.mailbox(QM_MB_CMD.SQC, queue, false, AT.buffer, RAM_HIGH);
    this.put(AT.buffer, [0, this.cqAddress(queue), RAM_HIGH, (cqDepth - 1) | (4 << 12), 0, 0, 3, 0]);
    this.mailbox(QM_MB_CMD.CQC, queue, false, AT.buffer, RAM_HIGH);
    this.tails[queue] = 0;
    this.cqHeads[queue] = 0;
    this.cqPhases[queue] = 1;
  }

  /** Writes SQEs with the given ids and rings one doorbell. */
  submit(queue: number, ids: readonly number[]): void {
    let tail = this.tails[queue]!;
    for (const id of ids) {
      this.put(this.sqAddress(queue) + tail * SQE_BYTES, [id, 0]);
      tail = (tail + 1) % this.depth;
    }
    this.tails[queue] = tail;
    this.doorbell(QM_DOORBELL_CMD.SQ, queue, tail, 0);
  }

  doorbell(command: number, queue: number, index: number, priority: number): void {
    this.device.write64(this.fn, 0x1000, doorbellLow(queue, command), doorbellHigh(index, priority), this.nowNs);
  }

  eventDoorbell(command: number, index: number): void {
    this.device.write64(this.fn, 0x2000, doorbellLow(0, command), doorbellHigh(index, 0), this.nowNs);
  }

  kick(queue: number): void {
    this.doorbell(QM_DOORBELL_CMD.SQ, queue, 0, 1);
  }

  /** Takes over where another guest was: the same rings, at a destination. */
  follow(source: Guest): void {
    source.tails.forEach((tail, queue) => {
      this.tails[queue] = tail;
      this.cqHeads[queue] = source.cqHeads[queue]!;
      this.cqPhases[queue] = source.cqPhases[queue]!;
    });
  }

  /** Reads the completions of a queue as a guest driver does, by phase, and rings the CQ doorbells. */
  harvest(queue: number, cqDepth = this.depth): Completion[] {
    const found: Completion[] = [];
    for (;;) {
      const head = this.cqHeads[queue]!;
      const at = this.cqAddress(queue) / 4 + head * 4;
      const words = this.memory.u32;
      if (((words[at + 3]! >>> 16) & 1) !== this.cqPhases[queue]) break;
      found.push({ cmdId: words[at + 1]! & 0xffff, sqHead: words[at + 2]! & 0xffff, sqNum: words[at + 2]! >>> 16 });
      this.cqHeads[queue] = (head + 1) % cqDepth;
      if (this.cqHeads[queue] === 0) this.cqPhases[queue] ^= 1;
      this.doorbell(QM_DOORBELL_CMD.CQ, queue, this.cqHeads[queue], 0);
    }
    this.doorbell(QM_DOORBELL_CMD.CQ, queue, this.cqHeads[queue]!, 1);
    return found;
  }

  /** Lets the device work for some time. */
  run(ns: number): void {
    this.nowNs += ns;
    this.device.advance(this.nowNs);
  }

  /** Lets the device work until nothing more happens by itself. */
  settle(): void {
    while (this.device.nextEventNs !== Infinity) {
      this.nowNs = Math.max(this.nowNs, this.device.nextEventNs);
      this.device.advance(this.nowNs);
    }
  }

  /** The i-th entry of the EQ or AEQ ring. */
  ring(at: number, i: number): number {
    return this.memory.u32[at / 4 + i]!;
  }
}
