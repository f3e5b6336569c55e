// Puts a unit where systemd finds it, or prints it, and says what to type next.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createError } from '@streams/protocol/internal';
import { type OutputOptions, printData } from '../io/output.ts';

/** The options of every command that makes a unit. */
export interface UnitOptions extends OutputOptions {
  readonly print?: boolean | undefined;
}

/** A unit, and where it belongs. */
export interface Unit {
  readonly file: string;
  readonly text: string;
  /** What a person has to type next. */
  readonly next: readonly string[];
}

/** @param otherwise What can be done where the file cannot be written. @throws `STREAMS_INVALID_ARGUMENT` */
export async function writeUnit({ file, text, next }: Unit, options: UnitOptions, otherwise: string): Promise<void> {
  if (!options.print) await write(file, text, otherwise);
  printData(options, { file, written: !options.print, unit: text, next }, () => text.trimEnd());
  if (options.json) return;
  const what = options.print ? `this unit belongs into ${file}; then type:` : `wrote ${file}; now type:`;
  process.stderr.write(`${[what, ...next].join('\n  ')}\n`);
}

async function write(file: string, text: string, remedy: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.new`, text, { mode: 0o644 });
    await rename(`${file}.new`, file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw createError('INVALID_ARGUMENT', { message: `${file} cannot be written (${code})`, details: { remedy }, cause });
  }
}
