/**
 * How fast guest memory goes from host to host: line, channels, TLS, compression, page faults; the slowest decides.
 */
import { UserError } from '../base/user-error.ts';
import type { VmmParameters } from './parameters.ts';
import { bytesPerSecondOf } from '../base/units.ts';
import { VMMS, type VmmName } from './vmms.ts';

export const COMPRESSIONS = ['zlib', 'zstd', 'deflate-software', 'deflate-hardware'] as const;
type Compression = (typeof COMPRESSIONS)[number];

export interface StreamInput {
  readonly vmm: VmmName;
  /** Of the line between the hosts, 10^9 bits per second. */
  readonly gigabitsPerSecond: number;
  readonly latencyNs: number;
  /** Share of the line that this move gets, above 0 up to 1. */
  readonly lineShare: number;
  /** Channels for memory, 1 to 128. */
  readonly channels: number;
  /** QEMU without multifd sends everything on one channel of its main thread. */
  readonly multifd: boolean;
  readonly tls: boolean;
  readonly compression: Compression | null;
  /** What the memory compresses to; null: the corpus of the published measurements. */
  readonly compressionRatio: number | null;
  /** Whether the destination's memory is there before the move. */
  readonly preallocated: boolean;
  /** The VMM's own cap in bytes per second on the wire; Infinity for none. */
  readonly maxBytesPerSecond: number;
}

/** What bounds a stream. */
export const BOUNDS = ['line', 'channels', 'tls', 'cap', 'compression', 'page faults'] as const;
export type Bound = (typeof BOUNDS)[number];

export interface StreamRates {
  /** Guest memory per second, in bytes. */
  readonly memoryBytesPerSecond: number;
  /** Bytes per second on the wire while memory is sent. */
  readonly wireBytesPerSecond: number;
  /** The line's own rate, for single packets. */
  readonly lineBytesPerSecond: number;
  /** One channel alone, in bytes per second on the wire. */
  readonly channelBytesPerSecond: number;
  /** Guest memory for each byte on the wire. */
  readonly ratio: number;
  readonly bound: Bound;
}

/** Rates of a stream. */
export function streamRates(input: StreamInput, p: VmmParameters): StreamRates {
  const lineBytesPerSecond = bytesPerSecondOf(input.gigabitsPerSecond);
  const usable = lineBytesPerSecond * input.lineShare * p.lineShare;
  const own = p[VMMS[input.vmm].channelRate];
  const perChannel = input.tls ? Math.min(own, p.tlsBytesPerSecond) : own;
  const { channels } = input;
  let wire = usable;
  let bound: Bound = 'line';
  if (channels * perChannel < wire) {
    wire = channels * perChannel;
    bound = input.tls && p.tlsBytesPerSecond < own ? 'tls' : 'channels';
  }
  if (input.maxBytesPerSecond < wire) {
    wire = input.maxBytesPerSecond;
    bound = 'cap';
  }
  const ratio = compressionRatio(input, p);
  let memory = wire * ratio;
  const compressed = channels * compressionRate(input.compression, p);
  if (compressed < memory) {
    memory = compressed;
    bound = 'compression';
  }
  const faulted = input.preallocated ? Number.POSITIVE_INFINITY : channels * p.faultBytesPerSecond;
  if (faulted < memory) {
    memory = faulted;
    bound = 'page faults';
  }
  return {
    memoryBytesPerSecond: memory,
    wireBytesPerSecond: memory / ratio,
    lineBytesPerSecond,
    channelBytesPerSecond: Math.min(perChannel, wire),
    ratio,
    bound,
  };
}

/** @throws UserError for a stream that carries nothing or cannot be */
export function checkStream(input: StreamInput): void {
  const { gigabitsPerSecond, channels, lineShare, maxBytesPerSecond } = input;
  if (!(gigabitsPerSecond > 0)) {
    throw new UserError('input', `the link has ${gigabitsPerSecond} Gbit/s`, 'More than 0 is needed to move anything.');
  }
  if (!(lineShare > 0 && lineShare <= 1)) {
    throw new UserError('input', `the share of the link is ${lineShare}`, 'Allowed is above 0 up to 1.');
  }
  if (!Number.isInteger(channels) || channels < 1 || channels > 128) {
    throw new UserError('input', `there are ${channels} channels`, 'Allowed are 1 to 128.');
  }
  if (!(maxBytesPerSecond > 0)) {
    throw new UserError('input', `the cap is ${maxBytesPerSecond} bytes per second`, 'Leave it out for no cap.');
  }
}

function compressionRatio({ compression, compressionRatio: given }: StreamInput, p: VmmParameters): number {
  if (compression === null) return 1;
  if (given !== null) return given;
  return compression === 'zstd' ? p.zstdRatio : p.deflateRatio;
}

function compressionRate(compression: Compression | null, p: VmmParameters): number {
  switch (compression) {
    case null:
      return Number.POSITIVE_INFINITY;
    case 'zlib':
      return p.zlibBytesPerSecond;
    case 'deflate-hardware':
      return p.hardwareCompressionBytesPerSecond;
    default:
      return p.softwareCompressionBytesPerSecond;
  }
}
