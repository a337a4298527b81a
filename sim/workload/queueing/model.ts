/**
 * VFs, their queue pairs and engines at the level of jobs: what a client sees of a move when only waiting counts.
 *
 * In contrast to the register-level guest (sim/workload/guest.ts), which has every doorbell and entry, this model has a job's
 * submission, its place in a queue, its time on a core, and the time its client sees it done; that is enough for
 * latencies and runs some millions of jobs per second. Nothing is lost: a job's state is checked at each step, and it is
 * seen done exactly once.
 *
 * Times are ns from the start of the run; they are not rounded, so that short services keep their mean.
 */
import type { Histogram } from 'hdr-histogram-js';
import { bug } from '../../base/bug.ts';
import { Calendar } from '../../base/calendar.ts';
import { TraceHash } from '../../base/hash.ts';
import { UserError } from '../../base/user-error.ts';
import { Cores, IDLE, ReadyLine } from './engines.ts';
import { JOB, JobLists, Jobs } from './jobs.ts';
import { LatencyLog } from './latency-log.ts';
import { checkQueueingOptions, type QueueingOptions } from './options.ts';
import { Shaper } from './shaper.ts';
import { HANDLER, newVf, type Vf } from './vf-state.ts';
import { DEFAULT_IN_FLIGHT, type InFlight } from '../../abi/in-flight.ts';

/** `before` the first stop; `during`: submitted before the last resume, seen after; `after`: submitted since. */
export const PHASES = ['before', 'during', 'after'] as const;
export type Phase = (typeof PHASES)[number];
const DURING = 1;

export interface VfCounts {
  /** Jobs taken into a queue; each is seen done once, or is still there. */
  readonly accepted: number;
  readonly seen: number;
  /** Arrivals that found their queue full. */
  readonly refused: number;
  readonly waiting: number;
  readonly onCores: number;
  /** Done, but not yet seen by the client. */
  readonly unseen: number;
}

/** An event's kind is in the low bits of its payload, its core, VF or job above. */
const EVENT = { core: 0, handler: 1, arrival: 2, thought: 3, shaper: 4 } as const;
const EVENT_BITS = 3;
const EVENT_MASK = 7;

export class QueueingModel {
  nowNs = 0;
  /** Events handled so far. */
  events = 0;

  private readonly queue = new Calendar(1024);
  private readonly hash = new TraceHash();
  private readonly vfs: readonly Vf[];
  private readonly jobs = new Jobs();
  private readonly cores: Cores;
  private readonly lines: readonly ReadyLine[];
  private readonly shaper: Shaper;
  private readonly log: LatencyLog;
  /** By queue, numbered through: its VF, whether it stands in a line, its jobs that wait, and those not yet seen. */
  private readonly vfOf: Int32Array;
  private readonly inLine: Uint8Array;
  private readonly waiting: JobLists;
  private readonly unfinished: Int32Array;
  /** By VF: jobs done and not yet seen; thoughts that ended in the pause; queues that its rate cap holds back. */
  private readonly done: JobLists;
  private readonly thoughtsPutOff: JobLists;
  private readonly heldQueues: readonly ReadyLine[];

  /** @throws UserError when there can be no such model */
  constructor(options: QueueingOptions) {
    checkQueueingOptions(options);
    let queues = 0;
    this.vfs = options.vfs.map((vf, index) => {
      const state = newVf(vf, index, queues, options.seed);
      queues += vf.queues;
      return state;
    });
    this.cores = new Cores(options.engines.map(({ cores }) => cores));
    this.lines = options.engines.map(() => new ReadyLine(queues));
    this.shaper = new Shaper(this.vfs.length);
    this.log = new LatencyLog(this.vfs.length * PHASES.length);
    this.vfOf = new Int32Array(queues);
    this.inLine = new Uint8Array(queues);
    this.waiting = new JobLists(queues, this.jobs);
    this.unfinished = new Int32Array(queues);
    this.done = new JobLists(this.vfs.length, this.jobs);
    this.thoughtsPutOff = new JobLists(this.vfs.length, this.jobs);
    this.heldQueues = this.vfs.map((vf) => new ReadyLine(vf.queues));
    for (const [index, vf] of this.vfs.entries()) {
      this.vfOf.fill(index, vf.firstQueue, vf.firstQueue + vf.queues);
      this.shaper.setCap(index, options.vfs[index]!.qosSteps, 0);
    }
    for (const [index, vf] of this.vfs.entries()) {
      const { load } = options.vfs[index]!;
      if (load.kind === 'closed') this.startClients(vf, load.inFlightPerQueue);
      else this.scheduleArrival(index, vf);
    }
  }

