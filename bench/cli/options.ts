/**
 * Values of options: checked, with the allowed values in the message.
 */
import { Option } from 'commander';

import { similarName } from '../../sim/base/similar.ts';
import { UserError } from '../../sim/base/user-error.ts';

/** A parser for a whole number. */
export function integer(option: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= min && value <= max) return value;
    throw new UserError('usage', `${option} is '${text}', allowed is a whole number from ${min} to ${max}`);
  };
}

/** A parser for a number that may have a fraction. */
export function decimal(option: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+(?:\.\d+)?$/.test(text) && value >= min && value <= max) return value;
    throw new UserError('usage', `${option} is '${text}', allowed is a number from ${min} to ${max}`);
  };
}

/** A parser for names divided by commas; the option may also be given several times. */
export function nameList<Name extends string>(
  option: string,
  allowed: readonly Name[],
): (text: string, before: readonly Name[] | undefined) => readonly Name[] {
  return (text, before) =>
    unique([...(before ?? []), ...entries(option, text).map((entry) => name(option, allowed, entry))]);
}

export function oneName<Name extends string>(option: string, allowed: readonly Name[]): (text: string) => Name {
  return (text) => name(option, allowed, text);
}

/** A parser for whole numbers divided by commas. */
export function integerList(
  option: string,
  min: number,
  max: number,
): (text: string, before: readonly number[] | undefined) => readonly number[] {
  const one = integer(option, min, max);
  return (text, before) => unique([...(before ?? []), ...entries(option, text).map(one)]);
}

function entries(option: string, text: string): readonly string[] {
  const list = text.split(',').map((entry) => entry.trim());
  if (list.includes('')) throw new UserError('usage', `${option} is '${text}', allowed are entries divided by commas`);
  return list;
}

function name<Name extends string>(option: string, allowed: readonly Name[], text: string): Name {
  const found = allowed.find((candidate) => candidate === text);
  if (found !== undefined) return found;
  const meant = similarName(text, allowed);
  const message = `${option} has '${text}', allowed is ${allowed.join(', ')}`;
  throw new UserError('usage', message, meant === undefined ? undefined : `Is '${meant}' meant?`);
}

function unique<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}

/** An option of earlier versions, refused with its new name. */
export function renamedOption(old: string, now: string): Option {
  const refuse = (): never => {
    throw new UserError('usage', `${old} is now called ${now}`);
  };
  return new Option(`${old} <value>`).hideHelp().argParser(refuse);
}

/** A parser for a day. */
export function day(option: string): (text: string) => Date {
  return (text) => {
    const found = new Date(`${text}T00:00:00Z`);
    if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(found.getTime()) && found.toISOString().startsWith(text)) {
      return found;
    }
    throw new UserError('usage', `${option} is '${text}', allowed is a day as YYYY-MM-DD, such as 2026-11-30`);
  };
}

/** A parser for a time of a day, in UTC. */
export function time(option: string): (text: string) => Date {
  return (text) => {
    const found = new Date(text);
    if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?Z$/.test(text) && !Number.isNaN(found.getTime())) return found;
    throw new UserError('usage', `${option} is '${text}', allowed is a time in UTC, such as 2026-12-05T22:00Z`);
  };
}

/** Of commands whose model may have measured parameters. */
export const COSTS_OPTION = [
  '--costs <file>',
  'costs of the device that stopcopy calibrate found in your traces, in place of the shipped ones',
] as const;

export const PLATFORM_OPTION = [
  '--platform <name>',
  'parameters of your machines, as stopcopy fit writes them: a file, or NAME of platforms/NAME.yaml here',
] as const;
