/**
 * Measured moves as rows of a table of published measurements, which validate and fit read.
 */
import { BITS_PER_BYTE, GIB, GIGA, KIB, MEGA, MIB, MS_PER_S, NS_PER_MS, US_PER_MS } from '../../../sim/base/units.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { Scenario } from '../../../sim/scenario/document.ts';
import type { MoveFacts } from '../../import/move/facts.ts';
import { type CommentedMap, flow, type CommentedValue, oneLine } from './commented.ts';
import { rounded } from './move-draft.ts';
import type { ImportedMove } from './moves.ts';

/** Inputs that a table may name as not stated. */
const TAKEN = {
  'stream.gigabitsPerSecond': 'gigabitsPerSecond',
  vcpus: 'vcpus',
  'stream.channels': 'channels',
} as const;

/** A row of a table, and whether it has a figure. */
interface Row {
  readonly inputs: Readonly<Record<string, CommentedValue>>;
  readonly taken: readonly string[];
  readonly published: readonly (readonly [string, number])[];
}

/** Whether a table takes a figure of a move. */
export function hasFigure(move: MoveFacts): boolean {
  return publishedOf(move).length > 0;
}

/**
 * A table with a row for each move: inputs as its scenario has them, figures as the file says them.
 *
 * @param errorsOf sentences on how far the model is off
 */
export function moveTable(
  moves: readonly ImportedMove[],
  id: string,
  errorsOf: (made: ImportedMove['made']) => readonly string[],
): CommentedMap {
  const { file } = moves[0]!;
  const rows = moves.filter(({ move }) => hasFigure(move));
  if (rows.length === 0) {
    throw new UserError('input', `${file}: has no figure that a table takes, such as a downtime or a total`, 'Give a move that was completed.'); // prettier-ignore
  }
  return {
    fields: [
      { key: 'format', value: 'stopcopy-published-table' },
      { key: 'version', value: 1 },
      { key: 'id', value: id },
      {
        key: 'title',
        value: oneLine(rows.length === 1 ? `A move that ${file} describes` : `Moves that ${file} describes`),
      },
      { key: 'grade', value: 'C', comment: 'one log' },
      { key: 'source', value: file },
      { key: 'experiment', value: 'vm-move' },
      {
        key: 'rows',
        value: { items: rows.map((imported) => rowFields(imported, rowOf(imported), errorsOf(imported.made))) },
      },
    ],
  };
}

function rowFields(
  { move, made }: ImportedMove,
  { inputs, taken, published }: Row,
  errors: readonly string[],
): CommentedMap {
  const from = made.fields.filter(
    ({ path }) => path.startsWith('memory.') || path.startsWith('stream.') || path === 'vcpus',
  );
  const sources = from.map(({ path, origin }) => `${path} ${origin}`).join(', ');
  return {
    fields: [
      { key: 'inputs', value: flow(inputs), comment: [...(move.name === null ? [] : [move.name]), sources].join(': ') },
      ...(taken.length === 0
        ? []
        : [{ key: 'taken', value: { items: taken, flow: true }, comment: 'not stated by the file' }]),
      {
        key: 'published',
        value: flow(Object.fromEntries(published)),
        ...(errors.length === 0 ? {} : { comment: errors.join('; ') }),
      },
    ],
  };
}

