/**
 * Numbers of `room`: where is there room for a VM? VFs, queues, memory, the same kind, equal numbers of queues, and a
 * place where the driver may load.
 */
import { ACCELERATORS, DEFAULT_HARDWARE } from '../../../abi/accelerators.ts';
import { QUEUES_TOTAL } from '../../../abi/vft.ts';
import { decideLoad } from '../../../pci/isolation.ts';
import type { Policy } from '../../../pci/policy.ts';
import type { Topology } from '../../../pci/topology.ts';
import { needsOf } from '../../limited-vm.ts';
import type { QuestionOf, RoomHost } from '../../question.ts';
import type { VmTrials } from '../../vm-trials.ts';
import type { AnswerNumbers } from '../answer-parts.ts';

type RoomQuestion = QuestionOf<'room'>;

/** What a host may lack for a VM. */
export type Lack =
  | 'kind'
  | 'hardware'
  | 'queuesPerVf'
  | 'queuesOfDevice'
  | 'freeVfs'
  | 'freeQueues'
  | 'freeVcpus'
  | 'freeMemory'
  | `policy ${Policy}`;

interface RoomOnHost {
  readonly host: string;
  /** What is in the way, each once. */
  readonly lacks: readonly Lack[];
  /** So many such VMs have room. */
  readonly vms: number;
}

/** The value is how many such VMs have room on all hosts together. */
export interface RoomNumbers extends AnswerNumbers {
  /** In the order of the question. */
  readonly hosts: readonly RoomOnHost[];
  /** What hosts lack, and how many lack it, the most first. */
  readonly lacks: readonly { readonly lack: Lack; readonly hosts: number }[];
  /** What would be the answer if a lack did not count, in the order in which they were found. */
  readonly relaxing: readonly { readonly lack: Lack; readonly vms: number }[];
  /** The host that lacks least. */
  readonly nearest: RoomOnHost | null;
}

/** Computes the numbers. */
export function roomNumbers(
  question: RoomQuestion,
  trials: VmTrials,
  topologies: ReadonlyMap<string, Topology>,
): RoomNumbers {
  const hosts = question.hosts.map((host) => roomOn(host, question.vm, trials, topologies));
  const vms = hosts.reduce((sum, each) => sum + each.vms, 0);
  const counts = new Map<Lack, number>();
  for (const { lacks } of hosts) for (const lack of lacks) counts.set(lack, (counts.get(lack) ?? 0) + 1);
  const onlyLacking = (lack: Lack): number =>
    hosts.filter(({ lacks }) => lacks.length === 1 && lacks[0] === lack).length;
  return {
    value: vms > 0 ? vms : null,
    unit: 'such VMs',
    band: { short: vms, point: vms, long: vms },
    interval: null,
    tornado: null,
    hosts,
    lacks: [...counts].toSorted(([, a], [, b]) => b - a).map(([lack, count]) => ({ lack, hosts: count })),
    // Each host that lacks nothing else would take one.
    relaxing: [...counts.keys()].map((lack) => ({ lack, vms: vms + onlyLacking(lack) })),
    nearest: vms > 0 ? null : hosts.reduce((a, b) => (b.lacks.length < a.lacks.length ? b : a)),
  };
}

function roomOn(
  host: RoomHost,
  vm: RoomQuestion['vm'],
  trials: VmTrials,
  topologies: ReadonlyMap<string, Topology>,
): RoomOnHost {
  const lacks = new Set<Lack>();
  let vfs = 0;
  let queuePairs = 0;
  for (const { profile, kind, count, queues, hardware = DEFAULT_HARDWARE } of vm.devices) {
    const ofProfile = trials.profiles.get(profile)?.kind;
    if (count === 0) continue;
    const wanted = kind ?? ofProfile ?? 'other';
    if (wanted !== host.kind) lacks.add('kind');
    vfs += count;
    // Other VFs come from no queue table of an accelerator's PF.
    if (wanted === 'other' || host.kind === 'other') continue;
    if (hardware !== (host.hardware ?? DEFAULT_HARDWARE)) lacks.add('hardware');
    const each = host.queuesPerVf ?? queues;
    if (each !== queues) lacks.add('queuesPerVf');
    queuePairs += count * each;
    if (ACCELERATORS[host.kind].pfDefaultQueues + queuePairs > QUEUES_TOTAL) lacks.add('queuesOfDevice');
  }
  const { memoryBytes } = needsOf(vm);
  const wants: readonly (readonly [lack: Lack, need: number, free: number])[] = [
    ['freeVfs', vfs, host.freeVfs],
    ['freeQueues', queuePairs, host.freeQueues ?? Infinity],
    ['freeVcpus', vm.vcpus, host.freeVcpus ?? Infinity],
    ['freeMemory', memoryBytes, host.freeMemory ?? Infinity],
  ];
  for (const [lack, need, free] of wants) if (need > free) lacks.add(lack);
  if (host.isolation !== undefined) {
    const { topology, vf, policy } = host.isolation;
    const decision = decideLoad(topologies.get(topology)!, vf, policy);
    if (!decision.verdict.startsWith('load')) lacks.add(`policy ${policy}`);
  }
  const fitting = wants.filter(([, need]) => need > 0).map(([, need, free]) => Math.floor(free / need));
  const most = Math.min(...fitting);
  return {
    host: host.name,
    lacks: [...lacks],
    // A host that nothing limits counts as one.
    vms: lacks.size > 0 ? 0 : Number.isFinite(most) ? most : 1,
  };
}
