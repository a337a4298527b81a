/**
 * Samples of driver traces, and what must be read from them; and the same accesses in the forms that other tools print.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { readForeign } from '../../../bench/import/readers.ts';
import { calibrateFiles } from '../../../bench/studies/driver/calibrate-files.ts';
import { importDriver } from '../../../bench/studies/driver/import-driver.ts';
import { traceOf } from '../../../bench/studies/driver/read-driver.ts';
import { measuredTableOf } from '../../../sim/device/cost-file.ts';
import { stating } from '../../stating.ts';

const SAMPLES = join(import.meta.dirname, 'samples');
const TRACE = join(SAMPLES, 'hisi-rwmmio.trace-cmd.txt');
const MAP = join(SAMPLES, 'hisi-rwmmio.vmallocinfo.txt');
const folder = mkdtempSync(join(tmpdir(), 'stopcopy-driver-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Of people, who say it in their words; `needs` is the name of another sample. */
const PROSE: ReadonlySet<string> = new Set(['findings', 'unknown']);

type Input = Readonly<Record<string, unknown>>;

function expectedOf(name: string): Input {
  const all = JSON.parse(readFileSync(join(SAMPLES, `${name}.expected.json`), 'utf8')) as Input;
  return Object.fromEntries(Object.entries(all).filter(([key]) => !PROSE.has(key)));
}

function imported(paths: readonly string[]) {
  const document = importDriver(traceOf(paths.map((path) => readForeign(path))));
  return { document, inputs: document.inputs as readonly Input[], texts: document.findings.map(({ text }) => text) };
}

/** A trace in a file of its own. */
function written(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.join('\n'));
  return path;
}

const LINES = readFileSync(TRACE, 'utf8').split('\n');
const EXPECTED = expectedOf('hisi-rwmmio.trace-cmd.txt');
const ACCESSES = EXPECTED['accesses'] as readonly Input[];

describe('samples', () => {
  test('a trace with the map of its addresses', () => {
    const { inputs } = imported([TRACE, MAP]);
    expect(inputs[0]).toMatchObject(EXPECTED);
    expect(inputs[1]).toMatchObject(expectedOf('hisi-rwmmio.vmallocinfo.txt'));
  });

  test('a cost table says which costs it measured, and that it does not come to the arcs of its trace', () => {
    const { table } = calibrateFiles([TRACE, MAP]);
    // From mark to mark, by hand: 1234.099900 to 1234.100200, 1240.500000 to 1240.513500.
    expect(table.arcs!.map(({ to, seenNs }) => [to, seenNs])).toEqual([['PRE_COPY', 300_000], ['STOP_COPY', 13_500_000]]); // prettier-ignore
    const { notes, rows } = measuredTableOf(table);
    expect(notes[0]).toMatch(/Measured: mmioReadNs, usleepActualNs; bounded, nominal as shipped: .*pauseBaseNs;/);
    expect(notes[1]).toMatch(stating('does not reproduce', 'STOP_COPY', '13.5 ms', 'PRE_COPY', '300 µs'));
    expect([rows.mmioReadNs!.from, rows.pauseBaseNs!.from]).toEqual(['measured', 'bounded']);
    expect(measuredTableOf({ ...table, arcs: [] }).notes).toHaveLength(1);
  });

  test('without the map the bases follow from the order of the accesses, and that is said', () => {
    const { inputs, texts } = imported([TRACE]);
    expect(inputs[0]!['accesses']).toEqual(ACCESSES);
    expect(texts.filter((text) => text.includes('by the order of the accesses'))).toHaveLength(2);
  });

  test('a graph of functions', () => {
    const { inputs } = imported([join(SAMPLES, 'hisi.function-graph.txt')]);
    expect(inputs[0]).toMatchObject(expectedOf('hisi.function-graph.txt'));
  });
});

/** Each line of the sample in another layout; its head is left out. */
const LAYOUTS: readonly (readonly [title: string, line: (text: string) => string])[] = [
  ['text of ftrace with five flags', (text) => text.replace(/\] {2}/, '] d..1.  ')],
  ['text of ftrace with four flags and thread groups', (text) => text.replace(/-48231 \[012\] {2}/, '-48231   (  48200) [012] d..1 ')], // prettier-ignore
  ['perf script', (text) => text.replace(/qemu-kvm-(\d+) \[012\]/, 'qemu-kvm $1 [012]').replace(/: (rwmmio_\w+): +/, ':    rwmmio:$1: ')], // prettier-ignore
  ['perf script with process and thread', (text) => text.replace(/qemu-kvm-(\d+)/, 'CPU 0/KVM 48200/$1').replace(/: (rwmmio_\w+): +/, ': 1  rwmmio:$1: ')], // prettier-ignore
  ['a name with blanks and dashes', (text) => text.replace('qemu-kvm-', 'CPU 0/KVM-7 [x]-')],
  ['nanoseconds', (text) => text.replace(/(\d\.\d{6}):/, '$1000:')],
  ['one caller, as before 6.2', (text) => text.replace(/ \S+ -> /, ' ')],
  ['callers as addresses', (text) => text.replace(/ \S+ -> \S+ /, ' 0xffff800001234567 -> 0xffff800001234999 ')],
  ['values without 0x', (text) => text.replaceAll(/(val|addr)=0x/g, '$1=')],
  ['carriage returns', (text) => `${text}\r`],
  ['newer name of the marker', (text) => text.replace('tracing_mark_write:', 'print: tracing_mark_write:')],
];

