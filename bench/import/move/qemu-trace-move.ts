/**
 * One traced move of QEMU: arcs and bytes of its devices, checkpoints of the pause, how much was dirty.
 */
import { MS_PER_S, US_PER_MS } from '../../../sim/base/units.ts';
import { addFindings, type Finding, type Room } from '../reader.ts';
import {
  type ArcFacts,
  Figures,
  type IterationFacts,
  type MeasuredPart,
  type MoveDevice,
  type MoveFacts,
  moveFacts,
  withoutAbsent,
} from './facts.ts';
import { qemuStatus } from './qmp-move.ts';

export interface TraceLine {
  /** By the clock of the trace; null: the lines have no times. */
  readonly atUs: number | null;
  readonly event: string;
  readonly words: string;
  readonly line: number;
}

export interface TracedMove {
  readonly trace: Trace;
  readonly startUs: number | null;
}

interface TracedDevice {
  readonly arcs: ArcFacts[];
  /** Set_state that is not followed by set_device_state yet. */
  open: { readonly to: string; readonly atUs: number | null } | null;
  preCopySent: number;
  stopCopyBytes: number;
  hasBlocks: boolean;
  isStopped: boolean;
  init?: number;
  announced?: number;
  stateAt?: string;
  saveUs?: number;
  saveStartUs?: number | null;
}

const CHECKPOINTS_MAX = 100;
/** States of protocol v1 (QEMU up to 7.2) by their bits: running, saving, resuming. */
const PROTOCOL_V1 = ['STOP', 'RUNNING', 'STOP_COPY', 'PRE_COPY', 'RESUMING'] as const;

export class Trace {
  readonly devices = new Map<string, TracedDevice>();
  readonly checkpoints = new Map<string, number | null>();
  /** Sections saved or loaded in the pause, by name, in µs. */
  readonly sections: { readonly way: string; readonly kind: string; readonly name: string; readonly us: number }[] = [];
  readonly states: { readonly state: string; readonly atUs: number | null; readonly line: number }[] = [];
  readonly figures = new Figures();
  readonly syncs: { readonly atUs: number | null; readonly pages: number }[] = [];
  stoppedUs: number | null = null;
  recoverStop = false;
  private readonly room: Room;
  private line = 0;

  constructor(room: Room) {
    this.room = room;
  }

  take({ event, words, atUs, line }: TraceLine): void {
    this.line = line;
    if (event === 'migrate_set_state') {
      if (this.room.take(line)) this.states.push({ state: /new state ([\w-]+)$/.exec(words)?.[1] ?? '', atUs, line });
    } else if (event === 'vmstate_downtime_checkpoint') this.checkpoint(words.trim(), atUs);
    else if (event === 'vmstate_downtime_save' || event === 'vmstate_downtime_load') this.section(event, words);
    else if (event === 'migrate_transferred') this.transferred(words, line);
    else if (event === 'migration_bitmap_sync_end') this.sync(words, atUs);
    else if (event.startsWith('vfio_')) this.ofDevice(event, words, atUs);
  }

  private checkpoint(name: string, atUs: number | null): void {
    if (
      /^(?:src|dst)-[\w-]{1,60}$/.test(name) &&
      (this.checkpoints.has(name) || this.checkpoints.size < CHECKPOINTS_MAX)
    )
      this.checkpoints.set(name, atUs);
    if (name === 'src-downtime-start') this.stoppedUs = atUs;
  }

  private section(event: string, words: string): void {
    const found = /type=(iterable|non-iterable) idstr=(.*?) instance_id=-?\d+ downtime=(\d+)/.exec(words);
    if (found === null || !this.room.take(this.line)) return;
    const [, kind = '', name = '', us] = found;
    this.sections.push({ way: event.endsWith('save') ? 'save' : 'load', kind, name, us: Number(us) });
  }

