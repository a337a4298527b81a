/**
 * A topology document from the facts of a machine. Each value says in a comment where it is from; what no tool shows is left
 * out, so that readers of the document take its defaults and list them.
 */
import {
  ACCELERATORS,
  type AcceleratorKind,
  type HardwareVersion,
  versionOfRevision,
} from '../../../sim/abi/accelerators.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { formatBytes } from '../../../sim/pci/address.ts';
import { TOPOLOGY_FORMAT } from '../../../sim/pci/topology-file.ts';
import {
  type AcsFacts,
  type FactName,
  type FunctionFacts,
  type MachineFacts,
  type Place,
  type PlacedFunction,
} from '../../import/machine/facts.ts';
import type { Finding } from '../../import/reader.ts';
import type { CommentedField, CommentedList, CommentedMap, CommentedValue } from './commented.ts';
import { flow } from './commented.ts';
import { completed } from './denied-capabilities.ts';
import { type Bar, BarKeeper } from './machine-bars.ts';
import { holdsGroup, isVfio } from '../../import/machine/drivers.ts';
import {
  type BridgeNode,
  type DeviceNode,
  leftOutFindings,
  machineTree,
  type MachineTree,
  type TreeNode,
} from './machine-tree.ts';
import { vmdDomains } from './machine-vmd.ts';

export interface ImportedTopology {
  readonly document: CommentedMap;
  readonly findings: readonly Finding[];
}

/** Releases of pciutils that print IOMMU groups. */
const RELEASES_WITH_GROUPS = /^pciutils 3\.(?:[7-9]|\d\d)\./;
/** Addresses that a finding has. */
const NAMED_MAX = 4;
const HUAWEI = '19e5';
const HUAWEI_NAME = 'Huawei ';
/** BAR of an accelerator VF, as its driver maps it; docs/device.md. */
const ACCELERATOR_VF_BAR = { bar: 2, bytes: 64 * 1024 };

/**
 * @param facts of one machine
 * @param names of its files, used in messages and the title
 * @throws UserError of kind `input` when it lacks what no default can stand for: the tree
 */
export function machineTopology(facts: MachineFacts, names: readonly string[]): ImportedTopology {
  refuseWithoutTree(facts, names.join(', '));
  const { facts: whole, findings } = completed(facts);
  const made = new TopologyMaker(whole, names).make();
  return { ...made, findings: [...findings, ...made.findings] };
}

function refuseWithoutTree({ functions }: MachineFacts, what: string): void {
  if (functions.some(({ facts }) => facts.parent !== undefined)) return;
  const hint =
    'Run lspci -vvv as root, or the script that `stopcopy import --collect machine` prints, and give that file, alone or with this one.';
  throw new UserError('input', `${what}: does not say which bridge is above which function`, hint);
}

class TopologyMaker {
  private readonly facts: MachineFacts;
  private readonly names: readonly string[];
  private readonly tree: MachineTree;
  private readonly findings: Finding[] = [];
  private readonly bars = new BarKeeper((place) => this.lineOf(place));
  private readonly hasDomains: boolean;
  private readonly silent: PlacedFunction[] = [];

  constructor(facts: MachineFacts, names: readonly string[]) {
    this.facts = facts;
    this.names = names;
    this.tree = machineTree(facts);
    this.hasDomains = facts.functions.some(({ facts: { address } }) => !address.startsWith('0000:'));
  }

  make(): ImportedTopology {
    if (this.tree.roots.length === 0) {
      throw new UserError(
        'input',
        `${this.names.join(', ')}: no function stands at a root complex`,
        'Is the list of functions whole?',
      );
    }
    const roots = { items: this.tree.roots.map((node) => this.node(node)) };
    const { pageSize } = this.facts;
    const isPage = pageSize !== undefined && [4096, 16_384, 65_536].includes(pageSize);
    const document: CommentedMap = {
      fields: [
        { key: 'format', value: TOPOLOGY_FORMAT },
        { key: 'title', value: `Machine of ${this.names.join(', ')}` },
        ...this.iommu(),
        ...this.kernel(),
        ...this.vmd(),
        ...(isPage ? [{ key: 'hostPageSize', value: formatBytes(pageSize), comment: 'getconf PAGESIZE' }] : []),
        { key: 'tree', value: roots },
        ...this.kernelGroups(),
      ],
    };
    this.reportSilent();
    const findings = [...this.findings, ...this.bars.findings, ...leftOutFindings(this.tree)];
    return { document, findings };
  }

