/**
 * Parameters of the model as their readers call them: in sentences, tables and charts. Documents have the names.
 */
import { ACCELERATOR_KINDS, type AcceleratorKind } from '../abi/accelerators.ts';
import { type CostName, TASK_COST } from '../device/costs.ts';
import { isKeyOf } from '../base/keys.ts';
import { formatNs, GIGA, KILO, MEGA } from '../base/units.ts';
import type { ProfileFigureName } from '../memory/device-profile.ts';
import type { VmmParameterName } from '../memory/parameters.ts';
import type { BURST_PHASE, DATA_AT_END, REGISTERS, WINDOW_PHASE } from './unknowns.ts';

type KnownName =
  | VmmParameterName
  | Exclude<CostName, (typeof TASK_COST)[AcceleratorKind]>
  | typeof WINDOW_PHASE
  | typeof DATA_AT_END
  | typeof BURST_PHASE
  | typeof REGISTERS;

const WORDS: Readonly<Record<KnownName, string>> = {
  stopNsPerVcpu: 'stop of one vCPU',
  busyStopNsPerVcpu: 'stop of one busy vCPU',
  bitmapSyncNsPerGib: 'dirty-bitmap sync, per GiB of memory',
  unalignedSyncNsPerDevice: 'page-by-page bitmap sync, per vhost device',
  dirtySyncNsPerGib: 'dirty-bitmap sync, per dirty GiB',
  finalSyncNsPerGib: 'final dirty-bitmap sync, per GiB',
  channelBacklogBytes: 'backlog of a channel',
  channelSyncNs: 'sync of a multifd channel',
  platformSaveNs: 'save of the platform state',
  vcpuSaveNs: 'save of one vCPU',
  wideVcpuSaveNs: 'save of one vCPU of more than 128',
  platformLoadNs: 'load of the platform state',
  vhostStopNsPerDevice: 'stop of a vhost device',
  vhostStopNsPerQueue: 'stop of a vhost queue',
  vhostLoadNsPerDevice: 'load of a vhost device',
  commitNsPerDevice: 'memory map rebuild, per vhost device',
  commitNsPerQueue: 'memory map rebuild, per vhost queue',
  routeNsPerVector: 'enabling a vector, up to QEMU 7.0',
  vectorNs: 'enabling a vector',
  cloudHypervisorSaveNs: 'save of the VM state by Cloud Hypervisor',
  cloudHypervisorLoadNs: 'load of the VM state by Cloud Hypervisor',
  setupNs: 'set-up of the move',
  dirtyLogStartNsPerGib: 'start of dirty logging, per GiB',
  cloudHypervisorLogStartNsPerGib: 'start of dirty logging in Cloud Hypervisor, per GiB',
  idlePagesPerSecond: 'pages that an idle guest writes',
  hintPagesPerBlock: 'pages written by free-page hinting',
  discardNsPerGib: 'discard at the switch to post-copy, per GiB',
  pageRequestNs: 'request of a page in post-copy',
  redirtyNsPerPage: 'first write to a page after an iteration',
  cpuSpeed: 'CPU speed within its class',
  unknownCpuSpeed: 'unstated CPU speed',
  lineShare: 'usable share of the link',
  qemuChannelBytesPerSecond: 'rate of a multifd channel',
  qemuMainThreadBytesPerSecond: "rate of QEMU's migration thread",
  mainThreadPageNs: 'page of data in the migration thread',
  zeroPageNs: 'walk and check of a zero page',
  zeroRunShare: 'share of zero pages in runs',
  zeroWalkNs: 'walk over a zero page',
  zeroCheckNs: 'zero check of a page',
  cloudHypervisorChannelBytesPerSecond: 'rate of a Cloud Hypervisor connection',
  tlsBytesPerSecond: 'rate of TLS',
  capShare: 'share of the bandwidth cap that is reached',
  deflateSoftwareBytesPerSecond: 'rate of deflate in software',
  zstdBytesPerSecond: 'rate of zstd',
  zlibBytesPerSecond: 'rate of zlib',
  olderBuildSpeed: 'speed of an older compression thread',
  hardwareChannelBytesPerSecond: 'rate of a channel with hardware compression',
  engineBytesPerSecond: 'rate of the compression engine',
  hardwareDeflateRatio: 'compression ratio in hardware',
  softwareDeflateRatio: 'compression ratio of deflate',
  zstdRatio: 'compression ratio of zstd',
  entropyShare: 'compression of random symbols',
  faultBytesPerSecond: 'rate of page faults at the destination',
  faultContention: 'contention of page faults',
  mmioReadNs: 'register read',
  mmioWriteNs: 'register write',
  mmioRead128Ns: '128-bit register read',
  mmioWrite128Ns: '128-bit register write',
  doorbellNs: 'doorbell write',
  mailboxCommandNs: 'mailbox command',
  pauseBaseNs: 'pause of a function',
  stopQueueBaseNs: 'stop of a queue',
  flushBaseNs: 'flush of a function',
  cacheWriteBackBaseNs: 'context write-back',
  cacheWriteBackPerContextNs: 'context write-back, per context',
  vftAccessNs: 'function table access',
  flrNs: 'function-level reset',
  sriovEnableNs: 'enabling SR-IOV',
  usleepActualNs: 'sleep between two polls',
  interruptNs: 'interrupt',
  syscallNs: 'system call',
  vcpuStopNs: 'stop of the vCPUs',
  vcpuStartNs: 'start of the vCPUs',
  windowPhase: "phase in QEMU's 100 ms window",
  dataAtEnd: 'data in the last pages of guest memory',
  burstPhase: 'start of the first burst of writing',
  registers: "costs of the VFs' registers and engines",
};

