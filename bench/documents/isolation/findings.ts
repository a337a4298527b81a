/**
 * An isolation document for a CI: what was found as results of SARIF, and a check for each VF.
 */
import { HAZARDS, type Policy } from '../../../sim/pci/policy.ts';
import type { Check } from '../../show/checks.ts';
import type { SarifLevel, SarifResult, SarifRule } from '../../show/sarif.ts';
import { type PathReport, STAKES, type TopologyReport, type VfIsolation } from './document.ts';
import { hopSentence, pathSentence, remedySentence, stakeSentence } from './words.ts';

const HAZARD_RULES = {
  self: { what: 'DMA of the VM that has a VF reaches its control area', level: 'warning' },
  other: { what: 'DMA of another VM reaches the control area of a VF', level: 'error' },
  spoof: { what: 'the IOMMU takes requests of a VF for those of a function of another VM', level: 'error' },
  unchecked: { what: 'the IOMMU lets requests of a VF through to any address', level: 'error' },
} as const satisfies Record<(typeof HAZARDS)[number], Omit<SarifRule, 'id'>>;

const CPU_RULE = 'cpu';
const POLICY_RULE = 'policy';

export const ISOLATION_RULES: readonly SarifRule[] = [
  ...HAZARDS.map((id) => ({ id, ...HAZARD_RULES[id] })),
  { id: CPU_RULE, what: 'CPUs of the VM that has a VF reach its control area', level: 'warning' },
  { id: POLICY_RULE, what: 'the policy that was asked for refuses the migration driver to a VF', level: 'error' },
];

/**
 * What was found in a topology, VF by VF.
 *
 * @param file that it was read from; null for the machine itself
 */
export function isolationResults(
  { vfs }: TopologyReport,
  policy: Policy | null,
  file: string | null,
): readonly SarifResult[] {
  return vfs.flatMap((vf) => [...hazardResults(vf, file), ...cpuResults(vf, file), ...refusals(vf, policy, file)]);
}

/** One for each kind of request, with the ways of all VMs that can send one. */
function hazardResults(vf: VfIsolation, file: string | null): readonly SarifResult[] {
  const kinds = new Map<string, PathReport[]>();
  for (const path of vf.paths) {
    const kind = [path.hazard, ...(path.privileged ? ['privileged'] : []), ...(path.possible ? [] : ['closed'])].join(
      ' ',
    );
    kinds.set(kind, [...(kinds.get(kind) ?? []), path]);
  }
  return [...kinds].map(([kind, paths]) => {
    const [first] = paths as [PathReport];
    return {
      ruleId: first.hazard,
      level: levelOf(first),
      message: wayMessage(first),
      file,
      at: vf.address,
      fingerprint: `${vf.address} ${kind}`,
      flows: paths.map(({ hops }) => hops.map((hop) => ({ at: hop.at, text: hopSentence(hop) }))),
    };
  });
}

function wayMessage(path: PathReport): string {
  const settings = path.hops.flatMap(({ at, because }) => (because === null ? [] : [`${because} at ${at}`]));
  const by = settings.length === 0 ? '' : ` Decided by ${settings.join(', ')};`;
  return `${pathSentence(path)}: ${path.request}.${by} ${stakeSentence(path)}.`;
}

function levelOf({ possible, privileged, stake }: PathReport): SarifLevel {
  if (!possible) return 'note';
  return privileged || stake === 'own-image' ? 'warning' : 'error';
}

function cpuResults({ address, tenant, cpu, opens }: VfIsolation, file: string | null): readonly SarifResult[] {
  if (cpu?.reachesControl !== true) return [];
  const closed = opens.ok ? '' : `, if VFIO let it open the VF: ${opens.why}`;
  return [
    {
      ruleId: CPU_RULE,
      level: opens.ok ? 'warning' : 'note',
      message: `CPUs of ${tenant} get to the control area of ${address}${closed}; at stake: ${STAKES['own-image']}.`,
      file,
      at: address,
      fingerprint: `${address} ${CPU_RULE}`,
      flows: [],
    },
  ];
}

function refusals(
  { address, tenant, decisions }: VfIsolation,
  policy: Policy | null,
  file: string | null,
): readonly SarifResult[] {
  const refused = decisions.filter((each) => each.policy === policy && each.verdict === 'refuse');
  return refused.map(({ reasons, remedy }) => {
    const change = remedy === null ? '' : ` What to change: ${remedySentence(remedy)}.`;
    return {
      ruleId: POLICY_RULE,
      level: 'error',
      message: `${policy} refuses the migration driver to ${address} (${tenant}): ${reasons.join('; ')}.${change}`,
      file,
      at: address,
      fingerprint: `${address} ${POLICY_RULE} ${policy}`,
      flows: [],
    };
  });
}

/** A check for each VF: that the policy loads the driver, or, without one, that no guest gets where it should not. */
export function isolationChecks({ file, vfs }: TopologyReport, policy: Policy | null): readonly Check[] {
  const suite = policy === null ? file : `${file}, ${policy}`;
  return vfs.map((vf) => {
    const name = `${vf.address} (${vf.tenant})`;
    return { suite, name, ...(policy === null ? reached(vf) : decided(vf, policy)) };
  });
}

type Judged = Pick<Check, 'failure' | 'skipped'>;

function decided({ decisions }: VfIsolation, policy: Policy): Judged {
  const { verdict, why, reasons } = decisions.find((each) => each.policy === policy)!;
  if (verdict === 'refuse') return { failure: reasons.join('\n') };
  return verdict === 'plain' || verdict === 'n/a' ? { skipped: why } : {};
}

function reached(vf: VfIsolation): Judged {
  const results = [...hazardResults(vf, null), ...cpuResults(vf, null)].filter(({ level }) => level !== 'note');
  if (results.length > 0) return { failure: results.map(({ message }) => message).join('\n') };
  const { opens, tenant } = vf;
  return opens.ok ? {} : { skipped: `VFIO does not let ${tenant} open it: ${opens.why}` };
}
