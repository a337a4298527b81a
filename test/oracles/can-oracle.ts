/**
 * Whether a VM with VFIO devices moves, found in another way than by `sim/manager`: an ordered list of tests for each
 * program, transcribed from sources, patches and documentation of QEMU, Cloud Hypervisor, libvirt, KubeVirt, Nova and
 * Proxmox as of 30 November 2026. First failing test wins. Shares no table with the code under test; only the shape of
 * the question is its own.
 *
 * What the sources leave open is a choice of worlds, which `can-worlds.ts` makes; here each of them is judged.
 */
import type { CanQuestion } from '../../sim/manager/question.ts';

export type Driver = CanQuestion['devices'][number]['driver'];
type Outcome = 'moves' | 'movesAllDirty' | 'attachFails' | 'refused' | 'neverEnds' | 'losesState' | 'unread';
/** Fields that say a release. */
export type ReleaseField = 'vmmVersion' | 'managerVersion' | 'libvirtVersion' | 'kernel';
export type Program = 'QEMU' | 'Cloud Hypervisor' | 'libvirt' | 'KubeVirt' | 'Nova' | 'Proxmox VE';

/** Which test decided. */
export type Condition =
  | 'none'
  | 'off'
  | 'noMigration'
  | 'tracking'
  | 'p2p'
  | 'viommu'
  | 'memory'
  | 'postCopy'
  | 'option'
  | 'release'
  | 'iommufd'
  | 'manager';

/** What one fully known world gives. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly condition: Condition;
  readonly prints: readonly Printed[];
  /** Releases that nobody read, where those decide. */
  readonly unread?: readonly ReleaseField[];
}

/** What a program prints, whole. */
export interface Printed {
  readonly by: Program;
  /** Null: the sources do not have the words of this release. */
  readonly text: string | null;
}

/** A question in which QEMU's release, the kernel and more may be missing. */
export type OracleQuestion = Partial<Omit<CanQuestion, 'devices' | Part>> & {
  readonly [K in Part]?: Partial<CanQuestion[K]>;
} & {
  readonly vmm: CanQuestion['vmm'];
  readonly devices: readonly (Partial<CanQuestion['devices'][number]> & { readonly driver: Driver })[];
};

/** Parts of a question of which each field may be left out. */
type Part = 'iommu' | 'qemu' | 'cloudHypervisor' | 'kubevirt' | 'nova' | 'proxmox';

/** One VFIO device of a world. */
export interface Device {
  readonly driver: Driver;
  readonly name: string;
  readonly attachedAs: 'hostDevice' | 'gpu' | 'network';
  readonly unplugged: boolean;
  readonly migrates: boolean;
  readonly p2p: boolean;
  readonly log: boolean;
}

export interface World {
  readonly question: OracleQuestion;
  readonly release: string;
  readonly devices: readonly Device[];
  readonly backend: 'type1' | 'iommufd';
  /** The hardware marks pages, and the kernel hands the marks out through iommufd. */
  readonly iommuDirty: boolean;
  /** Whether all memory fits into the pause. */
  readonly fits: boolean;
  /** Size of a page of the hosts' kernel. */
  readonly pageBytes: number;
  /** Release of libvirt. */
  readonly libvirt: string;
}

// --- releases ------------------------------------------------------------------------------------------------------

function numbersOf(release: string): readonly number[] {
  return release.replace(/^v/, '').split('.').map(Number);
}