  private transferred(words: string, line: number): void {
    const [, bandwidth, , maxSize] = /bandwidth (\d+)(?: switchover_bw (\d+))? max_size (\d+)/.exec(words) ?? [];
    if (bandwidth === undefined || maxSize === undefined || Number(bandwidth) === 0) return;
    this.figures.said(
      'sendingBytesPerSecond',
      Number(bandwidth) * MS_PER_S,
      'bandwidth of migrate_transferred, bytes per ms',
      line,
    );
    this.figures.inferred('downtimeLimitMs', Math.round(Number(maxSize) / Number(bandwidth)), 'max_size of migrate_transferred over its bandwidth', line); // prettier-ignore
  }

  private sync(words: string, atUs: number | null): void {
    const [, pages] = /dirty_pages (\d+)/.exec(words) ?? [];
    if (pages !== undefined && this.room.take(this.line)) this.syncs.push({ atUs, pages: Number(pages) });
  }

  private ofDevice(event: string, words: string, atUs: number | null): void {
    const [, name, rest = ''] = /^ ?\(([^()]*)\) ?(.*)$/.exec(words) ?? [];
    if (name === undefined) return;
    let device = this.devices.get(name);
    if (device === undefined) {
      if (!this.room.take(this.line)) return;
      device = { arcs: [], open: null, preCopySent: 0, stopCopyBytes: 0, hasBlocks: false, isStopped: false };
      this.devices.set(name, device);
    }
    this.arc(device, event, rest, atUs);
    const number = (pattern: RegExp): number | undefined => {
      const [, digits] = pattern.exec(rest) ?? [];
      return digits === undefined ? undefined : Number(digits);
    };
    const init = event === 'vfio_query_precopy_size' ? number(/^init (\d+)/) : number(/precopy initial size (\d+)/);
    if (init !== undefined && device.init === undefined) device.init = init;
    const stopCopy = number(/stopcopy size (\d+)/);
    if (stopCopy !== undefined && device.announced === undefined) device.announced = stopCopy;
    const data = event === 'vfio_save_block' || event === 'vfio_save_buffer' ? number(/data_size (\d+)/) : undefined;
    if (data !== undefined) {
      device.hasBlocks = true;
      if (device.isStopped) device.stopCopyBytes += data;
      else device.preCopySent += data;
    }
    if (/^vfio_save_complete_precopy(?:_thread)?_start$/.test(event)) device.saveStartUs = atUs;
    if (
      /^vfio_save_complete_precopy_thread_end$/.test(event) &&
      atUs !== null &&
      typeof device.saveStartUs === 'number'
    ) {
      device.saveUs = atUs - device.saveStartUs;
    }
  }

  /** set_state is written before the call of the kernel, set_device_state after it. */
  private arc(device: TracedDevice, event: string, rest: string, atUs: number | null): void {
    if (event === 'vfio_migration_set_state') {
      const [, to, recover] = /new state (\w+)(?:, recover state (\w+))?/.exec(rest) ?? [];
      const [, word] = to === undefined ? (/^state ([A-Z]\w+|\d+)/.exec(rest) ?? []) : [];
      const done = word === undefined || !/^\d/.test(word) ? word : PROTOCOL_V1[Number(word)];
      if (to !== undefined) {
        if (recover === 'STOP' && to === device.stateAt) this.recoverStop = true;
        device.open = { to, atUs };
      } else if (done !== undefined) this.done(device, done, null, atUs);
    } else if (event === 'vfio_migration_set_device_state') {
      const [, state] = /state (\w+)/.exec(rest) ?? [];
      if (state === undefined) return;
      const requestUs = device.open?.to === state ? device.open.atUs : null;
      device.open = null;
      this.done(device, state, requestUs, atUs);
    }
  }

  private done(device: TracedDevice, to: string, requestUs: number | null, atUs: number | null): void {
    device.stateAt = to;
    if (!this.room.take(this.line)) return;
    if (to === 'STOP_COPY' || to === 'STOP') device.isStopped = true;
    // Times become relative at the end.
    device.arcs.push({ to, requestMs: requestUs, doneMs: atUs, tookUs: requestUs === null || atUs === null || atUs < requestUs ? null : atUs - requestUs }); // prettier-ignore
  }
}

