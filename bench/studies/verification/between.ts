/**
 * What differs between two driver generations, as text and as a document.
 */
import { differencesBetween } from '../../../sim/driver/generation-differences.ts';
import { RELEASES } from '../../../sim/driver/generation-facts.ts';
import { GENERATION_IDS, type GenerationId, isGenerationId } from '../../../sim/driver/generation.ts';
import { HAZARDS, type HazardId } from '../../../sim/driver/hazards.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { headed } from '../../io/document-head.ts';
import type { Output } from '../../io/output.ts';

/** Prints what differs between the two generations that a user named. */
export function printBetween(names: readonly string[], output: Output): void {
  const [from, to, ...more] = names.map(generationNamed);
  if (from === undefined || to === undefined || more.length > 0) {
    throw new UserError('usage', `--between: expected two driver generations, found ${names.length}`, HINT);
  }
  const differences = differencesBetween(from, to);
  const { facts, fixed, introduced } = differences;
  output.document(
    headed('stopcopy-generations', {
      ...differences,
      fixed: fixed.map(hazardEntry),
      introduced: introduced.map(hazardEntry),
    }),
  );
  const count = facts.length === 1 ? '1 fact differs' : `${facts.length} facts differ`;
  output.text(`${titleOf(from)} -> ${titleOf(to)}: ${count}`);
  const width = Math.max(from.length, to.length);
  for (const fact of facts) {
    output.text(`\n${fact.what}`);
    output.text(`  ${from.padEnd(width)}  ${fact.from}`);
    output.text(`  ${to.padEnd(width)}  ${fact.to}`);
    output.text(`  changed in ${fact.changedIn.join('; ')}`);
  }
  printHazards(output, 'fixed', fixed);
  printHazards(output, 'introduced', introduced);
}

const HINT = `as in --between linux-6.2 linux-6.8; there are ${GENERATION_IDS.join(', ')}`;

function generationNamed(name: string): GenerationId {
  if (isGenerationId(name)) return name;
  throw new UserError('usage', `--between: "${name}" is no driver generation`, HINT);
}

function titleOf(id: GenerationId): string {
  return `${id} (${RELEASES[id].covers})`;
}

function hazardEntry(id: HazardId): { id: HazardId; what: string } {
  return { id, what: HAZARDS[id].what };
}

function printHazards(output: Output, title: string, ids: readonly HazardId[]): void {
  output.text(`\n${title}${ids.length === 0 ? ': nothing' : ''}`);
  for (const id of ids) output.text(`  ${id.padEnd(3)}  ${HAZARDS[id].what}`);
}
