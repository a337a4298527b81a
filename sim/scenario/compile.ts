/**
 * A scenario made ready to run: profiles found, names resolved, contradictions refused with their reasons.
 */
import { ACCELERATOR_KINDS, ACCELERATORS, type AcceleratorKind, DEFAULT_HARDWARE, QM_HW } from '../abi/accelerators.ts';
import { DEPTH } from '../abi/contexts.ts';
import { QUEUES_TOTAL, VFS_MAX } from '../abi/vft.ts';
import { UserError } from '../base/user-error.ts';
import { type CostValues, pointCosts } from '../device/costs.ts';
import { DEFAULT_GENERATION, type GenerationId } from '../driver/generation.ts';
import { dependsOnQueues, type DeviceProfile, figuresOf, type RangeEnd, withState } from '../memory/device-profile.ts';
import type { MemoryLayout } from '../memory/layout.ts';
import type { VmmParameters } from '../memory/parameters.ts';
import { onPlatform, parametersAt, type Platform } from '../memory/platform.ts';
import type { OwnPlatform } from '../memory/platform-file.ts';
import type { ZeroCheck } from '../memory/stream.ts';
import { isAtLeast, parseRelease } from '../manager/release.ts';
import {
  type AllDirty,
  checkMove,
  type DeviceGroup,
  type DeviceSteps,
  moveVm,
  type VmMoveInput,
} from '../memory/vm-move.ts';
import type { QueueDepths } from '../workload/layout.ts';
import { checkLoad, DEFAULT_LOAD, type Load, namedLoad } from '../workload/load.ts';
import type { Recovery } from '../move/vf-passage.ts';
import type { Scenario, ScenarioDevice } from './document.ts';
import { countOf, formatNs } from '../base/units.ts';
import { leastLimitNs, throttledMoves } from '../memory/advice.ts';
import { blockerPhrase } from '../memory/cause-words.ts';
import type { DmaWrites } from '../memory/dirty.ts';
import { checkManager, checkPostCopy, convergenceOf } from './manager-rules.ts';
import { allDirtyOf, askCan, type AskedCan, WillNotMove } from './ask-can.ts';
import { DEFAULT_IN_FLIGHT, type InFlight } from '../abi/in-flight.ts';
import type { Watch } from '../memory/manager.ts';
import { VMMS } from '../memory/vmms.ts';

/** VFs of one kind, of one PF, whose registers are modelled. */
export interface RegisterGroup {
  readonly name: string;
  readonly kind: AcceleratorKind;
  /** In each VM. */
  readonly count: number;
  readonly queuePairs: number;
  readonly depths: QueueDepths;
  readonly load: Load;
  readonly generation: GenerationId;
  readonly hardware: number;
  readonly inFlight: InFlight;
  /** Undefined: as published for the kind. */
  readonly engine: { readonly servers: number; readonly serviceNs: number } | undefined;
}

interface CompiledDevice {
  readonly profile: DeviceProfile;
  readonly count: number;
  readonly queues: number;
  /** Null: the device has no register model. */
  readonly registers: RegisterGroup | null;
}

export interface CompiledScenario {
  /** Name of the file, used in messages. */
  readonly file: string;
  readonly scenario: Scenario;
  readonly devices: readonly CompiledDevice[];
  readonly registerGroups: readonly RegisterGroup[];
  readonly recovery: Recovery;
  /** Whether match data of VFs goes ahead of the stop. */
  readonly preCopy: boolean;
  /** The manager of the moves, where it is not as the scenario's own words say. */
  readonly watch?: Watch;
  /** Measured parameters of its machines, in place of the shipped ones. */
  readonly platform?: OwnPlatform;
  /** Whether the VM moves at all, and why. */
  readonly can: AskedCan;
  /** When a sync reports all memory dirty; undefined: never. */
  readonly allDirty: AllDirty | undefined;
}

