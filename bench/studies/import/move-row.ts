/**
 * A measured move as a row of a table of published measurements, which validate and fit read.
 */
import { BITS_PER_BYTE, GIB, GIGA, KIB, MEGA, MIB, MS_PER_S, NS_PER_MS } from '../../../sim/base/units.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { MoveFacts } from '../../import/move/facts.ts';
import { type CommentedField, type CommentedMap, flow, type CommentedValue } from './commented.ts';
import { rounded } from './move-draft.ts';
import type { ImportedMove } from './moves.ts';

/** Inputs that a table may name as not stated. */
const TAKEN = {
  'stream.gigabitsPerSecond': 'gigabitsPerSecond',
  vcpus: 'vcpus',
  'stream.channels': 'channels',
} as const;

/** A table with one row: inputs as the scenario has them, figures as the file says them. */
export function moveTable({ file, move, made }: ImportedMove, id: string): CommentedMap {
  const published = publishedOf(move);
  if (published.length === 0) {
    throw new UserError('input', `${file}: has no figure that a table takes, such as a downtime or a total`, 'Give a move that was completed.'); // prettier-ignore
  }
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
  ];
  const known = Object.fromEntries(
    inputs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
  const row: CommentedField[] = [{ key: 'published', value: flow(Object.fromEntries(published)) }];
  return {
    fields: [
      { key: 'format', value: 'stopcopy-published-table' },
      { key: 'version', value: 1 },
      { key: 'id', value: id },
      { key: 'title', value: `A move that ${file} describes` },
      { key: 'grade', value: 'C', comment: 'one log' },
      { key: 'source', value: file },
      { key: 'experiment', value: 'vm-move' },
      { key: 'inputs', value: flow(known), comment: 'the scenario of stopcopy import says where each is from' },
      ...(taken.length === 0
        ? []
        : [{ key: 'taken', value: { items: taken, flow: true }, comment: 'not stated by the file' }]),
      { key: 'rows', value: { items: [{ fields: row }] } },
    ],
  };
}

/** Figures of the file by the names of a table. */
function publishedOf({ figures, status, manager }: MoveFacts): readonly (readonly [string, number])[] {
  if (status !== 'completed') return [];
  const { downtimeMs, totalMs, setupMs, syncs, transferredBytes, sendingBytesPerSecond } = figures;
  // libvirt counts from QEMU's STOP event, which no figure of a table does.
  const isLibvirt = manager === 'libvirt' || manager === 'kubevirt';
  const wire =
    sendingBytesPerSecond?.from.endsWith('over the whole move') === true
      ? (sendingBytesPerSecond.value * BITS_PER_BYTE) / MEGA
      : undefined;
  const rows: readonly (readonly [string, number | undefined])[] = [
    ['downtimeMs', isLibvirt ? undefined : downtimeMs?.value],
    ['totalMs', totalMs?.value],
    ['setupMs', setupMs?.value],
    ['wireMbitPerSecond', wire],
    ['dirtySyncCount', syncs?.value],
    ['transferredKib', transferredBytes === undefined ? undefined : Math.round(transferredBytes.value / KIB)],
  ];
  return rows.flatMap(([name, value]) => (value === undefined || value <= 0 ? [] : [[name, value] as const]));
}
