// A debugger has every key of the process that it is attached to, and its port is open to all of the machine, and to who comes through a proxy.
import { url } from 'node:inspector';
import { createError } from '@streams/protocol/internal';

/** Node opens the debugger's port at SIGUSR1, unless somebody else listens to the signal. To be called before anything else. */
export function keepDebuggerOut(): void {
  process.on('SIGUSR1', () => undefined);
}

/** @throws `STREAMS_INVALID_CONFIGURATION` where Node was started with `--inspect`, by its arguments or NODE_OPTIONS. */
export function refuseDebugger(): void {
  if (url() === undefined) return;
  const remedy = 'start Node without --inspect, look at NODE_OPTIONS too, or give --allow-debugger';
  throw createError('INVALID_CONFIGURATION', {
    message: `a debugger listens at ${new URL(url() ?? '').host}: whoever reaches it has the keys of the hub`,
    details: { remedy },
  });
}