describe('the same accesses in other forms', () => {
  test.each(LAYOUTS)('%s', (title, line) => {
    const path = written(`${title.replaceAll(/\W+/g, '-')}.txt`, LINES.slice(1).map(line));
    const { inputs } = imported([path, MAP]);
    expect(inputs[0]).toMatchObject({ accesses: ACCESSES, arcs: EXPECTED['arcs'], steps: EXPECTED['steps'] });
  });

  test('other devices and other events between them', () => {
    const strange = 'width=32 val=0x7 addr=0xffff800091230010';
    const between = [
      `  kworker/3:1-77 [012] 1234.100010: rwmmio_write: a+0x1/0x2 -> b+0x1/0x2 ${strange}`,
      `  kworker/3:1-77 [012] 1234.100010: rwmmio_post_write: a+0x1/0x2 -> b+0x1/0x2 ${strange}`,
      '  <idle>-0 [012] 1234.100011: sched_switch: prev_comm=x ==> next_comm=y',
    ];
    const { inputs, texts } = imported([written('others.txt', LINES.flatMap((line, i) => (i === 14 ? [...between, line] : [line]))), MAP]); // prettier-ignore
    expect(inputs[0]!['accesses']).toEqual(ACCESSES);
    expect(texts).toEqual(expect.arrayContaining([expect.stringMatching(stating('1 accesses', 'no range'))]));
    expect(texts).toContain('1 events of other kinds');
  });

  test('buffers of CPUs one after the other are put in the order of time', () => {
    const other = LINES.map((line) => line.replace('[012]', '[013]'));
    const mixed = [...LINES.filter((_, i) => i < 24), ...other.filter((_, i) => i >= 24)];
    const { inputs } = imported([written('cpus.txt', [...mixed.slice(24), ...mixed.slice(0, 24)]), MAP]);
    expect(inputs[0]!['accesses']).toEqual(ACCESSES);
  });
});

describe('what is lost is not made up', () => {
  const lineOf = (part: string): number => LINES.findIndex((text) => text.includes(part));

  test('a read without its second event has no value', () => {
    const at = lineOf('val=0x7f001');
    const { inputs, texts } = imported([written('half.txt', LINES.toSpliced(at, 1, 'CPU:12 [LOST 1 EVENTS]')), MAP]);
    const accesses = inputs[0]!['accesses'] as readonly Input[];
    expect(accesses[9]).toMatchObject({ offset: '0x100068', value: null });
    expect(accesses.toSpliced(9, 1)).toEqual(ACCESSES.toSpliced(9, 1));
    expect(texts).toEqual(expect.arrayContaining([expect.stringMatching(stating('1 events', 'lost', 'CPU 12'))]));
    expect(inputs[0]).toMatchObject({ lostEvents: 1 });
  });

  test('a request whose end is lost has no arc', () => {
    const at = lineOf('set_device_state (0000:75:00.1) state PRE_COPY');
    const { inputs, texts } = imported([written('arc.txt', LINES.toSpliced(at, 1)), MAP]);
    expect(inputs[0]!['arcs']).toEqual([{ device: '0000:75:00.1', to: 'STOP_COPY', tookUs: 13_500 }]);
    expect(texts).toEqual(
      expect.arrayContaining([expect.stringMatching(stating('0000:75:00.1', 'PRE_COPY', 'no event'))]),
    );
  });

  test('a clock that begins again parts the trace', () => {
    const at = lineOf('1240.500731');
    const later = LINES.map((line, i) => (i < at ? line : line.replace(/ 1240\./, '    0.')));
    const { inputs, texts } = imported([written('clock.txt', later), MAP]);
    expect(texts.join('\n')).toContain('the clock of CPU 12 begins again');
    // The request is before, its end after: no arc of minus 1240 s.
    expect(inputs[0]!['arcs']).toEqual([{ device: '0000:75:00.1', to: 'PRE_COPY', tookUs: 300 }]);
    const accesses = inputs[0]!['accesses'] as readonly Input[];
    expect(accesses[10]).toMatchObject({ offset: '0x100008', tUs: 0, segment: 1 });
  });

  test('hidden addresses are no map', () => {
    const hidden = written('hidden.txt', ['0x0000000000000000-0x0000000000000000 4259840 hisi_qm_pci_init+0x1d4/0x5a0 [hisi_qm] phys=0x0000000140000000 ioremap']); // prettier-ignore
    const { inputs, texts } = imported([TRACE, hidden]);
    expect(inputs[1]).toMatchObject({ format: '/proc/vmallocinfo lines, read without root', maps: [] });
    expect(texts.join('\n')).toContain('read the file as root');
  });

  test('a map alone says where addresses lead, and asks for a trace', () => {
    const { inputs, texts } = imported([MAP]);
    expect(inputs[0]).toMatchObject(expectedOf('hisi-rwmmio.vmallocinfo.txt'));
    expect(texts.filter((text) => text.includes('together with a trace'))).toHaveLength(1);
  });

  test('maps of two hosts are refused', () => {
    const other = written('other.txt', [readFileSync(MAP, 'utf8').replace('phys=0x0000000140000000', 'phys=0x0000000180000000')]); // prettier-ignore
    expect(() => imported([TRACE, MAP, other])).toThrow('maps to another place');
  });
});
