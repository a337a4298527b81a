/**
 * The suite `growth`: how the cost of the model grows with VFs and with events, and how many whole VMs it moves in a
 * second. What grows in step has the same cost for each VF and for each event, however many there are.
 */
import { ACCELERATORS, QM_HW } from '../../../sim/abi/accelerators.ts';
import { Random } from '../../../sim/base/random.ts';
import { pointCosts } from '../../../sim/device/costs.ts';
import { DEFAULT_GENERATION, GENERATIONS, type GenerationId } from '../../../sim/driver/generation.ts';
import { Link } from '../../../sim/move/link.ts';
import { Move, runMoves, type Sending } from '../../../sim/move/move.ts';
import { World } from '../../../sim/world/world.ts';
import { moveVm, type VmMoveInput } from '../../../sim/memory/vm-move.ts';
import { pointParameters } from '../../../sim/memory/parameters.ts';
import { QueueingModel } from '../../../sim/workload/queueing/model.ts';
import { namedLoad } from '../../../sim/workload/load.ts';
import type { Figure } from '../../show/figure.ts';
import { BennyRunner, type MeasureOptions, type Runner } from '../runner.ts';
import { exact, medianFigure, rateFigure } from '../statistics.ts';
import type { SuiteOptions, SuiteReport, SuiteRow } from '../../documents/suites/document.ts';
import { GIB, NS_PER_MS, NS_PER_S } from '../../../sim/base/units.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';

const KIND = 'sec';
const QUEUE_PAIRS = 8;
const VF_COUNTS = [1, 4, 16, 63] as const;
/** Virtual time that the queueing model runs, in ns. */
const SPANS_NS = [NS_PER_MS, 4 * NS_PER_MS, 16 * NS_PER_MS, 64 * NS_PER_MS] as const;
const MOVES_PER_CALL = 500;

/** A VM of 16 GiB that writes, over 25 Gbit/s: pre-copy in iterations, no queue detail. */
export const WHOLE_VM: VmMoveInput = {
  vcpus: 16,
  memory: {
    bytes: 16 * GIB,
    nonZeroShare: 0.8,
    pageBytes: 4096,
    dirty: { kind: 'hotSet', hotBytes: GIB, hotPagesPerSecond: 100_000, coldPagesPerSecond: 10_000 },
    layout: 'data',
  },
  stream: {
    vmm: DEFAULT_VMM,
    gigabitsPerSecond: 25,
    latencyNs: 20_000,
    lineShare: 1,
    channels: 4,
    multifd: true,
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
    vmm: DEFAULT_VMM,
    manager: 'user',
    downtimeLimitNs: 300e6,
    limitSteps: [],
    autoConverge: false,
    timeoutNs: 600 * NS_PER_S,
    roundsMax: Infinity,
    progressTimeoutNs: Infinity,
    whenOut: 'cancel',
    hasVfio: false,
    windowPhase: 0.5,
  },
  devices: [],
  parallelDevices: false,
  switchoverAck: false,
  returnPath: true,
  vcpuStopNs: NS_PER_MS,
  vcpuStartNs: NS_PER_MS,
};

/** So many saturated VFs of one PF, moved to another host at once; again and again, to and fro. */
class VfsAtOnce {
  accesses = 0;
  private readonly world = new World();
  private readonly link = new Link(25, 20_000);
  private readonly costs = pointCosts();
  private readonly vms;
  private readonly hosts;
  private readonly vfs: number;

  constructor(vfs: number, generation: GenerationId) {
    const { costs, world } = this;
    this.vfs = vfs;
    const base = ACCELERATORS[KIND].pfDefaultQueues;
    const vft = Array.from({ length: vfs }, (_, vf) => ({ base: base + vf * QUEUE_PAIRS, num: QUEUE_PAIRS }));
    const device = { hardware: QM_HW.V3, vfCount: vfs, vft };
    const options = { kind: KIND, generation: GENERATIONS[generation], costs, device } as const;
    this.hosts = [world.addHost(options), world.addHost(options)] as const;
    this.vms = vft.map((_, index) => {
      for (const host of this.hosts) host.slot(index + 1).vfio.open();
      world.runUntil(world.clock.nowNs);
      return world.addGuest(
        {
          kind: KIND,
          queuePairs: QUEUE_PAIRS,
          depths: { sq: 64, cq: 64, eq: 512, aeq: 16 },
          load: namedLoad('idle', 64),
          capacityPerSecond: 1,
          random: new Random(1, index),
          interruptNs: costs.interruptNs,
        },
        this.hosts[0].slot(index + 1),
      );
    });
    for (const vm of this.vms) world.boot(vm);
  }

