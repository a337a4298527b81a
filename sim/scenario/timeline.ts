/**
 * A scenario's run as Chrome trace events, which Perfetto and chrome://tracing open: a process per VM and per host, in it a
 * track for the vCPUs, the pause, each channel, each device and each PF.
 *
 * Format: "Trace Event Format" of the Chromium project; complete events (X), metadata (M), counters (C), instants (i).
 * Times are µs from the start of the moves, whole in ns.
 */
import { LEAF_PARTS, PAUSE_PART_TITLES } from '../base/pause-parts.ts';
import { hasMoved } from '../memory/outcome.ts';
import type { PrecopyIteration } from '../memory/precopy-slots.ts';
import type { VfSpan } from '../move/vf-span.ts';
import type { CompiledScenario } from './compile.ts';
import type { ScenarioResult, VmResult } from './scenario-run.ts';
import { countOf, NS_PER_US } from '../base/units.ts';

type Arguments = Readonly<Record<string, string | number>>;

export type TraceEvent =
  | {
      readonly ph: 'X';
      readonly name: string;
      readonly cat: string;
      readonly pid: number;
      readonly tid: number;
      readonly ts: number;
      readonly dur: number;
      readonly args: Arguments;
    }
  | {
      readonly ph: 'M';
      readonly name: 'process_name' | 'thread_name' | 'process_sort_index' | 'thread_sort_index';
      readonly pid: number;
      readonly tid: number;
      readonly args: Arguments;
    }
  | {
      readonly ph: 'C';
      readonly name: string;
      readonly pid: number;
      readonly tid: number;
      readonly ts: number;
      readonly args: Arguments;
    }
  | {
      readonly ph: 'i';
      readonly name: string;
      readonly pid: number;
      readonly tid: number;
      readonly ts: number;
      readonly s: 'p';
    };

export interface Timeline {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: 'ms';
  readonly otherData: Arguments;
}

/** Process numbers: VMs from 1, then the hosts. */
const HOST_PID = { source: 1001, destination: 1002 } as const;
/** Tracks within a VM. */
const TRACK = { vcpus: 1, pause: 2, firstDevice: 10, firstChannel: 100 } as const;
/** With more channels than this in all, those of a VM share a track. */
const CHANNELS_MAX = 256;
/** Iterations that a track shows; later ones are shown as one. */
const ROUNDS_MAX = 500;
/** A VM whose memory is there when it runs. */
const NO_POST_COPY = { arrivesNs: 0 } as const;
/** What is shown after the last event, in ns. */
const TAIL_NS = 20e6;

export function timelineOf(plan: CompiledScenario, result: ScenarioResult): Timeline {
  const events: TraceEvent[] = [];
  const { vmm, vms, name } = plan.scenario;
  const drawing = new Drawing(events);
  const work = { source: [] as Work[], destination: [] as Work[] };
  for (const [index, vm] of result.vms.entries()) {
    const pid = index + 1;
    drawing.process(pid, vms === 1 ? 'VM' : `VM ${pid}`, pid);
    new VmTracks(drawing, pid, plan, result, vm, work).draw();
  }
  for (const side of ['source', 'destination'] as const) {
    const pid = HOST_PID[side];
    drawing.process(pid, `${side} host`, pid);
    for (const [groupIndex, group] of plan.registerGroups.entries()) {
      drawing.thread(pid, groupIndex + 1, `PF ${groupIndex + 1} (${group.name})`);
      const own = work[side].filter((each) => each.groupIndex === groupIndex);
      for (const { startNs, endNs, most } of merged(own)) {
        drawing.span(pid, groupIndex + 1, 'VFs in driver calls', 'pf', startNs, endNs, { atOnce: most });
      }
      for (const { atNs, count } of counted(own)) {
        drawing.counter(pid, groupIndex + 1, `VFs at work, PF ${groupIndex + 1}`, atNs, count);
      }
    }
  }
  return { traceEvents: events, displayTimeUnit: 'ms', otherData: { scenario: name, vmm, parameters: result.end } };
}

