#!/usr/bin/env node
/**
 * The program. Signals are watched before anything else is loaded, so that a command that is stopped while it loads ends as
 * any other.
 */
import { watchInterrupts } from './cli/interrupt.ts';

const interrupts = watchInterrupts();
// Remarks that nobody reads any more are no reason to end the work.
process.stderr.on('error', () => {});

const { runCommandLine } = await import('./cli/program.ts');
// Nothing that a command left open may keep the process: its results are out.
process.exit(await runCommandLine(process.argv.slice(2), { interrupts }));
