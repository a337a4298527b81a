/**
 * The parts of a move and of its pause: one vocabulary for the register-level world, the closed form, the designs, threads
 * and processes.
 *
 * A *leaf part* is never divided further. Each place sees a move more or less finely; its *view* has parts of its own, each
 * the sum of leaf parts. Views are made of leaf parts only, so that two of them can be compared.
 */
import { bug } from './bug.ts';
import { keysOf, tableOf } from './keys.ts';

/** What a leaf part is, and at which end it happens: `both` where each end takes part in it. */
interface LeafFacts {
  readonly title: string;
  readonly at: 'source' | 'destination' | 'both';
}

/** In their order; a move that fails goes from any of them to `recovery`. The pause lasts from `vcpuStop` to `vcpuStart`. */
export const LEAF_PARTS = {
  attach: { title: 'devices examined, hosts connected', at: 'both' },
  prepare: { title: 'made ready for an image', at: 'destination' },
  preCopy: { title: 'iterations of memory while the guest runs', at: 'both' },
  matchData: { title: 'match data read', at: 'source' },
  vcpuStop: { title: 'vCPUs stop', at: 'source' },
  pauseAndDrain: { title: 'pause and drain', at: 'source' },
  statusChecks: { title: 'status checks', at: 'source' },
  cacheWriteBack: { title: 'cache write-back', at: 'source' },
  save: { title: 'registers saved', at: 'source' },
  dirtySync: { title: 'final dirty-bitmap sync', at: 'source' },
  memory: { title: 'last iteration of memory', at: 'both' },
  read: { title: 'image read', at: 'source' },
  gather: { title: 'image and memory gathered into a frame', at: 'source' },
  checksum: { title: 'checksum of the frame', at: 'source' },
  handOver: { title: 'bytes handed to the destination', at: 'both' },
  validate: { title: 'frame checked', at: 'destination' },
  scatter: { title: 'memory put in place', at: 'destination' },
  otherState: { title: 'vCPU and platform state', at: 'both' },
  latency: { title: 'last bytes on the way', at: 'both' },
  platformLoad: { title: 'vCPU and platform state loaded', at: 'destination' },
  load: { title: 'image loaded', at: 'destination' },
  start: { title: 'started', at: 'destination' },
  recovery: { title: 'brought back', at: 'source' },
  vcpuStart: { title: 'vCPUs start', at: 'both' },
  cleanUp: { title: 'source let go', at: 'source' },
} as const satisfies Readonly<Record<string, LeafFacts>>;

export type LeafPart = keyof typeof LEAF_PARTS;

/** How one place divides a move: parts of its own, in their order, each the sum of leaf parts. */
class PartView<Name extends string> {
  /** The view's parts in their order. */
  readonly names: readonly Name[];
  /** Leaf parts that each part sums. */
  readonly leaves: Readonly<Record<Name, readonly LeafPart[]>>;
  /** Leaf parts that do not occur where this view is used. */
  readonly without: readonly LeafPart[];
  private readonly nameOf: ReadonlyMap<LeafPart, Name>;
  /** Copied for each pause of the thousands that an answer plays. */
  private readonly zeros: Readonly<Record<Name, number>>;

  constructor(leaves: Readonly<Record<Name, readonly LeafPart[]>>, without: readonly LeafPart[]) {
    this.names = keysOf(leaves);
    this.leaves = leaves;
    this.without = without;
    this.zeros = tableOf(this.names, () => 0);
    this.nameOf = new Map(this.names.flatMap((name) => leaves[name].map((leaf) => [leaf, name] as const)));
  }

  /** @returns the part that a leaf part belongs to; undefined where the view is without it */
  partOf(leaf: LeafPart): Name | undefined {
    return this.nameOf.get(leaf);
  }

  /** @returns no time for any part, to add to */
  noTimes(): Record<Name, number> {
    return { ...this.zeros };
  }
}

/** Names of a view's parts. */
type PartOf<View> = View extends PartView<infer Name> ? Name : never;

const BEFORE = ['attach', 'prepare', 'preCopy', 'matchData'] as const satisfies readonly LeafPart[];
const STOP = ['pauseAndDrain', 'statusChecks', 'cacheWriteBack', 'save'] as const satisfies readonly LeafPart[];
const FRAME = ['gather', 'checksum', 'handOver', 'validate', 'scatter'] as const satisfies readonly LeafPart[];
const MEMORY = ['dirtySync', 'memory'] as const satisfies readonly LeafPart[];
const PLATFORM = ['otherState', 'latency', 'platformLoad'] as const satisfies readonly LeafPart[];

/** Downtime of one VF with its queue memory, as the modelled cell has it. All that is sent is one transfer. */
export const DOWNTIME_VIEW = new PartView(
  {
    vcpuStop: ['vcpuStop'],
    pauseAndDrain: ['pauseAndDrain'],
    statusChecks: ['statusChecks'],
    cacheWriteBack: ['cacheWriteBack'],
    save: ['save', 'read'],
    transfer: [...MEMORY, ...FRAME, ...PLATFORM],
    load: ['load'],
    start: ['start'],
    vcpuStart: ['vcpuStart'],
  },
  [...BEFORE, 'recovery', 'cleanUp'],
);
export const DOWNTIME_PARTS = DOWNTIME_VIEW.names;
export type DowntimePart = PartOf<typeof DOWNTIME_VIEW>;

