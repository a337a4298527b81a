/**
 * Where one function's queue structures lie in the guest's RAM.
 *
 * First the QM memory, one allocation of EQ, AEQ, SQC table and CQC table in this order, each part aligned to 32 bytes;
 * then, page aligned, the SQ and the CQ of every queue in one run; last the buffers by which contexts are handed to the
 * mailbox. Sizes and order: docs/device.md 6. The genuine driver allocates each queue on its own (with a spare page);
 * here they lie together so that the structures travel as a few large pieces.
 */
import { ACCELERATORS, type AcceleratorKind } from '../abi/accelerators.ts';
import { AEQE, CQC, CQE, DEPTH, EQE, QM_MEMORY_ALIGN, SQC } from '../abi/contexts.ts';
import { QUEUES_TOTAL } from '../abi/vft.ts';
import { bug } from '../base/bug.ts';
import { UserError } from '../base/user-error.ts';

/** Guest page: the smallest of the three that QM_PAGE_SIZE knows (docs/device.md 2.1). */
const PAGE_BYTES = 4096;

/** Entries in each kind of ring. */
export interface QueueDepths {
  readonly sq: number;
  readonly cq: number;
  readonly eq: number;
  readonly aeq: number;
}

type SectionName = 'eq' | 'aeq' | 'sqc' | 'cqc' | 'queues';

/** A run of the guest's RAM that belongs to the function: offset from the layout's DMA base, both in bytes. */
interface LayoutSection {
  readonly name: SectionName;
  readonly offset: number;
  readonly bytes: number;
}

interface LayoutOptions {
  readonly kind: AcceleratorKind;
  readonly queuePairs: number;
  /** DMA address of the first byte, a multiple of the page; the base of the guest's {@link GuestMemory}. */
  readonly dmaBase: number;
  readonly depths?: Partial<QueueDepths>;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

function checkRange(what: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UserError('input', `${what} is ${value}`, `a whole number from ${least} to ${most}`);
}

export class QueueLayout {
  readonly kind: AcceleratorKind;
  readonly sqeBytes: number;
  readonly queuePairs: number;
  readonly depths: QueueDepths;
  readonly dmaBase: number;

  /** Byte offsets from {@link dmaBase}. */
  readonly eqOffset: number;
  readonly aeqOffset: number;
  readonly sqcOffset: number;
  readonly cqcOffset: number;
  readonly queuesOffset: number;

  /** Four 32-byte buffers for contexts on their way into a mailbox command. Dead once the command is done. */
  readonly contextBufferOffset: number;

  /** Bytes from a queue's SQ to its CQ, and from one queue's SQ to the next queue's. */
  readonly sqStride: number;
  readonly queueStride: number;

  /** RAM that the function needs, including padding and context buffers. */
  readonly totalBytes: number;

  /** All that must travel with the VF apart from its registers, by rising offset. */
  readonly sections: readonly LayoutSection[];

  /** Sum of the sections. */
  readonly sectionBytes: number;

  constructor(options: LayoutOptions) {
    const { dmaBase } = options;
    if (!Number.isSafeInteger(dmaBase) || dmaBase < 0 || dmaBase % PAGE_BYTES !== 0) bug('LAYOUT_BASE', dmaBase);
    this.kind = options.kind;
    this.sqeBytes = ACCELERATORS[options.kind].sqeBytes;
    this.dmaBase = dmaBase;
    this.queuePairs = checkRange('queue pairs', options.queuePairs, 1, QUEUES_TOTAL);
    const depths = { ...DEPTH, ...options.depths };
    this.depths = {
      // dw3 of SQC and CQC keeps depth - 1 in 12 bits, dw6 of EQC and AEQC in 16; half an EQ less one is a batch.
      sq: checkRange('SQ depth', depths.sq, 2, 4096),
      cq: checkRange('CQ depth', depths.cq, 2, 4096),
      eq: checkRange('EQ depth', depths.eq, 4, 65536),
      aeq: checkRange('AEQ depth', depths.aeq, 2, 65536),
    };

    let offset = 0;
    const sections: LayoutSection[] = [];
    const place = (name: SectionName, bytes: number, align: number): number => {
      offset = roundUp(offset, align);
      const at = offset;
      sections.push({ name, offset: at, bytes });
      offset += bytes;
      return at;
    };
    this.eqOffset = place('eq', this.depths.eq * EQE.bytes, QM_MEMORY_ALIGN);
    this.aeqOffset = place('aeq', this.depths.aeq * AEQE.bytes, QM_MEMORY_ALIGN);
    this.sqcOffset = place('sqc', this.queuePairs * SQC.bytes, QM_MEMORY_ALIGN);
    this.cqcOffset = place('cqc', this.queuePairs * CQC.bytes, QM_MEMORY_ALIGN);
    this.sqStride = roundUp(this.depths.sq * this.sqeBytes, PAGE_BYTES);
    this.queueStride = this.sqStride + roundUp(this.depths.cq * CQE.bytes, PAGE_BYTES);
    this.queuesOffset = place('queues', this.queuePairs * this.queueStride, PAGE_BYTES);
    this.contextBufferOffset = offset;
    this.totalBytes = roundUp(offset + 4 * QM_MEMORY_ALIGN, PAGE_BYTES);
    this.sections = sections;
    this.sectionBytes = sections.reduce((sum, section) => sum + section.bytes, 0);
  }

  /** Offset of a queue's SQ. */
  sqOffset(queue: number): number {
    return this.queuesOffset + queue * this.queueStride;
  }

  /** Offset of a queue's CQ. */
  cqOffset(queue: number): number {
    return this.queuesOffset + queue * this.queueStride + this.sqStride;
  }

  /** DMA address of an offset. */
  addressOf(offset: number): number {
    return this.dmaBase + offset;
  }
}
