/**
 * `virsh domjobinfo`, as text in the languages whose words are known, and with `--rawstats`.
 */
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import { numbered } from '../numbered.ts';
import { sizeOf } from '../quantities.ts';
import { addFindings, type Finding, type Reader, Room } from '../reader.ts';
import { Figures, type MoveFacts, moveFacts, type MoveFile, type MoveStatus, saidOf, withoutAbsent } from './facts.ts';
import {
  JOB_LABELS,
  type JobLabel,
  JOB_OPERATIONS,
  JOB_TYPE_WORDS,
  JOB_TYPES,
  type JobUnit,
} from './domjobinfo-words.ts';

const BY_WORD: ReadonlyMap<string, JobLabel> = new Map(
  JOB_LABELS.flatMap((label) => label.words.split('|').map((word) => [word, label])),
);

const JOB_TYPE = new RegExp(`^\\s*(?:${JOB_TYPE_WORDS}) *[:：] *(.*?)\\s*$`);

/** A job type by its number or in words; undefined: it is not known. */
function typeOf(text: string): string | undefined {
  return /^\d+$/.test(text)
    ? JOB_TYPES[Number(text)]?.[0]
    : JOB_TYPES.find(([, words]) => words.split('|').includes(text))?.[0];
}

function operationOf(said: number | string | undefined): number | string | undefined {
  if (said === undefined) return undefined;
  const row =
    typeof said === 'number'
      ? JOB_OPERATIONS[said]
      : JOB_OPERATIONS.find(([, words]) => words.split('|').includes(said));
  return row?.[0] ?? (typeof said === 'string' ? said.toLowerCase() : said);
}

const STATUSES: Readonly<Record<string, MoveStatus>> = {
  none: 'none',
  bounded: 'running',
  unbounded: 'running',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
};

interface Value {
  readonly value: number | string;
  readonly line: number;
  /** Value of the last digit, where it is a size. */
  readonly digit?: number;
}

class Job {
  readonly values = new Map<string, Value>();
  readonly type: string;
  readonly line: number;
  isRaw = false;

  constructor(type: string, line: number) {
    this.type = type;
    this.line = line;
  }

  /** @returns whether the line is one of a job */
  take(text: string, line: number): boolean {
    const [, raw, number] = /^\s*([a-z]+(?:_[a-z]+)*): (.*?)\s*$/.exec(text) ?? [];
    if (raw !== undefined && number !== undefined) {
      this.isRaw = true;
      const value = /^\d+$/.test(number) ? Number(number) : number;
      if (value === Infinity) return false;
      this.values.set(raw, { value, line });
      return true;
    }
    const [, word, rest] = /^\s*([^:：]+?) *[:：] *(.*?)\s*$/.exec(text) ?? [];
    const label = word === undefined ? undefined : BY_WORD.get(word);
    if (label === undefined || rest === undefined) return false;
    const value = valueOf(label.unit, rest);
    if (value === null) return false;
    this.values.set(label.raw === 'expected_downtime' ? 'downtime' : label.raw, { ...value, line });
    return true;
  }

  number(name: string): number | undefined {
    const value = this.values.get(name)?.value;
    return typeof value === 'number' ? value : undefined;
  }
}

const JOBS_MAX = 10_000;
/** A number with more digits is damaged. */
const DIGITS_MAX = 20;

function valueOf(unit: JobUnit, text: string): Omit<Value, 'line'> | null {
  if (unit === 'word') return { value: text };
  if (unit === 'size' || unit === 'rate') {
    const size = sizeOf(text.replace(/\s+/, ' '));
    return size === undefined ? null : { value: size.bytes, digit: size.digitBytes };
  }
  const [number] = /^\d+/.exec(text) ?? [];
  return number === undefined || number.length > DIGITS_MAX ? null : { value: Number(number) };
}

export const DOMJOBINFO: Reader<MoveFile, 'move'> = {
  id: 'domjobinfo',
  title: 'virsh domjobinfo',
  kind: 'move',
  sniff: (head) => (head.split('\n').some((text) => JOB_TYPE.test(text)) ? 0.96 : 0),
  read(lines) {
    const findings: Finding[] = [];
    const jobs: Job[] = [];
    const room = new Room(JOBS_MAX, 'jobs');
    for (const { text, line } of numbered(lines)) {
      const [, word] = JOB_TYPE.exec(text) ?? [];
      if (word !== undefined) {
        const type = typeOf(word);
        if (type === undefined)
          addFindings(findings, { kind: 'warning', line, text: `job type '${word}' is not known` });
        if (room.take(line)) jobs.push(new Job(type ?? word, line));
      } else if (room.fullAt === null && text.trim() !== '' && jobs.at(-1)?.take(text, line) !== true) {
        addFindings(findings, { kind: 'unused', line, text: `'${text.trim().slice(0, 60)}'` });
      }
    }
    room.note(findings);
    const moves = jobs.map((job) => jobFacts(job, findings));
    const last = jobs.at(-1);
    const completed =
      last !== undefined && ['completed', 'failed', 'cancelled'].includes(last.type) ? ' --completed' : '';
    return {
      format: `virsh domjobinfo${completed}${last?.isRaw === true ? ' --rawstats' : ''}`,
      facts: { moves, said: saidOf(moves) },
      findings,
      unknown: [
        ...(last?.isRaw === true ? [] : ['device bytes (not in this text, only in --rawstats)']),
        'iterations',
        'limits',
        'link speed',
        'vCPUs',
      ],
    };
  },
};