/** Figures of a device profile. */
const PROFILE_WORDS: Readonly<Record<ProfileFigureName, string>> = {
  stateBytes: 'state size',
  preCopiedShare: 'share of the state sent in pre-copy',
  setupNs: 'set-up of the move',
  setupNsPerGib: 'set-up of the move, per GiB of memory',
  stopNs: 'stop',
  stopNsPerGib: 'stop, per GiB of memory',
  stopNsPerQueue: 'stop, per queue',
  fixedNs: 'fixed time',
  startNs: 'start',
  startNsPerGib: 'start, per GiB of memory',
  startNsPerQueue: 'start, per queue',
  queuesAtOnce: 'queues stopped or started at once',
  trackingNsPerGib: 'sync of its dirty log, per GiB of memory',
  perQueueNs: 'sync of its dirty log, per queue',
  loadNsPerByte: 'load, per byte',
  streamBytesPerSecond: 'state rate',
  sharedBytesPerSecond: 'state rate of all devices',
  allocateNsPerByte: 'allocation at the destination, per byte',
  lockedNs: 'load under the big lock',
};

/** Figures of the models of throughput. */
const THROUGHPUT_WORDS: Readonly<Record<string, string>> = {
  signatureNs: 'signature',
  softwareNs: 'software',
  operationNs: 'operation',
  copyNsPerBlock: 'copy, per block',
  engineNsPerBlock: 'engine, per block',
  faultNsPerBlock: 'page faults, per block',
  loneNs: 'task alone',
};

/** A name without words of its own, such as a field of a profile, is divided into its parts. */
export function parameterWords(name: string): string {
  if (isKnown(name)) return WORDS[name];
  const kind = ACCELERATOR_KINDS.find((each) => TASK_COST[each] === name);
  if (kind !== undefined) return `${kind.toUpperCase()} task`;
  const [owner, field] = name.split('.', 2);
  if (owner === undefined || field === undefined) return dividedName(name);
  const words = isKeyOf(PROFILE_WORDS, field) ? PROFILE_WORDS[field] : THROUGHPUT_WORDS[field];
  return `${owner}: ${words ?? dividedName(field)}`;
}

/** Unit of a figure of a profile; empty where it is a share or a count. */
export function unitOfFigure(figure: string): string {
  if (/Ns(?:Per[A-Z]\w*)?$/.test(figure)) return 'ns';
  if (figure.endsWith('PerSecond')) return 'B/s';
  return /bytes/i.test(figure) ? 'B' : '';
}

/** A unit in which values are scaled, and the words after it: of `ns per GiB` the two parts. */
function unitParts(unit: string): { readonly scaled: string; readonly rest: string } {
  const [, scaled = '', rest = ''] = /^(ns|B\/s|B)(?: (.*))?$/.exec(unit) ?? ['', '', unit];
  return { scaled, rest };
}

/** Words of a unit after that in which {@link valueText} gives a value: `per GiB` of `ns per GiB`. */
export function unitWords(unit: string): string {
  return unitParts(unit).rest;
}

/** A value of a parameter in a unit of its size: `14.8 ms` where its unit is `ns`, `398 MB/s` for `B/s per channel`. */
export function valueText(value: number, unit: string): string {
  const { scaled } = unitParts(unit);
  if (scaled === 'ns') return formatNs(value);
  const [scale, prefix] =
    scaled === ''
      ? [1, '']
      : value >= GIGA
        ? [GIGA, 'G']
        : value >= MEGA
          ? [MEGA, 'M']
          : value >= KILO
            ? [KILO, 'k']
            : [1, ''];
  const digits = String(Number((value / scale).toPrecision(3)));
  return scaled === '' ? digits : `${digits} ${prefix}${scaled}`;
}

/** The range of a parameter, the lower end first. */
export function rangeText(short: number, long: number, unit: string): string {
  const ends = [Math.min(short, long), Math.max(short, long)].map((value) => valueText(value, unit));
  return ends.join(' to ');
}

function isKnown(name: string): name is KnownName {
  return Object.hasOwn(WORDS, name);
}

/** `firstChunkNs` is `first chunk`: the unit stands with the value. */
function dividedName(name: string): string {
  return name.replace(/(?:Ns|Bytes)$/, '').replaceAll(/(?<=[a-z\d])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
