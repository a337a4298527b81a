/**
 * Shared words between the main thread or a migration (which say where a VM should run) and the guest thread (which says
 * where it runs). One block per VM; each word has one writer at a time, the owner named here.
 */

/** Words of the whole map. */
export const GUEST_MAP = {
  /** Anybody: a bell, counted up after a wish is stored. The guest thread sleeps on it. */
  wake: 0,
  /** Main thread: 1 asks the guest thread to end. */
  stop: 1,
  /** Guest thread: VMs that have booted, all of them when it is ready. */
  booted: 2,
  firstVm: 16,
} as const;

/** Words of one VM's block. */
export const GUEST_VM = {
  /** The thread that runs its migration, else the main thread: {@link STOPPED}, or 1 + the host on which it is to run. */
  wanted: 0,
  /** Guest thread: the same, as it is. */
  actual: 1,
  /** Main thread: 1 asks the client for no further tasks. */
  quiesce: 2,
  /** Guest thread: 1 once all accepted tasks have completed after a quiesce. */
  drained: 3,
  /** Guest thread: tasks completed so far, modulo 2^32. */
  completed: 4,
} as const;

export const STOPPED = 0;
const VM_WORDS = 16;

/** The value of `wanted` and `actual` for a VM that runs on a host. */
export function runningOn(host: number): number {
  return 1 + host;
}

export function createGuestMap(vms: number): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * (GUEST_MAP.firstVm + vms * VM_WORDS));
}

/** Index of a VM's word. */
export function vmWord(vm: number, word: number): number {
  return GUEST_MAP.firstVm + vm * VM_WORDS + word;
}

/** Says where a VM should run, and wakes the guest thread. */
export function wishVm(map: Int32Array, vm: number, wanted: number): void {
  tell(map, vmWord(vm, GUEST_VM.wanted), wanted);
}

/** Asks a VM's client for no further tasks. */
export function quiesceVm(map: Int32Array, vm: number): void {
  tell(map, vmWord(vm, GUEST_VM.quiesce), 1);
}

/** Asks the guest thread to end. */
export function endGuests(map: Int32Array): void {
  tell(map, GUEST_MAP.stop, 1);
}

/** Stores a word, and rings the bell. */
function tell(map: Int32Array, index: number, value: number): void {
  Atomics.store(map, index, value);
  Atomics.add(map, GUEST_MAP.wake, 1);
  Atomics.notify(map, GUEST_MAP.wake);
}
