/**
 * The two sides of a comparison, from the words of the command line: a result file, a built folder, or a git revision, which
 * is checked out into a clean worktree and built there.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { UserError } from '../../sim/base/user-error.ts';
import { packageRoot } from '../io/package-root.ts';
import { commitOf, gitWord, runProgram } from '../io/run-program.ts';
import { Build } from './build.ts';
import type { SideReport } from '../documents/comparison/document.ts';

export type ComparedSide =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'revision'; readonly commit: string };

/** Steps of a build that take long enough to be reported. */
type Tell = (text: string) => void;

const BUILD_LIMIT_MS = 600_000;

/** A path that exists wins over a revision of the same name. */
export async function sideOf(word: string, signal: AbortSignal): Promise<ComparedSide> {
  if (existsSync(word)) return { kind: statSync(word).isDirectory() ? 'folder' : 'file', path: word };
  const commit = await commitOf(word, process.cwd(), signal);
  if (commit !== null) return { kind: 'revision', commit };
  throw new UserError(
    'usage',
    `${word}: is no file, no folder and no revision of the git repository here`,
    'Give a result of stopcopy bench, a built checkout, or a revision such as HEAD~1 or main.',
  );
}

export interface OpenSide {
  readonly build: Build;
  readonly report: SideReport;
}

/** Worktrees of a comparison; `close` takes them away again. */
export class Workshop {
  private readonly folder: string = mkdtempSync(join(tmpdir(), 'stopcopy-compare-'));
  private readonly signal: AbortSignal;
  private readonly tell: Tell;
  private readonly worktrees: string[] = [];

  constructor(signal: AbortSignal, tell: Tell) {
    this.signal = signal;
    this.tell = tell;
  }

  /** @param place names of the same length, as the length of a path can change the speed of a program */
  async open(word: string, side: Exclude<ComparedSide, { kind: 'file' }>, place: 'a' | 'b'): Promise<OpenSide> {
    if (side.kind === 'folder') {
      const root = resolve(side.path);
      const top = await gitWord(['rev-parse', '--show-toplevel'], root, this.signal);
      const revision = top === root ? await commitOf('HEAD', root, this.signal) : null;
      return { build: new Build(root, word), report: { word, kind: 'built folder', revision } };
    }
    const root = join(this.folder, place);
    await this.buildRevision(side.commit, root, word);
    return { build: new Build(root, word), report: { word, kind: 'revision', revision: side.commit } };
  }

  private async buildRevision(commit: string, root: string, word: string): Promise<void> {
    this.tell(`${word}: building ${commit.slice(0, 12)} in a clean worktree`);
    this.worktrees.push(root);
    await this.step(word, 'git', ['worktree', 'add', '--quiet', '--detach', root, commit], process.cwd());
    const here = packageRoot();
    if (
      sameFile(join(here, 'package-lock.json'), join(root, 'package-lock.json')) &&
      existsSync(join(here, 'node_modules'))
    ) {
      symlinkSync(join(here, 'node_modules'), join(root, 'node_modules'), 'dir');
    } else {
      this.tell(`${word}: its lock file is another one, installing`);
      await this.install(word, root);
    }
    await this.step(word, process.execPath, [join('scripts', 'build.mjs')], root);
  }

  /** From the cache where everything is in it, otherwise with the network. */
  private async install(word: string, root: string): Promise<void> {
    const words = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
    const { code } = await runProgram('npm', [...words, '--offline'], {
      cwd: root,
      signal: this.signal,
      limitMs: BUILD_LIMIT_MS,
    });
    if (code !== 0) await this.step(word, 'npm', words, root);
  }

  private async step(word: string, program: string, words: readonly string[], cwd: string): Promise<void> {
    const { code, stderr, stdout } = await runProgram(program, words, {
      cwd,
      signal: this.signal,
      limitMs: BUILD_LIMIT_MS,
    });
    if (code === 0) return;
    const lines = `${stdout}\n${stderr}`.trim().split('\n').slice(-3).join(' ');
    throw new UserError(
      'usage',
      `${word}: cannot be built: ${program} ${words[0]} ended with ${code}`,
      lines.slice(0, 300),
    );
  }

  async close(): Promise<void> {
    // The signal may have fired; tidying up has to happen all the same.
    const { signal } = new AbortController();
    for (const root of this.worktrees) {
      await gitWord(['worktree', 'remove', '--force', root], process.cwd(), signal);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function sameFile(a: string, b: string): boolean {
  return existsSync(a) && existsSync(b) && readFileSync(a).equals(readFileSync(b));
}
