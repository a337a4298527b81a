/**
 * The calls of protocol v2 that a move makes on each of its VFs, one row a system call.
 */
import { MIG_STATE } from '../abi/vfio.ts';
import type { MigratableDevice } from '../vfio/migratable-device.ts';
import type { VfCall } from './vf-passage.ts';

const STATE = MIG_STATE;

/** All rows have the same fields, so that nothing is looked up at run time. */
function row({ at, name, part, make, when, done, otherwise }: Partial<VfCall> & Omit<VfCall, Optional>): VfCall {
  return {
    at,
    name,
    part,
    make,
    when: when ?? (() => true),
    done: done ?? (() => undefined),
    otherwise: otherwise ?? (() => false),
  };
}

type Optional = 'when' | 'done' | 'otherwise';

/** The destination is stopped and made ready to take an image. */
export const RESUMING: VfCall = row({
  at: 'destination',
  name: 'destination RESUMING',
  part: 'prepare',
  make: (vf) => {
    vf.prepareTried = true;
    return vf.to.setState(STATE.RESUMING);
  },
  done: (vf) => vf.openIncoming(),
});

const PRE_COPY: VfCall = row({
  at: 'source',
  name: 'source PRE_COPY',
  part: null,
  make: (vf) => vf.from.setState(STATE.PRE_COPY),
  done: (vf) => vf.openOutgoing(),
});

const READ_MATCH_DATA: VfCall = row({
  at: 'source',
  name: 'source read',
  part: 'matchData',
  make: (vf) => vf.read(),
  done: (vf, bytes) => vf.sent(bytes),
});

const WRITE_MATCH_DATA: VfCall = row({
  at: 'destination',
  name: 'destination write',
  part: null,
  make: (vf) => vf.write(),
  done: (vf) => vf.gotAhead(),
});

/** What the destination compares goes to it while the guest runs, where the VMM wants that and the source's driver can. */
export const MATCH_DATA: readonly VfCall[] = [PRE_COPY, READ_MATCH_DATA, WRITE_MATCH_DATA].map((call) =>
  row({ ...call, when: (vf) => vf.preCopies }),
);

/** The source is paused, drained and saved. */
export const STOP_COPY: VfCall = row({
  at: 'source',
  name: 'source STOP_COPY',
  part: 'pauseAndDrain',
  make: (vf) => vf.stopSource(),
  done: (vf) => vf.openOutgoing(),
  otherwise: (vf) => {
    vf.stopFailed = true;
    return false;
  },
});

/** The image is read, or the rest of it. */
export const READ: VfCall = row({
  at: 'source',
  name: 'source read',
  part: 'read',
  make: (vf) => vf.read(),
  done: (vf, bytes) => vf.sent(bytes),
});

/** The destination takes the rest of the image, and checks it. */
export const WRITE: VfCall = row({
  at: 'destination',
  name: 'destination write',
  part: 'load',
  make: (vf) => vf.write(),
  done: (vf) => vf.written(),
});

/** The destination's registers are loaded. */
export const LOAD: VfCall = row({
  at: 'destination',
  name: 'destination load',
  part: 'load',
  when: (vf) => vf.manners.loadsAtStart !== true,
  make: (vf) => vf.to.setState(STATE.STOP),
  otherwise: (vf, ret) => {
    // QEMU finds it where the VM starts, which the source takes for done: the VM runs with a device that is reset.
    if (vf.manners.recovery !== 'reset') return false;
    vf.loadErrno = ret;
    return true;
  },
});

/** The destination is reset in place of a load that failed. */
export const RESET_UNLOADED: VfCall = row({
  at: 'destination',
  name: 'destination reset',
  part: 'load',
  when: (vf) => vf.loadErrno < 0,
  make: (vf) => reset(vf.to),
  done: (vf) => {
    vf.end = 'blank';
  },
});

/** The destination's queues are served. */
export const RUN: VfCall = row({
  at: 'destination',
  name: 'destination RUNNING',
  part: 'start',
  make: (vf) => vf.to.setState(STATE.RUNNING),
});

/** The source is no longer needed. */
export const STOP_SOURCE: VfCall = row({
  at: 'source',
  name: 'source STOP',
  part: null,
  make: (vf) => vf.from.setState(STATE.STOP),
  done: (vf) => vf.closeOutgoing(),
});

/** The source is reset, as QEMU and Cloud Hypervisor do it where its driver failed. */
export const RESET_SOURCE: VfCall = row({
  at: 'source',
  name: 'source reset',
  part: 'recovery',
  when: resetsSource,
  make: (vf) => reset(vf.from),
  done: (vf) => {
    vf.end = 'blank';
  },
});

/** The source is brought back to where its queues are served, as far as its driver can. */
export const RESUME_SOURCE: VfCall = row({
  at: 'source',
  name: 'source RUNNING',
  part: 'recovery',
  when: (vf) => !resetsSource(vf),
  make: (vf) => vf.resumeSource(),
  done: (vf) => {
    vf.end = 'served';
  },
  otherwise: (vf) => {
    vf.end = vf.isSourcePaused ? 'paused' : 'served';
    return true;
  },
});

/** The vCPUs stay parked, and what was stopped stays so. */
export const PARK_SOURCE: VfCall = row({
  at: 'source',
  name: 'source parked',
  part: null,
  when: (vf) => !resetsSource(vf),
  make: () => 0,
  done: (vf) => {
    vf.end = 'parked';
  },
});

/** The destination forgets what came. */
export const RESET_DESTINATION: VfCall = row({
  at: 'destination',
  name: 'destination reset',
  part: null,
  when: (vf) => vf.prepareTried,
  make: (vf) => reset(vf.to),
  done: (vf) => vf.forgetMemory(),
});

/** Whether a source that did not stop is reset. */
function resetsSource({ stopFailed, manners: { recovery } }: Parameters<VfCall['when']>[0]): boolean {
  return stopFailed && recovery !== undefined && recovery !== 'goOn';
}

function reset(device: MigratableDevice): number {
  device.reset();
  return 0;
}
