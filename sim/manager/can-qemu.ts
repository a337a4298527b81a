/**
 * Whether QEMU moves a VM with VFIO devices: its tests in its order, the first failing test of each device wins.
 *
 * At attach: option off, init, dirty tracking, several devices, vIOMMU. At the start of a move: capabilities that exclude each
 * other, blockers, post-copy and snapshots. Then, where nothing logs the devices' writes, what becomes of memory.
 */
import { KIB, NS_PER_S } from '../base/units.ts';
import type { Decided, ShownMessage } from './can-answer.ts';
import { BITMAP_PAGES, type Given, type GivenDevice, hostPageOf, usesLibvirt } from './given.ts';
import { isAtLeast } from './release.ts';
import type { Basis } from './source.ts';
import { refusalText, type TextId, TEXTS } from './texts.ts';
import { type ManagerId, qemuAt, type QemuRow } from './vmms.ts';

/** A failing test at the attach of a device. */
interface Blocker {
  readonly condition: string;
  /** Null: this release's words are not on record. */
  readonly text: TextId | null;
  readonly device: GivenDevice;
}

const CHANGES: Readonly<Record<string, string>> = {
  optionOff: 'Set enable-migration=auto (or on) for the device.',
  noMigration:
    'Bind a VFIO driver that offers migration (STOP_COPY) for this device, or unplug it for the move (failover pair).',
  protocol1: 'Use QEMU 8.1 or newer: this release speaks a protocol with the kernel that no driver offers any more.',
  dirtyTracking:
    'Give QEMU something that tracks what the device writes: a driver with DMA logging (mlx5, pds), or iommufd with an IOMMU that marks dirty pages (QEMU 9.1 or newer).',
  several: 'Leave one VFIO device in the VM: this release moves no more.',
  p2p: 'Leave one VFIO device in the VM, or use devices whose drivers all offer P2P.',
  vIommu: 'Take the virtual IOMMU out of the VM.',
  bitmapLimit: 'Use iommufd with dirty tracking, or a VM whose memory fits the bitmap (8 TiB with pages of 4 KiB).',
};

/** What lifts a blocker. Under `on` nothing has to log what a device writes, and then a move may not end. */
function changesOf(condition: string, { question: { manager } }: Given): readonly string[] {
  const first = CHANGES[condition]!;
  if (condition !== 'dirtyTracking') return [first];
  const by = usesLibvirt(manager) ? ', which libvirt only passes on in its namespace of QEMU' : '';
  return [
    first,
    `Or set enable-migration=on for the device (qemu.enableMigration: on)${by}: the move begins, each sync counts all memory dirty, and it ends only with x-pre-copy-dirty-page-tracking=off or a downtime limit for all memory.`,
  ];
}

const NO_DEVICE = 'No VFIO device is there when the VM moves.';

/** Whether QEMU's release decides anything: it has a VFIO device to move, or options that may exclude each other. */
export function dependsOnQemu(given: Given): boolean {
  return given.devices.some(({ unplugged }) => !unplugged) || capabilityConflict(given) !== null;
}

/** @param given with a release that the tables cover, or one that does not matter */
export function canQemu(given: Given): Decided {
  const plugged = given.devices.filter(({ unplugged }) => !unplugged);
  const row = qemuAt(given.vmm);
  if (row === undefined) return moves(given, given.facts, 'noDevice', NO_DEVICE);
  const facts = [basisOf(row), ...given.facts];
  if (plugged[0] !== undefined && lacksMultifdTransfer(given)) return noProperty(given, facts, plugged[0]);
  const blockers = blockersOf(given, row, plugged);
  const [oldest] = blockers;
  if (oldest !== undefined) {
    if (row.onDemands && optionOf(given, row) === 'on') return attachFails(given, facts, oldest);
    if (given.question.qemu.onlyMigratable) return onlyMigratable(given, facts, oldest);
    return blocked(given, facts, blockers);
  }
  const conflict = capabilityConflict(given);
  if (conflict !== null) return refused(given, facts, conflict.condition, conflict.text, null, conflict.change);
  if (plugged.length === 0) return moves(given, facts, 'noDevice', NO_DEVICE);
  return atStart(given, facts, plugged) ?? memory(given, row, facts, plugged);
}

