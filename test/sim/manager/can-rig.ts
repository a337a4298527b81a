/** What the tests of `can` against the oracle share. */
import { can } from '../../../sim/manager/can.ts';
import type { CanAnswer } from '../../../sim/manager/can-answer.ts';
import { CAN_FORMAT, CAN_VERSION, canQuestionSchema } from '../../../sim/manager/question.ts';
import type { Condition, OracleQuestion, Printed, ReleaseField } from '../../oracles/can-oracle.ts';
import { expectedOf } from '../../oracles/can-worlds.ts';

export function ask({ memory, hostPage, ...question }: OracleQuestion): CanAnswer {
  const sizes = { ...sized('memory', memory), ...sized('hostPage', hostPage) };
  return can(canQuestionSchema.parse({ format: CAN_FORMAT, version: CAN_VERSION, ...question, ...sizes }));
}

/** Fields that have no effect under other VMMs or managers, and are refused there. */
const READ_BY: Readonly<Record<string, readonly string[]>> = {
  qemu: ['qemu'],
  cloudHypervisor: ['cloud-hypervisor'],
  managerVersion: ['libvirt', 'kubevirt', 'nova', 'proxmox'],
  libvirtVersion: ['kubevirt', 'nova'],
  kubevirt: ['kubevirt'],
  nova: ['nova'],
  proxmox: ['proxmox'],
  attachedAs: ['kubevirt', 'nova'],
};

/** A question without what its VMM and its manager do not read. */
export function onlyRead<Question extends OracleQuestion>(question: Question): Question {
  const by = new Set<string>([question.vmm, question.manager ?? 'none']);
  const only = <T extends object>(fields: T): T => {
    const read = Object.entries(fields).filter(([name]) => READ_BY[name]?.some((who) => by.has(who)) ?? true);
    return Object.fromEntries(read) as T;
  };
  return { ...only(question), devices: question.devices.map(only) };
}

function sized(field: string, sizeBytes: number | undefined): Readonly<Record<string, string>> {
  return sizeBytes === undefined ? {} : { [field]: `${sizeBytes}B` };
}

const written = (texts: readonly Printed[]): string => texts.map(({ by, text }) => `${by}: ${text}`).join(' | ');

/** The oracle's name of a condition of `can`. */
function conditionOf(condition: string): Condition {
  if (/^(?:kv|nova|pve)/.test(condition)) return 'manager';
  return CONDITIONS.get(condition) ?? (condition.startsWith('ch') ? 'option' : 'none');
}

const CONDITIONS: ReadonlyMap<string, Condition> = new Map([
  ['optionOff', 'off'],
  ['noMigration', 'noMigration'],
  ['vfioUser', 'noMigration'],
  ['protocol1', 'release'],
  ['stateNotSaved', 'release'],
  ['dmaNotTracked', 'release'],
  ['dirtyTracking', 'tracking'],
  ['allDirty', 'tracking'],
  ['allDirtyAtStop', 'tracking'],
  ['allDirtyFits', 'tracking'],
  ['allDirtyRaised', 'tracking'],
  ['dmaLog', 'tracking'],
  ['several', 'p2p'],
  ['p2p', 'p2p'],
  ['vIommu', 'viommu'],
  ['bitmapLimit', 'memory'],
  ['postCopy', 'postCopy'],
  ['iommufd', 'iommufd'],
  ['ackNeedsReturnPath', 'option'],
  ['dirtyLimitAutoConverge', 'option'],
  ['dirtyLimitRing', 'option'],
  ['multifdXbzrle', 'option'],
  ['backgroundSnapshot', 'option'],
  ['multifdTransfer', 'option'],
  ['noCapability', 'option'],
  ['noProperty', 'option'],
]);

/** Where `can` and the oracle differ on a question; null: nowhere. */
export function difference(question: OracleQuestion): string | null {
  const answer = ask(question);
  const verdicts = expectedOf(question);
  const outcomes = [...new Set(verdicts.map(({ outcome }) => outcome))].toSorted();
  const unread = [...new Set(verdicts.flatMap((verdict) => verdict.unread ?? []))].toSorted();
  if (unread.length > 0) return notOnRecord(question, answer, unread);
  const expected = outcomes.length === 1 ? outcomes[0]! : 'asks';
  const say = (what: string): string => `${JSON.stringify(question)}: ${what}`;
  if (answer.outcome !== expected) return say(`${answer.outcome}, not ${expected} (${outcomes.join()})`);
  if (expected === 'asks') {
    const named = [...new Set(answer.asks.flatMap(({ gives }) => gives.flatMap((given) => given.outcomes)))].toSorted();
    return named.join() === outcomes.join() ? null : say(`asks for ${named.join()}, not ${outcomes.join()}`);
  }
  const words = verdicts.map(({ condition, prints }) => `${condition}: ${written(prints)}`);
  const said = `${answer.outcome === 'moves' ? 'none' : conditionOf(answer.condition)}: ${written(answer.messages)}`;
  return words.includes(said) ? null : say(`says ${said}, not ${words.join(' or ')}`);
}

/** Where a question has releases that nobody read: each of them is asked for, with what those give that were read. */
function notOnRecord(question: OracleQuestion, answer: CanAnswer, unread: readonly ReleaseField[]): string | null {
  const say = (what: string): string => `${JSON.stringify(question)}: ${what}`;
  if (answer.outcome !== 'asks' || answer.condition !== 'notOnRecord') return say(`${answer.outcome}, not on record`);
  const fields = answer.asks.map(({ field }) => field).toSorted();
  if (fields.join() !== unread.join()) return say(`asks for ${fields.join()}, not ${unread.join()}`);
  const read = { ...question };
  for (const field of unread) delete read[field];
  for (const { field, gives } of answer.asks) {
    for (const { value, outcomes } of gives) {
      const verdicts = expectedOf({ ...read, [field]: value });
      const expected = new Set(verdicts.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'unread'));
      const found = [...outcomes].toSorted().join();
      if ([...expected].toSorted().join() !== found)
        return say(`${field} ${value} gives ${found}, not ${[...expected].join()}`);
    }
  }
  return null;
}

export type Driver = OracleQuestion['devices'][number]['driver'];
/** A VM with a device of each driver, in this order. */
export const devices = (...drivers: readonly Driver[]): OracleQuestion['devices'] =>
  drivers.map((driver) => ({ driver }));

export const MLX5 = devices('mlx5_vfio_pci');
export const QAT = devices('qat_vfio_pci');
export const HISI = devices('hisi_acc_vfio_pci');
export const PLAIN = devices('vfio-pci');

export const NAME = ['0000:03:00.1', '0000:03:00.2', '0000:03:00.3'] as const;
export const TEXT = {
  B0: (name: string) => `${name}: Migration is disabled for VFIO device`,
  B0a: (name: string) => `${name}: VFIO migration is not supported in kernel`,
  B0a111: (name: string) => `${name}: VFIO migration init failed: migration is not supported in kernel`,
  B1: (name: string) => `${name}: VFIO device doesn't support device dirty tracking`,
  B2: (name: string) => `${name}: VFIO device doesn't support device and IOMMU dirty tracking`,
  B4: () => 'Multiple VFIO devices migration is supported only if all of them support P2P migration',
  B5: (name: string) => `${name}: Migration is currently not supported with vIOMMU enabled`,
  B7: (name: string) => `${name}: VFIO migration is not supported with postcopy migration`,
} as const;

export type Id = keyof typeof TEXT;
