/**
 * A topology in front of a measurement: only where its policy lets the migration driver load is there something to
 * measure.
 */
import { UserError } from '../../../sim/base/user-error.ts';
import type { Output } from '../../io/output.ts';
import { POLICIES, type Policy } from '../../../sim/pci/policy.ts';
import { MigrationRefused } from './migration-refused.ts';

export interface GateFlags {
  readonly topology?: string;
  readonly policy?: Policy;
  readonly vf?: string;
}

/**
 * Says in a remark which VFs may migrate, or ends the command.
 *
 * @throws MigrationRefused when the policy refuses the driver to one of the VFs, or one could not migrate anyway
 * @throws UserError for options that do not go together, and for files that are no topologies
 */
export async function passGate({ topology, policy, vf }: GateFlags, output: Output): Promise<void> {
  if (topology === undefined) {
    const lonely = policy === undefined ? (vf === undefined ? undefined : '--vf') : '--policy';
    if (lonely === undefined) return;
    throw new UserError('usage', `${lonely} has no topology to ask`, 'Give one with --topology.');
  }
  if (policy === undefined) {
    throw new UserError('usage', '--topology needs a policy', `Give --policy with one of ${POLICIES.join(', ')}.`);
  }
  const { askedOf, refuseGap } = await import('./examine.ts');
  const { topologyRefusal: refusalOf } = await import('../../../sim/world/topology-refusal.ts');
  const { refusalSentence } = await import('../../../sim/vfio/migration-refusal.ts');
  const asked = askedOf(topology, { vf });
  refuseGap(topology, asked.gap, policy);
  // VFs of NICs and the like are not what is measured, unless one is asked for.
  const { functions } = asked.topology;
  const vfs = vf === undefined ? asked.vfs.filter((each) => functions[each.vf]!.document.kind !== 'other') : asked.vfs;
  if (vfs.length === 0) {
    throw new MigrationRefused(`${topology}: no VM has a VF of an accelerator`, 'Nothing was measured.');
  }
  for (const answer of vfs) {
    const refusal = refusalOf(asked.topology, answer.vf, answer.decisions[policy]);
    if (refusal === null) continue;
    throw new MigrationRefused(
      `${topology}: ${answer.address} (${answer.tenant}) is offered no migration: ${refusalSentence(refusal)}`,
      `Nothing was measured. stopcopy isolation ${topology} --vf ${answer.address} shows the place, and what to change.`,
    );
  }
  const names = vfs.map(({ address }) => address).join(', ');
  output.note(`${topology}: under policy ${policy} the migration driver loads for ${names}`);
}
