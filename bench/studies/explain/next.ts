/**
 * What a second measurement of a move should have: what its file lacks, by what it would make known, with the command of the
 * program that has it.
 */
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import type { ComparedPart } from '../../documents/explain/document.ts';
import type { MoveFacts } from '../../import/move/facts.ts';

/** Who ran the move, as far as the file says; `other` is the VMM that is not QEMU. */
type Source = 'qemu' | 'other' | 'libvirt' | 'kubevirt' | 'nova' | 'proxmox';

const CH_LOG = 'the log of Cloud Hypervisor (v52 or newer) at -vv';
const POLLS = 'query-migrate each 0.5 s, and the capability events';
const SCRIPT = 'the script of stopcopy import --collect move';

/** Where the number of vCPUs, the rate, iterations, the limit and the downtime are. */
const WHERE: Readonly<
  Record<Source, Readonly<Record<'vcpus' | 'rate' | 'iterations' | 'limit' | 'downtime', string>>>
> = {
  qemu: {
    vcpus: 'query-cpus-fast',
    rate: 'query-migrate each second',
    iterations: POLLS,
    limit: 'query-migrate-parameters',
    downtime: 'query-migrate after the end',
  },
  other: {
    vcpus: 'ch-remote info',
    rate: CH_LOG,
    iterations: CH_LOG,
    limit: 'downtime_ms of send-migration',
    downtime: CH_LOG,
  },
  libvirt: {
    vcpus: 'virsh vcpucount VM',
    rate: 'virsh domjobinfo VM each second',
    iterations: SCRIPT,
    limit: 'virsh migrate-getmaxdowntime VM',
    downtime: 'virsh domjobinfo VM --completed --keep-completed',
  },
  kubevirt: {
    vcpus: 'the VirtualMachineInstance',
    rate: 'the log of virt-launcher at verbosity 2',
    iterations: 'the log of virt-launcher at verbosity 2',
    limit: 'maxDowntimeMs of the migration, or query-migrate-parameters',
    downtime: 'the log of virt-launcher at verbosity 2',
  },
  nova: {
    vcpus: 'the flavor of the server',
    rate: 'virsh domjobinfo VM each second, on the source',
    iterations: `${SCRIPT}, on the source`,
    limit: 'live_migration_downtime in nova.conf',
    downtime: 'virsh domjobinfo VM --completed --keep-completed, on the source',
  },
  proxmox: {
    vcpus: 'qm config VMID',
    rate: 'the task log, each second',
    iterations: POLLS,
    limit: 'the task log',
    downtime: 'the task log',
  },
};

const SHOWN = 5;

function sourceOf({ vmm, manager }: MoveFacts): Source {
  if (vmm !== null && vmm !== DEFAULT_VMM) return 'other';
  return manager === 'libvirt' || manager === 'kubevirt' || manager === 'nova' || manager === 'proxmox' ? manager : 'qemu'; // prettier-ignore
}

/** What the file lacks. @param parts of its pause, measured and modelled */
export function nextOf(move: MoveFacts, parts: readonly ComparedPart[]): readonly string[] {
  const { figures, pauseParts, devices, iterations, status } = move;
  const source = sourceOf(move);
  const isQemu = source !== 'other';
  const where = WHERE[source];
  const hasDevices = devices.length > 0 || figures.deviceBytes !== undefined;
  const arcs = devices.some((device) => device.arcs.some(({ tookUs }) => tookUs !== null));
  const seesDestination = parts.some(({ parts: names, measuredNs }) => names.includes('deviceLoad') && measuredNs !== null); // prettier-ignore
  const isOver = status === 'completed';
  const rows: readonly (readonly [boolean, string])[] = [
    [!isOver, 'the end of the move: its total time and its downtime'],
    [isOver && figures.downtimeMs === undefined, `the downtime: ${where.downtime}`],
    [
      pauseParts.length === 0 && isQemu,
      "parts of the pause: -trace 'vmstate_downtime*' -trace 'migrate_*' on the source and on the destination",
    ],
    [pauseParts.length === 0 && !isQemu, `parts of the downtime: ${CH_LOG}`],
    [hasDevices && !arcs && isQemu, "times of each device: -trace 'vfio_*' with -msg timestamp=on"],
    [figures.sendingBytesPerSecond === undefined, `the rate at which memory goes, while it goes: ${where.rate}`],
    [figures.downtimeLimitMs === undefined && source !== 'proxmox', `the downtime limit: ${where.limit}`],
    [iterations.length < 2, `pre-copy iterations: ${where.iterations}`],
    [figures.vcpus === undefined, `the number of vCPUs: ${where.vcpus}`],
    [pauseParts.length > 0 && !seesDestination, isQemu ? 'times of the destination: the same trace there' : 'times of the destination: its log at -vv'], // prettier-ignore
  ];
  return rows
    .filter(([isMissing]) => isMissing)
    .map(([, text]) => text)
    .slice(0, SHOWN);
}
