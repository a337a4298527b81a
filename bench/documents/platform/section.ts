/**
 * A user's platform as a section of a page.
 */
import type { PlatformFile } from '../../../sim/memory/platform-file.ts';
import { html } from '../../show/html.ts';
import { tableMarkup } from '../../show/html-table.ts';
import type { ReportSection } from '../../show/section.ts';
import { platformSentences, platformTables } from './text.ts';

export function platformSection(platform: PlatformFile): ReportSection {
  return {
    title: `Platform ${platform.id}`,
    heading: `Platform ${platform.id}${platform.title === undefined ? '' : `: ${platform.title}`}`,
    version: platform.stopcopy ?? '',
    body: () =>
      html`${platformSentences(platform).map((sentence) => html`<p>${sentence}</p>`)}
      ${platformTables(platform).map(
        ({ title, head, textColumns, rows }) =>
          html`<h3>${title}</h3>
            ${tableMarkup({ caption: title, headed: true, head, textColumns, rows })}`,
      )}`,
    words: [
      ['before, after', 'error of the modelled figure with the shipped parameters, and with those of the platform'],
      ['left out', 'error with parameters that were fitted to all other rows'],
    ],
    style: '',
    document: platform,
  };
}
