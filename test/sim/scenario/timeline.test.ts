import { describe, expect, test } from 'vitest';

import { readScenario } from '../../../bench/studies/run/play.ts';
import type { CompiledScenario } from '../../../sim/scenario/compile.ts';
import { runScenario } from '../../../sim/scenario/scenario-run.ts';
import { type Timeline, timelineOf, type TraceEvent } from '../../../sim/scenario/timeline.ts';
import { plan, SMALL } from './rig.ts';
import { effort } from '../../effort.ts';

const [ZIP] = SMALL.devices;

type Span = TraceEvent & { readonly ph: 'X' };

function draw(of: CompiledScenario): Timeline {
  return timelineOf(of, runScenario(of, 'point'));
}

/** What the format asks of a document, and is not met. */
function faultsOf(document: Timeline): string[] {
  const { traceEvents } = JSON.parse(JSON.stringify(document)) as Timeline;
  const found: string[] = [];
  const named = new Set<string>();
  const tracks = new Map<string, Span[]>();
  for (const event of traceEvents) {
    const { ph, pid, tid, name } = event;
    const told = `${ph} ${name}`;
    if (!Number.isInteger(pid) || pid <= 0 || !Number.isInteger(tid) || tid < 0) found.push(`${told}: ${pid}, ${tid}`);
    if (typeof name !== 'string' || name === '') found.push(`${told}: no name`);
    if (ph !== 'M' && !(event.ts >= 0)) found.push(`${told}: begins at ${event.ts}`);
    if (ph === 'M' && name === 'process_name') named.add(`${pid}`);
    if (ph === 'M' && name === 'thread_name') {
      if (named.has(`${pid}.${tid}`)) found.push(`track ${pid}.${tid} has two names`);
      named.add(`${pid}.${tid}`);
    }
    if (ph !== 'X') continue;
    if (!(event.dur > 0)) found.push(`${told}: lasts ${event.dur}`);
    const track = tracks.get(`${pid}.${tid}`);
    if (track === undefined) tracks.set(`${pid}.${tid}`, [event]);
    else track.push(event);
  }
  for (const [track, spans] of tracks) {
    if (!named.has(track) || !named.has(track.split('.')[0]!)) found.push(`track ${track} has no name`);
    found.push(...overlaps(track, spans));
  }
  return found;
}

/** Spans of a track that begin within another and end after it. Viewers draw them wrong. */
function overlaps(track: string, spans: readonly Span[]): string[] {
  const found: string[] = [];
  // Times in ns are whole, so that sums can be compared.
  const ns = (us: number): number => Math.round(us * 1000);
  const open: number[] = [];
  const sorted = spans.toSorted((a, b) => ns(a.ts) - ns(b.ts) || ns(b.dur) - ns(a.dur));
  for (const { name, ts, dur } of sorted) {
    const startNs = ns(ts);
    const endNs = startNs + ns(dur);
    while (open.length > 0 && open.at(-1)! <= startNs) open.pop();
    if (open.length > 0 && endNs > open.at(-1)!) found.push(`${track}: ${name} at ${ts} ends after what it is in`);
    open.push(endNs);
  }
  return found;
}

function trackNames({ traceEvents }: Timeline): string[] {
  return traceEvents.flatMap((event) =>
    event.ph === 'M' && event.name === 'thread_name' ? [String(event.args['name'])] : [],
  );
}

function spansNamed({ traceEvents }: Timeline, name: string): Span[] {
  return traceEvents.filter((event): event is Span => event.ph === 'X' && event.name === name);
}

describe('a timeline keeps to the format', () => {
  const cases: readonly (readonly [string, () => CompiledScenario])[] = [
    ...['zip-64', 'eight-vfs', ...effort([], ['pf-63']), 'never-converges', 'link-fails', 'vm-64gib'].map(
      (name) => [name, () => readScenario(name)] as const,
    ),
    [
      'auto-converge',
      () =>
        plan({
          memory: { size: '16GiB', dirty: { kind: 'uniform', pagesPerSecond: 1.2e6 } },
          convergence: { autoConverge: true },
        }),
    ],
    [
      'state side by side',
      () =>
        plan({
          devices: [{ profile: 'connectx7-vf', count: 4 }],
          parallelDevices: true,
          stream: { gigabitsPerSecond: 100, channels: 8 },
        }),
    ],
    ['a cancel in pre-copy', () => plan({ faults: [{ kind: 'cancel', at: 'precopy' }] })],
    ['a driver that fails', () => plan({ vms: 2, faults: [{ kind: 'device', what: 'coreError', side: 'source' }] })],
    ['many channels', () => plan({ vms: 3, devices: [], stream: { gigabitsPerSecond: 25, channels: 128 } })],
  ];
  test.each(cases)('%s', (_, of) => {
    expect(faultsOf(draw(of()))).toEqual([]);
  });

  test('which the checks would notice', () => {
    const good = draw(plan());
    const [first] = spansNamed(good, 'paused');
    const crossing = { ...first!, name: 'crossing', ts: first!.ts - 1, dur: 10 };
    const nameless = { ...first!, tid: 77 };
    const broken = { ...good, traceEvents: [...good.traceEvents, crossing, nameless, { ...first!, dur: 0 }] };
    const told = faultsOf(broken).join('\n');
    for (const words of ['lasts 0', 'crossing at', 'track 1.77 has no name']) expect(told).toContain(words);
  });
});

describe('a timeline has', () => {
  test('a track for each VF, PF, channel and group of vCPUs', () => {
    const names = trackNames(
      draw(
        plan({
          vmm: 'cloud-hypervisor',
          stream: { gigabitsPerSecond: 25, channels: 3 },
          devices: [{ ...ZIP, count: 2 }, { profile: 'acc-sec' }, { profile: 'virtio-vf' }],
        }),
      ),
    );
    expect(names).toEqual([
      'vCPUs (2)',
      'pause',
      'VF 1 (acc-zip)',
      'VF 2 (acc-zip)',
      'VF 3 (acc-sec)',
      'virtio-vf',
      'channel 1',
      'channel 2',
      'channel 3',
      'PF 1 (acc-zip)',
      'PF 2 (acc-sec)',
      'PF 1 (acc-zip)',
      'PF 2 (acc-sec)',
    ]);
  });

  test('the pause as long as the run says, and the steps of VFs within', () => {
    const of = plan();
    const result = runScenario(of, 'point');
    const timeline = timelineOf(of, result);
    const [still] = spansNamed(timeline, 'paused');
    // Both ends are rounded to whole ns.
    expect(Math.abs(still!.dur * 1000 - result.vms[0]!.pauseNs)).toBeLessThanOrEqual(1);
    for (const name of ['pause and drain', 'registers saved', 'image loaded', 'started']) {
      const [span] = spansNamed(timeline, name);
      expect(span!.ts).toBeGreaterThanOrEqual(still!.ts);
      expect(span!.ts + span!.dur).toBeLessThanOrEqual(still!.ts + still!.dur + 1e-3);
    }
    const [ready] = spansNamed(timeline, 'made ready for an image');
    expect(ready!.ts).toBe(0);
  });

  test('the end of a move that did not come to its end', () => {
    const { traceEvents } = draw(plan({ faults: [{ kind: 'link', at: 'sending' }] }));
    const instants = traceEvents.filter(({ ph }) => ph === 'i');
    expect(instants.map(({ name }) => name)).toEqual(['failed: link at sending']);
  });
});
