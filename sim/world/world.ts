/**
 * The virtual world: one clock, hosts with their accelerators, VMs, and their events.
 *
 * Driver calls are synchronous; tasks, interrupts and arrivals happen between their accesses. Where several VFs are at
 * work at once their calls take turns access by access (`fiber.ts`), each at its own time on the one clock.
 */
import { bug } from '../base/bug.ts';
import { VirtualClock } from '../base/clock.ts';
import { Calendar } from '../base/calendar.ts';
import { TraceHash } from '../base/hash.ts';
import { type EventTime, Host, type HostOptions, type VfSlot } from './host.ts';
import type { Surroundings } from './virtual-port.ts';
import { VfGuest, type GuestEvents, type VfGuestOptions } from './vf-guest.ts';

const KINDS = 4;

export class World implements Surroundings, GuestEvents, EventTime {
  readonly clock: VirtualClock = new VirtualClock();
  readonly hosts: Host[] = [];
  readonly guests: VfGuest[] = [];
  /** Time of the current event, in ns. */
  eventNs = 0;
  /** Time of the next event, in ns; always at once while calls interleave, so that every access asks for its turn. */
  nextNs = Infinity;
  /** Events handled so far, and a hash over all of them, for determinism. */
  eventCount = 0;
  readonly hash: TraceHash = new TraceHash();
  private readonly queue: Calendar = new Calendar(256);
  private turns = false;

  addHost(options: HostOptions): Host {
    const host = new Host(options, this.clock, this, this);
    this.hosts.push(host);
    return host;
  }

  addGuest(options: VfGuestOptions, slot: VfSlot): VfGuest {
    const vm = new VfGuest(options, this.guests.length, slot, this);
    this.guests.push(vm);
    return vm;
  }

  /** Boots a VM; the time that its driver waits for the mailbox elapses in all of the world. */
  boot(vm: VfGuest): void {
    // The guest's way to the mailbox brings the device's time forward by itself, past others' turns.
    if (this.turns) bug('BOOT_AMONG_FIBERS', vm.index);
    this.eventNs = this.clock.nowNs;
    if (!vm.boot()) bug('VM_BOOT', vm.index);
    this.clock.moveTo(this.eventNs);
  }

  schedule(timeNs: number, vmIndex: number, kind: number): void {
    this.queue.push(timeNs, vmIndex * KINDS + kind);
    this.nextNs = this.turns ? -Infinity : this.queue.peekNs();
  }

  /** Runs all events up to a time, in the order of time; the clock is not moved. */
  catchUp(nowNs: number): void {
    for (;;) {
      let dueNs = this.queue.peekNs();
      let device: Host | null = null;
      for (const host of this.hosts) {
        if (host.accelerator.nextEventNs < dueNs) {
          dueNs = host.accelerator.nextEventNs;
          device = host;
        }
      }
      if (dueNs > nowNs) break;
      this.eventNs = dueNs;
      this.eventCount += 1;
      if (device !== null) {
        device.accelerator.advance(dueNs);
        continue;
      }
      const payload = this.queue.pop();
      const vm = this.guests[Math.floor(payload / KINDS)];
      if (vm === undefined) bug('EVENT_WITHOUT_VM', payload);
      this.hash.add(payload);
      this.hash.addWide(Math.round(dueNs));
      vm.handle(payload % KINDS);
    }
    this.eventNs = nowNs;
    this.nextNs = this.turns ? -Infinity : this.queue.peekNs();
  }

  /** Whether driver calls interleave, access by access. Set by the scheduler. */
  get takesTurns(): boolean {
    return this.turns;
  }

  set takesTurns(turns: boolean) {
    this.turns = turns;
    this.nextNs = turns ? -Infinity : this.queue.peekNs();
  }

  /** Lets time pass up to a given time. */
  runUntil(nowNs: number): void {
    this.catchUp(nowNs);
    this.clock.moveTo(Math.max(nowNs, this.clock.nowNs));
    this.eventNs = this.clock.nowNs;
  }

  /** Time of the next event of anything, in ns; Infinity when there is none. */
  nextDueNs(): number {
    let dueNs = this.queue.peekNs();
    for (const host of this.hosts) dueNs = Math.min(dueNs, host.accelerator.nextEventNs);
    return dueNs;
  }
}
