/**
 * A second opinion on fleets: a simulator that shares nothing with the planner but the numbers. Time advances in small
 * steps, rates come from filling all links evenly until each flow is stopped by one, memory is dirtied step by step, and
 * hosts and destinations are looked for from the start each time.
 */
import { fits, give, type SteppedGuest, type SteppedHost, type SteppedVm, survives, wholeOf } from './stepped-hosts.ts';

export interface SteppedFleet {
  readonly hosts: readonly SteppedHost[];
  /** Hosts that are emptied, and those that receive as they stand in line at the begin. */
  readonly sources: readonly number[];
  readonly receivers: readonly number[];
  /** Usable bytes per second. */
  readonly rack: number;
  readonly spine: number;
  readonly vms: readonly SteppedVm[];
  /** Whether VMs of a class may run on a host. */
  readonly mayRun: (kind: number, host: number) => boolean;
  /** So many hosts may fail. */
  readonly reserve: number;
  readonly atOnce: number;
  readonly oneByOne: boolean;
  readonly timeoutS: number;
  /** Before the first byte of a move and before its time-out, while it counts. */
  readonly setUpS: number;
  /** Moves that are begun again, and the back-off before the first of them. */
  readonly retries: number;
  readonly backOffS: number;
  /** Moves begin in the first so many seconds of each so many. */
  readonly windowS: number;
  readonly everyS: number;
}

/** What both sides take from the parameters. */
export interface SteppedNumbers {
  readonly syncSPerByte: number;
  readonly finalSyncSPerByte: number;
  /** The last sync reads the log of all memory. */
  readonly allSyncSPerByte: number;
  /** Stopping and saving each vCPU; saving and loading the platform; bringing each channel to rest. */
  readonly vcpuStateS: number;
  readonly platformS: number;
  readonly channelSyncS: number;
  /** Before the first byte, once and for each byte of memory. */
  readonly setupS: number;
  readonly setupSPerByte: number;
  readonly vcpuStopS: number;
  readonly vcpuStartS: number;
  readonly latencyS: number;
  readonly packetBytes: number;
  readonly channelBytesPerSecond: number;
  /** Rate of the link alone, not what streams get of it. */
  readonly lineBytesPerSecond: number;
  readonly sliceS: number;
}

export interface SteppedVmEnd {
  readonly guest: SteppedGuest;
  readonly host: number;
  /** Place among the VMs of the host. */
  readonly index: number;
  /** Null: it stays. */
  readonly target: number | null;
  readonly fate: 'moved' | 'timeout' | 'no room';
  readonly startS: number;
  readonly endS: number;
  readonly pauseS: number;
}

/** Times that are nearer to each other are one. */
const SAME_S = 1e-5;

/** A VM of a host that has yet to move. */
interface Left {
  readonly guest: SteppedGuest;
  readonly kind: number;
  readonly index: number;
  readonly failed: number;
}

interface Flow {
  readonly vm: SteppedVm;
  readonly guest: SteppedGuest;
  readonly kind: number;
  readonly host: number;
  readonly pf: number;
  /** Index of its VM on the host. */
  readonly index: number;
  readonly target: number;
  readonly startS: number;
  /** Moves of the VM that were given up before. */
  readonly failed: number;
  /** When the set-up is over. */
  readonly sendsS: number;
  rate: number;
  /** Left of hot and cold memory as of the last sync, and what was written since. */
  left: [number, number];
  written: [number, number];
  pending: number;
  roundBytes: number;
  toSend: number;
  dirtied: number;
  /** Until the first byte. */
  silentS: number;
  phase: 'set-up' | 'send' | 'look' | 'pause';
  first: boolean;
  waitS: number;
  pauseS: number;
}

