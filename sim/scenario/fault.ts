/**
 * What goes wrong in a scenario: errors of the devices, images that are damaged on the way.
 */
import { QM_MB_CMD } from '../abi/mailbox.ts';
import { QM_RAS } from '../abi/ras.ts';
import { VF_DATA } from '../abi/vf-data.ts';
import type { Faults } from '../device/faults.ts';
import { keysOf } from '../base/keys.ts';

/** When and how long a fault of a device strikes. */
interface Strike {
  readonly fn: number;
  /** Until then it lasts, ns of the world's clock; Infinity: for good. */
  readonly untilNs: number;
  /** How often, for those that strike commands. */
  readonly times: number;
}

interface DeviceFault {
  readonly title: string;
  set(faults: Faults, strike: Strike): void;
}

const refused = (title: string, command: number): DeviceFault => ({
  title,
  set: (faults, { fn, times }) => faults.mailbox(fn, command, { status: 1, times }),
});

/** Errors of a device that its driver meets. */
export const DEVICE_FAULTS = {
  pauseRefused: refused('PAUSE_QM is refused', QM_MB_CMD.PAUSE_QM),
  pauseStuck: {
    title: 'PAUSE_QM never completes',
    set: (faults, { fn, times }) => faults.mailbox(fn, QM_MB_CMD.PAUSE_QM, { busy: 'forever', times }),
  },
  queueTableRefused: refused('the command for the SQC table is refused', QM_MB_CMD.SQC_BT),
  completionTableRefused: refused('the command for the CQC table is refused', QM_MB_CMD.CQC_BT),
  queueCountRefused: refused('the command for the number of queues is refused', QM_MB_CMD.SQC_VFT_V2),
  deviceError: {
    title: 'the queue manager reports a correctable error',
    set: (faults, { untilNs }) => faults.rasStatus(QM_RAS.ecc_1bit, untilNs),
  },
  fatalError: {
    title: 'the queue manager reports a fatal error',
    set: (faults, { untilNs }) => faults.rasStatus(QM_RAS.axi_rresp, untilNs),
  },
  coreError: {
    title: 'the accelerator core reports an error',
    set: (faults, { untilNs }) => faults.coreStatus(1, untilNs),
  },
  guestMessage: {
    title: 'the guest does not acknowledge a message',
    set: (faults, { fn, untilNs }) => faults.ifcStatus(fn, 1, untilNs),
  },
  pfMessage: {
    title: 'the PF does not acknowledge a message',
    set: (faults, { fn, untilNs }) => faults.ifcSet(fn, 1, untilNs),
  },
  writeBackStuck: {
    title: 'the cache write-back never ends',
    set: (faults, { fn }) => faults.cacheWriteBack(fn, Infinity),
  },
} as const satisfies Readonly<Record<string, DeviceFault>>;

export const DEVICE_FAULT_NAMES = keysOf(DEVICE_FAULTS);

/** Bytes of an image that a destination compares with what it has itself. */
const IMAGE_FIELDS = {
  magic: VF_DATA.magicLow,
  version: VF_DATA.majorVer,
  deviceId: VF_DATA.devId,
  queueCount: VF_DATA.qpNum,
  isolation: VF_DATA.queIsoCfg,
} as const;

export type ImageField = keyof typeof IMAGE_FIELDS;

export const IMAGE_FIELD_NAMES = keysOf(IMAGE_FIELDS);

/** Turns a bit of a field around. Once: who damages it again repairs it. */
export function imageDamage(field: ImageField): (image: Uint8Array) => void {
  let done = false;
  return (image) => {
    if (done) return;
    done = true;
    image[IMAGE_FIELDS[field]]! ^= 0x10;
  };
}
