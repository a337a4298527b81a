/**
 * Task logs of Proxmox VE migrations (qmigrate).
 */
import { MS_PER_S } from '../../../sim/base/units.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import { numbered } from '../numbered.ts';
import { type Size, sizeOf } from '../quantities.ts';
import { addFindings, type Finding, type Reader, Room } from '../reader.ts';
import { Figures, type MoveFacts, moveFacts, type MoveFile, type MoveStatus, saidOf, withoutAbsent } from './facts.ts';

const SIZE = String.raw`\d+(?:\.\d+)? [KMGTP]?i?B`;

const TIMED = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (.*)$/;

class Task {
  readonly line: number;
  readonly limitsMs: number[] = [];
  limitLine: number | undefined;
  total: Size | undefined;
  transferred: Size | undefined;
  transferredLine: number | undefined;
  device: Size | undefined;
  fastest: Size | undefined;
  dirty: Size | undefined;
  average: Size | undefined;
  cap: Size | undefined;
  downtimeMs: number | undefined;
  downtimeLine: number | undefined;
  startS: number | undefined;
  endS: number | undefined;
  wholeS: number | undefined;
  status: string | undefined;
  error: string | undefined;
  vm: string | undefined;
  target: string | undefined;
  polls = 0;

  constructor(line: number) {
    this.line = line;
  }

  take(text: string, atS: number | undefined, line: number): void {
    this.takeWords(text, atS, line);
    this.progress(text, line);
    this.completed(text, line);
  }

  private takeWords(text: string, atS: number | undefined, line: number): void {
    const word = (pattern: RegExp): string | undefined => pattern.exec(text)?.[1];
    const limit = word(/^migration downtime limit: (\d+) ms/) ?? word(/^auto-increased downtime to continue migration: (\d+) ms/); // prettier-ignore
    if (limit !== undefined) {
      this.limitsMs.push(Number(limit));
      this.limitLine = line;
    }
    const cap = word(new RegExp(`^migration speed limit: (${SIZE}/s)`));
    if (cap !== undefined) this.cap = sizeOf(cap);
    if (text.startsWith('start migrate command')) this.startS = atS;
    const status = word(/^migration status:? ?'?(\w+)'?/);
    if (status !== undefined) {
      this.status = status;
      this.endS = atS;
    }
    const duration = /^migration finished (?:successfully|with problems)? ?\(duration (\d+):(\d\d):(\d\d)\)/.exec(text);
    if (duration !== null) this.wholeS = Number(duration[1]) * 3600 + Number(duration[2]) * 60 + Number(duration[3]);
    this.error = word(/^ERROR: (.*)/) ?? word(/^TASK ERROR: (.*)/) ?? this.error;
    const start = /^starting migration of (?:VM|CT) (\d+) to node '([^']+)'/.exec(text);
    if (start !== null) [, this.vm, this.target] = start;
  }

  private progress(text: string, line: number): void {
    const found = new RegExp(`^migration active, transferred (${SIZE}) of (${SIZE}) VM-state, (${SIZE}/s)(.*)$`).exec(
      text,
    );
    if (found === null) return;
    const [, transferred = '', total = '', speed = '', rest = ''] = found;
    this.polls += 1;
    this.transferred = sizeOf(transferred);
    this.transferredLine = line;
    this.total = sizeOf(total);
    const rate = sizeOf(speed);
    if (rate !== undefined && rate.bytes > (this.fastest?.bytes ?? 0)) this.fastest = rate;
    this.takeDevice(rest);
    const [, dirty] = new RegExp(`VM dirties lots of memory: (${SIZE}/s)`).exec(rest) ?? [];
    if (dirty !== undefined) this.dirty = sizeOf(dirty);
  }

  private completed(text: string, line: number): void {
    const average = new RegExp(`^average migration speed: (${SIZE}/s) - downtime (\\d+) ms`).exec(text);
    if (average !== null) {
      this.average = sizeOf(average[1]!);
      this.downtimeMs = Number(average[2]);
      this.downtimeLine = line;
    }
    const whole = new RegExp(`^migration completed, transferred (${SIZE}) VM-state(.*)$`).exec(text);
    if (whole !== null) {
      this.transferred = sizeOf(whole[1]!);
      this.transferredLine = line;
      this.takeDevice(whole[2]!);
    }
  }

  private takeDevice(rest: string): void {
    const [, device] = new RegExp(`\\(\\+ (${SIZE}) VFIO-state\\)`).exec(rest) ?? [];
    if (device !== undefined) this.device = sizeOf(device);
  }
}

const TASKS_MAX = 10_000;

