/**
 * Files of foreign formats as a document of stopcopy: a machine as a topology.
 */
import { UserError } from '../../../sim/base/user-error.ts';
import { readTopology } from '../../../sim/pci/topology-file.ts';
import type { ImportAsk, ImportDocument, ImportFinding } from '../../documents/import/document.ts';
import { unknownOf } from '../../documents/isolation/unknowns.ts';
import { mergedMachine } from '../../import/machine/merge.ts';
import { type Foreign, readIfForeign } from '../../import/readers.ts';
import { documentHead } from '../../io/document-head.ts';
import { plainOf, yamlOf } from './commented.ts';
import { gapOf } from './gap.ts';
import { machineTopology } from './machine-topology.ts';

/** What became of the files. */
export interface Imported {
  /** The document as a parser of YAML gives it. */
  readonly plain: unknown;
  readonly document: ImportDocument;
  /** Why the machine is not known whole, so that no gate may pass on it; null: it is. */
  readonly gap: string | null;
}

/** What a file is where it is the output of another tool; undefined for one that no reader knows. */
export function readMachine(path: string): Imported | undefined {
  const file = readIfForeign('machine', path);
  return file === undefined ? undefined : imported([file]);
}

/**
 * A topology of files of one machine.
 *
 * @throws UserError of kind `input` where they lack what no default stands for
 */
export function imported(files: readonly Foreign<'machine'>[]): Imported {
  const names = files.map(({ file }) => file);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new UserError('usage', `${twice} is given twice`, 'Give each file once.');
  const merged = mergedMachine(files);
  const topology = machineTopology(merged.facts, names);
  const plain = plainOf(topology.document);
  const asks = asksOf(plain, names.join(', '));
  const findings = [
    ...files.flatMap(({ file, findings: own }) => own.map((each) => ({ file, ...each }))),
    ...[...merged.findings, ...topology.findings].map((each) => ({ file: names.join(', '), ...each })),
  ];
  const text = headText(files, asks) + yamlOf(topology.document);
  return { plain, document: documentOf(files, text, findings, asks), gap: gapOf(merged.facts) };
}

function documentOf(
  files: readonly Foreign<'machine'>[],
  text: string,
  findings: readonly ImportFinding[],
  asks: readonly ImportAsk[],
): ImportDocument {
  return {
    ...documentHead('stopcopy-import'),
    inputs: files.map(({ file, reader, format, facts, unknown }) => {
      const { functions, ...rest } = facts;
      const devices = functions.map((each) => ({ ...each.facts, line: each.at.line }));
      return { file, reader, format, ...rest, unknown, deviceCount: devices.length, devices };
    }),
    result: { format: 'stopcopy-topology/1', text },
    findings,
    asks,
  };
}

/** What the document leaves to its reader, each question once. */
function asksOf(plain: unknown, what: string): readonly ImportAsk[] {
  const asks = new Map<string, ImportAsk & { times: number }>();
  for (const { path, value } of readTopology(plain, what).defaults) {
    const unknown = unknownOf(path);
    if (unknown === undefined) continue;
    const { field, question, decides, apart, ask } = unknown;
    const known = asks.get(field);
    if (known !== undefined) known.times += 1;
    else asks.set(field, { field, times: 1, taken: value as string | boolean, apart, question, decides, ask });
  }
  return [...asks.values()];
}

function headText(files: readonly Foreign<'machine'>[], asks: readonly ImportAsk[]): string {
  const sources = files.map(({ file, format }) => `${file} (${format})`).join(', ');
  return [
    `# Made by stopcopy import of ${sources}.`,
    '# A comment after a value says where it is from: file and line, or that it is inferred or assumed.',
    ...(asks.length === 0
      ? []
      : ['# No tool shows the following. Without it the first value is taken; say what is true:']),
    ...asks.map(({ field, taken, apart, question, times }) => {
      const where = times > 1 ? `, of ${times} devices` : '';
      return `#   ${field}${where}: ${String(taken)}, or ${String(apart)}: ${question}`;
    }),
    '',
  ].join('\n');
}