/**
 * @param file name of the scenario, used in messages
 * @param profiles profile documents by the words that the scenario uses
 * @param platform parameters of the machines, measured by the user; default: the shipped ones
 * @throws UserError of kind `input` for a scenario that cannot be, or leaves out what decides whether it moves
 * @throws WillNotMove for a VM that `can` says will not move
 */
export function compileScenario(
  given: Scenario,
  profiles: ReadonlyMap<string, DeviceProfile>,
  file: string,
  platform?: OwnPlatform,
): CompiledScenario {
  const scenario = given.cpu === undefined && platform?.cpu !== undefined ? { ...given, cpu: platform.cpu } : given;
  const refuse = (message: string, hint?: string): never => {
    throw new UserError('input', `${file}: ${message}`, hint);
  };
  const devices = scenario.devices
    .filter(({ count }) => count > 0)
    .map((device, index) => {
      const at = `devices[${index}]`;
      const read = profiles.get(device.profile);
      const profile = withState(read ?? refuse(`${at}.profile '${device.profile}' was not read`), device.state);
      const registers = profile.kind === undefined ? null : registerGroup(device, profile.id, profile.kind, at, refuse);
      if (registers === null) refuseUnmodelled(device, profile, at, refuse);
      else refuseUnread(device, at, refuse);
      return { profile, count: device.count, queues: device.queues, registers };
    });
  const registerGroups = devices.flatMap(({ registers }) => registers ?? []);
  checkQueues(scenario, registerGroups, refuse);
  checkFields(scenario, registerGroups, refuse);
  const asked = askCan(scenario, profiles, file, scenario.vms);
  const allDirty = allDirtyOf(asked, file);
  checkPlayable(scenario, refuse);
  const plan: CompiledScenario = {
    file,
    scenario,
    devices,
    registerGroups,
    recovery: scenario.recovery ?? VMMS[scenario.vmm].recovery,
    preCopy: VMMS[scenario.vmm].preCopiesDevices,
    ...(platform === undefined ? {} : { platform }),
    can: asked,
    allDirty,
  };
  checkWhole(plan, refuse);
  return plan;
}

/** What `can` answers, and the model does not play. */
function checkPlayable(scenario: Scenario, refuse: Refuse): void {
  const { qemu, cloudHypervisor, manager, devices } = scenario;
  const rows: readonly (readonly [given: boolean, field: string])[] = [
    [qemu?.backgroundSnapshot === true, 'qemu.backgroundSnapshot'],
    [qemu?.dirtyLimit === true, 'qemu.dirtyLimit'],
    [cloudHypervisor?.local === true, 'cloudHypervisor.local'],
  ];
  const found = rows.find(([given]) => given);
  if (found !== undefined) {
    refuse(
      `${found[1]} is given, and no such move is played`,
      'Leave it out; stopcopy can says whether the VM moves so.',
    );
  }
  const unplugs = manager === 'kubevirt' || manager === 'nova';
  if (unplugs && devices.some(({ attachedAs, count }) => attachedAs === 'network' && count > 0)) {
    refuse(
      `${manager} unplugs network devices before a move, and unplugging is not played`,
      'Leave the devices out: nothing of them moves.',
    );
  }
}

/** What only the model of a whole VM knows: a move that would never end. */
function checkWhole(plan: CompiledScenario, refuse: Refuse): void {
  const input = moveInputOf(plan, 'point', pointCosts());
  try {
    checkMove(input);
    const p = parametersOf(plan, 'point');
    const { end, cause } = moveVm(input, p);
    if (end !== 'endless') return;
    if (plan.allDirty === 'eachSync') throw new WillNotMove(plan.file, plan.can);
    refuse(`the VM would never be stopped: ${blockerPhrase(cause)}`, endlessHint(input, p));
  } catch (error) {
    if (!(error instanceof UserError) || error.message.startsWith(plan.file)) throw error;
    refuse(error.message, error.hint);
  }
}