export function stepFleet(fleet: SteppedFleet, n: SteppedNumbers, stepS: number): readonly SteppedVmEnd[] {
  const rackOf = (host: number): number => fleet.hosts[host]!.rack;
  const byPriority = fleet.vms
    .map((_, kind) => kind)
    .toSorted((a, b) => fleet.vms[b]!.priority - fleet.vms[a]!.priority);
  const levels = [...new Set(byPriority.map((kind) => fleet.vms[kind]!.priority))];
  const left: Left[][] = fleet.hosts.map((host, place) =>
    (fleet.sources.includes(place) ? host.guests : [])
      .toSorted((a, b) => byPriority.indexOf(a.kind) - byPriority.indexOf(b.kind))
      .map((guest, index) => ({ guest, kind: guest.kind, index, failed: 0 })),
  );
  let backOffs: { readonly host: number; readonly of: Left; readonly overS: number }[] = [];
  const room = fleet.hosts.map((host) => ({ ...host.room }));
  const whole = fleet.hosts.map(({ room: free, guests }) => wholeOf(free, guests, fleet.vms));
  const groups = fleet.hosts.map(({ guests }) => guests.flatMap(({ group }) => group ?? []));
  const ends: SteppedVmEnd[] = [];
  let flows: Flow[] = [];
  let nowS = 0;
  // Hosts that may begin a move; hosts whose next VM waits for a destination, and destinations, by the kind of VM.
  const line = fleet.sources.filter((host) => left[host]!.length > 0);
  const waiting = fleet.vms.map((): number[] => []);
  const targets = fleet.vms.map((_, kind) => fleet.receivers.filter((host) => fleet.mayRun(kind, host)));
  const busyOf = fleet.vms.map(() => new Set<number>());
  const fullOf = fleet.vms.map(() => new Set<number>());

  const may = (host: number): boolean =>
    left[host]!.length > 0 && flows.filter((flow) => flow.host === host).length < fleet.hosts[host]!.outbound;
  const next = (hosts: number[]): number =>
    fleet.oneByOne ? hosts.toSorted((a, b) => fleet.sources.indexOf(a) - fleet.sources.indexOf(b))[0]! : hosts[0]!;
  const drop = (hosts: number[], host: number): void => void hosts.splice(hosts.indexOf(host), 1);

  /**
   * The first destination that fits, has no VM of the group, and may take one more. One that is full or busy leaves the queue
   * until that changes; one with the group goes last.
   */
  const targetOf = (kind: number, group: number | null): number | undefined => {
    const vm = fleet.vms[kind]!;
    const order = targets[kind]!;
    if (!survives(fleet, room, whole, vm)) return undefined;
    const passed: number[] = [];
    let found: number | undefined;
    while (order.length > 0 && found === undefined) {
      const at = order.shift()!;
      if (!fits(room[at]!, vm)) fullOf[kind]!.add(at);
      else if (flows.filter((flow) => flow.target === at).length >= fleet.hosts[at]!.inbound) busyOf[kind]!.add(at);
      else if (group !== null && groups[at]!.includes(group)) passed.push(at);
      else found = at;
    }
    order.push(...passed);
    if (found !== undefined) order.push(found);
    return found;
  };
  const isComing = (group: number | null): boolean =>
    group !== null && flows.some(({ guest }) => guest.group === group);

  const levelOf = (host: number): number => fleet.vms[left[host]![0]!.kind]!.priority;
  const opensS = (): number => Math.floor((nowS + SAME_S) / fleet.everyS) * fleet.everyS;
  const isClosed = (): boolean => nowS >= opensS() + fleet.windowS;
  /** When something comes that no move brings: the end of a back-off, or the next opening for those who wait. */
  const nextS = (): number => {
    const waits = line.length > 0 || waiting.some((hosts) => hosts.length > 0);
    const opening = isClosed() && waits ? opensS() + fleet.everyS : Number.POSITIVE_INFINITY;
    return Math.min(opening, ...backOffs.map(({ overS }) => overS));
  };

  /** @returns whether the next VM of a host waits for a destination; otherwise it moves, or stays for ever */
  const waits = (host: number): boolean => {
    const of = left[host]![0]!;
    const { guest, kind, index } = of;
    const vm = fleet.vms[kind]!;
    const target = targetOf(kind, guest.group);
    const waitsOn = busyOf[kind]!.size > 0 || isComing(guest.group);
    if (target === undefined && waitsOn && survives(fleet, room, whole, vm)) return true;
    left[host]!.shift();
    if (target === undefined) {
      ends.push({ guest, host, index, target: null, fate: 'no room', startS: Number.NaN, endS: Number.NaN, pauseS: 0 });
      return false;
    }
    give(room[target]!, vm, -1);
    if (guest.group !== null) groups[target]!.push(guest.group);
    flows.push({
      vm,
      guest,
      kind,
      host,
      index,
      target,
      pf: index % fleet.hosts[host]!.pfs,
      startS: nowS,
      failed: of.failed,
      sendsS: nowS + fleet.setUpS,
      rate: 0,
      left: [vm.hotBytes, vm.memoryBytes - vm.hotBytes],
      written: [0, 0],
      pending: vm.memoryBytes,
      roundBytes: 0,
      toSend: -1,
      dirtied: 0,
      silentS: n.setupS + n.setupSPerByte * vm.memoryBytes,
      phase: fleet.setUpS > 0 ? 'set-up' : 'send',
      first: true,
      waitS: fleet.setUpS,
      pauseS: 0,
    });
    return false;
  };

  const beginAt = (level: number): void => {
    for (const [kind, hosts] of waiting.entries()) {
      while (fleet.vms[kind]!.priority === level && hosts.length > 0 && flows.length < fleet.atOnce) {
        const host = next(hosts);
        if (waits(host)) break;
        drop(hosts, host);
        if (may(host)) line.push(host);
      }
    }
    for (;;) {
      const ready = line.filter((host) => levelOf(host) === level);
      if (ready.length === 0 || flows.length >= fleet.atOnce) return;
      const host = next(ready);
      drop(line, host);
      const { kind } = left[host]![0]!;
      if (waits(host)) waiting[kind]!.push(host);
      else if (may(host)) line.push(host);
    }
  };
  const begin = (): void => {
    let before: number;
    do {
      before = flows.length + ends.length;
      if (!isClosed()) for (const level of levels) beginAt(level);
    } while (levels.length > 1 && flows.length + ends.length > before);
  };
  /** VMs whose back-off is over come after those of their host that wait. */
  const goOn = (): void => {
    for (const { host, of } of backOffs.filter(({ overS }) => overS <= nowS + SAME_S)) {
      const isIn = line.includes(host) || waiting.some((hosts) => hosts.includes(host));
      left[host]!.push(of);
      if (!isIn && may(host)) line.push(host);
    }
    backOffs = backOffs.filter(({ overS }) => overS > nowS + SAME_S);
  };

  const over = (flow: Flow): number => Math.max(0, flow.sendsS + fleet.timeoutS - nowS);
  const finish = (ended: readonly Flow[]): void => {
    const place = ({ host }: Flow): number => fleet.sources.indexOf(host);
    for (const flow of ended.toSorted((a, b) => place(a) - place(b) || a.index - b.index)) {
      const { vm, guest, kind, host, index, target, startS, pauseS, phase, waitS, failed } = flow;
      // A VM that is still paused when its time is out is cancelled.
      const moved = phase === 'pause' && waitS <= SAME_S;
      if (!moved) give(room[target]!, vm, 1);
      if (!moved && guest.group !== null) drop(groups[target]!, guest.group);
      for (const [each, order] of targets.entries()) {
        const back = busyOf[each]!.delete(target);
        if ((!moved && fullOf[each]!.delete(target)) || back) order.push(target);
      }
      if (!moved && failed < fleet.retries) {
        backOffs.push({
          host,
          of: { guest, kind, index, failed: failed + 1 },
          overS: nowS + fleet.backOffS * 2 ** failed,
        });
        continue;
      }
      const fate = moved ? 'moved' : 'timeout';
      ends.push({
        guest,
        host,
        index,
        target: moved ? target : null,
        fate,
        startS,
        endS: nowS,
        pauseS: moved ? pauseS : 0,
      });
    }
  };

  for (;;) {
    begin();
    if (flows.length === 0) {
      if (!Number.isFinite(nextS())) break;
      nowS = Math.max(nowS, nextS());
      goOn();
      continue;
    }
    fill(
      fleet,
      flows.filter(({ phase }) => phase !== 'set-up'),
      rackOf,
      n,
    );
    // What decides or comes ends the step, so that nothing is late; rates stay until a move comes or goes.
    let stays = true;
    while (stays) {
      const comesS = nextS();
      const lastsS = Math.min(
        stepS,
        Math.max(0, comesS - nowS),
        ...flows.map((flow) => Math.min(untilS(flow, n), over(flow))),
      );
      nowS += lastsS;
      for (const flow of flows) step(flow, lastsS);
      stays = comesS > nowS + SAME_S;
      goOn();
      for (const flow of flows) {
        if (flow.phase !== 'set-up' || flow.waitS > SAME_S) continue;
        flow.phase = 'send';
        flow.waitS = 0;
        stays = false;
      }
      const isOver = (flow: Flow): boolean =>
        flow.phase !== 'set-up' && ((untilS(flow, n) <= SAME_S && decide(flow, n)) || over(flow) <= SAME_S);
      const sending = stays ? flows : flows.filter(({ rate }) => rate > 0);
      const ended = sending.filter(isOver);
      if (ended.length === 0) continue;
      stays = false;
      flows = flows.filter((flow) => !ended.includes(flow));
      finish(ended);
      const inLine = new Set([...line, ...waiting.flat()]);
      for (const host of fleet.sources) if (!inLine.has(host) && may(host)) line.push(host);
    }
  }
  return ends;
}

