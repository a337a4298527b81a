/**
 * Tables of a printed answer, read by their titles, and compared with the rows that a document has.
 */
export const UNITS_NS: Readonly<Record<string, number>> = {
  ns: 1,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  min: 6e10,
  h: 3.6e12,
  days: 8.64e13,
};

/** Numbers as they are printed: three significant digits at least. */
const DIGITS_SHARE = 0.006;

const SCALES: Readonly<Record<string, number>> = { ...UNITS_NS, B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** A printed cell as a number in base units; null: it is none. */
export function numberIn(cell: string): number | null {
  const [, value, unit = ''] = /^(?:step )?(-?[\d.]+(?:e[+-]?\d+)?)(?: (.+))?$/.exec(cell) ?? [];
  if (value === undefined) return null;
  return Number(value) * (SCALES[unit.replace(/\/s$/, '')] ?? 1);
}

/** Whether a cell says a value: nothing or `none` where there is none. */
export function saysCell(cell: string, value: string | number | null): boolean {
  if (typeof value === 'string') return cell === value.trim();
  if (value === null || Number.isNaN(value)) return cell === '' || cell === 'none';
  if (!Number.isFinite(value)) return cell === 'none';
  const said = numberIn(cell);
  return said !== null && Math.abs(said - value) <= DIGITS_SHARE * Math.abs(value);
}

/** Rows of the table under a title, split into cells; a cell that is empty is left out. */
function rowsUnder(text: string, title: string): readonly (readonly string[])[] | null {
  const lines = text.split('\n');
  const rule = lines.findIndex((line, index) => line.startsWith('---') && lines[index - 2] === title);
  if (rule < 0) return null;
  const until = lines.findIndex((line, index) => index > rule && (line === '' || line.startsWith('… and ')));
  return lines.slice(rule + 1, until).map((line) => line.trim().split(/\s{2,}/));
}

type Cell = string | number | null;

/** What differs between a table and the rows that it is made of. */
export function tableFaults(text: string, title: string, rows: readonly (readonly Cell[])[]): readonly string[] {
  const printed = rowsUnder(text, title);
  if (printed === null) return rows.length === 0 ? [] : [`no table '${title}'`];
  const found: string[] = [];
  // Long tables are printed up to some row.
  if (printed.length > rows.length || (rows.length <= 24 && printed.length < rows.length))
    found.push(`rows of '${title}'`);
  for (const [index, cells] of printed.entries()) {
    const said = (rows[index] ?? []).filter((cell) => cell !== null && cell !== '' && !Number.isNaN(cell));
    const agree = said.length === cells.length && said.every((cell, at) => saysCell(cells[at]!, cell));
    if (!agree) found.push(`row ${index + 1} of '${title}': ${cells.join(' | ')} for ${said.join(' | ')}`);
  }
  return found;
}
