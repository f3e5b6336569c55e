// What a device does with a hub that refuses it: it waits as long as it is told where waiting helps, and does not ask again where not.
import { ERRORS, type WireCode } from '@streams/protocol/internal';
import { leakCheck } from '@streams/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { FakeHub } from '../../support/fake-hub.ts';
import { until } from '../../support/rig.ts';

const leaks = leakCheck();
afterAll(() => leaks.settled());

const RETRY_AFTER_MS = 7_000;

function bodyOf(code: WireCode): string {
  const { retryable, message } = ERRORS[code];
  return JSON.stringify({ code, message, retryable, ...(retryable ? { retryAfterMs: RETRY_AFTER_MS } : {}), trackingId: '' });
}

describe('a storm of refusals', () => {
  it.each(['DRAINING', 'OVERLOADED', 'TOO_MANY_CONNECTIONS', 'TOO_MANY_FAILED_LOGINS'] as const)(
    'E10 %s: not one dial before the time that the hub asks for, one after it',
    async (code) => {
      const hub = await FakeHub.start();
      hub.onUpgrade = (upgrade) => upgrade.refuse(ERRORS[code].httpStatus ?? 0, {}, bodyOf(code));
      const device = hub.device();
      const connecting = device.connect();
      connecting.catch(() => undefined);
      for (let dials = 1; dials <= 4; dials += 1) {
        await until('it waits', () => hub.upgrades.length === dials && device.state.name === 'waiting');
        // Full jitter stays below this until the fourth setback.
        expect((device.state as { delayMs: number }).delayMs).toBeGreaterThanOrEqual(RETRY_AFTER_MS);
        await hub.clock.advance((device.state as { delayMs: number }).delayMs - 1);
        expect(hub.upgrades).toHaveLength(dials);
        await hub.clock.advance(1);
      }
      await until('the fifth', () => hub.upgrades.length === 5);
    },
  );

  it.each(['UNAUTHENTICATED', 'FORBIDDEN', 'DEVICE_NOT_FOUND', 'CONFLICT'] as const)(
    'E10 %s: connect() rejects, and there is no other dial',
    async (code) => {
      const hub = await FakeHub.start();
      hub.onUpgrade = (upgrade) => upgrade.refuse(ERRORS[code].httpStatus ?? 0, {}, bodyOf(code));
      const device = hub.device();
      await expect(device.connect()).rejects.toMatchObject({ code: `STREAMS_${code}` });
      await hub.clock.advance(600_000, { stepMs: 5_000 });
      expect(hub.upgrades).toHaveLength(1);
    },
  );
});
