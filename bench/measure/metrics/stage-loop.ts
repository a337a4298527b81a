/**
 * The work of a single-threaded stage over and over, for a tool that counts instructions. It is loaded by `require`, which
 * reads modules one after the other and so costs the same instructions each time; with `import` they depend on which file
 * the disk gives first.
 */
import { bug } from '../../../sim/base/bug.ts';
import { stageNamed } from './stages.ts';

/** `short` ends where counting begins, `long` has the counted calls after that. */
export type LoopLength = 'short' | 'long';

/**
 * @param name of a single-threaded stage
 * @returns calls by which the lengths differ, and a number that depends on the work
 */
export function loopStage(name: string, length: LoopLength): { readonly counted: number; readonly sink: number } {
  const stage = stageNamed(name);
  if (stage.kind !== 'single') return bug('STAGE_OF_THREADS', name);
  const { call, warmUp, counted } = stage.prepare();
  let sink = 0;
  // The same way to the point where counting begins: what the lengths differ by is the work alone.
  const calls = 2 * warmUp + (length === 'long' ? counted : 0);
  for (let i = 0; i < calls; i++) sink += call();
  return { counted, sink };
}
