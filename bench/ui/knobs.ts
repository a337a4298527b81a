/**
 * The knobs of the page: what of a scenario each turns, in which steps, and how a setting is written into a link.
 */
import type { Scenario, ScenarioDevice } from '../../sim/scenario/document.ts';
import { longestLimitNs, rulesOf } from '../../sim/scenario/rules.ts';
import { formatValue } from '../show/format.ts';
import { GIB, NS_PER_MS } from '../../sim/base/units.ts';
import { DEPTH } from '../../sim/abi/contexts.ts';
import { namedLoad } from '../../sim/workload/load.ts';

export const KNOB_NAMES = ['vfs', 'queues', 'load', 'gbit', 'channels', 'budget', 'memory', 'dirty'] as const;
export type KnobName = (typeof KNOB_NAMES)[number];

/** What differs from the scenario; a knob that was not touched is not in it. */
export type Settings = Readonly<Partial<Record<KnobName, number>>>;

export interface Knob {
  readonly title: string;
  /** One sentence for those who do not know the word. */
  readonly about: string;
  readonly steps: readonly number[];
  /** Whether the registers of VFs have to be played again; all else is answered at once. */
  readonly playsRegisters: boolean;
  readonly of: (scenario: Scenario) => number;
  readonly set: (scenario: Scenario, value: number) => Scenario;
  readonly format: (value: number, scenario: Scenario) => string;
}

const DOUBLINGS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512];

/** The knobs of devices turn the first one; scenarios of several kinds keep the others as they are. */
function onDevice(scenario: Scenario, change: (device: ScenarioDevice) => ScenarioDevice): Scenario {
  return { ...scenario, devices: scenario.devices.map((device, index) => (index === 0 ? change(device) : device)) };
}

function loadPercent({ load = 'idle' }: Pick<ScenarioDevice, 'load'>): number {
  if (typeof load !== 'string') return load.kind === 'open' ? Math.round(load.fraction * 100) : 100;
  const named = namedLoad(load, DEPTH.sq);
  if (named.kind === 'open') return Math.round(named.fractionOfCapacity * 100);
  return named.kind === 'idle' ? 0 : 100;
}

function loadOf(percent: number): NonNullable<ScenarioDevice['load']> {
  if (percent <= 0) return 'idle';
  return percent >= 100 ? 'saturated' : { kind: 'open', fraction: percent / 100, burst: 1 };
}

function pagesPerSecond({ memory: { dirty } }: Scenario): number {
  switch (dirty.kind) {
    case 'none':
      return 0;
    case 'uniform':
    case 'bursts':
      return dirty.pagesPerSecond;
    case 'hotSet':
      return dirty.hotPagesPerSecond;
    default:
      return Math.max(...dirty.pagesPerSecond);
  }
}

function withPages({ memory, ...rest }: Scenario, value: number): Scenario {
  const { dirty } = memory;
  if (dirty.kind === 'hotSet') return { ...rest, memory: { ...memory, dirty: { ...dirty, hotPagesPerSecond: value } } };
  const before = dirty.kind === 'uniform' || dirty.kind === 'bursts' ? dirty : { kind: 'uniform' as const };
  return { ...rest, memory: { ...memory, dirty: { ...before, pagesPerSecond: value } } };
}

function withBudget({ convergence, ...rest }: Scenario, value: number): Scenario {
  // One limit takes the place of limits that rise with time.
  const { steps: _steps, ...others } = convergence;
  return { ...rest, convergence: { ...others, downtimeLimit: value * NS_PER_MS } };
}

/** Less memory has a smaller working set in it. */
function withMemory({ memory, ...rest }: Scenario, value: number): Scenario {
  const size = value * GIB;
  const { dirty, dma, ...others } = memory;
  const within = (bytes: number): number => Math.min(bytes, size);
  const writes =
    dirty.kind === 'uniform' && dirty.workingSet !== undefined
      ? { ...dirty, workingSet: within(dirty.workingSet) }
      : dirty.kind === 'hotSet'
        ? { ...dirty, hot: within(dirty.hot) }
        : dirty.kind === 'bursts'
          ? { ...dirty, workingSet: Math.min(dirty.workingSet, size / 2), burst: Math.min(dirty.burst, size / 2) }
          : dirty;
  const devices = dma === undefined ? {} : { dma: { ...dma, buffers: within(dma.buffers) } };
  return { ...rest, memory: { ...others, size, dirty: writes, ...devices } };
}

const count = (one: string, many: string) => (value: number) => `${value} ${value === 1 ? one : many}`;

