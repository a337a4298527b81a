#!/usr/bin/env node
import { runCommandLine } from './cli/program.ts';

// A reader that has seen enough, like `head`, is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2));
// Nothing that a command left behind may keep the process: its results are out.
process.stdout.write('', () => process.exit());
