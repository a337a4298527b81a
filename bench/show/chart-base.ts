/**
 * What all charts share: echarts, its style, and the way from an option to SVG text.
 *
 * Only charts.ts and the modules below it may import this one: the build bundles them, with echarts, into one, so that the
 * package does not need echarts at run time.
 */
import type { EChartsOption } from 'echarts';
import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

import { formatValue } from './format.ts';

use([BarChart, CustomChart, LineChart, ScatterChart, GridComponent, MarkLineComponent, SVGRenderer]);

export const INK = 'var(--ink)';
export const RULE = 'var(--rule)';
export const PAPER = 'var(--paper)';
export const MODELLED_COLOUR = 'var(--c4)';
export const P50_COLOUR = 'var(--c1)';
export const P99_COLOUR = 'var(--c2)';

/** The n-th colour of the page; as many parts as there are colours can be distinguished. */
export function seriesColour(index: number): string {
  return `var(--c${(index % 11) + 1})`;
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** What echarts gives a custom series to draw with. */
export interface DrawApi {
  coord(data: number[]): number[];
  value(dimension: number): unknown;
}

/** The powers of ten around the values. */
export function decades(values: readonly number[]): Range {
  const positive = values.filter((value) => value > 0);
  if (positive.length === 0) return { low: 1, high: 10 };
  const low = 10 ** Math.floor(Math.log10(Math.min(...positive)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...positive)));
  return low === high ? { low, high: high * 10 } : { low, high };
}

/** Lines and words of an axis. */
export function axisLook() {
  return {
    axisLine: { show: true, lineStyle: { color: RULE } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: RULE, opacity: 0.5 } },
    axisLabel: { color: INK },
  };
}

/** Numbers along an axis, with their unit. */
export function label(unit: string) {
  return { color: INK, hideOverlap: true, formatter: (value: number) => formatValue(value, unit) };
}

/** Room for names at the left of a chart of that width. */
export function labelWidth(width: number): number {
  return width < 500 ? 140 : 214;
}

/** Letters of a browser are up to so much wider than echarts, which draws without fonts, takes them to be. */
const WIDER_LETTERS = 1.3;

/** Width at which a name breaks, in echarts' letters, where it has so much room. */
export function breakWidth(room: number): number {
  return Math.floor((room - 10) / WIDER_LETTERS);
}

/** Height of a row with a name at its left: on a phone a name breaks into three lines. */
export function rowHeight(width: number): number {
  return width < 500 ? 40 : 26;
}

/** Label at the upper end of a line at a place of an axis, on the side where there is room for it. */
export function endLabel(text: string, share: number) {
  const align: 'left' | 'right' | 'center' = share > 0.8 ? 'right' : share < 0.1 ? 'left' : 'center';
  return { formatter: text, position: 'end' as const, align, color: INK };
}

/** A title at the centre of an axis. */
export function axisTitle(name: string, gap: number) {
  return { name, nameLocation: 'middle' as const, nameGap: gap, nameTextStyle: { color: INK } };
}

/** @returns an SVG element for inline use, hidden from screen readers: the words are in caption and table */
export function draw(width: number, height: number, option: EChartsOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ animation: false, textStyle: { fontFamily: 'sans-serif', color: INK }, ...option });
    return embeddable(chart.renderToSVGString());
  } finally {
    // A chart that is not disposed of keeps the process alive.
    chart.dispose();
  }
}

/**
 * For inline use: no namespaces, which look like addresses; no hooks for hovering; the size left to the page; the words
 * left to the caption.
 */
function embeddable(svg: string): string {
  return svg
    .replace(/ xmlns(?::\w+)?="[^"]*"/g, '')
    .replace(/ (?:ecmeta_\w+|class)="[^"]*"/g, '')
    .replace(/<style[^>]*>.*?<\/style>/gs, '')
    .replace(/<svg width="(\d+)" height="(\d+)"/, '<svg aria-hidden="true" focusable="false"');
}
