/**
 * What `most` and `least` count: which field of the VM, in which unit, from where to where.
 */
import { DEFAULT_LOAD } from '../../../workload/load.ts';
import type { QuestionOf, QuestionVm } from '../../question.ts';

export type BoundQuestion = QuestionOf<'most'> | QuestionOf<'least'>;
export type AxisName = BoundQuestion['of'];

/** Whole numbers from `low` to `high` are tried, each `1 / scale` of the unit. */
export interface Axis {
  readonly unit: string;
  readonly low: number;
  readonly high: number;
  readonly scale: number;
  /** 1: the most is asked for; -1: the least. */
  readonly direction: 1 | -1;
  /** Whether other registers are played for each number. */
  readonly playsRegisters: boolean;
  /** @param device index in the VM's devices, where a device is changed */
  readonly set: (vm: QuestionVm, n: number, device: number) => QuestionVm;
  /** What the VM itself says, in the unit or in a word. */
  readonly given: (vm: QuestionVm, device: number) => number | string;
}

export const CHANNELS_MAX = 128;
const QUEUES_OF_A_VF_MAX = 1024;
/** 0.1 Gbit/s to 800 Gbit/s. */
const TENTHS_OF_GIGABITS_MAX = 8000;

export const AXES: Readonly<Record<AxisName, Axis>> = {
  vfs: {
    unit: 'VFs',
    low: 1,
    high: 128,
    scale: 1,
    direction: 1,
    playsRegisters: false,
    set: (vm, count, device) => withDevice(vm, device, { count }),
    given: ({ devices }, device) => devices[device]!.count,
  },
  queues: {
    unit: 'queues',
    low: 1,
    high: QUEUES_OF_A_VF_MAX,
    scale: 1,
    direction: 1,
    playsRegisters: true,
    set: (vm, queues, device) => withDevice(vm, device, { queues }),
    given: ({ devices }, device) => devices[device]!.queues,
  },
  load: {
    unit: '% of the engine',
    low: 1,
    high: 99,
    scale: 1,
    direction: 1,
    playsRegisters: true,
    set: (vm, percent, device) => withDevice(vm, device, { load: { kind: 'open', fraction: percent / 100, burst: 1 } }),
    given: ({ devices }, device) => loadGiven(devices[device]!.load),
  },
  channels: {
    unit: 'channels',
    low: 1,
    high: CHANNELS_MAX,
    scale: 1,
    direction: -1,
    playsRegisters: false,
    set: (vm, channels) => ({ ...vm, stream: { ...vm.stream, channels } }),
    given: ({ stream }) => stream.channels,
  },
  gigabitsPerSecond: {
    unit: 'Gbit/s',
    low: 1,
    high: TENTHS_OF_GIGABITS_MAX,
    scale: 10,
    direction: -1,
    playsRegisters: false,
    set: (vm, tenths) => ({ ...vm, stream: { ...vm.stream, gigabitsPerSecond: tenths / 10 } }),
    given: ({ stream }) => stream.gigabitsPerSecond,
  },
};

/** Index of the device that a question is about; of those about none, the first. */
export function deviceIndex(question: BoundQuestion): number {
  return question.ask === 'most' ? question.device - 1 : 0;
}

/** The load of a device, in percent of its engine where it is such a share and comes evenly. */
function loadGiven(load: QuestionVm['devices'][number]['load']): number | string {
  if (load === undefined || typeof load === 'string') return load ?? DEFAULT_LOAD;
  if (load.kind === 'closed') return `${load.inFlight} jobs in flight per queue`;
  const percent = Number((100 * load.fraction).toPrecision(6));
  return load.burst === 1 ? percent : `${percent} % in bursts of ${load.burst}`;
}

function withDevice(vm: QuestionVm, device: number, change: Partial<QuestionVm['devices'][number]>): QuestionVm {
  return { ...vm, devices: vm.devices.map((each, i) => (i === device ? { ...each, ...change } : each)) };
}
