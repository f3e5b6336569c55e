// The programs that a unit runs, and what a service of the system can see of the machine.
import { realpathSync } from 'node:fs';
import { createError } from '@streams/protocol/internal';

/** The programs that run now: the unit runs the same. */
export interface Programs {
  readonly node: string;
  /** The program `streams`. */
  readonly main: string;
}

/** What a unit of the system does not see: homes, and temporary files of others. */
const HIDDEN = /^\/(?:home|root|run\/user|tmp|var\/tmp)(?:\/|$)/;

export function currentPrograms(): Programs {
  return { node: process.execPath, main: realpathSync(process.argv[1] ?? '') };
}

/** Systemd takes any argument, but no such program. @throws `STREAMS_INVALID_ARGUMENT` */
export function checkProgram(path: string): void {
  if (!/["'\\]/.test(path)) return;
  throw createError('INVALID_ARGUMENT', { message: `systemd runs no program whose path has quotes or backslashes in it: ${path}` });
}

/** @param otherwise What can be done besides moving it. @throws `STREAMS_INVALID_ARGUMENT` that names the path and what to do. */
export function checkVisible(path: string, otherwise = ''): void {
  if (!HIDDEN.test(path)) return;
  const message = `${path} is in a place that a service of the system does not see, as it should not`;
  const details = { remedy: `install Node, @streams/cli and the configuration outside of homes and of /tmp${otherwise}` };
  throw createError('INVALID_ARGUMENT', { message, details });
}

/** For a shell. */
export function quotedPath(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
