/**
 * What a file is taken for: each sample for its format and no other, however it is encoded; and what is said of all else.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { afterAll, expect, test } from 'vitest';

import { formatNames, readForeign, readForeignOf, readIfForeign } from '../../../bench/import/readers.ts';
import { importFleet } from '../../../bench/studies/import/import-fleet.ts';
import { readMove } from '../../../bench/studies/import/moves.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { stating } from '../../stating.ts';

const SAMPLES = join(import.meta.dirname, 'samples');
const folder = mkdtempSync(join(tmpdir(), 'stopcopy-recognition-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Kind and word of `--as` by what the name of a sample says of its origin. */
const ORIGINS: readonly (readonly [pattern: RegExp, kind: string, reader: string])[] = [
  [/\.lspci-D?vvvx*\.txt$|\.lspci-nnk\.txt$/, 'machine', 'lspci'],
  [/\.lspci-tv\.txt$/, 'machine', 'lspci-tree'],
  [/\.lspci-vmm/, 'machine', 'lspci-records'],
  [/\.stopcopy-sysfs/, 'machine', 'sysfs'],
  [/qmp\.jsonl$|query-migrate\.json$/, 'move', 'qmp'],
  [/info-migrate/, 'move', 'info-migrate'],
  [/^qemu.*\.trace\.log$/, 'move', 'qemu-trace'],
  [/^guestperf/, 'move', 'guestperf'],
  [/domjobinfo/, 'move', 'domjobinfo'],
  [/^cloud-hypervisor.*\.log$/, 'move', 'cloud-hypervisor-log'],
  [/^cloud-hypervisor.*events/, 'move', 'cloud-hypervisor-events'],
  [/vmim/, 'move', 'kubevirt-vmim'],
  [/metrics/, 'move', 'kubevirt-metrics'],
  [/virt-launcher/, 'move', 'virt-launcher'],
  [/server-migration-show/, 'move', 'nova-migration'],
  [/^proxmox-qmigrate/, 'move', 'proxmox'],
  [/kubevirt-vmis/, 'fleet', 'kubevirt-vmis'],
  [/rwmmio.trace-cmd/, 'driver', 'rwmmio'],
  [/vmallocinfo/, 'driver', 'vmallocinfo'],
  [/function-graph/, 'driver', 'function-graph'],
  [/customSmallerIsBetter/, 'results', 'github-action-benchmark'],
];

const NAMES = readdirSync(SAMPLES).filter((name) => !name.endsWith('.expected.json'));

function written(name: string, bytes: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const swapped = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

test.each(NAMES)('%s is taken for what it is, also in UTF-16 and compressed', (name) => {
  const [, kind, reader] = ORIGINS.find(([pattern]) => pattern.test(name))!;
  const path = join(SAMPLES, name);
  const plain = readForeign(path);
  expect([plain.kind, plain.reader]).toEqual([kind, reader]);
  const text = readFileSync(path, 'utf8');
  const marked = `\uFEFF${text}`;
  const { file: _, ...read } = plain;
  // Names of files are in what is read of some.
  const sameAs = (bytes: Uint8Array): void =>
    expect(JSON.parse(JSON.stringify(readForeign(written(name, bytes))).replaceAll(folder, SAMPLES))).toMatchObject(
      JSON.parse(JSON.stringify(read)) as object,
    );
  sameAs(swapped(marked));
  sameAs(gzipSync(Buffer.from(marked, 'utf16le')));
});

const TAR = Buffer.concat([Buffer.alloc(257, 'a'), Buffer.from('ustar\u000000')]);
const REFUSED: readonly (readonly [what: string, bytes: string | Uint8Array, says: RegExp, tries: RegExp])[] = [
  ['an empty file', '', /is empty$/, /root/],
  ['blanks', ' \n\n\t\n', /is empty$/, /root/],
  [
    'a web page',
    '\n<!DOCTYPE html>\n<html><pre>00:00.0 0600: 8086:9a14</pre>',
    /is a web page \(HTML\)$/,
    /Save the text/,
  ],
  ['bzip2', Buffer.from('BZh91AY'), /is compressed by bzip2/, /bzip2 -dk/],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1]), /is compressed by xz/, /xz -dk/],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1]), /is compressed by zstd/, /zstd -d/],
  ['an archive in gzip', gzipSync(TAR), /is a tar archive$/, /tar -xf/],
  ['gzip that is cut', gzipSync('x'.repeat(9999)).subarray(0, 20), /is compressed by gzip, and damaged$/, /gzip -dc/],
  ['gzip in gzip', gzipSync(gzipSync('x')), /is compressed twice$/, /gzip -dk/],
  [
    'a recording of trace-cmd',
    Buffer.from('\u0017\u0008Dtracing6\0'),
    /is a recording of trace-cmd/,
    /trace-cmd report/,
  ],
  ['bytes', Buffer.from([0, 1, 2, 0, 0, 9, 0, 0, 0, 7]), /is no text: 6 of its first 10 bytes are zero$/, /printed/],
  ['noise', Buffer.from(Array.from({ length: 400 }, (_, i) => (i * 167 + 13) % 256 || 1)), /is no text$/, /printed/],
  ['a document', 'format: stopcopy-scenario\n', /is a document of stopcopy \(stopcopy-scenario\)$/, /command/],
  [
    'UTF-16 without its mark',
    Buffer.from('00:00.0 0600: 8086:9a14', 'utf16le'),
    /looks like UTF-16LE without/,
    /iconv/,
  ],
  ['the same the other way', swapped('00:00.0 0600: 8086:9a14'), /looks like UTF-16BE without/, /iconv/],
];

