/**
 * What every page has around its content: head, style, policy, a way past the header, a footer.
 */
import { html, type Markup, raw } from './html.ts';
import { SEARCH_FIELD } from './search.ts';
import { SCRIPT, STYLE } from './style.ts';

/** The browser may fetch nothing, whatever a result contains. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export interface PageContent {
  readonly title: string;
  /** Links to the parts of a page that has several. */
  readonly nav?: Markup | undefined;
  readonly main: Markup;
  /** Version of the stopcopy that made what is shown. */
  readonly version: string | undefined;
  /** Further rules for the style sheet. */
  readonly style?: string;
}

/** A whole document that opens without a network. */
export function documentPage({ title, nav, main, version, style = '' }: PageContent): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${raw(POLICY)}" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>${raw(STYLE + style)}</style>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the results</a>
        <header>
          <h1>${title}</h1>
          ${nav} ${SEARCH_FIELD}
        </header>
        <main id="main">${main}</main>
        <footer>Written by stopcopy ${version}. This page needs no network.</footer>
        <script>${raw(SCRIPT)}</script>
      </body>
    </html>
`.text;
}
