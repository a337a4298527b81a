/**
 * `stopcopy fit`: the parameters of a user's platform from a few measured moves.
 */
import type { Command } from 'commander';

import { UserError } from '../../../sim/base/user-error.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';
import { OutputFile } from '../file-options.ts';

interface FitFlags {
  readonly out?: string;
  readonly name?: string;
  readonly html?: string;
}

export function registerFit(command: Command, context: CommandContext): void {
  command
    .description(
      'Takes tables of moves that you measured (docs/published-tables.md) and fits the parameters of the model to them, ' +
        'each within its range: what they are on your machines, the errors before and after, and what to measure next. ' +
        'stopcopy run and plan take the platform that it writes with --platform.',
    )
    .argument('<file...>', 'tables of measured moves, YAML or JSON')
    .option('--name <id>', 'of the platform; default: the id of the first table', platformId)
    .addOption(new OutputFile('-o, --out <file>', 'write the platform, such as platforms/lab-a.yaml'))
    .addOption(new OutputFile('--html <file>', 'also write a self-contained page'))
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['stopcopy fit lab-a.yaml', 'parameters before and after, errors before and after, what to measure next'],
        ['stopcopy fit idle.yaml loaded.yaml --name lab-a --out platforms/lab-a.yaml', 'a platform from two tables'],
        ['stopcopy run mine.yaml --platform lab-a', 'a move on these machines'],
      ]),
    )
    .action(async (files: readonly string[], { out, name, html }: FitFlags) => {
      const { readMeasured } = await import('../../studies/fit/measured-rows.ts');
      const { ownPlatformOf } = await import('../../studies/fit/own-platform.ts');
      const { platformText, printPlatform } = await import('../../documents/platform/text.ts');
      const { output } = context;
      const tables = readMeasured(files);
      const platform = ownPlatformOf(tables, name ?? tables[0]!.id);
      if (out !== undefined) {
        const { writeFileAtomically } = await import('../../io/file-output.ts');
        writeFileAtomically(out, platformText(platform, out), '--out');
      }
      if (html !== undefined) {
        const { platformSection } = await import('../../documents/platform/section.ts');
        const { writePage } = await import('../../show/write-page.ts');
        writePage(html, [{ name: 'platform.json', section: platformSection(platform) }], '--html');
      }
      output.document(platform);
      printPlatform(platform, output);
      for (const path of [out, html]) if (path !== undefined) output.path(path);
    });
}

function platformId(text: string): string {
  if (/^[a-z0-9][a-z0-9-]*$/.test(text)) return text;
  throw new UserError('usage', `--name is '${text}', allowed are small letters, digits and hyphens`);
}
