/**
 * Parts of a pause as programs measure them, next to the parts of the model that each covers.
 */
import { NS_PER_MS } from '../../../sim/base/units.ts';
import type { PausePart } from '../../../sim/base/pause-parts.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import type { ComparedFigure, ComparedPart, UnexplainedTime } from '../../documents/explain/document.ts';
import type { RunDocument } from '../../documents/run/document.ts';
import type { MeasuredPart, MoveFacts } from '../../import/move/facts.ts';

/** Parts of the model that a measured part covers, by its name in the facts. */
const COVERS: Readonly<Record<string, readonly PausePart[]>> = {
  'stopping vCPUs and devices': ['vcpuStop', 'deviceStop'],
  'stopping vCPUs': ['vcpuStop'],
  'stopping devices': ['deviceStop'],
  'pausing vCPUs and devices': ['vcpuStop', 'deviceStop'],
  memory: ['dirtySync', 'memory'],
  'memory and devices saved': ['dirtySync', 'memory', 'deviceState'],
  'devices saved': ['deviceState'],
  'vCPUs and platform saved': ['otherState'],
  'waiting for the destination': ['latency', 'platformLoad', 'deviceLoad', 'deviceStart', 'vcpuStart'],
  final_iter: ['dirtySync', 'memory'],
  'state, send_state': ['deviceState', 'otherState'],
  complete: ['latency', 'platformLoad', 'deviceLoad', 'deviceStart', 'vcpuStart'],
};

const DEVICE_PARTS: ReadonlySet<string> = new Set<PausePart>([
  'deviceStop',
  'deviceState',
  'deviceLoad',
  'deviceStart',
]);

/** Measured parts, with that of memory where only its bytes were measured. */
export function measuredParts({ pauseParts, figures }: MoveFacts): readonly MeasuredPart[] {
  const [bytes, rate] = [figures.downtimeBytes?.value, figures.sendingBytesPerSecond?.value];
  if (pauseParts.length > 0 || bytes === undefined || rate === undefined || rate === 0) return withOneState(pauseParts);
  return [{ name: 'memory', ms: (bytes / rate) * 1000 }];
}

/** Cloud Hypervisor saves and sends the state of vCPUs and devices in one: which part is of devices it does not say. */
function withOneState(parts: readonly MeasuredPart[]): readonly MeasuredPart[] {
  const [state, sent] = ['state', 'send_state'].map((name) => parts.find((each) => each.name === name));
  if (state === undefined || sent === undefined) return parts;
  const one = { name: 'state, send_state', ms: state.ms + sent.ms };
  return parts.flatMap((each) => (each === state ? [one] : each === sent ? [] : [each]));
}

/** Rows of the comparison: the model's parts in their order, those that a measured part covers in one row. */
export function comparedParts(run: RunDocument, measured: readonly MeasuredPart[]): readonly ComparedPart[] {
  const parts = run.vms[run.longest - 1]!.parts;
  const rows: ComparedPart[] = [];
  const done = new Set<string>();
  for (const part of parts) {
    if (done.has(part.name)) continue;
    const found = measured.find(({ name }) => COVERS[name]?.includes(part.name as PausePart) === true);
    const names: readonly string[] = found === undefined ? [part.name] : COVERS[found.name]!;
    const covered = parts.filter(({ name }) => names.includes(name));
    for (const { name } of covered) done.add(name);
    const sum = (of: (each: (typeof parts)[number]) => number): number =>
      covered.reduce((total, each) => total + of(each), 0);
    const ns = sum(({ criticalNs }) => criticalNs);
    if (ns === 0 && found === undefined) continue;
    rows.push({
      parts: covered.map(({ name }) => name),
      title: covered.map(({ title }) => title).join('; '),
      measuredAs: found?.name ?? null,
      measuredNs: found === undefined ? null : Math.round(found.ms * NS_PER_MS),
      modelled: {
        value: ns,
        unit: 'ns',
        kind: 'modelled',
        low: Math.min(
          ns,
          sum(({ lowNs, criticalNs }) => lowNs ?? criticalNs),
        ),
        high: Math.max(
          ns,
          sum(({ highNs, criticalNs }) => highNs ?? criticalNs),
        ),
      },
      isDevice: covered.every(({ name }) => DEVICE_PARTS.has(name)),
    });
  }
  return rows;
}

/** The measured time of a part, or the modelled one where it was not measured. */
export function timeOf({ measuredNs, modelled }: ComparedPart): number {
  return measuredNs ?? modelled.value;
}

/** Less than this share of a downtime is the rounding of what was measured, and of the model. */
const UNEXPLAINED_SHARE_MIN = 0.05;

/**
 * What of a measured downtime no part accounts for, where some of its parts were measured: modelled parts alone are fitted to it.
 *
 * Parts that the clock of the downtime leaves out, such as the load at the destination, are not counted against it.
 */
export function unexplainedOf(
  [downtime, pause]: readonly ComparedFigure[],
  parts: readonly ComparedPart[],
  run: RunDocument,
): UnexplainedTime | null {
  const measuredNs = downtime?.measuredNs ?? null;
  const isMeasured = parts.some((part) => part.measuredNs !== null);
  if (measuredNs === null || downtime === undefined || pause === undefined || !isMeasured) return null;
  const outsideNs = pause.modelled.value - downtime.modelled.value;
  const ns = Math.round(measuredNs - (parts.reduce((sum, part) => sum + timeOf(part), 0) - outsideNs));
  if (ns < UNEXPLAINED_SHARE_MIN * measuredNs) return null;
  const isQemu = run.scenario.vmm === DEFAULT_VMM;
  const wouldShow = isQemu
    ? 'a trace of vmstate_downtime*, migrate_* and vfio_* on both hosts would show'
    : 'the logs of both hosts at -vv would show';
  const excessOf = (part: ComparedPart): number => part.modelled.value - timeOf(part);
  const most = parts.toSorted((a, b) => excessOf(b) - excessOf(a))[0]!;
  const modelledAs = excessOf(most) >= ns / 2 ? most.title : null;
  return { ns: Math.min(ns, measuredNs), share: Math.min(1, ns / measuredNs), modelledAs, wouldShow };
}
