/**
 * Why a VM stayed where it was, or did not come, on stderr: the sentence, and what to try.
 */
import { UserError } from '../../../sim/base/user-error.ts';
import { TransportFailed } from '../../../workers/transport/limits.ts';
import type { Output } from '../../io/output.ts';

export function noteReason(output: Pick<Output, 'note'>, reason: Error): void {
  output.note(`stopcopy: ${reason.message}`);
  const hint = reason instanceof UserError || reason instanceof TransportFailed ? reason.hint : undefined;
  if (hint !== undefined) output.note(`  ${hint}`);
}
