/**
 * What hosts of the stepped simulator hold: their VMs, what is free, and whether some of them may fail.
 */
export interface SteppedVm {
  readonly name: string;
  readonly memoryBytes: number;
  /** Pages that are written again and again, in bytes, and how many bytes of writes fall on them per second. */
  readonly hotBytes: number;
  readonly hotBytesPerSecond: number;
  readonly coldBytesPerSecond: number;
  readonly limitMs: number;
  readonly vcpus: number;
  readonly channels: number;
  readonly vfs: number;
  readonly queues: number;
  /** Those with more begin before others. */
  readonly priority: number;
}

/** What a host has, in bytes and numbers. */
export interface SteppedRoom {
  memoryBytes: number;
  vfs: number;
  queues: number;
  vcpus: number;
}

/** A VM on a host: which it is, its class, and the group whose VMs share no host. */
export interface SteppedGuest {
  readonly id: number;
  readonly kind: number;
  readonly group: number | null;
}

export interface SteppedHost {
  readonly rack: number;
  /** Usable bytes per second, of the link and of one PF. */
  readonly line: number;
  readonly pf: number;
  readonly pfs: number;
  /** Moves at once. */
  readonly outbound: number;
  readonly inbound: number;
  /** What is free next to its VMs. */
  readonly room: SteppedRoom;
  readonly guests: readonly SteppedGuest[];
}

export function fits({ memoryBytes, vfs, queues, vcpus }: SteppedRoom, vm: SteppedVm): boolean {
  return memoryBytes >= vm.memoryBytes && vfs >= vm.vfs && queues >= vm.vfs * vm.queues && vcpus >= vm.vcpus;
}

/** What a host has in all. */
export function wholeOf(room: SteppedRoom, guests: readonly SteppedGuest[], vms: readonly SteppedVm[]): SteppedRoom {
  const whole = { ...room };
  for (const { kind } of guests) give(whole, vms[kind]!, 1);
  return whole;
}

/** Whether, with one more VM on them, any so many of the hosts that receive may fail: the others hold what those held. */
export function survives(
  { receivers, reserve }: { readonly receivers: readonly number[]; readonly reserve: number },
  room: readonly SteppedRoom[],
  whole: readonly SteppedRoom[],
  vm: SteppedVm,
): boolean {
  const needs = { memoryBytes: vm.memoryBytes, vfs: vm.vfs, queues: vm.vfs * vm.queues, vcpus: vm.vcpus };
  const names = (['memoryBytes', 'vfs', 'queues', 'vcpus'] as const).filter((name) => needs[name] > 0);
  return setsOf(receivers, reserve).every((failed) =>
    names.every((name) => {
      const free = receivers.reduce((sum, host) => sum + (failed.includes(host) ? 0 : room[host]![name]), 0);
      const held = failed.reduce((sum, host) => sum + whole[host]![name] - room[host]![name], 0);
      // Whether the VM is among those that fail or takes the place of them, it counts once.
      return free >= held + needs[name];
    }),
  );
}

function setsOf(hosts: readonly number[], size: number): number[][] {
  if (size === 0) return [];
  if (size === 1) return hosts.map((host) => [host]);
  return hosts.flatMap((host, place) => setsOf(hosts.slice(place + 1), size - 1).map((rest) => [host, ...rest]));
}

/** Takes what a VM needs of a host's room, or gives it back. */
export function give(
  room: { memoryBytes: number; vfs: number; queues: number; vcpus: number },
  vm: SteppedVm,
  sign: 1 | -1,
): void {
  room.memoryBytes += sign * vm.memoryBytes;
  room.vfs += sign * vm.vfs;
  room.queues += sign * vm.vfs * vm.queues;
  room.vcpus += sign * vm.vcpus;
}
