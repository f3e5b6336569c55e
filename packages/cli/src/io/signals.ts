// The signals by which a person, a terminal or a service manager speaks to a command.
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Cancel } from '@streams/protocol/internal';

/** Resolves, and aborts its signal, at the first SIGINT or SIGTERM. */
export function untilSignal(): { readonly promise: Promise<void>; readonly signal: AbortSignal } {
  const stopping = new AbortController();
  const promise = Promise.race(['SIGINT', 'SIGTERM'].map((name) => once(process, name))).then(() => stopping.abort());
  return { promise, signal: stopping.signal };
}

/** Calls `reload` at SIGHUP; where that means that the terminal was closed, the command ends as any other. @returns a function that ends it. */
export function onHangup(reload: () => void): Cancel {
  const hadTerminal = hasTerminal();
  const listener = (): void => {
    if (!hadTerminal || hasTerminal()) return reload();
    process.off('SIGHUP', listener);
    process.kill(process.pid, 'SIGHUP');
  };
  process.on('SIGHUP', listener);
  return () => void process.off('SIGHUP', listener);
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
