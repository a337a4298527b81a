/**
 * Builds a {@link Topology} from its document, and refuses what no server can be. docs/isolation.md 6.
 */
import { MIG_REGION } from '../abi/registers.ts';
import { REGION } from '../abi/region.ts';
import { VFS_MAX } from '../abi/vft.ts';
import { formatAddress, type FunctionAddress, segmentOf, slotKey } from './address.ts';
import { AcsInForce } from './acs-in-force.ts';
import { domainsOf } from './domain.ts';
import { BarList } from './bar-list.ts';
import { areaArrays, controlArea } from './control-areas.ts';
import {
  checkAcs,
  checkBuses,
  checkChildren,
  checkPhysicalFunction,
  fail,
  hardwareOf,
  type NodePlace,
} from './topology-check.ts';
import { HOST } from './topology-file.ts';
import type {
  AcsDocument,
  DeviceDocument,
  FunctionSettings,
  NodeDocument,
  PhysicalFunctionDocument,
  SriovDocument,
  TopologyDocument,
} from './topology-file.ts';
import {
  ATS,
  type ControlArea,
  type FunctionArrays,
  HOST_TENANT,
  isAtLeast,
  NODE,
  type NodeArrays,
  P2P,
  ROUTING,
  STREAM,
  type Topology,
  type TopologyFunction,
  type TopologyNode,
  type TopologySettings,
} from './topology.ts';
import { DEFAULT_HARDWARE, FIRST_WITH_PF_WINDOW } from '../abi/accelerators.ts';

const KINDS = {
  'root-port': NODE.rootPort,
  switch: NODE.switch,
  'downstream-port': NODE.downstreamPort,
  'pci-bridge': NODE.bridge,
  device: NODE.device,
} as const;

const NO_SETTINGS: FunctionSettings = {};

/**
 * The topology of a document.
 *
 * @param document as `readTopology` gives it
 * @param what its name, used in messages
 * @throws UserError of kind `input` for what cannot be: addresses or BARs that overlap, buses outside of the bridge
 *   above, a bit that is on and not in the capability, a field that has no meaning where it stands
 */
export function buildTopology(document: TopologyDocument, what: string): Topology {
  return new Builder(document, what).build();
}

class Builder {
  private readonly document: TopologyDocument;
  private readonly what: string;
  private readonly nodes: TopologyNode[] = [];
  private readonly parents: number[] = [];
  private readonly ends: number[] = [];
  private readonly positions: number[] = [];
  private readonly aliases: number[] = [];
  private readonly firsts: number[] = [];
  private readonly functions: TopologyFunction[] = [];
  private readonly functionTenants: number[] = [];
  private readonly tenants: string[] = [HOST];
  private readonly tenantNumbers = new Map<string, number>([[HOST, HOST_TENANT]]);
  private readonly functionAt = new Map<FunctionAddress, number>();
  private readonly portAt = new Map<FunctionAddress, number>();
  private readonly slots = new Map<FunctionAddress, string>();
  private readonly bars: BarList;
  private readonly areas: ControlArea[] = [];
  private readonly acs: AcsInForce;

  constructor(document: TopologyDocument, what: string) {
    this.document = document;
    this.what = what;
    this.bars = new BarList(what);
    this.acs = new AcsInForce(document, what, this.nodes, this.parents);
  }

  build(): Topology {
    const { document, what } = this;
    checkBuses(document.tree, what);
    for (const [i, each] of document.tree.entries()) {
      this.place(each, { path: `tree[${i}]`, parent: undefined, parentIndex: -1, position: i, alias: -1 });
    }
    this.firsts.push(this.functions.length);
    this.checkTenants();
    this.checkVmd();
    const flat = this.flatten();
    return { ...flat, domains: domainsOf(flat) };
  }

