/** Entry of the thread that holds one end of a move between processes. */
import { parentPort, workerData } from 'node:worker_threads';

import { type EndCall, type EndInit, EndService } from './end-service.ts';

const service = new EndService(workerData as EndInit);
parentPort?.on('message', (call: EndCall) => parentPort?.postMessage(service.answer(call)));
parentPort?.postMessage({ kind: 'done' });
