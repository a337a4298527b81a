/**
 * Keeps README.md and docs/ true: what they point to exists, and what they repeat from the sources stands there.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { Output } from '../bench/io/output.ts';
import { buildProgram } from '../bench/cli/program.ts';
import { COST } from '../sim/device/costs.ts';
import { GUEST_MAP, GUEST_VM } from '../workers/lane/guest-map.ts';
import { HANDOVER } from '../workers/lane/handover-words.ts';
import { LANE, MAP } from '../workers/lane/shared-map.ts';

const ROOT = join(import.meta.dirname, '..');
const OWN_FOLDERS = ['sim/', 'workers/', 'bench/', 'test/', 'traces/', 'docs/'];
const PAGES: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function all(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), (match) => match[1] ?? match[0]);
}

const FENCED = /^ *```[^\n]*\n([\s\S]*?)^ *```/gm;
const INDENTED = /^ {4}(.*)$/gm;
const INLINE = /`([^`]+)`/g;

/** A page without its blocks of code. */
function prose(page: string): string {
  return read(page).replaceAll(FENCED, '');
}

/** Pieces of a page that are set as code: spans and lines. */
function code(page: string): string[] {
  const blocks = all(read(page), FENCED).flatMap((block) => block.split('\n'));
  const text = prose(page);
  return [...blocks, ...all(text, INDENTED), ...all(text, INLINE).map((span) => span.replaceAll(/\s+/g, ' '))];
}

/** What is wrong on all pages, each finding with its page in front. */
function onPages(findings: (page: string) => readonly string[]): string[] {
  return PAGES.flatMap((page) => findings(page).map((finding) => `${page}: ${finding}`));
}

/** The words that follow a command, for each of its calls: `run`, `build` where `npm run build` stands. */
function commandLines(page: string, command: string): string[][] {
  const pattern = new RegExp(String.raw`(?:^|[\s(])${command} ([^&|;#]+)`, 'g');
  return code(page)
    .flatMap((text) => all(text, pattern))
    .map((rest) => rest.trim().split(/\s+/));
}

