/**
 * Scenarios and questions drawn at random, as files have them, with time-outs that end moves in every way, and what is known of
 * each: its manager, and until when a move may last.
 */
import { Random } from '../../../sim/base/random.ts';
import { GIB, NS_PER_MS, NS_PER_S } from '../../../sim/base/units.ts';
import { parseDocument } from '../../../sim/base/schema.ts';
import { pointCosts } from '../../../sim/device/costs.ts';
import { hasMoved } from '../../../sim/memory/outcome.ts';
import { type ManagerName, MANAGERS } from '../../../sim/memory/manager.ts';
import { pointParameters } from '../../../sim/memory/parameters.ts';
import { moveVm } from '../../../sim/memory/vm-move.ts';
import { compileScenario, moveInputOf } from '../../../sim/scenario/compile.ts';
import { type Scenario, scenarioSchema, writtenScenario } from '../../../sim/scenario/document.ts';
import { drawScenario } from '../../sim/scenario/random-scenario.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A command and its file. */
export interface Ask {
  readonly command: 'run' | 'plan';
  readonly document: Fields;
  /** For each kind of VM: the manager that watches it, its time, and how long it may last when that is over, its pause aside. */
  readonly rules: readonly Rules[];
  readonly refused: boolean;
}

interface Rules {
  readonly manager: ManagerName;
  readonly timeoutNs: number;
  readonly latestNs: number;
  readonly pollNs: number;
}

/** A device whose state hardly fits; the file lies next to the scenario. */
export const BIG_STATE = 'big-state.yaml';
const figure = (value: number): string =>
  `{ value: ${value}, range: [${value}, ${value}], from: assumed, source: a test }`;
export const BIG_STATE_TEXT = `format: stopcopy-device-profile
version: 1
id: big-state
title: a device with 1 GB of state
preCopy: false
p2p: true
dmaLog: true
${[
  ['stateBytes', 1e9],
  ['preCopiedShare', 0],
  ['fixedNs', 0],
  ['perQueueNs', 0],
  ['streamBytesPerSecond', 1e10],
  ['sharedBytesPerSecond', 1e10],
  ['allocateNsPerByte', 0],
  ['lockedNs', 0],
]
  .map(([name, value]) => `${name}: ${figure(Number(value))}`)
  .join('\n')}
`;

const ASSUMED = { p2p: true, dirtyTracking: true, hostDevices: true };
const LINE_SHARE = 0.88;
const PAGE = 4096;

class Draw {
  private readonly random: Random;

  constructor(seed: number) {
    this.random = new Random(seed, 23);
  }

  one<T>(list: readonly T[]): T {
    return list[this.random.below(list.length)]!;
  }

  chance(share: number): boolean {
    return this.random.uniform() < share;
  }

  between(low: number, high: number): number {
    return low * (high / low) ** this.random.uniform();
  }

  share(): number {
    return this.random.uniform();
  }
}

/** A VM with rules that may end its move, as a scenario or a fleet has it. */
interface DrawnVm {
  readonly vm: Fields & { readonly convergence: Fields };
  readonly rules: Rules;
}

const ns = (value: number): string => `${Math.round(value)}ns`;

const GATES = ['none', 'none', 'stall', 'stall', 'tuning'] as const;
const GATES_ALONE = ['none', 'stall', 'stall', 'stall', 'tuning'] as const;

