/**
 * The manager of a scenario's moves: which it is, the rules that it goes by, and fields that contradict it.
 */
import type { KubevirtGates } from '../memory/convergence.ts';
import type { DeviceProfile } from '../memory/device-profile.ts';
import { KUBEVIRT_GATES } from '../memory/kubevirt-manager.ts';
import { MANAGER_NAMES, MANAGERS, timeoutFor, type Watch } from '../memory/manager.ts';
import type { ConvergenceInput } from '../memory/precopy.ts';
import { VMMS } from '../memory/vmms.ts';
import { NO_VFIO } from './ask-can.ts';
import { novaSteps, type Scenario } from './document.ts';
import { namedManager, rulesOf } from './rules.ts';

/** A scenario with its devices, and the manager of its moves where it is not as its own words say. */
interface WatchedScenario {
  readonly scenario: Scenario;
  readonly devices: readonly { readonly profile: Pick<DeviceProfile, 'driver'> }[];
  readonly watch?: Watch | undefined;
}

/** Fields that only one manager reads, and a stop for which there is no time. */
export function checkManager(
  { manager, kubevirt, convergence }: Scenario,
  refuse: (message: string, hint?: string) => never,
): void {
  const { whenOut, timeout, rounds, steps, downtimeLimit } = convergence;
  const named = MANAGER_NAMES.find((name) => name === manager);
  const hasTime = named !== undefined && Number.isFinite(MANAGERS[named].defaults.timeoutNsPerUnit);
  if (whenOut === 'stop' && timeout === undefined && rounds === undefined && !hasTime) {
    refuse("convergence.whenOut is 'stop', and there is no timeout after which to stop", 'Give convergence.timeout.');
  }
  const { stallDetection = false, downtimeTuning = false, maxDowntime } = kubevirt ?? {};
  const gate = stallDetection ? 'kubevirt.stallDetection' : downtimeTuning ? 'kubevirt.downtimeTuning' : null;
  if (gate === null) {
    if (maxDowntime !== undefined) {
      refuse(
        'kubevirt.maxDowntime is given, and without a gate nothing reads it',
        'Give kubevirt.stallDetection or kubevirt.downtimeTuning, or leave it out.',
      );
    }
    return;
  }
  if (manager !== 'kubevirt') refuse(`${gate} is true, and KubeVirt is not the manager`, 'Give manager: kubevirt.');
  if (stallDetection && downtimeTuning) {
    refuse(
      'kubevirt.downtimeTuning is true, and stall detection leaves it without effect',
      'Leave one of the two out.',
    );
  }
  if (steps !== undefined || (stallDetection && downtimeLimit !== undefined)) {
    const field = steps === undefined ? 'downtimeLimit' : 'steps';
    refuse(`convergence.${field} is given, and ${gate} sets the limit`, `Leave it out, or give kubevirt.maxDowntime.`);
  }
}

/** When post-copy begins in a scenario, and the field that lets it; null: never. */
export function postCopyOf({
  vmm,
  manager,
  qemu,
  cloudHypervisor,
  kubevirt,
  nova,
  convergence,
}: Pick<Scenario, 'vmm' | 'manager' | 'qemu' | 'cloudHypervisor' | 'kubevirt' | 'nova' | 'convergence'>): {
  readonly begins: NonNullable<ConvergenceInput['postCopy']>;
  readonly field: string;
} | null {
  if (cloudHypervisor?.memoryMode === 'postcopy') {
    return { begins: 'atOnce', field: 'cloudHypervisor.memoryMode: postcopy' };
  }
  if (VMMS[vmm].watchedBy === 'vmm') return null;
  // allowWorkloadDisruption is what allowPostCopy is, unless it is set.
  if (manager === 'kubevirt') {
    return kubevirt?.allowPostCopy === true ? { begins: 'whenOut', field: 'kubevirt.allowPostCopy' } : null;
  }
  if (convergence.whenOut !== 'stop') return null;
  const [isPermitted, field] =
    manager === 'nova' ? [nova?.permitPostCopy, 'nova.permitPostCopy'] : [qemu?.postCopy, 'qemu.postCopy'];
  return isPermitted === true ? { begins: 'whenOut', field } : null;
}

const NOT_READ_AT_ONCE = ['downtimeLimit', 'steps', 'timeout', 'rounds'] as const;

/** Limits of a move that sends no memory before its stop, so that nothing reads them. */
export function checkPostCopy(scenario: Scenario, refuse: (message: string, hint?: string) => never): void {
  const postCopy = postCopyOf(scenario);
  if (postCopy?.begins !== 'atOnce') return;
  const { convergence } = scenario;
  const given = NOT_READ_AT_ONCE.find((name) => convergence[name] !== undefined);
  const field = given ?? (convergence.whenOut === 'stop' ? 'whenOut' : undefined);
  if (field === undefined) return;
  refuse(
    `convergence.${field} is given, and with ${postCopy.field} the VM is stopped before any memory is sent`,
    'Leave it out: nothing reads it.',
  );
}

/** What the manager of a scenario's moves goes by. */
export function convergenceOf({ scenario, watch, devices }: WatchedScenario, windowPhase: number): ConvergenceInput {
  const { vmm, memory, convergence, kubevirt } = scenario;
  const { watchedBy, timeoutNs } = VMMS[vmm];
  const { downtimeLimitNs, steps: limits, autoConverge } = rulesOf({ ...scenario, watch });
  const { rounds = Infinity } = convergence;
  const postCopy = postCopyOf(scenario);
  const named = namedManager(scenario);
  const asked = watch?.manager ?? named ?? (limits === 'nova' ? limits : watchedBy);
  // Cloud Hypervisor watches its moves itself, whatever began them.
  const manager = watchedBy === 'vmm' ? watchedBy : asked;
  const defaults =
    manager === named ? MANAGERS[named].defaults : { timeoutNsPerUnit: timeoutNs, progressTimeoutNs: Infinity };
  const ownTimeoutNs = manager === named ? timeoutFor(named, defaults.timeoutNsPerUnit, memory.size) : timeoutNs;
  return {
    vmm,
    manager,
    progressTimeoutNs: watch?.progressTimeoutNs ?? defaults.progressTimeoutNs,
    downtimeLimitNs: kubevirt?.stallDetection === true ? stallLimitNs(kubevirt.maxDowntime) : downtimeLimitNs,
    limitSteps:
      limits === undefined
        ? []
        : limits === 'nova'
          ? novaSteps(memory.size)
          : limits.map(({ after, limit }) => ({ afterNs: after, limitNs: limit })),
    autoConverge,
    timeoutNs: convergence.timeout ?? ownTimeoutNs,
    roundsMax: rounds,
    whenOut: convergence.whenOut,
    windowPhase,
    ...(postCopy === null ? {} : { postCopy: postCopy.begins }),
    hasVfio: devices.some(({ profile }) => profile.driver !== NO_VFIO),
    ...(kubevirt === undefined ? {} : { gates: gatesOf(kubevirt) }),
  };
}

type KubevirtFields = NonNullable<Scenario['kubevirt']>;

function stallLimitNs(maxDowntimeNs: number = KUBEVIRT_GATES.maxDowntimeNs): number {
  return Math.min(maxDowntimeNs, KUBEVIRT_GATES.stall.firstLimitNs);
}

function gatesOf({ stallDetection, downtimeTuning, maxDowntime }: KubevirtFields): KubevirtGates {
  return { stallDetection, downtimeTuning, maxDowntimeNs: maxDowntime ?? KUBEVIRT_GATES.maxDowntimeNs };
}
