/**
 * What a run document says in sentences and tables: the same in the terminal and on the page.
 */
import { countOf } from '../../../sim/base/units.ts';
import { formatValue, formatWithRange, percent, wholePercent } from '../../show/format.ts';
import type { BareColumn } from '../../show/bare-table.ts';
import { KIND_MARK } from '../../show/figure.ts';
import type { Figure } from '../../show/figure.ts';
import type { CauseReport, RunDocument, VfOutcome, VmReport } from './document.ts';
import { parameterWords } from '../../../sim/scenario/parameter-words.ts';
import type { DrawsReport } from './intervals.ts';
import { blockerPhrase, reasonPhrase } from '../../../sim/memory/cause-words.ts';
import { type Hazard, HAZARD_IDS, HAZARDS } from '../../../sim/driver/hazards.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import { BOUND_WORDS } from '../../../sim/memory/stream.ts';
import { hasMoved } from '../../../sim/memory/outcome.ts';
import { assumedSentence } from '../../../sim/manager/can-answer.ts';
import { VMMS } from '../../../sim/memory/vmms.ts';

export interface RunTable {
  readonly title: string;
  readonly columns: readonly BareColumn[];
  readonly rows: readonly (readonly string[])[];
}

const left = (head: string) => ({ head, align: 'left' }) as const;
const right = (head: string) => ({ head, align: 'right' }) as const;
const ns = (value: number): string => formatValue(value, 'ns');
const bytes = (value: number): string => formatValue(value, 'B');
const marked = (figure: Figure): string => `${formatWithRange(figure)} [${KIND_MARK[figure.kind]}]`;

/** The VM that is described: the one with the longest pause. */
export function toldVm({ vms, longest }: RunDocument): VmReport {
  return vms[longest - 1]!;
}

export function runTables(document: RunDocument): readonly RunTable[] {
  const { vms } = document;
  const vm = toldVm(document);
  const which = vms.length === 1 ? '' : ` of VM ${vm.vm}, which was paused longest`;
  const tables: RunTable[] = [];
  if (vm.pauseNs > 0) tables.push({ title: `The pause${which}`, ...partsTable(document, vm) });
  if (vm.rounds.length > 0) {
    const title = hasMoved(vm.kind) ? `Memory before the pause${which}` : `Memory${which}`;
    tables.push({ title, ...roundsTable(vm) });
  }
  const vfs = vms.flatMap((each) => each.vfs.map((vf) => ({ vm: each.vm, vf })));
  if (vfs.length > 0) tables.push({ title: 'VFs, register by register', ...vfTable(vfs, vms.length > 1) });
  if (vm.pauseNs > 0) tables.push({ title: `${PAUSED_TABLE}${which}`, ...pausedTable(document, vm) });
  if (document.clocks.length > 0) tables.push({ title: PRINTED_TABLE, ...clockTable(document) });
  if (document.latencies.length > 0) tables.push({ title: 'What a client waits for a job', ...latencyTable(document) });
  return tables;
}

type Rows = Omit<RunTable, 'title'>;

/** What was assumed, and where nothing tracks the devices' writes, what that means. */
function beforeAll({ scenario, can }: RunDocument): string[] {
  const assumed = assumedSentence(scenario.assume ?? {});
  const untracked = can === undefined || can.outcome === 'moves' ? [] : [can.why];
  return [...(assumed === null ? [] : [assumed]), ...(can?.asOf ?? []), ...untracked];
}

