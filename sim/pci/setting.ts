/**
 * Settings of a server that decide where a request goes and that its operator can change; hardware is not among them.
 */
import { ACS, ACS_BITS } from './acs.ts';
import { domainsOf } from './domain.ts';
import { ATS, functionLabel, nodeLabel, STREAM, type Topology } from './topology.ts';

/** One setting, by what it belongs to. `place` is a node for ports, else a function; `detail` an ACS bit or a node. */
export interface Setting {
  readonly of: 'port-acs' | 'egress' | 'function-acs' | 'stream' | 'ats' | 'clip';
  readonly place: number;
  readonly detail: number;
}

/** A setting with the value that it gets. */
export interface Change {
  readonly setting: Setting;
  readonly on: boolean;
}

export function settingKey({ of, place, detail }: Setting): string {
  return `${of} ${place} ${detail}`;
}

/**
 * What can be done about a setting so that fewer requests get through, or undefined when nothing can: it is so already,
 * or the hardware lacks it. DT lets requests pass and is switched off; EC bars some and lets others pass, so it
 * goes either way; the other bits are switched on. A function's ACS is its PF's.
 */
export function remedyOf(topology: Topology, setting: Setting): Change | undefined {
  const { of, place, detail } = setting;
  const remedies: Readonly<Record<Setting['of'], () => boolean>> = {
    'port-acs': () => bitHelps(detail, topology.portAcs[place]!, portCapability(topology, place)),
    'function-acs': () =>
      bitHelps(detail, topology.functionAcs[place]!, topology.functions[place]!.document.acs?.can ?? 0),
    egress: () => !isEgressSet(topology, place, detail),
    stream: () => topology.stream[place] === STREAM.bypass,
    ats: () => topology.ats[place] !== ATS.off,
    clip: () => topology.clipped[place] === 0,
  };
  if (!remedies[of]()) return undefined;
  if (of !== 'port-acs' && of !== 'function-acs') return { setting, on: of !== 'ats' };
  const bits = of === 'port-acs' ? topology.portAcs[place]! : topology.functionAcs[place]!;
  return { setting, on: (bits & detail) === 0 };
}

function portCapability(topology: Topology, port: number): number {
  const node = topology.nodes[port]!.document;
  return node.kind === 'device' || node.kind === 'pci-bridge' ? 0 : (node.acs?.can ?? 0);
}

function bitHelps(bit: number, bits: number, can: number): boolean {
  if ((can & bit) === 0) return false;
  return bit === ACS.EC || ((bits & bit) !== 0) === (bit === ACS.DT);
}

/** Whether the port's egress vector has the bit of another port. */
function isEgressSet(topology: Topology, port: number, target: number): boolean {
  return topology.egress[port]?.[topology.nodePosition[target]!] === 1;
}

/** The same server with some settings changed; the given topology stays as it is. */
export function withChanges(topology: Topology, changes: readonly Change[]): Topology {
  const changed = {
    ...topology,
    portAcs: topology.portAcs.slice(),
    egress: [...topology.egress],
    functionAcs: topology.functionAcs.slice(),
    stream: topology.stream.slice(),
    ats: topology.ats.slice(),
    clipped: topology.clipped.slice(),
  };
  for (const { setting, on } of changes) {
    const { of, place, detail } = setting;
    switch (of) {
      case 'port-acs':
        changed.portAcs[place] = on ? changed.portAcs[place]! | detail : changed.portAcs[place]! & ~detail;
        break;
      case 'function-acs':
        for (const { index, pf } of topology.functions) {
          if (index !== place && pf !== place) continue;
          changed.functionAcs[index] = on
            ? changed.functionAcs[index]! | detail
            : changed.functionAcs[index]! & ~detail;
        }
        break;
      case 'egress': {
        const siblings = topology.nodePosition.length;
        const vector = Uint8Array.from(changed.egress[place] ?? new Uint8Array(Math.min(siblings, 0x10000)));
        vector[topology.nodePosition[detail]!] = on ? 1 : 0;
        changed.egress[place] = vector;
        break;
      }
      case 'stream':
        changed.stream[place] = on ? STREAM.translate : STREAM.bypass;
        break;
      case 'ats':
        changed.ats[place] = on ? ATS.guestChooses : ATS.off;
        break;
      case 'clip':
        changed.clipped[place] = on ? 1 : 0;
        break;
    }
  }
  // Only clips decide what is mapped, of all settings.
  const isClip = changes.some(({ setting }) => setting.of === 'clip');
  return isClip ? { ...changed, domains: domainsOf(changed) } : changed;
}

/** A change in a sentence: `switch on UF of downstream port 0000:02:01.0`. */
export function changeText(topology: Topology, { setting, on }: Change): string {
  const { of, place, detail } = setting;
  const bit = ACS_BITS.find((name) => ACS[name] === detail) ?? '';
  const onOff = on ? 'on' : 'off';
  const fn = (): string => functionLabel(topology, place);
  const texts: Readonly<Record<Setting['of'], () => string>> = {
    'port-acs': () => `switch ${onOff} ${bit} of ${nodeLabel(topology, place)}`,
    'function-acs': () => `switch ${onOff} ${bit} of function ${fn()}`,
    egress: () => `set the bit of ${nodeLabel(topology, detail)} in the egress vector of ${nodeLabel(topology, place)}`,
    stream: () => `let the IOMMU translate for function ${fn()}`,
    ats: () => `switch off ATS of function ${fn()}`,
    clip: () => `stop info, access and mmap of VF ${fn()} at the half of its BAR`,
  };
  return texts[of]();
}
