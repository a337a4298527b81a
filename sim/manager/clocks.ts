/**
 * What VMMs and managers print for one pause: which pieces of it each figure covers, and in which words it is printed.
 *
 * Names and definitions are those of the programs, each row with its source. Where a program's clock has no counterpart in
 * the model (a manager's own round trips), docs/pause.md says so.
 */
import { bug } from '../base/bug.ts';
import type { PausePart } from '../base/pause-parts.ts';
import { NS_PER_MS, NS_PER_S } from '../base/units.ts';
import type { VmmName } from '../memory/vmms.ts';
import type { Basis } from './source.ts';

/** Pieces of a pause, in their order, from the first vCPU that stops to the destination's answer at the source. */
export const PIECES = [
  'vcpuStop',
  /** Devices pause and drain: VFIO's RUNNING to STOP. */
  'devicePause',
  /** Devices are made ready to be read: STOP to STOP_COPY. */
  'deviceSave',
  'dirtySync',
  'memory',
  'deviceState',
  'platformSave',
  'platformSend',
  'latency',
  'platformLoad',
  'deviceLoad',
  'deviceStart',
  'vcpuStart',
  'answer',
] as const;
export type Piece = (typeof PIECES)[number];

/** Everything of a pause that clocks are computed from. */
export interface ClockedMove {
  readonly vmm: VmmName;
  /** Parts on the critical path, in ns. */
  readonly partsNs: Readonly<Record<PausePart, number>>;
  /** Part of the devices' stop until the last of them has paused and drained, in ns. */
  readonly devicePauseNs: number;
  /** From the first byte to the running destination, in ns. */
  readonly totalNs: number;
  /** In force at the stop. */
  readonly downtimeLimitNs: number;
  /** Whether QEMU's source waits for the destination's answer. */
  readonly returnPath: boolean;
  /** From the running destination until the last page is there; of a move by post-copy only. */
  readonly postCopy?: { readonly arrivesNs: number } | null;
}

/** The time of each piece, in ns. */
export type PieceTimes = Readonly<Record<Piece, number>>;

type Program = 'QEMU' | 'libvirt' | 'KubeVirt' | 'Proxmox VE' | 'Cloud Hypervisor';

interface ClockRow extends Basis {
  readonly id: string;
  readonly by: Program;
  /** The name of the figure, as the program has it. */
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Adjoining or not; null: the whole move from its first byte. */
  readonly covers: readonly Piece[] | null;
  /** The words in which it is printed; `truncated` is in `ms`, or in `s` for the whole move. */
  readonly prints: (truncated: number, times: PieceTimes, move: ClockedMove) => string;
}

/** A figure that a program prints for the move. */
export interface Clock extends Basis {
  readonly id: string;
  readonly by: Program;
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly covers: readonly Piece[] | null;
  readonly ns: number;
  readonly prints: string;
  /** False: it would be this with the other setting of QEMU's return path. */
  readonly ofThisMove: boolean;
}

function between(first: Piece, last: Piece): readonly Piece[] {
  return PIECES.slice(PIECES.indexOf(first), PIECES.indexOf(last) + 1);
}

const TO_FLUSH = between('vcpuStop', 'platformSend');
const AFTER_STOP_EVENT = between('dirtySync', 'vcpuStart');
const FINAL_ITERATION = between('dirtySync', 'memory');
const STATE = ['deviceSave', 'deviceState', 'platformSave'] as const;
const COMPLETE = between('latency', 'answer');

/** What the lump `otherState` of Cloud Hypervisor consists of, in ms (commit f15999823). One of another size is divided alike. */
const CLOUD_HYPERVISOR_STATE_MS = { platformSave: 7, platformSend: 19 } as const;

