/**
 * A verification at a terminal: a line for each trace, the first difference of those that failed, and a count.
 */
import { headed } from '../../io/document-head.ts';
import type { Output } from '../../io/output.ts';
import type { Verification } from './document.ts';

export function printVerification(verification: Verification, output: Output, quiet: boolean): void {
  output.document(headed('stopcopy-verification', { ...verification }));
  for (const outcome of verification.outcomes) {
    if (outcome.kind === 'error') {
      output.note(`error ${sentenceOf(outcome)}`);
      if (outcome.hint !== undefined) output.note(`  ${outcome.hint}`);
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
