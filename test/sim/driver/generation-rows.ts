/**
 * Tables of what each generation does, one value for each step of the driver's history, and what tests of them share.
 */
import { expect, test } from 'vitest';
import { GENERATION_IDS, type GenerationId } from '../../../sim/driver/generation.ts';
import type { MigrationFile } from '../../../sim/driver/migration-file.ts';
import { type Access, image, type ImageChanges, QUEUES, Rig, type RigOptions, VERSION_1 } from './rig.ts';

export type PerGeneration<T> = Readonly<Record<GenerationId, T>>;

/**
 * One value for each step of the driver's history: 5.18, 6.1, 6.1.192, 6.2, 6.8 and 6.12.0 (which differ in nothing but the
 * width of guest accesses), 6.12.117, 6.16, 6.18.y, 2026.
 */
export function per<T>(...values: readonly T[]): PerGeneration<T> {
  if (values.length !== 9) throw new Error(`${values.length} values`);
  return {
    'linux-5.18': values[0]!,
    'linux-6.1': values[1]!,
    'linux-6.1.192': values[2]!,
    'linux-6.2': values[3]!,
    'linux-6.8': values[4]!,
    'linux-6.12.0': values[4]!,
    'linux-6.12.117': values[5]!,
    'linux-6.16': values[6]!,
    'linux-6.18.y': values[7]!,
    'upstream-2026': values[8]!,
  };
}

export function times<T>(count: number, value: T): readonly T[] {
  return Array.from({ length: count }, () => value);
}

const VERSION_1_ONLY: ReadonlySet<GenerationId> = new Set([
  'linux-5.18',
  'linux-6.1',
  'linux-6.2',
  'linux-6.8',
  'linux-6.12.0',
] as const);
export const QUEUE_COUNT = QUEUES.num;

/** A VF on a device that is reset when it is opened, as all that can be reset are. */
export function openedByReset(generation: GenerationId, options: RigOptions = {}): Rig {
  const rig = new Rig(generation, { resetsAtOpen: true, ...options });
  if (rig.device.open() !== 0) throw new Error('open failed');
  return rig;
}

/** An image as a saver of this generation would mark it. */
export function ownImage(generation: GenerationId, changes: ImageChanges = {}): Uint8Array {
  return image({ ...(VERSION_1_ONLY.has(generation) ? VERSION_1 : {}), ...changes });
}

export function writeInPieces(
  rig: Rig,
  bytes: Uint8Array,
  ...ends: readonly number[]
): { file: MigrationFile; rets: number[] } {
  const file = rig.fileAt('RESUMING');
  const rets: number[] = [];
  let from = 0;
  for (const end of [...ends, bytes.length]) {
    rets.push(rig.write(file, bytes.subarray(from, end)));
    from = end;
  }
  return { file, rets };
}

export function address(bytes: Uint8Array, at: number): string {
  return `0x${new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true).toString(16)}`;
}

const isQueueDoorbell = ({ write, width, offset }: Access): boolean => write && width === 8 && offset === 0x1000;
export const isEventDoorbell = ({ write, width, offset }: Access): boolean => write && width === 8 && offset === 0x2000;

export function queueDoorbells(log: readonly Access[]): number {
  return log.filter(isQueueDoorbell).length;
}

/** The addresses that mailbox commands SQC_BT and CQC_BT set in a log, in their order. */
export function tablesSet(log: readonly Access[]): string[] {
  return log
    .filter(({ write, width, words }) => write && width === 16 && [0x2004, 0x2005].includes(words[0]))
    .map(({ words }) => `0x${(BigInt(words[2]) * 0x1_0000_0000n + BigInt(words[1])).toString(16)}`);
}

/** Saves the VF of one rig by way of STOP_COPY, in reads of these lengths. */
export function saved(rig: Rig, ...lengths: readonly number[]): Uint8Array {
  const file = rig.fileAt('STOP_COPY');
  const pieces = lengths.map((length) => rig.read(file, length) as Uint8Array);
  rig.device.closeFile(file);
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

export type Row<T> = readonly [what: string, expected: PerGeneration<T>, observe: (generation: GenerationId) => T];

/** A row whose result is of one type with what is expected. */
export function row<T>(
  what: string,
  expected: PerGeneration<T>,
  observe: (generation: GenerationId) => T,
): Row<unknown> {
  return [what, expected, observe];
}

/** A test for each row, over all generations. */
export function testRows(rows: readonly Row<unknown>[]): void {
  test.each(rows)('%s', (_what, expected, observe) => {
    for (const generation of GENERATION_IDS) {
      expect({ generation, seen: observe(generation) }).toEqual({ generation, seen: expected[generation] });
    }
  });
}
