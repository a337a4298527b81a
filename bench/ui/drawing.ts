/**
 * Small drawings that are made again with every move of a slider. Words and figures are next to them, so that they are hidden
 * from screen readers; colours are those of the page.
 */
import { parameterWords } from '../../sim/scenario/parameter-words.ts';
import type { PrecopyIteration } from '../../sim/memory/precopy-slots.ts';
import type { PlacePause } from './answer.ts';
import { GIGA } from '../../sim/base/units.ts';
import { formatValue } from '../show/format.ts';
import { html, type Markup } from '../show/html.ts';

const ns = (value: number): string => formatValue(value, 'ns');

export interface Curve {
  readonly title: string;
  readonly places: readonly number[];
  readonly pauses: readonly PlacePause[];
  /** Index of the place where the slider stands. */
  readonly at: number;
  readonly budgetNs: number;
  readonly format: (value: number) => string;
}

export interface Stack {
  readonly title: string;
  readonly value: string;
  /** Colours by place, lengths as shares of the longest stack. */
  readonly shares: readonly { readonly place: number; readonly share: number }[];
}

export function stackMarkup(stacks: readonly Stack[]): Markup {
  return html`<div class="stacks" aria-hidden="true">
    ${stacks.map(
      ({ title, value, shares }) =>
        html`<span class="of">${title}</span>
          <span class="bar"
            >${shares.map(
              ({ place, share }) =>
                html`<i style="width:${(share * 100).toFixed(3)}%;background:var(--c${place + 1})"></i>`,
            )}</span
          >
          <span class="value">${value}</span>`,
    )}
  </div>`;
}

export interface Band {
  readonly name: string;
  readonly title: string;
  /** Null: the VM would never be stopped. */
  readonly short: number | null;
  readonly long: number | null;
}

