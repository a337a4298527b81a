/**
 * Grids: the values of some fields of a question, and the question for every combination of them.
 */
import { UserError } from '../../sim/base/user-error.ts';

type GridValue = number | string | boolean;

/** Values to try, by the path of their field in the document, such as `vm.devices[0].queues`. */
export type Grid = Readonly<Record<string, readonly GridValue[]>>;

/** One combination. */
export type GridPoint = Readonly<Record<string, GridValue>>;

export interface GridCell {
  /** The fields that were set, by their paths, in the order of the grid. */
  readonly at: GridPoint;
  /** A copy of the document with these fields. */
  readonly document: unknown;
}

/** How many combinations a grid has; of no field: one. */
export function gridSize(grid: Grid): number {
  return Object.values(grid).reduce((product, values) => product * values.length, 1);
}

/**
 * Sets every combination of a grid's values in copies of a document. The order is that of the fields, the last field changing
 * fastest; what a cell is does not depend on the rest of the grid, so that its key stays when the grid grows.
 *
 * @param name of the document, used in messages
 * @throws UserError of kind `input` where a path leads through something that is no object
 */
export function cells(document: unknown, grid: Grid, name: string): readonly GridCell[] {
  return Array.from({ length: gridSize(grid) }, (_, index) => {
    const at = gridPoint(grid, index);
    const copy: unknown = structuredClone(document);
    for (const [field, value] of Object.entries(at)) setField(copy, field, value, name);
    return { at, document: copy };
  });
}

/** `vm.vcpus = 8, vm.stream.channels = 4` */
export function pointText(at: GridPoint): string {
  return Object.entries(at)
    .map(([field, value]) => `${field} = ${value}`)
    .join(', ');
}

function gridPoint(grid: Grid, index: number): GridPoint {
  let rest = index;
  const last = Object.entries(grid).toReversed();
  const at = last.map(([field, values]): [string, GridValue] => {
    const value = values[rest % values.length]!;
    rest = Math.floor(rest / values.length);
    return [field, value];
  });
  return Object.fromEntries(at.toReversed());
}

/** What leads to the field is made when it is missing. */
function setField(document: unknown, field: string, value: GridValue, name: string): void {
  const keys = field.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
  let place = document as Record<string, unknown>;
  for (const [index, key] of keys.entries()) {
    if (index === keys.length - 1) {
      place[key] = value;
      return;
    }
    place[key] ??= {};
    const next = place[key];
    if (typeof next !== 'object' || next === null) {
      throw new UserError('input', `${name}: grid field ${field} leads through ${key}, which is no object`);
    }
    place = next as Record<string, unknown>;
  }
}
