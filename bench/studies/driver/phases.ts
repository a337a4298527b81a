/**
 * Accesses of one VF and its PF as the steps of the driver that they are: docs/device.md 8.
 *
 * A step ends where an access is none of it; what belongs to no step is one of its own.
 */
import { QM_MB, QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import { PF_REG, VF_REG, XQC } from '../../../sim/abi/registers.ts';
import { ACCELERATORS } from '../../../sim/abi/accelerators.ts';
import type { RegisterAccess } from '../../import/driver/trace.ts';
import { windowRegister } from '../../import/driver/windows.ts';

type PhaseKind =
  | 'table query'
  | 'error check'
  | 'mailbox'
  | 'status checks'
  | 'write-back'
  | 'guest state'
  | 'registers read'
  | 'event doorbells'
  | 'guest state written'
  | 'registers written'
  | 'messages on'
  | 'queue doorbells'
  | 'isolation'
  | 'other';

export interface Phase {
  readonly kind: PhaseKind;
  readonly accesses: readonly RegisterAccess[];
  /** Command of a mailbox whose polls are seen, as its word says. */
  readonly command?: number;
  /** Whether a command of the mailbox asks for an answer. */
  readonly get?: boolean;
}

/** An access in the words of the steps: of a VF also where it is made by a window in the PF. */
interface Step {
  readonly access: RegisterAccess;
  readonly vf: boolean;
  readonly write: boolean;
  readonly offset: number;
}

const CORES: ReadonlySet<number> = new Set(
  Object.values(ACCELERATORS).map(({ coreStatusRegister }) => coreStatusRegister),
);
const MAILBOX_END = VF_REG.QM_MB_CMD_RSVD;
const XQC_BYTES = 4 * XQC.words;

/** The same register in the words of a VF's own BAR2. */
export function vfOffset(access: RegisterAccess): number | null {
  if (access.fn === 'vf') return access.offset;
  return windowRegister(access)?.offset ?? null;
}

function stepOf(access: RegisterAccess): Step {
  const offset = vfOffset(access);
  return { access, vf: offset !== null, write: access.op === 'w', offset: offset ?? access.offset };
}

const isPf = (step: Step | undefined, offset: number): boolean =>
  step !== undefined && !step.vf && !step.write && step.offset === offset;
const isVf = (step: Step | undefined, write: boolean, ...offsets: readonly number[]): boolean =>
  step?.vf === true && step.write === write && offsets.includes(step.offset);

function isCore(step: Step | undefined): boolean {
  return step !== undefined && !step.vf && !step.write && CORES.has(step.offset);
}

function isQuery(step: Step | undefined): boolean {
  return (
    step !== undefined && !step.vf && step.offset >= PF_REG.QM_VFT_CFG_OP_ENABLE && step.offset <= PF_REG.QM_VFT_CFG_RDY
  );
}

function isMailbox(step: Step | undefined): boolean {
  return step?.vf === true && step.offset >= VF_REG.QM_MB_CMD_SEND_BASE && step.offset <= MAILBOX_END;
}

function isRegister(step: Step | undefined, write: boolean): boolean {
  if (step?.vf !== true || step.write !== write) return false;
  const { offset } = step;
  const isContext = [VF_REG.QM_EQC_DW0, VF_REG.QM_AEQC_DW0].some((dw0) => offset >= dw0 && offset < dw0 + XQC_BYTES);
  return isContext || PLAIN.has(offset);
}

const PLAIN: ReadonlySet<number> = new Set([
  VF_REG.QM_VF_AEQ_INT_MASK,
  VF_REG.QM_VF_EQ_INT_MASK,
  VF_REG.QM_IFC_INT_SOURCE_V,
  VF_REG.QM_IFC_INT_MASK,
  VF_REG.QM_IFC_INT_SET_V,
  VF_REG.QM_QUE_ISO_CFG_V,
  VF_REG.QM_PAGE_SIZE,
]);

/** Steps of accesses that are in their order. */
export function phasesOf(accesses: readonly RegisterAccess[]): readonly Phase[] {
  const steps = accesses.map(stepOf);
  const phases: Phase[] = [];
  for (let at = 0; at < steps.length;) {
    const { kind, count } = phaseAt(steps, at);
    const taken = steps.slice(at, at + count).map(({ access }) => access);
    phases.push({ kind, accesses: taken, ...(kind === 'mailbox' ? commandOf(taken) : {}) });
    at += count;
  }
  return phases;
}

/** How many steps from `at` on hold. */
function run(steps: readonly Step[], at: number, holds: (step: Step | undefined) => boolean): number {
  let count = 0;
  while (at + count < steps.length && holds(steps[at + count])) count += 1;
  return count;
}

function phaseAt(steps: readonly Step[], at: number): { readonly kind: PhaseKind; readonly count: number } {
  const here = steps[at];
  if (isQuery(here)) return { kind: 'table query', count: queryLength(steps, at) };
  if (isPf(here, PF_REG.QM_ABNORMAL_INT_STATUS)) return checksAt(steps, at);
  if (isMailbox(here)) return { kind: 'mailbox', count: mailboxLength(steps, at) };
  if (isVf(here, true, VF_REG.QM_CACHE_WB_START)) {
    return { kind: 'write-back', count: 1 + run(steps, at + 1, (step) => isVf(step, false, VF_REG.QM_CACHE_WB_DONE)) };
  }
  if (isVf(here, false, VF_REG.QM_VF_STATE)) {
    return { kind: 'guest state', count: run(steps, at, (step) => isVf(step, false, VF_REG.QM_VF_STATE)) };
  }
  if (isVf(here, true, VF_REG.QM_VF_STATE)) return { kind: 'guest state written', count: 1 };
  if (isVf(here, true, VF_REG.QM_DOORBELL_EQ_AEQ_BASE_V2)) {
    return { kind: 'event doorbells', count: run(steps, at, (step) => isVf(step, true, VF_REG.QM_DOORBELL_EQ_AEQ_BASE_V2)) }; // prettier-ignore
  }
  if (isVf(here, true, VF_REG.QM_DOORBELL_SQ_CQ_BASE_V2)) {
    return { kind: 'queue doorbells', count: run(steps, at, (step) => isVf(step, true, VF_REG.QM_DOORBELL_SQ_CQ_BASE_V2)) }; // prettier-ignore
  }
  if (isVf(here, true, VF_REG.QM_IFC_INT_SOURCE_V) && isVf(steps[at + 1], true, VF_REG.QM_IFC_INT_MASK)) {
    return { kind: 'messages on', count: 2 };
  }
  if (isRegister(here, false)) return { kind: 'registers read', count: run(steps, at, (step) => isRegister(step, false)) }; // prettier-ignore
  if (isRegister(here, true)) return { kind: 'registers written', count: loadLength(steps, at) };
  if (isPf(here, VF_REG.QM_QUE_ISO_CFG_V)) return { kind: 'isolation', count: 1 };
  return { kind: 'other', count: 1 };
}

/** A query ends with the high half of the data; what follows is the next one. */
function queryLength(steps: readonly Step[], at: number): number {
  const length = run(steps, at, isQuery);
  for (let i = 0; i < length; i++) {
    if (isPf(steps[at + i], PF_REG.QM_VFT_CFG_DATA_H)) return i + 1;
  }
  return length;
}

/** The PF's status alone is the check before a mailbox command; with the VF's it is one of those before a stop. */
function checksAt(steps: readonly Step[], at: number): { readonly kind: PhaseKind; readonly count: number } {
  let count = run(steps, at, (step) => isPf(step, PF_REG.QM_ABNORMAL_INT_STATUS));
  const vfChecks = run(steps, at + count, (step) => isVf(step, false, VF_REG.QM_IFC_INT_STATUS, VF_REG.QM_IFC_INT_SET_V)); // prettier-ignore
  if (vfChecks > 0)
    return { kind: 'status checks', count: count + vfChecks + run(steps, at + count + vfChecks, isCore) };
  const cores = run(steps, at + count, isCore);
  if (cores === 0) return { kind: 'status checks', count };
  count += cores;
  // The check before the command of a stop, and the status of the PF after it, would be one run.
  const dae = run(steps, at + count, (step) => isPf(step, PF_REG.DAE_ERR_STATUS));
  return { kind: 'error check', count: count + dae };
}

/** A command ends with its answer, or where the word of the mailbox shows another command. */
function mailboxLength(steps: readonly Step[], at: number): number {
  const length = run(steps, at, isMailbox);
  for (let i = 0; i < length; i++) {
    if (isVf(steps[at + i], false, VF_REG.QM_MB_CMD_DATA_ADDR_H)) return i + 1;
  }
  return length;
}

/** A load ends with the last context word; the two writes after its mailbox commands are another step. */
function loadLength(steps: readonly Step[], at: number): number {
  const length = run(steps, at, (step) => isRegister(step, true));
  const last = VF_REG.QM_AEQC_DW0 + XQC_BYTES - 4;
  for (let i = 0; i < length; i++) if (steps[at + i]!.offset === last) return i + 1;
  return length;
}

function commandOf(accesses: readonly RegisterAccess[]): { readonly command?: number; readonly get?: boolean } {
  const words = accesses.filter((each) => vfOffset(each) === VF_REG.QM_MB_CMD_SEND_BASE && each.value !== null);
  const last = words.at(-1)?.value;
  if (last === undefined || last === null) return {};
  const word = Number(last.length > 10 ? `0x${last.slice(-8)}` : last);
  return { command: word & QM_MB.commandMask, get: (word & QM_MB.opBit) !== 0 };
}

/** Reads of a poll that say that it is not over yet. */
export function pollsOf({ kind, accesses }: Phase): { readonly failed: number; readonly ok: RegisterAccess | null } {
  const done = accesses.filter((each) => each.op === 'r');
  const last = done.at(-1) ?? null;
  if (kind === 'write-back') {
    const failed = done.filter(({ value }) => value !== null && (Number(value) & 1) === 0).length;
    return { failed, ok: last !== null && last.value !== null && (Number(last.value) & 1) === 1 ? last : null };
  }
  return { failed: 0, ok: last };
}

/** Name of a mailbox command. */
export function commandWord(command: number): string | undefined {
  return Object.entries(QM_MB_CMD).find(([, code]) => code === command)?.[0];
}
