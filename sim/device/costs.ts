/**
 * What a step costs in virtual nanoseconds, and how we know.
 *
 * Next to nothing about the speed of this hardware is public (docs/device.md 16), so that most figures are assumptions.
 * Each therefore carries a range, and a report that depends on one must sweep it: {@link lowCosts} and {@link highCosts}
 * are the two ends of the band, {@link pointCosts} is the nominal value.
 */
import type { AcceleratorKind } from '../abi/accelerators.ts';
import { mapValues } from '../base/keys.ts';

/** Where a figure comes from, best first. `measured` and `bounded` are of a user's own trace, by `stopcopy calibrate`; `derived` is arithmetic on published figures; `assumed` is a guess. */
export const COST_ORIGINS = ['driver-constant', 'measured', 'bounded', 'published', 'derived', 'assumed'] as const;
type CostOrigin = (typeof COST_ORIGINS)[number];

export interface Cost {
  /** Nominal value. */
  readonly ns: number;
  readonly min: number;
  readonly max: number;
  readonly from: CostOrigin;
  /** The text or the lines that the figure rests on; for an assumption, the nearest published fact. */
  readonly source: string;
  readonly why: string;
}

export const COST = {
  mmioReadNs: {
    ns: 700,
    min: 300,
    max: 1500,
    from: 'assumed',
    source: 'ttkmd_bench README: 741 ns per dependent 32-bit read of a discrete Gen5 x16 card',
    why: 'One round trip to the device. An integrated endpoint should answer faster than a card; nobody has published it.',
  },
  mmioWriteNs: {
    ns: 60,
    min: 10,
    max: 300,
    from: 'assumed',
    source: 'ttkmd_bench README: posted writes stream at 7.99 GB/s, so that the issuer hardly waits',
    why: 'A posted write costs its issuer a store and the barrier in front of it.',
  },
  mmioRead128Ns: {
    ns: 750,
    min: 300,
    max: 1800,
    from: 'assumed',
    source: 'as mmioReadNs',
    why: 'A load pair is one transaction on the bus, a little longer than a 32-bit read.',
  },
  mmioWrite128Ns: {
    ns: 120,
    min: 20,
    max: 500,
    from: 'assumed',
    source: 'as mmioWriteNs; docs/device.md 3.1 for the store barrier',
    why: 'A posted store pair after an outer-shareable store barrier.',
  },
  doorbellNs: {
    ns: 80,
    min: 10,
    max: 400,
    from: 'assumed',
    source: 'as mmioWriteNs',
    why: 'One 64-bit posted write with its barrier.',
  },
  mailboxCommandNs: {
    ns: 5_000,
    min: 500,
    max: 100_000,
    from: 'assumed',
    source: 'drivers poll every 10 us and gave up after 1 ms until 2026',
    why: 'The poll period suggests some microseconds; the old limit bounds it from above.',
  },
  pauseBaseNs: {
    ns: 20_000,
    min: 2_000,
    max: 500_000,
    from: 'assumed',
    source: 'PAUSE_QM had to fit into the 1 ms limit of the drivers up to 6.19',
    why: 'PAUSE_QM itself, before any wait for tasks in service.',
  },
  stopQueueBaseNs: {
    ns: 20_000,
    min: 2_000,
    max: 5_000_000,
    from: 'assumed',
    source: 'docs/device.md 12.2: STOP_QP was seen to need more than 1 ms; limit raised to 5 s',
    why: 'STOP_QP itself, before any wait for the queue to drain.',
  },
  flushBaseNs: {
    ns: 50_000,
    min: 5_000,
    max: 5_000_000,
    from: 'assumed',
    source: 'docs/device.md 12.2: FLUSH_QM was seen to need more than 1 ms; limit raised to 5 s',
    why: 'FLUSH_QM itself, before any wait for the function to drain.',
  },
  cacheWriteBackBaseNs: {
    ns: 5_000,
    min: 500,
    max: 100_000,
    from: 'assumed',
    source: 'the driver gives it 1 ms in all',
    why: 'Start and end of a context write-back.',
  },
  cacheWriteBackPerContextNs: {
    ns: 100,
    min: 20,
    max: 900,
    from: 'assumed',
    source: 'the driver gives it 1 ms in all, for up to 960 queue pairs',
    why: 'One 32-byte DMA write for each cached context; writes overlap.',
  },
  vftAccessNs: {
    ns: 2_000,
    min: 200,
    max: 50_000,
    from: 'assumed',
    source: 'the driver polls every 10 us for at most 1 ms',
    why: 'One access to an on-chip table.',
  },
  flrNs: {
    ns: 100_000_000,
    min: 100_000_000,
    max: 100_000_000,
    from: 'driver-constant',
    source: 'Linux pcie_flr(): msleep(100) unless the device says that it is ready at once',
    why: 'The wait after a function-level reset; the device is taken to be ready when it ends.',
  },
  sriovEnableNs: {
    ns: 100_000_000,
    min: 100_000_000,
    max: 100_000_000,
    from: 'driver-constant',
    source: 'Linux sriov_enable(): msleep(100)',
    why: 'Once for all VFs of a PF.',
  },
  usleepActualNs: {
    ns: 10_000,
    min: 3_000,
    max: 65_000,
    from: 'derived',
    source: 'iopoll.h with sleep_us = 10 asks for usleep_range(3, 10); 50 us is the timer slack of an ordinary task',
    why: 'One sleep of a register poll, as it really lasts.',
  },
  interruptNs: {
    ns: 3_000,
    min: 1_000,
    max: 20_000,
    from: 'assumed',
    source: 'no figure found for an MSI into a guest on Kunpeng',
    why: 'From the device raising a vector to the first instruction of the guest handler.',
  },
  syscallNs: {
    ns: 500,
    min: 100,
    max: 3_000,
    from: 'assumed',
    source: 'no figure found for Kunpeng 920',
    why: 'Into the VFIO driver and back, without its work.',
  },
  vcpuStopNs: {
    ns: 1_000_000,
    min: 100_000,
    max: 8_000_000,
    from: 'derived',
    source: 'Cloud Hypervisor PR 7290: 1 ms of sleep for each vCPU before the change, over 254 ms for 254 vCPUs',
    why: 'Stopping all vCPUs of one VM. Point: one such sleep, vCPUs side by side; dear end: eight vCPUs one after another.',
  },
  vcpuStartNs: {
    ns: 1_000_000,
    min: 100_000,
    max: 10_000_000,
    from: 'derived',
    source: 'Cloud Hypervisor commit f15999823: 1 ms for completing a migration',
    why: 'Starting all vCPUs of one VM.',
  },
  secTaskNs: {
    ns: 1_087,
    min: 500,
    max: 3_600,
    from: 'derived',
    source: 'UADK 76145d3a: 3.679 M ciphers of 1 KiB per second with 32 threads; spread over 4 cores',
    why: 'One 1 KiB cipher on one core.',
  },
  hpreTaskNs: {
    ns: 200_000,
    min: 100_000,
    max: 311_000,
    from: 'derived',
    source: 'Huawei CDN guide: 100 000 RSA-2048 operations per second and server, two devices; spread over 10 cores',
    why: 'One RSA-2048 private-key operation on one core.',
  },
  zipTaskNs: {
    ns: 5_653,
    min: 1_131,
    max: 14_700,
    from: 'derived',
    source: 'UADK docs/perf.rst: 7245 MB/s with 8 KiB blocks; spread over 5 cores',
    why: 'One 8 KiB deflate block on one core.',
  },
} as const satisfies Record<string, Cost>;

