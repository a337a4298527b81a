/**
 * Pages whose examples are commands: what stands below a command is what it prints.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'vitest';

import { packageRoot } from '../bench/io/package-root.ts';
import type { Ended } from './bench/command.ts';

/** What a reader does, in the order of the page. */
export type PageStep =
  | { readonly does: 'run'; readonly command: string; readonly shown: string }
  | { readonly does: 'write'; readonly file: string; readonly text: string }
  | { readonly does: 'patch'; readonly diff: string };

const STEP =
  /^ {4}npx stopcopy (?<command>.+)\n\n```\n(?<shown>[\s\S]*?)^```|^```yaml\n(?<text># (?<file>\S+\.yaml)\n[\s\S]*?)^```|^```diff\n(?<diff>[\s\S]*?)^```/gm;

/** Commands with their output, files that begin with a comment of their name, and changes. */
export function stepsOf(page: string): PageStep[] {
  return Array.from(page.matchAll(STEP), ({ groups = {} }): PageStep => {
    const { command, shown = '', file, text = '', diff = '' } = groups;
    if (command !== undefined) return { does: 'run', command, shown };
    return file === undefined ? { does: 'patch', diff } : { does: 'write', file, text };
  });
}

function splitAtCuts(lines: readonly string[]): string[][] {
  const pieces: string[][] = [[]];
  for (const line of lines) {
    if (line === '…') pieces.push([]);
    else pieces.at(-1)!.push(line);
  }
  return pieces;
}

/** Where the lines of a piece stand: the first place at which most of them do. */
function likeliest(lines: readonly string[], piece: readonly string[], from: number): number {
  let [best, most] = [from, 0];
  for (let at = from; at + piece.length <= lines.length; at++) {
    const alike = piece.filter((line, offset) => lines[at + offset] === line).length;
    if (alike > most) [best, most] = [at, alike];
  }
  return best;
}

/** What a page has to show instead, with its pieces at the places where most of their lines still are. */
function shownNow(printed: string, shown: string): string {
  const lines = printed.trimEnd().split('\n');
  const pieces = splitAtCuts(shown.trimEnd().split('\n'));
  let from = 0;
  const made = pieces.map((piece, index) => {
    const isLast = index === pieces.length - 1;
    const at = index === 0 ? 0 : isLast ? Math.max(from, lines.length - piece.length) : likeliest(lines, piece, from);
    from = isLast && piece.length > 0 ? lines.length : at + piece.length;
    return lines.slice(at, from);
  });
  return `${made.flatMap((piece, index) => (index === 0 ? piece : ['…', ...piece])).join('\n')}\n`;
}

/** Puts what is printed now into the page that shows something else: `npm run quote`. */
function refresh(printed: string, shown: string): void {
  const old = `\n\`\`\`\n${shown.trimEnd()}\n\`\`\`\n`;
  const pages = ['README.md', ...readdirSync(join(packageRoot(), 'docs')).map((name) => `docs/${name}`)];
  for (const page of pages.filter((name) => name.endsWith('.md'))) {
    const path = join(packageRoot(), page);
    const text = readFileSync(path, 'utf8');
    const made = `\n\`\`\`\n${shownNow(printed, shown)}\`\`\`\n`;
    if (text.includes(old))
      writeFileSync(
        path,
        text.replaceAll(old, () => made),
      );
  }
}

/** Holds that this was printed; a line with an ellipsis stands for lines that are left out. */
export function expectShown(printed: string, shown: string): void {
  try {
    expectPrinted(printed, shown);
  } catch (error) {
    if (process.env['STOPCOPY_QUOTE'] !== '1') throw error;
    refresh(printed, shown);
  }
}

function expectPrinted(printed: string, shown: string): void {
  const lines = printed.trimEnd().split('\n');
  const pieces = splitAtCuts(shown.trimEnd().split('\n'));
  let from = 0;
  for (const [index, piece] of pieces.entries()) {
    const standsAt = (at: number): boolean => piece.every((line, offset) => lines[at + offset] === line);
    let at = from;
    if (index > 0) while (at < lines.length && !standsAt(at)) at++;
    // What is missing is reported with what stands where it should begin.
    const begin = standsAt(at) ? at : Math.max(from, lines.indexOf(piece[0] ?? '', from));
    expect(lines.slice(begin, begin + piece.length)).toEqual(piece);
    from = begin + piece.length;
  }
  if (pieces.at(-1)!.length > 0) expect(lines.slice(from)).toEqual([]);
}

/**
 * Does a step in a folder.
 *
 * @param run runs a command line, in that folder
 * @returns the exit status of a command
 */
export async function doStep(
  step: PageStep,
  folder: string,
  run: (words: readonly string[]) => Ended | Promise<Ended>,
): Promise<number | null> {
  if (step.does === 'write') {
    writeFileSync(join(folder, step.file), step.text);
    return null;
  }
  if (step.does === 'patch') {
    const { status, stderr } = spawnSync('git', ['apply', '-'], { cwd: folder, input: step.diff, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return null;
  }
  const { status, stdout } = await run(step.command.split(' '));
  expectShown(stdout, step.shown);
  return status;
}
