/**
 * What `can` says of a scenario or of a VM of a question: the one place where its question is derived from such a document.
 *
 * Fields have the names of the question. What a scenario says in words of its own (channels, compression, throttling, the limit)
 * is put into the question's. What is not said and decides is asked for.
 */
import { UserError } from '../base/user-error.ts';
import { can, canAtBest } from '../manager/can.ts';
import { CAN_OUTCOMES, type CanAnswer, type Decided } from '../manager/can-answer.ts';
import { DRIVER_IDS, DRIVERS, type DriverId, type DriverRow } from '../manager/drivers.ts';
import { CAN_FORMAT, CAN_VERSION, type CanQuestion, canQuestionSchema } from '../manager/question.ts';
import { unreadFields } from '../manager/readers.ts';
import type { DeviceProfile } from '../memory/device-profile.ts';
import type { AllDirty } from '../memory/vm-move.ts';
import { DEFAULT_VMM, VMMS } from '../memory/vmms.ts';
import type { Scenario, ScenarioDevice } from './document.ts';
import { longestLimitNs, rulesOf } from './rules.ts';

/** What a document says of a VM, as far as it matters to `can`. */
export type AskedVm = Pick<
  Scenario,
  | 'vmm'
  | 'vmmVersion'
  | 'manager'
  | 'managerVersion'
  | 'libvirtVersion'
  | 'kernel'
  | 'distribution'
  | 'iommu'
  | 'hostPage'
  | 'qemu'
  | 'cloudHypervisor'
  | 'kubevirt'
  | 'nova'
  | 'proxmox'
  | 'assume'
  | 'memory'
  | 'stream'
  | 'convergence'
  | 'parallelDevices'
  | 'switchoverAck'
  | 'returnPath'
  | 'devices'
>;

/** A question of `can`, with its answer. */
export interface AskedCan {
  readonly question: CanQuestion;
  readonly answer: CanAnswer;
}

/** A VM that `can` says will not move as asked. */
export class WillNotMove extends UserError {
  readonly asked: AskedCan;

  constructor(where: string, asked: AskedCan) {
    super('infeasible', `${where}: ${refusalSentence(asked.answer)}`, asked.answer.change.join(' '));
    this.asked = asked;
  }
}

/** Everything that a question has when nothing is said. */
const NOTHING_SAID = canQuestionSchema.parse({ format: CAN_FORMAT, version: CAN_VERSION, vmm: DEFAULT_VMM });

const KNOWN = new Map<string, AskedCan>();
const KNOWN_MAX = 2_000;

/**
 * Asks whether a VM moves.
 *
 * @param where what is named in errors, such as the file
 * @param vms how many such VMs share the link at once
 * @throws UserError of kind `input` for what contradicts itself, and where a fact that decides is not said
 */
export function askCan(
  vm: AskedVm,
  profiles: ReadonlyMap<string, DeviceProfile>,
  where: string,
  vms: number = 1,
): AskedCan {
  const question = canQuestionOf(vm, profiles, where, vms);
  const key = JSON.stringify(question);
  const known = KNOWN.get(key);
  const asked = known ?? { question, answer: answerAt(question, where) };
  if (known === undefined) {
    if (KNOWN.size >= KNOWN_MAX) KNOWN.clear();
    KNOWN.set(key, asked);
  }
  if (asked.answer.outcome === 'asks') throw askBack(asked.answer, where);
  return asked;
}

/**
 * What makes a sync report all memory dirty in a move that `can` lets begin.
 *
 * @throws WillNotMove where it does not begin
 */
export function allDirtyOf(asked: AskedCan, where: string): AllDirty | undefined {
  switch (asked.answer.outcome) {
    case 'moves':
      return undefined;
    case 'movesAllDirty':
      return asked.answer.condition === 'allDirtyAtStop' ? 'finalSync' : 'eachSync';
    case 'neverEnds':
      return 'eachSync';
    default:
      throw new WillNotMove(where, asked);
  }
}

function answerAt(question: CanQuestion, where: string): CanAnswer {
  try {
    return answerOf(question);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.kind, `${where}: ${error.message}`, error.hint);
  }
}

