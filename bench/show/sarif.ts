/**
 * Findings of a command as a SARIF 2.1.0 log, which code-scanning services show next to the input file.
 *
 * Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, sections 3.13 to 3.38.
 */
import { isAbsolute, normalize, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

import { packageVersion } from '../io/package-root.ts';

const SARIF_VERSION = '2.1.0';
const SARIF_SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

export type SarifLevel = 'error' | 'warning' | 'note';

/** Something that can be found. */
export interface SarifRule {
  readonly id: string;
  readonly what: string;
  /** Of most of its results. */
  readonly level: SarifLevel;
}

/** A step of what leads to a finding. */
interface SarifStep {
  readonly at: string;
  readonly text: string;
}

/** Something that was found. */
export interface SarifResult {
  readonly ruleId: string;
  readonly level: SarifLevel;
  readonly message: string;
  /** The file that was examined, from the current folder or absolute; null for what is no file. */
  readonly file: string | null;
  /** What it concerns, such as the address of a function. */
  readonly at: string;
  /** Equal for what is the same finding in two logs of a rule, a file and a place. */
  readonly fingerprint: string;
  /** Ways to it, each step by step. */
  readonly flows: readonly (readonly SarifStep[])[];
}

/**
 * The text of a log with one run.
 *
 * @param command such as `stopcopy isolation`
 * @param rules all that can be found, whether it was or not
 */
export function sarifLog(command: string, rules: readonly SarifRule[], results: readonly SarifResult[]): string {
  const index = new Map(rules.map(({ id }, place) => [id, place]));
  const version = packageVersion();
  const log = {
    $schema: SARIF_SCHEMA,
    version: SARIF_VERSION,
    runs: [
      {
        tool: { driver: { name: 'stopcopy', version, semanticVersion: version, rules: rules.map(ruleOf) } },
        automationDetails: { id: `${command}/` },
        results: results.map((result) => ({ ruleIndex: index.get(result.ruleId), ...resultOf(result) })),
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function ruleOf({ id, what, level }: SarifRule): object {
  return { id, shortDescription: message(what), defaultConfiguration: { level } };
}

function resultOf({ ruleId, level, message: text, file, at, fingerprint, flows }: SarifResult): object {
  const threads = flows.map((steps) => ({ threadFlows: [{ locations: steps.map((step) => stepOf(step, file)) }] }));
  return {
    ruleId,
    level,
    message: message(text),
    locations: [location(file, at)],
    partialFingerprints: { 'stopcopy/v1': fingerprint },
    ...(threads.length === 0 ? {} : { codeFlows: threads }),
  };
}

function stepOf({ at, text }: SarifStep, file: string | null): object {
  return { location: { ...location(file, at), message: message(text) } };
}

function location(file: string | null, at: string): object {
  return {
    ...(file === null ? {} : { physicalLocation: { artifactLocation: { uri: uriOf(file) } } }),
    logicalLocations: [{ fullyQualifiedName: at, kind: 'resource' }],
  };
}

/** Braces stand for arguments in a message unless they are doubled (3.11.5). */
function message(text: string): { readonly text: string } {
  return { text: text.replaceAll(/[{}]/g, '$&$&') };
}

/** A path as a URI reference: relative where the path is, since services take it from the root of a repository. */
function uriOf(path: string): string {
  if (isAbsolute(path)) return pathToFileURL(path).href;
  return normalize(path).split(sep).map(encodeURIComponent).join('/');
}
