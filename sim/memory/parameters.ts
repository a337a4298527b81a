/**
 * What moving a whole VM takes besides its VFs' registers: figures with source and range.
 *
 * `fitted` figures were set so that one published measurement comes out right; the measurement is named, and
 * `stopcopy validate` counts them against the measurements that they then predict.
 */
import { mapValues } from '../base/keys.ts';
import { COST_ORIGINS } from '../device/costs.ts';
import { MIB } from '../base/units.ts';

export const PARAMETER_ORIGINS = [...COST_ORIGINS, 'fitted'] as const;
type ParameterOrigin = (typeof PARAMETER_ORIGINS)[number];

interface Parameter {
  /** Best guess. */
  readonly value: number;
  /** The end of the range that makes a pause short. */
  readonly short: number;
  /** The end of the range that makes a pause long. */
  readonly long: number;
  readonly unit: string;
  readonly from: ParameterOrigin;
  /** What the figure rests on; of a fitted one, the rows that it was fitted to. */
  readonly source: string;
  readonly why: string;
}

export const VMM_PARAMETER = {
  lineShare: {
    value: 0.88,
    short: 0.9415,
    long: 0.8,
    unit: 'of the line rate',
    from: 'fitted',
    source: 'table sapphire-rapids, 8 channels without compression: 86 488 Mbit/s of 100 Gbit/s',
    why: 'What many channels together carry of guest memory. 1448 of 1538 bytes of an Ethernet frame are the upper bound.',
  },
  qemuChannelBytesPerSecond: {
    value: 4.17e9,
    short: 7.5e9,
    long: 1.25e9,
    unit: 'B/s',
    from: 'fitted',
    source: 'table sapphire-rapids, 2 channels without compression: 66 782 Mbit/s',
    why: 'One multifd channel is one thread; 10 to 20 Gbit/s were seen on earlier hardware, 60 on one iperf3 stream.',
  },
  cloudHypervisorChannelBytesPerSecond: {
    value: 1.783e9,
    short: 2.1e9,
    long: 1.25e9,
    unit: 'B/s',
    from: 'fitted',
    source: 'table connections, 1 and 4 connections',
    why: 'One TCP connection of Cloud Hypervisor on a 100 Gbit/s line.',
  },
  tlsBytesPerSecond: {
    value: 1.25e9,
    short: 3e9,
    long: 0.5e9,
    unit: 'B/s per channel',
    from: 'assumed',
    source: 'no rate of a TLS channel of QEMU was found',
    why: 'AES-GCM by one thread, with the copies around it.',
  },
  vcpuStateNs: {
    value: 600_000,
    short: 200_000,
    long: 1_200_000,
    unit: 'ns per vCPU',
    from: 'fitted',
    source: 'table multifd, 1 VF: what remains of 487 ms beside the device, with 24 vCPUs',
    why: 'State of vCPUs and platform devices: saved, sent and loaded one after another.',
  },
  olderVcpuStateNs: {
    value: 1_090_000,
    short: 600_000,
    long: 1_600_000,
    unit: 'ns per vCPU',
    from: 'fitted',
    source: 'table d06, 2 channels without compression, with 64 vCPUs',
    why: 'The same on a HiSilicon D06 board.',
  },
  cloudHypervisorStateNs: {
    value: 27_000_000,
    short: 10_000_000,
    long: 40_000_000,
    unit: 'ns',
    from: 'published',
    source: 'Cloud Hypervisor commit f15999823: 7 ms state, 19 ms sending it, 1 ms completing',
    why: 'Everything but memory in the pause of a small VM.',
  },
  dirtySyncNsPerGib: {
    value: 11_000_000,
    short: 1_500_000,
    long: 15_000_000,
    unit: 'ns per GiB that is dirty',
    from: 'derived',
    source: 'Cloud Hypervisor commit 39768704f: 59 to 66 ms per round, 5.3 GiB dirty in each',
    why: 'Reading and re-arming the dirty log between two rounds.',
  },
  finalSyncNsPerGib: {
    value: 3_900_000,
    short: 1_000_000,
    long: 11_000_000,
    unit: 'ns per GiB that is dirty',
    from: 'derived',
    source:
      'Cloud Hypervisor issue 8899: 25 ms for the bitmap of 64 GiB of which a tenth is dirty, 12 ms after a change',
    why: 'The last look at the dirty log, in the pause. The vCPUs stand still, so that nothing is protected again.',
  },
  dirtyLogStartNsPerGib: {
    value: 4_500_000,
    short: 100_000,
    long: 5_000_000,
    unit: 'ns per GiB',
    from: 'published',
    source: 'Cloud Hypervisor issue 8899: 4-5 ms per GiB, 0.1 ms with manual protection and an initially set log',
    why: 'Starting the dirty log, before anything is sent.',
  },
  redirtyNsPerPage: {
    value: 260,
    short: 100,
    long: 500,
    unit: 'ns of vCPU time per page',
    from: 'published',
    source: 'Cloud Hypervisor issue 8899',
    why: 'What the guest pays for the first write to a page after each round.',
  },
  softwareCompressionBytesPerSecond: {
    value: 0.41e9,
    short: 0.5e9,
    long: 0.32e9,
    unit: 'B/s per channel',
    from: 'fitted',
    source: 'table sapphire-rapids, QPL software with 8 channels',
    why: 'Guest memory that one thread compresses in software (fast deflate, zstd level 1).',
  },
  zlibBytesPerSecond: {
    value: 51e6,
    short: 80e6,
    long: 40e6,
    unit: 'B/s per channel',
    from: 'fitted',
    source: 'table d06, zlib with 2 channels',
    why: 'Guest memory that one core of a D06 board compresses with zlib.',
  },
  hardwareCompressionBytesPerSecond: {
    value: 3e9,
    short: 4.17e9,
    long: 2e9,
    unit: 'B/s per channel',
    from: 'fitted',
    source: 'table sapphire-rapids, IAA with 4 channels',
    why: 'Guest memory that one channel puts through an engine (IAA; UADK on ZIP is bound by the line).',
  },
  deflateRatio: {
    value: 1.85,
    short: 2,
    long: 1.7,
    unit: 'to 1',
    from: 'fitted',
    source: 'table sapphire-rapids, IAA under the cap of 1 GB/s, 8 channels',
    why: 'Deflate by page, engine and fast software alike, on the Silesia corpus and on the random fill of table d06.',
  },
  zstdRatio: {
    value: 2.9,
    short: 3.1,
    long: 2.6,
    unit: 'to 1',
    from: 'fitted',
    source: 'table sapphire-rapids, zstd with 4 channels',
    why: 'zstd level 1 on the Silesia corpus by page.',
  },
  faultBytesPerSecond: {
    value: 0.61e9,
    short: 1e9,
    long: 0.34e9,
    unit: 'B/s per channel',
    from: 'fitted',
    source: 'table sapphire-rapids, no preallocation, 2 channels',
    why: 'Memory that one channel of a destination fills whose pages must be faulted in first.',
  },
} as const satisfies Readonly<Record<string, Parameter>>;

export type VmmParameterName = keyof typeof VMM_PARAMETER;

/** One value for each parameter. */
export type VmmParameters = Readonly<Record<VmmParameterName, number>>;

function all(end: 'value' | 'short' | 'long'): VmmParameters {
  return mapValues(VMM_PARAMETER, (parameter) => parameter[end]);
}

/** Best guesses. */
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
  /** Guest memory in one multifd packet. */
  packetBytes: 512 * 1024,
  /** Rate limit and bandwidth are reckoned over such a window; the switch is decided at its ends. */
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
  /** Auto-converge: first and further steps of throttling, and its end, in percent. */
  throttleInitialPercent: 20,
  throttleStepPercent: 10,
  throttleMaxPercent: 99,
} as const;