/** Figures by the name of the parameter. */
const FIGURES = [
  ['time_elapsed', 'totalMs'],
  ['setup_time', 'setupMs'],
  ['downtime_net', 'downtimeWithoutNetworkMs'],
  ['memory_total', 'memoryBytes'],
  ['memory_page_size', 'pageBytes'],
  ['memory_normal', 'normalPages'],
  ['memory_constant', 'zeroPages'],
  ['memory_processed', 'transferredBytes'],
  ['memory_bps', 'sendingBytesPerSecond'],
  ['memory_iteration', 'syncs'],
  ['vfio_data_transferred', 'deviceBytes'],
] as const;

function jobFacts(job: Job, findings: Finding[]): MoveFacts {
  const figures = new Figures();
  const isOver = !['bounded', 'unbounded'].includes(job.type);
  const take = (raw: string, name: Parameters<Figures['said']>[0]): void => {
    const found = job.values.get(raw);
    if (found === undefined || typeof found.value !== 'number') return;
    figures.said(
      name,
      found.value,
      raw,
      found.line,
      found.digit === undefined || found.digit <= 1 ? undefined : found.digit / 2,
    );
  };
  for (const [raw, name] of FIGURES) take(raw, name);
  take('downtime', isOver ? 'downtimeMs' : 'expectedDowntimeMs');
  if (!isOver) take('memory_remaining', 'remainingBytes');
  const [dirty, page] = [job.number('memory_dirty_rate'), job.number('memory_page_size')];
  if (dirty !== undefined && dirty > 0 && page !== undefined) {
    figures.said('dirtyBytesPerSecond', dirty * page, 'memory_dirty_rate of memory_page_size', job.values.get('memory_dirty_rate')!.line); // prettier-ignore
  }
  note(job, isOver, findings);
  const operation = operationOf(job.values.get('operation')?.value);
  return moveFacts({
    vmm: DEFAULT_VMM,
    manager: 'libvirt',
    status: STATUSES[job.type] ?? 'unknown',
    figures: figures.all,
    settings:
      (job.number('auto_converge_throttle') ?? 0) > 0
        ? { autoConverge: { value: true, origin: 'inferred', from: 'auto_converge_throttle' } }
        : {},
    said: job.isRaw ? rawSaid(job, operation) : textSaid(job, operation, isOver),
  });
}

function rawSaid({ type, values }: Job, operation: unknown): Readonly<Record<string, unknown>> {
  const fields = [...values].map(([name, { value }]) => [name, value] as const);
  return withoutAbsent({ ...Object.fromEntries(fields), status: type, operation });
}

function textSaid(job: Job, operation: unknown, isOver: boolean): Readonly<Record<string, unknown>> {
  const about = (raw: string): number | undefined => job.number(raw);
  return withoutAbsent({
    status: job.type,
    operation,
    totalMs: job.number('time_elapsed'),
    totalWithoutNetworkMs: job.number('time_elapsed_net'),
    remainingMs: job.number('time_remaining'),
    setupMs: job.number('setup_time'),
    [isOver ? 'downtimeMs' : 'expectedDowntimeMs']: job.number('downtime'),
    downtimeWithoutNetworkMs: job.number('downtime_net'),
    pageSize: job.number('memory_page_size'),
    normalPages: job.number('memory_normal'),
    zeroPages: job.number('memory_constant'),
    iteration: job.number('memory_iteration'),
    dirtyPagesPerSecond: isOver ? undefined : job.number('memory_dirty_rate'),
    postcopyRequests: job.number('memory_postcopy_requests'),
    dataTotalBytesAbout: about('data_total'),
    dataProcessedBytesAbout: about('data_processed'),
    dataRemainingBytesAbout: about('data_remaining'),
    memoryTotalBytesAbout: about('memory_total'),
    memoryProcessedBytesAbout: about('memory_processed'),
    memoryRemainingBytesAbout: about('memory_remaining'),
    normalBytesAbout: about('memory_normal_bytes'),
    bandwidthBytesPerSecondAbout: about('memory_bps'),
    diskTotalBytesAbout: about('disk_total'),
    throttlePercent: job.number('auto_converge_throttle'),
    errorMessage: job.values.get('errmsg')?.value,
  });
}

function note(job: Job, isOver: boolean, findings: Finding[]): void {
  const add = (kind: Finding['kind'], text: string): void => addFindings(findings, { kind, text, line: job.line });
  add('read', `a job that is ${job.type}${job.isRaw ? ', bytes exact' : ''}`);
  if (!job.isRaw) add('read', 'sizes have three decimals: bytes are known to about 1 MiB where they are in GiB; exact are pages times their size'); // prettier-ignore
  if (isOver && job.number('memory_dirty_rate') === 0) add('unused', 'the dirty rate of a job that is over is 0: no measurement'); // prettier-ignore
  if (!isOver) add('warning', 'the move was still running: its downtime is what QEMU expects, not what it was');
  if (job.type === 'none') add('warning', 'there is no job: completed statistics are kept once, take them with --keep-completed'); // prettier-ignore
  if (job.values.has('downtime') && isOver) {
    add('read', "downtime is libvirt's: from QEMU's event STOP, so without the time in which vCPUs and devices stop, to the end at the destination"); // prettier-ignore
  }
}
