/**
 * A trace of a driver as the document that import prints: one VF in stopcopy's trace format.
 */
import { basename } from 'node:path';

import { UserError } from '../../../sim/base/user-error.ts';
import type { ImportDocument, ImportFinding } from '../../documents/import/document.ts';
import { usOf } from '../../import/driver/qemu-marks.ts';
import type { DriverTrace, ReadDriverFile, RegisterAccess } from '../../import/driver/trace.ts';
import { documentHead } from '../../io/document-head.ts';
import { callsOf, type InferredCall, timeOf } from './calls.ts';
import { captureOf, captureText } from './capture-of.ts';
import { captureName } from './read-driver.ts';
import { commandWord } from './phases.ts';
import { type SeenStep, seenSteps } from './steps.ts';
import { type Streams, streamsOf, type VfTrace } from './streams.ts';

/** A VF with its calls. */
interface VfCalls {
  readonly vf: VfTrace;
  readonly calls: readonly InferredCall[];
}

/**
 * The document of a trace.
 *
 * @param vf PCI address of the VF; default: that with the most accesses
 * @throws UserError of kind `usage` for a VF that the trace does not have
 */
export function importDriver(trace: DriverTrace, vf?: string): ImportDocument {
  const streams = streamsOf(trace);
  const all = streams.vfs.map((each): VfCalls => ({ vf: each, calls: callsOf(each) }));
  const chosen = chosenVf(all, trace, vf);
  const names = trace.files.map(({ file }) => file);
  const findings: ImportFinding[] = [
    ...trace.files.flatMap(({ file, reading }) => reading.findings.map((each) => ({ file, ...each }))),
    ...trace.findings,
    ...(isMapAlone(trace)
      ? [{ file: names[0]!, kind: 'asked' as const, text: 'it says where addresses lead, and has no access: give it together with a trace' }] // prettier-ignore
      : streamFindings(names[0]!, streams, all, chosen)),
  ];
  return {
    ...documentHead('stopcopy-import'),
    inputs: trace.files.map((file) => inputOf(file, trace, all)),
    result:
      chosen === undefined
        ? { format: 'none', text: '' }
        : {
            format: 'stopcopy-trace',
            text: captureText(captureOf(captureName(names[0]!), trace, chosen.vf, chosen.calls)),
          },
    findings,
    asks: [],
  };
}

/** Maps of addresses without a trace. */
function isMapAlone({ files }: DriverTrace): boolean {
  return files.every(
    ({ reading: { facts } }) => facts.ranges.length > 0 && facts.accesses.length + facts.functions.length === 0,
  );
}

function chosenVf(all: readonly VfCalls[], { files }: DriverTrace, wanted: string | undefined): VfCalls | undefined {
  if (wanted === undefined) return all.toSorted((a, b) => b.vf.accesses.length - a.vf.accesses.length)[0];
  const found = all.find(({ vf }) => vf.id === wanted);
  if (found !== undefined) return found;
  const has = all.map(({ vf }) => vf.id).join(', ');
  throw new UserError('usage', `--vf is '${wanted}', and ${files[0]!.file} has no such VF`, has === '' ? 'It has no access of a VF.' : `It has ${has}.`); // prettier-ignore
}

function inputOf(
  { file, reader, reading }: ReadDriverFile,
  trace: DriverTrace,
  all: readonly VfCalls[],
): ImportDocument['inputs'][number] {
  const { format, facts, unknown } = reading;
  const own = trace.accesses.filter((each) => each.file === file);
  const base = { file, reader, format, ...facts.said, unknown };
  if (facts.accesses.length === 0) return base;
  const maps = trace.files.filter(({ reading: { facts: other } }) => other.ranges.length > 0 && other.accesses.length === 0); // prettier-ignore
  const steps = all.flatMap(({ vf, calls }) => {
    const of = calls.filter((call) => call.phases.some(({ accesses }) => accesses.some((each) => each.file === file)));
    return seenSteps(of).map((step) => ({ vf, step }));
  });
  const needs = maps.length === 1 ? { needs: basename(maps[0]!.file) } : {};
  return {
    ...base,
    ...needs,
    accessCount: own.length,
    accesses: saidAccesses(own, all),
    ...(steps.length === 0 ? {} : { steps: saidSteps(steps.map(({ step }) => step)) }),
    ...(all.length > 1 ? { vfs: all.map(({ vf }) => vf.id) } : {}),
  };
}

