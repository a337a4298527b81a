/**
 * What is read of a form, in one tree: what the file says, and of a machine each function by its address.
 */
import { type ForeignFile, readTextOf } from '../../../../bench/import/readers.ts';
import { type Form, type Score, scoreOf, together } from './form.ts';

/** Fields of a form: those that are right, those that are not, and those that must not be there. */
export function scored({ kind = 'move', text, as, said, absent = [], quiet = false }: Form): Score {
  let file: ForeignFile;
  try {
    file = readTextOf(kind, text, 'x', as) as ForeignFile;
  } catch (error) {
    return { right: 0, wrong: Object.keys(said).map((name) => `${name}: ${String(error)}`) };
  }
  const found = treeOf(file);
  const made = absent.filter((path) => valueAt(found, path) !== undefined);
  const unread = quiet ? file.findings.filter((each) => each.kind === 'unused' && each.text.startsWith("'")) : [];
  return together([
    scoreOf(said, found, ''),
    { right: absent.length - made.length, wrong: made.map((path) => `${path}: made up`) },
    { right: 0, wrong: unread.map((each) => `line ${each.line}: ${each.text} is not read`) },
  ]);
}

function treeOf(file: ForeignFile): Readonly<Record<string, unknown>> {
  if (file.kind === 'results') return { format: file.format, ...file.facts };
  if (file.kind !== 'machine') return { format: file.format, ...file.facts.said };
  const { functions, ...rest } = file.facts;
  return {
    format: file.format,
    ...rest,
    ...Object.fromEntries(functions.map(({ facts }) => [facts.address, facts])),
  };
}

/** `0000:17:00.0.acs`: an address has dots of its own. */
function valueAt(tree: Readonly<Record<string, unknown>>, path: string): unknown {
  const [, first = path, rest] = /^((?:[\da-f]{4,8}:)?[\da-f]{2}:[\da-f]{2}\.\d)\.(.*)$/.exec(path) ?? [];
  const value = tree[first];
  if (rest === undefined || typeof value !== 'object' || value === null) return value;
  return (value as Readonly<Record<string, unknown>>)[rest];
}