/** All rates rise together; a flow that meets a full link or its own limit stays there. */
function fill(fleet: SteppedFleet, flows: Flow[], rackOf: (host: number) => number, n: SteppedNumbers): void {
  const lines = new Map<string, { capacity: number; flows: Flow[] }>();
  const put = (name: string, capacity: number, flow: Flow): void => {
    const line = lines.get(name) ?? { capacity, flows: [] };
    line.flows.push(flow);
    lines.set(name, line);
  };
  for (const flow of flows) {
    const source = fleet.hosts[flow.host]!;
    put(`pf ${flow.host} ${flow.pf}`, source.pf, flow);
    put(`out ${flow.host}`, source.line, flow);
    put(`in ${flow.target}`, fleet.hosts[flow.target]!.line, flow);
    const [from, to] = [rackOf(flow.host), rackOf(flow.target)];
    if (from === to) continue;
    put(`up ${from}`, fleet.rack, flow);
    put(`down ${to}`, fleet.rack, flow);
    put('spine', fleet.spine, flow);
  }
  const open = new Set(flows);
  let level = 0;
  while (open.size > 0) {
    let rise = Math.min(...[...open].map((flow) => flow.vm.channels * n.channelBytesPerSecond - level));
    for (const line of lines.values()) {
      const rising = line.flows.filter((flow) => open.has(flow)).length;
      if (rising === 0) continue;
      const taken = line.flows.reduce((sum, flow) => sum + (open.has(flow) ? level : flow.rate), 0);
      rise = Math.min(rise, (line.capacity - taken) / rising);
    }
    level += rise;
    for (const flow of open) {
      const own = flow.vm.channels * n.channelBytesPerSecond <= level * (1 + 1e-12);
      const full = [...lines.values()].some(
        (line) =>
          line.flows.includes(flow) &&
          line.flows.reduce((sum, each) => sum + (open.has(each) ? level : each.rate), 0) >=
            line.capacity * (1 - 1e-12),
      );
      if (own || full) flow.rate = -level;
    }
    // Marked by a negative rate, so that the loop above sees one level.
    for (const flow of open) {
      if (flow.rate >= 0) continue;
      flow.rate = -flow.rate;
      open.delete(flow);
    }
    for (const flow of open) flow.rate = 0;
  }
}

