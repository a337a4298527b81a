/**
 * Whether QEMU moves a VM with VFIO devices: its tests in its order, the first failing test of each device wins.
 *
 * At attach: option off, init, dirty tracking, several devices, vIOMMU. At the start of a move: capabilities that exclude each
 * other, blockers, post-copy and snapshots. Then, where nothing logs the devices' writes, what becomes of memory.
 */
import { NS_PER_S, TIB } from '../base/units.ts';
import type { Decided, ShownMessage } from './can-answer.ts';
import { type Given, type GivenDevice, usesLibvirt } from './given.ts';
import { isAtLeast } from './release.ts';
import type { Basis } from './source.ts';
import { refusalText, type TextId, TEXTS } from './texts.ts';
import { qemuAt, type QemuRow } from './vmms.ts';

/** One device's first failing test, or one of the whole VM. */
interface Blocker {
  readonly condition: string;
  readonly text: TextId | null;
  readonly device: GivenDevice | null;
  /** Whether `enable-migration=on` makes it an error of the attach. */
  readonly failsAttach: boolean;
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

export function canQemu(given: Given): Decided {
  const row = qemuAt(given.vmm);
  const plugged = given.devices.filter(({ unplugged }) => !unplugged);
  const facts = [basisOf(row), ...given.facts];
  const conflict = capabilityConflict(given);
  if (conflict !== null) return refused(given, facts, conflict.condition, conflict.text, null, conflict.change);
  if (plugged.length === 0) return moves(given, facts, 'noDevice', 'No VFIO device is there when the VM moves.');
  const option = given.question.qemu.enableMigration ?? row.enableMigration;
  const blockers = blockersOf(given, row, plugged, option);
  const fatal = option === 'on' ? blockers.find(({ failsAttach }) => failsAttach) : undefined;
  if (fatal !== undefined) return attachFails(given, facts, fatal);
  if (blockers.length > 0) {
    if (given.question.qemu.onlyMigratable) return onlyMigratable(given, facts, blockers[0]!);
    return blocked(given, facts, blockers);
  }
  return atStart(given, facts, plugged) ?? memory(given, row, facts, plugged);
}

function basisOf({ source, evidence }: Basis): Basis {
  return { source, evidence };
}

/** Capabilities that QEMU does not set together. */
function capabilityConflict(given: Given): { condition: string; text: TextId; change: string } | null {
  const { qemu, manager } = given.question;
  if (qemu.switchoverAck && !qemu.returnPath && !usesLibvirt(manager)) {
    return { condition: 'ackNeedsReturnPath', text: 'ackNeedsReturnPath', change: 'Set return-path as well.' };
  }
  if (qemu.multifd && qemu.xbzrle) {
    return { condition: 'multifdXbzrle', text: 'multifdXbzrle', change: 'Set one of multifd and xbzrle.' };
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
  return null;
}

/** Of each device the first failing test, in the order in which devices are attached. */
function blockersOf(
  given: Given,
  row: QemuRow,
  devices: readonly GivenDevice[],
  option: 'auto' | 'on' | 'off',
): readonly Blocker[] {
  const blockers: Blocker[] = [];
  /** Devices whose init succeeded. */
  let migratable = 0;
  let withoutP2p = false;
  let severalSaid = false;
  for (const device of devices) {
    const own = ownBlocker(given, row, device, option);
    if (own !== null) {
      blockers.push(own);
      continue;
    }
    migratable += 1;
    withoutP2p ||= !device.p2p;
    const several = severalSaid ? null : severalBlocker(row, migratable, withoutP2p);
    if (several !== null) {
      severalSaid = true;
      blockers.push({ ...several, device });
      continue;
    }
    if (given.question.iommu.virtual && (row.vIommuBlocks === 'all' || usesDeviceLog(given, device))) {
      const text = isAtLeast(given.vmm, '8.2') ? 'vIommu' : 'vIommuUnnamed';
      blockers.push({ condition: 'vIommu', text, device, failsAttach: true });
    }
  }
  return blockers;
}

/** The tests before those of several devices. */
function ownBlocker(given: Given, row: QemuRow, device: GivenDevice, option: 'auto' | 'on' | 'off'): Blocker | null {
  if (row.protocol === 1) return { condition: 'protocol1', text: 'protocol1', device, failsAttach: false };
  if (option === 'off') {
    // Only releases from 8.1 on have these words.
    const text = isAtLeast(given.vmm, '8.1') ? 'disabled' : null;
    return { condition: 'optionOff', text, device, failsAttach: false };
  }
  if (!device.migrates) {
    const text = isAtLeast(given.vmm, '11.1') ? 'notInKernel111' : 'notInKernel';
    return { condition: 'noMigration', text, device, failsAttach: true };
  }
  const tracked = usesDeviceLog(given, device) || (given.iommuDirty && row.needs === 'device-or-iommu');
  if (!tracked && option === 'auto' && row.needs !== 'nothing') {
    const text = row.needs === 'device' ? 'noDeviceLog' : 'noDirtyTracking';
    return { condition: 'dirtyTracking', text, device, failsAttach: false };
  }
  const { memory: memoryBytes } = given.question;
  if (!tracked && row.bitmapLimit && !given.iommufd && (memoryBytes ?? 0) > BITMAP_LIMIT_BYTES) {
    return { condition: 'bitmapLimit', text: 'bitmapLimit', device, failsAttach: true };
  }
  return null;
}

/** type1 tells of 2^31 - 1 pages of 4 KiB at most. */
const BITMAP_LIMIT_BYTES = 8 * TIB;

function severalBlocker(row: QemuRow, migratable: number, withoutP2p: boolean): Omit<Blocker, 'device'> | null {
  if (migratable < 2) return null;
  if (row.several === 'refused') return { condition: 'several', text: 'severalDevices', failsAttach: false };
  return withoutP2p ? { condition: 'p2p', text: 'severalWithoutP2p', failsAttach: true } : null;
}

function usesDeviceLog(given: Given, device: GivenDevice): boolean {
  return device.dmaLog && given.question.qemu.deviceDirtyTracking;
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

/** Every test is passed: what becomes of memory depends on who tracks the devices' writes. */
function memory(given: Given, row: QemuRow, facts: readonly Basis[], devices: readonly GivenDevice[]): Decided {
  const allLog = devices.every((device) => usesDeviceLog(given, device));
  if (allLog) return moves(given, facts, 'deviceLog', 'All devices log what they write.');
  if (given.iommuDirty && row.needs === 'device-or-iommu') {
    return moves(given, facts, 'iommuLog', 'The IOMMU marks what the devices write.');
  }
  const { question } = given;
  const warning = TEXTS[row.needs === 'device' ? 'noDeviceLog' : 'noDirtyTracking'].text;
  const messages: ShownMessage[] = devices
    .filter((device) => !usesDeviceLog(given, device))
    .map(({ name }) => ({ by: 'QEMU', where: 'warning at attach', text: warning.replace('{device}', name) }));
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
  return {
    ...base,
    outcome: 'neverEnds',
    condition: 'allDirty',
    why: `Nothing tracks what the devices write: each sync counts all memory dirty, which never fits into the downtime limit (sending all of it takes ${pause}). QEMU has no time-out.`,
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
  vIommu: 'A device stands behind a virtual IOMMU.',
  bitmapLimit: 'Nothing tracks what a device writes, and memory is larger than what the backend can report.',
};

/** The words of a blocker; null where this release's are not on record. */
function wordsOf({ text, device }: Blocker): string | null {
  return text === null ? null : refusalText(text, { device: device?.name ?? '' });
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
    change: conditions.map((each) => CHANGES[each]!),
    notes: given.notes,
    facts,
  };
}

/** The name comes twice where the text has one. */
function attachFails(given: Given, facts: readonly Basis[], blocker: Blocker): Decided {
  const { condition, device } = blocker;
  return {
    outcome: 'attachFails',
    condition,
    why: `${WHY[condition]!} With enable-migration=on this fails the attach.`,
    messages: [
      { by: 'QEMU', where: 'error of device_add, or at the start', text: `vfio ${device!.name}: ${wordsOf(blocker)}` },
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
        text: words === null ? null : refusalText('onlyMigratable', { text: words }),
      },
    ],
    change: [CHANGES[blocker.condition]!],
    notes: given.notes,
    facts,
  };
}

function refused(
  given: Given,
  facts: readonly Basis[],
  condition: string,
  text: TextId,
  device: GivenDevice | null,
  change: string,
): Decided {
  const words = refusalText(text, { device: device?.name ?? '' });
  const where = device === null ? 'QMP: error of migrate-set-capabilities' : 'QMP: error of migrate';
  return {
    outcome: 'refused',
    condition,
    why: `QEMU refuses: ${words}.`,
    messages: [{ by: 'QEMU', where, text: words }],
    change: [change],
    notes: given.notes,
    facts: [...facts, basisOf(TEXTS[text])],
  };
}
