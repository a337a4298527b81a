/**
 * A measured move as fields of a scenario: what the file says, what follows from it, and what is assumed; and which of them are free
 * to be fitted.
 */
import { ACCELERATOR_KINDS } from '../../../sim/abi/accelerators.ts';
import { BITS_PER_BYTE, GIB, GIGA, MIB, MS_PER_S } from '../../../sim/base/units.ts';
import { sizeText } from '../../../sim/base/quantity.ts';
import { DEFAULT_VMM, VMMS } from '../../../sim/memory/vmms.ts';
import { parseRelease } from '../../../sim/manager/release.ts';
import type { Fact, MoveFacts, MoveFigure } from '../../import/move/facts.ts';
import type { Origin } from './origin.ts';
import { type CommentedValue, flow } from './commented.ts';

/** A field of the scenario. */
export interface DraftField {
  /** `memory.size`. */
  readonly path: string;
  readonly value: CommentedValue;
  readonly origin: Origin;
  /** Source of the value: field and line of the file, or what it follows from. */
  readonly why: string;
  /** What an assumed value decides. */
  readonly decides?: string;
}

/** A value of which the file says too little; the fit looks for the one with which the model does what was measured. */
export interface FreeValue {
  readonly name: 'link' | 'dirtyRate' | 'workingSet' | 'limit' | 'acknowledged';
  readonly start: number;
  readonly low: number;
  readonly high: number;
  /** Above this it is unusual, and taken only where it makes the model better; undefined: the file has measured it. */
  readonly usual?: number;
}

/** What the model has to come to. */
export interface MeasuredMove {
  readonly totalMs: number | undefined;
  readonly pauseMs: number | undefined;
  /** From QEMU's STOP event on, as libvirt counts, or as the VMM does. */
  readonly clock: 'vmm' | 'libvirt';
  readonly transferredBytes: number | undefined;
  /** Bytes of memory in the pause. */
  readonly downtimeBytes: number | undefined;
}

export interface MoveDraft {
  readonly fields: readonly DraftField[];
  readonly free: readonly FreeValue[];
  readonly measured: MeasuredMove;
}

const PAGE_BYTES = 4096;
/** Downtime limit of QEMU where nobody sets one, in ms. */
const LIMIT_MS = 300;
const VCPUS = 4;
const LINK_GIGABITS = 10;
const MEMORY_BYTES = 8 * GIB;
/** Share of a link that memory gets, as the model has it (lineShare). */
const LINK_SHARE = 0.91;
/** Profiles that stand for an unknown device, by the state up to which they do. */
const PROFILES = [
  { profile: 'mlx-vf-small', bytesMax: 64 * MIB },
  { profile: 'mlx5-vf-300mb', bytesMax: Infinity },
] as const;
/** Devices with less have registers only, as those of accelerators. */
const REGISTERS_BYTES_MAX = 64 * 1024;
/** 40 bytes before the stop and 136 in it: all that a VF of an accelerator has. */
const ACCELERATOR_STATE_BYTES = 176;

/** What guests of services are published to write at most: a Java warehouse of 20 vCPUs (Chegu Vinod, 2013). Pages of 4 KiB. */
const USUAL_PAGES_PER_SECOND = 67_551;
/** The most that is published: 10 GB/s, of 64 vCPUs (Chuang Xu, December 2025). */
const PUBLISHED_BYTES_PER_SECOND_MAX = 10e9;

/** Why what a guest is said to write cannot well be; undefined: it can. @param pagesPerSecond of 4 KiB */
export function implausibleRate(pagesPerSecond: number): string | undefined {
  const bytesPerSecond = pagesPerSecond * PAGE_BYTES;
  if (bytesPerSecond <= PUBLISHED_BYTES_PER_SECOND_MAX) return undefined;
  return `implausible: ${(bytesPerSecond / GIGA).toFixed(1)} GB written per second, and the most that is published is 10 GB per second, of 64 vCPUs`; // prettier-ignore
}

/** Fields of a scenario as they are found. */
class Draft {
  readonly fields: DraftField[] = [];
  readonly free: FreeValue[] = [];
  readonly move: MoveFacts;

  constructor(move: MoveFacts) {
    this.move = move;
  }

  value(name: MoveFigure): number | undefined {
    return this.move.figures[name]?.value;
  }

  fact(path: string, value: CommentedValue, { origin, from, line }: Fact<unknown>): void {
    this.fields.push({ path, value, origin, why: `${from}${line === undefined ? '' : `, line ${line}`}` });
  }

  inferred(path: string, value: CommentedValue, why: string): void {
    this.fields.push({ path, value, origin: 'inferred', why });
  }

  assumed(path: string, value: CommentedValue, why: string, decides: string): void {
    this.fields.push({ path, value, origin: 'assumed', why, decides });
  }
}