  /** Lets time pass up to a given time, with all that happens until then and at it. */
  run(untilNs: number): this {
    if (!(untilNs >= this.nowNs)) bug('QUEUEING_BACKWARD', untilNs, this.nowNs);
    const { queue } = this;
    while (queue.peekNs() <= untilNs) {
      const payload = queue.pop();
      this.nowNs = queue.poppedNs;
      this.events += 1;
      const index = payload >>> EVENT_BITS;
      switch (payload & EVENT_MASK) {
        case EVENT.core:
          this.endOnCore(index);
          break;
        case EVENT.handler:
          this.handle(index);
          break;
        case EVENT.arrival:
          this.arrive(index);
          break;
        case EVENT.thought:
          this.endThought(index);
          break;
        default:
          this.endShaping(index);
      }
    }
    this.nowNs = untilNs;
    return this;
  }

  /**
   * The VF and its guest are paused from now on.
   *
   * @param inFlight `finish` (default): jobs on the cores end, which takes until {@link counts} says so; `hold`: they go
   *   back to the front of their queues at once, and begin again after the resume
   */
  pause(vf: number, inFlight: InFlight = DEFAULT_IN_FLIGHT): void {
    const state = this.vf(vf);
    if (state.paused) throw new UserError('usage', `VF ${vf} is paused already`);
    state.paused = true;
    state.pauses += 1;
    state.pausedNs = this.nowNs;
    this.lines[state.engine]!.remove(state.firstQueue, state.firstQueue + state.queues);
    this.heldQueues[vf]!.remove(state.firstQueue, state.firstQueue + state.queues);
    this.inLine.fill(0, state.firstQueue, state.firstQueue + state.queues);
    if (inFlight === 'hold') this.takeOffCores(vf, state);
  }

  /**
   * It resumes, on the same engine or another.
   *
   * @param engine where; default: where it was
   * @throws UserError when jobs of the VF are still on the cores
   */
  resume(vf: number, engine?: number): void {
    const state = this.vf(vf);
    if (!state.paused) throw new UserError('usage', `VF ${vf} is not paused`);
    const to = engine ?? state.engine;
    if (this.lines[to] === undefined) {
      throw new UserError('usage', `engine ${to} does not exist`, `0 to ${this.lines.length - 1}`);
    }
    if (state.onCores > 0) {
      const hint = 'let the model run on until they have ended, or pause with hold';
      throw new UserError('infeasible', `VF ${vf} still has ${state.onCores} jobs on the cores`, hint);
    }
    const stoodNs = this.nowNs - state.pausedNs;
    state.paused = false;
    state.engine = to;
    state.resumedNs = this.nowNs;
    state.stoodNs += stoodNs;
    while (this.thoughtsPutOff.length[vf]! > 0) {
      const job = this.thoughtsPutOff.shift(vf);
      this.scheduleThought(job, this.jobs.sinceNs[job]! + stoodNs, state);
    }
    if (state.putOffNs !== Infinity) {
      this.queue.push(state.putOffNs + stoodNs, (vf << EVENT_BITS) | EVENT.arrival);
      state.arrivalStoodNs = state.stoodNs;
      state.putOffNs = Infinity;
    }
    if (state.handlerPutOff) {
      state.handlerPutOff = false;
      this.queue.push(this.nowNs, (vf << EVENT_BITS) | EVENT.handler);
    } else if (state.handler === HANDLER.asleep && this.done.length[vf]! > 0) {
      this.wake(vf, state);
    }
    for (let queue = state.firstQueue; queue < state.firstQueue + state.queues; queue++) this.enlist(queue, state);
    this.dispatch(to);
  }

