/**
 * What managers refuse before a VMM is asked: KubeVirt, Nova and Proxmox have tests of their own.
 */
import type { Decided } from './can-answer.ts';
import { type Given, type GivenDevice, libvirtOf, releaseOf } from './given.ts';
import { isAtLeast } from './release.ts';
import { refusalText, type TextId, TEXTS } from './texts.ts';
import { NOVA_NEEDS } from './vmms.ts';

/** @returns the refusal, or null: the VMM decides */
export function refusedByManager(given: Given): Decided | null {
  switch (given.question.manager) {
    case 'kubevirt':
      return kubevirt(given);
    case 'nova':
      return nova(given);
    case 'proxmox':
      return proxmox(given);
    default:
      return null;
  }
}

function kubevirt(given: Given): Decided | null {
  const refuse = (text: TextId, why: string, change: string): Decided =>
    refusal(given, 'KubeVirt', 'condition LiveMigratable of the VMI', text, why, change);
  const { vgpuLiveMigration, permittedMdev } = given.question.kubevirt;
  if (given.devices.some(({ attachedAs }) => attachedAs === 'hostDevice')) {
    const why = 'KubeVirt moves no VMI with a generic host device, whatever its driver offers.';
    return refuse('kvHostDevice', why, 'Detach the host devices for the move; there is no setting that permits it.');
  }
  const gpus = given.devices.filter(({ attachedAs }) => attachedAs === 'gpu');
  if (gpus.length > 1) {
    return refuse('kvGpus', 'The VMI has more than one GPU.', 'Give the VMI one GPU.');
  }
  if (gpus.length === 1 && !vgpuLiveMigration) {
    const why = 'The feature gate VGPULiveMigration is off, as it is by default.';
    return refuse('kvGpuGate', why, 'Switch on the feature gate VGPULiveMigration (Alpha).');
  }
  if (gpus.length === 1 && (gpus[0]!.driver !== 'mdev' || !permittedMdev)) {
    const why = 'The GPU is no mediated device of the permitted list.';
    return refuse('kvGpu', why, 'Use a mediated device of the permitted list.');
  }
  return null;
}

function nova(given: Given): Decided | null {
  const devices = given.devices.filter(({ attachedAs }) => attachedAs !== 'network');
  const old = (kind: 'pci' | 'mdev'): boolean =>
    !isAtLeast(given.vmm, NOVA_NEEDS[kind].qemu) ||
    !isAtLeast(releaseOf(libvirtOf(given.question) ?? 'main'), NOVA_NEEDS[kind].libvirt);
  const asks = ({ pci }: { pci: boolean }): boolean => devices.some(({ driver }) => (driver === 'mdev') !== pci);
  const said = given.question.nova.liveMigratable === 'yes';
  if (asks({ pci: true }) && said && old('pci')) {
    const why = 'Live-migratable PCI devices need libvirt 10.0.0 and QEMU 8.2.2 or newer.';
    const change = 'Use libvirt 10.0.0 and QEMU 8.2.2 or newer.';
    return refusal(given, 'Nova', 'start of the compute service', 'novaOld', why, change);
  }
  if (asks({ pci: true }) && !said) {
    const why = "The flavor's PCI request does not ask for live-migratable devices.";
    const change = 'Set live_migratable=yes in the PCI alias, and in device_spec of the hosts.';
    return refusal(given, 'Nova', 'MigrationPreCheckError', 'novaAlias', why, change);
  }
  if (asks({ pci: false }) && old('mdev')) {
    const why = 'Mediated devices need libvirt 8.6.0 and QEMU 8.1.0 or newer, on both hosts.';
    return refusal(
      given,
      'Nova',
      'MigrationPreCheckError, in part',
      'novaMdev',
      why,
      'Use libvirt 8.6.0 and QEMU 8.1.0 or newer.',
    );
  }
  return null;
}

function proxmox(given: Given): Decided | null {
  const { mapped, liveMigrationCapable } = given.question.proxmox;
  const { devices } = given;
  if (devices.length === 0) return null;
  const names = (suffix: string): string => devices.map((_: GivenDevice, i) => `hostpci${i}${suffix}`).join(', ');
  if (!mapped) {
    const why = 'The devices are local to the host: no resource mapping names them.';
    const change = 'Make a resource mapping for the devices, with live-migration-capable set.';
    return refusal(given, 'Proxmox VE', 'error of the task', 'pveLocal', why, change, { devices: names('') });
  }
  if (!liveMigrationCapable) {
    const why = 'The mapping of the devices does not say live-migration-capable.';
    const change = 'Set live-migration-capable in the resource mapping.';
    return refusal(given, 'Proxmox VE', 'error of the task', 'pveMapped', why, change, { devices: names(':NAME') });
  }
  return null;
}

function refusal(
  given: Given,
  by: 'KubeVirt' | 'Nova' | 'Proxmox VE',
  where: string,
  text: TextId,
  why: string,
  change: string,
  blanks: Readonly<Record<string, string>> = {},
): Decided {
  return {
    outcome: 'refused',
    condition: text,
    why,
    messages: [{ by, where, text: refusalText(text, blanks) }],
    change: [change],
    notes: given.notes,
    facts: [TEXTS[text], ...given.facts],
  };
}
