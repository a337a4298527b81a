/**
 * Sizes as other programs print them.
 */
import { GIB, GIGA, KIB, KILO, MEGA, MIB, TIB } from '../../sim/base/units.ts';

const BINARY: Readonly<Record<string, number>> = {
  B: 1,
  KiB: KIB,
  MiB: MIB,
  GiB: GIB,
  TiB: TIB,
  PiB: TIB * KIB,
  EiB: TIB * MIB,
};

export interface Size {
  readonly bytes: number;
  /** Value of one of its last digit, in bytes: what was printed is known to half of it. */
  readonly digitBytes: number;
}

/** `22.539 GiB`, as virsh and Proxmox VE print it; a comma may stand for the point. Undefined: it is none. */
export function sizeOf(text: string): Size | undefined {
  const [, number, unit] = /^(\d+(?:[.,]\d+)?) ?([KMGTPE]iB|B)(?:\/s)?$/.exec(text.trim()) ?? [];
  if (number === undefined || unit === undefined) return undefined;
  return scaled(number, BINARY[unit]!);
}

/** A number as printed, in units of so many bytes. */
export function scaled(number: string, unitBytes: number): Size {
  const plain = number.replace(',', '.');
  const digits = plain.split('.')[1]?.length ?? 0;
  return { bytes: Math.round(Number(plain) * unitBytes), digitBytes: unitBytes * 10 ** -digits };
}

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: KILO,
  M: MEGA,
  G: GIGA,
  T: GIGA * KILO,
  P: GIGA * MEGA,
  E: GIGA * GIGA,
  Ki: KIB,
  Mi: MIB,
  Gi: GIB,
  Ti: TIB,
  Pi: TIB * KIB,
  Ei: TIB * MIB,
};

/** A quantity of Kubernetes, `8G`, `32Gi`, `500m`, `1e3`; undefined: it is none. */
export function kubernetesQuantity(given: unknown): number | undefined {
  if (typeof given === 'number') return Number.isFinite(given) && given >= 0 ? given : undefined;
  if (typeof given !== 'string') return undefined;
  const [, number, exponent = '', suffix = ''] =
    /^\+?(\d+(?:\.\d*)?|\.\d+)(?:([eE][+-]?\d{1,2})|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?$/.exec(given) ?? [];
  if (number === undefined) return undefined;
  return Number(`${number}${exponent}`) * SUFFIXES[suffix]!;
}