describe('what the pages point to', () => {
  it('is a file that exists, for every relative link', () => {
    const broken = onPages((page) =>
      all(prose(page), /\]\(([^)\s]+)[^)]*\)/g)
        .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
        .filter((target) => !existsSync(join(ROOT, dirname(page), target.replace(/#.*$/, '')))),
    );
    expect(broken).toEqual([]);
  });

  it('is a file or folder that exists, for every path of the package in backticks', () => {
    const missing = onPages((page) =>
      all(prose(page), INLINE)
        .map((span) => span.split(/[\s:#]/, 1)[0] ?? '')
        .filter((path) => OWN_FOLDERS.some((folder) => path.startsWith(folder)))
        // Of a pattern, such as `*.ts` or `<name>.ts`, the folder before it.
        .filter((path) => !existsSync(join(ROOT, path.replace(/[^/]*[*<].*$/, '')))),
    );
    expect(missing).toEqual([]);
  });

  it('is a command and an option of the program, for every call of stopcopy', async () => {
    const program = await buildProgram({
      output: new Output(false),
      signal: new AbortController().signal,
      exit: () => undefined,
      args: [],
      again: async () => 0 as const,
    });
    const isKnown = ([name = '', ...rest]: readonly string[]): boolean => {
      if (name.startsWith('-')) return ['--help', '--version'].includes(name);
      const command = program.commands.find((each) => each.name() === name);
      const options = rest
        .filter((word) => word.startsWith('--') && word !== '--')
        .map((word) => word.replace(/=.*$/, ''));
      const known = new Set(['--help', ...(command?.options ?? []).map(({ long }) => long)]);
      return command !== undefined && options.every((option) => known.has(option));
    };
    const unknown = onPages((page) =>
      commandLines(page, 'npx stopcopy')
        .filter((words) => !isKnown(words))
        .map((words) => `npx stopcopy ${words.join(' ')}`),
    );
    expect(unknown).toEqual([]);
    expect(PAGES.flatMap((page) => commandLines(page, 'npx stopcopy'))).not.toHaveLength(0);
  });

  it('is a script of the package, for every call of npm', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const isKnown = ([verb = '', name = '']: readonly string[]): boolean => {
      if (['ci', 'pack', 'audit', 'publish'].includes(verb)) return true;
      const script = verb === 'run' ? name : verb === 'cit' ? 'test' : verb;
      return ['run', 'cit', 'start', 'test'].includes(verb) && Object.hasOwn(scripts, script);
    };
    const unknown = onPages((page) =>
      commandLines(page, 'npm')
        .filter((words) => !isKnown(words))
        .map((words) => `npm ${words.join(' ')}`),
    );
    expect(unknown).toEqual([]);
    expect(commandLines('README.md', 'npm')).not.toHaveLength(0);
  });
});

/** Section numbers in `docs/device.md 3.1`, `docs/device.md sections 3, 7 to 11 and 14` and the like. */
function citedSections(source: string): string[] {
  const text = source.replaceAll(/\n\s*(?:\*|\/\/)?\s*/g, ' ');
  const number = String.raw`\d+(?:\.\d+)*`;
  const list = String.raw`${number}(?:(?:, and|,| and| to) ${number})*`;
  return all(text, new RegExp(String.raw`docs/device\.md(?: sections?)? (${list})`, 'g')).flatMap((cited) => {
    const ranges = Array.from(cited.matchAll(/(?<![\d.])(\d+) to (\d+)(?![\d.])/g), ([, from, to]) => {
      const first = Number(from);
      return Array.from({ length: Number(to) - first + 1 }, (_, i) => String(first + i));
    });
    return [...all(cited, new RegExp(number, 'g')), ...ranges.flat()];
  });
}

function sourcesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`);
}

describe('what the sources cite', () => {
  it('is understood in all its forms', () => {
    const text = `docs/device.md 3.1. docs/device.md sections 3, 7 to 9 and 14.2; docs/device.md 14, R2; docs/device.md
     * section 8`;
    expect(new Set(citedSections(text))).toEqual(new Set(['3.1', '3', '7', '8', '9', '14.2', '14']));
  });

  it('is a section that docs/device.md has', () => {
    const headings = new Set(all(read('docs/device.md'), /^#{2,6} (\d+(?:\.\d+)*)\.?(?:\s|$)/gm));
    const cited = ['sim', 'workers', 'bench']
      .flatMap((folder) => sourcesIn(folder))
      .flatMap((file) => citedSections(read(file)).map((section) => ({ file, section })));
    expect(cited).not.toHaveLength(0);
    const missing = cited.filter(({ section }) => !headings.has(section));
    expect(missing).toEqual([]);
  });
});

/** Rows of all tables of a page: their cells, without backticks and emphasis. */
function tableRows(page: string): string[][] {
  return all(read(page), /^\s*\|(.*)\|\s*$/gm).map((row) =>
    row.split('|').map((cell) => cell.replaceAll(/[`*]/g, '').trim()),
  );
}

/** A number with or without separators of thousands; of a range its first. */
function numberIn(cell: string | undefined): number {
  const digits = (cell ?? '').replaceAll(/(?<=\d)[_,\s](?=\d{3})/g, '').replace(/(?<=\d)–\d+$/, '');
  return /^\d+(?:\.\d+)?$/.test(digits) ? Number(digits) : Number.NaN;
}

/** Without its size, which is no word of its own. */
const { words: _size, ...HANDOVER_WORDS } = HANDOVER;

describe('what the pages repeat from the sources', () => {
  it('is the cost table, row by row, in docs/model.md', () => {
    const rows = tableRows('docs/model.md').filter(([name = '']) => /^\w+Ns$/.test(name));
    const told = rows.map(([name, point, min, max, from, source]) => [
      name,
      numberIn(point),
      numberIn(min),
      numberIn(max),
      from,
      source,
    ]);
    const costs = Object.entries(COST).map(([name, { ns, min, max, from, source }]) => [
      name,
      ns,
      min,
      max,
      from,
      source,
    ]);
    expect(told).toEqual(costs);
  });

  it.each(Object.entries({ MAP, LANE, GUEST_MAP, GUEST_VM, HANDOVER: HANDOVER_WORDS }))(
    'is every word of %s with its place, in the tables of docs/shared-memory.md',
    (_, words) => {
      const told = new Set(tableRows('docs/shared-memory.md').map(([word, place]) => `${word} ${numberIn(place)}`));
      const missing = Object.entries(words)
        .map(([word, place]) => `${word} ${place}`)
        .filter((word) => !told.has(word));
      expect(missing).toEqual([]);
    },
  );
});