function drawVm(draw: Draw, manager: ManagerName, gigabits: number, timeoutNs: number | undefined): DrawnVm {
  const isVmm = manager === 'vmm';
  const carried = (gigabits * 1e9 * LINE_SHARE) / 8;
  const size = Math.round(draw.between(0.5, 16) * 1024) * 1024 * 1024;
  const copyNs = (size / carried) * NS_PER_S;
  const gate = manager === 'kubevirt' ? draw.one(timeoutNs === undefined ? GATES_ALONE : GATES) : 'none';
  const maxDowntimeNs = draw.one([200, 900, 3000]) * NS_PER_MS;
  const stalls = gate === 'stall' && draw.chance(0.8);
  const limitNs = gate === 'stall' ? 300 * NS_PER_MS : Math.round(draw.between(50, 2000)) * NS_PER_MS;
  const workingSet = stalls
    ? Math.min(size, (carried * maxDowntimeNs * draw.one([1.15, 1.2, 1.25, 1.3, 4])) / NS_PER_S)
    : size * draw.between(0.01, 1);
  const counts = isVmm && draw.chance(0.6);
  const rounds = counts ? { rounds: 1 + Math.floor(4 * draw.share()) } : {};
  const busy = stalls ? 20 : counts ? draw.one([0.9, 1.5, 20]) : draw.one([0, 0.05, 0.3, 0.9, 1.5, 20]);
  const hasDevice = !stalls && draw.chance(0.3);
  const whenOut = draw.one(stalls ? (['cancel', 'cancel', 'cancel', 'stop'] as const) : (['cancel', 'stop'] as const));
  const ownNs = stalls ? copyNs + draw.between(110, 400) * NS_PER_S : copyNs * draw.between(counts ? 2 : 0.2, 20);
  const limitedNs = Math.round(timeoutNs ?? ownNs);
  const gates =
    gate === 'none'
      ? {}
      : {
          kubevirt: { [gate === 'stall' ? 'stallDetection' : 'downtimeTuning']: true, maxDowntime: ns(maxDowntimeNs) },
        };
  const doubledNs = manager === 'kubevirt' && whenOut === 'stop' ? 2 * limitedNs : limitedNs;
  return {
    vm: {
      vcpus: 1 + Math.floor(8 * draw.share()),
      vmm: isVmm ? 'cloud-hypervisor' : 'qemu',
      memory: {
        size: `${size}B`,
        dirty: {
          kind: 'uniform',
          pagesPerSecond: Math.round((busy * carried) / PAGE),
          workingSet: `${Math.max(1, Math.floor(workingSet / PAGE)) * PAGE}B`,
        },
      },
      stream: { gigabitsPerSecond: gigabits, ...(isVmm ? {} : { multifd: true, channels: 8 }) },
      convergence: {
        ...(gate === 'stall' ? {} : { downtimeLimit: ns(limitNs) }),
        ...(timeoutNs === undefined ? { timeout: ns(ownNs) } : {}),
        whenOut,
        autoConverge: !isVmm && draw.chance(0.15),
        ...rounds,
      },
      devices: hasDevice ? [{ profile: BIG_STATE }] : [],
      ...gates,
    },
    rules: {
      manager,
      timeoutNs: limitedNs,
      latestNs: gate === 'stall' ? Math.max(doubledNs, limitedNs + 60.4 * NS_PER_S) : doubledNs,
      pollNs: MANAGERS[manager].timesOut ? MANAGERS[manager].pollNs : 0,
    },
  };
}

const MANAGED: readonly ManagerName[] = ['user', 'nova', 'kubevirt', 'proxmox', 'vmm'];

function scenarioOf(seed: number, fields: Fields): Fields {
  return {
    format: 'stopcopy-scenario',
    version: 2,
    name: `seed-${seed}`,
    description: 'drawn at random',
    seed,
    ...fields,
  };
}

function managerField(manager: ManagerName): Fields {
  return manager === 'user' || manager === 'vmm' ? {} : { manager };
}

/** One or two VMs alone. */
function drawRun(draw: Draw, seed: number): Ask {
  const manager = draw.one(MANAGED);
  const { vm, rules } = drawVm(draw, manager, draw.between(0.5, 40), undefined);
  const cut = draw.chance(0.06) ? { faults: [{ kind: 'cancel', at: 'precopy', share: draw.share() }] } : {};
  const document = scenarioOf(seed, { ...vm, ...managerField(manager), assume: ASSUMED, ...cut });
  if (!draw.chance(0.15)) return { command: 'run', document, rules: [rules], refused: false };
  return inPause(draw, document, vm.convergence, rules);
}

