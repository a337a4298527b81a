/**
 * What a scenario may demand of its run: how the move ends, and bounds of figures.
 */
import { z } from 'zod';

import { MOVE_ENDS } from '../memory/outcome.ts';

/** Which value of a figure: an end of its band, or its nominal value. */
const FIGURE_ENDS = ['low', 'value', 'high'] as const;
const OPERATORS = ['<=', '>=', '<', '>'] as const;
export type Operator = (typeof OPERATORS)[number];

/** A bound such as `pause.high < 300ms`. */
export interface Assertion {
  readonly text: string;
  readonly figure: string;
  readonly end: (typeof FIGURE_ENDS)[number];
  readonly operator: Operator;
  readonly limit: string;
}

const PATTERN = new RegExp(
  `^\\s*(\\w+)(?:\\.(${FIGURE_ENDS.join('|')}))?\\s*(${OPERATORS.join('|')})\\s*(\\S.*?)\\s*$`,
);

/** How such a bound is written. */
export const ASSERTION_SYNTAX = 'FIGURE, FIGURE.low or FIGURE.high with <, <=, > or >= and a quantity';

/** @returns null for a text that is no such bound */
export function assertionOf(text: string): Assertion | null {
  const [, figure, end = 'value', operator, limit] = PATTERN.exec(text) ?? [];
  if (figure === undefined || operator === undefined || limit === undefined) return null;
  return { text, figure, end: end as Assertion['end'], operator: operator as Operator, limit };
}

/** Fields of a scenario. */
export const demandFields = {
  /** How the move of each VM must end. */
  expect: z.enum(MOVE_ENDS).optional(),
  /** Bounds that must hold. */
  assert: z
    .array(
      z
        .string()
        .refine((text) => assertionOf(text) !== null, {
          error: `allowed is ${ASSERTION_SYNTAX}, such as 'pause.high < 300ms'`,
        })
        .describe(`${ASSERTION_SYNTAX}, such as 'pause.high < 300ms'`),
    )
    .min(1)
    .optional(),
};
