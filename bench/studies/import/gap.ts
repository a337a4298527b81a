/**
 * What a text of a machine does not show though an answer about isolation rests on it: where it was cut, capabilities that were
 * denied or are not printed, functions that should be there. A gate that could not read its input does not pass.
 */
import { countOf } from '../../../sim/base/units.ts';
import {
  addressAt,
  domainOf,
  type FunctionFacts,
  type MachineFacts,
  requesterIdOf,
} from '../../import/machine/facts.ts';
import { isVfio } from '../../import/machine/drivers.ts';

const NAMED_MAX = 4;
const NAMED_VF = /\bVirtual Function\b/i;

/**
 * Why a machine is not known whole: a sentence without its end; null where it is.
 *
 * @param facts of one machine, of all its files
 */
export function gapOf(facts: MachineFacts): string | null {
  const gaps = [...cutGap(facts), ...capabilityGap(facts), ...vfGap(facts)];
  return gaps.length === 0 ? null : gaps.join('; ');
}

function cutGap({ cut, functions }: MachineFacts): readonly string[] {
  if (cut === null) return [];
  const before = functions.filter(({ at }) => at.file === cut.file && at.line <= cut.line);
  const last = before.toSorted((a, b) => a.at.line - b.at.line).at(-1);
  const within = last === undefined ? '' : `, in or after what it has of ${last.facts.address}`;
  return [`the text of ${cut.file} ends before its end at line ${cut.line}${within}`];
}

function capabilityGap({ privileged, functions }: MachineFacts): readonly string[] {
  const dark = functions.map(({ facts }) => facts).filter(({ acs, sriov }) => acs === undefined || sriov === undefined);
  if (dark.length === 0) return [];
  const vfs = dark.filter(isLikeVf);
  const count = dark.length === functions.length ? 'all functions' : `${dark.length} of ${functions.length} functions`;
  const whose = dark.length <= NAMED_MAX ? named(dark) : count;
  const why = privileged === false ? ' (lspci shows them to root alone)' : '';
  const names = vfs.length === 0 ? '' : ` (by name or driver ${named(vfs)})`;
  return [`capabilities of ${whose} could not be read${why}, and which functions are VFs is not known${names}`];
}

/** By its name, or by a driver that VMs are given VFs with. */
function isLikeVf({ name = '', driver }: FunctionFacts): boolean {
  return NAMED_VF.test(name) || (typeof driver === 'string' && isVfio(driver) && !/^vfio[-_]pci$/.test(driver));
}

/** VFs that are enabled and not there: chosen devices (lspci -s), or a text that was cut between two functions. */
function vfGap({ functions }: MachineFacts): readonly string[] {
  const known = new Set(functions.map(({ facts }) => facts.address));
  const missing = functions.flatMap(({ facts }) => vfAddresses(facts).filter((address) => !known.has(address)));
  if (missing.length === 0) return [];
  const shown = missing.slice(0, NAMED_MAX).join(', ') + (missing.length > NAMED_MAX ? ', …' : '');
  return [`${countOf(missing.length, 'enabled VF')} ${missing.length === 1 ? 'is' : 'are'} not in the text (${shown})`];
}

/** Addresses of the VFs that an SR-IOV capability has enabled. */
function vfAddresses({ address, sriov }: FunctionFacts): readonly string[] {
  if (sriov === undefined || sriov === null || !sriov.enabled) return [];
  const first = requesterIdOf(address) + sriov.offset;
  const ids = Array.from({ length: sriov.numVfs }, (_, n) => first + n * sriov.stride);
  return ids.filter((id) => id <= 0xffff).map((id) => addressAt(domainOf(address), id));
}

function named(list: readonly FunctionFacts[]): string {
  const more = list.length - NAMED_MAX;
  const names = list.slice(0, NAMED_MAX).map(({ address }) => address);
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
