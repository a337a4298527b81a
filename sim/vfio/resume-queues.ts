/**
 * A source whose migration was cancelled resumes.
 */
import { QM_READY } from '../abi/registers.ts';
import { MIG_STATE } from '../abi/vfio.ts';
import type { MigratableDevice } from './migratable-device.ts';

/**
 * Brings a device back to RUNNING with its queues served, as far as its driver can.
 *
 * A stop that failed half way leaves the VF paused though its state says RUNNING (docs/device.md 14, R22), and a plain
 * STOP and RUNNING touches nothing (R23): only a save that got as far as finding the guest's driver ready makes the
 * migration driver start the function again.
 *
 * @returns 0, or the negative errno of the step that failed; the VF may then still be paused
 */
export function resumeQueues(device: MigratableDevice): number {
  let ret = 0;
  if (device.getState() !== MIG_STATE.STOP_COPY) {
    ret = device.setState(MIG_STATE.STOP_COPY);
    if (device.newFile !== null) device.closeFile(device.newFile);
    device.newFile = null;
    if (ret !== 0 && device.getState() !== MIG_STATE.STOP) return ret;
  }
  const starts = ret === 0 || device.driver?.vfQmState === QM_READY;
  const started = device.setState(MIG_STATE.RUNNING);
  return starts ? started : ret;
}
