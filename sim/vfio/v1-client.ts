/**
 * What a VMM of 2021 did with a migration region: set-up, iterations, VM stop, completion, load, and the way back.
 *
 * Each step is a read or a write of the region, in the order of QEMU 5.2 to 7.2. Source: docs/designs.md section 3.3.
 */
import { EINVAL, EIO } from '../abi/errno.ts';
import { STREAM_TAG, V1_BIT, V1_REG, V1_STATE, V1_WIDTH, type V1RegisterName } from '../abi/vfio-v1.ts';
import { UserBuffer } from './user-buffer.ts';
import type { V1RegionFile } from './v1-file.ts';
import { V1StreamReader, type V1StreamWriter } from './v1-stream.ts';

const ALL = 0xffffffff;

export class V1Client {
  /** The device has reported state 110: nothing but a reset helps. */
  inError = false;
  /**
   * The error that the stream carries since a state could not be changed when the VM was stopped: a VMM has no other way
   * of reporting it from there. 0: none.
   */
  streamError = 0;

  private readonly file: V1RegionFile;
  private readonly user: UserBuffer = new UserBuffer(new Uint8Array(8));
  private readonly view: DataView = new DataView(this.user.bytes.buffer);

  constructor(file: V1RegionFile) {
    this.file = file;
  }

  /** Source: SAVING is set while the VM runs. 0 or a negative errno, as for all that follow. */
  saveSetup(stream: V1StreamWriter): number {
    const ret = this.changeState(ALL, V1_BIT.SAVING);
    if (ret !== 0) return ret;
    stream.tag('DEV_SETUP_STATE');
    stream.tag('END_OF_STATE');
    return 0;
  }

  /** What is left to be read, or a negative errno. */
  pending(): number {
    return this.readRegister('pendingBytes');
  }

  /** Source, VM running: one chunk, if there is one. Bytes sent, or a negative errno. */
  iterate(stream: V1StreamWriter): number {
    const pending = this.pending();
    if (pending < 0) return pending;
    if (pending === 0) {
      stream.tag('END_OF_STATE');
      return 0;
    }
    const sent = this.saveChunk(stream);
    if (sent < 0) return sent;
    stream.tag('END_OF_STATE');
    return sent;
  }

  /** The VM stops: RUNNING is cleared. A failure can only be noted in the stream. */
  vmStop(): number {
    const ret = this.changeState(ALL & ~V1_BIT.RUNNING, 0);
    if (ret !== 0) this.streamError = ret;
    return ret;
  }

  /** Source, VM stopped: everything that is left, then SAVING is cleared. */
  complete(stream: V1StreamWriter): number {
    if (this.streamError !== 0) return this.streamError;
    // The state is 010 already; it is written all the same.
    let ret = this.changeState(ALL & ~V1_BIT.RUNNING, V1_BIT.SAVING);
    if (ret !== 0) return ret;
    let pending = this.pending();
    while (pending > 0) {
      const sent = this.saveChunk(stream);
      if (sent < 0) return sent;
      if (sent === 0) break;
      pending = this.pending();
    }
    if (pending < 0) return pending;
    stream.tag('END_OF_STATE');
    ret = this.changeState(ALL & ~V1_BIT.SAVING, 0);
    return ret;
  }

  /** Destination: RESUMING alone. */
  loadSetup(): number {
    return this.changeState(ALL & ~V1_BIT.mask, V1_BIT.RESUMING);
  }

  /**
   * Destination: takes a stream apart and writes its data to the device.
   *
   * @returns the configuration that was in it, null when there was none, or a negative errno
   */
  load(bytes: Uint8Array): Uint8Array | null | number {
    const stream = new V1StreamReader(bytes);
    let config: Uint8Array | null = null;
    while (!stream.ended) {
      const tag = stream.number();
      if (tag === STREAM_TAG.DEV_SETUP_STATE) {
        if (stream.number() !== STREAM_TAG.END_OF_STATE) return -EINVAL;
      } else if (tag === STREAM_TAG.DEV_CONFIG_STATE) {
        const block = stream.block();
        if (block === undefined || stream.number() !== STREAM_TAG.END_OF_STATE) return -EINVAL;
        config = block;
      } else if (tag === STREAM_TAG.DEV_DATA_STATE) {
        const block = stream.block();
        if (block === undefined) return -EINVAL;
        const ret = this.loadChunk(block);
        if (ret !== 0) return ret;
      } else if (tag !== STREAM_TAG.END_OF_STATE) {
        return -EINVAL;
      }
    }
    return config;
  }

  /** The VM starts: RUNNING is set, and RESUMING (at a destination) or SAVING (at a source) cleared. */
  vmStart(): number {
    const state = this.readRegister('deviceState');
    if (state < 0) return state;
    const gone = (state & V1_BIT.RESUMING) !== 0 ? V1_BIT.RESUMING : V1_BIT.SAVING;
    return this.changeState(ALL & ~gone, V1_BIT.RUNNING);
  }

  /** The migration was cancelled or has failed: back to RUNNING, from wherever it was. */
  cancel(): number {
    this.streamError = 0;
    return this.changeState(ALL & ~(V1_BIT.SAVING | V1_BIT.RESUMING), V1_BIT.RUNNING);
  }

  /** The device was reset. */
  forget(): void {
    this.inError = false;
    this.streamError = 0;
  }

  /** Reads, changes some bits, writes; after a failure checks whether the device can be recovered. */
  private changeState(mask: number, value: number): number {
    const state = this.readRegister('deviceState');
    if (state < 0) return state;
    const ret = this.writeRegister('deviceState', ((state & mask) | value) >>> 0);
    if (ret >= 0) return 0;
    if (this.readRegister('deviceState') === V1_STATE.ERROR) this.inError = true;
    return ret;
  }

  private saveChunk(stream: V1StreamWriter): number {
    const offset = this.readRegister('dataOffset');
    if (offset < 0) return offset;
    const size = this.readRegister('dataSize');
    if (size < 0) return size;
    const user = new UserBuffer(new Uint8Array(size));
    if (size > 0) {
      const ret = this.file.read(offset, size, user);
      if (ret !== size) return ret < 0 ? ret : -EIO;
    }
    stream.block('DEV_DATA_STATE', user.bytes);
    return size;
  }

  /** Data first, their size afterwards: that is the driver's signal to read them. */
  private loadChunk(bytes: Uint8Array): number {
    let done = 0;
    while (done < bytes.length) {
      const offset = this.readRegister('dataOffset');
      if (offset < 0) return offset;
      const size = Math.min(bytes.length - done, this.file.bytes - offset);
      if (size <= 0) return -EINVAL;
      const ret = this.file.write(offset, size, new UserBuffer(bytes.slice(done, done + size)));
      if (ret !== size) return ret < 0 ? ret : -EIO;
      const written = this.writeRegister('dataSize', size);
      if (written < 0) return written;
      done += size;
    }
    return 0;
  }

  /** A register's value, or a negative errno. Nothing that a sound driver says needs more than 53 bits. */
  private readRegister(name: V1RegisterName): number {
    const width = V1_WIDTH[name];
    const ret = this.file.read(V1_REG[name], width, this.user);
    if (ret < 0) return ret;
    return width === 8 ? Number(this.view.getBigUint64(0, true)) : this.view.getUint32(0, true);
  }

  private writeRegister(name: V1RegisterName, value: number): number {
    const width = V1_WIDTH[name];
    if (width === 8) this.view.setBigUint64(0, BigInt(value), true);
    else this.view.setUint32(0, value, true);
    return this.file.write(V1_REG[name], width, this.user);
  }
}
