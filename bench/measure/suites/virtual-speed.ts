/**
 * How fast the virtual world is: whole migrations per second, against a hand-written loop over the same accesses.
 */
import type { GenerationId } from '../../../sim/driver/generation.ts';
import { type FunctionSelect, PF } from '../../../sim/driver/port.ts';
import { RoundTrip } from '../../../sim/move/round-trip.ts';
import type { AccessTracer } from '../../../sim/world/virtual-port.ts';
import type { NamedFigure } from '../../documents/bench/result.ts';
import type { MeasureOptions, Runner } from '../runner.ts';
import { rateFigure, ratioToFloor } from '../statistics.ts';

const QUEUE_PAIRS = 64;
/** Migrations per call of the timed function. */
const PER_CALL = 100;
/** Migrations before the clock runs: the compiler is done with the code by then. */
const WARM_UP = 100_000;

/** The accesses of one migration: read (0) or write (1), where, with which value. */
interface Script {
  readonly kinds: Uint8Array;
  readonly offsets: Uint32Array;
  readonly values: Uint32Array;
}

/** Words that the loop's registers take: every offset that a driver reaches, folded. */
const WORDS = 1 << 16;
/** Where the PF's registers are folded to. */
const PF_BASE = 0x20000;

/** Notes accesses for the bare loop. */
class Recorder implements AccessTracer {
  private readonly kinds: number[] = [];
  private readonly offsets: number[] = [];
  private readonly values: number[] = [];

  access(fn: FunctionSelect, write: boolean, _width: number, offset: number, value: number): void {
    this.kinds.push(write ? 1 : 0);
    this.offsets.push(((fn === PF ? PF_BASE : 0) + offset) & (4 * WORDS - 1));
    this.values.push(value);
  }

  script(): Script {
    return {
      kinds: Uint8Array.from(this.kinds),
      offsets: Uint32Array.from(this.offsets),
      values: Uint32Array.from(this.values),
    };
  }
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
      if (kinds[i] === 0) {
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
  const trip = new RoundTrip(generation, QUEUE_PAIRS);
  for (let i = 0; i < WARM_UP; i++) trip.move();
  const move = (): number => {
    for (let i = 0; i < PER_CALL; i++) trip.move();
    return trip.accesses;
  };
  const moves = await runner.measure('virtual', move, timing);
  // Recorded only now: code that has once been traced is compiled for it.
  const script = scriptOf(generation);
  const loop = new BareLoop(script);
  const bare = (): number => {
    let sum = 0;
    for (let i = 0; i < PER_CALL; i++) sum += loop.run();
    return sum + loop.clockNs;
  };
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
  const recorder = new Recorder();
  for (const { port } of trip.ends) port.tracer = recorder;
  trip.move();
  return recorder.script();
}
