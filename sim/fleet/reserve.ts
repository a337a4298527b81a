/**
 * Room that stays free for hosts that fail: what the others have free has to hold what the largest of them hold and have
 * free, in memory, VFs, queues and vCPUs each.
 */
import type { HostRoom } from './evacuation-terms.ts';
import { keysOf } from '../base/keys.ts';

const NOTHING: HostRoom = { memoryBytes: 0, vfs: 0, queues: 0, vcpus: 0 };

/**
 * What hosts keep free together so that any so many of them may fail.
 *
 * A set of hosts that fails takes what it has free along, and leaves what it holds: together that is what it has in all. So
 * the worst set is that of the largest hosts.
 *
 * @param whole what each host has in all: held by its VMs, and free
 */
export function reserveRoom(whole: readonly HostRoom[], hosts: number): HostRoom {
  const largest = (of: keyof HostRoom): number =>
    whole
      .map((each) => each[of])
      .toSorted((a, b) => (a === b ? 0 : b - a))
      .slice(0, hosts)
      .reduce((sum, each) => sum + each, 0);
  return Object.fromEntries(keysOf(NOTHING).map((of) => [of, largest(of)])) as unknown as HostRoom;
}