/** How long until a move comes to a decision, at its present rate. */
function untilS(flow: Flow, n: SteppedNumbers): number {
  if (flow.phase !== 'send') return Math.max(0, flow.waitS);
  if (flow.toSend < 0) beginRound(flow, n);
  return flow.silentS + Math.max(0, flow.toSend / flow.rate);
}

/** Time passes: memory goes, pages are written. */
function step(flow: Flow, lastsS: number): void {
  const { vm } = flow;
  const writes = [vm.hotBytesPerSecond, vm.coldBytesPerSecond] as const;
  const sizes = sizesOf(vm);
  if (flow.phase === 'send' || flow.phase === 'look') {
    for (const i of [0, 1] as const) {
      if (sizes[i] <= 0) continue;
      flow.written[i] += (sizes[i] - flow.written[i]) * (1 - Math.exp((-writes[i] * lastsS) / sizes[i]));
    }
  }
  if (flow.phase === 'send') {
    const silentS = Math.min(flow.silentS, lastsS);
    flow.silentS -= silentS;
    flow.toSend = Math.max(0, flow.toSend - flow.rate * (lastsS - silentS));
  } else flow.waitS -= lastsS;
}

function sizesOf(vm: SteppedVm): readonly [number, number] {
  return [vm.hotBytes, vm.memoryBytes - vm.hotBytes];
}

