/**
 * The guest's way to its own VF in the real world: doorbells are posted, the mailbox is waited for.
 */
import { mailboxWord, QM_MB } from '../../sim/abi/mailbox.ts';
import { VF_REG } from '../../sim/abi/registers.ts';
import { pollSpec, VF } from '../../sim/driver/port.ts';
import type { GuestBus } from '../../sim/workload/guest.ts';
import type { RingMarks } from './dirty-rings.ts';
import type { LanePort } from './lane-port.ts';

/** A guest gives a mailbox command one second. */
const MAILBOX_DONE = pollSpec({ mask: QM_MB.busyBit, want: 0, sleepUs: 10, timeoutUs: 1_000_000 });

export class LaneBus implements GuestBus {
  private readonly port: LanePort;
  private readonly marks: RingMarks | null;

  /** @param marks where doorbells are counted; null: nowhere */
  constructor(port: LanePort, marks: RingMarks | null = null) {
    this.port = port;
    this.marks = marks;
  }

  read32(offset: number): number {
    return this.port.read32(VF, offset);
  }

  write32(offset: number, value: number): void {
    this.port.write32(VF, offset, value);
  }

  write64(offset: number, low: number, high: number): void {
    if (this.marks !== null && offset === VF_REG.QM_DOORBELL_SQ_CQ_BASE_V2) this.marks.rung(low, high);
    this.port.write64(VF, offset, low, high);
  }

  mailbox(command: number, queue: number, addressLow: number, addressHigh: number): boolean {
    const { port } = this;
    const offset = VF_REG.QM_MB_CMD_SEND_BASE;
    port.write128(VF, offset, mailboxWord(command, queue, false), addressLow, addressHigh, 0);
    if (!port.poll(VF, offset, MAILBOX_DONE)) return false;
    return ((port.read32(VF, offset) >>> QM_MB.statusShift) & QM_MB.statusMask) === 0;
  }
}
