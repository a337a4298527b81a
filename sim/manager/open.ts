/**
 * The fields that a question leaves out and on which its answer may depend, with the values that each could have.
 *
 * A fact that the tables have no certain row for is such a field too. What is settled first may close what follows, or open
 * it: {@link everyWay} asks again after each.
 */
import type { VmmName } from '../memory/vmms.ts';
import { COVERAGE } from './coverage.ts';
import { deviceRow } from './device-row.ts';
import { DISTRIBUTIONS, driverAt, type DriverFact, DRIVERS, type DriverRow, IOMMU_IDS, IOMMUS } from './drivers.ts';
import { BITMAP_PAGES, hostPageOf, libvirtOf, releaseOf, type Settled, usesLibvirt } from './given.ts';
import type { CanQuestion } from './question.ts';
import { compareReleases, isAtLeast, parseRelease, type Release } from './release.ts';
import { CLOUD_HYPERVISOR, LIBVIRT_IOMMUFD, NOVA_NEEDS, QEMU } from './vmms.ts';
import { KIB } from '../base/units.ts';

/** A field that was left out, and the values that it could have. */
interface Open {
  readonly field: string;
  /** In rising order of what they permit. */
  readonly values: readonly string[];
  readonly with: (question: CanQuestion, value: string) => CanQuestion;
}

/** One way to settle a question. */
export interface Way {
  /** The value of each field that was open, by its name. */
  readonly values: ReadonlyMap<string, string>;
  readonly question: Settled;
}

/** Every combination of the values of what a question leaves open. */
export function everyWay(question: CanQuestion, values: ReadonlyMap<string, string> = new Map()): readonly Way[] {
  const open = firstOpen(question);
  if (open === null) return [{ values, question: question as Settled }];
  // Who writes that tracking is to be assumed means a VMM, a kernel and hosts that make use of it.
  const best = question.assume.dirtyTracking === true && !open.field.startsWith('devices');
  return (best ? open.values.slice(-1) : open.values).flatMap((value) =>
    everyWay(open.with(question, value), new Map([...values, [open.field, value]])),
  );
}

/** Releases at which each VMM may decide otherwise. */
const RELEASES: Readonly<Record<VmmName, readonly string[]>> = {
  qemu: sincesOf(QEMU),
  'cloud-hypervisor': [...sincesOf(CLOUD_HYPERVISOR).slice(0, -1), 'main'],
};

/** The newest release of a VMM on record. */
export function newestRelease(vmm: VmmName): string {
  return RELEASES[vmm].at(-1)!;
}

/** The first field that is still open; null: all is said. */
function firstOpen(question: CanQuestion): Open | null {
  if (question.vmmVersion === undefined) {
    return {
      field: 'vmmVersion',
      values: releasesOf(question),
      with: (q, vmmVersion) => ({ ...q, vmmVersion }),
    };
  }
  return (
    openLibvirt(question) ?? openKernel(question) ?? openDevice(question) ?? openIommu(question) ?? openPage(question)
  );
}

/** Releases of the VMM that may differ, also in what Nova asks of them. */
function releasesOf({ vmm, manager }: CanQuestion): readonly string[] {
  if (manager !== 'nova') return RELEASES[vmm];
  return [...RELEASES[vmm], NOVA_NEEDS.pci.qemu].toSorted((a, b) => compareReleases(releaseOf(a), releaseOf(b)));
}

function openLibvirt(question: CanQuestion): Open | null {
  const { manager } = question;
  if (!usesLibvirt(manager)) return null;
  const field = manager === 'libvirt' ? 'managerVersion' : 'libvirtVersion';
  const withRelease = (values: readonly string[]): Open => ({
    field,
    values,
    with: (q, value) => ({ ...q, [field]: value }),
  });
  const { lacks, since } = LIBVIRT_IOMMUFD;
  const said = libvirtOf(question);
  if (said === undefined) {
    return withRelease([...(manager === 'nova' ? [...NOVA_NEEDS.triedLibvirt] : []), lacks, since]);
  }
  const release = releaseOf(said);
  const known = compareReleases(release, parseRelease(lacks)!) <= 0 || isAtLeast(release, since);
  return known || question.iommu.backend === 'type1' ? null : withRelease([lacks, since]);
}

function openKernel(question: CanQuestion): Open | null {
  if (question.kernel !== undefined) return null;
  return { field: 'kernel', values: kernelsOf(question), with: (q, kernel) => ({ ...q, kernel }) };
}

/** Kernels at which anything changes for these devices, and which have all of their drivers: who names a driver has it. */
export function kernelsOf(question: CanQuestion): readonly string[] {
  if (question.kernel !== undefined) return [question.kernel];
  if (question.distribution !== undefined) return [DISTRIBUTIONS[question.distribution].kernel];
  const kernels = new Set<string>([COVERAGE.kernel.releases[1]]);
  for (const { driver } of question.devices) {
    const rows: readonly DriverRow[] = DRIVERS[driver].rows;
    for (const { since } of rows) kernels.add(since === '0' ? OLDER_KERNEL : since);
  }
  if (question.iommu.dirtyTracking !== false && question.iommu.backend !== 'type1') {
    const hardware = question.iommu.hardware === undefined ? IOMMU_IDS : [question.iommu.hardware];
    for (const id of hardware) kernels.add(IOMMUS[id].unsureSince).add(IOMMUS[id].since);
  }
  return [...kernels]
    .filter((kernel) =>
      question.devices.every(({ driver }) => driverAt(driver, releaseOf(kernel)).migration !== 'absent'),
    )
    .toSorted((a, b) => compareReleases(releaseOf(a), releaseOf(b)));
}

