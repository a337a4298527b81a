/**
 * The verification document: what `stopcopy verify --json` prints.
 */
import type { CaptureAlignment } from '../../../sim/trace/align.ts';
import type { VerifyResult } from '../../../sim/trace/verify.ts';

export type FileOutcome =
  | ({
      readonly kind: 'verified';
      readonly file: string;
      /** Other generations with which a failed trace passes. */
      readonly passesIn?: readonly string[];
    } & VerifyResult)
  /** A trace of hardware; it passes when a generation makes the same accesses. */
  | ({ readonly kind: 'aligned'; readonly file: string; readonly passed: boolean } & CaptureAlignment)
  | { readonly kind: 'error'; readonly file: string; readonly message: string; readonly hint: string | undefined };

export interface Verification {
  readonly outcomes: readonly FileOutcome[];
  readonly passed: number;
  readonly failed: number;
  readonly errors: number;
  readonly interrupted: boolean;
}