/** Accesses with their times from the first one of their segment. */
function saidAccesses(own: readonly RegisterAccess[], all: readonly VfCalls[]): readonly object[] {
  const firsts = new Map<number, number>();
  for (const access of own) if (!firsts.has(access.segment)) firsts.set(access.segment, timeOf(access));
  const owners = new Map(all.flatMap(({ vf }) => vf.accesses.map((access) => [access, vf.id] as const)));
  return own.map((access) => ({
    fn: access.fn,
    op: access.op,
    width: access.width,
    offset: `0x${access.offset.toString(16)}`,
    value: access.value,
    tUs: usOf(timeOf(access) - firsts.get(access.segment)!),
    ...(firsts.size > 1 ? { segment: [...firsts.keys()].indexOf(access.segment) } : {}),
    ...(all.length > 1 && owners.has(access) ? { device: owners.get(access) } : {}),
  }));
}

/** Fields of an import for the steps that a trace shows; the first of each kind, and all where there are more. */
function saidSteps(steps: readonly SeenStep[]): object {
  const first = (step: SeenStep['step']): SeenStep | undefined => steps.find((each) => each.step === step);
  const [table, writeBack, pause, save] = [first('vftRead'), first('cacheWriteBack'), first('pauseMailbox'), first('saveMailboxes')]; // prettier-ignore
  return {
    ...(table === undefined ? {} : { vftReadUs: usOf(table.ns) }),
    ...(writeBack === undefined ? {} : { cacheWriteBackUs: usOf(writeBack.ns), cacheWriteBackPolls: writeBack.polls }),
    ...(pause === undefined ? {} : { pauseMailboxUs: usOf(pause.ns) }),
    ...(save === undefined ? {} : { saveMailboxesUs: usOf(save.ns) }),
  };
}

function streamFindings(
  file: string,
  { strangers }: Streams,
  all: readonly VfCalls[],
  chosen: VfCalls | undefined,
): readonly ImportFinding[] {
  const findings: ImportFinding[] = [];
  if (chosen === undefined) {
    findings.push({ file, kind: 'asked', text: 'no access of a VF could be named: give /proc/vmallocinfo, read as root while the VF was open' }); // prettier-ignore
    return findings;
  }
  if (all.length > 1) {
    findings.push({ file, kind: 'read', text: `${all.length} VFs: ${all.map(({ vf }) => vf.id).join(', ')}; the document is of ${chosen.vf.id}, --vf says another` }); // prettier-ignore
  }
  if (strangers.length > 0) {
    findings.push({ file, kind: 'unused', line: strangers[0]!.line, text: `${strangers.length} accesses of a PF that no call of a VF makes` }); // prettier-ignore
  }
  for (const { line, to, call, from, phases } of chosen.calls) {
    if (from === 'accesses') findings.push({ file, kind: 'inferred', line, text: `${chosen.vf.id}: ${callWords(call, to)}, by its accesses: ${kindsOf(phases)}` }); // prettier-ignore
  }
  for (const { step, ns, fromGap, line } of seenSteps(chosen.calls)) {
    if (fromGap) findings.push({ file, kind: 'inferred', line, text: `${GAPS[step]} took at most the ${usOf(ns)} µs before this access: a gap, no measurement` }); // prettier-ignore
  }
  return findings;
}

const GAPS: Readonly<Record<SeenStep['step'], string>> = {
  vftRead: 'the query of the function table',
  cacheWriteBack: 'the write-back',
  pauseMailbox: 'the mailbox command PAUSE_QM',
  saveMailboxes: 'the two mailbox queries of the save, SQC_BT and CQC_BT,',
};

function callWords(call: InferredCall['call'], to: string | undefined): string {
  if (call === 'set_state') return `a change of state to ${to}`;
  return call === 'write' ? 'a write of the image' : 'accesses of no known request';
}

function kindsOf(phases: InferredCall['phases']): string {
  const names = phases.map(({ kind, command }) =>
    command === undefined ? kind : `${kind} ${commandWord(command) ?? command}`,
  );
  return names.filter((name, i) => name !== names[i - 1]).join(', ');
}
