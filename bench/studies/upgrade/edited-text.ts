/**
 * Values of a YAML or JSON text, replaced where they are: comments, order, quotes and indentation of the rest stay as they were.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, parseDocument, Scalar } from 'yaml';

import { bug } from '../../../sim/base/bug.ts';

type Path = readonly (string | number)[];

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

export class EditedText {
  readonly #text: string;
  readonly #document: Document;
  readonly #edits = new Map<number, Edit>();
  readonly #json: boolean;

  /** @param text that a parser has taken */
  constructor(text: string) {
    this.#text = text;
    this.#document = parseDocument(text, { logLevel: 'silent' });
    this.#json = isJson(text);
  }

  /**
   * Replaces the number or text at a place; what an alias leads to is replaced where its anchor is.
   *
   * @returns false where the same words of the text were replaced by others for another place
   */
  replace(path: Path, value: string | number): boolean {
    const scalar = this.#node(path);
    if (!isScalar(scalar)) return bug('NO_SCALAR', path.join('.'));
    const [from, to] = rangeOf(scalar);
    const text = this.#written(value);
    if ((this.#edits.get(from)?.text ?? text) !== text) return false;
    this.#edits.set(from, { from, to, text });
    return true;
  }

  /** Adds a field of the top after another of a JSON text. */
  add(after: string, name: string, value: string | number): void {
    const pair = this.#pair(after);
    const [keyFrom, keyTo] = rangeOf(pair.key);
    const [from, to] = rangeOf(pair.value);
    const space = /\s*$/.exec(this.#text.slice(0, keyFrom))![0];
    const colon = this.#text.slice(keyTo, from);
    this.#edits.set(to, { from: to, to, text: `,${space}${JSON.stringify(name)}${colon}${this.#written(value)}` });
  }

  /**
   * Removes fields of maps, each with what separates it from the next.
   *
   * @returns false where an alias leads to one of them, or where a map would be left without any
   */
  remove(paths: readonly Path[]): boolean {
    const removed = new Set(paths.map((path) => JSON.stringify(path)));
    const parents = new Map(paths.map((path) => [JSON.stringify(path.slice(0, -1)), path.slice(0, -1)]));
    for (const parent of parents.values()) {
      const map = this.#node(parent);
      if (!isMap(map) || this.#isAliased(parent)) return false;
      const goes = map.items.map((pair) => removed.has(JSON.stringify([...parent, nameOf(pair)])));
      if (goes.every(Boolean)) return false;
      const stays = goes.lastIndexOf(false);
      for (const [index, pair] of map.items.entries()) {
        if (goes[index] === false) continue;
        const [from, to] =
          index < stays
            ? [startOf(pair), startOf(map.items[index + 1]!)]
            : [this.#after(map.items[index - 1]!, map.flow === true), endOf(pair)];
        this.#edits.set(from, { from, to, text: '' });
      }
    }
    return true;
  }

  /** Where what follows a pair begins: in a block, the comment at the end of the line is the pair's own. */
  #after(pair: Pair, isFlow: boolean): number {
    const end = endOf(pair);
    if (isFlow) return end;
    return this.#text[end - 1] === '\n' ? end - 1 : this.#text.indexOf('\n', end);
  }

  #isAliased(path: Path): boolean {
    let node: unknown = this.#document.contents;
    for (const key of path) {
      if (isMap(node)) node = node.items.find((each) => nameOf(each) === String(key))?.value;
      else node = isSeq(node) ? node.items[Number(key)] : undefined;
      if (isAlias(node)) return true;
    }
    return false;
  }

  /** The text with all edits. */
  toString(): string {
    let done = 0;
    let text = '';
    for (const edit of [...this.#edits.values()].toSorted((a, b) => a.from - b.from)) {
      if (edit.from < done) continue;
      text += this.#text.slice(done, edit.from) + edit.text;
      done = edit.to;
    }
    return text + this.#text.slice(done);
  }

  #written(value: string | number): string {
    return this.#json ? JSON.stringify(value) : String(value);
  }

  #pair(name: string): Pair {
    const { contents } = this.#document;
    const pair = isMap(contents) ? contents.items.find(({ key }) => isScalar(key) && key.value === name) : undefined;
    return pair ?? bug('NO_SUCH_FIELD', name);
  }

  #node(path: Path): Node | null {
    let node: unknown = this.#document.contents;
    for (const key of path) {
      const place = this.#followed(node);
      if (isMap(place)) node = place.items.find((each) => nameOf(each) === String(key))?.value;
      else node = isSeq(place) ? place.items[Number(key)] : undefined;
    }
    return this.#followed(node);
  }

  #followed(node: unknown): Node | null {
    if (isAlias(node)) return node.resolve(this.#document) ?? null;
    return isScalar(node) || isMap(node) || isSeq(node) ? node : null;
  }
}

function nameOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : '';
}

function startOf({ key }: Pair): number {
  return rangeOf(key)[0];
}

/** Where the value of a pair ends. */
function endOf({ value }: Pair): number {
  const range = (value as Node | null)?.range;
  return range === undefined || range === null ? bug('NO_RANGE') : range[1];
}

function rangeOf(node: unknown): readonly [from: number, to: number] {
  const range = node instanceof Scalar ? node.range : undefined;
  return range === undefined || range === null ? bug('NO_RANGE') : [range[0], range[1]];
}

/** Whether a text is JSON, in which texts need quotes. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
    return true;
  } catch {
    return false;
  }
}
