/**
 * Whether Cloud Hypervisor moves a VM with VFIO devices. Up to v53 it does not refuse: state is lost silently. Later it refuses at
 * the start, and asks for DMA logging by the driver only where it sends memory while the guest runs.
 */
import type { Decided } from './can-answer.ts';
import type { Given, GivenDevice } from './given.ts';
import type { Basis } from './source.ts';
import { refusalText, type TextId, TEXTS } from './texts.ts';
import { type CloudHypervisorRow, cloudHypervisorAt } from './vmms.ts';

const CONNECTIONS_MAX = 128;

const NO_DEVICE = 'The VM has no VFIO device.';

/** @param given with a release that the tables cover, or one that does not matter */
export function canCloudHypervisor(given: Given): Decided {
  const row = cloudHypervisorAt(given.vmm);
  if (row === undefined) return moves(given, given.facts, 'noDevice', NO_DEVICE);
  const facts: readonly Basis[] = [{ source: row.source, evidence: row.evidence }, ...given.facts];
  // Of which options older releases refuse together, nothing is on record.
  const words = row.vfio === 'moved' ? optionConflict(given) : null;
  if (words !== null) return apiRefusal(given, facts, words);
  const devices = given.devices.filter(({ unplugged }) => !unplugged);
  if (devices.length === 0) return moves(given, facts, 'noDevice', NO_DEVICE);
  if (row.vfio !== 'moved') return lost(given, facts, row, devices);
  const vfio = devices.filter(({ driver }) => driver !== 'vfio-user');
  const refusal = tests(given, facts, vfio);
  if (refusal !== null) return refusal;
  const user = devices.find(({ driver }) => driver === 'vfio-user');
  return user === undefined ? moved(given, facts, devices) : lostVfioUser(given, facts, user);
}

function optionConflict(given: Given): TextId | null {
  const { memoryMode, local, transport, connections } = given.question.cloudHypervisor;
  if (connections > CONNECTIONS_MAX) return 'chConnections';
  if (transport === 'unix' && connections > 1) return 'chUnixConnections';
  if (local && transport === 'tcp') return 'chLocalTcp';
  if (memoryMode === 'postcopy' && local) return 'chLocalPostCopy';
  if (memoryMode === 'postcopy' && connections > 1) return 'chPostCopyConnections';
  if (local && connections > 1) return 'chLocalConnections';
  return null;
}

function apiRefusal(given: Given, facts: readonly Basis[], text: TextId): Decided {
  const words = refusalText(text);
  return {
    outcome: 'refused',
    condition: text,
    why: `Cloud Hypervisor refuses the options: ${words}`,
    messages: [{ by: 'Cloud Hypervisor', where: 'error of the API', text: words }],
    change: ['Give options that go together.'],
    notes: given.notes,
    facts: [...facts, TEXTS[text]],
  };
}

function lostVfioUser(given: Given, facts: readonly Basis[], { name }: GivenDevice): Decided {
  return {
    outcome: 'losesState',
    condition: 'vfioUser',
    why: `The state of the vfio-user device ${name} is neither saved nor loaded, and nothing says so.`,
    messages: [],
    change: ['Unplug the vfio-user device for the move.'],
    notes: given.notes,
    facts,
  };
}

function lost(
  given: Given,
  facts: readonly Basis[],
  row: CloudHypervisorRow,
  devices: readonly GivenDevice[],
): Decided {
  const user = devices.find(({ driver }) => driver === 'vfio-user');
  if (user !== undefined) return lostVfioUser(given, facts, user);
  const base = { outcome: 'losesState', messages: [], notes: given.notes, facts } as const;
  const change = ['Use Cloud Hypervisor from main (after v53), or unplug the devices for the move.'];
  if (row.vfio === 'lost' || devices.some(({ migrates }) => !migrates)) {
    const why =
      'This release saves no state of a VFIO device and opens the device again at the destination: its state is gone, and nothing says so.';
    return { ...base, condition: 'stateNotSaved', why, change };
  }
  const why =
    "This release saves and loads the device's state but does not track what the device writes while memory is sent: the guest finds stale memory, and nothing says so.";
  return { ...base, condition: 'dmaNotTracked', why, change };
}

/** Tests before the first byte: of the destination's configuration, then of each device, then of the dirty log. */
function tests(given: Given, facts: readonly Basis[], devices: readonly GivenDevice[]): Decided | null {
  if (devices.length > 0 && !given.iommufd) {
    const why = 'The destination is handed a file descriptor for each device, which needs iommufd.';
    const change = 'Start both sides with iommufd (platform iommufd=on).';
    return refused(given, facts, 'iommufd', 'chReplacement', why, change);
  }
  for (const { migrates, name } of devices) {
    if (!migrates) {
      const change = 'Bind a VFIO driver that offers migration (STOP_COPY) for this device.';
      const why = `The driver of ${name} offers no migration.`;
      return refused(given, facts, 'noMigration', 'chNoMigration', why, change);
    }
    if (given.question.iommu.virtual) {
      const why = `The guest has an IOMMU of its own in front of ${name}.`;
      return refused(given, facts, 'vIommu', 'chVIommu', why, 'Take the virtual IOMMU out of the VM.');
    }
  }
  const unlogged = devices.find(({ dmaLog }) => !dmaLog);
  if (!sendsWhileRunning(given) || unlogged === undefined) return null;
  const why = `Pre-copy over a connection starts DMA logging in the driver of each device, and ${unlogged.driver} has none.`;
  const change =
    'Use memory_mode=postcopy or local=on, which track nothing, or a device whose driver logs DMA (mlx5, pds).';
  return refused(given, facts, 'dmaLog', 'chDirtyLog', why, change);
}

function sendsWhileRunning({ question }: Given): boolean {
  return question.cloudHypervisor.memoryMode === 'precopy' && !question.cloudHypervisor.local;
}

function moved(given: Given, facts: readonly Basis[], devices: readonly GivenDevice[]): Decided {
  const { local } = given.question.cloudHypervisor;
  const precopy = sendsWhileRunning(given);
  const mode = local
    ? 'The move is local'
    : precopy
      ? 'All devices log what they write'
      : 'Memory follows after the switch';
  const decided = moves(given, facts, local ? 'local' : precopy ? 'deviceLog' : 'postCopy', `${mode}.`);
  const peers =
    devices.length > 1
      ? ['Devices are stopped one after another, without P2P: one may still write into another that has stopped.']
      : [];
  return {
    ...decided,
    notes: [...given.notes, ...peers, 'The destination needs an iommufd and a file descriptor for each device.'],
  };
}

function moves(given: Given, facts: readonly Basis[], condition: string, why: string): Decided {
  return { outcome: 'moves', condition, why, messages: [], change: [], notes: given.notes, facts };
}

function refused(
  given: Given,
  facts: readonly Basis[],
  condition: string,
  text: TextId,
  why: string,
  change: string,
): Decided {
  return {
    outcome: 'refused',
    condition,
    why,
    messages: [{ by: 'Cloud Hypervisor', where: 'log of the source', text: refusalText(text) }],
    change: [change],
    notes: given.notes,
    facts: [...facts, TEXTS[text]],
  };
}
