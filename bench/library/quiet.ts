/**
 * An output that prints nothing, or hands over what it prints.
 */
import type { CommandIo } from '../io/command-io.ts';
import { Output } from '../io/output.ts';
import type { TextStream } from '../io/standard-stream.ts';
import type { WorkOptions } from './work-options.ts';

/** No descriptor: nothing reaches a file by it. */
function silent(onText: (text: string) => void): TextStream {
  return { isTTY: false, write: onText } as unknown as TextStream;
}

/** @param onDocument called with the text of the document that the command prints with `--json` */
export function quietIo({ signal, onNote }: WorkOptions, onDocument: (text: string) => void = () => {}): CommandIo {
  const notes = silent((text) => onNote?.(text.trimEnd()));
  return { output: new Output(true, silent(onDocument), notes), signal: signal ?? new AbortController().signal };
}

/** The document that a command prints with `--json`. */
export async function printedBy<Document>(
  options: WorkOptions,
  work: (io: CommandIo) => Promise<unknown>,
): Promise<Document> {
  let printed = '';
  await work(
    quietIo(options, (text) => {
      printed += text;
    }),
  );
  return JSON.parse(printed) as Document;
}