/** A move as fields of a scenario. */
export function draftOf(move: MoveFacts): MoveDraft {
  const draft = new Draft(move);
  platformFields(draft);
  memoryFields(draft);
  streamFields(draft);
  convergenceFields(draft);
  deviceFields(draft);
  const isLibvirt = move.manager === 'libvirt' || move.manager === 'kubevirt';
  const isOver = move.status === 'completed';
  return {
    fields: draft.fields,
    free: draft.free,
    measured: {
      totalMs: isOver ? draft.value('totalMs') : undefined,
      pauseMs: isOver ? draft.value('downtimeMs') : undefined,
      clock: isLibvirt ? 'libvirt' : 'vmm',
      transferredBytes: isOver ? draft.value('transferredBytes') : undefined,
      downtimeBytes: isOver ? draft.value('downtimeBytes') : undefined,
    },
  };
}

function platformFields(draft: Draft): void {
  const { vmm, vmmVersion, manager, figures } = draft.move;
  if (vmm !== null) draft.inferred('vmm', vmm, 'the format of the file');
  else draft.assumed('vmm', DEFAULT_VMM, 'the file does not say it', 'rules of the move');
  const release = vmmVersion === null ? null : parseRelease(vmmVersion);
  if (release !== null) draft.inferred('vmmVersion', release.slice(0, 2).join('.'), `the version that the file names, ${vmmVersion!}`); // prettier-ignore
  if (manager !== null) draft.inferred('manager', manager, 'the format of the file');
  if (manager === 'libvirt' || manager === 'kubevirt' || manager === 'nova') {
    draft.inferred('returnPath', true, 'libvirt sets return-path');
  }
  const { vcpus } = figures;
  if (vcpus !== undefined) draft.fact('vcpus', Math.max(1, vcpus.value), vcpus);
  else
    draft.assumed(
      'vcpus',
      VCPUS,
      'the file does not say them',
      'how long stopping and saving vCPUs takes, up to 0.7 ms each',
    );
}

function memoryFields(draft: Draft): void {
  const { memoryBytes, zeroPages, normalPages, pageBytes } = draft.move.figures;
  const isSaid = memoryBytes !== undefined && memoryBytes.value > 0;
  const sent = draft.value('transferredBytes') ?? sentInTotal(draft) ?? MEMORY_BYTES;
  const bytes = pagesUp(isSaid ? memoryBytes.value : sent);
  if (isSaid) draft.fact('memory.size', sizeText(bytes), memoryBytes);
  else {
    draft.assumed('memory.size', sizeText(bytes), 'the file does not say it: all that was sent, or 8 GiB', 'how much is sent, so the total time'); // prettier-ignore
  }
  if (zeroPages !== undefined && VMMS[draft.move.vmm ?? DEFAULT_VMM].findsZeros) {
    const zeros = (zeroPages.value * (pageBytes?.value ?? PAGE_BYTES)) / bytes;
    const share = Math.min(1, Math.max(0.001, 1 - zeros));
    draft.inferred(
      'memory.nonZeroShare',
      rounded(share),
      `pages of zeros (${zeroPages.from}${lineText(zeroPages)}) were sent once each`,
    );
  } else if (
    draft.move.figures.transferredBytes !== undefined &&
    draft.value('transferredBytes')! < bytes &&
    draft.move.status === 'completed'
  ) {
    draft.inferred('memory.nonZeroShare', rounded(Math.max(0.001, draft.value('transferredBytes')! / bytes)), 'less was sent than there is: the rest was zeros'); // prettier-ignore
  }
  dirtyFields(draft, bytes, normalPages?.value);
}

/** Bytes that pass in the whole time of the move, where it says no size. */
function sentInTotal(draft: Draft): number | undefined {
  const [totalMs, rate] = [draft.value('totalMs'), draft.value('sendingBytesPerSecond')];
  return totalMs === undefined || rate === undefined ? undefined : (totalMs / MS_PER_S) * rate;
}

