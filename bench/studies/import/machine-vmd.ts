/**
 * Domains that a Volume Management Device makes, and which controller is whose. Only sysfs shows it; what lspci has is the
 * driver or name of each controller, and IOMMU groups, which all functions of such a domain share with their controller.
 */
import { addressKey, domainOf, type FunctionFacts, type MachineFacts } from '../../import/machine/facts.ts';
import type { Finding } from '../../import/reader.ts';

/** Domains that Linux gives to the functions of a VMD controller begin here. */
const FIRST_MADE_DOMAIN = 0x1_00_00;
const CONTROLLER_DRIVER = 'vmd';
const CONTROLLER_NAME = /Volume Management Device/;

interface VmdDomains {
  /** Address of the controller, by domain. */
  readonly controllers: ReadonlyMap<string, string>;
  readonly findings: readonly Finding[];
}

/** Controllers by the domain that each makes; what is not shown is inferred, or asked for. */
export function vmdDomains({ functions }: MachineFacts): VmdDomains {
  const all = functions.map(({ facts }) => facts);
  const controllers = new Map<string, string>();
  for (const { controller, address } of all)
    if (controller !== undefined) controllers.set(domainOf(address), controller);
  const made = [...new Set(all.map(({ address }) => domainOf(address)))].filter(
    (domain) => Number.parseInt(domain, 16) >= FIRST_MADE_DOMAIN && !controllers.has(domain),
  );
  if (made.length === 0) return { controllers, findings: [] };
  const taken = new Set(controllers.values());
  const free = all.filter((each) => isController(each) && !taken.has(each.address));
  const pairs = byGroup(made, free, all) ?? byOrder(made, free);
  if (pairs === undefined) {
    const text = `domain ${made.join(', ')}: made by a controller (VMD), and which function that is is not shown; say vmd: { domain: address }`;
    return { controllers, findings: [{ kind: 'asked', text }] };
  }
  for (const [domain, { address }] of pairs.of) controllers.set(domain, address);
  const said = pairs.of.map(([domain, { address }]) => `domain ${domain} is made by ${address}`).join(', ');
  return { controllers, findings: [{ kind: 'inferred', text: `${said}: ${pairs.by}` }] };
}

function isController({ driver, name = '' }: FunctionFacts): boolean {
  return driver === CONTROLLER_DRIVER || CONTROLLER_NAME.test(name);
}

interface Pairs {
  readonly of: readonly (readonly [domain: string, controller: FunctionFacts])[];
  /** What they rest on. */
  readonly by: string;
}

/** The controller whose IOMMU group the functions of each domain are in. */
function byGroup(
  made: readonly string[],
  free: readonly FunctionFacts[],
  all: readonly FunctionFacts[],
): Pairs | undefined {
  const of = made.flatMap((domain) => {
    const group = all.find((each) => domainOf(each.address) === domain && typeof each.iommuGroup === 'number');
    const controller = group && free.find(({ iommuGroup }) => iommuGroup === group.iommuGroup);
    return controller === undefined ? [] : [[domain, controller] as const];
  });
  return of.length === made.length ? { of, by: 'they share an IOMMU group' } : undefined;
}

/** Linux numbers the domains as it finds the controllers. */
function byOrder(made: readonly string[], free: readonly FunctionFacts[]): Pairs | undefined {
  if (free.length !== made.length) return undefined;
  const sorted = free.toSorted((a, b) => addressKey(a.address) - addressKey(b.address));
  const of = made
    .toSorted((a, b) => Number.parseInt(a, 16) - Number.parseInt(b, 16))
    .map((domain, i) => [domain, sorted[i]!] as const);
  return { of, by: made.length === 1 ? 'there is no other controller (VMD)' : 'taken in the order of their addresses' };
}
