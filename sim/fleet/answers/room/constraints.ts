/**
 * What must hold of `room`: what hosts lack, and how many lack it.
 */
import { isKeyOf } from '../../../base/keys.ts';
import type { Policy } from '../../../pci/policy.ts';
import type { ConstraintState } from '../answer-parts.ts';
import type { Lack, RoomNumbers } from './numbers.ts';

const NAMES = {
  kind: 'its VFs are of another kind',
  hardware: 'the hardware is of another version',
  queuesPerVf: 'its VFs have another number of queues, which the match check refuses',
  queuesOfDevice: 'a device has 1024 queues in all',
  freeVfs: 'too few free VFs',
  freeQueues: 'too few free queues',
  freeVcpus: 'too few free vCPUs',
  freeMemory: 'too little free memory',
} as const satisfies Readonly<Record<Exclude<Lack, `policy ${Policy}`>, string>>;

export function roomConstraints({ value, lacks }: RoomNumbers): readonly ConstraintState[] {
  return lacks.map(({ lack, hosts }) => ({
    name: lackName(lack),
    unit: 'hosts',
    limit: 0,
    used: hosts,
    next: null,
    binds: value === null,
  }));
}

function lackName(lack: Lack): string {
  return isKeyOf(NAMES, lack) ? NAMES[lack] : `${lack} does not let the driver load there`;
}

/** What hosts lack, in words. */
export function lackPhrase(lacks: readonly Lack[]): string {
  return lacks.map(lackName).join('; ');
}
