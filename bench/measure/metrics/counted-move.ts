/**
 * How much work one move by the closed form is, counted: reads of its input and its parameters, iterations, spans of the pause.
 * Such a count is equal on every machine, where time is not.
 */
import type { VmmParameters } from '../../../sim/memory/parameters.ts';
import { moveVm, type VmMoveInput } from '../../../sim/memory/vm-move.ts';

/** Reads of fields of the input and the parameters, and rows of the result, of one call of {@link moveVm}. */
export function moveOperations(input: VmMoveInput, p: VmmParameters): number {
  let reads = 0;
  const onRead = (): void => {
    reads += 1;
  };
  const { rounds, spans } = moveVm(countingReads(input, onRead), countingReads(p, onRead));
  return reads + rounds.length + spans.length;
}

/** The same object, which reports every read of a field of it or of what it holds. */
function countingReads<T extends object>(of: T, onRead: () => void): T {
  return new Proxy(of, {
    get(target, key) {
      onRead();
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'object' && value !== null ? countingReads(value, onRead) : value;
    },
  });
}
