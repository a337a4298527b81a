/**
 * Operations per second of the SEC engine as UADK's commits measure it: threads, each with its context (queue).
 *
 * A synchronous thread prepares and sends an operation, waits, and takes the answer: machine repair with the threads as
 * clients, sending and taking as their thinking, and the cores as servers. Sending and taking are assumed to cost the
 * same. An asynchronous thread only sends; others take. An engine's core is busy with an operation for a fixed time,
 * or for its bytes at the rate at which the engine can move data, whichever is longer.
 */
import { ACCELERATORS } from '../../abi/accelerators.ts';
import { UserError } from '../../base/user-error.ts';
import { machineRepair } from '../machine-repair.ts';
import { type ModelParameter, type ParameterEnd, parametersAt } from './parameter.ts';
import type { Prediction } from './zip.ts';

export const SEC_PARAMETERS = {
  softwareNs: {
    value: 2_449.8,
    unit: 'ns',
    low: 1_500,
    high: 3_000,
    from: 'fitted',
    source: 'UADK commit b012fa26',
    why: 'Sending one operation and taking its answer, with locks that nobody else holds.',
  },
  operationNs: {
    value: 1_087.25,
    unit: 'ns',
    low: 1_081,
    high: 2_175,
    from: 'fitted',
    source: 'UADK commit 76145d3a: 3.679 M/s over 4 cores',
    why: 'Time on a core of an operation with few bytes.',
  },
  engineBytesPerNs: {
    value: 12.5,
    unit: 'bytes per ns',
    low: 3.8,
    high: 12.5,
    from: 'assumed',
    source: 'Kai Ye, 20211120044739.5667-5-yekai13@huawei.com: rate caps of up to 100 Gbit/s',
    why: 'Nobody would cap above what the engine can move; all cores together.',
  },
  contendedLockNs: {
    value: 1_000,
    unit: 'ns',
    low: 200,
    high: 6_000,
    from: 'assumed',
    source: 'syscallNs of sim/device/costs.ts, 500 ns, twice',
    why: 'A mutex that another thread holds: one system call to sleep, one to wake.',
  },
  freeLockNs: {
    value: 50,
    unit: 'ns',
    low: 10,
    high: 200,
    from: 'assumed',
    source: 'two atomic operations in a cache that another core wrote to',
    why: 'Taking and leaving a lock that is free; saved where there is no lock.',
  },
} as const satisfies Record<string, ModelParameter>;

type SecParameters = Readonly<Record<keyof typeof SEC_PARAMETERS, number>>;

export interface SecInputs {
  readonly operation: 'cipher' | 'sha512';
  readonly bytes: number;
  readonly mode: 'sync' | 'async';
  readonly threads: number;
  /** Default: one for each thread. */
  readonly contexts?: number;
  /** Default `spinlock`. There is one around sending, and one around taking. */
  readonly lock?: 'spinlock' | 'mutex' | 'none';
}

const LOCKS = 2;

export function secParameters(end: ParameterEnd = 'point'): SecParameters {
  return parametersAt(SEC_PARAMETERS, end);
}

/** Throughput in millions of operations per second. */
export function predictSec(inputs: SecInputs, parameters: SecParameters = secParameters()): Prediction {
  const { bytes, mode, threads, contexts = threads, lock = 'spinlock' } = inputs;
  for (const [name, count] of Object.entries({ bytes, threads, contexts })) {
    if (!Number.isInteger(count) || count < 1) throw new UserError('input', `${name} is ${count}`, 'from 1 on');
  }
  const { cores } = ACCELERATORS.sec;
  const bytesNs = (bytes * cores) / parameters.engineBytesPerNs;
  const coreNs = Math.max(parameters.operationNs, bytesNs);
  const locksNs =
    LOCKS *
    (lock === 'mutex' && threads > 1 ? parameters.contendedLockNs : lock === 'none' ? -parameters.freeLockNs : 0);
  const softwareNs = parameters.softwareNs + locksNs;
  const engine = bytesNs > parameters.operationNs ? 'data path of the engine' : 'cores of the engine';
  if (mode === 'async') {
    // Threads that share a context send one after another.
    const sending = Math.min(threads, contexts) / (softwareNs / 2);
    const served = cores / coreNs;
    return { value: Math.min(sending, served) * 1e3, boundBy: sending < served ? 'sending' : engine };
  }
  const { throughput, utilisation } = machineRepair(threads, softwareNs, coreNs, cores);
  return { value: throughput * 1e3, boundBy: utilisation > 0.9 ? engine : 'threads that wait' };
}