/** The same with a time-out that is over in the pause, where there is one. */
function inPause(draw: Draw, document: Fields, convergence: Fields, rules: Rules): Ask {
  const asked: Ask = { command: 'run', document, rules: [rules], refused: false };
  const { kubevirt: _, ...ungated } = document;
  const { rounds: __, ...unbounded } = convergence;
  const free = {
    ...ungated,
    manager: 'none',
    devices: [],
    convergence: { ...unbounded, timeout: '1000000s', whenOut: 'cancel' },
  };
  const plan = compileScenario(parseDocument(scenarioSchema, free, 'free'), new Map(), 'free');
  const { end, stoppedAtNs, pauseNs } = moveVm(moveInputOf(plan, 'point', pointCosts()), pointParameters());
  if (!hasMoved(end)) return asked;
  const timeoutNs = Math.round(stoppedAtNs + draw.share() * pauseNs);
  const doubledNs = rules.manager === 'kubevirt' && convergence['whenOut'] === 'stop' ? 2 * timeoutNs : timeoutNs;
  const then = { ...ungated, devices: [], convergence: { ...unbounded, timeout: `${timeoutNs}ns` } };
  return { ...asked, document: then, rules: [{ ...rules, timeoutNs, latestNs: doubledNs }] };
}

/** A VF that does not stop. */
const REFUSED = { kind: 'device', what: 'pauseRefused', side: 'source', vm: 1, device: 1 } as const;

/** Small VMs with VFs, and whatever may go wrong. */
function drawFaults(draw: Draw, seed: number): Ask {
  const drawn = drawScenario(seed);
  const parks = drawn.vmm === 'cloud-hypervisor' && draw.chance(0.65);
  const scenario: Scenario = parks ? { ...drawn, recovery: 'park', faults: [REFUSED] } : drawn;
  const manager = scenario.vmm === 'cloud-hypervisor' ? 'vmm' : 'user';
  const rules = { manager, timeoutNs: 60e9, latestNs: 60e9, pollNs: MANAGERS[manager].pollNs } as const;
  return { command: 'run', document: writtenScenario(scenario) as Fields, rules: [rules], refused: false };
}

/** A VM that will not move as asked. */
function drawRefused(draw: Draw, seed: number): Ask {
  const zip = { devices: [{ profile: 'acc-zip' }] };
  const lost = { devices: [{ profile: 'connectx7-vf' }], vmm: 'cloud-hypervisor', vmmVersion: draw.one(['52', '53']) };
  const refused: Fields = draw.one<Fields>([
    { ...zip, manager: 'kubevirt', managerVersion: '12.8' },
    { ...zip, vmm: 'cloud-hypervisor' },
    { ...zip, manager: 'proxmox' },
    { devices: [{ profile: 'acc-zip', count: 2 }], assume: { dirtyTracking: true } },
    { devices: [{ profile: 'connectx7-vf' }], qemu: { enableMigration: 'off' } },
    { devices: [{ profile: 'connectx7-vf' }], qemu: { postCopy: true }, vmmVersion: '10.2', kernel: '6.12' },
  ]);
  const vm = { vcpus: 2, memory: { size: '1GiB' }, stream: { gigabitsPerSecond: 10 } };
  return {
    command: 'run',
    document: scenarioOf(seed, { ...vm, ...(draw.chance(0.5) ? lost : refused) }),
    rules: [],
    refused: true,
  };
}

const PRESETS = [
  { preset: undefined, manager: 'user' },
  { preset: 'kubevirt', manager: 'kubevirt' },
  { preset: 'kubevirt-1-3', manager: 'kubevirt' },
  { preset: 'openshift-hco', manager: 'kubevirt' },
  { preset: 'nova', manager: 'nova' },
  { preset: 'proxmox', manager: 'proxmox' },
] as const;

