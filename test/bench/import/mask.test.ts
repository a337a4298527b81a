/**
 * Masked files: nothing that says whose they are is left, and they are read as before.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { linesOfText, sourceOfText } from '../../../bench/import/lines.ts';
import { maskedTexts } from '../../../bench/import/mask/mask.ts';
import { kindOf, readForeign } from '../../../bench/import/readers.ts';

const SAMPLES = join(import.meta.dirname, 'samples');
const folder = mkdtempSync(join(tmpdir(), 'stopcopy-mask-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function masked(...texts: readonly string[]): readonly string[] {
  const sources = texts.map((text, n) => sourceOfText(text, `file-${n}`));
  return maskedTexts(sources.map((source) => ({ source, hasNames: kindOf(source) !== 'results' }))).map(({ lines }) =>
    [...lines()].join('\n'),
  );
}

/** Words that stand for another. */
const STAND_IN =
  /name-\d+|user@host-\d+|serial-\d+|user-\d+|0{8}-0000-4000-8000-[0-9a-f]{12}|0{16}[0-9a-f]{16}|192\.0\.2\.|2001:db8::|02:00:/;

/** Where two readings differ in anything but a name. */
function differences(a: unknown, b: unknown, path = ''): readonly string[] {
  if (typeof a === 'string' && typeof b === 'string') {
    return a === b || STAND_IN.test(b) ? [] : [`${path}: '${a}' became '${b}'`];
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return Object.is(a, b) ? [] : [`${path}: ${JSON.stringify(a)} became ${JSON.stringify(b)}`];
  }
  const [left, right] = [Object.entries(a), Object.entries(b)];
  if (left.length !== right.length) return [`${path}: ${left.length} became ${right.length} fields`];
  return left.flatMap(([name, value], index) => [
    ...(name === right[index]![0] || STAND_IN.test(right[index]![0])
      ? []
      : [`${path}.${name} became ${right[index]![0]}`]),
    ...differences(value, right[index]![1], `${path}.${name}`),
  ]);
}

test('a plain word that is the name of a host is replaced in free text too, but for words of formats', () => {
  const text = [
    "2026-08-19 03:12:41 starting migration of VM 204 to node 'atlas' (198.51.100.12)",
    '2026-08-19 03:12:42 ssh: connect to host atlas port 22: no route',
    '2026-08-19 03:12:43 atlas.lab.example says no',
    "2026-08-19 03:12:50 ERROR: online migrate failure - 'atlas' aborted",
  ].join('\n');
  const [once] = masked(text);
  expect(once).not.toMatch(/atlas/);
  expect(new Set(once!.match(/name-\d+/g))).toHaveLength(1);
  const word =
    "2026-08-19 03:12:41 starting migration of VM 204 to node 'memory' (198.51.100.12)\nVM dirties lots of memory: 1 B/s";
  expect(masked(word)[0]).toContain('lots of memory');
  // What another field has too may be a word of the format.
  expect(masked('{"nodeName": "ready", "phase": "ready", "text": "it is ready"}')[0]).toContain('"phase": "ready"');
});

const NAMES = readdirSync(SAMPLES).filter((name) => !name.endsWith('.expected.json'));

