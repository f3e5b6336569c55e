// Notices that the machine has slept: then the link may be long dead, and the hub must show life soon (design section 5).
import { type Cancel, type Clock, type Leg, LINK_TICK_MS, SLEEP_JUMP_MS, SLEEP_PROBE_MS } from '@streams/protocol/internal';

/** Watches one link until the returned function is called. Silence while awake is the leg's own business. */
export function watchSleep(leg: Leg, clock: Clock): Cancel {
  let aheadMs = clock.wallMs() - clock.monotonicMs();
  return clock.every(LINK_TICK_MS, () => {
    const nowAheadMs = clock.wallMs() - clock.monotonicMs();
    // The monotonic clock stands still in sleep, the wall clock does not.
    if (nowAheadMs - aheadMs >= SLEEP_JUMP_MS) leg.requireLife(SLEEP_PROBE_MS);
    aheadMs = nowAheadMs;
  });
}
