/** Entry of the guest thread: the VMs of a run. */
import { parentPort, workerData } from 'node:worker_threads';
import { type GuestInit, GuestService } from './guest-service.ts';
import { Lane } from '../lane/lane-port.ts';

const init = workerData as GuestInit;
parentPort?.postMessage(new GuestService(init, new Lane(init.map, init.limitMs, init.waiting)).run());
