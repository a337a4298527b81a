/** `can` and the oracle against what QEMU does, written out from the sources of 7.2 to 11.1. */
import { describe, expect, test } from 'vitest';

import { GIB } from '../../../sim/base/units.ts';
import type { OracleQuestion } from '../../oracles/can-oracle.ts';
import { expectedOf } from '../../oracles/can-worlds.ts';
import { ask, devices, difference, HISI, type Id, MLX5, NAME, PLAIN, QAT, TEXT } from './can-rig.ts';

/** An outcome, and the text with the number of the device whose name it has. */
type Cell = readonly ['moves'] | readonly ['refused' | 'attachFails' | 'neverEnds', Id, 0 | 1 | 2];

const moves: Cell = ['moves'];
const refused = (id: Id, place: 0 | 1 | 2 = 0): Cell => ['refused', id, place];
const attachFails = (id: Id, place: 0 | 1 | 2 = 0): Cell => ['attachFails', id, place];
const endless = (place: 0 | 1 | 2 = 0): Cell => ['neverEnds', 'B2', place];

/** What a cell prints first. */
function firstText([outcome, id, place]: Cell): string | undefined {
  if (outcome === 'moves') return undefined;
  const name = NAME[place];
  return outcome === 'attachFails' ? `vfio ${name}: ${TEXT[id](name)}` : TEXT[id](name);
}

/** That `can` and the oracle both answer what is written. */
function expectCell(question: OracleQuestion, cell: Cell): void {
  const answer = ask(question);
  const [verdict, ...others] = expectedOf(question);
  expect(others).toEqual([]);
  const last = cell[0] === 'neverEnds' ? answer.messages.at(-1)?.text : answer.messages[0]?.text;
  expect([answer.outcome, last]).toEqual([cell[0], firstText(cell)]);
  expect(verdict!.outcome).toBe(cell[0]);
  expect(verdict!.prints.at(cell[0] === 'neverEnds' ? -1 : 0)?.text).toBe(firstText(cell));
}

/** Rows for QEMU 10.0 to 11.1: devices, backend, IOMMU tracks, vIOMMU; then auto and on. Off is refused in all of them. */
interface Row {
  readonly of: string;
  readonly devices: OracleQuestion['devices'];
  readonly backend: 'type1' | 'iommufd';
  readonly dirty: boolean;
  readonly virtual?: true;
  readonly options?: OracleQuestion['qemu'];
  readonly auto: Cell;
  readonly on: Cell;
  /** From 11.0, where it differs. */
  readonly auto11?: Cell;
  readonly on11?: Cell;
}

const logOff = { deviceDirtyTracking: false } as const;

