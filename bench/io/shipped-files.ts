/**
 * Data files that come with the package, by name: topologies, scenarios, device profiles, published tables. They stand
 * next to the sources that read them, in a checkout as well as in an installed package.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { isKeyOf } from '../../sim/base/keys.ts';
import { similarName } from '../../sim/base/similar.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { packageRoot } from './package-root.ts';

const ENDING = '.yaml';

/** A file that a word of the command line means. */
export interface FilePlace {
  readonly path: string;
  /** Name used in messages and reports: the path as it was given, or the name of what comes with the package. */
  readonly name: string;
}

export class ShippedFiles {
  private readonly within: string;
  private readonly folder: string;
  private readonly what: string;
  private readonly renamed: Readonly<Record<string, string>>;

  /**
   * @param folder from the root of the package
   * @param what one of the files, used in messages: `topology`
   * @param renamed names of earlier versions, with those of today
   */
  constructor(folder: string, what: string, renamed: Readonly<Record<string, string>> = {}) {
    this.within = folder;
    this.folder = join(packageRoot(), folder);
    this.what = what;
    this.renamed = renamed;
  }

  /** Names of the files, in the order of the alphabet. */
  names(): readonly string[] {
    return readdirSync(this.folder)
      .filter((name) => name.endsWith(ENDING))
      .map((name) => name.slice(0, -ENDING.length))
      .toSorted();
  }

  /** The path of a file by its name. */
  path(name: string): string {
    return join(this.folder, `${name}${ENDING}`);
  }

  /** The file that a word means, for documents that others read: a shipped one from the root of the package. */
  source(word: string): string {
    const { path, name } = this.place(word);
    return path === word ? word : `${this.within}/${name}${ENDING}`;
  }

  /**
   * What a word means: a file of the user's, or a shipped one by its name or the beginning of it up to a hyphen.
   *
   * @throws UserError of kind `input` when it is neither
   */
  place(word: string): FilePlace {
    const given = { path: word, name: word };
    if (/[/\\.]/.test(word) || isFile(word)) return given;
    const names = this.names();
    const wanted = word.toLowerCase();
    const begins = names.filter((each) => each.startsWith(`${wanted}-`));
    const name = names.find((each) => each === wanted) ?? (begins.length === 1 ? begins[0] : undefined);
    if (name !== undefined) return { path: this.path(name), name };
    if (begins.length > 1) {
      throw new UserError('input', `${word}: several ${this.what} names begin so`, `Give one of ${begins.join(', ')}.`);
    }
    // A folder: the reader says so.
    if (existsSync(word)) return given;
    if (isKeyOf(this.renamed, wanted)) {
      throw new UserError('input', `${word}: this ${this.what} is now called ${this.renamed[wanted]}`);
    }
    const meant = similarName(wanted, names);
    throw new UserError(
      'input',
      `${word}: there is no such file, and no ${this.what} of that name comes with stopcopy`,
      `${meant === undefined ? '' : `Is '${meant}' meant? `}Give a YAML or JSON file, or one of ${names.join(', ')}.`,
    );
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
