/**
 * A kind of accelerator, a generation of the driver and a load that are made up here: what adding one takes, that the compiler
 * names each place that lacks a part of it, and that every command takes them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { CommandName } from '../bench/cli/program.ts';
import type { ComparisonDocument } from '../bench/documents/comparison/document.ts';
import { baselinePath, readBaseline } from '../bench/measure/metrics/baseline.ts';
import { packageRoot } from '../bench/io/package-root.ts';
import { ACCELERATORS, type AcceleratorFacts } from '../sim/abi/accelerators.ts';
import { keysOf } from '../sim/base/keys.ts';
import { type Cost, COST } from '../sim/device/costs.ts';
import { type Release, RELEASES } from '../sim/driver/generation-facts.ts';
import { DEFAULT_GENERATION, type Generation, GENERATIONS } from '../sim/driver/generation.ts';
import { JOB_RATES, type JobRate } from '../sim/workload/rates.ts';
import type { Ended } from './bench/command.ts';
import { fixtureResult } from './bench/fixture.ts';
import { SourceTree, type Table } from './new-rows-tree.ts';
import type { OneProgram } from './one-program.ts';

const ROOT = packageRoot();
const KIND = 'toy';
const GENERATION = 'linux-0.1';

const LOADS: Table = { file: 'sim/workload/load.ts', name: 'NAMED_LOADS' };
const LOAD = 'light';

const SCENARIO = `
format: stopcopy-scenario
version: 1
name: mine
description: A VM with a made-up VF
vcpus: 2
memory: { size: 1GiB }
stream: { gigabitsPerSecond: 25 }
devices: [{ profile: acc-${KIND}, queues: 4, load: ${LOAD}, driver: ${GENERATION} }]
assume: { dirtyTracking: true }
`;

interface Row extends Table {
  readonly key: (name: string) => string;
  readonly row: (name: string) => object | string;
  /** Where the compiler says that this row is missing, when the others are there. */
  readonly missedIn: string;
}

const facts: AcceleratorFacts = {
  ...ACCELERATORS.zip,
  pfDeviceId: 0xfff0,
  vfDeviceId: 0xfff1,
  pfDefaultQueues: 32,
  cores: 3,
  accTypeV0: 9,
  pfDriver: 'hisi_toy',
};
const cost: Cost = { ...COST.zipTaskNs, source: 'made up', why: 'One toy on one core.' };
const rate: JobRate = { ...JOB_RATES.zip, job: 'a toy' };
const driver: Generation = { ...GENERATIONS[DEFAULT_GENERATION], id: GENERATION };
const release: Release = { ...RELEASES[DEFAULT_GENERATION], covers: 'nothing' };

const FACTS: Row = {
  file: 'sim/abi/accelerators.ts',
  name: 'ACCELERATORS',
  key: (kind) => kind,
  row: () => facts,
  missedIn: 'sim/workload/rates.ts',
};
const TASK_NS: Row = {
  file: 'sim/device/costs.ts',
  name: 'COST',
  key: (kind) => `${kind}TaskNs`,
  row: () => cost,
  missedIn: 'sim/device/costs.ts',
};
const TASK: Row = {
  file: 'sim/device/costs.ts',
  name: 'TASK_COST',
  key: (kind) => kind,
  row: (kind) => `${kind}TaskNs`,
  missedIn: 'sim/device/costs.ts',
};
const RATE: Row = {
  file: 'sim/workload/rates.ts',
  name: 'JOB_RATES',
  key: (kind) => kind,
  row: () => rate,
  missedIn: 'sim/workload/rates.ts',
};
const DRIVER: Row = {
  file: 'sim/driver/generation.ts',
  name: 'GENERATIONS',
  key: (id) => id,
  row: () => driver,
  missedIn: 'sim/driver/generation-facts.ts',
};
const RELEASE: Row = {
  file: 'sim/driver/generation-facts.ts',
  name: 'RELEASES',
  key: (id) => id,
  row: () => release,
  missedIn: 'sim/driver/generation-facts.ts',
};

