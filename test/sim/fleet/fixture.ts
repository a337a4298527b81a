/**
 * VMs and fleets for tests.
 */
import { readQuestion } from '../../../bench/studies/plan/read-question.ts';
import type { EvacuationInput } from '../../../sim/fleet/evacuation-terms.ts';
import { MoveClass } from '../../../sim/fleet/move-class.ts';
import type { Question, QuestionOf } from '../../../sim/fleet/question.ts';
import { pointParameters } from '../../../sim/memory/parameters.ts';
import type { VmMoveInput } from '../../../sim/memory/vm-move.ts';
import { GIB } from '../../../sim/base/units.ts';

export const P = pointParameters();

export interface MoveChange {
  readonly gib?: number;
  readonly vmm?: 'qemu' | 'cloud-hypervisor';
  readonly pagesPerSecond?: number;
  readonly workingSetGib?: number;
  readonly timeoutS?: number;
  readonly autoConverge?: boolean;
  readonly progressTimeoutS?: number;
  readonly manager?: VmMoveInput['convergence']['manager'];
  readonly whenOut?: 'cancel' | 'stop';
  readonly limitSteps?: VmMoveInput['convergence']['limitSteps'];
}

export function moveInput(change: MoveChange = {}): VmMoveInput {
  const { gib = 4, vmm = 'qemu', pagesPerSecond = 10_000, workingSetGib = 0.5, timeoutS = 3600 } = change;
  return {
    vcpus: 8,
    memory: {
      bytes: gib * GIB,
      nonZeroShare: 1,
      pageBytes: 4096,
      dirty: { kind: 'uniform', pagesPerSecond, workingSetBytes: workingSetGib * GIB },
      layout: 'data',
    },
    stream: {
      vmm,
      gigabitsPerSecond: 25,
      latencyNs: 20_000,
      lineShare: 1,
      channels: 2,
      multifd: vmm === 'qemu',
      tls: false,
      compression: null,
      compressionRatio: null,
      fill: 'mixed',
      engines: 1,
      zeroCheck: 'mainThread',
      preallocated: true,
      maxBytesPerSecond: Infinity,
    },
    convergence: {
      vmm,
      manager: change.manager ?? (vmm === 'qemu' ? 'user' : 'vmm'),
      downtimeLimitNs: 300e6,
      limitSteps: change.limitSteps ?? [],
      autoConverge: change.autoConverge ?? false,
      timeoutNs: timeoutS * 1e9,
      roundsMax: Infinity,
      progressTimeoutNs: change.progressTimeoutS === undefined ? Infinity : change.progressTimeoutS * 1e9,
      whenOut: change.whenOut ?? 'cancel',
      hasVfio: false,
      windowPhase: 0.5,
    },
    devices: [],
    parallelDevices: false,
    switchoverAck: false,
    returnPath: false,
    vcpuStopNs: 1e6,
    vcpuStartNs: 1e6,
  };
}

export function moveClass(move: VmMoveInput): MoveClass {
  const needs = { memoryBytes: move.memory.bytes, vfs: 1, queues: 8, vcpus: 8 };
  return new MoveClass({ name: 'vm', move, parameters: P, needs });
}

/** A link that carries what `gigabits` of it carry in the model. */
export function usable(gigabits: number): number {
  return ((gigabits * 1e9) / 8) * P.lineShare;
}

export function fleet(classes: readonly MoveClass[], change: Partial<EvacuationInput> = {}): EvacuationInput {
  return {
    links: {
      racks: 4,
      hostsPerRack: 2,
      pfsPerHost: 1,
      pf: Infinity,
      host: usable(25),
      rack: Infinity,
      spine: Infinity,
    },
    classes,
    perHost: classes.map(() => 1),
    hosts: 1,
    room: { memoryBytes: 1e15, vfs: 1000, queues: 100_000, vcpus: 1e6 },
    concurrency: { fleet: Infinity, outboundPerHost: Infinity, inboundPerHost: Infinity, perPf: Infinity },
    hostOrder: 'in turn',
    vmOrder: 'as listed',
    ...change,
  };
}

/** A shipped question of a kind. */
export function shipped<Ask extends Question['ask']>(name: string, ask: Ask): QuestionOf<Ask> {
  const { question } = readQuestion(name);
  if (question.ask !== ask) throw new Error(`${name} asks ${question.ask}`);
  return question as QuestionOf<Ask>;
}