  /** From now on; undefined: no cap. The setting belongs to the device, and does not move with a VF. */
  setQosSteps(vf: number, steps: number | undefined): void {
    this.vf(vf);
    this.shaper.setCap(vf, steps, this.nowNs);
  }

  /** Latencies in ns, from a job's submission until its client saw it done. */
  histogram(vf: number, phase: Phase): Histogram {
    this.vf(vf);
    return this.log.histogram(vf * PHASES.length + PHASES.indexOf(phase));
  }

  /** Mean latency in ns, exact; NaN when there is none. */
  meanNs(vf: number, phase: Phase): number {
    const at = vf * PHASES.length + PHASES.indexOf(phase);
    return this.log.sumsNs[at]! / this.log.counts[at]!;
  }

  /** @throws Bug when the books do not balance */
  counts(vf: number): VfCounts {
    const { accepted, seen, refused, waiting, onCores } = this.vf(vf);
    const unseen = this.done.length[vf]!;
    if (accepted !== seen + waiting + onCores + unseen) bug('JOBS_LOST', vf, accepted, seen, waiting, onCores, unseen);
    return { accepted, seen, refused, waiting, onCores, unseen };
  }

  /** Over every job that was seen done: its queue and the time, in whole ns. */
  get traceHash(): string {
    return this.hash.value;
  }

  private vf(index: number): Vf {
    const vf = this.vfs[index];
    if (vf === undefined) throw new UserError('usage', `VF ${index} does not exist`, `0 to ${this.vfs.length - 1}`);
    return vf;
  }

  private startClients(vf: Vf, inFlightPerQueue: number): void {
    for (let round = 0; round < inFlightPerQueue; round++) {
      for (let queue = vf.firstQueue; queue < vf.firstQueue + vf.queues; queue++) {
        this.think(this.jobs.create(queue), vf);
      }
    }
  }

  /** A client of a closed loop begins to think; without thinking it submits at once. */
  private think(job: number, vf: Vf): void {
    this.jobs.state[job] = JOB.thinking;
    if (vf.thinkNs > 0) this.scheduleThought(job, this.nowNs + vf.thoughts.exponential(vf.thinkNs), vf);
    else this.submit(job, vf);
  }

  private scheduleThought(job: number, dueNs: number, vf: Vf): void {
    this.jobs.sinceNs[job] = dueNs;
    this.jobs.stoodNs[job] = vf.stoodNs;
    this.queue.push(dueNs, (job << EVENT_BITS) | EVENT.thought);
  }

  private endThought(job: number): void {
    const index = this.vfOf[this.jobs.queue[job]!]!;
    const vf = this.vfs[index]!;
    const stoodNs = vf.stoodNs - this.jobs.stoodNs[job]!;
    if (vf.paused) {
      this.jobs.sinceNs[job] = this.nowNs + stoodNs;
      this.thoughtsPutOff.append(index, job);
    } else if (stoodNs > 0) {
      this.scheduleThought(job, this.nowNs + stoodNs, vf);
    } else {
      this.submit(job, vf);
    }
  }

  private submit(job: number, vf: Vf): void {
    this.jobs.kind[job] = vf.mix.draw(vf.service);
    this.accept(job, vf);
  }

  private accept(job: number, vf: Vf): void {
    const queue = this.jobs.queue[job]!;
    this.jobs.go(job, JOB.thinking, JOB.waiting);
    this.jobs.sinceNs[job] = this.nowNs;
    this.unfinished[queue]! += 1;
    vf.accepted += 1;
    vf.waiting += 1;
    this.waiting.append(queue, job);
    if (vf.polls && vf.handler === HANDLER.asleep) this.wake(this.vfOf[queue]!, vf);
    this.enlist(queue, vf);
    this.dispatch(vf.engine);
  }

  private scheduleArrival(index: number, vf: Vf): void {
    const dueNs = vf.arrivals!.nextNs + (vf.outside ? 0 : vf.stoodNs);
    vf.arrivalStoodNs = vf.stoodNs;
    if (dueNs < Infinity) this.queue.push(dueNs, (index << EVENT_BITS) | EVENT.arrival);
  }

