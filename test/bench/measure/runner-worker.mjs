/** A worker thread that measures something with a runner. Its data is where `BennyRunner` is built. */
import { parentPort, workerData } from 'node:worker_threads';

const { BennyRunner } = await import(workerData);

let x = 1;
const { samples } = await new BennyRunner().measure('in a worker', () => (x = (x * 31) % 1009), {
  maxSeconds: 0.05,
  minSamples: 3,
});
parentPort?.postMessage(samples.length);
