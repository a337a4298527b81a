/**
 * `stopcopy calibrate`: the costs of a device from traces of its driver.
 */
import type { Command } from 'commander';

import { UserError } from '../../../sim/base/user-error.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';
import { OutputFile } from '../file-options.ts';

interface CalibrateFlags {
  readonly out?: string;
  readonly name?: string;
}

export function registerCalibrate(command: Command, context: CommandContext): void {
  command
    .description(
      'Takes traces of the driver on hardware (docs/import.md) and writes a cost table: what a register read, a write-back, a table ' +
        'access, a mailbox command and the sleep of a poll take, each with its range; steps and arcs as they were seen. What a ' +
        'trace does not identify is a range. stopcopy bench, run, plan and ui take the table with --costs.',
    )
    .argument(
      '<file...>',
      'traces as Linux makes them, with what says where their addresses lead, or as stopcopy import wrote them',
    )
    .option('--name <id>', 'of the table; default: the name of the first file')
    .addOption(new OutputFile('-o, --out <file>', 'write the table, such as costs.yaml'))
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['stopcopy calibrate trace.txt vmallocinfo.txt -o costs.yaml', 'a cost table of one host'],
        ['stopcopy calibrate driver.json function-graph.txt', 'of an imported trace and times of functions'],
        ['stopcopy run mine.yaml --costs costs.yaml', 'a move on this hardware'],
      ]),
    )
    .action(async (files: readonly string[], { out, name }: CalibrateFlags) => {
      const { calibrateFiles } = await import('../../studies/driver/calibrate-files.ts');
      const { costsText, printCosts } = await import('../../documents/costs/text.ts');
      if (name !== undefined && !/^[a-zA-Z0-9][\w.-]*$/.test(name)) {
        throw new UserError('usage', `--name is '${name}', allowed are letters, digits, hyphens, dots and underscores`);
      }
      const { table, findings } = calibrateFiles(files, name);
      const { output } = context;
      for (const sentence of findings) output.note(sentence);
      if (out !== undefined) {
        const { writeFileAtomically } = await import('../../io/file-output.ts');
        writeFileAtomically(out, costsText(table, out), '--out');
      }
      output.document(table);
      printCosts(table, output);
      if (out !== undefined) output.path(out);
    });
}
