/**
 * The answer where no VM moves at all: what `can` says, and nothing that would have to be computed.
 */
import { countOf } from '../../base/units.ts';
import type { AskedCan } from '../../scenario/ask-can.ts';
import { refusalSentence } from '../../scenario/ask-can.ts';
import type { Staying } from '../fleet-plan.ts';
import type { Answer } from './answer-parts.ts';

/** VMs that a sentence names. */
const NAMED_MAX = 5;

const NOTHING: Answer = {
  feasible: false,
  value: null,
  unit: '',
  band: { short: null, point: null, long: null },
  interval: null,
  sentences: [],
  constraints: [],
  proof: [],
  relaxing: [],
  tornado: null,
  tables: [],
  methods: [],
  nearest: null,
};

/** Answer to a question about one VM that stays. */
export function staysAnswer({ answer }: AskedCan): Answer {
  const { change, notes } = answer;
  return { ...NOTHING, sentences: [refusalSentence(answer), ...notes], nearest: change.join(' ') };
}

/** Answer for a fleet of which every VM stays. */
export function allStayAnswer(staying: readonly Staying[]): Answer {
  return {
    ...NOTHING,
    sentences: ['No VM moves: no host is emptied.', ...staying.map(stayingSentence)],
    nearest: 'Nothing but other VMs, hosts or VMMs helps.',
  };
}

/** Why VMs of a kind stay. */
export function stayingSentence({ name, vms, names, why }: Staying): string {
  const who =
    names.length === 0 ? '' : ` (${names.slice(0, NAMED_MAX).join(', ')}${names.length > NAMED_MAX ? ', …' : ''})`;
  return `${countOf(vms, 'VM')} of ${name}${who} ${vms === 1 ? 'stays' : 'stay'}. ${why}`;
}
