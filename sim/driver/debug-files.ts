/**
 * The driver's debug files: a live dump of the registers, the last image moved, and the mailbox's health.
 *
 * They use the VF's registers while the guest may be running.
 *
 * Source: docs/device.md section 15.
 */
import { EAGAIN, EINVAL, ENOENT, ENOMEM, ETIMEDOUT } from '../abi/errno.ts';
import { QM_MB_CMD_NOT_READY } from '../abi/mailbox.ts';
import { VF_REG } from '../abi/registers.ts';
import { ACC_VF_DATA_BYTES, ACC_VF_DATA_DEBUG_BYTES, QM_MATCH_BYTES } from '../abi/vf-data.ts';
import { MIG_STATE_NAMES } from '../abi/vfio.ts';
import { WORD } from './image.ts';
import type { VfDriver } from './vf-driver.ts';

export interface DebugText {
  readonly ret: number;
  /** What the file shows. On an error it is what the driver said before; reading the file gives only the error. */
  readonly text: string;
}

const BYTES_PER_LINE = 16;

export class DebugFiles {
  private readonly driver: VfDriver;

  constructor(driver: VfDriver) {
    this.driver = driver;
  }

  read(file: string): DebugText {
    switch (file) {
      case 'dev_data':
        return this.devData();
      case 'migf_data':
        return this.migfData();
      case 'cmd_state':
        return this.cmdState();
      case 'state':
        return { ret: 0, text: `${MIG_STATE_NAMES[this.driver.state]!}\n` };
      default:
        return { ret: -ENOENT, text: '' };
    }
  }

  private devData(): DebugText {
    const refused = this.notUsable();
    if (refused !== null) return refused;
    if (!this.driver.allocateForDebug()) return { ret: -ENOMEM, text: '' };
    const words = new Uint32Array(ACC_VF_DATA_BYTES / 4);
    words[WORD.vfQmState] = this.driver.vfQmState;
    const ret = this.driver.readRegisters(words);
    if (ret !== 0) return { ret, text: '' };
    return {
      ret: 0,
      text:
        hexDump('Dev Data:', new Uint8Array(words.buffer)) +
        `guest driver load: ${this.driver.vfQmState}\n` +
        `data size: ${ACC_VF_DATA_BYTES}\n`,
    };
  }

  private migfData(): DebugText {
    const { lastImage } = this.driver;
    if (lastImage.totalLength < QM_MATCH_BYTES) return { ret: -EAGAIN, text: 'device not migrated!\n' };
    return {
      ret: 0,
      text: `${hexDump('Mig Data:', lastImage.bytes)}migrate data length: ${lastImage.totalLength}\n`,
    };
  }

  private cmdState(): DebugText {
    const refused = this.notUsable();
    if (refused !== null) return refused;
    if (this.driver.qm.read(VF_REG.QM_MB_CMD_SEND_BASE) === QM_MB_CMD_NOT_READY) {
      return { ret: -EINVAL, text: 'mailbox cmd channel not ready!\n' };
    }
    return { ret: 0, text: 'mailbox cmd channel ready!\n' };
  }

  private notUsable(): DebugText | null {
    if (!this.driver.opened) return { ret: -EINVAL, text: 'device not opened!\n' };
    if (!this.driver.qm.waitGuestReady()) return { ret: -ETIMEDOUT, text: 'VF device not ready!\n' };
    return null;
  }
}

/** Lines of 16 bytes after a prefix and an offset, for the part of an image before its addresses. */
function hexDump(prefix: string, bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < ACC_VF_DATA_DEBUG_BYTES; at += BYTES_PER_LINE) {
    const line = Array.from(bytes.subarray(at, at + BYTES_PER_LINE), (byte) => byte.toString(16).padStart(2, '0'));
    text += `${prefix}${at.toString(16).padStart(8, '0')}: ${line.join(' ')}\n`;
  }
  return text;
}
