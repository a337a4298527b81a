/**
 * Which step of the migration driver each of its functions is, and the calls of one request as its arc.
 */
import { QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import type { FunctionTime } from './facts.ts';
import { usOf } from './qemu-marks.ts';

/** Functions of every generation that are steps; their source is docs/device.md 8. */
const STEPS: Readonly<Record<string, string>> = {
  hisi_acc_vf_stop_device: 'stop device',
  vf_qm_func_stop: 'pause function',
  hisi_acc_check_int_state: 'interrupt state',
  vf_qm_cache_wb: 'cache write-back',
  hisi_acc_open_saving_migf: 'open saving file',
  hisi_acc_vf_open_saving_migf: 'open saving file',
  hisi_acc_vf_stop_copy: 'open saving file',
  hisi_acc_vf_pre_copy: 'open saving file',
  hisi_acc_pci_open_saving_migf: 'open saving file',
  hisi_acc_vf_pci_resume: 'open resuming file',
  hisi_acc_vf_resume: 'open resuming file',
  vf_qm_get_match_data: 'match data',
  pf_qm_get_qp_num: 'VFT read',
  vf_qm_state_save: 'save',
  qm_wait_dev_not_ready: 'ready state',
  vf_qm_read_data: 'read data',
  qm_get_regs: 'registers',
  qm_set_regs: 'registers',
  qm_get_sqc: 'SQC address',
  qm_get_cqc: 'CQC address',
  hisi_acc_vf_load_state: 'load',
  vf_qm_load_data: 'load data',
  vf_qm_check_match: 'match check',
  vf_qm_version_check: 'version check',
  hisi_acc_vf_start_device: 'start device',
  vf_qm_fun_reset: 'ring queues',
  hisi_acc_vf_disable_fds: 'drop files',
  qm_db: 'doorbell',
  hisi_qm_wait_mb_ready: 'mailbox idle',
  qm_wait_mb_ready: 'mailbox idle',
};

/** The whole of a request. */
const REQUESTS: ReadonlySet<string> = new Set(['hisi_acc_vfio_pci_set_device_state', 'hisi_acc_vf_set_device_state']);
const MAILBOX: ReadonlySet<string> = new Set(['hisi_qm_mb', 'hisi_qm_mb_read']);

interface FunctionStep {
  readonly step: string;
  readonly call: FunctionTime;
}

export interface FunctionArc {
  readonly call: FunctionTime;
  readonly steps: readonly FunctionStep[];
  /** In the words of a report: the process, the whole and its steps in µs. */
  readonly said: Readonly<Record<string, unknown>>;
}

/** Requests in their order, each with the steps in it; a step outside of any request counts for none. */
export function arcsOfFunctions(functions: readonly FunctionTime[]): readonly FunctionArc[] {
  const arcs: FunctionArc[] = [];
  const byTask = new Map<number, FunctionTime[]>();
  for (const call of functions) {
    const calls = byTask.get(call.task);
    if (calls === undefined) byTask.set(call.task, [call]);
    else calls.push(call);
  }
  for (const calls of byTask.values()) {
    for (let i = 0; i < calls.length; i++) {
      const call = calls[i]!;
      if (!REQUESTS.has(call.name)) continue;
      let end = i + 1;
      while (end < calls.length && calls[end]!.depth > call.depth) end += 1;
      arcs.push(arcOf(call, calls.slice(i + 1, end)));
      i = end - 1;
    }
  }
  return arcs.toSorted((a, b) => a.call.line - b.call.line);
}

function arcOf(call: FunctionTime, inner: readonly FunctionTime[]): FunctionArc {
  const steps = inner.flatMap((each, index): FunctionStep[] => {
    const step = MAILBOX.has(each.name) ? mailboxStep(each, inner, index) : STEPS[each.name];
    return step === undefined ? [] : [{ step, call: each }];
  });
  return {
    call,
    steps,
    said: {
      pid: call.task,
      totalUs: usOf(call.durationNs),
      steps: steps.map(({ step, call: { durationNs } }) => ({ step, us: usOf(durationNs) })),
    },
  };
}

/** A mailbox command by its argument, else by its place in the step around it: docs/device.md 8.2, 8.4, 8.7 and 8.8. */
function mailboxStep(call: FunctionTime, inner: readonly FunctionTime[], index: number): string {
  const known = call.argument === undefined ? undefined : commandName(call.argument & 0xff);
  if (known !== undefined) return `mailbox ${known}`;
  const outer = aroundAll(inner, index, call);
  if (outer.has('hisi_acc_vf_stop_device') || outer.has('vf_qm_func_stop')) return 'mailbox PAUSE_QM';
  if (outer.has('vf_qm_check_match')) return 'mailbox get SQC_VFT_V2';
  if (outer.has('qm_get_sqc')) return 'mailbox get SQC_BT';
  if (outer.has('qm_get_cqc')) return 'mailbox get CQC_BT';
  const parent = ['vf_qm_state_save', 'hisi_acc_vf_load_state'].find((name) => outer.has(name));
  if (parent === undefined) return 'mailbox';
  const first = inner.findLastIndex((each, at) => at < index && each.name === parent);
  const before = inner.slice(first, index).filter((each) => MAILBOX.has(each.name) && each.depth === call.depth).length;
  const table = ['SQC_BT', 'CQC_BT'][before];
  return table === undefined ? 'mailbox' : `mailbox ${parent === 'vf_qm_state_save' ? 'get' : 'set'} ${table}`;
}

/** Names of the calls that a call is in. */
function aroundAll(inner: readonly FunctionTime[], index: number, call: FunctionTime): ReadonlySet<string> {
  const names = new Set<string>();
  let { depth } = call;
  for (let i = index - 1; i >= 0 && depth > 0; i--) {
    const each = inner[i]!;
    if (each.depth < depth) {
      names.add(each.name);
      ({ depth } = each);
    }
  }
  return names;
}

function commandName(code: number): string | undefined {
  return keysOf(QM_MB_CMD).find((name) => QM_MB_CMD[name] === code);
}
