// Standard input and output as bytes flow through them.
import { closeSync, createWriteStream, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';

/** True if somebody feeds standard input: a pipe or a file, not a terminal and not /dev/null. */
export function isInputGiven(): boolean {
  try {
    const input = fstatSync(0);
    return input.isFIFO() || input.isFile() || input.isSocket();
  } catch {
    return false;
  }
}

/** Standard output whose end reaches the reader at once: that of `process.stdout` comes with the end of the process. */
export function endableOutput(): Writable {
  const output = fstatSync(1);
  if (output.isFIFO() || output.isSocket()) {
    // libuv leaves descriptors below 3 open, and a pipe, other than a socket, has no other end than that.
    return new Socket({ fd: 1, readable: false, writable: true }).once('close', () => closeSync(1));
  }
  return output.isFile() ? createWriteStream('', { fd: 1 }) : process.stdout;
}
