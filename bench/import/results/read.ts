import { headOfFile, linesOfFile } from '../lines.ts';
import type { Reading } from '../reader.ts';
import type { ResultFacts } from './facts.ts';
import { RESULT_READERS } from './readers.ts';

/** Results of another tracker; undefined for a file that is none of theirs. @throws UserError of kind `input` */
export function readResults(path: string): Reading<ResultFacts> | undefined {
  const head = headOfFile(path);
  const reader = RESULT_READERS.find(({ sniff }) => sniff(head) > 0.5);
  return reader?.read(linesOfFile(path), path);
}