/** Facts of a traced move. @param findings takes what is worth to know */
export function traceFacts({ trace, startUs }: TracedMove, clock: string | null, findings: Finding[]): MoveFacts {
  const sinceMs = (atUs: number | null | undefined): number | null =>
    atUs === null || atUs === undefined || startUs === null ? null : (atUs - startUs) / US_PER_MS;
  const status = trace.states.at(-1)?.state;
  const devices = [...trace.devices].map(([id, device]) => moveDevice(id, device, sinceMs, trace));
  const { figures } = trace;
  const pause = pauseOf(trace, sinceMs, stopUsOf(trace));
  if (pause !== null && pause.totalUs !== undefined) {
    figures.said('downtimeMs', pause.totalUs / US_PER_MS, 'src-downtime-start to src-downtime-end');
  }
  const endMs = sinceMs(trace.states.findLast(({ state }) => state === 'completed')?.atUs);
  if (endMs !== null) figures.said('totalMs', endMs, 'migrate_set_state completed');
  const activeMs = sinceMs(trace.states.find(({ state }) => state === 'active')?.atUs);
  if (activeMs !== null) figures.said('setupMs', activeMs, 'migrate_set_state active');
  const sent = devices.reduce((sum, { preCopyBytes = 0, stopCopyBytes = 0 }) => sum + preCopyBytes + stopCopyBytes, 0);
  if (devices.some(({ stopCopyBytes }) => stopCopyBytes !== undefined))
    figures.said('deviceBytes', sent, 'vfio_save_block');
  noteTrace(trace, findings);
  return moveFacts({
    status: qemuStatus(status),
    figures: figures.all,
    devices,
    iterations: syncIterations(trace, sinceMs),
    pauseParts: pause?.parts ?? [],
    said: withoutAbsent({
      side: sideOf(trace),
      clock: clock ?? 'none',
      status,
      devices: devices.map((device) => saidOfDevice(device, trace.devices.get(device.id)!)),
      downtime: pause?.said,
      destination: destinationOf(trace, sinceMs),
      bandwidthBytesPerSecond: figures.value('sendingBytesPerSecond'),
      downtimeLimitMs: figures.value('downtimeLimitMs'),
      setupMs: figures.value('setupMs'),
      totalMs: figures.value('totalMs'),
    }),
  });
}

function sideOf({ checkpoints, devices }: Trace): string | undefined {
  const names = [...checkpoints.keys()];
  const [source, destination] = ['src-', 'dst-'].map((side) => names.some((name) => name.startsWith(side)));
  if (source === true && destination === true) return 'both';
  if (source === true || destination === true) return source === true ? 'source' : 'destination';
  const arcs = [...devices.values()].flatMap((device) => device.arcs.map(({ to }) => to));
  if (arcs.includes('RESUMING')) return 'destination';
  return arcs.some((to) => to === 'STOP_COPY' || to.startsWith('PRE_COPY')) ? 'source' : undefined;
}

type SinceMs = (atUs: number | null | undefined) => number | null;

function moveDevice(id: string, device: TracedDevice, sinceMs: SinceMs, { sections }: Trace): MoveDevice {
  const section = sections.find(({ way, name }) => way === 'save' && isVfioSection(name));
  const ofOne = sections.filter(({ way, name }) => way === 'save' && isVfioSection(name)).length === 1;
  const saveUs = ofOne ? section?.us : device.saveUs;
  return {
    id,
    arcs: device.arcs.map(({ to, requestMs, doneMs, tookUs }) => ({
      to,
      requestMs: sinceMs(requestMs),
      doneMs: sinceMs(doneMs),
      tookUs,
    })),
    ...(device.hasBlocks ? { preCopyBytes: device.preCopySent, stopCopyBytes: device.stopCopyBytes } : {}),
    ...(saveUs === undefined ? {} : { saveUs }),
  };
}

