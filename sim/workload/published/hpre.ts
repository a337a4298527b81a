/**
 * RSA-2048 per second with and without the HPRE engine, as `openssl speed` counts it.
 *
 * `openssl speed` divides by the CPU time that it used. A synchronous operation costs some software, then waits for the
 * engine; during half of the wait, on average, the thread polls, and the other half it sleeps. A verification is less
 * arithmetic than a signature by a known factor. On the CPU both are arithmetic alone.
 */
import { ACCELERATORS } from '../../abi/accelerators.ts';
import { UserError } from '../../base/user-error.ts';
import { JOB_RATES, serviceNs } from '../rates.ts';
import { machineRepair } from '../machine-repair.ts';
import { type ModelParameter, type ParameterEnd, parametersAt } from './parameter.ts';
import type { Prediction } from './zip.ts';
import { NS_PER_S } from '../../base/units.ts';

const KAE_README = 'KAE README, openssl speed rsa2048, one thread';

export const HPRE_PARAMETERS = {
  softwareNs: {
    value: 15_209,
    unit: 'ns',
    low: 5_000,
    high: 20_000,
    from: 'fitted',
    source: KAE_README,
    why: 'CPU time of one operation without waiting: OpenSSL, the engine plug-in, submission.',
  },
  signatureNs: {
    value: 296_007,
    unit: 'ns',
    low: 200_000,
    high: 311_000,
    from: 'fitted',
    source: `${KAE_README}: 32 132 signatures in 10 s`,
    why: 'From submission to answer of a signature that is alone on the engine.',
  },
  lookingShare: {
    value: 0.5,
    unit: 'fraction',
    low: 0.25,
    high: 0.75,
    from: 'assumed',
    source: `${KAE_README}: 4.95 s of CPU time in 10 s`,
    why: 'Part of the wait during which the thread polls without sleeping; a simple figure near what was seen.',
  },
  cyclesPerLimb: {
    value: 3,
    unit: 'cycles',
    low: 2,
    high: 5,
    from: 'assumed',
    source: 'one 64-bit multiplier: low half, high half and the carries',
    why: 'Product of two 64-bit words, added up. The CPU has to be somewhere to compare with.',
  },
  clockGhz: {
    value: 2.6,
    unit: 'GHz',
    low: 2.4,
    high: 3,
    from: 'constant',
    source: 'Huawei, Kunpeng 920 (2.6 GHz)',
    why: 'Clock of the CPU.',
  },
} as const satisfies Record<string, ModelParameter>;

type HpreParameters = Readonly<Record<keyof typeof HPRE_PARAMETERS, number>>;

export interface HpreInputs {
  readonly operation: 'sign' | 'verify';
  readonly engine: 'cpu' | 'hpre';
  /** Per second of CPU time, as `openssl speed` counts without `-elapsed`, or of wall time. */
  readonly per: 'cpu' | 'wall';
  /** Threads of the process; more than one only for wall time. Default 1. */
  readonly threads?: number;
}

/** Words of a number of 2048 bits, and of one of its primes. */
const LIMBS = 32;
/** Two exponentiations modulo a prime: 1024 squarings, and a multiplication for each window of 5 bits. */
const SIGN_PRODUCTS = 2 * (1024 + 1024 / 5);
/** With the exponent 65537. */
const VERIFY_PRODUCTS = 17;

/** Products of words in a modular multiplication (Montgomery). */
function wordProducts(limbs: number): number {
  return 2 * limbs * limbs + limbs;
}

const SIGN_WORK = SIGN_PRODUCTS * wordProducts(LIMBS / 2);
const VERIFY_WORK = VERIFY_PRODUCTS * wordProducts(LIMBS);

export function hpreParameters(end: ParameterEnd = 'point'): HpreParameters {
  return parametersAt(HPRE_PARAMETERS, end);
}

/** Operations per second. */
export function predictHpre(inputs: HpreInputs, parameters: HpreParameters = hpreParameters()): Prediction {
  const { operation, engine, per, threads = 1 } = inputs;
  if (!Number.isInteger(threads) || threads < 1) throw new UserError('input', `threads is ${threads}`, 'from 1 on');
  if (threads > 1 && per === 'cpu') {
    throw new UserError('input', `threads is ${threads} and per is cpu`, 'wall time when there are several threads');
  }
  const work = operation === 'sign' ? SIGN_WORK : VERIFY_WORK;
  if (engine === 'cpu') {
    const cpuNs = (work * parameters.cyclesPerLimb) / parameters.clockGhz;
    return { value: (threads * NS_PER_S) / cpuNs, boundBy: 'arithmetic on the CPU' };
  }
  const part = work / SIGN_WORK;
  const waitNs = parameters.signatureNs * part;
  const cpuNs = parameters.softwareNs + parameters.lookingShare * waitNs;
  if (per === 'cpu') return { value: NS_PER_S / cpuNs, boundBy: waitNs > cpuNs / 2 ? 'polling' : 'software' };
  // On a core for the published saturated rate; the rest of the wait is on the way there and back.
  const { cores } = ACCELERATORS.hpre;
  const coreNs = Math.min(waitNs, serviceNs(JOB_RATES.hpre) * part);
  const { throughput, utilisation } = machineRepair(threads, parameters.softwareNs + waitNs - coreNs, coreNs, cores);
  return { value: throughput * NS_PER_S, boundBy: utilisation > 0.9 ? 'cores of the engine' : 'threads that wait' };
}