  private place(node: NodeDocument, place: NodePlace): void {
    checkChildren(node, place, this.what);
    const index = this.nodes.length;
    this.nodes.push({ index, path: place.path, document: node });
    this.parents.push(place.parentIndex);
    this.positions.push(place.position);
    this.firsts.push(this.functions.length);
    this.aliases.push(place.alias < 0 && node.kind === 'pci-bridge' ? index : place.alias);
    this.ends.push(index + 1);
    if (node.kind === 'device') this.placeDevice(node, index, place);
    else {
      this.claim(node.at, `${place.path}.at`);
      this.portAt.set(node.at, index);
      this.bars.enter(node.windows, `${place.path}.windows`);
      for (const [i, each] of node.below.entries()) {
        const alias = this.aliases[index]!;
        this.place(each, { path: `${place.path}.below[${i}]`, parent: node, parentIndex: index, position: i, alias });
      }
      this.bars.leave(node.windows);
    }
    this.ends[index] = this.nodes.length;
  }

  private placeDevice(device: DeviceDocument, node: number, place: NodePlace): void {
    const [first] = device.functions;
    for (const [i, each] of device.functions.entries()) {
      const path = `${place.path}.functions[${i}]`;
      checkPhysicalFunction(each, first!, place, path, this.what);
      const slot = slotKey(each.at);
      const other = this.slots.get(slot);
      if (other !== undefined && other !== place.path) {
        fail(this.what, `${path}.at`, `is in the slot of ${other}`, 'Functions of one slot belong into one device.');
      }
      this.slots.set(slot, place.path);
      const pf = this.addPhysicalFunction(each, node, path);
      if (each.sriov !== undefined) this.addVirtualFunctions(each, each.sriov, pf, place, `${path}.sriov`);
    }
  }

  private addPhysicalFunction(document: PhysicalFunctionDocument, node: number, path: string): number {
    const tenant = this.tenantNumber(document.tenant ?? HOST);
    const hostDriver = document.driver ?? tenant === HOST_TENANT;
    if (hostDriver && tenant !== HOST_TENANT) {
      const hint = 'Leave one of the two out: VFIO gives a function away after its driver has let go of it.';
      fail(this.what, `${path}.driver`, `is true while the function is given to ${document.tenant}`, hint);
    }
    if (document.clip !== undefined) {
      fail(this.what, `${path}.clip`, 'stands at a physical function', 'Only a VF is clipped: put it into sriov.all.');
    }
    const index = this.addFunction({ path, document, settings: document, pf: undefined, vfNumber: 0 }, node, {
      address: document.at,
      tenant,
      hostDriver,
      plainBecause: 'it is not a VF',
    });
    for (const [i, bar] of document.bars.entries()) this.bars.add(bar, bar.at, index, `${path}.bars[${i}]`);
    return index;
  }

  private addVirtualFunctions(
    document: PhysicalFunctionDocument,
    sriov: SriovDocument,
    pf: number,
    place: NodePlace,
    path: string,
  ): void {
    const node = this.functions[pf]!.node;
    this.checkSriov(document, sriov, pf, place, path);
    const because = this.plainPf(document, pf);
    for (let n = 1; n <= sriov.vfs; n++) {
      const each = sriov.each[n] ?? NO_SETTINGS;
      const settings = each === NO_SETTINGS ? sriov.all : { ...sriov.all, ...each };
      const address = document.at + sriov.offset + (n - 1) * sriov.stride;
      const tenant = this.tenantNumber(settings.tenant ?? `vm-${formatAddress(address)}`);
      const plainBecause = tenant === HOST_TENANT ? 'the host keeps it for itself' : because;
      const index = this.addFunction({ path, document, settings, pf, vfNumber: n }, node, {
        address,
        tenant,
        hostDriver: tenant === HOST_TENANT,
        plainBecause,
      });
      for (const [i, bar] of sriov.bars.entries()) {
        this.bars.add(bar, bar.at + (n - 1) * bar.size, index, `${path}.bars[${i}]`);
      }
      if (plainBecause === undefined) this.areas.push(controlArea(document, sriov, index, pf, n));
    }
  }