export const KNOBS: Readonly<Record<KnobName, Knob>> = {
  vfs: {
    title: 'VFs',
    about: 'Accelerator VFs of the VM.',
    steps: [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16],
    playsRegisters: true,
    of: ({ devices }) => devices[0]?.count ?? 0,
    set: (scenario, value) => onDevice(scenario, (device) => ({ ...device, count: value })),
    format: count('VF', 'VFs'),
  },
  queues: {
    title: 'Queue pairs',
    about: 'Queue pairs of each VF.',
    steps: [1, 2, 4, 8, 15, 16, 32, 64, 128, 256],
    playsRegisters: true,
    of: ({ devices }) => devices[0]?.queues ?? 1,
    set: (scenario, value) => onDevice(scenario, (device) => ({ ...device, queues: value })),
    format: count('pair each', 'pairs each'),
  },
  load: {
    title: 'Queue load',
    about: 'Share of what the engine can do; 100 % keeps tasks in flight in every queue.',
    steps: Array.from({ length: 21 }, (_, step) => step * 5),
    playsRegisters: true,
    of: ({ devices }) => loadPercent(devices[0] ?? {}),
    set: (scenario, value) => onDevice(scenario, (device) => ({ ...device, load: loadOf(value) })),
    format: (value) => (value === 0 ? 'idle' : value === 100 ? 'saturated' : `${value} %`),
  },
  gbit: {
    title: 'Link',
    about: 'Line rate between the hosts.',
    steps: [1, 2.5, 5, 10, 25, 40, 50, 100, 200, 400],
    playsRegisters: false,
    of: ({ stream }) => stream.gigabitsPerSecond,
    set: ({ stream, ...rest }, value) => ({ ...rest, stream: { ...stream, gigabitsPerSecond: value } }),
    format: (value) => `${value} Gbit/s`,
  },
  channels: {
    title: 'Channels',
    about: 'Connections that carry memory at the same time.',
    steps: [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32],
    playsRegisters: false,
    of: ({ stream }) => stream.channels,
    set: ({ stream, ...rest }, value) => ({ ...rest, stream: { ...stream, channels: value } }),
    format: count('channel', 'channels'),
  },
  budget: {
    title: 'Downtime budget',
    about: 'The VMM stops the VM when what is left would take no longer than this.',
    steps: [5, 10, 20, 30, 50, 75, 100, 150, 200, 250, 300, 400, 500, 750, 1000, 2000, 5000],
    playsRegisters: false,
    of: (scenario) => longestLimitNs(rulesOf(scenario)) / NS_PER_MS,
    set: withBudget,
    format: (value, scenario) =>
      `${rulesOf(scenario).steps === undefined ? '' : 'up to '}${formatValue(value * NS_PER_MS, 'ns')}`,
  },
  memory: {
    title: 'Memory',
    about: 'Memory of the VM.',
    steps: DOUBLINGS,
    playsRegisters: false,
    of: ({ memory }) => memory.size / GIB,
    set: withMemory,
    format: (value) => `${Number(value.toPrecision(3))} GiB`,
  },
  dirty: {
    title: 'Dirty rate',
    about: 'Pages that the guest writes in a second.',
    steps: [0, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1.5e5, 2e5, 3e5, 5e5, 7.5e5, 1e6, 2e6],
    playsRegisters: false,
    of: pagesPerSecond,
    set: withPages,
    format: (value, { memory }) =>
      `${value.toLocaleString('en-US').replaceAll(',', ' ')} pages/s, ${formatValue(value * memory.page, 'B/s')}`,
  },
};

/** The places of a slider: the steps of the knob, and where the scenario itself stands. */
export function placesOf(name: KnobName, scenario: Scenario): readonly number[] {
  const { steps, of } = KNOBS[name];
  return [...new Set([...steps, of(scenario)])].toSorted((a, b) => a - b);
}

/** Whether a scenario has what the knob turns. */
export function hasKnob(name: KnobName, scenario: Scenario): boolean {
  return !['vfs', 'queues', 'load'].includes(name) || scenario.devices.length > 0;
}

/** The scenario with the knobs where they were turned to. */
export function applySettings(scenario: Scenario, settings: Settings): Scenario {
  let changed = scenario;
  for (const name of KNOB_NAMES) {
    const value = settings[name];
    if (value !== undefined && hasKnob(name, scenario)) changed = KNOBS[name].set(changed, value);
  }
  return changed;
}

/** The part after the `#` of a link. */
export function linkOf(scenario: string, settings: Settings): string {
  const parameters = new URLSearchParams({ scenario });
  for (const name of KNOB_NAMES) {
    const value = settings[name];
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.toString();
}

/**
 * Reads what {@link linkOf} wrote. What is not known, or lies beyond the ends of its slider, is left out: links are typed by
 * hand too.
 */
export function readLink(
  link: string,
  scenarios: ReadonlyMap<string, Scenario>,
  fallback: string,
): { readonly scenario: string; readonly settings: Settings } {
  const parameters = new URLSearchParams(link.replace(/^#/, ''));
  const named = parameters.get('scenario') ?? fallback;
  const name = scenarios.has(named) ? named : fallback;
  const scenario = scenarios.get(name)!;
  const settings: Partial<Record<KnobName, number>> = {};
  for (const knob of KNOB_NAMES) {
    const text = parameters.get(knob);
    const places = placesOf(knob, scenario);
    const value = Number(text ?? Number.NaN);
    if (text === null || text === '' || !hasKnob(knob, scenario)) continue;
    if (value >= places[0]! && value <= places.at(-1)!) settings[knob] = nearest(places, value);
  }
  return { scenario: name, settings };
}

/** The place of a slider that lies closest to a value. */
export function nearest(places: readonly number[], value: number): number {
  return places.reduce((best, place) => (Math.abs(place - value) < Math.abs(best - value) ? place : best));
}
