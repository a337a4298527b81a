/**
 * What a command says, and where: results on stdout, remarks and progress on stderr. With `--json`, stdout carries
 * exactly one JSON document and nothing else.
 */
import { styleText } from 'node:util';

import type { PrintedDocument } from '../../sim/base/formats.ts';
import { headed } from './document-head.ts';
import type { ErrorReport } from './exit-status.ts';
import { openProgress, type Progress } from './progress.ts';
import { StatusError } from '../../sim/base/status-error.ts';
import { standardStream, type TextStream } from './standard-stream.ts';
import { noteAnswered, withoutStop } from './stop-words.ts';
import { writeAll } from './write-all.ts';
import { errorCode, unwritableReason } from './write-errors.ts';

type Style = Parameters<typeof styleText>[0];

export class Output {
  readonly #stdout: TextStream;
  readonly #stderr: TextStream;
  readonly #json: boolean;
  readonly #wide: boolean;
  #documentWritten = false;
  /** Set once stdout takes nothing more: its reader is gone, or writing failed, which was thrown. */
  #closed = false;

  constructor(
    json: boolean,
    stdout: TextStream = standardStream(1),
    stderr: TextStream = standardStream(2),
    wide = false,
  ) {
    this.#json = json;
    this.#wide = wide;
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** Whether the command was asked for JSON. */
  get json(): boolean {
    return this.#json;
  }

  /** Whether tables have all columns, however wide they are. */
  get wide(): boolean {
    return this.#wide;
  }

  /** Text for a person, on stdout. Says nothing when stdout belongs to a JSON document. */
  text(text: string): void {
    if (!this.#json) this.#put(`${text}\n`);
  }

  /** A piece of a long text, on stdout as it is. Says nothing when stdout belongs to a JSON document. */
  piece(text: string): void {
    if (!this.#json) this.#put(text);
  }

  /** The help, or the version, on stdout: it replaces the document. */
  help(text: string): void {
    this.#put(text);
  }

  /** The one JSON document, on stdout. Says nothing when JSON was not asked for. */
  document(value: PrintedDocument): void {
    if (!this.#json || this.#documentWritten) return;
    this.#documentWritten = true;
    const text = `${JSON.stringify(value, undefined, 2)}\n`;
    withoutStop(() => {
      noteAnswered();
      this.#put(text);
    });
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
    this.document(
      headed('stopcopy-error', { error: { kind, exitCode, message, ...(hint === undefined ? {} : { hint }) } }),
    );
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

  /** @throws StatusError `outputFailed` when stdout does not take it whole */
  #put(text: string): void {
    if (this.#closed) return;
    try {
      const stream = this.#stdout;
      if ('fd' in stream && typeof stream.fd === 'number') {
        const { fd } = stream;
        withoutStop(() => writeAll(fd, Buffer.from(text, 'utf8')));
      } else stream.write(text);
    } catch (error) {
      this.#closed = true;
      // A reader that has seen enough, like `head`, is not an error: the work goes to its end.
      if (errorCode(error) === 'EPIPE') return;
      const message = `cannot write to stdout: ${unwritableReason(error)}`;
      throw new StatusError('outputFailed', message, 'What stdout leads to is incomplete.', { cause: error });
    }
  }

  #style(style: Style, text: string, stream: TextStream): string {
    return stream.isTTY ? styleText(style, text, { stream }) : text;
  }
}
