// What commands print: data for people, or JSON for programs, to standard output; everything else to standard error.
import { once } from 'node:events';
import { styleText } from 'node:util';

/** sysexits.h */
const INPUT_OUTPUT = 74;

/** The option of every command that prints data. */
export interface OutputOptions {
  readonly json?: boolean | undefined;
}

/** Prints data: as one line of JSON with `--json`, else as `text` says. */
export function printData({ json }: OutputOptions, data: object, text: () => string): void {
  printLine(json ? JSON.stringify(data) : text());
}

/** Says something that is no data; on a terminal alone, so that logs and pipes stay clean. */
export function tellPerson(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
}

/** Shows how far something has come, on one line of a terminal. */
export function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text}\u001b[K`);
}

/** Coloured on a terminal, unless NO_COLOR is set; plain otherwise. */
export function coloured(colour: 'green' | 'red' | 'dim', text: string): string {
  return process.stdout.isTTY && !process.env['NO_COLOR'] ? styleText(colour, text) : text;
}

/** Standard output for what a command prints; made when it is first used, since `connect` has one of its own. */
export function standardOutput(): NodeJS.WriteStream {
  const { stdout } = process;
  return stdout.listeners('error').includes(endWithReader) ? stdout : stdout.on('error', endWithReader);
}

/** Who closes the pipe, as `head` does, wants no more: the command ends, and that is no error. */
function endWithReader({ code }: NodeJS.ErrnoException): void {
  process.exit(code === 'EPIPE' ? 0 : INPUT_OUTPUT);
}

/** Prints one line. */
export function printLine(line: string): void {
  standardOutput().write(`${line}\n`);
}

/** Prints lines no faster than they are taken. */
export async function printLines(lines: readonly string[]): Promise<void> {
  const output = standardOutput();
  for (const line of lines) {
    if (!output.write(`${line}\n`)) await once(output, 'drain');
  }
}

/** Rows under headings, in columns. */
export function table(rows: readonly (readonly string[])[]): string {
  return padded(rows).join('\n');
}

/** The same as lines. @param least The least widths of the columns, where more rows are to come. */
export function padded(rows: readonly (readonly string[])[], least: readonly number[] = []): string[] {
  // There may be more rows than a function takes arguments.
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), least[column] ?? 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
