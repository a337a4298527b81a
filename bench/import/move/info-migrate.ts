/**
 * `info migrate` of QEMU's monitor, the text before 10.1 and the one since; one answer, or several one after the other.
 */
import { KIB } from '../../../sim/base/units.ts';
import { numbered } from '../numbered.ts';
import { addFindings, type Finding, type Reader, Room } from '../reader.ts';
import { type MoveFacts, type MoveFile, saidOf } from './facts.ts';
import { type QmpPoll, type QmpSession, qmpMove } from './qmp-move.ts';

const OLD = 'HMP info migrate, text before 10.1';
const NEW = 'HMP info migrate, text of 10.1 and newer';

/** Field of query-migrate by its path, and what of the printed number it is. */
interface Target {
  readonly path: readonly string[];
  /** Value of one; default 1. */
  readonly unit?: number;
}

const ram = (name: string, unit = 1): Target => ({ path: ['ram', name], unit });
const top = (name: string): Target => ({ path: [name] });

/** Labels of the old text. */
const OLD_LABELS: Readonly<Record<string, Target>> = {
  'total time': top('total-time'),
  'expected downtime': top('expected-downtime'),
  downtime: top('downtime'),
  setup: top('setup-time'),
  'transferred ram': ram('transferred', KIB),
  throughput: ram('mbps'),
  'remaining ram': ram('remaining', KIB),
  'total ram': ram('total', KIB),
  duplicate: ram('duplicate'),
  normal: ram('normal'),
  'normal bytes': ram('normal-bytes', KIB),
  'dirty sync count': ram('dirty-sync-count'),
  'page size': ram('page-size', KIB),
  'multifd bytes': ram('multifd-bytes', KIB),
  'pages-per-second': ram('pages-per-second'),
  'dirty pages rate': ram('dirty-pages-rate'),
  'postcopy request count': ram('postcopy-requests'),
  'precopy ram': ram('precopy-bytes', KIB),
  'downtime ram': ram('downtime-bytes', KIB),
  'postcopy ram': ram('postcopy-bytes', KIB),
  'cpu throttle percentage': top('cpu-throttle-percentage'),
  'vfio device transferred': { path: ['vfio', 'transferred'], unit: KIB },
};

/** Names in the lines of the new text, with the line's own label where two have the same name. */
const NEW_NAMES: Readonly<Record<string, Target>> = {
  'Time (ms) total': top('total-time'),
  'Time (ms) setup': top('setup-time'),
  'Time (ms) exp_down': top('expected-downtime'),
  'Time (ms) down': top('downtime'),
  'Sizes pagesize': ram('page-size'),
  'Sizes total': ram('total'),
  'Transfers transferred': ram('transferred'),
  'Transfers remain': ram('remaining'),
  'Channels precopy': ram('precopy-bytes'),
  'Channels multifd': ram('multifd-bytes'),
  'Channels postcopy': ram('postcopy-bytes'),
  'Channels vfio': { path: ['vfio', 'transferred'] },
  'Page Types normal': ram('normal'),
  'Page Types zero': ram('duplicate'),
  'Page Rates (pps) transfer': ram('pages-per-second'),
  'Page Rates (pps) dirty': ram('dirty-pages-rate'),
  'Others dirty_syncs': ram('dirty-sync-count'),
  'Others postcopy_req': ram('postcopy-requests'),
  'Others downtime_bytes': ram('downtime-bytes'),
};

/** Of QEMU's IEC sizes with three digits. */
const IEC: Readonly<Record<string, number>> = {
  B: 1,
  KiB: KIB,
  MiB: KIB ** 2,
  GiB: KIB ** 3,
  TiB: KIB ** 4,
  PiB: KIB ** 5,
};

/** Lines that say nothing of what is read; `skipped` was always 0. */
const PASSED_OVER =
  /^\s*(?:Sockets|RAM info|Globals|globals|skipped|XBZRLE|xbzrle \w+|cache size|store-global-state|only-migratable|send-\w+-?\w*|(?:decompress-)?error-check|clear-bitmap-shift):|^\s*(?:\w+:)?[\w.:[\]-]+:\d+\s*$|^\s*\]|^\s*$|^\(qemu\)/;

const ANSWERS_MAX = 20_000;

class Answers {
  readonly polls: QmpPoll[] = [];
  version: string | null = null;
  isNew = false;
  readonly room = new Room(ANSWERS_MAX, 'answers');
  private now: { fields: Record<string, unknown>; status: string; line: number } | null = null;

  take(text: string, line: number, findings: Finding[]): void {
    const [, version] = /^QEMU (\d+(?:\.\d+)+) monitor/.exec(text) ?? [];
    if (version !== undefined) this.version = version;
    const [, old, now] = /^(?:Migration status: ?([\w-]+)|Status:\s+([\w-]+))(?:\s*\(.*\))?\s*$/.exec(text) ?? [];
    const status = old ?? now;
    if (status !== undefined) {
      this.end();
      this.isNew = now !== undefined;
      this.now = { fields: { status, ram: {}, vfio: {} }, status, line };
    } else if (this.now !== null && !this.takeField(text)) {
      if (PASSED_OVER.test(text)) return;
      addFindings(findings, { kind: 'unused', line, text: `'${text.trim().slice(0, 60)}'` });
    }
  }

