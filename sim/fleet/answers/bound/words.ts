/**
 * What is said of `most` and `least`.
 */
import { formatNs } from '../../../base/units.ts';
import { VMMS } from '../../../memory/vmms.ts';
import { constraintName, CONSTRAINTS } from '../../constraint.ts';
import { pauseOf } from '../../vm-verdict.ts';
import type { AnswerWords, ConstraintState } from '../answer-parts.ts';
import { guaranteeSentences } from '../guarantee-words.ts';
import { partsTable } from '../pause-parts.ts';
import { bindingSentence, findingPhrase, proofOf, quantity, unlike, usedPhrase } from '../phrases.ts';
import { AXES, type AxisName } from './axes.ts';
import type { BoundNumbers } from './numbers.ts';
import type { BoundChange } from './relaxing.ts';

/** What is counted, with the profile of the device that is changed. */
const COUNTED: Readonly<Record<AxisName, (device: string) => string>> = {
  vfs: (device) => `VFs of ${device} per VM`,
  queues: (device) => `queues of each VF of ${device}`,
  load: (device) => `load of ${device}, as a share of what its engine can do`,
  channels: () => 'channels of the stream',
  gigabitsPerSecond: () => 'rate of the link between the hosts',
};

/** Numbers that hold too. */
const EASIER: Readonly<Record<AxisName, string>> = {
  vfs: 'every smaller number',
  queues: 'every smaller number',
  load: 'every smaller load',
  channels: 'every larger number up to what the VM says, or can have',
  gigabitsPerSecond: 'every faster link',
};

const CHANGES: Readonly<Record<Exclude<BoundChange['kind'], 'otherVmm'>, string>> = {
  twicePause: 'twice the pause budget',
  bestGuesses: 'nominal parameters in place of draws',
  twiceLink: 'twice the link rate',
  twiceChannels: 'twice the channels',
  halfWriting: 'a guest that writes half as much',
};

export function boundWords(numbers: BoundNumbers, constraints: readonly ConstraintState[]): AnswerWords {
  const { value, unit, tried, relaxing, parts, methods } = numbers;
  return {
    sentences: [
      ...(value === null ? [infeasibleSentence(numbers)] : feasibleSentences(numbers, value, constraints)),
      ...guaranteeSentences(numbers, EASIER[numbers.axis]),
      givenSentence(numbers),
    ],
    proof: proofOf(tried),
    relaxing: relaxing.map(({ change, answer }) => ({ change: changePhrase(change), answer })),
    tables: parts === null ? [] : [partsTable(parts)],
    methods: methods.map(({ at, closedFormNs, simulatedNs }) => ({
      figure: `pause with ${quantity(at, unit)}`,
      unit: 'ns',
      closedForm: closedFormNs,
      simulated: simulatedNs,
    })),
    nearest: value === null ? nearestSentence(numbers) : null,
  };
}

function changePhrase(change: BoundChange): string {
  if (change.kind !== 'otherVmm') return CHANGES[change.kind];
  return `${VMMS[change.vmm].title}, which moves several devices without P2P`;
}

function feasibleSentences(
  { axis, device, unit, budgetNs }: BoundNumbers,
  value: number,
  constraints: readonly ConstraintState[],
): readonly string[] {
  const bound = AXES[axis].direction === 1 ? 'At most' : 'At least';
  return [
    `Asked: ${COUNTED[axis](device)} with a pause of at most ${formatNs(budgetNs)}.`,
    `${bound} ${quantity(value, unit)}. ${bindingSentence(constraints)}`,
  ];
}

function infeasibleSentence({ unit, budgetNs, here }: BoundNumbers): string {
  const broken = here.uses
    .filter((use) => use.broken)
    .map((use) => {
      return `${constraintName(use)} cannot be met, ${usedPhrase(use.used, use.limit, CONSTRAINTS[use.id].unit)}`;
    });
  return `There is no number of ${unit} with a pause of at most ${formatNs(budgetNs)}: ${broken.join('; ')}.`;
}

/** The VM as the question gives it, of which the number asked for is no part of the answer. */
function givenSentence({ given: { at, verdict }, unit, budgetNs }: BoundNumbers): string {
  const said = typeof at === 'number' ? quantity(at, unit) : `load ${at}`;
  const pauseNs = pauseOf(verdict);
  if (pauseNs === null) return `The VM as given, with ${said}, does not hold: ${findingPhrase(verdict)}.`;
  const word = verdict.holds ? 'holds' : 'does not hold';
  return `The VM as given, with ${said}, ${word}: its pause is up to ${unlike(pauseNs, budgetNs, 'ns')}.`;
}

function nearestSentence({ unit, nearest }: BoundNumbers): string {
  if (nearest === null)
    return 'Nothing but another VM, link or VMM helps: it does not hold with any pause budget or downtime limit.';
  const limit = nearest.limitNs === null ? '' : `a downtime limit of ${formatNs(nearest.limitNs)} and `;
  return `The nearest that holds: ${quantity(nearest.at, unit)} with ${limit}a budget of ${formatNs(nearest.budgetNs)}.`;
}