/** What a reader takes away. */
export function runSentences(document: RunDocument): string[] {
  const { figures, vms, scenario } = document;
  const vm = toldVm(document);
  const said = [...beforeAll(document), ending(vms)];
  const several = vms.length > 1;
  if (vm.pauseNs > 0) {
    const who = several ? 'The longest pause was' : 'It was paused for';
    said.push(`${who} ${marked(figures.pause)}${devicesPhrase(vm)}.`);
    if (several) {
      const pauses = vms.map(({ pauseNs }) => pauseNs).filter((pauseNs) => pauseNs > 0);
      said.push(`The shortest pause was ${ns(Math.min(...pauses))} [P].`);
    }
  } else if (vms.every(({ kind }) => kind !== 'unowned')) {
    said.push(several ? 'None of them was ever paused.' : 'It was never paused.');
  }
  if (figures.reported !== undefined) {
    const vmm = VMMS[scenario.vmm].title;
    said.push(`${vmm} reports a downtime of ${marked(figures.reported)}.`);
  }
  const isAllLater = vm.postCopy !== undefined && vm.postCopy.leftBytes >= vm.memoryBytes;
  if (isAllLater) said.push(`No memory was sent before the switchover, which took ${marked(figures.total)}.`);
  else if (vm.memoryBytes === 0) said.push(`No memory was sent; the move took ${marked(figures.total)}.`);
  else {
    const { memoryBytesPerSecond, bound } = document.stream;
    const rate: Figure = figures.rate ?? { value: memoryBytesPerSecond, unit: 'B/s', kind: 'modelled' };
    said.push(
      `The move took ${marked(figures.total)}: ${bytes(vm.memoryBytes)} of memory at ${formatWithRange(rate)}, limited by ` +
        `${BOUND_WORDS[bound]}.`,
    );
  }
  said.push(...postCopySentences(document, vm));
  if (figures.queuePauseMax !== undefined && figures.queuePauseP50 !== undefined) {
    const [median, most] = [marked(figures.queuePauseP50), marked(figures.queuePauseMax)];
    const gaps = median === most ? most : `${median} at the median, ${most} at most`;
    said.push(`Service gap of its queues: ${gaps}.`);
  }
  said.push(...taskSentences(document));
  return [...said, ...drawSentences(document)];
}

/** How much of a pause is stopping, saving, sending, loading and starting devices; empty: there are none. */
function devicesPhrase({ kind, parts }: VmReport): string {
  const devicesNs = parts.reduce((sum, { name, criticalNs }) => sum + (name.startsWith('device') ? criticalNs : 0), 0);
  return hasMoved(kind) && devicesNs > 0 ? `; its devices take ${ns(devicesNs)} of it [P]` : '';
}

/** What follows the pause of a move by post-copy. */
function postCopySentences({ figures: { pagesArrive } }: RunDocument, { postCopy }: VmReport): string[] {
  if (pagesArrive === undefined || postCopy === undefined) return [];
  const { leftBytes, requestNs, speed } = postCopy;
  return [
    `${bytes(leftBytes)} came by post-copy, after the switchover: the last page ${marked(pagesArrive)} later. Until then a ` +
      `page that is missing takes ${ns(requestNs.value)} [P], and up to ${ns(requestNs.high)} [P] after others; vCPUs run ` +
      `${wholePercent(speed.value)} of the time [P], and ${wholePercent(speed.low)} [P] if they miss every page.`,
  ];
}

/** What was assumed, and how the moves ended, also in draws that end otherwise. */
export function endingSentences(document: RunDocument): string[] {
  return [...beforeAll(document), ending(document.vms), ...endedSentences(document)];
}

/** How the draws ended, and what decides the interval of the pause. */
function drawSentences(document: RunDocument): string[] {
  const { draws } = document;
  if (draws === null || draws.deciders.length === 0) return endedSentences(document);
  const named = draws.deciders.map(({ name, share }, index) => {
    const of = index === 0 ? ' of its variance' : '';
    return `${parameterWords(name)} (${percent(share, 2)}${of})`;
  });
  return [...endedSentences(document), `The interval of the pause depends most on: ${named.join(', ')}.`];
}

const DRAWN_ENDS: Readonly<Record<keyof DrawsReport['ended'], string>> = {
  moved: 'moves',
  forced: 'moves by force',
  cancelled: 'is given up',
  failed: 'fails to move',
  unowned: 'runs nowhere',
  refused: 'is refused',
  stateLost: 'loses state',
  endless: 'is never stopped, and its move never ends',
};

/** Nothing where all draws end alike. */
function endedSentences({ draws, band, vms }: RunDocument): string[] {
  if (draws === null) return otherEnds(band, vms.length);
  const found = keysOf(DRAWN_ENDS).filter((end) => (draws.ended[end] ?? 0) > 0);
  if (found.length < 2) return [];
  const who = vms.length === 1 ? 'the VM' : 'the VM with the longest pause';
  const [first, ...others] = found.map((end) => ({ count: draws.ended[end] ?? 0, what: DRAWN_ENDS[end] }));
  const rest = others.map(({ count, what }) => `in ${count} it ${what}`).join('; ');
  return [`In ${first!.count} of ${draws.count} draws of the unknowns ${who} ${first!.what}; ${rest}.`];
}