test.each(REFUSED)('%s is refused in a sentence that says what to do', (_, bytes, says, tries) => {
  const path = written('given', bytes);
  let thrown: unknown;
  try {
    readForeign(path);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(UserError);
  expect((thrown as UserError).message).toMatch(says);
  expect((thrown as UserError).hint).toMatch(tries);
  // A command that wants one kind says the same.
  expect(() => readForeignOf('move', path)).toThrow(says);
});

test.each([
  ['guestperf-10.2.json', 42],
  ['kubevirt-vmis.json', 30],
])('%s that ends in line %i is said to be cut short there, and not to be of another format', (name, line) => {
  const whole = readFileSync(join(SAMPLES, name), 'utf8');
  const path = written(`cut-${name}`, whole.split('\n').slice(0, line).join('\n'));
  const read = (): unknown => (name.startsWith('kube') ? importFleet([readForeignOf('fleet', path)]) : readMove(path));
  expect(read).toThrow(stating('cut short', `line ${line}`, `cut-${name}:1`));
});

test('a folder, and what is not there', () => {
  mkdirSync(join(folder, 'sys'));
  expect(() => readForeign(join(folder, 'sys'))).toThrow(/it is a folder/);
  expect(() => readForeign(join(folder, 'none'))).toThrow(/there is no such file/);
});

test('an unknown text names every format, and how to say which', () => {
  const path = written('notes.txt', 'hello\nworld\n');
  let hint = '';
  try {
    readForeign(path);
  } catch (error) {
    hint = (error as UserError).hint ?? '';
  }
  for (const name of formatNames()) expect(hint).toMatch(new RegExp(`[ ,:]${name}[,;.]`));
  expect(hint).toContain('--as FORMAT');
  expect(readIfForeign('move', path)).toBeUndefined();
});

test('a file of another kind is named, with the commands that take it', () => {
  const path = join(SAMPLES, 'x570.lspci-nnk.txt');
  expect(() => readForeignOf('move', path)).toThrow(/is of a machine \(lspci/);
  expect(() => readForeignOf('move', path, 'lspci')).toThrow(/--as is 'lspci', which is not taken here/);
  expect(() => readForeign(path, 'lscpi')).toThrow(/--as is 'lscpi', which is no format/);
  expect(readForeign(path, 'lspci').kind).toBe('machine');
});

test('a listing of many VMs in one line is read; a long line of anything else is refused', () => {
  const vm = { vmid: 1, name: 'a'.repeat(200), type: 'qemu', status: 'running', node: 'a', maxcpu: 4, maxmem: 2 ** 30 };
  const path = written('one-line.json', JSON.stringify(Array.from({ length: 6000 }, () => vm)));
  const { facts } = readForeignOf('fleet', path);
  expect(facts.vms.length).toBe(6000);
  expect(() => readForeign(written('long.txt', `Slot: 00:00.0\nName:\t${'x'.repeat(2 ** 21)}\n`))).toThrow(
    /line 2 has more than/,
  );
});
