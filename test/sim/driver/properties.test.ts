import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MIG_STATE_NAMES, type MigStateName } from '../../../sim/abi/vfio.ts';
import type { GenerationId } from '../../../sim/driver/generation.ts';
import type { MigrationFile } from '../../../sim/driver/migration-file.ts';
import { type Access, BOTH, image, type ImageChanges, opened, type Rig } from './rig.ts';
import { effort } from '../../effort.ts';

/** What a load wrote, in order, without times. */
function writes(log: readonly Access[]): readonly unknown[] {
  return log.filter(({ write }) => write).map(({ offset, width, words }) => [offset, width, ...words]);
}

const word = fc.integer({ min: 0, max: 0xffff_ffff });
/** Registers, context words and addresses at random; the match data fit. */
const contents = fc.array(word, { minLength: 34, maxLength: 34 }).map((words): ImageChanges => {
  const changes: Record<number, number> = {};
  for (const [i, value] of words.entries()) changes[40 + 4 * i] = value;
  return changes;
});

/** Writes pieces one after the other, and gives what each write gave. */
function writeAll(rig: Rig, pieces: readonly Uint8Array[]): readonly number[] {
  const file = rig.fileAt('RESUMING');
  return pieces.map((piece) => rig.write(file, piece));
}

/** An image cut at places between its bytes. */
function cutAt(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const ends = [...cuts.toSorted((a, b) => a - b), bytes.length];
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}

describe.each(BOTH)('with %s', (generation) => {
  test('an image loads the same in whatever pieces it comes', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 176 }), { maxLength: 30 });
    let loaded = 0;
    fc.assert(
      fc.property(contents, cuts, (changes, places) => {
        const bytes = image(changes);
        const whole = opened(generation);
        expect(writeAll(whole, [bytes])).toEqual([176]);
        const split = opened(generation);
        const pieces = cutAt(bytes, places);
        expect(writeAll(split, pieces)).toEqual(pieces.map(({ length }) => length));
        const once = whole.go('RUNNING');
        if (writes(once.log).length > 0) loaded += 1;
        const often = split.go('RUNNING');
        expect(often).toEqual({ ...once, log: often.log });
        expect(writes(often.log)).toEqual(writes(once.log));
      }),
    );
    // An image without an address is taken and not loaded; most have all four.
    expect(loaded).toBeGreaterThan(50);
  });

  test('an image saved and loaded comes back byte for byte, but for what the load itself sets', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 17, maxLength: 17 }), (words) => {
        const source = opened(generation);
        const registers: Record<string, number> = {};
        for (const [i, offset] of [0x4, 0xc, 0x34].entries()) registers[offset] = words[i]!;
        for (let i = 0; i < 7; i++) {
          // The base addresses must not be zero, or nothing would be loaded.
          registers[0x8000 + 4 * i] = (words[3 + i]! | 1) >>> 0;
          registers[0x8020 + 4 * i] = (words[10 + i]! | 1) >>> 0;
        }
        source.change({ vf_regs: registers });
        const saved = source.read(source.fileAt('STOP_COPY')) as Uint8Array;
        const destination = opened(generation, { device: { sqc_bt: 0, cqc_bt: 0 } });
        destination.write(destination.fileAt('RESUMING'), saved);
        const again = destination.read(destination.fileAt('STOP_COPY')) as Uint8Array;
        for (const bytes of [saved, again]) bytes.fill(0, 48, 56); // 0x20 and 0x24, made ready by the load
        expect(again).toEqual(saved);
      }),
    );
  });
});

type Call =
  | { readonly call: 'state'; readonly to: MigStateName }
  | { readonly call: 'read' | 'write'; readonly file: number; readonly length: number }
  | { readonly call: 'closeFile'; readonly file: number }
  | { readonly call: 'reset' | 'reopen' }
  | { readonly call: 'fault'; readonly name: keyof typeof FAULTS };

const FAULTS = {
  none: {
    mailbox: { PAUSE_QM: { status: 0 }, SQC_BT: { status: 0 }, CQC_BT: { status: 0 } },
    cache_wb_reads: 0,
    vft_ready_reads: 0,
    vf_regs: { '0x60': 0, '0x28': 0, '0x2c': 0 },
  },
  pause: { mailbox: { PAUSE_QM: { status: 1 } } },
  sqc: { mailbox: { SQC_BT: { status: 1 } } },
  cqc: { mailbox: { CQC_BT: { status: 1 } } },
  writeBack: { cache_wb_reads: -1 },
  // The window itself stays ready before a request, so a later one can succeed.
  message: { vf_regs: { '0x28': 1 } },
  guest: { vf_regs: { '0x60': 1 } },
} as const;