const ROWS: readonly Row[] = [
  { of: 'device log', devices: MLX5, backend: 'type1', dirty: false, auto: moves, on: moves },
  { of: 'device log', devices: MLX5, backend: 'iommufd', dirty: true, auto: moves, on: moves },
  {
    of: 'three with logs',
    devices: devices('mlx5_vfio_pci', 'pds_vfio_pci', 'mlx5_vfio_pci'),
    backend: 'type1',
    dirty: false,
    auto: moves,
    on: moves,
  },
  {
    of: 'device log',
    devices: MLX5,
    backend: 'type1',
    dirty: false,
    virtual: true,
    auto: refused('B5'),
    on: attachFails('B5'),
  },
  {
    of: 'two with logs',
    devices: devices('mlx5_vfio_pci', 'pds_vfio_pci'),
    backend: 'iommufd',
    dirty: true,
    virtual: true,
    auto: refused('B5', 1),
    on: attachFails('B5'),
  },
  {
    of: 'device log off',
    devices: MLX5,
    backend: 'iommufd',
    dirty: true,
    virtual: true,
    options: logOff,
    auto: refused('B5'),
    on: attachFails('B5'),
    auto11: moves,
    on11: moves,
  },
  {
    of: 'device log off',
    devices: MLX5,
    backend: 'type1',
    dirty: false,
    options: logOff,
    auto: refused('B2'),
    on: endless(),
  },
  { of: 'P2P, no log', devices: QAT, backend: 'iommufd', dirty: true, auto: moves, on: moves },
  {
    of: 'three with P2P',
    devices: devices('qat_vfio_pci', 'xe_vfio_pci', 'virtio_vfio_pci'),
    backend: 'iommufd',
    dirty: true,
    auto: moves,
    on: moves,
  },
  {
    of: 'P2P, no log',
    devices: QAT,
    backend: 'iommufd',
    dirty: true,
    virtual: true,
    auto: refused('B5'),
    on: attachFails('B5'),
    auto11: moves,
    on11: moves,
  },
  { of: 'P2P, no log', devices: QAT, backend: 'iommufd', dirty: false, auto: refused('B2'), on: endless() },
  { of: 'P2P, no log', devices: QAT, backend: 'type1', dirty: true, auto: refused('B2'), on: endless() },
  {
    of: 'two with P2P',
    devices: devices('qat_vfio_pci', 'qat_vfio_pci'),
    backend: 'type1',
    dirty: true,
    auto: refused('B2', 1),
    on: endless(1),
  },
  { of: 'no P2P, no log', devices: HISI, backend: 'iommufd', dirty: true, auto: moves, on: moves },
  {
    of: 'no P2P, no log',
    devices: HISI,
    backend: 'iommufd',
    dirty: true,
    virtual: true,
    auto: refused('B5'),
    on: attachFails('B5'),
    auto11: moves,
    on11: moves,
  },
  {
    of: 'two without P2P',
    devices: [...HISI, ...HISI],
    backend: 'iommufd',
    dirty: true,
    auto: refused('B4', 1),
    on: attachFails('B4', 1),
  },
  { of: 'no P2P, no log', devices: HISI, backend: 'iommufd', dirty: false, auto: refused('B2'), on: endless() },
  { of: 'no P2P, no log', devices: HISI, backend: 'type1', dirty: true, auto: refused('B2'), on: endless() },
  {
    of: 'two without P2P',
    devices: [...HISI, ...HISI],
    backend: 'type1',
    dirty: false,
    auto: refused('B2', 1),
    on: attachFails('B4', 1),
  },
  { of: 'a log and P2P', devices: [...MLX5, ...QAT], backend: 'iommufd', dirty: true, auto: moves, on: moves },
  {
    of: 'a log and P2P',
    devices: [...MLX5, ...QAT],
    backend: 'type1',
    dirty: true,
    auto: refused('B2', 1),
    on: endless(1),
  },
  {
    of: 'P2P and a log',
    devices: [...QAT, ...MLX5],
    backend: 'type1',
    dirty: true,
    auto: refused('B2', 0),
    on: endless(0),
  },
  {
    of: 'a log and no P2P',
    devices: [...MLX5, ...HISI],
    backend: 'iommufd',
    dirty: true,
    auto: refused('B4', 1),
    on: attachFails('B4', 1),
  },
  {
    of: 'no P2P and a log',
    devices: [...HISI, ...MLX5],
    backend: 'type1',
    dirty: false,
    auto: refused('B4', 1),
    on: attachFails('B4', 1),
  },
];

/** A device without migration is refused whatever else holds; 11.1 has words of its own, those of 11.0 are not on record. */
const NO_MIGRATION: readonly Row[] = (['type1', 'iommufd'] as const).flatMap((backend) =>
  [true, false].map((dirty) => ({
    of: 'no migration',
    devices: PLAIN,
    backend,
    dirty,
    auto: refused('B0a'),
    on: attachFails('B0a'),
    auto11: refused('B0a111'),
    on11: attachFails('B0a111'),
  })),
);

const questionOf = (row: Row, vmmVersion: string, enableMigration?: 'auto' | 'on' | 'off'): OracleQuestion => ({
  vmm: 'qemu',
  vmmVersion,
  kernel: '7.3',
  devices: row.devices,
  iommu: { backend: row.backend, hardware: 'vt-d', dirtyTracking: row.dirty, virtual: row.virtual === true },
  memory: 64 * GIB,
  gigabitsPerSecond: 25,
  qemu: { ...row.options, ...(enableMigration === undefined ? {} : { enableMigration }) },
});

const named = (rows: readonly Row[]) =>
  rows.map(
    (row) =>
      [
        `${row.of}, ${row.backend}, IOMMU ${row.dirty ? 'tracks' : 'tracks nothing'}${row.virtual ? ', vIOMMU' : ''}`,
        row,
      ] as const,
  );

describe.each(['10.0', '10.1', '10.2', '11.0', '11.1'])('QEMU %s', (version) => {
  const since11 = version.startsWith('11');
  test.each(named(version === '11.0' ? ROWS : [...ROWS, ...NO_MIGRATION]))('%s', (_, row) => {
    const auto = (since11 ? row.auto11 : undefined) ?? row.auto;
    expectCell(questionOf(row, version), auto);
    expectCell(questionOf(row, version, 'auto'), auto);
    expectCell(questionOf(row, version, 'on'), (since11 ? row.on11 : undefined) ?? row.on);
    const last = (row.devices.length - 1) as 0 | 1 | 2;
    expectCell(questionOf(row, version, 'off'), refused('B0', last));
    expect(ask(questionOf(row, version, 'off')).messages).toHaveLength(1);
  });
});

