/**
 * Parts of a pause as measurements report them: checkpoints and states of QEMU, a breakdown of Cloud Hypervisor, the enabling of
 * MSI-X. Figures of one device hold for each of them.
 */
import { GIB, MIB, MS_PER_S, NS_PER_MS } from '../base/units.ts';
import type { DeviceFigures } from './device-profile.ts';
import type { VmmParameters } from './parameters.ts';
import { vhostLoadNs, vhostSyncNs } from './vhost.ts';
import { VMMS } from './vmms.ts';
import type { VmMoveInput, VmMoveResult } from './vm-move.ts';

export const PART_OUTPUTS = [
  'stopMs',
  'saveRamMs',
  'saveVfioMs',
  'saveNonIterableMs',
  'loadMs',
  'loadVfioMs',
  'loadVfioConfigMs',
  'startMs',
  'syncMs',
  'unalignedBlocksMs',
  'loadNonIterableMs',
  'finalIterationMs',
  'snapshotMs',
  'sendStateMs',
  'completeMs',
  'allMs',
  'vf1Ms',
  'vf2Ms',
  'vf3Ms',
  'vf4Ms',
  'vf5Ms',
  'vf6Ms',
  'vf7Ms',
  'vf8Ms',
] as const;

/** What parts need to know of an experiment in addition to its move. */
interface PartInputs {
  readonly devices: number;
  readonly pauseRamMib?: number | undefined;
  readonly vectorsPerDevice?: number | undefined;
  readonly batched?: boolean | undefined;
  readonly qemu?: number | undefined;
}

type PartOutputs = Partial<Record<(typeof PART_OUTPUTS)[number], number>>;

/** Of Cloud Hypervisor's state so much is saved, the rest sent; docs/pause.md. */
const SNAPSHOT_SHARE = 7 / 26;

export function partOutputs(
  experiment: PartInputs,
  input: VmMoveInput,
  { criticalNs, rates }: VmMoveResult,
  p: VmmParameters,
): PartOutputs {
  const platformLoadNs = criticalNs.platformLoad + criticalNs.vcpuStart + criticalNs.latency;
  const device = input.devices[0]?.figures;
  const statedMs = (((experiment.pauseRamMib ?? 0) * MIB) / rates.memoryBytesPerSecond) * MS_PER_S;
  const common = {
    stopMs: (criticalNs.vcpuStop + criticalNs.deviceStop) / NS_PER_MS,
    saveRamMs: (criticalNs.dirtySync + criticalNs.memory) / NS_PER_MS + statedMs,
  };
  if (VMMS[input.stream.vmm].breaksDown) {
    return {
      ...common,
      finalIterationMs: common.saveRamMs,
      snapshotMs: (criticalNs.otherState * SNAPSHOT_SHARE) / NS_PER_MS,
      sendStateMs: (criticalNs.otherState * (1 - SNAPSHOT_SHARE)) / NS_PER_MS,
      completeMs: criticalNs.platformLoad / NS_PER_MS,
    };
  }
  return {
    ...common,
    saveNonIterableMs: criticalNs.otherState / NS_PER_MS,
    // The last device is loaded after the source has sent everything; what precedes it overlaps.
    loadMs: (platformLoadNs + (device === undefined ? 0 : loadNsOf(device))) / NS_PER_MS,
    loadNonIterableMs: loadNonIterableNs(input, p) / NS_PER_MS,
    ...(device === undefined ? {} : deviceOutputs(device, input)),
    ...syncOutputs(input, p),
    ...routeOutputs(experiment, p),
  };
}

function loadNsOf({ stateBytes, fixedNs, loadNsPerByte, lockedNs }: DeviceFigures): number {
  return fixedNs + stateBytes * loadNsPerByte + lockedNs;
}

function deviceOutputs(device: DeviceFigures, { vcpuStartNs }: VmMoveInput): PartOutputs {
  return {
    saveVfioMs: (device.stateBytes / device.streamBytesPerSecond) * MS_PER_S,
    loadVfioMs: loadNsOf(device) / NS_PER_MS,
    loadVfioConfigMs: device.lockedNs / NS_PER_MS,
    startMs: (device.startNs + vcpuStartNs) / NS_PER_MS,
  };
}

/** Share of sections in what is loaded without devices; the display and the announcement of the guest are the rest. */
const SECTIONS_SHARE = 1 / 3;

function loadNonIterableNs({ vhost }: VmMoveInput, p: VmmParameters): number {
  return p.platformLoadNs * SECTIONS_SHARE + (vhost === undefined ? 0 : vhostLoadNs(vhost, p));
}

function syncOutputs({ memory, vhost }: VmMoveInput, p: VmmParameters): PartOutputs {
  const unalignedNs = vhost === undefined ? 0 : vhostSyncNs(vhost, p);
  return {
    syncMs: ((p.bitmapSyncNsPerGib * memory.bytes) / GIB + unalignedNs) / NS_PER_MS,
    unalignedBlocksMs: unalignedNs / NS_PER_MS,
  };
}

/** From this release on QEMU commits the routes of all vectors of a device at once. */
const BATCHED_ROUTES = 7.1;

/** Enabling MSI-X at load: without batches each vector walks the routes of all devices that are there. */
function routeOutputs({ devices, vectorsPerDevice, batched, qemu }: PartInputs, p: VmmParameters): PartOutputs {
  if (vectorsPerDevice === undefined) return {};
  const isBatched = batched ?? (qemu === undefined || qemu >= BATCHED_ROUTES);
  const each = (index: number): number =>
    (vectorsPerDevice * (isBatched ? p.vectorNs : index * p.routeNsPerVector)) / NS_PER_MS;
  const all = Array.from({ length: devices }, (_, i) => each(i + 1));
  const [vf1Ms, vf2Ms, vf3Ms, vf4Ms, vf5Ms, vf6Ms, vf7Ms, vf8Ms] = all;
  const named = Object.entries({ vf1Ms, vf2Ms, vf3Ms, vf4Ms, vf5Ms, vf6Ms, vf7Ms, vf8Ms });
  return {
    allMs: all.reduce((sum, ms) => sum + ms, 0),
    ...Object.fromEntries(named.flatMap(([name, ms]) => (ms === undefined ? [] : [[name, ms] as const]))),
  };
}
