/**
 * A run document as one self-contained HTML page: the pause as a bar, and the tables behind it.
 */
import { formatValue } from '../format.ts';
import { html, jsonForScript, type Markup } from '../report/html.ts';
import { tableMarkup } from '../report/html-table.ts';
import { documentPage } from '../report/shell.ts';
import type { RunDocument } from './document.ts';
import { runSentences, runTables, toldVm } from './words.ts';

export function runPage(document: RunDocument): string {
  const { scenario, stopcopy: version, kinds } = document;
  const main = html`<section aria-labelledby="what">
      <h2 id="what">${scenario.description}</h2>
      <p class="lead">${runSentences(document).join(' ')}</p>
      ${pauseDrawing(document)}
    </section>
    ${runTables(document).map(
      ({ title, columns, rows }, index) =>
        html`<section aria-labelledby="table-${index}">
          <h2 id="table-${index}">${title}</h2>
          ${tableMarkup({
            caption: title,
            head: columns.map(({ head }) => head.replaceAll('\n', ' ').trim()),
            rows,
            textColumns: columns.flatMap(({ align }, column) => (align === 'left' ? [column] : [])),
          })}
        </section>`,
    )}
    <section aria-labelledby="words">
      <h2 id="words">Words</h2>
      <dl class="facts">
        ${Object.entries(kinds).map(
          ([kind, meaning]) =>
            html`<dt>${kind}</dt>
              <dd>${meaning}</dd>`,
        )}
      </dl>
      <p><button type="button" hidden data-result="document" data-file="run.json">Download the JSON document</button></p>
      <script type="application/json" id="document">
        ${jsonForScript(document)}
      </script>
    </section>`;
  return documentPage({ title: `Run: ${scenario.name}`, main, version, style: STYLE });
}

const WIDTH = 960;
const BAR = 34;
const ROW = 20;
/** A part below this share of the pause gets no words of its own beside the bar. */
const HUES = [210, 30, 140, 270, 0, 180, 50, 320, 100, 240];

/** The parts of the pause one after another, in their lengths, and a line for each below. */
function pauseDrawing(document: RunDocument): Markup | undefined {
  const { parts, pauseNs } = toldVm(document);
  if (pauseNs === 0) return undefined;
  const shown = parts.filter(({ criticalNs }) => criticalNs > 0);
  let atNs = 0;
  const bars = shown.map(({ title, criticalNs }, index) => {
    const x = (atNs / pauseNs) * WIDTH;
    atNs += criticalNs;
    const width = Math.max(1, (criticalNs / pauseNs) * WIDTH);
    const words = `${title}: ${formatValue(criticalNs, 'ns')}`;
    return html`<rect class="part p${index}" x="${x.toFixed(2)}" y="0" width="${width.toFixed(2)}" height="${BAR}">
          <title>${words}</title>
        </rect>
        <rect class="part p${index}" x="0" y="${BAR + 12 + index * ROW}" width="12" height="12"></rect>
        <text x="20" y="${BAR + 22 + index * ROW}">${words}</text>`;
  });
  const height = BAR + 16 + shown.length * ROW;
  return html`<figure aria-labelledby="pause-caption">
    <figcaption><h3 id="pause-caption">The pause, part by part on the critical path</h3></figcaption>
    <div class="scroll" tabindex="0" role="region" aria-label="Drawing of the pause">
      <svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="pause-caption">
        ${bars}
      </svg>
    </div>
  </figure>`;
}

const STYLE = `
${HUES.map((hue, index) => `.part.p${index} { fill: hsl(${hue} 55% 50%); }`).join('\n')}
figure svg text { fill: currentColor; font-size: 14px; }
`;