/** The option in force: up to 8.0 it has no `auto`. */
function optionOf(given: Given, { enableMigration }: QemuRow): 'auto' | 'on' | 'off' {
  const said = given.question.qemu.enableMigration ?? enableMigration;
  return said === 'auto' ? enableMigration : said;
}

function basisOf({ source, evidence }: Basis): Basis {
  return { source, evidence };
}

/** The release with the capabilities switchover-ack and dirty-limit. */
const CAPABILITIES_SINCE = '8.1';

/** Capabilities that this QEMU does not have, or does not set together, in the order of `migrate_caps_check`. */
function capabilityConflict(given: Given): { condition: string; text: TextId | null; change: string } | null {
  const { qemu, manager } = given.question;
  if ((qemu.switchoverAck || qemu.dirtyLimit) && !isAtLeast(given.vmm, CAPABILITIES_SINCE)) {
    const name = qemu.switchoverAck ? 'switchover-ack' : 'dirty-limit';
    const change = `Leave ${name} out, or use QEMU ${CAPABILITIES_SINCE} or newer.`;
    return { condition: 'noCapability', text: null, change };
  }
  if (qemu.switchoverAck && !qemu.returnPath && !usesLibvirt(manager)) {
    return { condition: 'ackNeedsReturnPath', text: 'ackNeedsReturnPath', change: 'Set return-path as well.' };
  }
  if (qemu.autoConverge && qemu.dirtyLimit) {
    return {
      condition: 'dirtyLimitAutoConverge',
      text: 'dirtyLimitAutoConverge',
      change: 'Set one of auto-converge and dirty-limit.',
    };
  }
  if (qemu.dirtyLimit && !qemu.dirtyRing) {
    return {
      condition: 'dirtyLimitRing',
      text: 'dirtyLimitRing',
      change: 'Start QEMU with a KVM dirty ring (dirty-ring-size).',
    };
  }
  if (qemu.multifd && qemu.xbzrle) {
    return { condition: 'multifdXbzrle', text: 'multifdXbzrle', change: 'Set one of multifd and xbzrle.' };
  }
  return null;
}

/**
 * What fails at the attach of the devices, in their order, oldest first.
 *
 * Of the tests before that of several devices the first failing one ends the attach of a device. What fails for the whole VM
 * is noted once, and the tests after it are still made.
 */
function blockersOf(given: Given, row: QemuRow, devices: readonly GivenDevice[]): readonly Blocker[] {
  const blockers: Blocker[] = [];
  const ofVm = new Set<string>();
  /** Devices whose init succeeded, though something else of them may be blocked. */
  const initialized: GivenDevice[] = [];
  for (const device of devices) {
    const own = ownBlocker(given, row, device);
    if (own === null || own.condition === 'dirtyTracking' || own.condition === 'bitmapLimit') initialized.push(device);
    if (own !== null) {
      blockers.push(own);
      continue;
    }
    const several = severalBlocker(row, initialized, device);
    if (several !== null && !ofVm.has(several.condition)) {
      ofVm.add(several.condition);
      blockers.push(several);
    }
    if (given.question.iommu.virtual && (row.vIommuBlocks === 'all' || usesDeviceLog(given, device))) {
      const named = isAtLeast(given.vmm, '8.2');
      if (named || !ofVm.has('vIommu'))
        blockers.push({ condition: 'vIommu', text: named ? 'vIommu' : 'vIommuUnnamed', device });
      ofVm.add('vIommu');
    }
  }
  return blockers;
}

