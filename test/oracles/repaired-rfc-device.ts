/**
 * The driver of 2021 under a region that conforms to the protocol: user space cannot reach its memory any more, chunks may
 * have any size, a load without its data is refused, and a source that is given up resumes.
 */
import { EFAULT, EINVAL } from '../../sim/abi/errno.ts';
import { V0_BYTES, V0_MATCH_BYTES } from '../../sim/abi/vf-data-v0.ts';
import { V1_BLOCK_BYTES, V1_STATE } from '../../sim/abi/vfio-v1.ts';
import type { RfcDriver } from '../../sim/driver/rfc-driver.ts';
import { RFC_SNAPSHOTS, type RfcSnapshot } from '../../sim/driver/rfc-snapshot.ts';
import type { V1Device } from '../../sim/vfio/v1-region.ts';

/** What a driver under {@link RepairedRfcDevice} should be: match data from the PF, and "stopped" stops. */
export const REPAIRED_SNAPSHOT: RfcSnapshot = RFC_SNAPSHOTS['rfc-2021-b'];

const { STOPPED, RUNNING, STOP_COPY, PRE_COPY, RESUMING } = V1_STATE;

export class RepairedRfcDevice implements V1Device {
  private readonly driver: RfcDriver;
  private sent = 0;
  private received = 0;
  /** A save has stopped the function, and nothing has started it since. */
  private paused = false;

  constructor(driver: RfcDriver) {
    this.driver = driver;
  }

  get lostState(): boolean {
    return this.driver.lostState;
  }

  enter(from: number, to: number): number {
    switch (to) {
      case PRE_COPY:
        this.sent = 0;
        break;
      case STOP_COPY:
        return this.enterStopCopy(from);
      case RESUMING:
        this.received = 0;
        break;
      case RUNNING:
        return from === RESUMING ? this.finishLoad() : this.resumeRunning();
      default:
    }
    return this.driver.setState(to);
  }

  image(): Uint8Array {
    const { driver } = this;
    const end = Number(driver.pending);
    const bytes = new Uint8Array(Math.max(0, end - this.sent));
    for (let i = 0; i < bytes.length; i++) bytes[i] = driver.memory.readByte(V1_BLOCK_BYTES + this.sent + i);
    return bytes;
  }

  taken(bytes: number): void {
    this.sent += bytes;
  }

  accept(chunk: Uint8Array): number {
    const { driver } = this;
    if (this.received + chunk.length > V0_BYTES) return -EINVAL;
    for (const [i, value] of chunk.entries()) driver.memory.writeByte(V1_BLOCK_BYTES + this.received + i, value);
    const before = this.received;
    this.received += chunk.length;
    if (before >= V0_MATCH_BYTES || this.received < V0_MATCH_BYTES) return 0;
    driver.pending = BigInt(V0_MATCH_BYTES);
    return driver.sizeWritten(BigInt(V0_MATCH_BYTES)) === 0 ? 0 : -EFAULT;
  }

  private enterStopCopy(from: number): number {
    const { driver } = this;
    if (from === RUNNING) {
      // The match data are gathered in pre-copy only.
      this.sent = 0;
      const ret = driver.setState(PRE_COPY);
      if (ret !== 0) return ret;
    }
    const ret = driver.setState(STOP_COPY);
    if (ret === 0) this.paused = driver.pending > 0n;
    else if (from === RUNNING) driver.setState(RUNNING);
    return ret;
  }

  private finishLoad(): number {
    const { driver } = this;
    if (this.received === 0 || this.received === V0_MATCH_BYTES) {
      // Nothing but match data has come: given up, or a guest without a driver. The VF is left as it is.
      driver.setState(STOPPED);
    } else if (this.received === V0_BYTES) {
      driver.pending = BigInt(V0_BYTES);
    } else {
      return -EINVAL;
    }
    return driver.setState(RUNNING);
  }

  private resumeRunning(): number {
    if (this.paused) this.driver.qm.kickQueues();
    this.paused = false;
    return this.driver.setState(RUNNING);
  }
}
