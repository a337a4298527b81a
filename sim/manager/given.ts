/**
 * A question in which everything is said, as the rules see it: releases as numbers, devices one by one.
 */
import { KIB } from '../base/units.ts';
import { deviceRow } from './device-row.ts';
import { DISTRIBUTIONS, type DriverId, IOMMU_IDS, IOMMUS } from './drivers.ts';
import type { ATTACHED_AS, CanQuestion } from './question.ts';
import { isAtLeast, parseRelease, type Release } from './release.ts';
import type { Basis } from './source.ts';
import { LIBVIRT_IOMMUFD, type ManagerId } from './vmms.ts';

/** Later than any number. */
const MAIN: Release = [Infinity];

/** @param text a release that the question's schema has accepted */
export function releaseOf(text: string): Release {
  return parseRelease(text) ?? MAIN;
}

export interface GivenDevice {
  /** As its VMM names it. */
  readonly name: string;
  readonly driver: DriverId;
  readonly attachedAs: (typeof ATTACHED_AS)[number];
  /** Whether its driver offers migration at all. */
  readonly migrates: boolean;
  readonly p2p: boolean;
  readonly preCopy: boolean;
  readonly dmaLog: boolean;
  readonly unplugged: boolean;
  readonly basis: Basis;
}

export interface Given {
  readonly question: CanQuestion;
  readonly vmm: Release;
  readonly devices: readonly GivenDevice[];
  /** Whether the VMM is given an iommufd for its devices. */
  readonly iommufd: boolean;
  /** Whether the IOMMU marks what devices write, in hardware and kernel. */
  readonly iommuDirty: boolean;
  /** What was decided on the way, as sentences. */
  readonly notes: readonly string[];
  readonly facts: readonly Basis[];
}

/** The fields that may be missing from a question, all given. */
export interface Settled extends CanQuestion {
  readonly vmmVersion: string;
  readonly kernel: string;
}

/** Managers that talk to QEMU through libvirt. */
export function usesLibvirt(manager: ManagerId): boolean {
  return manager === 'libvirt' || manager === 'kubevirt' || manager === 'nova';
}

/** The release of libvirt, if it is said. */
export function libvirtOf({ manager, managerVersion, libvirtVersion }: CanQuestion): string | undefined {
  return manager === 'libvirt' ? managerVersion : libvirtVersion;
}

export function givenOf(question: Settled): Given {
  const notes: string[] = [];
  const facts: Basis[] = [];
  const kernel = releaseOf(question.kernel);
  const distribution = question.distribution === undefined ? undefined : DISTRIBUTIONS[question.distribution];
  let iommufd = question.iommu.backend === 'iommufd';
  if (iommufd && distribution?.iommufd === false) {
    iommufd = false;
    notes.push(`${distribution.title} is built without iommufd: VFIO's type1 is what there is.`);
    facts.push(distribution);
  }
  if (
    iommufd &&
    usesLibvirt(question.manager) &&
    !isAtLeast(releaseOf(libvirtOf(question) ?? 'main'), LIBVIRT_IOMMUFD.since)
  ) {
    iommufd = false;
    notes.push(
      `libvirt hands QEMU an iommufd for a host device from ${LIBVIRT_IOMMUFD.since} on; before, type1 is used.`,
    );
    facts.push(LIBVIRT_IOMMUFD);
  }
  return {
    question,
    vmm: releaseOf(question.vmmVersion),
    devices: devicesOf(question, kernel, notes, facts),
    iommufd,
    iommuDirty: iommufd && question.iommu.dirtyTracking === true && kernelReports(question.iommu, kernel, facts),
    notes,
    facts,
  };
}

/** Whether a kernel hands out what the IOMMU marks. */
function kernelReports(
  { hardware, kernelReports: said }: CanQuestion['iommu'],
  kernel: Release,
  facts: Basis[],
): boolean {
  if (hardware === undefined) return IOMMU_IDS.every((id) => isAtLeast(kernel, IOMMUS[id].since));
  const iommu = IOMMUS[hardware];
  facts.push(iommu);
  return isAtLeast(kernel, iommu.since) || (said === true && isAtLeast(kernel, iommu.unsureSince));
}

/** Pages of which type1 reports in one bitmap: 256 MiB of bits. */
export const BITMAP_PAGES = 2 ** 31;

/** Size of a page of the hosts' kernel, in bytes; null: not known. */
export function hostPageOf({ hostPage, iommu, distribution }: CanQuestion): number | null {
  if (hostPage !== undefined) return hostPage;
  const x86 = iommu.hardware === 'vt-d' || iommu.hardware === 'amd-vi' || distribution === 'debian-amd64';
  return x86 ? 4 * KIB : null;
}

function devicesOf(question: Settled, kernel: Release, notes: string[], facts: Basis[]): GivenDevice[] {
  const devices: GivenDevice[] = [];
  for (const asked of question.devices) {
    const { driver, count, address, unplugged, attachedAs } = asked;
    const { row, note } = deviceRow(asked, kernel, question.distribution);
    if (note !== null) notes.push(note);
    facts.push({ source: row.source, evidence: row.evidence });
    for (let i = 0; i < count; i++) {
      devices.push({
        name: deviceName(address, i, devices.length),
        driver,
        attachedAs,
        migrates: row.migration === 'stop-copy',
        p2p: row.p2p || question.assume.p2p === true,
        preCopy: row.preCopy,
        dmaLog: row.dmaLog || question.assume.dirtyTracking === true,
        unplugged: unplugged || (attachedAs === 'network' && unplugsNetwork(question.manager)),
        basis: { source: row.source, evidence: row.evidence },
      });
    }
  }
  return devices;
}

/** KubeVirt and Nova unplug SR-IOV network devices before a move and plug others at the destination. */
function unplugsNetwork(manager: ManagerId): boolean {
  return manager === 'kubevirt' || manager === 'nova';
}

const FUNCTIONS_PER_DEVICE = 8;

/** The address of the i-th function after the given one; made up from 0000:03:00.1 on where none was given. */
function deviceName(address: string | undefined, index: number, place: number): string {
  const match = /^(.*:)([0-9a-f]{2})\.([0-7])$/.exec(address ?? '');
  if (address !== undefined && match === null) return index === 0 ? address : `${address}+${index}`;
  const [, bus = '0000:03:', slot = '00', fn = '1'] = match ?? [];
  const number = Number.parseInt(slot, 16) * FUNCTIONS_PER_DEVICE + Number(fn) + (match === null ? place : index);
  const device = Math.floor(number / FUNCTIONS_PER_DEVICE);
  return `${bus}${device.toString(16).padStart(2, '0')}.${number % FUNCTIONS_PER_DEVICE}`;
}
