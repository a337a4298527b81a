/**
 * A topology with other answers to what nobody has said of the hardware: the same server otherwise, made without reading its
 * document again.
 */
import { keysOf } from '../base/keys.ts';
import type { InternalRouting } from './topology-file.ts';
import { ATS, P2P, ROUTING, type Topology } from './topology.ts';

/** A field of the document by its path, and what it would say. */
export interface Answer {
  readonly path: string;
  readonly value: string | boolean;
}

/** Fields that can be answered in this way, by the end of their paths. */
type AnsweredField =
  | 'rootComplex.p2p'
  | 'iommu.reflectsToMmio'
  | 'turnaround'
  | 'internalRouting'
  | 'ats.guestChooses'
  | 'slot';

/**
 * @param answers with paths of fields that the document leaves out; those of `ats` say that the guest does not choose
 */
export function withAnswers(topology: Topology, answers: readonly Answer[]): Topology {
  const changed = {
    ...topology,
    turnsBack: topology.turnsBack.slice(),
    routing: topology.routing.slice(),
    ats: topology.ats.slice(),
    nodes: topology.nodes.slice(),
  };
  const devices = new Map(topology.nodes.map(({ path, index }) => [path, index]));
  const put: Readonly<Record<AnsweredField, (holder: string, value: string | boolean) => void>> = {
    'rootComplex.p2p': (_, value) => {
      changed.p2p = P2P[value as keyof typeof P2P];
    },
    'iommu.reflectsToMmio': (_, value) => {
      changed.reflects = value === true;
    },
    turnaround: (_, value) => {
      for (const { index, document } of topology.nodes) {
        const isPort = document.kind === 'root-port' || document.kind === 'downstream-port';
        if (isPort && document.turnaround === undefined) changed.turnsBack[index] = value === 'loopback' ? 1 : 0;
      }
    },
    internalRouting: (holder, value) => {
      changed.routing[devices.get(holder)!] = ROUTING[value as InternalRouting];
    },
    slot: (holder, value) => {
      const index = devices.get(holder)!;
      const node = changed.nodes[index]!;
      if (node.document.kind === 'root-port')
        changed.nodes[index] = { ...node, document: { ...node.document, slot: value === true } };
    },
    'ats.guestChooses': (holder, value) => {
      for (const fn of functionsAt(topology, holder)) {
        if (changed.ats[fn] !== ATS.off) changed.ats[fn] = value === true ? ATS.guestChooses : ATS.handedOut;
      }
    },
  };
  const fields = keysOf(put);
  for (const { path, value } of answers) {
    const field = fields.find((each) => path === each || path.endsWith(`.${each}`));
    if (field !== undefined) put[field](path.slice(0, -field.length - 1), value);
  }
  return changed;
}

/** Functions whose settings stand at a path: a physical function, all VFs of one that say nothing else, or one VF. */
function functionsAt({ functions }: Topology, path: string): readonly number[] {
  const [, sriov, number] = /^(.*\.sriov)\.(?:all|each\.(\d+))$/.exec(path) ?? [];
  return functions
    .filter((fn) => {
      if (fn.path !== (sriov ?? path)) return false;
      if (sriov === undefined) return fn.pf === undefined;
      if (number !== undefined) return fn.vfNumber === Number(number);
      return fn.document.sriov?.each[fn.vfNumber]?.ats === undefined;
    })
    .map(({ index }) => index);
}
