// Notices that the machine has slept or has another address: then its connections may be long dead, and must show life soon (design section 5).
import { networkInterfaces } from 'node:os';
import { type Cancel, type Clock, systemClock } from '../time/clock.ts';
import { LINK_TICK_MS, SLEEP_JUMP_MS } from '../wire/defaults.ts';

/** Calls `onChange` each time, until the returned function is called. Silence of a machine that is as it was is each connection's own business. */
export function watchMachine(onChange: () => void, clock: Clock, addresses: () => readonly string[] = localAddresses): Cancel {
  let aheadMs = clock.wallMs() - clock.monotonicMs();
  const known = new Set(addresses());
  return clock.every(LINK_TICK_MS, () => {
    const nowAheadMs = clock.wallMs() - clock.monotonicMs();
    // The monotonic clock stands still in sleep, the wall clock does not.
    const hasSlept = nowAheadMs - aheadMs >= SLEEP_JUMP_MS;
    // Nothing tells a connection that its own address is gone for good. One that goes and comes back is no news: TCP outlasts that.
    const fresh = addresses().filter((address) => !known.has(address));
    aheadMs = nowAheadMs;
    for (const address of fresh) known.add(address);
    if (hasSlept || fresh.length > 0) onChange();
  });
}

/** How old an answer may be: a process may have thousands of connections, and each asks. */
const FRESH_MS = 1_000;
let latest: { readonly atMs: number; readonly addresses: readonly string[] } | undefined;

function localAddresses(): readonly string[] {
  const atMs = systemClock.monotonicMs();
  if (latest && atMs - latest.atMs < FRESH_MS) return latest.addresses;
  latest = { atMs, addresses: askSystem() };
  return latest.addresses;
}

function askSystem(): string[] {
  try {
    return Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address));
  } catch {
    return []; // some sandboxes do not tell
  }
}