/** A VF's driver at work on a PF. */
interface Work {
  readonly groupIndex: number;
  readonly startNs: number;
  readonly endNs: number;
}

class Drawing {
  private readonly events: TraceEvent[];

  constructor(events: TraceEvent[]) {
    this.events = events;
  }

  process(pid: number, name: string, order: number): void {
    this.events.push({ ph: 'M', name: 'process_name', pid, tid: 0, args: { name } });
    this.events.push({ ph: 'M', name: 'process_sort_index', pid, tid: 0, args: { sort_index: order } });
  }

  thread(pid: number, tid: number, name: string): void {
    this.events.push({ ph: 'M', name: 'thread_name', pid, tid, args: { name } });
    this.events.push({ ph: 'M', name: 'thread_sort_index', pid, tid, args: { sort_index: tid } });
  }

  span(
    pid: number,
    tid: number,
    name: string,
    cat: string,
    startNs: number,
    endNs: number,
    args: Arguments = {},
  ): void {
    const ts = Math.round(startNs);
    const dur = Math.round(endNs) - ts;
    if (dur > 0) this.events.push({ ph: 'X', name, cat, pid, tid, ts: ts / NS_PER_US, dur: dur / NS_PER_US, args });
  }

  counter(pid: number, tid: number, name: string, atNs: number, count: number): void {
    this.events.push({ ph: 'C', name, pid, tid, ts: Math.round(atNs) / NS_PER_US, args: { count } });
  }

  instant(pid: number, tid: number, name: string, atNs: number): void {
    this.events.push({ ph: 'i', name, pid, tid, ts: Math.round(atNs) / NS_PER_US, s: 'p' });
  }
}

class VmTracks {
  private readonly drawing: Drawing;
  private readonly pid: number;
  private readonly plan: CompiledScenario;
  private readonly result: ScenarioResult;
  private readonly vm: VmResult;
  private readonly work: Readonly<Record<'source' | 'destination', Work[]>>;
  /** When sending begins: everything is ready. */
  private readonly readyNs: number;
  /** Memory goes for so long before the stop, for which the register-level world takes no time. */
  private readonly precopyNs: number;

  constructor(
    drawing: Drawing,
    pid: number,
    plan: CompiledScenario,
    result: ScenarioResult,
    vm: VmResult,
    work: Readonly<Record<'source' | 'destination', Work[]>>,
  ) {
    this.drawing = drawing;
    this.pid = pid;
    this.plan = plan;
    this.result = result;
    this.vm = vm;
    this.work = work;
    const { stoppedAtNs, spans } = vm.devices.outcome;
    const setupNs = Math.max(result.world.startNs, ...spans.map(({ endNs }) => endNs));
    this.readyNs = (Number.isNaN(stoppedAtNs) ? setupNs : stoppedAtNs) - result.world.startNs;
    this.precopyNs = vm.totalNs - vm.pauseNs;
  }

  draw(): void {
    this.drawVcpus();
    this.drawPause();
    this.drawDevices();
    this.drawChannels();
  }

  private get stopNs(): number {
    return this.readyNs + this.precopyNs;
  }