/** What the guest wrote: by iterations, by the rate that was measured, or by what was sent more than once. */
function dirtyFields(draft: Draft, memoryBytes: number, normalPages: number | undefined): void {
  const { move } = draft;
  const said = move.figures.dirtyBytesPerSecond;
  const inUse = memoryBytes * nonZeroOf(draft);
  const page = draft.value('pageBytes') ?? PAGE_BYTES;
  const passes = writtenIn(move.iterations);
  const extra = normalPages === undefined ? 0 : Math.max(0, normalPages * page - inUse);
  const [fit, seconds] = [saturationOf(passes), Math.max(1, (draft.value('totalMs') ?? 1e4) / MS_PER_S)];
  const rate = fit?.bytesPerSecond ?? said?.value ?? extra / seconds;
  const set = Math.max(page, Math.min(inUse, fit?.setBytes ?? (extra > 0 ? extra : inUse)));
  const value = uniform(Math.max(1, rate / page), set);
  if (move.status !== 'completed') {
    if (said !== undefined) draft.inferred('memory.dirty', value, `the rate: ${said.from}${lineText(said)}`);
    else draft.assumed('memory.dirty', value, 'the file has no iteration after the first', 'how often memory is sent again, and what is left for the pause'); // prettier-ignore
    return;
  }
  const figures = ['transferredBytes', 'downtimeMs', 'dirtyBytesPerSecond', 'normalPages'] as const;
  if (passes.length === 0 && figures.every((name) => move.figures[name] === undefined)) {
    draft.assumed('memory.dirty', value, 'the file has nothing of what the guest writes', 'how often memory is sent again, and what is left for the pause'); // prettier-ignore
    return;
  }
  const source =
    passes.length > 0
      ? `what iterations of the file sent again`
      : said !== undefined
        ? `${said.from}${lineText(said)}`
        : 'what was sent more than once';
  draft.inferred('memory.dirty', value, `${source}; fitted`);
  const start = Math.max(10, rate / page);
  const known = passes.length > 0 || said !== undefined;
  const range = known ? { low: start / 4, high: start * 16 } : { low: 10, high: 1e7, usual: USUAL_PAGES_PER_SECOND };
  draft.free.push({ name: 'dirtyRate', start, ...range });
  draft.free.push({ name: 'workingSet', start: set, low: page, high: Math.max(page, inUse) });
}

/** What was written in a time. */
interface Written {
  readonly seconds: number;
  readonly bytes: number;
}

function writtenIn(iterations: MoveFacts['iterations']): readonly Written[] {
  return iterations.flatMap(({ dirtiedBytes: bytes, lastsMs }) =>
    bytes === undefined || lastsMs === undefined || lastsMs <= 0 || bytes <= 0
      ? []
      : [{ seconds: lastsMs / MS_PER_S, bytes }],
  );
}

/**
 * A rate and a working set by which so much is written in these times: W (1 - exp(-r t / W)), least squares of logarithms.
 *
 * One pass gives a rate alone: its working set is as large as can be.
 */
function saturationOf(
  passes: readonly Written[],
): { readonly bytesPerSecond: number; readonly setBytes?: number } | undefined {
  const [first] = passes;
  if (first === undefined) return undefined;
  if (passes.length === 1) return { bytesPerSecond: first.bytes / first.seconds };
  const largest = Math.max(...passes.map(({ bytes }) => bytes));
  const fastest = Math.max(...passes.map(({ bytes, seconds }) => bytes / seconds));
  let best = { bytesPerSecond: fastest, setBytes: largest, error: Infinity };
  for (let i = 0; i <= 40; i++) {
    const setBytes = largest * 10 ** (i / 20);
    for (let j = 0; j <= 40; j++) {
      const bytesPerSecond = (fastest / 10) * 10 ** (j / 20);
      const error = passes.reduce((sum, { bytes, seconds }) => {
        const model = setBytes * -Math.expm1((-bytesPerSecond * seconds) / setBytes);
        return sum + Math.log(model / bytes) ** 2;
      }, 0);
      if (error < best.error) best = { bytesPerSecond, setBytes, error };
    }
  }
  return best;
}

export function uniform(pagesPerSecond: number, workingSetBytes: number): CommentedValue {
  return flow({
    kind: 'uniform',
    pagesPerSecond: Math.round(pagesPerSecond),
    workingSet: sizeText(pagesUp(workingSetBytes)),
  });
}

function nonZeroOf(draft: Draft): number {
  const field = draft.fields.find(({ path }) => path === 'memory.nonZeroShare');
  return typeof field?.value === 'number' ? field.value : 1;
}

function streamFields(draft: Draft): void {
  const { move } = draft;
  const { sendingBytesPerSecond: rate, channels, bandwidthLimitBytesPerSecond: cap } = move.figures;
  if (rate !== undefined && rate.value > 0) {
    const gigabits = linkOf(rate.value);
    draft.inferred(
      'stream.gigabitsPerSecond',
      rounded(gigabits),
      `a lower bound: ${rate.from}${lineText(rate)}; fitted`,
    );
    draft.free.push({ name: 'link', start: gigabits, low: gigabits * 0.9, high: gigabits * 1.6 });
  } else {
    draft.assumed('stream.gigabitsPerSecond', LINK_GIGABITS, 'the file has no rate', 'how fast memory goes');
    if (move.status === 'completed' && draft.value('totalMs') !== undefined) {
      draft.free.push({ name: 'link', start: LINK_GIGABITS, low: 0.05, high: 400 });
    }
  }
  if (cap !== undefined && (rate === undefined || cap.value < rate.value * 1.05)) {
    draft.fact('stream.maxBytesPerSecond', Math.round(cap.value), cap);
  }
  const { multifd, tls, compression } = move.settings;
  const usesChannels = multifd?.value !== false;
  if (channels !== undefined && usesChannels) draft.fact('stream.channels', Math.max(1, Math.min(128, channels.value)), channels); // prettier-ignore
  else if (multifd?.value === true) draft.assumed('stream.channels', 2, 'multifd was on; 2 channels are its default', 'how fast memory goes'); // prettier-ignore
  if (tls?.value === true) draft.fact('stream.tls', true, tls);
  if (compression !== undefined && (compression.value === 'zlib' || compression.value === 'zstd')) {
    draft.fact('stream.compression', compression.value, compression);
  }
}

