/**
 * That the machine was crowded, at the top of a page.
 */
import { html, type Markup } from '../../show/html.ts';
import { type Crowding, crowdingSentence } from './crowding.ts';

export function crowdedMarkup(crowded: readonly Crowding[] | undefined): Markup | undefined {
  const sentence = crowdingSentence(crowded);
  return sentence === null ? undefined : html`<p class="lead warning">${sentence}</p>`;
}