/** Sections of VFIO devices are named by where the guest sees them. */
function isVfioSection(name: string): boolean {
  return name.endsWith('/vfio') || name === 'vfio';
}

function saidOfDevice({ id, arcs, preCopyBytes, stopCopyBytes, saveUs }: MoveDevice, device: TracedDevice): object {
  return withoutAbsent({
    name: id,
    arcs: arcs.map(({ to, requestMs, doneMs, tookUs }) =>
      withoutAbsent({
        to,
        requestMs: requestMs ?? undefined,
        doneMs: doneMs ?? undefined,
        tookUs: tookUs ?? undefined,
      }),
    ),
    precopyInitBytes: device.init,
    precopySentBytes: preCopyBytes,
    stopCopyBytes,
    announcedStopCopyBytes: device.announced,
    saveUs,
  });
}

/** Checkpoints of the source in the order in which they are passed. */
const SOURCE_POINTS = [
  ['src-downtime-start', 'startMs'],
  ['src-vm-stopped', 'vmStoppedMs'],
  ['src-iterable-saved', 'iterableSavedMs'],
  ['src-non-iterable-saved', 'nonIterableSavedMs'],
  ['src-downtime-end', 'endMs'],
] as const;

interface TracedPause {
  readonly said: Readonly<Record<string, unknown>>;
  readonly parts: readonly MeasuredPart[];
  readonly totalUs: number | undefined;
}

/** Time in which devices went to STOP_COPY or STOP in the pause, one after the other; undefined: it was not traced. */
function stopUsOf({ devices, checkpoints }: Trace): number | undefined {
  const [from, to] = [checkpoints.get('src-downtime-start'), checkpoints.get('src-vm-stopped')];
  if (typeof from !== 'number' || typeof to !== 'number') return undefined;
  const arcs = [...devices.values()].flatMap((device) => device.arcs);
  // Times are those of the trace here.
  const inside = arcs.filter(
    ({ requestMs, doneMs }) => requestMs !== null && doneMs !== null && requestMs >= from && doneMs <= to,
  );
  const us = inside.reduce((sum, { tookUs }) => sum + (tookUs ?? 0), 0);
  return inside.length === 0 || us > to - from ? undefined : us;
}

function pauseOf({ checkpoints, sections }: Trace, sinceMs: SinceMs, stopUs: number | undefined): TracedPause | null {
  if (!SOURCE_POINTS.some(([name]) => checkpoints.has(name))) return null;
  const at = (name: string): number | null => checkpoints.get(name) ?? null;
  const between = (from: string, to: string): number | undefined => {
    const [a, b] = [at(from), at(to)];
    return a === null || b === null || b < a ? undefined : b - a;
  };
  const totalUs = between('src-downtime-start', 'src-downtime-end');
  const ramUs = sections.find(({ way, name }) => way === 'save' && name === 'ram')?.us;
  const iterableUs = between('src-vm-stopped', 'src-iterable-saved');
  const deviceUs = sumUs(sections.filter(({ way, name }) => way === 'save' && isVfioSection(name)));
  const part = (name: string, us: number | undefined): readonly MeasuredPart[] =>
    us === undefined ? [] : [{ name, ms: us / US_PER_MS }];
  const rest = ramUs !== undefined && iterableUs !== undefined ? iterableUs - ramUs - (deviceUs ?? 0) : undefined;
  const stoppedUs = between('src-downtime-start', 'src-vm-stopped');
  const parts = [
    ...(stopUs === undefined || stoppedUs === undefined
      ? part('stopping vCPUs and devices', stoppedUs)
      : [...part('stopping vCPUs', stoppedUs - stopUs), ...part('stopping devices', stopUs)]),
    ...part(ramUs === undefined ? 'memory and devices saved' : 'memory', ramUs ?? iterableUs),
    ...part('devices saved', deviceUs),
    ...part('between sections', rest !== undefined && rest > 0 ? rest : undefined),
    ...part('vCPUs and platform saved', between('src-iterable-saved', 'src-non-iterable-saved')),
    ...part('waiting for the destination', between('src-non-iterable-saved', 'src-downtime-end')),
  ];
  const times = SOURCE_POINTS.map(([name, field]) => [field, sinceMs(at(name)) ?? undefined] as const);
  return { said: withoutAbsent({ ...Object.fromEntries(times), totalUs, ramUs }), parts, totalUs };
}

