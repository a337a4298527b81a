#!/usr/bin/env node
/**
 * The program. Signals are watched before anything else is loaded, so that a command that is stopped while it loads ends as
 * any other.
 */
import { supervise } from './cli/supervisor.ts';

// Remarks that nobody reads any more are no reason to end the work.
process.stderr.on('error', () => {});

const args = process.argv.slice(2);

/**
 * Whether the command line needs no thread of its own: help computes nothing; and one stage is measured for a parent that speaks
 * to it and ends it, where nothing else may take its time, or stand between the two.
 */
function isForMainThread([first = '--help', second, ...more]: readonly string[]): boolean {
  const asksHelp = /^(?:-h|--help|-V|--version)$/;
  return first === 'stage-process' || asksHelp.test(first) || (more.length === 0 && asksHelp.test(second ?? ''));
}

async function onMainThread(): Promise<number> {
  const { runCommandLine } = await import('./cli/program.ts');
  return runCommandLine(args);
}

// Nothing that a command left open may keep the process: its results are out.
process.exit(await (isForMainThread(args) ? onMainThread() : supervise(args)));
