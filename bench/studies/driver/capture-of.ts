/**
 * A VF of a trace as a document in stopcopy's trace format: docs/trace-format.md 11.
 */
import { ACCELERATOR_KINDS, ACCELERATORS, type AcceleratorKind, QM_HW } from '../../../sim/abi/accelerators.ts';
import { QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import { PF_REG, VF_BAR2_BYTES, VF_REG } from '../../../sim/abi/registers.ts';
import { vftBase, vftNum } from '../../../sim/abi/vft.ts';
import type { Capture, CapturedStep } from '../../../sim/trace/capture.ts';
import { usOf } from '../../import/driver/qemu-marks.ts';
import type { DriverTrace, RegisterAccess } from '../../import/driver/trace.ts';
import { type InferredCall, timeOf } from './calls.ts';
import { phasesOf, vfOffset } from './phases.ts';
import type { VfTrace } from './streams.ts';

/** @param originNs time that the document counts from */
export function captureOf(name: string, trace: DriverTrace, vf: VfTrace, calls: readonly InferredCall[]): Capture {
  const origin = originOf(vf, calls);
  const { device, assumed } = deviceOf(vf);
  const losses = trace.losses.map(({ events }) => events);
  return {
    name,
    driver: 'unknown',
    description: `Traced on hardware: ${vf.id}`,
    capture: {
      from: trace.files.map(({ file, reading }) => `${file}: ${reading.format}`),
      vf: vf.id,
      lacks: [...trace.lacks],
      lostEvents: losses.includes(null) ? null : losses.reduce<number>((sum, each) => sum + (each ?? 0), 0),
      assumed,
    },
    device,
    steps: calls.map((call) => stepOf(call, origin)),
  };
}

/** The time of the first access, or of the first call where that is earlier. */
function originOf({ accesses }: VfTrace, calls: readonly InferredCall[]): (segment: number) => number {
  const firsts = new Map<number, number>();
  const note = (segment: number, ns: number): void => {
    firsts.set(segment, Math.min(ns, firsts.get(segment) ?? Infinity));
  };
  for (const access of accesses) note(access.segment, timeOf(access));
  for (const call of calls) note(call.segment, call.startNs);
  return (segment) => firsts.get(segment) ?? 0;
}

function stepOf(call: InferredCall, origin: (segment: number) => number): CapturedStep {
  const { segment, line, from, to } = call;
  const us = (ns: number): number => usOf(ns - origin(segment));
  return {
    call: call.call,
    ...(to === undefined ? {} : { to }),
    from,
    line,
    ...(segment === 0 ? {} : { segment }),
    t_start_us: us(call.startNs),
    t_end_us: us(call.endNs),
    mmio: call.phases.flatMap(({ accesses }) =>
      accesses.map((access): CapturedStep['mmio'][number] => [
        access.fn,
        access.op,
        access.width,
        hex(access.offset),
        access.value,
        us(timeOf(access)),
        {
          ...(access.endNs === null || access.startNs === null ? {} : { end_us: us(access.endNs) }),
          line: access.line,
        },
      ]),
    ),
  };
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** What the accesses show of the device; the rest is assumed, and listed. */
function deviceOf(vf: VfTrace): { readonly device: Capture['device']; readonly assumed: string[] } {
  const kind = kindOf(vf);
  const facts = ACCELERATORS[kind ?? 'sec'];
  const read = firstReads(vf.accesses);
  const { table, own, tables } = queuesOf(vf.accesses);
  const fn = vf.functionNumber ?? 1;
  const assumed = [
    ...(kind === undefined ? ['kind'] : []),
    ...(vf.functionNumber === undefined ? ['vf_index'] : []),
    ...(vf.inPf ? [] : ['hw_ver']),
    ...(table === undefined && own === undefined ? ['pf_vft', 'vf_vft'] : []),
    ...(tables.size < 2 ? ['sqc_bt', 'cqc_bt'] : []),
  ];
  const queues = table ?? own ?? { base: 0, num: doorbellQueues(vf.accesses) || 1 };
  return {
    assumed,
    device: {
      kind: kind ?? 'sec',
      pf_device_id: hex(facts.pfDeviceId),
      vf_device_id: hex(facts.vfDeviceId),
      vf_index: fn - 1,
      hw_ver: vf.inPf ? QM_HW.V4 : QM_HW.V3,
      vf_bar2_len: hex(VF_BAR2_BYTES),
      enable_reset: false,
      pf_vft: { [String(fn)]: queues },
      vf_vft: own ?? queues,
      sqc_bt: tables.get(QM_MB_CMD.SQC_BT) ?? '0x1000',
      cqc_bt: tables.get(QM_MB_CMD.CQC_BT) ?? '0x2000',
      vf_regs: read.vf,
      pf_regs: { ...(vf.inPf ? { [hex(PF_REG.QM_MIG_REGION_SEL)]: '0x1' } : {}), [hex(PF_REG.QM_VFT_CFG_RDY)]: '0x1', ...read.pf }, // prettier-ignore
    },
  };
}

/** The kind, by which core's status is read; a map says it too. */
function kindOf(vf: VfTrace): AcceleratorKind | undefined {
  const said = vf.vfWindow?.kind ?? vf.pfWindow?.kind;
  if (said !== undefined) return said;
  return ACCELERATOR_KINDS.find((kind) =>
    vf.accesses.some(({ fn, offset }) => fn === 'pf' && offset === ACCELERATORS[kind].coreStatusRegister),
  );
}

/** Registers that polls change: their values are states at that time. */
const POLLED: ReadonlySet<number> = new Set([
  VF_REG.QM_CACHE_WB_DONE,
  VF_REG.QM_VF_STATE,
  VF_REG.QM_IFC_INT_STATUS,
  VF_REG.QM_IFC_INT_SET_V,
]);

function firstReads(accesses: readonly RegisterAccess[]) {
  const vf: Record<string, string> = {};
  const pf: Record<string, string> = {};
  for (const access of accesses) {
    if (access.op !== 'r' || access.value === null || access.width !== 4) continue;
    const own = vfOffset(access);
    if (own === null) {
      if (access.offset === VF_REG.QM_QUE_ISO_CFG_V) pf[hex(access.offset)] ??= access.value;
    } else if (!POLLED.has(own) && (own < VF_REG.QM_MB_CMD_SEND_BASE || own > VF_REG.QM_MB_CMD_RSVD)) {
      vf[hex(own)] ??= access.value;
    }
  }
  return { vf, pf };
}

interface Queues {
  readonly base: number;
  readonly num: number;
}

/** Queues by the PF's table and by the VF's own query, and the addresses that queries of tables gave. */
function queuesOf(accesses: readonly RegisterAccess[]) {
  let table: Queues | undefined;
  let own: Queues | undefined;
  const tables = new Map<number, string>();
  for (const { kind, accesses: steps, command } of phasesOf(accesses)) {
    const at = (offset: number): number | undefined => {
      const found = steps.findLast((each) => each.op === 'r' && (vfOffset(each) ?? each.offset) === offset)?.value;
      return found === undefined || found === null ? undefined : Number(found);
    };
    if (kind === 'table query') {
      const [low, high] = [at(PF_REG.QM_VFT_CFG_DATA_L), at(PF_REG.QM_VFT_CFG_DATA_H)];
      if (low !== undefined && high !== undefined) table ??= { base: vftBase(low, high), num: vftNum(high) };
    } else if (kind === 'mailbox') {
      const [low, high] = [at(VF_REG.QM_MB_CMD_DATA_ADDR_L), at(VF_REG.QM_MB_CMD_DATA_ADDR_H)];
      if (low === undefined || high === undefined || command === undefined) continue;
      if (command === QM_MB_CMD.SQC_VFT_V2) own ??= { base: vftBase(low, high), num: vftNum(high) };
      else tables.set(command, `0x${(BigInt(high) * 2n ** 32n + BigInt(low)).toString(16)}`);
    }
  }
  return { table, own, tables };
}

/** Queues that the start of a VF rings. */
function doorbellQueues(accesses: readonly RegisterAccess[]): number {
  const first = phasesOf(accesses).find(({ kind }) => kind === 'queue doorbells');
  return first?.accesses.length ?? 0;
}

/** The text of a capture: a line for each access. */
export function captureText(capture: Capture): string {
  const { steps, ...head } = capture;
  const top = JSON.stringify(head, null, 2).replace(/\n\}$/, '');
  const lines = steps.map(({ mmio, ...step }) => {
    const fields = JSON.stringify(step).slice(0, -1);
    const rows = mmio.map((access) => `      ${JSON.stringify(access)}`).join(',\n');
    return `    ${fields},"mmio":[${rows === '' ? '' : `\n${rows}\n    `}]}`;
  });
  return `${top},\n  "steps": [\n${lines.join(',\n')}\n  ]\n}\n`;
}
