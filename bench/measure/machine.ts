/**
 * Facts of the machine that a measured figure belongs to.
 */
import os from 'node:os';

import type { Machine } from '../documents/bench/result.ts';

export function machineFacts(): Machine {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    // What this process may use, which in a container is less than what the machine has.
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    os: os.type(),
    kernel: os.release(),
    arch: os.arch(),
    node: process.versions.node,
    v8: process.versions.v8,
    loadAverage: os.loadavg().map((load) => Math.round(load * 100) / 100),
  };
}
