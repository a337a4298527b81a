/**
 * The answer as markup: verdict, pause in its parts, rounds, what the pause hangs on. The same text for eyes and for ears.
 */
import { countOf } from '../../sim/base/units.ts';
import { formatValue } from '../show/format.ts';
import { html, type Markup } from '../show/html.ts';
import { blockerPhrase, reasonPhrase } from '../../sim/memory/cause-words.ts';
import { hasMoved } from '../../sim/memory/outcome.ts';
import type { UiAnswer, UiEnd } from './answer.ts';
import { bandMarkup, type Curve, curveMarkup, roundsMarkup, stackMarkup } from './drawing.ts';

const ns = (value: number): string => formatValue(value, 'ns');

type Tone = 'good' | 'warn' | 'bad';

export interface ViewVerdict {
  readonly tone: Tone;
  /** In a word or two. */
  readonly mark: string;
  /** In one or two sentences. */
  readonly text: string;
}

export function verdictOf(answer: UiAnswer): ViewVerdict {
  const { point, short, long, budgetNs, vms, moved } = answer;
  const low = Math.min(short.pauseNs, point.pauseNs, long.pauseNs);
  const high = Math.max(short.pauseNs, point.pauseNs, long.pauseNs);
  const band = low === high ? ns(point.pauseNs) : `${ns(point.pauseNs)} (${ns(low)} to ${ns(high)})`;
  const who = vms === 1 ? 'The VM' : 'The VM that stands still longest';
  if (!hasMoved(point.kind)) {
    const { reason } = point.cause;
    if (reason !== 'none' && reason !== 'cut') {
      const why = [reasonPhrase(point.cause, false), blockerPhrase(point.cause)].join('; ');
      return { tone: 'bad', mark: 'Does not move', text: `Given up after ${ns(point.totalNs)}: ${why}.` };
    }
    const stood = point.pauseNs === 0 ? 'and never stood still' : `after standing still for ${band}`;
    return {
      tone: 'bad',
      mark: point.kind === 'failed' ? 'Fails' : 'Is cancelled',
      text: `${who} runs on at the ${point.guestAt}, ${stood}.`,
    };
  }
  const unsure = [short, long].some(({ kind }) => !hasMoved(kind));
  const doubt = unsure ? ' With parameters at one end of their ranges it would not move.' : '';
  const several = vms === 1 ? '' : ` ${moved} of ${vms} VMs move.`;
  if (point.pauseNs <= budgetNs) {
    const over = high > budgetNs ? ' At the long ends of the parameters it stands still for longer than that.' : '';
    return {
      tone: over === '' && !unsure ? 'good' : 'warn',
      mark: 'Moves',
      text: `${who} stands still for ${band}, within the budget of ${ns(budgetNs)}.${over}${doubt}${several}`,
    };
  }
  return {
    tone: 'warn',
    mark: 'Moves, over budget',
    text: `${who} stands still for ${band}. The budget is ${ns(budgetNs)}: the VMM counts memory only, not all that comes with it.${doubt}${several}`,
  };
}

const TONE_SIGNS: Readonly<Record<Tone, string>> = { good: '✓', warn: '!', bad: '✕' };

export function verdictMarkup({ tone, mark, text }: ViewVerdict): Markup {
  return html`<p class="verdict ${tone}">
    <span class="sign" aria-hidden="true">${TONE_SIGNS[tone]}</span>
    <span><strong>${mark}.</strong> ${text}</span>
  </p>`;
}

/** What stands above everything: the pause in large letters. */
export function headlineMarkup({ point, short, long }: UiAnswer): Markup {
  if (point.pauseNs === 0) return html`<p class="big">no pause</p>`;
  const low = Math.min(short.pauseNs, long.pauseNs, point.pauseNs);
  const high = Math.max(short.pauseNs, long.pauseNs, point.pauseNs);
  return html`<p class="big">${ns(point.pauseNs)} <small>pause [modelled], ${ns(low)} to ${ns(high)}</small></p>`;
}

const END_TITLES = { point: 'best guesses', short: 'short ends', long: 'long ends' } as const;

