/**
 * An explanation of a pause as a section of a page.
 */
import { html } from '../../show/html.ts';
import { tableMarkup } from '../../show/html-table.ts';
import type { ReportSection } from '../../show/section.ts';
import { plotMarkup } from '../../show/plot.ts';
import type { ExplainDocument } from './document.ts';
import { explainPlots } from './plots.ts';
import { explainTables } from './text.ts';

export function explainSection(document: ExplainDocument): ReportSection {
  const { file, source, stopcopy, sentences, next } = document;
  return {
    title: `Why the VM of ${file} was paused`,
    heading: `Why the VM of ${file} was paused`,
    version: stopcopy,
    body: () =>
      html`<p>${source}</p>
        ${sentences.map((sentence) => html`<p>${sentence}</p>`)}
        ${explainPlots(document, 'explain').map(plotMarkup)}
        ${explainTables(document).map(
          ({ title, columns, rows }) =>
            html`<h3>${title}</h3>
              ${tableMarkup({
                caption: title,
                headed: true,
                head: columns.map(({ head }) => head),
                textColumns: columns.flatMap(({ align }, place) => (align === 'left' ? [place] : [])),
                rows,
              })}`,
        )}
        ${
          next.length === 0
            ? html``
            : html`<h3>A second measurement should have</h3>
              <ul>
                ${next.map((each) => html`<li>${each}</li>`)}
              </ul>`
        }`,
    words: [
      ['measured', 'as the file says it, or as it follows from bytes and rates of the file'],
      ['modelled', 'follows from parameters; the range holds 80 of 100 seeded draws of them'],
    ],
    style: '',
    document,
  };
}