function sumUs(sections: readonly { readonly us: number }[]): number | undefined {
  return sections.length === 0 ? undefined : sections.reduce((sum, { us }) => sum + us, 0);
}

const DESTINATION_POINTS = [
  ['dst-precopy-loadvm-completed', 'loadedMs'],
  ['dst-precopy-bh-enter', 'enteredMs'],
  ['dst-precopy-bh-announced', 'announcedMs'],
  ['dst-precopy-bh-vm-started', 'vmStartedMs'],
] as const;

function destinationOf({ checkpoints, sections }: Trace, sinceMs: SinceMs): object | undefined {
  const found = DESTINATION_POINTS.flatMap(([name, field]) => {
    const atMs = sinceMs(checkpoints.get(name));
    return atMs === null ? [] : [[field, atMs] as const];
  });
  const loads = sections.filter(({ way }) => way === 'load');
  if (found.length === 0 && loads.length === 0) return undefined;
  return withoutAbsent({
    ...Object.fromEntries(found),
    ramUs: loads.find(({ name }) => name === 'ram')?.us,
    deviceLoadUs: sumUs(loads.filter(({ name }) => isVfioSection(name))),
    nonIterableUs: sumUs(loads.filter(({ kind }) => kind === 'non-iterable')),
  });
}

/** Passes by the syncs that end them; what a sync finds is what the next pass sends. */
function syncIterations({ syncs, stoppedUs }: Trace, sinceMs: SinceMs): readonly IterationFacts[] {
  const before = syncs.filter(({ atUs }) => atUs !== null && (stoppedUs === null || atUs <= stoppedUs));
  return before.map(({ atUs }, index): IterationFacts => {
    const startMs = sinceMs(atUs) ?? undefined;
    const endMs = sinceMs(before[index + 1]?.atUs ?? stoppedUs) ?? undefined;
    return {
      index: index + 1,
      ...(startMs === undefined ? {} : { startMs }),
      ...(startMs === undefined || endMs === undefined ? {} : { lastsMs: endMs - startMs }),
    };
  });
}

function noteTrace(trace: Trace, findings: Finding[]): void {
  const { devices, recoverStop, checkpoints } = trace;
  const arcs = [...devices.values()].flatMap((device) => device.arcs);
  if (arcs.some(({ tookUs }) => tookUs !== null)) {
    addFindings(findings, { kind: 'read', text: 'set_state is written before the call of the kernel, set_device_state after it: the difference is the arc' }); // prettier-ignore
  } else if (arcs.length > 0) {
    addFindings(findings, {
      kind: 'read',
      text: 'this QEMU writes an event only after a device has changed its state: no time of an arc',
    });
  }
  if (recoverStop) {
    addFindings(findings, { kind: 'read', text: 'a set_state with recover state STOP found the device there already: no call of the kernel, no arc' }); // prettier-ignore
  }
  for (const [id, { open }] of devices) {
    if (open !== null && open.to !== devices.get(id)!.stateAt) {
      addFindings(findings, { kind: 'warning', text: `${id}: asked for ${open.to}, and no event says that it came there: the call failed, or the trace ends` }); // prettier-ignore
    }
  }
  if (checkpoints.size === 0)
    addFindings(findings, { kind: 'asked', text: "parts of the pause need -trace 'vmstate_downtime*'" });
}
