/**
 * How fast guest memory is sent from host to host: link, channels, TLS, compression, page faults; the slowest decides.
 */
import { UserError } from '../base/user-error.ts';
import type { VmmParameters } from './parameters.ts';
import { bytesPerSecondOf, NS_PER_S } from '../base/units.ts';
import { VMMS, type VmmName } from './vmms.ts';

export const COMPRESSIONS = ['zlib', 'zstd', 'deflate-software', 'deflate-hardware'] as const;
type Compression = (typeof COMPRESSIONS)[number];

/** What fills the memory that is compressed: a corpus of mixed files, letters drawn at random, or bytes drawn at random. */
export const FILLS = ['mixed', 'letters', 'random'] as const;
type Fill = (typeof FILLS)[number];

/** What finds pages of zeros in QEMU: its main thread, the channels of multifd, or nothing, so that they are sent whole. */
const ZERO_CHECKS = ['mainThread', 'channels', 'none'] as const;
export type ZeroCheck = (typeof ZERO_CHECKS)[number];

export interface StreamInput {
  readonly vmm: VmmName;
  /** Rate of the link between the hosts, 10^9 bits per second. */
  readonly gigabitsPerSecond: number;
  readonly latencyNs: number;
  /** Share of the link that this move gets, above 0 up to 1. */
  readonly lineShare: number;
  /** Channels for memory, 1 to 128. */
  readonly channels: number;
  /** QEMU without multifd sends everything on one channel of its main thread. */
  readonly multifd: boolean;
  readonly tls: boolean;
  readonly compression: Compression | null;
  /** What the memory compresses to; null: what the method makes of `fill`. */
  readonly compressionRatio: number | null;
  /** What the memory holds. */
  readonly fill: Fill;
  /** Engines that compress in hardware, at each side. */
  readonly engines: number;
  readonly zeroCheck: ZeroCheck;
  /** Whether the destination's memory is there before the move. */
  readonly preallocated: boolean;
  /** The VMM's own cap in bytes per second on the wire; Infinity for none. */
  readonly maxBytesPerSecond: number;
}

/** What limits a stream, in words. */
export const BOUND_WORDS = {
  link: 'the link',
  channels: 'its channels',
  tls: 'TLS',
  cap: 'the bandwidth cap',
  'main thread': "QEMU's migration thread",
  compression: 'compression',
  'page faults': 'page faults at the destination',
} as const;
export type Bound = keyof typeof BOUND_WORDS;

export interface StreamRates {
  /** Guest memory per second, in bytes. */
  readonly memoryBytesPerSecond: number;
  /** Bytes per second on the wire while memory is sent. */
  readonly wireBytesPerSecond: number;
  /** The link's own rate, for single packets. */
  readonly lineBytesPerSecond: number;
  /** One channel alone, in bytes per second on the wire. */
  readonly channelBytesPerSecond: number;
  /** Pages of zeros that are examined per second, in bytes of memory; Infinity: they cost nothing. */
  readonly zeroBytesPerSecond: number;
  /** Guest memory for each byte on the wire. */
  readonly ratio: number;
  readonly bound: Bound;
}

const PAGE_BYTES = 4096;
/** Symbols that letters are drawn from, and the bits of a byte. */
const LETTERS = 26;
const BITS = 8;

/** What a stream may take of its link, in bytes per second on the wire. */
function linkOf({ gigabitsPerSecond, lineShare }: StreamInput, p: VmmParameters): number {
  return bytesPerSecondOf(gigabitsPerSecond) * lineShare * p.lineShare;
}

/**
 * Rates of a stream.
 *
 * @param linkBytesPerSecond what its links leave to it on the wire; default: its own share
 */
