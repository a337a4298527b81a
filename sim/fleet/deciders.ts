/**
 * Whose ranges decide a pause: the unknowns with which it rises over the draws.
 */
import { isKeyOf } from '../base/keys.ts';
import { COST } from '../device/costs.ts';
import type { DeviceProfile } from '../memory/device-profile.ts';
import { VMM_PARAMETER } from '../memory/parameters.ts';
import { rangeText, unitOfFigure, unitWords } from '../scenario/parameter-words.ts';
import { decidersIn } from '../scenario/intervals.ts';
import { BURST_PHASE, DATA_AT_END, REGISTERS } from '../scenario/unknowns.ts';
import { hasUnknownBursts } from '../scenario/drawn-moves.ts';
import type { QuestionVm } from './question.ts';
import type { VmTrials } from './vm-trials.ts';

/** An unknown whose range decides. */
export interface Decider {
  readonly name: string;
  /** Share of the variance of the pause's ranks. */
  readonly share: number;
  /** The range, and what it rests on; empty for what is no figure. */
  readonly range: string;
  /** What to measure, or to say, so that the range gets narrower. */
  readonly measure: string;
}

/** @param pausesNs by draw; Infinity where the VM does not move */
export function decidersOf(trials: VmTrials, vm: QuestionVm, pausesNs: ArrayLike<number>): readonly Decider[] {
  const profiles = vm.devices.filter(({ count }) => count > 0).map(({ profile }) => trials.profiles.get(profile)!);
  const isUnknown: Readonly<Record<string, boolean>> = {
    [DATA_AT_END]: vm.memory.tail === undefined,
    [BURST_PHASE]: hasUnknownBursts(vm.memory.dirty),
    [REGISTERS]: profiles.some(({ registerModel }) => registerModel),
  };
  const { unknowns } = trials;
  const names = unknowns.names([...new Set(profiles)], (name) => isUnknown[name] === true);
  return decidersIn(Array.from(pausesNs), names, (name, draw) => unknowns.share(name, draw)).map((each) => ({
    ...each,
    ...wordsOn(each.name, profiles),
  }));
}

type Words = Pick<Decider, 'range' | 'measure'>;

const OTHERS: ReadonlyMap<string, Words> = new Map([
  [
    DATA_AT_END,
    {
      range: 'whether the last pages of guest memory hold data',
      measure: 'see in the guest whether its memory was ever full, and give memory.tail',
    },
  ],
  [
    BURST_PHASE,
    { range: 'when the first burst of writing begins', measure: 'record when bursts begin, and give dirty.begins' },
  ],
  [
    REGISTERS,
    {
      range: 'costs of register accesses, all at once',
      measure: 'record a trace of the driver with its times (docs/trace-format.md)',
    },
  ],
]);

function wordsOn(name: string, profiles: readonly DeviceProfile[]): Words {
  const other = OTHERS.get(name);
  if (other !== undefined) return other;
  if (isKeyOf(VMM_PARAMETER, name)) {
    const { short, long, unit, from } = VMM_PARAMETER[name];
    const range = `${`${rangeText(short, long, unit)} ${unitWords(unit)}`.trim()}, ${from}`;
    return { range, measure: 'fit a platform to your own moves (stopcopy fit), and give it with --platform' };
  }
  if (isKeyOf(COST, name)) {
    const { min, max, from } = COST[name];
    return {
      range: `${rangeText(min, max, 'ns')}, ${from}`,
      measure: 'measure it on your hosts (stopcopy calibrate), and give --costs',
    };
  }
  const [id = '', figure = ''] = name.split('.');
  const profile = profiles.find((each) => each.id === id);
  const known = profile !== undefined && isKeyOf(profile, figure) ? profile[figure] : undefined;
  const range =
    typeof known === 'object' && 'range' in known
      ? `${rangeText(...known.range, unitOfFigure(figure))}, ${known.from}`
      : 'a range';
  return { range, measure: `measure it on the device, and write it with its range into a profile of your own` };
}