/** All that a kind takes, and all that a generation takes. */
const KIND_ROWS = [FACTS, TASK_NS, TASK, RATE];
const GENERATION_ROWS = [DRIVER, RELEASE];

/** Files with a table, and those that say what one lacks. An error in them is one of every project that has them. */
const TABLES = [...new Set([...KIND_ROWS, ...GENERATION_ROWS].flatMap(({ file, missedIn }) => [file, missedIn]))];

function add(tree: SourceTree, rows: readonly Row[], name: string): void {
  for (const row of rows) tree.addRows(row, { [row.key(name)]: JSON.stringify(row.row(name)) });
}

describe('what is left out is missed by the compiler:', () => {
  /** Calls with a copy of the simulation, which is removed afterwards. */
  function inCopy(call: (tree: SourceTree) => void): void {
    const tree = new SourceTree(['sim']);
    try {
      call(tree);
    } finally {
      tree.remove();
    }
  }

  test('each field of each row', () => {
    inCopy((tree) => {
      const holes: { readonly field: string; readonly at: () => string }[] = [];
      for (const rows of [KIND_ROWS, GENERATION_ROWS]) {
        for (const [index, whole] of rows.entries()) {
          const fields = whole.row('');
          if (typeof fields === 'string') continue;
          for (const field of keysOf(fields)) {
            // A kind or a generation for each hole, complete in all other rows.
            const name = `${whole.name}-without-${String(field)}`;
            add(tree, rows.with(index, { ...whole, row: () => ({ ...fields, [field]: undefined }) }), name);
            holes.push({ field, at: () => tree.rowAt(whole, whole.key(name)) });
          }
        }
      }
      const errors = tree.compile(TABLES);
      const unseen = holes.filter(
        ({ field, at }) => !errors.some((error) => error.startsWith(at()) && error.includes(`'${field}'`)),
      );
      expect(unseen.map(({ field }) => field)).toEqual([]);
      expect(holes.length).toBeGreaterThan(30);
    });
  });

  // Rows that are missed independently of each other are left out together: a run of the compiler takes seconds.
  const together = [[TASK_NS, RATE, RELEASE], [TASK, DRIVER], [FACTS]];
  test.each(together.map((left) => [left.map(({ name }) => name).join(', '), left] as const))(
    'a row of %s',
    (_, left) => {
      inCopy((tree) => {
        const names = left.map((row, index) => {
          const rows = KIND_ROWS.includes(row) ? KIND_ROWS : GENERATION_ROWS;
          const name = `missing-${index}`;
          add(
            tree,
            rows.filter((each) => each !== row),
            name,
          );
          return name;
        });
        const errors = tree.compile(TABLES);
        for (const [index, { missedIn }] of left.entries()) {
          const said = errors.filter((error) => error.startsWith(`${missedIn}(`) && error.includes(names[index]!));
          expect(said).not.toEqual([]);
        }
      });
    },
  );
});

