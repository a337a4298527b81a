/**
 * The border between a VMM and the kernel: every system call is counted, named and paid for here, and every byte that is
 * copied across.
 */
import type { VirtualClock } from '../base/clock.ts';
import { UserBuffer } from '../vfio/user-buffer.ts';

/** System calls of a VMM that migrates a device. `pread` and `pwrite` are those on regions, the others on files. */
export const SYSCALLS = ['ioctl', 'read', 'write', 'pread', 'pwrite', 'mmap', 'munmap', 'close', 'nanosleep'] as const;

export type Syscall = (typeof SYSCALLS)[number];

export class Boundary {
  readonly calls: Record<Syscall, number> = {
    ioctl: 0,
    read: 0,
    write: 0,
    pread: 0,
    pwrite: 0,
    mmap: 0,
    munmap: 0,
    close: 0,
    nanosleep: 0,
  };
  /** Bytes copied in either direction, arguments of system calls included. */
  copiedBytes = 0;
  private readonly clock: VirtualClock;
  private readonly syscallNs: number;

  /** @param syscallNs cost of each call, without its work */
  constructor(clock: VirtualClock, syscallNs: number) {
    this.clock = clock;
    this.syscallNs = syscallNs;
  }

  /** System calls of all names. */
  get total(): number {
    return SYSCALLS.reduce((sum, name) => sum + this.calls[name], 0);
  }

  /** Makes one system call. */
  call<T>(name: Syscall, body: () => T): T {
    this.calls[name] += 1;
    this.clock.nowNs += this.syscallNs;
    return body();
  }

  /** A buffer of the VMM whose copies are counted. */
  buffer(bytes: Uint8Array): UserBuffer {
    return new CountedBuffer(bytes, this);
  }
}

class CountedBuffer extends UserBuffer {
  private readonly boundary: Boundary;

  constructor(bytes: Uint8Array, boundary: Boundary) {
    super(bytes);
    this.boundary = boundary;
  }

  override copyToUser(userOffset: number, from: Uint8Array, fromOffset: number, bytes: number): number {
    const left = super.copyToUser(userOffset, from, fromOffset, bytes);
    this.boundary.copiedBytes += bytes - left;
    return left;
  }

  override copyFromUser(to: Uint8Array, toOffset: number, userOffset: number, bytes: number): number {
    const left = super.copyFromUser(to, toOffset, userOffset, bytes);
    this.boundary.copiedBytes += bytes - left;
    return left;
  }
}