  /** Whether an IOMMU translates, as far as groups show it. */
  private iommu(): readonly CommentedField[] {
    const { functions, groups, producer } = this.facts;
    if (functions.some(({ facts }) => typeof facts.iommuGroup === 'number')) return [];
    // /sys would have them, and so would every lspci from 3.7.0 on.
    const shows = groups !== undefined || RELEASES_WITH_GROUPS.test(producer ?? '');
    if (shows) {
      const comment = 'inferred: no function has an IOMMU group';
      return [{ key: 'iommu', value: flow({ streams: 'bypass' }), comment }];
    }
    const isOn = hasLinuxWords(functions);
    if (isOn === false) {
      const text =
        'no port has the ACS bits on that Linux switches on with an IOMMU, and no IOMMU group is shown: the IOMMU is off. With one it would switch them on, and groups would be as small as the capabilities let them';
      this.findings.push({ kind: 'inferred', text });
      return [{ key: 'iommu', value: flow({ streams: 'bypass' }), comment: 'inferred from ACSCtl of all ports' }];
    }
    const text =
      isOn === true
        ? 'no IOMMU group is shown, as lspci is older than 3.7.0: every port has the ACS bits on that Linux switches on with an IOMMU, so it translates'
        : 'no IOMMU group is shown: the IOMMU is off, or lspci is older than 3.7.0. Taken: it translates; if it is off, say iommu: { streams: bypass }';
    this.findings.push({ kind: isOn === true ? 'inferred' : 'asked', text });
    return [];
  }

  /** Release and parameters of the kernel, which its groups depend on. */
  private kernel(): readonly CommentedField[] {
    const { kernel, commandLine = [] } = this.facts;
    const [, major = '', minor = ''] = /^(\d+)\.(\d+)/.exec(kernel ?? '') ?? [];
    const isNew = Number(major) > 7 || (Number(major) === 7 && Number(minor) >= 3);
    const release =
      major === '' ? [] : [{ key: 'kernel', value: isNew ? '7.3' : '6.12', comment: `the nearest of ${kernel!}` }];
    const words = commandLine.map(cleanName).join(' ');
    return [...release, ...(words === '' ? [] : [{ key: 'commandLine', value: words }])];
  }

  /** Controllers that make a domain of their own. */
  private vmd(): readonly CommentedField[] {
    const { controllers, findings } = vmdDomains(this.facts);
    this.findings.push(...findings);
    if (controllers.size === 0) return [];
    const fields = [...controllers].map(([key, value]) => ({ key, value: this.at(value) }));
    return [{ key: 'vmd', value: { fields } }];
  }

  private node(node: TreeNode): CommentedMap {
    return node.kind === 'device' ? this.device(node) : this.bridge(node);
  }

  private bridge({ kind, fn, below }: BridgeNode): CommentedMap {
    const { secondary = '', subordinate = '' } = fn.facts;
    const isPort = kind === 'root-port' || kind === 'downstream-port';
    return {
      fields: [
        { key: 'kind', value: kind },
        { key: 'at', value: this.at(fn.facts.address), comment: this.placeOf(fn, 'type') },
        ...idField(fn),
        { key: 'buses', value: `${secondary}-${subordinate}` },
        ...multifunction(fn),
        ...(kind === 'pci-bridge' ? bridgeExpress(fn) : []),
        ...(isPort || kind === 'switch' ? this.acs(fn) : []),
        ...(kind === 'root-port' ? this.slot(fn) : []),
        ...(below.length === 0 ? [] : [{ key: 'below', value: { items: below.map((each) => this.node(each)) } }]),
      ],
    };
  }

  /** Whether its link leads to a slot, which the policy `on-die` goes by. */
  private slot(fn: PlacedFunction): readonly CommentedField[] {
    const { slot } = fn.facts;
    return slot === undefined ? [] : [{ key: 'slot', value: slot, comment: this.placeOf(fn, 'slot') }];
  }

