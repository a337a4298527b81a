/**
 * Follows one VF's driver through the PF's window to the function tables, access by access, and says when what it reads
 * is not the answer to what it asked. Nothing protects that window (docs/device.md 5, 13 and R21).
 */
import { PF_REG } from '../abi/registers.ts';
import { type FunctionSelect, PF } from '../driver/port.ts';
import type { AccessTracer } from './virtual-port.ts';

/** Where a driver is in the nine steps of reading an entry. */
type Stage = 'none' | 'asks' | 'writes' | 'waits' | 'reads';

/** What the window really did. */
export interface VftWitness {
  /** A VF's driver launches an access. @returns its number */
  launchedBy(fn: number): number;
  /** The VF's driver sees the window ready for the access that it launched. */
  readySeen(fn: number, launch: number, nowNs: number): void;
  /** The VF's driver has an entry. */
  entryRead(fn: number, low: number, high: number, span: ReadSpan): void;
}

/** From the first read that finds the window not ready, if any does; from the first write to it, and until the last read. */
export interface ReadSpan {
  readonly askedNs: number;
  readonly begunNs: number;
  readonly endedNs: number;
}

export class VftReader implements AccessTracer {
  private readonly fn: number;
  private readonly witness: VftWitness;
  private readonly inner: AccessTracer | null;
  private readonly timeoutNs: number;
  private stage: Stage = 'none';
  private askedNs = 0;
  private begunNs = 0;
  private launchNs = 0;
  private launch = 0;
  private low = 0;

  /**
   * @param inner another tracer, which is notified as well
   * @param timeoutNs after this long a driver no longer waits for what it launched
   */
  constructor(fn: number, witness: VftWitness, inner: AccessTracer | null, timeoutNs: number) {
    this.fn = fn;
    this.witness = witness;
    this.inner = inner;
    this.timeoutNs = timeoutNs;
  }

  access(fn: FunctionSelect, write: boolean, width: number, offset: number, value: number, nowNs: number): void {
    if (this.inner !== null) this.inner.access(fn, write, width, offset, value, nowNs);
    if (fn !== PF || offset < PF_REG.QM_VFT_CFG_OP_ENABLE || offset > PF_REG.QM_VFT_CFG_RDY) return;
    if (write) this.written(offset, value, nowNs);
    else this.read(offset, value, nowNs);
  }

  private written(offset: number, value: number, nowNs: number): void {
    if (offset === PF_REG.QM_VFT_CFG_OP_WR) {
      if (this.stage !== 'asks') this.askedNs = nowNs;
      this.stage = 'writes';
      this.begunNs = nowNs;
    } else if (offset === PF_REG.QM_VFT_CFG_OP_ENABLE && (value & 1) === 1) {
      this.stage = 'waits';
      this.launchNs = nowNs;
      this.launch = this.witness.launchedBy(this.fn);
    }
  }

  private read(offset: number, value: number, nowNs: number): void {
    if (offset === PF_REG.QM_VFT_CFG_RDY) {
      if (this.stage === 'waits' && nowNs <= this.launchNs + this.timeoutNs) {
        if ((value & 1) === 0) return;
        this.stage = 'reads';
        this.witness.readySeen(this.fn, this.launch, nowNs);
      } else if ((value & 1) === 0 && this.stage !== 'asks') {
        this.stage = 'asks';
        this.askedNs = nowNs;
      }
    } else if (offset === PF_REG.QM_VFT_CFG_DATA_L) {
      this.low = value;
    } else if (offset === PF_REG.QM_VFT_CFG_DATA_H && this.stage === 'reads') {
      this.stage = 'none';
      const { askedNs, begunNs } = this;
      this.witness.entryRead(this.fn, this.low, value, { askedNs, begunNs, endedNs: nowNs });
    }
  }
}
