/**
 * No field of a topology is a silent no-op in `stopcopy isolation`: for each there is a shipped topology whose answers, or
 * whose refusal, become others when that field alone is changed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { examineDocument } from '../../../bench/studies/isolation/examine.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { topologySchema } from '../../../sim/pci/topology-file.ts';
import { TOPOLOGIES } from '../../../bench/studies/isolation/shipped.ts';
import { leavesOf } from '../../schema-leaves.ts';

/** Fields that decide nothing, and what they are for. */
const LABELS: Readonly<Record<string, string>> = {
  format: 'says which document it is',
  title: 'a label',
  'tree[](device).name': 'a label',
  'kernelGroups[].group': 'what the kernel has built; compared with the groups, and no part of them',
  'kernelGroups[].type': 'what the kernel has built',
  'kernelGroups[].members[]': 'what the kernel has built',
  'tree[](pci-bridge).id': 'drawn with the bridge; no row of the lists of Linux names one that changes a group here',
  'tree[](switch).id': 'drawn with the switch; no row of the lists of Linux names an upstream port',
  'tree[](root-port).externalFacing': 'drawn with the port; what Linux does there is in its control word',
  'tree[](downstream-port).externalFacing': 'drawn with the port; what Linux does there is in its control word',
};

/** Values to try, by the last word of a path; a field may also be left out. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  p2p: ['none', 'untranslated', 'translated'],
  streams: ['translate', 'bypass', 'abort'],
  stream: ['translate', 'bypass', 'abort'],
  hostPageSize: ['4KiB', '64KiB'],
  turnaround: ['loopback', 'ur'],
  internalRouting: ['upstream', 'loop-self', 'loop-any'],
  kind: ['other', 'zip'],
  version: ['V2', 'V3', 'V4'],
  id: ['19e5:a250 rev 21', '8086:1d10', '1d17:0710'],
  '*': ['75:00.0'],
  kernel: ['6.12', '7.3'],
  commandLine: ['pcie_acs_override=downstream', 'pcie_acs_override=nobody'],
  express: ['endpoint', 'pci-to-pcie-bridge', 'none'],
  override: ['SV RR CR UF', ''],
  firmware: ['EC', ''],
  window: ['vf-bar', 'pf-bar'],
  clip: ['none', 'info', 'all'],
  tenant: ['vm1', 'host', 'another'],
  can: ['SV TB RR CR UF EC DT', ''],
  on: ['SV RR CR UF', 'SV TB RR CR UF EC DT', ''],
  wired: ['SV RR CR UF', ''],
  at: ['7f:1f.7', 0x10],
  buses: ['70-7f'],
  bar: [0, 4],
  size: ['4KiB', '64MiB'],
  offset: [2, 16],
  stride: [2, 16],
  vfs: [1, 3],
  first: [0],
};

type Place = { readonly holder: Record<string, unknown>; readonly name: string };

/** Every object of a document that a pattern of fields leads to, with the name of the last. */
function places(document: unknown, path: string): readonly Place[] {
  const words = path.split('.');
  const last = words.pop()!;
  let level: readonly unknown[] = [document];
  for (const word of words) {
    level = level.flatMap((each) => below(each, word));
    // Nodes stand below nodes.
    if (word.startsWith('tree')) level = level.flatMap(nodesUnder).filter((each) => isKind(each, word));
  }
  return level.flatMap((each) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return [];
    const holder = each as Record<string, unknown>;
    const names = last === '*' ? Object.keys(holder) : [last.replace(/\[\]$/, '')];
    return names.map((name) => ({ holder, name }));
  });
}

function below(value: unknown, word: string): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (word === '*') return Object.values(value);
  const field = (value as Record<string, unknown>)[word.replace(/[[(].*$/, '')];
  if (field === undefined) return [];
  return Array.isArray(field) ? field : [field];
}

function nodesUnder(node: unknown): readonly unknown[] {
  const children = (node as { below?: readonly unknown[] }).below ?? [];
  return [node, ...children.flatMap(nodesUnder)];
}

function isKind(node: unknown, word: string): boolean {
  const kind = /\((.+)\)/.exec(word)?.[1];
  return kind === undefined || (node as { kind?: string }).kind === kind;
}

function answerTo(document: unknown): string {
  try {
    const { vfs, groups } = examineDocument(document, 'x.yaml').report;
    return JSON.stringify({ vfs, groups });
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

const FOLDER = join(import.meta.dirname, '../../../sim/pci/topologies');
const SHIPPED = TOPOLOGIES.names().map((name) => {
  const { expect: _, ...document } = parse(readFileSync(join(FOLDER, `${name}.yaml`), 'utf8')) as Record<
    string,
    unknown
  >;
  return document;
});

type Fields = Record<string, unknown>;

/** The same with what shipped ones leave out: settings that hold for all VFs. */
function withSettingsOfAll(shipped: Fields): Fields {
  const document = structuredClone(shipped);
  for (const { holder } of places(document, 'tree[](device).functions[].sriov.all')) {
    holder['all'] ??= {};
    delete holder['each'];
  }
  return document;
}

/** Translated requests of each VF by itself, and of a physical function that a VM has. */
function withOwnTranslations(shipped: Fields): Fields {
  const document = structuredClone(shipped);
  for (const { holder } of places(document, 'tree[](device).functions[].sriov.all')) {
    const { ats } = (holder['all'] ?? {}) as Fields;
    for (const each of Object.values((holder['each'] ?? {}) as Record<string, Fields>)) each['ats'] ??= ats;
    delete holder['all'];
  }
  const last = places(document, 'tree[](device).functions').at(-1);
  if (last !== undefined) {
    const [{ at }] = last.holder['functions'] as readonly [Fields];
    const bars = [{ bar: 0, at: '0x1f0000000', size: '4KiB' }];
    last.holder['functions'] = [{ at, bars, tenant: 'another', ats: { enabled: true, guestChooses: true } }];
  }
  return document;
}

const DOCUMENTS = [...SHIPPED, ...SHIPPED.map(withSettingsOfAll), ...SHIPPED.map(withOwnTranslations)].map(
  (document) => ({ document, answer: answerTo(document) }),
);

/** Whether a change of that field alone shows in any topology. */
function isRead(path: string): boolean {
  const name = path
    .split('.')
    .at(-1)!
    .replace(/\[\].*$/, '');
  return DOCUMENTS.some(({ document, answer }) => {
    const count = places(document, path).length;
    for (let place = 0; place < count; place++) {
      for (const value of [...(VALUES[name] ?? [true, false]), undefined]) {
        const changed = structuredClone(document);
        const { holder, name: field } = places(changed, path)[place]!;
        if (value === undefined) delete holder[field];
        else holder[field] = path.endsWith('[]') ? [value] : value;
        if (answerTo(changed) !== answer) return true;
      }
    }
    return false;
  });
}

describe('a change of it alone changes an answer', () => {
  const fields = leavesOf(topologySchema).filter((path) => !path.startsWith('expect'));
  test.each(fields.filter((path) => LABELS[path] === undefined))('%s', (path) => expect(isRead(path)).toBe(true));
  test('labels are fields', () => expect(fields).toEqual(expect.arrayContaining(Object.keys(LABELS))));
});
