/**
 * What of a fleet contradicts itself: windows that never open, links of which others leave nothing, host classes that are
 * not there, groups that cannot be.
 */
import { countOf } from '../base/units.ts';
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
  checkNames(question.fleet, refuse);
  checkOwnNames(question.fleet, refuse);
  checkClasses(question.fleet, refuse);
  checkGroups(question.fleet, refuse);
  checkTraffic(question.fleet, refuse);
  const { windows } = question;
  if (windows === undefined) return;
  if (windows.length === 0) refuse('windows.length is 0, and no move may begin', 'Give a time, such as 4h.');
  if (windows.length >= windows.every) {
    refuse('windows.length is not less than windows.every, and moves may begin at any time', 'Leave windows out.');
  }
}

type Fleet = EvacuateQuestion['fleet'];

/** Names by which host classes, VMs and groups speak of each other. */
function checkNames({ vms, hostClasses, antiAffinity }: Fleet, refuse: Refuse): void {
  if (hostClasses === undefined && antiAffinity === undefined) {
    const index = vms.findIndex(({ runsOn }) => runsOn !== undefined);
    if (index >= 0) {
      refuse(
        `fleet.vms[${index}].runsOn is given, and fleet.hostClasses is not`,
        'It names host classes: give them, or leave it out.',
      );
    }
    return;
  }
  const names = vms.map(({ name }) => name);
  const classes = (hostClasses ?? []).map(({ name }) => name);
  refuseTwice('fleet.vms', names, refuse);
  refuseTwice('fleet.hostClasses', classes, refuse);
  const known = (path: string, given: readonly string[], of: readonly string[], what: string): void => {
    const unknown = given.find((name) => !of.includes(name));
    if (unknown === undefined) return;
    refuse(`${path} names '${unknown}', and no ${what} has that name`, `There are ${of.slice(0, 20).join(', ')}.`);
  };
  for (const [index, { vms: own }] of (hostClasses ?? []).entries()) {
    known(`fleet.hostClasses[${index}].vms`, Object.keys(own ?? {}), names, 'class of fleet.vms');
  }
  for (const [index, { runsOn }] of vms.entries()) {
    if (runsOn !== undefined && hostClasses === undefined) {
      refuse(`fleet.vms[${index}].runsOn is given, and fleet.hostClasses is not`, 'It names host classes.');
    }
    known(`fleet.vms[${index}].runsOn`, runsOn ?? [], classes, 'class of fleet.hostClasses');
  }
  for (const [index, entry] of (antiAffinity ?? []).entries()) {
    known(`fleet.antiAffinity[${index}].vms`, entry.vms, names, 'class of fleet.vms');
  }
}

/** Names of hosts and VMs, which an answer gives back: one for each that there is. */
function checkOwnNames({ vms, hostClasses }: Fleet, refuse: Refuse): void {
  const hosts = new Map<string, NonNullable<Fleet['hostClasses']>[number]>();
  for (const [index, own] of (hostClasses ?? []).entries()) {
    if (own.hostNames === undefined) {
      if (own.hosts === 1) hosts.set(own.name, own);
      continue;
    }
    const path = `fleet.hostClasses[${index}].hostNames`;
    if (own.hostNames.length !== own.hosts) {
      refuse(
        `${path} has ${countOf(own.hostNames.length, 'name')}, and the class has ${countOf(own.hosts, 'host')}`,
        'Name each of them, or none.',
      );
    }
    for (const name of own.hostNames) {
      if (hosts.has(name)) refuse(`${path} names '${name}' twice`, 'A host has one name, and one place.');
      hosts.set(name, own);
    }
  }
  for (const [index, { name, names = {}, perHost = 0 }] of vms.entries()) {
    for (const [host, given] of Object.entries(names)) {
      const path = `fleet.vms[${index}].names`;
      const on = hosts.get(host);
      if (on === undefined) refuse(`${path} has '${host}', and no host has that name`, 'fleet.hostClasses[].hostNames names hosts.'); // prettier-ignore
      const there = on.vms?.[name] ?? perHost;
      if (given.length === there) continue;
      refuse(
        `${path} has ${countOf(given.length, 'VM')} on '${host}', and ${there} ${there === 1 ? 'is' : 'are'} there`,
        'Name all VMs of the class on that host, or leave the host out.',
      );
    }
  }
}

function refuseTwice(path: string, names: readonly string[], refuse: Refuse): void {
  const index = names.findIndex((name, place) => names.indexOf(name) < place);
  if (index < 0) return;
  refuse(
    `${path}[${index}].name is '${names[index]!}' as that of another`,
    'Others speak of it by its name: give each its own.',
  );
}

function checkClasses({ racks, hostsPerRack, hostClasses, vms }: Fleet, refuse: Refuse): void {
  for (const [index, { name, perHost }] of vms.entries()) {
    if (perHost !== undefined) continue;
    const silent = (hostClasses ?? []).findIndex((each) => each.vms?.[name] === undefined);
    if (hostClasses !== undefined && silent < 0) continue;
    const who = hostClasses === undefined ? '' : `, and fleet.hostClasses[${silent}].vms does not say it`;
    refuse(`fleet.vms[${index}].perHost is missing${who}`, 'It says how many are on each host; 0 is allowed.');
  }
  if (hostClasses === undefined) return;
  const hosts = hostClasses.reduce((sum, each) => sum + each.hosts, 0);
  if (hosts > APART_MAX) {
    refuse(`fleet.hostClasses has ${hosts} hosts`, `Up to ${APART_MAX} hosts that differ are planned.`);
  }
  if (hosts !== racks * hostsPerRack) {
    refuse(
      `fleet.hostClasses has ${countOf(hosts, 'host')}, and ${countOf(racks, 'rack')} of ${hostsPerRack} have ${racks * hostsPerRack}`,
      'They fill the racks in their order: give as many as there are places.',
    );
  }
  const other = hostClasses.findIndex(({ cpu }) => cpu !== undefined);
  const own = vms.findIndex(({ vm }) => vm.cpu !== undefined);
  if (other >= 0 && own >= 0) {
    refuse(
      `fleet.hostClasses[${other}].cpu is given, and so is fleet.vms[${own}].vm.cpu`,
      'A VM runs on the processor of its host: leave one of the two out.',
    );
  }
}

