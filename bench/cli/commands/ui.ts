/**
 * `stopcopy ui`: a page with knobs that answers while they are turned; on this machine only.
 */
import type { Command } from 'commander';

import { InputFile, OutputFile } from '../file-options.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';
import { Interrupted } from '../exit.ts';
import { EXIT } from '../../io/exit-status.ts';
import { COSTS_OPTION, integer } from '../options.ts';

interface UiFlags {
  readonly port: number;
  readonly html?: string;
  readonly costs?: string;
}

const PORT_MAX = 65_535;

export function registerUi(command: Command, context: CommandContext): void {
  command
    .description(
      'Serves one page on 127.0.0.1: pick a scenario, move sliders, and see the pause in its parts, the iterations of memory ' +
        'and the verdict change. The model computes in the browser; nothing is fetched from anywhere.',
    )
    .argument('[scenario]', 'to begin with: a file, or the name of one that comes with stopcopy', undefined)
    .option('--port <n>', `1 to ${PORT_MAX}; 0: one that is free`, integer('--port', 0, PORT_MAX), 0)
    .addOption(new InputFile(...COSTS_OPTION))
    .addOption(new OutputFile('--html <file>', 'write the page to a file and end; it works from there too'))
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `\nEnds with Ctrl-C. The settings stand in the address of the page: a link carries them.\n${examples([
        ['stopcopy ui', 'prints the address to open'],
        ['stopcopy ui vm-64gib --port 8080', 'begins with another scenario, at a known port'],
        ['stopcopy ui mine.yaml --html pause.html', 'one file to hand on'],
        ['stopcopy ui --costs costs.yaml', 'with the costs of a device that stopcopy calibrate found'],
      ])}`,
    )
    .action(async (word: string | undefined, flags: UiFlags) => {
      const { output, signal } = context;
      const { useCostTable } = await import('../../io/cost-table.ts');
      useCostTable(flags.costs);
      const { headed } = await import('../../io/document-head.ts');
      const { uiData } = await import('../../ui/data.ts');
      const { uiPage } = await import('../../ui/page.ts');
      const { uiProgram } = await import('../../ui/program.ts');
      const data = uiData(word);
      const page = uiPage(data, await uiProgram());
      if (flags.html !== undefined) {
        const { writeFileAtomically } = await import('../../io/file-output.ts');
        writeFileAtomically(flags.html, page, '--html');
        output.text(flags.html);
        output.document(headed('stopcopy-page', { html: flags.html }));
        context.exit(EXIT.fine);
        return;
      }
      const { stopsItself } = await import('../../io/stop-words.ts');
      stopsItself();
      const { openUiServer } = await import('../../ui/server.ts');
      const server = await openUiServer(page, flags.port);
      output.text(server.url);
      output.document(headed('stopcopy-server', { url: server.url }));
      if (data.costs !== null) output.note(`Costs of the device: ${data.costs.name}.`);
      output.note('Open it in a browser of this machine; Ctrl-C ends.');
      await new Promise<void>((ended) => {
        if (signal.aborted) ended();
        else signal.addEventListener('abort', () => ended(), { once: true });
      });
      await server.close();
      // Ctrl-C is how its user ends it; the status reports other signals, as of every command.
      if (signal.reason instanceof Interrupted && signal.reason.signal !== 'SIGINT') throw signal.reason;
      context.exit(EXIT.fine);
    });
}
