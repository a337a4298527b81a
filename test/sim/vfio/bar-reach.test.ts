/**
 * Accesses that reach the control area of BAR2 under each answer of the 2021 discussion: every access around the boundary is
 * made, and compared with a set of bytes that is written down here from docs/device.md 10.
 */
import { describe, expect, test } from 'vitest';

import { ACCELERATORS, QM_HW } from '../../../sim/abi/accelerators.ts';
import { GENERATIONS } from '../../../sim/driver/generation.ts';
import { HEALTHY_KERNEL } from '../../../sim/driver/kernel.ts';
import type { RegisterPort } from '../../../sim/driver/port.ts';
import { BarMapping } from '../../../sim/vfio/bar-mapping.ts';
import { BarAccess, type BarClip, type BarPolicy, type BarPort } from '../../../sim/vfio/bar-policy.ts';
import { BAR_VARIANTS, type BarVariantName, reachOf } from '../../../sim/vfio/bar-reach.ts';
import { UserBuffer } from '../../../sim/vfio/user-buffer.ts';
import { VfioDevice } from '../../../sim/vfio/vfio-device.ts';
import { regionStruct, word64 } from './user-memory.ts';

const BAR2 = 2;
const BAR_BYTES = 0x10000;
const BOUNDARY = 0x8000;
const PAGES = [0x1000, 0x4000, 0x10000] as const;
const EINVAL = -22;
const EFAULT = -14;

/** How far a byte of BAR2 is within reach of the calls of a process: the rule of each variant, in one number. */
const REACH_ENDS: Readonly<Record<BarVariantName, number>> = {
  unclipped: 0x10000,
  infoOnly: 0x10000,
  merged: 0x8000,
  pfWindows: 0x10000,
};
const VARIANTS = Object.keys(REACH_ENDS) as BarVariantName[];

/** The set of bytes that exist for a process. */
function bytesOf(variant: BarVariantName): ReadonlySet<number> {
  return new Set(Array.from({ length: REACH_ENDS[variant] }, (_, byte) => byte));
}

/** Those bytes of an access that are in reach, up to the first that is not. Null: an access that begins out of reach. */
function expectedBytes(reach: ReadonlySet<number>, offset: number, length: number): number[] | null {
  if (!reach.has(offset)) return null;
  const bytes: number[] = [];
  for (let byte = offset; byte < offset + length && reach.has(byte); byte++) bytes.push(byte);
  return bytes;
}

class Recorder implements BarPort {
  read: number[] = [];
  written: number[] = [];

  readBar(offset: number, width: number, into: Uint8Array): void {
    for (let i = 0; i < width; i++) {
      into[i] = 0xee;
      this.read.push(offset + i);
    }
  }

  writeBar(offset: number, width: number): void {
    for (let i = 0; i < width; i++) this.written.push(offset + i);
  }

  clear(): void {
    this.read = [];
    this.written = [];
  }
}

/** Settings that make a device one of each variant. */
const DEVICES: Readonly<Record<BarVariantName, { readonly clip: BarClip; readonly pfMode: boolean }>> = {
  unclipped: { clip: 'none', pfMode: false },
  infoOnly: { clip: 'info', pfMode: false },
  merged: { clip: 'all', pfMode: false },
  pfWindows: { clip: 'all', pfMode: true },
};

/** A device whose registers are of no interest, except the one that says where the windows are. */
function open(variant: BarVariantName): { readonly device: VfioDevice; readonly seen: Recorder } {
  const { clip, pfMode } = DEVICES[variant];
  const seen = new Recorder();
  const facts = ACCELERATORS.zip;
  const silent: RegisterPort = {
    wide: new Uint32Array(4),
    read32: (_, offset) => Number(pfMode && offset === 0x100198),
    write32: () => undefined,
    write64: () => undefined,
    write128: () => undefined,
    read32Row: () => undefined,
    write32Row: () => undefined,
    write64Row: () => undefined,
    delayUs: () => undefined,
    sleepMs: () => undefined,
    poll: () => true,
  };
  const device = new VfioDevice({
    port: silent,
    bar: seen,
    generation: GENERATIONS['upstream-2026'],
    facts,
    functionNumber: 1,
    bar2Bytes: BAR_BYTES,
    pf: {
      hardware: pfMode ? QM_HW.V4 : QM_HW.V3,
      qmShutdownMask: facts.qmShutdownMask,
      coreShutdownMask: facts.coreShutdownMask,
      hasDae: false,
      resetting: false,
    },
    kernel: HEALTHY_KERNEL,
    resetsAtOpen: false,
    barClip: clip,
    onReset: () => undefined,
  });
  expect(device.open()).toBe(0);
  seen.clear();
  return { device, seen };
}

