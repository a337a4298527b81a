/**
 * The mailbox: one piece of hardware, shared by the mailbox registers of all functions.
 *
 * One command is carried out at a time. Assumed, because the drivers do not reveal it: a command that finds the hardware
 * taken waits, and the first to come is the first served; a write to a mailbox whose busy bit stands is dropped;
 * PAUSE_QM, STOP_QP and FLUSH_QM keep the hardware until they complete.
 *
 * Source: docs/device.md section 3.
 */
import { SQC, XEQC } from '../abi/contexts.ts';
import { QM_MB, QM_MB_CMD } from '../abi/mailbox.ts';
import { QM_RAS } from '../abi/ras.ts';
import { VF_REG } from '../abi/registers.ts';
import type { CostValues } from './costs.ts';
import type { Engine } from './engine.ts';
import { AEQ, EQ } from './interrupt-queues.ts';
import type { InterruptQueue, InterruptQueues } from './interrupt-queues.ts';
import type { Faults, MailboxFault } from './faults.ts';
import { FUNCTIONS_MAX } from './functions.ts';
import type { Functions } from './functions.ts';
import { addressOf } from './guest-memory.ts';
import type { Messages } from './messages.ts';
import type { Queues } from './queues.ts';
import type { RegisterFile } from './register-file.ts';
import type { RasStatus } from './ras-status.ts';
import type { InFlight } from '../abi/in-flight.ts';

/** Status that a refused command answers. Which codes hardware has is [NR]; drivers test for non-zero only. */
export const MAILBOX_STATUS_REFUSED = 1;

/** State of a function's mailbox. A hung one stays busy until the function is reset. */
const IDLE = 0;
const WAITING = 1;
const ACTIVE = 2;
const HUNG = 3;

interface MailboxParts {
  readonly registers: RegisterFile;
  readonly functions: Functions;
  readonly queues: Queues;
  readonly engine: Engine;
  readonly events: InterruptQueues;
  readonly messages: Messages;
  readonly ras: RasStatus;
  readonly faults: Faults;
  readonly costs: CostValues;
  readonly inFlight: InFlight;
}

export class Mailbox {
  /** Completion time of the command in progress, in virtual ns; Infinity when there is none, or it waits for tasks to end. */
  nextNs: number = Infinity;
  private readonly registers: RegisterFile;
  private readonly functions: Functions;
  private readonly queues: Queues;
  private readonly engine: Engine;
  private readonly events: InterruptQueues;
  private readonly messages: Messages;
  private readonly ras: RasStatus;
  private readonly faults: Faults;
  private readonly costs: CostValues;
  private readonly inFlight: InFlight;
  private readonly state: Uint8Array = new Uint8Array(FUNCTIONS_MAX);
  private readonly line: number[] = [];
  private active = -1;
  /** The command in progress has run its time and waits for tasks to end. */
  private draining = false;
  private fault: MailboxFault | undefined;
  private answerLow = 0;
  private answerHigh = 0;

  constructor(parts: MailboxParts) {
    this.registers = parts.registers;
    this.functions = parts.functions;
    this.queues = parts.queues;
    this.engine = parts.engine;
    this.events = parts.events;
    this.messages = parts.messages;
    this.ras = parts.ras;
    this.faults = parts.faults;
    this.costs = parts.costs;
    this.inFlight = parts.inFlight;
  }

  /** Software wrote word 0; the other words are in place. */
  submit(fn: number, word: number, nowNs: number): void {
    const { registers, functions } = this;
    registers.publish(fn, VF_REG.QM_MB_CMD_SEND_BASE, word);
    if ((word & QM_MB.busyBit) === 0) return;
    functions.mailboxCount[fn]! += 1;
    functions.watch?.mailboxAsked(fn, nowNs);
    if (this.active < 0) {
      this.begin(fn, nowNs);
    } else {
      this.state[fn] = WAITING;
      this.line.push(fn);
    }
  }

  /** Software writes all four words at once; dropped while a command of the function is under way. */
  write(fn: number, w0: number, w1: number, w2: number, w3: number, nowNs: number): void {
    if (this.state[fn] !== IDLE) return;
    const { registers } = this;
    registers.set(fn, VF_REG.QM_MB_CMD_RSVD, w3);
    registers.set(fn, VF_REG.QM_MB_CMD_DATA_ADDR_H, w2);
    registers.set(fn, VF_REG.QM_MB_CMD_DATA_ADDR_L, w1);
    this.submit(fn, w0, nowNs);
  }

  /** Whether software may write the function's mailbox. */
  accepts(fn: number): boolean {
    return this.state[fn] === IDLE;
  }

  /** The time of the command in progress has come. */
  due(): void {
    const nowNs = this.nextNs;
    const fn = this.active;
    this.nextNs = Infinity;
    if (this.fault?.busy === 'forever') {
      this.state[fn] = HUNG;
      if (this.fault.holdsOthers === true) return;
      this.functions.watch?.mailboxFreed(fn, nowNs);
      this.active = -1;
      this.next(nowNs);
      return;
    }
    if (this.fault?.status !== undefined) {
      this.complete(this.fault.status, nowNs);
      return;
    }
    if (this.mustDrain(fn)) {
      this.draining = true;
      this.tasksEnded(nowNs);
      return;
    }
    this.complete(this.execute(fn, nowNs), nowNs);
  }

