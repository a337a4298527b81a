/**
 * What is said of `room`.
 */
import { countOf } from '../../../base/units.ts';
import type { AnswerWords, ConstraintState } from '../answer-parts.ts';
import { lackPhrase } from './constraints.ts';
import type { RoomNumbers } from './numbers.ts';

/** Hosts named in the sentence. */
const NAMED_MAX = 8;

export function roomWords(numbers: RoomNumbers, constraints: readonly ConstraintState[]): AnswerWords {
  const { value, hosts, relaxing, nearest } = numbers;
  return {
    sentences: [value === null ? nowhereSentence(constraints) : roomSentence(hosts, value)],
    proof: [],
    relaxing: relaxing.map(({ lack, vms }) => ({
      change: `without the constraint: ${lackPhrase([lack])}`,
      answer: vms,
    })),
    tables: [
      {
        title: 'Hosts',
        columns: [
          { name: 'host', title: 'host', unit: '' },
          { name: 'vms', title: 'VMs', unit: '' },
          { name: 'why', title: 'what is in the way', unit: '' },
        ],
        rows: hosts.map(({ host, vms, lacks }) => [host, vms, lackPhrase(lacks)]),
      },
    ],
    methods: [],
    nearest: nearest === null ? null : `The nearest is ${nearest.host}: ${lackPhrase(nearest.lacks)}.`,
  };
}

function roomSentence(hosts: RoomNumbers['hosts'], value: number): string {
  const open = hosts.filter(({ vms }) => vms > 0);
  const named = open.slice(0, NAMED_MAX).map(({ host, vms }) => `${host} (${vms})`);
  const others = open.length > NAMED_MAX ? ' and others' : '';
  return `There is room for ${countOf(value, 'such VM')} on ${open.length} of ${countOf(hosts.length, 'host')}: ${named.join(', ')}${others}.`;
}

function nowhereSentence(constraints: readonly ConstraintState[]): string {
  const lacking = constraints.map(({ name, used }) => `${name} (${countOf(used ?? 0, 'host')})`);
  return `No host has room for such a VM: ${lacking.join('; ')}.`;
}