/** Places where something could end: the boundary, the end of the BAR, and a page on either side. */
const EDGES = [0, BOUNDARY, BAR_BYTES] as const;
const AROUND = 24;
const LENGTHS = 40;

/** @returns the bytes at and after the boundary that any access of the walk touched */
function walkCalls(variant: BarVariantName): ReadonlySet<number> {
  const { device, seen } = open(variant);
  const reach = bytesOf(variant);
  const upper = new Set<number>();
  const wrong: string[] = [];
  for (const edge of EDGES) {
    for (let offset = Math.max(0, edge - AROUND); offset <= edge + AROUND; offset++) {
      for (let length = 1; length <= LENGTHS; length++) {
        const expected = expectedBytes(reach, offset, length);
        const ret = expected === null ? EINVAL : expected.length;
        const user = new UserBuffer(new Uint8Array(length));
        seen.clear();
        const got = device.regionRead(BAR2, offset, length, user);
        const put = device.regionWrite(BAR2, offset, length, user);
        const same = (bytes: readonly number[]): boolean => bytes.join() === (expected ?? []).join();
        if (got !== ret || put !== ret || !same(seen.read) || !same(seen.written)) {
          wrong.push(`${offset}+${length}: ${got} ${put} ${seen.read.join()} ${seen.written.join()}`);
        }
        for (const byte of [...seen.read, ...seen.written]) if (byte >= BOUNDARY) upper.add(byte);
      }
    }
  }
  expect(wrong).toEqual([]);
  return upper;
}

/** Lengths of an mmap call: none, single bytes, and each number of pages with a byte more or less. */
function mapLengths(pageBytes: number): number[] {
  const pages = Array.from({ length: (2 * BAR_BYTES) / pageBytes + 1 }, (_, count) => count * pageBytes);
  return [...new Set([...pages.flatMap((bytes) => [bytes - 1, bytes, bytes + 1]), 1, 2048, 0x8000])].filter(
    (length) => length >= 0,
  );
}

/** Every multiple of 2 KiB and its neighbours. */
const MAP_OFFSETS = Array.from({ length: 36 }, (_, i) => 2048 * i).flatMap((at) =>
  at === 0 ? [0, 1] : [at - 1, at, at + 1],
);

/** Whether all bytes of all pages that a call would map are in reach; hosts map from page to page. */
function mayMap(reach: ReadonlySet<number>, pageBytes: number, offset: number, length: number): boolean {
  if (length === 0 || offset % pageBytes !== 0) return false;
  for (let page = offset; page < offset + length; page += pageBytes) {
    // A reach has no holes, so the two ends of a page speak for it.
    if (!reach.has(page) || !reach.has(page + pageBytes - 1)) return false;
  }
  return true;
}

