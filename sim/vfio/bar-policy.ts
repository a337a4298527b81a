/**
 * What user space may reach of the regions of a VF: region info, read, write, mmap.
 *
 * Source: docs/device.md section 10; vfio_pci_core for everything that the driver leaves to the core.
 */
import { EFAULT, EINVAL } from '../abi/errno.ts';
import { CONFIG_SPACE_BYTES, GUEST_BAR2_DIVISOR, REGION, REGION_FLAG } from '../abi/region.ts';
import type { UserMemory } from '../driver/kernel.ts';

/** Accesses of user space to the VF's BAR2, in pieces of 1, 2, 4 or 8 bytes. */
export interface BarPort {
  /** Reads `width` bytes at `offset` into `into`, lowest first. */
  readBar(offset: number, width: number, into: Uint8Array): void;
  /** Writes the first `width` bytes of `from` at `offset`. */
  writeBar(offset: number, width: number, from: Uint8Array): void;
}

/** How much of BAR2 one kind of device reports, how much it lets through, and by whose rules. */
interface BarRules {
  /** Size in region info. */
  readonly reported: 'half' | 'all';
  /** What read, write and mmap let through. */
  readonly granted: 'half' | 'all';
  /** The core lets an access of no bytes pass anywhere; the driver tests its place first. */
  readonly by: 'core' | 'driver';
}

const BAR_POLICIES = {
  /** No migration, or an RFC of 2021 that hides nothing: the core's rules, the whole BAR. */
  plain: { reported: 'all', granted: 'all', by: 'core' },
  /** Migration control in the upper half, and only the size in region info keeps it from user space. */
  told: { reported: 'half', granted: 'all', by: 'core' },
  /** Migration control in the upper half of the VF's BAR2, and every call stops at the half. */
  half: { reported: 'half', granted: 'half', by: 'driver' },
  /** Migration control in the PF's BAR2: the whole BAR, but by the driver's rules. */
  whole: { reported: 'all', granted: 'all', by: 'driver' },
} as const satisfies Record<string, BarRules>;

/** Which code decides how much of BAR2 user space sees. */
export type BarPolicy = keyof typeof BAR_POLICIES;

/**
 * What is done about a control area in the VF's own BAR2 while migration is offered: nothing, a smaller size in region
 * info, or, as in the driver that was merged, an end for every call.
 */
export type BarClip = 'none' | 'info' | 'all';

const POLICY_OF_CLIP = { none: 'plain', info: 'told', all: 'half' } as const satisfies Record<BarClip, BarPolicy>;

/**
 * The policy of a device.
 *
 * @param offersMigration whether the migration driver is in front of it
 * @param pfMode whether the control windows are in the PF's BAR2
 */
export function policyOf(offersMigration: boolean, pfMode: boolean, clip: BarClip): BarPolicy {
  if (!offersMigration) return 'plain';
  return pfMode ? 'whole' : POLICY_OF_CLIP[clip];
}

interface RegionInfo {
  /** Bytes. */
  readonly size: number;
  readonly flags: number;
}

/** Widest piece of an access: 4 bytes in the VFIO core up to 6.10, 8 since. */
type PieceBytes = 4 | 8;

export class BarAccess {
  readonly bar2Bytes: number;
  private readonly port: BarPort;
  private readonly pieceBytesMax: PieceBytes;
  private readonly piece: Uint8Array = new Uint8Array(8);

  constructor(port: BarPort, bar2Bytes: number, pieceBytesMax: PieceBytes = 8) {
    this.port = port;
    this.bar2Bytes = bar2Bytes;
    this.pieceBytesMax = pieceBytesMax;
  }

  /** Bytes of BAR2 that region info reports. */
  reportedBytes(policy: BarPolicy): number {
    return this.bytesOf(BAR_POLICIES[policy].reported);
  }

  /** Bytes of BAR2 that read, write and mmap let through. */
  grantedBytes(policy: BarPolicy): number {
    return this.bytesOf(BAR_POLICIES[policy].granted);
  }

  /** Size and flags of a region, or null where there is none. */
  info(policy: BarPolicy, index: number): RegionInfo | null {
    if (index === REGION.BAR2) {
      const flags = REGION_FLAG.READ | REGION_FLAG.WRITE | REGION_FLAG.MMAP;
      return { size: this.reportedBytes(policy), flags };
    }
    if (index === REGION.CONFIG) return { size: CONFIG_SPACE_BYTES, flags: REGION_FLAG.READ | REGION_FLAG.WRITE };
    if (index === REGION.VGA || index >= REGION.count) return null;
    return { size: 0, flags: 0 };
  }

  /** mmap() of a region. 0 or -EINVAL. Offset and length in bytes, whole pages. */
  map(policy: BarPolicy, index: number, offset: number, length: number, shared: boolean): number {
    if (index === REGION.BAR2 && offset + length > this.grantedBytes(policy)) return -EINVAL;
    if (!shared || index !== REGION.BAR2) return -EINVAL;
    return 0;
  }

  /** pread() of a region: bytes read or a negative errno. */
  read(policy: BarPolicy, index: number, offset: number, length: number, user: UserMemory): number {
    const bytes = this.granted(policy, index, offset, length);
    let done = 0;
    while (done < bytes) {
      const at = offset + done;
      const width = this.widestPiece(at, bytes - done);
      this.port.readBar(at, width, this.piece);
      if (user.copyToUser(done, this.piece, 0, width) !== 0) return -EFAULT;
      done += width;
    }
    return bytes;
  }

  /** pwrite() of a region: bytes written or a negative errno. */
  write(policy: BarPolicy, index: number, offset: number, length: number, user: UserMemory): number {
    const bytes = this.granted(policy, index, offset, length);
    let done = 0;
    while (done < bytes) {
      const at = offset + done;
      const width = this.widestPiece(at, bytes - done);
      if (user.copyFromUser(this.piece, 0, done, width) !== 0) return -EFAULT;
      this.port.writeBar(at, width, this.piece);
      done += width;
    }
    return bytes;
  }

  /** How much of an access is let through; an access that crosses the end is cut short, one after it refused. */
  private granted(policy: BarPolicy, index: number, offset: number, length: number): number {
    if (index === REGION.BAR2) {
      const end = this.grantedBytes(policy);
      if (length === 0 && BAR_POLICIES[policy].by === 'core') return 0;
      return offset >= end ? -EINVAL : Math.min(length, end - offset);
    }
    if (index >= REGION.count) return -EINVAL;
    return length === 0 ? 0 : -EINVAL;
  }

  private widestPiece(offset: number, bytes: number): number {
    if (this.pieceBytesMax === 8 && bytes >= 8 && offset % 8 === 0) return 8;
    if (bytes >= 4 && offset % 4 === 0) return 4;
    return bytes >= 2 && offset % 2 === 0 ? 2 : 1;
  }

  private bytesOf(share: 'half' | 'all'): number {
    return share === 'half' ? this.bar2Bytes / GUEST_BAR2_DIVISOR : this.bar2Bytes;
  }
}
