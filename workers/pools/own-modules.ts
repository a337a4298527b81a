/**
 * Modules of users with policies of their own, loaded once on each thread.
 */
import { pathToFileURL } from 'node:url';

import { UserError } from '../../sim/base/user-error.ts';
import { checkOwnPolicy, type OwnPolicy } from '../../sim/converge/own-policy.ts';

export interface OwnModule {
  /** From the root of the file system. */
  readonly path: string;
  /** As the user wrote it, used in messages. */
  readonly name: string;
  /** Hash of its text: part of every key. */
  readonly hash: string;
}

const loaded = new Map<string, OwnPolicy>();

/**
 * Loads a module, so that {@link ownPolicy} finds it.
 *
 * @throws UserError of kind `input` for one that cannot be loaded, or exports no policy
 */
export async function loadOwnPolicy({ path, name, hash }: OwnModule): Promise<void> {
  if (loaded.has(keyOf(path, hash))) return;
  if (/\.[cm]?ts$/.test(path) && !runsTypeScript()) {
    throw new UserError(
      'input',
      `${name}: is TypeScript, which Node ${process.versions.node} does not run`,
      'Take Node 22.18 or newer, or give a module of JavaScript (.mjs).',
    );
  }
  let module: unknown;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n', 1)[0]! : String(error);
    throw new UserError(
      'input',
      `${name}: cannot be loaded: ${why}`,
      'It has to be a module (.mjs) with a default export.',
    );
  }
  const exported = (module as Readonly<Record<string, unknown>>)['default'];
  loaded.set(keyOf(path, hash), checkOwnPolicy(name, exported));
}

/** A module that {@link loadOwnPolicy} has loaded on this thread. */
export function ownPolicy({ path, hash }: OwnModule): OwnPolicy | undefined {
  return loaded.get(keyOf(path, hash));
}

function keyOf(path: string, hash: string): string {
  return `${hash} ${path}`;
}

function runsTypeScript(): boolean {
  return 'typescript' in process.features && process.features.typescript !== false;
}
