import { parentPort } from 'node:worker_threads';

import { BennyRunner } from '../../../bench/measure/runner.ts';

let x = 1;
const { samples } = await new BennyRunner().measure('in a worker', () => (x = (x * 31) % 1009), {
  maxSeconds: 0.05,
  minSamples: 3,
});
parentPort?.postMessage(samples.length);
