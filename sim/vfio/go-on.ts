/**
 * A source whose migration was given up goes on.
 */
import { MIG_STATE } from '../abi/vfio.ts';
import type { VfioDevice } from './vfio-device.ts';

/**
 * Brings a device back to RUNNING with its queues served, as far as its driver can.
 *
 * A stop that failed half way leaves the VF paused though its state says RUNNING (docs/device.md 14, R22), and a plain
 * STOP and RUNNING touches nothing (R23): only a completed save makes the driver start the function again.
 *
 * @returns 0, or the negative errno of the step that failed; the VF may then still be paused
 */
export function goOn(device: VfioDevice): number {
  if (device.getState() === MIG_STATE.RUNNING) {
    const ret = device.setState(MIG_STATE.STOP_COPY);
    if (device.newFile !== null) device.closeFile(device.newFile);
    device.newFile = null;
    if (ret !== 0) return ret;
  }
  return device.setState(MIG_STATE.RUNNING);
}
