/**
 * A second opinion on fleets: a simulator that shares nothing with the planner but the numbers. Time goes on in small
 * steps, rates come from filling all lines evenly until each flow is stopped by one, memory is dirtied step by step, and
 * hosts and destinations are looked for from the start each time.
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
}

export interface SteppedFleet {
  readonly racks: number;
  readonly hostsPerRack: number;
  readonly hosts: number;
  readonly pfs: number;
  /** Usable bytes per second. */
  readonly pf: number;
  readonly host: number;
  readonly rack: number;
  readonly spine: number;
  readonly vms: readonly SteppedVm[];
  readonly perHost: readonly number[];
  readonly room: { readonly memoryBytes: number; readonly vfs: number; readonly queues: number };
  readonly atOnce: number;
  readonly outbound: number;
  readonly inbound: number;
  readonly oneByOne: boolean;
  readonly timeoutS: number;
}

/** What both sides take from the parameters. */
export interface SteppedNumbers {
  readonly syncSPerByte: number;
  readonly finalSyncSPerByte: number;
  readonly vcpuStateS: number;
  readonly vcpuStopS: number;
  readonly vcpuStartS: number;
  readonly latencyS: number;
  readonly packetBytes: number;
  readonly channelBytesPerSecond: number;
  /** Of the line alone, not what streams get of it. */
  readonly lineBytesPerSecond: number;
  readonly windowS: number;
}

export interface SteppedVmEnd {
  readonly kind: number;
  readonly host: number;
  readonly fate: 'moved' | 'timeout' | 'no room';
  readonly startS: number;
  readonly endS: number;
  readonly pauseS: number;
}

interface Flow {
  readonly vm: SteppedVm;
  readonly kind: number;
  readonly host: number;
  readonly pf: number;
  readonly target: number;
  readonly startS: number;
  rate: number;
  /** Left of hot and cold memory as of the last look, and what was written since. */
  left: [number, number];
  written: [number, number];
  pending: number;
  roundBytes: number;
  toSend: number;
  dirtied: number;
  phase: 'send' | 'look' | 'pause';
  first: boolean;
  waitS: number;
  pauseS: number;
}

export function stepFleet(fleet: SteppedFleet, n: SteppedNumbers, stepS: number): readonly SteppedVmEnd[] {
  const hostsInAll = fleet.racks * fleet.hostsPerRack;
  const rackOf = (host: number): number => Math.floor(host / fleet.hostsPerRack);
  const left = Array.from({ length: fleet.hosts }, () =>
    fleet.perHost.flatMap((count, kind) => Array<number>(count).fill(kind)),
  );
  const perHost = left[0]!.length;
  const room = Array.from({ length: hostsInAll }, () => ({ ...fleet.room }));
  const ends: SteppedVmEnd[] = [];
  let flows: Flow[] = [];
  let nowS = 0;
  // Sources in the order of their turn; destinations per kind of VM.
  let turn = Array.from({ length: fleet.hosts }, (_, host) => host);
  const turnsOfKind = fleet.vms.map(() => {
    const order: number[] = [];
    for (let place = 0; place < fleet.hostsPerRack; place++)
      for (let rack = 0; rack < fleet.racks; rack++) {
        const host = rack * fleet.hostsPerRack + place;
        if (host >= fleet.hosts) order.push(host);
      }
    return order;
  });

  // Who waits for a destination comes first; a destination that had all it may take comes last when it may take more.
  const waiting = fleet.vms.map((): number[] => []);
  const parked = fleet.vms.map(() => new Set<number>());

  const begin = (): boolean => {
    if (flows.length >= fleet.atOnce) return false;
    const stuck = new Set<number>();
    if (fleet.oneByOne) for (const line of waiting) line.sort((a, b) => a - b);
    for (const host of [...waiting.flat(), ...turn.filter((each) => !waiting.flat().includes(each))]) {
      const kind = left[host]![0];
      if (kind === undefined) continue;
      if (flows.filter((flow) => flow.host === host).length >= fleet.outbound) continue;
      if (stuck.has(kind)) {
        if (!waiting[kind]!.includes(host)) waiting[kind]!.push(host);
        continue;
      }
      const vm = fleet.vms[kind]!;
      const fits = (at: number): boolean =>
        room[at]!.memoryBytes >= vm.memoryBytes && room[at]!.vfs >= vm.vfs && room[at]!.queues >= vm.vfs * vm.queues;
      const order = turnsOfKind[kind]!;
      const busy = (at: number): boolean => flows.filter((flow) => flow.target === at).length >= fleet.inbound;
      const free = order.find((at) => fits(at) && !busy(at));
      for (const at of order.filter(
        (each, place) => busy(each) && fits(each) && (free === undefined || place < order.indexOf(free)),
      )) {
        order.splice(order.indexOf(at), 1);
        parked[kind]!.add(at);
      }
      if (free === undefined) {
        if (parked[kind]!.size > 0) {
          if (!waiting[kind]!.includes(host)) waiting[kind]!.push(host);
          stuck.add(kind);
          continue;
        }
        left[host]!.shift();
        ends.push({ kind, host, fate: 'no room', startS: Number.NaN, endS: Number.NaN, pauseS: 0 });
        return true;
      }
      waiting[kind] = waiting[kind]!.filter((each) => each !== host);
      order.splice(order.indexOf(free), 1);
      order.push(free);
      room[free]!.memoryBytes -= vm.memoryBytes;
      room[free]!.vfs -= vm.vfs;
      room[free]!.queues -= vm.vfs * vm.queues;
      const index = perHost - left[host]!.length;
      left[host]!.shift();
      if (!fleet.oneByOne) turn = [...turn.filter((each) => each !== host), host];
      flows.push({
        vm,
        kind,
        host,
        pf: index % fleet.pfs,
        target: free,
        startS: nowS,
        rate: 0,
        left: [vm.hotBytes, vm.memoryBytes - vm.hotBytes],
        written: [0, 0],
        pending: vm.memoryBytes,
        roundBytes: 0,
        toSend: -1,
        dirtied: 0,
        phase: 'send',
        first: true,
        waitS: 0,
        pauseS: 0,
      });
      return true;
    }
    return false;
  };

  for (;;) {
    const before = flows.length;
    let began = false;
    while (begin()) began = true;
    if (flows.length === 0) break;
    if (began || before !== flows.length) fill(fleet, flows, rackOf, n);
    const ended: Flow[] = [];
    nowS += stepS;
    for (const flow of flows) if (step(flow, n, stepS, nowS, fleet.timeoutS)) ended.push(flow);
    for (const flow of ended) {
      const { vm, kind, host, startS, pauseS, phase } = flow;
      const moved = phase === 'pause';
      if (!moved) {
        room[flow.target]!.memoryBytes += vm.memoryBytes;
        room[flow.target]!.vfs += vm.vfs;
        room[flow.target]!.queues += vm.vfs * vm.queues;
      }
      for (const [each, set] of parked.entries()) if (set.delete(flow.target)) turnsOfKind[each]!.push(flow.target);
      ends.push({ kind, host, fate: moved ? 'moved' : 'timeout', startS, endS: nowS, pauseS });
    }
    if (ended.length > 0) {
      flows = flows.filter((flow) => !ended.includes(flow));
      fill(fleet, flows, rackOf, n);
    }
  }
  return ends;
}