/** How the corners ended, in a document of version 1. */
function otherEnds(band: RunDocument['band'], vms: number): string[] {
  const movedAt = ({ ended }: RunDocument['band'][number]): number => ended.moved + ended.forced;
  const unsure = band.filter((end) => movedAt(end) !== movedAt(band[1]!));
  return unsure.map(
    (end) =>
      `In the ${end.end === 'short' ? 'low' : end.end === 'long' ? 'high' : 'nominal'} corner, ${movedAt(end)} of ${vms} moved.`,
  );
}

function taskSentences({ figures, vms }: RunDocument): string[] {
  const vfs = vms.flatMap((vm) => vm.vfs);
  const unserved = vfs.filter(isUnserved);
  if (unserved.length === 0) return [taskSentence(figures, vms)];
  const lost = unserved.reduce((sum, vf) => sum + lostTasksOf(vf), 0);
  const whose = unserved.length === 1 ? 'its' : 'their';
  return [
    ...(figures.wrongTasks.value === 0 ? [] : [taskSentence(figures, vms)]),
    `${unservedPhrases(unserved).join('; ')}: ` +
      `${lost === 0 ? 'no task was in flight' : `${countOf(lost, 'task')} in flight ${lost === 1 ? 'was' : 'were'} lost`} [E].`,
    `The service gap of ${whose} queues has no end: nothing completes until the guest sets them up again.`,
  ];
}

/** Whether nothing of a VF completes until its guest sets it up again. */
function isUnserved({ end }: VfOutcome): boolean {
  return end === 'blank' || end === 'paused';
}

function lostTasksOf({ tasks }: VfOutcome): number {
  return tasks.lost ?? tasks.accepted - tasks.completed;
}

function unservedPhrases(unserved: readonly VfOutcome[]): string[] {
  const blank = unserved.filter(({ end }) => end === 'blank').length;
  const paused = unserved.length - blank;
  const count = (vfs: number): string => (vfs === 1 ? 'One VF was' : `${vfs} VFs were`);
  return [
    ...(blank === 0 ? [] : [`${count(blank)} reset, and the guest's queues with it`]),
    ...(paused === 0
      ? []
      : [`${count(paused)} left paused, and only a reset makes ${paused === 1 ? 'it' : 'them'} work`]),
  ];
}

/** What the devices did to tasks of VFs that are served, in the plays of all three ends. */
function taskSentence({ wrongTasks, acceptedTasks }: RunDocument['figures'], vms: readonly VmReport[]): string {
  if (acceptedTasks.value === 0) return 'No task was submitted.';
  if (wrongTasks.value === 0) return `No task of ${acceptedTasks.value} was lost or completed twice [E].`;
  return `${wrongTasks.value} of ${countOf(acceptedTasks.value, 'task')} ${wrongTasks.value === 1 ? 'was' : 'were'} lost or completed wrongly [E]${hazardPhrase(vms)}.`;
}

/** Bugs of drivers that struck, by the number of VFs; empty: none did. */
function hazardPhrase(vms: readonly VmReport[]): string {
  const struck = vms.flatMap(({ vfs }) => vfs.flatMap(({ hazards }) => hazards));
  const phrases = HAZARD_IDS.filter((id) => struck.includes(id)).map((id) => {
    const { what, fixed }: Hazard = HAZARDS[id];
    const until = fixed === null ? '' : `, until Linux ${fixed.in}`;
    const count = struck.filter((each) => each === id).length;
    return `${id} struck ${count === 1 ? 'a VF' : `${count} VFs`}: ${what}${until}`;
  });
  return phrases.length === 0 ? '' : `; ${phrases.join('; ')}`;
}

function ending(vms: readonly VmReport[]): string {
  if (vms.length === 1) return `The VM ${endingOf(vms[0]!)}.`;
  const groups = new Map<string, number>();
  for (const vm of vms) groups.set(endingOf(vm), (groups.get(endingOf(vm)) ?? 0) + 1);
  return `${[...groups].map(([words, count]) => `${count} of ${vms.length} VMs ${words}`).join('; ')}.`;
}

