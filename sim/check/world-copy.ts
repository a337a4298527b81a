/**
 * A copy of a world as it stands, with all that can be reached from it, so that many runs begin from one world that was made,
 * opened and booted once. Restoring puts back every field, list, map and word that a run may have changed.
 *
 * Of large arrays only the spans that can change at all are copied ({@link Span}); the rest is as it was made.
 */
import { bug } from '../base/bug.ts';
import type { Span } from '../device/span.ts';

type Fields = Record<string, unknown>;
type Words = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

interface CopiedSpan {
  /** The part of the live array. */
  readonly live: Words;
  readonly copy: Words;
}

export class WorldCopy {
  private readonly outside: ReadonlySet<unknown>;
  private readonly spansOf = new Map<ArrayBufferLike, Span[]>();
  private readonly seen = new Set<unknown>();
  private readonly objects: Fields[] = [];
  private readonly keys: string[][] = [];
  private readonly values: unknown[][] = [];
  private readonly lists: unknown[][] = [];
  private readonly elements: unknown[][] = [];
  private readonly maps: Map<unknown, unknown>[] = [];
  private readonly entries: [unknown, unknown][][] = [];
  private readonly sets: Set<unknown>[] = [];
  private readonly members: unknown[][] = [];
  private readonly words: CopiedSpan[] = [];

  /**
   * @param root what is copied, with all that can be reached from it
   * @param outside what never changes, with all that can be reached only through it
   * @param spans of arrays that are not named here all words are copied
   */
  constructor(root: object, outside: Iterable<unknown>, spans: readonly Span[]) {
    this.outside = new Set(outside);
    for (const span of spans) {
      const known = this.spansOf.get(span.array.buffer);
      if (known === undefined) this.spansOf.set(span.array.buffer, [span]);
      else known.push(span);
    }
    this.visit(root);
    this.seen.clear();
  }

  /** Puts back everything that has changed since. */
  restore(): void {
    const { objects, keys, values, words } = this;
    for (let i = 0; i < objects.length; i++) {
      const object = objects[i]!;
      const names = keys[i]!;
      const kept = values[i]!;
      for (let k = 0; k < names.length; k++) {
        if (!Object.is(object[names[k]!], kept[k])) object[names[k]!] = kept[k];
      }
    }
    for (let i = 0; i < words.length; i++) {
      const { live, copy } = words[i]!;
      live.set(copy);
    }
    this.restoreCollections();
  }

  private restoreCollections(): void {
    const { lists, elements, maps, entries, sets, members } = this;
    for (let i = 0; i < lists.length; i++) {
      const list = lists[i]!;
      const kept = elements[i]!;
      list.length = kept.length;
      for (let k = 0; k < kept.length; k++) if (list[k] !== kept[k]) list[k] = kept[k];
    }
    for (let i = 0; i < maps.length; i++) {
      if (maps[i]!.size === 0 && entries[i]!.length === 0) continue;
      maps[i]!.clear();
      for (const [key, value] of entries[i]!) maps[i]!.set(key, value);
    }
    for (let i = 0; i < sets.length; i++) {
      if (sets[i]!.size === 0 && members[i]!.length === 0) continue;
      sets[i]!.clear();
      for (const member of members[i]!) sets[i]!.add(member);
    }
  }

  private visit(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    if (this.seen.has(value) || this.outside.has(value)) return;
    this.seen.add(value);
    if (ArrayBuffer.isView(value)) return this.visitView(value);
    if (Array.isArray(value)) {
      this.lists.push(value);
      this.elements.push([...value]);
      for (const element of value) this.visit(element);
    } else if (value instanceof Map) {
      this.maps.push(value);
      this.entries.push([...value]);
      for (const element of value.values()) this.visit(element);
    } else if (value instanceof Set) {
      this.sets.push(value);
      this.members.push([...value]);
      for (const member of value) this.visit(member);
    } else {
      this.visitFields(value as Fields);
    }
  }

  private visitFields(object: Fields): void {
    const keys = Object.keys(object);
    this.objects.push(object);
    this.keys.push(keys);
    this.values.push(keys.map((key) => object[key]));
    for (const key of keys) this.visit(object[key]);
  }

  /** Views of one buffer are copied once. */
  private visitView(view: ArrayBufferView): void {
    const { buffer } = view;
    if (this.seen.has(buffer)) return;
    this.seen.add(buffer);
    const spans = this.spansOf.get(buffer);
    if (spans === undefined) {
      this.keep(new Uint8Array(buffer));
      return;
    }
    for (const { array, from, to } of spans) this.keep(array.subarray(from, to));
  }

  private keep(live: Words): void {
    if (live.buffer instanceof SharedArrayBuffer) bug('WORLD_COPY_SHARED', live.length);
    this.words.push({ live, copy: live.slice() });
  }
}
