/** Entry of the thread on which a command runs. */
import { parentPort, workerData } from 'node:worker_threads';

import { runCommandThread } from './command-work.ts';
import type { CommandInit } from './supervisor.ts';

await runCommandThread(workerData as CommandInit, parentPort!);