/** Where no value of what was left out lets the VM move, that is the answer, in the words of the newest releases. */
function answerOf(question: CanQuestion): CanAnswer {
  const answer = can(question);
  if (answer.outcome !== 'asks' || answer.condition === 'notOnRecord') return answer;
  const outcomes = new Set(answer.asks.flatMap(({ gives }) => gives.flatMap((given) => given.outcomes)));
  if ([...outcomes].some((outcome) => CAN_OUTCOMES[outcome].moves || outcome === 'neverEnds')) return answer;
  const decided: Decided = canAtBest(question);
  const others = [...outcomes].filter((outcome) => outcome !== decided.outcome);
  const titles = others.map((outcome) => CAN_OUTCOMES[outcome].title).join('; ');
  const fields = answer.asks.map(({ field }) => field).join(', ');
  return {
    ...decided,
    notes: [...decided.notes, `With another ${fields} it does not move either: ${titles}.`],
    asks: [],
  };
}

/** What decides, then the words in which the VMM or the manager refuses. */
export function refusalSentence({ outcome, why, messages }: Pick<CanAnswer, 'outcome' | 'why' | 'messages'>): string {
  const said = messages.flatMap(({ by, text }) => (text === null ? [] : [`${by}: '${text}'`]));
  const words = said.length === 0 ? '' : ` (${said.join('; ')})`;
  return `${CAN_OUTCOMES[outcome].title}. ${why}${words}`;
}

function askBack({ asks, condition, why, change }: CanAnswer, where: string): UserError {
  if (condition === 'notOnRecord') return new UserError('input', `${where}: ${why}`, change.join(' '));
  const fields = asks.map(({ field }) => fieldOf(field));
  const list = fields.length > 1 ? `${fields.slice(0, -1).join(', ')} and ${fields.at(-1)!}` : fields[0]!;
  const tracking = asks.some(({ field }) => /dirtyTracking|dmaLog|backend/.test(field));
  return new UserError(
    'input',
    `${where}: whether the VM moves depends on ${list}, which ${fields.length > 1 ? 'are' : 'is'} not given`,
    `Give ${fields.length > 1 ? 'them' : 'it'} (stopcopy can lists what each value leads to)` +
      `${tracking ? ', or write assume: { dirtyTracking: true } to see the move as if all writes of devices were tracked' : ''}.`,
  );
}

/** The field of a document that answers a field of the question. */
function fieldOf(field: string): string {
  return field.replace(/^devices\[(\d+)\]\.offers\.dmaLog$/, 'dmaLog in the profile of devices[$1]');
}

/** The question of `can` for a VM of a document. */
function canQuestionOf(
  vm: AskedVm,
  profiles: ReadonlyMap<string, DeviceProfile>,
  where: string,
  vms: number = 1,
): CanQuestion {
  refuseUnread(vm, where);
  const { stream, memory } = vm;
  const rules = rulesOf(vm);
  const link = (stream.gigabitsPerSecond * stream.share) / vms;
  const cap = (8 * (stream.maxBytesPerSecond ?? Infinity)) / 1e9;
  return {
    ...NOTHING_SAID,
    vmm: vm.vmm,
    manager: vm.manager ?? NOTHING_SAID.manager,
    ...onlySaid({
      vmmVersion: vm.vmmVersion,
      managerVersion: vm.managerVersion,
      libvirtVersion: vm.libvirtVersion,
      kernel: vm.kernel,
      distribution: vm.distribution,
      hostPage: vm.hostPage,
    }),
    iommu: iommuOf(vm, where),
    devices: vm.devices.flatMap((device, index) =>
      deviceOf(device, profiles.get(device.profile), `${where}: devices[${index}]`),
    ),
    memory: memory.size,
    gigabitsPerSecond: Math.min(link, cap),
    downtimeLimit: longestLimitNs(rules),
    qemu: {
      ...NOTHING_SAID.qemu,
      ...vm.qemu,
      multifd: VMMS[vm.vmm].hasMultifd && (stream.multifd ?? stream.channels > 1),
      autoConverge: rules.autoConverge,
      switchoverAck: vm.switchoverAck,
      returnPath: vm.returnPath ?? VMMS[vm.vmm].returnPath,
    },
    cloudHypervisor: { ...NOTHING_SAID.cloudHypervisor, ...vm.cloudHypervisor, connections: stream.channels },
    kubevirt: vm.kubevirt === undefined ? NOTHING_SAID.kubevirt : kubevirtOf(vm.kubevirt),
    nova: vm.nova ?? NOTHING_SAID.nova,
    proxmox: vm.proxmox ?? NOTHING_SAID.proxmox,
    assume: vm.assume ?? NOTHING_SAID.assume,
  };
}

