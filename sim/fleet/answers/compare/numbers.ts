/**
 * Numbers of `compare`: what another generation of the driver, another hardware version, or another behaviour of a pause
 * changes.
 */
import { FACT_NAMES, type FactName } from '../../../driver/generation-facts.ts';
import { DEFAULT_GENERATION, GENERATION_IDS, type GenerationId, GENERATIONS } from '../../../driver/generation.ts';
import type { RangeEnd } from '../../../memory/device-profile.ts';
import type { PartTimes } from '../../../memory/pause-record.ts';
import { compileScenario } from '../../../scenario/compile.ts';
import { runScenario } from '../../../scenario/scenario-run.ts';
import type { Budget, QuestionOf, QuestionVm } from '../../question.ts';
import { pauseTornado } from '../../vm-tornado.ts';
import { scenarioOf, type VmTrials } from '../../vm-trials.ts';
import type { AnswerNumbers, AnswerOptions } from '../answer-parts.ts';
import { BAND_ENDS } from '../pause-parts.ts';

type CompareQuestion = QuestionOf<'compare'>;
type Variant = CompareQuestion['variants'][number];

/** How a variant's VM moves. */
interface Played {
  readonly pauseNs: Readonly<Record<RangeEnd, number>>;
  /** Steps of all VFs, with nominal parameters. */
  readonly deviceNs: number;
  /** Register accesses of all drivers; null: not played register by register. */
  readonly accesses: number | null;
  readonly moved: boolean;
}

export interface VariantNumbers extends Played {
  readonly name: string;
  /** With nominal parameters, or at whichever end it is longest, as the budget says. */
  readonly judgedNs: number;
  /** The pause with nominal parameters by closed form; null where nothing else was computed. */
  readonly closedFormNs: number | null;
  readonly withinBudget: boolean;
}

export interface CompareNumbers extends AnswerNumbers {
  readonly budgetNs: number;
  /** The first is what the others are compared with. */
  readonly variants: readonly VariantNumbers[];
  /** Index of the one with the shortest pause, as judged. */
  readonly best: number;
  /** The driver generations of the variants, oldest first. */
  readonly drivers: readonly GenerationId[];
  /** In which these differ. */
  readonly facts: readonly FactName[];
}

/** Computes the numbers. */
export function compareNumbers(question: CompareQuestion, trials: VmTrials, options: AnswerOptions): CompareNumbers {
  const { verify = true, tornado = true, onProgress = () => {} } = options;
  const { variants, vm, budget } = question;
  const compared = variants.map((variant, index) => {
    onProgress(index, variants.length, variant.name);
    return { variant, numbers: variantNumbers(variant, vm, budget, trials, verify) };
  });
  const best = compared.reduce((a, b) => (b.numbers.judgedNs < a.numbers.judgedNs ? b : a));
  const { pauseNs } = best.numbers;
  const drivers = driversOf(variants, vm, trials);
  return {
    value: compared.some(({ numbers }) => numbers.withinBudget) ? pauseNs.point : null,
    unit: 'ns',
    band: pauseNs,
    tornado: tornado ? pauseTornado(trials, withVariant(vm, best.variant, trials)) : null,
    budgetNs: budget.pause,
    variants: compared.map(({ numbers }) => numbers),
    best: compared.indexOf(best),
    drivers,
    facts: differingFacts(drivers),
  };
}

function variantNumbers(
  variant: Variant,
  vm: QuestionVm,
  { judge, pause }: Budget,
  trials: VmTrials,
  verify: boolean,
): VariantNumbers {
  const own = withVariant(vm, variant, trials);
  const played = verify ? play(own, trials) : byClosedForm(own, trials);
  const { pauseNs, moved } = played;
  const judgedNs = judge === 'point' ? pauseNs.point : Math.max(pauseNs.short, pauseNs.point, pauseNs.long);
  return {
    ...played,
    name: variant.name,
    judgedNs,
    closedFormNs: verify ? trials.quick(own, 'point').pauseNs : null,
    withinBudget: moved && judgedNs <= pause,
  };
}

/** The devices whose registers are modelled as the variant has them; the others stay. */
function withVariant(vm: QuestionVm, { driver, inFlight }: Variant, { profiles }: VmTrials): QuestionVm {
  const change = {
    ...(driver === undefined ? {} : { driver }),
    ...(inFlight === undefined ? {} : { inFlight }),
  };
  const devices = vm.devices.map((device) => (isModelled(device, profiles) ? { ...device, ...change } : device));
  return { ...vm, devices };
}

function isModelled({ profile }: QuestionVm['devices'][number], profiles: VmTrials['profiles']): boolean {
  return profiles.get(profile)?.kind !== undefined;
}

/** Register by register. */
function play(vm: QuestionVm, trials: VmTrials): Played {
  const plan = compileScenario(scenarioOf(vm), trials.profiles, trials.file);
  const [short, point, long] = BAND_ENDS.map((end) => runScenario(plan, end));
  const only = point!.vms[0]!;
  return {
    pauseNs: { short: short!.vms[0]!.pauseNs, point: only.pauseNs, long: long!.vms[0]!.pauseNs },
    deviceNs: deviceNs(only.move.criticalNs),
    accesses: point!.world.accesses,
    moved: [short!, point!, long!].every(({ vms }) => vms[0]!.kind === 'moved'),
  };
}

function byClosedForm(vm: QuestionVm, trials: VmTrials): Played {
  const [short, point, long] = BAND_ENDS.map((end) => trials.quick(vm, end));
  return {
    pauseNs: { short: short!.pauseNs, point: point!.pauseNs, long: long!.pauseNs },
    deviceNs: deviceNs(point!.result.criticalNs),
    accesses: null,
    moved: [short!, point!, long!].every(({ moved }) => moved),
  };
}

function deviceNs({ deviceStop, deviceState, deviceLoad, deviceStart }: Readonly<PartTimes>): number {
  return deviceStop + deviceState + deviceLoad + deviceStart;
}

/** The driver generations of the variants, oldest first. */
function driversOf(variants: readonly Variant[], vm: QuestionVm, trials: VmTrials): readonly GenerationId[] {
  const devices = variants.flatMap((variant) => withVariant(vm, variant, trials).devices);
  const modelled = devices.filter((device) => isModelled(device, trials.profiles));
  const asked = new Set(modelled.map(({ driver = DEFAULT_GENERATION }) => driver));
  return GENERATION_IDS.filter((id) => asked.has(id));
}

function differingFacts(drivers: readonly GenerationId[]): readonly FactName[] {
  return FACT_NAMES.filter((name) => new Set(drivers.map((id) => GENERATIONS[id][name])).size > 1);
}
