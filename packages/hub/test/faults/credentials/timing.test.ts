// How long a refusal takes tells nothing: an unknown device, a wrong key and a disabled device are refused in the same time.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRegistry, type Registry } from '@streams/hub';
import { Secret, signSharedAccess, systemClock } from '@streams/protocol/internal';
import { expect, it, onTestFinished } from 'vitest';
import { Authenticator } from '../../../src/auth/authenticate.ts';
import { MemoryPolicies } from '../../../src/auth/memory-policies.ts';
import { MemoryRegistry } from '../../../src/devices/memory-registry.ts';
import { type Kind, median, timesOf } from '../../support/timing.ts';

const SAMPLES = 2_000;
const key = (): string => randomBytes(32).toString('base64');

async function authenticator(registry: Registry = new MemoryRegistry()): Promise<Authenticator> {
  for (const deviceId of ['known', 'other']) await registry.put({ deviceId, enabled: true, keys: [key(), key()] });
  const policies = new MemoryPolicies([{ name: 'test', keys: [key(), key()], permissions: ['hub:read'] }]);
  return new Authenticator({ hostNames: new Set(['hub.example']), policies, registry, clock: systemClock });
}

async function medians(kinds: readonly Kind[], samples: number): Promise<number[]> {
  return (await timesOf(kinds, samples)).map(median);
}

/** A difference within 5 % in the best of a few rounds: noise goes from round to round, and what the code does stays. */
async function differ(kinds: readonly Kind[]): Promise<boolean> {
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

it('A6 the same holds where devices are kept on disk, sealed', { timeout: 60_000 }, async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'streams-timing-'));
  await using registry = await openRegistry({ dataDirectory });
  onTestFinished(() => rm(dataDirectory, { recursive: true }));
  const guard = await authenticator(registry);
  const wrong = new Secret(key());
  const refusing = (deviceId: string) => {
    const text = signSharedAccess({ resource: `hub.example/devices/${deviceId}`, expiresAtMs: Date.now() + 3_600_000 }, wrong);
    return async () => guard.authenticate(text);
  };
  expect(await differ([refusing('nobod'), refusing('known')])).toBe(false);
});

it('A6 one that compares only where there is a device would be found', async () => {
  const [a, b] = [randomBytes(32), randomBytes(32)];
  const compare = (): boolean => timingSafeEqual(a, b);
  const guard = await authenticator();
  const text = signSharedAccess({ resource: 'hub.example/devices/known', expiresAtMs: Date.now() + 3_600_000 }, new Secret(key()));
  expect(await differ([async () => guard.authenticate(text), async () => compare()])).toBe(true);
});
