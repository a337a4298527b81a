/**
 * Where is there room for a VM: VFs, queues, memory, the same kind, equal numbers of queues, and a place where the driver
 * may load.
 */
import { ACCELERATORS, DEFAULT_HARDWARE } from '../abi/accelerators.ts';
import { QUEUES_TOTAL } from '../abi/vft.ts';
import { decideLoad } from '../pci/isolation.ts';
import type { Topology } from '../pci/topology.ts';
import type { Answer, ConstraintState } from './answer-parts.ts';
import { needsOf } from './limited-vm.ts';
import type { QuestionOf, RoomHost } from './question.ts';
import type { VmTrials } from './vm-trials.ts';

type RoomQuestion = QuestionOf<'room'>;

interface HostVerdict {
  readonly host: RoomHost;
  readonly broken: readonly string[];
  /** So many such VMs have room. */
  readonly vms: number;
}

/** Answers `room`. */
export function roomAnswer(
  question: RoomQuestion,
  trials: VmTrials,
  topologies: ReadonlyMap<string, Topology>,
): Answer {
  const verdicts = question.hosts.map((host) => verdictOf(question, host, trials, topologies));
  const value = verdicts.reduce((sum, { vms }) => sum + vms, 0);
  const open = verdicts.filter(({ vms }) => vms > 0);
  const reasons = new Map<string, number>();
  for (const { broken } of verdicts) for (const each of broken) reasons.set(each, (reasons.get(each) ?? 0) + 1);
  const constraints = [...reasons]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, hosts]): ConstraintState => ({
      name,
      unit: 'hosts',
      limit: 0,
      used: hosts,
      next: null,
      binds: open.length === 0,
    }));
  const nearest = verdicts.toSorted((a, b) => a.broken.length - b.broken.length)[0]!;
  const feasible = value > 0;
  return {
    feasible,
    value: feasible ? value : null,
    unit: 'such VMs',
    band: { short: value, point: value, long: value },
    sentences: [
      feasible
        ? `There is room for ${value} such VMs on ${open.length} of ${verdicts.length} hosts: ${open
            .slice(0, 8)
            .map(({ host, vms }) => `${host.name} (${vms})`)
            .join(', ')}${open.length > 8 ? ' and others' : ''}.`
        : `No host has room for such a VM: ${constraints.map(({ name, used }) => `${name} (${used} hosts)`).join('; ')}.`,
    ],
    constraints,
    proof: [],
    relaxing: [...reasons.keys()].map((change) => ({
      change: `without the constraint: ${change}`,
      answer: value + verdicts.filter(({ broken }) => broken.length === 1 && broken[0] === change).length,
    })),
    tornado: null,
    tables: [
      {
        title: 'Hosts',
        columns: [
          { name: 'host', title: 'host', unit: '' },
          { name: 'vms', title: 'VMs', unit: '' },
          { name: 'why', title: 'what is in the way', unit: '' },
        ],
        rows: verdicts.map(({ host, vms, broken }) => [host.name, vms, broken.join('; ')]),
      },
    ],
    methods: [],
    nearest: feasible ? null : `The nearest is ${nearest.host.name}: ${nearest.broken.join('; ')}.`,
  };
}

function verdictOf(
  { vm }: RoomQuestion,
  host: RoomHost,
  trials: VmTrials,
  topologies: ReadonlyMap<string, Topology>,
): HostVerdict {
  const broken: string[] = [];
  const { memoryBytes } = needsOf(vm);
  const asked = vm.devices.filter(({ count }) => count > 0);
  let most = Infinity;
  let vfs = 0;
  let queuePairs = 0;
  for (const { profile: word, kind, count, queues, hardware = DEFAULT_HARDWARE } of asked) {
    const profile = trials.profiles.get(word);
    if (profile?.kind === undefined) continue;
    if ((kind ?? profile.kind) !== host.kind) broken.push('the accelerator is of another kind');
    if (hardware !== host.hardware) broken.push('the hardware is of another version');
    const each = host.queuesPerVf ?? queues;
    if (each !== queues) broken.push('its VFs have another number of queues, which the match check refuses');
    vfs += count;
    queuePairs += count * each;
    if (ACCELERATORS[host.kind].pfDefaultQueues + queuePairs > QUEUES_TOTAL) {
      broken.push('a device has 1024 queues in all');
    }
  }
  if (vfs > 0) most = Math.min(most, Math.floor(host.freeVfs / vfs));
  if (vfs > host.freeVfs) broken.push('too few free VFs');
  if (queuePairs > 0) most = Math.min(most, Math.floor(host.freeQueues / queuePairs));
  if (queuePairs > host.freeQueues) broken.push('too few free queues');
  if (host.freeMemory !== undefined) {
    most = Math.min(most, Math.floor(host.freeMemory / memoryBytes));
    if (memoryBytes > host.freeMemory) broken.push('too little free memory');
  }
  if (host.isolation !== undefined) {
    const { topology, vf, policy } = host.isolation;
    const decision = decideLoad(topologies.get(topology)!, vf, policy);
    if (!decision.verdict.startsWith('load')) broken.push(`policy ${policy} does not let the driver load there`);
  }
  if (broken.length > 0) most = 0;
  return { host, broken: [...new Set(broken)], vms: Number.isFinite(most) ? most : 1 };
}