/** What would end a move that never ends; what is offered was tried. */
function endlessHint(input: VmMoveInput, p: VmmParameters): string {
  const limitNs = leastLimitNs(input, p);
  const ways = ['convergence.timeout, after which it is given up'];
  if (limitNs !== null) ways.push(`convergence.downtimeLimit: ${formatNs(limitNs)}, with which it moves`);
  if (VMMS[input.convergence.vmm].throttles && throttledMoves(input, p)) ways.push('autoConverge, with which it moves');
  return `Give ${ways.join(', or ')}.`;
}

type Refuse = (message: string, hint?: string) => never;

/** Why the queues of a device are not read. @param profile as the document names it */
export function queuelessPhrase(profile: string): string {
  return `profile ${profile} has no register model and no time per queue, so that no figure depends on it`;
}

const REGISTER_FIELDS = ['kind', 'load', 'depths', 'driver', 'hardware', 'inFlight', 'engine'] as const;

/** Fields that a device without a register model has no use for. */
function refuseUnmodelled(device: ScenarioDevice, profile: DeviceProfile, at: string, refuse: Refuse): void {
  const given = REGISTER_FIELDS.find((name) => device[name] !== undefined);
  if (given === undefined && device.queues > 1 && !dependsOnQueues(profile)) {
    refuse(`${at}.queues is ${device.queues}, and ${queuelessPhrase(device.profile)}`, 'Leave it out.');
  }
  if (given === undefined) return;
  refuse(
    `${at}.${given} is given, and profile ${device.profile} has no register model that could use it`,
    `Leave it out, or take a profile of a kind of accelerator: ${ACCELERATOR_KINDS.map((kind) => `acc-${kind}`).join(', ')}.`,
  );
}

/** Fields that no figure of a move depends on. */
function refuseUnread({ hardware, depths, state }: ScenarioDevice, at: string, refuse: Refuse): void {
  if (hardware !== undefined) {
    refuse(
      `${at}.hardware is ${hardware}, and V3, V4 and V5 move alike`,
      'Leave it out; only ask: room of stopcopy plan reads it, since a VF moves to hardware of its own version only.',
    );
  }
  if (state !== undefined)
    refuse(`${at}.state is given, and the driver of an accelerator VF decides it`, 'Leave it out.');
  const hint = 'Leave it out; sq, cq and eq bound what is in flight.';
  if (depths?.aeq !== undefined) refuse(`${at}.depths.aeq is given, and no figure depends on it`, hint);
}

function registerGroup(
  device: ScenarioDevice,
  name: string,
  profileKind: AcceleratorKind,
  at: string,
  refuse: Refuse,
): RegisterGroup {
  const { sq = DEPTH.sq, cq = DEPTH.cq, eq = DEPTH.eq, aeq = DEPTH.aeq } = device.depths ?? {};
  const depths = { sq, cq, eq, aeq };
  const load = loadOf(device, depths, at, refuse);
  const { kind = profileKind, queues, engine } = device;
  const { driver = DEFAULT_GENERATION, hardware = DEFAULT_HARDWARE, inFlight = DEFAULT_IN_FLIGHT } = device;
  return {
    name,
    kind,
    count: device.count,
    queuePairs: queues,
    depths,
    load,
    generation: driver,
    hardware: QM_HW[hardware],
    inFlight,
    engine: engine === undefined ? undefined : { servers: engine.cores, serviceNs: engine.taskTime },
  };
}

/** Tasks in flight that the event queue of a VF holds for each of its queues (docs/device.md 12.1). */
function roomPerQueue(depths: QueueDepths, queues: number): number {
  return Math.max(1, Math.floor((depths.eq - 1) / queues));
}

