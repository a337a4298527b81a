/**
 * Verification of the driver by a recorded trace: does it do what the genuine one did, access by access?
 */
import { UserError } from '../base/user-error.ts';
import {
  type Generation,
  GENERATION_IDS,
  type GenerationId,
  GENERATIONS,
  isGenerationId,
} from '../driver/generation.ts';
import { Difference } from './access-check.ts';
import { parseTrace, type Recording } from './format.ts';
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
 * Replays one trace with the driver generation that it names.
 *
 * @param text the JSON text of the trace
 * @param fileName named in errors
 * @throws UserError of kind `input` when the text is no trace, or one of an unknown driver
 */
export function verifyTrace(text: string, fileName: string): VerifyResult {
  const trace = parseTrace(text, fileName);
  return replay(trace, fileName, GENERATIONS[generationOf(trace, fileName)]);
}

/**
 * The generations, oldest first, with which a trace passes; whatever driver it names.
 *
 * @throws UserError of kind `input` when the text is no trace
 */
export function generationsThatPass(text: string, fileName: string): readonly GenerationId[] {
  const trace = parseTrace(text, fileName);
  return GENERATION_IDS.filter((id) => replay(trace, fileName, GENERATIONS[id]).passed);
}

function replay(trace: Recording, fileName: string, generation: Generation): VerifyResult {
  const { name, driver } = trace;
  const run = new Replay(trace, fileName, generation);
  try {
    run.run();
    return { name, driver, passed: true, accessCount: run.accessCount };
  } catch (error) {
    if (!(error instanceof Difference)) throw error;
    return { name, driver, passed: false, accessCount: run.accessCount, difference: error.message };
  }
}

function generationOf({ driver }: Recording, fileName: string): GenerationId {
  if (isGenerationId(driver)) return driver;
  throw new UserError(
    'input',
    `${fileName}: driver: "${driver}" is no driver generation that stopcopy knows`,
    `known are ${GENERATION_IDS.join(', ')}`,
  );
}