/** The tests before those of several devices. */
function ownBlocker(given: Given, row: QemuRow, device: GivenDevice): Blocker | null {
  if (row.protocol === 1) return { condition: 'protocol1', text: 'noSupport', device };
  const option = optionOf(given, row);
  const old = row.onDemands ? null : 'noSupport';
  if (option === 'off') return { condition: 'optionOff', text: old ?? 'disabled', device };
  if (!device.migrates) return { condition: 'noMigration', text: old ?? notInKernel(given), device };
  const tracked = usesDeviceLog(given, device) || (given.iommuDirty && row.needs === 'device-or-iommu');
  if (!tracked && option === 'auto' && row.needs !== 'nothing') {
    const text = row.needs === 'device' ? 'noDeviceLog' : 'noDirtyTracking';
    return { condition: 'dirtyTracking', text, device };
  }
  const memoryBytes = given.question.memory ?? 0;
  const limit = BITMAP_PAGES * (hostPageOf(given.question) ?? 4 * KIB);
  if (!tracked && row.bitmapLimit && !given.iommufd && memoryBytes > limit) {
    return { condition: 'bitmapLimit', text: 'bitmapLimit', device };
  }
  return null;
}

/** 11.1 has new words; when they came is not on record. */
function notInKernel(given: Given): TextId | null {
  if (isAtLeast(given.vmm, '11.1')) return 'notInKernel111';
  return isAtLeast(given.vmm, '11.0') ? null : 'notInKernel';
}

function severalBlocker(row: QemuRow, initialized: readonly GivenDevice[], device: GivenDevice): Blocker | null {
  if (initialized.length < 2) return null;
  if (row.several === 'refused') return { condition: 'several', text: 'severalDevices', device };
  const withoutP2p = initialized.some(({ p2p }) => !p2p);
  return withoutP2p ? { condition: 'p2p', text: 'severalWithoutP2p', device } : null;
}

function usesDeviceLog(given: Given, device: GivenDevice): boolean {
  return device.dmaLog && given.question.qemu.deviceDirtyTracking;
}

/** The release with `x-migration-multifd-transfer`. */
const MULTIFD_TRANSFER_SINCE = '10.0';

function lacksMultifdTransfer({ question, vmm }: Given): boolean {
  return question.qemu.multifdTransfer !== 'auto' && !isAtLeast(vmm, MULTIFD_TRANSFER_SINCE);
}

/** A property of a device that this release does not know. */
function noProperty(given: Given, facts: readonly Basis[], { name }: GivenDevice): Decided {
  return {
    outcome: 'attachFails',
    condition: 'noProperty',
    why: `This QEMU has no x-migration-multifd-transfer: ${name} cannot be attached with it.`,
    messages: [{ by: 'QEMU', where: 'error of device_add, or at the start', text: null }],
    change: [`Leave multifdTransfer out, or use QEMU ${MULTIFD_TRANSFER_SINCE} or newer.`],
    notes: given.notes,
    facts,
  };
}

/** What `migrate` itself refuses once no device blocks it. */
function atStart(given: Given, facts: readonly Basis[], devices: readonly GivenDevice[]): Decided | null {
  const { qemu, nova, kubevirt, manager } = given.question;
  const device = devices[0]!;
  const postCopy =
    qemu.postCopy || (manager === 'nova' && nova.permitPostCopy) || (manager === 'kubevirt' && kubevirt.allowPostCopy);
  if (postCopy) {
    const change = 'Do not permit post-copy for VMs with VFIO devices: the capability alone is refused.';
    return refused(given, facts, 'postCopy', 'postCopy', device, change);
  }
  if (qemu.backgroundSnapshot) {
    return refused(given, facts, 'backgroundSnapshot', 'backgroundSnapshot', device, 'Do not set background-snapshot.');
  }
  if (qemu.multifdTransfer === 'on' && !qemu.multifd) {
    const change = 'Set multifd, without compression, or leave x-migration-multifd-transfer at auto.';
    return refused(given, facts, 'multifdTransfer', 'multifdTransfer', device, change);
  }
  return null;
}

/** What switchover-ack waits for, where it is set: by the question, or by libvirt. */
function acknowledgement({ question }: Given, row: QemuRow, devices: readonly GivenDevice[]): readonly string[] {
  const asked = question.qemu.switchoverAck || usesLibvirt(question.manager);
  const names = devices.flatMap(({ preCopy, name }) => (preCopy ? [name] : []));
  if (!asked || !row.switchoverAck || names.length === 0) return [];
  return [
    `With switchover-ack QEMU does not switch before the destination has acknowledged the initial data of ${names.join(', ')} (PRE_COPY), and has no time-out for it.`,
  ];
}

