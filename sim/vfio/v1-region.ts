/**
 * The migration region of protocol v1 as its text has it: registers of one width each, only the transitions that exist,
 * the save loop and the resume loop, and a state for "only a reset helps".
 *
 * Source: docs/designs.md section 3. What the text leaves open is decided there too.
 */
import { EFAULT, EINVAL, EIO } from '../abi/errno.ts';
import {
  isV1State,
  isV1Transition,
  V1_BIT,
  V1_BLOCK_BYTES,
  V1_STATE,
  V1_WIDTH,
  v1RegisterAt,
  type V1RegisterName,
} from '../abi/vfio-v1.ts';
import type { UserMemory } from '../driver/kernel.ts';
import type { V1RegionFile } from './v1-file.ts';

/** The vendor driver that serves a region. */
export interface V1Device {
  /** Takes a transition that the protocol has. 0 or a negative errno. */
  enter(from: number, to: number): number;
  /** After a failed {@link enter}: the device is no longer in the state it was in. */
  readonly lostState: boolean;
  /** What is to be read in the saving state just entered. */
  image(): Uint8Array;
  /** So many more bytes of the image were taken by the client. */
  taken(bytes: number): void;
  /** One chunk of an incoming image. 0 or a negative errno when the data are bad. */
  accept(chunk: Uint8Array): number;
}

export class V1Region implements V1RegionFile {
  readonly bytes: number;
  private readonly device: V1Device;
  private readonly window: Uint8Array;
  private readonly register: Uint8Array = new Uint8Array(8);
  private readonly registerView: DataView = new DataView(this.register.buffer);
  private state: number = V1_STATE.RUNNING;
  private image: Uint8Array = new Uint8Array(0);
  private position = 0;
  /** Bytes of the chunk in the window; 0: none is prepared. */
  private chunk = 0;
  /** How far into the chunk the client has read. */
  private readTo = 0;
  private acceptedSize = 0;

  /** @param windowBytes room for data after the register block */
  constructor(device: V1Device, windowBytes: number) {
    this.device = device;
    this.window = new Uint8Array(windowBytes);
    this.bytes = V1_BLOCK_BYTES + windowBytes;
  }

  /** The device was reset: running, nothing to read, nothing staged. */
  reset(): void {
    this.state = V1_STATE.RUNNING;
    this.stage(new Uint8Array(0));
    this.acceptedSize = 0;
  }

  read(offset: number, length: number, user: UserMemory): number {
    if (offset >= V1_BLOCK_BYTES) return this.readData(offset - V1_BLOCK_BYTES, length, user);
    const name = registerFor(offset, length);
    if (name === undefined) return -EINVAL;
    this.registerView.setBigUint64(0, BigInt(this.registerValue(name)), true);
    return user.copyToUser(0, this.register, 0, length) === 0 ? length : -EFAULT;
  }

  write(offset: number, length: number, user: UserMemory): number {
    if (offset >= V1_BLOCK_BYTES) return this.writeData(offset - V1_BLOCK_BYTES, length, user);
    const name = registerFor(offset, length);
    if (name === undefined) return -EINVAL;
    if (user.copyFromUser(this.register, 0, 0, length) !== 0) return -EFAULT;
    let ret = 0;
    if (name === 'deviceState') ret = this.setState(this.registerView.getUint32(0, true));
    else if (name === 'dataSize') ret = this.accept(this.registerView.getBigUint64(0, true));
    else if (name !== 'reserved') ret = -EINVAL;
    return ret === 0 ? length : ret;
  }

  private get saving(): boolean {
    return this.state !== V1_STATE.ERROR && (this.state & V1_BIT.SAVING) !== 0;
  }

  private registerValue(name: V1RegisterName): number {
    switch (name) {
      case 'deviceState':
        return this.state;
      case 'pendingBytes':
        this.settle();
        return this.image.length - this.position;
      case 'dataOffset':
        this.prepare();
        return V1_BLOCK_BYTES;
      case 'dataSize':
        return this.saving ? this.chunk : this.acceptedSize;
      default:
        return 0;
    }
  }

  /** Asking how much is left confirms to the driver that the chunk was taken, if it was. */
  private settle(): void {
    if (this.chunk === 0 || this.readTo < this.chunk) return;
    this.position += this.chunk;
    this.device.taken(this.chunk);
    this.chunk = 0;
    this.readTo = 0;
  }

  /** Asking where the data are makes the driver put them there; asking again changes nothing. */
  private prepare(): void {
    if (!this.saving) return;
    this.chunk = Math.min(this.window.length, this.image.length - this.position);
    this.window.set(this.image.subarray(this.position, this.position + this.chunk));
  }

  private stage(image: Uint8Array): void {
    this.image = image;
    this.position = 0;
    this.chunk = 0;
    this.readTo = 0;
  }

  private setState(wanted: number): number {
    if (this.state === V1_STATE.ERROR) return -EIO;
    // Reserved bits read as zero, so a client that keeps them writes none.
    if (!isV1State(wanted) || !isV1Transition(this.state, wanted)) return -EINVAL;
    if (wanted === this.state) return 0;
    this.settle();
    const ret = this.device.enter(this.state, wanted);
    if (ret !== 0) {
      if (this.device.lostState) this.state = V1_STATE.ERROR;
      return ret;
    }
    this.state = wanted;
    this.acceptedSize = 0;
    this.stage(this.saving ? this.device.image() : new Uint8Array(0));
    return 0;
  }

  private readData(at: number, length: number, user: UserMemory): number {
    if (!this.saving || at + length > this.chunk) return -EINVAL;
    if (user.copyToUser(0, this.window.subarray(at, at + length), 0, length) !== 0) return -EFAULT;
    this.readTo = Math.max(this.readTo, at + length);
    return length;
  }

  private writeData(at: number, length: number, user: UserMemory): number {
    if (this.state !== V1_STATE.RESUMING || at + length > this.window.length) return -EINVAL;
    return user.copyFromUser(this.window, at, 0, length) === 0 ? length : -EFAULT;
  }

  private accept(size: bigint): number {
    if (this.state !== V1_STATE.RESUMING || size > BigInt(this.window.length)) return -EINVAL;
    this.acceptedSize = Number(size);
    return this.device.accept(this.window.slice(0, this.acceptedSize));
  }
}

/** The register that an access is made out to; undefined unless it begins there and has its width. */
function registerFor(offset: number, length: number): V1RegisterName | undefined {
  const name = v1RegisterAt(offset);
  return name !== undefined && V1_WIDTH[name] === length ? name : undefined;
}