/** Tries every mapping afresh, and every byte around the edges through it. @returns the bytes reached from the boundary on */
function walkMaps(variant: BarVariantName, pageBytes: number): ReadonlySet<number> {
  const { policy } = BAR_VARIANTS[variant];
  const reach = bytesOf(variant);
  const upper = new Set<number>();
  const wrong: string[] = [];
  for (const offset of MAP_OFFSETS) {
    for (const length of mapLengths(pageBytes)) {
      const mapping = new BarMapping(new BarAccess(new Recorder(), BAR_BYTES), policy, pageBytes);
      const may = mayMap(reach, pageBytes, offset, length);
      const ret = mapping.mmap(offset, length);
      const mapped = Math.ceil(length / pageBytes) * pageBytes;
      const domain = mapping.mapDma(offset, mapped);
      const domainExpected = may ? 0 : mapped === 0 || offset % pageBytes !== 0 ? EINVAL : EFAULT;
      if (ret !== (may ? 0 : EINVAL) || domain !== domainExpected) {
        wrong.push(`${offset}+${length}: ${ret} ${domain}`);
      }
      for (const edge of [...EDGES, offset, offset + mapped]) {
        for (let byte = Math.max(0, edge - 9); byte <= edge + 9; byte++) {
          for (const width of [1, 2, 4, 8]) {
            const through = may && byte >= offset && byte + width <= offset + mapped;
            const cpu = mapping.reachedByCpu(byte, width);
            const dma = mapping.reachedByDma(byte, width);
            if (cpu !== through || dma !== through)
              wrong.push(`${offset}+${length}: ${width} at ${byte}: ${cpu} ${dma}`);
            if (cpu && byte >= BOUNDARY) upper.add(byte);
          }
        }
      }
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  return upper;
}

describe('guests cannot reach the control area by CPU under the merged policy', () => {
  test('by read and write: every offset and length around the boundary', () => {
    expect([...walkCalls('merged')]).toEqual([]);
  });

  test.each(PAGES)(
    'by mmap, nor by DMA that the IOMMU translates: every offset and length, pages of %i bytes',
    (page) => {
      expect([...walkMaps('merged', page)]).toEqual([]);
    },
  );
});

describe.each(['unclipped', 'infoOnly'] as const)('under %s the control area lies open', (variant) => {
  test('to read and write', () => {
    const upper = walkCalls(variant);
    for (const byte of [BOUNDARY, BOUNDARY + 1, BAR_BYTES - 1]) expect(upper).toContain(byte);
  });

  test.each(PAGES)('to mmap and so to DMA, pages of %i bytes', (page) => {
    const upper = walkMaps(variant, page);
    for (const byte of [BOUNDARY, BOUNDARY + 1, BAR_BYTES - 1]) expect(upper).toContain(byte);
  });
});

describe('with the control windows in the PF the whole BAR is the guest’s', () => {
  test('for calls', () => {
    expect(walkCalls('pfWindows')).toContain(BAR_BYTES - 1);
  });

  test.each(PAGES)('for mappings of pages of %i bytes', (page) => {
    expect(walkMaps('pfWindows', page)).toContain(BAR_BYTES - 1);
  });
});

test.each([
  ['unclipped', 0x10000n],
  ['infoOnly', 0x8000n],
  ['merged', 0x8000n],
  ['pfWindows', 0x10000n],
] as const)('region info under %s', (variant, size) => {
  const user = regionStruct(BAR2);
  open(variant).device.regionInfo(user);
  expect(word64(user, 16)).toBe(size);
});

test.each(VARIANTS)('the policy of a device that is %s is the one that is examined', (variant) => {
  // The calls of the device, at one page size, against the mapping model of the same variant.
  const { device } = open(variant);
  const mapping = new BarMapping(new BarAccess(new Recorder(), BAR_BYTES), BAR_VARIANTS[variant].policy, 0x1000);
  for (let start = 0; start <= BAR_BYTES; start += 0x1000) {
    for (let length = 0x1000; length <= BAR_BYTES + 0x1000; length += 0x1000) {
      expect(device.map(BAR2, start, length, true)).toBe(mapping.mmap(start, length));
    }
  }
});

describe('reachOf() says in ranges what the walk found', () => {
  const all = [{ start: 0, end: BAR_BYTES }];
  const lower = [{ start: 0, end: BOUNDARY }];

  test.each(VARIANTS.flatMap((variant) => PAGES.map((page) => [variant, page] as const)))('%s, %i', (variant, page) => {
    const reached = REACH_ENDS[variant] === BAR_BYTES ? all : lower;
    const mapped = variant === 'merged' && page === 0x10000 ? [] : reached;
    const exposed = variant === 'unclipped' || variant === 'infoOnly';
    expect(reachOf(variant, page)).toEqual({
      variant,
      pageBytes: page,
      toldBytes: variant === 'unclipped' || variant === 'pfWindows' ? BAR_BYTES : BOUNDARY,
      read: reached,
      write: reached,
      mmap: mapped,
      dma: mapped,
      control: variant === 'pfWindows' ? null : { start: BOUNDARY, end: BAR_BYTES },
      controlByCpu: exposed,
      controlByDma: exposed,
    });
  });
});

test('a mapping of nothing, of parts of pages, or of what the process has not got', () => {
  const policy: BarPolicy = 'half';
  const mapping = new BarMapping(new BarAccess(new Recorder(), BAR_BYTES), policy, 0x1000);
  expect([mapping.mmap(0, 0), mapping.mmap(2048, 0x1000), mapping.mapDma(0, 0x1000)]).toEqual([EINVAL, EINVAL, EFAULT]);
  expect(mapping.mmap(0, 1)).toBe(0);
  expect([mapping.mapDma(0, 0x800), mapping.mapDma(0, 0x2000), mapping.mapDma(0, 0x1000)]).toEqual([EINVAL, EFAULT, 0]);
  expect([mapping.reachedByCpu(0xffc, 8), mapping.reachedByDma(0xff8, 8)]).toEqual([false, true]);
});