  private drawVcpus(): void {
    const { drawing, pid, vm, stopNs, readyNs } = this;
    const { pauseNs, kind, devices } = vm;
    const { vcpus } = this.plan.scenario;
    drawing.thread(pid, TRACK.vcpus, vcpus === 1 ? 'vCPU' : `vCPUs (${vcpus})`);
    drawing.span(pid, TRACK.vcpus, 'run at the source', 'vcpu', 0, stopNs);
    for (const { startNs, lastsNs, count, speed } of vm.rounds) {
      if (speed === 1) continue;
      const endNs = Math.min(stopNs, readyNs + startNs + lastsNs * count);
      const name = `throttled to ${Math.round(speed * 100)} %`;
      drawing.span(pid, TRACK.vcpus, name, 'vcpu', readyNs + startNs, endNs);
    }
    drawing.span(pid, TRACK.vcpus, 'paused', 'pause', stopNs, stopNs + pauseNs);
    const where = devices.outcome.guestAt;
    const name = where === 'destination' ? 'run at the destination' : 'run on at the source';
    const { arrivesNs } = hasMoved(kind) ? (vm.move.postCopy ?? NO_POST_COPY) : NO_POST_COPY;
    drawing.span(pid, TRACK.vcpus, name, 'vcpu', stopNs + pauseNs, stopNs + pauseNs + arrivesNs + TAIL_NS);
    if (!hasMoved(kind)) {
      const { at, errno } = devices.outcome;
      const words = [kind, at === '' ? '' : `: ${at}`, errno === '' ? '' : ` ${errno}`];
      drawing.instant(pid, TRACK.vcpus, words.join(''), stopNs + pauseNs);
    }
  }

  private drawPause(): void {
    const { drawing, pid, vm, stopNs } = this;
    if (vm.pauseNs === 0) return;
    drawing.thread(pid, TRACK.pause, 'pause');
    if (hasMoved(vm.kind)) {
      const shiftNs = stopNs - vm.move.stoppedAtNs;
      for (const { part, what, startNs, endNs } of vm.move.spans) {
        if (what !== undefined) continue;
        drawing.span(pid, TRACK.pause, PAUSE_PART_TITLES[part], 'pause', startNs + shiftNs, endNs + shiftNs);
      }
      return;
    }
    let atNs = stopNs;
    for (const { title, criticalNs } of vm.parts) {
      drawing.span(pid, TRACK.pause, title, 'pause', atNs, atNs + criticalNs);
      atNs += criticalNs;
    }
  }

  private drawDevices(): void {
    const { drawing, pid, vm, plan, stopNs, result } = this;
    let tid: number = TRACK.firstDevice;
    for (const [vf, { group, groupIndex }] of result.world.places.entries()) {
      const label = result.world.places.length === 1 ? `VF (${group.name})` : `VF ${vf + 1} (${group.name})`;
      drawing.thread(pid, tid, label);
      for (const span of vm.devices.outcome.spans) {
        if (span.vf === vf) this.drawVfSpan(tid, span, groupIndex);
      }
      tid += 1;
    }
    if (!hasMoved(vm.kind)) return;
    const shiftNs = stopNs - vm.move.stoppedAtNs;
    for (const { profile, count, registers } of plan.devices) {
      if (registers !== null) continue;
      for (let device = 1; device <= count; device++) {
        const label = count === 1 ? profile.id : `${profile.id} ${device}`;
        drawing.thread(pid, tid, label);
        for (const { part, what, startNs, endNs } of vm.move.spans) {
          if (what !== label) continue;
          drawing.span(pid, tid, PAUSE_PART_TITLES[part], 'device', startNs + shiftNs, endNs + shiftNs);
        }
        tid += 1;
      }
    }
  }

  private drawVfSpan(tid: number, { part, startNs, endNs }: VfSpan, groupIndex: number): void {
    const { vm, result } = this;
    const { stoppedAtNs } = vm.devices.outcome;
    const inPause = !Number.isNaN(stoppedAtNs) && startNs >= stoppedAtNs;
    const shiftNs = (inPause ? this.precopyNs : 0) - result.world.startNs;
    const { at: side, title } = LEAF_PARTS[part];
    const from = startNs + shiftNs;
    const to = endNs + shiftNs;
    this.drawing.span(this.pid, tid, title, side, from, to, { at: side });
    this.work[side].push({ groupIndex, startNs: from, endNs: to });
  }

