/** Entry of the device thread: serves the PFs of all hosts over the shared map. */
import { workerData } from 'node:worker_threads';
import { type DeviceInit, DeviceService } from './device-service.ts';

new DeviceService(workerData as DeviceInit).run();
