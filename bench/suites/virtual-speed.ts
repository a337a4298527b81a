/**
 * How fast the virtual world is: whole migrations per second, against a hand-written loop over the same accesses.
 */
import type { GenerationId } from '../../sim/driver/generation.ts';
import { type FunctionSelect, PF } from '../../sim/driver/port.ts';
import { RoundTrip } from '../../sim/migration/round-trip.ts';
import type { VirtualPort } from '../../sim/migration/virtual-port.ts';
import type { NamedFigure } from '../result.ts';
import type { MeasureOptions, Runner } from '../runner.ts';
import { rateFigure, ratioToFloor } from '../statistics.ts';

const QUEUE_PAIRS = 64;
/** Migrations per call of the timed function. */
const PER_CALL = 100;

/** The accesses of one migration: what kind, where, with which value. */
interface Script {
  readonly kinds: Uint8Array;
  readonly offsets: Uint32Array;
  readonly values: Uint32Array;
}

const READ = 0;
const WRITE = 1;
/** Words that the loop's registers take: every offset that a driver reaches, folded. */
const WORDS = 1 << 16;

/** Notes the accesses of a port while a body runs. */
function recorded(ports: readonly VirtualPort[], body: () => void): Script {
  const kinds: number[] = [];
  const offsets: number[] = [];
  const values: number[] = [];
  const note = (kind: number, fn: FunctionSelect, offset: number, value: number): void => {
    kinds.push(kind);
    offsets.push(((fn === PF ? 0x20000 : 0) + offset) & (4 * WORDS - 1));
    values.push(value);
  };
  const restore = ports.map((port) => {
    const { read32, write32, write64, write128, read128 } = port;
    port.read32 = (fn, offset) => (note(READ, fn, offset, 0), read32.call(port, fn, offset));
    port.write32 = (fn, offset, value) => (note(WRITE, fn, offset, value), write32.call(port, fn, offset, value));
    port.write64 = (fn, offset, low, high) => (note(WRITE, fn, offset, low), write64.call(port, fn, offset, low, high));
    port.read128 = (fn, offset) => (note(READ, fn, offset, 0), read128.call(port, fn, offset));
    port.write128 = (fn, offset, ...words) => (note(WRITE, fn, offset, words[0]), write128.call(port, fn, offset, ...words));
    return () => Object.assign(port, { read32, write32, write64, write128, read128 });
  });
  body();
  for (const undo of restore) undo();
  return { kinds: Uint8Array.from(kinds), offsets: Uint32Array.from(offsets), values: Uint32Array.from(values) };
}

/** The floor: the same accesses on plain registers, each with its cost added to a clock. */
class BareLoop {
  clockNs = 0;
  private readonly words = new Uint32Array(WORDS);
  private readonly script: Script;

  constructor(script: Script) {
    this.script = script;
  }

  run(): number {
    const { words } = this;
    const { kinds, offsets, values } = this.script;
    let sum = 0;
    for (let i = 0; i < kinds.length; i++) {
      if (kinds[i] === READ) {
        sum += words[offsets[i]! >>> 2]!;
        this.clockNs += 700;
      } else {
        words[offsets[i]! >>> 2] = values[i]!;
        this.clockNs += 60;
      }
    }
    return sum;
  }
}

/** Migrations per second, the floor's rate, and their ratio. */
export async function measureVirtualSpeed(
  runner: Runner,
  generation: GenerationId,
  timing: MeasureOptions,
): Promise<NamedFigure[]> {
  const script = scriptOf(generation);
  const trip = new RoundTrip(generation, QUEUE_PAIRS);
  const move = (): number => {
    for (let i = 0; i < PER_CALL; i++) trip.move();
    return trip.accesses;
  };
  const loop = new BareLoop(script);
  const bare = (): number => {
    let sum = 0;
    for (let i = 0; i < PER_CALL; i++) sum += loop.run();
    return sum + loop.clockNs;
  };
  const moves = await runner.measure('virtual', move, timing);
  const floor = await runner.measure('loop', bare, timing);
  const rate = rateFigure(moves.samples, '/s', PER_CALL);
  const floorRate = rateFigure(floor.samples, '/s', PER_CALL);
  return [
    { name: `virtual world, whole migrations of a VF with ${QUEUE_PAIRS} queue pairs`, value: rate },
    { name: `hand-written loop over the same ${script.kinds.length} accesses`, value: floorRate },
    { name: 'virtual world to hand-written loop, time', value: ratioToFloor(floorRate, rate) },
  ];
}

function scriptOf(generation: GenerationId): Script {
  const trip = new RoundTrip(generation, QUEUE_PAIRS);
  trip.move();
  return recorded(
    trip.ends.map(({ port }) => port),
    () => trip.move(),
  );
}
