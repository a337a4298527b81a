/**
 * Days as documents have them.
 */
import { z } from 'zod';

/** A day as YYYY-MM-DD. */
export const day = z
  .string()
  .regex(/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, 'a day as YYYY-MM-DD, such as 2026-08-22');
