// How long a refusal takes tells nothing: an unknown device, a wrong key and a disabled device are refused in the same time.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { Secret, signSharedAccess, systemClock } from '@streams/protocol/internal';
import { seededRandom } from '@streams/testkit';
import { expect, it } from 'vitest';
import { Authenticator } from '../../../src/auth/authenticate.ts';
import { MemoryPolicies } from '../../../src/auth/memory-policies.ts';
import { MemoryRegistry } from '../../../src/devices/memory-registry.ts';

const SAMPLES = 2_000;
const key = (): string => randomBytes(32).toString('base64');

async function authenticator(): Promise<Authenticator> {
  const registry = new MemoryRegistry();
  for (const deviceId of ['known', 'other']) await registry.put({ deviceId, enabled: true, keys: [key(), key()] });
  const policies = new MemoryPolicies([{ name: 'test', keys: [key(), key()], permissions: ['hub:read'] }]);
  return new Authenticator({ hostNames: new Set(['hub.example']), policies, registry, clock: systemClock });
}

/** Medians of each kind, taken in turns and in chance order, so that what the machine does meanwhile meets all alike. */
async function medians(kinds: readonly (() => unknown)[], samples: number): Promise<number[]> {
  const random = seededRandom(1);
  const times: number[][] = kinds.map(() => []);
  for (let sample = 0; sample < samples; sample += 1) {
    const order = kinds.map((_, index) => index).toSorted(() => random.uniform() - 0.5);
    for (const index of order) {
      const startMs = performance.now();
      await kinds[index]?.();
      times[index]?.push(performance.now() - startMs);
    }
  }
  return times.map((all) => all.toSorted((a, b) => a - b)[samples >> 1] ?? 0);
}

/** A difference within 5 % in the best of a few rounds: noise goes from round to round, and what the code does stays. */
async function differ(kinds: readonly (() => unknown)[]): Promise<boolean> {
  await medians(kinds, SAMPLES / 4); // until everything is compiled
  for (let round = 0; round < 5; round += 1) {
    const all = await medians(kinds, SAMPLES);
    if (Math.max(...all) <= 1.05 * Math.min(...all)) return false;
  }
  return true;
}

it('A6 an unknown device and a wrong key are refused within 5 % of the same time, and so are policies', { timeout: 60_000 }, async () => {
  const guard = await authenticator();
  const wrong = new Secret(key());
  const header = (resource: string, policy?: string): string =>
    signSharedAccess({ resource, policy, expiresAtMs: Date.now() + 3_600_000 }, wrong);
  const refusing = (text: string) => async () => guard.authenticate(text);
  const [unknown, known] = [refusing(header('hub.example/devices/nobod')), refusing(header('hub.example/devices/known'))];
  expect([await unknown(), await known()]).toEqual(['unknown', 'wrong-signature']);
  expect(await differ([unknown, known])).toBe(false);
  const policies = [refusing(header('hub.example', 'none')), refusing(header('hub.example', 'test'))];
  expect(await differ(policies)).toBe(false);
});

it('A6 one that compares only where there is a device would be found', async () => {
  const [a, b] = [randomBytes(32), randomBytes(32)];
  const compare = (): boolean => timingSafeEqual(a, b);
  const guard = await authenticator();
  const text = signSharedAccess({ resource: 'hub.example/devices/known', expiresAtMs: Date.now() + 3_600_000 }, new Secret(key()));
  expect(await differ([async () => guard.authenticate(text), async () => compare()])).toBe(true);
});
