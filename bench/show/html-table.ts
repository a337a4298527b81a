/**
 * A table of a page: it has a caption, can be scrolled by keyboard, and names rows and columns.
 */
import { html, type Markup, raw } from './html.ts';

export interface Table {
  readonly caption: string;
  /** Whether the caption is for screen readers only, since a heading above says the same. */
  readonly headed?: boolean;
  /** The first column names the row. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns of words, from 0; the others hold numbers. */
  readonly textColumns?: readonly number[];
}

export function tableMarkup({ caption, headed = false, head, rows, textColumns = [] }: Table): Markup {
  const isText = (column: number): boolean => column === 0 || textColumns.includes(column);
  const headCells = head.map((text, column) =>
    isText(column) ? html`<th scope="col" class="text">${text}</th>` : html`<th scope="col">${text}</th>`,
  );
  const cellOf = (text: string, column: number): Markup => {
    if (column === 0) return html`<th scope="row">${text}</th>`;
    if (!isText(column)) return html`<td>${text}</td>`;
    return html`<td class="${text.length > 40 ? 'text long' : 'text'}">${text}</td>`;
  };
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}">
    <table>
      <caption${headed ? raw(' class="unseen"') : undefined}>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${headCells}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map(cellOf)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
