/**
 * A topology as text, for the message of a test that fails.
 */
import { formatAcsBits } from '../../../sim/pci/acs.ts';
import { formatAddress, formatHex } from '../../../sim/pci/address.ts';
import type { NodeDocument, TopologyDocument } from '../../../sim/pci/topology-file.ts';

/** One line for each node and function; what is at its default is left out. */
export function picture(document: TopologyDocument): string {
  const { rootComplex, iommu, hostPageSize, turnaround, tenants } = document;
  const lines = [
    `root complex p2p ${rootComplex.p2p}; IOMMU ${iommu.streams}, ${iommu.reflectsToMmio ? 'reflects' : 'does not reflect'}; pages ${hostPageSize}; turnaround ${turnaround}`,
  ];
  for (const node of document.tree) draw(node, '  ', lines);
  for (const [name, each] of Object.entries(tenants)) {
    const sysfs = each.sysfs.map(({ at, size }) => `${formatHex(at)}+${formatHex(size)}`);
    lines.push(
      `  ${name}: ${each.mapsBars ? 'maps BARs' : 'maps no BARs'}${sysfs.length > 0 ? `, sysfs ${sysfs.join(' ')}` : ''}`,
    );
  }
  return lines.join('\n');
}

function draw(node: NodeDocument, indent: string, lines: string[]): void {
  if (node.kind !== 'device') {
    const range = `${node.buses.secondary.toString(16)}-${node.buses.subordinate.toString(16)}`;
    let bits = '';
    if (node.kind === 'root-port' || node.kind === 'downstream-port') {
      const egress = node.acs?.egress.map(formatAddress).join(' ') ?? '';
      bits =
        node.acs === undefined
          ? ' no ACS'
          : ` on ${formatAcsBits(node.acs.on)} wired ${formatAcsBits(node.acs.wired)} can ${formatAcsBits(node.acs.can ?? 0)} [${egress}]`;
      bits += node.turnaround === undefined ? '' : ` turnaround ${node.turnaround}`;
    }
    lines.push(`${indent}${node.kind} ${formatAddress(node.at)} [${range}]${bits}`);
    for (const each of node.below) draw(each, `${indent}  `, lines);
    return;
  }
  lines.push(`${indent}device ${node.internalRouting}`);
  for (const { at, kind, version, driver, acs, sriov, bars, ...rest } of node.functions) {
    const bits = acs === undefined ? '' : ` ACS on ${formatAcsBits(acs.on)}`;
    const place = bars.map((bar) => formatHex(bar.at)).join(' ');
    lines.push(
      `${indent}  PF ${formatAddress(at)} ${kind} ${version ?? ''} driver ${driver ?? 'by tenant'}${bits} ${place} ${JSON.stringify(rest)}`,
    );
    if (sriov === undefined) continue;
    const vfBars = sriov.bars.map((bar) => `${formatHex(bar.at)}+${formatHex(bar.size)}`).join(' ');
    lines.push(`${indent}    ${sriov.vfs} VFs from ${formatAddress(at + sriov.offset)} ${sriov.window} ${vfBars}`);
    for (const [n, settings] of Object.entries(sriov.each))
      lines.push(`${indent}      VF ${n} ${JSON.stringify(settings)}`);
  }
}
