/**
 * A built folder of stopcopy as the comparison uses it: processes are started in it, each for one task.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { z } from 'zod';

import { UserError } from '../../sim/base/user-error.ts';
import { runProgram } from '../io/run-program.ts';
import { STAGE_PROTOCOL } from '../measure/metrics/stage-process.ts';
import { StageFailed } from './stage-failed.ts';
import { TurnProcess, type TurnStage } from './turn-process.ts';

const MAIN = join('dist', 'bench', 'main.js');

/** Asks a build's own main file, so that no other file of it has to keep its place. */
const STAGE_COMMAND = 'stage-process';

const listSchema = z.object({
  stages: z.array(z.object({ name: z.string(), version: z.number(), kind: z.enum(['single', 'threaded']) })),
  /** From the root of the build; builds of before have none. */
  loop: z.string().optional(),
});

const exactSchema = z.object({
  metrics: z.array(z.object({ name: z.string(), value: z.union([z.number(), z.string()]) })),
});

const measureSchema = z.object({
  metrics: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['measured', 'ratio']),
      unit: z.string(),
      better: z.enum(['lower', 'higher', 'neither']),
      value: z.number().positive(),
      limit: z.number().optional(),
    }),
  ),
});

export type ListedStage = z.infer<typeof listSchema>['stages'][number];
export type MeasuredMetric = z.infer<typeof measureSchema>['metrics'][number];

export class Build {
  readonly root: string;
  private listed: Promise<z.output<typeof listSchema>> | undefined;

  /** @throws UserError when the folder holds no built stopcopy */
  constructor(root: string, word: string) {
    this.root = root;
    const manifest = join(root, 'package.json');
    const name = existsSync(manifest)
      ? (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: unknown }).name
      : undefined;
    if (name !== 'stopcopy') {
      throw new UserError(
        'usage',
        `${word}: is a folder without a stopcopy in it`,
        'Give a checkout, a revision or a result file.',
      );
    }
    if (!existsSync(join(root, MAIN))) {
      throw new UserError(
        'usage',
        `${word}: is a checkout that was not built`,
        'Run `npm run build` in it, or give a revision.',
      );
    }
  }

  /** Words before the task, for callers that start Node themselves. */
  get command(): readonly string[] {
    return [join(this.root, MAIN), STAGE_COMMAND, '--json'];
  }

  async stages(signal: AbortSignal): Promise<readonly ListedStage[]> {
    this.listed ??= this.ask(listSchema, ['list'], signal);
    return (await this.listed).stages;
  }

  /** The program that repeats a stage for a counting tool, as a path from the root. */
  async loop(signal: AbortSignal): Promise<string> {
    this.listed ??= this.ask(listSchema, ['list'], signal);
    const { loop } = await this.listed;
    if (loop === undefined) throw new StageFailed('is from before instructions could be counted to the per mille');
    return loop;
  }

  async exact(signal: AbortSignal): Promise<ReadonlyMap<string, number | string>> {
    const { metrics } = await this.ask(exactSchema, ['exact'], signal);
    return new Map(metrics.map(({ name, value }) => [name, value]));
  }

  /** A stage on threads, by a fresh process that measures as long as it needs. */
  async measure(stage: string, signal: AbortSignal): Promise<readonly MeasuredMetric[]> {
    return (await this.ask(measureSchema, ['measure', stage], signal)).metrics;
  }

  /** A fresh process with a single-threaded stage. @param core to which it is held; undefined: none */
  open(stage: string, core: number | undefined, signal: AbortSignal): TurnStage {
    return new TurnProcess({ root: this.root, words: [...this.command, 'turns', stage], core, signal });
  }

  /** One fresh process. */
  private async ask<T extends z.ZodType>(
    schema: T,
    words: readonly string[],
    signal: AbortSignal,
  ): Promise<z.output<T>> {
    const { code, stdout, stderr } = await runProgram(process.execPath, [...this.command, ...words], {
      cwd: this.root,
      signal,
    });
    const said = stderr.trim().split('\n', 1)[0] ?? '';
    if (code !== 0)
      throw new StageFailed(said === '' ? `ended with ${code ?? 'a signal'}` : said.replace(/^stopcopy: /, ''));
    const document = parseJson(stdout);
    const protocol = (document as { protocol?: unknown } | null)?.protocol;
    if (protocol !== STAGE_PROTOCOL) {
      throw new StageFailed(
        `speaks version ${String(protocol)} of the stage protocol, this stopcopy speaks ${STAGE_PROTOCOL}`,
      );
    }
    const parsed = schema.safeParse(document);
    if (!parsed.success) throw new StageFailed('printed something that is no measurement');
    return parsed.data;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new StageFailed('printed no JSON document');
  }
}