  private drawChannels(): void {
    const { drawing, pid, vm, plan, readyNs, stopNs } = this;
    const { channels, vms } = { ...plan.scenario.stream, vms: plan.scenario.vms };
    const shown = channels * vms > CHANNELS_MAX ? 1 : channels;
    for (let channel = 1; channel <= shown; channel++) {
      const tid = TRACK.firstChannel + channel;
      const several = channels > 1 && shown === 1;
      drawing.thread(pid, tid, several ? `channels (${channels})` : `channel ${channel}`);
      for (const { name, startNs, endNs, bytes } of roundSpans(vm.rounds, this.precopyNs)) {
        drawing.span(pid, tid, name, 'memory', readyNs + startNs, readyNs + endNs, {
          bytes: Math.round(bytes / shown),
        });
      }
      if (!hasMoved(vm.kind)) continue;
      const { postCopy } = vm.move;
      // Memory after the switch takes one channel.
      if (postCopy !== null && channel === 1) {
        const fromNs = stopNs + vm.pauseNs;
        const args = { bytes: postCopy.leftBytes };
        drawing.span(pid, tid, 'memory after the switch', 'memory', fromNs, fromNs + postCopy.arrivesNs, args);
      }
      const shiftNs = stopNs - vm.move.stoppedAtNs;
      for (const { part, what, startNs, endNs } of vm.move.spans) {
        const isMemory = part === 'memory';
        // Serial state takes the channel that everything takes.
        const isState =
          channel === 1 && !plan.scenario.parallelDevices && (part === 'deviceState' || part === 'otherState');
        if (!isMemory && !isState) continue;
        const name = what === undefined ? PAUSE_PART_TITLES[part] : `${PAUSE_PART_TITLES[part]}: ${what}`;
        drawing.span(pid, tid, name, isMemory ? 'memory' : 'state', startNs + shiftNs, endNs + shiftNs);
      }
    }
  }
}

/** Iterations as spans that follow one another; those that a track has no room for as one. */
function roundSpans(
  rounds: readonly PrecopyIteration[],
  untilNs: number,
): { readonly name: string; readonly startNs: number; readonly endNs: number; readonly bytes: number }[] {
  let number = 1;
  const spans = rounds.map(({ startNs, lastsNs, sentBytes, count }) => {
    const name = count === 1 ? `iteration ${number}` : `iterations ${number} to ${number + count - 1}`;
    number += count;
    return { name, startNs, endNs: Math.min(untilNs, startNs + lastsNs * count), bytes: sentBytes * count };
  });
  if (spans.length <= ROUNDS_MAX) return spans;
  const rest = spans.slice(ROUNDS_MAX);
  const bytes = rest.reduce((sum, span) => sum + span.bytes, 0);
  const name = countOf(rest.length, 'more iteration');
  return [...spans.slice(0, ROUNDS_MAX), { name, startNs: rest[0]!.startNs, endNs: rest.at(-1)!.endNs, bytes }];
}

/** How many are at work from a time on. */
function counted(work: readonly Work[]): { readonly atNs: number; readonly count: number }[] {
  const steps = work
    .flatMap(({ startNs, endNs }) => [
      { atNs: startNs, by: 1 },
      { atNs: endNs, by: -1 },
    ])
    .toSorted((a, b) => a.atNs - b.atNs || a.by - b.by);
  const counts: { atNs: number; count: number }[] = [];
  let count = 0;
  for (const { atNs, by } of steps) {
    count += by;
    const last = counts.at(-1);
    if (last !== undefined && Math.round(last.atNs) === Math.round(atNs)) last.count = count;
    else counts.push({ atNs, count });
  }
  return counts.filter((each, i) => each.count !== counts[i - 1]?.count);
}

/** Times in which anybody is at work, with the most at once. */
function merged(work: readonly Work[]): { readonly startNs: number; readonly endNs: number; readonly most: number }[] {
  const spans: { startNs: number; endNs: number; most: number }[] = [];
  let open: { startNs: number; endNs: number; most: number } | null = null;
  for (const { atNs, count } of counted(work)) {
    if (open === null) {
      if (count > 0) spans.push((open = { startNs: atNs, endNs: atNs, most: count }));
      continue;
    }
    open.endNs = atNs;
    open.most = Math.max(open.most, count);
    if (count === 0) open = null;
  }
  return spans;
}
