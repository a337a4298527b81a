/**
 * The driver's data files: anonymous streams that carry one image out of a VF or into it.
 *
 * Source: docs/device.md section 9. A file is shared by the driver and the user; it is released when both let go.
 */
import { EFAULT, EINVAL, ENODEV, ENOMEM, ESPIPE } from '../abi/errno.ts';
import { ACC_VF_DATA_BYTES } from '../abi/vf-data.ts';
import type { UserMemory } from './kernel.ts';

export type MigrationFileKind = 'save' | 'resume';

/** Longest position that a file offset can hold (loff_t), rounded to what a double holds exactly. */
const OFFSET_MAX = Number.MAX_SAFE_INTEGER;

export class MigrationFile {
  kind: MigrationFileKind;
  /** Whether copies begin at the position; else all of them begin at the start of the image (R5). */
  readonly keepsPosition: boolean;
  /** The image, by bytes and by little-endian words. */
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  totalLength = 0;
  position = 0;
  disabled = false;
  /** Holders: the driver, the user, or both. */
  references = 1;

  constructor(kind: MigrationFileKind, keepsPosition: boolean) {
    const buffer = new ArrayBuffer(ACC_VF_DATA_BYTES);
    this.kind = kind;
    this.keepsPosition = keepsPosition;
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
  }

  /** Makes a released file a new, empty one (the kernel would free it and allocate another). */
  renew(kind: MigrationFileKind): void {
    this.kind = kind;
    this.words.fill(0);
    this.totalLength = 0;
    this.position = 0;
    this.disabled = false;
    this.references = 1;
  }

  /** No more data through this file; what it held is forgotten as far as its user can see. */
  disable(): void {
    this.disabled = true;
    this.totalLength = 0;
    this.position = 0;
  }

  /** read() on a saving file: bytes given, 0 at the end, or a negative errno. */
  read(user: UserMemory, length: number): number {
    if (this.position > this.totalLength) return -EINVAL;
    if (this.disabled) return -ENODEV;
    const bytes = Math.min(this.totalLength - this.position, length);
    if (bytes > 0) {
      const from = this.keepsPosition ? this.position : 0;
      if (user.copyToUser(0, this.bytes, from, bytes) !== 0) return -EFAULT;
      this.position += bytes;
    }
    return bytes;
  }

  /** write() on a resuming file: bytes taken or a negative errno. What the driver makes of them is its own affair. */
  write(user: UserMemory, length: number): number {
    if (this.position + length > OFFSET_MAX) return -EINVAL;
    if (this.position + length > ACC_VF_DATA_BYTES) return -ENOMEM;
    if (this.disabled) return -ENODEV;
    if (user.copyFromUser(this.bytes, this.keepsPosition ? this.position : 0, 0, length) !== 0) return -EFAULT;
    this.position += length;
    this.totalLength += length;
    return length;
  }

  /** pread() and pwrite(): the stream has no positions. */
  seekRefused(): number {
    return -ESPIPE;
  }
}
