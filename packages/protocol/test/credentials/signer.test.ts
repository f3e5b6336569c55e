// A client's signatures, and how it learns the hub's time where its own clock is wrong.
import { FakeClock } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/credentials/redact.ts';
import {
  isForResource,
  isInForce,
  isSignedBy,
  parseSharedAccess,
  type ReceivedSignature,
} from '../../src/credentials/shared-access-signature.ts';
import { Signer } from '../../src/credentials/signer.ts';

const NOW_MS = 1_900_000_000_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const KEY = Buffer.alloc(32, 5).toString('base64');

function signed(signer: Signer): ReceivedSignature {
  return parseSharedAccess(signer.authorization()) as ReceivedSignature;
}

function expiryMs(signer: Signer): number {
  return Number(signed(signer).expiry) * 1_000;
}

function createSigner(): [Signer, FakeClock] {
  const clock = new FakeClock(NOW_MS);
  return [new Signer({ resource: 'hub.example/devices/pump-7', key: new Secret(KEY) }, clock), clock];
}

describe('authorization', () => {
  it('is a signature that lives for an hour, from each call anew', async () => {
    const [signer, clock] = createSigner();
    expect(expiryMs(signer)).toBe(NOW_MS + HOUR_MS);
    await clock.advance(5_000);
    expect(expiryMs(signer)).toBe(NOW_MS + HOUR_MS + 5_000);
    const received = signed(signer);
    expect(isSignedBy(received, [KEY])).toBe(true);
    expect(isForResource(received, ['hub.example'], '/devices/pump-7')).toBe(true);
    expect(received.policy).toBeUndefined();
  });

  it('names the policy of a service', () => {
    const signer = new Signer({ resource: 'hub.example', policy: 'a policy', key: new Secret(KEY) }, new FakeClock(NOW_MS));
    expect(signed(signer).policy).toBe('a policy');
  });

  it('shows no key', () => expect(createSigner()[0].authorization()).not.toContain(KEY));
});

describe('adjustTo', () => {
  it.each([
    ['behind', 5 * HOUR_MS],
    ['ahead', -5 * HOUR_MS],
    ['a day behind, which is the most', DAY_MS],
    ['a day ahead, which is the most', -DAY_MS],
    ['half a minute behind', 30_000],
  ])('a clock that is %s: signs by the hub’s time from then on, and learns it once', async (_what, offsetMs) => {
    const [signer, clock] = createSigner();
    expect(signer.adjustTo(NOW_MS + offsetMs)).toBe(true);
    expect(expiryMs(signer)).toBe(NOW_MS + offsetMs + HOUR_MS);
    expect(isInForce(signed(signer), NOW_MS + offsetMs)).toBe(true);
    await clock.advance(10_000);
    expect(signer.adjustTo(NOW_MS + 10_000 + offsetMs)).toBe(false);
    expect(expiryMs(signer)).toBe(NOW_MS + 10_000 + offsetMs + HOUR_MS);
  });

  it.each([
    ['no time', undefined],
    ['a time that is none', NaN],
    ['the same time', NOW_MS],
    ['29 s more', NOW_MS + 29_000],
    ['29 s less', NOW_MS - 29_000],
    ['more than a day more', NOW_MS + DAY_MS + 1_000],
    ['more than a day less', NOW_MS - DAY_MS - 1_000],
    ['1970', 0],
    ['the end of time', 8.64e15],
    ['Infinity', Infinity],
  ])('%s changes nothing: a new signature would not help', (_what, hubTimeMs) => {
    const [signer] = createSigner();
    expect(signer.adjustTo(hubTimeMs)).toBe(false);
    expect(expiryMs(signer)).toBe(NOW_MS + HOUR_MS);
  });

  it('follows a clock that somebody has set', () => {
    const [signer, clock] = createSigner();
    signer.adjustTo(NOW_MS + HOUR_MS);
    clock.jumpWall(HOUR_MS);
    expect(signer.adjustTo(NOW_MS + HOUR_MS)).toBe(true);
    expect(expiryMs(signer)).toBe(NOW_MS + 2 * HOUR_MS);
  });
});