function loadOf(
  { load = DEFAULT_LOAD, queues }: ScenarioDevice,
  depths: QueueDepths,
  at: string,
  refuse: Refuse,
): Load {
  const room = roomPerQueue(depths, queues);
  if (typeof load === 'string') {
    const named = namedLoad(load, depths.sq);
    if (named.kind !== 'closed') return named;
    return { kind: 'closed', inFlightPerQueue: Math.min(named.inFlightPerQueue, room) };
  }
  const given: Load =
    load.kind === 'closed'
      ? { kind: 'closed', inFlightPerQueue: load.inFlight }
      : { kind: 'open', fractionOfCapacity: load.fraction, burst: load.burst };
  if (given.kind === 'closed' && given.inFlightPerQueue > room) {
    refuse(
      `${at}.load keeps ${given.inFlightPerQueue} tasks in flight in each of ${countOf(queues, 'queue')}, and the event queue has ${depths.eq} entries`,
      `Allowed are up to ${room} per queue.`,
    );
  }
  try {
    return checkLoad(given, depths.sq);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return refuse(`${at}.load: ${error.message}`, error.hint === undefined ? undefined : `Allowed is ${error.hint}.`);
  }
}

function checkQueues({ vms }: Scenario, groups: readonly RegisterGroup[], refuse: Refuse): void {
  for (const { name, kind, count, queuePairs } of groups) {
    const vfs = vms * count;
    if (vfs > VFS_MAX) {
      refuse(
        `${countOf(vms, 'VM')} with ${countOf(count, 'VF')} of ${name} each are ${vfs} VFs of one PF`,
        `A PF has up to ${VFS_MAX} of them.`,
      );
    }
    const own = ACCELERATORS[kind].pfDefaultQueues;
    const wanted = vfs * queuePairs;
    if (own + wanted > QUEUES_TOTAL) {
      refuse(
        `${countOf(vfs, 'VF')} of ${name} with ${countOf(queuePairs, 'queue pair')} each are ${wanted} queue pairs`,
        `The device has ${QUEUES_TOTAL}, of which the PF keeps ${own}: ${QUEUES_TOTAL - own} are left for VFs.`,
      );
    }
  }
}

function checkFields(scenario: Scenario, groups: readonly RegisterGroup[], refuse: Refuse): void {
  const { vms, stream, convergence, faults } = scenario;
  const vmm = VMMS[scenario.vmm];
  if (!vmm.hasMultifd && stream.multifd !== undefined) {
    refuse(`stream.multifd is given, and ${vmm.title} has no multifd`, 'Leave it out; channels are its connections.');
  }
  if (!vmm.compresses && stream.compression !== 'none') {
    refuse(`stream.compression is ${stream.compression}, and ${vmm.title} does not compress`, 'Leave it out.');
  }
  if (stream.compression !== 'deflate-hardware' && stream.engines !== undefined) {
    refuse(
      `stream.engines is given, and stream.compression is ${stream.compression}`,
      'Give deflate-hardware, or leave it out.',
    );
  }
  if (stream.compression === 'none' && stream.compressionRatio !== undefined) {
    refuse('stream.compressionRatio is given, and stream.compression is none', 'Give a compression, or leave it out.');
  }
  if (!vmm.hasVhost && scenario.vhost !== undefined) {
    refuse(`vhost is given, and what such devices add to a move of ${vmm.title} is not known`, 'Leave it out.');
  }
  if (!vmm.throttles && convergence.autoConverge === true) {
    refuse(`convergence.autoConverge is true, and ${vmm.title} does not throttle vCPUs`, 'Leave it out.');
  }
  if (!vmm.mayPark && scenario.recovery === 'park') {
    refuse(`recovery is park, and ${vmm.title} parks no vCPUs`, 'Give reset, or goOn.');
  }
  if (!vmm.countsIterations && convergence.rounds !== undefined) {
    refuse(`convergence.rounds is given, and ${vmm.title} does not count iterations`, 'Give convergence.timeout.');
  }
  if (stream.multifd === false && stream.channels > 1) {
    refuse(`stream.channels is ${stream.channels} without multifd`, 'Without it everything takes one channel.');
  }
  if (scenario.parallelDevices && (!vmm.hasMultifd || stream.multifd === false || stream.compression !== 'none')) {
    refuse('parallelDevices is true, and device state goes side by side only over multifd of QEMU without compression');
  }
  checkManager(scenario, refuse);
  checkPostCopy(scenario, refuse);
  const vfs = groups.reduce((sum, { count }) => sum + count, 0);
  for (const [index, fault] of faults.entries()) {
    const at = `faults[${index}]`;
    if ((fault.vm ?? 1) > vms) refuse(`${at}.vm is ${fault.vm}, and the number of VMs is ${vms}`);
    if ('device' in fault && fault.device > vfs) {
      refuse(`${at}.device is ${fault.device}, and each VM has ${countOf(vfs, 'VF')} with a register model`);
    }
  }
  checkOtherQueues(scenario, groups, refuse);
  const cuts = faults.filter(({ kind }) => kind === 'cancel' || kind === 'link');
  if (cuts.length > 1) refuse(`faults has ${cuts.length} that end a move`, 'One of kind cancel or link is enough.');
}

