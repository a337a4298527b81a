/**
 * `stopcopy/workers`: the threads. A world in which the driver and the device run on threads of their own, and the switchover of
 * a VM between processes.
 */
export { RealWorld } from '../../workers/real-world.ts';
export type { RealMigration, RealWorldOptions } from '../../workers/real-world.ts';
export { receiveVm } from '../../workers/transport/receive-vm.ts';
export type { ReceiveOptions, ReceiveReport } from '../../workers/transport/receive-vm.ts';
export { sendVm } from '../../workers/transport/send-vm.ts';
export type { SendOptions, SendReport } from '../../workers/transport/send-vm.ts';
export { WorkerLost } from '../../workers/pools/worker-lost.ts';