/** Inputs and figures of a move by the names of a table. */
function rowOf({ move, made }: ImportedMove): Row {
  const { scenario } = made;
  const assumed = new Set(made.fields.filter(({ origin }) => origin !== 'said').map(({ path }) => path));
  const taken = Object.entries(TAKEN).flatMap(([path, name]) => (assumed.has(path) ? [name] : []));
  const dirty = scenario.memory.dirty.kind === 'uniform' ? scenario.memory.dirty : undefined;
  const carried = (scenario.stream.gigabitsPerSecond * GIGA) / BITS_PER_BYTE;
  const written = dirty === undefined ? 0 : dirty.pagesPerSecond * scenario.memory.page;
  const set = dirty?.workingSet ?? scenario.memory.size;
  // What is written all over in the time of the move is a set that is rewritten all the time.
  const isRewritten = written * ((move.figures.totalMs?.value ?? 0) / MS_PER_S) > set;
  const share = written / carried;
  const inputs: readonly (readonly [string, CommentedValue | undefined])[] = [
    ['vmm', scenario.vmm],
    [
      'qemu',
      scenario.vmm === DEFAULT_VMM && scenario.vmmVersion !== undefined ? Number(scenario.vmmVersion) : undefined,
    ],
    ['vcpus', scenario.vcpus],
    ['memoryGib', rounded(scenario.memory.size / GIB)],
    ['nonZeroShare', scenario.memory.nonZeroShare],
    ['gigabitsPerSecond', scenario.stream.gigabitsPerSecond],
    ['channels', scenario.stream.channels],
    ['multifd', scenario.stream.channels > 1],
    isRewritten ? ['rewrittenMib', rounded(set / MIB)] : ['dirtyShareOfStream', rounded(Math.min(10, share))],
    ['downtimeLimitMs', scenario.convergence.downtimeLimit === undefined ? undefined : scenario.convergence.downtimeLimit / NS_PER_MS], // prettier-ignore
    ['returnPath', move.manager !== null && move.manager !== 'proxmox'],
    ...deviceInputs(scenario),
  ];
  const known = Object.fromEntries(
    inputs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
  return { inputs: known, taken, published: publishedOf(move) };
}

/** Devices of one profile, with the state of each where it was measured. */
function deviceInputs({ devices, switchoverAck }: Scenario): readonly (readonly [string, CommentedValue])[] {
  const [first] = devices;
  if (first === undefined) return [];
  return [
    ['profile', first.profile],
    ['devices', devices.reduce((sum, { count }) => sum + count, 0)],
    ...(first.state === undefined ? [] : [['deviceStateMib', Number((first.state / MIB).toPrecision(6))] as const]),
    ...(switchoverAck ? [['switchoverAck', true] as const] : []),
  ];
}

/** Parts of a pause that a table takes, by their names in the facts. */
const PARTS: Readonly<Record<string, string>> = {
  'stopping vCPUs and devices': 'stopMs',
  'pausing vCPUs and devices': 'stopMs',
  memory: 'saveRamMs',
  'vCPUs and platform saved': 'saveNonIterableMs',
  final_iter: 'finalIterationMs',
};

/** Figures of the file by the names of a table. */
function publishedOf(move: MoveFacts): readonly (readonly [string, number])[] {
  const { figures, status, manager, pauseParts, devices } = move;
  if (status !== 'completed') return [];
  const { downtimeMs, totalMs, setupMs, syncs, transferredBytes, sendingBytesPerSecond } = figures;
  // libvirt counts from QEMU's STOP event, which no figure of a table does.
  const isLibvirt = manager === 'libvirt' || manager === 'kubevirt';
  const wire =
    sendingBytesPerSecond?.from.endsWith('over the whole move') === true
      ? (sendingBytesPerSecond.value * BITS_PER_BYTE) / MEGA
      : undefined;
  const parts = pauseParts.flatMap(({ name, ms }) => (Object.hasOwn(PARTS, name) ? [[PARTS[name]!, ms] as const] : []));
  // The figure of a table is of one device.
  const [device] = devices.length === 1 ? devices : [];
  const rows: readonly (readonly [string, number | undefined])[] = [
    ['downtimeMs', isLibvirt ? undefined : downtimeMs?.value],
    ['totalMs', totalMs?.value],
    ['setupMs', setupMs?.value],
    ['wireMbitPerSecond', wire],
    ['dirtySyncCount', syncs?.value],
    ['transferredKib', transferredBytes === undefined ? undefined : Math.round(transferredBytes.value / KIB)],
    ...parts,
    ['saveVfioMs', device?.saveUs === undefined ? undefined : device.saveUs / US_PER_MS],
  ];
  return rows.flatMap(([name, value]) => (value === undefined || value <= 0 ? [] : [[name, value] as const]));
}