/** Gigabits per second of a link that carries so much memory. */
function linkOf(bytesPerSecond: number): number {
  return (bytesPerSecond * BITS_PER_BYTE) / GIGA / LINK_SHARE;
}

function convergenceFields(draft: Draft): void {
  const { downtimeLimitMs: limit, timeoutS } = draft.move.figures;
  const { autoConverge } = draft.move.settings;
  if (draft.move.manager === 'proxmox') {
    draft.inferred('convergence.whenOut', 'cancel', 'Proxmox VE begins with 100 ms and raises the limit itself');
  } else if (limit !== undefined && limit.value > 0) draft.fact('convergence.downtimeLimit', `${limit.value}ms`, limit);
  else if (draft.move.manager !== 'nova') {
    draft.assumed('convergence.downtimeLimit', `${LIMIT_MS}ms`, 'the file does not say it', 'when the VM is stopped, and how much is left for the pause'); // prettier-ignore
    if (draft.move.status === 'completed' && draft.value('downtimeMs') !== undefined) {
      draft.free.push({ name: 'limit', start: LIMIT_MS, low: 10, high: 10_000 });
    }
  }
  if (autoConverge?.value === true) draft.fact('convergence.autoConverge', true, autoConverge);
  if (timeoutS !== undefined && timeoutS.value > 0 && draft.move.vmm !== DEFAULT_VMM) {
    draft.fact('convergence.timeout', `${timeoutS.value}s`, timeoutS);
  }
}

function deviceFields(draft: Draft): void {
  const { devices, status } = draft.move;
  const sent = draft.value('deviceBytes');
  const left = status === 'completed' ? 0 : (draft.value('deviceRemainingBytes') ?? 0);
  const states = devices.map(({ preCopyBytes = 0, stopCopyBytes = 0 }) => preCopyBytes + stopCopyBytes);
  const state = (sent ?? states.reduce((sum, each) => sum + each, 0)) + left;
  const count = Math.max(1, devices.length);
  if (state === 0 && devices.length === 0) return;
  const each = state / count;
  const ids = devices.map(({ id }) => id);
  const decides = 'times of the devices in the pause';
  if (each >= REGISTERS_BYTES_MAX) {
    const { profile } = PROFILES.find(({ bytesMax }) => each <= bytesMax)!;
    const value = { items: [flow({ profile, count, state: `${Math.round(each)}B` })] };
    const still = left === 0 ? '' : `, ${left} of them not yet sent`;
    draft.assumed('devices', value, `${state} bytes of device state${still}; which device it was is not said`, decides);
    draft.free.push({ name: 'acknowledged', start: 1, low: 1, high: 2 });
  } else {
    const isWhole = state > ACCELERATOR_STATE_BYTES && state % ACCELERATOR_STATE_BYTES === 0;
    const vfs = Math.min(63, isWhole ? state / ACCELERATOR_STATE_BYTES : count);
    const why = state === 0 ? 'devices without a size' : `${state} bytes of device state are those of accelerator VFs`;
    draft.assumed('devices', { items: [flow({ profile: acceleratorOf(ids), count: vfs })] }, why, decides);
  }
  draft.inferred(
    'assume',
    flow({ p2p: true, dirtyTracking: true, hostDevices: true }),
    status === 'completed' ? 'it moved: no rule was in its way' : 'it was begun: no rule was in its way',
  );
}

/** An accelerator by what its device is called; ZIP where no name says it. */
function acceleratorOf(ids: readonly string[]): string {
  const kind = ACCELERATOR_KINDS.find((each) => ids.some((id) => id.toLowerCase().includes(each)));
  return `acc-${kind ?? 'zip'}`;
}

function lineText({ line }: Fact): string {
  return line === undefined ? '' : `, line ${line}`;
}

function pagesUp(bytes: number): number {
  return Math.max(PAGE_BYTES, Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES);
}

/** Four significant digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
