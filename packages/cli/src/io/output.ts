// What commands print: data for people, or JSON for programs, to standard output; everything else to standard error.
import { styleText } from 'node:util';

/** The option of every command that prints data. */
export interface OutputOptions {
  readonly json?: boolean | undefined;
}

/** Prints data: as one line of JSON with `--json`, else as `text` says. */
export function printData({ json }: OutputOptions, data: object, text: () => string): void {
  process.stdout.write(`${json ? JSON.stringify(data) : text()}\n`);
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

/** Rows under headings, in columns. */
export function table(rows: readonly (readonly string[])[]): string {
  // There may be more rows than a function takes arguments.
  const widths = (rows[0] ?? []).map((_, column) => rows.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
