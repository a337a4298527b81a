/**
 * Isolation documents: trees with the ways of requests, and who reaches what.
 */
import { z } from 'zod';

import { KERNELS } from '../../../sim/pci/acs-quirks.ts';
import { BACKENDS, DOOR_STATES } from '../../../sim/pci/doors.ts';
import { GROUP_REMEDIES } from '../../../sim/pci/group-remedy.ts';
import { GROUP_RULES } from '../../../sim/pci/groups.ts';
import { HAZARDS, POLICIES, REACHES } from '../../../sim/pci/policy.ts';
import { BAR_VARIANTS } from '../../../sim/vfio/bar-reach.ts';
import { ISOLATION_FORMAT, ISOLATION_VERSION, type IsolationDocument, STAKES, VERDICT_MEANINGS } from './document.ts';
import { importFindingSchema } from '../import/document.ts';
import { isolationSection } from './page.ts';
import type { TreeNode } from './tree.ts';
import { reportKind } from '../kind-reader.ts';
import { keysOf } from '../../../sim/base/keys.ts';

const policy = z.enum(POLICIES);
const variant = z.enum(keysOf(BAR_VARIANTS));
const verdict = z.enum(keysOf(VERDICT_MEANINGS));
const answer = z.enum([...REACHES, 'n/a']);
const range = z.looseObject({ start: z.number(), end: z.number() });

const treeNode: z.ZodType<TreeNode> = z.lazy(() =>
  z.looseObject({
    key: z.string(),
    label: z.string(),
    notes: z.string(),
    children: z.array(treeNode),
    members: z.array(z.string()).optional(),
  }),
);

const reach = z.looseObject({
  variant,
  pageBytes: z.number(),
  toldBytes: z.number(),
  read: z.array(range),
  write: z.array(range),
  mmap: z.array(range),
  dma: z.array(range),
  control: range.nullable(),
  controlByCpu: z.boolean(),
  controlByDma: z.boolean(),
});

const path = z.looseObject({
  hazard: z.enum(HAZARDS),
  privileged: z.boolean(),
  possible: z.boolean(),
  stake: z.enum(keysOf(STAKES)),
  from: z.string(),
  fromTenant: z.string(),
  to: z.string().nullable(),
  toTenant: z.string().nullable(),
  request: z.string(),
  hops: z.array(z.looseObject({ at: z.string(), did: z.string(), because: z.string().nullable() })),
});

const decision = z.looseObject({
  policy,
  verdict,
  why: z.string(),
  reasons: z.array(z.string()),
  dependsOnClip: z.boolean(),
  notes: z.array(z.string()),
  remedy: z
    .looseObject({
      kind: z.enum(['changes', 'impossible', 'unknown']),
      changes: z.array(z.string()),
      why: z.string().nullable(),
    })
    .nullable(),
});

const vf = z.looseObject({
  address: z.string(),
  tenant: z.string(),
  integrated: z.boolean(),
  group: z.number(),
  cpu: z.looseObject({ variant, reachesControl: z.boolean(), reach }).nullable(),
  dma: z.looseObject({ self: answer, other: answer }),
  possible: z.looseObject({ self: answer, other: answer }),
  paths: z.array(path),
  decisions: z.array(decision),
  opens: z.looseObject({ ok: z.boolean(), why: z.string().nullable() }),
});

const loadsIf = z.looseObject({
  policy,
  vfs: z.array(z.string()),
  conditions: z.array(
    z.looseObject({
      field: z.string(),
      of: z.string(),
      value: z.union([z.string(), z.boolean()]),
      places: z.int().min(1),
      question: z.string(),
      ask: z.string(),
    }),
  ),
});

const openRemedies = z.looseObject({
  group: z.int().min(0),
  closed: z.array(z.string()),
  why: z.string(),
  remedies: z.array(z.looseObject({ kinds: z.array(z.enum(GROUP_REMEDIES)), changes: z.array(z.string()) })),
  whyNone: z.string().nullable(),
});

const door = z.looseObject({
  door: z.string(),
  by: z.string(),
  since: z.string(),
  state: z.enum(DOOR_STATES),
  why: z.string(),
  source: z.string(),
});

const namedGroups = z.array(z.looseObject({ group: z.int().min(0), members: z.array(z.string()) }));

const kernelGroups = z.looseObject({
  compared: z.int().min(0),
  same: z.int().min(0),
  differences: z.array(z.looseObject({ kernel: namedGroups, rules: namedGroups, why: z.string() })),
  notCompared: z.array(z.string()),
});

export const isolationSchema: z.ZodType<IsolationDocument> = z.looseObject({
  format: z.literal(ISOLATION_FORMAT),
  version: z.literal(ISOLATION_VERSION),
  stopcopy: z.string(),
  policy: policy.nullable(),
  topologies: z.array(
    z.looseObject({
      file: z.string(),
      title: z.string(),
      hostPageBytes: z.number(),
      vfs: z.array(vf),
      hostVfs: z.int().min(0),
      groups: z.array(z.looseObject({ number: z.number(), members: z.array(z.string()) })),
      kernel: z.enum(KERNELS),
      rule: z.enum(GROUP_RULES),
      overridden: z.array(z.string()),
      splits: z.array(z.array(z.string())),
      numbersOfKernel: z.boolean().default(false),
      gap: z.string().nullable().default(null),
      tree: treeNode,
      assumed: z.array(z.looseObject({ path: z.string(), value: z.unknown() })),
      imported: z.array(importFindingSchema),
      loadsIf: z.array(loadsIf),
      openRemedies: z.array(openRemedies),
      backend: z.enum(BACKENDS),
      doors: z.array(door),
      kernelGroups: kernelGroups.nullable(),
    }),
  ),
});

export const ISOLATION_KIND = reportKind({
  format: ISOLATION_FORMAT,
  schema: isolationSchema,
  section: isolationSection,
});
