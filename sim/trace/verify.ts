/**
 * Verification of the driver by a recorded trace: does it do what the genuine one did, access by access?
 */
import { Difference } from './access-check.ts';
import { parseTrace } from './format.ts';
import { Replay } from './replay.ts';

export interface VerifyResult {
  readonly name: string;
  readonly driver: string;
  readonly passed: boolean;
  /** Register accesses replayed. */
  readonly accessCount: number;
  /** The first difference, ready to print; absent when the trace passed. */
  readonly difference?: string;
}

/**
 * Replays one trace.
 *
 * @param text the JSON text of the trace
 * @param fileName named in errors
 * @throws UserError of kind `input` when the text is no trace, or one of an unknown driver
 */
export function verifyTrace(text: string, fileName: string): VerifyResult {
  const trace = parseTrace(text, fileName);
  const replay = new Replay(trace, fileName);
  const { name, driver } = trace;
  try {
    replay.run();
    return { name, driver, passed: true, accessCount: replay.accessCount };
  } catch (error) {
    if (!(error instanceof Difference)) throw error;
    return { name, driver, passed: false, accessCount: replay.accessCount, difference: error.message };
  }
}
