/**
 * Which jobs a client asks for: kinds with their bytes, shares and time on a core.
 */
import type { Random } from '../base/random.ts';
import { UserError } from '../base/user-error.ts';

/** One kind of job. A core is busy with it for `fixedNs + bytes * nsPerByte`. */
export interface JobKind {
  readonly name: string;
  /** Bytes of input; also what the rate cap counts. */
  readonly bytes: number;
  /** Its part of all jobs, in any unit: shares of a mix are divided by their sum. */
  readonly share: number;
  readonly fixedNs: number;
  readonly nsPerByte: number;
  /** `exponential`: that time is the mean of an exponential distribution. Default: every job takes the same. */
  readonly spread?: 'fixed' | 'exponential';
}

/** Kinds in a mix; an index of a kind is kept in one byte. */
const KINDS_MAX = 256;

/** A checked mix in typed arrays, as the hot loop reads it. */
export class JobMix {
  readonly names: readonly string[];
  readonly bytes: Float64Array;
  /** Time on a core, in ns; the mean, where it is exponential. */
  readonly serviceNs: Float64Array;
  private readonly exponential: Uint8Array;
  /** Upper end of each kind's part of [0, 1). */
  private readonly upTo: Float64Array;

  /** @throws UserError when there is no such mix */
  constructor(kinds: readonly JobKind[]) {
    if (kinds.length === 0 || kinds.length > KINDS_MAX) {
      throw new UserError('input', `the job mix has ${kinds.length} kinds`, `1 to ${KINDS_MAX}`);
    }
    for (const kind of kinds) checkKind(kind);
    this.names = kinds.map(({ name }) => name);
    const twice = this.names.find((name, index) => this.names.indexOf(name) !== index);
    if (twice !== undefined) {
      throw new UserError('input', `the job mix names '${twice}' twice`, 'one entry for each kind of job');
    }
    const sum = kinds.reduce((total, { share }) => total + share, 0);
    if (!(sum > 0)) throw new UserError('input', 'all shares of the job mix are 0', 'at least one above 0');
    this.bytes = Float64Array.from(kinds, ({ bytes }) => bytes);
    this.serviceNs = Float64Array.from(kinds, ({ fixedNs, bytes, nsPerByte }) => fixedNs + bytes * nsPerByte);
    this.exponential = Uint8Array.from(kinds, ({ spread }) => (spread === 'exponential' ? 1 : 0));
    let reached = 0;
    this.upTo = Float64Array.from(kinds, ({ share }) => (reached += share / sum));
  }

  /** The kind of the next job. Draws nothing when there is only one. */
  draw(random: Random): number {
    const last = this.upTo.length - 1;
    if (last === 0) return 0;
    const at = random.uniform();
    let kind = 0;
    while (kind < last && this.upTo[kind]! <= at) kind += 1;
    return kind;
  }

  /** For how long a job of a kind keeps a core, in ns. */
  drawServiceNs(kind: number, random: Random): number {
    const serviceNs = this.serviceNs[kind]!;
    return this.exponential[kind] === 1 ? random.exponential(serviceNs) : serviceNs;
  }
}

function checkKind({ name, bytes, share, fixedNs, nsPerByte }: JobKind): void {
  for (const [field, value] of Object.entries({ bytes, share, fixedNs, nsPerByte })) {
    if (!(value >= 0 && Number.isFinite(value))) {
      throw new UserError('input', `${field} of job '${name}' is ${value}`, 'a number from 0 on');
    }
  }
  if (!(fixedNs + bytes * nsPerByte > 0)) {
    throw new UserError('input', `job '${name}' takes no time on a core`, 'fixedNs or nsPerByte above 0');
  }
}
