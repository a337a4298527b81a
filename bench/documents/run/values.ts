/**
 * The values of a scenario that decide how its VM moves, in words: what was played, whatever its description says.
 */
import { keysOf } from '../../../sim/base/keys.ts';
import type { CanQuestion } from '../../../sim/manager/question.ts';
import type { Recovery } from '../../../sim/move/vf-passage.ts';
import { countOf } from '../../../sim/base/units.ts';
import { sizeText } from '../../../sim/base/quantity.ts';
import { VMMS } from '../../../sim/memory/vmms.ts';
import { type Scenario, type ScenarioDevice, writtenScenario } from '../../../sim/scenario/document.ts';
import { formatValue } from '../../show/format.ts';

/** VMM and its release, memory, what is written into it, the link, each kind of device. */
function playedValues({ vmm, vmmVersion, vms, vcpus, memory, stream, devices }: Scenario): readonly string[] {
  const { title } = VMMS[vmm];
  return [
    vmmVersion === undefined ? title : `${title} ${vmmVersion}`,
    `${vms === 1 ? '' : `${vms} VMs of `}${countOf(vcpus, 'vCPU')} and ${sizeWords(memory.size)}`,
    writes(memory),
    `${stream.gigabitsPerSecond} Gbit/s, ${countOf(stream.channels, 'channel')}`,
    ...(devices.length === 0 ? ['no device'] : devices.map(deviceWords)),
  ];
}

/** All fields of a scenario but its names, with defaults filled in, as a file has them. */
function givenFields(scenario: Scenario): Readonly<Record<string, unknown>> {
  const fields = Object.entries({ ...(writtenScenario(scenario) as object) });
  return Object.fromEntries(fields.filter(([name]) => name !== 'name' && name !== 'description'));
}

function writes({ dirty, dma, page }: Scenario['memory']): string {
  const rate = (pagesPerSecond: number): string => formatValue(pagesPerSecond * page, 'B/s');
  const by = dma === undefined || dma.bytesPerSecond === 0 ? '' : `, devices ${formatValue(dma.bytesPerSecond, 'B/s')}`;
  switch (dirty.kind) {
    case 'none':
      return by === '' ? 'nothing writes' : `the guest writes nothing${by}`;
    case 'uniform':
      return `the guest writes ${rate(dirty.pagesPerSecond)}${by}`;
    case 'hotSet':
      return `the guest writes ${rate(dirty.hotPagesPerSecond)} in ${sizeWords(dirty.hot)}, ${rate(dirty.coldPagesPerSecond)} elsewhere${by}`;
    case 'bursts':
      return `the guest writes ${rate(dirty.pagesPerSecond)}, in bursts ${rate(dirty.burstPagesPerSecond)}${by}`;
    default:
      return `the guest writes at most ${rate(Math.max(...dirty.pagesPerSecond))}${by}`;
  }
}

function sizeWords(bytes: number): string {
  return sizeText(bytes).replace(/(?<=\d)(?=[A-Z])/, ' ');
}

function deviceWords({ profile, count, queues, load }: ScenarioDevice): string {
  const what = count === 1 ? profile : `${count} ${profile}`;
  const of = queues === 1 ? '' : ` with ${queues} queues${count === 1 ? '' : ' each'}`;
  return `${what}${of}${typeof load === 'string' ? `, load ${load}` : ''}`;
}

/** The scenario as its document repeats it. */
export function scenarioReport(file: string, scenario: Scenario, recovery: Recovery, assume: CanQuestion['assume']) {
  const { name, description, seed, vmm, vms } = scenario;
  const assumed = keysOf(assume).length === 0 ? {} : { assume };
  const values = playedValues(scenario);
  return { file, name, description, values, seed, vmm, vms, recovery, ...assumed, given: givenFields(scenario) };
}