/** A kernel before dirty tracking of any IOMMU, with VFIO's migration. */
const OLDER_KERNEL = '6.2';

const FACT_FIELDS: Readonly<Record<DriverFact, string>> = {
  migration: 'migrates',
  p2p: 'offers.p2p',
  dmaLog: 'offers.dmaLog',
};

/** The first fact of a driver that is neither on record nor said. */
function openDevice(question: CanQuestion): Open | null {
  const kernel = releaseOf(question.kernel!);
  const several = question.devices.reduce((sum, { count }) => sum + count, 0) > 1;
  for (const [index, device] of question.devices.entries()) {
    const servedByProcess = device.driver === 'vfio-user' && question.vmm === 'cloud-hypervisor';
    if (device.unplugged || servedByProcess) continue;
    const { unsure } = deviceRow(device, kernel, question.distribution);
    // Whether a device has P2P matters to several only.
    const fact = unsure.find(
      (each) =>
        !(each === 'p2p' && (!several || question.assume.p2p === true)) &&
        !(each === 'dmaLog' && question.assume.dirtyTracking === true),
    );
    if (fact === undefined) continue;
    const say = (yes: boolean): Partial<CanQuestion['devices'][number]> =>
      fact === 'migration' ? { migrates: yes } : { offers: { ...device.offers, [fact]: yes } };
    return {
      field: `devices[${index}].${FACT_FIELDS[fact]}`,
      values: ['no', 'yes'],
      with: (q, value) => ({
        ...q,
        devices: q.devices.map((each, i) => (i === index ? { ...each, ...say(value === 'yes') } : each)),
      }),
    };
  }
  return null;
}

function openIommu(question: CanQuestion): Open | null {
  const { backend, dirtyTracking, hardware, kernelReports } = question.iommu;
  const open = (
    field: keyof CanQuestion['iommu'],
    values: readonly string[],
    read: (value: string) => Partial<CanQuestion['iommu']>,
  ): Open => ({
    field: `iommu.${field}`,
    values,
    with: (q, value) => ({ ...q, iommu: { ...q.iommu, ...read(value) } }),
  });
  if (backend === undefined) {
    return open('backend', ['type1', 'iommufd'], (value) => ({ backend: value === 'type1' ? 'type1' : 'iommufd' }));
  }
  if (dirtyTracking === undefined) {
    return open('dirtyTracking', ['no', 'yes'], (value) => ({ dirtyTracking: value === 'yes' }));
  }
  const kernel = releaseOf(question.kernel!);
  if (hardware === undefined && (hardwareMatters(question, kernel) || isHuge(question))) {
    return open('hardware', IOMMU_IDS, (value) => ({ hardware: IOMMU_IDS.find((id) => id === value)! }));
  }
  if (hardware === undefined) return null;
  const { since, unsureSince } = IOMMUS[hardware];
  const unsure = isAtLeast(kernel, unsureSince) && !isAtLeast(kernel, since);
  if (kernelReports === undefined && unsure && dirtyTracking && backend === 'iommufd') {
    return open('kernelReports', ['no', 'yes'], (value) => ({ kernelReports: value === 'yes' }));
  }
  return null;
}

/** Whether a kernel reports what one kind of IOMMU marks, and perhaps not what another does. */
function hardwareMatters({ iommu }: CanQuestion, kernel: Release): boolean {
  if (iommu.backend !== 'iommufd' || iommu.dirtyTracking !== true) return false;
  const before = IOMMU_IDS.every((id) => !isAtLeast(kernel, IOMMUS[id].unsureSince));
  const after = IOMMU_IDS.every((id) => isAtLeast(kernel, IOMMUS[id].since));
  return !before && !after;
}

/** Whether memory is beyond what a bitmap covers with the smallest pages. */
function isHuge({ memory = 0 }: CanQuestion): boolean {
  return memory > BITMAP_PAGES * 4 * KIB;
}

/** Sizes of pages that kernels of arm64 are built with. */
const ARM_PAGES_KIB = [4, 16, 64];

function openPage(question: CanQuestion): Open | null {
  if (hostPageOf(question) !== null || !isHuge(question)) return null;
  return {
    field: 'hostPage',
    values: ARM_PAGES_KIB.map((kib) => `${kib}KiB`),
    with: (q, value) => ({ ...q, hostPage: Number.parseInt(value, 10) * KIB }),
  };
}

/** The releases at which a table's rows begin. */
function sincesOf(rows: readonly { readonly since: string }[]): readonly string[] {
  return rows.map(({ since }) => since);
}