describe('older QEMU', () => {
  const plain = (of: OracleQuestion['devices'], more: Partial<Row> = {}): Row => ({
    of: '',
    devices: of,
    backend: 'iommufd',
    dirty: true,
    auto: moves,
    on: moves,
    ...more,
  });
  test.each<[string, Row, 'on' | 'off' | undefined, string, string | null]>([
    ['7.2', plain(MLX5), undefined, 'refused', "VFIO device doesn't support migration"],
    ['7.2', plain(MLX5), 'on', 'refused', "VFIO device doesn't support migration"],
    ['7.2', plain(PLAIN), 'off', 'refused', "VFIO device doesn't support migration"],
    ['8.0', plain(MLX5), undefined, 'refused', "VFIO device doesn't support migration"],
    ['8.0', plain(MLX5), 'on', 'moves', null],
    ['8.0', plain(PLAIN), 'on', 'refused', "VFIO device doesn't support migration"],
    [
      '8.0',
      plain([...MLX5, ...MLX5]),
      'on',
      'refused',
      'Migration is currently not supported with multiple VFIO devices',
    ],
    [
      '8.0',
      plain(MLX5, { virtual: true }),
      'on',
      'refused',
      'Migration is currently not supported with vIOMMU enabled',
    ],
    ['8.0', plain(HISI), 'on', 'neverEnds', null],
    ['8.1', plain(MLX5), undefined, 'moves', null],
    ['8.1', plain(HISI), undefined, 'refused', TEXT.B1(NAME[0])],
    ['8.1', plain(HISI), 'on', 'neverEnds', TEXT.B1(NAME[0])],
    ['8.1', plain(MLX5), 'off', 'refused', TEXT.B0(NAME[0])],
    [
      '8.1',
      plain([...MLX5, ...MLX5]),
      undefined,
      'refused',
      'Migration is currently not supported with multiple VFIO devices',
    ],
    [
      '8.1',
      plain([...MLX5, ...MLX5]),
      'on',
      'attachFails',
      `vfio ${NAME[1]}: Migration is currently not supported with multiple VFIO devices`,
    ],
    [
      '8.1',
      plain(MLX5, { virtual: true }),
      undefined,
      'refused',
      'Migration is currently not supported with vIOMMU enabled',
    ],
    [
      '8.1',
      plain(MLX5, { virtual: true }),
      'on',
      'attachFails',
      `vfio ${NAME[0]}: Migration is currently not supported with vIOMMU enabled`,
    ],
    ['8.2', plain([...MLX5, ...MLX5]), undefined, 'moves', null],
    ['8.2', plain(QAT), undefined, 'refused', TEXT.B1(NAME[0])],
    ['8.2', plain([...MLX5, ...HISI]), undefined, 'refused', TEXT.B1(NAME[1])],
    ['8.2', plain([...HISI, ...MLX5]), undefined, 'refused', TEXT.B4()],
    ['8.2', plain(MLX5, { virtual: true }), undefined, 'refused', TEXT.B5(NAME[0])],
    ['9.0', plain(QAT), undefined, 'refused', TEXT.B1(NAME[0])],
    ['9.0', plain(QAT), 'on', 'neverEnds', TEXT.B1(NAME[0])],
    ['9.0', plain(PLAIN), 'on', 'attachFails', `vfio ${NAME[0]}: ${TEXT.B0a(NAME[0])}`],
    ['9.1', plain(QAT), undefined, 'moves', null],
    ['9.1', plain(QAT, { backend: 'type1' }), undefined, 'refused', TEXT.B2(NAME[0])],
    ['9.2', plain(HISI), undefined, 'moves', null],
    ['9.2', plain([...HISI, ...HISI]), undefined, 'refused', TEXT.B4()],
    ['9.2', plain(HISI, { virtual: true }), 'on', 'attachFails', `vfio ${NAME[0]}: ${TEXT.B5(NAME[0])}`],
  ])('%s answers %j with the option %s: %s', (version, row, option_, outcome, text) => {
    const question = questionOf(row, version, option_);
    const answer = ask(question);
    expect([answer.outcome, answer.messages[0]?.text ?? null]).toEqual([outcome, text]);
    expect(difference(question)).toBeNull();
  });
});