  end(): void {
    if (this.now === null) return;
    const { fields, status, line } = this.now;
    const total = fields['total-time'];
    const poll = Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));
    if (this.room.take(line))
      this.polls.push({ poll, status, totalMs: typeof total === 'number' ? total : undefined, line });
    this.now = null;
  }

  private takeField(text: string): boolean {
    const [, label, rest] = /^\s*([A-Za-z][A-Za-z -]*?(?: \((?:ms|Mbps|pps)\))?):\s*(.*?)\s*$/.exec(text) ?? [];
    if (label === undefined || rest === undefined) return false;
    if (label === 'Throughput (Mbps)') return this.set(ram('mbps'), Number(rest));
    const old = Object.hasOwn(OLD_LABELS, label) ? OLD_LABELS[label] : undefined;
    const [, number] = /^(\d+(?:\.\d+)?)(?: |$)/.exec(rest) ?? [];
    if (old !== undefined && number !== undefined) return this.set(old, Number(number) * (old.unit ?? 1));
    return this.takeNames(label, rest);
  }

  private takeNames(label: string, rest: string): boolean {
    let any = false;
    for (const [, name, number, unit] of rest.matchAll(/(\w+)=(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?: ?([KMGTP]iB|B)\b)?/g)) {
      const key = `${label} ${name}`;
      if (!Object.hasOwn(NEW_NAMES, key)) continue;
      any = this.set(NEW_NAMES[key]!, Number(number) * (unit === undefined ? 1 : IEC[unit]!));
    }
    return any;
  }

  private set({ path }: Target, value: number): boolean {
    if (this.now === null || !Number.isFinite(value)) return false;
    const [first, second] = path;
    if (second === undefined) this.now.fields[first!] = value;
    else (this.now.fields[first!] as Record<string, unknown>)[second] = value;
    return true;
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

export const INFO_MIGRATE: Reader<MoveFile, 'move'> = {
  id: 'info-migrate',
  title: 'HMP info migrate',
  kind: 'move',
  sniff(head) {
    if (/^[> ]*Migration status: ?[\w-]+/m.test(head)) return 0.95;
    return /^[> ]*Status:\s+[\w-]+/m.test(head) && /^[> ]*(?:Time \(ms\):|RAM info:)/m.test(head) ? 0.95 : 0;
  },
  read(lines) {
    const findings: Finding[] = [];
    const answers = new Answers();
    for (const { text, line } of numbered(lines)) answers.take(text, line, findings);
    answers.end();
    answers.room.note(findings);
    const moves = movesOf(answers, findings);
    return {
      format: answers.isNew ? NEW : OLD,
      facts: { moves, said: saidOf(moves) },
      findings: [
        ...findings,
        answers.isNew
          ? { kind: 'read', text: 'sizes have three digits: bytes are known to about a hundredth or a thousandth' }
          : { kind: 'read', text: 'kbytes are 1024 bytes, rounded down; mbps are 10^6 bits per second' },
      ],
      unknown: ['iterations and their times', 'link speed', 'downtime limit', 'vCPUs'],
    };
  },
};

/** Answers with less time than the one before are of another move. */
function movesOf({ polls, version, isNew }: Answers, findings: Finding[]): readonly MoveFacts[] {
  const sessions: QmpSession[] = [];
  let before = Infinity;
  for (const poll of polls) {
    const { totalMs = before } = poll;
    if (totalMs < before || sessions.length === 0) {
      sessions.push({ version, vcpus: null, polls: [], passes: [], statuses: [], deviceStates: [], settings: [], stoppedAtUs: null, dropped: 0, bestRate: 0 }); // prettier-ignore
    }
    sessions.at(-1)!.polls.push(poll);
    before = totalMs;
  }
  return sessions.map((session) => roughened(qmpMove(session, findings), isNew));
}

/** Figures that are in whole KiB, or in three digits. */
const ROUNDED = ['memoryBytes', 'transferredBytes', 'remainingBytes', 'downtimeBytes', 'deviceBytes'] as const;
const SAID_ROUNDED: ReadonlySet<string> = new Set([
  'ramTotalBytes',
  'ramRemainingBytes',
  'transferredBytes',
  'downtimeBytes',
  'vfioBytes',
  'precopyBytes',
  'multifdBytes',
  'postcopyBytes',
]);

function roughened(move: MoveFacts, isNew: boolean): MoveFacts {
  const figures = { ...move.figures };
  for (const name of ROUNDED) {
    const fact = figures[name];
    if (fact !== undefined) figures[name] = { ...fact, within: isNew ? threeDigits(fact.value) / 2 : KIB };
  }
  if (!isNew) return { ...move, figures, said: { ...move.said, resolutionBytes: KIB } };
  const said = Object.entries(move.said).map(([name, value]) => {
    const isRounded = SAID_ROUNDED.has(name) && typeof value === 'number' && value >= KIB;
    return isRounded ? ([`${name}About`, Math.round(value)] as const) : ([name, value] as const);
  });
  return { ...move, figures, said: Object.fromEntries(said) };
}

/** Value of the last of three digits. */
function threeDigits(value: number): number {
  return value <= 0 ? 0 : 10 ** (Math.floor(Math.log10(value)) - 2);
}