/** The longest downtime limit that QEMU takes. */
const DOWNTIME_LIMIT_MAX_NS = 2_000 * NS_PER_S;

/** The limit doubles each time that what remains has not fallen for more than 5 polls. */
const PROXMOX_DOUBLES: Basis = { source: 'proxmox', evidence: 'source' };

/** What ends a move that makes no progress. */
const CANCELS: Readonly<Partial<Record<ManagerId, string>>> = {
  kubevirt: '; KubeVirt cancels the move when its completion time-out is over',
  nova: '; Nova aborts the move when its completion time-out is over',
};

/** Every test is passed: what becomes of memory depends on who tracks the devices' writes. */
function memory(asked: Given, row: QemuRow, facts: readonly Basis[], devices: readonly GivenDevice[]): Decided {
  const given = { ...asked, notes: [...asked.notes, ...acknowledgement(asked, row, devices)] };
  const allLog = devices.every((device) => usesDeviceLog(given, device));
  if (allLog) return moves(given, facts, 'deviceLog', 'All devices log what they write.');
  if (given.iommuDirty && row.needs === 'device-or-iommu') {
    return moves(given, facts, 'iommuLog', 'The IOMMU marks what the devices write.');
  }
  const { question } = given;
  const warning = row.needs === 'device' ? 'noDeviceLog' : 'noDirtyTracking';
  const warned = row.needs === 'nothing' ? [] : devices.filter((device) => !usesDeviceLog(given, device));
  const messages = warned.map(({ name }): ShownMessage => ({
    by: 'QEMU',
    where: 'warning at attach',
    text: refusalText(warning, { device: name }),
  }));
  const base = { messages, notes: given.notes, facts };
  const wholeNs =
    question.memory === undefined || question.gigabitsPerSecond === undefined
      ? undefined
      : (question.memory * 8) / question.gigabitsPerSecond;
  const pause = wholeNs === undefined ? 'memory / bandwidth' : `some ${(wholeNs / NS_PER_S).toPrecision(2)} s here`;
  if (!question.qemu.preCopyDirtyTracking) {
    const why = `Nothing tracks what the devices write, and tracking in pre-copy is off: the final sync counts all memory dirty, so that the pause sends all of it (${pause}), whatever the downtime limit.`;
    return { ...base, outcome: 'movesAllDirty', condition: 'allDirtyAtStop', why, change: [] };
  }
  if (wholeNs !== undefined && wholeNs <= question.downtimeLimit) {
    const why = `Nothing tracks what the devices write, so that each sync counts all memory dirty; all of it fits into the downtime limit (${pause}).`;
    return { ...base, outcome: 'movesAllDirty', condition: 'allDirtyFits', why, change: [] };
  }
  if (question.manager === 'proxmox' && (wholeNs ?? 0) <= DOWNTIME_LIMIT_MAX_NS) {
    const why = `Nothing tracks what the devices write, so that each sync counts all memory dirty. Proxmox VE doubles the downtime limit while nothing is gained, up to QEMU's 2 000 s, until the pause sends all memory (${pause}).`;
    return {
      ...base,
      outcome: 'movesAllDirty',
      condition: 'allDirtyRaised',
      why,
      change: [],
      facts: [...facts, PROXMOX_DOUBLES],
    };
  }
  return {
    ...base,
    outcome: 'neverEnds',
    condition: 'allDirty',
    why: `Nothing tracks what the devices write: each sync counts all memory dirty, which never fits into the downtime limit (sending all of it takes ${pause}). QEMU has no time-out${CANCELS[question.manager] ?? ''}.`,
    change: [
      CHANGES['dirtyTracking']!,
      'Or set x-pre-copy-dirty-page-tracking=off: then it moves, with all memory sent in the pause.',
      'Or raise the downtime limit to the time that all memory takes.',
    ],
  };
}