/** Without the gates that matter once the move runs. */
function kubevirtOf({ vgpuLiveMigration, permittedMdev, allowPostCopy }: NonNullable<AskedVm['kubevirt']>) {
  return { vgpuLiveMigration, permittedMdev, allowPostCopy };
}

/** Options of a VMM or a manager that is not the VM's own would have no effect. */
function refuseUnread(vm: AskedVm, where: string): void {
  const [first] = unreadFields(vm);
  if (first === undefined) return;
  throw new UserError('input', `${where}: ${first.field} is given, and ${first.why}`, first.hint);
}

function onlySaid<T extends Readonly<Record<string, unknown>>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

function iommuOf({ iommu = NOTHING_SAID.iommu, memory }: AskedVm, where: string): CanQuestion['iommu'] {
  if (memory.dma?.tracking !== 'none') return iommu;
  if (iommu.dirtyTracking === true) {
    throw new UserError(
      'input',
      `${where}: memory.dma.tracking is none, and iommu.dirtyTracking is true`,
      'Leave one of them out: both say whether the IOMMU marks what devices write.',
    );
  }
  return { ...iommu, dirtyTracking: false };
}

/** What drives accelerators whose registers are modelled. */
const REGISTER_MODEL_DRIVER: DriverId = 'hisi_acc_vfio_pci';
/** Driver of a device that is no matter of VFIO. */
export const NO_VFIO = 'vhost-vdpa';

function deviceOf(
  { count, attachedAs = 'hostDevice', migrates, offers }: ScenarioDevice,
  profile: DeviceProfile | undefined,
  at: string,
): CanQuestion['devices'] {
  const word = profile?.driver ?? (profile?.registerModel === true ? REGISTER_MODEL_DRIVER : undefined);
  if (profile === undefined || word === NO_VFIO) return [];
  const device = { count, attachedAs, unplugged: false, ...(migrates === undefined ? {} : { migrates }) };
  if (word === undefined) {
    const { p2p, preCopy, dmaLog } = profile;
    const said = { p2p, preCopy, ...(dmaLog === undefined ? {} : { dmaLog }), ...offers };
    return [{ ...device, driver: 'mdev', offers: said }];
  }
  const driver = DRIVER_IDS.find((id) => id === word);
  if (driver === undefined) {
    throw new UserError(
      'input',
      `${at}.profile ${profile.id} has driver '${word}'`,
      `Known are ${[...DRIVER_IDS, NO_VFIO].join(', ')}; leave driver out where it is another one.`,
    );
  }
  const less = { ...lessThan(profile, driver, at), ...offers };
  return [{ ...device, driver, ...(Object.keys(less).length === 0 ? {} : { offers: less }) }];
}

/** What a profile says that its device lacks of what its driver offers; that it has more is an error. */
function lessThan(profile: DeviceProfile, driver: DriverId, at: string): CanQuestion['devices'][number]['offers'] {
  const rows: readonly DriverRow[] = DRIVERS[driver].rows;
  const newest = rows.at(-1)!;
  const less: { p2p?: false; preCopy?: false; dmaLog?: false } = {};
  for (const flag of ['p2p', 'preCopy', 'dmaLog'] as const) {
    if (profile[flag] === false && newest[flag]) less[flag] = false;
    if (profile[flag] !== true || newest[flag]) continue;
    throw new UserError(
      'input',
      `${at}.profile ${profile.id} says ${flag}: true, and its driver ${driver} does not offer that`,
      'Correct the profile, or leave its driver out.',
    );
  }
  return less;
}
