/**
 * OpenStack: `server migration show`, as JSON, as a table or from the API, and the log of nova-compute.
 */
import { MS_PER_S } from '../../../sim/base/units.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import { isObject, type JsonObject, jsonValues } from '../json-values.ts';
import { numbered, withFirst } from '../numbered.ts';
import { addFindings, type Finding, type Reader, Room } from '../reader.ts';
import { Figures, type MoveFacts, moveFacts, type MoveFile, type MoveStatus, saidOf, withoutAbsent } from './facts.ts';

/** Words of Nova for how a migration is. */
const STATUSES: Readonly<Record<string, MoveStatus>> = {
  accepted: 'waiting',
  queued: 'waiting',
  preparing: 'waiting',
  'pre-migrating': 'waiting',
  running: 'running',
  'running (post-copy)': 'running',
  'post-migrating': 'running',
  migrating: 'running',
  completed: 'completed',
  done: 'completed',
  finished: 'completed',
  confirmed: 'completed',
  error: 'failed',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** Fields by the names of the command, of the API and of the database. */
const FIELDS = {
  id: ['ID', 'Id', 'id'],
  server: ['Server UUID', 'server_uuid', 'instance_uuid'],
  status: ['Status', 'status'],
  source: ['Source Compute', 'source_compute'],
  sourceNode: ['Source Node', 'source_node'],
  target: ['Dest Compute', 'dest_compute'],
  targetHost: ['Dest Host', 'dest_host'],
  memoryTotalBytes: ['Memory Total Bytes', 'memory_total_bytes', 'memory_total'],
  memoryProcessedBytes: ['Memory Processed Bytes', 'memory_processed_bytes', 'memory_processed'],
  memoryRemainingBytes: ['Memory Remaining Bytes', 'memory_remaining_bytes', 'memory_remaining'],
  diskTotalBytes: ['Disk Total Bytes', 'disk_total_bytes', 'disk_total'],
  diskProcessedBytes: ['Disk Processed Bytes', 'disk_processed_bytes', 'disk_processed'],
  diskRemainingBytes: ['Disk Remaining Bytes', 'disk_remaining_bytes', 'disk_remaining'],
  created: ['Created At', 'created_at'],
  updated: ['Updated At', 'updated_at'],
  type: ['Type', 'migration_type'],
} as const;

type Field = keyof typeof FIELDS;

function fieldOf(object: JsonObject, field: Field): unknown {
  for (const name of FIELDS[field]) if (Object.hasOwn(object, name)) return object[name];
  return undefined;
}

function wordOf(object: JsonObject, field: Field): string | undefined {
  const value = fieldOf(object, field);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function bytesOf(object: JsonObject, field: Field): number | undefined {
  const value = fieldOf(object, field);
  if (typeof value === 'number' && value >= 0) return value;
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : undefined;
}

/** Times of Nova have no zone, and are UTC. */
function unixOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(ms) ? undefined : ms / MS_PER_S;
}

const TABLE_ROW = /^\|\s*([\w ]+?)\s*\|\s*(.*?)\s*\|\s*$/;

export const NOVA_MIGRATION: Reader<MoveFile, 'move'> = {
  id: 'nova-migration',
  title: 'openstack server migration show',
  kind: 'move',
  sniff(head) {
    if (/"(?:Memory Total Bytes|memory_total_bytes)"\s*:/.test(head)) return 0.97;
    if (/^\|\s*Memory Total Bytes\s*\|/m.test(head)) return 0.97;
    return /"Source Compute"\s*:/.test(head) && /"Dest Compute"\s*:/.test(head) ? 0.9 : 0;
  },
  read(given, file) {
    const findings: Finding[] = [];
    const { first, lines } = withFirst(given);
    const isJson = /^\s*[[{]/.test(first);
    const rows = isJson ? [] : [...lines].flatMap((text) => TABLE_ROW.exec(text)?.slice(1) ?? []);
    const isTable = rows.length > 0;
    const objects = isTable
      ? [Object.fromEntries(Array.from({ length: rows.length / 2 }, (_, i) => [rows[2 * i]!, rows[2 * i + 1]!]))]
      : [...jsonValues(lines, file, findings)].flatMap(({ value }) => migrationsIn(value));
    const moves = objects.map((object) => migrationFacts(object, findings));
    return {
      format: `openstack server migration show${isTable ? '' : ' -f json'}`,
      facts: { moves, said: saidOf(moves) },
      findings,
      unknown: ['rates', 'downtime', 'dirty rate', 'vCPUs', 'link speed'],
    };
  },
};

/** An answer of the API has one migration or a list of them in a field of its own. */
function migrationsIn(value: JsonObject): readonly JsonObject[] {
  if (isObject(value['migration'])) return [value['migration']];
  const list: unknown = value['migrations'];
  return Array.isArray(list) ? list.filter(isObject) : [value];
}

function migrationFacts(object: JsonObject, findings: Finding[]): MoveFacts {
  const status = wordOf(object, 'status')?.toLowerCase();
  const [created, updated] = [unixOf(wordOf(object, 'created')), unixOf(wordOf(object, 'updated'))];
  const figures = new Figures();
  const [total, processed, remaining] = [
    bytesOf(object, 'memoryTotalBytes'),
    bytesOf(object, 'memoryProcessedBytes'),
    bytesOf(object, 'memoryRemainingBytes'),
  ];
  figures.said('memoryBytes', total, 'Memory Total Bytes');
  figures.said('transferredBytes', processed, 'Memory Processed Bytes');
  figures.said('remainingBytes', remaining, 'Memory Remaining Bytes');
  const elapsedS = created === undefined || updated === undefined ? undefined : updated - created;
  const word = status !== undefined && Object.hasOwn(STATUSES, status) ? STATUSES[status]! : 'unknown';
  if (processed !== undefined && elapsedS !== undefined && elapsedS > 0) {
    figures.inferred('sendingBytesPerSecond', processed / elapsedS, 'Memory Processed Bytes over Updated At less Created At, which has the preparation in it'); // prettier-ignore
  }
  if (word === 'completed' && elapsedS !== undefined) figures.inferred('totalMs', elapsedS * MS_PER_S, 'Updated At less Created At'); // prettier-ignore
  addFindings(
    findings,
    { kind: 'read', text: 'bytes are whole, and refreshed each 5 s at best; processed may exceed total' },
    { kind: 'read', text: 'times have no zone: they are UTC' },
  );
  if (total === undefined) addFindings(findings, { kind: 'warning', text: 'a migration without bytes: only one that runs has them' }); // prettier-ignore
  return moveFacts({
    name: wordOf(object, 'server') ?? null,
    vmm: DEFAULT_VMM,
    manager: 'nova',
    status: word,
    figures: figures.all,
    said: withoutAbsent({
      id: bytesOf(object, 'id'),
      server: wordOf(object, 'server'),
      status,
      type: wordOf(object, 'type'),
      source: wordOf(object, 'source'),
      target: wordOf(object, 'target'),
      memoryTotalBytes: total,
      memoryProcessedBytes: processed,
      memoryRemainingBytes: remaining,
      diskTotalBytes: bytesOf(object, 'diskTotalBytes'),
      diskProcessedBytes: bytesOf(object, 'diskProcessedBytes'),
      diskRemainingBytes: bytesOf(object, 'diskRemainingBytes'),
      createdUnixS: created,
      updatedUnixS: updated,
      elapsedS,
    }),
  });
}

const RUNNING =
  /Migration running for (\d+) secs, memory (\d+)% remaining (?:\(bytes processed=(\d+), remaining=(\d+), total=(\d+)\))/;
const INSTANCE = /\[instance: ([\w-]+)\]/;
const LOG_TIME = /^(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(?:[.,](\d+))?/;

interface LoggedMove {
  readonly server: string;
  readonly points: { readonly elapsedS: number; readonly processed: number; readonly remaining: number; readonly total: number; readonly line: number }[]; // prettier-ignore
  pausedAtS: number | undefined;
  completedAtS: number | undefined;
  failure: string | undefined;
}

export const NOVA_COMPUTE_LOG: Reader<MoveFile, 'move'> = {
  id: 'nova-compute-log',
  title: 'nova-compute log',
  kind: 'move',
  sniff(head) {
    if (RUNNING.test(head)) return 0.97;
    return /Migration operation has completed|nova\.virt\.libvirt\.migration/.test(head) ? 0.8 : 0;
  },
  read(lines) {
    const moves = new Map<string, LoggedMove>();
    const room = new Room(POINTS_MAX, 'messages of moves');
    for (const { text, line } of numbered(lines)) if (room.fullAt === null) takeLine(moves, text, line, room);
    const findings: Finding[] = [
      { kind: 'read', text: 'progress is logged each 30 s; the downtime is not' },
      { kind: 'warning', text: '"VM Paused" is when Nova heard of it, not when the vCPUs stopped' },
    ];
    room.note(findings);
    const facts = [...moves.values()].map(loggedFacts);
    return {
      format: 'nova-compute log',
      facts: { moves: facts, said: saidOf(facts) },
      findings,
      unknown: ['downtime', 'dirty rate', 'vCPUs', 'link speed'],
    };
  },
};

const POINTS_MAX = 100_000;

function takeLine(moves: Map<string, LoggedMove>, text: string, line: number, room: Room): void {
  const server = INSTANCE.exec(text)?.[1] ?? '';
  const running = RUNNING.exec(text);
  const said = /VM Paused \(Lifecycle Event\)|Migration operation (?:has (?:completed|aborted)|failed|was cancelled)/.exec(text)?.[0]; // prettier-ignore
  if ((running === null && said === undefined) || !room.take(line)) return;
  const move = moves.get(server) ?? {
    server,
    points: [],
    pausedAtS: undefined,
    completedAtS: undefined,
    failure: undefined,
  };
  moves.set(server, move);
  const [, whole, fraction = '0'] = LOG_TIME.exec(text) ?? [];
  const seconds = unixOf(whole?.replace(' ', 'T'));
  const atS = seconds === undefined ? undefined : seconds + Number(`0.${fraction}`);
  if (running !== null) {
    const [, elapsed, , processed, remaining, total] = running;
    move.points.push({ elapsedS: Number(elapsed), processed: Number(processed), remaining: Number(remaining), total: Number(total), line }); // prettier-ignore
  } else if (said!.startsWith('VM Paused')) move.pausedAtS = atS;
  else if (said!.endsWith('completed')) move.completedAtS = atS;
  else move.failure = said!;
}

function loggedFacts({ server, points, pausedAtS, completedAtS, failure }: LoggedMove): MoveFacts {
  const last = points.at(-1);
  const figures = new Figures();
  figures.said('memoryBytes', last?.total, 'total', last?.line);
  figures.said('transferredBytes', last?.processed, 'bytes processed', last?.line);
  if (completedAtS === undefined) figures.said('remainingBytes', last?.remaining, 'remaining', last?.line);
  const [a, b] = points.slice(-2);
  if (a !== undefined && b !== undefined && b.elapsedS > a.elapsedS && b.processed > a.processed) {
    figures.inferred('sendingBytesPerSecond', (b.processed - a.processed) / (b.elapsedS - a.elapsedS), 'bytes processed between the last two lines', b.line); // prettier-ignore
  }
  const ended = failure?.endsWith('cancelled') === true ? 'cancelled' : 'failed';
  const status: MoveStatus = failure !== undefined ? ended : completedAtS !== undefined ? 'completed' : 'running';
  return moveFacts({
    name: server === '' ? null : server,
    vmm: DEFAULT_VMM,
    manager: 'nova',
    status,
    figures: figures.all,
    said: withoutAbsent({
      server: server === '' ? undefined : server,
      status,
      points: points.map(({ elapsedS, processed, remaining, total }) => ({
        elapsedS,
        processedBytes: processed,
        remainingBytes: remaining,
        totalBytes: total,
      })),
      memoryTotalBytes: last?.total,
      pausedUnixS: pausedAtS,
      completedUnixS: completedAtS,
      failure,
    }),
  });
}
