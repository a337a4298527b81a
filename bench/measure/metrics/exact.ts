/**
 * All exact metrics of this build, in seconds: arcs of the driver, bytes on the wire, modelled cells, designs, and the
 * scenarios that come with stopcopy.
 */
import { ACCELERATOR_KINDS, ACCELERATORS } from '../../../sim/abi/accelerators.ts';
import { ACC_VF_DATA_BYTES } from '../../../sim/abi/vf-data.ts';
import { DEFAULT_GENERATION, LONG_TERM_GENERATION } from '../../../sim/driver/generation.ts';
import { cellLoad, modelCell } from '../../../sim/move/cell-model.ts';
import { compareDesigns } from '../../../sim/designs/compare.ts';
import { mapValues, tableOf } from '../../../sim/base/keys.ts';
import { pointCosts } from '../../../sim/device/costs.ts';
import type { RangeEnd } from '../../../sim/memory/device-profile.ts';
import { onPlatform } from '../../../sim/memory/platform.ts';
import { type CompiledScenario, moveInputOf, platformOf } from '../../../sim/scenario/compile.ts';
import { drawnInput, type RegistersByEnd, registersOf } from '../../../sim/scenario/drawn-moves.ts';
import { MoveIntervals } from '../../../sim/scenario/intervals.ts';
import { ENDS, runScenario, type ScenarioResult, stepsOf } from '../../../sim/scenario/scenario-run.ts';
import { unknownsOf } from '../../../sim/scenario/unknowns.ts';
import { GUEST_DMA_BASE } from '../../../sim/world/vf-guest.ts';
import { QueueLayout } from '../../../sim/workload/layout.ts';
import { frameBytesMax, writeFrame } from '../../../workers/end/image-stream.ts';
import { readScenario } from '../../studies/run/play.ts';
import { shippedScenarios } from '../../studies/run/shipped.ts';
import { countArcs } from './arcs.ts';
import { moveOperations } from './counted-move.ts';
import { ExactList } from './exact-list.ts';
import type { ExactMetric } from '../../documents/metric.ts';
import { LOAD_NAMES } from '../../../sim/workload/load.ts';

const QUEUE_PAIRS = [2, 16, 64] as const;
/** Designs are compared with the long-term kernel and with mainline. */
const DESIGN_GENERATIONS = [LONG_TERM_GENERATION, DEFAULT_GENERATION] as const;
const CELL_QUEUE_PAIRS = 16;

