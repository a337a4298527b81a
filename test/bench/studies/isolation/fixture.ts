/**
 * An isolation document as a real examination would give it, with invented places.
 */
import { doorsOf } from '../../../../sim/pci/doors.ts';
import {
  type IsolationDocument,
  ISOLATION_FORMAT,
  ISOLATION_VERSION,
  type VfIsolation,
} from '../../../../bench/documents/isolation/document.ts';
import type { TreeNode } from '../../../../bench/documents/isolation/tree.ts';
import { reachOf } from '../../../../sim/vfio/bar-reach.ts';

const PORT = '0000:02:00.0';
const DEVICE = 'device 0000:03:00.0';

function node(key: string, label: string, notes: string, ...children: readonly TreeNode[]): TreeNode {
  return { key, label, notes, children };
}

export function fixtureTree(): TreeNode {
  return node(
    'root complex',
    'root complex with IOMMU',
    'streams: translate',
    node(
      '0000:00:01.0',
      '0000:00:01.0 root port',
      'ACS on: SV RR CR UF',
      node(
        PORT,
        `${PORT} downstream port`,
        'no ACS',
        node(
          DEVICE,
          'device "card <1>"',
          'sends everything upstream',
          node('0000:03:00.1', '0000:03:00.1 VF 1', 'of vm1'),
          node('0000:03:00.2', '0000:03:00.2 VF 2', 'of vm2'),
        ),
      ),
    ),
  );
}

function fixtureVf(address: string, tenant: string, other: readonly [address: string, tenant: string]): VfIsolation {
  const path = (from: string, fromTenant: string, hazard: 'self' | 'other') => ({
    hazard,
    privileged: false,
    possible: true,
    stake: hazard === 'self' ? ('own-image' as const) : ('other-image' as const),
    from,
    fromTenant,
    to: address,
    toTenant: tenant,
    request: 'a write to 0x90008000, untranslated',
    hops: [
      { at: from, did: 'sends it', because: null },
      { at: DEVICE, did: 'sends it out', because: 'internalRouting upstream' },
      { at: PORT, did: 'sends it back down, to its own side', because: 'UF off' },
      { at: address, did: 'takes it into its BAR2', because: null },
    ],
  });
  const decision = { reasons: [], dependsOnClip: false, notes: [], remedy: null };
  return {
    address,
    tenant,
    integrated: false,
    group: 0,
    cpu: { variant: 'merged', reachesControl: false, reach: reachOf('merged', 4096) },
    dma: { self: 'yes', other: 'yes' },
    possible: { self: 'yes', other: 'yes' },
    paths: [path(address, tenant, 'self'), path(...other, 'other')],
    decisions: [
      {
        ...decision,
        policy: 'upstream',
        verdict: 'load-clipped',
        why: 'Linux asks for no topology',
        dependsOnClip: true,
      },
      {
        ...decision,
        policy: 'thread',
        verdict: 'refuse',
        why: 'it is no integrated endpoint',
        reasons: ['it is no integrated endpoint'],
        remedy: { kind: 'impossible', changes: [], why: 'a card stays a card' },
      },
      {
        ...decision,
        policy: 'on-die',
        verdict: 'refuse',
        why: 'it is below a switch',
        reasons: ['it is below a switch'],
        remedy: { kind: 'impossible', changes: [], why: 'a card stays a card' },
      },
      {
        ...decision,
        policy: 'proof',
        verdict: 'refuse',
        why: `it reaches its own control area: UF off at ${PORT}`,
        reasons: [`it reaches its own control area: UF off at ${PORT}`, 'so do others'],
        remedy: { kind: 'changes', changes: [`switch on UF of downstream port ${PORT}`], why: null },
      },
    ],
    opens: tenant === 'vm1' ? { ok: true, why: null } : { ok: false, why: 'vm1 has opened the group already' },
  };
}

export function fixtureDocument(changes: Partial<IsolationDocument['topologies'][number]> = {}): IsolationDocument {
  return {
    format: ISOLATION_FORMAT,
    version: ISOLATION_VERSION,
    stopcopy: '0.1.0',
    policy: null,
    topologies: [
      {
        file: 'card.yaml',
        title: 'A card <below> a switch',
        hostPageBytes: 4096,
        vfs: [
          fixtureVf('0000:03:00.1', 'vm1', ['0000:03:00.2', 'vm2']),
          fixtureVf('0000:03:00.2', 'vm2', ['0000:03:00.1', 'vm1']),
        ],
        hostVfs: 0,
        groups: [{ number: 0, members: [`downstream port ${PORT}`, '0000:03:00.1', '0000:03:00.2'] }],
        kernel: '7.3',
        rule: 'linux',
        overridden: [],
        splits: [],
        numbersOfKernel: false,
        tree: fixtureTree(),
        imported: [],
        gap: null,
        loadsIf: [],
        openRemedies: [
          {
            group: 0,
            closed: ['0000:03:00.2'],
            why: 'vm1 has opened the group already',
            remedies: [{ kinds: ['one-vm'], changes: ['give 0000:03:00.1, 0000:03:00.2 to one VM'] }],
            whyNone: null,
          },
        ],
        backend: 'type1',
        doors: doorsOf({ kernel: '7.3', backend: 'type1', clip: 'all' }),
        kernelGroups: null,
        assumed: [{ path: 'turnaround', value: 'loopback' }],
        ...changes,
      },
    ],
  };
}
