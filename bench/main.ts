#!/usr/bin/env node
/**
 * The program. Signals are watched before anything else is loaded, so that a command that is stopped while it loads ends as
 * any other.
 */
import { supervise } from './cli/supervisor.ts';

// Remarks that nobody reads any more are no reason to end the work.
process.stderr.on('error', () => {});

const args = process.argv.slice(2);

/** Measures one stage for a parent that speaks to it and ends it: nothing else may take its time, or stand between the two. */
async function stageOnMainThread(): Promise<number> {
  const { runCommandLine } = await import('./cli/program.ts');
  return runCommandLine(args);
}

// Nothing that a command left open may keep the process: its results are out.
process.exit(await (args[0] === 'stage-process' ? stageOnMainThread() : supervise(args)));
