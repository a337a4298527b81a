#!/usr/bin/env node
/**
 * The program. Signals are watched before anything else is loaded, so that a command that is stopped while it loads ends as
 * any other.
 */
import { supervise } from './cli/supervisor.ts';

// Remarks that nobody reads any more are no reason to end the work.
process.stderr.on('error', () => {});

// Nothing that a command left open may keep the process: its results are out.
process.exit(await supervise(process.argv.slice(2)));