/** Pause of a VM with several VFs as the register-level world has it, whether the move succeeds or not. */
export const MOVE_VIEW = new PartView(
  {
    vcpuStop: ['vcpuStop'],
    deviceStop: STOP,
    deviceRead: ['read'],
    stream: [...MEMORY, ...FRAME, ...PLATFORM],
    deviceLoad: ['load'],
    deviceStart: ['start'],
    recovery: ['recovery'],
    vcpuStart: ['vcpuStart'],
  },
  [...BEFORE, 'cleanUp'],
);
export const MOVE_PARTS = MOVE_VIEW.names;
export type MovePart = PartOf<typeof MOVE_VIEW>;
export const MOVE_PART_TITLES: Readonly<Record<MovePart, string>> = {
  vcpuStop: 'vCPUs stop',
  deviceStop: 'VFs stop and are saved',
  deviceRead: 'images are read',
  stream: 'memory and state on their way',
  deviceLoad: 'images are loaded',
  deviceStart: 'VFs start',
  recovery: 'VFs brought back at the source',
  vcpuStart: 'vCPUs start',
};

/** Pause of a whole VM as the closed form has it. */
export const PAUSE_VIEW = new PartView(
  {
    vcpuStop: ['vcpuStop'],
    deviceStop: STOP,
    dirtySync: ['dirtySync'],
    memory: ['memory'],
    deviceState: ['read', ...FRAME],
    otherState: ['otherState'],
    latency: ['latency'],
    platformLoad: ['platformLoad'],
    deviceLoad: ['load'],
    deviceStart: ['start'],
    vcpuStart: ['vcpuStart'],
  },
  [...BEFORE, 'recovery', 'cleanUp'],
);
export const PAUSE_PARTS = PAUSE_VIEW.names;
export type PausePart = PartOf<typeof PAUSE_VIEW>;
export const PAUSE_PART_TITLES: Readonly<Record<PausePart, string>> = {
  vcpuStop: 'vCPUs stop',
  deviceStop: 'devices pause and drain',
  dirtySync: 'final dirty-bitmap sync',
  memory: 'final memory iteration',
  deviceState: 'device state saved and sent',
  otherState: 'vCPU and platform state saved',
  latency: 'last bytes in flight',
  platformLoad: 'vCPU and platform state loaded',
  deviceLoad: 'device state loaded',
  deviceStart: 'devices start',
  vcpuStart: 'vCPUs start',
};

/** What a VF's drivers are busy with at either end: the rows of a timeline. */
const VF_SPAN_VIEW = new PartView(
  {
    prepare: ['prepare'],
    matchData: ['matchData'],
    pauseAndDrain: ['pauseAndDrain'],
    statusChecks: ['statusChecks'],
    cacheWriteBack: ['cacheWriteBack'],
    save: ['save'],
    read: ['read'],
    load: ['load'],
    start: ['start'],
    recovery: ['recovery'],
  },
  ['attach', 'preCopy', 'vcpuStop', ...MEMORY, ...FRAME, ...PLATFORM, 'vcpuStart', 'cleanUp'],
);
export type VfSpanPart = PartOf<typeof VF_SPAN_VIEW>;

/** What each VF adds to the pause by itself. */
const VF_VIEW = new PartView(
  {
    pauseAndDrain: ['pauseAndDrain'],
    statusChecks: ['statusChecks'],
    cacheWriteBack: ['cacheWriteBack'],
    save: ['save'],
    read: ['read'],
    load: ['load'],
    start: ['start'],
  },
  [...BEFORE, 'vcpuStop', ...MEMORY, ...FRAME, ...PLATFORM, 'recovery', 'vcpuStart', 'cleanUp'],
);
export type VfPart = PartOf<typeof VF_VIEW>;

/** Whole move of one idle VF by each design; the guest is paused from `stop` to `cleanUp`. No vCPUs, no network. */
export const DESIGN_VIEW = new PartView(
  {
    attach: ['attach'],
    preCopy: ['prepare', 'preCopy', 'matchData'],
    stop: [...STOP, 'read'],
    load: ['load'],
    start: ['start'],
    cleanUp: ['cleanUp'],
  },
  ['vcpuStop', ...MEMORY, ...FRAME, ...PLATFORM, 'recovery', 'vcpuStart'],
);
export type DesignStep = PartOf<typeof DESIGN_VIEW>;