/** A destination whose VF has other queues must still be a device that can be. */
function checkOtherQueues({ faults, vms }: Scenario, groups: readonly RegisterGroup[], refuse: Refuse): void {
  for (const [index, fault] of faults.entries()) {
    if (fault.kind !== 'otherQueues') continue;
    const vfs = groups.flatMap((group) => Array.from({ length: group.count }, () => group));
    const { kind, queuePairs, count } = vfs[fault.device - 1]!;
    const rest = (vms * count - 1) * queuePairs + ACCELERATORS[kind].pfDefaultQueues;
    if (rest + fault.queues > QUEUES_TOTAL) {
      refuse(
        `faults[${index}].queues is ${fault.queues}, and PF and other VFs have ${rest}`,
        `The device has ${QUEUES_TOTAL} in all.`,
      );
    }
  }
}

/** The phase of QEMU's window at which the limit is met is unknown: the centre is the nominal value, and both ends are tried. */
export const WINDOW_PHASES: Readonly<Record<RangeEnd, readonly number[]>> = {
  point: [0.5],
  short: [0, 0.5, 1],
  long: [0, 0.5, 1],
};

/**
 * What the model of a whole VM gets.
 *
 * @param steps of each device group, by its place, where they are known
 * @param windowPhase one of {@link WINDOW_PHASES}
 * @throws UserError of kind `input` for what that model refuses
 */
export function moveInputOf(
  plan: CompiledScenario,
  end: RangeEnd,
  costs: Pick<CostValues, 'vcpuStopNs' | 'vcpuStartNs'>,
  steps?: readonly (readonly DeviceSteps[] | undefined)[],
  windowPhase: number = WINDOW_PHASES.point[0]!,
): VmMoveInput {
  const { vmm, vms, vcpus, memory, stream, switchoverAck, parallelDevices } = plan.scenario;
  const { returnPath = VMMS[vmm].returnPath } = plan.scenario;
  const { compression, compressionRatio = null, maxBytesPerSecond = Infinity, multifd = stream.channels > 1 } = stream;
  return {
    vcpus,
    memory: {
      bytes: memory.size,
      nonZeroShare: memory.nonZeroShare,
      pageBytes: memory.page,
      dirty: dirtyOf(memory.dirty),
      layout: layoutOf(memory.tail, end),
      ...(memory.dma === undefined ? {} : { dma: dmaOf(memory.dma) }),
      ...(plan.allDirty === undefined ? {} : { allDirty: plan.allDirty }),
    },
    stream: {
      vmm,
      gigabitsPerSecond: stream.gigabitsPerSecond,
      latencyNs: stream.latency,
      lineShare: stream.share / vms,
      channels: stream.channels,
      multifd: VMMS[vmm].hasMultifd && multifd,
      tls: stream.tls,
      compression: compression === 'none' ? null : compression,
      compressionRatio,
      fill: 'mixed',
      engines: stream.engines ?? 1,
      zeroCheck: zeroCheckOf(plan.scenario),
      preallocated: stream.preallocated,
      maxBytesPerSecond,
    },
    convergence: convergenceOf(plan, windowPhase),
    devices: plan.devices.map(({ profile, count, queues }, index): DeviceGroup => {
      const known = steps?.[index];
      const figures = figuresOf(profile, end);
      return {
        name: profile.id,
        count,
        queues,
        figures,
        ...(known === undefined ? {} : { steps: known }),
      };
    }),
    parallelDevices,
    switchoverAck,
    returnPath,
    vcpuStopNs: costs.vcpuStopNs,
    vcpuStartNs: costs.vcpuStartNs,
    ...vhostOf(plan.scenario),
  };
}

