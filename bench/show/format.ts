/**
 * Readable numbers: three significant digits and a unit prefix, the same in the table, the summary and the page.
 */
import { GIGA, KILO, MEGA, NS_PER_MS, NS_PER_S, NS_PER_US, unitOf } from '../../sim/base/units.ts';
import type { Figure } from './figure.ts';

interface Scale {
  readonly unit: string;
  /** One of the figure's own units, in this unit. */
  readonly factor: number;
}

const TIME: readonly Scale[] = [
  { unit: 's', factor: NS_PER_S },
  { unit: 'ms', factor: NS_PER_MS },
  { unit: 'µs', factor: NS_PER_US },
  { unit: 'ns', factor: 1 },
];
const decimal = (unit: string): readonly Scale[] => [
  { unit: `G${unit}`, factor: GIGA },
  { unit: `M${unit}`, factor: MEGA },
  { unit: `k${unit}`, factor: KILO },
  { unit, factor: 1 },
];

/** Scales of the units that result documents use; any other unit is printed as it is. */
const SCALES: Readonly<Record<string, readonly Scale[]>> = {
  ns: TIME,
  B: decimal('B'),
  bytes: decimal('B'),
  'B/s': decimal('B/s'),
  'bytes/s': decimal('B/s'),
  '/s': decimal('/s'),
};

export function formatValue(value: number, unit: string): string {
  const scales = SCALES[unit];
  if (scales === undefined)
    return unit === '' ? significant(value) : `${significant(value)}${unit === 'x' ? '' : ' '}${unitOf(value, unit)}`;
  const scale = scales.find(({ factor }) => Math.abs(value) >= factor) ?? scales.at(-1)!;
  return `${significant(value / scale.factor)} ${scale.unit}`;
}

export function formatFigure(figure: Figure | undefined): string {
  return figure === undefined ? '' : formatValue(figure.value, figure.unit);
}

/** The figure with its range, when it has one. */
export function formatWithRange(figure: Omit<Figure, 'kind'> | Figure | undefined): string {
  if (figure === undefined) return '';
  const { low, high, unit } = figure;
  if (low === undefined || high === undefined || low === high) return formatValue(figure.value, unit);
  return `${formatValue(figure.value, unit)} (${formatValue(low, unit)} to ${formatValue(high, unit)})`;
}

/** Three significant digits; whole numbers below a million stay whole. */
function significant(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6 || (magnitude > 0 && magnitude < 1e-3)) return value.toPrecision(3);
  return String(Number(value.toPrecision(magnitude >= 1000 ? 4 : 3)));
}

/** A share in per cent. @param digits significant ones */
export function percent(share: number, digits = 3): string {
  return `${Number((100 * share).toPrecision(digits))} %`;
}

/** A share in per cent, to a whole number. */
export function wholePercent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** A change in per cent, with its sign and one digit after the point. */
export function signedPercent(change: number): string {
  return `${change > 0 ? '+' : ''}${(100 * change).toFixed(1)} %`;
}
