/**
 * `stopcopy isolation`: who reaches the migration control areas of a PCIe topology, and whether the driver should load.
 */
import type { Command } from 'commander';

import { UserError } from '../../../sim/base/user-error.ts';
import { OutputFile } from '../file-options.ts';
import { type CiFlags, ciOptions, type SarifFlags, sarifOption, tellCi, writeSarif } from '../ci-options.ts';
import { type CommandContext, examples, helpRows, JSON_OPTION, WIDE_OPTION } from '../context.ts';
import { EXIT } from '../../io/exit-status.ts';
import { oneName } from '../options.ts';
import { type Kernel, KERNELS } from '../../../sim/pci/acs-quirks.ts';
import { type Backend, BACKENDS } from '../../../sim/pci/doors.ts';
import { GROUP_RULES, type GroupRule } from '../../../sim/pci/groups.ts';
import { POLICIES, type Policy } from '../../../sim/pci/policy.ts';
import { type IsolationDocument, POLICY_MEANINGS } from '../../documents/isolation/document.ts';

interface IsolationFlags extends CiFlags, SarifFlags {
  readonly policy?: Policy;
  readonly vf?: string;
  readonly host?: boolean;
  readonly kernel?: Kernel;
  readonly groups?: GroupRule;
  readonly backend?: Backend;
  readonly html?: string;
}

export function registerIsolation(command: Command, context: CommandContext): void {
  addGroupOptions(command);
  const policies = helpRows(POLICIES.map((name) => [name, POLICY_MEANINGS[name]]));
  sarifOption(ciOptions(command))
    .description(
      'Asks a PCIe topology who can reach the registers that a migration works with: by CPU and by DMA, from the ' +
        'own VM and from others, hop by hop. Prints the IOMMU groups that Linux would build, what each policy decides, ' +
        'and what to change.',
    )
    .argument(
      '[topology...]',
      'YAML or JSON files, output of lspci -vvv, or names of topologies that come with stopcopy, such as t12',
    )
    .option(
      '--policy <name>',
      `${POLICIES.join(', ')}: only this one; exits with 1 when it refuses the driver to a VF that was asked for`,
      oneName('--policy', POLICIES),
    )
    .option('--host', 'the machine that this runs on, from its /sys; as root, since others are not shown capabilities')
    .option('--vf <address>', 'only this VF, such as 0000:75:00.1; default: all')
    .addOption(new OutputFile('--html <file>', 'also write a self-contained page with drawings'))
    .option(...WIDE_OPTION)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `\nPolicies:\n${policies}\n\nWithout --policy all three are printed, and the exit status is 0 whatever they say.\n${examples(
        [
          ['stopcopy isolation t12', 'one that comes with stopcopy: a card below a switch'],
          ['stopcopy isolation lspci.txt', 'your server, from sudo lspci -nn -vvv'],
          ['stopcopy isolation server.yaml --policy proof', 'your own; exit 1 when the driver would be refused'],
          ['stopcopy isolation server.yaml --vf 75:00.1 --html vf.html', 'one VF, with a drawing'],
          ['stopcopy isolation server.yaml --policy proof --sarif proof.sarif', 'the same, for code scanning'],
          ['stopcopy isolation t01 t12 --json', 'two topologies, for a script'],
        ],
      )}`,
    )
    .action(async (words: readonly string[], flags: IsolationFlags) => {
      const { examine, examineImport, isolationDocument, isRefused } =
        await import('../../studies/isolation/examine.ts');
      const { printTopology } = await import('../../documents/isolation/text.ts');
      const { output } = context;
      const policy = flags.policy ?? null;
      const options = { vf: flags.vf, kernel: flags.kernel, rule: flags.groups, backend: flags.backend };
      if (words.length === 0 && flags.host !== true) {
        throw new UserError('usage', 'a topology is missing', 'Give a file, a name such as t12, or --host.');
      }
      const examined = words.map((word) => examine(word, options));
      if (flags.host === true) {
        const { thisMachine } = await import('../../studies/import/collect.ts');
        examined.push(examineImport(await thisMachine(context.signal), options));
      }
      const document = isolationDocument(examined, policy);
      if (flags.html !== undefined) {
        const { isolationSection } = await import('../../documents/isolation/page.ts');
        const { writePage } = await import('../../show/write-page.ts');
        writePage(flags.html, [{ name: 'isolation.json', section: isolationSection(document) }], '--html');
      }
      await tellFindings(flags, words, document, context);
      output.document(document);
      examined.forEach(({ report, tree }, index) => {
        if (index > 0) output.text('\n');
        printTopology(report, tree, output, { policy });
      });
      if (flags.html !== undefined) output.path(flags.html);
      const refused = policy !== null && examined.some(({ report }) => isRefused(report, policy));
      context.exit(refused ? EXIT.failed : EXIT.fine);
    });
}

/** Whose groups are built. */
function addGroupOptions(command: Command): void {
  command
    .option(
      '--kernel <release>',
      `${KERNELS.join(' or ')}: the Linux whose groups are built; default: what the topology says`,
      oneName('--kernel', KERNELS),
    )
    .option(
      '--groups <rule>',
      `${GROUP_RULES.join(' or ')}: the rule of the groups; the second is a series of 2025 that no kernel has`,
      oneName('--groups', GROUP_RULES),
    )
    .option(
      '--backend <name>',
      `${BACKENDS.join(' or ')}: how VMMs hand functions to VFIO; default: what the topology says, else type1`,
      oneName('--backend', BACKENDS),
    );
}

/** What CIs read. @param words that the first topologies were read from; one more is the machine itself */
async function tellFindings(
  flags: IsolationFlags,
  words: readonly string[],
  { policy, topologies }: IsolationDocument,
  { output }: CommandContext,
): Promise<void> {
  if (flags.sarif === undefined && flags.junit === undefined && flags.annotations !== true) return;
  const { isolationChecks, isolationResults, ISOLATION_RULES } = await import('../../documents/isolation/findings.ts');
  const { TOPOLOGIES } = await import('../../studies/isolation/shipped.ts');
  const results = topologies.flatMap((report, index) => {
    const word = words[index];
    return isolationResults(report, policy, word === undefined ? null : TOPOLOGIES.source(word));
  });
  await writeSarif(flags, 'stopcopy isolation', ISOLATION_RULES, results);
  const checks = topologies.flatMap((report) => isolationChecks(report, policy));
  await tellCi(flags, 'stopcopy isolation', checks, output);
}