/** A host with a few VMs that is emptied. */
function drawEvacuation(draw: Draw, seed: number): Ask {
  const { preset, manager } = draw.one(PRESETS);
  const gigabits = draw.between(0.5, 25);
  const perGibNs = Math.round((draw.between(0.3, 25) * 8e9) / gigabits / LINE_SHARE / 1e6) * 1e6;
  const kinds = Array.from({ length: draw.one([1, 1, 2]) }, (_, index) => {
    const watched = preset === undefined && draw.chance(0.5) ? 'vmm' : manager;
    const { vm, rules } = drawVm(draw, watched, gigabits, 0);
    const size = Number.parseInt((vm['memory'] as { size: string }).size, 10);
    const timeoutNs = perGibNs * Math.max(1, size / GIB);
    const { kubevirt, convergence, ...own } = vm;
    const isStall = (kubevirt as Fields | undefined)?.['stallDetection'] === true;
    const doubledNs = manager === 'kubevirt' && convergence['whenOut'] === 'stop' ? 2 * timeoutNs : timeoutNs;
    return {
      of: {
        name: `vm${index + 1}`,
        perHost: 1 + Math.floor(3 * draw.share()),
        vm: { ...own, convergence, ...(kubevirt === undefined ? {} : { kubevirt, manager: 'kubevirt' }) },
      },
      rules: { ...rules, timeoutNs, latestNs: isStall ? Math.max(doubledNs, timeoutNs + 60.4 * NS_PER_S) : doubledNs },
    };
  });
  const limits = {
    ...(preset === undefined ? {} : { preset }),
    outboundPerHost: draw.one([1, 2, 3]),
    timeoutPerGib: ns(perGibNs),
    ...(manager === 'kubevirt' ? { progressTimeout: draw.one(['300ms', '300ms', '700ms', '150s']) } : {}),
  };
  const document = {
    format: 'stopcopy-question',
    version: 2,
    name: `seed-${seed}`,
    description: 'drawn at random',
    ask: 'evacuate',
    assume: ASSUMED,
    hosts: 1,
    limits,
    budget: { pause: draw.one(['300ms', '5s', '1000s']), judge: draw.one(['long', 'point']) },
    fleet: {
      racks: 1,
      hostsPerRack: draw.one([2, 3]),
      hostGigabitsPerSecond: gigabits,
      room: { memory: draw.one(['4GiB', '64GiB', '256GiB']) },
      vms: kinds.map(({ of }) => of),
    },
  };
  return { command: 'plan', document, rules: kinds.map(({ rules }) => rules), refused: false };
}

/** Does the VM converge under its limits. */
function drawConverge(draw: Draw, seed: number): Ask {
  const manager = draw.one(['user', 'nova', 'kubevirt'] as const);
  const { vm, rules } = drawVm(draw, manager, draw.between(0.5, 25), undefined);
  const { kubevirt: _, ...own } = vm;
  const limits = manager === 'user' ? {} : { limits: manager };
  const head = { format: 'stopcopy-question', version: 2, name: `seed-${seed}`, description: 'drawn at random' };
  return {
    command: 'plan',
    document: { ...head, ask: 'converge', assume: ASSUMED, ...limits, vm: own },
    rules: [rules],
    refused: false,
  };
}

/** The ask of a seed. */
export function drawAsk(seed: number): Ask {
  const draw = new Draw(seed);
  switch (seed % 10) {
    case 0:
      return drawFaults(draw, seed);
    case 1:
      return seed % 20 === 1 ? drawRefused(draw, seed) : drawConverge(draw, seed);
    case 2:
    case 3:
    case 4:
      return drawEvacuation(draw, seed);
    default:
      return drawRun(draw, seed);
  }
}

/** Devices for a VM, or none. */
function drawDevices(draw: Draw, needs: 'any' | 'one' | 'registers'): readonly Fields[] {
  const zip = { profile: 'acc-zip', queues: 1 + Math.floor(8 * draw.share()), count: 1 };
  if (needs === 'registers') return [zip];
  const nic = { profile: draw.one(['connectx7-vf', BIG_STATE]), count: 1 + Math.floor(3 * draw.share()) };
  return draw.one<readonly Fields[]>(needs === 'one' ? [[nic], [nic], [zip]] : [[], [nic], [nic], [zip]]);
}