function endingOf({ kind, at, errno, guestAt, cause, postCopy }: VmReport): string {
  const where = at === null ? '' : ` (${at}${errno === null ? '' : `, ${errno}`})`;
  switch (kind) {
    case 'moved':
      return at === null ? 'moved' : `moved, and a VF failed${where}`;
    case 'forced':
      return `moved, by ${postCopy === undefined ? 'force' : 'post-copy'}: ${causePhrase(cause, true)}`;
    case 'unowned':
      return `runs nowhere${where}: its vCPUs stay parked at the source, which says that it runs; vm.pause and vm.resume start them`;
    case 'cancelled':
      if (cause !== null)
        return `did not move, and was given up after ${ns(cause.usedNs)}: ${causePhrase(cause, false)}`;
      return `runs on at the ${guestAt}: the move was cancelled${where}`;
    default:
      return `runs on at the ${guestAt}: the move failed${where}`;
  }
}

/** Why, with the figures that decide, and the limit that would do. */
function causePhrase(cause: CauseReport | null, isForced: boolean): string {
  if (cause === null) return 'its limits were over';
  const { timeoutNs, progressTimeoutNs, limitThatWouldDoNs: wouldDoNs, blocker, writers = 'guest' } = cause;
  const whole = {
    ...cause,
    writers,
    timeoutNs: timeoutNs ?? Infinity,
    progressTimeoutNs: progressTimeoutNs ?? Infinity,
  };
  const phrases = [reasonPhrase(whole, isForced), blockerPhrase(whole)].filter((phrase) => phrase !== '');
  const isLimit = blocker === 'device state' || blocker === 'guest writes';
  if (isLimit) phrases.push(wouldDoNs === null ? 'no downtime limit would do' : `a limit of ${ns(wouldDoNs)} would do`);
  return phrases.join('; ');
}

function partsTable({ figures }: RunDocument, { parts, pauseNs }: VmReport): Rows {
  const { low = pauseNs, high = pauseNs } = figures.pause;
  const rows = parts
    .filter(({ busyNs, highNs = 0 }) => busyNs > 0 || highNs > 0)
    .map(({ title, criticalNs, busyNs, lowNs = criticalNs, highNs = criticalNs }) => [
      title,
      ns(criticalNs),
      `${((100 * criticalNs) / pauseNs).toFixed(1)} %`,
      ns(busyNs),
      ns(lowNs),
      ns(highNs),
    ]);
  return {
    columns: [
      left('part'),
      right('critical\npath [P]'),
      right('share\n'),
      right('busy\n[P]'),
      right('low\n[P]'),
      right('high\n[P]'),
    ],
    rows: [...rows, ['total', ns(pauseNs), '100 %', '', ns(low), ns(high)]],
  };
}

function roundsTable({ rounds }: VmReport): Rows {
  let number = 1;
  const rows = rounds.map(({ count, beginsNs, lastsNs, sentBytes, dirtiedBytes, limitNs, speed }) => {
    const name = count === 1 ? String(number) : `${number} to ${number + count - 1}`;
    number += count;
    return [name, ns(beginsNs), ns(lastsNs), bytes(sentBytes), bytes(dirtiedBytes), ns(limitNs), wholePercent(speed)];
  });
  return {
    columns: [
      left('iteration'),
      right('begins [P]'),
      right('lasts [P]'),
      right('sent [P]'),
      right('written\nmeanwhile [P]'),
      right('downtime\nlimit'),
      right('vCPU\nspeed'),
    ],
    rows,
  };
}

/** The guest and its devices: how long each is without service. */
export const PAUSED_TABLE = 'What is paused';

/** Figures of other programs for the same pause. */
export const PRINTED_TABLE = 'What VMMs and managers print for this pause';

function clockTable({ clocks }: RunDocument): Rows {
  const rows = clocks.map(({ by, name, figure, prints, ofThisMove }) => [
    by,
    ofThisMove ? name : `(${name})`,
    ns(figure.value),
    ns(figure.low ?? figure.value),
    ns(figure.high ?? figure.value),
    prints,
  ]);
  return {
    columns: [
      left('program'),
      left('figure'),
      right('time [P]'),
      { ...right('low [P]'), detail: 2 },
      { ...right('high [P]'), detail: 2 },
      left('as printed'),
    ],
    rows,
  };
}

