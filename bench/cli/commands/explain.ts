/**
 * `stopcopy explain`: why the pause of a measured move was as long as it was.
 */
import type { Command } from 'commander';

import { formatNames } from '../../import/readers.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';
import { OutputFile } from '../file-options.ts';
import { integer } from '../options.ts';

interface ExplainFlags {
  readonly as?: string;
  readonly move?: number;
  readonly set?: readonly string[];
  readonly html?: string;
}

const MOVES_MAX = 100_000;

export function registerExplain(command: Command, context: CommandContext): void {
  command
    .description(
      'Reads what a VMM or a manager says of a move and says in one page why its pause was as long as it was: parts that were ' +
        'measured next to those of the model, which part was the device, what would have shortened it, and what a second ' +
        'measurement should have.',
    )
    .argument('<file>', 'answers of query-migrate, a trace, a log, a job; recognised by what is in it')
    .option('--as <format>', `the format, where it is not to be recognised: ${formatNames(['move']).join(', ')}`)
    .option('--move <n>', 'which move of the file, from 1; default: the last', integer('--move', 1, MOVES_MAX))
    .option(
      '--set <field=value>',
      'a field of the scenario that the file does not say, such as vcpus=16 (several times)',
      (text, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .addOption(new OutputFile('--html <file>', 'also write a self-contained page, with iterations and pause drawn'))
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['stopcopy explain query-migrate.jsonl', 'answers of QMP, polled during the move'],
        ['stopcopy explain qemu.log --set memory.size=64GiB', 'a trace of QEMU, which does not say the memory'],
        ['stopcopy explain domjobinfo.txt --html pause.html', 'what virsh domjobinfo --completed printed'],
      ]),
    )
    .action(async (file: string, { as, move: which, set = [], html }: ExplainFlags) => {
      const { givenOf, readMove } = await import('../../studies/import/moves.ts');
      const { explained } = await import('../../studies/explain/explain.ts');
      const { printExplanation } = await import('../../documents/explain/text.ts');
      const { output, signal } = context;
      const imported = readMove(file, { as, which, given: set.map(givenOf) });
      const { document, run } = await explained(imported, output, signal);
      if (html !== undefined) {
        const { explainSection } = await import('../../documents/explain/section.ts');
        const { anyRunSection } = await import('../../documents/run/section.ts');
        const { writePage } = await import('../../show/write-page.ts');
        const sections = [
          { name: 'explanation.json', section: explainSection(document) },
          { name: 'run.json', section: anyRunSection(run) },
        ];
        writePage(html, sections, '--html');
      }
      output.document(document);
      printExplanation(document, output);
      if (html !== undefined) output.path(html);
    });
}
