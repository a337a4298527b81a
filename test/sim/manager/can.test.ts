import { array, assert, boolean, constant, constantFrom, integer, oneof, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { can, decideCan } from '../../../sim/manager/can.ts';
import { COVERAGE } from '../../../sim/manager/coverage.ts';
import { CAN_OUTCOMES } from '../../../sim/manager/can-answer.ts';
import { DRIVER_IDS, DRIVERS } from '../../../sim/manager/drivers.ts';
import type { Settled } from '../../../sim/manager/given.ts';
import {
  CAN_FORMAT,
  CAN_VERSION,
  type CanQuestion,
  type CanQuestionInput,
  canQuestionSchema,
} from '../../../sim/manager/question.ts';
import { compareReleases, parseRelease } from '../../../sim/manager/release.ts';
import { CLOUD_HYPERVISOR, MANAGER_IDS, QEMU } from '../../../sim/manager/vmms.ts';
import { effort } from '../../effort.ts';
import { onlyRead } from './can-rig.ts';

type Fields = Omit<CanQuestionInput, 'format' | 'version'>;

function question(fields: Fields): CanQuestion {
  return canQuestionSchema.parse({ format: CAN_FORMAT, version: CAN_VERSION, ...fields });
}

/** Without those of which something is not on record on one of the kernels below. */
const KNOWN_DRIVERS = DRIVER_IDS.filter((id) => !['mdev', 'vfio-user', 'pds_vfio_pci'].includes(id));

const device = record({
  driver: constantFrom(...KNOWN_DRIVERS),
  count: integer({ min: 1, max: 3 }),
  attachedAs: constantFrom('hostDevice', 'gpu', 'network'),
});

/** A question in which everything is said. */
const settled = record({
  vmm: constantFrom('qemu', 'cloud-hypervisor'),
  qemuRelease: constantFrom('7.2', '8.0', '8.1', '8.2', '9.0', '9.2', '10.2', '11.0', '11.1'),
  cloudHypervisorRelease: constantFrom('52', 'v53', 'main'),
  // Managers have tests of their own before the VMM's; half of the questions go past them.
  manager: oneof(constant('none' as const), constantFrom(...MANAGER_IDS)),
  libvirt: constantFrom('11.3', '12.8', 'main'),
  kernel: constantFrom('6.1', '6.8', '6.12', '7.2', '7.3'),
  devices: array(device, { maxLength: 3 }),
  iommu: record({
    backend: constantFrom('type1', 'iommufd'),
    hardware: constantFrom('smmuv3', 'vt-d', 'amd-vi'),
    dirtyTracking: boolean(),
    virtual: boolean(),
  }),
  memory: constantFrom('1GiB', '64GiB', '16TiB'),
  gigabitsPerSecond: constantFrom(1, 25, 400),
  qemu: record({
    enableMigration: constantFrom('auto', 'on', 'off'),
    deviceDirtyTracking: boolean(),
    preCopyDirtyTracking: boolean(),
    onlyMigratable: boolean(),
    postCopy: boolean(),
  }),
  nova: record({ liveMigratable: constantFrom('yes', 'no', 'absent') }),
  proxmox: record({ mapped: boolean(), liveMigrationCapable: boolean() }),
}).map(({ qemuRelease, cloudHypervisorRelease, libvirt, memory, ...fields }) => {
  const vmmVersion = fields.vmm === 'qemu' ? qemuRelease : cloudHypervisorRelease;
  const of = fields.manager === 'libvirt' ? { managerVersion: libvirt } : { libvirtVersion: libvirt };
  return question({ ...onlyRead({ ...fields, vmmVersion, ...of }), memory }) as Settled;
});

const RUNS = { numRuns: effort(400, 400, 50_000) };

/** The values of one field that may be left out: what is given when it is, and what each value gives. */
function leavingOut(drawn: Settled, field: 'backend' | 'dirtyTracking'): { open: CanQuestion; whole: Settled } {
  const qemu = { ...drawn.qemu, enableMigration: 'auto', postCopy: false } as const;
  const iommu = { ...drawn.iommu, virtual: false, kernelReports: true };
  const whole: Settled = { ...drawn, vmm: 'qemu', vmmVersion: '10.2', manager: 'none', qemu, iommu };
  return { open: { ...whole, iommu: { ...iommu, [field]: undefined } }, whole };
}

describe('an answer', () => {
  test('says what decides, in which words, and what to change exactly when the VM does not move', () => {
    assert(
      property(settled, (each) => {
        const { outcome, why, condition, change, messages, facts } = decideCan(each);
        const refuses = outcome === 'refused' || outcome === 'attachFails';
        expect([why, condition]).not.toContain('');
        expect(change.length > 0).toBe(!CAN_OUTCOMES[outcome].moves);
        expect(messages.length > 0 || !refuses).toBe(true);
        expect(messages.map(({ text }) => text ?? '').join('')).not.toMatch(/[{}]/);
        expect(facts.length).toBeGreaterThan(0);
        // Changes that are named do lift what decides.
        if (each.vmm !== 'qemu' || condition !== 'dirtyTracking') return;
        expect(change.join()).toContain('enableMigration: on');
        const on = decideCan({ ...each, qemu: { ...each.qemu, enableMigration: 'on' } });
        expect(on.condition).not.toBe('dirtyTracking');
      }),
      RUNS,
    );
    expect.hasAssertions();
  });

  test('asks for a field exactly where its values give different outcomes, and says which gives which', () => {
    const seen = { same: 0, asked: 0 };
    assert(
      property(settled, constantFrom('backend', 'dirtyTracking'), (drawn, field) => {
        const { open, whole } = leavingOut(drawn, field);
        const values = field === 'backend' ? (['type1', 'iommufd'] as const) : ([false, true] as const);
        const outcomes = values.map(
          (value) => decideCan({ ...whole, iommu: { ...whole.iommu, [field]: value } }).outcome,
        );
        const answer = can(open);
        const differ = outcomes[0] !== outcomes[1];
        seen[differ ? 'asked' : 'same'] += 1;
        expect(answer.outcome).toBe(differ ? 'asks' : outcomes[0]);
        expect(answer.asks.map((asked) => asked.gives.map((given) => given.outcomes))).toEqual(
          differ ? [outcomes.map((outcome) => [outcome])] : [],
        );
      }),
      RUNS,
    );
    expect(seen.same).toBeGreaterThan(RUNS.numRuns / 40);
    expect(seen.asked).toBeGreaterThan(RUNS.numRuns / 40);
  });

  test('more devices never turn a refusal into a move', () => {
    let moved = 0;
    assert(
      property(settled, device, (each, another) => {
        const more = { ...each, devices: [...each.devices, { ...another, unplugged: false }] } as Settled;
        const moves = decideCan(more).outcome === 'moves';
        moved += moves ? 1 : 0;
        expect(moves && decideCan(each).outcome !== 'moves').toBe(false);
      }),
      RUNS,
    );
    expect(moved).toBeGreaterThan(RUNS.numRuns / 200);
  });
});

describe('tables', () => {
  test.each([
    ['QEMU', QEMU, COVERAGE.qemu.releases[0]],
    ['Cloud Hypervisor', CLOUD_HYPERVISOR, COVERAGE['cloud-hypervisor'].releases[0]],
    ...DRIVER_IDS.map((id) => [id, DRIVERS[id].rows, '0'] as const),
  ] as readonly (readonly [string, readonly { readonly since: string }[], string])[])(
    '%s begins with the oldest release that is covered, and continues in order',
    (_, rows, oldest) => {
      const sinces = rows.map(({ since }) => parseRelease(since)!);
      expect(rows[0]!.since).toBe(oldest);
      expect(sinces.toSorted(compareReleases)).toEqual(sinces);
      expect(new Set(rows.map(({ since }) => since)).size).toBe(rows.length);
    },
  );
});

describe('releases', () => {
  test.each([
    ['6.12.117', '6.12', 1],
    ['6.2', '6.12', -1],
    ['v53', '53.0', 0],
    ['7.2+dfsg-7', '7.2', 0],
  ])('%s against %s', (a, b, sign) => {
    expect(Math.sign(compareReleases(parseRelease(a)!, parseRelease(b)!))).toBe(sign);
  });

  test('what is none is refused', () => {
    expect(parseRelease('latest')).toBeNull();
    expect(() => question({ vmm: 'qemu', kernel: 'latest' })).toThrow(/release/);
  });
});
