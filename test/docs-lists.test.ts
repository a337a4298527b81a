/**
 * Keeps the lists of names on the pages equal to the tables in the sources that they repeat.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { packageRoot } from '../bench/io/package-root.ts';
import {
  ACCELERATOR_KINDS,
  ACCELERATORS,
  HARDWARE_VERSIONS,
  MIGRATING_VERSIONS,
  QM_HW,
} from '../sim/abi/accelerators.ts';
import { IN_FLIGHT_MODES } from '../sim/abi/in-flight.ts';
import { GENERATION_IDS } from '../sim/driver/generation.ts';
import { COMPRESSIONS } from '../sim/memory/stream.ts';
import { VMM_NAMES } from '../sim/memory/vmms.ts';
import { LOAD_NAMES } from '../sim/workload/load.ts';
import { JOB_RATES, serviceNs, serviceNsRange } from '../sim/workload/rates.ts';
import { DOCUMENT_FORMATS, DOCUMENTS } from '../bench/documents/formats.ts';
import { SUITES } from '../bench/measure/suites/sweep-types.ts';
import { EXIT } from '../bench/io/exit-status.ts';
import { PARSER_NAMES, PARSERS } from '../bench/parsers.ts';
import { keysOf } from '../sim/base/keys.ts';
import { PRINTED_FORMATS } from '../sim/base/formats.ts';

function read(page: string): string {
  return readFileSync(join(packageRoot(), 'docs', page), 'utf8');
}

/** The text that explains a field: a cell of its row, counted from the end, or its bullet with all lines. */
function about(page: string, field: string, cell: number): string {
  const row = new RegExp(String.raw`^\| \`${field}\` +\|(.*)\|$`, 'm').exec(read(page))?.[1]?.split('|');
  if (row !== undefined) return row.at(-cell)!;
  const bullet = new RegExp(String.raw`^ *- \`${field}\` \(([\s\S]*?)(?=^ *- |\n\n)`, 'm').exec(read(page))?.[1];
  if (bullet === undefined) throw new Error(`${page} does not explain ${field}`);
  return bullet;
}

function namesIn(text: string): string[] {
  return Array.from(text.matchAll(/`([\w.-]+)`/g), ([, name = '']) => name);
}

test.each([
  ['scenario-format.md', 'vmm', 1, VMM_NAMES],
  ['scenario-format.md', 'compression', 1, COMPRESSIONS],
  ['scenario-format.md', 'kind', 1, ACCELERATOR_KINDS],
  ['scenario-format.md', 'load', 1, LOAD_NAMES],
  ['scenario-format.md', 'driver', 1, GENERATION_IDS],
  ['scenario-format.md', 'hardware', 1, MIGRATING_VERSIONS],
  ['scenario-format.md', 'inFlight', 1, IN_FLIGHT_MODES],
  ['result-format.md', 'accelerator', 1, ACCELERATOR_KINDS],
  ['result-format.md', 'load', 1, LOAD_NAMES],
  ['result-format.md', 'suites', 1, keysOf(SUITES)],
  ['trace-format.md', 'kind', 1, ACCELERATOR_KINDS],
  ['isolation.md', 'kind', 2, [...ACCELERATOR_KINDS, 'other']],
  ['isolation.md', 'version', 2, HARDWARE_VERSIONS],
] as const)('docs/%s has under %s each name, and no other', (page, field, cell, names) => {
  expect(namesIn(about(page, field, cell))).toEqual([...names]);
});

/** Rows of the table after a heading: their cells, without backticks and emphasis. */
function rowsAfter(page: string, heading: string): string[][] {
  const text = read(page);
  const from = text.indexOf(`\n${heading}\n`);
  expect(from).toBeGreaterThan(0);
  const table = /(?:^\|.*\|\n)+/m.exec(text.slice(from))?.[0] ?? '';
  return Array.from(table.matchAll(/^\|(.*)\|$/gm), ([, row = '']) =>
    row.split('|').map((cell) => cell.replaceAll(/[`*]/g, '').trim()),
  ).slice(2);
}

test('docs/report.md says of every kind of document what is drawn', () => {
  const told = rowsAfter('report.md', '## Reports').map(([title]) => title);
  expect(told).toEqual(DOCUMENT_FORMATS.map((format) => DOCUMENTS[format].title));
});

test('docs/result-format.md has every exit status', () => {
  const listed = rowsAfter('result-format.md', '## 7 Exit status').map(([status, name]) => [name, Number(status)]);
  expect(listed).toEqual(Object.entries(EXIT));
});

test('docs/result-format.md has every document that no command reads', () => {
  expect(rowsAfter('result-format.md', '## 9 Other documents')).toEqual(
    Object.entries(PRINTED_FORMATS).map(([format, { version, title }]) => [format, String(version), title]),
  );
});

test('docs/architecture.md lists every parser', () => {
  expect(rowsAfter('architecture.md', '### A format that is read')).toEqual(
    PARSER_NAMES.map((name) => [name, PARSERS[name].about]),
  );
});

const firstNumber = (cell = ''): number => Number(/^(?:0x[\da-f]+|[\d ]+)/.exec(cell)?.[0].replaceAll(' ', ''));

test('docs/device.md 1.1 has every kind of accelerator with its ids and sizes', () => {
  const rows = rowsAfter('device.md', '### 1.1 PCI ids, SQE sizes, default queues');
  const told = rows.map(([kind = '', _vendor, pf, vf, sqe, queues, cores]) => [
    kind.toLowerCase(),
    ...[pf, vf, sqe, queues, cores].map(firstNumber),
  ]);
  expect(told).toEqual(
    ACCELERATOR_KINDS.map((kind) => {
      const { pfDeviceId, vfDeviceId, sqeBytes, pfDefaultQueues, cores } = ACCELERATORS[kind];
      return [kind, pfDeviceId, vfDeviceId, sqeBytes, pfDefaultQueues, cores];
    }),
  );
});

test('docs/device.md 1.2 has every version of the hardware with its revision', () => {
  const told = rowsAfter('device.md', '### 1.2 Hardware versions').map(([name, value]) => [name, firstNumber(value)]);
  expect(told).toEqual(HARDWARE_VERSIONS.map((version) => [version, QM_HW[version]]));
});

test('docs/model.md has the job rates of every kind', () => {
  const told = rowsAfter('model.md', '### Job rates').map(([kind, job, rate, low, high, cores, busy, range, grade]) => [
    kind,
    job,
    ...[rate, low, high, cores, busy].map(firstNumber),
    (range ?? '').split('–').map(firstNumber),
    grade,
  ]);
  expect(told).toEqual(
    ACCELERATOR_KINDS.map((kind) => {
      const rate = JOB_RATES[kind];
      const { value, low, high, grade } = rate.ratePerSecond;
      const range = serviceNsRange(rate);
      return [
        kind,
        rate.job,
        ...[value, low, high, rate.servers.value, serviceNs(rate)].map(Math.round),
        [range.low, range.high].map(Math.round),
        grade,
      ];
    }),
  );
});
