/**
 * The suite `scale`: how many VFs move per second when so many move at once.
 */
import { formatValue } from '../../show/format.ts';
import type { Figure } from '../../show/figure.ts';
import type { SuiteReport, SuiteRow } from './document.ts';
import { scaleChart, type ScalePoint, type ScaleSeries, seriesColour } from '../../show/charts.ts';
import { fullPanel, type Plot } from '../../show/plot.ts';
import { NS_PER_S } from '../../../sim/base/units.ts';

interface Move {
  readonly device: string;
  readonly vfs: number;
  readonly threads: number;
  readonly pfs: number;
  readonly perVf: Figure;
  readonly point: ScalePoint;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** @returns undefined: nothing moved in this suite */
export function scalePlot({ suite, rows }: SuiteReport, id: string): Plot | undefined {
  if (suite !== 'scale') return undefined;
  const moves = rows.flatMap(moveOf);
  if (moves.length === 0) return undefined;
  const pools = [...new Map(moves.map((move) => [poolOf(move), move])).keys()];
  const mark = (pool: string): string => LETTERS[pools.indexOf(pool)] ?? String(pools.indexOf(pool) + 1);
  const devices = [...new Set(moves.map(({ device }) => device))];
  const seriesOf = (device: string): readonly ScaleSeries[] =>
    pools.map((pool, index) => ({
      mark: mark(pool),
      colour: seriesColour(index),
      points: moves
        .filter((move) => move.device === device && poolOf(move) === pool)
        .map(({ point }) => point)
        .toSorted((a, b) => a.vfs - b.vfs),
    }));
  return {
    id: `${id}-moves`,
    title: 'Throughput against VFs',
    source:
      'measured: wall time on this machine; the point is one second divided by the median time per VF when all move ' +
      'at once, the line is the interquartile range. The axis of VFs is logarithmic.',
    wide: true,
    legend: pools.map((pool, index) => ({
      text: `${mark(pool)}: ${pool}`,
      colour: seriesColour(index),
      look: 'round',
    })),
    panels: devices.map((device) =>
      fullPanel(devices.length === 1 ? '' : device, (width) => scaleChart(seriesOf(device), '/s', width)),
    ),
    table: {
      caption: 'Moves of VFs at once, measured',
      head: ['device', 'VFs', 'threads of each pool', 'PFs', 'moves', 'interquartile range', 'time per VF'],
      rows: moves.map(({ device, vfs, threads, pfs, perVf, point }) => [
        device,
        String(vfs),
        String(threads),
        String(pfs),
        formatValue(point.value, '/s'),
        point.low === point.high ? '' : `${formatValue(point.low, '/s')} to ${formatValue(point.high, '/s')}`,
        formatValue(perVf.value, perVf.unit),
      ]),
    },
  };
}

function moveOf({ at, figures }: SuiteRow): Move[] {
  const { what, device, vfs, threads, pfs } = at;
  const perVf = figures['perVfNs'];
  if (what !== 'move' || perVf === undefined || !(perVf.value > 0)) return [];
  if (typeof vfs !== 'number' || typeof threads !== 'number' || typeof pfs !== 'number' || !(vfs >= 1)) return [];
  const perSecond = (ns: number): number => NS_PER_S / ns;
  const value = perSecond(perVf.value);
  // The longest time is the lowest rate.
  const low = perVf.high === undefined ? value : perSecond(perVf.high);
  const high = perVf.low === undefined || perVf.low <= 0 ? value : perSecond(perVf.low);
  return [{ device: String(device ?? ''), vfs, threads, pfs, perVf, point: { vfs, value, low, high } }];
}

/** What a series has in common. */
function poolOf({ threads, pfs }: Pick<Move, 'threads' | 'pfs'>): string {
  return `${threads} ${threads === 1 ? 'thread' : 'threads'} in each pool, ${pfs} ${pfs === 1 ? 'PF' : 'PFs'}`;
}
