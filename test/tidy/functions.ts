/**
 * Lengths of functions: at most {@link FUNCTION_LINES_MAX} lines, signature and nested functions included.
 */
import { functionName, isFunction, lineOf, type Node, walk } from './syntax.ts';

export const FUNCTION_LINES_MAX = 70;

/** Longer ones that are left, as `path: name`. The list may only become shorter. */
export const LONG_FUNCTIONS: ReadonlySet<string> = new Set([]);

export interface LongFunction {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

export function longFunctions(text: string, program: Node): readonly LongFunction[] {
  const found: LongFunction[] = [];
  walk(program, (node, parents) => {
    if (!isFunction(node)) return;
    const parent = parents.at(-1);
    // A method begins with its name, the function in it with its parameters.
    const start = parent?.type === 'MethodDefinition' ? parent.start : node.start;
    const line = lineOf(text, start);
    const lines = lineOf(text, node.end) - line + 1;
    if (lines > FUNCTION_LINES_MAX) found.push({ name: functionName(node, parents), line, lines });
  });
  return found;
}
