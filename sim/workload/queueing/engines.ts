/**
 * Engines: cores, and the queues that wait for one.
 *
 * Arbitration is round robin over queues: a queue with work stands in line once, gives one job to the core that is
 * free, and goes to the end of the line if it has more (as sim/device/engine.ts does, job by job). All VFs of an engine
 * stand in one line, so that a VF's share follows the number of its busy queues.
 */

export const IDLE = -1;

/** The line of one engine: a ring that holds each queue at most once. */
export class ReadyLine {
  count = 0;
  private first = 0;
  private readonly ring: Int32Array;

  constructor(queues: number) {
    this.ring = new Int32Array(queues);
  }

  append(queue: number): void {
    const at = this.first + this.count;
    this.ring[at < this.ring.length ? at : at - this.ring.length] = queue;
    this.count += 1;
  }

  shift(): number {
    const queue = this.ring[this.first]!;
    this.first = this.first + 1 === this.ring.length ? 0 : this.first + 1;
    this.count -= 1;
    return queue;
  }

  /** Takes out all queues from one number to before another; the others stay in their order. */
  remove(from: number, to: number): void {
    for (let left = this.count; left > 0; left--) {
      const queue = this.shift();
      if (queue < from || queue >= to) this.append(queue);
    }
  }
}

/** The cores of all engines, numbered through. */
export class Cores {
  /** By core: its engine, its job or {@link IDLE}, when that began and will end (ns). */
  readonly engine: Int32Array;
  readonly job: Int32Array;
  readonly beganNs: Float64Array;
  readonly endNs: Float64Array;
  /** By engine: cores without a job. */
  readonly idle: Int32Array;
  private readonly idleCores: Int32Array;
  private readonly base: Int32Array;

  constructor(cores: readonly number[]) {
    const total = cores.reduce((sum, count) => sum + count, 0);
    this.engine = new Int32Array(total);
    this.job = new Int32Array(total).fill(IDLE);
    this.beganNs = new Float64Array(total);
    this.endNs = new Float64Array(total);
    this.idle = Int32Array.from(cores);
    this.idleCores = new Int32Array(total);
    this.base = new Int32Array(cores.length);
    let next = 0;
    for (const [engine, count] of cores.entries()) {
      this.base[engine] = next;
      for (let i = 0; i < count; i++, next++) {
        this.engine[next] = engine;
        this.idleCores[next] = next;
      }
    }
  }

  /** Gives a job to an idle core of an engine. @returns the core */
  begin(engine: number, job: number, nowNs: number, endNs: number): number {
    this.idle[engine]! -= 1;
    const core = this.idleCores[this.base[engine]! + this.idle[engine]!]!;
    this.job[core] = job;
    this.beganNs[core] = nowNs;
    this.endNs[core] = endNs;
    return core;
  }

  /** Takes the job off a core. */
  release(core: number): void {
    const engine = this.engine[core]!;
    this.job[core] = IDLE;
    this.idleCores[this.base[engine]! + this.idle[engine]!] = core;
    this.idle[engine]! += 1;
  }
}