  private arrive(index: number): void {
    const vf = this.vfs[index]!;
    const arrivals = vf.arrivals!;
    if (!vf.outside) {
      const stoodNs = vf.stoodNs - vf.arrivalStoodNs;
      if (vf.paused) {
        vf.putOffNs = this.nowNs + stoodNs;
        return;
      }
      if (stoodNs > 0) {
        vf.arrivalStoodNs = vf.stoodNs;
        this.queue.push(this.nowNs + stoodNs, (index << EVENT_BITS) | EVENT.arrival);
        return;
      }
    }
    const queue = vf.firstQueue + arrivals.nextQueue;
    if (this.unfinished[queue]! >= vf.places) {
      vf.refused += 1;
    } else {
      const job = this.jobs.create(queue);
      this.jobs.state[job] = JOB.thinking;
      this.jobs.kind[job] = arrivals.nextKind < 0 ? vf.mix.draw(vf.service) : arrivals.nextKind;
      this.accept(job, vf);
    }
    arrivals.advance();
    this.scheduleArrival(index, vf);
  }

  /** A queue with work gets into the line of its engine. */
  private enlist(queue: number, vf: Vf): void {
    if (this.inLine[queue] === 1 || vf.paused || this.waiting.length[queue] === 0) return;
    this.inLine[queue] = 1;
    this.lines[vf.engine]!.append(queue);
  }

  /** Gives idle cores their next jobs. */
  private dispatch(engine: number): void {
    const line = this.lines[engine]!;
    while (this.cores.idle[engine]! > 0 && line.count > 0) {
      const queue = line.shift();
      const index = this.vfOf[queue]!;
      const vf = this.vfs[index]!;
      this.inLine[queue] = 0;
      if (this.waiting.length[queue] === 0) continue;
      if (this.shaper.isCapped(index) && this.isHeldBack(index, vf, queue)) continue;
      this.start(queue, index, vf);
    }
  }

  private start(queue: number, index: number, vf: Vf): void {
    const { jobs, nowNs } = this;
    const job = this.waiting.shift(queue);
    jobs.go(job, JOB.waiting, JOB.onCore);
    vf.waiting -= 1;
    vf.onCores += 1;
    const kind = jobs.kind[job]!;
    const endNs = nowNs + vf.mix.drawServiceNs(kind, vf.service);
    const core = this.cores.begin(vf.engine, job, nowNs, endNs);
    this.queue.push(endNs, (core << EVENT_BITS) | EVENT.core);
    if (this.shaper.isCapped(index)) {
      this.shaper.take(index, vf.mix.bytes[kind]!);
      if (this.heldQueues[index]!.count > 0) this.scheduleShaper(index, vf, this.shaper.readyNs(index, nowNs));
    }
    this.enlist(queue, vf);
  }

  /** A VF above its cap: the queue waits with the VF's others, each in its turn, until the bucket is out of debt. */
  private isHeldBack(index: number, vf: Vf, queue: number): boolean {
    const readyNs = this.shaper.readyNs(index, this.nowNs);
    if (readyNs <= this.nowNs) return false;
    this.inLine[queue] = 1;
    this.heldQueues[index]!.append(queue);
    this.scheduleShaper(index, vf, readyNs);
    return true;
  }

  private scheduleShaper(index: number, vf: Vf, readyNs: number): void {
    if (vf.shaperDue) return;
    vf.shaperDue = true;
    this.queue.push(readyNs, (index << EVENT_BITS) | EVENT.shaper);
  }

  private endShaping(index: number): void {
    const vf = this.vfs[index]!;
    vf.shaperDue = false;
    const readyNs = this.shaper.readyNs(index, this.nowNs);
    if (readyNs > this.nowNs) {
      // Another cap was set since, or rounding left a crumb.
      this.scheduleShaper(index, vf, readyNs);
      return;
    }
    this.letNextGo(index, vf);
    this.dispatch(vf.engine);
  }

  /** One held queue gets back in line; when it has been served, it is the next one's turn. */
  private letNextGo(index: number, vf: Vf): void {
    const held = this.heldQueues[index]!;
    if (held.count === 0 || vf.paused) return;
    const queue = held.shift();
    this.inLine[queue] = 0;
    this.enlist(queue, vf);
  }

