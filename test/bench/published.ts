/**
 * Documents held against the JSON Schemas that the build writes, by a validator that is not stopcopy's.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

import { packageRoot } from '../../bench/io/package-root.ts';
import { SCHEMA_NAMES, schemaFile } from '../../bench/schemas.ts';

const VALIDATORS = new Map<string, ValidateFunction>();

/** Text of the published schema of a format. */
export function schemaText(format: string): string {
  return readFileSync(join(packageRoot(), 'dist', 'schemas', schemaFile(format)), 'utf8');
}

function validatorOf(format: string): ValidateFunction {
  const known = VALIDATORS.get(format);
  if (known !== undefined) return known;
  // Times of documents are held by what reads them; unions of types, and records of fixed names, are meant.
  const ajv = new Ajv2020({
    strict: true,
    allErrors: true,
    formats: { 'date-time': true },
    strictTypes: false,
    strictRequired: false,
  });
  const validate = ajv.compile(JSON.parse(schemaText(format)) as object);
  VALIDATORS.set(format, validate);
  return validate;
}

/** What of a document its schema does not allow, a line each. */
export function schemaFindings(format: string, document: unknown): readonly string[] {
  const validate = validatorOf(format);
  if (validate(document)) return [];
  return (validate.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath} ${message}`);
}

/** The same for a document of `--json`, by the format that it has. */
export function documentFindings(text: string): readonly string[] {
  const document = JSON.parse(text) as { readonly format?: unknown; readonly version?: unknown };
  const { format, version } = document;
  if (typeof format !== 'string' || !SCHEMA_NAMES.includes(format)) return [`format is ${String(format)}`];
  return typeof version === 'number' ? schemaFindings(format, document) : [`version is ${String(version)}`];
}
