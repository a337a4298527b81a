/**
 * What moving a whole VM takes in addition to its VFs' registers: figures with source and range.
 */
import { mapValues } from '../base/keys.ts';
import { MIB } from '../base/units.ts';
import { PAUSE_PARAMETER } from './pause-parameters.ts';
import { STREAM_PARAMETER } from './stream-parameters.ts';

export const VMM_PARAMETER = { ...STREAM_PARAMETER, ...PAUSE_PARAMETER } as const;

export type VmmParameterName = keyof typeof VMM_PARAMETER;

/** One value for each parameter. */
export type VmmParameters = Readonly<Record<VmmParameterName, number>>;

function all(end: 'value' | 'short' | 'long'): VmmParameters {
  return mapValues(VMM_PARAMETER, (parameter) => parameter[end]);
}

/** Nominal values. */
export function pointParameters(): VmmParameters {
  return all('value');
}

/** Every parameter where it makes a pause short. */
export function shortParameters(): VmmParameters {
  return all('short');
}

/** Every parameter where it makes a pause long. */
export function longParameters(): VmmParameters {
  return all('long');
}

/** Sizes and periods of the VMMs, as they are in their source; not parameters. */
export const QEMU = {
  pageBytes: 4096,
  /** What a page of zeros is on the wire, without a header of its own block. */
  zeroPageWireBytes: 9,
  /** Guest memory in one multifd packet. */
  packetBytes: 512 * 1024,
  /** Rate limit and bandwidth are computed over such a window; switchover is decided at its ends. */
  windowNs: 100_000_000,
  /** Without a rate limit an iteration ends after this time. */
  iterationNs: 50_000_000,
  downtimeLimitNs: 300_000_000,
  /** A larger limit is refused. */
  downtimeLimitMaxNs: 2_000_000_000_000,
  maxBandwidthBytesPerSecond: 128 * MIB,
  /** Read of a device's data at once, at most. */
  deviceBufferBytes: MIB,
  /** One VFIO data section around a block, in bytes. */
  sectionOverheadBytes: 34,
} as const;