test.each(NAMES)('%s is read as before', (name) => {
  const text = readFileSync(join(SAMPLES, name), 'utf8');
  const [once] = masked(text);
  expect(masked(text)).toEqual([once]);
  const path = join(folder, name);
  writeFileSync(path, once!);
  const { file: _, findings: __, ...before } = readForeign(join(SAMPLES, name));
  const { file: ___, findings: ____, ...after } = readForeign(path);
  // Names of files are in what is read of some.
  const renamed = JSON.parse(JSON.stringify(after).replaceAll(folder, SAMPLES)) as unknown;
  expect(differences(JSON.parse(JSON.stringify(before)), renamed)).toEqual([]);
  // PCI addresses, and as many lines as before.
  expect(once!.match(/\b[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b/g)).toEqual([...linesOfText(text, name)].join('\n').match(/\b[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b/g)); // prettier-ignore
  expect(once!.split('\n').length).toBe(text.split('\n').length);
});

describe('what is left of', () => {
  test.each([
    ['a UUID', 'instance 7A1D0E0C-8a55-4e0b-a1f1-4f3b2a6c9d01 ok', 'instance 00000000-0000-4000-8000-000000000001 ok'],
    [
      'addresses',
      'tcp:10.1.2.3:4444 fe80::1 127.0.0.1 52:54:00:12:34:56',
      'tcp:192.0.2.1:4444 2001:db8::1 127.0.0.1 02:00:00:00:00:01',
    ],
    ['what is no address', '0000:75:00.1 19e5:a250 12:34:56.789 1.2.3 10000:e1:00.0 std::vec v10.2.2 0x10', undefined],
    ['a prompt', 'root@cmp-021:~# lspci', 'user@host-1:~# lspci'],
    [
      'a serial number',
      'Capabilities: [140 v1] Device Serial Number 00-11-22-ff-fe-33-44-55',
      'Capabilities: [140 v1] Device Serial Number 00-00-00-00-00-00-00-01',
    ],
    ['product data', '\t\t\t[SN] Serial number: MT2039X0', '\t\t\t[SN] Serial number: serial-1'],
    [
      'a name in JSON',
      '{"name": "db-7", "status": "x", "message": "pod virt-launcher-db-7-x2 of db-7"}',
      '{"name": "name-1", "status": "x", "message": "pod virt-launcher-name-1-x2 of name-1"}',
    ],
    ['a plain word', '{"name": "active", "status": "active"}', '{"name": "name-1", "status": "active"}'],
    [
      'a host with its domain',
      'nodeName: cmp-1.corp.local\nnode: cmp-1\n',
      'nodeName: name-1.d1.example\nnode: name-1\n',
    ],
    ['a table of OpenStack', '| Source Compute | cmp-021 |', '| Source Compute | name-1 |'],
    ['labels', 'up{name="db-7",node="n\\"1",phase="x"} 1', 'up{name="name-1",node="name-2",phase="x"} 1'],
    [
      'Proxmox VE',
      "starting migration of VM 100 to node 'pve-2' (10.0.0.2)",
      "starting migration of VM 100 to node 'name-1' (192.0.2.1)",
    ],
    ['CSV', 'name;host;memoryGiB\n"a; b";h1;4\nc;h1;8', 'name;host;memoryGiB\n"name-1";name-2;4\nname-3;name-2;8'],
  ])('%s', (_, text, expected) => {
    expect(masked(text)).toEqual([expected ?? text]);
  });

  test('several files: the same name is the same word in all of them', () => {
    const [a, b] = masked(
      '{"Name": "web-1", "Host": "cmp-1"}',
      '{"Hypervisor Hostname": "cmp-1.x.org", "name": "web-1"}',
    );
    expect([a, b]).toEqual([
      '{"Name": "name-1", "Host": "name-2"}',
      '{"Hypervisor Hostname": "name-2.d1.example", "name": "name-1"}',
    ]);
  });

  test('the serial number of a function in the dump of its configuration space', () => {
    const bytes = Uint8Array.from({ length: 4096 }, (_, at) => (at >= 0x104 && at < 0x10c ? 0xab : 0));
    bytes.set([0x03, 0x00, 0x01, 0x15], 0x100); // next at 0x150
    bytes.set([0x0d, 0x00, 0x01, 0x00, 0x7f], 0x150);
    const dump = Array.from({ length: 256 }, (_, line) => `${(line * 16).toString(16).padStart(2, '0')}: ${[...bytes.subarray(line * 16, line * 16 + 16)].map((each) => each.toString(16).padStart(2, '0')).join(' ')}`); // prettier-ignore
    const [text] = masked(['00:00.0 Host bridge: x', ...dump, ''].join('\n'));
    const lines = text!.split('\n');
    expect(text).not.toContain('ab ab');
    expect(lines[17]).toBe('100: 03 00 01 15 00 00 00 00 00 00 00 00 00 00 00 00');
    expect(lines.filter((_, at) => at !== 17)).toEqual(
      ['00:00.0 Host bridge: x', ...dump, ''].filter((_, at) => at !== 17),
    );
  });
});
