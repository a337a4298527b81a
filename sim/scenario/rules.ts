/**
 * The rules of a move, of which a document says some, and its manager sets the others.
 */
import { NS_PER_MS } from '../base/units.ts';
import { MANAGER_NAMES, MANAGERS, type ManagerName, type Watch } from '../memory/manager.ts';
import { VMMS } from '../memory/vmms.ts';
import { NOVA, type Scenario } from './document.ts';

/** What a document says of a move's rules, and the manager that limits of an operator bring. */
export type RuledVm = Pick<Scenario, 'vmm' | 'manager' | 'convergence'> & { readonly watch?: Watch | undefined };

/** Where neither a limit nor steps are said, both are the manager's. */
export interface MoveRules {
  /** Downtime limit in ns; with steps, the limit before the first of them. */
  readonly downtimeLimitNs: number;
  readonly steps: Scenario['convergence']['steps'];
  readonly autoConverge: boolean;
}

/** The manager that the document names, where the VMM leaves moves to one. */
export function namedManager({ vmm, manager }: Pick<Scenario, 'vmm' | 'manager'>): ManagerName | undefined {
  // Cloud Hypervisor watches its moves itself, whatever began them.
  return VMMS[vmm].watchedBy === 'vmm' ? undefined : MANAGER_NAMES.find((name) => name === manager);
}

export function rulesOf(vm: RuledVm): MoveRules {
  const { downtimeLimit, steps, autoConverge } = vm.convergence;
  const watching = VMMS[vm.vmm].watchedBy === 'vmm' ? undefined : vm.watch?.manager;
  const { sets } = MANAGERS[watching ?? namedManager(vm) ?? 'user'];
  return {
    downtimeLimitNs: downtimeLimit ?? sets.downtimeLimitNs,
    steps: steps ?? (downtimeLimit === undefined && sets.novaSteps ? 'nova' : undefined),
    autoConverge: autoConverge ?? sets.autoConverge,
  };
}

/** The largest limit that ever holds, in ns. */
export function longestLimitNs({ downtimeLimitNs, steps }: MoveRules): number {
  if (steps === undefined) return downtimeLimitNs;
  return steps === 'nova' ? NOVA.downtimeMs * NS_PER_MS : Math.max(...steps.map(({ limit }) => limit));
}
