/**
 * What of a fleet contradicts itself: windows that never open, and links of which others leave nothing.
 */
import type { QuestionOf } from './question.ts';

type EvacuateQuestion = QuestionOf<'evacuate'>;
type Refuse = (message: string, hint?: string) => never;

const LINES = [
  'hostGigabitsPerSecond',
  'pfGigabitsPerSecond',
  'rackGigabitsPerSecond',
  'spineGigabitsPerSecond',
] as const satisfies readonly (keyof EvacuateQuestion['fleet'])[];

/** @param refuse ends with an error that names the field */
export function checkFleet(question: EvacuateQuestion, refuse: Refuse): void {
  checkTraffic(question.fleet, refuse);
  const { windows } = question;
  if (windows === undefined) return;
  if (windows.length === 0) refuse('windows.length is 0, and no move may begin', 'Give a time, such as 4h.');
  if (windows.length >= windows.every) {
    refuse('windows.length is not less than windows.every, and moves may begin at any time', 'Leave windows out.');
  }
}

function checkTraffic({ otherTraffic, ...fleet }: EvacuateQuestion['fleet'], refuse: Refuse): void {
  if (otherTraffic === undefined) return;
  for (const line of LINES) {
    const taken = otherTraffic[line];
    const whole = fleet[line];
    if (taken === 0) continue;
    if (whole === undefined) {
      refuse(
        `fleet.otherTraffic.${line} is given, and fleet.${line} is not`,
        'A link that is left out is never full: give it, or leave the traffic out.',
      );
    } else if (whole * (1 - otherTraffic.share) - taken <= 0) {
      refuse(
        `fleet.otherTraffic leaves nothing of fleet.${line}, which is ${whole}`,
        'It is the share and the 10^9 bits per second that others take.',
      );
    }
  }
}

/** Steps times hosts, at most: each step counts the room of all hosts. */
const MAINTENANCE_MAX = 4_000_000;

/** @param all hosts of the fleet, of which so many are maintained */
export function checkMaintenance({ maintenance }: EvacuateQuestion, hosts: number, all: number, refuse: Refuse): void {
  if (maintenance === undefined) return;
  const { hostsAtOnce } = maintenance;
  if (hosts > all)
    refuse(`${hosts} hosts are to be maintained, of ${all} in all`, 'Give as many as there are, or fewer.');
  if (hostsAtOnce >= all) {
    refuse(`maintenance.hostsAtOnce is ${hostsAtOnce}, of ${all} hosts`, 'Leave some to receive VMs.');
  }
  if ((hosts / hostsAtOnce) * all > MAINTENANCE_MAX) {
    refuse(
      `${hosts} hosts are to be maintained one after another, of ${all}`,
      'Ask of one part of the fleet at a time.',
    );
  }
}