  /** Tasks have ended: a command that waits for that may be done. */
  tasksEnded(nowNs: number): void {
    const fn = this.active;
    if (!this.draining || !this.hasDrained(fn)) return;
    const word = this.word(fn);
    if ((word & QM_MB.commandMask) === QM_MB_CMD.STOP_QP) {
      // The queue is drained and takes no more tasks until it is set up again.
      const slot = this.queues.slotOf(fn, word >>> QM_MB.queueShift);
      if (slot >= 0) this.queues.sqStopped[slot] = 1;
    }
    this.complete(0, nowNs);
  }

  /** Function-level reset: the function's command is forgotten and its mailbox reads idle. */
  reset(fn: number, nowNs: number): void {
    this.state[fn] = IDLE;
    const at = this.line.indexOf(fn);
    if (at >= 0) this.line.splice(at, 1);
    if (at >= 0 || this.active === fn) this.functions.watch?.mailboxFreed(fn, nowNs);
    if (this.active !== fn) return;
    this.active = -1;
    this.draining = false;
    this.nextNs = Infinity;
    this.next(nowNs);
  }

  private next(nowNs: number): void {
    if (this.active >= 0 || this.line.length === 0) return;
    const fn = this.line.shift();
    if (fn !== undefined) this.begin(fn, nowNs);
  }

  private begin(fn: number, nowNs: number): void {
    const { costs, faults, functions } = this;
    const command = this.word(fn) & QM_MB.commandMask;
    this.active = fn;
    functions.watch?.mailboxTaken(fn, nowNs);
    this.state[fn] = ACTIVE;
    this.draining = false;
    this.fault = faults.active ? faults.takeMailbox(fn, command) : undefined;
    let costNs = costs.mailboxCommandNs;
    if (command === QM_MB_CMD.PAUSE_QM) {
      costNs = costs.pauseBaseNs;
      // The function starts no task from here on; those in service are handled when the command completes.
      if (this.fault?.status === undefined) {
        functions.paused[fn] = 1;
        functions.reloaded[fn] = 0;
      }
    } else if (command === QM_MB_CMD.STOP_QP) {
      costNs = costs.stopQueueBaseNs;
    } else if (command === QM_MB_CMD.FLUSH_QM) {
      costNs = costs.flushBaseNs;
    }
    if (typeof this.fault?.busy === 'number') costNs += this.fault.busy;
    this.nextNs = nowNs + costNs;
  }

  private complete(status: number, nowNs: number): void {
    const { registers } = this;
    const fn = this.active;
    const word = this.word(fn);
    const answer = this.fault?.answer;
    if (status === 0 && this.answers(word)) {
      registers.set(fn, VF_REG.QM_MB_CMD_DATA_ADDR_L, answer === undefined ? this.answerLow : answer.low);
      registers.set(fn, VF_REG.QM_MB_CMD_DATA_ADDR_H, answer === undefined ? this.answerHigh : answer.high);
    }
    this.functions.watch?.mailboxFreed(fn, nowNs);
    this.active = -1;
    this.draining = false;
    this.nextNs = Infinity;
    this.state[fn] = IDLE;
    const code = (status & QM_MB.statusMask) << QM_MB.statusShift;
    const kept = word & ~(QM_MB.busyBit | (QM_MB.statusMask << QM_MB.statusShift));
    registers.publish(fn, VF_REG.QM_MB_CMD_SEND_BASE, (kept | code) >>> 0);
    this.next(nowNs);
  }

  /** Whether the data words carry the result. Both directions are in use for DST. */
  private answers(word: number): boolean {
    const command = word & QM_MB.commandMask;
    if (command === QM_MB_CMD.DST) return true;
    return (
      (word & QM_MB.opBit) !== 0 &&
      (command === QM_MB_CMD.SQC_BT || command === QM_MB_CMD.CQC_BT || command === QM_MB_CMD.SQC_VFT_V2)
    );
  }

  private mustDrain(fn: number): boolean {
    const word = this.word(fn);
    const command = word & QM_MB.commandMask;
    if (command === QM_MB_CMD.FLUSH_QM) return true;
    if (command === QM_MB_CMD.STOP_QP) return this.queues.slotOf(fn, word >>> QM_MB.queueShift) >= 0;
    return command === QM_MB_CMD.PAUSE_QM && this.inFlight === 'finish';
  }

  private hasDrained(fn: number): boolean {
    const { engine, queues } = this;
    const word = this.word(fn);
    const command = word & QM_MB.commandMask;
    if (command === QM_MB_CMD.PAUSE_QM) return engine.inService[fn] === 0;
    if (command === QM_MB_CMD.STOP_QP) {
      const slot = queues.slotOf(fn, word >>> QM_MB.queueShift);
      return slot < 0 || engine.drained(slot);
    }
    if (engine.inService[fn] !== 0) return false;
    const first = queues.vft.base[fn]!;
    const end = first + queues.vft.num[fn]!;
    for (let slot = first; slot < end; slot++) if (queues.owner[slot] === fn && !engine.drained(slot)) return false;
    return true;
  }

