/**
 * Runs of a scenario: the pause in its parts, iterations and pause over time, what the pause depends on, what clients wait.
 */
import { runPlots } from './plots.ts';
import { RUN_FORMAT, type RunDocument } from './document.ts';
import { runFromPrevious } from './previous.ts';
import { runSchema, unplayedSchema } from './schema.ts';
import { type AnyRun, isPlayed, type UnplayedRun, unplayedSentences } from './unplayed.ts';
import { PAUSED_TABLE, PRINTED_TABLE, runSentences, runTables } from './words.ts';
import { html } from '../../show/html.ts';
import { tableMarkup } from '../../show/html-table.ts';
import { reportKind } from '../kind-reader.ts';
import { plotMarkup } from '../../show/plot.ts';
import type { ReportKind, ReportSection, Word } from '../../show/section.ts';
import { KIND_MARK } from '../../show/figure.ts';
import type { FigureKind } from '../../show/figure.ts';

const PLAYED = reportKind<RunDocument>({
  format: RUN_FORMAT,
  schema: runSchema,
  section: runSection,
  fromPrevious: runFromPrevious,
});
const UNPLAYED = reportKind<UnplayedRun>({
  format: RUN_FORMAT,
  schema: unplayedSchema,
  section: unplayedSection,
  fromPrevious: runFromPrevious,
});

export const RUN_KIND: ReportKind = {
  read(document, file) {
    const isUnplayed = typeof document === 'object' && document !== null && 'can' in document && !('vms' in document);
    return (isUnplayed ? UNPLAYED : PLAYED).read(document, file);
  },
};

/** Tables on the page; the others are in its charts. */
const SHOWN_TABLES: ReadonlySet<string> = new Set(['VFs, register by register', PRINTED_TABLE]);

/** A run, played or not. */
export function anyRunSection(run: AnyRun): ReportSection {
  return isPlayed(run) ? runSection(run) : unplayedSection(run);
}

/** A move that is not played. */
function unplayedSection(run: UnplayedRun): ReportSection {
  const { scenario, can } = run;
  return {
    title: `Run: ${scenario.name}`,
    heading: `${scenario.name}: ${scenario.description}`,
    version: run.stopcopy,
    body: () =>
      html`<p class="lead">${unplayedSentences(run).join(' ')}</p>
        <p class="source">Scenario ${scenario.file}, seed ${scenario.seed}.</p>
        ${can.notes.map((note) => html`<p>${note}</p>`)}`,
    words: [],
    style: '',
    document: run,
  };
}

function runSection(document: RunDocument): ReportSection {
  const { scenario, kinds } = document;
  return {
    title: `Run: ${scenario.name}`,
    heading: `${scenario.name}: ${scenario.description}`,
    version: document.stopcopy,
    body(id) {
      return html`<p class="lead">${runSentences(document).join(' ')}</p>
        <p class="source">Scenario ${scenario.file}, seed ${scenario.seed}.</p>
        ${runPlots(document, id).map(plotMarkup)}
        ${runTables(document)
          .filter(({ title }) => SHOWN_TABLES.has(title) || title.startsWith(PAUSED_TABLE))
          .map(
            ({ title, columns, rows }) =>
              html`<h3>${title}</h3>
              ${tableMarkup({
                caption: title,
                headed: true,
                head: columns.map(({ head }) => head.replaceAll('\n', ' ').trim()),
                rows,
                textColumns: columns.flatMap(({ align }, column) => (align === 'left' ? [column] : [])),
              })}`,
          )}`;
    },
    words: Object.entries(kinds).map(([kind, meaning]): Word => [
      `${kind} [${KIND_MARK[kind as FigureKind]}]`,
      meaning,
    ]),
    style: '',
    document,
  };
}