/** All rates rise together; whoever meets a full line or its own limit stays there. */
function fill(fleet: SteppedFleet, flows: Flow[], rackOf: (host: number) => number, n: SteppedNumbers): void {
  const lines = new Map<string, { capacity: number; flows: Flow[] }>();
  const put = (name: string, capacity: number, flow: Flow): void => {
    const line = lines.get(name) ?? { capacity, flows: [] };
    line.flows.push(flow);
    lines.set(name, line);
  };
  for (const flow of flows) {
    put(`pf ${flow.host} ${flow.pf}`, fleet.pf, flow);
    put(`out ${flow.host}`, fleet.host, flow);
    put(`in ${flow.target}`, fleet.host, flow);
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

/** @returns whether the move has ended */
function step(flow: Flow, n: SteppedNumbers, stepS: number, nowS: number, timeoutS: number): boolean {
  const { vm } = flow;
  if (flow.phase === 'pause') {
    flow.waitS -= stepS;
    return flow.waitS <= 0;
  }
  const sizes = [vm.hotBytes, vm.memoryBytes - vm.hotBytes] as const;
  const writes = [vm.hotBytesPerSecond, vm.coldBytesPerSecond] as const;
  for (const i of [0, 1] as const) {
    if (sizes[i] <= 0) continue;
    flow.written[i] += (sizes[i] - flow.written[i]) * (1 - Math.exp((-writes[i] * stepS) / sizes[i]));
  }
  const goal = (flow.rate * vm.limitMs) / 1000;
  if (flow.phase === 'look') {
    flow.waitS -= stepS;
    if (flow.waitS > 0) return false;
    if (flow.pending <= goal + 1) {
      flow.phase = 'pause';
      flow.pauseS =
        n.vcpuStopS +
        n.finalSyncSPerByte * Math.min(flow.pending, flow.dirtied) +
        flow.pending / flow.rate +
        (vm.channels * n.packetBytes) / n.lineBytesPerSecond +
        vm.vcpus * n.vcpuStateS +
        n.latencyS +
        n.vcpuStartS;
      flow.waitS = flow.pauseS;
      return false;
    }
    if (nowS - flow.startS >= timeoutS) return true;
    flow.phase = 'send';
    flow.toSend = -1;
  }
  if (flow.toSend < 0) {
    const window = flow.rate * n.windowS;
    const excess = Math.max(0, flow.pending - goal);
    const whole = flow.first ? excess + window / 2 : Math.max(window, Math.ceil(excess / window) * window);
    if (flow.pending > goal) flow.first = false;
    flow.roundBytes = Math.min(flow.pending, whole);
    flow.toSend = flow.roundBytes;
  }
  flow.toSend -= flow.rate * stepS;
  if (flow.toSend > 0) return false;
  const kept = 1 - flow.roundBytes / flow.pending;
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
  flow.toSend = -1;
  return false;
}
