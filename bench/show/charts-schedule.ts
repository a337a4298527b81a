/**
 * Charts of an evacuation: its moves one by one in lanes, and how many ran at once in groups of hosts.
 */
import { formatValue } from './format.ts';
import { axisLook, axisTitle, draw, type DrawApi, INK, label, labelWidth, P50_COLOUR } from './chart-base.ts';

export interface LaneBar {
  /** From 0, from the top. */
  readonly lane: number;
  readonly startNs: number;
  readonly endNs: number;
  /** How long the VM is paused, up to the end of the bar. */
  readonly pauseNs: number;
  readonly colour: string;
}

/** Lanes get thinner the more there are, so that a chart is not longer than a few screens. */
const LANES_PIXELS = 1600;

/** Moves as bars. @param names of the lanes from the top; an empty one is a further lane of the same host */
export function laneChart(bars: readonly LaneBar[], names: readonly string[], endNs: number, width: number): string {
  const pitch = Math.max(6, Math.min(22, Math.floor(LANES_PIXELS / names.length)));
  const height = pitch - (pitch > 10 ? 6 : 2);
  return draw(width, 54 + pitch * names.length, {
    grid: { left: 64, right: 24, top: 8, bottom: 46 },
    xAxis: sinceStart(endNs),
    yAxis: {
      ...axisLook(),
      type: 'category',
      inverse: true,
      data: [...names],
      splitLine: { show: false },
      axisLabel: { color: INK, hideOverlap: true, interval: (lane: number) => names[lane] !== '' },
    },
    series: [
      {
        type: 'custom',
        data: bars.map(({ lane, startNs, endNs: at, pauseNs }) => [startNs, at, at - pauseNs, lane]),
        renderItem: (params: { dataIndex: number }, api: DrawApi) => {
          const lane = Number(api.value(3));
          const [x = 0, middle = 0] = api.coord([Number(api.value(0)), lane]);
          const at = (dimension: number): number => api.coord([Number(api.value(dimension)), lane])[0] ?? 0;
          const wide = Math.max(at(1) - x - 0.75, 0.75);
          const stands = at(2) < at(1) ? Math.min(Math.max(at(1) - at(2), 1), wide / 2) : 0;
          const y = middle - height / 2;
          const rect = (from: number, length: number, fill: string | undefined) => ({
            type: 'rect' as const,
            shape: { x: from, y, width: length, height },
            style: { fill: fill ?? INK },
          });
          return {
            type: 'group' as const,
            children: [rect(x, wide, bars[params.dataIndex]?.colour), rect(x + wide - stands, stands, INK)],
          };
        },
      },
    ],
  });
}

export interface Strip {
  readonly label: string;
  /** Slice by slice, as shares of the most there is anywhere. */
  readonly shares: readonly number[];
}

/** Strips whose height is the share of moves that ran. */
export function stripChart(strips: readonly Strip[], endNs: number, width: number): string {
  const left = Math.min(labelWidth(width), 140);
  return draw(width, 54 + 24 * strips.length, {
    grid: { left, right: 24, top: 8, bottom: 46 },
    xAxis: sinceStart(endNs),
    yAxis: {
      ...axisLook(),
      type: 'category',
      inverse: true,
      data: strips.map((strip) => strip.label),
      axisLabel: { color: INK, interval: 0, width: left - 10, overflow: 'break', lineHeight: 12 },
    },
    series: [
      {
        type: 'custom',
        data: strips.flatMap(({ shares }, row) => {
          const sliceNs = endNs / shares.length;
          return stretches(shares).map(({ from, to, share }) => [from * sliceNs, to * sliceNs, share, row]);
        }),
        renderItem: (_params: unknown, api: DrawApi) => {
          const row = Number(api.value(3));
          const [x = 0, middle = 0] = api.coord([Number(api.value(0)), row]);
          const to = api.coord([Number(api.value(1)), row])[0] ?? 0;
          const height = 20 * Number(api.value(2));
          return {
            type: 'rect' as const,
            shape: { x, y: middle + 10 - height, width: to - x, height },
            style: { fill: P50_COLOUR },
          };
        },
      },
    ],
  });
}

/** Slices of the same share as one, without those in which nothing ran. */
function stretches(shares: readonly number[]): readonly { from: number; to: number; share: number }[] {
  const found: { from: number; to: number; share: number }[] = [];
  for (const [slice, share] of shares.entries()) {
    const last = found.at(-1);
    if (last !== undefined && last.to === slice && last.share === share) last.to = slice + 1;
    else if (share > 0) found.push({ from: slice, to: slice + 1, share });
  }
  return found;
}

function sinceStart(endNs: number) {
  return {
    ...axisLook(),
    type: 'value' as const,
    min: 0,
    max: endNs,
    axisLabel: {
      ...label('ns'),
      showMaxLabel: false,
      formatter: (value: number) => (value === 0 ? '0' : formatValue(value, 'ns')),
    },
    ...axisTitle('since the start', 28),
  };
}
