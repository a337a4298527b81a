/**
 * The answer as markup: verdict, pause in its parts, iterations, what the pause depends on. The same text for eyes and for ears.
 */
import { countOf } from '../../sim/base/units.ts';
import { formatValue, formatWithRange } from '../show/format.ts';
import { html, type Markup } from '../show/html.ts';
import { blockerPhrase, reasonPhrase } from '../../sim/memory/cause-words.ts';
import { hasMoved } from '../../sim/memory/outcome.ts';
import { unlike } from '../../sim/fleet/answers/phrases.ts';
import type { PlacePause, UiAnswer, UiDraw } from './answer.ts';
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
  const { point, intervals, budgetNs, vms, moved } = answer;
  const { low, high } = intervals.pause;
  const band = low === high ? ns(point.pauseNs) : `${ns(point.pauseNs)} (${ns(low)} to ${ns(high)})`;
  const who = vms === 1 ? 'The VM' : 'The VM with the longest pause';
  const sure = drawnPhrase(answer);
  if (!hasMoved(point.kind)) {
    const { reason } = point.cause;
    if (reason !== 'none' && reason !== 'cut') {
      const why = [reasonPhrase(point.cause, false), blockerPhrase(point.cause)].join('; ');
      return { tone: 'bad', mark: 'Does not move', text: `Given up after ${ns(point.totalNs)}: ${why}.${sure}` };
    }
    const stood = point.pauseNs === 0 ? 'and had no pause' : `after a pause of ${band}`;
    return {
      tone: 'bad',
      mark: point.kind === 'failed' ? 'Fails' : 'Is cancelled',
      text: `${who} runs on at the ${point.guestAt}, ${stood}.${sure}`,
    };
  }
  const several = vms === 1 ? '' : ` ${moved} of ${vms} VMs move.`;
  if (point.pauseNs <= budgetNs) {
    return {
      tone: intervals.within === intervals.draws ? 'good' : 'warn',
      mark: 'Moves',
      text: `${who} is paused for ${band}, within the budget of ${ns(budgetNs)}.${sure}${several}`,
    };
  }
  return {
    tone: 'warn',
    mark: 'Moves, over budget',
    text: `${who} is paused for ${band}. The budget is ${ns(budgetNs)}: the VMM counts memory only, not all that comes with it.${sure}${several}`,
  };
}

/** In how many draws it moves, and within the budget; empty where all agree. */
function drawnPhrase({ intervals: { draws, ended, within }, point }: UiAnswer): string {
  const moves = (ended.moved ?? 0) + (ended.forced ?? 0);
  if (moves === (hasMoved(point.kind) ? draws : 0) && (within === moves || within === 0)) return '';
  if (moves === draws) return ` In ${within} of ${draws} draws of what is unknown it keeps the budget.`;
  return ` In ${moves} of ${draws} draws of what is unknown it moves, in ${within} within the budget.`;
}

const TONE_SIGNS: Readonly<Record<Tone, string>> = { good: '✓', warn: '!', bad: '✕' };

export function verdictMarkup({ tone, mark, text }: ViewVerdict): Markup {
  return html`<p class="verdict ${tone}">
    <span class="sign" aria-hidden="true">${TONE_SIGNS[tone]}</span>
    <span><strong>${mark}.</strong> ${text}</span>
  </p>`;
}

/** What stands above everything: the pause in large letters. */
export function headlineMarkup({ point, intervals }: UiAnswer): Markup {
  if (point.pauseNs === 0) return html`<p class="big">no pause</p>`;
  const { low, high } = intervals.pause;
  return html`<p class="big">
    ${ns(point.pauseNs)} <small>pause [modelled], ${ns(low)} to ${ns(high)} in 80 of 100 draws</small>
  </p>`;
}

/** A bar of the pause, whose parts add up. */
interface PauseBar extends UiDraw {
  readonly title: string;
}

function pauseBars({ point, intervals: { low, high } }: UiAnswer): readonly PauseBar[] {
  const partsNs = Object.fromEntries(point.parts.map(({ name, criticalNs }) => [name, criticalNs]));
  return [
    ...(low === undefined ? [] : [{ title: 'draw at 10 %', ...low }]),
    { title: 'nominal', pauseNs: point.pauseNs, partsNs },
    ...(high === undefined ? [] : [{ title: 'draw at 90 %', ...high }]),
  ];
}

