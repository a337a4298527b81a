/**
 * Everything that can go wrong with the device, as knobs that a test or a scenario sets. docs/device.md section 11.
 *
 * A device without faults pays one test of {@link Faults.active} where a fault could strike.
 */
import { VF_REG, QM_NOT_READY, QM_READY } from '../abi/registers.ts';
import { FUNCTIONS_MAX } from './functions.ts';

/** What becomes of a mailbox command. */
export interface MailboxFault {
  /** `forever`: the busy bit never falls. A number: the command takes that many ns longer. */
  readonly busy?: 'forever' | number;
  /** With `busy: 'forever'`, whether the shared mailbox is lost to the other functions too. Default false. */
  readonly holdsOthers?: boolean;
  /** Status code to answer; the command then has no effect. */
  readonly status?: number;
  /** Answer in place of the true one. */
  readonly answer?: { readonly low: number; readonly high: number };
  /** Commands that pass before the fault begins. Default 0. */
  readonly skip?: number;
  /** How often the fault strikes. Default: always. */
  readonly times?: number;
}

interface ArmedMailboxFault {
  readonly fault: MailboxFault;
  skip: number;
  times: number;
}

/** Registers that a fault may hold at a value against the device and the guest. */
export const HELD = { ifcStatus: 0, ifcSet: 1, vfState: 2, count: 3 } as const;

/** Carries out a change of a held register; `untilNs` is Infinity for good. */
type HoldRegister = (fn: number, held: number, bits: number, untilNs: number) => void;

export class Faults {
  active = false;
  /** Value of QM_VF_STATE after power-on and after a reset: [NR], docs/device.md 2.3. Applies from the next reset on. */
  vfStateAtReset: number = QM_READY;
  /** Time that each VFT access takes beyond the ordinary, in ns. Infinity: never ready. */
  vftExtraNs = 0;
  /** Time that a function-level reset takes beyond the ordinary, in ns. */
  flrExtraNs = 0;
  private readonly hold: HoldRegister;
  private readonly mailboxFaults = new Map<number, ArmedMailboxFault>();
  private readonly writeBackExtraNs = new Float64Array(FUNCTIONS_MAX);
  private rasBits = 0;
  private rasUntilNs = 0;
  private coreBits = 0;
  private coreUntilNs = 0;

  constructor(hold: HoldRegister) {
    this.hold = hold;
  }

  /** Makes a mailbox command of a function fail from now on. */
  mailbox(fn: number, command: number, fault: MailboxFault): void {
    this.active = true;
    this.mailboxFaults.set(fn * 256 + command, { fault, skip: fault.skip ?? 0, times: fault.times ?? Infinity });
  }

  /** The fault that strikes this command, if any; counts it. */
  takeMailbox(fn: number, command: number): MailboxFault | undefined {
    const armed = this.mailboxFaults.get(fn * 256 + command);
    if (armed === undefined || armed.times <= 0) return undefined;
    if (armed.skip > 0) {
      armed.skip -= 1;
      return undefined;
    }
    armed.times -= 1;
    return armed.fault;
  }

  /** QM_ABNORMAL_INT_STATUS reads with these bits set before `untilNs`, whatever is cleared. 0 bits end it. */
  rasStatus(bits: number, untilNs = Infinity): void {
    this.active = true;
    this.rasBits = bits;
    this.rasUntilNs = untilNs;
  }

  /** The core status register of the accelerator reads with these bits set before `untilNs`. */
  coreStatus(bits: number, untilNs = Infinity): void {
    this.active = true;
    this.coreBits = bits;
    this.coreUntilNs = untilNs;
  }

  rasBitsAt(nowNs: number): number {
    return nowNs < this.rasUntilNs ? this.rasBits : 0;
  }

  coreBitsAt(nowNs: number): number {
    return nowNs < this.coreUntilNs ? this.coreBits : 0;
  }

  /** QM_IFC_INT_STATUS of a function reads with these bits set before `untilNs`. */
  ifcStatus(fn: number, bits: number, untilNs = Infinity): void {
    this.active = true;
    this.hold(fn, HELD.ifcStatus, bits, untilNs);
  }

  /** QM_IFC_INT_SET_V of a function reads with these bits set before `untilNs`: a PF that does not acknowledge. */
  ifcSet(fn: number, bits: number, untilNs = Infinity): void {
    this.active = true;
    this.hold(fn, HELD.ifcSet, bits, untilNs);
  }

  /** QM_VF_STATE of a function reads NOT_READY before `untilNs`, whatever its guest writes. */
  vfNotReady(fn: number, untilNs = Infinity): void {
    this.active = true;
    this.hold(fn, HELD.vfState, QM_NOT_READY, untilNs);
  }

  /** Cache write-back of a function takes that many ns longer; Infinity: it is never done. */
  cacheWriteBack(fn: number, extraNs: number): void {
    this.active = true;
    this.writeBackExtraNs[fn] = extraNs;
  }

  cacheWriteBackExtraNs(fn: number): number {
    return this.writeBackExtraNs[fn]!;
  }
}

/** Offsets of the held registers, in the order of {@link HELD}. */
export const HELD_OFFSETS: readonly number[] = [VF_REG.QM_IFC_INT_STATUS, VF_REG.QM_IFC_INT_SET_V, VF_REG.QM_VF_STATE];
