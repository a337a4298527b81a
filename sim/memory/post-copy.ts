/**
 * What follows the pause of a move by post-copy: the VM runs at the destination, and memory that is not there yet comes after it,
 * pushed by the source or asked for page by page, and at once where a vCPU waits for it. Source: docs/pause.md.
 */
import { NS_PER_S } from '../base/units.ts';
import { type DirtyModel, type DmaWrites, memoryClasses } from './dirty.ts';
import type { VmmParameters } from './parameters.ts';
import { type StreamInput, type StreamRates, streamRates } from './stream.ts';
import { VMMS } from './vmms.ts';

/** A figure with the ends between which it lies, whatever the parameters are. */
export interface Bounded {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface PostCopyPhase {
  /** Memory that was left when the VM was stopped, in bytes. */
  readonly leftBytes: number;
  /** From the running destination until the last page is there, in ns. */
  readonly arrivesNs: number;
  /** How long a vCPU waits for a page that is not there, in ns: at once, or after others. */
  readonly requestNs: Bounded;
  /** Pages that vCPUs wait for: none, those that the guest writes before they have come, or all. */
  readonly waitedPages: Bounded;
  /** Share of their time that vCPUs do not wait, until the last page is there. */
  readonly speed: Bounded;
}

export interface LeftMemory {
  readonly leftBytes: number;
  /** Pages of zeros that are left as well. */
  readonly zeroBytes: number;
  /** When the VM runs at the destination, ns from the start of the move. */
  readonly resumedNs: number;
}

/** The memory of the VM; `MemoryInput` in full. */
interface WrittenMemory {
  readonly bytes: number;
  readonly nonZeroShare: number;
  readonly pageBytes: number;
  readonly dirty: DirtyModel;
  readonly dma?: DmaWrites;
}

/** How memory comes after the switch, whatever is left of it. */
export interface PageWays {
  /** What one channel carries, uncompressed and without a cap: memory after the switch takes no more. */
  readonly rates: StreamRates;
  /** How long a vCPU waits for a page that goes at once, in ns. */
  readonly aloneNs: number;
  /** What it waits on top of that for what lies in the socket before its page, in ns. */
  readonly queuedNs: number;
}

/** The ways of pages where the source pushes them. */
export function pageWays(stream: StreamInput, pageBytes: number, p: VmmParameters): PageWays {
  const one = {
    ...stream,
    channels: 1,
    multifd: false,
    compression: null,
    maxBytesPerSecond: Number.POSITIVE_INFINITY,
  };
  const rates = streamRates(one, p);
  const aloneNs = 2 * stream.latencyNs + (pageBytes / rates.wireBytesPerSecond) * NS_PER_S + p.pageRequestNs;
  return { rates, aloneNs, queuedNs: (p.channelBacklogBytes / rates.wireBytesPerSecond) * NS_PER_S };
}

/** The phase after the pause. */
export function postCopyPhase(
  { memory, stream, vcpus }: { readonly memory: WrittenMemory; readonly stream: StreamInput; readonly vcpus: number },
  { leftBytes, zeroBytes, resumedNs }: LeftMemory,
  p: VmmParameters,
): PostCopyPhase {
  const { pageBytes } = memory;
  const { rates, aloneNs, queuedNs: inSocketNs } = pageWays(stream, pageBytes, p);
  const isPushed = VMMS[stream.vmm].pushesPages;
  const pages = leftBytes / pageBytes;
  const pushedNs = (leftBytes / rates.memoryBytesPerSecond + zeroBytes / rates.zeroBytesPerSecond) * NS_PER_S;
  const arrivesNs = isPushed ? pushedNs : pages * aloneNs;
  // A page that is asked for goes ahead of those that are pushed, or waits for the socket in front of it; where one thread
  // asks for page after page, it waits for the page under way, and for those of all other vCPUs.
  const queuedNs = isPushed ? inSocketNs : vcpus * aloneNs;
  const requestNs = { value: aloneNs, low: aloneNs, high: aloneNs + queuedNs };
  const written = writtenPages(memory, resumedNs, arrivesNs);
  // Pages come evenly: of those that are written at any time, half are there when they are.
  const waitedPages = { value: Math.min(pages, written / 2), low: 0, high: pages };
  // A vCPU waits after each page that it misses, and works between.
  const speedAt = (waited: number, ns: number): number =>
    arrivesNs === 0 ? 1 : 1 / (1 + (waited * ns) / (vcpus * arrivesNs));
  const speed = {
    value: speedAt(waitedPages.value, requestNs.value),
    low: speedAt(waitedPages.high, requestNs.high),
    high: 1,
  };
  return { leftBytes, arrivesNs, requestNs, waitedPages, speed };
}

/** Pages that the guest and its devices write in a time, each counted once. */
function writtenPages(
  { bytes, nonZeroShare, dirty, dma, pageBytes }: WrittenMemory,
  fromNs: number,
  ns: number,
): number {
  const sets = memoryClasses(dirty, bytes * nonZeroShare, pageBytes, dma, false);
  const written = sets.map((set) => (set.setBytes > 0 ? set.writtenBytes(fromNs, fromNs + ns, 1) : 0));
  return written.reduce((sum, each) => sum + each, 0) / pageBytes;
}