  private addFunction(
    told: Pick<TopologyFunction, 'path' | 'document' | 'settings' | 'pf' | 'vfNumber'>,
    node: number,
    more: Pick<TopologyFunction, 'address' | 'hostDriver' | 'plainBecause'> & { readonly tenant: number },
  ): number {
    const index = this.functions.length;
    this.claim(more.address, told.pf === undefined ? `${told.path}.at` : told.path);
    this.functionAt.set(more.address, index);
    this.functionTenants.push(more.tenant);
    const { address, hostDriver, plainBecause } = more;
    const { path, document, settings, pf, vfNumber } = told;
    const clip = settings.clip ?? 'all';
    this.functions.push({
      index,
      path,
      address,
      node,
      document,
      settings,
      pf,
      vfNumber,
      hostDriver,
      clip,
      plainBecause,
    });
    return index;
  }

  private claim(address: FunctionAddress, path: string): void {
    if (!this.functionAt.has(address) && !this.portAt.has(address)) return;
    const hint =
      'Each port and function has an address of its own; VFs take theirs from sriov.offset and sriov.stride.';
    fail(this.what, path, `is or leads to ${formatAddress(address)}, which is taken`, hint);
  }

  private plainPf(document: PhysicalFunctionDocument, pf: number): string | undefined {
    if (document.kind === 'other') return 'it is no accelerator';
    if (!this.functions[pf]!.hostDriver) return 'no driver of the host is bound to its PF';
    const version = hardwareOf(document);
    if (!isAtLeast(version, DEFAULT_HARDWARE)) {
      return `hardware ${version} cannot migrate; ${DEFAULT_HARDWARE} is the first`;
    }
    return undefined;
  }

  private checkSriov(
    document: PhysicalFunctionDocument,
    sriov: SriovDocument,
    pf: number,
    place: NodePlace,
    path: string,
  ): void {
    const { what } = this;
    const accelerator = document.kind !== 'other';
    if (accelerator && sriov.vfs > VFS_MAX) {
      fail(what, `${path}.vfs`, `is ${sriov.vfs}, an accelerator has at most ${VFS_MAX}`, 'Lower it.');
    }
    const last = document.at + sriov.offset + (sriov.vfs - 1) * sriov.stride;
    const buses = place.parent?.buses;
    const lastBus = Math.floor(last / 0x100) % 0x100;
    if (segmentOf(last) !== segmentOf(document.at) || (buses !== undefined && lastBus > buses.subordinate)) {
      const hint = 'Widen the buses of the bridges above, or correct vfs, offset or stride.';
      fail(what, `${path}.vfs`, `leads to ${formatAddress(last)}, beyond the buses of the bridge above`, hint);
    }
    const wrong = Object.keys(sriov.each).find((n) => Number(n) > sriov.vfs);
    if (wrong !== undefined) {
      fail(what, `${path}.each.${wrong}`, `speaks of a VF that is not there`, `There are ${sriov.vfs}; see sriov.vfs.`);
    }
    if (!accelerator || this.plainPf(document, pf) !== undefined) return;
    if (sriov.window === 'vf-bar') {
      if (sriov.bars.some(({ bar }) => bar === REGION.BAR2)) return;
      fail(what, `${path}.bars`, 'lacks BAR 2, which holds the control area', 'lspci -vv shows it in the SR-IOV part.');
    }
    const version = hardwareOf(document);
    if (!isAtLeast(version, FIRST_WITH_PF_WINDOW)) {
      const hint = `Only hardware ${FIRST_WITH_PF_WINDOW} and later can move its windows; otherwise say vf-bar.`;
      fail(what, `${path}.window`, `is pf-bar on hardware ${version}`, hint);
    }
    const bar2 = document.bars.find(({ bar }) => bar === REGION.BAR2);
    const need = MIG_REGION.offset + (sriov.vfs + 1) * MIG_REGION.bytesPerFunction;
    if (bar2 === undefined || bar2.size < need) {
      const hint = `The windows of ${sriov.vfs} VFs end at ${need} bytes: give the PF's BAR 2 in bars, as lspci shows it.`;
      fail(what, `${path}.window`, 'is pf-bar, and no BAR 2 of the PF is large enough for it', hint);
    }
  }

