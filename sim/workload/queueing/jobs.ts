/**
 * The jobs that a queueing model knows of: typed arrays by job number, with a stack of free numbers.
 */
import { bug } from '../../base/bug.ts';

const NO_JOB = -1;

/** Where a job is. Each job passes through them in this order; a held one goes back from `onCore` to `waiting`. */
export const JOB = { free: 0, thinking: 1, waiting: 2, onCore: 3, done: 4 } as const;

export class Jobs {
  state: Uint8Array = new Uint8Array(256);
  kind: Uint8Array = new Uint8Array(256);
  queue: Int32Array = new Int32Array(256);
  /** The next job in whatever list it is in. */
  next: Int32Array = new Int32Array(256);
  /** When it was submitted; of a thinking client, when it will be. */
  sinceNs: Float64Array = new Float64Array(256);
  /** Total pause of its VF, when its think time was set. */
  stoodNs: Float64Array = new Float64Array(256);
  private used = 0;
  private spare = NO_JOB;

  /** A job that belongs to a queue, with nothing else said about it. */
  create(queue: number): number {
    let job = this.spare;
    if (job === NO_JOB) {
      if (this.used === this.state.length) this.grow();
      job = this.used++;
    } else {
      this.spare = this.next[job]!;
    }
    this.queue[job] = queue;
    return job;
  }

  /** Its number may be given to another. */
  release(job: number): void {
    this.go(job, JOB.done, JOB.free);
    this.next[job] = this.spare;
    this.spare = job;
  }

  /** One step in a job's life; any other than the expected one is an error of the model. */
  go(job: number, from: number, to: number): void {
    if (this.state[job] !== from) bug('JOB_STATE', job, this.state[job], from, to);
    this.state[job] = to;
  }

  private grow(): void {
    const size = this.state.length * 2;
    const wide = <T extends Uint8Array | Int32Array | Float64Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.state = wide(new Uint8Array(size), this.state);
    this.kind = wide(new Uint8Array(size), this.kind);
    this.queue = wide(new Int32Array(size), this.queue);
    this.next = wide(new Int32Array(size), this.next);
    this.sinceNs = wide(new Float64Array(size), this.sinceNs);
    this.stoodNs = wide(new Float64Array(size), this.stoodNs);
  }
}

/** First-in-first-out lists of jobs, by number of the list; a job is in one list at a time. */
export class JobLists {
  readonly length: Int32Array;
  private readonly first: Int32Array;
  private readonly last: Int32Array;
  private readonly jobs: Jobs;

  constructor(lists: number, jobs: Jobs) {
    this.jobs = jobs;
    this.length = new Int32Array(lists);
    this.first = new Int32Array(lists).fill(NO_JOB);
    this.last = new Int32Array(lists).fill(NO_JOB);
  }

  append(list: number, job: number): void {
    const { next } = this.jobs;
    next[job] = NO_JOB;
    if (this.length[list] === 0) this.first[list] = job;
    else next[this.last[list]!] = job;
    this.last[list] = job;
    this.length[list]! += 1;
  }

  /** In front of all others. */
  prepend(list: number, job: number): void {
    if (this.length[list] === 0) this.last[list] = job;
    this.jobs.next[job] = this.first[list]!;
    this.first[list] = job;
    this.length[list]! += 1;
  }

  /** Takes the first. The list must not be empty. */
  shift(list: number): number {
    const job = this.first[list]!;
    this.first[list] = this.jobs.next[job]!;
    this.length[list]! -= 1;
    return job;
  }
}
