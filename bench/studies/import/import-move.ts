/**
 * A measured move as the document that import prints: a scenario, or a row of a table.
 */
import { formatNs, NS_PER_MS } from '../../../sim/base/units.ts';
import type { ImportAsk, ImportDocument, ImportFinding } from '../../documents/import/document.ts';
import { documentHead } from '../../io/document-head.ts';
import { signedPercent } from '../../show/format.ts';
import type { Finding } from '../../import/reader.ts';
import { plainOf, yamlOf } from './commented.ts';
import type { MoveDocument } from './move-documents.ts';
import { moveTable } from './move-row.ts';
import type { Foreign } from '../../import/readers.ts';
import { type ImportedMove, importedMove, type MoveWanted, scenarioName } from './moves.ts';

/**
 * A scenario or a table of a move.
 *
 * @throws UserError of kind `input` for a file without a move, or with too little for the document
 */
export function importMove(reading: Foreign<'move'>, wanted: MoveWanted, to: MoveDocument): ImportDocument {
  const imported = importedMove(reading, wanted);
  const { made } = imported;
  const path = reading.file;
  const asks = asksOf(imported);
  const body = to === 'row' ? moveTable(imported, scenarioName(path)) : made.document;
  const findings = [...reading.findings, ...fitFindings(imported)].map((each): ImportFinding => ({
    file: path,
    ...each,
  }));
  return {
    ...documentHead('stopcopy-import'),
    inputs: [
      {
        file: path,
        reader: reading.reader,
        format: reading.format,
        unknown: reading.unknown,
        ...reading.facts.said,
      },
    ],
    result: {
      format: to === 'row' ? 'stopcopy-published-table' : 'stopcopy-scenario',
      text: headText(imported, asks) + yamlOf(body),
    },
    findings,
    asks,
  };
}

/** How far the model is off, and fields that follow from others. */
function fitFindings({ made }: ImportedMove): readonly Finding[] {
  const inferred = made.fields.filter(({ origin }) => origin === 'inferred');
  return [
    ...inferred.map(({ path, why }): Finding => ({ kind: 'inferred', text: `${path}: ${why}` })),
    ...errorsOf(made).map((text): Finding => ({ kind: 'inferred', text })),
  ];
}

function errorsOf({ measured, modelled }: ImportedMove['made']): readonly string[] {
  const line = (name: string, truth: number | undefined, model: number | undefined): readonly string[] => {
    if (truth === undefined || model === undefined || truth <= 0) return [];
    const [was, has] = [truth, model].map((ms) => formatNs(Math.round(ms * NS_PER_MS)));
    return [`${name}: measured ${was}, the scenario has ${has} (${signedPercent(model / truth - 1)})`];
  };
  return [
    ...line('total', measured.totalMs, modelled?.totalMs),
    ...line('downtime', measured.pauseMs, modelled?.pauseMs),
  ];
}

function asksOf({ made }: ImportedMove): readonly ImportAsk[] {
  return made.fields.flatMap(({ path, origin, value, why, decides = '' }): ImportAsk[] => {
    if (origin !== 'assumed') return [];
    const plain = plainOf(value);
    const taken = typeof plain === 'string' ? plain : JSON.stringify(plain);
    return [{ field: path, times: 1, taken, apart: 'what it was', question: why, decides, ask: `and say it with --set ${path}=…` }]; // prettier-ignore
  });
}

function headText({ file, format, made }: ImportedMove, asks: readonly ImportAsk[]): string {
  const errors = errorsOf(made);
  return [
    `# Made by stopcopy import of ${file} (${format}).`,
    '# A comment after a value says where it is from: said by the file, inferred from what it says, or assumed.',
    ...errors.map((text) => `# ${text}.`),
    ...(asks.length === 0 ? [] : ['# Assumed; say what is true with --set FIELD=VALUE:']),
    ...asks.map(({ field, taken, decides }) => `#   ${field}: ${String(taken)}. It decides ${decides}.`),
    '',
  ].join('\n');
}
