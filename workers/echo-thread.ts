/** Entry of the answering thread of an echo. */
import { workerData } from 'node:worker_threads';
import { answerEcho } from './echo.ts';

answerEcho(new Int32Array(workerData as SharedArrayBuffer));