  private tenantNumber(name: string): number {
    const known = this.tenantNumbers.get(name);
    if (known !== undefined) return known;
    const number = this.tenants.length;
    this.tenants.push(name);
    this.tenantNumbers.set(name, number);
    return number;
  }

  private checkTenants(): void {
    for (const name of Object.keys(this.document.tenants)) {
      if (name !== HOST && this.tenantNumbers.has(name)) continue;
      const why = name === HOST ? 'is the host, whose domains hold no BAR' : 'is given no function';
      fail(this.what, `tenants.${name}`, why, 'Name a tenant that stands at a function, or take the entry away.');
    }
  }

  /** The domain of a VMD controller is the host's: the controller's driver has it, and it cannot be shared. */
  private checkVmd(): void {
    const { document, functions, functionTenants, functionAt, what } = this;
    for (const [domain, at] of Object.entries(document.vmd)) {
      const segment = Number.parseInt(domain, 16);
      if (!functionAt.has(at) || segmentOf(at) === segment) {
        const hint = 'Name the function of the controller, in another domain, as it stands in tree.';
        fail(what, `vmd.${domain}`, `${formatAddress(at)} is no function outside of that domain`, hint);
      }
      const given = functions.find(
        ({ address, index }) => segmentOf(address) === segment && functionTenants[index] !== HOST_TENANT,
      );
      if (given === undefined) continue;
      const why = `gives ${formatAddress(given.address)} to ${this.tenants[functionTenants[given.index]!]}, in the domain of a VMD controller`;
      fail(what, given.path, why, 'All of it is one IOMMU group, which the driver of the controller holds: say host.');
    }
  }

  private opens(): readonly number[] {
    const given = this.functions.filter(({ index }) => this.functionTenants[index] !== HOST_TENANT);
    if (this.document.opens === undefined) return given.map(({ index }) => index);
    return this.document.opens.map((address, i) => {
      const fn = this.functionAt.get(address);
      if (fn === undefined || this.functionTenants[fn] === HOST_TENANT) {
        const why = fn === undefined ? 'is no function of this topology' : 'is the function of no VM';
        fail(this.what, `opens[${i}]`, `${formatAddress(address)} ${why}`, 'Name functions that have a tenant.');
      }
      return fn;
    });
  }

  private flatten(): Omit<Topology, 'domains'> {
    const { nodes, functions, document, what } = this;
    const ofNodes = this.nodeArrays();
    const ofFunctions = this.functionArrays();
    return {
      what,
      document,
      nodes,
      functions,
      tenants: this.tenants,
      functionAt: this.functionAt,
      portAt: this.portAt,
      opens: this.opens(),
      ...ofNodes,
      ...ofFunctions,
      ...this.bars.resolve(),
      ...areaArrays(this.areas, functions.length),
      kernelLine: this.acs.line,
      p2p: P2P[document.rootComplex.p2p],
      reflects: document.iommu.reflectsToMmio,
    };
  }

