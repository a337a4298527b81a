/**
 * A figure of a page: charts with a title, what they rest on, a legend, and the table behind them.
 */
import { html, type Markup, raw } from './html.ts';
import { type Table, tableMarkup } from './html-table.ts';

export interface LegendEntry {
  readonly text: string;
  readonly colour: string;
  readonly look?: 'hollow' | 'round' | 'faint';
}

export interface Panel {
  /** Empty when the figure has one panel. */
  readonly title: string;
  readonly svg: string;
}

export interface Plot {
  readonly id: string;
  readonly title: string;
  /** Kind of the figures, and where they come from. */
  readonly source: string;
  /** Panels of twice the width. */
  readonly wide: boolean;
  readonly legend: readonly LegendEntry[];
  readonly panels: readonly Panel[];
  readonly table: Table;
}

export function plotMarkup({ id, title, source, wide, legend, panels, table }: Plot): Markup {
  const entries = legend.map(
    ({ text, colour, look = '' }) =>
      html`<li><span class="swatch ${look}" style="--swatch:${colour}" aria-hidden="true"></span>${text}</li>`,
  );
  const boxes = panels.map(
    (panel) =>
      html`<div class="panel">
        ${panel.title === '' ? undefined : html`<h4>${panel.title}</h4>`}
        ${raw(panel.svg)}
      </div>`,
  );
  return html`<figure id="${id}" aria-labelledby="${id}-title" aria-describedby="${id}-source">
    <figcaption>
      <h3 id="${id}-title">${title}</h3>
      <p class="source" id="${id}-source">${source}</p>
    </figcaption>
    <ul class="legend">
      ${entries}
    </ul>
    <div class="panels ${wide ? 'wide' : ''}">${boxes}</div>
    <details>
      <summary>Table: ${title.toLowerCase()}</summary>
      ${tableMarkup(table)}
    </details>
  </figure> `;
}
