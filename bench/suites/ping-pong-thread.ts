/** Entry of the answering thread of the bare ping-pong. */
import { workerData } from 'node:worker_threads';
import { answer } from './ping-pong.ts';

answer(new Int32Array(workerData as SharedArrayBuffer));
