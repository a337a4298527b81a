/**
 * How user space reached the migration region of the driver of 2021: one function for registers and data, which trusts
 * data_offset although user space can write it.
 *
 * Source: docs/designs.md sections 4 and 5.
 */
import { EFAULT, EINVAL } from '../abi/errno.ts';
import { V1_BLOCK_BYTES, V1_WIDTH, v1RegisterAt } from '../abi/vfio-v1.ts';
import type { UserMemory } from '../driver/kernel.ts';
import type { RfcDriver } from '../driver/rfc-driver.ts';
import type { V1RegionFile } from './v1-file.ts';

export class RfcRegion implements V1RegionFile {
  readonly bytes: number;
  private readonly driver: RfcDriver;
  private readonly register: Uint8Array = new Uint8Array(8);
  private readonly registerView: DataView = new DataView(this.register.buffer);

  constructor(driver: RfcDriver) {
    this.driver = driver;
    this.bytes = driver.memory.bytes;
  }

  read(offset: number, length: number, user: UserMemory): number {
    if (offset >= this.bytes) return -EINVAL;
    const count = this.granted(offset, length);
    const ret = offset < V1_BLOCK_BYTES ? this.readRegister(offset, count, user) : count;
    const moved = this.moveData(offset, count, user, 'read');
    return ret < 0 || moved >= 0 ? ret : moved;
  }

  write(offset: number, length: number, user: UserMemory): number {
    if (offset >= this.bytes) return -EINVAL;
    const count = this.granted(offset, length);
    const ret = offset < V1_BLOCK_BYTES ? this.writeRegister(offset, count, user) : count;
    const moved = this.moveData(offset, count, user, 'write');
    return ret < 0 || moved >= 0 ? ret : moved;
  }

  private granted(offset: number, length: number): number {
    return this.driver.snapshot.clipsCount ? Math.min(length, this.bytes - offset) : length;
  }

  private readRegister(offset: number, count: number, user: UserMemory): number {
    const name = v1RegisterAt(offset);
    if (name === undefined || name === 'reserved') return -EFAULT;
    if (count !== V1_WIDTH[name]) return -EINVAL;
    for (let i = 0; i < count; i++) this.register[i] = this.driver.memory.readByte(offset + i);
    return user.copyToUser(0, this.register, 0, count) === 0 ? count : -EFAULT;
  }

  private writeRegister(offset: number, count: number, user: UserMemory): number {
    const { driver, registerView: view } = this;
    const name = v1RegisterAt(offset);
    if (name === undefined || name === 'reserved' || name === 'pendingBytes') return -EFAULT;
    if (count !== V1_WIDTH[name]) return -EINVAL;
    if (user.copyFromUser(this.register, 0, 0, count) !== 0) return -EFAULT;
    let ret = 0;
    if (name === 'deviceState') ret = driver.setState(view.getUint32(0, true));
    else if (name === 'dataOffset') driver.dataOffset = view.getBigUint64(0, true);
    else ret = driver.sizeWritten(view.getBigUint64(0, true));
    return ret === 0 ? count : ret;
  }

  /**
   * Everything at or after data_offset is data as well, be it a register or refused just before. The place in the
   * image is computed from data_offset; that it exists is not checked.
   */
  private moveData(offset: number, count: number, user: UserMemory, kind: 'read' | 'write'): number {
    const { driver } = this;
    const distance = BigInt(offset) - driver.dataOffset;
    // A register that was just written may have changed data_offset; the test is made with what stands now.
    if (distance < 0n) return offset < V1_BLOCK_BYTES ? 0 : -EFAULT;
    const start = V1_BLOCK_BYTES + Number(distance);
    const bytes = new Uint8Array(count);
    if (kind === 'read') {
      for (let i = 0; i < count; i++) bytes[i] = driver.memory.readByte(start + i);
      if (user.copyToUser(0, bytes, 0, count) !== 0) return -EFAULT;
      driver.pending -= BigInt(count);
    } else {
      if (user.copyFromUser(bytes, 0, 0, count) !== 0) return -EFAULT;
      for (let i = 0; i < count; i++) driver.memory.writeByte(start + i, bytes[i]!);
      driver.pending += BigInt(count);
    }
    return count;
  }
}
