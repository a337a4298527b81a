/**
 * Hosts that are emptied: the VMs of each in the order in which they move, and what a host has going.
 */
import type { EvacuationInput, HostVms, VmOrder } from './evacuation-terms.ts';
import type { MoveClass } from './move-class.ts';

/** No group, no host. */
export const NONE = -1;

/** Classes in the order in which their VMs leave a host: by priority, then by memory as asked. */
export function classOrder(
  classes: readonly Pick<MoveClass, 'memoryBytes'>[],
  vmOrder: VmOrder,
  priorities: readonly number[] = [],
): readonly number[] {
  const size = (kind: number): number => classes[kind]!.memoryBytes;
  const kinds = classes.map((_, kind) => kind);
  if (vmOrder === 'largest first') kinds.sort((a, b) => size(b) - size(a));
  if (vmOrder === 'smallest first') kinds.sort((a, b) => size(a) - size(b));
  return kinds.toSorted((a, b) => (priorities[b] ?? 0) - (priorities[a] ?? 0));
}

/** VMs of a host by the number of each class, in the order in which they leave it. */
export function listOf(perHost: readonly number[], order: readonly number[]): Uint8Array {
  return Uint8Array.from(order.flatMap((kind) => Array.from({ length: perHost[kind]! }, () => kind)));
}

export class SourceHosts {
  /** VMs in all; those of a host follow one another. */
  readonly vms: number;
  readonly vmClass: Uint8Array;
  /** Host of each VM. */
  readonly hostOf: Int32Array;
  /** Moves that a host has going. */
  readonly outbound: Int32Array;
  private readonly groups: Int32Array | null;
  /** First VM of each host, and one past the last of all. */
  private readonly first: Int32Array;
  /** VMs of each host that have begun; the others come after them. */
  private readonly begun: Int32Array;
  /** VMs whose moves are tried again, in the order in which their back-off was over. */
  private readonly again = new Map<number, number[]>();
  private readonly onPf: Int32Array;
  private readonly pfs: number;
  private readonly outboundMax: Float64Array;
  private readonly pfsOf: Int32Array | null;
  private readonly pfMax: number;

  constructor({ hosts, classes, perHost, vmOrder, priorities, lists, links, concurrency, apart }: EvacuationInput) {
    const alike: HostVms = { classes: listOf(perHost, classOrder(classes, vmOrder, priorities)) };
    const of = (host: number): HostVms => lists?.[host] ?? alike;
    this.first = new Int32Array(hosts + 1);
    for (let host = 0; host < hosts; host++) this.first[host + 1] = this.first[host]! + of(host).classes.length;
    this.vms = this.first[hosts]!;
    this.vmClass = new Uint8Array(this.vms);
    this.hostOf = new Int32Array(this.vms);
    this.groups =
      lists?.some(({ groups }) => groups !== undefined) === true ? new Int32Array(this.vms).fill(NONE) : null;
    for (let host = 0; host < hosts; host++) {
      const from = this.first[host]!;
      const list = of(host);
      this.vmClass.set(list.classes, from);
      this.hostOf.fill(host, from, this.first[host + 1]);
      if (list.groups !== undefined) this.groups?.set(list.groups, from);
    }
    this.begun = new Int32Array(hosts);
    this.outbound = new Int32Array(hosts);
    this.pfs = links.pfsPerHost;
    this.onPf = new Int32Array(hosts * this.pfs);
    this.outboundMax = Float64Array.from({ length: hosts }, (_, host) =>
      Math.min(concurrency.outboundPerHost, apart?.outbound[host] ?? Infinity),
    );
    this.pfsOf = apart?.pfs ?? null;
    this.pfMax = concurrency.perPf;
  }

  /** The most VMs that one host has. */
  get mostPerHost(): number {
    let most = 0;
    for (let host = 0; host + 1 < this.first.length; host++) {
      most = Math.max(most, this.first[host + 1]! - this.first[host]!);
    }
    return most;
  }

  firstOf(host: number): number {
    return this.first[host]!;
  }

  /** The VM that a host moves next, or {@link NONE}. */
  nextOf(host: number): number {
    const vm = this.first[host]! + this.begun[host]!;
    return vm < this.first[host + 1]! ? vm : (this.again.get(host)?.[0] ?? NONE);
  }

  mayBegin(host: number): boolean {
    const vm = this.nextOf(host);
    if (vm === NONE || this.outbound[host]! >= this.outboundMax[host]!) return false;
    return this.onPf[this.pfOf(vm)]! < this.pfMax;
  }

  /** The PF that carries a VM's move. */
  pfOf(vm: number): number {
    const host = this.hostOf[vm]!;
    return host * this.pfs + ((vm - this.first[host]!) % (this.pfsOf?.[host] ?? this.pfs));
  }

  groupOf(vm: number): number {
    return this.groups?.[vm] ?? NONE;
  }

  /** The next VM of a host is no longer next: it begins to move, or is left where it is. */
  pass(host: number): void {
    if (this.first[host]! + this.begun[host]! < this.first[host + 1]!) this.begun[host]! += 1;
    else this.again.get(host)?.shift();
  }

  begin(vm: number): void {
    this.outbound[this.hostOf[vm]!]! += 1;
    this.onPf[this.pfOf(vm)]! += 1;
  }

  end(vm: number): void {
    this.outbound[this.hostOf[vm]!]! -= 1;
    this.onPf[this.pfOf(vm)]! -= 1;
  }

  /** The back-off of a VM is over: it comes after those of its host that wait. */
  tryAgain(vm: number): void {
    const host = this.hostOf[vm]!;
    const line = this.again.get(host);
    if (line === undefined) this.again.set(host, [vm]);
    else line.push(vm);
  }
}