  private device({ functions }: DeviceNode): CommentedMap {
    const [first] = functions;
    const name = cleanName(first!.facts.name);
    const silent = functions.filter(
      ({ facts: { acs } }) => acs !== undefined && acs !== null && acs.inferred !== true && !hasBit(acs, 'RR'),
    );
    const says = silent.length === functions.length;
    const comment = `inferred from the ACS capability without RR, ${this.placeOf(first!, 'acs')}`;
    if (says) this.silent.push(first!);
    return {
      fields: [
        { key: 'kind', value: 'device' },
        ...(name === '' ? [] : [{ key: 'name', value: name }]),
        ...(says ? [{ key: 'internalRouting', value: 'upstream', comment }] : []),
        { key: 'functions', value: { items: functions.map((each) => this.fn(each)) } },
      ],
    };
  }

  /** Devices whose ACS capability says that its functions do not reach each other. */
  private reportSilent(): void {
    const [first] = this.silent;
    if (first === undefined) return;
    const names = this.silent.map(({ facts }) => facts.address);
    const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more devices` : '';
    const text =
      `${names.slice(0, NAMED_MAX).join(', ')}${more}: functions do not reach each other inside, says an ACS capability ` +
      'without RR; taken as internalRouting upstream, so that none serves its own BAR inside is for the maker to confirm';
    this.findings.push({ kind: 'inferred', text, line: (first.from.acs ?? first.at).line });
  }

  private fn(fn: PlacedFunction): CommentedMap {
    const { facts } = fn;
    const accelerator = acceleratorOf(fn.facts);
    const bars = this.bars.of(fn);
    return {
      fields: [
        { key: 'at', value: this.at(facts.address), comment: this.lineOf(fn.at) },
        ...idField(fn),
        ...functionExpress(fn),
        ...multifunction(fn),
        ...acceleratorFields(accelerator),
        ...this.driver(fn),
        ...(bars.length === 0 ? [] : [{ key: 'bars', value: barList(bars), comment: this.placeOf(fn, 'bars') }]),
        ...this.acs(fn),
        ...this.ats(fn),
        ...this.sriov(fn, accelerator !== undefined),
      ],
    };
  }

  /** Whether a driver of the host is bound, and who has the function else. */
  private driver(fn: PlacedFunction): readonly CommentedField[] {
    const { driver, address } = fn.facts;
    const comment = `${driver ?? 'no driver'}${driver === undefined ? ' is shown' : ''}, ${this.placeOf(fn, 'driver')}`;
    if (driver !== undefined && driver !== null && isVfio(driver)) {
      const slot = address.slice(0, address.lastIndexOf('.'));
      return [
        { key: 'tenant', value: `vm-${slot}`, comment: `${comment}; assumed: one VM has all functions of the slot` },
      ];
    }
    return [{ key: 'driver', value: driver !== undefined && driver !== null && holdsGroup(driver), comment }];
  }

  private acs(fn: PlacedFunction): readonly CommentedField[] {
    const { acs } = fn.facts;
    if (acs === undefined || acs === null) return [];
    const can = new Set(wordsOf(acs.can));
    const odd = wordsOf(acs.on).filter((bit) => !can.has(bit));
    if (odd.length > 0) {
      const text = `${fn.facts.address}: ${odd.join(' ')} is on and not in the capability; taken as off`;
      this.findings.push({ kind: 'warning', text, line: (fn.from.acs ?? fn.at).line });
    }
    const on = wordsOf(acs.on)
      .filter((bit) => can.has(bit))
      .join(' ');
    const egress = this.egress(fn, acs);
    if (on.includes('EC') && acs.egress === undefined) {
      const text = `${fn.facts.address}: EC is on, and its egress vector is not shown (lspci -xxxx shows it); taken: no bit is set`;
      this.findings.push({ kind: 'asked', text, line: (fn.from.acs ?? fn.at).line });
    }
    const value = flow({ can: acs.can, on, ...(egress.length === 0 ? {} : { egress: list(egress) }) });
    const comment = acs.inferred === true ? `inferred: IOMMU group ${fn.facts.iommuGroup}` : this.placeOf(fn, 'acs');
    return [{ key: 'acs', value, comment }];
  }

  /** Ports whose bit is set, by their port numbers. */
  private egress(fn: PlacedFunction, { egress = [] }: AcsFacts): readonly string[] {
    if (egress.length === 0) return [];
    const siblings = this.facts.functions.filter(
      ({ facts }) =>
        facts.parent === fn.facts.parent && facts.portNumber !== undefined && facts.address !== fn.facts.address,
    );
    return siblings
      .filter(({ facts }) => egress.includes(facts.portNumber!))
      .map(({ facts }) => this.at(facts.address));
  }

  private sriov(pf: PlacedFunction, isAccelerator: boolean): readonly CommentedField[] {
    const { sriov, address } = pf.facts;
    if (sriov === undefined || sriov === null || !sriov.enabled || sriov.numVfs === 0) return [];
    const vfs = this.tree.vfs.get(address) ?? [];
    const bars = this.bars.ofVfs(pf, vfs, isAccelerator ? ACCELERATOR_VF_BAR : undefined);
    const each = Array.from({ length: sriov.numVfs }, (_, i) => this.vf(vfs[i], i + 1));
    const fields: CommentedField[] = [
      { key: 'offset', value: sriov.offset },
      { key: 'stride', value: Math.max(1, sriov.stride) },
      { key: 'vfs', value: sriov.numVfs, comment: `of ${sriov.totalVfs}` },
      ...(bars.bars.length === 0 ? [] : [{ key: 'bars', value: barList(bars.bars), comment: bars.comment }]),
      { key: 'each', value: { fields: each } },
    ];
    return [{ key: 'sriov', value: { fields }, comment: this.placeOf(pf, 'sriov') }];
  }

  private vf(vf: PlacedFunction | undefined, number: number): CommentedField {
    const key = String(number);
    if (vf === undefined) return { key, value: flow({}), comment: 'not in the input; assumed: a VM of its own' };
    const { driver, ats, address } = vf.facts;
    const more = ats?.enabled === true ? { ats: flow({ enabled: true }) } : {};
    const where = this.placeOf(vf, 'driver');
    if (driver === undefined)
      return { key, value: flow(more), comment: `no driver is shown, ${where}; assumed: a VM of its own` };
    if (driver !== null && isVfio(driver)) {
      return {
        key,
        value: flow({ tenant: `vm-${address}`, ...more }),
        comment: `${driver}, ${where}; assumed: a VM of its own`,
      };
    }
    return { key, value: flow({ tenant: 'host', ...more }), comment: `${driver ?? 'no driver'}, ${where}` };
  }

  /** The groups that the kernel has built. */
  private kernelGroups(): readonly CommentedField[] {
    const groups = new Map<number, string[]>();
    for (const { facts } of this.facts.functions) {
      if (typeof facts.iommuGroup !== 'number') continue;
      const members = groups.get(facts.iommuGroup) ?? [];
      members.push(this.at(facts.address));
      groups.set(facts.iommuGroup, members);
    }
    if (groups.size === 0) return [];
    const types = new Map(this.facts.groups?.map(({ group, type }) => [group, type]));
    const items = [...groups]
      .toSorted(([a], [b]) => a - b)
      .map(([group, members]) => {
        const type = types.get(group);
        return flow({ group, ...(type === undefined ? {} : { type }), members: list(members) });
      });
    return [{ key: 'kernelGroups', value: { items }, comment: 'IOMMU groups as this kernel has built them' }];
  }

  private ats(fn: PlacedFunction): readonly CommentedField[] {
    const { ats } = fn.facts;
    if (ats === undefined || ats === null) return [];
    return [{ key: 'ats', value: flow({ enabled: ats.enabled }), comment: this.placeOf(fn, 'ats') }];
  }

  private placeOf(fn: PlacedFunction, name: FactName): string {
    return this.lineOf(fn.from[name] ?? fn.at);
  }

  /** The line, with its file where there are several. */
  private lineOf({ file, line }: Place): string {
    return this.names.length === 1 ? `line ${line}` : `${file}:${line}`;
  }

  /** The address without domain 0, where there is no other. */
  private at(address: string): string {
    return this.hasDomains ? address : address.slice('0000:'.length);
  }
}

/** Bits that Linux switches on at every port once an IOMMU driver has asked for them. */
const LINUX_BITS = ['SV', 'RR', 'CR', 'UF'] as const;

/**
 * Whether the control words of ports are as Linux leaves them with an IOMMU: true or false where all ports agree, undefined
 * where they do not, or too few have the capability. Ports of Intel whose word lspci does not show are left out.
 */
function hasLinuxWords(functions: readonly PlacedFunction[]): boolean | undefined {
  const words = functions.flatMap(({ facts: { type, acs, vendor, name = '' } }) => {
    const isPort = type === 'root-port' || type === 'switch-downstream';
    if (!isPort || acs === undefined || acs === null || acs.inferred === true) return [];
    if (vendor === INTEL || name.startsWith(INTEL_NAME)) return [];
    const wanted = LINUX_BITS.filter((bit) => hasBit(acs, bit));
    const on = wordsOf(acs.on);
    return wanted.length === 0 ? [] : [wanted.every((bit) => on.includes(bit))];
  });
  if (words.length < PORTS_MIN) return undefined;
  const [first] = words;
  return words.every((each) => each === first) ? first : undefined;
}

/** One port may have lost its bits in a reset. */
const PORTS_MIN = 2;
const INTEL = '8086';
const INTEL_NAME = 'Intel ';

function acceleratorFields(accelerator: Accelerator | undefined): readonly CommentedField[] {
  if (accelerator === undefined) return [];
  const { kind, version, by } = accelerator;
  return [
    { key: 'kind', value: kind, comment: by },
    { key: 'version', value: version, comment: 'by its revision' },
  ];
}

function barList(bars: readonly Bar[]): CommentedList {
  return list(bars.map(({ bar, at, size }) => flow({ bar, at, size: formatBytes(size) })));
}

function list(items: readonly CommentedValue[]): CommentedList {
  return { items, flow: true };
}

/** Types of the Express capability as a topology has them. */
const FUNCTION_EXPRESS: Readonly<Partial<Record<NonNullable<FunctionFacts['type']>, string>>> = {
  endpoint: 'endpoint',
  'legacy-endpoint': 'legacy-endpoint',
  rciep: 'integrated-endpoint',
  'event-collector': 'event-collector',
  conventional: 'none',
};

function functionExpress({ facts: { type } }: PlacedFunction): readonly CommentedField[] {
  const express = type === undefined ? undefined : FUNCTION_EXPRESS[type];
  return express === undefined ? [] : [{ key: 'express', value: express }];
}

function bridgeExpress({ facts: { type } }: PlacedFunction): readonly CommentedField[] {
  return [{ key: 'express', value: type === 'conventional' || type === undefined ? 'none' : type }];
}

/** Bit 7 of the header, which only configuration space shows. */
function multifunction({ facts }: PlacedFunction): readonly CommentedField[] {
  return facts.multifunction === undefined ? [] : [{ key: 'multifunction', value: facts.multifunction }];
}

function idField({ facts: { vendor, device, revision } }: PlacedFunction): readonly CommentedField[] {
  if (vendor === undefined || device === undefined) return [];
  return [{ key: 'id', value: `${vendor}:${device}${revision === undefined ? '' : ` rev ${revision}`}` }];
}

function wordsOf(bits: string): readonly string[] {
  return bits.split(' ').filter((each) => each !== '');
}

function hasBit({ can }: AcsFacts, bit: string): boolean {
  return wordsOf(can).includes(bit);
}

/** What a terminal would obey, or not show. */
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001F\u007F-\u009F\u2028\u2029\uFEFF]/g;
const NAME_MAX = 120;

/** Names come from a text of anybody's. */
function cleanName(name = ''): string {
  return name.replaceAll(UNPRINTABLE, '').trim().slice(0, NAME_MAX);
}

/**
 * The kind of an accelerator's PF whose hardware is known: by its ID, or, where no IDs are printed, by its maker's name and the
 * ID that its SR-IOV capability has for its VFs.
 */
function acceleratorOf({ vendor, device, revision, physfn, name = '', sriov }: FunctionFacts): Accelerator | undefined {
  if (revision === undefined || typeof physfn === 'string') return undefined;
  const version = versionOfRevision(Number.parseInt(revision, 16));
  if (version === undefined) return undefined;
  const isOf = (id: string | undefined, which: 'pfDeviceId' | 'vfDeviceId') => (kind: AcceleratorKind) =>
    id !== undefined && ACCELERATORS[kind][which] === Number.parseInt(id, 16);
  if (vendor !== undefined) {
    const kind = vendor === HUAWEI ? keysOf(ACCELERATORS).find(isOf(device, 'pfDeviceId')) : undefined;
    return kind === undefined ? undefined : { kind, version, by: 'by its ID' };
  }
  const kind = name.startsWith(HUAWEI_NAME)
    ? keysOf(ACCELERATORS).find(isOf(sriov?.vfDevice, 'vfDeviceId'))
    : undefined;
  return kind === undefined ? undefined : { kind, version, by: 'inferred from the device ID of its VFs' };
}

interface Accelerator {
  readonly kind: AcceleratorKind;
  readonly version: HardwareVersion;
  /** How that is known. */
  readonly by: string;
}
