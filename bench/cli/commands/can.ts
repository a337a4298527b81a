/**
 * `stopcopy can`: will this VM with these devices move on these hosts?
 */
import type { Command } from 'commander';

import { DISTRIBUTION_IDS, DRIVER_IDS, IOMMU_IDS } from '../../../sim/manager/drivers.ts';
import { MANAGER_IDS } from '../../../sim/manager/vmms.ts';
import { VMM_NAMES } from '../../../sim/memory/vmms.ts';
import type { CanWords } from '../../studies/can/question.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';
import { EXIT } from '../../io/exit-status.ts';
import { decimal } from '../options.ts';

const several = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

export function registerCan(command: Command, context: CommandContext): void {
  command
    .description(
      'Says whether a VM with these devices will move on these hosts, which condition decides, in which words the VMM or the ' +
        'manager refuses, and what to change. What is not said and matters is asked for. Ends with 4 when it does not move, and ' +
        'with 3 when something has to be said first.',
    )
    .argument('[file]', 'a question (docs/can.md); options win over its fields')
    .option('--vmm <name@release>', `${VMM_NAMES.join(' or ')}, such as qemu@10.2`)
    .option('--manager <name@release>', `what starts the move: ${MANAGER_IDS.join(', ')}`)
    .option('--kernel <release>', 'of the hosts, such as 6.12')
    .option('--distribution <name>', `a kernel as built by: ${DISTRIBUTION_IDS.join(', ')}`)
    .option('--device <driver*count>', `a VFIO device by its driver (several times): ${DRIVER_IDS.join(', ')}`, several)
    .option('--backend <name>', 'how the VMM opens VFIO devices: type1 or iommufd')
    .option('--iommu <name>', `of the hosts: ${IOMMU_IDS.join(', ')}`)
    .option('--dirty-tracking <yes|no>', 'whether the IOMMU marks pages that devices write')
    .option('--viommu', 'the guest has an IOMMU of its own')
    .option('--memory <size>', 'of the VM, such as 64GiB')
    .option('--gbps <number>', 'of the link, in 10^9 bits per second', decimal('--gbps', 0.001, 100_000))
    .option('--downtime-limit <time>', 'such as 300ms')
    .option(
      '--set <field=value>',
      'any other field of the question (several times), such as qemu.enableMigration=on',
      several,
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['stopcopy can --vmm qemu@10.2 --kernel 6.12 --device mlx5_vfio_pci*2', 'two ConnectX VFs under QEMU'],
        ['stopcopy can --vmm cloud-hypervisor@main --device hisi_acc_vfio_pci', 'an accelerator VF, pre-copy'],
        ['stopcopy can question.yaml --set qemu.enableMigration=on', 'a question of your own, with one field changed'],
      ]),
    )
    .action(async (file: string | undefined, flags: CanWords) => {
      const { readCanQuestion } = await import('../../studies/can/question.ts');
      const { can } = await import('../../../sim/manager/can.ts');
      const { canDocument } = await import('../../documents/can/document.ts');
      const { printCan } = await import('../../documents/can/text.ts');
      const question = readCanQuestion(file, flags);
      const document = canDocument(question, can(question));
      context.output.document(document);
      printCan(document, context.output);
      context.exit(document.moves ? EXIT.fine : document.outcome === 'asks' ? EXIT.badInput : EXIT.infeasible);
    });
}