/** In the order of their names, each name once. */
export function exactMetrics(): readonly ExactMetric[] {
  const list = new ExactList();
  countArcs(list);
  countWire(list);
  countDesigns(list);
  modelCells(list);
  for (const name of shippedScenarios()) playScenarioEnds(list, name);
  return list.metrics.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What one VF puts on the wire: queue structures, and the frame around them. */
function countWire(list: ExactList): void {
  for (const kind of ACCELERATOR_KINDS) {
    for (const queuePairs of QUEUE_PAIRS) {
      const layout = new QueueLayout({ kind, queuePairs, dmaBase: GUEST_DMA_BASE });
      const { sections, sectionBytes } = layout;
      const arena = new Uint8Array(frameBytesMax(ACC_VF_DATA_BYTES, sections));
      const memory = new Uint8Array(Math.max(...sections.map(({ offset, bytes }) => offset + bytes)));
      const identity = { deviceId: ACCELERATORS[kind].vfDeviceId, queuePairs, isolation: 0, dmaBase: GUEST_DMA_BASE };
      const image = new Uint8Array(ACC_VF_DATA_BYTES);
      const frameBytes = writeFrame(arena, identity, DEFAULT_GENERATION, image, memory, sections);
      list.add(`wire/${kind}/${queuePairs}/sectionBytes`, sectionBytes);
      list.add(`wire/${kind}/${queuePairs}/frameBytes`, frameBytes);
    }
  }
}

function countDesigns(list: ExactList): void {
  for (const generation of DESIGN_GENERATIONS) {
    for (const queuePairs of QUEUE_PAIRS) {
      for (const { id, counts, point } of compareDesigns({ kind: 'sec', generation, queuePairs })) {
        const at = `design/${generation}/${queuePairs}/${id}`;
        list.add(`${at}/vfAccesses`, counts.vfAccesses);
        list.add(`${at}/pfAccesses`, counts.pfAccesses);
        list.add(`${at}/calls`, counts.syscalls);
        list.add(`${at}/pauseCalls`, counts.pauseSyscalls);
        list.add(`${at}/copiedBytes`, counts.copiedBytes);
        list.add(`${at}/wholeNs`, point.wholeNs);
        list.add(`${at}/pauseNs`, point.pauseNs);
      }
    }
  }
}

function modelCells(list: ExactList): void {
  for (const kind of ACCELERATOR_KINDS) {
    for (const name of LOAD_NAMES) {
      const load = cellLoad(name, CELL_QUEUE_PAIRS);
      const cell = {
        kind,
        generation: DEFAULT_GENERATION,
        queuePairs: CELL_QUEUE_PAIRS,
        load,
        inFlight: 'finish',
        seed: 1,
      } as const;
      const { point, low, high } = modelCell(cell);
      const at = `cell/${kind}/${CELL_QUEUE_PAIRS}/${name}`;
      list.add(`${at}/downtimeNs`, point.downtimeNs);
      list.add(`${at}/downtimeLowNs`, low.downtimeNs);
      list.add(`${at}/downtimeHighNs`, high.downtimeNs);
      for (const [part, ns] of Object.entries(point.partsNs)) list.add(`${at}/part/${part}Ns`, ns);
      list.add(`${at}/stateBytes`, point.stateBytes);
      list.add(`${at}/accepted`, point.report.accepted);
      list.add(`${at}/wrongTasks`, point.report.violationCount);
    }
  }
}

/** A shipped scenario with all parameters at their points and at both ends, and its draws. */
function playScenarioEnds(list: ExactList, name: string): void {
  const plan = readScenario(name);
  const results = tableOf(ENDS, (end) => runScenario(plan, end));
  for (const end of ENDS) {
    const { vms, world } = results[end];
    const at = `scenario/${name}/${end}`;
    const longest = vms.reduce((most, vm) => (vm.pauseNs > most.pauseNs ? vm : most));
    list.add(`${at}/accesses`, world.accesses);
    list.add(`${at}/trace`, world.traceHash);
    list.add(`${at}/pauseNs`, longest.pauseNs);
    list.add(`${at}/totalNs`, Math.max(...vms.map(({ totalNs }) => totalNs)));
    list.add(`${at}/memoryBytes`, sum(vms.map(({ memoryBytes }) => memoryBytes)));
    list.add(`${at}/wireBytes`, sum(vms.map(({ wireBytes }) => wireBytes)));
    list.add(`${at}/rounds`, sum(vms.map(({ rounds }) => rounds.length)));
    list.add(`${at}/moved`, vms.filter(({ kind }) => kind === 'moved').length);
    if (end === 'point') for (const part of longest.parts) list.add(`${at}/part/${part.name}Ns`, part.criticalNs);
  }
  drawScenario(list, name, plan, results);
}

/** The interval of a scenario's first VM, and the work of its draws. */
function drawScenario(
  list: ExactList,
  name: string,
  plan: CompiledScenario,
  results: Readonly<Record<RangeEnd, ScenarioResult>>,
): void {
  const at = `scenario/${name}/draws`;
  const registers = registersOf(plan, results, 0);
  const { kind, pauseNs } = results.point.vms[0]!;
  const intervals = new MoveIntervals(plan, registers, 0, kind);
  const { low, high } = intervals.of(pauseNs, (move) => move.pauseNs);
  list.add(`${at}/pauseLowNs`, low);
  list.add(`${at}/pauseHighNs`, high);
  list.add(`${at}/moved`, (intervals.ended.moved ?? 0) + (intervals.ended.forced ?? 0));
  list.add(`${at}/operations`, drawOperations(plan, registers));
}
/** Work of all draws of a scenario, counted. */
function drawOperations(plan: CompiledScenario, registers: RegistersByEnd): number {
  const unknowns = unknownsOf(plan.scenario.seed);
  const base = moveInputOf(plan, 'point', pointCosts());
  const steps = mapValues(registers, ({ times }) => stepsOf(plan, times));
  let operations = 0;
  for (let draw = 0; draw < unknowns.count; draw++) {
    const input = drawnInput(plan, base, unknowns, draw, steps[unknowns.registers(draw)]);
    operations += moveOperations(input, onPlatform(unknowns.parameters(draw), platformOf(plan.scenario)));
  }
  return operations;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