/** Hosts that are counted one by one. */
const APART_MAX = 1_000_000;

function checkGroups({ racks, hostsPerRack, hostClasses, antiAffinity, vms }: Fleet, refuse: Refuse): void {
  if (antiAffinity === undefined) return;
  if (racks * hostsPerRack > APART_MAX) {
    refuse(`fleet.antiAffinity is given for ${racks * hostsPerRack} hosts`, `Up to ${APART_MAX} are allowed.`);
  }
  for (const [index, entry] of antiAffinity.entries()) {
    const twice = entry.vms.find((name) =>
      antiAffinity.some((each, other) => other < index && each.vms.includes(name)),
    );
    if (twice !== undefined) {
      refuse(
        `fleet.antiAffinity[${index}].vms names ${twice} as another does`,
        'A VM has one group: put them together.',
      );
    }
    if (entry.members !== undefined) continue;
    for (const { name, vms: own } of hostClasses ?? [{ name: null, vms: undefined }]) {
      const count = vms.reduce(
        (sum, vm) => sum + (entry.vms.includes(vm.name) ? (own?.[vm.name] ?? vm.perHost ?? 0) : 0),
        0,
      );
      if (count <= 1) continue;
      refuse(
        `fleet.antiAffinity[${index}] is one group, and ${name === null ? 'each host' : `a host of ${name}`} has ${count} VMs of it`,
        'No two of a group share a host. Where they are several groups, give members, the number of VMs of each.',
      );
    }
  }
}

function checkTraffic({ otherTraffic, ...fleet }: Fleet, refuse: Refuse): void {
  if (otherTraffic === undefined) return;
  for (const line of LINES) {
    const taken = otherTraffic[line];
    if (taken === 0) continue;
    const given = linesNamed(fleet, line);
    if (given.length === 0) {
      refuse(
        `fleet.otherTraffic.${line} is given, and fleet.${line} is not`,
        'A link that is left out is never full: give it, or leave the traffic out.',
      );
    }
    for (const { path, whole } of given) {
      if (whole * (1 - otherTraffic.share) - taken > 0) continue;
      refuse(
        `fleet.otherTraffic leaves nothing of ${path}, which is ${whole}`,
        'It is the share and the 10^9 bits per second that others take.',
      );
    }
  }
}

/** Links of a kind: of the fleet, and of host classes that have their own. */
function linesNamed(
  fleet: Fleet,
  line: (typeof LINES)[number],
): readonly { readonly path: string; readonly whole: number }[] {
  const own = (fleet.hostClasses ?? []).flatMap((each, index) => {
    const whole = line === 'hostGigabitsPerSecond' || line === 'pfGigabitsPerSecond' ? each[line] : undefined;
    return whole === undefined ? [] : [{ path: `fleet.hostClasses[${index}].${line}`, whole }];
  });
  const whole = fleet[line];
  return whole === undefined ? own : [{ path: `fleet.${line}`, whole }, ...own];
}

/** Steps times hosts, at most: each step counts the room of all hosts. */
const MAINTENANCE_MAX = 4_000_000;

/** @param hosts so many are emptied */
export function checkHosts(question: EvacuateQuestion, hosts: number, refuse: Refuse): void {
  const { fleet, maintenance } = question;
  const all = fleet.racks * fleet.hostsPerRack;
  checkMaintenance(question, hosts, all, refuse);
  if (hosts >= all && maintenance === undefined) {
    refuse(`${countOf(hosts, 'host is', 'hosts are')} to be emptied, of ${all} in all`, 'Leave some to receive VMs.');
  }
  checkReserve(question, all - (maintenance?.hostsAtOnce ?? hosts), refuse);
}

/** @param receivers hosts that take VMs */
function checkReserve({ reserve, fleet }: EvacuateQuestion, receivers: number, refuse: Refuse): void {
  if (reserve === undefined) return;
  if (reserve >= receivers) {
    refuse(
      `reserve is ${reserve}, and ${countOf(receivers, 'host takes', 'hosts take')} VMs`,
      'VMs of hosts that fail need others to go to: reserve fewer.',
    );
  }
  const endless = (fleet.hostClasses ?? [{ room: undefined }]).findIndex(
    ({ room }) => (room?.memory ?? fleet.room.memory) === undefined,
  );
  if (endless >= 0) {
    refuse(
      `reserve is given, and fleet.${fleet.hostClasses === undefined ? 'room' : `hostClasses[${endless}].room`}.memory is not`,
      'A reserve is of the memory that hosts have free: say how much that is.',
    );
  }
  if (fleet.racks * fleet.hostsPerRack > APART_MAX) {
    refuse(`reserve is given for ${fleet.racks * fleet.hostsPerRack} hosts`, `Up to ${APART_MAX} are allowed.`);
  }
}

function checkMaintenance({ maintenance }: EvacuateQuestion, hosts: number, all: number, refuse: Refuse): void {
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
