/**
 * A copy of what a driver call may change: all objects that can be reached from one of them by plain fields, elements and
 * typed arrays. Restoring puts every field back, so that the call can be made again from its start.
 *
 * Generic on purpose: the driver does not know that it is ever made to start again. What is shared with others, or does
 * not change, is named by the caller and stays out of the snapshot; functions do too.
 */
import { bug } from '../base/bug.ts';

type Fields = Record<string, unknown>;
type Words = Uint8Array | Uint32Array | Int32Array | Float64Array;

export class StateSnapshot {
  private readonly outside: ReadonlySet<unknown>;
  private readonly seen = new Set<object>();
  private readonly objects: Fields[] = [];
  private readonly keys: string[][] = [];
  private readonly values: unknown[] = [];
  private readonly lists: unknown[][] = [];
  private readonly elements: unknown[][] = [];
  private readonly arrays: Words[] = [];
  private readonly copies: Words[] = [];

  /** @param outside what stays as it is, with all that can be reached only through it */
  constructor(outside: Iterable<unknown>) {
    this.outside = new Set(outside);
  }

  /** Takes a new copy; the one before is forgotten. */
  take(root: object): void {
    this.seen.clear();
    for (const list of [this.objects, this.keys, this.values, this.lists, this.elements, this.arrays]) list.length = 0;
    this.visit(root);
    this.arrays.forEach((array, i) => {
      const kept = this.copies[i];
      if (kept !== undefined && kept.length === array.length && kept.constructor === array.constructor) kept.set(array);
      else this.copies[i] = array.slice();
    });
  }

  /** Puts back everything that has changed since. */
  restore(): void {
    const { objects, keys, values, lists, elements, arrays, copies } = this;
    let at = 0;
    for (let i = 0; i < objects.length; i++) {
      const object = objects[i]!;
      for (const key of keys[i]!) {
        const value = values[at++];
        if (!Object.is(object[key], value)) object[key] = value;
      }
    }
    for (let i = 0; i < lists.length; i++) lists[i]!.splice(0, Infinity, ...elements[i]!);
    for (let i = 0; i < arrays.length; i++) arrays[i]!.set(copies[i]!);
  }

  private visit(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    if (this.seen.has(value) || this.outside.has(value)) return;
    this.seen.add(value);
    if (value instanceof Uint8Array || value instanceof Uint32Array) return void this.arrays.push(value);
    if (value instanceof Int32Array || value instanceof Float64Array) return void this.arrays.push(value);
    // A view of bytes that some typed array shows too.
    if (value instanceof DataView) return;
    if (Array.isArray(value)) {
      this.lists.push(value);
      this.elements.push([...value]);
      for (const element of value) this.visit(element);
      return;
    }
    // Their contents are no fields: a driver that begins to use them needs a snapshot that knows them.
    if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) bug('SNAPSHOT', value);
    const object = value as Fields;
    const keys = Object.keys(object);
    this.objects.push(object);
    this.keys.push(keys);
    for (const key of keys) this.values.push(object[key]);
    for (const key of keys) this.visit(object[key]);
  }
}