function moves(given: Given, facts: readonly Basis[], condition: string, why: string): Decided {
  return { outcome: 'moves', condition, why, messages: [], change: [], notes: given.notes, facts };
}

const WHY: Readonly<Record<string, string>> = {
  optionOff: 'The migration option of a device is off.',
  noMigration: 'The driver of a device offers no migration.',
  protocol1: 'This QEMU speaks version 1 of the migration protocol, which kernels no longer offer.',
  dirtyTracking: 'Nothing tracks what a device writes into memory.',
  several: 'This QEMU moves one VFIO device only.',
  p2p: 'There are several devices, and not all of them offer P2P.',
  vIommu: 'The guest has an IOMMU of its own in front of a device.',
  bitmapLimit: 'Nothing tracks what a device writes, and memory is larger than what the backend can report.',
};

/** The words of a blocker; null where this release's are not on record. */
function wordsOf({ text, device }: Blocker): string | null {
  return text === null ? null : refusalText(text, { device: device.name });
}

function blocked(given: Given, facts: readonly Basis[], blockers: readonly Blocker[]): Decided {
  // The list is built by putting each new one in front; `migrate` answers with that one.
  const newest = blockers.toReversed();
  const texts = newest.map(wordsOf);
  const messages: ShownMessage[] = [
    { by: 'QEMU', where: 'QMP: error of migrate; all of them in blocked-reasons of query-migrate', text: texts[0]! },
  ];
  if (usesLibvirt(given.question.manager) && texts.every((text) => text !== null)) {
    messages.push({
      by: 'libvirt',
      where: 'error of the migration',
      text: refusalText('libvirt', { text: texts.join('; ') }),
    });
  }
  const { condition } = newest[0]!;
  const conditions = [...new Set(newest.map((blocker) => blocker.condition))];
  return {
    outcome: 'refused',
    condition,
    why: conditions.map((each) => WHY[each]!).join(' '),
    messages,
    change: conditions.flatMap((each) => changesOf(each, given)),
    notes: given.notes,
    facts,
  };
}

/** The name comes twice where the text has one. */
function attachFails(given: Given, facts: readonly Basis[], blocker: Blocker): Decided {
  const { condition, device } = blocker;
  const words = wordsOf(blocker);
  return {
    outcome: 'attachFails',
    condition,
    why: `${WHY[condition]!} With enable-migration=on this fails the attach.`,
    messages: [
      {
        by: 'QEMU',
        where: 'error of device_add, or at the start',
        text: words === null ? null : `vfio ${device.name}: ${words}`,
      },
    ],
    change: [CHANGES[condition]!],
    notes: given.notes,
    facts,
  };
}

function onlyMigratable(given: Given, facts: readonly Basis[], blocker: Blocker): Decided {
  const words = wordsOf(blocker);
  return {
    outcome: 'attachFails',
    condition: blocker.condition,
    why: `${WHY[blocker.condition]!} With --only-migratable this fails the attach.`,
    messages: [
      {
        by: 'QEMU',
        where: 'error of device_add, or at the start',
        text: words === null ? null : refusalText('onlyMigratable', { device: blocker.device.name, text: words }),
      },
    ],
    change: changesOf(blocker.condition, given),
    notes: given.notes,
    facts,
  };
}

function refused(
  given: Given,
  facts: readonly Basis[],
  condition: string,
  text: TextId | null,
  device: GivenDevice | null,
  change: string,
): Decided {
  const words = text === null ? null : refusalText(text, { device: device?.name ?? '' });
  const where = device === null ? 'QMP: error of migrate-set-capabilities' : 'QMP: error of migrate';
  return {
    outcome: 'refused',
    condition,
    why: words === null ? 'This QEMU does not know a capability that is set.' : `QEMU refuses: ${words}.`,
    messages: [{ by: 'QEMU', where, text: words }],
    change: [change],
    notes: given.notes,
    facts: text === null ? facts : [...facts, basisOf(TEXTS[text])],
  };
}
