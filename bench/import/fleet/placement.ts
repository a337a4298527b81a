/**
 * What placement has of the hosts of OpenStack: resource providers, their inventories, usages and allocations.
 */
import { MIB } from '../../../sim/base/units.ts';
import { isObject } from '../json-values.ts';
import { addFindings, type Finding } from '../reader.ts';
import { type FleetHost, fleetHost } from './facts.ts';
import { amountIn, type Fields, fieldsOf, textIn } from './fields.ts';

/** So much of a resource a host has, and so much of it is used. */
interface Resource {
  capacity: number | null;
  used: number | null;
}

interface Provider {
  readonly name: string;
  readonly resources: Map<string, Resource>;
}

/** Resources that are no devices. */
const NO_DEVICES: ReadonlySet<string> = new Set(['VCPU', 'PCPU', 'MEMORY_MB', 'DISK_GB']);

export class Placement {
  private readonly byUuid = new Map<string, Provider>();
  private readonly findings: Finding[];
  private readonly file: string;
  /** The provider of the rows that follow: inventories do not name theirs. */
  private current: Provider | null = null;
  private lastLine = 0;

  constructor(file: string, findings: Finding[]) {
    this.file = file;
    this.findings = findings;
  }

  isThere(): boolean {
    return this.byUuid.size > 0;
  }

  /** @returns whether the object is one of placement's */
  take(fields: Fields, line: number): boolean {
    const resource = textIn(fields, 'resourceclass');
    if (resource !== null) {
      this.row(resource, fields, line);
      return true;
    }
    const isProvider = fields.has('uuid') && fields.has('generation');
    const [inventories, usages, allocations] = ['inventories', 'usages', 'allocations'].map((name) => fields.get(name));
    if (!isProvider && inventories === undefined && usages === undefined && allocations === undefined) return false;
    if (isProvider) {
      const provider = this.provider(textIn(fields, 'uuid') ?? '?', textIn(fields, 'name'));
      // No provider of a list, which begins in one line, is the one whose inventory follows.
      this.current = this.lastLine === line ? null : provider;
      this.lastLine = line;
      if (!isObject(inventories) && !isObject(usages) && !isObject(allocations)) return true;
      this.parts(provider, inventories, usages, allocations);
      return true;
    }
    const owner = this.owner(line);
    if (owner !== null) this.parts(owner, inventories, usages, allocations);
    return true;
  }

  private parts(owner: Provider, inventories: unknown, usages: unknown, allocations: unknown): void {
    if (isObject(inventories)) {
      for (const [name, each] of Object.entries(inventories))
        if (isObject(each)) this.inventory(owner, name, fieldsOf(each));
    }
    if (isObject(usages)) for (const [name, used] of Object.entries(usages)) this.used(owner, name, Number(used));
    if (isObject(allocations)) this.allocations(owner, Object.values(allocations));
  }

  hosts(): readonly FleetHost[] {
    return [...this.byUuid.values()].map(({ name, resources }) => {
      const memory = resources.get('MEMORY_MB');
      const cpus = [resources.get('VCPU'), resources.get('PCPU')].filter((each) => each !== undefined);
      const sumOf = (of: (each: Resource) => number | null): number | null => {
        const known = cpus.map(of);
        return known.length === 0 || known.includes(null) ? null : known.reduce<number>((sum, each) => sum + each!, 0);
      };
      const devices = [...resources].flatMap(([resource, { capacity }]) =>
        NO_DEVICES.has(resource) || capacity === null ? [] : [[resource, capacity] as const],
      );
      return fleetHost({
        name,
        cpus: sumOf(({ capacity }) => capacity),
        usedCpus: sumOf(({ used }) => used),
        memoryBytes: memory === undefined || memory.capacity === null ? null : memory.capacity * MIB,
        usedMemoryBytes: memory === undefined || memory.used === null ? null : memory.used * MIB,
        devices: Object.fromEntries(devices),
      });
    });
  }

  private provider(uuid: string, name: string | null): Provider {
    const known = this.byUuid.get(uuid);
    if (known !== undefined) return known;
    const provider = { name: name ?? uuid, resources: new Map<string, Resource>() };
    this.byUuid.set(uuid, provider);
    return provider;
  }

  /** Whose what follows is: that of the provider before it, or of the host by which the file is named; null: that is not said. */
  private owner(line: number): Provider | null {
    if (this.current !== null) return this.current;
    if (this.byUuid.size > 0) {
      addFindings(this.findings, {
        kind: 'unused',
        line,
        text: 'an inventory that does not say whose it is: several providers are before it',
      });
      return null;
    }
    const base = this.file.replace(/^.*[/\\]/, '').replace(/\.json(?:\.gz)?$/i, '');
    const name = base.replace(/^(?:inventor(?:y|ies)|usages?|allocations?)[-_.]/, '');
    const text = `an inventory does not name its host: it is taken to be that of the file's name, ${name}`;
    addFindings(this.findings, { kind: 'inferred', line, text });
    this.current = this.provider(name, name);
    return this.current;
  }

  private row(resource: string, fields: Fields, line: number): void {
    const owner = this.owner(line);
    if (owner === null) return;
    if (fields.has('total')) this.inventory(owner, resource, fields);
    const used = amountIn(fields, 'used', 'usage');
    if (used !== null) this.used(owner, resource, used);
  }

  /** What VMs may have of it: (total - reserved) x ratio. */
  private inventory({ resources }: Provider, name: string, fields: Fields): void {
    const total = amountIn(fields, 'total');
    if (total === null) return;
    const capacity = Math.max(
      0,
      Math.floor((total - (amountIn(fields, 'reserved') ?? 0)) * (amountIn(fields, 'allocationratio') ?? 1)),
    );
    resources.set(name, { capacity, used: resources.get(name)?.used ?? null });
  }

  private used({ resources }: Provider, name: string, used: number): void {
    if (Number.isFinite(used)) resources.set(name, { capacity: resources.get(name)?.capacity ?? null, used });
  }

  private allocations(owner: Provider, consumers: readonly unknown[]): void {
    const sums = new Map<string, number>();
    for (const consumer of consumers) {
      const resources = isObject(consumer) ? consumer['resources'] : undefined;
      if (!isObject(resources)) continue;
      for (const [name, amount] of Object.entries(resources)) sums.set(name, (sums.get(name) ?? 0) + Number(amount));
    }
    for (const [name, sum] of sums) this.used(owner, name, sum);
  }
}
