/**
 * What another generation of the driver, another hardware version, or another behaviour of a pause changes.
 */
import { FACT_NAMES, FACTS, factWords } from '../driver/generation-facts.ts';
import { DEFAULT_GENERATION, GENERATION_IDS, type GenerationId, GENERATIONS } from '../driver/generation.ts';
import { formatNs } from '../base/units.ts';
import { runScenario } from '../scenario/scenario-run.ts';
import { compileScenario } from '../scenario/compile.ts';
import type { RangeEnd } from '../memory/device-profile.ts';
import type { Answer, AnswerOptions } from './answer-parts.ts';
import type { QuestionOf, QuestionVm } from './question.ts';
import { pauseTornado } from './vm-tornado.ts';
import { scenarioOf, type VmTrials } from './vm-trials.ts';

type CompareQuestion = QuestionOf<'compare'>;
type Variant = CompareQuestion['variants'][number];

interface Outcome {
  readonly variant: Variant;
  readonly pauseNs: Readonly<Record<RangeEnd, number>>;
  /** Of all VFs: their steps, at best guesses. */
  readonly deviceNs: number;
  /** Of all drivers; null: they were not played. */
  readonly accesses: number | null;
  readonly moved: boolean;
}

const ENDS: readonly RangeEnd[] = ['short', 'point', 'long'];

/** Answers `compare`; the first variant is what the others are compared with. */
export function compareAnswer(question: CompareQuestion, trials: VmTrials, options: AnswerOptions): Answer {
  const { verify = true, tornado = true, onProgress = () => {} } = options;
  const { variants, vm, budget } = question;
  const outcomes = variants.map((variant, index) => {
    onProgress(index, variants.length, variant.name);
    const own = withVariant(vm, variant);
    return verify ? play(variant, own, trials) : reckon(variant, own, trials);
  });
  const first = outcomes[0]!;
  /** At best guesses, or at whichever end it is longest. */
  const judged = ({ pauseNs }: Outcome): number =>
    budget.judge === 'point' ? pauseNs.point : Math.max(pauseNs.short, pauseNs.point, pauseNs.long);
  const best = outcomes.toSorted((a, b) => judged(a) - judged(b))[0]!;
  const drivers = driversOf(variants);
  const differing = factsThatDiffer(drivers);
  const within = outcomes.filter((outcome) => outcome.moved && judged(outcome) <= budget.pause);
  const feasible = within.length > 0;
  const gain = first.pauseNs.point - best.pauseNs.point;
  return {
    feasible,
    value: feasible ? best.pauseNs.point : null,
    unit: 'ns',
    band: best.pauseNs,
    sentences: [
      `${best.variant.name} has the shortest pause, ${formatNs(best.pauseNs.point)} (${formatNs(best.pauseNs.short)} to ` +
        `${formatNs(best.pauseNs.long)})${best === first ? '' : `, ${formatNs(gain)} less than ${first.variant.name}`}; ` +
        `${formatNs(best.deviceNs)} of it are steps of VFs.`,
      feasible
        ? `${within.map(({ variant }) => variant.name).join(', ')} ${within.length === 1 ? 'stays' : 'stay'} within ${formatNs(budget.pause)}.`
        : `None of them stays within ${formatNs(budget.pause)}.`,
    ],
    constraints: outcomes.map((outcome) => ({
      name: `pause budget, ${outcome.variant.name}`,
      unit: 'ns',
      limit: budget.pause,
      used: judged(outcome),
      next: null,
      binds: judged(outcome) > budget.pause,
    })),
    proof: [],
    relaxing: [],
    tornado: tornado ? pauseTornado(trials, withVariant(vm, best.variant)) : null,
    tables: [
      {
        title: 'Variants',
        columns: [
          { name: 'variant', title: 'variant', unit: '' },
          { name: 'short', title: 'pause, short', unit: 'ns' },
          { name: 'point', title: 'best guess', unit: 'ns' },
          { name: 'long', title: 'long', unit: 'ns' },
          { name: 'deviceNs', title: 'steps of VFs', unit: 'ns' },
          { name: 'accesses', title: 'register accesses', unit: '' },
        ],
        rows: outcomes.map(({ variant, pauseNs, deviceNs, accesses }) => [
          variant.name,
          pauseNs.short,
          pauseNs.point,
          pauseNs.long,
          deviceNs,
          accesses,
        ]),
      },
      ...(differing.length === 0
        ? []
        : [
            {
              title: 'Facts of the driver generations that differ',
              columns: ['fact', ...drivers].map((title) => ({ name: title, title, unit: '' })),
              rows: differing,
            },
          ]),
    ],
    methods: (verify ? outcomes : []).map(({ variant, pauseNs }) => ({
      figure: `pause, ${variant.name}`,
      unit: 'ns',
      closedForm: trials.quick(withVariant(vm, variant), 'point').pauseNs,
      simulated: pauseNs.point,
    })),
    nearest: feasible ? null : `The nearest that holds: a budget of ${formatNs(judged(best))}.`,
  };
}

function withVariant(vm: QuestionVm, { driver, hardware, inFlight }: Variant): QuestionVm {
  return {
    ...vm,
    devices: vm.devices.map((device) => ({
      ...device,
      ...(driver === undefined ? {} : { driver }),
      ...(hardware === undefined ? {} : { hardware }),
      ...(inFlight === undefined ? {} : { inFlight }),
    })),
  };
}

function play(variant: Variant, vm: QuestionVm, trials: VmTrials): Outcome {
  const plan = compileScenario(scenarioOf(vm), trials.profiles, trials.file);
  const [short, point, long] = ENDS.map((end) => runScenario(plan, end));
  const only = point!.vms[0]!;
  const { deviceStop, deviceState, deviceLoad, deviceStart } = only.move.criticalNs;
  return {
    variant,
    pauseNs: { short: short!.vms[0]!.pauseNs, point: only.pauseNs, long: long!.vms[0]!.pauseNs },
    deviceNs: deviceStop + deviceState + deviceLoad + deviceStart,
    accesses: point!.world.accesses,
    moved: [short!, point!, long!].every(({ vms }) => vms[0]!.kind === 'moved'),
  };
}

/** By closed form. */
function reckon(variant: Variant, vm: QuestionVm, trials: VmTrials): Outcome {
  const [short, point, long] = ENDS.map((end) => trials.quick(vm, end));
  const { deviceStop, deviceState, deviceLoad, deviceStart } = point!.result.criticalNs;
  return {
    variant,
    pauseNs: { short: short!.pauseNs, point: point!.pauseNs, long: long!.pauseNs },
    deviceNs: deviceStop + deviceState + deviceLoad + deviceStart,
    accesses: null,
    moved: [short!, point!, long!].every(({ moved }) => moved),
  };
}

/** The driver generations of the variants, oldest first. */
function driversOf(variants: readonly Variant[]): readonly GenerationId[] {
  const asked = new Set(variants.map(({ driver }) => driver ?? DEFAULT_GENERATION));
  return GENERATION_IDS.filter((id) => asked.has(id));
}

/** Rows of facts, in words, in which these generations differ. */
function factsThatDiffer(drivers: readonly GenerationId[]): (string | number)[][] {
  return FACT_NAMES.filter((name) => new Set(drivers.map((id) => GENERATIONS[id][name])).size > 1).map((name) => [
    FACTS[name].what,
    ...drivers.map((id) => factWords(GENERATIONS[id], name)),
  ]);
}
