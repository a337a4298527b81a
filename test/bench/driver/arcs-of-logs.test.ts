/**
 * A cost table of a log in which QEMU traced changes of state, without a trace of the driver.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { calibrateFiles } from '../../../bench/studies/driver/calibrate-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'stopcopy-arcs-'));
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** An arc of a device that takes so many µs from a time of the log on. */
const arc = (device: string, to: string, atUs: number, us: number): readonly string[] => [
  `7@1700000000.${String(atUs).padStart(6, '0')}:vfio_migration_set_state  (${device}) new state ${to}, recover state ERROR`,
  `7@1700000000.${String(atUs + us).padStart(6, '0')}:vfio_migration_set_device_state  (${device}) state ${to}`,
];

test('arcs of all devices and logs, with their median and range', () => {
  const one = written('one.log', [
    ...arc('0000:75:00.1', 'PRE_COPY', 1000, 45),
    ...arc('0000:75:00.1', 'STOP_COPY', 2000, 12_000),
    ...arc('0000:75:00.2', 'STOP_COPY', 15_000, 14_000),
  ]);
  const two = written('two.log', arc('0000:75:00.1', 'STOP_COPY', 2000, 13_000));
  const { table } = calibrateFiles([one, two]);
  expect(table.steps).toEqual([
    { step: 'arc to PRE_COPY', times: 1, medianNs: 45_000, minNs: 45_000, maxNs: 45_000 },
    { step: 'arc to STOP_COPY', times: 3, medianNs: 13e6, minNs: 12e6, maxNs: 14e6 },
  ]);
  // Nothing of it is the time of one access.
  expect(table.costs).toEqual({});
});

test('a log without begins of arcs has no time, and is refused', () => {
  const old = written('old.log', ['7@1700000000.000100:vfio_migration_set_state  (0000:75:00.1) state STOP_COPY']);
  expect(() => calibrateFiles([old])).toThrow(/old\.log/);
});
