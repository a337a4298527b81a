/**
 * What a command says, and where: results on stdout, remarks and progress on stderr. With `--json`, stdout carries
 * exactly one JSON document and nothing else.
 */
import { styleText } from 'node:util';

import type { ErrorReport } from './exit-status.ts';
import { openProgress, type Progress } from './progress.ts';

type Style = Parameters<typeof styleText>[0];

export class Output {
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  readonly #json: boolean;
  #documentWritten = false;

  constructor(json: boolean, stdout: NodeJS.WriteStream = process.stdout, stderr: NodeJS.WriteStream = process.stderr) {
    this.#json = json;
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** Whether the command was asked for JSON. */
  get json(): boolean {
    return this.#json;
  }

  /** Text for a person, on stdout. Says nothing when stdout belongs to a JSON document. */
  text(text: string): void {
    if (!this.#json) this.#stdout.write(`${text}\n`);
  }

  /** The help, or the version, on stdout: whoever asks for it gets it instead of a document. */
  help(text: string): void {
    this.#stdout.write(text);
  }

  /** The one JSON document, on stdout. Says nothing when JSON was not asked for. */
  document(value: unknown): void {
    if (!this.#json || this.#documentWritten) return;
    this.#documentWritten = true;
    this.#stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
  }

  /** A remark, on stderr. */
  note(text: string): void {
    this.#stderr.write(`${text}\n`);
  }

  /** A file that was written. With `--json` it still belongs to the user, but not on stdout. */
  path(file: string): void {
    if (this.#json) this.note(file);
    else this.text(`\n${file}`);
  }

  /** An error: sentences on stderr, and with `--json` a document with the same words on stdout. */
  error(report: ErrorReport): void {
    this.note(`${this.#style('red', 'stopcopy:', this.#stderr)} ${report.message}`);
    if (report.hint !== undefined) this.note(`  ${report.hint.replaceAll('\n', '\n  ')}`);
    const { exit: kind, exitCode, message, hint } = report;
    this.document({ error: { kind, exitCode, message, ...(hint === undefined ? {} : { hint }) } });
  }

  /** Colour for text on stdout; none when NO_COLOR is set or stdout is no terminal. */
  style(style: Style, text: string): string {
    return this.#style(style, text, this.#stdout);
  }

  /** Columns of stdout; undefined when it is no terminal. */
  get columns(): number | undefined {
    return this.#stdout.isTTY ? this.#stdout.columns : undefined;
  }

  progress(): Progress {
    return openProgress(this.#stderr);
  }

  #style(style: Style, text: string, stream: NodeJS.WriteStream): string {
    return stream.isTTY ? styleText(style, text, { stream }) : text;
  }
}
