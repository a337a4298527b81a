/** Entry of the answering side of an echo. */
import { parentPort, workerData } from 'node:worker_threads';
import { answerEcho } from './echo.ts';

parentPort?.postMessage('loaded');
answerEcho(new Int32Array(workerData as SharedArrayBuffer));
