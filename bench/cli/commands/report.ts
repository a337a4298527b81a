/**
 * `stopcopy report`: one self-contained HTML page from result documents.
 */
import type { Command } from 'commander';

import { OutputFile } from '../file-options.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';
import { EXIT } from '../../io/exit-status.ts';
import { DOCUMENT_COMMANDS } from '../../documents/formats.ts';

interface ReportOptions {
  readonly out?: string;
}

export function registerReport(command: Command, context: CommandContext): void {
  command
    .description(`Draws results of ${DOCUMENT_COMMANDS.join(', ')} into one HTML page that needs no network.`)
    .argument('<result...>', 'JSON documents that these commands wrote, in any mixture')
    .addOption(new OutputFile('--out <file>', 'the page; default: the first result with the ending .html'))
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['stopcopy report results/bench.json', 'writes results/bench.html'],
        ['stopcopy report before.json after.json --out both.html', 'two results on one page'],
        ['stopcopy run zip-64 --json > run.json; stopcopy report run.json', 'any document of --json'],
      ]),
    )
    .action(async (paths: readonly string[], options: ReportOptions) => {
      const { readSection } = await import('../../documents/kinds.ts');
      const { headed } = await import('../../io/document-head.ts');
      const { writePage } = await import('../../show/write-page.ts');
      const sections = paths.map(readSection);
      const out = options.out ?? `${paths[0]!.replace(/\.json$/, '')}.html`;
      writePage(out, sections, '--out');
      context.output.text(out);
      context.output.document(headed('stopcopy-page', { html: out }));
      context.exit(EXIT.fine);
    });
}
