/**
 * Traces of a driver on real hardware: the trace format with times by a real clock, calls that are inferred where nothing
 * marks them, and accesses that the tracer cannot see missing. docs/trace-format.md 11.
 *
 * Such a trace cannot be replayed access by access; `align.ts` holds it against what each generation would do.
 */
import { z } from 'zod';
import { parseDocument } from '../base/schema.ts';
import { parseJsonText } from '../base/json-text.ts';
import { traceDeviceSchema } from './format.ts';

const value = z.string().regex(/^0x[0-9a-fA-F]{1,32}$/, 'a hexadecimal value of up to 128 bits');
const seen = z.object({ end_us: z.number().optional(), line: z.int().min(1).optional() });
const access = z.tuple([
  z.enum(['pf', 'vf']),
  z.enum(['r', 'w']),
  z.int().min(1).max(16),
  z.string().regex(/^0x[0-9a-fA-F]{1,13}$/, 'an offset such as "0x300"'),
  value.nullable(),
  z.number(),
  seen,
]);
/** `[function, op, width, offset, value or null, t_us, { end_us, line }]`. */
export type CapturedAccess = z.output<typeof access>;

const step = z.looseObject({
  call: z.string(),
  to: z.string().optional(),
  /** `mark` or `accesses`. */
  from: z.enum(['mark', 'accesses']),
  segment: z.int().min(0).optional(),
  t_start_us: z.number(),
  t_end_us: z.number(),
  mmio: z.array(access),
});
export type CapturedStep = z.output<typeof step>;

const captureSchema = z.object({
  name: z.string(),
  driver: z.literal('unknown'),
  description: z.string().optional(),
  capture: z.object({
    from: z.array(z.string()),
    vf: z.string(),
    /** What the tracer never sees: `wide`: accesses of 128 bits; `times`: times that are costs. */
    lacks: z.array(z.enum(['wide', 'times'])),
    /** Null: an unknown number. */
    lostEvents: z.int().min(0).nullable(),
    /** Fields of `device` that no access shows. */
    assumed: z.array(z.string()),
  }),
  device: traceDeviceSchema,
  steps: z.array(step),
});
export type Capture = z.output<typeof captureSchema>;

const HINT = 'stopcopy import makes such a trace of what the kernel traced; docs/trace-format.md 11 describes it';

/** Whether a text is a trace of this kind, by its beginning. */
export function isCapture(head: string): boolean {
  return /^\s*\{/.test(head) && /"capture"\s*:\s*\{/.test(head);
}

/** @throws UserError of kind `input` for a text that is none */
export function parseCapture(text: string, fileName: string): Capture {
  return parseDocument(captureSchema, parseJsonText(text, fileName, 'a captured trace', HINT), fileName, HINT);
}
