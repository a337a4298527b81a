/**
 * Traces of the genuine drivers, printed as Linux would trace them: which generation are they nearest to? The recordings in
 * traces/ are the oracle: what a tracer sees of one must fit its own generation.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { readTextOf } from '../../../bench/import/readers.ts';
import { callsOf } from '../../../bench/studies/driver/calls.ts';
import { captureOf, captureText } from '../../../bench/studies/driver/capture-of.ts';
import { traceOf } from '../../../bench/studies/driver/read-driver.ts';
import { streamsOf } from '../../../bench/studies/driver/streams.ts';
import { alignCapture } from '../../../sim/trace/align.ts';
import { parseCapture } from '../../../sim/trace/capture.ts';
import { parseTrace } from '../../../sim/trace/format.ts';
import { report, rwmmioLines, VMALLOCINFO, type Written } from './rwmmio-writer.ts';

const TRACES = join(import.meta.dirname, '../../../traces');
const SCENARIOS = new Set(['plain-stop-copy', 'precopy-full', 'resume-full', 'resume-zip', 'second-migration-reopen', 'cache-wb-slow', 'v4-pf-window-save', 'v4-pf-window-resume']); // prettier-ignore
const FILES = readdirSync(TRACES).filter((name) => SCENARIOS.has(name.split('.')[0]!));

const VF = '0000:75:00.1';

/** Times of hardware: each access 1 µs, 5 µs apart; a call begins 300 µs after the one before. */
function writtenOf(file: string, marks: boolean): readonly Written[] {
  return callsWritten(file, marks, VF).flat();
}

/** The same, call by call. */
function callsWritten(file: string, marks: boolean, device: string): readonly (readonly Written[])[] {
  const { steps } = parseTrace(readFileSync(join(TRACES, file), 'utf8'), file);
  const calls: (readonly Written[])[] = [];
  let now = 0;
  for (const step of steps) {
    if (step.kind === 'change') continue;
    const { call } = step;
    const isState = call.call === 'set_state' && call.result.ret === 0;
    const all: Written[] = [];
    now += 300_000;
    if (marks && isState) all.push({ markNs: now, text: `vfio_migration_set_state (${device}) new state ${call['to'] as string}, recover state ERROR` }); // prettier-ignore
    for (const [fn, op, width, offset, value, , fold] of call.mmio) {
      for (let i = 0; i < (fold?.repeat ?? 1); i++) {
        now += 5_000;
        all.push({ fn, op, width, offset: Number(offset), value, startNs: now, endNs: now + 1_000 });
      }
    }
    now += 5_000;
    if (marks && isState) all.push({ markNs: now, text: `vfio_migration_set_device_state (${device}) state ${call['to'] as string}` }); // prettier-ignore
    calls.push(all);
  }
  return calls;
}

function alignmentOf(file: string, marks: boolean) {
  const text = report(rwmmioLines(writtenOf(file, marks)));
  const trace = traceOf([readTextOf('driver', text, 'trace.txt'), readTextOf('driver', VMALLOCINFO, 'map.txt')]);
  const { vfs, strangers } = streamsOf(trace);
  expect(strangers).toEqual([]);
  const [vf] = vfs;
  const capture = captureOf('trace', trace, vf!, callsOf(vf!));
  return alignCapture(parseCapture(captureText(capture), 'trace.json'));
}

describe.each([true, false])('with marks of QEMU: %s', (marks) => {
  test.each(FILES)('%s fits its own generation', (file) => {
    const { nearest, differences } = alignmentOf(file, marks);
    const generation = file.split('.').slice(1, -1).join('.');
    expect(differences).toEqual([]);
    expect(nearest).toContain(generation);
  });
});

test('a save without its doorbells is no longer that of 6.16', () => {
  const all = writtenOf('plain-stop-copy.linux-6.16.json', true).filter((each) => !('offset' in each) || each.offset !== 0x2000); // prettier-ignore
  const text = report(rwmmioLines(all));
  const trace = traceOf([readTextOf('driver', text, 'trace.txt'), readTextOf('driver', VMALLOCINFO, 'map.txt')]);
  const [vf] = streamsOf(trace).vfs;
  const { differences } = alignCapture(captureOf('trace', trace, vf!, callsOf(vf!)));
  expect(differences.map(({ kind, access }) => `${kind} ${access}`)).toEqual([
    'missing vf write 64 bit 0x2000 QM_DOORBELL_EQ_AEQ_BASE_V2',
    'missing vf write 64 bit 0x2000 QM_DOORBELL_EQ_AEQ_BASE_V2',
  ]);
});

describe.each([true, false])('two VFs of one task, whose calls alternate; with marks of QEMU: %s', (marks) => {
  const OTHER = '0000:75:00.2';
  const SHIFT = 0x100000n;
  const MAP = `${VMALLOCINFO}\n${VMALLOCINFO.split('\n')[1]!.replaceAll('ffff800083a', 'ffff800083b').replace('phys=0x0000000140400000', 'phys=0x0000000140410000')}`;

  test.each(['linux-6.12.117', 'upstream-2026'])('%s: each has its own accesses of both functions', (generation) => {
    // Whose an access of the PF alone is, such as that of an open, nothing shows; it counts to the VF whose access follows.
    const [one, two] = [
      callsWritten(`resume-full.${generation}.json`, marks, VF).slice(1),
      callsWritten(`plain-stop-copy.${generation}.json`, marks, OTHER).slice(1),
    ] as const;
    let now = 0;
    // Recordings begin at 0 each: calls are set one after another.
    const lines = Array.from({ length: Math.max(one.length, two.length) }, (_, i) => i).flatMap((i) =>
      [one[i] ?? [], two[i] ?? []].flatMap((call, which) => {
        const begin = Math.min(...call.map((each) => ('text' in each ? each.markNs : each.startNs)));
        const moved = call.map((each) => {
          const by = now - begin + 300_000;
          return 'text' in each
            ? { ...each, markNs: each.markNs + by }
            : { ...each, startNs: each.startNs + by, endNs: each.endNs + by };
        });
        now = Math.max(now, ...moved.map((each) => ('text' in each ? each.markNs : each.endNs)));
        return rwmmioLines(moved, which === 0 ? {} : { vfShift: SHIFT });
      }),
    );
    const trace = traceOf([readTextOf('driver', report(lines), 'trace.txt'), readTextOf('driver', MAP, 'map.txt')]);
    const { vfs, strangers } = streamsOf(trace);
    expect(strangers).toEqual([]);
    expect(vfs).toHaveLength(2);
    const counts = [one, two].map((calls) => calls.flat().filter((each) => 'offset' in each && each.width <= 8).length);
    expect(vfs.map(({ accesses }) => accesses.length).toSorted((a, b) => a - b)).toEqual(
      counts.toSorted((a, b) => a - b),
    );
    for (const vf of vfs) {
      const { nearest, differences } = alignCapture(
        parseCapture(captureText(captureOf('trace', trace, vf, callsOf(vf))), 'trace.json'),
      );
      expect(differences).toEqual([]);
      expect(nearest).toContain(generation);
    }
    expect(vfs.map(({ id }) => id)).toEqual(marks ? [VF, OTHER] : ['VF 1', 'VF 2']);
  });
});