describe('with all rows', () => {
  let tree: SourceTree;
  let built: Ended;
  let program: OneProgram;
  beforeAll(async () => {
    tree = new SourceTree(['sim', 'workers', 'bench', 'scripts']);
    add(tree, KIND_ROWS, KIND);
    add(tree, GENERATION_ROWS, GENERATION);
    tree.addRows(LOADS, { [LOAD]: '(sqDepth) => ({ kind: "closed", inFlightPerQueue: Math.min(3, sqDepth - 1) })' });
    const profile = readFileSync(join(ROOT, 'sim/memory/profiles/acc-zip.yaml'), 'utf8');
    const own = profile.replace('id: acc-zip', `id: acc-${KIND}`).replace('kind: zip', `kind: ${KIND}`);
    tree.write(`sim/memory/profiles/acc-${KIND}.yaml`, own);
    tree.write('scenario.yaml', SCENARIO);
    // As a run of bench writes it, without the time that one takes.
    tree.write('result.json', JSON.stringify(fixtureResult()).replaceAll('zip', KIND));
    built = tree.build();
    program = await tree.start();
  });
  afterAll(() => {
    program.end();
    tree.remove();
  });

  /** Runs a command line, which must end with the status. */
  async function ends(status: number, words: string): Promise<string> {
    const ended = await program.run(...words.split(' '));
    expect(ended).toMatchObject({ status });
    return ended.stdout;
  }

  /** The same with --json. */
  async function document(status: number, words: string): Promise<unknown> {
    return JSON.parse(await ends(status, `${words} --json`));
  }

  const EACH: Readonly<Record<CommandName, () => Promise<void>>> = {
    bench: async () => {
      const cell = `--accelerator ${KIND} --driver ${GENERATION} --queue-pairs 1 --load ${LOAD}`;
      expect(await document(0, `bench --quick ${cell} --suite downtime --no-html --out results`)).toMatchObject({
        driver: GENERATION,
        cells: [{ accelerator: KIND, load: LOAD, modelledDowntimeNs: { point: { kind: 'modelled' } } }],
      });
    },
    run: async () => {
      expect(await document(0, 'run scenario.yaml')).toMatchObject({ vms: [{ kind: 'moved' }] });
    },
    can: async () => {
      expect(await document(0, 'can --vmm qemu@10.2 --kernel 6.12 --device mlx5_vfio_pci')).toMatchObject({
        moves: true,
      });
    },
    plan: async () => {
      const vm = `vm:\n  vcpus: 2\n  memory: { size: 1GiB }\n  stream: { gigabitsPerSecond: 25 }\n  devices: [{ profile: acc-${KIND}, queues: 4 }]\n  assume: { dirtyTracking: true }\n`;
      const head = 'format: stopcopy-question\nversion: 1\nname: mine\ndescription: A made-up VF\n';
      const hosts = [KIND, 'zip'].map((kind) => `{ name: ${kind}, kind: ${kind}, freeVfs: 2, freeQueues: 8 }`);
      tree.write('room.yaml', `${head}ask: room\n${vm}hosts: [${hosts.join(', ')}]\n`);
      expect(await document(0, 'plan room.yaml --no-tornado')).toMatchObject({ answer: { feasible: true, value: 2 } });
      const variants = [DEFAULT_GENERATION, GENERATION].map((id) => `{ name: ${id}, driver: ${id} }`);
      const budget = 'budget: { pause: 1h }\n';
      tree.write('compare.yaml', `${head}ask: compare\n${budget}${vm}variants: [${variants.join(', ')}]\n`);
      expect(await document(0, 'plan compare.yaml --no-tornado')).toMatchObject({ answer: { feasible: true } });
    },
    converge: async () => {
      expect(await document(0, 'converge --seeds 2 --draws 0 --class idle --policy qemu')).toMatchObject({ moves: 2 });
    },
    merge: async () => {
      await ends(0, 'converge --seeds 2 --draws 0 --class idle --policy qemu --shard 1/1');
      expect(await document(0, 'merge results/converge.1-of-1.shard')).toMatchObject({ moves: 2 });
    },
    send: async () => {
      const help = await ends(0, 'send --help');
      for (const word of [KIND, GENERATION, LOAD]) expect(help).toContain(`${word},`);
    },
    receive: async () => {
      const help = await ends(0, 'receive --help');
      for (const word of [KIND, GENERATION]) expect(help).toContain(`${word},`);
    },
    validate: async () => {
      expect(await document(0, 'validate ping-pong')).toMatchObject({ format: 'stopcopy-validation' });
    },
    fit: async () => {
      tree.write('table.yaml', readFileSync(join(ROOT, 'bench/studies/fit/examples/small-lab.yaml'), 'utf8'));
      expect(await document(0, 'fit table.yaml')).toMatchObject({ format: 'stopcopy-platform', id: 'small-lab' });
    },
    calibrate: async () => {
      tree.write('driver.txt', readFileSync(join(ROOT, 'test/bench/import/samples/hisi-rwmmio.trace-cmd.txt'), 'utf8'));
      expect(await document(0, 'calibrate driver.txt')).toMatchObject({
        format: 'stopcopy-costs',
        costs: { mmioReadNs: {} },
      });
    },
    import: async () => {
      const vf = ACCELERATORS.zip.vfDeviceId.toString(16);
      tree.write(
        'lspci.txt',
        `74:00.0 0604: 19e5:a120 (rev 20)\n\tBus: primary=74, secondary=75, subordinate=75\n` +
          `\tCapabilities: [40] Express Root Port\n\n` +
          `75:00.0 1200: 19e5:${vf} (rev 30)\n\tFlags: fast devsel\n\tCapabilities: [40] Express Endpoint\n\n`,
      );
      expect(await document(0, 'import lspci.txt')).toMatchObject({ format: 'stopcopy-import' });
    },
    explain: async () => {
      tree.write('moved.qmp', readFileSync(join(ROOT, 'bench/studies/import/examples/qemu-zip.qmp.jsonl'), 'utf8'));
      expect(await document(0, 'explain moved.qmp')).toMatchObject({ format: 'stopcopy-explanation' });
    },
    verify: async () => {
      const recorded = readFileSync(join(ROOT, 'traces', `plain-stop-copy.${DEFAULT_GENERATION}.json`), 'utf8');
      const trace = JSON.parse(recorded) as { device: object };
      const device = { ...trace.device, kind: KIND };
      tree.write('trace.json', JSON.stringify({ ...trace, driver: GENERATION, device }));
      expect(await ends(0, 'verify trace.json')).toContain(`pass plain-stop-copy ${GENERATION} `);
    },
    check: async () => {
      expect(await document(1, `check --generation ${GENERATION} --runs 20`)).toMatchObject({
        generations: [{ generation: GENERATION, runs: 20 }],
      });
    },
    isolation: async () => {
      const topology = readFileSync(join(ROOT, 'sim/pci/topologies/t01-integrated.yaml'), 'utf8');
      tree.write('topology.yaml', topology.replace('kind: zip', `kind: ${KIND}`));
      expect(JSON.stringify(await document(0, 'isolation topology.yaml'))).toContain('load-clipped');
    },
    compare: async () => {
      const { counts, results } = (await document(
        5,
        `compare --exact --baseline ${baselinePath()}`,
      )) as ComparisonDocument;
      expect(counts).toMatchObject({ same: readBaseline(baselinePath()).metrics.size, changed: 0, gone: 0 });
      const added = results.filter(({ verdict }) => verdict === 'new').map(({ name }) => name);
      const own = [`arc/${GENERATION}/`, `arc/${DEFAULT_GENERATION}/V3/${KIND}/`, `wire/${KIND}/`, `cell/${KIND}/`];
      for (const start of own) expect(added.filter((name) => name.startsWith(start))).not.toEqual([]);
      const words = new Set([KIND, GENERATION, LOAD]);
      expect(added.filter((name) => !name.split('/').some((word) => words.has(word)))).toEqual([]);
    },
    history: async () => {
      await ends(0, 'history record result.json --file history.ndjson --commit 0123abc');
      expect(JSON.stringify(await document(0, 'history show --file history.ndjson'))).toContain(`${KIND}-`);
    },
    report: async () => {
      await ends(0, 'report result.json --out report.html');
      expect(tree.read('report.html')).toContain(`"accelerator":"${KIND}"`);
    },
    upgrade: async () => {
      const old = tree.read('scenario.yaml').replace(/^version: \d+$/m, 'version: 1');
      tree.write('old.yaml', old);
      expect(await document(0, 'upgrade old.yaml')).toMatchObject({
        text: old.replace('version: 1\n', 'version: 2\n'),
      });
    },
    ui: async () => {
      await ends(0, 'ui scenario.yaml --html ui.html');
      expect(tree.read('ui.html')).toContain(`acc-${KIND}`);
    },
    'stage-process': async () => {
      expect(await document(0, 'stage-process list')).toMatchObject({ stages: expect.any(Array) });
    },
  };

  test('the sources compile', () => {
    expect(built).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test.each(keysOf(EACH))('%s takes them', async (command) => {
    await EACH[command]();
    expect.hasAssertions();
  });
});