/** Where a scenario does not say what comes last: as Linux leaves it that was never full, and at the high end data. */
function layoutOf(tail: Scenario['memory']['tail'], end: RangeEnd): MemoryLayout {
  return tail ?? (end === 'long' ? 'data' : 'rising');
}

/** From this release on, whose machine type a VM has if it has the newest, multifd's channels find zeros. */
const ZEROS_IN_CHANNELS = 9;

function zeroCheckOf({ vmmVersion }: Scenario): ZeroCheck {
  const release = vmmVersion === undefined ? null : parseRelease(vmmVersion);
  const isNew = vmmVersion === 'main' || (release?.[0] ?? 0) >= ZEROS_IN_CHANNELS;
  return isNew ? 'channels' : 'mainThread';
}

/** QEMU up to 10.2 reads small memory blocks page by page (qemu-devel 20251218114220.83354-1, merged after). */
const ALIGNED_SINCE = '11';

function vhostOf({ vhost, vmmVersion }: Scenario): Pick<VmMoveInput, 'vhost'> {
  if (vhost === undefined) return {};
  const release = vmmVersion === undefined ? null : parseRelease(vmmVersion);
  const alignedSync = vmmVersion === 'main' || (release !== null && isAtLeast(release, ALIGNED_SINCE));
  return { vhost: { ...vhost, fewerCommits: false, alignedSync } };
}

/** The machines and the release that a scenario's moves run on. */
export function platformOf({ vmm, vmmVersion, cpu }: Pick<Scenario, 'vmm' | 'vmmVersion' | 'cpu'>): Platform {
  if (!VMMS[vmm].findsZeros || vmmVersion === undefined) return { cpu };
  const release = parseRelease(vmmVersion);
  const [major = 0, minor = 0] = release ?? [];
  return { cpu, qemu: release === null ? Number.POSITIVE_INFINITY : major + minor / 10 };
}

/** All parameters at one end, on the machines and the release of a scenario. */
export function parametersOf(plan: CompiledScenario, end: RangeEnd): VmmParameters {
  return onPlatform(parametersAt(end, plan.platform?.spreads), platformOf(plan.scenario));
}

function dmaOf({ bytesPerSecond, buffers, page }: NonNullable<Scenario['memory']['dma']>): DmaWrites {
  return { bytesPerSecond, setBytes: buffers, ...(page === undefined ? {} : { pageBytes: page }) };
}

function dirtyOf(dirty: Scenario['memory']['dirty']): VmMoveInput['memory']['dirty'] {
  switch (dirty.kind) {
    case 'none':
      return dirty;
    case 'uniform': {
      const { pagesPerSecond, workingSet } = dirty;
      return { kind: 'uniform', pagesPerSecond, ...(workingSet === undefined ? {} : { workingSetBytes: workingSet }) };
    }
    case 'hotSet': {
      const { hot, hotPagesPerSecond, coldPagesPerSecond } = dirty;
      return { kind: 'hotSet', hotBytes: hot, hotPagesPerSecond, coldPagesPerSecond };
    }
    case 'bursts': {
      const { workingSet, pagesPerSecond, burst, burstPagesPerSecond, every, lasts, begins = every / 2 } = dirty;
      const sets = { workingSetBytes: workingSet, pagesPerSecond, burstBytes: burst, burstPagesPerSecond };
      return { kind: 'bursts', ...sets, everyNs: every, lastsNs: lasts, beginsNs: begins };
    }
    default:
      return { kind: 'trace', timesNs: dirty.at, pagesPerSecond: dirty.pagesPerSecond };
  }
}