/** Wall downtime between threads. Memory and image are one frame; there is no link, and no state of vCPUs. */
export const WALL_VIEW = new PartView(
  {
    vcpuStop: ['vcpuStop'],
    pauseAndDrain: ['pauseAndDrain'],
    statusChecks: ['statusChecks'],
    cacheWriteBack: ['cacheWriteBack'],
    save: ['save', 'read'],
    gather: [...MEMORY, 'gather'],
    checksum: ['checksum'],
    handOver: ['handOver'],
    validate: ['validate'],
    scatter: ['scatter'],
    load: ['load'],
    start: ['start'],
    vcpuStart: ['vcpuStart'],
  },
  [...BEFORE, ...PLATFORM, 'recovery', 'cleanUp'],
);
export const WALL_PARTS = WALL_VIEW.names;
export type WallPart = PartOf<typeof WALL_VIEW>;

/** Parts of the wall downtime that the model calls the transfer. */
export const WALL_TRANSFER_PARTS: readonly WallPart[] = partsWithin(WALL_VIEW, DOWNTIME_VIEW.leaves.transfer);

/** Steps of a switchover between processes. There is no state of vCPUs; what the wire adds is in `send`. */
const SWITCHOVER_VIEW = new PartView(
  {
    connect: ['attach'],
    prepare: ['prepare'],
    preCopy: ['preCopy', 'matchData'],
    stop: ['vcpuStop', ...STOP, 'read', 'dirtySync', 'gather', 'checksum'],
    send: ['memory', 'handOver', 'latency'],
    load: ['validate', 'scatter', 'load'],
    commit: ['start', 'vcpuStart'],
    leave: ['cleanUp'],
  },
  ['otherState', 'platformLoad', 'recovery'],
);
export const SWITCHOVER_STEPS = SWITCHOVER_VIEW.names;
export type SwitchoverStep = PartOf<typeof SWITCHOVER_VIEW>;

/** All views, by what they are of. */
export const PART_VIEWS = {
  downtime: DOWNTIME_VIEW,
  move: MOVE_VIEW,
  pause: PAUSE_VIEW,
  vf: VF_VIEW,
  vfSpan: VF_SPAN_VIEW,
  design: DESIGN_VIEW,
  wall: WALL_VIEW,
  switchover: SWITCHOVER_VIEW,
} as const;

/** @returns the parts of a view that sum nothing but the given leaf parts */
export function partsWithin<Name extends string>(view: PartView<Name>, leaves: readonly LeafPart[]): Name[] {
  return view.names.filter((name) => view.leaves[name].every((leaf) => leaves.includes(leaf)));
}

/** Differences of doubles are equal but for rounding, far below a nanosecond even after days: what may be between them. */
const ROUNDING_NS = 1e-2;

/**
 * Parts of a pause must add up to the whole.
 *
 * @throws Bug when they do not
 */
export function checkParts(partsNs: Readonly<Record<string, number>>, wholeNs: number): void {
  let sumNs = 0;
  for (const ns of Object.values(partsNs)) sumNs += ns;
  if (!(Math.abs(sumNs - wholeNs) <= ROUNDING_NS)) bug('PAUSE_SUM', sumNs, wholeNs);
}

/** What happened in a pause, as data: it may be sent to another thread. The parts follow one another without gaps. */
export interface PauseRecord {
  /** Times in ns of the world's clock. */
  readonly startNs: number;
  readonly endNs: number;
  /** Parts in the order in which they were entered, and when each was. */
  readonly parts: readonly LeafPart[];
  readonly startsNs: readonly number[];
}

/** Notes when each part of a pause begins. */
export class PauseClock {
  readonly startNs: number;
  private readonly parts: LeafPart[];
  private readonly startsNs: number[];

  /** The pause begins, with the stop of the vCPUs. */
  constructor(nowNs: number) {
    this.startNs = nowNs;
    this.parts = ['vcpuStop'];
    this.startsNs = [nowNs];
  }

  /** The current part ends, another begins. */
  enter(part: LeafPart, nowNs: number): void {
    this.parts.push(part);
    this.startsNs.push(nowNs);
  }

  /** The last part ends. */
  finish(nowNs: number): PauseRecord {
    return { startNs: this.startNs, endNs: nowNs, parts: this.parts, startsNs: this.startsNs };
  }
}

/** @returns how long a pause lasted, in ns */
export function pauseLastedNs({ startNs, endNs }: PauseRecord): number {
  return endNs - startNs;
}

/**
 * How long each part of a view lasted, in ns.
 *
 * @throws Bug when a part was entered that the view is without
 */
export function pausePartsNs<Name extends string>(pause: PauseRecord, view: PartView<Name>): Record<Name, number> {
  const timesNs = view.noTimes();
  const { parts, startsNs, endNs } = pause;
  for (let i = 0; i < parts.length;) {
    const startNs = startsNs[i]!;
    const name = view.partOf(parts[i]!);
    // Leaf parts of one part that follow each other are one difference, so that a view makes one rounding error for each stretch.
    do i += 1;
    while (i < parts.length && view.partOf(parts[i]!) === name);
    if (name !== undefined) timesNs[name] += (startsNs[i] ?? endNs) - startNs;
  }
  checkParts(timesNs, pauseLastedNs(pause));
  return timesNs;
}
