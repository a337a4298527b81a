import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { can, decideCan } from '../../../sim/manager/can.ts';
import { CAN_OUTCOMES } from '../../../sim/manager/can-answer.ts';
import { DRIVER_IDS, DRIVERS, type DriverRow } from '../../../sim/manager/drivers.ts';
import type { Settled } from '../../../sim/manager/given.ts';
import {
  CAN_FORMAT,
  CAN_VERSION,
  type CanQuestion,
  type CanQuestionInput,
  canQuestionSchema,
} from '../../../sim/manager/question.ts';
import { compareReleases, parseRelease } from '../../../sim/manager/release.ts';
import { MANAGER_IDS, QEMU } from '../../../sim/manager/vmms.ts';

function question(fields: Omit<CanQuestionInput, 'format' | 'version'>): CanQuestion {
  return canQuestionSchema.parse({ format: CAN_FORMAT, version: CAN_VERSION, ...fields });
}

const KNOWN_DRIVERS = DRIVER_IDS.filter((id) => !['mdev', 'vfio-user'].includes(id));

const device = fc.record({
  driver: fc.constantFrom(...KNOWN_DRIVERS),
  count: fc.integer({ min: 1, max: 3 }),
  attachedAs: fc.constantFrom('hostDevice', 'gpu', 'network'),
});

/** A question in which everything is said. */
const settled = fc
  .record({
    vmm: fc.constantFrom('qemu', 'cloud-hypervisor'),
    vmmVersion: fc.constantFrom('7.2', '8.0', '8.1', '8.2', '9.0', '9.2', '10.2', '11.0', '11.1', '52', 'v53', 'main'),
    // Managers have tests of their own before the VMM's; half of the questions go past them.
    manager: fc.oneof(fc.constant('none' as const), fc.constantFrom(...MANAGER_IDS)),
    managerVersion: fc.constantFrom('11.3', '12.8', 'main'),
    kernel: fc.constantFrom('6.1', '6.8', '6.12', '7.2', '7.3'),
    devices: fc.array(device, { maxLength: 3 }),
    iommu: fc.record({
      backend: fc.constantFrom('type1', 'iommufd'),
      hardware: fc.constantFrom('smmuv3', 'vt-d', 'amd-vi'),
      dirtyTracking: fc.boolean(),
      virtual: fc.boolean(),
    }),
    memory: fc.constantFrom('1GiB', '64GiB', '16TiB'),
    gigabitsPerSecond: fc.constantFrom(1, 25, 400),
    qemu: fc.record({
      enableMigration: fc.constantFrom('auto', 'on', 'off'),
      deviceDirtyTracking: fc.boolean(),
      preCopyDirtyTracking: fc.boolean(),
      onlyMigratable: fc.boolean(),
      postCopy: fc.boolean(),
    }),
    nova: fc.record({ liveMigratable: fc.constantFrom('yes', 'no', 'absent') }),
    proxmox: fc.record({ mapped: fc.boolean(), liveMigrationCapable: fc.boolean() }),
  })
  .map((fields) => question(fields as Omit<CanQuestionInput, 'format' | 'version'>) as Settled);

describe('an answer', () => {
  test('says what decides, and in which words, and what to change exactly when the VM does not move', () => {
    fc.assert(
      fc.property(settled, (each) => {
        const { outcome, why, condition, change, messages, facts } = decideCan(each);
        expect(why).not.toBe('');
        expect(condition).not.toBe('');
        expect(change.length > 0).toBe(!CAN_OUTCOMES[outcome].moves);
        if (outcome === 'refused' || outcome === 'attachFails') expect(messages.length).toBeGreaterThan(0);
        for (const { text } of messages) expect(text ?? '').not.toMatch(/[{}]/);
        expect(facts.length).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });

  test('is the same when a field is left out that it does not depend on, and asks for one that it depends on', () => {
    const seen = { same: 0, asked: 0 };
    fc.assert(
      fc.property(settled, fc.constantFrom('backend', 'dirtyTracking', 'kernel'), (drawn, field) => {
        const iommuDecides = { vmmVersion: '10.2', vmm: 'qemu', manager: 'none' } as const;
        const qemu = { ...drawn.qemu, enableMigration: 'auto', postCopy: false } as const;
        const each: Settled = { ...drawn, ...iommuDecides, qemu, iommu: { ...drawn.iommu, virtual: false } };
        const { [field === 'kernel' ? 'kernel' : 'iommu']: _, ...rest } = each;
        const { backend, dirtyTracking, ...iommu } = each.iommu;
        const open = (
          field === 'kernel'
            ? rest
            : { ...each, iommu: { ...iommu, ...(field === 'backend' ? { dirtyTracking } : { backend }) } }
        ) as CanQuestion;
        const answer = can(open);
        const known = decideCan(each);
        if (answer.outcome === 'asks') {
          seen.asked += 1;
          expect(answer.asks.length).toBeGreaterThan(0);
          // What was left out is asked for, and what was given is one of the values with its outcome among them.
          const asked = answer.asks.find((fact) => fact.field.endsWith(field));
          if (asked !== undefined && field === 'backend') {
            expect(asked.gives.find(({ value }) => value === backend)!.outcomes).toContain(known.outcome);
          }
        } else if (field !== 'kernel') {
          seen.same += 1;
          expect(answer.outcome).toBe(known.outcome);
        }
      }),
      { numRuns: 2000 },
    );
    expect(seen.same).toBeGreaterThan(100);
    expect(seen.asked).toBeGreaterThan(20);
  });

  test('more devices never turn a refusal into a move', () => {
    fc.assert(
      fc.property(settled, device, (each, another) => {
        const more = { ...each, devices: [...each.devices, { ...another, unplugged: false }] } as Settled;
        if (decideCan(more).outcome === 'moves') expect(decideCan(each).outcome).toBe('moves');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('tables', () => {
  const ascending = (rows: readonly { readonly since: string }[]): void => {
    for (const [index, { since }] of rows.entries()) {
      if (index > 0)
        expect(compareReleases(parseRelease(rows[index - 1]!.since)!, parseRelease(since)!)).toBeLessThan(0);
    }
  };

  test('begin with a row for every older release, and go on in order', () => {
    expect(QEMU[0].since).toBe('0');
    ascending(QEMU);
    for (const id of DRIVER_IDS) {
      const rows: readonly DriverRow[] = DRIVERS[id].rows;
      expect(rows[0]!.since).toBe('0');
      ascending(rows);
    }
  });
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