  private endOnCore(core: number): void {
    const { cores } = this;
    const job = cores.job[core]!;
    // The job was held since, and perhaps another has begun.
    if (job === IDLE || cores.endNs[core] !== this.nowNs) return;
    const engine = cores.engine[core]!;
    const index = this.vfOf[this.jobs.queue[job]!]!;
    const vf = this.vfs[index]!;
    cores.release(core);
    this.jobs.go(job, JOB.onCore, JOB.done);
    vf.onCores -= 1;
    this.done.append(index, job);
    if (!vf.paused) {
      if (vf.wakeNs === 0 && vf.perCompletionNs === 0) this.see(this.done.shift(index), index, vf);
      else if (vf.handler === HANDLER.asleep) this.wake(index, vf);
    }
    this.dispatch(engine);
  }

  /** Takes a VF's jobs off the cores, those begun last first, so that they stand in their old order. */
  private takeOffCores(index: number, vf: Vf): void {
    const { cores } = this;
    const held: number[] = [];
    for (let core = 0; core < cores.job.length; core++) {
      const job = cores.job[core]!;
      if (job !== IDLE && this.vfOf[this.jobs.queue[job]!] === index) held.push(core);
    }
    const byAge = (a: number, b: number): number =>
      this.jobs.sinceNs[cores.job[b]!]! - this.jobs.sinceNs[cores.job[a]!]!;
    for (const core of held.toSorted((a, b) => cores.beganNs[b]! - cores.beganNs[a]! || byAge(a, b))) {
      const job = cores.job[core]!;
      cores.release(core);
      this.jobs.go(job, JOB.onCore, JOB.waiting);
      this.waiting.prepend(this.jobs.queue[job]!, job);
      vf.onCores -= 1;
      vf.waiting += 1;
    }
    this.dispatch(vf.engine);
  }

  /** An interrupt is raised, or the polling thread goes to sleep. */
  private wake(index: number, vf: Vf): void {
    vf.handler = HANDLER.called;
    vf.drained = 0;
    this.queue.push(this.nowNs + vf.wakeNs, (index << EVENT_BITS) | EVENT.handler);
  }

  /** One step of the client's handler: it begins, or has taken a completion. */
  private handle(index: number): void {
    const vf = this.vfs[index]!;
    if (vf.paused) {
      vf.handlerPutOff = true;
      return;
    }
    const { length } = this.done;
    if (vf.handler === HANDLER.takes) {
      vf.drained += 1;
      this.see(this.done.shift(index), index, vf);
    } else {
      vf.drainLimit = vf.polls ? length[index]! : vf.drainMax;
    }
    if (vf.perCompletionNs === 0) {
      while (length[index]! > 0 && vf.drained < vf.drainLimit) {
        vf.drained += 1;
        this.see(this.done.shift(index), index, vf);
      }
    } else if (length[index]! > 0 && vf.drained < vf.drainLimit) {
      vf.handler = HANDLER.takes;
      this.queue.push(this.nowNs + vf.perCompletionNs, (index << EVENT_BITS) | EVENT.handler);
      return;
    }
    if (length[index]! > 0 || (vf.polls && vf.accepted > vf.seen)) this.wake(index, vf);
    else vf.handler = HANDLER.asleep;
  }

  /** The client sees a job done. */
  private see(job: number, index: number, vf: Vf): void {
    const { jobs, nowNs } = this;
    const queue = jobs.queue[job]!;
    const sinceNs = jobs.sinceNs[job]!;
    const phase = vf.pauses === 0 ? 0 : sinceNs < vf.resumedNs ? DURING : DURING + 1;
    this.log.add(index * PHASES.length + phase, nowNs - sinceNs);
    this.hash.add(queue);
    this.hash.addWide(Math.round(nowNs));
    this.unfinished[queue]! -= 1;
    vf.seen += 1;
    if (vf.arrivals !== null) {
      jobs.release(job);
      return;
    }
    jobs.go(job, JOB.done, JOB.free);
    this.think(job, vf);
  }
}
