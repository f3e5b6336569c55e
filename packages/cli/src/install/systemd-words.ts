// Text as the lines of a unit want it (systemd.syntax, systemd.service: "Command lines").
import { createError } from '@streams/protocol/internal';

/** A command line. The words may hold anything but control characters; `raw` ones are systemd's own, such as a variable. */
export function commandLine([program = '', ...args]: readonly string[]): string {
  // Variables are not expanded in the program's path, so a $ in it stands for itself.
  return [quoted(value(program)), ...args.map((arg) => quoted(value(arg).replaceAll('$', '$$$$')))].join(' ');
}

/** A value that is not cut into words. @throws `STREAMS_INVALID_ARGUMENT` */
export function value(text: string): string {
  if (/\p{Cc}/u.test(text)) {
    throw createError('INVALID_ARGUMENT', { message: 'a unit cannot hold a path or a name with control characters' });
  }
  return text.replaceAll('%', '%%');
}

function quoted(text: string): string {
  return /^[\w./:=@,+%$-]+$/.test(text) ? text : `"${text.replaceAll(/[\\"]/g, '\\$&')}"`;
}