export const CLOCKS: Readonly<Record<VmmName, readonly ClockRow[]>> = {
  qemu: [
    {
      id: 'qemuDowntime',
      by: 'QEMU',
      name: 'downtime (query-migrate), no return-path',
      from: 'the source begins to stop the VM',
      to: 'the last bytes have left the source',
      covers: TO_FLUSH,
      prints: (ms) => `"downtime": ${ms}`,
      source: 'qemu-10.2',
      evidence: 'source',
    },
    {
      id: 'qemuDowntimeReturnPath',
      by: 'QEMU',
      name: 'downtime (query-migrate), return-path',
      from: 'the source begins to stop the VM',
      to: "the destination's answer is at the source",
      covers: PIECES,
      prints: (ms) => `"downtime": ${ms}`,
      source: 'qemu-10.2',
      evidence: 'source',
    },
    {
      id: 'libvirtDowntime',
      by: 'libvirt',
      name: 'downtime, "Total downtime"',
      from: 'the event STOP of the source: vCPUs and devices have stopped',
      to: 'the destination finishes',
      covers: AFTER_STOP_EVENT,
      prints: (ms) => `Total downtime: ${ms} ms`,
      source: 'libvirt-11.3',
      evidence: 'source',
    },
    {
      id: 'libvirtDowntimeNet',
      by: 'libvirt',
      name: 'downtime_net, "Downtime w/o network"',
      from: 'as downtime',
      to: 'as downtime, less the time that the cookie takes between the hosts',
      covers: AFTER_STOP_EVENT.filter((piece) => piece !== 'latency'),
      prints: (ms) => `Downtime w/o network: ${ms} ms`,
      source: 'libvirt-11.3',
      evidence: 'source',
    },
    {
      id: 'kubevirtDowntime',
      by: 'KubeVirt',
      name: 'Downtime, DowntimeNet in the log',
      from: 'as downtime of libvirt',
      to: 'as downtime of libvirt',
      covers: AFTER_STOP_EVENT,
      prints: (ms, times) =>
        `Downtime:${ms}ms DowntimeNet:${truncatedMs(sumOf(AFTER_STOP_EVENT, times) - times.latency)}ms`,
      source: 'kubevirt',
      evidence: 'source',
    },
    {
      id: 'kubevirtTotal',
      by: 'KubeVirt',
      name: 'endTimestamp - startTimestamp of the VMI',
      from: 'the first byte',
      to: 'the VM runs at the destination',
      covers: null,
      prints: (s) => `${s} s or ${s + 1} s`,
      source: 'kubevirt',
      evidence: 'source',
    },
    {
      id: 'proxmoxDowntime',
      by: 'Proxmox VE',
      name: 'downtime in the task log',
      from: 'the source begins to stop the VM',
      to: 'the last bytes have left the source',
      covers: TO_FLUSH,
      prints: (ms) => `downtime ${ms} ms`,
      source: 'proxmox',
      evidence: 'source',
    },
  ],
  'cloud-hypervisor': [
    {
      id: 'cloudHypervisorDowntime',
      by: 'Cloud Hypervisor',
      name: 'effective_downtime',
      from: 'the source begins to pause the VM',
      to: 'the answer to Complete is at the source',
      covers: PIECES,
      prints: (ms, _, { totalNs, downtimeLimitNs }) =>
        `Migration completed after ${(totalNs / NS_PER_S).toFixed(1)}s with a downtime of ${ms}ms (goal was ${truncatedMs(downtimeLimitNs)}ms)`,
      source: 'cloud-hypervisor',
      evidence: 'source',
    },
    ...(
      [
        ['FinalIter', 'final_iter', 'the last dirty log is asked for', 'the last memory is sent', FINAL_ITERATION],
        ['State', 'state', 'the snapshot of the first device begins', 'all state is saved', STATE],
        ['SendState', 'send_state', 'the state begins to be sent', 'the state is sent', ['platformSend']],
        ['Complete', 'complete', 'Complete is sent', 'its answer is at the source', COMPLETE],
      ] as const
    ).map(([id, name, from, to, covers]): ClockRow => ({
      id: `cloudHypervisor${id}`,
      by: 'Cloud Hypervisor',
      name: `${name} in "Downtime breakdown"`,
      from,
      to,
      covers,
      prints: (ms) => `${name}:${ms}ms`,
      source: 'cloud-hypervisor',
      evidence: 'source',
    })),
  ],
};

/** Divides a pause into pieces; without `answer` they add up to it. */
export function piecesOf({ vmm, partsNs, devicePauseNs }: ClockedMove): PieceTimes {
  const { deviceStop, otherState, ...same } = partsNs;
  if (!(devicePauseNs >= 0 && devicePauseNs <= deviceStop)) bug('CLOCK_DEVICE_PAUSE', devicePauseNs, deviceStop);
  const saved = {
    ...same,
    devicePause: devicePauseNs,
    deviceSave: deviceStop - devicePauseNs,
    answer: partsNs.latency,
  };
  if (vmm === 'qemu') return { ...saved, platformSave: otherState, platformSend: 0 };
  const { platformSave, platformSend } = CLOUD_HYPERVISOR_STATE_MS;
  const wholeMs = platformSave + platformSend;
  return {
    ...saved,
    platformSave: (otherState * platformSave) / wholeMs,
    platformSend: (otherState * platformSend) / wholeMs,
  };
}

/** Figures of QEMU and its managers of which it is known what they are in post-copy. */
const IN_POST_COPY: ReadonlySet<string> = new Set(['qemuDowntime', 'kubevirtTotal']);

/** What each program would print for a move that was carried out. */
export function clocksOf(move: ClockedMove): readonly Clock[] {
  const times = piecesOf(move);
  const isPostCopy = (move.postCopy ?? null) !== null;
  // With post-copy the job of libvirt, and with it the VMI's, ends when all pages are there.
  const wholeNs = move.totalNs + (move.postCopy?.arrivesNs ?? 0);
  const rows: readonly ClockRow[] = CLOCKS[move.vmm];
  const known = isPostCopy && move.vmm === 'qemu' ? rows.filter(({ id }) => IN_POST_COPY.has(id)) : rows;
  return known.map(({ prints, ...row }) => {
    const { covers, id } = row;
    const ns = covers === null ? wholeNs : sumOf(covers, times);
    const truncated = covers === null ? Math.floor(ns / NS_PER_S) : truncatedMs(ns);
    const otherReturnPath = isPostCopy ? undefined : move.returnPath ? 'qemuDowntime' : 'qemuDowntimeReturnPath';
    return { ...row, ns, prints: prints(truncated, times, move), ofThisMove: id !== otherReturnPath };
  });
}

function sumOf(pieces: readonly Piece[], times: PieceTimes): number {
  return pieces.reduce((sum, piece) => sum + times[piece], 0);
}

/** As these programs print it: whole ms, cut off. */
function truncatedMs(ns: number): number {
  return Math.floor(ns / NS_PER_MS);
}
