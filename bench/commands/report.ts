/**
 * `stopcopy report`: one self-contained HTML page from result documents.
 */
import type { Command } from 'commander';

import { type CommandContext, examples, JSON_OPTION } from '../cli/context.ts';
import { EXIT } from '../cli/exit.ts';

interface ReportOptions {
  readonly out?: string;
}

export function registerReport(program: Command, context: CommandContext): void {
  program
    .command('report')
    .summary('self-contained HTML page from results of bench')
    .description('Draws results of stopcopy bench into one HTML page that needs no network.')
    .argument('<result...>', 'JSON files that stopcopy bench wrote')
    .option('--out <file>', 'the page; default: the first result with the ending .html')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['stopcopy report results/bench.json', 'writes results/bench.html'],
        ['stopcopy report before.json after.json --out both.html', 'two results on one page'],
      ]),
    )
    .action(async (paths: readonly string[], options: ReportOptions) => {
      const { readBenchResult } = await import('../result.ts');
      const { reportPage } = await import('../report/page.ts');
      const { writeFileAtomically } = await import('../cli/file-output.ts');
      const results = paths.map((path) => ({ name: path, result: readBenchResult(path) }));
      const out = options.out ?? `${paths[0]!.replace(/\.json$/, '')}.html`;
      writeFileAtomically(out, reportPage(results), '--out');
      context.output.text(out);
      context.output.document({ html: out });
      context.exit(EXIT.fine);
    });
}
