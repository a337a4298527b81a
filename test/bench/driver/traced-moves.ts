/**
 * Moves of the virtual world with known costs, as Linux would trace them: what calibration has to find again.
 */
import { ACCELERATORS, QM_HW } from '../../../sim/abi/accelerators.ts';
import { MIG_STATE } from '../../../sim/abi/vfio.ts';
import { VF_REG } from '../../../sim/abi/registers.ts';
import { Random } from '../../../sim/base/random.ts';
import { COST, type CostName, type CostValues, pointCosts } from '../../../sim/device/costs.ts';
import { type GenerationId, GENERATIONS } from '../../../sim/driver/generation.ts';
import { PF } from '../../../sim/driver/port.ts';
import { World } from '../../../sim/world/world.ts';
import { report, rwmmioLines, type Written, type WrittenLine } from './rwmmio-writer.ts';

export interface TracedMoves {
  readonly text: string;
  readonly costs: CostValues;
  /** Time of each write-back and arc, as the driver saw it. */
  readonly writeBacksNs: readonly number[];
  readonly arcsNs: readonly number[];
}

export interface MovesOptions {
  readonly generation: GenerationId;
  readonly moves: number;
  readonly digits: 6 | 9;
  /** Share of accesses that an interrupt follows or falls into. */
  readonly interrupts: number;
  /** Share of events that are lost. */
  readonly lost: number;
}

/** Costs that are drawn, each from its range. */
const DRAWN: readonly CostName[] = [
  'mmioReadNs', 'mmioWriteNs', 'doorbellNs', 'mailboxCommandNs', 'pauseBaseNs', 'cacheWriteBackBaseNs', 'vftAccessNs', 'usleepActualNs',
]; // prettier-ignore

/** Between low and high evenly in their logarithm. */
function drawnCosts(random: Random): CostValues {
  const drawn = DRAWN.map((name) => {
    const { min, max } = COST[name];
    return [name, Math.round(min * (max / min) ** random.uniform())] as const;
  });
  // Up to 6.19 a mailbox command and a pause have 1 ms.
  return { ...pointCosts(), ...Object.fromEntries(drawn) };
}

/** Traces moves, each of a VF of its own world. */
export function tracedMoves(random: Random, options: MovesOptions): TracedMoves {
  const costs = drawnCosts(random);
  const all: Written[] = [];
  const writeBacksNs: number[] = [];
  const arcsNs: number[] = [];
  let originNs = 0;
  for (let move = 0; move < options.moves; move++) {
    const one = tracedMove(random, costs, options);
    all.push(...one.written.map((each) => shifted(each, originNs)));
    writeBacksNs.push(...one.writeBacksNs);
    arcsNs.push(...one.arcsNs);
    // Where in a microsecond a move begins is chance.
    originNs += one.endNs + 5_000_000 + random.below(1_000_000);
  }
  return {
    text: report(withLosses(rwmmioLines(all, { digits: options.digits }), random, options.lost)),
    costs,
    writeBacksNs,
    arcsNs,
  };
}

function shifted(each: Written, ns: number): Written {
  return 'text' in each
    ? { ...each, markNs: each.markNs + ns }
    : { ...each, startNs: each.startNs + ns, endNs: each.endNs + ns };
}

/** Events that the tracer loses, each with a line that says so. */
function withLosses(lines: readonly WrittenLine[], random: Random, share: number): readonly WrittenLine[] {
  return lines.map((line) => (random.uniform() < share ? { ...line, text: 'CPU:12 [LOST 1 EVENTS]' } : line));
}

function tracedMove(random: Random, costs: CostValues, { generation, interrupts }: MovesOptions) {
  const kind = 'sec';
  const world = new World();
  const queuePairs = 1 + random.below(8);
  const device = {
    hardware: QM_HW.V3,
    vfCount: 1,
    vft: [{ base: ACCELERATORS[kind].pfDefaultQueues, num: queuePairs }],
  };
  const slot = world.addHost({ kind, generation: GENERATIONS[generation], costs, device }).slot(1);
  slot.vfio.open();
  const load = { kind: 'idle' } as const;
  const guest = {
    kind,
    queuePairs,
    load,
    capacityPerSecond: 1,
    random: new Random(0),
    interruptNs: costs.interruptNs,
  } as const;
  world.boot(world.addGuest(guest, slot));
  const written: Written[] = [];
  const { clock } = world;
  const writeBacksNs: number[] = [];
  let startedNs = 0;
  slot.port.tracer = {
    access(fn, write, width, offset, value, nowNs) {
      const costNs = write ? (width === 8 ? costs.doorbellNs : costs.mmioWriteNs) : costs.mmioReadNs;
      // Only a read of a VF lets the clock be moved from here.
      const interruptNs =
        !write && width === 4 && fn !== PF && random.uniform() < interrupts ? 2_000 + random.below(30_000) : 0;
      const isInside = random.uniform() < 0.5;
      clock.nowNs += interruptNs;
      const endNs = nowNs + costNs + (isInside ? interruptNs : 0);
      written.push({
        fn: fn === PF ? 'pf' : 'vf',
        op: write ? 'w' : 'r',
        width,
        offset,
        value: `0x${(value >>> 0).toString(16)}`,
        startNs: nowNs,
        endNs,
      });
      if (write && offset === VF_REG.QM_CACHE_WB_START) startedNs = nowNs;
      else if (offset === VF_REG.QM_CACHE_WB_DONE && (value & 1) === 1) writeBacksNs.push(nowNs - startedNs);
    },
  };
  const arcsNs: number[] = [];
  const arc = (to: 'PRE_COPY' | 'STOP_COPY'): void => {
    const markNs = clock.nowNs;
    written.push({ markNs, text: `vfio_migration_set_state (0000:75:00.1) new state ${to}, recover state ERROR` });
    const ret = slot.vfio.setState(MIG_STATE[to]);
    if (ret !== 0) throw new Error(`${to} gave ${ret}`);
    written.push({ markNs: clock.nowNs, text: `vfio_migration_set_device_state (0000:75:00.1) state ${to}` });
    arcsNs.push(clock.nowNs - markNs);
    clock.nowNs += 1_000_000;
    world.catchUp(clock.nowNs);
  };
  arc('PRE_COPY');
  arc('STOP_COPY');
  return { written, writeBacksNs, arcsNs, endNs: clock.nowNs };
}
