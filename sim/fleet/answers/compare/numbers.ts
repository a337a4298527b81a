/**
 * Numbers of `compare`: what another generation of the driver, another hardware version, or another behaviour of a pause
 * changes.
 */
import { FACT_NAMES, type FactName } from '../../../driver/generation-facts.ts';
import { DEFAULT_GENERATION, GENERATION_IDS, type GenerationId, GENERATIONS } from '../../../driver/generation.ts';
import type { RangeEnd } from '../../../memory/device-profile.ts';
import { hasMoved } from '../../../memory/outcome.ts';
import type { PartTimes } from '../../../memory/pause-record.ts';
import { compileScenario } from '../../../scenario/compile.ts';
import { runScenario, type ScenarioResult } from '../../../scenario/scenario-run.ts';
import type { Budget, QuestionOf, QuestionVm } from '../../question.ts';
import { pauseTornado } from '../../vm-tornado.ts';
import { refusePostCopy, scenarioOf, type VmTrial, type VmTrials } from '../../vm-trials.ts';
import type { AnswerNumbers, AnswerOptions } from '../answer-parts.ts';
import { BAND_ENDS } from '../pause-parts.ts';
import { type AnswerInterval, intervalOfDraws } from '../../answer-interval.ts';

type CompareQuestion = QuestionOf<'compare'>;
type Variant = CompareQuestion['variants'][number];

/** How a variant's VM moves. */
interface Played {
  /** Null: it does not move. */
  readonly pauseNs: Readonly<Record<RangeEnd, number | null>>;
  /** Steps of all VFs, with nominal parameters; null: it does not move. */
  readonly deviceNs: number | null;
  /** Register accesses of all drivers; null: not played register by register, or it does not move. */
  readonly accesses: number | null;
}

/** Why a VM does not move: the call of a driver that failed, or what ended its move. */
export type NotMoved = Pick<VmTrial, 'failed'> & Pick<VmTrial['result'], 'cause'>;

export interface VariantNumbers extends Played {
  readonly name: string;
  /** The interval of its pause. */
  readonly interval: AnswerInterval;
  /** With nominal parameters, or at whichever end it is longest, as the budget says; null: it does not move there. */
  readonly judgedNs: number | null;
  /** Where it does not move as judged. */
  readonly notMoved: NotMoved | null;
  /** The pause with nominal parameters by closed form; null where nothing else was computed. */
  readonly closedFormNs: number | null;
  readonly withinBudget: boolean;
}

export interface CompareNumbers extends AnswerNumbers {
  readonly budgetNs: number;
  /** The first is what the others are compared with. */
  readonly variants: readonly VariantNumbers[];
  /** Index of the one with the shortest pause, as judged; null: none of them moves. */
  readonly best: number | null;
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
  const moving = compared.filter(({ numbers }) => numbers.judgedNs !== null);
  const best = moving.reduce<(typeof moving)[number] | null>(
    (a, b) => (a === null || b.numbers.judgedNs! < a.numbers.judgedNs! ? b : a),
    null,
  );
  const drivers = driversOf(variants, vm, trials);
  return {
    value: best?.numbers.withinBudget === true ? best.numbers.pauseNs.point : null,
    unit: 'ns',
    band: best?.numbers.pauseNs ?? { short: null, point: null, long: null },
    interval: best === null ? null : best.numbers.interval,
    tornado: tornado && best !== null ? pauseTornado(trials, withVariant(vm, best.variant, trials)) : null,
    budgetNs: budget.pause,
    variants: compared.map(({ numbers }) => numbers),
    best: best === null ? null : compared.indexOf(best),
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
  const { pauseNs } = played;
  const judged: readonly RangeEnd[] = judge === 'point' ? ['point'] : BAND_ENDS;
  const stays = JUDGED_FIRST.find((end) => judged.includes(end) && pauseNs[end] === null);
  const judgedNs = stays === undefined ? Math.max(...judged.map((end) => pauseNs[end]!)) : null;
  return {
    ...played,
    name: variant.name,
    interval: intervalOfDraws(
      pauseNs.point,
      (draw) => {
        const { moved, pauseNs: drawnNs } = trials.quick(own, { draw });
        return moved ? drawnNs : null;
      },
      'most',
      trials.unknowns,
    ),
    judgedNs,
    notMoved: stays === undefined ? null : whyNot(own, stays, trials, verify),
    closedFormNs: verify && pauseNs.point !== null ? trials.quick(own, 'point').pauseNs : null,
    withinBudget: judgedNs !== null && judgedNs <= pause,
  };
}

function whyNot(vm: QuestionVm, end: RangeEnd, trials: VmTrials, verify: boolean): NotMoved {
  const { failed, result } = verify ? trials.full(vm, end) : trials.quick(vm, end);
  return { failed, cause: result.cause };
}

/** What is said of the nominal move comes first. */
const JUDGED_FIRST: readonly RangeEnd[] = ['point', 'long', 'short'];

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
  refusePostCopy(vm, trials.file);
  const plan = compileScenario(scenarioOf(vm, trials.profiles), trials.profiles, trials.file);
  const [short, point, long] = BAND_ENDS.map((end) => runScenario(plan, end));
  const pauseOf = ({ vms: [only] }: ScenarioResult): number | null => (hasMoved(only!.kind) ? only!.pauseNs : null);
  const nominal = point!.vms[0]!;
  return {
    pauseNs: { short: pauseOf(short!), point: pauseOf(point!), long: pauseOf(long!) },
    deviceNs: hasMoved(nominal.kind) ? deviceNs(nominal.move.criticalNs) : null,
    accesses: hasMoved(nominal.kind) ? point!.world.accesses : null,
  };
}

function byClosedForm(vm: QuestionVm, trials: VmTrials): Played {
  const [short, point, long] = BAND_ENDS.map((end) => trials.quick(vm, end));
  const pauseOf = ({ moved, pauseNs }: VmTrial): number | null => (moved ? pauseNs : null);
  return {
    pauseNs: { short: pauseOf(short!), point: pauseOf(point!), long: pauseOf(long!) },
    deviceNs: point!.moved ? deviceNs(point!.result.criticalNs) : null,
    accesses: null,
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
