/**
 * One self-contained HTML page from documents of any kind: nothing is fetched, the documents are embedded.
 */
import { html, jsonForScript, type Markup } from './html.ts';
import type { ReportSection, Word } from './section.ts';
import { documentPage } from './shell.ts';

export interface NamedSection {
  /** Path of the document, as the user knows it, or a name for the file that it would be. */
  readonly name: string;
  readonly section: ReportSection;
}

export function sectionsPage(sections: readonly NamedSection[]): string {
  const first = sections[0]?.section;
  const title = sections.length === 1 && first !== undefined ? first.title : `stopcopy: ${sections.length} results`;
  const headings = headingsOf(sections);
  const nav =
    sections.length > 1
      ? html`<nav aria-label="Results">
          <ul>
            ${headings.map((heading, index) => html`<li><a href="#r${index}">${heading}</a></li>`)}
          </ul>
        </nav>`
      : undefined;
  const words = new Map<string, string>(sections.flatMap(({ section }): readonly Word[] => section.words));
  const main = html`${sections.map((each, index) => sectionMarkup(each, headings[index]!, `r${index}`))}
    <section aria-labelledby="kinds">
      <h2 id="kinds">Words</h2>
      <dl class="facts">
        ${[...words].map(
          ([word, meaning]) =>
            html`<dt>${word}</dt>
              <dd>${meaning}</dd>`,
        )}
      </dl>
    </section>`;
  const style = [...new Set(sections.map(({ section }) => section.style))].join('');
  return documentPage({ title, nav, main, version: first?.version, style });
}

/** No two alike, so that links are unambiguous in a list, also by ear: two runs of a scenario, for instance. */
function headingsOf(sections: readonly NamedSection[]): readonly string[] {
  const own = sections.map(({ name, section }) => section.heading ?? name);
  const twice = (all: readonly string[], heading: string): boolean => all.indexOf(heading) !== all.lastIndexOf(heading);
  const withFile = sections.map(({ name, section: { heading } }) =>
    heading !== undefined && twice(own, heading) ? `${heading} (${name})` : (heading ?? name),
  );
  return withFile.map((heading, index) => (twice(withFile, heading) ? `${heading}, result ${index + 1}` : heading));
}

function sectionMarkup({ name, section }: NamedSection, heading: string, id: string): Markup {
  const file = name.split(/[/\\]/).at(-1) ?? 'result.json';
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${heading}</h2>
    ${section.body(id)}
    <p><button type="button" hidden data-result="${id}-json" data-file="${file}">Download the JSON document</button></p>
    <script type="application/json" id="${id}-json">
      ${jsonForScript(section.document)}
    </script>
  </section> `;
}
