// Notices that the machine has slept or has another address: then the link may be long dead, and the hub must show life soon (design section 5).
import { networkInterfaces } from 'node:os';
import { type Cancel, type Clock, type Leg, LINK_TICK_MS, SLEEP_JUMP_MS, SLEEP_PROBE_MS } from '@streams/protocol/internal';

/** Watches one link until the returned function is called. Silence of a machine that is as it was is the leg's own business. */
export function watchMachine(leg: Pick<Leg, 'requireLife'>, clock: Clock, addresses: () => readonly string[] = localAddresses): Cancel {
  let aheadMs = clock.wallMs() - clock.monotonicMs();
  const known = new Set(addresses());
  return clock.every(LINK_TICK_MS, () => {
    const nowAheadMs = clock.wallMs() - clock.monotonicMs();
    // The monotonic clock stands still in sleep, the wall clock does not.
    const hasSlept = nowAheadMs - aheadMs >= SLEEP_JUMP_MS;
    // Nothing tells a connection that its own address is gone for good. One that goes and comes back is no news: TCP outlasts that.
    const fresh = addresses().filter((address) => !known.has(address));
    if (hasSlept || fresh.length > 0) leg.requireLife(SLEEP_PROBE_MS);
    aheadMs = nowAheadMs;
    for (const address of fresh) known.add(address);
  });
}

function localAddresses(): string[] {
  try {
    return Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address));
  } catch {
    return []; // some sandboxes do not tell
  }
}
