/**
 * How far a guest gets into BAR2 under each of the answers to one question of 2021: the control area of a migration lies
 * in the BAR that the guest has, so what keeps the guest out of it?
 *
 * Not computed but tried: every access is made against the policy, and what it touched is noted. What follows stands in
 * docs/isolation-report.md 3.
 */
import { GUEST_BAR2_DIVISOR, REGION } from '../abi/region.ts';
import { VF_BAR2_BYTES } from '../abi/registers.ts';
import { BarMapping } from './bar-mapping.ts';
import { BarAccess, type BarPolicy, type BarPort } from './bar-policy.ts';
import { UserBuffer } from './user-buffer.ts';

interface BarVariant {
  readonly policy: BarPolicy;
  /** Whose BAR2 holds the control area. */
  readonly controlIn: 'vf' | 'pf';
  /** What is done, for display. */
  readonly what: string;
}

export const BAR_VARIANTS = {
  unclipped: { policy: 'plain', controlIn: 'vf', what: 'nothing is hidden' },
  infoOnly: { policy: 'told', controlIn: 'vf', what: 'region info reports half the BAR; no call stops there' },
  merged: { policy: 'half', controlIn: 'vf', what: 'info, read, write and mmap all stop at the half' },
  pfWindows: {
    policy: 'whole',
    controlIn: 'pf',
    what: 'control windows in the BAR of the PF; the VF shows all of its own',
  },
} as const satisfies Record<string, BarVariant>;

export type BarVariantName = keyof typeof BAR_VARIANTS;

/** Bytes from `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface BarReach {
  readonly variant: BarVariantName;
  readonly pageBytes: number;
  /** Size in region info: as far as a VMM goes that asks for no more. */
  readonly toldBytes: number;
  /** Bytes of the VF's BAR2 that calls and mappings reach if the process tries everything. */
  readonly read: readonly ByteRange[];
  readonly write: readonly ByteRange[];
  readonly mmap: readonly ByteRange[];
  /** Bytes that the process can put into the IOMMU domain of its guest. */
  readonly dma: readonly ByteRange[];
  /** The control area within the VF's BAR2; null when it is elsewhere. */
  readonly control: ByteRange | null;
  /** Whether any of the four gets to the control area, by a CPU and by DMA. */
  readonly controlByCpu: boolean;
  readonly controlByDma: boolean;
}

/** The widest access tried at each offset. */
const PROBE_BYTES = 8;

/** Notes the bytes that accesses touch. */
class Notes implements BarPort {
  readonly read: Uint8Array = new Uint8Array(VF_BAR2_BYTES + PROBE_BYTES);
  readonly written: Uint8Array = new Uint8Array(VF_BAR2_BYTES + PROBE_BYTES);

  readBar(offset: number, width: number, into: Uint8Array): void {
    into.fill(0, 0, width);
    this.read.fill(1, offset, offset + width);
  }

  writeBar(offset: number, width: number): void {
    this.written.fill(1, offset, offset + width);
  }
}

/**
 * What is reached of a VF's BAR2 of 64 KiB.
 *
 * @param pageBytes the host's pages: 4, 16 or 64 KiB
 */
export function reachOf(variant: BarVariantName, pageBytes: number): BarReach {
  const { policy, controlIn } = BAR_VARIANTS[variant];
  const notes = new Notes();
  const bars = new BarAccess(notes, VF_BAR2_BYTES);
  const user = new UserBuffer(new Uint8Array(PROBE_BYTES));
  for (let offset = 0; offset <= VF_BAR2_BYTES; offset++) {
    bars.read(policy, REGION.BAR2, offset, PROBE_BYTES, user);
    bars.write(policy, REGION.BAR2, offset, PROBE_BYTES, user);
  }

  const mapping = new BarMapping(bars, policy, pageBytes);
  for (let start = 0; start < VF_BAR2_BYTES; start += pageBytes) {
    for (let end = start + pageBytes; end <= VF_BAR2_BYTES + pageBytes; end += pageBytes) {
      mapping.mmap(start, end - start);
      mapping.mapDma(start, end - start);
    }
  }
  const inProcess = bytesWhere((offset) => mapping.reachedByCpu(offset, 1));
  const inDomain = bytesWhere((offset) => mapping.reachedByDma(offset, 1));

  const control = controlIn === 'vf' ? { start: VF_BAR2_BYTES / GUEST_BAR2_DIVISOR, end: VF_BAR2_BYTES } : null;
  const touches = (bytes: Uint8Array): boolean =>
    control !== null && bytes.subarray(control.start, control.end).includes(1);
  return {
    variant,
    pageBytes,
    toldBytes: bars.reportedBytes(policy),
    read: rangesOf(notes.read),
    write: rangesOf(notes.written),
    mmap: rangesOf(inProcess),
    dma: rangesOf(inDomain),
    control,
    controlByCpu: touches(notes.read) || touches(notes.written) || touches(inProcess),
    controlByDma: touches(inDomain),
  };
}

function bytesWhere(reached: (offset: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: VF_BAR2_BYTES }, (_, offset) => Number(reached(offset)));
}

function rangesOf(bytes: Uint8Array): ByteRange[] {
  const ranges: ByteRange[] = [];
  for (let start = bytes.indexOf(1); start >= 0;) {
    const gap = bytes.indexOf(0, start);
    const end = gap < 0 ? bytes.length : gap;
    ranges.push({ start, end });
    start = bytes.indexOf(1, end);
  }
  return ranges;
}