  /** What is known of each node, by its index. */
  private nodeArrays(): NodeArrays & Pick<TopologySettings, 'portAcs' | 'egress'> {
    const { nodes, document, what } = this;
    const count = nodes.length;
    const portAcs = new Uint8Array(count);
    const turnsBack = new Uint8Array(count);
    const routing = new Uint8Array(count);
    const secondary = new Uint8Array(count);
    const subordinate = new Uint8Array(count);
    const nodeSegment = new Int32Array(count);
    const sharesLink = new Uint8Array(count);
    const egress = Array.from<Uint8Array | null>({ length: count }).fill(null);
    for (const { index, path, document: node } of nodes) {
      sharesLink[index] = this.standsWithOthers(index) ? 1 : 0;
      if (node.kind === 'device') {
        routing[index] = ROUTING[node.internalRouting];
        nodeSegment[index] = segmentOf(node.functions[0]!.at);
        continue;
      }
      nodeSegment[index] = segmentOf(node.at);
      secondary[index] = node.buses.secondary;
      subordinate[index] = node.buses.subordinate;
      if (node.kind === 'pci-bridge') continue;
      checkAcs(node.acs, `${path}.acs`, what);
      portAcs[index] = this.acs.ofPort(index, node);
      if (node.kind === 'switch') {
        if ((node.acs?.egress.length ?? 0) > 0) {
          fail(
            what,
            `${path}.acs.egress`,
            'is given for an upstream port',
            'Only root and downstream ports have one here.',
          );
        }
        continue;
      }
      turnsBack[index] = (node.turnaround ?? document.turnaround) === 'loopback' ? 1 : 0;
      egress[index] = this.egressVector(index, node.acs, `${path}.acs`);
    }
    return {
      nodeKind: Uint8Array.from(nodes, ({ document: { kind } }) => KINDS[kind]),
      nodeParent: Int32Array.from(this.parents),
      nodeEnd: Int32Array.from(this.ends),
      nodePosition: Int32Array.from(this.positions),
      nodeSegment,
      sharesLink,
      secondary,
      subordinate,
      turnsBack,
      routing,
      firstFunction: Int32Array.from(this.firsts),
      portAcs,
      egress,
    };
  }

  /** Whether a node is one of several at the link of a port. */
  private standsWithOthers(index: number): boolean {
    const parent = this.parents[index]!;
    const above = parent < 0 ? undefined : this.nodes[parent]!.document;
    return (above?.kind === 'root-port' || above?.kind === 'downstream-port') && above.below.length > 1;
  }

  /** What is known of each function, by its index. */
  private functionArrays(): FunctionArrays & Omit<TopologySettings, 'portAcs' | 'egress'> {
    const { functions, document, what } = this;
    const functionAcs = new Uint8Array(functions.length);
    const stream = new Uint8Array(functions.length);
    const ats = new Uint8Array(functions.length);
    const clipped = new Uint8Array(functions.length);
    for (const { index, path, node, document: fn, settings, clip } of functions) {
      functionAcs[index] = this.acs.ofFunction(node, fn);
      stream[index] = STREAM[settings.stream ?? document.iommu.streams];
      const { enabled = false, guestChooses = false } = settings.ats ?? {};
      if (enabled && this.aliases[node]! >= 0) {
        const hint = 'Translated requests do not cross it: take `ats` away, or say enabled: false.';
        fail(what, path, 'has ATS enabled behind a bridge to conventional PCI', hint);
      }
      ats[index] = !enabled || this.acs.line.noAts ? ATS.off : guestChooses ? ATS.guestChooses : ATS.handedOut;
      clipped[index] = clip === 'all' ? 1 : 0;
    }
    return {
      functionNode: Int32Array.from(functions, ({ node }) => node),
      functionAddress: Float64Array.from(functions, ({ address }) => address),
      functionTenant: Int32Array.from(this.functionTenants),
      functionAlias: Int32Array.from(functions, ({ node }) => this.aliases[node]!),
      functionAcs,
      stream,
      ats,
      clipped,
    };
  }

  private egressVector(index: number, acs: AcsDocument | undefined, path: string): Uint8Array | null {
    if (acs === undefined || acs.egress.length === 0) return null;
    const parent = this.parents[index]!;
    const siblings = parent < 0 ? this.document.tree.length : this.nodes[parent]!.document;
    const size = typeof siblings === 'number' ? siblings : siblings.kind === 'device' ? 0 : siblings.below.length;
    const vector = new Uint8Array(size);
    for (const [i, address] of acs.egress.entries()) {
      const target = this.portAt.get(address);
      const isSibling = target !== undefined && target !== index && this.parents[target] === parent;
      const kind = isSibling ? this.nodes[target]!.document.kind : undefined;
      if (target === undefined || (kind !== 'root-port' && kind !== 'downstream-port')) {
        const hint = 'Name other ports of the same switch, or other root ports.';
        fail(this.what, `${path}.egress[${i}]`, `${formatAddress(address)} is no sibling of this port`, hint);
      }
      vector[this.positions[target]!] = 1;
    }
    return vector;
  }
}