export const PROXMOX: Reader<MoveFile, 'move'> = {
  id: 'proxmox',
  title: 'Proxmox VE qmigrate task log',
  kind: 'move',
  sniff: (head) => (/\bmigration active, transferred .* VM-state|\bstarting migration of VM \d+ to node '|average migration speed: .* - downtime \d+ ms/.test(head) ? 0.97 : 0), // prettier-ignore
  read(lines) {
    const findings: Finding[] = [];
    const tasks: Task[] = [];
    const room = new Room(TASKS_MAX, 'tasks');
    for (const { text, line } of numbered(lines)) {
      const [, time, rest = text] = TIMED.exec(text) ?? [];
      const ms = time === undefined ? Number.NaN : Date.parse(`${time.replace(' ', 'T')}Z`);
      const words = rest.trim();
      if ((tasks.length === 0 || words.startsWith('starting migration of ')) && room.take(line))
        tasks.push(new Task(line));
      if (room.fullAt !== null) continue;
      tasks.at(-1)!.take(words, Number.isNaN(ms) ? undefined : ms / MS_PER_S, line);
    }
    room.note(findings);
    const moves = tasks.filter((task) => task.polls > 0 || task.downtimeMs !== undefined || task.error !== undefined || task.limitsMs.length > 0).map((task) => taskFacts(task, findings)); // prettier-ignore
    return {
      format: 'Proxmox VE qmigrate task log',
      facts: { moves, said: saidOf(moves) },
      findings,
      unknown: ['vCPUs', 'link speed', 'iterations'],
    };
  },
};

function statusOf({ status, error, downtimeMs }: Task): MoveStatus {
  if (error !== undefined || status === 'failed') return 'failed';
  if (status === 'completed' || downtimeMs !== undefined) return 'completed';
  return status === 'cancelled' ? 'cancelled' : 'running';
}

function taskFacts(task: Task, findings: Finding[]): MoveFacts {
  const { limitsMs, total, transferred, device, fastest, dirty, average, cap, startS, endS } = task;
  const figures = new Figures();
  const size = (name: Parameters<Figures['said']>[0], value: Size | undefined, from: string, line?: number): void => {
    if (value !== undefined) figures.said(name, value.bytes, from, line, value.digitBytes / 2);
  };
  const migrateS = startS === undefined || endS === undefined ? undefined : endS - startS;
  if (migrateS !== undefined) figures.said('totalMs', migrateS * MS_PER_S, 'from "start migrate command" to the status', task.line, MS_PER_S); // prettier-ignore
  figures.said('downtimeMs', task.downtimeMs, 'downtime', task.downtimeLine);
  size('memoryBytes', total, 'VM-state', task.transferredLine);
  size('transferredBytes', transferred, 'transferred', task.transferredLine);
  size('deviceBytes', device, 'VFIO-state', task.transferredLine);
  size('sendingBytesPerSecond', fastest, 'the highest speed: pages per second, zeros too, times their size');
  size('dirtyBytesPerSecond', dirty, 'VM dirties lots of memory');
  size('bandwidthLimitBytesPerSecond', cap, 'migration speed limit');
  figures.said('downtimeLimitMs', limitsMs.at(-1), 'the last downtime limit', task.limitLine);
  const add = (kind: Finding['kind'], text: string): void => addFindings(findings, { kind, text, line: task.line });
  add('read', 'sizes have one decimal: a figure is known to half of it');
  add('read', '"average migration speed" is total memory over whole seconds, not what went over the link');
  add('read', 'times are local, without a zone');
  if (limitsMs.length > 1) add('read', `Proxmox VE raised the downtime limit: ${limitsMs.join(', ')} ms`);
  const status = statusOf(task);
  return moveFacts({
    name: task.vm === undefined ? null : `VM ${task.vm}`,
    vmm: DEFAULT_VMM,
    manager: 'proxmox',
    status,
    figures: figures.all,
    said: withoutAbsent({
      status,
      vm: task.vm === undefined ? undefined : Number(task.vm),
      target: task.target,
      vmStateTotalBytesAbout: total?.bytes,
      transferredBytesAbout: transferred?.bytes,
      vfioBytesAbout: device?.bytes,
      downtimeMs: task.downtimeMs,
      downtimeLimitsMs: limitsMs.length === 0 ? undefined : limitsMs,
      migrateS,
      wholeS: task.wholeS,
      averageBytesPerSecondAbout: average?.bytes,
      speedLimitBytesPerSecondAbout: cap?.bytes,
      dirtyBytesPerSecondAbout: dirty?.bytes,
      polls: task.polls === 0 ? undefined : task.polls,
      error: task.error,
    }),
  });
}
