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
import { implausibleRate } from './move-draft.ts';
import { hasFigure, moveTable } from './move-row.ts';
import type { Foreign } from '../../import/readers.ts';
import { type ImportedMove, importedMove, type MoveWanted, scenarioName } from './moves.ts';

/**
 * A scenario or a table of a move.
 *
 * @throws UserError of kind `input` for a file without a move, or with too little for the document
 */
export function importMove(reading: Foreign<'move'>, wanted: MoveWanted, to: MoveDocument): ImportDocument {
  const path = reading.file;
  const moves =
    to === 'row' && wanted.which === undefined ? rowMoves(reading, wanted) : [importedMove(reading, wanted)];
  const imported = moves.at(-1)!;
  const asks = asksOf(imported);
  const body = to === 'row' ? moveTable(moves, scenarioName(path), errorsOf) : imported.made.document;
  const findings = [...reading.findings, ...movesFinding(reading, moves, to), ...moves.flatMap(fitFindings)].map(
    (each): ImportFinding => ({
      file: path,
      ...each,
    }),
  );
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
      text: headText(imported, asks, moves.length === 1) + yamlOf(body),
    },
    findings,
    asks,
  };
}

/** Moves of a file that have a row each: those that were measured to their end. */
function rowMoves(reading: Foreign<'move'>, wanted: MoveWanted): readonly ImportedMove[] {
  const places = reading.facts.moves.flatMap((move, place) => (hasFigure(move) ? [place + 1] : []));
  const last = places.slice(-ROWS_MAX);
  return last.length === 0
    ? [importedMove(reading, wanted)]
    : last.map((which) => importedMove(reading, { ...wanted, which }));
}

/** Rows of one table: each is fitted. */
const ROWS_MAX = 100;

/** Which of several moves the document has. */
function movesFinding(
  { facts }: Foreign<'move'>,
  moves: readonly ImportedMove[],
  to: MoveDocument,
): readonly Finding[] {
  const all = facts.moves.length;
  if (all === moves.length) return [];
  const text =
    to === 'row'
      ? `${all - moves.length} of ${all} moves have no row: they were not completed, or there are more than ${ROWS_MAX}`
      : `the file has ${all} moves: this is one of them; --move says another, and --to row makes a table of all`;
  return [{ kind: 'warning', text }];
}

/** How far the model is off, and fields that follow from others. */
function fitFindings({ made, move }: ImportedMove): readonly Finding[] {
  const whose = move.name === null ? '' : `${move.name}: `;
  const inferred = made.fields.filter(({ origin }) => origin === 'inferred');
  return [
    ...inferred.map(({ path, why }): Finding => ({ kind: 'inferred', text: `${whose}${path}: ${why}` })),
    ...errorsOf(made).map((text): Finding => ({ kind: 'inferred', text: `${whose}${text}` })),
    ...implausible(made).map((text): Finding => ({ kind: 'warning', text: `${whose}${text}` })),
  ];
}

/** Figures of the scenario that cannot well be: said by the file, or fitted where it says too little. */
function implausible({ scenario }: ImportedMove['made']): readonly string[] {
  const { dirty } = scenario.memory;
  const why = dirty.kind === 'uniform' ? implausibleRate(dirty.pagesPerSecond) : undefined;
  return why === undefined ? [] : [`memory.dirty.pagesPerSecond is ${why}`];
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
    return [{ field: path, times: 1, taken, apart: 'what it was', question: why, decides, ask: `--set ${path}=VALUE` }]; // prettier-ignore
  });
}

function headText({ file, format, made }: ImportedMove, asks: readonly ImportAsk[], isAlone: boolean): string {
  // Of several moves each row has its own.
  const errors = isAlone ? errorsOf(made) : [];
  return [
    `# Made by stopcopy import of ${file} (${format}).`,
    '# A comment after a value says where it is from: said by the file, inferred from what it says, or assumed.',
    ...errors.map((text) => `# ${text}.`),
    ...(asks.length === 0 ? [] : ['# Assumed; say what is true with --set FIELD=VALUE:']),
    ...asks.map(({ field, taken, decides }) => `#   ${field}: ${String(taken)}. It decides ${decides}.`),
    '',
  ].join('\n');
}