export type CostName = keyof typeof COST;

/** The cost of a task on one core, by kind of accelerator. */
export const TASK_COST = {
  sec: 'secTaskNs',
  hpre: 'hpreTaskNs',
  zip: 'zipTaskNs',
} as const satisfies Readonly<Record<AcceleratorKind, CostName>>;

/** One number for each entry of {@link COST}, in virtual nanoseconds. */
export type CostValues = Readonly<Record<CostName, number>>;

function pick(field: 'ns' | 'min' | 'max'): CostValues {
  return mapValues(COST, (cost) => cost[field]);
}

/** Nominal value of every cost, in ns. */
export function pointCosts(): CostValues {
  return pick('ns');
}

/** The cheap end of every range, in ns. */
export function lowCosts(): CostValues {
  return pick('min');
}

/** The dear end of every range, in ns. */
export function highCosts(): CostValues {
  return pick('max');
}

/** Costs of 0 ns each, where time is measured or only accesses count. */
export function zeroCosts(): CostValues {
  return mapValues(COST, () => 0);
}

/** Rows of a user's own table, by its name. */
export interface MeasuredTable {
  readonly name: string;
  /** Sentences: which rows it measured, which it only bounds, and what it does not reproduce. */
  readonly notes: readonly string[];
  readonly rows: Readonly<Partial<Record<CostName, Cost>>>;
}

let measuredTable: MeasuredTable | null = null;

/** Takes a user's own table, from now on in this thread; to be called before anything is played. */
export function useMeasuredCosts(table: MeasuredTable): void {
  for (const [cost, row] of Object.entries(table.rows)) Object.assign(COST[cost as CostName], row);
  measuredTable = table;
}

/** The user's table that is in use; null: none is. */
export function measuredTableInUse(): MeasuredTable | null {
  return measuredTable;
}

/** Name and notes of the user's table, as documents have them; nothing where none is in use. */
export function costsInUse(): { readonly costs?: string; readonly costNotes?: readonly string[] } {
  return measuredTable === null ? {} : { costs: measuredTable.name, costNotes: measuredTable.notes };
}