/** A tornado: bars around the nominal value, with the pauses at both ends. */
export function bandMarkup(bands: readonly Band[], point: number): Markup {
  const values = [point, ...bands.flatMap(({ short, long }) => [short ?? point, long ?? point])];
  const low = Math.min(...values);
  const width = Math.max(Math.max(...values) - low, 1);
  const bar = (value: number | null, colour: string): Markup | undefined => {
    if (value === null) return undefined;
    const [from, to] = [Math.min(value, point), Math.max(value, point)];
    return html`<i
      style="left:${((100 * (from - low)) / width).toFixed(2)}%;width:${((100 * (to - from)) / width).toFixed(2)}%;background:var(--${colour})"
    ></i>`;
  };
  const words = (value: number | null): string => (value === null ? 'never stopped' : ns(value));
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Table: what the pause depends on"><table class="tornado">
    <thead>
      <tr>
        <th scope="col" class="text">parameter</th>
        <th scope="col"><span class="swatch" style="--swatch:var(--c1)" aria-hidden="true"></span>low</th>
        <td class="wide" aria-hidden="true"></td>
        <th scope="col"><span class="swatch" style="--swatch:var(--c2)" aria-hidden="true"></span>high</th>
      </tr>
    </thead>
    <tbody>
      ${bands.map(
        ({ name, title, short, long }) =>
          html`<tr>
            <th scope="row" title="${title}">${parameterWords(name)}</th>
            <td>${words(short)}</td>
            <td class="wide" aria-hidden="true">
              <span class="track"
                >${widerFirst(point, bar, short, long)}<b style="left:${((100 * (point - low)) / width).toFixed(2)}%"></b
              ></span>
            </td>
            <td>${words(long)}</td>
          </tr>`,
      )}
    </tbody>
  </table></div>`;
}

/** Both ends may lie on the same side: the shorter bar is on top. */
function widerFirst(
  point: number,
  bar: (value: number | null, colour: string) => Markup | undefined,
  short: number | null,
  long: number | null,
): readonly (Markup | undefined)[] {
  const bars = [bar(short, 'c1'), bar(long, 'c2')];
  return Math.abs((short ?? point) - point) < Math.abs((long ?? point) - point) ? bars.toReversed() : bars;
}

const WIDTH = 600;
const HEIGHT = 150;
const LEFT = 64;
const BOTTOM = 22;
const TOP = 8;
/** More areas cannot be distinguished. */
const ROUNDS = 300;

export function roundsMarkup(rounds: readonly PrecopyIteration[], totalNs: number, pauseNs: number): Markup {
  const shown = rounds.slice(0, ROUNDS);
  const bytes = shown.flatMap(({ sentBytes, dirtiedBytes }) => [sentBytes, dirtiedBytes]).filter((value) => value > 0);
  const low = Math.log10(Math.min(...bytes, GIGA)) - 0.3;
  const high = Math.log10(Math.max(...bytes, 1)) + 0.1;
  const x = (at: number): number => LEFT + ((WIDTH - LEFT - 8) * at) / totalNs;
  const y = (value: number): number =>
    value <= 0
      ? HEIGHT - BOTTOM
      : HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - TOP) * Math.max(Math.log10(value) - low, 0)) / (high - low);
  const powers = Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, index) => Math.ceil(low) + index);
  return html`<svg class="drawing" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true">
    ${powers.map(
      (power) =>
        html`<path class="grid" d="M${LEFT} ${y(10 ** power).toFixed(1)}H${WIDTH - 8}" /><text
            x="${LEFT - 6}"
            y="${(y(10 ** power) + 4).toFixed(1)}"
            text-anchor="end"
            >${formatValue(10 ** power, 'B')}</text
          >`,
    )}
    ${shown.map(({ startNs, lastsNs, count, sentBytes, dirtiedBytes }) => {
      const from = x(startNs);
      const width = Math.max(x(startNs + lastsNs * count) - from - 0.5, 0.8);
      return html`<rect class="sent" x="${from.toFixed(1)}" y="${y(sentBytes).toFixed(1)}" width="${width.toFixed(1)}" height="${(HEIGHT - BOTTOM - y(sentBytes)).toFixed(1)}" /><rect
          class="written" x="${from.toFixed(1)}" y="${(y(dirtiedBytes) - 1.5).toFixed(1)}" width="${Math.max(width, 2).toFixed(1)}" height="${dirtiedBytes > 0 ? 3 : 0}" />`;
    })}
    ${
      pauseNs > 0
        ? html`<path class="stop" d="M${x(totalNs - pauseNs).toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}" />
            <text x="${(x(totalNs - pauseNs) - 4).toFixed(1)}" y="${TOP + 10}" text-anchor="end">vCPUs stop</text>`
        : undefined
    }
    <text x="${LEFT}" y="${HEIGHT - 6}">0</text>
    <text x="${WIDTH - 8}" y="${HEIGHT - 6}" text-anchor="end">${ns(totalNs)}</text>
  </svg>`;
}

export function curveMarkup({ places, pauses, at, budgetNs, format }: Curve): Markup {
  const top = Math.max(...pauses.flatMap(({ highNs, sureNs }) => [highNs ?? 0, sureNs ?? 0]), budgetNs, 1) * 1.08;
  const x = (index: number): number => LEFT + ((WIDTH - LEFT - 8) * index) / Math.max(places.length - 1, 1);
  const y = (value: number): number => HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - TOP) * value) / top;
  const lineOf = (of: keyof PlacePause): string => linePath(pauses, of, x, y);
  const here = pauses[at]?.nominalNs ?? null;
  return html`<svg class="drawing" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true">
    <path class="grid" d="M${LEFT} ${y(0)}H${WIDTH - 8}" />
    <text x="${LEFT - 6}" y="${y(0)}" text-anchor="end">0</text>
    <text x="${LEFT - 6}" y="${(y(top / 1.08) + 4).toFixed(1)}" text-anchor="end">${ns(top / 1.08)}</text>
    <path class="limit" d="M${LEFT} ${y(budgetNs).toFixed(1)}H${WIDTH - 8}" />
    <path class="here" d="M${x(at).toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}" />
    ${pauses.map(({ lowNs, highNs }, index) =>
      lowNs === null || highNs === null
        ? undefined
        : html`<path class="interval" d="M${x(index).toFixed(1)} ${y(lowNs).toFixed(1)}V${y(highNs).toFixed(1)}" />`,
    )}
    <path class="sure" d="${lineOf('sureNs')}" />
    <path class="curve" d="${lineOf('nominalNs')}" />
    ${pauses.map(({ nominalNs: pause }, index) =>
      pause === null
        ? html`<text class="never" x="${x(index).toFixed(1)}" y="${HEIGHT - BOTTOM - 4}" text-anchor="middle">✕</text>`
        : html`<circle class="dot" cx="${x(index).toFixed(1)}" cy="${y(pause).toFixed(1)}" r="3" />`,
    )}
    ${here === null ? undefined : html`<circle class="dot at" cx="${x(at).toFixed(1)}" cy="${y(here).toFixed(1)}" r="6" />`}
    <text x="${LEFT}" y="${HEIGHT - 6}">${format(places[0]!)}</text>
    <text x="${WIDTH - 8}" y="${HEIGHT - 6}" text-anchor="end">${format(places.at(-1)!)}</text>
  </svg>`;
}

/** A line from place to place, with gaps where there is none. */
function linePath(
  pauses: readonly PlacePause[],
  of: keyof PlacePause,
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  let drawing = false;
  return pauses
    .map((pause, index) => {
      const value = pause[of];
      const command = value === null ? '' : `${drawing ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      drawing = value !== null;
      return command;
    })
    .join('');
}
