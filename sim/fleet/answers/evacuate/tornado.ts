/**
 * Which parameter an evacuation depends on most: each of all VMs' parameters at its ends.
 */
import { evacuate } from '../../evacuation.ts';
import { FATE } from '../../evacuation-terms.ts';
import type { FleetPlan } from '../../fleet-plan.ts';
import type { Assumed, VmTrials } from '../../vm-trials.ts';
import { type Tornado, tornadoOf } from '../../tornado.ts';

/** Up to so many VMs each parameter is moved in a simulation; beyond, in the closed form. */
const SIMULATED_VMS_MAX = 400;

/** @param simulatedNs the whole evacuation with nominal parameters */
export function fleetTornado(plan: FleetPlan, trials: VmTrials, simulatedNs: number): Tornado {
  const simulate = plan.vms <= SIMULATED_VMS_MAX;
  const assumptions = new Map<string, Assumed>();
  for (const { vm } of plan.question.fleet.vms)
    for (const each of trials.assumptions(vm)) assumptions.set(`${each.group} ${each.name}`, each);
  const closedNs = plan.bounds('point')[0]!.ns;
  // Costs of single registers are lost among hours; computing them takes longer than all the rest.
  const counted = [...assumptions.values()].filter(
    ({ group, name }) => simulate || group !== 'cost' || name.startsWith('vcpu'),
  );
  const bars = counted.flatMap(({ group, name, from, source }) => {
    const at = (end: 'short' | 'long'): number => {
      const moved = { group, name, end };
      if (!simulate) return plan.bounds('point', {}, moved)[0]!.ns;
      const { totalNs, fate } = evacuate(plan.input('point', {}, moved));
      // An evacuation that leaves VMs has no time.
      return fate.every((each) => each <= FATE.forced) ? totalNs : Number.NaN;
    };
    const bar = { parameter: name, from, source, short: at('short'), long: at('long') };
    return Number.isNaN(bar.short + bar.long) ? [] : [bar];
  });
  const figure = simulate ? 'whole evacuation' : 'whole evacuation, by its closed form';
  return tornadoOf(figure, 'ns', simulate ? simulatedNs : closedNs, bars);
}