/** Whether `release` is `other` or newer; `main` is newer than all. */
export function since(release: string, other: string): boolean {
  if (release === 'main') return true;
  const [a, b] = [numbersOf(release), numbersOf(other)];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

export const QEMU_RELEASES = [
  '7.2',
  '8.0',
  '8.1',
  '8.2',
  '9.0',
  '9.1',
  '9.2',
  '10.0',
  '10.1',
  '10.2',
  '11.0',
  '11.1',
] as const;

// --- QEMU ----------------------------------------------------------------------------------------------------------

interface Blocker {
  readonly condition: Condition;
  readonly text: string | null;
  /** One for the whole VM, added once. */
  readonly once?: true;
}

interface Attached {
  /** Newest first. */
  readonly blockers: readonly Blocker[];
  readonly failed: Blocker | null;
}

/** Words of each release where the driver offers no migration; those of 11.0 were not read. */
function noMigrationText(name: string, release: string): string | null {
  if (!since(release, '11.1') && since(release, '11.0')) return null;
  if (!since(release, '11.1')) return `${name}: VFIO migration is not supported in kernel`;
  return `${name}: VFIO migration init failed: migration is not supported in kernel`;
}

/** What the option is on a release: it was off, and a plain boolean, up to 8.0. */
function modeOf(world: World): 'auto' | 'on' | 'off' {
  const said = world.question.qemu?.enableMigration;
  if (since(world.release, '8.1')) return said ?? 'auto';
  return said === 'on' ? 'on' : 'off';
}

function usesLog(world: World, device: Device): boolean {
  return device.log && world.question.qemu?.deviceDirtyTracking !== false;
}

/** Whether iommufd tracks for this release (from 9.1). */
function iommuTracks(world: World): boolean {
  return world.backend === 'iommufd' && world.iommuDirty && since(world.release, '9.1');
}

function severalText(release: string): string {
  return since(release, '8.2')
    ? 'Multiple VFIO devices migration is supported only if all of them support P2P migration'
    : 'Migration is currently not supported with multiple VFIO devices';
}

/** The dirty bitmap that type1 hands out is of 256 MiB, a bit for each page of the host. */
export const TYPE1_BITS = 256 * 2 ** 20 * 8;

/** Tests of one device in front of those that count devices; `null` where all are passed. */
function testAlone(world: World, device: Device): Blocker | null {
  const { release } = world;
  const mode = modeOf(world);
  const old = "VFIO device doesn't support migration";
  if (!since(release, '8.0')) return { condition: 'release', text: old };
  if (mode === 'off') {
    return {
      condition: 'off',
      text: since(release, '8.1') ? `${device.name}: Migration is disabled for VFIO device` : old,
    };
  }
  if (!device.migrates)
    return { condition: 'noMigration', text: since(release, '8.1') ? noMigrationText(device.name, release) : old };
  if (!since(release, '8.1') || usesLog(world, device) || iommuTracks(world)) return null;
  if (mode === 'auto') return { condition: 'tracking', text: trackingText(world, device) };
  const memory = world.question.memory ?? 0;
  if (!since(release, '11.0') || world.backend !== 'type1' || memory <= TYPE1_BITS * world.pageBytes) return null;
  return {
    condition: 'memory',
    text: `${device.name}: Migration is currently not supported with large memory VM due to dirty tracking limitation in backend`,
  };
}

function trackingText(world: World, device: Device): string {
  return since(world.release, '9.1')
    ? `${device.name}: VFIO device doesn't support device and IOMMU dirty tracking`
    : `${device.name}: VFIO device doesn't support device dirty tracking`;
}

/** Whether a device of a guest with an IOMMU of its own is refused. */
function refusesVirtualIommu(world: World, device: Device): boolean {
  if (world.question.iommu?.virtual !== true) return false;
  return !since(world.release, '11.0') || usesLog(world, device);
}

/** Attaches the devices in order. A blocker of the whole VM (several devices; up to 8.1 also the IOMMU) is added once. */
function attachAll(world: World): Attached {
  const blockers: Blocker[] = [];
  const demands = since(world.release, '8.1') && modeOf(world) === 'on';
  const counted: Device[] = [];
  for (const device of world.devices.filter((one) => !one.unplugged)) {
    const found: Blocker[] = [];
    const alone = testAlone(world, device);
    if (device.migrates && modeOf(world) !== 'off') counted.push(device);
    if (alone !== null) found.push(alone);
    else found.push(...testTogether(world, device, counted));
    for (const blocker of found) {
      if (blocker.once === true && blockers.some((one) => one.text === blocker.text)) continue;
      const failed = (words: string): Attached => {
        const text = blocker.text === null ? null : `vfio ${device.name}: ${words}${blocker.text}`;
        return { blockers, failed: { ...blocker, text } };
      };
      if (demands) return failed('');
      if (world.question.qemu?.onlyMigratable === true)
        return failed('disallowing migration blocker (--only-migratable) for: ');
      blockers.unshift(blocker);
    }
  }
  return { blockers, failed: null };
}

/** Tests that count devices, then that of the virtual IOMMU. */
function testTogether(world: World, device: Device, counted: readonly Device[]): Blocker[] {
  const found: Blocker[] = [];
  const byP2p = since(world.release, '8.2');
  if (counted.length > 1 && !(byP2p && counted.every((one) => one.p2p))) {
    found.push({ condition: 'p2p', text: severalText(world.release), once: true });
  }
  if (refusesVirtualIommu(world, device)) {
    const text = 'Migration is currently not supported with vIOMMU enabled';
    found.push({ condition: 'viommu', ...(byP2p ? { text: `${device.name}: ${text}` } : { text, once: true }) });
  }
  return found;
}

/** Capabilities that do not go together, then what the devices refuse when the move is prepared. */
export function startRefusal(world: World, present: readonly Device[]): Blocker | null {
  const qemu = world.question.qemu ?? {};
  const option = (text: string | null): Blocker => ({ condition: 'option', text });
  // Both capabilities came with 8.1; what older releases print was not read.
  if (!since(world.release, '8.1') && (qemu.switchoverAck === true || qemu.dirtyLimit === true)) return option(null);
  if (qemu.switchoverAck === true && qemu.returnPath !== true && !setsReturnPath(world)) {
    return option("Capability 'switchover-ack' requires capability 'return-path'");
  }
  if (qemu.autoConverge === true && qemu.dirtyLimit === true) {
    return option('dirty-limit conflicts with auto-converge either of then available currently');
  }
  if (qemu.dirtyLimit === true && qemu.dirtyRing !== true) {
    return option("dirty-limit requires KVM with accelerator property 'dirty-ring-size' set");
  }
  if (qemu.multifd === true && qemu.xbzrle === true) return option('Multifd is not compatible with xbzrle');
  const first = present[0];
  if (first === undefined) return null;
  if (permitsPostCopy(world)) {
    return { condition: 'postCopy', text: `${first.name}: VFIO migration is not supported with postcopy migration` };
  }
  if (qemu.backgroundSnapshot === true) {
    return option(`${first.name}: VFIO migration is not supported with background snapshot`);
  }
  if (qemu.multifdTransfer === 'on' && qemu.multifd !== true) {
    return option(`${first.name}: Multifd device transfer requested but unsupported in the current config`);
  }
  return null;
}

/** libvirt, and what is built on it, sets `return-path` always. */
function setsReturnPath(world: World): boolean {
  return ['libvirt', 'kubevirt', 'nova'].includes(world.question.manager ?? 'none');
}

/** `postcopy-ram` is set also where post-copy is merely permitted. */
function permitsPostCopy(world: World): boolean {
  const { qemu, manager, nova, kubevirt } = world.question;
  if (qemu?.postCopy === true) return true;
  return (
    (manager === 'nova' && nova?.permitPostCopy === true) ||
    (manager === 'kubevirt' && kubevirt?.allowPostCopy === true)
  );
}

export function judgeQemu(world: World): Verdict {
  const { multifdTransfer = 'auto' } = world.question.qemu ?? {};
  // A property that came with 10.0: no device takes it before.
  if (multifdTransfer !== 'auto' && !since(world.release, '10.0') && world.devices.some((one) => !one.unplugged)) {
    return { outcome: 'attachFails', condition: 'option', prints: [{ by: 'QEMU', text: null }] };
  }
  const { blockers, failed } = attachAll(world);
  if (failed !== null) {
    return { outcome: 'attachFails', condition: failed.condition, prints: [{ by: 'QEMU', text: failed.text }] };
  }
  const [newest] = blockers;
  if (newest !== undefined) {
    const prints: Printed[] = [{ by: 'QEMU', text: newest.text }, ...byLibvirt(world, blockers)];
    return { outcome: 'refused', condition: newest.condition, prints };
  }
  const present = world.devices.filter((one) => !one.unplugged);
  const refusal = startRefusal(world, present);
  if (refusal !== null) {
    return { outcome: 'refused', condition: refusal.condition, prints: [{ by: 'QEMU', text: refusal.text }] };
  }
  const tracked = present.every((one) => usesLog(world, one)) || iommuTracks(world);
  if (tracked) return { outcome: 'moves', condition: 'none', prints: [] };
  const warned = since(world.release, '8.1') ? present.filter((one) => !usesLog(world, one)) : [];
  const prints = warned.map((one): Printed => ({ by: 'QEMU', text: trackingText(world, one) }));
  const converges =
    world.question.qemu?.preCopyDirtyTracking === false ||
    world.fits ||
    (isRaised(world) && fitsIntoSeconds(world, 2000));
  return { outcome: converges ? 'movesAllDirty' : 'neverEnds', condition: 'tracking', prints };
}

/** Proxmox doubles the limit as long as the move gets nowhere; QEMU takes up to 2 000 000 ms. */
function isRaised({ question }: World): boolean {
  return question.manager === 'proxmox';
}

/** Whether all memory crosses the link in that time; what nobody says is taken to. */
function fitsIntoSeconds({ question: { memory, gigabitsPerSecond } }: World, seconds: number): boolean {
  return memory === undefined || gigabitsPerSecond === undefined || memory <= (gigabitsPerSecond * 1e9 * seconds) / 8;
}

function byLibvirt(world: World, blockers: readonly Blocker[]): readonly Printed[] {
  if (!setsReturnPath(world) || blockers.some((one) => one.text === null)) return [];
  return [{ by: 'libvirt', text: `cannot migrate domain: ${blockers.map((one) => one.text).join('; ')}` }];
}

// --- Cloud Hypervisor ----------------------------------------------------------------------------------------------

export function judgeCloudHypervisor(world: World): Verdict {
  const { question } = world;
  const devices = world.devices.filter((one) => !one.unplugged);
  const fine: Verdict = { outcome: 'moves', condition: 'none', prints: [] };
  const silent: Verdict = { outcome: 'losesState', condition: 'release', prints: [] };
  if (world.release !== 'main' && !since(world.release, 'v54')) {
    const user = devices.some((one) => one.driver === 'vfio-user');
    return devices.length === 0 ? fine : user ? { ...silent, condition: 'noMigration' } : silent;
  }
  const refused = (condition: Condition, text: string): Verdict => ({
    outcome: 'refused',
    condition,
    prints: [{ by: 'Cloud Hypervisor', text }],
  });
  const wrong = wrongOption(question.cloudHypervisor ?? {});
  if (wrong !== null) return refused('option', wrong);
  const vfio = devices.filter((one) => one.driver !== 'vfio-user');
  if (vfio.length > 0 && world.backend === 'type1') {
    return refused('iommufd', 'Usage of `vfio_fds` requires `iommufd_fd` to be specified');
  }
  for (const device of vfio) {
    if (!device.migrates) {
      return refused(
        'noMigration',
        'Migration failed: Failed to send migratable component snapshot: VFIO device does not support migration',
      );
    }
    if (question.iommu?.virtual === true) {
      return refused('viommu', 'Migration failed: VFIO device live migration is not supported behind a virtual IOMMU');
    }
  }
  const { memoryMode = 'precopy', local = false } = question.cloudHypervisor ?? {};
  if (memoryMode === 'precopy' && !local && vfio.some((one) => !one.log)) {
    return refused(
      'tracking',
      'Migration failed: Failed to start migration for migratable component: VFIO start_dma_logging',
    );
  }
  return vfio.length < devices.length ? { ...silent, condition: 'noMigration' } : fine;
}

/** The first option that the API refuses. */
function wrongOption(options: Partial<CanQuestion['cloudHypervisor']>): string | null {
  const { memoryMode = 'precopy', local = false, transport, connections = 1 } = options;
  if (connections > 128) return 'connections must not exceed 128.';
  if (transport === 'unix' && connections > 1)
    return 'UNIX sockets and connections option cannot be used at the same time.';
  if (local && transport === 'tcp') return 'local option is only supported with UNIX sockets.';
  if (memoryMode === 'postcopy' && local) return 'memory_mode=postcopy and local options are mutually exclusive.';
  if (memoryMode === 'postcopy' && connections > 1) {
    return 'memory_mode=postcopy currently requires a single connection (connections=1).';
  }
  if (local && connections > 1) return 'local option and connections option cannot be used at the same time.';
  return null;
}
