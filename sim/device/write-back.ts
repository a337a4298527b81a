/**
 * Write-back of the context cache: QM_CACHE_WB_START and QM_CACHE_WB_DONE. docs/device.md 2.1 and 8.2.
 *
 * Assumed: a stopped function has its contexts dropped afterwards, so that it fetches them from guest memory when it is
 * resumed; a start during a write-back is ignored.
 */
import { QM_RAS } from '../abi/ras.ts';
import { VF_REG } from '../abi/registers.ts';
import type { CostValues } from './costs.ts';
import type { Faults } from './faults.ts';
import type { Functions } from './functions.ts';
import type { Queues } from './queues.ts';
import type { RegisterFile } from './register-file.ts';
import type { RasStatus } from './ras-status.ts';
import { TIMER } from './timers.ts';
import type { Timers } from './timers.ts';

interface WriteBackParts {
  readonly registers: RegisterFile;
  readonly functions: Functions;
  readonly queues: Queues;
  readonly ras: RasStatus;
  readonly timers: Timers;
  readonly faults: Faults;
  readonly costs: CostValues;
}

export class WriteBack {
  private readonly registers: RegisterFile;
  private readonly functions: Functions;
  private readonly queues: Queues;
  private readonly ras: RasStatus;
  private readonly timers: Timers;
  private readonly faults: Faults;
  private readonly costs: CostValues;

  constructor(parts: WriteBackParts) {
    this.registers = parts.registers;
    this.functions = parts.functions;
    this.queues = parts.queues;
    this.ras = parts.ras;
    this.timers = parts.timers;
    this.faults = parts.faults;
    this.costs = parts.costs;
  }

  /** Begins; done after a base time and a time for each context that is cached now. */
  start(fn: number, nowNs: number): void {
    if (this.timers.has(TIMER.cacheWriteBack, fn)) return;
    this.registers.publish(fn, VF_REG.QM_CACHE_WB_DONE, 0);
    const { cacheWriteBackBaseNs, cacheWriteBackPerContextNs } = this.costs;
    const extraNs = this.faults.active ? this.faults.cacheWriteBackExtraNs(fn) : 0;
    const costNs = cacheWriteBackBaseNs + cacheWriteBackPerContextNs * this.queues.cachedContexts(fn) + extraNs;
    this.timers.start(TIMER.cacheWriteBack, fn, 0, nowNs + costNs);
  }

  finish(fn: number, nowNs: number): void {
    if (!this.queues.writeBack(fn)) this.ras.raise(QM_RAS.axi_bresp, nowNs);
    // Tasks in service need their contexts; they are gone only once the pause is complete.
    if (this.functions.paused[fn] === 1 && !this.queues.inService(fn)) this.queues.drop(fn);
    this.registers.publish(fn, VF_REG.QM_CACHE_WB_DONE, 1);
  }
}