/** The guest, then each device with its queues. */
function pausedTable({ figures }: RunDocument, { pauseNs, vfs, otherDevices }: VmReport): Rows {
  const orNone = (value: number | null | undefined): string => (typeof value === 'number' ? ns(value) : '');
  const ofVfs = vfs.map(({ profile, fn, service }) => {
    const { stoppedNs, stoppedLowNs, stoppedHighNs, deviceNs, queuesNs } = service;
    const gaps = queuesNs.filter((gap) => gap !== null).toSorted((a, b) => a - b);
    return [
      `${profile} ${fn}`,
      orNone(stoppedNs),
      orNone(stoppedLowNs),
      orNone(stoppedHighNs),
      orNone(deviceNs),
      `${gaps.length} of ${queuesNs.length}`,
      orNone(gaps[0] ?? null),
      orNone(gaps.at(-1) ?? null),
    ];
  });
  const others = otherDevices.map(({ profile, count, stoppedNs }) => [
    count === 1 ? profile : `${profile}, each of ${count}`,
    ns(stoppedNs),
    ...Array.from({ length: 6 }, () => ''),
  ]);
  return {
    columns: [
      left('what'),
      right('does not\nrun [P]'),
      right('low\n[P]'),
      right('high\n[P]'),
      right('nothing\ncompleted [P]'),
      right('queues\nwith load'),
      right('shortest\ngap [P]'),
      right('longest\ngap [P]'),
    ],
    rows: [
      ['vCPUs', ns(pauseNs), orNone(figures.pause.low), orNone(figures.pause.high), '', '', '', ''],
      ...ofVfs,
      ...others,
    ],
  };
}

const PHASE_TITLES = {
  before: 'before the stop',
  during: 'submitted before the resume, done later',
  after: 'submitted after the resume',
} as const;

function latencyTable({ latencies }: RunDocument): Rows {
  const rows = latencies.flatMap(({ name, phases }) =>
    phases
      .filter(({ jobs }) => jobs > 0)
      .map(({ phase, jobs, p50Ns, p99Ns, maxNs, low, high }) => [
        name,
        PHASE_TITLES[phase],
        String(jobs),
        ns(p50Ns),
        ns(p99Ns),
        ns(maxNs),
        low === undefined ? '' : ns(low.maxNs),
        high === undefined ? '' : ns(high.maxNs),
      ]),
  );
  return {
    columns: [
      left('VFs'),
      left('jobs'),
      right('number\n[E]'),
      right('p50\n[P]'),
      right('p99\n[P]'),
      right('longest\n[P]'),
      right('low\n[P]'),
      right('high\n[P]'),
    ],
    rows,
  };
}

function vfTable(vfs: readonly { readonly vm: number; readonly vf: VfOutcome }[], several: boolean): Rows {
  const isLosing = vfs.some(({ vf }) => isUnserved(vf));
  const rows = vfs.map(({ vm, vf }) => {
    const { times, tasks, end, profile, fn } = vf;
    return [
      ...(several ? [String(vm)] : []),
      `${profile} ${fn}`,
      end,
      ns(times.pauseAndDrainNs),
      ns(times.statusChecksNs),
      ns(times.cacheWriteBackNs),
      ns(times.saveNs),
      ns(times.readNs),
      ns(times.loadNs),
      ns(times.startNs),
      String(tasks.accepted),
      String(tasks.wrong),
      ...(isLosing ? [String(isUnserved(vf) ? lostTasksOf(vf) : 0)] : []),
    ];
  });
  return {
    columns: [
      ...(several ? [right('VM')] : []),
      left('VF'),
      left('ends'),
      right('pause,\ndrain [P]'),
      { ...right('status\nchecks [P]'), detail: 3 },
      right('write-\nback [P]'),
      right('save\n[P]'),
      { ...right('read\n[P]'), detail: 2 },
      right('load\n[P]'),
      right('start\n[P]'),
      right('tasks\n[E]'),
      right('wrong\n[E]'),
      ...(isLosing ? [right('lost\n[E]')] : []),
    ],
    rows,
  };
}
