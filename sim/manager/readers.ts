/**
 * Fields that one VMM or some managers read, and no other: given for another they are refused, since they would have no effect.
 *
 * Facts about hosts and VMs (kernel, IOMMU, memory) hold under every VMM, and are none of these.
 */
import { type VmmName, VMMS } from '../memory/vmms.ts';
import type { ManagerId } from './vmms.ts';

/** What reads a field; left out: whichever it is. */
interface Readers {
  readonly vmm?: VmmName;
  readonly managers?: readonly ManagerId[];
}

const READERS = {
  qemu: { vmm: 'qemu' },
  cloudHypervisor: { vmm: 'cloud-hypervisor' },
  managerVersion: { managers: ['libvirt', 'kubevirt', 'nova', 'proxmox'] },
  libvirtVersion: { managers: ['kubevirt', 'nova'] },
  kubevirt: { managers: ['kubevirt'] },
  nova: { managers: ['nova'] },
  proxmox: { managers: ['proxmox'] },
} as const satisfies Readonly<Record<string, Readers>>;

/** How a manager knows a device matters to those that have tests of it. */
const ATTACHED_READERS = { managers: ['kubevirt', 'nova'] } as const satisfies Readers;

type ReadField = keyof typeof READERS;

/** A document, as far as it says what reads it; whether a field is given matters, and no value. */
export type Read = { readonly [Field in ReadField]?: unknown } & {
  readonly vmm: VmmName;
  readonly manager?: ManagerId | undefined;
  readonly devices?: readonly { readonly attachedAs?: unknown }[];
};

/** A field that is given, and nothing in force reads. */
export interface UnreadField {
  readonly path: readonly (string | number)[];
  /** The path as it is written: `devices[0].attachedAs`. */
  readonly field: string;
  readonly why: string;
  readonly hint: string;
}

function isRead({ vmm, managers }: Readers, by: Pick<Read, 'vmm' | 'manager'>): boolean {
  return (vmm === undefined || vmm === by.vmm) && (managers?.includes(by.manager ?? 'none') ?? true);
}

function whyUnread(
  { vmm, managers = [] }: Readers,
  by: Pick<Read, 'vmm' | 'manager'>,
): Pick<UnreadField, 'why' | 'hint'> {
  if (vmm !== undefined) {
    return {
      why: `only ${VMMS[vmm].title} reads it, and vmm is ${by.vmm}`,
      hint: `Leave it out, or write vmm: ${vmm}.`,
    };
  }
  const names = managers.join(', ');
  const manager = by.manager ?? 'none';
  return {
    why: `it is read under manager ${names} only, and manager is ${manager}`,
    hint: `Leave it out, or give that manager.`,
  };
}

/** Whether the VMM and the manager of a document read that field. */
export function readsField(field: string, by: Pick<Read, 'vmm' | 'manager'>): boolean {
  return !(field in READERS) || isRead(READERS[field as ReadField], by);
}

/** The fields of a document that nothing in force reads, in the order of the table. */
export function unreadFields(document: Read): readonly UnreadField[] {
  const found: UnreadField[] = [];
  for (const [field, readers] of Object.entries(READERS) as [ReadField, Readers][]) {
    if (document[field] !== undefined && !isRead(readers, document))
      found.push({ path: [field], field, ...whyUnread(readers, document) });
  }
  for (const [index, { attachedAs }] of (document.devices ?? []).entries()) {
    if (attachedAs !== undefined && !isRead(ATTACHED_READERS, document))
      found.push({
        path: ['devices', index, 'attachedAs'],
        field: `devices[${index}].attachedAs`,
        ...whyUnread(ATTACHED_READERS, document),
      });
  }
  return found;
}

/** A document without the fields that nothing in force reads. */
export function withoutUnread<Document extends Read>(document: Document): Document {
  const unread = new Set(unreadFields(document).map(({ path }) => path[0]));
  const kept = Object.fromEntries(
    Object.entries(document).filter(([field]) => !unread.has(field) || field === 'devices'),
  );
  return kept as Document;
}
