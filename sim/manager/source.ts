/**
 * Where facts about other software come from: one table of sources with their dates, and how sure each fact is.
 *
 * What VMMs, kernels and managers do changes with their releases. Every row of the tables in this folder names its source, so
 * that an answer can be checked, and says how it was obtained.
 */

/** What was read, and of which day. */
export const SOURCES = {
  'linux-6.1.192': { title: 'Linux 6.1.192, Debian source package', date: '2026-11-30' },
  'linux-6.12.117': { title: 'Linux 6.12.117, Debian source package', date: '2026-11-30' },
  'linux-7.2.13': { title: 'Linux 7.2.13, Debian source package and configurations', date: '2026-11-30' },
  'linux-7.3.4': { title: 'Linux 7.3.4, Debian source package', date: '2026-11-30' },
  'hisi-acc-history': {
    title: 'hisi_acc_vfio_pci of Linux 5.18, 6.1, 6.2, 6.8, 6.12, 6.16, 6.18.y and upstream',
    date: '2026-11-30',
  },
  'linux-lists': {
    title: 'patches on kvm@vger.kernel.org and linux-crypto@vger.kernel.org, 2022 to 2026',
    date: '2026-11-30',
  },
  'qemu-7.2': { title: 'QEMU 7.2 source, Debian 7.2+dfsg-7+deb12u18', date: '2026-11-30' },
  'qemu-10.0': { title: 'QEMU 10.0.13 source', date: '2026-11-30' },
  'qemu-10.2': { title: 'QEMU 10.2.2 source', date: '2026-11-30' },
  'qemu-11.1': { title: 'strings of qemu-system-x86 11.1.3, Debian', date: '2026-11-30' },
  'qemu-lists': { title: 'patches and pull requests on qemu-devel@nongnu.org, 2023 to 2026', date: '2026-11-30' },
  'cloud-hypervisor': { title: 'Cloud Hypervisor main ae44c2971', date: '2026-08-22' },
  'cloud-hypervisor-53': { title: 'Cloud Hypervisor v53.0', date: '2026-07-12' },
  'cloud-hypervisor-52': { title: 'Cloud Hypervisor v52.0', date: '2026-05-14' },
  'libvirt-11.3': { title: 'libvirt 11.3.0 source', date: '2026-11-30' },
  'libvirt-12.8': { title: 'strings of libvirt 12.8.0', date: '2026-11-30' },
  kubevirt: { title: 'KubeVirt main d923fdb815', date: '2026-08-22' },
  nova: { title: 'OpenStack Nova 00a030403f', date: '2026-08-21' },
  proxmox: { title: 'Proxmox VE qemu-server, QemuMigrate.pm 096a1ac22', date: '2026-08-22' },
} as const satisfies Readonly<Record<string, { readonly title: string; readonly date: string }>>;

type SourceId = keyof typeof SOURCES;

/** How a fact was obtained, surest first. */
export const EVIDENCE = {
  source: 'read in the source',
  binary: 'read in the strings of the program',
  text: 'read in documentation, patches or mails',
  derived: 'follows from what was read',
  unsure: 'not certain',
} as const;

type Evidence = keyof typeof EVIDENCE;

/** What a row of a table rests on. */
export interface Basis {
  readonly source: SourceId;
  readonly evidence: Evidence;
}
