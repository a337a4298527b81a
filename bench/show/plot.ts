/**
 * A figure of a page: charts with a title, what they rest on, a legend, and their table.
 */
import { html, type Markup, raw } from './html.ts';
import { type Table, tableMarkup } from './html-table.ts';

export interface LegendEntry {
  readonly text: string;
  readonly colour: string;
  readonly look?: 'hollow' | 'round' | 'faint' | 'frame';
}

export interface Panel {
  /** Empty when the figure has one panel. */
  readonly title: string;
  readonly svg: string;
  /** The same for a narrow screen, where the chart fills the width of the page. */
  readonly narrow?: string;
}

/** Widths, in units of a chart, for a page of a desk and for a phone. */
const WIDE = 980;
const NARROW = 380;

/** A chart that fills the width of the page, drawn for wide and for narrow screens. */
export function fullPanel(title: string, chart: (width: number) => string): Panel {
  return { title, svg: chart(WIDE), narrow: chart(NARROW) };
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
        ${panel.narrow === undefined ? raw(panel.svg) : twice(panel.svg, panel.narrow)}
      </div>`,
  );
  return html`<figure id="${id}" aria-labelledby="${id}-title" aria-describedby="${id}-source">
    <figcaption>
      <h3 id="${id}-title">${title}</h3>
      <p class="source" id="${id}-source">${source}</p>
    </figcaption>
    ${entries.length === 0 ? undefined : html`<ul class="legend">${entries}</ul>`}
    <div class="panels ${panels.some(({ narrow }) => narrow !== undefined) ? 'full' : wide ? 'wide' : ''}">${boxes}</div>
    <details>
      <summary>Table: ${inSentence(title)}</summary>
      ${tableMarkup(table)}
    </details>
  </figure> `;
}

/** Only the first letter is made small, and not that of a name such as VF. */
function inSentence(title: string): string {
  return title.replace(/^[A-Z](?![A-Z])/, (letter) => letter.toLowerCase());
}

function twice(wide: string, narrow: string): Markup {
  return html`<div class="on-wide">${raw(wide)}</div>
    <div class="on-narrow">${raw(narrow)}</div>`;
}
