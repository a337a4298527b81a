/**
 * The manager of a move by its name, with the rules that it goes by.
 */
import type { ConvergenceRules } from './convergence.ts';
import { gatedKubevirt } from './kubevirt-manager.ts';
import type { Manager, ManagerName } from './manager.ts';
import { ProxmoxManager } from './proxmox-manager.ts';
import { RuleManager } from './rule-manager.ts';

const OF_THEIR_OWN: Readonly<Partial<Record<ManagerName, (rules: ConvergenceRules) => Manager | undefined>>> = {
  kubevirt: gatedKubevirt,
  proxmox: (rules) => new ProxmoxManager(rules),
};

export function managerOf(name: ManagerName, rules: ConvergenceRules): Manager {
  return OF_THEIR_OWN[name]?.(rules) ?? new RuleManager(name, rules);
}
