/**
 * A verification at a terminal: a line for each trace, the first difference of those that failed, and a count.
 */
import { headed } from '../../io/document-head.ts';
import type { Output } from '../../io/output.ts';
import type { FileOutcome, Verification } from './document.ts';

export function printVerification(verification: Verification, output: Output, quiet: boolean): void {
  output.document(headed('stopcopy-verification', { ...verification }));
  for (const outcome of verification.outcomes) {
    if (outcome.kind === 'error') {
      output.note(`error ${sentenceOf(outcome)}`);
      if (outcome.hint !== undefined) output.note(`  ${outcome.hint}`);
    } else if (outcome.kind === 'aligned') {
      output.text(alignedText(outcome));
    } else if (!outcome.passed) {
      output.text(`${output.style('red', 'FAIL')} ${outcome.name} ${outcome.driver} ${outcome.accessCount}`);
      if (outcome.difference !== undefined) output.text(outcome.difference.trimEnd().replace(/^/gm, '  '));
      const others = outcome.passesIn ?? [];
      output.text(`  passes in ${others.length === 0 ? 'no other generation' : others.join(', ')}`);
    } else if (!quiet) {
      output.text(`${output.style('green', 'pass')} ${outcome.name} ${outcome.driver} ${outcome.accessCount}`);
    }
  }
  const { passed, failed, errors, interrupted } = verification;
  const tail = errors === 0 ? '' : `, ${errors} ${errors === 1 ? 'error' : 'errors'}`;
  output.text(`${passed} passed, ${failed} failed${tail}${interrupted ? ' (interrupted)' : ''}`);
}

/** Messages of readers name the file themselves; others get it in front. */
function sentenceOf({ file, message }: { readonly file: string; readonly message: string }): string {
  return message.startsWith(`${file}: `) ? message : `${file}: ${message}`;
}

/** Differences that are printed; the document has all. */
const SHOWN_MAX = 20;

/** A trace of hardware: each generation, the differences from the nearest, and what the trace cannot show. */
function alignedText(outcome: Extract<FileOutcome, { kind: 'aligned' }>): string {
  const { name, vf, accessCount, calls, folded, generations, nearest, differences, cannotShow } = outcome;
  const lines = [
    `${name}: ${vf}, ${accessCount} accesses in ${calls} calls; ${accessCount - folded} are compared, the rest are polls`,
    '',
    `  ${'generation'.padEnd(18)}${'same'.padStart(6)}${'missing'.padStart(9)}${'extra'.padStart(7)}`,
    ...generations.map(({ generation, same, missing, extra }) => {
      const row = `${generation.padEnd(18)}${String(same).padStart(6)}${String(missing).padStart(9)}${String(extra).padStart(7)}`;
      return `  ${row}${nearest.includes(generation) ? '  nearest' : ''}`;
    }),
    '',
    nearest.length === 1
      ? `Nearest is ${nearest[0]}${differences.length === 0 ? ': no difference' : ''}`
      : `Nearest are ${nearest.join(', ')}, which this trace cannot tell apart${differences.length === 0 ? ': no difference' : ''}`,
    ...differences.slice(0, SHOWN_MAX).map(({ kind, access, step, line }) => {
      const where = line === undefined ? '' : kind === 'missing' ? `, after line ${line}` : `, line ${line}`;
      return `  call ${step + 1}: ${kind === 'missing' ? '- ' : '+ '}${access}${where}`;
    }),
    ...(differences.length > SHOWN_MAX ? [`  and ${differences.length - SHOWN_MAX} further; --json has all`] : []),
    ...(differences.length === 0 ? [] : ['  - the generation makes it and the trace has it not; + the other way']),
    'The trace cannot show',
    ...cannotShow.map((each) => `  ${each}`),
  ];
  return lines.join('\n');
}
