/**
 * Keeps true what the pages about `stopcopy run` repeat: parameters, fields, and the output in README.md.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { EXIT } from '../bench/io/exit-status.ts';
import { parseInput } from '../bench/io/input-file.ts';
import { packageRoot } from '../bench/io/package-root.ts';
import { type RunDocument, runDocument } from '../bench/documents/run/document.ts';
import { playScenario, readScenario } from '../bench/studies/run/play.ts';
import { MOVE_POINTS } from '../sim/move/move.ts';
import { convergenceFields, type Scenario, scenarioSchema } from '../sim/scenario/document.ts';
import { DEVICE_FAULT_NAMES, IMAGE_FIELD_NAMES } from '../sim/scenario/fault.ts';
import { VMM_PARAMETER } from '../sim/memory/parameters.ts';
import { MOVE_PARTS, PAUSE_PARTS } from '../sim/base/pause-parts.ts';
import { captured } from './bench/captured.ts';
import { stopcopy, stopcopyAt } from './bench/command.ts';
import { doStep, expectShown, stepsOf } from './page-examples.ts';

const ROOT = packageRoot();

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** Rows of the tables under a heading: their cells, without backticks. */
function rowsUnder(page: string, heading: string): string[][] {
  const text = `\n${read(page)}`;
  const from = text.indexOf(`\n${heading}\n`);
  expect({ page, heading, there: from >= 0 }).toMatchObject({ there: true });
  const rest = text.slice(from + heading.length + 2);
  const until = rest.search(/^## /m);
  const section = until < 0 ? rest : rest.slice(0, until);
  return Array.from(section.matchAll(/^\|(.*)\|$/gm), ([, row = '']) =>
    row.split('|').map((cell) => cell.replaceAll('`', '').trim()),
  ).slice(2);
}

function namesUnder(page: string, heading: string): string[] {
  return rowsUnder(page, heading).map(([name = '']) => name);
}

function sorted(names: Iterable<string>): string[] {
  return [...names].toSorted();
}

const numberIn = (cell: string | undefined): number => Number((cell ?? '').replaceAll(' ', ''));

describe('docs/pause.md', () => {
  it('has the parameters of the VMM, row by row', () => {
    const told = rowsUnder('docs/pause.md', '## Parameters').map(([name, value, short, long, unit, from, source]) => [
      name,
      numberIn(value),
      numberIn(short),
      numberIn(long),
      unit,
      from,
      source,
    ]);
    const held = Object.entries(VMM_PARAMETER).map(([name, { value, short, long, unit, from, source }]) => [
      name,
      value,
      short,
      long,
      unit,
      from,
      source,
    ]);
    expect(told).toEqual(held);
  });

  it('has the parts in their order', () => {
    const parts = rowsUnder('docs/pause.md', '## The order of things').map((cells) => cells[3] ?? '');
    expect(parts.filter((part) => part !== 'before the pause')).toEqual(PAUSE_PARTS);
    const text = read('docs/pause.md');
    for (const part of MOVE_PARTS) expect(text).toContain(`\`${part}\``);
  });
});

describe('docs/scenario-format.md', () => {
  const { shape } = scenarioSchema;
  const fieldsOf = (schema: { shape: object }): string[] => sorted(Object.keys(schema.shape));

  it.each([
    ['## Scenario', fieldsOf(scenarioSchema)],
    ['## `memory`', fieldsOf(shape.memory)],
    ['## `stream`', fieldsOf(shape.stream)],
    ['## `convergence`', fieldsOf(convergenceFields)],
    ['## `devices`', fieldsOf(shape.devices.unwrap().element)],
    ['## `faults`', sorted(shape.faults.unwrap().element.options.map((option) => [...option.shape.kind.values][0]!))],
  ])('has the fields of the schema: %s', (heading, fields) => {
    expect(sorted(namesUnder('docs/scenario-format.md', heading))).toEqual(fields);
  });

  it('names every point, fault and field of an image', () => {
    const text = read('docs/scenario-format.md');
    for (const name of [...MOVE_POINTS, ...DEVICE_FAULT_NAMES, ...IMAGE_FIELD_NAMES])
      expect(text).toContain(`\`${name}\``);
  });

  it('begins with a scenario that can be played', () => {
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(read('docs/scenario-format.md')) ?? [];
    const scenario: Scenario = scenarioSchema.parse(parseInput(example, 'example'));
    expect(scenario).toMatchObject({ name: 'mine', memory: { size: 64 * 1024 ** 3 } });
  });
});

describe('docs/run-format.md', () => {
  async function document(): Promise<RunDocument> {
    const plan = readScenario('zip-64');
    return runDocument(await playScenario(plan, captured(true).output, new AbortController().signal));
  }

  it('has the fields of a document', async () => {
    const made = await document();
    expect(sorted(namesUnder('docs/run-format.md', '# The run document'))).toEqual(sorted(Object.keys(made)));
    expect(sorted(namesUnder('docs/run-format.md', '## `vms`'))).toEqual(sorted(Object.keys(made.vms[0]!)));
    const figures = rowsUnder('docs/run-format.md', '## `figures`').map(([name, kind]) => `${name} ${kind}`);
    const made_ = Object.entries(made.figures).map(([name, { kind }]) => `${name} ${kind}`);
    expect(sorted(figures)).toEqual(sorted(made_));
  });

  it('has the fields of the document of two, and shows what stopcopy run A B prints', async () => {
    const steps = stepsOf(read('docs/run-format.md'));
    expect(steps.map(({ does }) => does)).toEqual(['write', 'write', 'run']);
    const folder = mkdtempSync(join(tmpdir(), 'stopcopy-run-format-'));
    try {
      for (const step of steps) {
        const status = await doStep(step, folder, (words) => stopcopyAt(folder, ...words));
        expect(status ?? 0).toBe(0);
      }
      const { stdout } = await stopcopyAt(folder, 'run', 'qemu.yaml', 'ch.yaml', '--json');
      expect(sorted(namesUnder('docs/run-format.md', '## Two runs'))).toEqual(
        sorted(Object.keys(JSON.parse(stdout) as object)),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('docs/published-tables.md', () => {
  it('shows what stopcopy fit prints of the table that ships, and a run with its platform', async () => {
    const steps = stepsOf(read('docs/published-tables.md'));
    expect(steps.map((step) => step.does === 'run' && step.command.split(' ', 1)[0])).toEqual(['fit', 'run']);
    const folder = mkdtempSync(join(tmpdir(), 'stopcopy-fit-page-'));
    try {
      cpSync(join(packageRoot(), 'bench/studies/fit/examples/small-lab.yaml'), join(folder, 'small-lab.yaml'));
      for (const step of steps) expect(await doStep(step, folder, (words) => stopcopyAt(folder, ...words))).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('docs/import.md', () => {
  it('explains, imports and plays the move that ships', async () => {
    const steps = stepsOf(read('docs/import.md').split('## A move', 2)[1]!);
    expect(steps.map((step) => step.does === 'run' && step.command.split(' ', 1)[0])).toEqual(['explain', 'import', 'run']); // prettier-ignore
    const folder = mkdtempSync(join(tmpdir(), 'stopcopy-import-page-'));
    try {
      const example = 'qemu-zip.qmp.jsonl';
      cpSync(join(packageRoot(), 'bench/studies/import/examples', example), join(folder, example));
      for (const step of steps) expect(await doStep(step, folder, (words) => stopcopyAt(folder, ...words))).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('CONTRIBUTING.md', () => {
  it('has a scenario and a question that are played', async () => {
    const steps = stepsOf(read('CONTRIBUTING.md'));
    expect(steps.map(({ does }) => does)).toEqual(['write', 'run', 'write', 'run']);
    const folder = mkdtempSync(join(tmpdir(), 'stopcopy-contributing-'));
    try {
      for (const step of steps) {
        const status = await doStep(step, folder, (words) => stopcopyAt(folder, ...words));
        expect(status ?? 0).toBe(0);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('README.md', () => {
  const shown = stepsOf(read('README.md')).flatMap((step) => (step.does === 'run' ? [step] : []));

  it('shows what the commands print that compute in a second or two', () => {
    const names = ['run', 'can', 'plan', 'isolation', 'verify'];
    expect(shown.map(({ command }) => command.split(' ', 1)[0])).toEqual(names);
  });

  it.each(shown)('shows what stopcopy $command prints', async (step) => {
    const { status, stdout } = await stopcopy(...step.command.split(' '));
    expect(status).toBe(step.command.startsWith('can ') ? EXIT.infeasible : EXIT.fine);
    expectShown(stdout, step.shown);
  });
});
