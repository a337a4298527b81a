/** Entry of the device thread: both hosts' PFs behind the shared map. */
import { workerData } from 'node:worker_threads';
import { type DeviceInit, DeviceService } from './device-service.ts';

new DeviceService(workerData as DeviceInit).run();