export function pauseMarkup(answer: UiAnswer): Markup | undefined {
  const { point, intervals } = answer;
  if (point.pauseNs === 0) return undefined;
  const bars = pauseBars(answer);
  const names = point.parts.map(({ name }) => name);
  const at = ({ partsNs }: PauseBar, name: string): number => partsNs[name] ?? 0;
  const shown = names.filter((name) => intervals.parts[name]!.high > 0 || bars.some((bar) => at(bar, name) > 0));
  const longest = Math.max(...bars.map(({ pauseNs }) => pauseNs));
  return html`<h2>The pause, part by part</h2>
    ${stackMarkup(
      bars.map((bar) => ({
        title: bar.title,
        value: ns(bar.pauseNs),
        shares: shown.map((name) => ({ place: names.indexOf(name), share: at(bar, name) / longest })),
      })),
    )}
    <div class="scroll" tabindex="0" role="group" aria-label="Table: the pause, part by part"><table>
      <caption>
        On the critical path [modelled]; low and high: 80 of 100 draws of what is unknown lie between them
      </caption>
      <thead>
        <tr>
          <th scope="col" class="text">part</th>
          <th scope="col">nominal</th>
          <th scope="col">share</th>
          <th scope="col">low</th>
          <th scope="col">high</th>
        </tr>
      </thead>
      <tbody>
        ${shown.map((name) => {
          const { value, low, high } = intervals.parts[name]!;
          return html`<tr>
            <th scope="row">
              <span class="swatch" style="--swatch:var(--c${names.indexOf(name) + 1})" aria-hidden="true"></span
              >${point.parts.find((part) => part.name === name)?.title}
            </th>
            <td>${ns(value)}</td>
            <td>${((100 * value) / point.pauseNs).toFixed(1)} %</td>
            <td>${ns(low)}</td>
            <td>${ns(high)}</td>
          </tr>`;
        })}
      </tbody>
    </table></div>`;
}

/** More rows say nothing more. */
const ROWS = 10;

export function roundsSection({ point, intervals: { rate, total } }: UiAnswer): Markup | undefined {
  const { rounds, totalNs, pauseNs, bound } = point;
  if (rounds.length === 0) return undefined;
  const told = rounds.slice(0, ROWS);
  const all = rounds.reduce((sum, { count }) => sum + count, 0);
  return html`<h2>Iterations over memory</h2>
    <p class="source">
      ${countOf(all, 'round')} at ${formatWithRange({ ...rate, unit: 'B/s' })}, bound by the ${bound}; in all
      ${formatWithRange({ ...total, unit: 'ns' })} [modelled]. Areas: sent. Lines: written by the guest meanwhile.
    </p>
    ${roundsMarkup(rounds, totalNs, pauseNs)}
    <div class="scroll" tabindex="0" role="group" aria-label="Table: iterations over memory"><table>
      <caption>
        ${rounds.length > ROWS ? `The first ${ROWS} rows of ${rounds.length}` : 'Times since the start of the move'}
      </caption>
      <thead>
        <tr>
          <th scope="col">iteration</th>
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
  return html`<h2>What the pause depends on</h2>
    <p class="source">One parameter at a time at the ends of its range [modelled]; all others nominal.</p>
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
  const { pauses, at, budgetNs, title } = curve;
  const known = pauses.flatMap(({ nominalNs }) => nominalNs ?? []);
  const never = pauses.length - known.length;
  const words =
    known.length === 0
      ? 'At no place of this slider is the VM stopped.'
      : `From ${ns(Math.min(...known))} to ${ns(Math.max(...known))}` +
        `${never === 0 ? '' : `; at ${never} of ${pauses.length} places it is never stopped`}.`;
  return html`<h2>The pause against: ${title.toLowerCase()}</h2>
    <p class="source">${words} ${guaranteedWords(pauses[at], budgetNs)} The dashed line is the budget, bars are 80 %
      intervals, the upper line is what 95 of 100 draws stay below wherever iterations end. [modelled]</p>
    ${curveMarkup(curve)}`;
}

/** What can be relied on where the slider stands. */
function guaranteedWords(here: PlacePause | undefined, budgetNs: number): string {
  if (here === undefined || here.nominalNs === null) return '';
  const { sureNs } = here;
  if (sureNs === null) return 'Here it is not guaranteed to move.';
  const side = sureNs <= budgetNs ? 'within' : 'over';
  return `Here a pause of at most ${unlike(sureNs, budgetNs, 'ns')} is guaranteed, ${side} the budget of ${ns(budgetNs)}.`;
}