const calls: fc.Arbitrary<Call> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ call: fc.constant('state' as const), to: fc.constantFrom(...MIG_STATE_NAMES) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      call: fc.constantFrom('read' as const, 'write' as const),
      file: fc.nat(8),
      length: fc.constantFrom(0, 1, 39, 40, 136, 176, 177),
    }),
  },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('closeFile' as const), file: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constantFrom('reset' as const, 'reopen' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      call: fc.constant('fault' as const),
      name: fc.constantFrom(...(Object.keys(FAULTS) as (keyof typeof FAULTS)[])),
    }),
  },
);

const LEGAL: ReadonlySet<MigStateName> = new Set(['STOP', 'RUNNING', 'STOP_COPY', 'RESUMING', 'PRE_COPY']);
/** SQC_BT and CQC_BT, asked for: a save had begun. */
const QUERIES: ReadonlySet<number> = new Set([0x6004, 0x6005]);

/** Plays calls on a VF; keeps the files that the user holds, and counts the leaks that R24 explains. */
class Session {
  readonly rig: Rig;
  readonly held: MigrationFile[] = [];
  leaks = 0;
  illegal: string[] = [];

  constructor(generation: GenerationId) {
    this.rig = opened(generation);
  }

  play(step: Call): void {
    const { rig, held } = this;
    const file = 'file' in step ? held[step.file] : undefined;
    switch (step.call) {
      case 'state':
        this.goTo(step.to);
        break;
      case 'read':
        if (file !== undefined) rig.read(file, step.length);
        break;
      case 'write':
        if (file !== undefined) this.write(file, step.length);
        break;
      case 'closeFile':
        if (file !== undefined) {
          held.splice(step.file, 1);
          rig.device.closeFile(file);
        }
        break;
      case 'reset':
        rig.device.reset();
        break;
      case 'reopen':
        rig.device.close();
        rig.device.open();
        break;
      default:
        rig.change(FAULTS[step.name]);
    }
    if (!LEGAL.has(rig.state)) this.illegal.push(`${step.call}: ${rig.state}`);
  }

  closeAll(): void {
    for (const file of this.held.splice(0)) this.rig.device.closeFile(file);
    this.rig.device.close();
  }

  private goTo(to: MigStateName): void {
    const { ret, log } = this.rig.go(to);
    const file = this.rig.device.newFile;
    if (file !== null) this.held.push(file);
    if (file !== null && ret !== 0) this.illegal.push(`a file with ${ret}`);
    if (ret === 0 && this.rig.state !== to) this.illegal.push(`${this.rig.state} for ${to}`);
    const saveFailed = ret !== 0 && this.rig.state === 'STOP';
    if (saveFailed && log.some(({ write, words }) => write && QUERIES.has(words[0]))) this.leaks += 1;
  }

  private write(file: MigrationFile, length: number): void {
    const bytes = new Uint8Array(length);
    bytes.set(image().subarray(file.position, file.position + length));
    this.rig.write(file, bytes);
  }
}

test.each(BOTH)(
  'with %s, whatever is called in whatever order, states stay legal and only R24 leaks files',
  (generation) => {
    let leaky = 0;
    let filesSeen = 0;
    fc.assert(
      fc.property(fc.array(calls, { minLength: 1, maxLength: 60 }), (steps) => {
        const session = new Session(generation);
        for (const step of steps) session.play(step);
        filesSeen += session.held.length;
        session.closeAll();
        leaky += session.leaks;
        expect(session.illegal).toEqual([]);
        expect(session.rig.driver.filesAlive).toBe(session.leaks);
      }),
      // Equal from run to run, so that what was reached does not depend on the draw.
      { seed: 5, numRuns: effort(150, 400, 20_000) },
    );
    // The calls did reach what is claimed of them.
    expect(leaky).toBeGreaterThan(0);
    expect(filesSeen).toBeGreaterThan(effort(50, 100));
  },
);