/** What may be left when the VM is stopped. */
function goalOf({ rate, vm }: Flow): number {
  return (rate * vm.limitMs) / 1000;
}

function beginRound(flow: Flow, n: SteppedNumbers): void {
  const goal = goalOf(flow);
  const slice = flow.rate * n.sliceS;
  const excess = Math.max(0, flow.pending - goal);
  const whole = flow.first ? excess + slice / 2 : Math.max(slice, Math.ceil(excess / slice) * slice);
  if (flow.pending > goal) flow.first = false;
  flow.roundBytes = Math.min(flow.pending, whole);
  flow.toSend = flow.roundBytes;
}

/** An iteration, a dirty-bitmap sync or the pause is over. @returns whether the move is */
function decide(flow: Flow, n: SteppedNumbers): boolean {
  const { vm } = flow;
  if (flow.phase === 'pause') return true;
  if (flow.phase === 'send') {
    const kept = 1 - flow.roundBytes / flow.pending;
    const sizes = sizesOf(vm);
    flow.dirtied = 0;
    for (const i of [0, 1] as const) {
      if (sizes[i] <= 0) continue;
      const still = flow.left[i] * kept;
      const again = flow.written[i] * (1 - still / sizes[i]);
      flow.left[i] = still + again;
      flow.dirtied += again;
      flow.written[i] = 0;
    }
    flow.pending = flow.left[0] + flow.left[1];
    flow.phase = 'look';
    flow.waitS = n.syncSPerByte * flow.dirtied;
    return false;
  }
  if (flow.pending <= goalOf(flow) + 1) {
    flow.phase = 'pause';
    flow.pauseS =
      n.vcpuStopS +
      n.allSyncSPerByte * vm.memoryBytes +
      n.finalSyncSPerByte * Math.min(flow.pending, flow.dirtied) +
      flow.pending / flow.rate +
      vm.channels * (n.packetBytes / n.lineBytesPerSecond + n.channelSyncS) +
      vm.vcpus * n.vcpuStateS +
      n.platformS +
      n.latencyS +
      n.vcpuStartS;
    flow.waitS = flow.pauseS;
    return false;
  }
  flow.phase = 'send';
  flow.toSend = -1;
  return false;
}
