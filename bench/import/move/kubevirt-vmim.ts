/**
 * VirtualMachineInstanceMigration objects of KubeVirt.
 */
import { MS_PER_S } from '../../../sim/base/units.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import { amountAt, flagAt, isObject, type JsonObject, listAt, textAt, valueAt } from '../json-values.ts';
import { kubernetesObjects, unixSeconds } from '../kubernetes.ts';
import { kubernetesQuantity } from '../quantities.ts';
import { addFindings, type Finding, type Reader } from '../reader.ts';
import { Figures, type MoveFacts, moveFacts, type MoveFile, type MoveStatus, saidOf, withoutAbsent } from './facts.ts';

const KIND = 'VirtualMachineInstanceMigration';

/** Phases of a migration (KubeVirt 1.9). */
const PHASES: Readonly<Record<string, MoveStatus>> = {
  Pending: 'waiting',
  Scheduling: 'waiting',
  Scheduled: 'waiting',
  PreparingTarget: 'waiting',
  TargetReady: 'waiting',
  WaitingForSync: 'waiting',
  Synchronizing: 'waiting',
  Running: 'running',
  Succeeded: 'completed',
  Failed: 'failed',
};

export const KUBEVIRT_VMIM: Reader<MoveFile, 'move'> = {
  id: 'kubevirt-vmim',
  title: KIND,
  kind: 'move',
  sniff: (head) => (/["']?kind["']?\s*:\s*["']?VirtualMachineInstanceMigration(?:List)?\b/.test(head) ? 0.97 : 0),
  read(given, file) {
    const findings: Finding[] = [];
    const lines = [...given];
    const isJson = /^\s*[[{]/.test(lines.find((text) => text.trim() !== '') ?? '');
    const objects = kubernetesObjects(lines, file, findings);
    const moves = objects.flatMap(({ value, line }) => {
      if (value['kind'] === KIND || isObject(valueAt(value, 'status', 'migrationState'))) return [vmimFacts(value)];
      addFindings(findings, { kind: 'unused', line, text: `an object of the kind ${textAt(value, 'kind') ?? '?'}` });
      return [];
    });
    addFindings(
      findings,
      { kind: 'read', text: 'times are whole seconds' },
      { kind: 'warning', text: 'KubeVirt writes no downtime into this object; virt-launcher logs it at verbosity 2' },
    );
    return {
      format: `${KIND}, ${isJson ? 'JSON' : 'YAML'}`,
      facts: { moves, said: saidOf(moves) },
      findings,
      unknown: ['memory, vCPUs, devices (in the VMI)', 'downtime', 'dirty rate', 'link speed'],
    };
  },
};

function vmimFacts(object: JsonObject): MoveFacts {
  const state = valueAt(object, 'status', 'migrationState');
  const at = new Map<string, number>();
  for (const each of listAt(object['status'], 'phaseTransitionTimestamps')) {
    const [phase, time] = [textAt(each, 'phase'), unixSeconds(textAt(each, 'phaseTransitionTimestamp'))];
    if (phase !== undefined && time !== undefined) at.set(phase, time);
  }
  const [start, end] = [unixSeconds(textAt(state, 'startTimestamp')), unixSeconds(textAt(state, 'endTimestamp'))];
  const phase = textAt(object, 'status', 'phase');
  const figures = new Figures();
  const migrationS = difference(start, end);
  if (migrationS !== undefined) figures.said('totalMs', migrationS * MS_PER_S, 'endTimestamp less startTimestamp, whole seconds', undefined, MS_PER_S); // prettier-ignore
  const settings = isObject(state) ? state['migrationConfiguration'] : undefined;
  const bandwidth = kubernetesQuantity(valueAt(settings, 'bandwidthPerMigration'));
  if (bandwidth !== undefined && bandwidth > 0) figures.said('bandwidthLimitBytesPerSecond', bandwidth, 'bandwidthPerMigration'); // prettier-ignore
  const [autoConverge, postCopy] = [flagAt(settings, 'allowAutoConverge'), flagAt(settings, 'allowPostCopy')];
  const name = vmiName(object);
  return moveFacts({
    name: name ?? textAt(object, 'metadata', 'name') ?? null,
    vmm: DEFAULT_VMM,
    manager: 'kubevirt',
    status: statusOf(phase, state),
    figures: figures.all,
    settings: {
      ...(autoConverge === undefined ? {} : { autoConverge: { value: autoConverge, origin: 'said', from: 'allowAutoConverge' } }), // prettier-ignore
      ...(postCopy === undefined ? {} : { postCopy: { value: postCopy, origin: 'said', from: 'allowPostCopy' } }),
    },
    said: saidBy(object, { state, settings, at, migrationS, phase, name }),
  });
}

function statusOf(phase: string | undefined, state: unknown): MoveStatus {
  if (phase !== undefined && Object.hasOwn(PHASES, phase)) return PHASES[phase]!;
  if (flagAt(state, 'failed') === true) return 'failed';
  if (flagAt(state, 'completed') === true) return 'completed';
  return state === undefined ? 'unknown' : 'running';
}

function difference(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : to - from;
}

/** Namespace and name of the VM. */
function vmiName(object: JsonObject): string | undefined {
  const name = textAt(object, 'spec', 'vmiName') ?? (object['kind'] === KIND ? undefined : textAt(object, 'metadata', 'name')); // prettier-ignore
  const namespace = textAt(object, 'metadata', 'namespace');
  return name === undefined || namespace === undefined ? name : `${namespace}/${name}`;
}

interface Known {
  readonly state: unknown;
  readonly settings: unknown;
  readonly at: ReadonlyMap<string, number>;
  readonly migrationS: number | undefined;
  readonly phase: string | undefined;
  readonly name: string | undefined;
}

function saidBy(object: JsonObject, { state, settings, at, migrationS, phase, name }: Known) {
  const begin = at.get('Pending') ?? unixSeconds(textAt(object, 'metadata', 'creationTimestamp'));
  const bandwidth = valueAt(settings, 'bandwidthPerMigration');
  return withoutAbsent({
    status: phase?.toLowerCase(),
    vmi: name,
    migration: textAt(object, 'metadata', 'name'),
    source: textAt(state, 'sourceNode'),
    target: textAt(state, 'targetNode'),
    mode: textAt(state, 'mode'),
    waitedBeforeRunS: difference(begin, at.get('Running')),
    migrationS,
    wholeS: difference(begin, at.get('Succeeded') ?? at.get('Failed')),
    timeoutPerGiBS: amountAt(settings, 'completionTimeoutPerGiB'),
    progressTimeoutS: amountAt(settings, 'progressTimeout'),
    parallelPerCluster: amountAt(settings, 'parallelMigrationsPerCluster'),
    parallelOutboundPerNode: amountAt(settings, 'parallelOutboundMigrationsPerNode'),
    bandwidthPerMigration: bandwidth === undefined ? undefined : kubernetesQuantity(bandwidth) === 0 ? 'no limit (0)' : bandwidth, // prettier-ignore
    allowAutoConverge: flagAt(settings, 'allowAutoConverge'),
    allowPostCopy: flagAt(settings, 'allowPostCopy'),
    maxDowntimeMs: amountAt(settings, 'maxDowntimeMs'),
    policy: textAt(state, 'migrationPolicyName'),
    completed: flagAt(state, 'completed'),
    failed: flagAt(state, 'failed'),
    failureReason: textAt(state, 'failureReason'),
    abortRequested: flagAt(state, 'abortRequested'),
    abortStatus: textAt(state, 'abortStatus'),
  });
}
