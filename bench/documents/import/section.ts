/**
 * An import on a page: what was read next to what was inferred, then what remains to be said, what could not be used, and the
 * document itself.
 */
import { NS_PER_MS } from '../../../sim/base/units.ts';
import { formatValue } from '../../show/format.ts';
import { html, type Markup } from '../../show/html.ts';
import { type Table, tableMarkup } from '../../show/html-table.ts';
import type { ReportSection } from '../../show/section.ts';
import type { ImportDocument, ImportFinding } from './document.ts';

export function importSection(document: ImportDocument): ReportSection {
  const { inputs, result, stopcopy } = document;
  const files = inputs.map(({ file }) => file).join(', ');
  return {
    title: `Import of ${files}`,
    heading: `${files}: ${result.format}`,
    version: stopcopy,
    body: () => importBody(document),
    words: [
      ['read', 'as the file says it'],
      ['inferred', 'follows from what the file says, by a rule that is named'],
      ['taken', 'the value in the document until you say another'],
    ],
    style: IMPORT_STYLE,
    document,
  };
}

function importBody(document: ImportDocument): Markup {
  const { findings, asks, inputs, result } = document;
  const of = (kind: ImportFinding['kind']): readonly ImportFinding[] => findings.filter((each) => each.kind === kind);
  const unknown = inputs.flatMap(({ file, unknown: lacks }) => lacks.map((each): readonly string[] => [each, file]));
  const others = (['warning', 'unused', 'asked'] as const).filter((kind) => of(kind).length > 0);
  return html`<div class="panels wide">
      <div class="panel"><h3>Read</h3>${tableMarkup(factTable(document))} ${listOf(of('read'))}</div>
      <div class="panel">
        <h3>Inferred</h3>
        ${of('inferred').length === 0 ? html`<p>Nothing was inferred.</p>` : tableMarkup(findingTable('Inferred, and from what', of('inferred')))}
      </div>
    </div>
    ${
      asks.length === 0
        ? undefined
        : html`<h3>To be said</h3>
            ${tableMarkup({
              caption: 'What the input does not say and decides',
              head: ['field', 'places', 'taken', 'else', 'question', 'it decides', 'source of an answer'],
              textColumns: [2, 3, 4, 5, 6],
              rows: asks.map(({ field, times, taken, apart, question, decides, ask }) => [
                field,
                String(times),
                String(taken),
                String(apart),
                question,
                decides,
                ask,
              ]),
            })}`
    }
    ${others.map(
      (kind) => html`<h3>${TITLES[kind]}</h3>
      ${tableMarkup({ ...findingTable(TITLES[kind], of(kind)), headed: true })}`,
    )}
    ${
      unknown.length === 0
        ? undefined
        : html`<h3>Not in the input</h3>
            ${tableMarkup({ caption: 'Not in the input', headed: true, head: ['what', 'file'], textColumns: [1], rows: unknown })}`
    }
    <h3>The document</h3>
    <pre class="scroll written" tabindex="0" role="region" aria-label="The document that was made">${result.text}</pre>`;
}

const TITLES = { warning: 'Does not fit', unused: 'Not used', asked: 'Not shown' } as const;

/** Facts of the inputs. */
function factTable({ inputs }: ImportDocument): Table {
  const rows = inputs.flatMap(({ file: _file, reader: _reader, unknown: _unknown, ...others }) =>
    Object.entries(others).flatMap(([name, value]) => factRow(name, value)),
  );
  return { caption: 'Facts of the input', head: ['what', 'value'], textColumns: [1], rows };
}

/** What the readers say of the input. */
function listOf(findings: readonly ImportFinding[]): Markup | undefined {
  if (findings.length === 0) return undefined;
  return html`<ul>
    ${findings.map(({ text, line }) => html`<li>${text}${line === undefined ? '' : ` (line ${line})`}</li>`)}
  </ul>`;
}

/** Name and value of a fact with its unit; lists are counted; none: it is a table of its own. */
function factRow(name: string, value: unknown): readonly (readonly [string, string])[] {
  const words = name.replace(/Ms$/, '').replaceAll(/(?<=[a-z\d])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  if (typeof value === 'number') {
    if (name.endsWith('Ms')) return [[words, formatValue(value * NS_PER_MS, 'ns')]];
    return [[words, name.endsWith('Bytes') ? formatValue(value, 'B') : String(value)]];
  }
  if (typeof value === 'string') return [[words, value]];
  if (typeof value === 'boolean') return [[words, value ? 'yes' : 'no']];
  return Array.isArray(value) && value.length > 0 ? [[words, `${value.length} listed`]] : [];
}

function findingTable(caption: string, findings: readonly ImportFinding[]): Table {
  return {
    caption,
    head: ['what', 'line'],
    rows: findings.map(({ text, line }) => [text, line === undefined ? '' : String(line)]),
  };
}

const IMPORT_STYLE = `
.panels .panel { min-width: 0; } .panel > .scroll th[scope=row] { white-space: normal; font-weight: 400; max-width: 24rem; }
pre.written { background: var(--panel); padding: .75rem 1rem; font-size: .8125rem; max-height: 40rem; overflow: auto; }
`;
