/**
 * Recorded driver traces: the document format.
 *
 * A trace is one scenario with one driver: a scripted responder that plays the hardware, and steps, each a call from user
 * space with its result and the register accesses that the driver made. docs/trace-format.md describes it in full.
 */
import { z } from 'zod';
import { QM_MB_CMD } from '../abi/mailbox.ts';
import { parseDocument } from '../base/schema.ts';
import { foreignDocument, formatOf } from '../base/formats.ts';
import { parseJsonText } from '../base/json-text.ts';
import { UserError } from '../base/user-error.ts';
import { ACCELERATOR_KINDS } from '../abi/accelerators.ts';
import { keysOf } from '../base/keys.ts';

/** A number, or a hexadecimal string such as "0x300". */
const hex = z.union([
  z.number().int(),
  z.string().regex(/^0x[0-9a-fA-F]{1,13}$/, 'a hexadecimal number such as "0x300"'),
]);
/** An address of up to 64 bits: a hexadecimal string, or a number where one holds it exactly. */
const address = z.union([
  z.number().int().min(0),
  z.string().regex(/^0x[0-9a-fA-F]{1,16}$/, 'a hexadecimal address of up to 64 bits'),
]);
/** A value of up to 128 bits. */
const wideHex = z.string().regex(/^0x[0-9a-fA-F]{1,32}$/, 'a hexadecimal value of up to 128 bits');
const functionName = z.enum(['pf', 'vf']);
const registers = z.record(z.string(), hex);
const vft = z.object({ base: z.number().int().min(0), num: z.number().int().min(0) });
const mailboxBehaviour = z.object({ busy_reads: z.number().int().optional(), status: z.number().int().optional() });
const override = z.object({
  fn: functionName,
  offset: hex,
  values: z.array(z.tuple([hex, z.number().int()])),
});
const register = z.object({ fn: functionName, offset: hex });

/** Settings of a responder, at the start and in a change; every key on its own. */
const responderSettings = z.object({
  pf_vft: z.record(z.string(), vft).optional(),
  vf_vft: vft.optional(),
  sqc_bt: address.optional(),
  cqc_bt: address.optional(),
  vf_regs: registers.optional(),
  pf_regs: registers.optional(),
  mailbox: z.partialRecord(z.enum(keysOf(QM_MB_CMD)), mailboxBehaviour).optional(),
  mailbox_busy_reads_left: z.number().int().optional(),
  vft_ready_reads: z.number().int().optional(),
  cache_wb_reads: z.number().int().optional(),
  overrides: z.array(override).optional(),
  clear_overrides: z.union([register, z.array(register)]).optional(),
  qm_shutdown_mask: hex.optional(),
  dev_shutdown_mask: hex.optional(),
  debugfs: z.union([z.boolean(), z.number()]).optional(),
  pf_resetting: z.union([z.boolean(), z.number()]).optional(),
  inject: z
    .object({
      kzalloc: z.number().int().optional(),
      getfile: z.number().int().optional(),
      ioremap: z.number().int().optional(),
    })
    .optional(),
  fault_after: z.number().int().optional(),
});
export type ResponderSettings = z.output<typeof responderSettings>;

export const traceDeviceSchema = responderSettings.extend({
  kind: z.enum(ACCELERATOR_KINDS),
  pf_device_id: hex,
  vf_device_id: hex,
  vf_index: z.number().int().min(0).max(62),
  hw_ver: hex,
  vf_bar2_len: hex,
  enable_reset: z.boolean(),
  no_pf_driver: z.union([z.boolean(), z.number()]).optional(),
});
export type TraceDevice = z.output<typeof traceDeviceSchema>;

const repeat = z.object({ repeat: z.number().int().min(1), every_us: z.number() });
const access = z.union([
  z.tuple([functionName, z.enum(['r', 'w']), z.number().int(), hex, wideHex, z.number()]),
  z.tuple([functionName, z.enum(['r', 'w']), z.number().int(), hex, wideHex, z.number(), repeat]),
]);
export type RecordedAccess = z.output<typeof access>;

const call = z.looseObject({
  call: z.string(),
  result: z.looseObject({ ret: z.number().int() }),
  result_len: z.number().int().optional(),
  data_hex: z
    .string()
    .regex(/^([0-9a-fA-F]{2})*$/, 'bytes in hexadecimal')
    .optional(),
  text: z.string().optional(),
  events: z.array(z.tuple([z.string(), z.number()])).optional(),
  t_start_us: z.number(),
  t_end_us: z.number(),
  mmio_count: z.number().int(),
  mmio: z.array(access),
});
export type TraceCall = z.output<typeof call>;

const change = z.object({ call: z.literal('device'), change: responderSettings });

const trace = z.object({
  name: z.string(),
  driver: z.string(),
  description: z.string().optional(),
  device: traceDeviceSchema,
  unreleased_files_at_end: z.number().int(),
  steps: z.array(z.unknown()),
});

/** A whole trace. {@link parseTrace} reads its steps one by one, so that errors name the step. */
export const traceSchema = trace.extend({ steps: z.array(z.union([change, call])) });

type TraceStep =
  | { readonly kind: 'change'; readonly change: ResponderSettings }
  | { readonly kind: 'call'; readonly call: TraceCall };

export interface Recording {
  readonly name: string;
  readonly driver: string;
  readonly device: TraceDevice;
  readonly unreleasedFilesAtEnd: number;
  readonly steps: readonly TraceStep[];
}

const HINT = 'a trace is a JSON document with name, driver, device and steps, as docs/trace-format.md describes';

/**
 * Reads a trace from its JSON text.
 *
 * @throws UserError of kind `input` when the text is no JSON or no trace
 */
export function parseTrace(text: string, fileName: string): Recording {
  const document = parseJsonText(text, fileName, 'a trace', HINT);
  const foreign = foreignDocument(formatOf(document), 'a trace');
  if (foreign !== undefined) throw new UserError('input', `${fileName}: ${foreign.sentence}`, foreign.hint);
  const head = parseDocument(trace, document, fileName, HINT);
  const steps = head.steps.map((raw, index): TraceStep => {
    const isChange = typeof raw === 'object' && raw !== null && 'call' in raw && raw.call === 'device';
    const what = `${fileName}: steps[${index}]`;
    return isChange
      ? { kind: 'change', change: parseDocument(change, raw, what, HINT).change }
      : { kind: 'call', call: parseDocument(call, raw, what, HINT) };
  });
  return {
    name: head.name,
    driver: head.driver,
    device: head.device,
    unreleasedFilesAtEnd: head.unreleased_files_at_end,
    steps,
  };
}

/** A number from a field that may be a hexadecimal string. */
export function toNumber(value: number | string): number {
  return typeof value === 'number' ? value : Number(value);
}

/** A value of up to 128 bits as four 32-bit words, lowest first. */
export function toWords(given: number | string): readonly [number, number, number, number] {
  const value = typeof given === 'number' ? `0x${given.toString(16)}` : given;
  const digits = value.slice(2).padStart(32, '0');
  const word = (index: number): number => Number.parseInt(digits.slice(32 - 8 * (index + 1), 32 - 8 * index), 16);
  return [word(0), word(1), word(2), word(3)];
}
