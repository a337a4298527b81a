/**
 * The machines and the release that a move runs on, put into the parameters: how fast a core is, and which code of QEMU.
 */
import type { Spread } from '../base/draws.ts';
import { keysOf } from '../base/keys.ts';
import type { RangeEnd } from './device-profile.ts';
import {
  longParameters,
  pointParameters,
  shortParameters,
  VMM_PARAMETER,
  type VmmParameterName,
  type VmmParameters,
} from './parameters.ts';

interface CpuFacts {
  readonly title: string;
  /** Rates of one thread that copies or compresses, 1 for the reference core. */
  readonly throughput: number;
  /** The same of what is made of many short steps: exits, system calls, locks. */
  readonly speed: number;
  /** Labs whose measurements say so. */
  readonly evidence: readonly string[];
  readonly source: string;
}

/** Classes of cores. Collected 30 November 2026. */
const CPU_CLASSES = {
  'sapphire-rapids': {
    title: 'Xeon 84xx, Sapphire Rapids',
    throughput: 1,
    speed: 1,
    evidence: [],
    source: 'the reference',
  },
  'ice-lake': {
    title: 'Xeon 83xx, Ice Lake',
    throughput: 0.78,
    speed: 0.78,
    evidence: ['chuang-xu'],
    source: 'table bytedance-load: loads of 20 ms against 30 on Xeon 8260',
  },
  'cascade-lake': {
    title: 'Xeon 52xx, 62xx, 82xx, Cascade Lake and Skylake',
    throughput: 0.57,
    speed: 0.57,
    evidence: ['chuang-xu', 'szmigiero'],
    source: 'table bytedance-load, and tables multifd: loads 1.5 times as long as on Xeon 8362',
  },
  'kunpeng-920': {
    title: 'Kunpeng 920',
    throughput: 0.33,
    speed: 0.8,
    evidence: ['kolothum'],
    source:
      'table d06: zlib at 51 MB/s against 150 to 200 that are typical of the reference core; downtimes of 73 to 108 ms',
  },
} as const satisfies Readonly<Record<string, CpuFacts>>;

export type CpuClass = keyof typeof CPU_CLASSES;
export const CPU_CLASS_NAMES = keysOf(CPU_CLASSES);

/** Classes of cores that rest on that lab's measurements alone. */
export function cpuClassesOf(lab: string): readonly CpuClass[] {
  return CPU_CLASS_NAMES.filter((name) => {
    const { evidence }: CpuFacts = CPU_CLASSES[name];
    return evidence.length > 0 && evidence.every((each) => each === lab);
  });
}

/** The machines at both ends, and the VMM's release; undefined: not known. */
export interface Platform {
  readonly cpu?: CpuClass | undefined;
  /** QEMU's release, such as 8.2. */
  readonly qemu?: number | undefined;
}

/** From this release on threads compress faster (June 2024). */
const FASTER_BUILD = 9.1;

const SCALED: readonly VmmParameterName[] = keysOf(VMM_PARAMETER).filter((name) => VMM_PARAMETER[name].cpu !== null);
const BUILT: readonly VmmParameterName[] = [
  'deflateSoftwareBytesPerSecond',
  'zstdBytesPerSecond',
  'zlibBytesPerSecond',
];

/** By the parameters, then by the platform: an answer asks for those of a draw thousands of times. */
const known = new WeakMap<VmmParameters, Map<string, VmmParameters>>();

/** The parameters as they are on a platform: those of a core scaled by its speed, those of older code slower. */
export function onPlatform(p: VmmParameters, platform: Platform = {}): VmmParameters {
  const own = known.get(p) ?? new Map<string, VmmParameters>();
  if (own.size === 0) known.set(p, own);
  const key = `${platform.cpu} ${platform.qemu}`;
  const made = own.get(key) ?? scaledTo(p, platform);
  own.set(key, made);
  return made;
}

function scaledTo(p: VmmParameters, { cpu, qemu }: Platform): VmmParameters {
  const throughput = cpu === undefined ? p.unknownCpuSpeed : CPU_CLASSES[cpu].throughput * p.cpuSpeed;
  const speed = cpu === undefined ? p.unknownCpuSpeed : CPU_CLASSES[cpu].speed * p.cpuSpeed;
  const scaled: Record<VmmParameterName, number> = { ...p };
  for (const name of SCALED) {
    scaled[name] = VMM_PARAMETER[name].cpu === 'rate' ? p[name] * throughput : p[name] / speed;
  }
  // The mean of both for a release that is not stated.
  const build = qemu === undefined ? (1 + p.olderBuildSpeed) / 2 : qemu < FASTER_BUILD ? p.olderBuildSpeed : 1;
  for (const name of BUILT) scaled[name] *= build;
  return scaled;
}

/** Values and ranges of a user's platform, by the names of parameters. */
export type OwnSpreads = Readonly<Partial<Record<VmmParameterName, Spread>>>;

/**
 * All parameters at one end of their ranges.
 *
 * @param own what stands in place of the shipped ones
 */
export function parametersAt(end: RangeEnd, own: OwnSpreads = {}): VmmParameters {
  const names = keysOf(own);
  if (names.length === 0) return PARAMETERS[end];
  const values: Record<VmmParameterName, number> = { ...PARAMETERS[end] };
  for (const name of names) {
    const { short, long } = VMM_PARAMETER[name];
    const { value, low, high } = own[name]!;
    values[name] = end === 'point' ? value : (end === 'short') === short <= long ? low : high;
  }
  return values;
}

const PARAMETERS: Readonly<Record<RangeEnd, VmmParameters>> = {
  point: pointParameters(),
  short: shortParameters(),
  long: longParameters(),
};
