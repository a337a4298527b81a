/**
 * `stopcopy report`: one self-contained HTML page from result documents.
 */
import type { Command } from 'commander';

import { OutputFile } from '../file-options.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';
import { EXIT } from '../../io/exit-status.ts';
import type { NamedSection } from '../../show/page.ts';
import type { AnyRun } from '../../documents/run/unplayed.ts';
import { DOCUMENT_COMMANDS, type DocumentFormat } from '../../documents/formats.ts';

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
        [
          'stopcopy report before.json after.json --out both.html',
          'two results on one page; of bench and of run also compared',
        ],
        ['stopcopy run zip-64 --json > run.json; stopcopy report run.json', 'any document of --json'],
      ]),
    )
    .action(async (paths: readonly string[], options: ReportOptions) => {
      const { readSection } = await import('../../documents/kinds.ts');
      const { headed } = await import('../../io/document-head.ts');
      const { writePage } = await import('../../show/write-page.ts');
      const sections = [...(await comparisonOf(paths)), ...paths.map(readSection)];
      const out = options.out ?? `${paths[0]!.replace(/\.json$/, '')}.html`;
      writePage(out, sections, '--out');
      context.output.text(out);
      context.output.document(headed('stopcopy-page', { html: out }));
      context.exit(EXIT.fine);
    });
}

/** Two results of one command as `stopcopy compare` and `stopcopy run A B` compare them; of others, nothing. */
async function comparisonOf(paths: readonly string[]): Promise<readonly NamedSection[]> {
  const [base, candidate] = paths;
  if (base === undefined || candidate === undefined || paths.length > 2) return [];
  const { readSection } = await import('../../documents/kinds.ts');
  const [a, b] = [readSection(base).section.document, readSection(candidate).section.document];
  if (formatOf(a) !== formatOf(b)) return [];
  if (formatOf(a) === SWEEP) {
    const { compareFiles } = await import('../../compare/comparison.ts');
    const { madeComparison } = await import('../../documents/comparison/section.ts');
    return [{ name: 'comparison.json', section: madeComparison(compareFiles(base, candidate)) }];
  }
  if (formatOf(a) !== RUN) return [];
  const { pairOfDocuments } = await import('../../documents/run/pair.ts');
  const { runPairSection } = await import('../../documents/run/pair-section.ts');
  const pair = pairOfDocuments(a as AnyRun, b as AnyRun);
  return pair === null ? [] : [{ name: 'pair.json', section: runPairSection(pair, [base, candidate]) }];
}

function formatOf(document: unknown): unknown {
  return typeof document === 'object' && document !== null && 'format' in document ? document.format : undefined;
}

const SWEEP: DocumentFormat = 'stopcopy-bench';
const RUN: DocumentFormat = 'stopcopy-run';