export function pauseMarkup({ point, short, long }: UiAnswer): Markup | undefined {
  if (point.pauseNs === 0) return undefined;
  const ends = [short, point, long];
  const names = point.parts.map(({ name }) => name);
  const at = (end: UiEnd, name: string): number => end.parts.find((part) => part.name === name)?.criticalNs ?? 0;
  const shown = names.filter((name) => ends.some((end) => at(end, name) > 0));
  const longest = Math.max(...ends.map(({ pauseNs }) => pauseNs));
  return html`<h2>The pause, part by part</h2>
    ${stackMarkup(
      ends.map((end) => ({
        title: END_TITLES[end.end],
        value: ns(end.pauseNs),
        shares: shown.map((name) => ({ place: names.indexOf(name), share: at(end, name) / longest })),
      })),
    )}
    <div class="scroll" tabindex="0" role="group" aria-label="Table: the pause, part by part"><table>
      <caption>
        On the critical path [modelled]; ends: all parameters where they make pauses short, or long
      </caption>
      <thead>
        <tr>
          <th scope="col" class="text">part</th>
          <th scope="col">best guess</th>
          <th scope="col">share</th>
          <th scope="col">short end</th>
          <th scope="col">long end</th>
        </tr>
      </thead>
      <tbody>
        ${shown.map(
          (name) =>
            html`<tr>
              <th scope="row">
                <span class="swatch" style="--swatch:var(--c${names.indexOf(name) + 1})" aria-hidden="true"></span
                >${point.parts.find((part) => part.name === name)?.title}
              </th>
              <td>${ns(at(point, name))}</td>
              <td>${((100 * at(point, name)) / point.pauseNs).toFixed(1)} %</td>
              <td>${ns(at(short, name))}</td>
              <td>${ns(at(long, name))}</td>
            </tr>`,
        )}
      </tbody>
    </table></div>`;
}

/** More rows say nothing more. */
const ROWS = 10;

export function roundsSection({ point }: UiAnswer): Markup | undefined {
  const { rounds, totalNs, pauseNs, memoryBytesPerSecond, bound } = point;
  if (rounds.length === 0) return undefined;
  const told = rounds.slice(0, ROWS);
  const all = rounds.reduce((sum, { count }) => sum + count, 0);
  return html`<h2>Rounds of memory</h2>
    <p class="source">
      ${countOf(all, 'round')} at ${formatValue(memoryBytesPerSecond, 'B/s')}, bound by the ${bound}; in all
      ${ns(totalNs)} [modelled, best guesses]. Areas: sent. Lines: written by the guest meanwhile.
    </p>
    ${roundsMarkup(rounds, totalNs, pauseNs)}
    <div class="scroll" tabindex="0" role="group" aria-label="Table: rounds of memory"><table>
      <caption>
        ${rounds.length > ROWS ? `The first ${ROWS} rows of ${rounds.length}` : 'Times since the start of the move'}
      </caption>
      <thead>
        <tr>
          <th scope="col">round</th>
          <th scope="col">begins</th>
          <th scope="col">lasts</th>
          <th scope="col">sent</th>
          <th scope="col">written</th>
        </tr>
      </thead>
      <tbody>
        ${told.map(
          ({ count, startNs, lastsNs, sentBytes, dirtiedBytes }, index) =>
            html`<tr>
              <th scope="row">${count === 1 ? index + 1 : `${count} like this`}</th>
              <td>${ns(startNs)}</td>
              <td>${ns(lastsNs)}</td>
              <td>${formatValue(sentBytes, 'B')}</td>
              <td>${formatValue(dirtiedBytes, 'B')}</td>
            </tr>`,
        )}
      </tbody>
    </table></div>`;
}

const INFLUENCES = 7;

export function influenceSection({ influences, point }: UiAnswer): Markup | undefined {
  const widest = influences.slice(0, INFLUENCES);
  if (widest.length === 0) return undefined;
  return html`<h2>What the pause hangs on</h2>
    <p class="source">One parameter at a time at the ends of its range [modelled]; all others at their best guesses.</p>
    ${bandMarkup(
      widest.map(({ name, title, shortPauseNs, longPauseNs }) => ({
        name,
        title,
        short: shortPauseNs,
        long: longPauseNs,
      })),
      point.pauseNs,
    )}`;
}

export function curveSection(curve: Curve): Markup {
  const known = curve.pausesNs.filter((pause) => pause !== null);
  const never = curve.pausesNs.length - known.length;
  const words =
    known.length === 0
      ? 'At no place of this slider is the VM stopped.'
      : `From ${ns(Math.min(...known))} to ${ns(Math.max(...known))}` +
        `${never === 0 ? '' : `; at ${never} of ${curve.pausesNs.length} places it is never stopped`}.`;
  return html`<h2>The pause against: ${curve.title.toLowerCase()}</h2>
    <p class="source">${words} The dashed line is the budget. [modelled, best guesses]</p>
    ${curveMarkup(curve)}`;
}
