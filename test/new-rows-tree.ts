/**
 * A copy of the sources to which a test adds rows of tables, as a contributor would.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { packageRoot } from '../bench/io/package-root.ts';
import type { Ended } from './bench/command.ts';
import { OneProgram } from './one-program.ts';

const ROOT = packageRoot();
const SETTINGS = ['package.json', 'tsconfig.json', 'tsconfig.build.json'] as const;

/** A table of the sources: a constant that is an object literal. */
export interface Table {
  readonly file: string;
  readonly name: string;
}

export class SourceTree {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'stopcopy-rows-'));

  /** @param parts folders of the package */
  constructor(parts: readonly string[]) {
    for (const part of [...parts, ...SETTINGS]) cpSync(join(ROOT, part), this.path(part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), this.path('node_modules'), 'junction');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  write(file: string, text: string): void {
    writeFileSync(this.path(file), text);
  }

  /** Adds rows at the beginning of a table: the source of each, by its key. */
  addRows({ file, name }: Table, rows: Readonly<Record<string, string>>): void {
    const text = this.read(file);
    const start = new RegExp(String.raw`^(?:export )?const ${name}\b[^=]*= \{\n`, 'm').exec(text);
    if (start === null) throw new Error(`${file} has no table ${name}`);
    const end = start.index + start[0].length;
    const lines = Object.entries(rows).map(([key, row]) => `  ${JSON.stringify(key)}: ${row},\n`);
    this.write(file, text.slice(0, end) + lines.join('') + text.slice(end));
  }

  /** Where a row that {@link addRows} added to a file stands, as the compiler writes places. */
  rowAt({ file }: Table, key: string): string {
    const lines = this.read(file).split('\n');
    const line = lines.findIndex((each) => each.startsWith(`  ${JSON.stringify(key)}: `)) + 1;
    if (line === 0) throw new Error(`${file} has no added row ${key}`);
    return `${file}(${line},`;
  }

  /** What the compiler finds wrong in files, and in those that they import: each error with its file and place. */
  compile(files: readonly string[]): readonly string[] {
    const project = { extends: './tsconfig.json', files, include: [], compilerOptions: { types: [] } };
    this.write('tsconfig.rows.json', JSON.stringify(project));
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const { status, stdout } = this.node([tsc, '--noEmit', '--pretty', 'false', '-p', this.path('tsconfig.rows.json')]);
    const errors = stdout
      .trim()
      .split(/\n(?=\S)/)
      .filter((line) => line !== '');
    if ((status === 0) !== (errors.length === 0)) throw new Error(`tsc ended with ${status}: ${stdout}`);
    return errors;
  }

  /** Builds the copy, which must have all folders of sources. */
  build(): Ended {
    return this.node([this.path('scripts/build.mjs')]);
  }

  /** A program of the copy that was built, in its folder. */
  start(): Promise<OneProgram> {
    return OneProgram.start({ cwd: this.folder, build: this.folder });
  }

  private node(args: readonly string[]): Ended {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: this.folder, encoding: 'utf8' });
    return { status, stdout, stderr };
  }
}