export function streamRates(
  input: StreamInput,
  p: VmmParameters,
  linkBytesPerSecond: number = linkOf(input, p),
): StreamRates {
  const { channels, compression } = input;
  const isMultifd = VMMS[input.vmm].hasMultifd && input.multifd;
  const lineBytesPerSecond = bytesPerSecondOf(input.gigabitsPerSecond);
  const own =
    VMMS[input.vmm].hasMultifd && !isMultifd ? p.qemuMainThreadBytesPerSecond : p[VMMS[input.vmm].channelRate];
  const perChannel = input.tls ? Math.min(own, p.tlsBytesPerSecond) : own;
  let wire = linkBytesPerSecond;
  let bound: Bound = 'link';
  if (compression === null && channels * perChannel < wire) {
    wire = channels * perChannel;
    bound = input.tls && p.tlsBytesPerSecond < own ? 'tls' : 'channels';
  }
  if (input.maxBytesPerSecond * p.capShare < wire) {
    wire = input.maxBytesPerSecond * p.capShare;
    bound = 'cap';
  }
  const ratio = compressionRatio(input, p);
  let memory = wire * ratio;
  const limit = (most: number, by: Bound): void => {
    if (most >= memory) return;
    memory = most;
    bound = by;
  };
  if (compression !== null)
    limit(compressedBytesPerSecond(compression, channels, perChannel * ratio, input.engines, p), 'compression');
  if (isMultifd) limit((PAGE_BYTES * NS_PER_S) / dataPageNs(input.zeroCheck, p), 'main thread');
  if (!input.preallocated) limit(faultedBytesPerSecond(channels, p), 'page faults');
  return {
    memoryBytesPerSecond: memory,
    wireBytesPerSecond: memory / ratio,
    lineBytesPerSecond,
    channelBytesPerSecond: Math.min(perChannel, wire),
    zeroBytesPerSecond: zeroBytesPerSecond(input, p),
    ratio,
    bound,
  };
}

/** A channel compresses and then sends, in one thread; engines are shared by all channels. Source: docs/pause.md. */
function compressedBytesPerSecond(
  compression: Compression,
  channels: number,
  sendBytesPerSecond: number,
  engines: number,
  p: VmmParameters,
): number {
  const alone = compressionRate(compression, p);
  const together = channels / (1 / alone + 1 / sendBytesPerSecond);
  return compression === 'deflate-hardware' ? Math.min(together, engines * p.engineBytesPerSecond) : together;
}

/** Threads that fault pages in share one lock, so that each further one helps less. */
function faultedBytesPerSecond(channels: number, p: VmmParameters): number {
  return (channels * p.faultBytesPerSecond) / (1 + p.faultContention * (channels - 1));
}

/** The main thread of QEMU for each page of data that a channel sends. */
function dataPageNs(zeroCheck: ZeroCheck, p: VmmParameters): number {
  return zeroCheck === 'mainThread' ? p.mainThreadPageNs : p.zeroWalkNs;
}

/** Cloud Hypervisor sends no page that was never touched, and does not examine the others. */
function zeroBytesPerSecond({ vmm, channels, multifd, zeroCheck }: StreamInput, p: VmmParameters): number {
  if (!VMMS[vmm].findsZeros) return Number.POSITIVE_INFINITY;
  const inChannels = multifd && zeroCheck === 'channels';
  const ns = inChannels ? Math.max(p.zeroWalkNs, p.zeroCheckNs / channels) : p.zeroPageNs;
  return (PAGE_BYTES * NS_PER_S) / ns;
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

function compressionRatio(input: StreamInput, p: VmmParameters): number {
  const { compression, compressionRatio: given, fill } = input;
  if (compression === null) return 1;
  if (given !== null) return given;
  if (fill === 'random') return 1;
  if (fill === 'letters') return (BITS / Math.log2(LETTERS)) * p.entropyShare;
  return compression === 'zstd'
    ? p.zstdRatio
    : compression === 'deflate-hardware'
      ? p.hardwareDeflateRatio
      : p.softwareDeflateRatio;
}

function compressionRate(compression: Compression, p: VmmParameters): number {
  switch (compression) {
    case 'zlib':
      return p.zlibBytesPerSecond;
    case 'zstd':
      return p.zstdBytesPerSecond;
    case 'deflate-hardware':
      return p.hardwareChannelBytesPerSecond;
    default:
      return p.deflateSoftwareBytesPerSecond;
  }
}