  /** @returns the status of the command */
  private execute(fn: number, nowNs: number): number {
    const { registers, queues, engine, messages, functions } = this;
    const word = this.word(fn);
    const get = (word & QM_MB.opBit) !== 0;
    const queue = word >>> QM_MB.queueShift;
    const low = registers.get(fn, VF_REG.QM_MB_CMD_DATA_ADDR_L);
    const high = registers.get(fn, VF_REG.QM_MB_CMD_DATA_ADDR_H);
    switch (word & QM_MB.commandMask) {
      case QM_MB_CMD.SQC:
      case QM_MB_CMD.CQC:
        return this.queueContext(fn, queue, get, addressOf(low, high), nowNs);
      case QM_MB_CMD.EQC:
        return this.eventContext(fn, EQ, get, addressOf(low, high), nowNs);
      case QM_MB_CMD.AEQC:
        return this.eventContext(fn, AEQ, get, addressOf(low, high), nowNs);
      case QM_MB_CMD.SQC_BT:
        if (!get) functions.reloaded[fn] = 1;
        return this.table(fn, 0, get, low, high);
      case QM_MB_CMD.CQC_BT:
        return this.table(fn, 2, get, low, high);
      case QM_MB_CMD.SQC_VFT_V2:
        if (!get) return MAILBOX_STATUS_REFUSED;
        this.answerLow = queues.vft.entryLow(fn);
        this.answerHigh = queues.vft.entryHigh(fn);
        return 0;
      case QM_MB_CMD.SRC:
        return messages.leave(fn, queue, low, high) ? 0 : MAILBOX_STATUS_REFUSED;
      case QM_MB_CMD.DST:
        if (queue > registers.vfCount || (fn !== 0 && queue !== 0)) return MAILBOX_STATUS_REFUSED;
        this.answerLow = messages.fetch(fn, queue, 0);
        this.answerHigh = messages.fetch(fn, queue, 1);
        return 0;
      case QM_MB_CMD.PAUSE_QM:
        functions.paused[fn] = 1;
        engine.recall(fn, nowNs);
        return 0;
      default:
        return MAILBOX_STATUS_REFUSED;
    }
  }

  private queueContext(fn: number, queue: number, get: boolean, address: number, nowNs: number): number {
    const { queues, engine, functions, ras } = this;
    const sq = (this.word(fn) & QM_MB.commandMask) === QM_MB_CMD.SQC;
    const slot = queues.slotOf(fn, queue);
    if (slot < 0) return MAILBOX_STATUS_REFUSED;
    const at = functions.wordAt(fn, address, SQC.bytes);
    if (at < 0) {
      ras.raise(get ? QM_RAS.axi_bresp : QM_RAS.axi_rresp, nowNs);
      return MAILBOX_STATUS_REFUSED;
    }
    const words = functions.memory[fn]!.u32;
    if (get) {
      if (!(sq ? queues.needSq(fn, queue, slot) : queues.needCq(fn, queue, slot))) return MAILBOX_STATUS_REFUSED;
      if (sq) queues.storeSq(slot, words, at);
      else queues.storeCq(slot, words, at);
      return 0;
    }
    if (!sq) return queues.loadCq(fn, slot, words, at) ? 0 : MAILBOX_STATUS_REFUSED;
    engine.abandon(fn, slot);
    queues.forgetSq(slot);
    if (!queues.loadSq(fn, slot, words, at)) return MAILBOX_STATUS_REFUSED;
    engine.wake(slot, nowNs);
    return 0;
  }

  private eventContext(fn: number, which: InterruptQueue, get: boolean, address: number, nowNs: number): number {
    const { events, functions, ras } = this;
    const at = functions.wordAt(fn, address, XEQC.bytes);
    if (at < 0) {
      ras.raise(get ? QM_RAS.axi_bresp : QM_RAS.axi_rresp, nowNs);
      return MAILBOX_STATUS_REFUSED;
    }
    const words = functions.memory[fn]!.u32;
    for (let i = 0; i < XEQC.bytes / 4; i++) {
      if (get) words[at + i] = events.word(fn, which, i);
      else events.setWord(fn, which, i, words[at + i]!);
    }
    return 0;
  }

  private table(fn: number, which: 0 | 2, get: boolean, low: number, high: number): number {
    const { functions } = this;
    if (get) {
      this.answerLow = functions.tables[fn * 4 + which]!;
      this.answerHigh = functions.tables[fn * 4 + which + 1]!;
    } else {
      functions.setTable(fn, which, low, high);
    }
    return 0;
  }

  private word(fn: number): number {
    return this.registers.get(fn, VF_REG.QM_MB_CMD_SEND_BASE);
  }
}