/** What each ask has, with the VM. */
const QUESTIONS: Readonly<Record<string, (draw: Draw, vm: Fields) => Fields>> = {
  most: (draw, vm) => {
    const of = draw.one(['vfs', 'vfs', 'queues', 'load']);
    return { ask: 'most', of, vm: { ...vm, devices: drawDevices(draw, of === 'vfs' ? 'one' : 'registers') } };
  },
  least: (draw, vm) => ({
    ask: 'least',
    of: draw.one(['gigabitsPerSecond', 'channels']),
    vm: { ...vm, devices: drawDevices(draw, 'any') },
  }),
  'at-once': (draw, vm) => {
    const over = draw.one(['host', 'host', 'uplink', 'pf']);
    const uplink = over === 'uplink' ? { uplinkGigabitsPerSecond: Math.round(draw.between(1, 200)) } : {};
    const limits = draw.chance(0.3) ? { limits: { outboundPerHost: 1 + Math.floor(4 * draw.share()) } } : {};
    return {
      ask: 'at-once',
      over,
      ...uplink,
      ...limits,
      vm: { ...vm, devices: drawDevices(draw, over === 'pf' ? 'one' : 'any') },
    };
  },
  converge: (draw, vm) => ({
    ask: 'converge',
    ...(vm['vmm'] === 'qemu' && draw.chance(0.6) ? { limits: draw.one(['nova', 'kubevirt', 'proxmox']) } : {}),
    vm: { ...vm, devices: drawDevices(draw, 'any') },
  }),
  'converge gated': (draw, vm) => {
    const { convergence, ...own } = vm;
    const { downtimeLimit: _, rounds: __, ...others } = convergence as Fields;
    const gate = draw.one(['stallDetection', 'downtimeTuning']);
    const kubevirt = { [gate]: true, maxDowntime: draw.one(['200ms', '900ms', '5s']) };
    return {
      ask: 'converge',
      vm: { ...own, vmm: 'qemu', manager: 'kubevirt', convergence: others, kubevirt, devices: [] },
    };
  },
  room: (draw, { vcpus }) => {
    const size = draw.one(['2GiB', '16GiB']);
    const kinds = ['zip', 'zip', 'other', 'sec'] as const;
    const hosts = Array.from({ length: 1 + Math.floor(10 * draw.share()) }, (_, index) => {
      const kind = draw.one(kinds);
      const queues = kind === 'other' ? {} : { freeQueues: Math.floor(64 * draw.share()) };
      const memory = { freeMemory: draw.one(['1GiB', '32GiB']), freeVcpus: draw.one([1, 64]) };
      return { name: `h${index}`, kind, freeVfs: Math.floor(5 * draw.share()), ...queues, ...memory };
    });
    const vm = { vcpus, memory: { size }, stream: { gigabitsPerSecond: 10 }, devices: drawDevices(draw, 'one') };
    return { ask: 'room', vm, hosts };
  },
  compare: (draw, vm) => {
    const variants = [
      { name: 'old', driver: 'linux-6.12.117' },
      { name: 'new', driver: 'upstream-2026' },
      { name: 'held', inFlight: 'hold' },
    ];
    return {
      ask: 'compare',
      variants,
      vm: {
        ...vm,
        devices: [...drawDevices(draw, 'registers'), ...(draw.chance(0.3) ? [{ profile: BIG_STATE }] : [])],
      },
    };
  },
  stays: (draw, vm) => {
    const own = {
      ...vm,
      vmm: 'qemu',
      vmmVersion: '10.2',
      qemu: { enableMigration: 'off' },
      devices: [{ profile: 'connectx7-vf' }],
    };
    return draw.one<Fields>([
      { ask: 'converge', vm: own },
      { ask: 'most', of: 'vfs', vm: own },
      { ask: 'at-once', over: 'host', vm: own },
    ]);
  },
};

export const QUESTION_KINDS = Object.keys(QUESTIONS);

/** A question of a kind, as its file has it. */
export function drawQuestion(kind: string, seed: number): Fields {
  const draw = new Draw(seed * 31 + QUESTION_KINDS.indexOf(kind));
  const { vm } = drawVm(draw, draw.one(['user', 'vmm']), Math.round(draw.between(1, 100)), undefined);
  const {
    devices: _,
    stream,
    convergence,
    ...own
  } = vm as Fields & { readonly stream: Fields; readonly convergence: Fields };
  const { gigabitsPerSecond, ...streams } = stream as Fields & { readonly gigabitsPerSecond: number };
  const fits = draw.chance(0.5)
    ? { memory: { size: '1GiB', dirty: { kind: 'uniform', pagesPerSecond: 500, workingSet: '64MiB' } } }
    : {};
  const plain = { ...own, ...fits, convergence, stream: { ...streams, gigabitsPerSecond } };
  const budget = { pause: draw.one(['50ms', '300ms', '5s', '1h']), judge: draw.one(['long', 'point']) };
  const asked = QUESTIONS[kind]!(draw, plain);
  return {
    format: 'stopcopy-question',
    version: 2,
    name: `seed-${seed}`,
    description: 'drawn at random',
    assume: ASSUMED,
    ...(asked['ask'] === 'converge' || asked['ask'] === 'room' ? {} : { budget }),
    ...asked,
  };
}