  move(): number {
    const { world, link, costs, hosts } = this;
    const before = this.count();
    const to = this.vms[0]!.slot.host === hosts[0] ? hosts[1] : hosts[0];
    const loadBegins = ({ nowNs, bytes }: Sending): number => link.send(nowNs, bytes);
    const moves = this.vms.map((guest) => {
      const vfs = [{ guest, destination: to.slot(guest.slot.fn) }];
      return new Move(world, { vfs, costs, loadBegins });
    });
    const outcomes = runMoves(world, moves);
    const moved = outcomes.filter(({ kind }) => kind === 'moved').length;
    if (moved !== this.vfs) throw new Error(`${this.vfs - moved} of ${this.vfs} VFs did not move`);
    this.accesses = this.count() - before;
    return moved;
  }

  private count(): number {
    let accesses = 0;
    for (const host of this.hosts) for (let fn = 1; fn <= this.vfs; fn++) accesses += host.slot(fn).port.accesses;
    return accesses;
  }
}

function saturated(vfs: number): QueueingModel {
  return new QueueingModel({
    seed: 7,
    engines: [{ cores: 4 }],
    vfs: Array.from({ length: vfs }, () => ({
      queues: QUEUE_PAIRS,
      load: { kind: 'closed', inFlightPerQueue: 8 },
      jobs: [{ name: 'cipher of 1 KiB', bytes: 1024, share: 1, fixedNs: 1087, nsPerByte: 0 }],
      completion: { kind: 'interrupt', latencyNs: 3000, perCompletionNs: 100 },
    })),
  });
}

async function vfsAtOnce(runner: Runner, options: MeasureOptions): Promise<SuiteRow[]> {
  const rows: SuiteRow[] = [];
  for (const vfs of VF_COUNTS) {
    // The mailbox limit of 1 ms of the older driver would refuse some of 63.
    const world = new VfsAtOnce(vfs, DEFAULT_GENERATION);
    world.move();
    const { samples } = await runner.measure(`${vfs} VFs`, () => world.move(), options);
    rows.push({
      at: { what: 'VFs moved at once', number: vfs },
      figures: {
        wallNs: inNs(samples, 1),
        wallPerUnitNs: inNs(samples, vfs),
        accessesPerUnit: exact(Math.round(world.accesses / vfs), 'accesses'),
      },
    });
  }
  return rows;
}

async function spans(runner: Runner, options: MeasureOptions): Promise<SuiteRow[]> {
  const rows: SuiteRow[] = [];
  for (const spanNs of SPANS_NS) {
    const model = saturated(16).run(SPANS_NS[0]);
    const before = model.events;
    model.run(model.nowNs + spanNs);
    const events = model.events - before;
    const { samples } = await runner.measure(`${spanNs} ns`, () => model.run(model.nowNs + spanNs).events, options);
    rows.push({
      at: { what: 'events of 16 saturated VFs', number: events },
      figures: { wallNs: inNs(samples, 1), wallPerUnitNs: inNs(samples, events) },
    });
  }
  return rows;
}

async function wholeVms(runner: Runner, options: MeasureOptions): Promise<SuiteRow> {
  const parameters = pointParameters();
  const move = (): number => {
    let pauseNs = 0;
    for (let i = 0; i < MOVES_PER_CALL; i++) pauseNs += moveVm(WHOLE_VM, parameters).pauseNs;
    return pauseNs;
  };
  move();
  const { samples } = await runner.measure('whole VMs', move, options);
  const rounds = moveVm(WHOLE_VM, parameters).rounds.length;
  return {
    at: { what: 'whole VMs moved, iterations of each', number: rounds },
    figures: { wallPerUnitNs: inNs(samples, MOVES_PER_CALL), rate: rateFigure(samples, '/s', MOVES_PER_CALL) },
  };
}

function inNs(seconds: readonly number[], units: number): Figure {
  return medianFigure(
    seconds.map((each) => (each * NS_PER_S) / units),
    'ns',
  );
}

export async function runGrowth({ quick }: SuiteOptions, runner: Runner = new BennyRunner()): Promise<SuiteReport> {
  const timing: MeasureOptions = quick ? { maxSeconds: 0.2, minSamples: 3 } : { maxSeconds: 2, minSamples: 20 };
  const rows = [...(await vfsAtOnce(runner, timing)), ...(await spans(runner, timing)), await wholeVms(runner, timing)];
  return {
    suite: 'growth',
    title: 'Cost of the virtual world as VFs and events become more; a move of a whole VM',
    columns: [
      { name: 'wallNs', title: 'wall time\n' },
      { name: 'wallPerUnitNs', title: 'wall time\nfor each' },
      { name: 'accessesPerUnit', title: 'accesses\nof each VF' },
      { name: 'rate', title: 'moves\n' },
    ],
    rows,
    remarks: [],
    costs: [],
  };
}
